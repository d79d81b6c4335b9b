//! The running daemon: relays that are down, signals, reloads that are refused.

use crate::gate::{BINARY, Gate};
use crate::machine::{can, free_port, skip, wait_for};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;
use std::time::Duration;

/// Five failures of one address: what the shipped rules find.
fn attack(user: &str) -> String {
    (0..5)
        .map(|n| {
            format!(
                "Nov 24 06:00:0{n} h sshd[{n}]: Failed password for {user} from 203.0.113.9 port 4{n} ssh2\n"
            )
        })
        .collect()
}

#[test]
fn a_relay_that_is_down_is_told_and_the_notice_waits() {
    let mut gate = Gate::new();
    gate.append("a.log", &attack("root"));
    let port = free_port();
    let mail = format!(
        "[mail]\nfrom = \"g@example.org\"\n[[mail.relay]]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         [[person]]\nid = \"ana\"\nemail = [\"ana@example.org\"]\n"
    );
    gate.configure(&[("a", "linux-auth", "a.log")], &mail);
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 5, Duration::from_secs(10));
    wait_for("status to tell of the relay", Duration::from_secs(45), || gate.is_degraded("relay"));
    gate.check_alive();
    let status = gate.status();
    assert_eq!(status["status"], "degraded");
    let owed = status["outbox"]["pending"].as_u64().unwrap() + status["outbox"]["sending"].as_u64().unwrap();
    assert!(owed > 0, "{status}");
    let kept = gate.rows(
        "SELECT DISTINCT state IN ('pending', 'sending') AS kept FROM notifications WHERE kind = 'notice'",
    );
    assert_eq!(kept, [json!({"kept": 1})]);
    let tries = gate.rows("SELECT DISTINCT result, instr(relay, '127.0.0.1') > 0 AS named FROM attempts");
    assert_eq!(tries, [json!({"result": "deferred", "named": 1})]);
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
    assert_eq!(gate.run(&["status"]).status.code(), Some(1), "without a daemon, status is degraded");
}

#[test]
fn sigterm_leaves_an_empty_log_behind_and_the_next_start_goes_on() {
    let mut gate = Gate::new();
    gate.append("a.log", &attack("root"));
    // A line without its end is not one yet.
    gate.append("a.log", "Nov 24 06:00:09 h sshd[9]: Failed password for ro");
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 5, Duration::from_secs(10));
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
    let wal = fs::metadata(gate.path("state/gatewatch.db-wal")).unwrap();
    assert_eq!(wal.len(), 0);
    assert!(gate.path("state/gatewatch.db-shm").exists(), "auditors without write right need it");
    assert_eq!(gate.number("SELECT count(*) FROM events"), Some(5), "readable without a daemon");
    gate.append("a.log", "ot from 203.0.113.9 port 49 ssh2\n");
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 6, Duration::from_secs(10));
    assert_eq!(
        gate.rows("SELECT user FROM events WHERE id = (SELECT max(id) FROM events)"),
        [json!({"user": "root"})]
    );
    assert_eq!(gate.number("SELECT count(*) FROM gaps"), Some(0));
    assert_eq!(gate.stop(), Some(0));
}

const RULE: &str = r#"title: Somebody tries the account backup
id: own-backup-tried
logsource:
    category: authentication
detection:
    selection:
        outcome: failure
        user: backup
    condition: selection
level: high
gatewatch:
    incident_type: own
    owner: soc
    control: C1
"#;

#[test]
fn a_reload_with_a_broken_rule_keeps_the_old_set_and_says_why() {
    let mut gate = Gate::new();
    let rule = gate.write("rules/own.yml", RULE);
    gate.append("a.log", "");
    let rules = format!("[detect]\nrules = [\"{}\"]\n", gate.path("rules").display());
    gate.configure(&[("a", "linux-auth", "a.log")], &rules);
    gate.start();
    let loaded = gate.status()["rules"]["loaded"].clone();
    fs::write(&rule, RULE.replace("condition: selection", "condition: selektion and")).unwrap();
    gate.daemon().signal("HUP");
    wait_for("the refusal", Duration::from_secs(10), || gate.said().contains("reload refused"));
    let said = gate.said();
    let why = said.lines().find(|line| line.contains("reload refused")).unwrap();
    assert!(why.contains("own.yml"), "the file: {why}");
    gate.check_alive();
    assert_eq!(gate.status()["rules"]["loaded"], loaded);
    gate.append(
        "a.log",
        "Nov 24 06:00:00 h sshd[1]: Failed password for backup from 203.0.113.9 port 4 ssh2\n",
    );
    gate.wait_for_number(
        "SELECT count(*) FROM findings WHERE rule = 'own-backup-tried'",
        1,
        Duration::from_secs(10),
    );
    // A good one is taken.
    fs::write(&rule, RULE.replace("user: backup", "user: www-data")).unwrap();
    gate.daemon().signal("HUP");
    wait_for("the reload", Duration::from_secs(10), || gate.said().contains("\"reloaded\""));
    gate.append(
        "a.log",
        "Nov 24 06:00:01 h sshd[2]: Failed password for www-data from 203.0.113.9 port 5 ssh2\n",
    );
    gate.wait_for_number(
        "SELECT count(*) FROM findings WHERE rule = 'own-backup-tried'",
        2,
        Duration::from_secs(10),
    );
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}

/// A program as an account without rights; root could read everything.
fn as_nobody(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", program]);
    command
}

#[test]
fn a_log_that_may_not_be_read_is_told_and_read_from_where_it_stood() {
    let test = "a log that may not be read";
    if !can(test, &["setpriv"], true) {
        return;
    }
    if !as_nobody(BINARY).arg("--version").output().is_ok_and(|output| output.status.success()) {
        skip(test, "the program's folder is closed to other accounts");
        return;
    }
    let mut gate = Gate::new();
    fs::create_dir(gate.state()).unwrap();
    chown(gate.state(), Some(65_534), Some(65_534)).unwrap();
    gate.append("a.log", &attack("root"));
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    let start = |gate: &mut Gate| {
        let mut command = as_nobody(BINARY);
        command.arg("--config").arg(gate.path("gatewatch.toml")).arg("run");
        gate.start_as(command);
        wait_for("the daemon to be ready", Duration::from_secs(20), || gate.answers());
    };
    start(&mut gate);
    gate.wait_for_number("SELECT count(*) FROM events", 5, Duration::from_secs(10));
    assert_eq!(gate.stop(), Some(0));
    let log = gate.path("a.log");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).unwrap();
    gate.append("a.log", &attack("admin"));
    start(&mut gate);
    wait_for("status to tell of the log", Duration::from_secs(10), || {
        let refused = gate.status()["sources"][0]["refused"].to_string();
        refused.contains("a.log") && refused.contains("denied")
    });
    assert_eq!(gate.number("SELECT count(*) FROM events"), Some(5));
    fs::set_permissions(&log, fs::Permissions::from_mode(0o644)).unwrap();
    gate.wait_for_number("SELECT count(*) FROM events", 10, Duration::from_secs(10));
    assert_eq!(gate.number("SELECT count(DISTINCT raw) FROM events"), Some(10));
    assert_eq!(gate.number("SELECT count(*) FROM gaps"), Some(0));
    wait_for("status to be well again", Duration::from_secs(10), || {
        gate.status()["sources"][0]["refused"] == json!([])
    });
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
}
