//! A second set of rooms, rebuilt from the store at some moment, that gets what the living one gets from
//! then on. Whatever the two decide must be the same: memory is disposable.
//!
//! Messages are left out: when a retry is due is partly known to the living process alone (`Hints`).

use super::monitor::{Monitor, names};
use super::plan;
use super::vault::Vault;
use gatewatch::ledger::Loaded;
use gatewatch::pipeline::{Memory, Pipeline};
use gatewatch::ports::Batch;
use gatewatch::schema::book::{Book, Rows};
use gatewatch::schema::{Act, Changes, IncidentStatus, Reading, StateRow, Timestamp};
use std::fmt::Debug;

pub struct Twin {
    pipeline: Pipeline,
    pending: Option<Changes>,
}

/// The rooms as the store left them.
pub fn rebuilt(loaded: &Loaded) -> Pipeline {
    let mut pipeline = Pipeline::new(plan::params());
    let book = Book::load(Rows {
        incidents: loaded.incidents.clone(),
        clocks: loaded.clocks.clone(),
        notifications: loaded.notifications.clone(),
        silences: loaded.silences.clone(),
        last_incident_number: loaded.next_incident_number - 1,
        last_notification: loaded.next_notification - 1,
        last_silence: loaded.next_silence - 1,
    });
    pipeline.restore(Memory { states: loaded.states.clone(), book, next_event: loaded.next_event });
    pipeline
}

impl Twin {
    /// A twin of a living pipeline between two turns.
    pub fn new(vault: &mut Vault, live: &Book, now: Timestamp, monitor: &Monitor) -> Option<Twin> {
        let loaded = vault.store.load();
        monitor.check(loaded.is_ok(), names::STORE, || "the store cannot be read".into());
        let loaded = loaded.ok()?;
        compare_books(&Book::load(rows_of(&loaded)), live, now, monitor);
        Some(Twin { pipeline: rebuilt(&loaded), pending: None })
    }

    /// The same step as the living one takes, without the parts that only the process knows.
    pub fn step(&mut self, acts: &[Act], batch: &Batch, now: &Reading) {
        let mut changes = Changes::default();
        for act in acts {
            let _ = self.pipeline.act(act, now, &mut changes);
        }
        self.pipeline.lines(batch.clone(), now, &mut changes);
        self.pipeline.tick(now, &mut changes);
        self.pipeline.finish(now, &mut changes);
        self.pending = Some(changes);
    }

    /// Compares with what the living one committed for that step.
    pub fn compare(&mut self, live: &Changes, monitor: &Monitor) {
        let Some(own) = self.pending.take() else { return };
        same("events", &own.events, &live.events, monitor);
        same("findings", &own.findings, &live.findings, monitor);
        same("folds", &own.folds, &live.folds, monitor);
        same("positions", &own.positions, &live.positions, monitor);
        // To forget what is not there is no difference.
        let told = |state: &&StateRow| {
            matches!(state.room, "normalize" | "detect" | "triage") && state.body.is_some()
        };
        let states = |changes: &Changes| changes.states.iter().filter(told).cloned().collect::<Vec<_>>();
        for (a, b) in states(&own).iter().zip(&states(live)) {
            let body =
                |row: &StateRow| row.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned());
            monitor.check(a == b, names::REBUILT, || {
                format!("state {}: {:?} / live {:?}", a.key, body(a), body(b))
            });
        }
        let keys = |changes: &Changes| states(changes).iter().map(|row| row.key.clone()).collect::<Vec<_>>();
        same("state keys", &keys(&own), &keys(live), monitor);
    }
}

fn rows_of(loaded: &Loaded) -> Rows {
    Rows {
        incidents: loaded.incidents.clone(),
        clocks: loaded.clocks.clone(),
        notifications: loaded.notifications.clone(),
        silences: loaded.silences.clone(),
        ..Rows::default()
    }
}

fn compare_books(stored: &Book, live: &Book, now: Timestamp, monitor: &Monitor) {
    let incidents = |book: &Book| {
        let held =
            book.incidents().filter(|i| !matches!(i.status, IncidentStatus::Closed | IncidentStatus::Merged));
        held.cloned().collect::<Vec<_>>()
    };
    let (a, b) = (incidents(stored), incidents(live));
    same("incidents", &a, &b, monitor);
    for incident in &a {
        let clocks = |book: &Book| {
            let mut clocks = book.clocks_of(&incident.id).to_vec();
            clocks.sort_by_key(|clock| (clock.kind, clock.round));
            clocks
        };
        same("clocks", &clocks(stored), &clocks(live), monitor);
        let rows = |book: &Book| book.notifications_of(&incident.id).cloned().collect::<Vec<_>>();
        same("notifications", &rows(stored), &rows(live), monitor);
    }
    let owed = |book: &Book| book.unfinished().cloned().collect::<Vec<_>>();
    same("owed notifications", &owed(stored), &owed(live), monitor);
    let silences = |book: &Book| book.silences().filter(|s| s.ends_at > now).cloned().collect::<Vec<_>>();
    same("silences", &silences(stored), &silences(live), monitor);
}

fn same<T: PartialEq + Debug>(what: &str, stored: &[T], live: &[T], monitor: &Monitor) {
    let differs = || {
        let n = stored.iter().zip(live).position(|(a, b)| a != b).unwrap_or(stored.len().min(live.len()));
        format!(
            "{what} {n}: rebuilt ({}) {:?} / live ({}) {:?}",
            stored.len(),
            stored.get(n),
            live.len(),
            live.get(n)
        )
    };
    monitor.check(stored == live, names::REBUILT, differs);
}

/// An act of somebody who may only look, in rooms rebuilt for it: it must change nothing but the journal.
pub fn stranger_changes_nothing(vault: &mut Vault, act: &Act, now: &Reading, monitor: &Monitor) {
    let Ok(loaded) = vault.store.load() else { return };
    let (mut rooms, mut changes) = (rebuilt(&loaded), Changes::default());
    rooms.finish(now, &mut Changes::default());
    let answer = rooms.act(act, now, &mut changes);
    rooms.finish(now, &mut changes);
    let others = Changes { journal: Vec::new(), ..changes.clone() };
    let holds = answer.is_err() && others.is_empty() && changes.journal.len() == 1;
    monitor.check(holds, names::STRANGER, || format!("{act:?}: {answer:?}, {others:?}"));
}
