//! What Detect says (OCSF Detection Finding 2004), and what Triage makes of it.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How grave; the order is the gravity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a row.
    #[default]
    Info,
    /// Worth a look one day.
    Low,
    /// Worth a look today.
    Medium,
    /// Somebody must know inside the SLA.
    High,
    /// Somebody must act now.
    Critical,
}

impl Severity {
    /// `info` to `critical`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
    /// The severity of a name; `informational` is Sigma's word for `info`.
    pub fn from_name(name: &str) -> Option<Severity> {
        match name {
            "info" | "informational" => Some(Severity::Info),
            "low" => Some(Severity::Low),
            "medium" => Some(Severity::Medium),
            "high" => Some(Severity::High),
            "critical" => Some(Severity::Critical),
            _ => None,
        }
    }
}

/// What sort of reasoning found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// One event matched.
    Match,
    /// So many events in a window.
    Threshold,
    /// So many distinct values in a window.
    Distinct,
    /// Several kinds of events, perhaps in order.
    Sequence,
    /// Something that should have come did not.
    Absence,
    /// A value never seen before.
    FirstSeen,
    /// Unusual against what was learned.
    Baseline,
    /// Against a register of people, rights or approvals.
    Governance,
}

impl FindingKind {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Match => "match",
            FindingKind::Threshold => "threshold",
            FindingKind::Distinct => "distinct",
            FindingKind::Sequence => "sequence",
            FindingKind::Absence => "absence",
            FindingKind::FirstSeen => "first-seen",
            FindingKind::Baseline => "baseline",
            FindingKind::Governance => "governance",
        }
    }
}

/// What Triage decided about a finding; the reason stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It opened an incident.
    Opened,
    /// It joined an open incident.
    Grouped,
    /// It repeats a finding of the same rule and entity and was counted there.
    Folded,
    /// A silence covers it.
    Suppressed,
    /// An exception covers it.
    Excepted,
    /// It was under the budget's line.
    BelowBudget,
}

impl Verdict {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Opened => "opened",
            Verdict::Grouped => "grouped",
            Verdict::Folded => "folded",
            Verdict::Suppressed => "suppressed",
            Verdict::Excepted => "excepted",
            Verdict::BelowBudget => "below-budget",
        }
    }
}

/// One finding: the row of the view `findings`. Its id is computed, so a replay gives the same one.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Hash of rule, group and the deciding event's place in time: 26 characters, lower case.
    pub id: Arc<str>,
    /// Event time of the deciding event.
    pub time: Timestamp,
    /// The rule's id, else its name, else file and index.
    pub rule: Arc<str>,
    /// Version: hash of the rule's text, 12 characters.
    pub rule_version: Arc<str>,
    /// The rule's title.
    pub title: Arc<str>,
    /// What sort of reasoning.
    pub kind: FindingKind,
    /// How grave.
    pub severity: Severity,
    /// Type of incident that it belongs to (`account-compromise` ...), from the rule.
    pub incident_type: Option<Arc<str>>,
    /// The group's keys and values, in the rule's order; for a bare detection the user, else the address.
    pub group: Vec<(Arc<str>, Box<str>)>,
    /// First evidence in event time.
    pub first_event_at: Timestamp,
    /// Event time of the last evidence: the deciding event.
    pub last_event_at: Timestamp,
    /// What was counted.
    pub observed: f64,
    /// What is usual, where something was learned.
    pub expected: Option<f64>,
    /// The limit that was reached.
    pub threshold: Option<f64>,
    /// Unusualness, 0 to 1, of statistical detectors.
    pub score: Option<f64>,
    /// One sentence with the numbers.
    pub explanation: Box<str>,
    /// What to do first, from the rule.
    pub advice: Option<Arc<str>>,
    /// Ids of the events that prove it, oldest first, at most `limits::EVIDENCE_MAX`; the last one decided.
    pub evidence: Vec<u64>,
    /// How many later matches were folded into it.
    pub folded: u64,
    /// Triage's decision; `Opened` until Triage has spoken.
    pub verdict: Verdict,
    /// Why Triage decided so.
    pub reason: Box<str>,
    /// The incident's id.
    pub incident: Option<Arc<str>>,
}

impl Finding {
    /// The group as views show it: `key=value[,key=value]`.
    pub fn entity(&self) -> String {
        let pairs: Vec<String> = self.group.iter().map(|(k, v)| format!("{k}={v}")).collect();
        pairs.join(",")
    }
}

/// Later matches of a finding that is already stored: they move its last event and its counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// The finding's id.
    pub finding: Arc<str>,
    /// How many matches were folded in all.
    pub folded: u64,
    /// What was counted, at its highest.
    pub observed: f64,
    /// Event time of the latest folded event.
    pub last_event_at: Timestamp,
}
