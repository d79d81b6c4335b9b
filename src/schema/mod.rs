//! The vocabulary: types without behaviour beyond their own spelling. One word for one thing;
//! the names are those of the views and of the Open Cybersecurity Schema Framework (OCSF).

pub mod act;
pub mod book;
pub mod changes;
pub mod drill;
pub mod event;
pub mod finding;
pub mod history;
pub mod inbound;
pub mod incident;
pub mod kind;
pub mod mail;
pub mod network;
pub mod printable;
pub mod selfmail;
pub mod tag;
pub mod time;
pub mod wall;

pub use act::{Act, Actor, Channel, Verb};
pub use book::Book;
pub use changes::{
    Batch, Changes, Gap, GapReason, Generation, JournalEntry, Position, Refusal, RuleRow, StateRow,
};
pub use event::{Datum, Event, Flag, Flags, RawLine, ShortText};
pub use finding::{Finding, FindingKind, Fold, Severity, Verdict};
pub use history::{History, Whom};
pub use inbound::{Fate, Inbound, InboundContent, Reply, ReplyRefusal, ReplyVerb, Report, Wish};
pub use incident::{
    Clock, ClockKind, ClockState, Incident, IncidentStatus, Resolution, Silence, SilenceKind,
};
pub use kind::{Class, Outcome};
pub use mail::{
    Attempt, AttemptResult, Envelope, Evidence, EvidenceLine, Letter, MailPhase, Notification,
    NotificationKind, NotificationState, Receipt,
};
pub use network::Network;
pub use printable::Printable;
pub use tag::{Tag, TagKey, TagKind};
pub use time::{Reading, Span, Timestamp};
