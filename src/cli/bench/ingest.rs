//! Ingest speed as a ratio: the whole way of a line against bare inserts of the rows that it made.
//! The two are run in turn (A B A B), each from a cold store, and the better run of each counts.

use crate::cli::{Failure, samples, setup};
use crate::config::params::{Request, pipeline_params};
use crate::daemon::Daemon;
use crate::host::clock::SystemClock;
use crate::ledger::{self, Store, yardstick};
use crate::pipeline::Pipeline;
use crate::ports::{Clock, Courier};
use crate::schema::{Letter, Receipt, Span};
use crate::shell::parts;
use crate::shell::writer::Writer;
use crate::tail::Tail;
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// How often each side is run.
const ROUNDS: u32 = 2;
/// Above so many lines one round is enough.
const ROUNDS_LINES_MAX: u64 = 1_000_000;

/// Where on the way memory is looked at, in hundredths of the lines.
const SHARES: [u64; 4] = [1, 10, 50, 100];

/// One source type's figures.
pub struct Ingest {
    kind: &'static str,
    lines: u64,
    whole: Span,
    bare: Span,
    /// Resident memory when so many hundredths of the lines were stored, KiB.
    rss_kib: [u64; SHARES.len()],
}

impl Ingest {
    fn per_second(&self, span: Span) -> f64 {
        self.lines as f64 / span.as_seconds().max(1e-9)
    }

    fn ratio(&self) -> f64 {
        self.bare.as_seconds() / self.whole.as_seconds().max(1e-9)
    }

    /// For programs.
    pub fn as_json(&self) -> serde_json::Value {
        json!({"bench": "ingest", "source": self.kind, "lines": self.lines,
            "lines_per_second": self.per_second(self.whole).round(), "bare_rows_per_second": self.per_second(self.bare).round(),
            "ratio": (self.ratio() * 1_000.0).round() / 1_000.0, "rss_kib": self.rss_kib})
    }

    /// For people.
    pub fn as_text(&self) -> String {
        format!(
            "  {:8} {:>10} lines  {:>9.0} lines/s  bare {:>9.0} rows/s  ratio {:>5.1} %  memory {} MiB after 1, 10, 50, 100 %",
            self.kind,
            self.lines,
            self.per_second(self.whole),
            self.per_second(self.bare),
            self.ratio() * 100.0,
            self.rss_kib.map(|kib| (kib / 1_024).to_string()).join(" ")
        )
    }
}

/// Measures one source type with so many lines.
///
/// # Errors
/// A [`Failure`] when the scratch folder cannot be used.
pub fn measure(kind: &'static str, lines: u64, folder: &Path) -> Result<Ingest, Failure> {
    let clock = SystemClock::new().map_err(Failure::runtime)?;
    fs::create_dir_all(folder).map_err(Failure::runtime)?;
    let log = folder.join("sample.log");
    write_log(kind, lines, &log).map_err(Failure::runtime)?;
    let mut result =
        Ingest { kind, lines, whole: Span(i64::MAX), bare: Span(i64::MAX), rss_kib: [0; SHARES.len()] };
    // Long runs steady themselves.
    let rounds = if lines > ROUNDS_LINES_MAX { 1 } else { ROUNDS };
    for round in 0..rounds {
        let state = folder.join(format!("whole-{round}"));
        let (took, memory) = whole(kind, &log, &state, lines)?;
        result.whole = result.whole.min(took);
        result.rss_kib = std::array::from_fn(|at| result.rss_kib[at].max(memory[at]));
        let copy = folder.join(format!("bare-{round}"));
        fs::create_dir_all(&copy).map_err(Failure::runtime)?;
        let from = state.join(ledger::FILE_NAME);
        let bare = yardstick::bare_inserts(&from, &copy.join("bare.db"), &|| clock.now().boottime);
        result.bare = result.bare.min(bare.map_err(Failure::runtime)?);
        fs::remove_dir_all(&state).map_err(Failure::runtime)?;
        fs::remove_dir_all(&copy).map_err(Failure::runtime)?;
    }
    fs::remove_dir_all(folder).map_err(Failure::runtime)?;
    Ok(result)
}

fn write_log(kind: &str, lines: u64, path: &Path) -> std::io::Result<()> {
    let clock = SystemClock::new().map_err(std::io::Error::other)?;
    // A thousand lines a second, ending now.
    let begun = clock.now().utc - Span::millis(i64::try_from(lines).unwrap_or(i64::MAX));
    let mut file = BufWriter::new(File::create(path)?);
    for n in 0..lines {
        let at = begun + Span::millis(i64::try_from(n).unwrap_or(i64::MAX));
        writeln!(file, "{}", samples::ordinary(kind, n, at))?;
    }
    file.flush()
}

/// The real way: Tail, Pipeline with every shipped rule, Store on disk with FULL durability.
fn whole(kind: &str, log: &Path, state: &Path, lines: u64) -> Result<(Span, [u64; SHARES.len()]), Failure> {
    let clock = SystemClock::new().map_err(Failure::runtime)?;
    let format = if kind == "sshd" { "linux-auth" } else { kind };
    let file = state.with_extension("toml");
    let text = format!(
        "[store]\ndirectory = \"{}\"\n[[source]]\nname = \"bench\"\nformat = \"{format}\"\npaths = [\"{}\"]\n\
        [[person]]\nid = \"a\"\nname = \"A\"\nemail = [\"a@bench.invalid\"]\n\
        [[policy]]\nid = \"p\"\n[[policy.step]]\nafter = \"0s\"\nnotify = [\"person:a\"]\n[[route]]\npolicy = \"p\"\n",
        state.display(),
        log.display()
    );
    fs::write(&file, text).map_err(Failure::runtime)?;
    let setup = setup::read(&Request { file: Some(file), ..Request::default() })?;
    let store = Store::open(state, &clock.now()).map_err(Failure::runtime)?;
    let tail = Tail::new(parts::tail_params(&setup.config), Vec::new(), 1);
    let writer = Writer::start(store).map_err(Failure::runtime)?;
    let mut daemon = Daemon::new(tail, writer, NoCourier, Pipeline::new(pipeline_params(&setup)));
    let begun = clock.now();
    let mut stored = 0;
    let mut memory = [0; SHARES.len()];
    while stored < lines {
        let turn = daemon.turn(&[], &clock.now());
        if let Some(error) = turn.stalled {
            return Err(Failure::runtime(error));
        }
        stored += turn.changes.events.len() as u64;
        for (seen, share) in memory.iter_mut().zip(SHARES) {
            if *seen == 0 && stored * 100 >= lines * share {
                *seen = rss_kib();
            }
        }
    }
    let took = Span(clock.now().boottime.0 - begun.boottime.0);
    daemon.ledger.into_store().and_then(Store::close).map_err(Failure::runtime)?;
    Ok((took, memory))
}

/// Resident memory of this process.
fn rss_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Ingest is measured without mail.
struct NoCourier;

impl Courier for NoCourier {
    fn free(&self) -> usize {
        0
    }
    fn send(&mut self, _letter: Letter) {}
    fn receipts(&mut self) -> Vec<Receipt> {
        Vec::new()
    }
}
