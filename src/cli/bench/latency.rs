//! From a line written to a mail accepted, through the whole running service, at 1,000 lines/s; and how
//! late escalation steps start.

use super::sink;
use crate::cli::{Failure, samples};
use crate::host::clock::SystemClock;
use crate::ledger::read::Reader;
use crate::ports::Clock;
use crate::schema::{Span, Timestamp};
use crate::shell::{Options, Service};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Lines a second.
const RATE: i64 = 1_000;
/// Attacks a second: each makes one critical or high incident with one first mail.
const ATTACKS_PER_SECOND: i64 = 4;
/// When the second step is due after the start of an incident.
const STEP: Span = Span::seconds(3);

/// What was measured, in milliseconds.
pub struct Latency {
    /// First mails.
    pub mails: usize,
    /// Median.
    pub p50: i64,
    /// 99th percentile.
    pub p99: i64,
    /// The slowest.
    pub worst: i64,
    /// Second-step mails.
    pub escalations: usize,
    /// The latest one after its due time.
    pub late: i64,
}

impl Latency {
    /// For people.
    pub fn as_text(&self) -> String {
        format!(
            "  {} first mails: median {} ms, p99 {} ms, worst {} ms; {} escalations, latest {} ms after due",
            self.mails, self.p50, self.p99, self.worst, self.escalations, self.late
        )
    }
}

/// Runs the service for so many seconds under load.
///
/// # Errors
/// A [`Failure`] when the service cannot run, or an attack raised no mail.
pub fn measure(seconds: u64, folder: &Path) -> Result<Latency, Failure> {
    let (port, taken) = sink::start().map_err(Failure::runtime)?;
    let log = prepare(folder, port).map_err(Failure::runtime)?;
    let options = Options { config: Some(folder.join("gatewatch.toml")), ..Options::default() };
    let mut service = Service::open(options).map_err(crate::cli::run::failure)?;
    let stopper = service.stopper();
    let writer = std::thread::spawn(move || {
        let written = write_load(&log, seconds);
        // The last escalations become due while nothing is written.
        rest(Duration::from_micros(STEP.0.unsigned_abs()) + Duration::from_secs(2));
        stopper.stop();
        written
    });
    service.serve(&mut |_, _| {}).map_err(crate::cli::run::failure)?;
    service.close().map_err(crate::cli::run::failure)?;
    let written = writer
        .join()
        .map_err(|_| Failure::runtime("the load's writer broke off"))?
        .map_err(Failure::runtime)?;
    let taken = taken.lock().map(|list| list.clone()).unwrap_or_default();
    evaluate(folder, &written, &taken).map_err(Failure::runtime)
}

fn prepare(folder: &Path, port: u16) -> io::Result<PathBuf> {
    let log = folder.join("auth.log");
    fs::create_dir_all(folder)?;
    File::create(&log)?;
    let config = format!(
        "[store]\ndirectory = \"{state}\"\n[[source]]\nname = \"gate\"\nformat = \"linux-auth\"\npaths = [\"{log}\"]\n\
         [mail]\nfrom = \"gatewatch@bench.invalid\"\ndomain = \"bench.invalid\"\n\
         [[mail.relay]]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         [[person]]\nid = \"a\"\nname = \"A\"\nemail = [\"a@bench.invalid\"]\n\
         [[person]]\nid = \"b\"\nname = \"B\"\nemail = [\"b@bench.invalid\"]\n\
         [[policy]]\nid = \"p\"\nnotify_within = \"30m\"\nacknowledge_within = \"15m\"\n\
         [[policy.step]]\nafter = \"0s\"\nnotify = [\"person:a\"]\n[[policy.step]]\nafter = \"{step}s\"\nnotify = [\"person:b\"]\n\
         [[route]]\npolicy = \"p\"\n",
        state = folder.join("state").display(),
        log = log.display(),
        step = STEP.0 / 1_000_000,
    );
    fs::write(folder.join("gatewatch.toml"), config)?;
    Ok(log)
}

/// Writes the load; returns for each attacker when the line was written that completes the attack.
fn write_load(log: &Path, seconds: u64) -> io::Result<BTreeMap<String, Timestamp>> {
    let clock = SystemClock::new().map_err(io::Error::other)?;
    let mut file = OpenOptions::new().append(true).open(log)?;
    let begun = clock.now();
    let (mut lines, mut attacks, mut written) = (0i64, 0i64, BTreeMap::new());
    loop {
        let now = clock.now();
        let elapsed = Span(now.boottime.0 - begun.boottime.0);
        if elapsed.0 >= i64::try_from(seconds).unwrap_or(60) * 1_000_000 {
            return Ok(written);
        }
        while lines < elapsed.0 * RATE / 1_000_000 {
            let n = lines.unsigned_abs() * 10 + 5;
            file.write_all(format!("{}\n", samples::ordinary("sshd", n, now.utc)).as_bytes())?;
            lines += 1;
        }
        if attacks < elapsed.0 * ATTACKS_PER_SECOND / 1_000_000 {
            let address = format!("198.18.{}.{}", attacks / 250, attacks % 250 + 1);
            file.write_all(attack(&address, attacks, now.utc).as_bytes())?;
            written.insert(format!("src_ip={address}"), clock.now().utc);
            attacks += 1;
        }
        rest(Duration::from_millis(2));
    }
}

/// Five failures and a success: a critical finding, so its mail is never held back.
fn attack(address: &str, n: i64, at: Timestamp) -> String {
    let stamp = samples::syslog_stamp(at);
    let failure = |i: i64| {
        format!(
            "{stamp} gate sshd[{}]: Failed password for root from {address} port {} ssh2\n",
            31_000 + (n * 7 + i) % 900,
            2_000 + i
        )
    };
    let success =
        format!("{stamp} gate sshd[30999]: Accepted password for root from {address} port 2999 ssh2\n");
    (0..6).map(failure).chain([success]).collect()
}

#[expect(clippy::disallowed_methods, reason = "the load is written in real time")]
fn rest(time: Duration) {
    std::thread::sleep(time);
}

fn evaluate(
    folder: &Path,
    written: &BTreeMap<String, Timestamp>,
    taken: &[(String, Timestamp)],
) -> Result<Latency, Box<dyn std::error::Error>> {
    let sql = "SELECT n.message_id, n.step, i.entity, i.detected_at FROM notifications n JOIN incidents i ON i.id = n.incident \
         WHERE n.kind IN ('notice', 'escalation') AND n.state = 'accepted'";
    let reader = Reader::open(&folder.join("state"))?;
    let rows = reader.rows(sql, [])?;
    let at: BTreeMap<&str, Timestamp> = taken.iter().rev().map(|(id, at)| (id.as_str(), *at)).collect();
    let (mut first, mut late) = (BTreeMap::new(), Vec::new());
    for row in rows {
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, entity, detected) = (text("message_id"), text("entity"), text("detected_at"));
        let step = row.get("step").and_then(Value::as_i64).unwrap_or(0);
        let Some(accepted) = at.get(id.as_str()) else { continue };
        if step > 0 {
            let due = Timestamp::parse_rfc3339(&detected).ok_or("a stored time is no RFC 3339")? + STEP;
            late.push((*accepted - due).0 / 1_000);
        } else if let Some(wrote) = written.get(&entity) {
            first.insert(entity, (*accepted - *wrote).0 / 1_000);
        }
    }
    if first.len() < written.len() {
        return Err(format!("{} of {} attacks raised a mail", first.len(), written.len()).into());
    }
    let mut times: Vec<i64> = first.into_values().collect();
    times.sort_unstable();
    let rank = |share: f64| {
        times.get(((times.len() as f64 * share).ceil() as usize).max(1) - 1).copied().unwrap_or(0)
    };
    Ok(Latency {
        mails: times.len(),
        p50: rank(0.5),
        p99: rank(0.99),
        worst: rank(1.0),
        escalations: late.len(),
        late: late.into_iter().max().unwrap_or(0),
    })
}
