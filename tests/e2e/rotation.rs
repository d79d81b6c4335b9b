//! logrotate takes the log away from under a writer, in its two ways.

use crate::gate::Gate;
use crate::machine::{can, must, program};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Lines a second.
const RATE: u128 = 500;
const ROTATIONS: usize = 6;
/// Time between two rotations.
const PAUSE: Duration = Duration::from_millis(1_300);

/// Writes tokens until it is told to stop. As services do, it opens its log again when it is asked to: a
/// file `reopen` appears, and goes when it is done.
struct Writer {
    done: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Writer {
    fn start(log: PathBuf) -> Writer {
        let done = Arc::new(AtomicBool::new(false));
        let stop = done.clone();
        let thread = thread::spawn(move || write(&log, &stop));
        Writer { done, thread }
    }

    /// The number of tokens written.
    fn finish(self) -> usize {
        self.done.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

fn write(log: &Path, done: &AtomicBool) -> usize {
    let open = || OpenOptions::new().create(true).append(true).open(log).unwrap();
    let (mut file, begun, mut tokens) = (open(), Instant::now(), 0);
    let reopen = log.with_file_name("reopen");
    while !done.load(Ordering::SeqCst) {
        if reopen.exists() {
            file = open();
            fs::remove_file(&reopen).unwrap();
        }
        while (tokens as u128) < begun.elapsed().as_millis() * RATE / 1_000 {
            writeln!(file, "Nov 24 06:00:00 web-1 app[7]: a line of the application token={tokens}").unwrap();
            tokens += 1;
        }
        thread::sleep(Duration::from_millis(5));
    }
    tokens
}

/// Forces rotations of `app.log` of the folder.
fn rotate(folder: &Path, how: &str) {
    let log = folder.join("app.log");
    let config = folder.join("logrotate.conf");
    fs::write(&config, format!("{} {{\n rotate 20\n missingok\n su root root\n{how}\n}}\n", log.display()))
        .unwrap();
    for _ in 0..ROTATIONS {
        thread::sleep(PAUSE);
        must(
            Command::new(program("logrotate").unwrap())
                .arg("-f")
                .arg("-s")
                .arg(folder.join("logrotate.state"))
                .arg(&config),
        );
    }
    thread::sleep(PAUSE);
}

/// How often each token is in the store.
fn stored(gate: &Gate) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for row in gate.rows("SELECT raw FROM events") {
        let raw = row["raw"].as_str().unwrap();
        let token = raw
            .rsplit("token=")
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("torn line: {raw}"));
        *counts.entry(token).or_default() += 1;
    }
    counts
}

fn doubled(counts: &BTreeMap<usize, usize>) -> Vec<usize> {
    counts.iter().filter(|(_, n)| **n > 1).map(|(token, _)| *token).collect()
}

fn started() -> Gate {
    let mut gate = Gate::new();
    gate.append("app.log", "");
    gate.configure(&[("app", "syslog", "app.log")], "");
    gate.start();
    gate
}

#[test]
fn logrotate_with_create_and_compress_loses_nothing() {
    if !can("logrotate with create", &["logrotate", "gzip"], true) {
        return;
    }
    let mut gate = started();
    let writer = Writer::start(gate.path("app.log"));
    let reopen = gate.path("reopen");
    let reopen = reopen.display();
    let wait = format!(
        "create 0640\n compress\n postrotate\n touch {reopen}; while [ -e {reopen} ]; do sleep 0.01; done\n endscript"
    );
    rotate(gate.folder.path(), &wait);
    let tokens = writer.finish();
    gate.wait_for_number(
        "SELECT count(*) FROM events",
        i64::try_from(tokens).unwrap(),
        Duration::from_secs(15),
    );
    let counts = stored(&gate);
    let lost: Vec<usize> = (0..tokens).filter(|token| !counts.contains_key(token)).collect();
    assert!(lost.is_empty() && doubled(&counts).is_empty(), "lost {lost:?}, doubled {:?}", doubled(&counts));
    let gaps = gate.rows("SELECT path, from_offset, to_offset, bytes, reason FROM gaps");
    assert!(gaps.is_empty(), "nothing can be missing, but {gaps:?}");
    assert!(
        gate.path(&format!("app.log.{ROTATIONS}.gz")).exists(),
        "logrotate did not rotate {ROTATIONS} times"
    );
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}

#[test]
fn logrotate_with_copytruncate_leaves_a_gap_row_each_time_and_doubles_nothing() {
    if !can("logrotate with copytruncate", &["logrotate"], true) {
        return;
    }
    let mut gate = started();
    let writer = Writer::start(gate.path("app.log"));
    rotate(gate.folder.path(), "copytruncate");
    let tokens = writer.finish();
    let last = tokens - 1;
    gate.wait_for_number(
        &format!("SELECT count(*) FROM events WHERE raw LIKE '%token={last}'"),
        1,
        Duration::from_secs(15),
    );
    gate.wait_for_number(
        "SELECT count(*) FROM gaps",
        i64::try_from(ROTATIONS).unwrap(),
        Duration::from_secs(5),
    );
    let counts = stored(&gate);
    assert!(doubled(&counts).is_empty(), "doubled {:?}", doubled(&counts));
    // Lines that logrotate itself lost, between its copy and its truncation, are in no file. All others are stored.
    let missing: Vec<usize> =
        in_files(gate.folder.path()).into_iter().filter(|token| !counts.contains_key(token)).collect();
    assert!(missing.is_empty(), "in the files, not in the store: {missing:?}");
    eprintln!(
        "copytruncate: {} of {tokens} lines lost by logrotate itself, each beside a gap row",
        tokens - counts.len()
    );
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}

/// Every token that the log and its copies hold.
fn in_files(folder: &Path) -> Vec<usize> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let logs = names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("app.log"));
    let text: String = logs.map(|path| fs::read_to_string(path).unwrap()).collect();
    text.lines().map(|line| line.rsplit("token=").next().unwrap().parse().unwrap()).collect()
}
