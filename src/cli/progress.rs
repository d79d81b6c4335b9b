//! A progress bar on a terminal's standard error: how far, how fast, how long still. Where standard error is no
//! terminal, nothing is written.

use crate::host::clock::monotonic;
use crate::schema::Span;
use std::io::{self, IsTerminal, Write};

/// Time between two pictures.
const EVERY: Span = Span::millis(100);
/// Cells of the bar.
const CELLS: usize = 24;
/// Back to the start of the line, and clear it.
const CLEAR: &str = "\r\x1b[K";

/// A bar that is drawn while something long goes on. It is taken away when the value is dropped.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    what: String,
    begun: Span,
    drawn: Option<Span>,
}

impl Progress {
    /// Begins; `what` stands before the bar.
    pub fn begin(what: &str) -> Progress {
        Progress::shown(what, io::stderr().is_terminal())
    }

    fn shown(what: &str, shown: bool) -> Progress {
        Progress { shown, what: what.to_owned(), begun: monotonic(), drawn: None }
    }

    /// So far `lines` are done; `part` is what is done and all there is, in any unit.
    pub fn tell(&mut self, lines: u64, part: Option<(u64, u64)>) {
        let now = monotonic();
        if !self.shown || self.drawn.is_some_and(|last| now.0 - last.0 < EVERY.0) {
            return;
        }
        self.drawn = Some(now);
        let text = picture(&self.what, lines, part, Span(now.0 - self.begun.0));
        // A terminal that has gone away is no reason to stop.
        let _ = write!(io::stderr(), "{CLEAR}{text}").and_then(|()| io::stderr().flush());
    }

    /// Makes room for other output; the next [`Progress::tell`] draws again.
    pub fn hide(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(io::stderr(), "{CLEAR}").and_then(|()| io::stderr().flush());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.hide();
    }
}

/// `replay [##########..............]  42 %  1,203,400 lines  85,120 lines/s  0:23 left`.
fn picture(what: &str, lines: u64, part: Option<(u64, u64)>, elapsed: Span) -> String {
    let micros = u64::try_from(elapsed.0).unwrap_or(0).max(1);
    let rate = u128::from(lines) * 1_000_000 / u128::from(micros);
    let figures = format!("{} lines  {} lines/s", grouped(u128::from(lines)), grouped(rate));
    let Some((done, total)) = part.filter(|(_, total)| *total > 0) else {
        return format!("{what}  {figures}  {} so far", clock(micros));
    };
    let done = done.min(total);
    let filled = (done as f64 / total as f64 * CELLS as f64) as usize;
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(CELLS - filled));
    let percent = done as f64 / total as f64 * 100.0;
    let left = match done {
        0 => "a while".to_owned(),
        done => clock((micros as f64 / done as f64 * (total - done) as f64) as u64),
    };
    format!("{what} [{bar}] {percent:>3.0} %  {figures}  {left} left")
}

fn clock(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    match seconds / 3_600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_says_how_far_how_fast_and_how_long_still() {
        let halfway = picture("replay", 1_234_567, Some((50, 100)), Span::seconds(10));
        assert_eq!(
            halfway,
            "replay [############............]  50 %  1,234,567 lines  123,456 lines/s  0:10 left"
        );
        let begun = picture("replay", 0, Some((0, 100)), Span::ZERO);
        assert!(begun.contains("  0 %") && begun.ends_with("a while left"), "{begun}");
        let unknown = picture("replay", 10, None, Span::seconds(3_725));
        assert_eq!(unknown, "replay  10 lines  0 lines/s  1:02:05 so far");
        let more = picture("replay", 1, Some((200, 100)), Span::seconds(1));
        assert!(more.contains("100 %") && more.ends_with("0:00 left"), "{more}");
    }
}
