//! What must hold after every turn, and when all has come to rest. What a single commit must keep to is in
//! `shadow`, what a letter must in `relay`, what a rebuilding must in `twin`.

use super::clock::Clock as Clocks;
use super::disk::Disk;
use super::monitor::{Monitor, names};
use super::plan;
use super::relay::Relay;
use super::shadow::{Shadow, is_final};
use super::vault::Vault;
use gatewatch::ports::Ledger;
use gatewatch::schema::{
    Clock, ClockKind, ClockState, Incident, IncidentStatus, NotificationState, Reading, Span,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Clocks are not compared closer than this: drift and what a reboot rounds away.
const SLACK: i64 = Span::seconds(3).0;
/// Elapsed time is written down every ten seconds; a reboot may lose as much of what is certain.
const TICK: i64 = Span::seconds(11).0;

/// What is known of the time that passed on a clock.
struct Passed {
    /// Truth when it was armed, and whether that is exact.
    armed_at: i64,
    exact: bool,
    /// So much the daemon can know for certain.
    certain: i64,
    last: Reading,
}

#[derive(Default)]
pub struct Watch {
    passed: BTreeMap<(Arc<str>, ClockKind, u32), Passed>,
    /// Clocks that are over: judged once.
    judged: BTreeMap<(Arc<str>, ClockKind, u32), ClockState>,
}

impl Watch {
    /// After a turn whose changes are committed; `truly` is what the machine's clocks say.
    pub fn after_turn(
        &mut self,
        vault: &mut Vault,
        relay: &Relay,
        clocks: &Clocks,
        truly: &Reading,
        more: bool,
        monitor: &Monitor,
    ) {
        let shadow = &mut vault.shadow;
        for id in std::mem::take(&mut shadow.accepted) {
            accepted_was_taken(shadow, relay, id, monitor);
        }
        let moved = std::mem::take(&mut shadow.moved_clocks);
        self.follow_clocks(shadow, &moved, clocks, truly);
        for clock in &moved {
            self.judge(clock, clocks.truth(), monitor);
        }
        if more {
            return;
        }
        for (key, passed) in &self.passed {
            let Some(clock) = shadow.clocks.get(key).filter(|clock| clock.ended_at.is_none()) else {
                continue;
            };
            if matches!(clock.kind, ClockKind::Notify | ClockKind::Acknowledge) {
                let told = passed.certain < clock.allowed.0 + SLACK || clock.state == ClockState::Breached;
                monitor.check(told, names::BREACH_TOLD, || {
                    let incident = shadow.incidents.get(&clock.incident);
                    format!("{} s passed on {clock:?} of {incident:?}", passed.certain / 1_000_000)
                });
            }
        }
        for incident in shadow
            .incidents
            .values()
            .filter(|i| matches!(i.status, IncidentStatus::New | IncidentStatus::Open))
        {
            self.is_attended(incident, shadow, clocks.truth(), monitor);
        }
    }

    fn follow_clocks(&mut self, shadow: &Shadow, moved: &[Clock], clocks: &Clocks, truly: &Reading) {
        for clock in moved {
            let key = (clock.incident.clone(), clock.kind, clock.round);
            let truth = clocks.truth_at(&clock.armed);
            let fresh = Passed {
                armed_at: truth.unwrap_or(clocks.truth()),
                exact: truth.is_some(),
                certain: 0,
                last: truly.clone(),
            };
            let armed_anew =
                self.passed.get(&key).is_some_and(|old| truth.is_some_and(|truth| truth > old.armed_at));
            if armed_anew || !self.passed.contains_key(&key) {
                self.judged.remove(&key);
                self.passed.insert(key, fresh);
            }
        }
        for (key, passed) in &mut self.passed {
            if shadow.clocks.get(key).is_some_and(|clock| clock.ended_at.is_none()) {
                let same = passed.last.boot_id == truly.boot_id;
                let by = if same { truly.boottime.0 - passed.last.boottime.0 } else { -TICK };
                passed.certain = (passed.certain + by).max(0);
                passed.last = truly.clone();
            }
        }
    }

    /// A promise that is over was judged as the truth has it, as far as anybody can know it.
    fn judge(&mut self, clock: &Clock, now: i64, monitor: &Monitor) {
        let key = (clock.incident.clone(), clock.kind, clock.round);
        if !matches!(clock.kind, ClockKind::Notify | ClockKind::Acknowledge)
            || self.judged.get(&key) == Some(&clock.state)
        {
            return;
        }
        let Some(passed) = self.passed.get(&key) else { return };
        let truth = now - passed.armed_at;
        if clock.state == ClockState::Breached {
            let certain = !passed.exact || truth >= clock.allowed.0;
            monitor.check(certain, names::BREACH_TRUE, || {
                format!("{} s truly passed on {clock:?}", truth / 1_000_000)
            });
        }
        if clock.state == ClockState::Met {
            let in_time = passed.certain < clock.allowed.0 + SLACK;
            monitor.check(in_time, names::BREACH_TOLD, || {
                format!("{} s passed for certain on {clock:?}", passed.certain / 1_000_000)
            });
        }
        self.judged.insert(key, clock.state);
    }

    /// An open incident is being told, and no step of it is overdue.
    fn is_attended(&self, incident: &Incident, shadow: &Shadow, now: i64, monitor: &Monitor) {
        let (id, number) = (&incident.id, incident.number);
        let ladder = shadow
            .clocks
            .values()
            .filter(|clock| clock.incident == *id && clock.kind == ClockKind::Ladder)
            .max_by_key(|clock| clock.round);
        let live = ladder.filter(|clock| clock.ended_at.is_none());
        let heard = shadow.telling(id).any(|n| !is_final(n.state) || n.state == NotificationState::Accepted);
        let looked = incident.status != IncidentStatus::New;
        monitor.check(looked && (heard || live.is_some()), names::TOLD, || {
            format!("incident {number}: {incident:?}, ladder {ladder:?}")
        });
        let policies = plan::policies();
        let step =
            policies.get(&incident.policy).and_then(|policy| policy.steps.get(incident.next_step as usize));
        let (Some(clock), Some(step)) = (live, step) else { return };
        let Some(passed) = self.passed.get(&(id.clone(), ClockKind::Ladder, clock.round)) else { return };
        let truth = now - passed.armed_at;
        monitor.check(truth < step.after.0 + SLACK, names::NOT_OVERDUE, || {
            format!(
                "incident {number}: {} s passed, step {} was due after {}: {clock:?}",
                truth / 1_000_000,
                incident.next_step,
                step.after.in_words()
            )
        });
    }

    /// Every line that survived is stored, every truncation is told, every attack is found.
    pub fn all_is_read(&self, vault: &Vault, disk: &Disk, monitor: &Monitor) {
        let shadow = &vault.shadow;
        let lost: Vec<(u64, &str)> =
            disk.must_be_stored().filter(|(serial, _)| !shadow.serials.contains(serial)).collect();
        monitor.check(lost.is_empty(), names::NOT_LOST, || {
            format!("{} lines, of them {:?}", lost.len(), lost.first())
        });
        let invented = shadow.serials.iter().find(|serial| **serial > disk.serial);
        monitor.check(invented.is_none(), names::NOT_DOUBLED, || format!("nobody wrote line {invented:?}"));
        for file in &disk.files {
            let told = shadow.gaps.iter().filter(|(source, _)| **source == *file.source).count();
            monitor.check(told >= file.truncations, names::NOT_SILENT, || {
                format!("{}: {} truncations, {told} gap rows", file.source, file.truncations)
            });
        }
        let missed: Vec<&String> =
            disk.must_be_found().filter(|address| !shadow.found.contains(*address)).collect();
        monitor.check(missed.is_empty(), names::FOUND, || format!("{missed:?}"));
    }

    /// What opened each incident is still its evidence.
    pub fn all_is_kept(&self, vault: &mut Vault, monitor: &Monitor) {
        for (incident, explanation) in &vault.shadow.opened {
            let evidence = vault.store.evidence(incident);
            let kept = evidence.as_ref().is_ok_and(|e| {
                e.findings.len() >= 10 || e.findings.iter().any(|f| f.explanation == *explanation)
            });
            monitor.check(kept, names::STORE, || format!("{incident}: {explanation} is gone: {evidence:?}"));
        }
    }

    /// An incident of which nobody was told, and which nobody took either.
    pub fn untold<'a>(&self, vault: &'a Vault, relay: &Relay) -> Option<&'a Incident> {
        let shadow = &vault.shadow;
        shadow.incidents.values().filter(|i| i.status != IncidentStatus::Merged).find(|incident| {
            let told = shadow.telling(&incident.id).any(|n| relay.copies.contains_key(&n.message_id));
            !told && incident.acknowledged_at.is_none() && incident.resolved_at.is_none()
        })
    }

    /// Somebody was told of every incident, unless somebody took it before.
    pub fn all_is_told(&self, vault: &Vault, relay: &Relay, monitor: &Monitor) {
        let untold = self.untold(vault, relay);
        monitor.check(untold.is_none(), names::REST, || format!("nobody was told of {untold:?}"));
    }

    /// Nothing is owed any more.
    pub fn nothing_is_owed(&self, vault: &Vault, monitor: &Monitor) {
        let owed = vault.shadow.notifications.values().find(|n| !is_final(n.state));
        monitor.check(owed.is_none(), names::REST, || format!("still owed: {owed:?}"));
        let open = vault.open().first().map(|incident| incident.number);
        monitor.check(open.is_none(), names::REST, || format!("incident {open:?} could not be resolved"));
    }
}

fn accepted_was_taken(shadow: &Shadow, relay: &Relay, id: u64, monitor: &Monitor) {
    let Some(row) = shadow.notifications.get(&id) else { return };
    let taken = relay.copies.contains_key(&row.message_id);
    monitor.check(taken, names::TAKEN, || {
        format!("notification {id} is accepted, and no relay took {}", row.message_id)
    });
}
