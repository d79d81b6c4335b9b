//! Promises beside the ladder: near misses, duties to others outside, and what persons decide about a clock.

use super::acts::ActRefused;
use super::duties;
use super::elapsed::elapsed;
use super::moves::ClockInput;
use super::receipts::keep;
use super::rows::{is_live, is_telling, journal, journal_by, move_clock, new_clock};
use super::{ClockStart, Escalate, Trigger};
use crate::limits::EMERGENCY_PERCENT;
use crate::schema::{
    Act, Book, Changes, Clock, ClockKind, ClockState, Incident, IncidentStatus, Notification,
    NotificationState, Printable, Reading, Span, Timestamp,
};
use std::sync::Arc;

/// Clocks that measure a promise to somebody.
pub(super) const KINDS: [ClockKind; 4] =
    [ClockKind::Notify, ClockKind::Acknowledge, ClockKind::Resolve, ClockKind::Duty];
/// Per cent of its time that a promise may use before it is a near miss.
pub(super) const NEAR_MISS_PERCENT: i64 = 75;
/// What began late (an old log, a host that was cut off) is given so long to be told before the last resort.
const EMERGENCY_GRACE: Span = Span::minutes(1);
/// UTC and boot clock apart by more than this since the last look: UTC was set, or the machine was paused.
const STEP_TOLD: Span = Span::seconds(2);

/// What was promised, as the beginning of a sentence.
pub(super) fn promise(clock: &Clock) -> String {
    match (&clock.name, clock.kind) {
        (Some(duty), _) => format!("the duty {duty}"),
        (None, kind) => format!("the promise to {}", kind.name()),
    }
}

/// The elapsed time at which the channel of last resort cries, if nobody was told: 70 % of the promise; where that was
/// over before the first message could be decided, a minute after it.
pub fn emergency_mark(book: &Book, notify: &Clock) -> Span {
    let share = Span((notify.allowed.0 / 100).saturating_mul(EMERGENCY_PERCENT));
    let own = |n: &&Notification| is_telling(n.kind) && n.round >= notify.round;
    let decided = book.notifications_of(&notify.incident).filter(own).map(|n| n.created_at).min();
    let decided = decided.or_else(|| book.incident(&notify.incident).map(|incident| incident.detected_at));
    let begun = decided.map_or(Span::ZERO, |at| at - notify.armed.utc);
    if begun < share { share } else { Span(begun.0.saturating_add(EMERGENCY_GRACE.0)) }
}

/// The promise to notify of an incident that waits for an answer, while nobody was told: running, in doubt, or broken.
pub fn unkept_notice(book: &Book, incident: &str) -> Option<Clock> {
    let open = book.incident(incident)?.status == IncidentStatus::Open;
    let clock = book.clock(incident, ClockKind::Notify).filter(|_| open)?;
    let broken = clock.state == ClockState::Breached;
    let told = |n: &Notification| {
        is_telling(n.kind) && n.round >= clock.round && n.state == NotificationState::Accepted
    };
    let untold = broken && !book.notifications_of(incident).any(told);
    (is_live(clock) || untold).then(|| clock.clone())
}

pub(super) fn tell_near_miss(clock: &Clock, now: &Reading, changes: &mut Changes) {
    let detail = format!(
        "{}: {} of {} have passed",
        clock.called(),
        elapsed(clock, now).hi.in_words(),
        clock.allowed.in_words()
    );
    journal(changes, now.utc, "near-miss", &clock.incident, &detail);
}

/// Journals that the two clocks of the machine went apart since the last look, or that it was started anew.
pub(super) fn tell_step(last: &Reading, now: &Reading, changes: &mut Changes) {
    let detail = if last.boot_id == now.boot_id {
        let boot = now.boottime.0.saturating_sub(last.boottime.0);
        let apart = Span((now.utc - last.utc).0.saturating_sub(boot));
        if apart.0.abs() <= STEP_TOLD.0 {
            return;
        }
        let words = Span(apart.0.abs()).in_words();
        let way = if apart.0 > 0 {
            format!("forward by {words}: it was set, or the machine was paused")
        } else {
            format!("back by {words}")
        };
        format!(
            "UTC went {way}, against the boot clock; steps follow whichever is later, breaches the boot clock"
        )
    } else {
        "the machine was started anew: time since the last look is known by UTC alone".to_owned()
    };
    journal(changes, now.utc, "clock-step", "clock", &detail);
}

/// Whether a resolved incident may be closed: a duty that is not done keeps it.
pub(super) fn may_close(book: &Book, incident: &Incident) -> bool {
    incident.status == IncidentStatus::Resolved
        && !book.clocks_of(&incident.id).iter().any(|c| c.kind == ClockKind::Duty && is_live(c))
}

impl Escalate {
    /// Starts the clocks of duties whose trigger has come. Each is started once; what it allows is reckoned in its own
    /// calendar then.
    pub(super) fn arm_duties(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        // Nobody outside is owed anything for a drill; if something real joins it, what is owed begins then.
        let Some(incident) = book.incident(id).filter(|incident| incident.drill.is_none()).cloned() else {
            return;
        };
        for duty in self.policy(&incident).duties.iter().filter(|duty| duty.is_about(&incident)) {
            let Some(start) = self.triggered(&incident, duty.trigger) else { continue };
            let armed = |c: &Clock| c.kind == ClockKind::Duty && c.name.as_ref() == Some(&duty.id);
            if book.clocks_of(id).iter().any(armed) {
                continue;
            }
            let start = start.min(now.utc);
            let (allowed, back) = (duty.due(start) - start, now.utc - start);
            let clock = new_clock(id.clone(), ClockKind::Duty, duties::number(&duty.id), allowed, back, now);
            let due = clock.due_at;
            book.put_clock(Clock { name: Some(duty.id.clone()), ..clock });
            let detail = format!("{}: owed to {} by {due}", duty.id, duty.audience);
            journal(changes, now.utc, "duty", id, &detail);
        }
    }

    fn triggered(&self, incident: &Incident, trigger: Trigger) -> Option<Timestamp> {
        match trigger {
            Trigger::Start => Some(match self.policy(incident).clock_starts {
                ClockStart::Occurred => incident.occurred_at,
                ClockStart::Read => incident.read_at,
                ClockStart::Detected => incident.detected_at,
            }),
            Trigger::Occurred => Some(incident.occurred_at),
            Trigger::Read => Some(incident.read_at),
            Trigger::Detected => Some(incident.detected_at),
            Trigger::Acknowledged => incident.acknowledged_at,
            Trigger::Resolved => incident.resolved_at,
        }
    }

    /// A person lets a promise go, with a reason.
    pub(super) fn waive(
        &self,
        book: &mut Book,
        incident: &Incident,
        wanted: &str,
        act: &Act,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        let reason = reason(act)?;
        let waivable = |clock: &&Clock| ClockInput::Waive.is_legal(clock.state);
        let clock = named(book, incident, wanted, waivable)?;
        let (called, was) = (clock.called().to_owned(), clock.state.name());
        move_clock(book, clock, ClockInput::Waive, now, changes);
        let detail = format!("{called}: waived by {} when it was {was}: {reason}", act.actor.name);
        journal_by(changes, now.utc, "clock", &act.actor.name, &incident.id, &detail);
        Ok(format!("the {called} clock of incident {} is waived; it was {was}", incident.number))
    }

    /// A person did what a duty asks for, and says how.
    pub(super) fn fulfil(
        &self,
        book: &mut Book,
        incident: &Incident,
        wanted: &str,
        act: &Act,
        now: &Reading,
        changes: &mut Changes,
    ) -> Result<String, ActRefused> {
        let how = reason(act)?;
        let clock = named(book, incident, wanted, |c| {
            c.kind == ClockKind::Duty && (is_live(c) || c.state == ClockState::Breached)
        })?;
        let (kind, round) = (clock.kind, clock.round);
        keep(book, clock, &format!("done (D5) by {}: {how}", act.actor.name), now, changes);
        let state = book.clocks_of(&incident.id).iter().find(|c| c.kind == kind && c.round == round);
        let state = state.map_or("gone", |clock| clock.state.name());
        Ok(format!("the duty {wanted} of incident {} is {state}", incident.number))
    }
}

fn reason(act: &Act) -> Result<&str, ActRefused> {
    act.note.as_deref().map(str::trim).filter(|note| !note.is_empty()).ok_or(ActRefused::NoReason)
}

/// The latest clock of this name that the person may decide about.
fn named(
    book: &Book,
    incident: &Incident,
    wanted: &str,
    fits: impl Fn(&&Clock) -> bool,
) -> Result<Clock, ActRefused> {
    let promises = book.clocks_of(&incident.id).iter().filter(|c| c.is_promise() && fits(c));
    let promises: Vec<&Clock> = promises.collect();
    let found = promises.iter().filter(|c| c.called() == wanted).max_by_key(|c| c.round);
    found.map(|clock| (*clock).clone()).ok_or_else(|| {
        let there: Vec<&str> = promises.iter().map(|clock| clock.called()).collect();
        let there = match there.is_empty() {
            true => "no promise of it is under way".to_owned(),
            false => format!("there is {}", there.join(", ")),
        };
        let wanted = format!("clock {} under way", Printable(wanted).cut(80));
        ActRefused::NoSuchClock { number: incident.number, wanted, there }
    })
}
