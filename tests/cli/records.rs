//! Records that are not lines: in the order of their lines, in the store, and over a kill in the middle of one.

use crate::gate::{BINARY, Gate, objects, text};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const AUDIT: &str = "type=SYSCALL msg=audit(1763888400.100:1): uid=0\n\
    type=USER_AUTH msg=audit(1763888400.200:2): acct=\"ana\"\n\
    type=EOE msg=audit(1763888400.100:1):\n\
    type=SYSCALL msg=audit(1763888400.300:3): uid=1\n";

fn lines(objects: &[Value]) -> Vec<Value> {
    objects.iter().map(|o| json!([o["line"], o["lines"], o.get("line_list")])).collect()
}

#[test]
fn events_of_scattered_lines_are_printed_in_the_order_of_their_first() {
    let gate = Gate::new();
    let log = gate.write("audit.log", AUDIT);
    let output = Command::new(BINARY).args(["parse", "--format", "kv"]).arg(log).output().unwrap();
    let expected = [json!([1, 2, [1, 3]]), json!([2, 1, null]), json!([4, 1, null])];
    assert_eq!(lines(&objects(&text(&output.stdout))), expected);
}

#[test]
fn replay_stores_the_last_record_and_the_lines_of_each() {
    let gate = Gate::new();
    let log = gate.write("audit.log", AUDIT);
    let store = gate.path("replayed.db");
    let source = format!("kv={}", log.display());
    let args = ["replay", "--source", &source, "--store", &store.display().to_string()];
    let output = Command::new(BINARY).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let connection = rusqlite::Connection::open(&store).unwrap();
    let mut statement = connection.prepare("SELECT line, line_list FROM events ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(i64, Option<String>)> = rows.map(Result::unwrap).collect();
    assert_eq!(rows, [(2, None), (1, Some("[1,3]".to_owned())), (4, None)]);
}

#[test]
fn a_kill_in_the_middle_of_a_record_loses_and_doubles_nothing() {
    let mut gate = Gate::new();
    gate.append("a.log", "{\"user\":\"ana\"}\n{\n  \"user\": \"ben\",\n");
    gate.configure(&[("a", "json", "a.log")], "");
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 1, Duration::from_secs(10));
    gate.wait_for_number("SELECT lines FROM sources", 3, Duration::from_secs(10));
    gate.kill();
    gate.append("a.log", "  \"n\": 1\n}\n{\"user\":\"chi\"}\n");
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 3, Duration::from_secs(10));
    let rows = gate.rows("SELECT user, line, lines, \"offset\", length FROM events ORDER BY id");
    let row = |user: &str, line: u64, lines: u64, offset: u64, length: u64| json!({"user": user, "line": line, "lines": lines, "offset": offset, "length": length});
    assert_eq!(rows, [row("ana", 1, 1, 0, 15), row("ben", 2, 4, 15, 30), row("chi", 6, 1, 45, 15)]);
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}

#[test]
fn ten_kills_while_records_are_written_lose_and_double_nothing() {
    let mut gate = Gate::new();
    let text: String =
        (0..400).map(|n| format!("{{\n  \"user\": \"u{n}\",\n  \"list\": [\n    1\n  ]\n}}\n")).collect();
    gate.append("a.log", "");
    gate.configure(&[("a", "json", "a.log")], "");
    // Cuts at no multiple of a record or a line.
    for (round, piece) in (0..).zip(text.as_bytes().chunks(text.len() / 10)) {
        gate.append("a.log", std::str::from_utf8(piece).unwrap());
        gate.start();
        std::thread::sleep(Duration::from_millis(40 + round * 37 % 300));
        gate.kill();
    }
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 400, Duration::from_secs(20));
    assert_eq!(
        gate.number("SELECT count(DISTINCT user) FROM events WHERE lines = 6 AND line % 6 = 1"),
        Some(400)
    );
    assert_eq!(gate.number("SELECT sum(length) FROM events"), i64::try_from(text.len()).ok());
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}

#[test]
fn an_audit_event_that_nothing_ends_is_told_soon() {
    let mut gate = Gate::new();
    gate.append("a.log", "type=SYSCALL msg=audit(1763888400.100:1): uid=0\n");
    gate.configure(&[("a", "kv", "a.log")], "");
    gate.start();
    gate.wait_for_number("SELECT lines FROM sources", 1, Duration::from_secs(10));
    gate.wait_for_number("SELECT count(*) FROM events", 1, Duration::from_secs(15));
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}
