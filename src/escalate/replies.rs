//! Replies by mail: who may act by one, what it does, and what the writer hears when it does nothing.
//!
//! A reply acts when all of this holds: a person wrote it and not a program; its token is ours, not used and not too
//! old; the mail server vouches for the sender; the sender is the recipient of the alert or a deputy; its first word is
//! one that acts. Anything else is a row `reply-refused` of the journal. Whoever is known and vouched for hears why, in
//! a mail that no program answers, and seldom enough that two programs could not talk for long.

use super::params::Replies;
use super::rows::{Draft, is_telling, journal_by};
use super::{ActRefused, Escalate};
use crate::limits;
use crate::schema::{
    Act, Actor, Book, Changes, Channel, Inbound, InboundContent, Notification, NotificationKind, Printable,
    Reading, Reply, ReplyRefusal, ReplyVerb, Span, Tag, TagKind, Verb, Wish,
};
use std::sync::Arc;

/// Why a reply is not acted on, and who hears of it.
struct Refused {
    reason: ReplyRefusal,
    words: String,
    /// The notification that it answers, where the token shows it.
    row: Option<Box<Notification>>,
    /// Who wrote it: a person of the configuration for whom the mail server vouches.
    writer: Option<Arc<str>>,
}

impl Escalate {
    /// Takes in one mail that came back. What it does is in `changes` with its reason.
    pub fn inbound(&self, book: &mut Book, mail: &Inbound, now: &Reading, changes: &mut Changes) {
        match &mail.content {
            InboundContent::Report(report) => self.report(book, report, now, changes),
            InboundContent::Malformed(why) => {
                let words = why.to_string();
                let refused = Refused { reason: ReplyRefusal::Malformed, words, row: None, writer: None };
                self.refuse(book, mail, &refused, now, changes);
            }
            InboundContent::Reply(reply) => {
                if let Err(refused) = self.reply(book, mail, reply, now, changes) {
                    self.refuse(book, mail, &refused, now, changes);
                }
            }
        }
    }

    fn reply(
        &self,
        book: &mut Book,
        mail: &Inbound,
        reply: &Reply,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<(), Refused> {
        let refused =
            |reason, words: &str| Refused { reason, words: words.to_owned(), row: None, writer: None };
        if let Some(why) = &reply.automatic {
            return Err(refused(ReplyRefusal::Automatic, why));
        }
        if let Err(why) = &reply.proof {
            return Err(refused(ReplyRefusal::NotAuthenticated, why));
        }
        let (row, writer) = self.bearer(book, mail, reply, now)?;
        let refused = |reason, words: String| Refused {
            reason,
            words,
            row: Some(Box::new(row.clone())),
            writer: Some(writer.clone()),
        };
        let (verb, note) = wanted(&reply.wish).map_err(|(reason, words)| refused(reason, words))?;
        let actor = Actor { name: writer.clone(), known: true, channel: Channel::Reply };
        let act = Act { actor, verb, incident: row.incident.clone(), note };
        self.act(book, &act, now, changes)
            .map_err(|why: ActRefused| refused(ReplyRefusal::Impossible, why.to_string()))?;
        book.update_notification(row.id, |n| {
            (n.answered_at, n.answered_by) = (Some(now.utc), Some(mail.message_id.clone()));
        });
        Ok(())
    }

    /// The notification that the token is for, and the writer, who may use it.
    fn bearer(
        &self,
        book: &Book,
        mail: &Inbound,
        reply: &Reply,
        now: &Reading,
    ) -> Result<(Notification, Arc<str>), Refused> {
        let row = reply.tag.as_ref().and_then(|tag| self.row_of(book, tag)).cloned();
        let writer = self.person_of(&mail.from, row.as_ref().map(|row| &row.recipient));
        let refused = |reason, words: String, row: Option<Notification>| Refused {
            reason,
            words,
            row: row.map(Box::new),
            writer: writer.clone(),
        };
        let Some(row) = row else {
            let (reason, words) = match reply.tag {
                None => (ReplyRefusal::NoToken, "it went to no address that stands for one incident"),
                Some(_) => (ReplyRefusal::BadToken, "its address stands for no incident that is open"),
            };
            return Err(refused(reason, words.to_owned(), None));
        };
        let deputies = self.params.replies.as_ref().and_then(|replies| replies.deputies.get(&row.recipient));
        let allowed = |person: &Arc<str>| {
            *person == row.recipient || deputies.is_some_and(|deputies| deputies.contains(person))
        };
        let Some(person) = writer.clone().filter(allowed) else {
            let words = format!("the alert went to {}, and the writer is no deputy", row.recipient);
            return Err(refused(ReplyRefusal::WrongSender, words, None));
        };
        if let Some(at) = row.answered_at {
            let again = row.answered_by.as_ref() == Some(&mail.message_id) && !mail.message_id.is_empty();
            let words =
                if again { "the same mail came again" } else { "another reply to this mail was acted on" };
            let mut used = refused(ReplyRefusal::Used, format!("{words}, at {at}"), Some(row));
            used.writer = used.writer.filter(|_| !again);
            return Err(used);
        }
        if now.utc - row.created_at > limits::REPLY_TOKEN_LASTS {
            let words =
                format!("it answers a mail that is older than {}", limits::REPLY_TOKEN_LASTS.in_words());
            return Err(refused(ReplyRefusal::Expired, words, Some(row)));
        }
        Ok((row, person))
    }

    /// The notification of a genuine reply tag.
    fn row_of<'b>(&self, book: &'b Book, tag: &Tag) -> Option<&'b Notification> {
        let replies = self.params.replies.as_ref()?;
        let row = book.notification(tag.notification).filter(|row| takes_replies(row))?;
        (tag.kind == TagKind::Reply && tag.is_genuine(&replies.key, &row.message_id)).then_some(row)
    }

    /// The person with this address, who is preferably this one.
    fn person_of(&self, address: &str, preferred: Option<&Arc<str>>) -> Option<Arc<str>> {
        let has = |id: &Arc<str>| {
            let person = self.params.persons.get(id);
            person.is_some_and(|person| person.addresses.iter().any(|own| own.eq_ignore_ascii_case(address)))
        };
        let found = preferred.filter(|id| has(id)).or_else(|| self.params.persons.keys().find(|id| has(id)));
        found.cloned()
    }

    /// Writes the refusal down, and tells the writer where that is safe.
    fn refuse(
        &self,
        book: &mut Book,
        mail: &Inbound,
        refused: &Refused,
        now: &Reading,
        changes: &mut Changes,
    ) {
        let incident = refused.row.as_ref().and_then(|row| row.incident.clone());
        let actor = refused.writer.as_deref().unwrap_or("mail");
        let from = if mail.from.is_empty() { "an unknown sender" } else { &mail.from };
        let detail = format!("{}: {} [from {from}, {}]", refused.reason.name(), refused.words, mail.identity);
        journal_by(changes, now.utc, "reply-refused", actor, incident.as_deref().unwrap_or("reply"), &detail);
        if let Some(writer) = &refused.writer
            && self.may_answer(book, writer, now)
        {
            self.answer(book, mail, writer, refused, now);
        }
    }

    fn may_answer(&self, book: &mut Book, writer: &Arc<str>, now: &Reading) -> bool {
        let (begun, count) = book.hints.answers.entry(writer.clone()).or_insert((now.boottime, 0));
        if now.boottime.0.saturating_sub(begun.0) >= Span::hours(1).0 {
            (*begun, *count) = (now.boottime, 0);
        }
        *count += 1;
        *count <= limits::REPLY_ANSWERS_MAX
    }

    fn answer(&self, book: &mut Book, mail: &Inbound, writer: &Arc<str>, refused: &Refused, now: &Reading) {
        let person = self.params.persons.get(writer);
        let own = person.and_then(|p| p.addresses.iter().find(|own| own.eq_ignore_ascii_case(&mail.from)));
        let Some(address) = own.cloned() else { return };
        let (step, round) = refused.row.as_ref().map_or((0, 0), |row| (row.step, row.round));
        let draft = Draft {
            incident: refused.row.as_ref().and_then(|row| row.incident.as_ref()),
            step,
            round,
            recipient: writer,
            address: &address,
            kind: NotificationKind::Answer,
            salt: &mail.identity,
        };
        if let Some(id) = self.owe(book, &draft, now) {
            let words = Printable(&refused.words).cut(500);
            book.update_notification(id, |n| {
                n.words = Some(format!("{}: {words}", refused.reason.name()).into())
            });
        }
    }
}

impl Replies {
    /// The text of a reply token for this message.
    pub(super) fn token(&self, row: &Notification) -> String {
        Tag::new(TagKind::Reply, row.id, 0).sign(&self.key, &row.message_id)
    }

    /// The text of the bounce tag of this try.
    pub(super) fn bounce_tag(&self, row: &Notification) -> String {
        Tag::new(TagKind::Bounce, row.id, row.attempts).sign(&self.key, "")
    }
}

/// Whether a reply to a message of this kind can act: one that tells of a single incident.
pub(super) fn takes_replies(row: &Notification) -> bool {
    let kind = row.kind;
    let further = matches!(kind, NotificationKind::Acknowledged | NotificationKind::Answer);
    row.incident.is_some() && (is_telling(kind) || further)
}

/// A verb and its note.
type Wanted = (Verb, Option<Box<str>>);

/// The act that the first line asks for.
fn wanted(wish: &Wish) -> Result<Wanted, (ReplyRefusal, String)> {
    let (verb, note) = match wish {
        Wish::Do(verb, note) => (*verb, note.clone()),
        Wish::Other(line) => return Err((ReplyRefusal::UnknownVerb, format!("it begins with \"{line}\""))),
        Wish::Nothing => {
            return Err((ReplyRefusal::UnknownVerb, "it has no line of the writer's own".to_owned()));
        }
    };
    let verb = match verb {
        ReplyVerb::Acknowledge => Verb::Acknowledge,
        ReplyVerb::Resolve => Verb::Resolve { false_positive: false },
        ReplyVerb::Escalate => Verb::Escalate,
        ReplyVerb::FalsePositive if note.is_none() => {
            return Err((
                ReplyRefusal::NoReason,
                "false-positive needs its reason on the same line".to_owned(),
            ));
        }
        ReplyVerb::FalsePositive => Verb::Resolve { false_positive: true },
    };
    Ok((verb, note))
}
