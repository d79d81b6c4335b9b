//! A store that must not be used is refused with its reason, and not one byte of it changes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test may panic, and says what it skipped"
)]

mod ledger_support;

use gatewatch::ledger::{FILE_NAME, OpenError, Store};
use gatewatch::ports::Ledger;
use gatewatch::schema::*;
use ledger_support::*;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

fn file(directory: &Path, suffix: &str) -> PathBuf {
    directory.join(format!("{FILE_NAME}{suffix}"))
}

/// Every byte of a folder.
fn bytes(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(directory)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.clone(), fs::read(p).unwrap()))
        .collect()
}

/// A store with something in it, stopped cleanly or as by a kill.
fn store(clean: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &reading()).unwrap();
    store.commit(&everything()).unwrap();
    if clean {
        store.close().unwrap();
    }
    folder
}

fn refused(directory: &Path, exit_code: u8, word: &str) -> OpenError {
    let before = bytes(directory);
    let error = Store::open(directory, &reading()).map(|_| ()).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.exit_code(), exit_code, "{text}");
    assert!(text.contains(word) && text.contains(FILE_NAME), "{text}");
    let mut after = bytes(directory);
    after.retain(|path, _| before.contains_key(path) || !path.ends_with("gatewatch.lock"));
    assert!(after == before, "{text}: bytes changed");
    error
}

fn edit(directory: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(file(directory, "")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn newer_and_foreign_files_exit_4() {
    let folder = store(true);
    edit(folder.path(), "PRAGMA user_version = 99");
    assert!(matches!(refused(folder.path(), 4, "newer"), OpenError::Newer { found: 99, .. }));
    edit(folder.path(), "PRAGMA user_version = 1; PRAGMA application_id = 5");
    assert!(matches!(refused(folder.path(), 4, "another program"), OpenError::Foreign { found: 5, .. }));
    let other = tempfile::tempdir().unwrap();
    edit(other.path(), "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
    refused(other.path(), 4, "another program");
}

#[test]
fn a_second_daemon_exits_4_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Store::open(folder.path(), &reading()).unwrap();
    first.commit(&everything()).unwrap();
    refused(folder.path(), 4, "another gatewatch daemon");
    first.commit(&Changes { events: vec![event(9)], ..Changes::default() }).unwrap();
    first.close().unwrap();
    Store::open(folder.path(), &reading()).unwrap();
}

#[test]
fn damaged_files_exit_5() {
    let folder = tempfile::tempdir().unwrap();
    for content in [&b"this is a text file of some length, longer than a header of one hundred bytes ..............................."[..], b"short", b""] {
        fs::write(file(folder.path(), ""), content).unwrap();
        refused(folder.path(), 5, "");
    }
    let folder = store(true);
    let whole = fs::read(file(folder.path(), "")).unwrap();
    fs::write(file(folder.path(), ""), &whole[..whole.len() / 2]).unwrap();
    refused(folder.path(), 5, "");
    let mut flipped = whole.clone();
    let leaf = 16 * 1024 * 6;
    flipped[leaf..leaf + 64].fill(0xee);
    fs::write(file(folder.path(), ""), &flipped).unwrap();
    refused(folder.path(), 5, "");
    fs::write(file(folder.path(), ""), &whole).unwrap();
    Store::open(folder.path(), &reading()).unwrap();
}

#[test]
fn a_wal_that_is_not_its_own_exits_5() {
    let killed = store(false);
    let wal = fs::read(file(killed.path(), "-wal")).unwrap();
    assert!(wal.len() > 32);

    let clean = store(true);
    fs::write(file(clean.path(), "-wal"), &wal).unwrap();
    refused(clean.path(), 5, "");
    fs::remove_file(clean.path().join("gatewatch.lock")).unwrap();
    refused(clean.path(), 5, "cleanly");

    let other = store(false);
    fs::write(file(other.path(), "-wal"), &wal).unwrap();
    refused(other.path(), 5, "not this store's own");

    let restored = store(false);
    fs::copy(file(store(true).path(), ""), file(restored.path(), "")).unwrap();
    refused(restored.path(), 5, "cleanly");

    let broken = store(false);
    fs::File::options().write(true).open(file(broken.path(), "-wal")).unwrap().write_at(b"\x99", 9).unwrap();
    refused(broken.path(), 5, "not a valid WAL");
}

#[test]
fn a_planted_trigger_is_refused() {
    let folder = store(true);
    edit(folder.path(), "CREATE TRIGGER evil AFTER INSERT ON event BEGIN DELETE FROM gap; END");
    let error = Store::open(folder.path(), &reading()).map(|_| ()).unwrap_err();
    assert!(error.exit_code() == 5 && error.to_string().contains("trigger"), "{error}");
}

#[test]
fn a_store_with_a_name_of_its_own_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut store = Store::open_file(&path, &reading()).unwrap();
    store.commit(&everything()).unwrap();
    store.close().unwrap();
    assert_eq!(Store::open_file(&path, &reading()).unwrap().load().unwrap().next_event, 9);
    assert!(!folder.path().join("ballast").exists());
}

#[test]
fn sidecars_without_their_store_exit_5() {
    for suffix in ["-wal", "-shm", "-journal"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(file(folder.path(), suffix), b"left over").unwrap();
        refused(folder.path(), 5, "gone");
    }
    let folder = store(true);
    fs::write(file(folder.path(), "-journal"), b"left over").unwrap();
    refused(folder.path(), 5, "rollback journal");
    fs::remove_file(file(folder.path(), "-journal")).unwrap();
    fs::remove_file(file(folder.path(), "")).unwrap();
    refused(folder.path(), 5, "gone");
}

#[test]
fn a_killed_store_opens_with_and_without_its_lock_file() {
    let folder = store(false);
    fs::remove_file(folder.path().join("gatewatch.lock")).unwrap();
    for _ in 0..3 {
        let mut store = Store::open(folder.path(), &reading()).unwrap();
        assert_eq!(store.load().unwrap().next_event, 9);
    }
}

#[test]
fn a_cut_wal_gives_a_prefix_of_the_commits() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &reading()).unwrap();
    for batch in 0..6u64 {
        let events = (batch * 4 + 1..=batch * 4 + 4).map(event).collect();
        let positions = vec![position(1, (batch + 1) * 400)];
        store
            .commit(&Changes { generations: vec![generation(1)], events, positions, ..Changes::default() })
            .unwrap();
    }
    drop(store);
    let wal = fs::read(file(folder.path(), "-wal")).unwrap();
    let mut seen = Vec::new();
    for cut in (0..=wal.len()).rev().step_by(wal.len() / 37) {
        let copy = tempfile::tempdir().unwrap();
        fs::copy(file(folder.path(), ""), file(copy.path(), "")).unwrap();
        fs::copy(folder.path().join("gatewatch.lock"), copy.path().join("gatewatch.lock")).unwrap();
        fs::write(file(copy.path(), "-wal"), &wal[..cut]).unwrap();
        let loaded = Store::open(copy.path(), &reading()).unwrap().load().unwrap();
        let events = loaded.next_event - 1;
        let offset = loaded.generations.first().and_then(|(_, p)| p.as_ref()).map_or(0, |p| p.offset);
        assert_eq!((events % 4, offset), (0, events * 100), "cut at {cut}");
        seen.push(events);
    }
    assert!(
        seen.is_sorted_by(|a, b| a >= b) && seen.first() == Some(&24) && seen.last() == Some(&0),
        "{seen:?}"
    );
}

#[test]
fn the_files_have_the_promised_modes() {
    let outer = tempfile::tempdir().unwrap();
    let directory = outer.path().join("state");
    let store = Store::open(&directory, &reading()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&directory), 0o2750);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&file(&directory, suffix)), 0o640, "{suffix}");
    }
    drop(store);
}
