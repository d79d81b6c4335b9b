//! An auditor reads everything and changes nothing, whatever the SQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test may panic, and says what it skipped"
)]

mod ledger_support;

use gatewatch::ledger::query::{Cell, QueryError, QueryLimits, Rows, query};
use gatewatch::ledger::read::{Filter, Reader};
use gatewatch::ledger::saved::{SAVED, find};
use gatewatch::ledger::{FILE_NAME, Store};
use gatewatch::ports::Ledger;
use gatewatch::schema::*;
use ledger_support::*;
use serde_json::json;
use std::path::Path;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &reading()).unwrap();
    store.commit(&everything()).unwrap();
    (folder, store)
}

fn ask(directory: &Path, sql: &str) -> Result<Rows, QueryError> {
    query(directory, sql, QueryLimits { seconds: 1, rows: 5 })
}

#[test]
fn a_select_is_answered_while_the_daemon_runs_and_after() {
    let (folder, store) = store();
    let sql = "-- who\n/* and when */ WITH x AS (SELECT user, count(*) AS n FROM failed_logins GROUP BY user) SELECT * FROM x ORDER BY user;";
    let rows = ask(folder.path(), sql).unwrap();
    assert_eq!(rows.columns, ["user", "n"]);
    assert_eq!((rows.rows.len(), rows.more), (5, true), "cut at the limit, and says so");
    assert_eq!(rows.rows[0], [Cell::Text("user0".into()), Cell::Int(1)]);
    store.close().unwrap();
    assert_eq!(ask(folder.path(), sql).unwrap(), rows);
}

#[test]
fn everything_else_is_refused_with_exit_2() {
    let (folder, store) = store();
    let corpus = [
        "",
        "  -- nothing",
        "INSERT INTO meta VALUES ('x', 1)",
        "UPDATE event SET user = 'x'",
        "DELETE FROM event",
        "DROP TABLE event",
        "PRAGMA user_version = 3",
        "PRAGMA journal_mode",
        "ATTACH 'x.db' AS x",
        "VACUUM INTO '/tmp/x.db'",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "BEGIN",
        "EXPLAIN SELECT 1",
        "VALUES (1)",
        "REINDEX",
        "SELECT load_extension('x')",
        "SELECT 1; DELETE FROM event",
        "SELECT 1; SELECT 2",
        "WITH x AS (SELECT 1) DELETE FROM event",
        "SELECT ?1",
        "WITH x AS (SELECT 1) INSERT INTO meta SELECT 'a', 1",
        "SELECT * FROM pragma_journal_mode('delete')",
        "SELEC 1",
        "SELECT * FROM pragma_table_info('event')",
        "SELECT no_such_column FROM events",
        "SELECT fts3_tokenizer('x')",
        "/* SELECT */ DELETE FROM event",
        "SELECT writefile('/tmp/x', 'y')",
    ];
    for sql in corpus {
        let error = ask(folder.path(), sql).expect_err(sql);
        assert_eq!(error.exit_code(), 2, "{sql}: {error}");
    }
    drop(store);
}

#[test]
fn a_query_that_never_ends_is_stopped() {
    let (folder, mut store) = store();
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let error = ask(folder.path(), endless).unwrap_err();
    assert!(matches!(error, QueryError::Timeout(1)) && error.exit_code() == 4, "{error}");
    store.commit(&Changes { events: vec![event(9)], ..Changes::default() }).unwrap();
}

#[test]
fn a_planted_schema_is_not_executed() {
    let (folder, store) = store();
    store.close().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER evil AFTER INSERT ON event BEGIN DELETE FROM meta; END;
        CREATE VIEW trap AS SELECT load_extension('evil') AS x;",
        )
        .unwrap();
    drop(connection);
    assert_eq!(ask(folder.path(), "SELECT x FROM trap").unwrap_err().exit_code(), 2);
    assert!(ask(folder.path(), "SELECT count(*) FROM events").is_ok());
}

#[test]
fn stores_that_cannot_be_read_say_so() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ask(folder.path(), "SELECT 1").unwrap_err().exit_code(), 4);
    std::fs::write(
        folder.path().join(FILE_NAME),
        "this is no database, however long the text is made here for the header of it to be read",
    )
    .unwrap();
    assert_eq!(ask(folder.path(), "SELECT 1").unwrap_err().exit_code(), 5);
    assert!(!folder.path().join("gatewatch.db-wal").exists());
}

#[test]
fn saved_questions_all_run() {
    let (folder, _store) = store();
    assert!(SAVED.is_sorted_by(|a, b| a.name < b.name));
    for saved in SAVED {
        let rows = query(folder.path(), saved.sql, QueryLimits::default())
            .unwrap_or_else(|e| panic!("{}: {e}", saved.name));
        assert!(!rows.columns.is_empty());
    }
    assert!(find("who-was-connected").is_some() && find("nonsense").is_none());
}

#[test]
fn listings_are_objects_without_absent_values() {
    let (folder, _store) = store();
    let reader = Reader::open(folder.path()).unwrap();
    let incidents =
        reader.incidents(&Filter { status: Some("resolved"), limit: Some(1), ..Filter::default() }).unwrap();
    assert_eq!(incidents.iter().map(|i| i["number"].clone()).collect::<Vec<_>>(), [json!(4)]);
    let shown = reader.incident("1").unwrap().unwrap();
    assert_eq!(shown["ack_due"], json!(at(1801).to_string()));
    assert!(!shown.contains_key("notified_at"));
    assert_eq!(shown["finding_rows"][0]["id"], json!("f2"));
    assert_eq!(shown["finding_rows"][0]["group"], json!({"src_ip": "2001:db8::1", "user": "user1"}));
    assert_eq!(shown["notifications"][0]["tries"][0]["result"], json!("uncertain"));
    assert_eq!(shown["journal"][0]["actor"], json!("ana"));
    assert_eq!(shown["evidence"].as_array().unwrap().len(), 5);
    assert_eq!(reader.incident("inc1").unwrap().unwrap(), shown);
    assert!(reader.incident("77").unwrap().is_none());
    let finding = reader.finding("f2").unwrap().unwrap();
    assert_eq!(finding["events"].as_array().unwrap().len(), 8);
    let event = reader.event(2).unwrap().unwrap();
    assert_eq!(
        (&event["flags"], &event["mfa"], &event["extra"]["pid"]),
        (&json!([]), &json!(false), &json!(2))
    );
    assert!(!event.contains_key("session"));
    let until = at(5).to_string();
    assert_eq!(reader.findings(&Filter { until: Some(&until), ..Filter::default() }).unwrap().len(), 0);
    assert_eq!(reader.findings(&Filter { since: Some(&until), ..Filter::default() }).unwrap().len(), 2);
    let status = reader.status().unwrap();
    assert_eq!(status["outbox"], json!({"pending": 1, "sending": 1, "uncertain": 0, "refused": 1}));
    assert_eq!(status["sources"][0]["files"][0]["offset"], json!(900));
    assert_eq!((&status["store"]["events"], &status["rules"]), (&json!(8), &json!({"loaded": 1, "idle": 0})));
}
