//! The lines of one day: Monday, 2 March 2026, UTC, in all logs of the company.

use super::rng::Rng;
use super::town::Town;

/// Midnight at which the day begins, in seconds since 1970.
pub const MIDNIGHT: i64 = 1_772_409_600;
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A log: its name and the format that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Log {
    Linux,
    Audit,
    OpenVpn,
    FortiGate,
    Web,
    Windows,
    Okta,
    Entra,
    Database,
    Aws,
    GitHub,
}

impl Log {
    pub const ALL: [Log; 11] = [
        Log::Linux,
        Log::Audit,
        Log::OpenVpn,
        Log::FortiGate,
        Log::Web,
        Log::Windows,
        Log::Okta,
        Log::Entra,
        Log::Database,
        Log::Aws,
        Log::GitHub,
    ];

    pub fn format(self) -> &'static str {
        match self {
            Log::Linux => "linux-auth",
            Log::Audit => "auditd",
            Log::OpenVpn => "openvpn",
            Log::FortiGate => "fortigate",
            Log::Web => "nginx",
            Log::Windows => "windows-security",
            Log::Okta => "okta",
            Log::Entra => "entra-audit",
            Log::Database => "postgresql",
            Log::Aws => "cloudtrail",
            Log::GitHub => "github-audit",
        }
    }
}

/// The day while it is written.
pub struct Day {
    pub rng: Rng,
    /// (milliseconds since midnight, log, line)
    pub lines: Vec<(i64, Log, String)>,
    /// Gives process, session, record and port numbers.
    serial: u64,
}

impl Day {
    /// A whole day of a company; the same seed gives the same lines.
    pub fn of(seed: u64) -> Day {
        let mut day = Day { rng: Rng::new(seed), lines: Vec::new(), serial: 1_000 };
        let town = Town::new(&mut day.rng);
        super::windows::write(&mut day, &town);
        super::identity::write(&mut day, &town);
        super::vpn::write(&mut day, &town);
        super::web::write(&mut day, &town);
        super::servers::write(&mut day, &town);
        super::cloud::write(&mut day, &town);
        day.lines.retain(|(at, _, _)| (0..DAY).contains(at));
        day.lines.sort_by_key(|(at, log, _)| (*at, *log));
        day
    }

    pub fn put(&mut self, at: i64, log: Log, line: String) {
        self.lines.push((at, log, line));
    }

    /// A number that was not given before.
    pub fn next(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub fn port(&mut self) -> u64 {
        40_000 + self.next() % 20_000
    }

    /// Some milliseconds between the two.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        self.rng.between(from, to)
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.rng.below(1_000) < per_mille
    }
}

fn clock(at: i64) -> (i64, i64, i64) {
    (at / HOUR, at / MINUTE % 60, at / 1_000 % 60)
}

/// `2026-03-02T08:00:00.123Z`
pub fn rfc3339(at: i64) -> String {
    let (hour, minute, second) = clock(at);
    format!("2026-03-02T{hour:02}:{minute:02}:{second:02}.{:03}Z", at % 1_000)
}

/// `2026-03-02T08:00:00Z`
pub fn iso(at: i64) -> String {
    let (hour, minute, second) = clock(at);
    format!("2026-03-02T{hour:02}:{minute:02}:{second:02}Z")
}

/// `Mar  2 08:00:00`
pub fn bsd(at: i64) -> String {
    let (hour, minute, second) = clock(at);
    format!("Mar  2 {hour:02}:{minute:02}:{second:02}")
}

/// `2026-03-02 08:00:00`
pub fn plain(at: i64) -> String {
    let (hour, minute, second) = clock(at);
    format!("2026-03-02 {hour:02}:{minute:02}:{second:02}")
}

/// `02/Mar/2026:08:00:00 +0000`
pub fn apache(at: i64) -> String {
    let (hour, minute, second) = clock(at);
    format!("02/Mar/2026:{hour:02}:{minute:02}:{second:02} +0000")
}

/// Seconds since 1970, as the audit daemon writes them.
pub fn epoch(at: i64) -> String {
    format!("{}.{:03}", MIDNIGHT + at / 1_000, at % 1_000)
}
