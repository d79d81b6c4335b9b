//! Speed of Normalize alone, on one core: lines in memory become events. Beside it, in the same run and over the
//! same bytes, the time that only finding the line ends takes. Both are processor time of the one thread, so that
//! other programs on the machine count little.

use crate::cli::{Failure, samples, setup};
use crate::config::params::Request;
use crate::host::clock::SystemClock;
use crate::normalize::{GrammarSet, Normalize, SourceParams};
use crate::ports::Clock;
use crate::schema::{Class, Event, Flags, RawLine, Span, Timestamp};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How often each side is run; the best counts.
const ROUNDS: u32 = 5;
/// Lines between two looks at the events, as a batch of the daemon has them.
const BATCH_LINES: usize = crate::limits::BATCH_LINES_MAX;

/// One source type's figures.
pub struct Parse {
    kind: &'static str,
    lines: u64,
    bytes: u64,
    parse: Duration,
    count: Duration,
    unread: u64,
}

impl Parse {
    fn per_second(&self, span: Duration) -> f64 {
        self.lines as f64 / span.as_secs_f64().max(1e-9)
    }

    /// How often parsing takes the time of finding line ends.
    fn ratio(&self) -> f64 {
        self.parse.as_secs_f64() / self.count.as_secs_f64().max(1e-9)
    }

    /// For programs.
    pub fn as_json(&self) -> serde_json::Value {
        json!({"bench": "parse", "source": self.kind, "lines": self.lines, "bytes": self.bytes, "unread": self.unread,
            "lines_per_second": self.per_second(self.parse).round(),
            "memchr_lines_per_second": self.per_second(self.count).round(), "ratio": self.ratio().round()})
    }

    /// For people.
    pub fn as_text(&self) -> String {
        format!(
            "  {:9} {:>9} lines of {:>3.0} bytes  {:>9.0} lines/s  {:>5.0} ns/line  memchr alone {:>11.0} lines/s  ratio {:>4.0}{}",
            self.kind,
            self.lines,
            self.bytes as f64 / self.lines.max(1) as f64,
            self.per_second(self.parse),
            self.parse.as_secs_f64() * 1e9 / self.lines.max(1) as f64,
            self.per_second(self.count),
            self.ratio(),
            if self.unread > 0 { format!("  {} NOT READ", self.unread) } else { String::new() }
        )
    }
}

/// Measures one source type with so many lines.
///
/// # Errors
/// A [`Failure`] when the clock or a grammar cannot be read.
pub fn measure(kind: &'static str, lines: u64) -> Result<Parse, Failure> {
    let clock = SystemClock::new().map_err(Failure::runtime)?;
    let grammars = setup::read(&Request::default())?.grammars;
    let now = clock.now().utc;
    let text = text(kind, lines, now);
    let (mut parse, mut count, mut unread) = (Duration::MAX, Duration::MAX, 0);
    for _ in 0..ROUNDS {
        let begun = processor_time();
        let ends = memchr::memchr_iter(b'\n', &text).count() as u64;
        count = count.min(processor_time() - begun);
        assert_eq!(ends, lines, "the sample has its lines");
        let begun = processor_time();
        unread = read(&grammars, kind, &text, now);
        parse = parse.min(processor_time() - begun);
    }
    Ok(Parse { kind, lines, bytes: text.len() as u64, parse, count, unread })
}

/// What this thread has used of the processor.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn text(kind: &str, lines: u64, now: Timestamp) -> Vec<u8> {
    let mut text = Vec::new();
    for n in 0..lines {
        let at = now - Span::millis(i64::try_from(lines - n).unwrap_or(0));
        text.extend_from_slice(samples::ordinary(kind, n, at).as_bytes());
        text.push(b'\n');
    }
    text
}

/// Makes events of all lines; how many were not understood.
fn read(grammars: &Arc<GrammarSet>, kind: &str, text: &[u8], now: Timestamp) -> u64 {
    let name: Arc<str> = Arc::from("bench");
    let format = Arc::from(if kind == "json" { "app-json" } else { kind });
    let timezone = jiff::tz::TimeZone::UTC;
    let source = SourceParams { name: Arc::clone(&name), format, timezone, lateness: Span::minutes(2) };
    let mut normalize = Normalize::new(Arc::clone(grammars), vec![source]);
    let (mut events, mut offset, mut unread) = (Vec::<Event>::with_capacity(BATCH_LINES), 0, 0);
    for (line, end) in (1..).zip(memchr::memchr_iter(b'\n', text)) {
        let bytes = text.get(offset..end).unwrap_or(&[]);
        let raw = RawLine {
            source: Arc::clone(&name),
            generation: 1,
            offset: offset as u64,
            length: bytes.len() as u64 + 1,
            line,
            bytes: bytes.into(),
            flags: Flags::default(),
            read_at: now,
        };
        offset = end + 1;
        normalize.line(raw, line, &mut events);
        if events.len() >= BATCH_LINES {
            unread += events.drain(..).filter(|event| event.class == Class::Unparsed).count() as u64;
        }
    }
    unread + events.iter().filter(|event| event.class == Class::Unparsed).count() as u64
}
