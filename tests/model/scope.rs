//! How much of what may happen: each scope is explored to its end.

use super::mutants::Kind;
use gatewatch::schema::Severity;

/// Bounds of one exploration.
#[derive(Clone, Debug)]
pub struct Scope {
    pub name: &'static str,
    /// Users and gravity of the lines that are there to be read, in order.
    pub lines: Vec<(&'static str, Severity)>,
    /// Units of true time.
    pub horizon: i64,
    pub budget: Budget,
    /// Whether everybody told so far is told again every four units.
    pub repeats: bool,
    /// Messages to one person in an hour before those that can wait are told in digests.
    pub per_hour: u32,
}

/// How often each thing may happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    pub crashes: u8,
    pub reboots: u8,
    pub outages: u8,
    /// Answers that are lost after the final dot.
    pub cuts: u8,
    /// Recipients refused for good.
    pub refusals: u8,
    /// UTC set by four units, forward or back.
    pub jumps: u8,
    /// The virtual machine is paused for three units: the boot clock stands still.
    pub pauses: u8,
    /// Suspended for three units: the boot clock goes on.
    pub suspends: u8,
    pub acks: u8,
    pub resolves: u8,
    pub reopens: u8,
    pub merges: u8,
    pub splits: u8,
    pub silences: u8,
    pub rosters: u8,
}

fn one() -> Scope {
    Scope {
        name: "calm",
        lines: vec![("eve", Severity::High)],
        horizon: 8,
        budget: Budget::default(),
        repeats: false,
        per_hour: 1_000,
    }
}

/// The scopes of each push.
pub fn short() -> Vec<Scope> {
    [faults(), acts()].concat()
}

/// What goes wrong by itself.
fn faults() -> Vec<Scope> {
    let b = Budget::default;
    vec![
        Scope {
            name: "crashes, outage, ack",
            horizon: 6,
            budget: Budget { crashes: 1, outages: 1, acks: 1, ..b() },
            ..one()
        },
        Scope {
            name: "clock set, crash",
            horizon: 5,
            budget: Budget { crashes: 1, jumps: 1, outages: 1, ..b() },
            ..one()
        },
        Scope {
            name: "paused, suspended",
            horizon: 8,
            budget: Budget { pauses: 1, outages: 1, suspends: 1, ..b() },
            ..one()
        },
        Scope {
            name: "rebooted, paused",
            horizon: 6,
            budget: Budget { reboots: 1, pauses: 1, outages: 1, ..b() },
            ..one()
        },
        Scope {
            name: "lost answers, refusals",
            horizon: 5,
            budget: Budget { crashes: 1, cuts: 1, refusals: 2, acks: 1, ..b() },
            ..one()
        },
    ]
}

/// What people do, with a fault or two.
fn acts() -> Vec<Scope> {
    let b = Budget::default;
    vec![
        Scope {
            name: "ack timeout, roster",
            horizon: 5,
            budget: Budget { crashes: 1, acks: 1, rosters: 1, ..b() },
            ..one()
        },
        Scope {
            name: "resolve, reopen, repeats",
            horizon: 4,
            budget: Budget { acks: 1, resolves: 1, reopens: 1, outages: 1, ..b() },
            repeats: true,
            ..one()
        },
        Scope {
            name: "two incidents, silence",
            lines: vec![("eve", Severity::High), ("bob", Severity::Critical)],
            horizon: 3,
            budget: Budget { crashes: 1, silences: 1, ..b() },
            ..one()
        },
        Scope {
            name: "merge, split",
            lines: vec![("eve", Severity::High), ("bob", Severity::High)],
            horizon: 3,
            budget: Budget { merges: 1, splits: 1, crashes: 1, ..b() },
            ..one()
        },
        Scope {
            name: "digests",
            lines: vec![("eve", Severity::Medium), ("bob", Severity::Medium), ("kim", Severity::High)],
            horizon: 2,
            budget: Budget { crashes: 1, ..b() },
            per_hour: 1,
            ..one()
        },
    ]
}

/// The scopes of the full form: longer, and with more faults together.
pub fn full() -> Vec<Scope> {
    let b = Budget::default;
    let wide = [
        Scope {
            name: "two crashes",
            horizon: 6,
            budget: Budget { crashes: 2, outages: 1, acks: 1, ..b() },
            ..one()
        },
        Scope {
            name: "clock set, long",
            horizon: 7,
            budget: Budget { crashes: 1, jumps: 1, outages: 1, ..b() },
            ..one()
        },
        Scope {
            name: "every clock fault",
            horizon: 9,
            budget: Budget { reboots: 1, pauses: 1, outages: 1, suspends: 1, ..b() },
            ..one()
        },
    ];
    let longer = |scope: Scope| Scope { horizon: scope.horizon + 1, ..scope };
    wide.into_iter().chain(acts().into_iter().map(longer)).collect()
}

/// The smallest scope in which a mutant shows.
pub fn of(mutant: Kind) -> Scope {
    let b = Budget::default;
    let budget = match mutant {
        Kind::CursorFirst
        | Kind::MarkedBeforeSending
        | Kind::FailedByCrash
        | Kind::UnmarkedRepeat
        | Kind::LostTimer
        | Kind::FreshMessageId => Budget { crashes: 1, ..b() },
        Kind::OutageIsFinal | Kind::GivesUpAfterTwo | Kind::RetryByWallClock => {
            Budget { outages: 1, jumps: u8::from(mutant == Kind::RetryByWallClock), ..b() }
        }
        Kind::QueueNotChecked => Budget { outages: 1, acks: 1, ..b() },
        Kind::WallClock => Budget { jumps: 1, outages: 1, ..b() },
        Kind::TimersStopInSuspend => Budget { pauses: 1, ..b() },
        Kind::NoBreach => Budget { outages: 1, ..b() },
        Kind::AtMostOnce => Budget { crashes: 1, ..b() },
        Kind::AckForEver => Budget { acks: 1, ..b() },
        Kind::RunsAfterResolve => Budget { resolves: 1, ..b() },
        Kind::SilenceLostAtRestart => Budget { silences: 1, crashes: 1, ..b() },
        Kind::SilenceDeletes => Budget { silences: 1, ..b() },
        Kind::RefusalIsTheEnd => Budget { refusals: 2, ..b() },
        Kind::RosterAtOwing => Budget { rosters: 1, outages: 1, ..b() },
        Kind::SkippedStep => b(),
        Kind::HastyBreach => Budget { jumps: 1, outages: 1, ..b() },
        Kind::DigestTakesAll => b(),
        Kind::MergedGoesOut => Budget { merges: 1, outages: 1, ..b() },
        Kind::MergedTellsNobody => Budget { merges: 1, ..b() },
    };
    let digests = mutant == Kind::DigestTakesAll;
    let lines = match mutant {
        Kind::DigestTakesAll => {
            vec![("eve", Severity::High), ("bob", Severity::High), ("kim", Severity::High)]
        }
        Kind::MergedGoesOut | Kind::MergedTellsNobody | Kind::RosterAtOwing => {
            vec![("eve", Severity::High), ("bob", Severity::High)]
        }
        _ => one().lines,
    };
    let short = [Kind::DigestTakesAll, Kind::MergedGoesOut, Kind::MergedTellsNobody, Kind::RosterAtOwing];
    let horizon = if short.contains(&mutant) { 3 } else { 6 };
    Scope { name: "mutant", budget, lines, horizon, per_hour: if digests { 1 } else { 1_000 }, ..one() }
}
