//! Everything that the commands print goes through here: a closed pipe ends quietly, colour only where
//! it is wanted, and tables line up.

use super::Failure;
use super::args::{Color, Global};
use crate::schema::printable::is_hostile;
use std::io::{self, BufWriter, IsTerminal, Write};

/// Standard output with the choices of the command line.
pub struct Out {
    writer: BufWriter<io::Stdout>,
    /// One JSON object per line.
    pub json: bool,
    /// Colour is wanted on stdout.
    pub color: bool,
}

/// How to show a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Bold.
    Strong,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// Beside the point.
    Dim,
}

impl Out {
    /// Standard output as the command line wants it.
    pub fn new(global: &Global) -> Out {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        Out { writer: BufWriter::new(io::stdout()), json: global.json, color }
    }

    /// Prints a line. A closed pipe (`| head`) ends the command without a complaint.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        writeln!(self.writer, "{text}").map_err(failure)
    }

    /// Prints one JSON object. Characters that would change how a terminal shows it are written as JSON
    /// escapes, so that programs still read the very same text.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn object(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        self.line(harmless(value.to_string()))
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.writer.write_all(bytes).map_err(failure)
    }

    /// Sends out what is buffered.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(failure)
    }

    /// Text in a tone, where colour is wanted.
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Dim => "2",
        };
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Says on stderr what went wrong, and that only.
    pub fn complain(&mut self, message: &str) {
        let _ = self.writer.flush();
        let _ = writeln!(io::stderr(), "gatewatch: {message}");
    }

    /// Says something on stderr beside the output.
    pub fn remark(&mut self, message: &str) {
        let _ = self.writer.flush();
        let _ = writeln!(io::stderr(), "{message}");
    }

    /// Prints rows under a head, each column as wide as its widest cell.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        let head = aligned(&widths, &head);
        self.line(self.tone(Tone::Strong, &head))?;
        for row in rows {
            self.line(aligned(&widths, row))?;
        }
        Ok(())
    }
}

/// In compact JSON such characters stand within strings only, where an escape means the same.
fn harmless(json: String) -> String {
    if !json.chars().any(is_hostile) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if !is_hostile(c) {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            safe.push_str(&format!("\\u{unit:04x}"));
        }
    }
    safe
}

fn aligned(widths: &[usize], row: &[String]) -> String {
    let mut text = String::new();
    for (width, cell) in widths.iter().zip(row) {
        let pad = width.saturating_sub(cell.chars().count());
        text.push_str(cell);
        text.push_str(&" ".repeat(pad + 2));
    }
    text.trim_end().to_owned()
}

fn failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(super::exit::OK, ""),
        _ => Failure::runtime(format!("cannot write to standard output: {error}")),
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        // A reader that went away is no reason to complain at the very end.
        let _ = self.writer.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_leave_as_json_escapes_and_come_back_as_they_were() {
        let value =
            serde_json::json!({"raw": "a\u{202e}b\u{9b}c\u{7f}\u{e0041}\u{1b}", "user": "Ünïcode 漢字"});
        let printed = harmless(value.to_string());
        assert!(!printed.chars().any(is_hostile), "{printed}");
        assert!(printed.contains("Ünïcode 漢字"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), value);
    }
}
