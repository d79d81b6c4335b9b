//! Notifications: what is owed to whom, each try, and what the relay answered.

use super::finding::Finding;
use super::history::History;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Why a message goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationKind {
    /// The first step of the policy.
    Notice,
    /// A later step.
    Escalation,
    /// The same step again after `repeat_every`, or after an acknowledgement ran out.
    Repeat,
    /// Tells the others who took it.
    Acknowledged,
    /// Tells the others how it ended.
    Resolved,
    /// Several notices in one message.
    Digest,
    /// Minimal text after a content refusal, or another address after a refusal.
    Fallback,
    /// The program tests its own path.
    Canary,
    /// The program says that it lives.
    Alive,
    /// Proves an address.
    Proof,
    /// `gatewatch mail test`.
    Test,
    /// An exception ends soon.
    Reminder,
    /// Says why a reply was not acted on.
    Answer,
}

impl NotificationKind {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            NotificationKind::Notice => "notice",
            NotificationKind::Escalation => "escalation",
            NotificationKind::Repeat => "repeat",
            NotificationKind::Acknowledged => "acknowledged",
            NotificationKind::Resolved => "resolved",
            NotificationKind::Digest => "digest",
            NotificationKind::Fallback => "fallback",
            NotificationKind::Canary => "canary",
            NotificationKind::Alive => "alive",
            NotificationKind::Proof => "proof",
            NotificationKind::Test => "test",
            NotificationKind::Reminder => "reminder",
            NotificationKind::Answer => "answer",
        }
    }
    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<NotificationKind> {
        use NotificationKind as K;
        let all = [K::Notice, K::Escalation, K::Repeat, K::Acknowledged, K::Resolved, K::Digest, K::Fallback];
        all.into_iter()
            .chain([K::Canary, K::Alive, K::Proof, K::Test, K::Reminder, K::Answer])
            .find(|k| k.name() == name)
    }
}

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationState {
    /// Owed; goes out at `due_at`.
    Pending,
    /// Claimed: a session may be under way.
    Sending,
    /// A relay took it (or the Maildir holds it).
    Accepted,
    /// Perhaps delivered: the answer after the body was lost. It is sent again, marked, with the same Message-ID.
    Uncertain,
    /// A relay refused it for good.
    Refused,
    /// Tried for five days.
    Expired,
    /// No longer wanted: acknowledged before it went out, or told in a digest's place.
    Cancelled,
}

impl NotificationState {
    /// Whether it will not change any more, but for a report of the mail system that comes back.
    pub fn is_final(self) -> bool {
        use NotificationState::{Accepted, Cancelled, Expired, Refused};
        matches!(self, Accepted | Refused | Expired | Cancelled)
    }
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            NotificationState::Pending => "pending",
            NotificationState::Sending => "sending",
            NotificationState::Accepted => "accepted",
            NotificationState::Uncertain => "uncertain",
            NotificationState::Refused => "refused",
            NotificationState::Expired => "expired",
            NotificationState::Cancelled => "cancelled",
        }
    }
    /// The state of a name.
    pub fn from_name(name: &str) -> Option<NotificationState> {
        use NotificationState as S;
        let all = [S::Pending, S::Sending, S::Accepted, S::Uncertain, S::Refused, S::Expired, S::Cancelled];
        all.into_iter().find(|s| s.name() == name)
    }
}

/// One message to one address: the row of the view `notifications`.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Counts up from 1.
    pub id: u64,
    /// The incident's id; `None` for canary, alive, proof, test and digest.
    pub incident: Option<Arc<str>>,
    /// Policy step, 0-based.
    pub step: u32,
    /// Round of `repeat_every` or re-open.
    pub round: u32,
    /// Person id.
    pub recipient: Arc<str>,
    /// Mail address.
    pub address: Arc<str>,
    /// Why it goes out.
    pub kind: NotificationKind,
    /// With angle brackets; the same over every retry and restart. A digest's rows carry the digest's.
    pub message_id: Arc<str>,
    /// Where it stands.
    pub state: NotificationState,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it shall go out; moves with each retry.
    pub due_at: Timestamp,
    /// When the relay accepted.
    pub accepted_at: Option<Timestamp>,
    /// `D1` = accepted by a relay; `None` before.
    pub delivery_level: Option<Arc<str>>,
    /// The relay that gave the last answer.
    pub relay: Option<Arc<str>>,
    /// Its reply.
    pub relay_reply: Option<Box<str>>,
    /// How often it was tried.
    pub attempts: u32,
    /// A try ended after the body began, without an answer: later copies say that they may repeat.
    pub may_repeat: bool,
    /// Date header: set when first formatted, kept.
    pub date: Option<Timestamp>,
    /// For a digest's member: the digest's notification id.
    pub digest: Option<u64>,
    /// When a reply to it was acted on: its token is used.
    pub answered_at: Option<Timestamp>,
    /// The Message-ID of that reply.
    pub answered_by: Option<Box<str>>,
    /// What an answer says.
    pub words: Option<Box<str>>,
}

/// How far a session came; the phase decides whether a failure can be retried without a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailPhase {
    /// Name lookup and connection.
    Connect,
    /// TLS handshake or policy.
    Tls,
    /// Greeting and EHLO.
    Hello,
    /// Login.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA was sent, the body not yet.
    Data,
    /// The body began: from here the answer may be lost.
    Body,
    /// The relay answered the final dot.
    Done,
}

impl MailPhase {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            MailPhase::Connect => "connect",
            MailPhase::Tls => "tls",
            MailPhase::Hello => "hello",
            MailPhase::Auth => "auth",
            MailPhase::Mail => "mail",
            MailPhase::Rcpt => "rcpt",
            MailPhase::Data => "data",
            MailPhase::Body => "body",
            MailPhase::Done => "done",
        }
    }
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttemptResult {
    /// The relay took it.
    Accepted,
    /// Not now: connection, TLS, 4xx, or the relay refuses us (login, sender).
    Deferred,
    /// Never: 5xx for this recipient or this content.
    Refused,
    /// Nobody knows.
    Uncertain,
}

impl AttemptResult {
    /// The name that the view shows.
    pub fn name(self) -> &'static str {
        match self {
            AttemptResult::Accepted => "accepted",
            AttemptResult::Deferred => "deferred",
            AttemptResult::Refused => "refused",
            AttemptResult::Uncertain => "uncertain",
        }
    }
}

/// One try: the row of the view `attempts`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Notification id.
    pub notification: u64,
    /// 1-based number of the try.
    pub n: u32,
    /// When it ended.
    pub at: Timestamp,
    /// The relay (`host:port`, or `maildir`).
    pub relay: Arc<str>,
    /// How far it came.
    pub phase: MailPhase,
    /// The relay's reply, or what went wrong; bounded, printable.
    pub reply: Box<str>,
    /// What it came to.
    pub result: AttemptResult,
}

/// A message ready for the courier: headers are values, nothing in it is raw log text.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Notification id.
    pub notification: u64,
    /// 1-based number of this try.
    pub attempt: u32,
    /// Whether an earlier try may have been delivered.
    pub may_repeat: bool,
    /// Mail address of the one recipient.
    pub to: Arc<str>,
    /// With angle brackets.
    pub message_id: Arc<str>,
    /// Date header.
    pub date: Timestamp,
    /// Printable, one line.
    pub subject: Box<str>,
    /// Further headers: names are compile-time constants, values printable ASCII without line ends.
    pub headers: Vec<(&'static str, String)>,
    /// Text part.
    pub text: Box<str>,
    /// HTML part; `None` for minimal messages.
    pub html: Option<Box<str>>,
    /// Index of the relay that should be tried first (see `escalate`: after three connection failures the next one).
    pub relay: u32,
    /// Where reports about this try shall go; `None` where nobody reads them: the sender's address then.
    pub envelope: Option<Envelope>,
    /// It answers a mail of its recipient (`Auto-Submitted: auto-replied`, RFC 3834 section 5).
    pub answers: bool,
}

/// By what a report about a try is known again: see [`super::tag`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// MAIL FROM: the sender's address with a bounce tag in it.
    pub sender: Box<str>,
    /// ENVID of RFC 3461: the tag alone. It needs no xtext encoding.
    pub id: Box<str>,
}

/// What came of a letter.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// Notification id.
    pub notification: u64,
    /// The try that it answers.
    pub attempt: u32,
    /// When the session ended.
    pub at: Timestamp,
    /// The relay (`host:port`, or `maildir`).
    pub relay: Arc<str>,
    /// How far it came.
    pub phase: MailPhase,
    /// SMTP reply code, where one came.
    pub code: Option<u16>,
    /// Reply or reason; bounded, printable.
    pub reply: Box<str>,
    /// What it came to.
    pub result: AttemptResult,
}

/// What a letter shows of an incident: read from the ledger after the commit, so it is what is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The incident's findings, gravest first, then by time; at most 10.
    pub findings: Vec<Finding>,
    /// Lines of the gravest finding: the first ones and the deciding one; at most 5, oldest first.
    pub lines: Vec<EvidenceLine>,
    /// What was known before of the users and addresses of these lines.
    pub histories: Vec<History>,
    /// When the store read its first line; `None` = it has none.
    pub known_since: Option<Timestamp>,
}

/// One event as evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidenceLine {
    /// Event id.
    pub event: u64,
    /// Event time, else read time.
    pub time: Timestamp,
    /// Source name.
    pub source: Arc<str>,
    /// The user of the event.
    pub user: Option<Box<str>>,
    /// The client's address or name.
    pub from: Option<Box<str>>,
    /// The machine that wrote it.
    pub host: Option<Box<str>>,
    /// The line as read (hostile text; the letter makes it printable).
    pub raw: Box<str>,
}
