//! What a commit costs per event, against bare inserts of plain rows: the figures behind the indexes.
//! Run with `cargo test --release --test ledger_bench -- --ignored --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a test may panic, and says what it skipped"
)]
mod ledger_support;

use gatewatch::ledger::{FILE_NAME, Store};
use gatewatch::ports::Ledger;
use gatewatch::schema::*;
use ledger_support::*;
use rusqlite::{Connection, params};
use std::path::Path;

const BATCH: u64 = 4_096;
const BATCHES: u64 = 48;

/// sshd-like events of 5,000 users and 20,000 addresses, few of them busy, over four files.
fn sample(id: u64) -> Event {
    let mut x = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut draw = |n: u64| {
        x ^= x >> 29;
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 32;
        let unit = (x >> 11) as f64 / (1u64 << 53) as f64;
        (unit * unit * unit * n as f64) as u64
    };
    let (user, address, port) = (draw(5_000), draw(20_000), draw(60_000));
    let name = format!("user{user:04}");
    let ip = std::net::Ipv4Addr::new(203, 0, (address / 256) as u8, (address % 256) as u8);
    let raw =
        format!("Nov 24 06:00:00 gw-1 sshd[{port}]: Failed password for {name} from {ip} port {port} ssh2");
    Event {
        generation: 1 + id % 4,
        offset: id / 4 * 111,
        user: Some(name.into()),
        src_ip: Some(ip.into()),
        src_port: Some(port as u16),
        host: Some("gw-1".into()),
        app: Some("sshd".into()),
        auth_method: Some("password".into()),
        action: Some("Failed password".into()),
        session: Some(port.to_string().into()),
        raw: raw.into_bytes().into(),
        mfa: None,
        extra: Vec::new(),
        ..event(id)
    }
}

fn batch(number: u64) -> Vec<Event> {
    (number * BATCH + 1..=(number + 1) * BATCH).map(sample).collect()
}

/// The plain design: 15 columns of text and numbers, two online indexes, 4,096 rows per transaction.
struct Plain(Connection);

impl Plain {
    fn new(directory: &Path, indexes: bool) -> Plain {
        let connection = Connection::open(directory.join("plain.db")).unwrap();
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
            CREATE TABLE e (id INTEGER PRIMARY KEY, source TEXT, time TEXT, observed TEXT, class TEXT, activity TEXT, outcome TEXT,
            user TEXT, src_ip TEXT, src_port INTEGER, host TEXT, app TEXT, session TEXT, method TEXT, raw TEXT)").unwrap();
        if indexes {
            connection
                .execute_batch("CREATE INDEX a ON e (user, time); CREATE INDEX b ON e (src_ip, time)")
                .unwrap();
        }
        Plain(connection)
    }
    fn commit(&mut self, rows: &[[String; 4]], events: &[Event]) {
        let transaction = self.0.transaction().unwrap();
        {
            let mut s = transaction
                .prepare_cached("INSERT INTO e VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)")
                .unwrap();
            for (text, e) in rows.iter().zip(events) {
                s.execute(params![
                    e.id as i64,
                    e.source,
                    text[0],
                    text[1],
                    e.class.name(),
                    e.activity,
                    e.outcome.name(),
                    e.user.as_deref(),
                    text[2],
                    e.src_port,
                    e.host.as_deref(),
                    e.app.as_deref(),
                    e.session.as_deref(),
                    e.auth_method.as_deref(),
                    text[3]
                ])
                .unwrap();
            }
        }
        transaction.commit().unwrap();
    }
}

fn texts(e: &Event) -> [String; 4] {
    [e.time.unwrap().to_string(), e.observed_at.to_string(), e.src_ip.unwrap().to_string(), e.raw_text()]
}

/// CPU time of this thread: other work on the machine does not count.
fn cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[test]
#[ignore = "a measurement"]
fn ns_per_event() {
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut plain = Plain::new(folders[0].path(), true);
    let mut bare = Plain::new(folders[1].path(), false);
    let mut store = Store::open(folders[2].path(), &reading()).unwrap();
    let drop_indexes = std::env::var("DROP").unwrap_or_default();
    let edit = Connection::open(folders[2].path().join(FILE_NAME)).unwrap();
    for index in drop_indexes.split(',').filter(|name| !name.is_empty()) {
        edit.execute_batch(&format!("DROP INDEX {index}")).unwrap();
    }
    edit.execute_batch(&std::env::var("ADD").unwrap_or_default()).unwrap();
    drop(edit);
    let mut cpu = [0; 3];
    for number in 0..BATCHES {
        let events = batch(number);
        let rows: Vec<[String; 4]> = events.iter().map(texts).collect();
        let mut timed = |at: usize, work: &mut dyn FnMut()| {
            let start = cpu_ns();
            work();
            cpu[at] += cpu_ns() - start;
        };
        timed(0, &mut || plain.commit(&rows, &events));
        timed(1, &mut || bare.commit(&rows, &events));
        let changes = Changes { events, ..Changes::default() };
        timed(2, &mut || store.commit(&changes).unwrap());
    }
    let size = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().len() / (BATCH * BATCHES);
    store.close().unwrap();
    plain.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    for (at, name) in ["plain, 2 indexes", "plain, no index", "store"].into_iter().enumerate() {
        eprintln!("{name:18} {:6} ns CPU per event", cpu[at] / (BATCH * BATCHES));
    }
    eprintln!(
        "bytes per event: plain {}, store {}",
        size(folders[0].path().join("plain.db")),
        size(folders[2].path().join(FILE_NAME))
    );
}
