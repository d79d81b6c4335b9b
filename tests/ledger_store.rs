//! The store keeps what it was given: over repeats, kills and clean stops.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test may panic, and says what it skipped"
)]

mod ledger_support;

use gatewatch::ledger::{FILE_NAME, SourceNote, Store};
use gatewatch::ports::{Ledger, LedgerError};
use gatewatch::schema::*;
use ledger_support::*;
use std::path::Path;

fn open(directory: &Path) -> Store {
    Store::open(directory, &reading()).unwrap()
}

fn count(directory: &Path, table: &str) -> i64 {
    let path = directory.join(FILE_NAME);
    let connection =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn what_was_committed_comes_back_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let fresh = store.load().unwrap();
    assert!(fresh.clean && fresh.generations.is_empty());
    assert_eq!((fresh.next_event, fresh.next_incident_number, fresh.next_silence), (1, 1, 1));
    let written = everything();
    store.commit(&written).unwrap();
    drop(store); // No close: as a kill leaves it.

    let mut store = open(folder.path());
    let loaded = store.load().unwrap();
    assert!(!loaded.clean);
    let (first, second) = (&written.generations[0], &written.generations[1]);
    assert_eq!(loaded.generations, vec![(first.clone(), Some(position(1, 900))), (second.clone(), None)]);
    assert_eq!(loaded.states, written.states);
    let numbers: Vec<u64> = loaded.incidents.iter().map(|i| i.number).collect();
    assert_eq!(numbers, [1, 3, 4], "closed ones are over; a resolved one can be reopened");
    assert_eq!(loaded.incidents[0], written.incidents[0]);
    assert_eq!(loaded.clocks, written.clocks[..2]);
    assert_eq!(loaded.notifications, written.notifications[..4], "owed ones, and all of a live incident");
    assert_eq!(loaded.silences, written.silences[1..], "the ended one stays out");
    let next =
        (loaded.next_event, loaded.next_generation, loaded.next_notification, loaded.next_incident_number);
    assert_eq!((next, loaded.next_silence), ((9, 3, 6, 5), 11));
    assert_eq!(store.incident("4").unwrap().unwrap(), written.incidents[3]);
    assert_eq!(store.incident("inc2").unwrap().unwrap(), written.incidents[1]);
    assert_eq!(store.incident("nobody").unwrap(), None);

    store.close().unwrap();
    assert_eq!(std::fs::metadata(folder.path().join("gatewatch.db-wal")).unwrap().len(), 0);
    assert!(folder.path().join("gatewatch.db-shm").exists());
    assert!(open(folder.path()).load().unwrap().clean);
}

#[test]
fn the_same_changes_again_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let tables = ["event", "gap", "journal_entry", "attempt", "finding_event", "notification", "incident"];
    let counts = |folder: &Path| tables.map(|table| count(folder, table));
    store.commit(&everything()).unwrap();
    let before = (counts(folder.path()), store.health().events);
    store.commit(&everything()).unwrap();
    drop(store);
    let mut store = open(folder.path());
    store.commit(&everything()).unwrap();
    assert_eq!((counts(folder.path()), store.health().events), before);
    // The retry of a batch whose events are known, after another commit came between.
    store.commit(&Changes { events: vec![event(9)], ..Changes::default() }).unwrap();
    store.commit(&Changes { events: (1..=10).map(event).collect(), ..Changes::default() }).unwrap();
    assert_eq!((count(folder.path(), "event"), store.health().events), (10, 10));
}

#[test]
fn a_state_that_returns_to_an_older_value_is_no_repeat() {
    let mut store = Store::in_memory().unwrap();
    let state = |body: &[u8]| Changes {
        states: vec![StateRow { room: "detect", key: "k".into(), body: Some(body.into()) }],
        ..Changes::default()
    };
    for body in [b"1", b"2", b"1"] {
        store.commit(&state(body)).unwrap();
    }
    assert_eq!(store.load().unwrap().states[0].body.as_deref(), Some(&b"1"[..]));
    let gone = StateRow { room: "detect", key: "k".into(), body: None };
    store.commit(&Changes { states: vec![gone], ..Changes::default() }).unwrap();
    assert!(store.load().unwrap().states.is_empty());
}

#[test]
fn another_event_at_the_same_place_or_id_is_a_hard_error() {
    let mut store = Store::in_memory().unwrap();
    store.commit(&everything()).unwrap();
    let place = Event { id: 99, ..event(3) };
    let id = Event { offset: 7, ..event(3) };
    for bad in [place, id, Event { id: 0, offset: 1, ..event(3) }] {
        let changes = Changes { events: vec![event(50), bad], ..Changes::default() };
        let error = store.commit(&changes).unwrap_err();
        assert!(matches!(error, LedgerError::Permanent(_)), "{error}");
    }
    assert_eq!(store.load().unwrap().next_event, 9, "nothing of a refused commit is stored");
}

#[test]
fn evidence_is_the_gravest_finding_with_its_first_lines_and_the_deciding_one() {
    let mut store = Store::in_memory().unwrap();
    let written = everything();
    store.commit(&written).unwrap();
    let fold = Fold { finding: arc("f2"), folded: 3, observed: 9.0, last_event_at: at(7) };
    store.commit(&Changes { folds: vec![fold], ..Changes::default() }).unwrap();
    let evidence = store.evidence("inc1").unwrap();
    let folded = Finding { folded: 3, observed: 9.0, last_event_at: at(7), ..written.findings[1].clone() };
    assert_eq!(evidence.findings, vec![folded, written.findings[0].clone()]);
    assert_eq!(evidence.lines.iter().map(|line| line.event).collect::<Vec<_>>(), [1, 2, 3, 4, 8]);
    assert_eq!(evidence.lines[4].from.as_deref(), Some("2001:db8::1"));
    assert_eq!(evidence.lines[4].raw.as_bytes(), &*written.events[7].raw);
    assert_eq!(store.evidence("unknown").unwrap(), Evidence::default());
}

#[test]
fn a_deleted_store_is_noticed_and_a_replaced_one_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    store.commit(&everything()).unwrap();
    let path = folder.path().join(FILE_NAME);
    assert!(!store.health().gone);
    std::fs::remove_file(&path).unwrap();
    assert!(store.health().gone);
    let error = store.commit(&Changes { events: vec![event(9)], ..Changes::default() }).unwrap_err();
    assert!(matches!(&error, LedgerError::Permanent(text) if text.contains("deleted")), "{error}");
    std::fs::write(&path, b"other").unwrap();
    let error = store.commit(&Changes { events: vec![event(9)], ..Changes::default() }).unwrap_err();
    assert!(matches!(&error, LedgerError::Permanent(text) if text.contains("replaced")), "{error}");
}

#[test]
fn a_lock_of_another_process_is_transient_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let other = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit(&everything()).unwrap_err();
    assert!(matches!(error, LedgerError::Transient(_)), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(&everything()).unwrap();
    assert_eq!(count(folder.path(), "event"), 8);
}

#[test]
fn a_reader_at_the_stop_costs_the_marker_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    store.commit(&everything()).unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let reader = rusqlite::Connection::open_with_flags(folder.path().join(FILE_NAME), flags).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM event;").unwrap();
    store.commit(&Changes { events: vec![event(9)], ..Changes::default() }).unwrap();
    assert!(store.close().is_err());
    drop(reader);
    let mut store = open(folder.path());
    assert!(!store.load().unwrap().clean);
    assert_eq!(store.health().events, 9);
}

#[test]
fn sources_are_counted_with_the_batches() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    store.commit(&everything()).unwrap();
    let unparsed = Event { class: Class::Unparsed, time: None, ..event(9) };
    store.note_sources([SourceNote {
        name: arc("gw-1"),
        format: arc("auto"),
        state: arc("following"),
        lag_bytes: Some(12),
    }]);
    store.commit(&Changes { events: vec![unparsed], ..Changes::default() }).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let row: (String, String, i64, i64, i64, i64, String, String) = connection
        .query_row(
            "SELECT name, format, lag_bytes, lines, unparsed, gaps, last_event_at, last_read_at FROM sources",
            [],
            |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                    row.get(7)?,
                ))
            },
        )
        .unwrap();
    assert_eq!(row, ("gw-1".into(), "auto".into(), 12, 9, 1, 1, at(8).to_string(), at(10).to_string()));
}

#[test]
fn lines_that_are_no_text_are_shown_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let raw: &[u8] = b"a\0b\xff\xfec";
    let odd = Event { raw: raw.into(), user: Some("ev\0il".into()), ..event(1) };
    store.commit(&Changes { events: vec![odd], ..Changes::default() }).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let row: (String, String, Vec<u8>) = connection
        .query_row("SELECT e.raw, e.user, t.raw_bytes FROM events e JOIN event t USING (id)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(row, ("ab\u{fffd}\u{fffd}c".to_owned(), "ev\u{fffd}il".to_owned(), raw.to_vec()));
}
