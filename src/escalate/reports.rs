//! What mail systems say of messages that a relay had accepted: it arrived, it went on, it waits, it will not arrive.
//!
//! A genuine bounce tag shows that the report is about a message of ours; it does not show who wrote the report, and the
//! recipient can read the tag. So the worst that a forged report can do is to tell the same person at another address,
//! or the next step sooner.

use super::Escalate;
use super::moves::NotificationInput;
use super::receipts::give_up_elsewhere;
use super::rows::{journal, move_notification};
use crate::schema::{
    Book, Changes, Fate, Notification, NotificationKind, NotificationState, Reading, Report,
};

impl Escalate {
    /// Takes in a report. Whatever it does is journalled.
    pub(super) fn report(&self, book: &mut Book, report: &Report, now: &Reading, changes: &mut Changes) {
        let subject = format!("notification {}", report.tag.notification);
        let genuine = self.params.replies.as_ref().is_some_and(|r| report.tag.is_genuine(&r.key, ""));
        let said = format!("{} (try {}): {}", report.fate.name(), report.tag.number, report.said);
        if !genuine {
            let detail = format!("not ours, nothing was done: {said}");
            journal(changes, now.utc, "report-refused", "report", &detail);
            return;
        }
        let kind = if report.fate == Fate::Failed { "bounce" } else { "report" };
        match book.notification(report.tag.notification) {
            // Also of a digest that is over, and so forgotten: its members are there as long as their incidents.
            None => journal(changes, now.utc, kind, &subject, &said),
            Some(row) => {
                let subject = row.incident.as_deref().unwrap_or(&subject);
                let detail = format!("notification {} to {}: {said}", row.id, row.address);
                journal(changes, now.utc, kind, subject, &detail);
            }
        }
        let message = report.tag.notification;
        match report.fate {
            Fate::Delayed => {}
            Fate::Delivered => self.confirm(book, message, "D3", now, changes),
            Fate::Relayed => self.confirm(book, message, "D2", now, changes),
            Fate::Failed => self.bounce(book, message, now, changes),
        }
    }

    /// The message, and with a digest its members, came further than the relay. A lost answer is found again by it.
    fn confirm(&self, book: &mut Book, message: u64, level: &str, now: &Reading, changes: &mut Changes) {
        for id in with_members(book, message) {
            let Some(one) = book.notification(id) else { continue };
            let uncertain = one.state == NotificationState::Uncertain;
            let known = matches!(one.state, NotificationState::Accepted | NotificationState::Uncertain);
            let better = one.delivery_level.as_deref().is_none_or(|now| now < level);
            if !known || !better || !move_notification(book, id, NotificationInput::Confirm, now, changes) {
                continue;
            }
            book.update_notification(id, |n| {
                n.delivery_level = Some(level.into());
                n.accepted_at = n.accepted_at.or(Some(now.utc));
            });
            if uncertain {
                self.told(book, id, now, changes);
            }
        }
    }

    /// The message will not arrive: it counts as refused, and goes elsewhere as after a refusal of the relay.
    fn bounce(&self, book: &mut Book, message: u64, now: &Reading, changes: &mut Changes) {
        let ids = with_members(book, message);
        let movable =
            |n: &Notification| matches!(n.state, NotificationState::Accepted | NotificationState::Uncertain);
        // One that is under way again, or was given up, has its own answer; a second report changes nothing.
        let moved: Vec<u64> =
            ids.into_iter().filter(|id| book.notification(*id).is_some_and(movable)).collect();
        for id in &moved {
            move_notification(book, *id, NotificationInput::Bounce, now, changes);
        }
        for id in moved {
            if book.notification(id).is_some_and(|n| n.kind != NotificationKind::Digest) {
                give_up_elsewhere(self, book, id, now, changes);
            }
        }
    }
}

/// The message, and with a digest those that it tells.
fn with_members(book: &Book, message: u64) -> Vec<u64> {
    let members = book.members_of(message).map(|member| member.id);
    std::iter::once(message).chain(members).collect()
}
