//! What a person does: an input like a line, with its actor and the way it came.

use super::drill::DrillAct;
use super::incident::Silence;
use super::time::Span;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The way an act came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The control socket.
    Cli,
    /// A reply mail.
    Reply,
    /// The web console.
    Console,
}

impl Channel {
    /// The name that views show.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Cli => "cli",
            Channel::Reply => "reply",
            Channel::Console => "console",
        }
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Person id where the account maps to one, else `uid:N`.
    pub name: Arc<str>,
    /// Whether it is a person of the configuration (or root); others may look, not act.
    pub known: bool,
    /// The way it came.
    pub channel: Channel,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Take an incident.
    Acknowledge,
    /// End it; `true` = it was a false positive.
    Resolve {
        /// It was no incident.
        false_positive: bool,
    },
    /// Open a resolved one again.
    Reopen,
    /// Start the next step now.
    Escalate,
    /// Add a note.
    Note,
    /// Give it to a person.
    Assign(Arc<str>),
    /// Add a silence; `id` is left empty and given by the pipeline.
    Silence(Silence, Span),
    /// End a silence now.
    EndSilence(Arc<str>),
    /// Join it to another incident, by number or id.
    Merge(Arc<str>),
    /// Take it out of the other again.
    Split,
    /// Take it, and have it open again after so long, from the first step.
    Snooze(Span),
    /// Let a promise go: its clock (`notify`, `acknowledge`, `resolve` or a duty's id); the note is the reason.
    Waive(Arc<str>),
    /// A duty was done: its id; the note says how.
    Fulfil(Arc<str>),
    /// Send a test mail to an address.
    MailTest(Arc<str>),
    /// Plan a drill, or tell that its lines are written.
    Drill(DrillAct),
}

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// Who.
    pub actor: Actor,
    /// What.
    pub verb: Verb,
    /// Incident id or number, where the verb needs one.
    pub incident: Option<Arc<str>>,
    /// The person's words.
    pub note: Option<Box<str>>,
}
