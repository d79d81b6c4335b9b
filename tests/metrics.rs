//! `/metrics`, `/healthz` and `/readyz` of a running daemon, and the rules and the board that are made of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper that cannot help is a failed test, and a skipped test says so"
)]
#![allow(clippy::disallowed_methods, reason = "tests run on the machine's own clock and programs")]
#![allow(dead_code, reason = "the helpers are shared with tests/e2e.rs")]

#[path = "metrics/exposition.rs"]
mod exposition;
#[path = "e2e/gate.rs"]
mod gate;
#[path = "e2e/machine.rs"]
mod machine;

use gate::{Gate, text};
use machine::{can, free_port, program, wait_for};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Status line and body.
fn ask(port: u16, path: &str) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.lines().next()?.to_owned(), body.to_owned()))
}

fn promtool(args: &[&str], input: &str) -> Option<(bool, String)> {
    let mut command = Command::new(program("promtool")?);
    command.current_dir(root().join("packaging/prometheus")).args(args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some((output.status.success(), text(&output.stdout) + &text(&output.stderr)))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_running_daemon_tells_what_it_counts() {
    let mut gate = Gate::new();
    let port = free_port();
    let mail = format!(
        "[[person]]\nid = \"ana\"\nemail = [\"ana@example.org\"]\n[metrics]\nlisten = \"127.0.0.1:{port}\"\n"
    );
    gate.configure(&[("vpn-1", "linux-auth", "a.log")], &mail);
    let failures = |from: u32, to: u32| -> String {
        let one = |n| {
            format!(
                "Nov 24 06:00:0{n} h sshd[{n}]: Failed password for root from 203.0.113.9 port 4{n} ssh2\n"
            )
        };
        (from..to).map(one).collect()
    };
    gate.append("a.log", &failures(0, 5));
    gate.append("a.log", "what nobody understands\n");
    gate.start();
    wait_for("the daemon to be ready", Duration::from_secs(20), || {
        ask(port, "/readyz").is_some_and(|(status, _)| status.contains(" 200 "))
    });
    assert_eq!(ask(port, "/healthz").unwrap().1, "ok\n");
    let page = || ask(port, "/metrics").unwrap().1;
    let mut samples = exposition::Samples::new();
    wait_for("the notice to be counted", Duration::from_secs(20), || {
        samples = exposition::read(&page()).unwrap_or_else(|why| panic!("{why}"));
        samples.get("gatewatch_notifications_total{kind=\"notice\",state=\"accepted\"}") == Some(&1.0)
    });
    for (series, wanted) in [
        ("gatewatch_lines_read_total{source=\"vpn-1\"}", 6.0),
        ("gatewatch_unparsed_total{source=\"vpn-1\"}", 1.0),
        ("gatewatch_events_total{source=\"vpn-1\",outcome=\"failure\"}", 5.0),
        ("gatewatch_lag_bytes{source=\"vpn-1\"}", 0.0),
        ("gatewatch_findings_total{rule=\"auth-brute-force-source\",verdict=\"opened\"}", 1.0),
        ("gatewatch_incidents{status=\"open\"}", 1.0),
        ("gatewatch_mail_attempts_total{result=\"accepted\"}", 1.0),
        ("gatewatch_promises_total{clock=\"notify\",state=\"met\"}", 1.0),
        ("gatewatch_promises_total{clock=\"notify\",state=\"breached\"}", 0.0),
        ("gatewatch_gaps_total{source=\"vpn-1\",reason=\"truncated\"}", 0.0),
    ] {
        assert_eq!(samples.get(series), Some(&wanted), "{series}\n{}", page());
    }
    let bytes = fs::metadata(gate.path("a.log")).unwrap().len();
    assert_eq!(samples.get("gatewatch_bytes_read_total{source=\"vpn-1\"}"), Some(&(bytes as f64)));
    let left = samples.get("gatewatch_deadline_seconds{clock=\"acknowledge\"}").unwrap();
    assert!((0.0..900.0).contains(left), "{left}");
    assert!(samples.get("gatewatch_commit_seconds_count").unwrap() > &1.0);
    let families: BTreeSet<String> = samples.keys().map(|series| family(series)).collect();
    let written = families_in_source();
    assert!(families.is_subset(&written), "{:?}", families.difference(&written));
    if can("promtool check metrics", &["promtool"], false) {
        let (good, said) = promtool(&["check", "metrics"], &page()).unwrap();
        assert!(good && said.is_empty(), "{said}");
    }
    assert_eq!(gate.stop(), Some(0));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_port_that_is_taken_ends_the_start_and_a_reload_opens_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut gate = Gate::new();
    gate.append("a.log", "");
    let listen = |port: u16| format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n");
    gate.configure(&[("a", "linux-auth", "a.log")], &listen(port));
    let output = gate.run(&["run"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains(&format!("listen 127.0.0.1:{port}")), "{said}");
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    gate.start();
    drop(taken);
    assert!(ask(port, "/healthz").is_none(), "nobody asked for a console");
    gate.configure(&[("a", "linux-auth", "a.log")], &listen(port));
    gate.tell(&["reload"]);
    assert!(ask(port, "/healthz").is_some());
    gate.configure(&[("a", "linux-auth", "a.log")], "");
    gate.tell(&["reload"]);
    wait_for("the console to close", Duration::from_secs(5), || ask(port, "/healthz").is_none());
    let other = "[metrics]\nlisten = \"0.0.0.0:9590\"\n";
    gate.configure(&[("a", "linux-auth", "a.log")], other);
    assert!(text(&gate.run(&["check"]).stdout).contains("without a login"));
}

/// A series' family.
fn family(series: &str) -> String {
    let name = series.split('{').next().unwrap_or_default();
    let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
    base.unwrap_or(name).to_owned()
}

/// Every word of a text that is the name of a metric of ours.
fn names(text: &str) -> BTreeSet<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    parts.filter(|word| word.starts_with("gatewatch_")).map(family).collect()
}

/// Every family that the program can show, also those without samples at the moment.
fn families_in_source() -> BTreeSet<String> {
    names(&fs::read_to_string(root().join("src/shell/metrics/page.rs")).unwrap())
}

#[test]
fn every_metric_of_the_rules_and_of_the_board_exists_and_is_used() {
    let written = families_in_source();
    assert!(written.len() > 20, "{written:?}");
    let mut used = BTreeSet::new();
    for file in
        ["prometheus/gatewatch.rules.yml", "prometheus/gatewatch.rules.test.yml", "grafana/gatewatch.json"]
    {
        let text = fs::read_to_string(root().join("packaging").join(file)).unwrap();
        let named = names(&text);
        assert!(named.is_subset(&written), "{file}: {:?}", named.difference(&written));
        used.extend(named);
    }
    assert_eq!(used, written, "a metric that no panel shows");
    let board: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root().join("packaging/grafana/gatewatch.json")).unwrap())
            .unwrap();
    let ids: BTreeSet<i64> =
        board["panels"].as_array().unwrap().iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), board["panels"].as_array().unwrap().len(), "each panel has an id of its own");
}

#[test]
fn the_alert_rules_do_what_they_say() {
    if !can("promtool check rules, test rules", &["promtool"], false) {
        return;
    }
    for args in
        [&["check", "rules", "gatewatch.rules.yml"][..], &["test", "rules", "gatewatch.rules.test.yml"]]
    {
        let (good, said) = promtool(args, "").unwrap();
        assert!(good, "{said}");
    }
}
