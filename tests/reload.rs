//! Reloads the real binary again and again while logs grow and rotate, and then counts.
//!
//! Between two reloads a rule comes, goes, changes or breaks. What must hold afterwards: every line that was written is
//! stored exactly once; an attack that began before a reload and ended after it is found once; each notice is mailed
//! once; the journal has a row for each reload, and one with the reason for each that was refused; the store has every
//! version of the rule that changed. The short form runs with every `cargo test`; the full one by
//!
//! ```text
//! cargo test --release --test reload -- --ignored --nocapture
//! ```
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may panic and print; the test runs on the machine's own clock and programs"
)]
#![allow(dead_code, reason = "the helpers are shared with tests/e2e.rs")]

#[path = "e2e/gate.rs"]
mod gate;
#[path = "e2e/machine.rs"]
mod machine;
#[path = "support/relay.rs"]
mod relay;

use gate::{Gate, header, text};
use machine::{reached, wait_for};
use relay::Relay;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Lines a second.
const RATE: u64 = 1_000;
/// Every so many lines one belongs to an attack: five make one, over two seconds and several reloads.
const ATTACK_EVERY: u64 = 401;
/// Time between two rotations.
const ROTATE_EVERY: Duration = Duration::from_secs(2);

#[test]
fn fifty_reloads_under_load_lose_and_double_nothing() {
    eprintln!("{}", storm(50));
}

#[test]
#[ignore = "the full proof takes some minutes; run it by name"]
fn a_thousand_reloads_under_load_lose_and_double_nothing() {
    println!("{}", storm(1_000));
}

fn storm(reloads: u64) -> String {
    let relay = Relay::accepting();
    let mut gate = configured(relay.port());
    gate.start();
    let done = Arc::new(AtomicBool::new(false));
    let writer = Writer { log: gate.path("logs/auth.log"), done: done.clone() };
    let writing = thread::spawn(move || writer.write());
    let store = Store(gate.store());
    let (mut good, mut refused) = (0, 0);
    let mut slowest = Duration::ZERO;
    for n in 0..reloads {
        let broken = change_rules(&gate, n);
        let begun = Instant::now();
        gate.daemon().signal("HUP");
        (good, refused) = if broken { (good, refused + 1) } else { (good + 1, refused) };
        let counts = (good, refused);
        let in_time = reached(Duration::from_secs(30), || {
            gate.check_alive();
            counts
                == (
                    store.number("SELECT count(*) FROM journal WHERE kind = 'reload'"),
                    store.number("SELECT count(*) FROM journal WHERE kind = 'reload-refused'"),
                )
        });
        assert!(in_time, "reload {n} is not in the journal after 30 s: {}", gate.said());
        slowest = slowest.max(begun.elapsed());
    }
    done.store(true, Ordering::SeqCst);
    let (tokens, attacks) = writing.join().unwrap();
    wait_for("every line to be stored", Duration::from_secs(60), || {
        store.number("SELECT count(*) FROM events") >= tokens.cast_signed()
    });
    let owed = "SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending', 'uncertain')";
    wait_for("every mail to go out", Duration::from_secs(120), || store.number(owed) == 0);
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
    store.check_tokens(tokens);
    assert_eq!(store.number("SELECT count(*) FROM gaps"), 0);
    let found = store.findings();
    for attack in &attacks {
        assert_eq!(
            found.get(attack),
            Some(&1),
            "the attack of {attack} was found another number of times than once"
        );
    }
    assert_eq!(found.len(), attacks.len(), "something was found that nobody did");
    let mails = check_mails(&relay, &store);
    check_history(&store, reloads);
    format!(
        "reload: {reloads} reloads ({refused} refused), {tokens} lines stored exactly once, {} attacks found once, {mails} mails once, \
         slowest reload {} ms",
        attacks.len(),
        slowest.as_millis()
    )
}

fn configured(port: u16) -> Gate {
    let gate = Gate::new();
    gate.append("logs/auth.log", "");
    fs::create_dir(gate.path("rules")).unwrap();
    let more = format!(
        r#"[detect]
rules = ["{}"]
[mail]
from = "gatewatch@example.org"
domain = "gatewatch.example.org"
max_per_recipient_per_hour = 10000
[[mail.relay]]
host = "127.0.0.1"
port = {port}
tls = "none"
[[person]]
id = "ana"
email = ["ana@example.org"]
[[policy]]
id = "p"
notify_within = "30m"
acknowledge_within = "15m"
[[policy.step]]
after = "0s"
notify = ["person:ana"]
[[route]]
policy = "p"
"#,
        gate.path("rules").display()
    );
    gate.configure(&[("gate", "linux-auth", "logs/auth.log")], &more);
    gate
}

/// What is other before reload `n`; whether it is broken. Every tenth is.
fn change_rules(gate: &Gate, n: u64) -> bool {
    let rule = |id: &str, user: &str, condition: &str| {
        format!(
            "title: Somebody tries {user}\nid: {id}\nlogsource:\n    category: authentication\ndetection:\n    selection:\n        \
             outcome: failure\n        user: {user}\n    condition: {condition}\nlevel: low\n\
             gatewatch:\n    incident_type: own\n    owner: soc\n    control: C1\n"
        )
    };
    if n % 10 == 9 {
        gate.write("rules/broken.yml", &rule("broken", "nobody", "selektion"));
        return true;
    }
    let _ = fs::remove_file(gate.path("rules/broken.yml"));
    gate.write("rules/changing.yml", &rule("changing", &format!("nobody{n}"), "selection"));
    match n % 2 {
        0 => drop(gate.write("rules/guest.yml", &rule("guest", "nobody", "selection"))),
        _ => drop(fs::remove_file(gate.path("rules/guest.yml"))),
    }
    false
}

/// The store, read as any SQLite client reads it.
struct Store(PathBuf);

impl Store {
    fn open(&self) -> Connection {
        Connection::open_with_flags(&self.0, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    fn number(&self, sql: &str) -> i64 {
        self.open().query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        let store = self.open();
        let mut select = store.prepare(sql).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn check_tokens(&self, tokens: u64) {
        let mut seen = vec![0u32; usize::try_from(tokens).unwrap()];
        for raw in self.texts("SELECT raw FROM events") {
            let token: usize =
                raw.rsplit("token=").next().unwrap().parse().unwrap_or_else(|_| panic!("torn: {raw}"));
            seen[token] += 1;
        }
        let other: Vec<usize> = (0..seen.len()).filter(|token| seen[*token] != 1).take(10).collect();
        assert!(other.is_empty(), "lines that are not stored exactly once: {other:?}");
    }

    /// How often the shipped rule about guessing found each source.
    fn findings(&self) -> BTreeMap<String, u32> {
        let mut found = BTreeMap::new();
        for entity in self.texts("SELECT entity FROM findings WHERE rule = 'auth-brute-force-source'") {
            *found.entry(entity).or_default() += 1;
        }
        found
    }
}

/// Each notification reached the relay once, under its own Message-ID.
fn check_mails(relay: &Relay, store: &Store) -> usize {
    let mut copies: BTreeMap<String, u32> = BTreeMap::new();
    for mail in relay.mails() {
        *copies.entry(header(&text(&mail.body), "Message-ID").unwrap()).or_default() += 1;
    }
    let doubled: Vec<&String> = copies.iter().filter(|(_, n)| **n > 1).map(|(id, _)| id).collect();
    assert!(doubled.is_empty(), "mailed twice: {doubled:?}");
    let known = store.texts("SELECT DISTINCT message_id FROM notifications WHERE state = 'accepted'");
    assert_eq!(copies.len(), known.len());
    assert_eq!(
        store.number("SELECT count(*) FROM incidents"),
        store.number(
            "SELECT count(DISTINCT incident) FROM notifications WHERE kind = 'notice' AND state = 'accepted'"
        ),
        "an incident that nobody was told of"
    );
    copies.len()
}

fn check_history(store: &Store, reloads: u64) {
    let changes = (0..reloads).filter(|n| n % 10 != 9).count();
    let versions = "SELECT count(*) FROM rule_versions WHERE id = 'changing' AND text LIKE '%nobody%'";
    assert_eq!(store.number(versions), changes as i64, "the store has every version of the changed rule");
    assert_eq!(store.number(&format!("{versions} AND replaced_at IS NULL")), 1);
    let told = "SELECT count(*) FROM journal WHERE kind = 'rule' AND subject = 'changing' AND detail LIKE 'changed from%'";
    assert_eq!(
        store.number(told),
        changes as i64 - 1,
        "each change is in the journal, after the rule was added"
    );
    let came =
        "SELECT count(*) FROM journal WHERE kind = 'rule' AND subject = 'guest' AND detail LIKE 'added%'";
    let went =
        "SELECT count(*) FROM journal WHERE kind = 'rule' AND subject = 'guest' AND detail LIKE 'removed%'";
    assert!(store.number(came) > 1 && (store.number(came) - store.number(went)).abs() <= 1);
    let reason = store.texts("SELECT detail FROM journal WHERE kind = 'reload-refused' LIMIT 1");
    assert!(reason[0].contains("broken.yml:9:16: error: ") && reason[0].contains("selection"), "{reason:?}");
    let unknown = "SELECT count(*) FROM findings f WHERE NOT EXISTS (
        SELECT 1 FROM rule_versions v WHERE v.id = f.rule AND v.version = f.rule_version)";
    assert_eq!(store.number(unknown), 0, "a finding whose rule's text is not stored");
}

/// Writes lines at the rate and rotates by rename.
struct Writer {
    log: PathBuf,
    done: Arc<AtomicBool>,
}

impl Writer {
    /// Returns how many lines there are, and the attacks that are complete.
    fn write(&self) -> (u64, Vec<String>) {
        let begun = Instant::now();
        let (mut file, mut rotated, mut rotations) = (open(&self.log), Instant::now(), 0);
        let (mut tokens, mut attacks) = (0u64, Vec::new());
        // An attack is brought to its end: half of one could count in the next.
        while !self.done.load(Ordering::SeqCst) || !tokens.is_multiple_of(ATTACK_EVERY * 5) {
            let due = begun.elapsed().as_millis() as u64 * RATE / 1_000;
            let mut text = String::new();
            while tokens < due
                && !(self.done.load(Ordering::SeqCst) && tokens.is_multiple_of(ATTACK_EVERY * 5))
            {
                text.push_str(&line(tokens, &mut attacks));
                tokens += 1;
            }
            file.write_all(text.as_bytes()).unwrap();
            if rotated.elapsed() >= ROTATE_EVERY {
                rotations = rotate(&self.log, rotations);
                (file, rotated) = (open(&self.log), Instant::now());
            }
            thread::sleep(Duration::from_millis(5));
        }
        (tokens, attacks)
    }
}

fn open(log: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(log).unwrap()
}

fn rotate(log: &Path, rotations: u32) -> u32 {
    let name = |n: u32| PathBuf::from(format!("{}.{n}", log.display()));
    for n in (1..=rotations).rev() {
        fs::rename(name(n), name(n + 1)).unwrap();
    }
    fs::rename(log, name(1)).unwrap();
    rotations + 1
}

fn line(token: u64, attacks: &mut Vec<String>) -> String {
    let stamp = stamp();
    if !token.is_multiple_of(ATTACK_EVERY) {
        return format!("{stamp} gate CRON[{token}]: (root) CMD (true) token={token}\n");
    }
    let number = token / ATTACK_EVERY;
    let attacker = format!("203.0.{}.{}", 113 + number / 5 / 250, number / 5 % 250);
    if number % 5 == 4 {
        attacks.push(format!("src_ip={attacker}"));
    }
    format!(
        "{stamp} gate sshd[{token}]: Failed password for root from {attacker} port 4242 ssh2: KEY token={token}\n"
    )
}

fn stamp() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    gatewatch::schema::Timestamp(now.as_micros() as i64).to_string()
}

/// Messages that the daemon sent to its service manager since the last call.
fn heard(manager: &UnixDatagram) -> Vec<String> {
    let mut space = [0; 4_096];
    std::iter::from_fn(|| {
        let length = manager.recv(&mut space).ok()?;
        Some(String::from_utf8(space[..length].to_vec()).unwrap())
    })
    .collect()
}

/// What `systemctl reload` does: it waits, fails where the reload was refused, and the manager is told of both.
#[test]
fn reload_tells_the_asker_the_manager_and_the_status() {
    let mut gate = configured(9);
    change_rules(&gate, 0);
    let manager = UnixDatagram::bind(gate.path("notify")).unwrap();
    manager.set_nonblocking(true).unwrap();
    let mut command = gate.command(&["run"]);
    command.env("NOTIFY_SOCKET", gate.path("notify"));
    gate.start_as(command);
    wait_for("the daemon to be ready", Duration::from_secs(20), || gate.answers());
    assert!(heard(&manager).contains(&"READY=1".to_owned()));

    let loaded = gate.status()["rules"]["loaded"].clone();
    change_rules(&gate, 9);
    let refused = gate.run(&["reload"]);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused.stderr));
    let told = text(&refused.stderr);
    assert!(
        told.contains("rules/broken.yml:9:16: error: ") && told.contains("everything stays as it was"),
        "{told}"
    );
    let order: Vec<String> = heard(&manager).into_iter().filter(|m| !m.starts_with("STATUS=h")).collect();
    let begun =
        order.iter().position(|m| m.starts_with("RELOADING=1\nMONOTONIC_USEC=")).expect("RELOADING=1");
    let ended = order.iter().rposition(|m| m == "READY=1").expect("READY=1");
    assert!(begun < ended, "{order:?}");
    assert!(
        order[begun..ended].iter().any(|m| m.starts_with("STATUS=degraded: reload: refused")),
        "{order:?}"
    );
    gate.check_alive();
    let status = gate.status();
    assert!(status["rules"]["loaded"] == loaded && gate.is_degraded("reload"), "{status}");
    assert!(status["degraded"][0]["why"].as_str().unwrap().contains("broken.yml:9:16"), "{status}");

    change_rules(&gate, 10);
    let told = gate.tell(&["reload"]);
    assert!(told.contains("in force") && told.contains("changed 1: changing"), "{told}");
    assert!(!gate.is_degraded("reload"), "a good reload ends it");
    assert_eq!(gate.tell(&["--json", "reload"]).lines().count(), 1);
    assert_eq!(gate.stop(), Some(0), "{}", gate.said());
    let nobody = gate.run(&["reload"]);
    assert!(
        nobody.status.code() == Some(4) && text(&nobody.stderr).contains("no daemon"),
        "{}",
        text(&nobody.stderr)
    );
}
