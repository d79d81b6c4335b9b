//! The few ways in which rows are made and changed.

use super::Escalate;
use super::elapsed;
use super::moves::{ClockInput, IncidentInput, Machine, NotificationInput};
use crate::schema::book::id_text;
use crate::schema::{
    Book, Changes, Clock, ClockKind, ClockState, JournalEntry, Notification, NotificationKind,
    NotificationState, Printable, Reading, Span, Timestamp,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Characters of one journal entry's detail.
const DETAIL_CHARS_MAX: usize = 2_000;

/// Who the program is in the journal.
pub(super) const PROGRAM: &str = "gatewatch";

/// Adds a line to the journal.
pub(super) fn journal(changes: &mut Changes, at: Timestamp, kind: &'static str, subject: &str, detail: &str) {
    journal_by(changes, at, kind, PROGRAM, subject, detail);
}

/// Adds a line to the journal in somebody's name.
pub(super) fn journal_by(
    changes: &mut Changes,
    at: Timestamp,
    kind: &'static str,
    actor: &str,
    subject: &str,
    detail: &str,
) {
    let (actor, subject) = (Printable(actor).cut(200).into(), Printable(subject).cut(200).into());
    let detail = Printable(detail).cut(DETAIL_CHARS_MAX).into();
    changes.journal.push(JournalEntry { at, kind, actor, subject, detail });
}

/// Moves an incident; an illegal move changes nothing, is journalled, and gives `false`.
pub(super) fn move_incident(
    book: &mut Book,
    id: &str,
    input: IncidentInput,
    now: &Reading,
    changes: &mut Changes,
) -> bool {
    let Some(incident) = book.incident(id) else { return false };
    match incident.status.next(input) {
        Ok(status) => book.update_incident(id, |i| i.status = status),
        Err(error) => {
            journal(changes, now.utc, "illegal-move", id, &error.to_string());
            return false;
        }
    }
    true
}

/// Moves a notification; an illegal move changes nothing, is journalled, and gives `false`.
pub(super) fn move_notification(
    book: &mut Book,
    id: u64,
    input: NotificationInput,
    now: &Reading,
    changes: &mut Changes,
) -> bool {
    let Some(notification) = book.notification(id) else { return false };
    match notification.state.next(input) {
        Ok(state) => book.update_notification(id, |n| n.state = state),
        Err(error) => {
            journal(changes, now.utc, "illegal-move", &format!("notification {id}"), &error.to_string());
            return false;
        }
    }
    true
}

/// Moves a clock and brings its elapsed time up to date.
pub(super) fn move_clock(
    book: &mut Book,
    mut clock: Clock,
    input: ClockInput,
    now: &Reading,
    changes: &mut Changes,
) -> bool {
    match clock.state.next(input) {
        Ok(state) => clock.state = state,
        Err(error) => {
            journal(changes, now.utc, "illegal-move", &clock.incident, &error.to_string());
            return false;
        }
    }
    elapsed::tick(&mut clock, now);
    clock.ended_at = match input {
        ClockInput::Doubt | ClockInput::Arm => None,
        ClockInput::Keep | ClockInput::Pass | ClockInput::Waive => clock.ended_at.or(Some(now.utc)),
    };
    book.put_clock(clock);
    true
}

/// Whether a clock still counts: running, or in doubt and its promise not yet kept.
pub(super) fn is_live(clock: &Clock) -> bool {
    clock.ended_at.is_none()
}

/// The clocks of an incident that still count, of these kinds.
pub(super) fn live_clocks(book: &Book, incident: &str, kinds: &[ClockKind]) -> Vec<Clock> {
    let clocks = book.clocks_of(incident).iter();
    clocks.filter(|c| is_live(c) && kinds.contains(&c.kind)).cloned().collect()
}

/// A clock that counts from `back` before now.
pub(super) fn new_clock(
    incident: Arc<str>,
    kind: ClockKind,
    round: u32,
    allowed: Span,
    back: Span,
    now: &Reading,
) -> Clock {
    let armed = Reading {
        utc: now.utc - back,
        boottime: Span(now.boottime.0.saturating_sub(back.0)),
        boot_id: now.boot_id.clone(),
    };
    Clock {
        incident,
        kind,
        round,
        state: ClockState::Running,
        allowed,
        due_at: armed.utc + allowed,
        armed,
        elapsed_lo: back,
        elapsed_hi: back,
        ticked: now.clone(),
        ended_at: None,
        name: None,
    }
}

/// Whether a message of this kind tells somebody of an incident (and not of what others did).
pub(super) fn is_telling(kind: NotificationKind) -> bool {
    use NotificationKind::{Escalation, Fallback, Notice, Repeat};
    matches!(kind, Notice | Escalation | Repeat | Fallback)
}

/// A message that is to be owed.
pub(super) struct Draft<'a> {
    pub(super) incident: Option<&'a Arc<str>>,
    pub(super) step: u32,
    pub(super) round: u32,
    pub(super) recipient: &'a Arc<str>,
    pub(super) address: &'a Arc<str>,
    pub(super) kind: NotificationKind,
    /// What tells messages without incident apart; empty otherwise.
    pub(super) salt: &'a str,
}

impl Escalate {
    /// Owes a message, due now. `None` when the incident has this very message already.
    pub(super) fn owe(&self, book: &mut Book, draft: &Draft, now: &Reading) -> Option<u64> {
        let message_id = self.message_id(draft);
        let again = |incident: &Arc<str>| book.notifications_of(incident).any(|n| n.message_id == message_id);
        if draft.incident.is_some_and(again) {
            return None;
        }
        let id = book.number_notification();
        book.put_notification(Notification {
            id,
            incident: draft.incident.cloned(),
            step: draft.step,
            round: draft.round,
            recipient: draft.recipient.clone(),
            address: draft.address.clone(),
            kind: draft.kind,
            message_id,
            state: NotificationState::Pending,
            created_at: now.utc,
            due_at: now.utc,
            accepted_at: None,
            delivery_level: None,
            relay: None,
            relay_reply: None,
            attempts: 0,
            may_repeat: false,
            date: None,
            digest: None,
            answered_at: None,
            answered_by: None,
            words: None,
        });
        book.hints.due.insert(id, now.boottime);
        Some(id)
    }

    /// The message id: the same for the same message, over every retry and restart.
    pub(super) fn message_id(&self, draft: &Draft) -> Arc<str> {
        let parts = [
            draft.incident.map_or("", |id| id),
            draft.kind.name(),
            &draft.step.to_string(),
            &draft.round.to_string(),
            draft.recipient,
            draft.address,
            draft.salt,
        ];
        // An odd character would make the header invalid, or worse; the domain is configuration.
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '-' };
        let domain: String = self.params.domain.chars().map(safe).collect();
        format!("<{}@{domain}>", id_text(&Sha256::digest(parts.join("\n")))).into()
    }
}
