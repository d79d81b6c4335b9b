//! What must hold, seen from outside: true time, and what the relay really got.

use super::plan::{STEP_AFTER, units};
use super::world::{Answer, State, TURN};
use gatewatch::escalate::moves::Machine;
use gatewatch::schema::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An invariant that does not hold.
#[derive(Debug)]
pub struct Broken {
    pub invariant: &'static str,
    pub detail: String,
}

impl Broken {
    pub fn new(invariant: &'static str, detail: impl Into<String>) -> Broken {
        Broken { invariant, detail: detail.into() }
    }
}

fn must(holds: bool, invariant: &'static str, detail: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::new(invariant, detail())) }
}

#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// By row: copies that the relay took, and how often it said 250.
    pub copies: BTreeMap<u64, u8>,
    /// By row: tries of which nobody could know what they came to.
    pub causes: BTreeMap<u64, u8>,
    was_merged: BTreeSet<Arc<str>>,
    /// Rows that the relay refused.
    refused: BTreeSet<u64>,
    /// By row: the Message-ID of the first copy.
    ids: BTreeMap<u64, Arc<str>>,
    /// True time at which each clock began.
    pub started: BTreeMap<(Arc<str>, ClockKind, u32), (i64, Timestamp)>,
    pub findings: Vec<(usize, Verdict)>,
    pub silent_until: Option<i64>,
    /// Whether UTC and boot clock ever disagreed.
    pub clocks_lied: bool,
    /// Units that the machine was paused.
    pub paused: i64,
    /// Units in a row in which program and relay worked.
    pub quiet: u8,
    pub last_row: u64,
}

pub fn is_telling(kind: NotificationKind) -> bool {
    use NotificationKind::{Escalation, Fallback, Notice, Repeat};
    matches!(kind, Notice | Escalation | Repeat | Fallback)
}

impl Truth {
    /// A finding got its verdict.
    pub fn judged(&self, line: usize, verdict: Verdict, utc: i64) -> Result<(), Broken> {
        let silent = self.silent_until.is_some_and(|until| utc < until);
        let suppressed = verdict == Verdict::Suppressed;
        must(silent == suppressed, "I11", || format!("line {line} is {verdict:?}, silent: {silent}"))
    }

    /// The relay did something with a letter.
    pub fn answered(&mut self, book: &Book, row: u64, answer: Answer) -> Result<(), Broken> {
        let Some(row) = book.notification(row) else { return Ok(()) };
        if answer == Answer::Cut {
            *self.causes.entry(row.id).or_default() += 1;
        }
        if answer == Answer::Refuses {
            self.refused.insert(row.id);
        }
        if !matches!(answer, Answer::Takes | Answer::Cut) {
            return Ok(());
        }
        let copies = self.copies.entry(row.id).or_default();
        *copies += 1;
        let (copies, causes) = (*copies, self.causes.get(&row.id).copied().unwrap_or(0));
        let before = causes - u8::from(answer == Answer::Cut);
        must(copies <= 1 + before, "I6", || format!("{copies} copies after {before} faults: {row:?}"))?;
        must(copies == 1 || row.may_repeat, "I6", || format!("an unmarked repeat: {row:?}"))?;
        let id = self.ids.entry(row.id).or_insert_with(|| row.message_id.clone());
        must(*id == row.message_id, "I6", || format!("another Message-ID than {id}: {row:?}"))
    }

    /// A turn was committed.
    pub fn committed(
        &mut self,
        before: &Book,
        after: &Book,
        changes: &Changes,
        claimed: &[u64],
        roster: usize,
        time: i64,
    ) -> Result<(), Broken> {
        self.legal(before, changes)?;
        for row in claimed.iter().filter_map(|id| after.notification(*id)) {
            let status = row.incident.as_deref().and_then(|id| after.incident(id)).map(|i| i.status);
            let wanted = matches!(status, None | Some(IncidentStatus::New | IncidentStatus::Open));
            must(wanted || !is_telling(row.kind), "I7", || format!("sent when {status:?}: {row:?}"))?;
            let scheduled = row.step == 0 && is_telling(row.kind) && row.kind != NotificationKind::Fallback;
            must(!scheduled || row.attempts > 1 || &*row.recipient == TURN[roster], "I12", || {
                format!("{} has the turn: {row:?}", TURN[roster])
            })?;
        }
        for row in after.notifications() {
            let first = matches!(row.kind, NotificationKind::Notice | NotificationKind::Escalation);
            let grave = row.incident.as_deref().and_then(|id| after.incident(id));
            let grave = grave.is_some_and(|i| i.severity >= Severity::High);
            must(!(first && grave) || row.digest.is_none(), "I13", || format!("in a digest: {row:?}"))?;
            self.last_row = self.last_row.max(row.id);
        }
        let merged = after.incidents().filter(|i| i.status == IncidentStatus::Merged);
        self.was_merged.extend(merged.map(|i| i.id.clone()));
        for clock in after.incidents().flat_map(|i| after.clocks_of(&i.id)) {
            let key = (clock.incident.clone(), clock.kind, clock.round);
            let started = self.started.entry(key).or_insert((time, clock.armed.utc));
            if clock.kind == ClockKind::Hold && started.1 != clock.armed.utc {
                *started = (time, clock.armed.utc);
            }
        }
        self.kept_in_time(changes, time)
    }

    /// I3 from the other side: what is called kept was kept in true time.
    fn kept_in_time(&self, changes: &Changes, time: i64) -> Result<(), Broken> {
        let promise = |c: &&Clock| matches!(c.kind, ClockKind::Notify | ClockKind::Acknowledge);
        for clock in changes.clocks.iter().filter(promise).filter(|c| c.state == ClockState::Met) {
            let key = (clock.incident.clone(), clock.kind, clock.round);
            let passed = self.started.get(&key).map_or(0, |started| time - started.0);
            must(units(passed) < clock.allowed, "I3", || format!("kept after {passed} units: {clock:?}"))?;
        }
        Ok(())
    }

    /// L1: every committed change of a state is a run of moves of its table, and no illegal one was tried.
    fn legal(&self, before: &Book, changes: &Changes) -> Result<(), Broken> {
        for row in &changes.notifications {
            let was = before.notification(row.id).map_or(NotificationState::Pending, |n| n.state);
            must(was.may_become(row.state), "L1", || format!("from {was:?}: {row:?}"))?;
        }
        for row in &changes.incidents {
            let was = before.incident(&row.id).map_or(IncidentStatus::New, |i| i.status);
            must(was.may_become(row.status), "L1", || format!("from {was:?}: {row:?}"))?;
        }
        for row in &changes.clocks {
            let old = before.clocks_of(&row.incident).iter();
            let old = old.filter(|c| c.kind == row.kind && c.round == row.round).map(|c| c.state).next();
            let was = old.unwrap_or(ClockState::Running);
            let again = row.kind == ClockKind::Hold && row.state == ClockState::Running;
            must(again || was.may_become(row.state), "L1", || format!("from {was:?}: {row:?}"))?;
        }
        let illegal = changes.journal.iter().find(|entry| entry.kind == "illegal-move");
        must(illegal.is_none(), "L1", || format!("{illegal:?}"))
    }

    /// Everything that must hold in a state between two steps.
    pub fn check(&self, state: &State) -> Result<(), Broken> {
        for incident in state.book.incidents() {
            self.check_rows(state, incident)?;
            if state.up {
                self.check_clocks(state, incident)?;
            }
        }
        let judged = self.findings.len() + state.unjudged.len();
        let lost = state.read.saturating_sub(judged);
        let opened = self.findings.iter().filter(|(_, verdict)| *verdict == Verdict::Opened).count();
        must(opened <= state.book.incidents().count(), "I8", || format!("{opened} incidents were opened"))?;
        let deleted = lost > 0 && self.silent_until.is_some();
        must(!deleted, "I11", || format!("{lost} suppressed findings are nowhere"))?;
        must(lost == 0, "I8", || format!("{lost} lines are passed, and nothing came of them"))
    }

    fn check_rows(&self, state: &State, incident: &Incident) -> Result<(), Broken> {
        let rows = || state.book.notifications_of(&incident.id).filter(|n| is_telling(n.kind));
        let ladder = state.book.clock(&incident.id, ClockKind::Ladder);
        let carried = ladder.is_some_and(|clock| clock.ended_at.is_none());
        for row in rows() {
            let lower = row.step == 0 || rows().any(|n| n.step + 1 == row.step && n.id < row.id);
            must(lower, "I1", || format!("no step {} before: {row:?}", row.step))?;
            let said = self.copies.get(&row.id).is_some_and(|copies| *copies > 0) || row.digest.is_some();
            must(row.state != NotificationState::Accepted || said, "I4", || format!("{row:?}"))?;
            let refused = row.state != NotificationState::Refused || self.refused.contains(&row.id);
            must(refused, "I5", || format!("refused, and by no relay: {row:?}"))?;
            let ended = row.state.is_final() && row.state != NotificationState::Accepted;
            let answered = incident.status != IncidentStatus::Open || incident.acknowledged_at.is_some();
            let answered = answered || self.was_merged.contains(&incident.id);
            let reopened = ladder.is_some_and(|clock| clock.round > row.round);
            let hopeful = |n: &Notification| !n.state.is_final() || n.state == NotificationState::Accepted;
            let instead = rows().any(|n| n.id != row.id && n.round >= row.round && hopeful(n));
            must(!ended || answered || reopened || instead || carried, "I5", || {
                format!("it came to nothing, and nothing takes its place: {row:?}")
            })?;
        }
        let settled = state.up && self.quiet >= 2 && state.flights.is_empty();
        if settled && incident.status == IncidentStatus::Merged {
            // Who acts (ana) knows it; everybody else who heard of it hears where it went.
            let heard = rows().filter(|n| n.state == NotificationState::Accepted && &*n.recipient != "ana");
            for row in heard {
                let news = |n: &Notification| {
                    n.kind == NotificationKind::Resolved
                        && n.recipient == row.recipient
                        && n.state == NotificationState::Accepted
                };
                let told = state.book.notifications_of(&incident.id).any(news);
                must(told, "M1", || format!("not told that it was joined to another: {row:?}"))?;
            }
        }
        if !settled || incident.status != IncidentStatus::Open {
            return Ok(());
        }
        let patient = state.scope().per_hour < 10 && incident.severity < Severity::High;
        let waits = rows().find(|n| !n.state.is_final()).filter(|_| !patient);
        must(waits.is_none(), "I9", || format!("it waits, and nothing is in its way: {waits:?}"))?;
        let base = ladder.map_or(0, |clock| clock.round);
        let told = rows().any(|n| n.state == NotificationState::Accepted && n.round >= base);
        must(told || patient, "I9", || format!("nobody has been told: {incident:?}"))
    }

    fn check_clocks(&self, state: &State, incident: &Incident) -> Result<(), Broken> {
        for clock in state.book.clocks_of(&incident.id) {
            let key = (clock.incident.clone(), clock.kind, clock.round);
            let passed = self.started.get(&key).map_or(0, |started| state.time - started.0);
            let late = units(passed) >= clock.allowed;
            let live = clock.ended_at.is_none();
            let promise = matches!(clock.kind, ClockKind::Notify | ClockKind::Acknowledge);
            if promise {
                let breached = clock.state == ClockState::Breached;
                must(late || !breached, "I3", || format!("broken after {passed} units: {clock:?}"))?;
                let told = breached || (self.clocks_lied && clock.state == ClockState::Uncertain);
                must(!(late && live) || told, "I2", || format!("not told after {passed}: {clock:?}"))?;
            }
            let held = clock.kind == ClockKind::Hold && live && late;
            let taken = incident.status == IncidentStatus::Acknowledged;
            must(!(held && taken), "A1", || format!("taken for {passed} units: {clock:?}"))?;
            let unsent = incident.next_step == 1 && units(passed) >= units(STEP_AFTER);
            let now = clock.kind == ClockKind::Ladder
                && state.book.clock(&incident.id, ClockKind::Ladder) == Some(clock);
            let open = incident.status == IncidentStatus::Open;
            must(!(now && open && (unsent || incident.next_step == 0)), "I10", || {
                format!("step {} is overdue after {passed}: {clock:?}", incident.next_step + 1)
            })?;
        }
        let held = state.book.clock(&incident.id, ClockKind::Hold);
        let forgotten = incident.status == IncidentStatus::Acknowledged
            && held.is_none_or(|clock| clock.ended_at.is_some());
        must(!forgotten, "A1", || format!("taken for ever: {incident:?}"))
    }
}
