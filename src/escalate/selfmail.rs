//! Mails of the program about itself: a canary through the whole path, a sign of life, and the proof that an address
//! works. They are owed only while no notice waits, at most two at a time, one for each address: they never take a
//! place from a message about an incident. What is owed once is tried like any other message.

use super::Escalate;
use super::rows::{Draft, is_telling, journal};
use crate::schema::selfmail::{SelfMark, is_self};
use crate::schema::{
    Book, Changes, Notification, NotificationKind, NotificationState, Reading, Span, Timestamp,
};
use std::sync::Arc;

/// Self mails that may be new or under way at a time, of the eight places of the courier. One that a relay puts off
/// waits without a place.
const UNDER_WAY_MAX: usize = 2;

/// A mail that goes out again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfMail {
    /// Canary, alive or proof.
    pub kind: NotificationKind,
    /// The person whose address it is; an address without person stands for itself.
    pub person: Arc<str>,
    /// The address.
    pub address: Arc<str>,
    /// How often.
    pub every: Span,
}

/// A self mail that is due and must wait for others is looked at again after so long.
const AGAIN: Span = Span::millis(500);

/// Whether the next one is due: never sent, long enough ago, or decided by a clock that was far ahead.
pub fn is_due(last: Option<SelfMark>, every: Span, now: Timestamp) -> bool {
    let Some(last) = last else { return true };
    let passed = now - last.decided_at;
    !last.owed && (passed >= every || passed < Span(-every.0))
}

impl Escalate {
    /// How long until the next one is due.
    pub(super) fn self_mail_wait(&self, book: &Book, now: &Reading) -> Option<Span> {
        let wait = |mail: &SelfMail| match book.self_mails().get(mail.kind, &mail.address) {
            Some(last) if last.owed => None,
            Some(last) => Some((last.decided_at + mail.every - now.utc).max(AGAIN)),
            None => Some(AGAIN),
        };
        self.params.self_mails.iter().filter_map(wait).min()
    }

    /// Owes the next self mail that is due.
    pub(super) fn self_mails(&self, book: &mut Book, now: &Reading, changes: &mut Changes) {
        if self.params.self_mails.is_empty() || under_way(book) >= UNDER_WAY_MAX || is_busy(book) {
            return;
        }
        let due =
            |mail: &&SelfMail| is_due(book.self_mails().get(mail.kind, &mail.address), mail.every, now.utc);
        let Some(mail) = self.params.self_mails.iter().find(due) else { return };
        let salt = now.utc.to_string();
        let draft = Draft {
            incident: None,
            step: 0,
            round: 0,
            recipient: &mail.person,
            address: &mail.address,
            kind: mail.kind,
            salt: &salt,
        };
        if let Some(id) = self.owe(book, &draft, now) {
            let detail =
                format!("{} for {}, every {}", mail.kind.name(), mail.address, mail.every.in_words());
            journal(changes, now.utc, "self-mail", &format!("notification {id}"), &detail);
        }
    }
}

/// Self mails that take a place of the courier, or will at once.
fn under_way(book: &Book) -> usize {
    let takes_place = |row: &&Notification| row.attempts == 0 || row.state == NotificationState::Sending;
    book.unfinished().filter(|row| is_self(row.kind)).filter(takes_place).count()
}

/// Whether a message about an incident waits to go out.
fn is_busy(book: &Book) -> bool {
    book.unfinished().any(|row| is_telling(row.kind) && row.state != NotificationState::Sending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_one_is_due_after_its_time_and_not_while_one_is_owed() {
        let (hour, at) = (Span::hours(1), |minutes| Timestamp(0) + Span::minutes(minutes));
        let mark = |owed| Some(SelfMark { last: 1, decided_at: at(0), accepted_at: None, owed });
        assert!(is_due(None, hour, at(0)));
        assert!(!is_due(mark(false), hour, at(59)));
        assert!(is_due(mark(false), hour, at(60)));
        assert!(!is_due(mark(true), hour, at(600)), "one at a time");
        assert!(!is_due(mark(false), hour, at(-30)), "a small back-step of the clock sends nothing");
        assert!(is_due(mark(false), hour, at(-61)), "a clock that was a year ahead silences nothing");
    }
}
