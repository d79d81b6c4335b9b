//! The store under kills and a full disk: nothing lost, nothing doubled, alerts still committed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test may panic, and says what it skipped"
)]
#![expect(clippy::disallowed_methods, reason = "tests start, kill and wait for processes of their own")]

mod ledger_support;

use gatewatch::ledger::{FILE_NAME, Store};
use gatewatch::ports::{Ledger, LedgerError};
use gatewatch::schema::*;
use ledger_support::*;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CHILD: &str = "GATEWATCH_TEST_LEDGER_CHILD";
const KILLS: &str = "GATEWATCH_TEST_KILLS";

/// Not a test of its own: what the killed process does, for as long as it is let.
#[test]
#[ignore = "started by the kill test"]
fn child_that_commits() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    for life in 0.. {
        let mut store = Store::open(Path::new(&directory), &reading()).unwrap();
        let mut next = store.load().unwrap().next_event;
        for step in 0..40 {
            let events: Vec<Event> = (next..next + 3 + step % 50).map(event).collect();
            next += events.len() as u64;
            let entry = JournalEntry {
                at: at(next as i64),
                kind: "start",
                actor: arc("x"),
                subject: arc("y"),
                detail: "z".into(),
            };
            let changes = Changes {
                generations: vec![generation(1)],
                positions: vec![position(1, next * 100)],
                events,
                journal: vec![entry],
                ..Changes::default()
            };
            store.commit(&changes).unwrap();
            if step % 16 == 7 {
                store.idle();
            }
        }
        if life % 2 == 0 {
            store.close().unwrap();
        }
    }
}

#[test]
fn kills_at_any_instant_leave_whole_commits() {
    let folder = tempfile::tempdir().unwrap();
    let kills: u64 = std::env::var(KILLS).ok().and_then(|n| n.parse().ok()).unwrap_or(25);
    let mut last = 0;
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_commits", "--ignored"])
            .env(CHILD, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(3_000 + kill.wrapping_mul(7_919_317) % 150_000));
        assert!(
            child.try_wait().unwrap().is_none(),
            "the child ended by itself: it could not open or commit"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        let mut store = Store::open(folder.path(), &reading()).unwrap();
        let loaded = store.load().unwrap();
        let offset = loaded.generations.first().and_then(|(_, p)| p.as_ref()).map_or(100, |p| p.offset);
        assert_eq!(offset, loaded.next_event * 100, "position and events are one");
        assert!(loaded.next_event > last, "what was committed stays");
        assert_eq!(store.health().events, loaded.next_event - 1);
        last = loaded.next_event - 1;
        drop(store);
    }
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let count: u64 =
        connection.query_row("SELECT count(*) FROM event", [], |row| row.get::<_, i64>(0)).unwrap() as u64;
    assert_eq!((check.as_str(), count), ("ok", last));
    eprintln!("{kills} kills, {last} events");
}

/// Not a test of its own: commits thirty batches, each as often as it takes.
#[test]
#[ignore = "started by the I/O error test"]
fn child_that_retries() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let directory = Path::new(&directory);
    let mut store =
        retry("open", || Store::open(directory, &reading()).map_err(|e| (e.exit_code() == 4, e.to_string())));
    let transient = |e: LedgerError| (matches!(e, LedgerError::Transient(_)), e.to_string());
    for batch in 0..30u64 {
        let events = (batch * 200 + 1..=batch * 200 + 200).map(event).collect();
        let positions = vec![position(1, (batch + 1) * 20_000)];
        let changes = Changes { generations: vec![generation(1)], events, positions, ..Changes::default() };
        retry("commit", || store.commit(&changes).map_err(transient));
        if batch % 8 == 7 {
            store.idle();
        }
    }
}

fn retry<T>(what: &str, mut work: impl FnMut() -> Result<T, (bool, String)>) -> T {
    for _ in 0..40 {
        match work() {
            Ok(done) => return done,
            Err((true, why)) => eprintln!("again: {what}: {why}"),
            Err((false, why)) => panic!("{what}: {why}"),
        }
    }
    panic!("{what}: forty errors in a row");
}

#[test]
fn io_errors_are_survived_by_opening_again() {
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success())
    {
        eprintln!("skipped: strace cannot be used here");
        return;
    }
    let plans = [
        "inject=fsync,fdatasync:error=EIO:when=6+7",
        "inject=pwrite64:error=EIO:when=60+70",
        "inject=pwrite64:error=ENOSPC:when=60+90",
        "inject=pread64:error=EIO:when=45+120",
    ];
    for plan in plans {
        let folder = tempfile::tempdir().unwrap();
        let calls = tempfile::NamedTempFile::new().unwrap();
        Store::open(folder.path(), &reading()).unwrap().close().unwrap();
        let child = Command::new("strace")
            .args(["-f", "-q", "-o"])
            .arg(calls.path())
            .args(["-e", "trace=fsync,fdatasync,pwrite64,pread64", "-e", plan])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_retries", "--ignored", "--nocapture"])
            .env(CHILD, folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr).into_owned();
        assert!(child.status.success(), "{plan}: {said}");
        let injected = std::fs::read_to_string(calls.path()).unwrap().matches("(INJECTED)").count();
        assert!(injected > 0, "{plan}: no error was met, so nothing was tested");
        eprintln!("{plan}: {injected} errors, {} retries", said.matches("again: ").count());
        let mut store = Store::open(folder.path(), &reading()).unwrap();
        assert_eq!((store.load().unwrap().next_event, store.health().events), (6001, 6000), "{plan}: {said}");
        drop(store);
        let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
        let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "{plan}");
    }
}

struct Mount<'a>(&'a Path);

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_stops_lines_and_lets_alerts_through() {
    let folder = tempfile::tempdir().unwrap();
    let small = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .status();
    if !small.is_ok_and(|status| status.success()) {
        eprintln!("skipped: cannot mount a tmpfs here");
        return;
    }
    let _mount = Mount(folder.path());
    let directory = folder.path().join("state");
    let mut store = Store::open(&directory, &reading()).unwrap();
    store.commit(&everything()).unwrap();
    assert!(directory.join("ballast").exists());
    let filler = folder.path().join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    while std::io::Write::write_all(&mut file, &[1]).is_ok() {}
    assert!(store.health().free_bytes < 4096);

    let lines = Changes { events: (9..3000).map(event).collect(), ..Changes::default() };
    for _ in 0..3 {
        let error = store.commit(&lines).unwrap_err();
        assert!(matches!(&error, LedgerError::Transient(text) if text.contains("full")), "{error}");
    }
    assert!(directory.join("ballast").exists(), "lines must not use the reserve");
    let alert = Changes {
        incidents: vec![incident("inc9", 9, IncidentStatus::Open)],
        notifications: vec![notification(9, Some("inc9"), NotificationState::Pending)],
        ..Changes::default()
    };
    store.commit(&alert).unwrap();
    assert!(!directory.join("ballast").exists());
    assert_eq!(store.load().unwrap().next_notification, 10);

    drop(file);
    std::fs::remove_file(&filler).unwrap();
    store.commit(&lines).unwrap();
    store.idle();
    assert!(directory.join("ballast").exists(), "the reserve is made again");
    drop(store);
    assert_eq!(Store::open(&directory, &reading()).unwrap().load().unwrap().next_event, 3000);
}
