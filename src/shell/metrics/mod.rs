//! What the daemon counts for `/metrics`. Counters start at zero with the program, as Prometheus expects; gauges are
//! read from memory once a second. No label holds anything that a log line could choose: sources, rules and words of
//! the vocabulary only, so that nobody can make the number of series grow.

pub mod histogram;
mod page;

use histogram::Histogram;

use super::parts::Running;
use crate::config::file::Config;
use crate::daemon::Turn;
use crate::schema::{
    Changes, Class, ClockKind, ClockState, Event, GapReason, NotificationState, Outcome, Reading, Span,
    Verdict,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Counters that exist before they are first needed: to Prometheus, one that appears with the value 1 has not risen.
fn zeros(kinds: &[&'static str], states: &[&'static str]) -> BTreeMap<(&'static str, &'static str), u64> {
    kinds.iter().flat_map(|kind| states.iter().map(|state| ((*kind, *state), 0))).collect()
}

/// Rows remembered before those that the book let go of are forgotten.
const MEMORY_ROWS: usize = 4_096;

/// Counters of one source.
#[derive(Debug, Default)]
struct SourceMeter {
    name: Arc<str>,
    lines: u64,
    bytes: u64,
    unparsed: u64,
    /// Events by outcome: unknown, success, failure.
    outcomes: [u64; 3],
    lag_bytes: u64,
    /// Boot clock when it was last read to its end.
    caught_up: Option<Span>,
}

/// Everything that is counted.
pub struct Meters {
    sources: Vec<SourceMeter>,
    findings: BTreeMap<(Arc<str>, &'static str), u64>,
    gaps: BTreeMap<(Arc<str>, &'static str), u64>,
    opened: BTreeMap<&'static str, u64>,
    attempts: BTreeMap<&'static str, u64>,
    /// Notifications that became final, by kind and state.
    ended: BTreeMap<(&'static str, &'static str), u64>,
    /// Notifications as they were last seen.
    notifications: BTreeMap<u64, NotificationState>,
    /// Clocks that ended, or are in doubt, by promise and state.
    clocks_ended: BTreeMap<(&'static str, &'static str), u64>,
    /// Clocks as they were last seen; those that run are left out.
    clocks: BTreeMap<(Arc<str>, ClockKind, u32), ClockState>,
    stalls: u64,
    commits: Arc<Histogram>,
    turns: Histogram,
    batches: Histogram,
    started_at: f64,
}

impl Meters {
    /// At zero; `commits` is what the writer counts.
    pub fn new(commits: Arc<Histogram>, started_at: f64) -> Meters {
        Meters {
            sources: Vec::new(),
            findings: BTreeMap::new(),
            gaps: BTreeMap::new(),
            opened: BTreeMap::new(),
            attempts: BTreeMap::new(),
            ended: zeros(
                &["notice", "escalation", "repeat", "fallback"],
                &["accepted", "refused", "expired"],
            ),
            notifications: BTreeMap::new(),
            clocks_ended: zeros(&["notify", "acknowledge"], &["met", "breached", "uncertain"]),
            clocks: BTreeMap::new(),
            stalls: 0,
            commits,
            turns: Histogram::new(&histogram::SECONDS),
            batches: Histogram::new(&histogram::LINES),
            started_at,
        }
    }

    /// What a turn committed, and how long it took.
    pub fn count(&mut self, turn: &Turn, took: Span) {
        self.turns.add_micros(took.0.max(0).unsigned_abs());
        self.stalls += u64::from(turn.stalled.is_some());
        let changes = &turn.changes;
        if !changes.events.is_empty() {
            self.batches.add_micros(changes.events.len() as u64 * 1_000_000);
        }
        for event in &changes.events {
            self.event(event);
        }
        for finding in &changes.findings {
            *self.findings.entry((finding.rule.clone(), finding.verdict.name())).or_default() += 1;
            if finding.verdict == Verdict::Opened {
                *self.opened.entry(finding.severity.name()).or_default() += 1;
            }
        }
        for gap in &changes.gaps {
            *self.gaps.entry((gap.source.clone(), gap.reason.name())).or_default() += 1;
        }
        for attempt in &changes.attempts {
            *self.attempts.entry(attempt.result.name()).or_default() += 1;
        }
        self.note_rows(changes);
    }

    /// Rows are written again whenever they change: each end is counted at its first sight.
    fn note_rows(&mut self, changes: &Changes) {
        for row in &changes.notifications {
            let before = self.notifications.insert(row.id, row.state);
            if row.state.is_final() && before != Some(row.state) {
                *self.ended.entry((row.kind.name(), row.state.name())).or_default() += 1;
            }
        }
        for clock in &changes.clocks {
            let promise = !matches!(clock.kind, ClockKind::Ladder | ClockKind::Hold);
            if !promise || matches!(clock.state, ClockState::Running) {
                continue;
            }
            let key = (clock.incident.clone(), clock.kind, clock.round);
            if self.clocks.insert(key, clock.state) != Some(clock.state) {
                *self.clocks_ended.entry((clock.kind.name(), clock.state.name())).or_default() += 1;
            }
        }
    }

    /// Once a second: how far each source is read, and what memory no longer holds is forgotten here, too.
    pub fn look(&mut self, daemon: &Running, config: &Config, now: &Reading) {
        let files = daemon.source.files();
        for source in &config.sources {
            let lag =
                files.iter().filter(|file| *file.source == *source.name).map(|file| file.lag_bytes).sum();
            let name: Arc<str> = Arc::from(source.name.as_str());
            for reason in GapReason::ALL {
                self.gaps.entry((name.clone(), reason.name())).or_default();
            }
            let at = self.source(&name);
            if let Some(meter) = self.sources.get_mut(at) {
                meter.lag_bytes = lag;
                if lag == 0 || meter.caught_up.is_none() {
                    meter.caught_up = Some(now.boottime);
                }
            }
        }
        let book = daemon.pipeline.book();
        if self.notifications.len() > MEMORY_ROWS {
            self.notifications.retain(|id, _| book.notification(*id).is_some());
        }
        if self.clocks.len() > MEMORY_ROWS {
            self.clocks.retain(|(incident, _, _), _| book.incident(incident).is_some());
        }
    }

    /// The meter of a source; names are few and the same one comes again and again.
    fn source(&mut self, name: &Arc<str>) -> usize {
        let known =
            self.sources.iter().position(|meter| Arc::ptr_eq(&meter.name, name) || meter.name == *name);
        known.unwrap_or_else(|| {
            self.sources.push(SourceMeter { name: name.clone(), ..SourceMeter::default() });
            self.sources.len() - 1
        })
    }

    fn event(&mut self, event: &Event) {
        let at = self.source(&event.source);
        let Some(meter) = self.sources.get_mut(at) else { return };
        meter.lines += u64::from(event.lines.max(1));
        meter.bytes += event.length;
        meter.unparsed += u64::from(event.class == Class::Unparsed);
        let outcome = match event.outcome {
            Outcome::Unknown => 0,
            Outcome::Success => 1,
            Outcome::Failure => 2,
        };
        if let Some(count) = meter.outcomes.get_mut(outcome) {
            *count += 1;
        }
    }
}
