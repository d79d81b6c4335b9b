//! What comes back by mail, as the desk read it: facts and claims of a hostile text, bounded and printable. Escalate
//! decides what they are worth.

use super::tag::Tag;
use std::sync::Arc;

/// One mail of the reply Maildir.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// By which it is known again after a kill: it is acted on once.
    pub identity: Arc<str>,
    /// Its Message-ID, or what stands for it; by it the copies of one mail are known.
    pub message_id: Box<str>,
    /// The one address of its From header, in lower case; empty where there is none, or more than one.
    pub from: Box<str>,
    /// What it is.
    pub content: InboundContent,
}

/// What a mail is.
#[derive(Clone, Debug, PartialEq)]
pub enum InboundContent {
    /// A person's words, or an automatic sender's.
    Reply(Reply),
    /// Some mail system's word about a message of ours.
    Report(Report),
    /// Nothing that can be read.
    Malformed(Box<str>),
}

/// A reply with what it shows of its sender.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The tag of the address that it went to; `None` = it went to none of ours.
    pub tag: Option<Tag>,
    /// The authority's word that the sender's domain sent it; an error says why there is none.
    pub proof: Result<Box<str>, Box<str>>,
    /// Why it counts as sent by a program; `None` = a person wrote it.
    pub automatic: Option<Box<str>>,
    /// What the first line asks for.
    pub wish: Wish,
}

/// What the first line of a reply asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// One of the words that act, and the rest of the line, or the line below it.
    Do(ReplyVerb, Option<Box<str>>),
    /// Another first line.
    Other(Box<str>),
    /// No line of the person's own.
    Nothing,
}

/// The words that act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplyVerb {
    /// `ack`
    Acknowledge,
    /// `resolve`
    Resolve,
    /// `escalate`
    Escalate,
    /// `false-positive`, with its reason.
    FalsePositive,
}

/// What a mail system says of a message of ours: a delivery status notification (RFC 3464) or a bounce in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The bounce tag of the message.
    pub tag: Tag,
    /// What became of it.
    pub fate: Fate,
    /// Status code and words of the mail system.
    pub said: Box<str>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is in the mailbox.
    Delivered,
    /// It went on to a system that does not report, or to the members of a list.
    Relayed,
    /// It waits somewhere.
    Delayed,
    /// It will not arrive.
    Failed,
}

impl Fate {
    /// The word of RFC 3464 section 2.3.3.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Delivered => "delivered",
            Fate::Relayed => "relayed",
            Fate::Delayed => "delayed",
            Fate::Failed => "failed",
        }
    }
}

/// Why a reply was not acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplyRefusal {
    /// It cannot be read, or does not say who sent it.
    Malformed,
    /// A program sent it: vacation, mailing list, bounce.
    Automatic,
    /// It went to no address of an alert.
    NoToken,
    /// The token is not ours, or the incident it was for is over and gone.
    BadToken,
    /// The token's time is over.
    Expired,
    /// The token was used.
    Used,
    /// The mail server does not vouch for the sender.
    NotAuthenticated,
    /// The sender is neither the recipient of the alert nor a deputy.
    WrongSender,
    /// The first word is none of those that act.
    UnknownVerb,
    /// `false-positive` without a reason.
    NoReason,
    /// The incident does not allow it.
    Impossible,
}

impl ReplyRefusal {
    /// The word that the journal shows.
    pub fn name(self) -> &'static str {
        match self {
            ReplyRefusal::Malformed => "malformed",
            ReplyRefusal::Automatic => "automatic",
            ReplyRefusal::NoToken => "no-token",
            ReplyRefusal::BadToken => "bad-token",
            ReplyRefusal::Expired => "expired",
            ReplyRefusal::Used => "used",
            ReplyRefusal::NotAuthenticated => "not-authenticated",
            ReplyRefusal::WrongSender => "wrong-sender",
            ReplyRefusal::UnknownVerb => "unknown-verb",
            ReplyRefusal::NoReason => "no-reason",
            ReplyRefusal::Impossible => "impossible",
        }
    }
}
