//! What was committed, as the simulator understands it: the yardstick for the store, the live rooms and the
//! relay. Invariants of a single commit are checked here.

use super::lines::{FORGED_ADDRESS, serial_of};
use super::monitor::{Monitor, names};
use gatewatch::limits;
use gatewatch::schema::{
    Changes, Clock, ClockKind, Event, Finding, GapReason, Incident, Notification, NotificationKind,
    NotificationState, Position, Silence, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Default)]
pub struct Shadow {
    pub events: u64,
    /// Serials of stored lines.
    pub serials: BTreeSet<u64>,
    /// By generation: where its last stored line ends.
    ends: BTreeMap<u64, u64>,
    pub positions: BTreeMap<u64, Position>,
    /// (source, reason) of each gap row.
    pub gaps: Vec<(Arc<str>, GapReason)>,
    findings: BTreeSet<Arc<str>>,
    /// Addresses that some finding names.
    pub found: BTreeSet<String>,
    pub incidents: BTreeMap<Arc<str>, Incident>,
    pub notifications: BTreeMap<u64, Notification>,
    pub clocks: BTreeMap<(Arc<str>, ClockKind, u32), Clock>,
    pub silences: BTreeMap<Arc<str>, Silence>,
    pub journal: usize,
    /// Clocks as the commits since the last look changed them.
    pub moved_clocks: Vec<Clock>,
    /// Rows that became accepted since the last look.
    pub accepted: Vec<u64>,
}

/// Whether it tells somebody of an incident, and not of what others did.
pub fn is_telling(kind: NotificationKind) -> bool {
    use NotificationKind::{Escalation, Fallback, Notice, Repeat};
    matches!(kind, Notice | Escalation | Repeat | Fallback)
}

pub fn is_final(state: NotificationState) -> bool {
    use NotificationState::{Accepted, Cancelled, Expired, Refused};
    matches!(state, Accepted | Cancelled | Expired | Refused)
}

impl Shadow {
    pub fn take(&mut self, changes: &Changes, monitor: &Monitor) {
        monitor.check(changes.events.len() <= limits::BATCH_LINES_MAX, names::SIZES, || "a batch".into());
        for gap in &changes.gaps {
            self.gaps.push((gap.source.clone(), gap.reason));
        }
        for event in &changes.events {
            self.take_event(event, monitor);
        }
        for position in &changes.positions {
            self.take_position(position, monitor);
        }
        for incident in &changes.incidents {
            self.incidents.insert(incident.id.clone(), incident.clone());
        }
        for finding in &changes.findings {
            self.take_finding(finding, monitor);
        }
        for clock in &changes.clocks {
            self.clocks.insert((clock.incident.clone(), clock.kind, clock.round), clock.clone());
            self.moved_clocks.push(clock.clone());
        }
        for notification in &changes.notifications {
            self.take_notification(notification, monitor);
        }
        for silence in &changes.silences {
            self.silences.insert(silence.id.clone(), silence.clone());
        }
        self.journal += changes.journal.len();
    }

    fn take_event(&mut self, event: &Event, monitor: &Monitor) {
        self.events += 1;
        monitor.check(event.raw.len() <= limits::LINE_BYTES_MAX, names::SIZES, || {
            format!("a raw line of {}", event.raw.len())
        });
        let texts =
            [&event.user, &event.target_user, &event.host, &event.app, &event.reason, &event.resource];
        let long = texts.into_iter().flatten().any(|text| text.len() > limits::FIELD_BYTES_MAX);
        monitor.check(!long, names::SIZES, || "a field of an event".into());
        let place = (event.generation, event.offset);
        let end = self.ends.get(&event.generation).copied().unwrap_or(event.offset);
        monitor.check(event.offset >= end, names::NOT_DOUBLED, || format!("{place:?} begins before {end}"));
        monitor.check(event.offset <= end, names::NOT_LOST, || format!("{place:?} begins after {end}"));
        self.ends.insert(event.generation, event.offset + event.length);
        let text = || String::from_utf8_lossy(&event.raw[..event.raw.len().min(120)]).into_owned();
        match serial_of(&event.raw) {
            Some(serial) => {
                let new = self.serials.insert(serial);
                monitor.check(new, names::NOT_DOUBLED, || {
                    format!("line {serial} again at {place:?}: {}", text())
                });
            }
            None => {
                monitor.check(false, names::NOT_DOUBLED, || format!("nobody wrote {:?} at {place:?}", text()))
            }
        }
    }

    fn take_position(&mut self, position: &Position, monitor: &Monitor) {
        let generation = position.generation;
        let rolled = self.gaps.iter().any(|(_, reason)| *reason == GapReason::RolledBack);
        let holds = match self.ends.get(&generation) {
            Some(end) => position.offset <= *end,
            None => position.offset == 0 || rolled,
        };
        let end = self.ends.get(&generation);
        monitor.check(holds, names::POSITION, || {
            format!("generation {generation} at {}, stored to {end:?}", position.offset)
        });
        monitor.check(position.markers.len() <= limits::MARKERS_MAX, names::SIZES, || "markers".into());
        self.positions.insert(generation, position.clone());
    }

    fn take_finding(&mut self, finding: &Finding, monitor: &Monitor) {
        let new = self.findings.insert(finding.id.clone());
        monitor.check(new, names::HOME, || format!("twice: {finding:?}"));
        let housed = finding.incident.as_ref().is_some_and(|id| self.incidents.contains_key(id));
        let holds = match finding.verdict {
            Verdict::Opened | Verdict::Grouped => housed,
            Verdict::Folded | Verdict::Suppressed | Verdict::Excepted | Verdict::BelowBudget => {
                !finding.reason.is_empty()
            }
        };
        monitor.check(holds, names::HOME, || {
            format!("{} is {:?} in {:?}", finding.id, finding.verdict, finding.incident)
        });
        monitor.check(finding.evidence.len() <= limits::EVIDENCE_MAX, names::SIZES, || "evidence".into());
        let proven = finding.evidence.iter().all(|id| (1..=self.events).contains(id));
        monitor.check(proven, names::HOME, || format!("{} cites events that are not stored", finding.id));
        let addresses =
            finding.group.iter().filter(|(key, _)| &**key == "src_ip").map(|(_, value)| value.to_string());
        self.found.extend(addresses);
        monitor
            .check(!self.found.contains(FORGED_ADDRESS), names::FORGED, || finding.explanation.to_string());
    }

    fn take_notification(&mut self, row: &Notification, monitor: &Monitor) {
        if let (Some(incident), true) = (&row.incident, row.step > 0 && is_telling(row.kind)) {
            let mut lower = self.notifications.values().filter(|n| n.incident.as_ref() == Some(incident));
            let holds = lower.any(|n| n.step + 1 == row.step);
            monitor.check(holds, names::STEPS, || {
                format!("step {} of {incident} without step {}", row.step, row.step - 1)
            });
        }
        let reply = row.relay_reply.as_deref().map_or(0, str::len);
        monitor.check(reply <= limits::REPLY_BYTES_MAX, names::SIZES, || "a relay's reply".into());
        let before = self.notifications.insert(row.id, row.clone());
        if row.state == NotificationState::Accepted
            && before.is_none_or(|n| n.state != NotificationState::Accepted)
        {
            self.accepted.push(row.id);
        }
    }

    /// Rows that tell of an incident.
    pub fn telling<'a>(&'a self, incident: &'a str) -> impl Iterator<Item = &'a Notification> {
        self.notifications
            .values()
            .filter(move |n| n.incident.as_deref() == Some(incident) && is_telling(n.kind))
    }
}
