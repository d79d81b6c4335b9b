//! Ten thousand findings in less than a minute, each about another user, and a critical one among them: that one is
//! mailed alone within five seconds, and the counts of the digests that tell the others add up.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may panic and print; the test runs on the machine's own clock and programs"
)]

#[path = "support/relay.rs"]
mod relay;

use relay::{Call, Do, Offer, Relay, Stage, Taken};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const FINDINGS: usize = 10_000;
/// Where among them the critical one comes.
const CRITICAL_AT: usize = 6_500;
/// The lines come in so many pieces ...
const PIECES: usize = 100;
/// ... in this time.
const SPAN: Duration = Duration::from_secs(40);
/// A token each 15 s: the last ones of the storm need not wait long for their digest.
const PER_HOUR: u32 = 240;
const WITHIN: Duration = Duration::from_secs(5);

const RULES: &str = "title: A refused login
id: storm-each
status: stable
logsource: {category: authentication}
detection:
  failed: {outcome: failure}
  not_her: {user: mallory}
  condition: failed and not not_her
level: medium
---
title: The one that matters
id: storm-critical
status: stable
logsource: {category: authentication}
detection:
  failed: {outcome: failure, user: mallory}
  condition: failed
level: critical
";

#[test]
fn the_critical_one_in_a_storm_is_mailed_alone_and_the_counts_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let critical_at: Arc<Mutex<Option<Instant>>> = Arc::default();
    let seen = critical_at.clone();
    let relay = Relay::start(Offer::default(), move |call: Call| {
        let text = String::from_utf8_lossy(call.body);
        if call.stage == Stage::Dot && text.contains("X-Gatewatch-Severity: critical") {
            seen.lock().unwrap().get_or_insert_with(Instant::now);
        }
        Do::Usual
    });
    configure(folder.path(), relay.port());
    let mut daemon = start(folder.path());
    let written = write_lines(&folder.path().join("auth.log"));
    wait_until_told(folder.path(), &mut daemon);
    let arrived = critical_at.lock().unwrap().expect("the critical one was mailed");
    daemon.kill().unwrap();
    daemon.wait().unwrap();

    let took = arrived.saturating_duration_since(written);
    assert!(took <= WITHIN, "the critical one took {took:?}");
    let mails = relay.mails();
    let critical: Vec<&Taken> =
        mails.iter().filter(|mail| mail.header("X-Gatewatch-Severity") == "critical").collect();
    assert!(critical.iter().any(|mail| mail.header("X-Gatewatch-Kind") == "notice"), "alone, as a notice");

    let of_kind = |kind: &str| mails.iter().filter(|mail| mail.header("X-Gatewatch-Kind") == kind).count();
    let digests: Vec<&Taken> =
        mails.iter().filter(|mail| mail.header("X-Gatewatch-Kind") == "digest").collect();
    let told: usize = digests.iter().map(|m| m.header("X-Gatewatch-Count").parse::<usize>().unwrap()).sum();
    let alone = of_kind("notice");
    let rows = number(folder.path(), "SELECT count(*) FROM notifications WHERE kind = 'notice'");
    assert_eq!(alone + told, rows, "{alone} mails alone, {told} told in {} digests", digests.len());
    let ids: BTreeSet<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids.len(), mails.len(), "a message came twice");
    let findings = number(folder.path(), "SELECT count(*) FROM findings");
    let held = number(folder.path(), "SELECT sum(findings) FROM incidents");
    assert_eq!((findings, held), (FINDINGS, FINDINGS), "findings, and how many of them incidents hold");
    assert!(mails.len() <= PER_HOUR as usize + 10, "{} mails", mails.len());
    eprintln!(
        "storm: {FINDINGS} findings in {} s, {rows} notices: {alone} mailed alone, {told} in {} digests; the critical one in {took:?}",
        SPAN.as_secs(),
        digests.len()
    );
}

fn configure(folder: &Path, port: u16) {
    fs::create_dir(folder.join("rules")).unwrap();
    fs::write(folder.join("rules/storm.yml"), RULES).unwrap();
    fs::write(folder.join("auth.log"), "").unwrap();
    let config = format!(
        r#"[store]
directory = "{0}/state"
[[source]]
name = "gate"
format = "linux-auth"
paths = ["{0}/auth.log"]
[detect]
rules = ["{0}/rules"]
builtin = false
[mail]
from = "gatewatch@example.org"
domain = "gatewatch.example.org"
max_per_recipient_per_hour = {PER_HOUR}
[[mail.relay]]
host = "127.0.0.1"
port = {port}
tls = "none"
[[person]]
id = "ana"
name = "Ana"
email = ["ana@example.org"]
[[policy]]
id = "p"
[[policy.step]]
after = "0s"
notify = ["person:ana"]
[[route]]
policy = "p"
"#,
        folder.display()
    );
    fs::write(folder.join("gatewatch.toml"), config).unwrap();
}

fn start(folder: &Path) -> Child {
    let said = OpenOptions::new().create(true).append(true).open(folder.join("stderr")).unwrap();
    let daemon = Command::new(env!("CARGO_BIN_EXE_gatewatch"))
        .args(["run", "--config"])
        .arg(folder.join("gatewatch.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !folder.join("state/control.sock").exists() {
        let said = fs::read_to_string(folder.join("stderr")).unwrap_or_default();
        assert!(Instant::now() < until, "the daemon does not start: {said}");
        thread::sleep(Duration::from_millis(50));
    }
    daemon
}

/// Writes the lines at an even pace; returns when the critical one was written.
fn write_lines(log: &Path) -> Instant {
    let mut file = OpenOptions::new().append(true).open(log).unwrap();
    let (began, mut written) = (Instant::now(), None);
    for piece in 0..PIECES {
        let due = SPAN * u32::try_from(piece).unwrap() / u32::try_from(PIECES).unwrap();
        thread::sleep(due.saturating_sub(began.elapsed()));
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let stamp =
            gatewatch::cli::samples::syslog_stamp(gatewatch::schema::Timestamp(seconds as i64 * 1_000_000));
        let size = FINDINGS / PIECES;
        let range = piece * size..(piece + 1) * size;
        let user = |n: usize| if n == CRITICAL_AT { "mallory".to_owned() } else { format!("u{}", n * 7_919) };
        let line = |n: usize| {
            let (user, from) = (user(n), format!("198.51.{}.{}", n / 250 % 250, 1 + n % 250));
            format!("{stamp} gate sshd[77]: Failed password for {user} from {from} port 4242 ssh2\n")
        };
        let text: String = range.clone().map(line).collect();
        file.write_all(text.as_bytes()).unwrap();
        if range.contains(&CRITICAL_AT) {
            written = Some(Instant::now());
        }
    }
    written.unwrap()
}

fn wait_until_told(folder: &Path, daemon: &mut Child) {
    let until = Instant::now() + Duration::from_secs(240);
    let owed = "SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending', 'uncertain')";
    loop {
        thread::sleep(Duration::from_millis(500));
        assert!(daemon.try_wait().unwrap().is_none(), "the daemon ended by itself");
        let (found, owed) = (number(folder, "SELECT count(*) FROM findings"), number(folder, owed));
        if found == FINDINGS && owed == 0 {
            return;
        }
        assert!(Instant::now() < until, "{found} found, {owed} still owed");
    }
}

fn number(folder: &Path, sql: &str) -> usize {
    let path = folder.join("state/gatewatch.db");
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let n: i64 =
        database.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"));
    usize::try_from(n).unwrap()
}
