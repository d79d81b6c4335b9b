//! The canonical form of a state: what can make a difference for anything that follows, and no more. Times are
//! units; ids, words, and what only people read are left out.

use super::plan::UNIT;
use super::world::State;
use gatewatch::schema::*;
use sha2::{Digest, Sha256};

/// Tries beyond this make no difference within a scope.
const TRIES_MAX: u32 = 3;

struct Form(Vec<u8>);

impl Form {
    fn put(&mut self, n: i64) {
        match i8::try_from(n) {
            Ok(small) if small != i8::MAX => self.0.push(small.cast_unsigned()),
            _ => {
                self.0.push(i8::MAX.cast_unsigned());
                self.0.extend(n.to_le_bytes());
            }
        }
    }

    fn span(&mut self, span: Span) {
        self.put(if span.0 % UNIT.0 == 0 { span.0 / UNIT.0 } else { span.0 });
    }

    fn utc(&mut self, at: Timestamp) {
        self.span(at - Timestamp::from_civil((2026, 11, 23), (9, 0, 0), 0).unwrap_or(at));
    }

    fn text(&mut self, text: &str) {
        self.put(text.len() as i64);
        self.0.extend(text.bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.put(i64::from(flag));
    }
}

/// 128 bits of the canonical form's hash.
pub fn of(state: &State) -> u128 {
    let mut form = Form(Vec::with_capacity(512));
    world(&mut form, state);
    let mut incidents: Vec<&Incident> = state.book.incidents().collect();
    incidents.sort_by_key(|incident| incident.number);
    form.put(incidents.len() as i64);
    for incident in incidents {
        about(&mut form, state, incident);
    }
    for row in state.book.notifications().filter(|row| row.incident.is_none()) {
        notification(&mut form, state, row);
    }
    for silence in state.book.silences() {
        form.utc(silence.ends_at);
    }
    if state.scope().per_hour < 10 {
        for (person, budget) in &state.book.hints.budgets {
            form.text(person);
            form.put(budget.micro_tokens);
            form.span(budget.filled_at);
        }
    }
    let hash = Sha256::digest(&form.0);
    hash.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

fn world(form: &mut Form, state: &State) {
    for n in [state.time, state.error, i64::from(state.boot), state.booted, state.read as i64] {
        form.put(n);
    }
    form.flag(state.up);
    form.flag(state.outage);
    form.put(state.roster as i64);
    form.put(state.unjudged.len() as i64);
    form.put(state.flights.len() as i64);
    let mut flights = state.flights.clone();
    flights.sort_by_key(|flight| flight.row);
    for flight in flights {
        form.put(flight.row as i64);
        form.put(flight.answer.map_or(-1, |answer| answer as i64));
    }
    let left = &state.left;
    let counts = [
        left.crashes,
        left.reboots,
        left.outages,
        left.cuts,
        left.refusals,
        left.jumps,
        left.pauses,
        left.suspends,
        left.acks,
        left.resolves,
        left.reopens,
        left.merges,
        left.splits,
        left.silences,
        left.rosters,
        state.truth.quiet,
    ];
    form.0.extend(counts);
    form.flag(state.truth.clocks_lied);
    form.put(state.truth.silent_until.unwrap_or(-1));
    form.put(state.truth.paused);
    for (line, verdict) in &state.truth.findings {
        form.put(*line as i64);
        form.put(*verdict as i64);
    }
}

fn about(form: &mut Form, state: &State, incident: &Incident) {
    form.put(-9);
    form.put(incident.status as i64);
    form.put(incident.severity as i64);
    form.put(i64::from(incident.next_step));
    form.put(i64::from(incident.round));
    form.flag(incident.acknowledged_at.is_some());
    form.flag(incident.notified_at.is_some());
    incident.resolved_at.into_iter().for_each(|at| form.utc(at));
    let mut clocks: Vec<&Clock> = state.book.clocks_of(&incident.id).iter().collect();
    clocks.sort_by_key(|clock| (clock.kind, clock.round));
    for clock in clocks {
        form.put(-8);
        form.put(clock.kind as i64);
        form.put(i64::from(clock.round));
        form.put(clock.state as i64);
        form.span(clock.allowed);
        form.flag(clock.ended_at.is_some());
        // What is over for good counts no more; a ladder may be armed again.
        let again = clock.kind == ClockKind::Ladder && incident.status == IncidentStatus::Open;
        if clock.ended_at.is_none() || again {
            form.span(clock.elapsed_lo);
            form.span(clock.elapsed_hi);
            form.utc(clock.ticked.utc);
            form.span(clock.ticked.boottime);
            form.text(&clock.ticked.boot_id);
            let key = (clock.incident.clone(), clock.kind, clock.round);
            form.put(state.truth.started.get(&key).map_or(-1, |started| started.0));
        }
    }
    for row in state.book.notifications_of(&incident.id) {
        notification(form, state, row);
    }
}

fn notification(form: &mut Form, state: &State, row: &Notification) {
    form.put(-7);
    form.put(row.id as i64);
    form.put(i64::from(row.step));
    form.put(i64::from(row.round));
    form.text(&row.recipient);
    form.put(row.kind as i64);
    form.put(row.state as i64);
    form.put(i64::from(row.attempts.min(TRIES_MAX)));
    form.flag(row.may_repeat);
    form.put(row.digest.map_or(-1, |id| id as i64));
    if !row.state.is_final() {
        form.utc(row.due_at);
        form.span(state.book.hints.due.get(&row.id).copied().unwrap_or(Span(-1)));
        let count = |map: &std::collections::BTreeMap<u64, u8>| map.get(&row.id).map_or(0, |n| i64::from(*n));
        form.put(count(&state.truth.copies));
        form.put(count(&state.truth.causes));
    }
}
