//! What came of a try: the row's next state, when it is tried again, and where else to go.

use super::Escalate;
use super::elapsed::elapsed;
use super::moves::{ClockInput, NotificationInput};
use super::rows::{Draft, is_telling, journal, live_clocks, move_clock, move_notification, new_clock};
use crate::limits;
use crate::schema::selfmail::is_self;
use crate::schema::{
    Attempt, AttemptResult, Book, Changes, Clock, ClockKind, ClockState, IncidentStatus, MailPhase,
    Notification, NotificationKind, NotificationState, Printable, Reading, Receipt, Span,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Waits after the first tries: 5, 20, 50, 110 and 230 s after the start.
const WAITS_SECONDS: [i64; 5] = [5, 15, 30, 60, 120];
/// Waits of a relay that greylists: 65, 305 and 605 s after the start; they want 180 to 300 s.
const GREYLIST_WAITS_SECONDS: [i64; 3] = [65, 240, 300];
/// Waits of a relay that refuses us (login, sender), so that it does not lock us out.
const REFUSED_US_WAITS_SECONDS: [i64; 6] = [10, 20, 40, 80, 160, 300];
/// All later waits, plus or minus `JITTER_PERCENT`.
const LATER_WAIT_SECONDS: i64 = 120;
const JITTER_PERCENT: i64 = 20;
/// No wait is longer.
pub(super) const WAIT_MAX: Span = Span::seconds(300);
/// Consecutive failures to get a session, after which the next relay is preferred ...
const RELAY_FAILURES_MAX: u32 = 3;
/// ... for so long.
const OTHER_RELAY_FOR: Span = Span::minutes(5);

impl Escalate {
    /// Takes in what came of a try: an attempts row, the row's state and next time, and for what cannot be
    /// delivered another way. A receipt that answers no try under way is journalled and changes nothing.
    pub fn receipt(&self, book: &mut Book, receipt: &Receipt, now: &Reading, changes: &mut Changes) {
        let under_way =
            |n: &&Notification| n.state == NotificationState::Sending && n.attempts == receipt.attempt;
        if book.notification(receipt.notification).filter(under_way).is_none() {
            let detail =
                format!("a receipt for try {} that is not under way: {}", receipt.attempt, receipt.reply);
            journal(
                changes,
                now.utc,
                "late-receipt",
                &format!("notification {}", receipt.notification),
                &detail,
            );
            return;
        }
        self.judge_relay(book, receipt, now, changes);
        let members: Vec<u64> = book
            .members_of(receipt.notification)
            .filter(|n| n.state == NotificationState::Sending)
            .map(|n| n.id)
            .collect();
        for id in std::iter::once(receipt.notification).chain(members.iter().copied()) {
            self.settle(book, id, receipt, now, changes);
        }
        if input_of(receipt) == NotificationInput::Refuse {
            self.go_elsewhere(book, receipt, &members, now, changes);
        }
    }

    /// Writes the try down and moves the row.
    fn settle(&self, book: &mut Book, id: u64, receipt: &Receipt, now: &Reading, changes: &mut Changes) {
        let Some(row) = book.notification(id) else { return };
        let reply: Box<str> = bounded(&receipt.reply).into();
        changes.attempts.push(Attempt {
            notification: id,
            n: row.attempts,
            at: receipt.at,
            relay: receipt.relay.clone(),
            phase: receipt.phase,
            reply: reply.clone(),
            result: receipt.result,
        });
        let (input, wait) = (input_of(receipt), wait_after(row, receipt));
        if !move_notification(book, id, input, now, changes) {
            return;
        }
        book.hints.claims.remove(&id);
        book.update_notification(id, |n| {
            (n.relay, n.relay_reply) = (Some(receipt.relay.clone()), Some(reply));
            match input {
                NotificationInput::Accept => {
                    (n.accepted_at, n.delivery_level) = (Some(receipt.at), Some("D1".into()));
                }
                NotificationInput::Lose => (n.may_repeat, n.due_at) = (true, now.utc + wait),
                NotificationInput::Defer => n.due_at = now.utc + wait,
                _ => {}
            }
        });
        match input {
            NotificationInput::Accept => self.told(book, id, now, changes),
            NotificationInput::Lose | NotificationInput::Defer => {
                book.hints.due.insert(id, Span(now.boottime.0.saturating_add(wait.0)));
            }
            _ => {}
        }
    }

    /// Somebody's relay accepted a message: the promise to notify is kept (or was broken before), and the
    /// one to acknowledge begins.
    pub(super) fn told(&self, book: &mut Book, id: u64, now: &Reading, changes: &mut Changes) {
        let Some(row) = book.notification(id).filter(|n| is_telling(n.kind)).cloned() else { return };
        let Some(incident) = row.incident.as_ref().and_then(|id| book.incident(id)).cloned() else { return };
        if incident.notified_at.is_none() {
            book.update_incident(&incident.id, |i| i.notified_at = row.accepted_at);
        }
        for clock in live_clocks(book, &incident.id, &[ClockKind::Notify]) {
            if clock.round <= row.round {
                keep(book, clock, &format!("{} (D1) for {}", row.kind.name(), row.recipient), now, changes);
            }
        }
        let base = book.clock(&incident.id, ClockKind::Ladder).map_or(incident.round, |ladder| ladder.round);
        let armed = book.clock(&incident.id, ClockKind::Acknowledge).is_some_and(|clock| clock.round >= base);
        let waiting = incident.status == IncidentStatus::Open && row.round >= base && !armed;
        if let Some(allowed) = self.policy(&incident).acknowledge_within.filter(|_| waiting) {
            book.put_clock(new_clock(incident.id, ClockKind::Acknowledge, base, allowed, Span::ZERO, now));
        }
    }

    /// Counts what the try says about its relay, and prefers the next one when it is down or refuses us.
    fn judge_relay(&self, book: &mut Book, receipt: &Receipt, now: &Reading, changes: &mut Changes) {
        let tried = book.hints.claims.get(&receipt.notification).map(|claim| claim.relay);
        let by_mail = book.notification(receipt.notification).is_none_or(|row| row.address.contains('@'));
        if !by_mail || tried != Some(book.hints.relay) || self.params.relays < 2 {
            return;
        }
        let no_session = receipt.result == AttemptResult::Deferred && receipt.phase <= MailPhase::Hello;
        let failures = match (no_session, refuses_us(receipt)) {
            (_, true) => RELAY_FAILURES_MAX,
            (true, false) => book.hints.relay_failures + 1,
            (false, false) => 0,
        };
        book.hints.relay_failures = failures;
        if failures >= RELAY_FAILURES_MAX {
            book.hints.relay = (book.hints.relay + 1) % self.params.relays;
            book.hints.relay_failures = 0;
            book.hints.relay_until = Some(Span(now.boottime.0.saturating_add(OTHER_RELAY_FOR.0)));
            journal(changes, now.utc, "relay", &receipt.relay, "it fails: the next relay is tried first");
        }
    }

    /// After a refusal: the content once more as minimal text, or another address, or the next step.
    fn go_elsewhere(
        &self,
        book: &mut Book,
        receipt: &Receipt,
        members: &[u64],
        now: &Reading,
        changes: &mut Changes,
    ) {
        let Some(row) = book.notification(receipt.notification).cloned() else { return };
        let detail = format!("{} refused it for {}: {}", receipt.relay, row.address, receipt.reply);
        journal(changes, now.utc, "refusal", &format!("notification {}", row.id), &detail);
        let content = receipt.phase >= MailPhase::Data && row.kind != NotificationKind::Fallback;
        if content && row.kind != NotificationKind::Test && !is_self(row.kind) {
            let salt = if row.incident.is_some() { String::new() } else { row.message_id.to_string() };
            let draft = Draft {
                incident: row.incident.as_ref(),
                step: row.step,
                round: row.round,
                recipient: &row.recipient,
                address: &row.address,
                kind: NotificationKind::Fallback,
                salt: &salt,
            };
            self.owe(book, &draft, now);
            return;
        }
        let rows = if row.kind == NotificationKind::Digest { members.to_vec() } else { vec![row.id] };
        for id in rows {
            give_up_elsewhere(self, book, id, now, changes);
        }
    }

    /// Owes the message to an address of the person that it was not yet sent to; `false` where there is none.
    pub(super) fn tell_other_address(
        &self,
        book: &mut Book,
        row: &Notification,
        why: &str,
        now: &Reading,
        changes: &mut Changes,
    ) -> bool {
        let Some(incident) = &row.incident else { return false };
        let (Some(person), true) = (self.params.persons.get(&row.recipient), is_telling(row.kind)) else {
            return false;
        };
        let tried: Vec<Arc<str>> = book
            .notifications_of(incident)
            .filter(|n| {
                n.recipient == row.recipient
                    && n.round == row.round
                    && n.step == row.step
                    && is_telling(n.kind)
            })
            .map(|n| n.address.clone())
            .collect();
        let Some(address) = person.addresses.iter().find(|address| !tried.contains(address)) else {
            return false;
        };
        let draft = Draft {
            incident: Some(incident),
            step: row.step,
            round: row.round,
            recipient: &row.recipient,
            address,
            kind: NotificationKind::Fallback,
            salt: "",
        };
        let owed = self.owe(book, &draft, now).is_some();
        if owed {
            journal(
                changes,
                now.utc,
                "fallback",
                incident,
                &format!("{} is told at {address} too: {why}", row.recipient),
            );
        }
        owed
    }
}

/// After a message came to nothing: another address of the person, else (when nobody of its step may have
/// been told) the next step at once. What others did with an incident, and tests, are just journalled.
pub(super) fn give_up_elsewhere(
    room: &Escalate,
    book: &mut Book,
    id: u64,
    now: &Reading,
    changes: &mut Changes,
) {
    let Some(row) = book.notification(id).cloned() else { return };
    let Some(incident) = row.incident.clone().filter(|_| is_telling(row.kind)) else { return };
    let open = book.incident(&incident).is_some_and(|i| i.status == IncidentStatus::Open);
    if !open || room.tell_other_address(book, &row, "the message was refused", now, changes) {
        return;
    }
    journal(
        changes,
        now.utc,
        "unreachable",
        &incident,
        &format!("{} has no other address to try", row.recipient),
    );
    let hopeless = |n: &Notification| {
        matches!(
            n.state,
            NotificationState::Refused | NotificationState::Expired | NotificationState::Cancelled
        )
    };
    if book.notifications_of(&incident).filter(|n| n.step == row.step && n.round == row.round).all(hopeless) {
        room.nobody_told(book, &incident, now, changes);
    }
}

/// Marks a promise as kept, unless its time had passed.
pub(super) fn keep(book: &mut Book, clock: Clock, by: &str, now: &Reading, changes: &mut Changes) {
    let passed = elapsed(&clock, now);
    let (id, kind, round, allowed) = (clock.incident.clone(), clock.kind, clock.round, clock.allowed);
    let called = clock.called().to_owned();
    let broken = clock.state == ClockState::Breached;
    let input = if passed.lo >= allowed && !broken {
        ClockInput::Pass
    } else if passed.hi >= allowed && passed.is_doubtful() && clock.state == ClockState::Running {
        ClockInput::Doubt
    } else {
        ClockInput::Keep
    };
    if !move_clock(book, clock, input, now, changes) {
        return;
    }
    // A promise that was kept in doubt stays in doubt: nothing more can be learned about it.
    if input == ClockInput::Doubt
        && let Some(mut doubted) =
            book.clocks_of(&id).iter().find(|c| c.kind == kind && c.round == round).cloned()
    {
        doubted.ended_at = Some(now.utc);
        book.put_clock(doubted);
    }
    let verdict = match input {
        _ if broken => "too late",
        ClockInput::Pass => "too late",
        ClockInput::Doubt => "perhaps in time: the clocks disagree",
        _ => "in time",
    };
    let after = passed.hi.in_words();
    journal(
        changes,
        now.utc,
        "clock",
        &id,
        &format!("{called}: {by}, {verdict}, after {after} of {}", allowed.in_words()),
    );
}

/// Whether the relay refuses us, not the recipient or the content: login, sender, TLS policy.
fn refuses_us(receipt: &Receipt) -> bool {
    let permanent = receipt.code.is_some_and(|code| code >= 500) || receipt.result == AttemptResult::Refused;
    permanent && receipt.phase < MailPhase::Rcpt
}

/// A refusal before RCPT is the relay's trouble with us, and no reason to give up.
fn input_of(receipt: &Receipt) -> NotificationInput {
    match receipt.result {
        AttemptResult::Accepted => NotificationInput::Accept,
        AttemptResult::Uncertain => NotificationInput::Lose,
        AttemptResult::Refused if receipt.phase >= MailPhase::Rcpt => NotificationInput::Refuse,
        AttemptResult::Deferred | AttemptResult::Refused => NotificationInput::Defer,
    }
}

/// How long until the next try. The jitter is computed from the notification, so a replay has the same.
fn wait_after(row: &Notification, receipt: &Receipt) -> Span {
    let reply = receipt.reply.to_ascii_lowercase();
    let greylisted = reply.contains("greylist") || reply.contains("graylist");
    let nth = (row.attempts as usize).saturating_sub(1);
    let waits: &[i64] = match (refuses_us(receipt), greylisted) {
        (true, _) => {
            let last = REFUSED_US_WAITS_SECONDS.len() - 1;
            &REFUSED_US_WAITS_SECONDS[nth.min(last)..]
        }
        (false, true) => GREYLIST_WAITS_SECONDS.get(nth..).unwrap_or(&[]),
        (false, false) => WAITS_SECONDS.get(nth..).unwrap_or(&[]),
    };
    if let Some(seconds) = waits.first() {
        return Span::seconds(*seconds);
    }
    let hash = Sha256::digest(format!("{}\n{}", row.id, row.attempts));
    let share = i64::from(hash.first().copied().unwrap_or(0)) * (2 * JITTER_PERCENT) / 255 - JITTER_PERCENT;
    Span::millis(LATER_WAIT_SECONDS * (1_000 + share * 10))
}

/// A relay's words: printable, bounded.
fn bounded(reply: &str) -> String {
    let printable = Printable(reply).text().into_owned();
    let mut end = printable.len().min(limits::REPLY_BYTES_MAX);
    while !printable.is_char_boundary(end) {
        end -= 1;
    }
    printable[..end].to_owned()
}
