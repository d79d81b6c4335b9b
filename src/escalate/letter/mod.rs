//! The words: a letter from the rows, for one recipient. Pure composition; call it after the commit of the
//! claim, with the evidence as the ledger has it.
//!
//! Everything that stems from a log passes [`defang::defang`]; header values are ASCII without line ends.

mod back;
pub mod defang;
mod digest;
mod incident;
mod normal;
mod own;
pub mod page;
mod reminder;
mod times;

use super::Escalate;
use super::rows::is_telling;
use crate::limits;
use crate::schema::drill::is_announced;
use crate::schema::{
    Book, ClockKind, Evidence, Incident, Letter, Notification, NotificationKind, NotificationState,
    Printable, Reading, Severity,
};
use defang::defang;
use jiff::tz::TimeZone;
use page::{Block, Page};

/// What a letter is made from.
struct Desk<'a> {
    room: &'a Escalate,
    book: &'a Book,
    row: &'a Notification,
    now: &'a Reading,
    zone: TimeZone,
}

impl Escalate {
    /// The letter of a claimed notification; `None` for an unknown one, and for kinds that are not built yet.
    /// `tree` is `SIZE ROOT` of the store's tree, for the header that anchors it.
    pub fn letter(
        &self,
        book: &Book,
        notification: u64,
        evidence: &Evidence,
        now: &Reading,
        tree: Option<&str>,
    ) -> Option<Letter> {
        let row = book.notification(notification)?;
        let zone =
            self.params.persons.get(&row.recipient).map_or(TimeZone::UTC, |person| person.zone.clone());
        let desk = Desk { room: self, book, row, now, zone };
        let incident = row.incident.as_ref().and_then(|id| book.incident(id));
        let minimal = desk.is_minimal();
        let (subject, page) = match (row.kind, incident) {
            (NotificationKind::Digest, _) => desk.digest(),
            (NotificationKind::Test, _) => desk.test(),
            (NotificationKind::Canary, _) => desk.canary(),
            (NotificationKind::Alive, _) => desk.alive(),
            (NotificationKind::Proof, _) => desk.proof(),
            (NotificationKind::Reminder, _) => desk.reminder(),
            (NotificationKind::Answer, _) => desk.answer(incident),
            (NotificationKind::Fallback, _) if minimal => desk.minimal(incident),
            (NotificationKind::Acknowledged | NotificationKind::Resolved, Some(incident)) => {
                desk.news(incident)
            }
            (_, Some(incident)) => desk.alert(incident, evidence),
            (_, None) => return None,
        };
        let text = page.text();
        let room = limits::MAIL_BYTES_MAX.saturating_sub(text.len());
        Some(Letter {
            notification,
            attempt: row.attempts,
            may_repeat: row.may_repeat,
            to: row.address.clone(),
            message_id: row.message_id.clone(),
            date: row.date.unwrap_or(now.utc),
            subject: subject.into(),
            headers: desk.headers(incident, tree),
            html: if minimal { None } else { page.html(room).map(Into::into) },
            text: text.into(),
            relay: book.hints.claims.get(&notification).map_or(0, |claim| claim.relay),
            envelope: desk.envelope(),
            answers: row.kind == NotificationKind::Answer,
        })
    }
}

impl Desk<'_> {
    fn headers(&self, incident: Option<&Incident>, tree: Option<&str>) -> Vec<(&'static str, String)> {
        // That it was written by a program, the courier says on every letter.
        let mut headers = vec![("X-Gatewatch-Kind", self.row.kind.name().to_owned())];
        if let Some(incident) = incident {
            headers.push(("X-Gatewatch-Incident", ascii(&incident.id)));
            headers.push(("X-Gatewatch-Severity", incident.severity.name().to_owned()));
            headers.push(("X-Gatewatch-Step", self.row.step.to_string()));
            headers.extend(self.deadline(incident).map(|at| ("X-Gatewatch-Deadline", at)));
            // A blind drill is told as one only when it is over.
            let told =
                |id: &&std::sync::Arc<str>| is_announced(id) || self.row.kind == NotificationKind::Resolved;
            headers.extend(incident.drill.as_ref().filter(told).map(|id| ("X-Gatewatch-Drill", ascii(id))));
        }
        headers.extend(self.reply_to().map(|address| ("Reply-To", address)));
        let chain = incident.map(|incident| self.chain(incident)).unwrap_or_default();
        if let Some(first) = chain.first() {
            headers.push(("In-Reply-To", (*first).to_owned()));
            headers.push(("References", chain.join(" ")));
        }
        let severity = match self.row.kind {
            NotificationKind::Digest => {
                headers.push(("X-Gatewatch-Severity", self.gravest().name().to_owned()));
                headers.push(("X-Gatewatch-Count", self.members().count().to_string()));
                headers.push((
                    "List-Id",
                    format!("gatewatch digests <digest.{}>", ascii(&self.room.params.domain)),
                ));
                self.gravest()
            }
            _ => incident.map(|incident| incident.severity).unwrap_or_default(),
        };
        // Hints, for mail programs that show them; nothing relies on them.
        if severity >= Severity::High {
            headers.push(("Importance", "high".to_owned()));
            headers.push(("X-Priority", "1".to_owned()));
        }
        if self.row.may_repeat && self.row.attempts > 1 {
            headers.push(("X-Gatewatch-Attempt", self.row.attempts.to_string()));
        }
        headers.extend(tree.map(|tree| ("X-Gatewatch-Tree", ascii(tree))));
        headers
    }

    /// The deadline of the promise that counts: to notify, and once that is decided, to acknowledge.
    fn deadline(&self, incident: &Incident) -> Option<String> {
        let clock = |kind| self.book.clock(&incident.id, kind);
        let notify = clock(ClockKind::Notify);
        let running = notify.filter(|c| c.ended_at.is_none());
        running.or_else(|| clock(ClockKind::Acknowledge)).or(notify).map(|c| c.due_at.to_string())
    }

    /// The thread: the incident's first real message to this mailbox, other than this one, and the latest ones
    /// after it. A message that no relay took is no part of it: mail programs would show a hole.
    fn chain(&self, incident: &Incident) -> Vec<&str> {
        let real = |n: &&Notification| {
            n.address == self.row.address
                && n.id < self.row.id
                && n.message_id != self.row.message_id
                && (n.state == NotificationState::Accepted || n.may_repeat)
        };
        let mut chain: Vec<&str> = Vec::new();
        for row in self.book.notifications_of(&incident.id).filter(real) {
            if !chain.contains(&&*row.message_id) {
                chain.push(&row.message_id);
            }
        }
        let surplus = chain.len().saturating_sub(limits::REFERENCES_MAX);
        if surplus > 0 {
            chain.drain(1..=surplus);
        }
        chain
    }

    /// Whether this is the plain repetition of a message whose content a relay refused at this address.
    fn is_minimal(&self) -> bool {
        let Some(incident) = &self.row.incident else { return self.row.kind == NotificationKind::Fallback };
        let refused = |n: &Notification| {
            n.state == NotificationState::Refused
                && is_telling(n.kind)
                && (n.step, n.round) == (self.row.step, self.row.round)
                && (&n.recipient, &n.address) == (&self.row.recipient, &self.row.address)
        };
        self.row.kind == NotificationKind::Fallback && self.book.notifications_of(incident).any(refused)
    }

    fn test(&self) -> (String, Page) {
        let blocks = vec![
            Block::Text(
                "This is a test of the way that alerts take. Nothing happened, and nothing is to do.".into(),
            ),
            Block::Facts(vec![
                ("Asked by", defang(&self.row.recipient, 80)),
                ("At", times::both(self.row.created_at, &self.zone)),
                ("Number", format!("notification {}", self.row.id)),
            ]),
        ];
        let page = Page { severity: Severity::Info, heading: "gatewatch: test mail".into(), blocks };
        ("[gatewatch] test mail".to_owned(), page)
    }

    /// No word of a log in it: a relay refused the content.
    fn minimal(&self, incident: Option<&Incident>) -> (String, Page) {
        let why = "A mail relay refused the full message because of its content. Look on the machine that runs gatewatch:";
        let (subject, heading, command) = match incident {
            Some(incident) => (
                format!("[gatewatch] {} #{}", loud(incident.severity), incident.number),
                format!("{}: incident {} is open", loud(incident.severity), incident.number),
                format!("gatewatch incident show {}", incident.number),
            ),
            None => (
                "[gatewatch] several notices".to_owned(),
                "Several notices could not be delivered in full".to_owned(),
                "gatewatch incident list".to_owned(),
            ),
        };
        let mut blocks = vec![Block::Text(why.into()), Block::Command(command)];
        if let Some(incident) = incident {
            blocks.push(Block::Text("To acknowledge:".into()));
            blocks.push(Block::Command(format!("gatewatch incident ack {}", incident.number)));
        }
        (subject, Page { severity: incident.map_or(Severity::Info, |i| i.severity), heading, blocks })
    }
}

/// The subject of everything about an incident, so that its mails stand together.
fn subject(incident: &Incident) -> String {
    let number = incident.number;
    let drill = if incident.drill.as_deref().is_some_and(is_announced) { "DRILL " } else { "" };
    let (severity, title) = (loud(incident.severity), &incident.title);
    let text = format!("[gatewatch] {drill}{severity} #{number}: {title}: {}", incident.entity);
    // An address alone is no link in a subject, and people search for it; anything else is defanged.
    let text = if text.contains("://") { defang(&text, limits::SUBJECT_CHARS_MAX) } else { text };
    Printable(&text).cut(limits::SUBJECT_CHARS_MAX - 1)
}

fn loud(severity: Severity) -> String {
    severity.name().to_uppercase()
}

/// The text as a header value; what is not printable ASCII becomes `?`.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}
