//! Exceptions that end soon: their owner hears of it in time to have them approved again, or to let them go.

use super::Escalate;
use super::rows::{Draft, journal};
use crate::schema::{
    Book, Changes, Notification, NotificationKind, Reading, Silence, SilenceKind, Span, Timestamp,
};
use std::sync::Arc;

/// The reminder comes so long before the end; for an exception of less than four weeks, after three quarters of it.
const BEFORE: Span = Span::days(7);

/// When the owner is reminded.
fn remind_at(exception: &Silence) -> Timestamp {
    let length = (exception.ends_at - exception.starts_at).0.max(0);
    exception.ends_at - Span((length / 4).min(BEFORE.0))
}

impl Escalate {
    /// Reminds the owners whose exceptions end soon, each once: a journal entry, and a mail where the owner is a person
    /// of the configuration.
    pub(super) fn remind(&self, book: &mut Book, now: &Reading, changes: &mut Changes) {
        let due = |s: &&Silence| {
            s.kind == SilenceKind::Exception
                && s.reminded_at.is_none()
                && remind_at(s) <= now.utc
                && now.utc < s.ends_at
        };
        let due: Vec<Silence> = book.silences().filter(due).cloned().collect();
        for exception in due {
            let told = match self.address_of(&exception.owner) {
                Some(address) => {
                    self.owe(book, &draft(&exception, address), now);
                    format!("{} is told by mail", exception.owner)
                }
                None => {
                    format!("nobody is told by mail: {} is no person of the configuration", exception.owner)
                }
            };
            let detail = format!(
                "exception {} ends at {}, it covered {} findings; {told}",
                exception.id, exception.ends_at, exception.matches
            );
            journal(changes, now.utc, "exception", &exception.id, &detail);
            book.update_silence(&exception.id, |s| s.reminded_at = Some(now.utc));
        }
    }

    /// The tail of the answer to who adds an exception: when who will be reminded.
    pub(super) fn reminder_of(&self, exception: &Silence) -> String {
        let at = remind_at(exception);
        match self.address_of(&exception.owner) {
            Some(_) => format!("; {} is reminded by mail at {at}", exception.owner),
            None => format!(
                "; the reminder at {at} goes to the journal alone: {} is no person of the configuration",
                exception.owner
            ),
        }
    }

    /// The exception that a reminder is about, if it is still known.
    pub(super) fn reminded_of<'b>(&self, book: &'b Book, row: &Notification) -> Option<&'b Silence> {
        book.silences().find(|s| {
            s.kind == SilenceKind::Exception && self.message_id(&draft(s, &row.address)) == row.message_id
        })
    }

    fn address_of(&self, person: &Arc<str>) -> Option<&Arc<str>> {
        self.params.persons.get(person).and_then(|person| person.addresses.first())
    }
}

fn draft<'a>(exception: &'a Silence, address: &'a Arc<str>) -> Draft<'a> {
    Draft {
        incident: None,
        step: 0,
        round: 0,
        recipient: &exception.owner,
        address,
        kind: NotificationKind::Reminder,
        salt: &exception.id,
    }
}
