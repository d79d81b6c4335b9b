//! The ladder: each incident's start, steps, repeats, promises and ends, as seen from `now`.
//!
//! A *base* is the round in which the ladder was last climbed from its first step: at the opening, when a
//! finding raised the incident, when an acknowledgement ran out, when a person opened it again. The base is
//! the round of the latest ladder clock. Bases of the first two sorts carry a notify clock and tell first
//! notices; the other two only repeat. `allowed` of the ladder clock is the elapsed time at which the next
//! step or repeat is due; zero means at once.

use super::elapsed::{self, elapsed};
use super::moves::{ClockInput, IncidentInput};
use super::promises;
use super::rows::{Draft, is_live, is_telling, journal, live_clocks, move_clock, move_incident, new_clock};
use super::{ClockStart, Escalate, Policy, Recipient};
use crate::schema::{
    Book, Changes, Clock, ClockKind, ClockState, Incident, IncidentStatus, NotificationKind,
    NotificationState, Reading, Span, Timestamp,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Per cent of `notify_within` after which the second addresses are told too, if nobody's relay accepted.
const SECOND_ADDRESS_PERCENT: i64 = 50;
/// UTC and boot clock this far apart between two looks mean that UTC was set. A slewed clock is far below.
const STEP_SEEN: Span = Span::millis(50);
/// When every address of every step was refused, all are told again after so long.
const NOBODY_TOLD_AGAIN: Span = Span::minutes(5);
/// Tries of a first address before the second one is told.
const SECOND_ADDRESS_ATTEMPTS: u32 = 2;

impl Escalate {
    /// Looks at every incident that changed or whose time has come: starts, steps, repeats, promises,
    /// acknowledgements that ran out, closings. What is owed becomes pending notifications; what happened
    /// is journalled.
    pub fn look(&self, book: &mut Book, now: &Reading, changes: &mut Changes) {
        book.forget_ended_silences(now.utc);
        if book.hints.looked_at.as_ref().is_none_or(|last| is_stepped(last, now)) {
            book.disturb_all();
        }
        if let Some(last) = &book.hints.looked_at {
            promises::tell_step(last, now, changes);
        }
        book.hints.looked_at = Some(now.clone());
        self.remind(book, now, changes);
        self.self_mails(book, now, changes);
        for id in book.take_due(now.boottime) {
            self.look_at(book, &id, now, changes);
            let wake =
                book.incident(&id).and_then(|incident| self.wakes_of(book, incident, now).into_iter().min());
            book.rest(&id, wake.map(|(wait, _)| Span(now.boottime.0.saturating_add(wait.0))));
        }
    }

    fn look_at(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        let Some(incident) = book.incident(id) else { return };
        if incident.status == IncidentStatus::New {
            self.start_first(book, id, now, changes);
        } else if is_raised(book, incident) {
            self.start_raised(book, id, now, changes);
        }
        self.arm_duties(book, id, now, changes);
        self.warn(book, id, now, changes);
        tick(book, id, now);
        self.judge_promises(book, id, now, changes);
        match book.incident(id).map(|incident| incident.status) {
            Some(IncidentStatus::Open) => self.climb(book, id, now, changes),
            Some(IncidentStatus::Acknowledged) => self.run_out(book, id, now, changes),
            Some(IncidentStatus::Resolved) => self.close(book, id, now, changes),
            _ => {}
        }
    }

    fn start_first(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        let Some(incident) = book.incident(id) else { return };
        let start = match self.policy(incident).clock_starts {
            ClockStart::Occurred => incident.occurred_at,
            ClockStart::Read => incident.read_at,
            ClockStart::Detected => incident.detected_at,
        };
        let detail =
            format!("incident {} opened: {}: {}", incident.number, incident.severity.name(), incident.title);
        journal(changes, now.utc, "incident", id, &detail);
        if move_incident(book, id, IncidentInput::Look, now, changes) {
            self.start(book, id, start, true, now);
        }
    }

    fn start_raised(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        let Some(incident) = book.incident(id) else { return };
        let start = match self.policy(incident).clock_starts {
            ClockStart::Occurred => incident.last_event_at,
            ClockStart::Read => incident.read_at,
            ClockStart::Detected => now.utc,
        };
        let detail = format!(
            "incident {} is {} now: told anew from the first step",
            incident.number,
            incident.severity.name()
        );
        if !move_incident(book, id, IncidentInput::Raise, now, changes) {
            return;
        }
        book.update_incident(id, |i| (i.resolved_at, i.resolution) = (None, None));
        journal(changes, now.utc, "incident", id, &detail);
        for clock in live_clocks(book, id, &[ClockKind::Ladder, ClockKind::Hold]) {
            move_clock(book, clock, ClockInput::Keep, now, changes);
        }
        self.start(book, id, start, true, now);
    }

    /// Arms the ladder of the incident's present round; `first` starts are a promise to notify as well.
    /// A start in the future (a forged stamp) counts as now.
    pub(super) fn start(&self, book: &mut Book, id: &Arc<str>, start: Timestamp, first: bool, now: &Reading) {
        let Some(incident) = book.incident(id) else { return };
        let policy = self.policy(incident);
        let (round, back) = (incident.round, Span((now.utc - start).0.max(0)));
        let allowed = policy.steps.first().map_or(Span::ZERO, |step| step.after);
        let ladder = new_clock(id.clone(), ClockKind::Ladder, round, allowed, back, now);
        let armed = ladder.armed.clone();
        book.put_clock(ladder);
        // A promise that was broken stays broken; one that was kept, or let go, counts anew.
        let over = |c: &Clock| matches!(c.state, ClockState::Met | ClockState::Waived);
        let resolve = policy.resolve_within.filter(|_| book.clock(id, ClockKind::Resolve).is_none_or(over));
        if first {
            book.put_clock(new_clock(id.clone(), ClockKind::Notify, round, policy.notify_within, back, now));
            book.update_incident(id, |i| i.started = armed);
        }
        if let Some(allowed) = resolve {
            book.put_clock(new_clock(id.clone(), ClockKind::Resolve, round, allowed, back, now));
        }
    }

    /// At 50 % of the notify promise without acceptance the second addresses are told; at 70 % the journal cries; a
    /// promise that used 75 % of its time is a near miss.
    fn warn(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        let late = promises::unkept_notice(book, id).filter(|clock| !is_live(clock));
        for mut clock in live_clocks(book, id, &promises::KINDS).into_iter().chain(late) {
            let passed = elapsed(&clock, now).hi;
            let share = |percent: i64| Span((clock.allowed.0 / 100).saturating_mul(percent));
            let notify = clock.kind == ClockKind::Notify;
            if notify && passed >= share(SECOND_ADDRESS_PERCENT) {
                self.tell_second_addresses(book, id, now, changes);
            }
            // The tick that follows a crossing is written down, so that it is crossed once.
            let crosses = |mark| clock.elapsed_hi < mark && mark <= passed;
            let emergency = notify && crosses(promises::emergency_mark(book, &clock));
            let near_miss = is_live(&clock) && crosses(share(promises::NEAR_MISS_PERCENT));
            if emergency {
                let detail = "nobody's relay has accepted a notice, and 70 % of the time to notify has passed, or more";
                journal(changes, now.utc, "emergency", id, detail);
            }
            if near_miss {
                promises::tell_near_miss(&clock, now, changes);
            }
            if emergency || near_miss {
                elapsed::tick(&mut clock, now);
                book.put_clock(clock);
            }
        }
    }

    fn tell_second_addresses(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        let stuck = |n: &&crate::schema::Notification| {
            is_telling(n.kind) && !n.state.is_final() && n.attempts >= SECOND_ADDRESS_ATTEMPTS
        };
        let rows: Vec<_> = book.notifications_of(id).filter(stuck).cloned().collect();
        for row in rows {
            self.tell_other_address(book, &row, "half of the time to notify has passed", now, changes);
        }
    }

    /// Judges the promises by the lower bound, and in doubt by the upper one. A late acknowledgement starts
    /// the next unsent step at once.
    fn judge_promises(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        for clock in live_clocks(book, id, &promises::KINDS) {
            let passed = elapsed(&clock, now);
            let was_running = clock.state == ClockState::Running;
            let input = if passed.lo >= clock.allowed {
                ClockInput::Pass
            } else if was_running && passed.hi >= clock.allowed && passed.is_doubtful() {
                ClockInput::Doubt
            } else {
                continue;
            };
            let (kind, allowed) = (clock.kind, clock.allowed.in_words());
            let promise = promises::promise(&clock);
            if !move_clock(book, clock, input, now, changes) {
                continue;
            }
            let detail = match input {
                ClockInput::Pass => format!("{promise} within {allowed} is broken"),
                _ => format!("{promise} within {allowed} may be broken: the clocks disagree"),
            };
            journal(changes, now.utc, "clock", id, &detail);
            if kind == ClockKind::Acknowledge && was_running {
                self.expedite(book, id, now);
            }
        }
    }

    /// Makes the next unsent step due at once, if there is one.
    pub(super) fn expedite(&self, book: &mut Book, id: &str, now: &Reading) {
        let Some(incident) = book.incident(id) else { return };
        let unsent = (incident.next_step as usize) < self.policy(incident).steps.len();
        let ladder = book.clock(id, ClockKind::Ladder).filter(|c| is_live(c)).cloned();
        if let Some(mut ladder) = ladder.filter(|_| unsent) {
            (ladder.allowed, ladder.due_at) = (Span::ZERO, now.utc);
            book.put_clock(ladder);
        }
    }

    /// Nobody could be told at any address: the next unsent step at once, and after the last one everybody
    /// again in a while, whatever the policy says of repeats. A relay that refuses everyone is set right one day.
    pub(super) fn nobody_told(&self, book: &mut Book, id: &str, now: &Reading, changes: &mut Changes) {
        self.expedite(book, id, now);
        let Some(incident) = book.incident(id) else { return };
        let unsent = (incident.next_step as usize) < self.policy(incident).steps.len();
        let Some(ladder) = book.clock(id, ClockKind::Ladder).cloned().filter(|_| !unsent) else { return };
        let hopeful = |n: &crate::schema::Notification| {
            let alive = n.state == NotificationState::Accepted || !n.state.is_final();
            is_telling(n.kind) && n.round >= ladder.round && alive
        };
        if book.notifications_of(id).any(hopeful) {
            return;
        }
        if !is_live(&ladder) {
            move_clock(book, ladder.clone(), ClockInput::Arm, now, changes);
        }
        let Some(mut ladder) = book.clock(id, ClockKind::Ladder).cloned() else { return };
        let again = Span(elapsed(&ladder, now).hi.0.saturating_add(NOBODY_TOLD_AGAIN.0));
        if again < ladder.allowed || ladder.allowed <= elapsed(&ladder, now).hi {
            (ladder.allowed, ladder.due_at) = (again, now.utc + NOBODY_TOLD_AGAIN);
            book.put_clock(ladder);
        }
    }

    /// Tells every step that is due, in order, and the repeat that is due.
    fn climb(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        if book.clock(id, ClockKind::Ladder).is_none() {
            self.start(book, id, now.utc, true, now); // taken before Escalate's first look, and given back
        }
        loop {
            let Some(incident) = book.incident(id).cloned() else { return };
            let Some(ladder) = book.clock(id, ClockKind::Ladder).filter(|c| is_live(c)).cloned() else {
                return;
            };
            let policy = self.policy(&incident);
            let (hi, at_once) = (elapsed(&ladder, now).hi, ladder.allowed == Span::ZERO);
            let next = policy.steps.get(incident.next_step as usize);
            if next.is_some_and(|step| at_once || hi >= step.after) {
                let told = self.tell_step(book, &incident, ladder.round, now, changes);
                book.update_incident(id, |i| i.next_step += 1);
                self.set_due(book, ladder, policy, incident.next_step + 1, !told, now, changes);
            } else if next.is_none() && incident.next_step == 0 {
                move_clock(book, ladder, ClockInput::Keep, now, changes); // a policy without steps
                return;
            } else if hi >= ladder.allowed {
                self.repeat(book, &incident, now, changes);
                self.set_due(book, ladder, policy, incident.next_step, false, now, changes);
                return;
            } else {
                return;
            }
        }
    }

    /// Sets when the ladder goes on: at the next step, at the next repeat, at once, or never.
    #[expect(clippy::too_many_arguments, reason = "the pieces are at hand in its one caller")]
    fn set_due(
        &self,
        book: &mut Book,
        mut ladder: Clock,
        policy: &Policy,
        next_step: u32,
        at_once: bool,
        now: &Reading,
        changes: &mut Changes,
    ) {
        let hi = elapsed(&ladder, now).hi;
        let step = policy.steps.get(next_step as usize).map(|step| step.after);
        let repeat = policy.repeat_every.map(|every| Span(hi.0.saturating_add(every.0)));
        match step.into_iter().chain(repeat).min() {
            Some(_) if at_once && step.is_some() => (ladder.allowed, ladder.due_at) = (Span::ZERO, now.utc),
            Some(due) => (ladder.allowed, ladder.due_at) = (due, now.utc + Span(due.0.saturating_sub(hi.0))),
            None => {
                move_clock(book, ladder, ClockInput::Keep, now, changes);
                return;
            }
        }
        elapsed::tick(&mut ladder, now);
        book.put_clock(ladder);
    }

    /// Owes the step's messages; `false` when nobody could be told.
    fn tell_step(
        &self,
        book: &mut Book,
        incident: &Incident,
        base: u32,
        now: &Reading,
        changes: &mut Changes,
    ) -> bool {
        let step = incident.next_step;
        let first =
            book.clocks_of(&incident.id).iter().any(|c| c.kind == ClockKind::Notify && c.round == base);
        let kind = match (first, step) {
            (true, 0) => NotificationKind::Notice,
            (true, _) => NotificationKind::Escalation,
            (false, _) => NotificationKind::Repeat,
        };
        let persons = self.persons_of(incident, step, now.utc);
        let told = persons.iter().filter(|person| {
            let Some(address) = self.params.persons.get(*person).and_then(|p| p.addresses.first()) else {
                return false;
            };
            let (id, round) = (Some(&incident.id), incident.round);
            self.owe(
                book,
                &Draft { incident: id, step, round, recipient: person, address, kind, salt: "" },
                now,
            )
            .is_some()
        });
        let names: Vec<&str> = told.map(|person| &**person).collect();
        let detail = if names.is_empty() {
            format!("step {} reaches nobody", step + 1)
        } else {
            format!("step {} ({}) for {}", step + 1, kind.name(), names.join(", "))
        };
        journal(changes, now.utc, "step", &incident.id, &detail);
        !names.is_empty()
    }

    /// Tells everyone of the steps told so far once more, each once.
    fn repeat(&self, book: &mut Book, incident: &Incident, now: &Reading, changes: &mut Changes) {
        let round = incident.round + 1;
        let steps = 0..incident.next_step;
        let persons: BTreeMap<Arc<str>, u32> = steps
            .flat_map(|step| self.persons_of(incident, step, now.utc).into_iter().map(move |p| (p, step)))
            .collect();
        book.update_incident(&incident.id, |i| i.round = round);
        for (person, step) in &persons {
            let Some(address) = self.params.persons.get(person).and_then(|p| p.addresses.first()) else {
                continue;
            };
            let (id, kind) = (Some(&incident.id), NotificationKind::Repeat);
            self.owe(
                book,
                &Draft { incident: id, step: *step, round, recipient: person, address, kind, salt: "" },
                now,
            );
        }
        let names: Vec<&str> = persons.keys().map(|person| &**person).collect();
        journal(changes, now.utc, "step", &incident.id, &format!("repeated for {}", names.join(", ")));
    }

    /// The persons of a step, each once, in the order of the policy.
    pub(super) fn persons_of(&self, incident: &Incident, step: u32, at: Timestamp) -> Vec<Arc<str>> {
        let mut persons: Vec<Arc<str>> = Vec::new();
        let recipients = self.policy(incident).steps.get(step as usize).map_or(&[][..], |step| &step.notify);
        for recipient in recipients {
            let told = match recipient {
                Recipient::Person(person) => vec![person.clone()],
                Recipient::Schedule(id) => {
                    self.params.schedules.get(id).map(|schedule| schedule.on_call(at)).unwrap_or_default()
                }
            };
            let fresh: Vec<Arc<str>> = told.into_iter().filter(|person| !persons.contains(person)).collect();
            persons.extend(fresh);
        }
        persons
    }

    fn run_out(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        let over = |clock: &&Clock| is_live(clock) && elapsed(clock, now).hi >= clock.allowed;
        let Some(hold) = book.clock(id, ClockKind::Hold).filter(over).cloned() else { return };
        let lasted = hold.allowed.in_words();
        let moved = move_clock(book, hold, ClockInput::Pass, now, changes)
            && move_incident(book, id, IncidentInput::RunOut, now, changes);
        if moved {
            journal(
                changes,
                now.utc,
                "incident",
                id,
                &format!("the acknowledgement ran out after {lasted}: open again"),
            );
            self.start_again(book, id, now);
            self.climb(book, id, now, changes);
        }
    }

    /// A new round from the first step, counted from now.
    pub(super) fn start_again(&self, book: &mut Book, id: &Arc<str>, now: &Reading) {
        book.update_incident(id, |i| (i.round, i.next_step) = (i.round + 1, 0));
        // Of whom nobody was told yet, the first notice is still owed.
        let first = book.incident(id).is_some_and(|incident| incident.notified_at.is_none());
        self.start(book, id, now.utc, first, now);
    }

    fn close(&self, book: &mut Book, id: &Arc<str>, now: &Reading, changes: &mut Changes) {
        let resolved = book.incident(id).filter(|incident| promises::may_close(book, incident));
        let Some(resolved_at) = resolved.and_then(|incident| incident.resolved_at) else { return };
        if now.utc - resolved_at >= self.params.close_after {
            move_incident(book, id, IncidentInput::Close, now, changes);
            journal(changes, now.utc, "incident", id, "closed: resolved and left alone");
        }
    }
}

/// Whether UTC was set, or the machine rebooted, since the last look: no due time computed before holds.
fn is_stepped(last: &Reading, now: &Reading) -> bool {
    let apart = (now.utc - last.utc).0.saturating_sub(now.boottime.0.saturating_sub(last.boottime.0));
    last.boot_id != now.boot_id || apart.abs() > STEP_SEEN.0
}

/// Whether Triage asked for a new start: its round is ahead of the ladder, at the first step.
fn is_raised(book: &Book, incident: &Incident) -> bool {
    use IncidentStatus::{Acknowledged, Open, Resolved};
    let told = matches!(incident.status, Open | Acknowledged | Resolved);
    let ladder = book.clock(&incident.id, ClockKind::Ladder);
    told && incident.next_step == 0
        && ladder.map_or(incident.round > 0, |ladder| incident.round > ladder.round)
}

/// Writes down the elapsed time of the clocks that still count, where it is time to.
fn tick(book: &mut Book, id: &str, now: &Reading) {
    let own = [ClockKind::Ladder, ClockKind::Hold];
    let (promised, own) = (live_clocks(book, id, &promises::KINDS), live_clocks(book, id, &own));
    for mut clock in promised.into_iter().chain(own) {
        if elapsed::wants_tick(&clock, now) {
            elapsed::tick(&mut clock, now);
            book.put_clock(clock);
        }
    }
}

/// Whether somebody's relay accepted a message that tells of this incident, in this round or later.
pub(super) fn is_told(book: &Book, id: &str, round: u32) -> bool {
    book.notifications_of(id)
        .any(|n| is_telling(n.kind) && n.round >= round && n.state == NotificationState::Accepted)
}
