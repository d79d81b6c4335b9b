//! The views are a contract: every column that is promised is there, with the promised values, also for
//! the SQLite of a stable distribution and for a user who may only read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test may panic, and says what it skipped"
)]
#![expect(clippy::disallowed_methods, reason = "tests call the sqlite3 of the machine")]

mod ledger_support;

use gatewatch::ledger::{FILE_NAME, Store};
use gatewatch::ports::Ledger;
use gatewatch::schema::*;
use ledger_support::*;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const PROMISED: &str = "
events(id, source, format, parser, line, lines, line_list, generation, offset, length, part_of, opened, time, observed_at, time_text, class, activity, outcome, class_uid, activity_id, status_id, user, user_domain, user_uid, target_user, group, role, src_ip, src_port, src_host, src_country, src_asn, dst_ip, dst_port, assigned_ip, host, app, service, session, auth_method, mfa, logon_type, device, user_agent, action, resource, http_method, http_status, bytes_in, bytes_out, status_detail, severity, count, flags, raw, extra, reason)
logins(id, time, user, src_ip, opened, closed_at, seconds, closed_event)
failed_logins(id, time, user, src_ip)
vpn_sessions(user, src_ip, assigned_ip, opened_at, closed_at, seconds, bytes_in, bytes_out, source, opened_event, closed_event)
privilege_use(id, time, user)
admin_changes(id, time, user, target_user)
ecs(@timestamp, event.action, event.outcome, user.name, source.ip)
findings(id, time, rule, title, kind, severity, entity, first_event_at, last_event_at, observed, expected, threshold, score, explanation, incident, verdict, reason, rule_version, drill)
finding_events(finding, event)
incidents(id, number, title, severity, status, entity, policy, opened_at, occurred_at, detected_at, notify_due, notified_at, notify_state, ack_due, acknowledged_at, acknowledged_by, ack_via, resolved_at, resolution, findings, drill)
notifications(id, incident, step, recipient, address, kind, message_id, state, due_at, accepted_at, delivery_level, relay, relay_reply, attempts)
attempts(notification, n, at, relay, phase, reply, result)
journal(seq, at, kind, actor, subject, detail)
gaps(source, path, at, from_offset, to_offset, bytes, reason)
sources(name, format, state, last_event_at, last_read_at, lag_bytes, lines, unparsed, gaps)
rules(id, version, title, kind, severity, owner, control, enabled, findings, text, hits, suppressed, excepted, last_finding_at, incidents, resolved, false_positives, false_positive_share, loaded_at)
rule_versions(id, version, title, kind, severity, owner, control, loaded_at, replaced_at, findings, text)
silences(id, owner, reason, rule, entity, source, starts_at, ends_at, matches)
exceptions(id, owner, reason, ticket, rule, entity, source, network, starts_at, ends_at, matches, reminded_at)
controls(id)
people(id)
accounts(account)
entitlements(account, valid_from, valid_to)
approvals(id, valid_from, valid_to)
leaves(index)
checkpoints(size, root)
";

fn store(directory: &Path) -> Store {
    let mut store = Store::open(directory, &reading()).unwrap();
    store.commit(&everything()).unwrap();
    store
}

#[test]
fn every_promised_column_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let _store = store(folder.path());
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    for line in PROMISED.lines().filter(|line| !line.is_empty()) {
        let (view, columns) = line.trim_end_matches(')').split_once('(').unwrap();
        let statement = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
        let names: Vec<&str> = statement.column_names().collect();
        let missing: Vec<&str> = columns.split(", ").filter(|column| !names.contains(column)).collect();
        assert!(missing.is_empty(), "{view} lacks {missing:?}");
    }
}

#[test]
fn an_event_is_shown_as_promised() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let mut odd = Event {
        time: None,
        part_of: Some(3),
        class: Class::Session,
        activity: "assign-privileges",
        ..event(9)
    };
    for flag in [Flag::YearAssumed, Flag::TimeMissing, Flag::Guessed] {
        odd.flags.set(flag);
    }
    store.commit(&Changes { events: vec![odd], ..Changes::default() }).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let show = |sql: &str| -> String { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    let sql = "SELECT json_array(time, observed_at, flags, part_of, class, activity, outcome, class_uid, activity_id, status_id) FROM events WHERE id = ";
    let expected = format!(
        r#"[null,"{}","[\"year-assumed\",\"time-missing\",\"guessed\"]",3,"session","assign-privileges","failure",3003,1,2]"#,
        at(10)
    );
    assert_eq!(show(&format!("{sql}9")), expected);
    let expected =
        format!(r#"["{}","{}","[]",null,"authentication","logon","failure",3002,1,2]"#, at(2), at(3));
    assert_eq!(show(&format!("{sql}2")), expected);
    assert_eq!(
        show("SELECT src_ip || ' ' || mfa || ' ' || extra FROM events WHERE id = 2"),
        r#"2001:db8::1 0 {"pid":2,"tags":["a\"b"]}"#
    );
    assert_eq!(show("SELECT id || ' ' || user FROM privilege_use"), "9 user2");
    let plan: String = connection
        .query_row("EXPLAIN QUERY PLAN SELECT * FROM events WHERE user = 'user1'", [], |row| row.get(3))
        .unwrap();
    assert!(plan.contains("event_user"), "a lookup by user must not scan: {plan}");
    let plan: String = connection
        .query_row("EXPLAIN QUERY PLAN SELECT * FROM failed_logins WHERE src_ip = '::1'", [], |row| {
            row.get(3)
        })
        .unwrap();
    assert!(plan.contains("event_src_ip"), "{plan}");
    let hour = "EXPLAIN QUERY PLAN SELECT * FROM events WHERE time >= '2026-11-23T09' AND time < '2026-11-23T10' ORDER BY time";
    let plan: String = connection.query_row(hour, [], |row| row.get(3)).unwrap();
    assert!(plan.contains("event_at"), "{plan}");
}

#[test]
fn every_field_of_an_event_is_in_the_column_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &reading()).unwrap();
    let text = |name: &str| Some(name.into());
    let full = Event {
        user_domain: text("user_domain"),
        user_uid: text("user_uid"),
        target_user: text("target_user"),
        user: text("user"),
        group: text("group"),
        role: text("role"),
        src_host: text("src_host"),
        src_country: text("src_country"),
        host: text("host"),
        app: text("app"),
        service: text("service"),
        session: text("session"),
        auth_method: text("auth_method"),
        logon_type: text("logon_type"),
        device: text("device"),
        user_agent: text("user_agent"),
        action: text("action"),
        resource: text("resource"),
        http_method: text("http_method"),
        status_detail: text("status_detail"),
        severity: text("severity"),
        time_text: text("time_text"),
        reason: text("reason"),
        source: arc("source"),
        format: arc("format"),
        raw: (*b"raw").into(),
        parser: 11,
        length: 12,
        line: 13,
        lines: 14,
        src_port: Some(15),
        src_asn: Some(16),
        dst_port: Some(17),
        http_status: Some(18),
        bytes_in: Some(19),
        bytes_out: Some(20),
        count: 21,
        part_of: Some(22),
        generation: 23,
        offset: 24,
        opened: Some(25),
        src_ip: "192.0.2.1".parse().ok(),
        dst_ip: "192.0.2.2".parse().ok(),
        assigned_ip: "::ffff:192.0.2.3".parse().ok(),
        ..event(5)
    };
    let bare = Event {
        id: 6,
        offset: 25,
        source: arc("other"),
        time: None,
        user: None,
        src_ip: None,
        src_port: None,
        mfa: None,
        time_text: None,
        extra: Vec::new(),
        ..event(6)
    };
    store.commit(&Changes { events: vec![full, bare], ..Changes::default() }).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let mut statement = connection.prepare("SELECT * FROM events ORDER BY id").unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).unwrap();
    let row = rows.next().unwrap().unwrap();
    let numbers = [
        "parser",
        "length",
        "line",
        "lines",
        "src_port",
        "src_asn",
        "dst_port",
        "http_status",
        "bytes_in",
        "bytes_out",
        "count",
        "part_of",
        "generation",
        "offset",
        "opened",
    ];
    let mut texts = 0;
    for (at, name) in names.iter().enumerate() {
        if let Some(number) = numbers.iter().position(|n| n == name) {
            assert_eq!(row.get::<_, i64>(at).unwrap(), number as i64 + 11, "{name}");
        } else if let Some(text) =
            row.get::<_, Option<String>>(at).ok().flatten().filter(|text| names.contains(text))
        {
            assert_eq!(&text, name);
            texts += 1;
        }
    }
    assert_eq!(texts, 26);
    let addresses = ["src_ip", "dst_ip", "assigned_ip"].map(|name| row.get::<_, String>(name).unwrap());
    assert_eq!(addresses, ["192.0.2.1", "192.0.2.2", "::ffff:192.0.2.3"]);
    assert_eq!(row.get::<_, String>("time").unwrap(), at(5).to_string());
    // A row after a full one is not filled with its values.
    let row = rows.next().unwrap().unwrap();
    for name in [
        "time",
        "time_text",
        "user",
        "group",
        "http_status",
        "part_of",
        "opened",
        "assigned_ip",
        "extra",
        "reason",
        "mfa",
    ] {
        assert_eq!(row.get_ref(name).unwrap(), rusqlite::types::ValueRef::Null, "{name}");
    }
}

/// The rows of a query, each as a JSON array.
fn rows(directory: &Path, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(directory.join(FILE_NAME)).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_tunnel_is_one_row_with_what_all_its_lines_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &reading()).unwrap();
    let tunnel = |id: u64, activity: &'static str, opened: Option<u64>| Event {
        class: Class::Tunnel,
        activity,
        outcome: Outcome::Success,
        user: Some("ana".into()),
        opened,
        bytes_in: (activity == "close").then_some(id * 10),
        ..event(id)
    };
    let assigned = |id, opened| Event { assigned_ip: "10.0.0.9".parse().ok(), ..tunnel(id, "open", opened) };
    let events = vec![
        Event { user: None, ..tunnel(1, "open", None) },
        tunnel(2, "open", None),
        assigned(3, Some(1)),
        tunnel(4, "close", Some(2)),
        Event { bytes_in: None, ..tunnel(5, "close", Some(2)) },
        tunnel(6, "close", None),
        tunnel(7, "open", None),
        tunnel(8, "close", Some(7)),
        tunnel(9, "renew", Some(7)),
        Event { outcome: Outcome::Failure, ..tunnel(10, "open", None) },
        // Its end has an earlier stamp: clocks of two machines.
        Event { time: Some(at(20)), ..tunnel(11, "open", None) },
        Event { time: Some(at(19)), ..tunnel(12, "close", Some(11)) },
    ];
    store.commit(&Changes { events, ..Changes::default() }).unwrap();
    let sql = "SELECT json_array(opened_event, closed_event, user, assigned_ip, seconds, bytes_in) FROM vpn_sessions ORDER BY opened_event";
    let expected = [
        r#"[1,null,"ana","10.0.0.9",null,null]"#,
        r#"[2,5,"ana",null,3,40]"#,
        r#"[7,null,"ana",null,null,80]"#,
        r#"[11,12,"ana",null,0,120]"#,
    ];
    assert_eq!(rows(folder.path(), sql), expected);
}

#[test]
fn a_login_shows_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &reading()).unwrap();
    let login = |id: u64, class: Class, activity: &'static str, opened: Option<u64>| Event {
        class,
        activity,
        outcome: Outcome::Success,
        opened,
        ..event(id)
    };
    let of = Class::Authentication;
    let events = vec![
        login(1, of, "logon", None),
        login(2, of, "logon", Some(1)),
        login(3, of, "logon", None),
        login(4, Class::Session, "close", Some(1)),
        login(5, of, "logoff", Some(1)),
        event(6),
    ];
    store.commit(&Changes { events, ..Changes::default() }).unwrap();
    let sql = "SELECT json_array(id, user, closed_event, seconds, closed_at) FROM logins ORDER BY id";
    let end = at(5);
    let expected = [
        format!(r#"[1,"user1",5,4,"{end}"]"#),
        format!(r#"[2,"user2",5,3,"{end}"]"#),
        r#"[3,"user3",null,null,null]"#.to_owned(),
    ];
    assert_eq!(rows(folder.path(), sql), expected);
}

#[test]
fn sessions_are_found_without_a_scan_of_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let _store = store(folder.path());
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let plan = |sql: &str| -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    };
    for sql in [
        "SELECT * FROM vpn_sessions",
        "SELECT * FROM vpn_sessions WHERE user = 'ana' AND opened_at > '2026-11-23'",
        "SELECT user, sum(seconds) FROM vpn_sessions WHERE closed_at IS NULL GROUP BY user",
    ] {
        let plan = plan(sql);
        assert!(
            plan.contains("SCAN o USING INDEX event_tunnel") && !plan.contains("SCAN event"),
            "{sql}: {plan}"
        );
        assert!(plan.contains("SEARCH d USING INDEX event_opened (opened=?)"), "{sql}: {plan}");
        assert!(plan.contains("SEARCH c USING INTEGER PRIMARY KEY (rowid=?)"), "{sql}: {plan}");
    }
    for (sql, by) in [
        ("SELECT * FROM vpn_sessions WHERE source = 'gw'", "SEARCH o USING INDEX event_tunnel (source=?)"),
        ("SELECT * FROM logins WHERE user = 'ana'", "event_user (ANY(<expr>) AND user=?)"),
        ("SELECT * FROM logins WHERE time > '2026-11-23'", "event_at (at>?)"),
    ] {
        let plan = plan(sql);
        assert!(plan.contains(by) && !plan.contains("SCAN"), "{sql}: {plan}");
        assert!(plan.contains("SEARCH d USING INDEX event_opened (opened=?)"), "{sql}: {plan}");
    }
}

/// Runs the sqlite3 of the machine as a user who is in the group of the files and may not write them.
fn audit(directory: &Path, sql: &str) -> Result<String, String> {
    let uri = format!("file:{}?mode=ro", directory.join(FILE_NAME).display());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/sqlite3", &uri, sql]);
    let output = command.output().map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn an_auditor_without_write_permission_reads_running_killed_and_stopped() {
    let outer = tempfile::tempdir().unwrap();
    let directory = outer.path().join("state");
    std::fs::set_permissions(outer.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(&directory).unwrap();
    let able = std::os::unix::fs::chown(&directory, None, Some(65534)).is_ok()
        && Path::new("/usr/bin/sqlite3").exists();
    if !able
        || Command::new("setpriv")
            .args(["--reuid=65534", "--clear-groups", "--regid=65534", "true"])
            .output()
            .map_or(true, |o| !o.status.success())
    {
        eprintln!("skipped: needs root, setpriv and /usr/bin/sqlite3");
        return;
    }
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o2750)).unwrap();
    let views: Vec<&str> =
        PROMISED.lines().filter_map(|line| line.split_once('(')).map(|(view, _)| view).collect();
    let all: String = views.iter().map(|view| format!("SELECT * FROM {view};")).collect();
    let check = |when: &str| {
        assert_eq!(audit(&directory, "SELECT count(*) FROM events").as_deref(), Ok("8"), "{when}");
        audit(&directory, &all).unwrap_or_else(|e| panic!("{when}: {e}"));
        audit(&directory, "DELETE FROM event").expect_err("an auditor must not write");
    };
    let running = store(&directory);
    check("running");
    drop(running);
    check("killed");
    Store::open(&directory, &reading()).unwrap().close().unwrap();
    check("stopped");
}
