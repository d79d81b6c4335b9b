//! The command line and the daemon under bad input and bad circumstances: what is said, with which exit
//! code, and that nothing is lost or changed. Needs no service besides the program itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper that cannot help is a failed test, and a skipped test says so"
)]
#![allow(clippy::disallowed_methods, reason = "tests run on the machine's own clock and programs")]
#![allow(dead_code, reason = "the helpers are shared with tests/e2e.rs")]

#[path = "cli/daemon.rs"]
mod daemon;
#[path = "e2e/gate.rs"]
mod gate;
#[path = "cli/life.rs"]
mod life;
#[path = "e2e/machine.rs"]
mod machine;
#[path = "cli/records.rs"]
mod records;
#[path = "cli/store.rs"]
mod store;

use gate::{BINARY, Gate, objects, text};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Exit code and stderr of a command that must fail.
fn refused(output: &Output) -> (i32, String) {
    let code = output.status.code().expect("no signal ended it");
    assert_ne!(code, 0, "{}", text(&output.stdout));
    (code, text(&output.stderr))
}

#[test]
fn five_mistakes_are_told_at_once_each_with_its_place() {
    let gate = Gate::new();
    let file = gate.write(
        "gatewatch.toml",
        r#"[store]
directory = "state"
retention = "a while"
[[source]]
name = "a"
format = "opnvpn"
paths = ["/nowhere/a.log"]
colour = "red"
[[source]]
name = "a"
format = "sshd"
paths = ["/nowhere/b.log"]
[[person]]
id = "ana"
email = ["ana@example.org"]
[[policy]]
id = "p"
[[policy.step]]
after = "0m"
notify = ["person:bob"]
[[route]]
policy = "p"
"#,
    );
    let output = gate.run(&["check"]);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    // (line, column, a word of the message); the columns are those of the wrong value or key.
    let places = [(3, 13, "a while"), (6, 10, "openvpn"), (8, 1, "colour"), (10, 8, "a"), (20, 11, "bob")];
    for (line, column, word) in places {
        let place = format!("{}:{line}:{column}: error: ", file.display());
        let found = said.lines().find(|told| told.starts_with(&place));
        assert!(found.is_some_and(|told| told.contains(word)), "no {place}...{word} in\n{said}");
    }
    let problems = objects(&text(&gate.run(&["check", "--json"]).stdout));
    let errors: Vec<&Value> = problems.iter().filter(|one| one["severity"] == "error").collect();
    assert_eq!(errors.len(), places.len(), "{problems:#?}");
    assert!(problems.last().unwrap()["summary"].is_object(), "{problems:#?}");
    let (code, told) = refused(&gate.run(&["run"]));
    assert_eq!(code, 3);
    assert!(told.contains("openvpn") && told.contains("bob"), "the start tells them all, too: {told}");
    assert!(!gate.state().exists(), "a refused start makes nothing");
}

#[test]
fn an_unknown_format_names_the_nearest() {
    let gate = Gate::new();
    let log = gate.write("a.log", "a line\n");
    let output = Command::new(BINARY).args(["parse", "--format", "opnvpn"]).arg(log).output().unwrap();
    let (code, told) = refused(&output);
    assert_eq!(code, 2);
    assert!(told.contains("`openvpn`"), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn usage_errors_exit_with_2_and_missing_files_with_4() {
    for args in
        [&["parse"][..], &["frobnicate"], &["query"], &["incident", "ack"], &["run", "--no-such-flag"]]
    {
        let (code, told) = refused(&Command::new(BINARY).args(args).output().unwrap());
        assert_eq!(code, 2, "{args:?}: {told}");
        assert!(!told.is_empty(), "{args:?} is silent");
    }
    let output = Command::new(BINARY).args(["parse", "--format", "sshd", "/nowhere/a.log"]).output().unwrap();
    let (code, told) = refused(&output);
    assert!(code == 4 && told.contains("/nowhere/a.log"), "{code}: {told}");
    let output = Command::new(BINARY).args(["query", "--state", "/nowhere", "SELECT 1"]).output().unwrap();
    let (code, told) = refused(&output);
    assert!(code == 4 && told.contains("/nowhere"), "{code}: {told}");
}

#[test]
fn a_secret_that_others_may_read_is_refused() {
    let gate = Gate::new();
    let secret = gate.write("secret", "hunter2\n");
    let relay = format!(
        "[mail]\nfrom = \"g@example.org\"\n[[mail.relay]]\nhost = \"smtp.example.org\"\nusername = \"g\"\npassword_file = \"{}\"\n\
         [[person]]\nid = \"ana\"\nemail = [\"ana@example.org\"]\n",
        secret.display()
    );
    gate.configure(&[("a", "sshd", "a.log")], &relay);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    for command in ["check", "run"] {
        let output = gate.run(&[command]);
        let told = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{command}: {told}");
        assert!(told.contains("secret") && told.contains("0600"), "what is wrong, and what is right: {told}");
        assert!(!told.contains("hunter2"), "the secret itself is told: {told}");
    }
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    gate.tell(&["check"]);
}

/// Lines that want to be something else in a terminal, in JSON and in a regular expression.
const HOSTILE: &[&[u8]] = &[
    b"Nov 24 06:00:00 h sshd[1]: Failed password for root\x1b[2J\x1b]0;owned\x07 from 203.0.113.9 port 4 ssh2",
    b"Nov 24 06:00:00 h sshd[1]: Failed password for invalid user a from 198.51.100.1 port 1 ssh2 from 203.0.113.9 port 5 ssh2",
    b"Nov 24 06:00:00 h sshd[1]: Failed password for \xff\xfe\xc3\x28 from 203.0.113.9 port 6 ssh2",
    b"Nov 24 06:00:00 h sshd[1]: Failed password for \xe2\x80\xaeroot\xe2\x80\xac from 203.0.113.9 port 7 ssh2",
    b"{\"user\":\"a\",\"user\":\"b\",\"x\":\"\\u001b[31m\"}",
    b"\r\x0b\x0c\x1b\x9b\x85",
    b"\xc2\x9b31m\xc2\x85next\xe2\x80\xa8line",
    b"}{][\\\"'`$(reboot)%n%s",
    b"Nov 24 06:00:00 h sshd[1]: \x00\x00\x00",
];

#[test]
fn hostile_lines_become_one_clean_object_each() {
    for format in ["auto", "linux-auth", "json", "nginx", "openvpn"] {
        let mut child = Command::new(BINARY)
            .args(["parse", "--format", format, "--assume-now", "2026-11-24T07:00:00Z", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = HOSTILE.join(&b"\n"[..]);
        input.extend_from_slice(&[b"\n", vec![b'a'; 300_000].as_slice(), b"\n"].concat());
        child.stdin.take().unwrap().write_all(&input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}");
        let raw = output.stdout.iter().find(|byte| (**byte < 0x20 && **byte != b'\n') || **byte == 0x7f);
        assert_eq!(raw, None, "{format}: a raw control character");
        let printed = String::from_utf8(output.stdout).expect("valid UTF-8");
        let evil = printed.chars().find(|c| matches!(*c, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
        assert_eq!(evil, None, "{format}: a character that controls terminals or directions");
        let events = objects(&printed);
        let lines: Vec<u64> = events.iter().map(|event| event["line"].as_u64().unwrap()).collect();
        assert_eq!(lines, (1..=HOSTILE.len() as u64 + 1).collect::<Vec<_>>(), "{format}");
        assert!(
            events.last().unwrap()["flags"].to_string().contains("truncated"),
            "{format}: {:?}",
            events.last().unwrap()["flags"]
        );
        if format == "linux-auth" {
            assert_eq!(events[1]["src_ip"], "203.0.113.9", "the address is the last one: {}", events[1]);
            assert_eq!(events[1]["user"], "a from 198.51.100.1 port 1 ssh2", "{}", events[1]);
        }
    }
}

#[test]
fn completions_and_manual_pages_are_generated() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(BINARY).args(["completions", shell]).output().unwrap();
        assert!(output.status.success());
        let script = text(&output.stdout);
        assert!(script.contains("incident") && script.contains("assume-now"), "{shell}: {script}");
    }
    let gate = Gate::new();
    let output = Command::new(BINARY).arg("man").arg(gate.path("man")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    for page in ["gatewatch.1", "gatewatch-run.1", "gatewatch-query.1"] {
        let text = fs::read_to_string(gate.path("man").join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}: {text}");
    }
    let (code, _) = refused(&Command::new(BINARY).arg("man").arg("/proc/nowhere").output().unwrap());
    assert_eq!(code, 4);
}

#[test]
fn queries_only_read_and_end_in_time() {
    let mut gate = Gate::new();
    gate.append(
        "a.log",
        "Nov 24 06:00:00 h sshd[1]: Failed password for root from 203.0.113.9 port 4 ssh2\n",
    );
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    gate.start();
    gate.wait_for_number("SELECT count(*) FROM events", 1, Duration::from_secs(10));
    let evil = gate.path("evil.db");
    let attach = format!("ATTACH '{}' AS evil", evil.display());
    let vacuum = format!("VACUUM INTO '{}'", evil.display());
    for sql in [
        "INSERT INTO event (id) VALUES (7)",
        "DELETE FROM events",
        "DROP VIEW events",
        "PRAGMA user_version = 9",
        "SELECT 1; SELECT 2",
        "CREATE TABLE t (x)",
        "WITH x AS (SELECT 1) DELETE FROM event",
        "",
        &attach,
        &vacuum,
    ] {
        let output = gate.run(&["query", sql]);
        let (code, told) = refused(&output);
        assert_eq!(code, 2, "{sql}: {told}");
        assert!(told.contains("SELECT"), "{sql}: {told}");
    }
    assert!(!evil.exists());
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let begun = Instant::now();
    let (code, told) = refused(&gate.run(&["query", "--timeout", "1", endless]));
    assert!(code == 4 && told.contains("1 s"), "{code}: {told}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(
        gate.rows("SELECT user, src_ip FROM failed_logins"),
        [serde_json::json!({"user": "root", "src_ip": "203.0.113.9"})]
    );
    assert_eq!(gate.stop(), Some(0));
}

#[test]
fn without_a_configuration_the_state_is_in_the_working_directory() {
    if fs::exists("/etc/gatewatch/gatewatch.toml").unwrap() {
        machine::skip("run without a configuration", "this machine has one");
        return;
    }
    let mut gate = Gate::new();
    let mut command = Command::new(BINARY);
    command.current_dir(gate.folder.path()).arg("run");
    gate.start_as(command);
    let state = gate.path("gatewatch-state");
    let ask =
        |args: &[&str]| Command::new(BINARY).current_dir(gate.folder.path()).args(args).output().unwrap();
    machine::wait_for("the daemon", Duration::from_secs(20), || {
        state.join("control.sock").exists() && text(&ask(&["status", "--json"]).stdout).contains("sources\":")
    });
    let status: Value = serde_json::from_slice(&ask(&["status", "--json"]).stdout).unwrap();
    assert!(status["rules"]["loaded"].as_u64().unwrap() > 0, "{status}");
    let mode = fs::metadata(state.join("gatewatch.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
    let names: Vec<String> = fs::read_dir(gate.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        names.iter().filter(|name| *name != "daemon.log").collect::<Vec<_>>(),
        ["gatewatch-state"],
        "nothing else was made"
    );
}
