//! Kills the real binary again and again while a relay fails in twelve ways, and somebody acknowledges in between.
//!
//! What must hold afterwards: every incident was told or answered, and the relay and the store know the same mails (0
//! lost); a second copy of a mail has the same Message-ID and says that it may repeat (0 unmarked); no mail that tells of
//! an incident begins after its acknowledgement was answered (0 late). The short form runs with every `cargo test`; the
//! full one by
//!
//! ```text
//! cargo test --release --test crash_mail -- --ignored --nocapture
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

use gatewatch::desk::{self, Ask, Deed, Word};
use relay::{Call, Do, Offer, Relay, Stage, Taken};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How the relay fails, each for one life of the daemon.
const MODES: [(&str, Stage, Do); 12] = [
    ("it takes everything", Stage::Banner, Do::Usual),
    ("421 and a cut", Stage::Banner, Do::SayAndCut("421 4.3.2 shutting down")),
    ("no banner", Stage::Banner, Do::Hang),
    ("452 to the sender", Stage::Mail, Do::Say("452 4.3.1 too many messages")),
    ("greylisting", Stage::Rcpt, Do::Say("451 4.7.1 greylisted, try again later")),
    ("550 to the first address", Stage::Rcpt, Do::Say("550 5.1.1 no such user")),
    ("a cut at DATA", Stage::Data, Do::Cut),
    ("a cut in the body", Stage::Body, Do::Cut),
    ("554 to the content", Stage::Dot, Do::Say("554 5.7.1 spam")),
    ("a cut after the dot", Stage::Dot, Do::Cut),
    ("silence after the dot", Stage::Dot, Do::Hang),
    ("an answer without end", Stage::Dot, Do::Endless),
];
const GOOD: usize = 0;
const FIRST_ADDRESS: usize = 5;
const CONTENT: usize = 8;
/// A letter that was claimed before an acknowledgement is in its session within this.
const CLAIMED_BEFORE: Duration = Duration::from_secs(3);

#[test]
fn a_dozen_kills_in_twelve_failures_lose_and_repeat_nothing() {
    eprintln!("{}", storm(12, 700, 1_800));
}

#[test]
#[ignore = "the full proof takes half an hour; run it by name"]
fn a_thousand_kills_in_twelve_failures_lose_and_repeat_nothing() {
    println!("{}", storm(1_000, 150, 1_700));
}

fn storm(kills: usize, shortest: u64, longest: u64) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (mode, began) = (Arc::new(AtomicUsize::new(GOOD)), Arc::new(Mutex::new(BTreeMap::new())));
    let relay = failing(mode.clone(), began.clone());
    let place = Place::new(folder.path(), relay.port());
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ kills as u64);
    let mut answered: BTreeMap<String, Instant> = BTreeMap::new();
    for kill in 0..kills {
        mode.store(kill % MODES.len(), Ordering::SeqCst);
        place.attack(kill);
        let mut daemon = place.start();
        thread::sleep(Duration::from_millis(shortest + random.below(longest - shortest)));
        if kill % 3 == 2 {
            answered.extend(place.acknowledge_one(&mut random));
        }
        let ended = daemon.try_wait().unwrap();
        assert!(ended.is_none(), "the daemon ended by itself before kill {kill}: {}", place.said());
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    mode.store(GOOD, Ordering::SeqCst);
    let mut daemon = place.start();
    place.wait_until_quiet(kills, &mut daemon);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let mails: Vec<Taken> = relay.mails().into_iter().filter(|mail| mail.accepted).collect();
    let repeats = check_copies(&mails, &place);
    place.check_told(&mails);
    let late = mails.iter().filter(|mail| is_late(mail, &answered, &began.lock().unwrap())).count();
    assert_eq!(late, 0, "mails that began after the acknowledgement");
    assert!(
        !answered.is_empty(),
        "no incident was acknowledged in all these lives: half of the proof did not run"
    );
    for id in answered.keys() {
        let kept =
            format!("SELECT count(*) FROM incidents WHERE id = '{id}' AND acknowledged_at IS NOT NULL");
        assert_eq!(place.number(&kept), 1, "the acknowledgement of {id} was answered, and is lost");
    }
    format!(
        "crash_mail: {kills} kills in {} failure modes, {} mails of {} incidents: 0 lost, {repeats} repeats, 0 of them unmarked, \
         {} acknowledgements, 0 mails after them",
        MODES.len(),
        mails.len(),
        place.number("SELECT count(*) FROM incidents"),
        answered.len()
    )
}

/// A relay that fails in the present mode, and remembers when each session began.
fn failing(mode: Arc<AtomicUsize>, began: Arc<Mutex<BTreeMap<usize, Instant>>>) -> Relay {
    Relay::start(Offer::default(), move |call: Call| {
        if call.stage == Stage::Banner {
            began.lock().unwrap().insert(call.session, Instant::now());
        }
        let present = mode.load(Ordering::SeqCst);
        let (_, stage, what) = &MODES[present];
        let spared = match present {
            FIRST_ADDRESS => !call.line.contains("ana@example.org"),
            CONTENT => !String::from_utf8_lossy(call.body).contains("text/html"),
            _ => false,
        };
        if call.stage == *stage && !spared { what.clone() } else { Do::Usual }
    })
}

/// Whether the mail tells of an incident, in a session that began after its acknowledgement.
fn is_late(mail: &Taken, answered: &BTreeMap<String, Instant>, began: &BTreeMap<usize, Instant>) -> bool {
    let telling = ["notice", "escalation", "repeat", "fallback"].contains(&&*mail.header("X-Gatewatch-Kind"));
    let answered = answered.get(&mail.header("X-Gatewatch-Incident"));
    let late =
        answered.zip(began.get(&mail.session)).is_some_and(|(at, began)| *began > *at + CLAIMED_BEFORE);
    telling && late
}

/// Copies of one mail: each further one says that it may repeat. The store knows the same mails as the relay.
fn check_copies(mails: &[Taken], place: &Place) -> usize {
    let mut copies: BTreeMap<String, Vec<&Taken>> = BTreeMap::new();
    for mail in mails {
        copies.entry(mail.header("Message-ID")).or_default().push(mail);
    }
    let mut repeats = 0;
    for (id, mails) in &copies {
        for mail in &mails[1..] {
            repeats += 1;
            let attempt = mail.header("X-Gatewatch-Attempt").parse::<u32>();
            assert!(attempt.is_ok_and(|n| n > 1), "a second copy of {id} does not say that it repeats");
        }
        let known = place.number(&format!("SELECT count(*) FROM notifications WHERE message_id = '{id}'"));
        assert!(known > 0, "the store does not know {id}");
    }
    let database = place.database();
    let sql = "SELECT DISTINCT message_id FROM notifications WHERE state = 'accepted'";
    let mut statement = database.prepare(sql).unwrap();
    for id in statement.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        let id = id.unwrap();
        assert!(copies.contains_key(&id), "{id} is accepted, and no relay has it");
    }
    repeats
}

struct Place {
    folder: PathBuf,
    log: PathBuf,
}

impl Place {
    fn new(folder: &Path, port: u16) -> Place {
        let place = Place { folder: folder.to_owned(), log: folder.join("auth.log") };
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
email = ["ana@example.org", "ana@example.net"]
[[person]]
id = "lead"
name = "Lead"
email = ["lead@example.org"]
[[policy]]
id = "p"
[[policy.step]]
after = "0s"
notify = ["person:ana"]
[[policy.step]]
after = "2s"
notify = ["person:lead"]
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

    /// Five refused logins of an address of its own: an incident of its own.
    fn attack(&self, number: usize) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let stamp =
            gatewatch::cli::samples::syslog_stamp(gatewatch::schema::Timestamp(now as i64 * 1_000_000));
        let from = format!("198.{}.{}.{}", 18 + number / 62_500, number / 250 % 250, 1 + number % 250);
        let line = format!("{stamp} gate sshd[77]: Failed password for root from {from} port 4242 ssh2\n");
        let mut file = OpenOptions::new().append(true).open(&self.log).unwrap();
        file.write_all(line.repeat(5).as_bytes()).unwrap();
    }

    /// Acknowledges an open incident; its id, and when the answer was there.
    fn acknowledge_one(&self, random: &mut Random) -> Option<(String, Instant)> {
        let sql = "SELECT id FROM incidents WHERE status = 'open' ORDER BY number";
        let database = Connection::open_with_flags(self.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        let mut statement = database.prepare(sql).ok()?;
        let open: Vec<String> = statement.query_map([], |row| row.get(0)).ok()?.flatten().collect();
        let id = open.get(random.below(open.len() as u64) as usize)?.clone();
        let deed = Deed { verb: Word::Acknowledge, incident: Some(id.clone()), ..Deed::default() };
        let socket = self.folder.join("state").join(desk::SOCKET_NAME);
        let answer = desk::call(&socket, &Ask::Act(Box::new(deed))).ok()?;
        answer.ok.then(|| (id, Instant::now()))
    }

    fn path(&self) -> PathBuf {
        self.folder.join("state/gatewatch.db")
    }

    fn database(&self) -> Connection {
        Connection::open_with_flags(self.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    fn number(&self, sql: &str) -> i64 {
        self.database().query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn said(&self) -> String {
        let text = fs::read_to_string(self.folder.join("stderr")).unwrap_or_default();
        text.chars().rev().take(2_000).collect::<Vec<_>>().into_iter().rev().collect()
    }

    /// Until every attack has its incident, and nothing is owed any more.
    fn wait_until_quiet(&self, attacks: usize, daemon: &mut Child) {
        let until = Instant::now() + Duration::from_secs(420);
        let owed = "SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending', 'uncertain')";
        loop {
            thread::sleep(Duration::from_millis(300));
            assert!(daemon.try_wait().unwrap().is_none(), "the daemon ended by itself: {}", self.said());
            let attacked = "SELECT count(*) FROM findings WHERE rule = 'auth-brute-force-source'";
            let (found, owed) = (self.number(attacked), self.number(owed));
            if found >= attacks as i64 && owed == 0 {
                return;
            }
            let why = format!("{found} of {attacks} found, {owed} mails still owed");
            assert!(Instant::now() < until, "{why}: {}", self.said());
        }
    }

    /// Each incident was answered, or the relay has a mail that tells of it.
    fn check_told(&self, mails: &[Taken]) {
        let database = self.database();
        let mut statement =
            database.prepare("SELECT id, number FROM incidents WHERE acknowledged_at IS NULL").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)));
        for row in rows.unwrap() {
            let (id, number) = row.unwrap();
            let told = mails.iter().any(|mail| mail.header("X-Gatewatch-Incident") == id);
            assert!(told, "nobody has been told of incident {number}");
        }
    }
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
