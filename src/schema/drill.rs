//! Drills: mock incidents through the real path. A plan is made before the lines, by one person and approved by another.
//! Each line holds a mark, a word where a user name stands, that nobody can guess: the plan holds only hashes of the
//! marks, so that who reads the store cannot forge one, and each mark counts once.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What every mark begins with. It is a name of drills (as `drill-` users are), not what makes it valid.
pub const MARK_PREFIX: &str = "drill-";
/// Characters behind the prefix: 130 bits.
pub const MARK_CHARS: usize = 26;
/// Lines of one drill.
pub const MARKS_MAX: usize = 64;

/// Whether a name has the form of a mark.
pub fn is_mark(name: &str) -> bool {
    let rest = name.strip_prefix(MARK_PREFIX);
    rest.is_some_and(|rest| {
        rest.len() == MARK_CHARS && rest.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
    })
}

/// Whether the people who are told may know beforehand. The id says it, so that a mail needs no more than that.
pub fn is_announced(id: &str) -> bool {
    id.starts_with("open-")
}

/// One mark of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// SHA-256 of the mark, in hex.
    pub hash: String,
    /// The event that showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
}

/// A plan, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drill {
    /// `open-` or `blind-` and 13 characters.
    pub id: Arc<str>,
    /// Which scenario.
    pub scenario: Arc<str>,
    /// Into which source its lines go.
    pub source: Arc<str>,
    /// The rule that shall find it.
    pub rule: Arc<str>,
    /// The type of incident that shall come of it.
    pub incident_type: Arc<str>,
    /// Who planned it.
    #[serde(default)]
    pub planned_by: Arc<str>,
    /// Who approved, as the planner says; never the planner alone.
    pub approvers: Vec<Arc<str>>,
    /// When the plan was stored.
    #[serde(default)]
    pub planned_at: Timestamp,
    /// How long its lines may come, from `planned_at`.
    pub window_seconds: i64,
    /// The marks.
    pub marks: Vec<Mark>,
    /// When the last line was written, as the writing process says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// When each line was handed to the kernel, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub line_times: Vec<Timestamp>,
    /// Index of the line that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deciding_line: Option<usize>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Arc<str>>,
    /// Findings that are made of marks alone, each with the number of its events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<(Arc<str>, u64)>,
    /// The rules that found it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Arc<str>>,
    /// The incident that is this drill's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Arc<str>>,
    /// When the deciding line was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// The clock of the turn that parsed the deciding line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parsed_at: Option<Timestamp>,
    /// When the incident was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected_at: Option<Timestamp>,
    /// When its commit was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
    /// When the claim of its first letter was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// When something real joined the incident, so that it is none of a drill any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_at: Option<Timestamp>,
}

/// What a person does about drills.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum DrillAct {
    /// Store a plan.
    Plan {
        /// The plan.
        plan: Box<Drill>,
    },
    /// The lines are written.
    Written {
        /// Which plan.
        id: Arc<str>,
        /// When each was handed to the kernel, in their order.
        times: Vec<Timestamp>,
        /// Into which file.
        path: Arc<str>,
    },
}
