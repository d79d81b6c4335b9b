//! Time grows with the length of hostile text, not with its square: each line is read at a length and at eleven
//! times that, and the CPU time of this thread is compared. Both are measured here and now, the least of several, so that
//! the machine's speed and its other work do not count.
//!
//! `cargo test --test linear` reads every framing; the full form reads every sample line of every shipped grammar with
//! hostile text in it: `cargo test --release --test linear -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may panic and print")]

#[path = "linear/bodies.rs"]
mod bodies;

use bodies::{BODIES, FRAMES, SEVERAL};
use gatewatch::config::grammars::{compile_all, load};
use gatewatch::limits::LINE_BYTES_MAX;
use gatewatch::normalize::spec::GrammarSpec;
use gatewatch::normalize::{GrammarSet, Normalize, SourceParams, syslog};
use gatewatch::schema::{Flags, RawLine, Span, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Arc, LazyLock};

/// How much longer the long text is: an odd number, so that quotes and pairs are closed in both texts or in neither.
const LONGER: usize = 11;
/// It may cost so many times the CPU time. Linear is 11, quadratic 121; caches take the rest.
const RATIO_MAX: f64 = 17.0;
/// Bytes that the long text may have, with what stands around it.
const LONG: usize = LINE_BYTES_MAX - 64;
/// Below it a clock says nothing: what reads ten times the text in this time is quick whatever its ratio.
const QUICK: f64 = 300e-6;

static SPECS: LazyLock<Vec<GrammarSpec>> =
    LazyLock::new(|| load(None).unwrap_or_else(|problems| panic!("{}", problems[0])));
static SET: LazyLock<Arc<GrammarSet>> = LazyLock::new(|| {
    Arc::new(compile_all(SPECS.clone()).unwrap_or_else(|problems| panic!("{}", problems[0])))
});

fn cpu() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// CPU seconds that lines cost, from the first to the flush; and the bytes of what comes out.
fn cost(format: &str, lines: &[Vec<u8>]) -> f64 {
    let (name, timezone) = (Arc::from("s"), jiff::tz::TimeZone::UTC);
    let params = SourceParams { name, format: Arc::from(format), timezone, lateness: Span::minutes(2) };
    let mut room = Normalize::new(Arc::clone(&SET), vec![params]);
    let mut offset = 0;
    let raw = |(number, bytes): (u64, &Vec<u8>)| {
        let length = bytes.len() as u64 + 1;
        offset += length;
        RawLine {
            source: Arc::from("s"),
            generation: 1,
            offset: offset - length,
            length,
            line: number,
            bytes: bytes.as_slice().into(),
            flags: Flags::default(),
            read_at: Timestamp(1_795_435_200_000_000),
        }
    };
    let raws: Vec<RawLine> = (1..).zip(lines).map(raw).collect();
    let mut events = Vec::new();
    let before = cpu();
    for raw in raws {
        let next = events.len() as u64 + 1;
        room.line(raw, next, &mut events);
    }
    room.flush(events.len() as u64 + 1, &mut events);
    cpu() - before
}

/// How many times as much the long text costs; 0 where both are quick.
fn ratio(format: &str, short: &[Vec<u8>], long: &[Vec<u8>]) -> (f64, f64) {
    let (mut least_short, mut least_long) = (f64::MAX, f64::MAX);
    for round in 0..40 {
        least_short = least_short.min(cost(format, short));
        // The short one is disturbed more easily.
        if round % 4 == 0 {
            least_long = least_long.min(cost(format, long));
        }
        let ratio = least_long / least_short;
        if least_long < QUICK {
            return (0.0, least_long);
        }
        if ratio < RATIO_MAX {
            return (ratio, least_long);
        }
    }
    (least_long / least_short, least_long)
}

/// How often a text fits into what a short line leaves.
fn times(before: &str, body: &str, after: &str) -> usize {
    LONG.saturating_sub(before.len() + after.len()) / (LONGER * body.len())
}

/// The worst of all, and what was too slow.
#[derive(Default)]
struct Judge {
    seen: usize,
    worst: f64,
    slow: Vec<String>,
}

impl Judge {
    fn look(&mut self, format: &str, what: &str, short: &[Vec<u8>], long: &[Vec<u8>]) {
        let (ratio, seconds) = ratio(format, short, long);
        self.seen += 1;
        self.worst = self.worst.max(ratio);
        if ratio >= RATIO_MAX {
            let seconds = seconds * 1e3;
            self.slow.push(format!(
                "{format}: {what}: {LONGER} times the text costs {ratio:.0} times ({seconds:.1} ms)"
            ));
        }
    }

    fn line(&mut self, format: &str, (before, body, after): (&str, &str, &str)) {
        let times = times(before, body, after);
        let of = |times| vec![format!("{before}{}{after}", body.repeat(times)).into_bytes()];
        let what = format!("{before:.60}[{body:.40}...]{after:.40}");
        self.look(format, &what, &of(times), &of(LONGER * times));
    }

    fn settle(self, seen_min: usize) {
        eprintln!("{} texts, worst ratio {:.1}", self.seen, self.worst);
        assert!(self.seen >= seen_min, "only {} texts", self.seen);
        assert!(self.slow.is_empty(), "{}:\n{}", self.slow.len(), self.slow.join("\n"));
    }
}

#[test]
fn every_framing_reads_hostile_text_in_linear_time() {
    let mut judge = Judge::default();
    for (format, before, after) in FRAMES {
        for body in BODIES {
            judge.line(format, (before, body, after));
        }
    }
    judge.settle(FRAMES.len() * BODIES.len());
}

#[test]
fn lines_that_join_are_joined_in_linear_time() {
    let mut judge = Judge::default();
    for (format, first, lines) in SEVERAL {
        let of = |count: usize| {
            let numbered = |n: usize| lines.iter().map(move |line| line.replace("{n}", &n.to_string()));
            let lines = std::iter::once((*first).to_owned()).chain((1..=count).flat_map(numbered));
            lines.map(String::into_bytes).collect::<Vec<_>>()
        };
        judge.look(format, &format!("{first:.40} / {:.60}", lines[0]), &of(180), &of(LONGER * 180));
    }
    judge.settle(SEVERAL.len());
}

/// Places of a line where something that somebody chose may stand: behind the header, behind each third word, at the end.
fn places(line: &str) -> Vec<usize> {
    let header = line.len() - syslog::read(line).message.len();
    let words = line.match_indices(' ').map(|(at, _)| at + 1).filter(|at| *at > header).step_by(3);
    std::iter::once(header).chain(words.take(6)).chain([line.len()]).collect()
}

#[test]
#[ignore = "minutes: every sample line with hostile text in it"]
fn every_grammar_reads_hostile_text_in_linear_time() {
    let mut judge = Judge::default();
    let chosen = std::env::var("GATEWATCH_LINEAR").unwrap_or_default();
    for spec in SPECS.iter().filter(|spec| chosen.is_empty() || spec.name == chosen) {
        for line in spec.samples.iter().flat_map(|sample| sample.lines.iter().take(3)) {
            let own = syslog::read(line).message;
            for at in places(line) {
                let (before, after) = line.split_at(at);
                for body in ["a", " a", "\"=,", " from ", own].into_iter().filter(|body| !body.is_empty()) {
                    judge.line(&spec.name, (before, body, after));
                }
            }
        }
    }
    judge.settle(if chosen.is_empty() { 10_000 } else { 1 });
}
