//! The write-set: everything that one step changes, committed in one transaction. It is the only
//! hinge between the pure rooms and the durable store.

use super::event::{Event, RawLine};
use super::finding::{Finding, Fold};
use super::incident::{Clock, Incident, Silence};
use super::mail::{Attempt, Notification};
use super::time::Timestamp;
use std::sync::Arc;

/// One file as the tail knows it, over all its names: the row of `generations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Counts up from 1.
    pub id: u64,
    /// Source name.
    pub source: Arc<str>,
    /// The last path it was seen under.
    pub path: Arc<str>,
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// How many bytes `head_hash` covers.
    pub head_length: u64,
    /// SHA-256 of the first `head_length` bytes.
    pub head_hash: [u8; 32],
    /// Grammar that `format = "auto"` chose; empty otherwise.
    pub format: Arc<str>,
    /// No more lines can come: rotated away and read to its end, or given up.
    pub finished: bool,
    /// First seen.
    pub seen_at: Timestamp,
}

/// How far a generation is read: the row of `positions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Generation id.
    pub generation: u64,
    /// First byte not yet stored: the start of the first incomplete line.
    pub offset: u64,
    /// Lines stored so far.
    pub lines: u64,
    /// SHA-256 of the bytes just before `offset` (at most `limits::TAIL_MARKER_BYTES`).
    pub tail_hash: [u8; 32],
    /// Older markers `(offset, hash)`, oldest first: the ring that finds the longest surviving prefix.
    pub markers: Vec<(u64, [u8; 32])>,
    /// Highest trusted event time that the file has shown: its watermark.
    pub watermark: Option<Timestamp>,
}

/// Why bytes may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapReason {
    /// The file shrank below the position (copytruncate, `> file`).
    Truncated,
    /// The bytes before the position are not the ones that were read.
    Rewritten,
    /// The file came back shorter, with an older prefix intact (power loss of the log's host).
    RolledBack,
    /// A hole of NUL bytes was skipped.
    Hole,
    /// A deleted file was given up before its end.
    Abandoned,
    /// A compressed file hit a cap or broke off.
    Compressed,
    /// The file is gone and its rest was never read.
    Vanished,
}

impl GapReason {
    /// All of them.
    pub const ALL: [GapReason; 7] = [
        GapReason::Truncated,
        GapReason::Rewritten,
        GapReason::RolledBack,
        GapReason::Hole,
        GapReason::Abandoned,
        GapReason::Compressed,
        GapReason::Vanished,
    ];
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            GapReason::Truncated => "truncated",
            GapReason::Rewritten => "rewritten",
            GapReason::RolledBack => "rolled-back",
            GapReason::Hole => "hole",
            GapReason::Abandoned => "abandoned",
            GapReason::Compressed => "compressed",
            GapReason::Vanished => "vanished",
        }
    }
}

/// Bytes that may be missing: the row of the view `gaps`. One happening, one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Source name.
    pub source: Arc<str>,
    /// Generation id.
    pub generation: u64,
    /// Path at the time.
    pub path: Arc<str>,
    /// When it was noticed.
    pub at: Timestamp,
    /// The committed position.
    pub from_offset: u64,
    /// Where reading went on in the old content; `None` where unknown.
    pub to_offset: Option<u64>,
    /// How many bytes; `None` where unknown.
    pub bytes: Option<u64>,
    /// Why.
    pub reason: GapReason,
}

/// What one poll of a log source brings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// New lines in reading order; lines of one generation are in the order of the file.
    pub lines: Vec<RawLine>,
    /// New or changed identities of files.
    pub generations: Vec<Generation>,
    /// Positions after `lines`.
    pub positions: Vec<Position>,
    /// Possible losses, each told once.
    pub gaps: Vec<Gap>,
    /// Whether a poll right now would bring more.
    pub more: bool,
}

/// A path that a glob names and the tail does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Source name.
    pub source: Arc<str>,
    /// The path.
    pub path: Arc<str>,
    /// Why, in words.
    pub why: Box<str>,
}

/// One piece of a room's memory, rewritten whole. The room alone knows the shape of `body`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// `normalize`, `detect`, `triage` or `escalate`.
    pub room: &'static str,
    /// Key inside the room.
    pub key: Box<str>,
    /// `None` deletes the row.
    pub body: Option<Box<[u8]>>,
}

/// One line of the journal: who did what to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// When.
    pub at: Timestamp,
    /// `incident`, `silence`, `clock`, `start`, `refused` ...
    pub kind: &'static str,
    /// Person id, `uid:N`, or `gatewatch`.
    pub actor: Arc<str>,
    /// Incident id, silence id, path ...
    pub subject: Arc<str>,
    /// In words.
    pub detail: Box<str>,
}

/// One rule as loaded: the row of the view `rules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRow {
    /// The document's id, else its name, else file and index.
    pub id: Arc<str>,
    /// Hash of its text, 12 characters.
    pub version: Arc<str>,
    /// Title.
    pub title: Arc<str>,
    /// `match`, `threshold` ...
    pub kind: &'static str,
    /// `info` to `critical`.
    pub severity: &'static str,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
    /// Control id.
    pub control: Option<Arc<str>>,
    /// Whether it can fire with the configured sources.
    pub enabled: bool,
    /// The document's text.
    pub text: Arc<str>,
    /// Since when this version is in force, where it was not before.
    pub loaded_at: Timestamp,
}

/// Everything that one step changes. Rows with an id replace the row of that id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// New and updated file identities.
    pub generations: Vec<Generation>,
    /// New positions; their lines are in `events`.
    pub positions: Vec<Position>,
    /// Possible losses.
    pub gaps: Vec<Gap>,
    /// New events, ids rising.
    pub events: Vec<Event>,
    /// Memory of the rooms.
    pub states: Vec<StateRow>,
    /// New findings.
    pub findings: Vec<Finding>,
    /// What was folded into findings.
    pub folds: Vec<Fold>,
    /// New and changed incidents.
    pub incidents: Vec<Incident>,
    /// New and changed clocks, key (incident, kind, round).
    pub clocks: Vec<Clock>,
    /// New and changed notifications.
    pub notifications: Vec<Notification>,
    /// Tries that ended.
    pub attempts: Vec<Attempt>,
    /// New and changed silences.
    pub silences: Vec<Silence>,
    /// What was done, by whom.
    pub journal: Vec<JournalEntry>,
    /// The rules in force, written at start and reload.
    pub rules: Vec<RuleRow>,
}

impl Changes {
    /// Takes in what a later step changed.
    pub fn absorb(&mut self, later: Changes) {
        if self.is_empty() {
            *self = later;
            return;
        }
        self.generations.extend(later.generations);
        self.positions.extend(later.positions);
        self.gaps.extend(later.gaps);
        self.events.extend(later.events);
        self.states.extend(later.states);
        self.findings.extend(later.findings);
        self.folds.extend(later.folds);
        self.incidents.extend(later.incidents);
        self.clocks.extend(later.clocks);
        self.notifications.extend(later.notifications);
        self.attempts.extend(later.attempts);
        self.silences.extend(later.silences);
        self.journal.extend(later.journal);
        self.rules.extend(later.rules);
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        *self == Changes::default()
    }
}
