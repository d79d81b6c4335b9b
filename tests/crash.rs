//! Kills the real binary at random points while real files grow and rotate, and then counts.
//!
//! Faults injected: SIGKILL at any instant (start-up included), rename rotation every 3 s, both at once.
//! What must hold afterwards: every line token that was written is stored exactly once; no gap row; the end of
//! each login is linked to its beginning; each alert reached the relay once, or every further copy carries the same
//! Message-ID and says that it may repeat. The short form runs with every `cargo test`; the full one by
//!
//! ```text
//! cargo test --release --test crash -- --ignored --nocapture
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

#[path = "support/relay.rs"]
mod relay;

use relay::{Relay, Taken};
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Lines a second.
const RATE: u64 = 2_000;
/// Time between two rotations.
const ROTATE_EVERY: Duration = Duration::from_secs(3);
/// Every so many lines one belongs to an attack that must raise an alert.
const ATTACK_EVERY: u64 = 997;
/// Every so many lines somebody logs in.
const LOGIN_EVERY: u64 = 50;
/// The login ends so many lines later: a second, in which kills and rotations come.
const LOGIN_LINES: u64 = 2_002;

#[test]
fn twelve_kills_lose_and_double_nothing() {
    // The grammars alone take a build for tests half a second to read.
    let tally = storm(12, Duration::from_millis(100), Duration::from_millis(2_500));
    eprintln!("{tally}");
}

#[test]
#[ignore = "the full proof takes ten minutes; run it by name"]
fn five_hundred_kills_lose_and_double_nothing() {
    let tally = storm(500, Duration::from_millis(60), Duration::from_millis(1_900));
    println!("{tally}");
}

/// Runs the storm and checks everything; the text is for README.
fn storm(kills: u32, shortest: Duration, longest: Duration) -> String {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::accepting();
    let place = Place::new(folder.path(), relay.port());
    let done = Arc::new(AtomicBool::new(false));
    let writer = Writer { log: place.log.clone(), done: done.clone() };
    let writing = thread::spawn(move || writer.write());
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ u64::from(kills));
    for kill in 0..kills {
        let mut daemon = place.start();
        let span = (longest - shortest).as_millis() as u64;
        thread::sleep(shortest + Duration::from_millis(random.below(span)));
        assert!(
            daemon.try_wait().unwrap().is_none(),
            "the daemon ended by itself before kill {kill}: {}",
            place.said()
        );
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    done.store(true, Ordering::SeqCst);
    let Wrote { tokens, attackers, rotations } = writing.join().unwrap();
    let mut daemon = place.start();
    place.wait_until_stored(tokens, &mut daemon);
    let alerts = place.wait_until_mailed(&mut daemon);
    stop(&mut daemon, &place);
    let stored = place.check_tokens(tokens);
    assert_eq!(
        place.number("SELECT count(*) FROM gaps"),
        0,
        "gap rows: {}",
        place.text("SELECT group_concat(reason || ' ' || path) FROM gaps")
    );
    let logins = place.check_logins();
    let found = place.entities();
    let missed: Vec<&String> = attackers.iter().filter(|a| !found.contains(*a)).collect();
    assert!(missed.is_empty(), "attacks without a finding: {missed:?}");
    let (mails, repeats) = check_mails(&relay.mails(), &place);
    format!(
        "crash: {kills} kills, {rotations} rotations, {tokens} lines written, {stored} stored exactly once, 0 gap rows, \
         {logins} logins with their end, {alerts} alerts, {mails} mails, {repeats} marked repeats"
    )
}

/// The folder of one storm.
struct Place {
    folder: PathBuf,
    log: PathBuf,
}

impl Place {
    fn new(folder: &Path, port: u16) -> Place {
        let place = Place { folder: folder.to_owned(), log: folder.join("logs/auth.log") };
        fs::create_dir_all(folder.join("logs")).unwrap();
        File::create(&place.log).unwrap();
        let config = format!(
            r#"[store]
directory = "{state}"
[[source]]
name = "gate"
format = "linux-auth"
paths = ["{log}"]
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
name = "Ana"
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
            state = folder.join("state").display(),
            log = place.log.display()
        );
        fs::write(folder.join("gatewatch.toml"), config).unwrap();
        place
    }

    fn start(&self) -> Child {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("stderr")).unwrap();
        Command::new(env!("CARGO_BIN_EXE_gatewatch"))
            .args(["run", "--config"])
            .arg(self.folder.join("gatewatch.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn said(&self) -> String {
        let text = fs::read_to_string(self.folder.join("stderr")).unwrap_or_default();
        text.chars().rev().take(2_000).collect::<Vec<_>>().into_iter().rev().collect()
    }

    fn database(&self) -> Option<Connection> {
        Connection::open_with_flags(self.folder.join("state/gatewatch.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .ok()
    }

    fn number(&self, sql: &str) -> i64 {
        let database = self.database().expect("the store opens read-only");
        database.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn text(&self, sql: &str) -> String {
        let database = self.database().expect("the store opens read-only");
        database.query_row(sql, [], |row| row.get::<_, Option<String>>(0)).ok().flatten().unwrap_or_default()
    }

    fn wait_until_stored(&self, tokens: u64, daemon: &mut Child) {
        let until = Instant::now() + Duration::from_secs(120);
        loop {
            let begun = self.folder.join("state/gatewatch.db").exists();
            let stored = if begun { self.number("SELECT count(*) FROM events") } else { 0 };
            if stored >= i64::try_from(tokens).unwrap() {
                return;
            }
            assert!(
                daemon.try_wait().unwrap().is_none(),
                "the daemon ended while catching up: {}",
                self.said()
            );
            assert!(
                Instant::now() < until,
                "{stored} of {tokens} lines stored after two minutes: {}",
                self.said()
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until nothing is owed any more; returns how many first notices there are.
    fn wait_until_mailed(&self, daemon: &mut Child) -> i64 {
        let until = Instant::now() + Duration::from_secs(240);
        let owed = "SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending', 'uncertain')";
        while self.number(owed) > 0 {
            assert!(daemon.try_wait().unwrap().is_none(), "the daemon ended while mailing: {}", self.said());
            assert!(Instant::now() < until, "{} mails still owed: {}", self.number(owed), self.said());
            thread::sleep(Duration::from_millis(200));
        }
        self.number("SELECT count(*) FROM notifications WHERE kind = 'notice'")
    }

    fn check_tokens(&self, tokens: u64) -> u64 {
        let database = self.database().expect("the store opens read-only");
        let mut statement = database.prepare("SELECT raw FROM events").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let mut seen = vec![0u8; usize::try_from(tokens).unwrap()];
        for raw in rows {
            let raw = raw.unwrap();
            let token = raw.rsplit("token=").next().unwrap().split(':').next().unwrap();
            let token: usize = token.parse().unwrap_or_else(|_| panic!("torn line: {raw}"));
            seen[token] = seen[token].saturating_add(1);
        }
        let lost: Vec<usize> = (0..seen.len()).filter(|token| seen[*token] == 0).take(10).collect();
        let doubled: Vec<usize> = (0..seen.len()).filter(|token| seen[*token] > 1).take(10).collect();
        assert!(lost.is_empty() && doubled.is_empty(), "lost {lost:?}, doubled {doubled:?}");
        tokens
    }

    /// Every end of a login is linked to the beginning of that very login.
    fn check_logins(&self) -> i64 {
        let ends = "FROM events c LEFT JOIN events o ON o.id = c.opened WHERE c.activity = 'logoff' AND c.user LIKE 'u%'";
        let alone = format!("SELECT group_concat(c.raw, char(10)) {ends} AND o.user IS NOT c.user");
        assert_eq!(self.text(&alone), "", "ends of logins that are not linked to their beginning");
        let paired = self.number(&format!("SELECT count(*) {ends}"));
        assert!(paired > 0, "no login ended");
        paired
    }

    fn entities(&self) -> BTreeSet<String> {
        let database = self.database().expect("the store opens read-only");
        let mut statement =
            database.prepare("SELECT entity FROM findings WHERE rule = 'auth-brute-force-source'").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(|entity| entity.unwrap()).collect()
    }
}

fn stop(daemon: &mut Child, place: &Place) {
    let id = rustix::process::Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let until = Instant::now() + Duration::from_secs(12);
    loop {
        if let Some(status) = daemon.try_wait().unwrap() {
            assert!(status.success(), "SIGTERM ended with {status}: {}", place.said());
            return;
        }
        assert!(Instant::now() < until, "SIGTERM did not end the daemon within 12 s: {}", place.said());
        thread::sleep(Duration::from_millis(50));
    }
}

/// Mails with one Message-ID: the first plain, each further one marked. None that the store does not know.
fn check_mails(taken: &[Taken], place: &Place) -> (usize, usize) {
    let mut copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in taken {
        let text = String::from_utf8_lossy(&mail.body).into_owned();
        let id = header(&text, "Message-ID").expect("every mail has a Message-ID");
        copies.entry(id).or_default().push(text);
    }
    let mut repeats = 0;
    for (id, texts) in &copies {
        for text in &texts[1..] {
            repeats += 1;
            let attempt = header(text, "X-Gatewatch-Attempt").and_then(|n| n.parse::<u32>().ok());
            assert!(attempt.is_some_and(|n| n > 1), "a second copy of {id} does not say that it repeats");
        }
    }
    let known = place.number("SELECT count(DISTINCT message_id) FROM notifications WHERE state = 'accepted'");
    assert_eq!(known, i64::try_from(copies.len()).unwrap(), "the relay and the store know different mails");
    (copies.len(), repeats)
}

fn header(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next()?;
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let line = unfolded
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with(&format!("{}:", name.to_ascii_lowercase())))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Writes tokens at the rate, rotates by rename, keeps every generation.
struct Writer {
    log: PathBuf,
    done: Arc<AtomicBool>,
}

struct Wrote {
    tokens: u64,
    attackers: BTreeSet<String>,
    rotations: u32,
}

impl Writer {
    fn write(&self) -> Wrote {
        let begun = Instant::now();
        let mut file = OpenOptions::new().append(true).open(&self.log).unwrap();
        let mut wrote = Wrote { tokens: 0, attackers: BTreeSet::new(), rotations: 0 };
        let mut rotated = Instant::now();
        while !self.done.load(Ordering::SeqCst) {
            let due = begun.elapsed().as_millis() as u64 * RATE / 1_000;
            let mut text = String::new();
            while wrote.tokens < due {
                text.push_str(&line(wrote.tokens, &mut wrote.attackers));
                wrote.tokens += 1;
            }
            file.write_all(text.as_bytes()).unwrap();
            if rotated.elapsed() >= ROTATE_EVERY {
                file = self.rotate(&mut wrote.rotations);
                rotated = Instant::now();
            }
            thread::sleep(Duration::from_millis(5));
        }
        wrote
    }

    /// `auth.log.1` becomes `.2` and so on, the live file becomes `.1`: what logrotate does with `create`.
    fn rotate(&self, rotations: &mut u32) -> File {
        let name = |n: u32| PathBuf::from(format!("{}.{n}", self.log.display()));
        for n in (1..=*rotations).rev() {
            fs::rename(name(n), name(n + 1)).unwrap();
        }
        fs::rename(&self.log, name(1)).unwrap();
        *rotations += 1;
        OpenOptions::new().create(true).append(true).open(&self.log).unwrap()
    }
}

/// Ordinary sessions of jobs, some logins with their end; every so often one line of an attack, five of which make an alert.
fn line(token: u64, attackers: &mut BTreeSet<String>) -> String {
    let stamp = stamp();
    if token.is_multiple_of(ATTACK_EVERY) {
        let number = token / ATTACK_EVERY;
        let attacker = format!("203.0.113.{}", number / 5 % 250);
        if number % 5 == 4 {
            attackers.insert(format!("src_ip={attacker}"));
        }
        return format!(
            "{stamp} gate sshd[{}]: Failed password for root from {attacker} port 4242 ssh2 token={token}\n",
            100 + token % 30_000
        )
        .replace(" token=", ": KEY token=");
    }
    let logs_in = |token: u64| token % LOGIN_EVERY == 7 && !token.is_multiple_of(ATTACK_EVERY);
    if logs_in(token) {
        return format!(
            "{stamp} gate vsftpd[{}]: pam_unix(vsftpd:session): session opened for user u{token} by (uid=0) token={token}\n",
            100 + token % 30_000
        );
    }
    if let Some(began) = token.checked_sub(LOGIN_LINES).filter(|began| logs_in(*began)) {
        return format!(
            "{stamp} gate vsftpd[{}]: pam_unix(vsftpd token={token}:session): session closed for user u{began}\n",
            100 + began % 30_000
        );
    }
    format!(
        "{stamp} gate cron[{}]: pam_unix(cron:session): session closed for user backup token={token}\n",
        100 + token % 30_000
    )
}

fn stamp() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    gatewatch::cli::samples::syslog_stamp(gatewatch::schema::Timestamp(now as i64 * 1_000_000))
}

/// xorshift64: the points of the kills need no better.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }
}
