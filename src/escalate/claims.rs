//! What goes out now: which messages, alone or in a digest, by which relay; and what a restart finds.
//!
//! One message per address is under way at a time, round robin over the addresses, so that a recipient with
//! many messages delays nobody else. A session that hangs stops counting after [`HANGING_AFTER`], so that it
//! delays no other message to its address for long.
//!
//! Each person's mailbox has a budget (a token bucket, refilled by the boot clock). First notices,
//! escalations and their fallbacks of severity high and critical, and retries, go out whatever it says; they
//! use it up all the same. Others go alone while tokens last; with the last token, everything else that
//! waits for this address goes in one digest.

use super::Escalate;
use super::elapsed::elapsed;
use super::ladder::is_told;
use super::moves::NotificationInput;
use super::receipts::give_up_elsewhere;
use super::rows::{Draft, is_telling, journal, move_notification};
use crate::limits;
use crate::schema::book::{Budget, Claim};
use crate::schema::selfmail::is_self;
use crate::schema::{
    Attempt, AttemptResult, Book, Changes, ClockKind, IncidentStatus, MailPhase, Notification,
    NotificationKind, NotificationState, Reading, Severity, Span,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A session under way for so long no longer holds back other messages to its address: half of the 20 s
/// that a hanging one may delay others.
const HANGING_AFTER: Span = Span::seconds(10);
/// A notification expires only after so many tries, too. Five days of tries are about 3,600; with fewer, the
/// wall clock jumped or the machine was off, and nobody was told.
const EXPIRY_ATTEMPTS_MIN: u32 = 500;
/// Urgent messages use the budget up. What waits beside them is told in a digest after so long all the same,
/// or a storm of grave incidents would keep the others untold for as long as it lasts.
const DIGEST_EVERY: Span = Span::minutes(10);
/// One message, in the unit of [`Budget`].
const TOKEN: i64 = 1_000_000;
/// Microseconds of an hour.
const HOUR: i64 = Span::hours(1).0;
/// Per cent of `notify_within` after which tries alternate between the relays.
const OTHER_RELAY_PERCENT: i64 = 25;

/// How long until a message is due, by the clock that says the sooner; zero when it is.
pub(super) fn wait(book: &Book, notification: &Notification, now: &Reading) -> Span {
    let by_utc = notification.due_at - now.utc;
    let by_boot = book.hints.due.get(&notification.id).map(|due| Span(due.0.saturating_sub(now.boottime.0)));
    Span(by_boot.map_or(by_utc, |by_boot| by_boot.min(by_utc)).0.max(0))
}

/// How long a message has been due, by the boot clock where this run knows, else by UTC.
fn waited(book: &Book, notification: &Notification, now: &Reading) -> Span {
    let due = book.hints.due.get(&notification.id);
    due.map_or(now.utc - notification.due_at, |due| Span(now.boottime.0.saturating_sub(due.0)))
}

fn waits_for_courier(notification: &Notification) -> bool {
    matches!(notification.state, NotificationState::Pending | NotificationState::Uncertain)
}

impl Escalate {
    /// Claims at most `free` due messages: their rows say `sending` and one more try. Hand their letters to
    /// the courier after the commit. The claim asks once more whether each message is still wanted, so no
    /// send starts after an acknowledgement was committed.
    pub fn claim(&self, book: &mut Book, free: usize, now: &Reading, changes: &mut Changes) -> Vec<u64> {
        self.cancel_unwanted(book, now, changes);
        self.hand_over(book, now, changes);
        self.expire(book, now, changes);
        let mut claimed = Vec::new();
        let mut due = due_by_address(book, now);
        let addresses: Vec<Arc<str>> = due.keys().cloned().collect();
        let behind = book.hints.served.as_ref().map_or(0, |last| addresses.partition_point(|a| a <= last));
        for address in addresses.iter().cycle().skip(behind).take(addresses.len()) {
            if claimed.len() == free {
                break;
            }
            let waiting = due.remove(address).unwrap_or_default();
            if let Some(id) = self.pick(book, &waiting, now, changes) {
                self.claim_one(book, id, now, changes);
                book.hints.served = Some(address.clone());
                claimed.push(id);
            }
        }
        claimed
    }

    /// What the program finds at its start: every `sending` row is a message that may have been delivered.
    /// It goes again, marked, with the same message id. Due times are clamped to the longest retry wait, in
    /// case the wall clock went back while the program was away.
    pub fn recover(&self, book: &mut Book, now: &Reading, changes: &mut Changes) {
        let ticks = book.incidents().flat_map(|i| book.clocks_of(&i.id)).filter(|c| c.ended_at.is_none());
        if let Some(last) = ticks.map(|c| &c.ticked).max_by_key(|ticked| ticked.utc) {
            super::promises::tell_step(last, now, changes);
        }
        let rows: Vec<Notification> = book.unfinished().cloned().collect();
        for row in rows {
            if row.state == NotificationState::Sending {
                let reply = "the program stopped while this was being sent; it may have been delivered";
                changes.attempts.push(Attempt {
                    notification: row.id,
                    n: row.attempts,
                    at: now.utc,
                    relay: row.relay.clone().unwrap_or_else(|| "unknown".into()),
                    phase: MailPhase::Body,
                    reply: reply.into(),
                    result: AttemptResult::Uncertain,
                });
                move_notification(book, row.id, NotificationInput::Lose, now, changes);
                book.update_notification(row.id, |n| (n.may_repeat, n.due_at) = (true, now.utc));
                journal(changes, now.utc, "notification", &format!("notification {}", row.id), reply);
            }
            let wait = wait(book, &row, now).min(super::receipts::WAIT_MAX);
            let wait = if row.state == NotificationState::Sending { Span::ZERO } else { wait };
            book.hints.due.insert(row.id, Span(now.boottime.0.saturating_add(wait.0)));
        }
    }

    fn cancel_unwanted(&self, book: &mut Book, now: &Reading, changes: &mut Changes) {
        let waiting = book.unfinished().filter(|n| waits_for_courier(n));
        let unwanted: Vec<u64> = waiting.filter(|n| !is_wanted(book, n)).map(|n| n.id).collect();
        for id in unwanted {
            move_notification(book, id, NotificationInput::Cancel, now, changes);
        }
        let digests =
            book.unfinished().filter(|n| n.kind == NotificationKind::Digest && waits_for_courier(n));
        let ids: Vec<u64> = digests.map(|n| n.id).collect();
        for id in ids {
            if !book.members_of(id).any(waits_for_courier) {
                move_notification(book, id, NotificationInput::Cancel, now, changes);
            }
        }
    }

    /// Whoever is on call when a message goes out is told, not who was when it was owed. A message that was
    /// tried already stays beside the new one: it may have arrived.
    fn hand_over(&self, book: &mut Book, now: &Reading, changes: &mut Changes) {
        let schedules = self.params.schedules.iter();
        let turns: BTreeMap<Arc<str>, Vec<Arc<str>>> =
            schedules.map(|(id, schedule)| (id.clone(), schedule.on_call(now.utc))).collect();
        if book.hints.turns.as_ref() == Some(&turns) {
            return; // every message waiting was owed to these, or looked at when they took over
        }
        book.hints.turns = Some(turns);
        use NotificationKind::{Escalation, Notice, Repeat};
        let ladder_kinds =
            |n: &&Notification| matches!(n.kind, Notice | Escalation | Repeat) && n.digest.is_none();
        let rows: Vec<Notification> =
            book.unfinished().filter(|n| waits_for_courier(n)).filter(ladder_kinds).cloned().collect();
        for row in rows {
            self.hand_over_one(book, &row, now, changes);
        }
    }

    fn hand_over_one(&self, book: &mut Book, row: &Notification, now: &Reading, changes: &mut Changes) {
        let Some(incident) = row.incident.as_ref().and_then(|id| book.incident(id)).cloned() else { return };
        let base = book.clock(&incident.id, ClockKind::Ladder).map_or(0, |ladder| ladder.round);
        let mut persons = self.persons_of(&incident, row.step, now.utc);
        persons.retain(|person| self.params.persons.contains_key(person));
        if row.round < base || persons.is_empty() || persons.contains(&row.recipient) {
            return;
        }
        for person in &persons {
            let Some(address) = self.params.persons.get(person).and_then(|p| p.addresses.first()) else {
                continue;
            };
            let draft = Draft {
                incident: Some(&incident.id),
                step: row.step,
                round: row.round,
                recipient: person,
                address,
                kind: row.kind,
                salt: "",
            };
            if self.owe(book, &draft, now).is_some() {
                let detail =
                    format!("{person} has the turn now; {} had it when the message was owed", row.recipient);
                journal(changes, now.utc, "handover", &incident.id, &detail);
            }
        }
        if row.attempts == 0 {
            move_notification(book, row.id, NotificationInput::Cancel, now, changes);
        }
    }

    fn expire(&self, book: &mut Book, now: &Reading, changes: &mut Changes) {
        let old = |n: &&Notification| {
            now.utc - n.created_at > limits::NOTIFICATION_AGE_MAX && n.attempts >= EXPIRY_ATTEMPTS_MIN
        };
        let ids: Vec<u64> =
            book.unfinished().filter(|n| waits_for_courier(n)).filter(old).map(|n| n.id).collect();
        for id in ids {
            if move_notification(book, id, NotificationInput::Expire, now, changes) {
                journal(
                    changes,
                    now.utc,
                    "notification",
                    &format!("notification {id}"),
                    "tried for five days: given up",
                );
                give_up_elsewhere(self, book, id, now, changes);
            }
        }
    }

    /// The message for one address that goes next, if the budget allows one: maybe a new digest.
    fn pick(&self, book: &mut Book, waiting: &[u64], now: &Reading, changes: &mut Changes) -> Option<u64> {
        let rows: Vec<&Notification> = waiting.iter().filter_map(|id| book.notification(*id)).collect();
        let first = rows.first()?;
        let person = first.recipient.clone();
        if is_self(first.kind) {
            return Some(first.id); // nothing about an incident is due, or it would stand first
        }
        if let Some(urgent) = rows.iter().find(|n| goes_alone(book, n) && !is_self(n.kind)).map(|n| n.id) {
            self.spend(book, &person, now);
            return Some(urgent);
        }
        let ids: Vec<u64> = rows.iter().map(|n| n.id).collect();
        let starving = rows.iter().any(|n| waited(book, n, now) >= DIGEST_EVERY);
        let tokens = self.tokens(book, &person, now);
        if tokens < TOKEN && !starving {
            return None;
        }
        self.spend(book, &person, now);
        if ids.len() == 1 || tokens >= 2 * TOKEN {
            ids.first().copied()
        } else {
            self.bundle(book, &ids, now, changes)
        }
    }

    /// Puts these messages to one address into a digest.
    fn bundle(&self, book: &mut Book, ids: &[u64], now: &Reading, changes: &mut Changes) -> Option<u64> {
        let first = book.notification(*ids.first()?)?.clone();
        let salt: Vec<String> = ids.iter().map(u64::to_string).collect();
        let draft = Draft {
            incident: None,
            step: 0,
            round: 0,
            recipient: &first.recipient,
            address: &first.address,
            kind: NotificationKind::Digest,
            salt: &salt.join(","),
        };
        let digest = self.owe(book, &draft, now)?;
        let message_id = book.notification(digest)?.message_id.clone();
        for id in ids {
            book.update_notification(*id, |n| {
                n.digest = Some(digest);
                n.message_id = message_id.clone();
            });
        }
        let detail = format!("{} messages for {} are told in one", ids.len(), first.recipient);
        journal(changes, now.utc, "digest", &format!("notification {digest}"), &detail);
        Some(digest)
    }

    fn claim_one(&self, book: &mut Book, id: u64, now: &Reading, changes: &mut Changes) {
        let relay = self.relay_for(book, id, now);
        let members: Vec<u64> = book.members_of(id).filter(|n| waits_for_courier(n)).map(|n| n.id).collect();
        for id in std::iter::once(id).chain(members) {
            if move_notification(book, id, NotificationInput::Claim, now, changes) {
                book.update_notification(id, |n| {
                    n.attempts += 1;
                    n.date = n.date.or(Some(now.utc));
                });
                book.hints.claims.insert(id, Claim { at: now.clone(), relay });
            }
        }
    }

    /// The relay to try first: the preferred one; when a quarter of the time to notify is gone, in turns.
    fn relay_for(&self, book: &mut Book, id: u64, now: &Reading) -> u32 {
        let hints = &mut book.hints;
        if hints.relay_until.is_some_and(|until| now.boottime >= until) {
            (hints.relay, hints.relay_failures, hints.relay_until) = (0, 0, None);
        }
        let preferred = hints.relay;
        let late = |incident: &str| {
            let clock = book.clock(incident, ClockKind::Notify)?;
            let late =
                elapsed(clock, now).hi.0 >= (clock.allowed.0 / 100).saturating_mul(OTHER_RELAY_PERCENT);
            Some(late && !is_told(book, incident, clock.round))
        };
        let row = book.notification(id);
        let turn =
            row.filter(|n| n.incident.as_deref().and_then(late) == Some(true)).map_or(0, |n| n.attempts);
        preferred.saturating_add(turn) % self.params.relays.max(1)
    }

    fn tokens(&self, book: &mut Book, person: &Arc<str>, now: &Reading) -> i64 {
        let per_hour = i64::from(self.params.max_per_recipient_per_hour.max(1));
        let full = per_hour * TOKEN;
        let budget = match book.hints.budgets.get(person) {
            Some(budget) => *budget,
            None => {
                // After a restart: what was accepted in the last hour is spent.
                let recent =
                    |n: &&Notification| n.accepted_at.is_some_and(|at| (now.utc - at).0.abs() < HOUR);
                let messages: BTreeSet<&Arc<str>> = book
                    .notifications()
                    .filter(|n| n.recipient == *person)
                    .filter(recent)
                    .map(|n| &n.message_id)
                    .collect();
                let spent = i64::try_from(messages.len()).unwrap_or(i64::MAX).saturating_mul(TOKEN);
                Budget { micro_tokens: (full.saturating_sub(spent)).max(0), filled_at: now.boottime }
            }
        };
        let waited = now.boottime.0.saturating_sub(budget.filled_at.0).clamp(0, HOUR);
        let micro_tokens = (budget.micro_tokens + waited * full / HOUR).min(full);
        book.hints.budgets.insert(person.clone(), Budget { micro_tokens, filled_at: now.boottime });
        micro_tokens
    }

    fn spend(&self, book: &mut Book, person: &Arc<str>, now: &Reading) {
        self.tokens(book, person, now);
        if let Some(budget) = book.hints.budgets.get_mut(person) {
            budget.micro_tokens = (budget.micro_tokens - TOKEN).max(0);
        }
    }
}

/// Whether a waiting message still has its reason.
pub(super) fn is_wanted(book: &Book, notification: &Notification) -> bool {
    use IncidentStatus::{Acknowledged, Merged, New, Open, Resolved};
    let Some(id) = &notification.incident else { return true };
    let Some(status) = book.incident(id).map(|incident| incident.status) else { return false };
    match notification.kind {
        NotificationKind::Acknowledged => status == Acknowledged,
        NotificationKind::Resolved => matches!(status, Resolved | Merged),
        kind if is_telling(kind) => matches!(status, New | Open),
        _ => true,
    }
}

/// Whether a message waits for no budget and joins no digest.
fn goes_alone(book: &Book, notification: &Notification) -> bool {
    use NotificationKind::{Escalation, Fallback, Notice};
    let Some(id) = &notification.incident else { return true };
    if notification.kind == NotificationKind::Answer {
        return true;
    }
    let grave = book.incident(id).is_some_and(|incident| incident.severity >= Severity::High);
    let first = matches!(notification.kind, Notice | Escalation | Fallback);
    (grave && first) || notification.attempts > 0
}

/// Due messages by address, the most urgent first; addresses with a session under way are left out.
fn due_by_address(book: &Book, now: &Reading) -> BTreeMap<Arc<str>, Vec<u64>> {
    // A self mail under way holds back no message to the same address.
    let under_way =
        |n: &&Notification| n.state == NotificationState::Sending && n.digest.is_none() && !is_self(n.kind);
    let hangs = |n: &Notification| {
        let claim = book.hints.claims.get(&n.id);
        claim.is_none_or(|c| now.boottime.0.saturating_sub(c.at.boottime.0) >= HANGING_AFTER.0)
    };
    let busy: BTreeSet<&Arc<str>> =
        book.unfinished().filter(under_way).filter(|n| !hangs(n)).map(|n| &n.address).collect();
    let due = book
        .unfinished()
        .filter(|n| waits_for_courier(n) && n.digest.is_none() && !busy.contains(&n.address));
    let mut by_address: BTreeMap<Arc<str>, Vec<&Notification>> = BTreeMap::new();
    for notification in due.filter(|n| wait(book, n, now) == Span::ZERO) {
        by_address.entry(notification.address.clone()).or_default().push(notification);
    }
    let gravity = |n: &Notification| n.incident.as_ref().and_then(|id| book.incident(id)).map(|i| i.severity);
    let urgency = |n: &&Notification| (std::cmp::Reverse(gravity(n)), n.kind, n.id);
    let sorted = by_address.into_iter().map(|(address, mut rows)| {
        rows.sort_by_key(urgency);
        (address, rows.into_iter().map(|n| n.id).collect())
    });
    sorted.collect()
}
