//! Incidents (OCSF Incident Finding 2005), their SLA clocks, and silences.

use super::finding::Severity;
use super::time::{Reading, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentStatus {
    /// Made in this transaction; Escalate has not looked yet.
    New,
    /// Somebody has to be told, and is being told.
    Open,
    /// A person took it.
    Acknowledged,
    /// A person ended it.
    Resolved,
    /// Over for good: resolved and left alone for the policy's time.
    Closed,
    /// Joined to another incident.
    Merged,
}

impl IncidentStatus {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            IncidentStatus::New => "new",
            IncidentStatus::Open => "open",
            IncidentStatus::Acknowledged => "acknowledged",
            IncidentStatus::Resolved => "resolved",
            IncidentStatus::Closed => "closed",
            IncidentStatus::Merged => "merged",
        }
    }
    /// The status of a name.
    pub fn from_name(name: &str) -> Option<IncidentStatus> {
        use IncidentStatus::{Acknowledged, Closed, Merged, New, Open, Resolved};
        [New, Open, Acknowledged, Resolved, Closed, Merged].into_iter().find(|s| s.name() == name)
    }
}

/// How a person ended an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// It was real and is dealt with.
    Resolved,
    /// It was no incident.
    FalsePositive,
}

impl Resolution {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            Resolution::Resolved => "resolved",
            Resolution::FalsePositive => "false-positive",
        }
    }
}

/// One incident: the row of the view `incidents` without its clocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Computed from the opening finding: 26 characters, lower case.
    pub id: Arc<str>,
    /// What people say: counts up from 1.
    pub number: u64,
    /// From the gravest finding.
    pub title: Arc<str>,
    /// Gravest finding's severity.
    pub severity: Severity,
    /// Where it stands.
    pub status: IncidentStatus,
    /// `key=value[,key=value]` of the group, or the user of a bare detection.
    pub entity: Arc<str>,
    /// Type of incident, from the rule.
    pub incident_type: Option<Arc<str>>,
    /// The policy that escalates it.
    pub policy: Arc<str>,
    /// When the row was made (read time).
    pub opened_at: Timestamp,
    /// Event time of the first evidence.
    pub occurred_at: Timestamp,
    /// Read time of the deciding line.
    pub read_at: Timestamp,
    /// When the finding was made.
    pub detected_at: Timestamp,
    /// The clocks at the start that the policy names.
    pub started: Reading,
    /// Next policy step that was not yet told, 0-based; equal to the number of steps when all are told.
    pub next_step: u32,
    /// Rounds of `repeat_every`, and re-opens after an acknowledgement ran out.
    pub round: u32,
    /// When the first notice of this incident was accepted.
    pub notified_at: Option<Timestamp>,
    /// When a person took it.
    pub acknowledged_at: Option<Timestamp>,
    /// Who.
    pub acknowledged_by: Option<Arc<str>>,
    /// `cli`, `reply` or `console`.
    pub ack_via: Option<Arc<str>>,
    /// When a person ended it.
    pub resolved_at: Option<Timestamp>,
    /// How.
    pub resolution: Option<Resolution>,
    /// How many findings it holds.
    pub findings: u64,
    /// Who works on it.
    pub assignee: Option<Arc<str>>,
    /// Event time of its last evidence.
    pub last_event_at: Timestamp,
    /// The drill plan's id; `None` for a real one.
    pub drill: Option<Arc<str>>,
    /// The incident that it was joined to, while it is merged.
    pub merged_into: Option<Arc<str>>,
}

/// Which promise a clock measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockKind {
    /// Some recipient's relay accepted a notice.
    Notify,
    /// A person took the incident.
    Acknowledge,
    /// No promise of the contract: the time that policy steps count, and (as `allowed`) when the next one is due.
    Ladder,
    /// No promise of the contract: how long an acknowledgement has lasted, and may last.
    Hold,
    /// A person ended the incident.
    Resolve,
    /// A duty to somebody outside, by its name.
    Duty,
}

impl ClockKind {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            ClockKind::Notify => "notify",
            ClockKind::Acknowledge => "acknowledge",
            ClockKind::Ladder => "ladder",
            ClockKind::Hold => "hold",
            ClockKind::Resolve => "resolve",
            ClockKind::Duty => "duty",
        }
    }
    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<ClockKind> {
        use ClockKind::{Acknowledge, Duty, Hold, Ladder, Notify, Resolve};
        [Notify, Acknowledge, Ladder, Hold, Resolve, Duty].into_iter().find(|k| k.name() == name)
    }
}

/// Where a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockState {
    /// Counting.
    Running,
    /// Kept in time.
    Met,
    /// The time certainly passed.
    Breached,
    /// A person waived it.
    Waived,
    /// Perhaps kept, perhaps not: the machine's clocks cannot tell.
    Uncertain,
}

impl ClockState {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            ClockState::Running => "running",
            ClockState::Met => "met",
            ClockState::Breached => "breached",
            ClockState::Waived => "waived",
            ClockState::Uncertain => "uncertain",
        }
    }
    /// The state of a name.
    pub fn from_name(name: &str) -> Option<ClockState> {
        use ClockState::{Breached, Met, Running, Uncertain, Waived};
        [Running, Met, Breached, Waived, Uncertain].into_iter().find(|s| s.name() == name)
    }
}

/// One promise of one incident. Elapsed time is an interval: `lo` by the boot clock (plus what was
/// persisted before a reboot), `hi` by the larger of boot clock and UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    /// The incident's id.
    pub incident: Arc<str>,
    /// Which promise.
    pub kind: ClockKind,
    /// 0 for the first arming, counting up when an acknowledgement runs out; for a duty a number made of its name.
    pub round: u32,
    /// Where it stands.
    pub state: ClockState,
    /// The promise.
    pub allowed: Span,
    /// The clocks when it was armed.
    pub armed: Reading,
    /// Elapsed time that is certain up to `ticked`.
    pub elapsed_lo: Span,
    /// Elapsed time that is possible up to `ticked`.
    pub elapsed_hi: Span,
    /// The last time that elapsed time was brought up to date.
    pub ticked: Reading,
    /// Armed UTC + allowed: what people read.
    pub due_at: Timestamp,
    /// When it left `running`.
    pub ended_at: Option<Timestamp>,
    /// The duty's id, for a duty.
    pub name: Option<Arc<str>>,
}

impl Clock {
    /// What people call it: the kind, or the duty's id.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(self.kind.name())
    }

    /// Whether it measures a promise (and is not the ladder's or an acknowledgement's own measure).
    pub fn is_promise(&self) -> bool {
        !matches!(self.kind, ClockKind::Ladder | ClockKind::Hold)
    }
}

/// Why findings that are covered open nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SilenceKind {
    /// Somebody wants quiet for a while: a migration, a test.
    #[default]
    Silence,
    /// What the rule finds is allowed here: approved, with a ticket, and looked at again before it ends.
    Exception,
}

impl SilenceKind {
    /// The name that the store has.
    pub fn name(self) -> &'static str {
        match self {
            SilenceKind::Silence => "silence",
            SilenceKind::Exception => "exception",
        }
    }
    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<SilenceKind> {
        [SilenceKind::Silence, SilenceKind::Exception].into_iter().find(|kind| kind.name() == name)
    }
}

/// Findings that are stored and counted, but open nothing, until its end: a silence or an exception.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Silence {
    /// `S` (a silence) or `E` (an exception), and a number that counts up over both.
    pub id: Arc<str>,
    /// Which of the two.
    pub kind: SilenceKind,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// Rule id; `None` = every rule.
    pub rule: Option<Arc<str>>,
    /// `key=value` that must be in the finding's group; `None` = every entity.
    pub entity: Option<Arc<str>>,
    /// Source name of the deciding event; `None` = every source.
    pub source: Option<Arc<str>>,
    /// Network (`ADDRESS/BITS`) of the finding's source address; `None` = every address.
    pub network: Option<Arc<str>>,
    /// Where it was approved.
    pub ticket: Option<Arc<str>>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when; mandatory.
    pub ends_at: Timestamp,
    /// How many findings it covered.
    pub matches: u64,
    /// When its owner was reminded that it ends.
    pub reminded_at: Option<Timestamp>,
}
