//! Room 5: who is owed which message, when, and whether the promises are kept.
//!
//! The room has no memory of its own: everything is in the [`Book`], so killing the program anywhere and
//! loading the rows again goes on where it stopped. Times are arguments; due times are computed by both of
//! the machine's clocks ([`mod@elapsed`]), statuses change by the tables of [`moves`] alone.
//!
//! - [`Escalate::look`] (`ladder`): clocks, steps, repeats, acknowledgements that run out.
//! - [`Escalate::act`] (`acts`, `merging`, `promises`): what a person does.
//! - [`Escalate::claim`], [`Escalate::recover`] (`claims`): what goes out now, alone or in a digest.
//! - [`Escalate::receipt`] (`receipts`): what came of it, when it is tried again, and where else.
//! - [`Escalate::letter`] (`letter`): the words.
//! - [`Escalate::inbound`] (`replies`, `reports`): what comes back by mail.

mod acts;
mod claims;
pub mod duties;
pub mod elapsed;
mod ladder;
pub mod letter;
mod merging;
pub mod moves;
mod news;
mod params;
mod promises;
mod receipts;
mod reminders;
mod replies;
mod reports;
mod rows;
pub mod schedule;
mod selfmail;
#[cfg(test)]
mod tests;

pub use acts::ActRefused;
pub use duties::{Calendar, Duty as OutsideDuty, Trigger, Within};
pub use params::{ClockStart, Params, Person, Policy, Recipient, Replies, Step};
pub use promises::{emergency_mark, unkept_notice};
pub use schedule::{Duty, Layer, Override, Schedule, Stretch, Why};
pub use selfmail::SelfMail;

use crate::schema::{
    Book, ClockKind, ClockState, Incident, IncidentStatus, NotificationState, Reading, Span, Timestamp,
};
use elapsed::elapsed;

/// What holds where no policy is configured.
static NOBODY: Policy = Policy {
    notify_within: Span::minutes(30),
    acknowledge_within: None,
    resolve_within: None,
    acknowledgement_lasts: None,
    clock_starts: ClockStart::Detected,
    repeat_every: None,
    steps: Vec::new(),
    duties: Vec::new(),
};

/// The room.
#[derive(Clone, Debug)]
pub struct Escalate {
    params: Params,
}

/// Why Escalate wants to look again at a certain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WakeReason {
    /// A step or a repeat is due.
    Step,
    /// A promise must be judged.
    Deadline,
    /// An acknowledgement runs out.
    AcknowledgementEnds,
    /// A message is to go out.
    Send,
    /// Elapsed time must be written down.
    Tick,
}

impl Escalate {
    /// The room with its parameters.
    pub fn new(params: Params) -> Escalate {
        Escalate { params }
    }

    /// Whether the configuration has this person.
    pub fn has_person(&self, id: &str) -> bool {
        self.params.persons.contains_key(id)
    }

    /// When to look next, and why: the earliest of everything that is under way; in the past when it is
    /// overdue. Ask after [`Escalate::claim`]: messages that are due and still here wait for a free session
    /// or for their recipient's budget, and a receipt or the regular look brings them on.
    pub fn next_wake(&self, book: &Book, now: &Reading) -> Option<(Timestamp, WakeReason)> {
        let clocks = book.next_due().map(|(at, id)| {
            let wake =
                book.incident(id).and_then(|incident| self.wakes_of(book, incident, now).into_iter().min());
            let wait = at.map_or(Span::ZERO, |at| Span(at.0.saturating_sub(now.boottime.0)));
            (wait, wake.map_or(WakeReason::Tick, |(_, reason)| reason))
        });
        let messages = book.unfinished().filter(|n| n.digest.is_none());
        let waits =
            messages.filter(|n| n.state != NotificationState::Sending).map(|n| claims::wait(book, n, now));
        let sends = waits.filter(|wait| *wait > Span::ZERO).map(|wait| (wait, WakeReason::Send));
        let own = self.self_mail_wait(book, now).map(|wait| (wait, WakeReason::Send));
        clocks.into_iter().chain(sends).chain(own).min().map(|(wait, reason)| (now.utc + wait, reason))
    }

    fn wakes_of(&self, book: &Book, incident: &Incident, now: &Reading) -> Vec<(Span, WakeReason)> {
        if incident.status == IncidentStatus::New {
            return vec![(Span::ZERO, WakeReason::Step)];
        }
        let closing = incident.resolved_at.filter(|_| promises::may_close(book, incident)).map(|at| {
            let left = Span((at + self.params.close_after - now.utc).0.max(0));
            (left, WakeReason::Tick)
        });
        let waits = book.clocks_of(&incident.id).iter().filter(|c| rows::is_live(c));
        let wait = |clock: &crate::schema::Clock| {
            let passed = elapsed(clock, now);
            let acting = Span(clock.allowed.0.saturating_sub(passed.hi.0));
            let (due, reason) = match clock.kind {
                ClockKind::Ladder => (acting, WakeReason::Step),
                ClockKind::Hold => (acting, WakeReason::AcknowledgementEnds),
                // In doubt already: only the lower bound can still decide.
                _ if clock.state == ClockState::Uncertain => {
                    (Span(clock.allowed.0.saturating_sub(passed.lo.0)), WakeReason::Deadline)
                }
                _ => (passed.until_judged(clock.allowed), WakeReason::Deadline),
            };
            (due.min(elapsed::TICK_EVERY), if due > elapsed::TICK_EVERY { WakeReason::Tick } else { reason })
        };
        waits.map(wait).chain(closing).collect()
    }

    /// The policy of an incident: its own; the first one if that is gone; where there is none at all, one
    /// that tells nobody and records the broken promise.
    fn policy(&self, incident: &Incident) -> &Policy {
        let policies = &self.params.policies;
        policies.get(&incident.policy).or_else(|| policies.values().next()).unwrap_or(&NOBODY)
    }
}
