//! What Escalate needs to know of people and policies; already valid.

use crate::schema::{Span, TagKey};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Somebody who can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Name as people write it.
    pub name: Arc<str>,
    /// Mail addresses in order of preference; at least one.
    pub addresses: Vec<Arc<str>>,
    /// The zone that mails show beside UTC.
    pub zone: TimeZone,
}

/// Whom a step tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// This person.
    Person(Arc<str>),
    /// Whoever is on call.
    Schedule(Arc<str>),
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Counted from the start that `clock_starts` names.
    pub after: Span,
    /// Whom it tells.
    pub notify: Vec<Recipient>,
}

/// From when the clocks and the steps count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockStart {
    /// Event time of the first evidence.
    Occurred,
    /// When the deciding line was read.
    Read,
    /// When the finding was made.
    #[default]
    Detected,
}

/// How an incident is escalated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Some recipient's relay must have accepted by then.
    pub notify_within: Span,
    /// Somebody must have acknowledged so long after the first accepted notice.
    pub acknowledge_within: Option<Span>,
    /// Somebody must have ended the incident so long after the start; `None` = nobody promised.
    pub resolve_within: Option<Span>,
    /// An acknowledgement ends after so long; `None` = never.
    pub acknowledgement_lasts: Option<Span>,
    /// The start.
    pub clock_starts: ClockStart,
    /// Everyone told so far is told again so long after the last telling; `None` = never.
    pub repeat_every: Option<Span>,
    /// In rising order of `after`.
    pub steps: Vec<Step>,
    /// What is owed to others outside.
    pub duties: Vec<super::duties::Duty>,
}

/// How mails find back to the message that they are about.
#[derive(Clone, Debug, PartialEq)]
pub struct Replies {
    /// The address that tags are put into; what is sent there lands in the reply Maildir.
    pub address: Arc<str>,
    /// The key of the tags.
    pub key: TagKey,
    /// By person: who may act on that person's alerts, too.
    pub deputies: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// By id.
    pub persons: BTreeMap<Arc<str>, Person>,
    /// By id. An incident whose policy is no longer here follows the first one.
    pub policies: BTreeMap<Arc<str>, Policy>,
    /// By id.
    pub schedules: BTreeMap<Arc<str>, super::schedule::Schedule>,
    /// Right side of every Message-ID; ASCII.
    pub domain: Arc<str>,
    /// Messages to one recipient in an hour before the ones that can wait are told in digests; at least 1.
    pub max_per_recipient_per_hour: u32,
    /// How many relays the courier knows; at least 1.
    pub relays: u32,
    /// A resolved incident that was left alone for so long is closed.
    pub close_after: Span,
    /// The program's mails about itself; none in a replay.
    pub self_mails: Vec<super::SelfMail>,
    /// `None`: nobody reads what comes back.
    pub replies: Option<Replies>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            persons: BTreeMap::new(),
            policies: BTreeMap::new(),
            schedules: BTreeMap::new(),
            domain: "gatewatch.invalid".into(),
            max_per_recipient_per_hour: 30,
            relays: 1,
            close_after: Span::hours(24),
            self_mails: Vec::new(),
            replies: None,
        }
    }
}
