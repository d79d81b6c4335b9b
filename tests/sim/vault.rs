//! The ledger port: a real store in memory that outlives crashes, behind a wrapper that fails before or
//! after the commit, dies with the daemon, and at times writes something else (mutants).

use super::monitor::{Monitor, names};
use super::mutants::Mutant;
use super::shadow::{Shadow, is_telling};
use gatewatch::ledger::Store;
use gatewatch::ports::{Ledger, LedgerError};
use gatewatch::schema::{Changes, ClockKind, ClockState, Evidence, IncidentStatus, NotificationState};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// What the next commit meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is stored, and the ledger says so.
    Before,
    /// Everything is stored, and the ledger says it failed.
    After,
}

/// Where the daemon dies: between any two calls of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    BeforeCommit,
    AfterCommit,
    /// After so many letters of the turn were handed over.
    AfterSends(u32),
}

pub struct Vault {
    pub store: Store,
    pub shadow: Shadow,
    pub faults: VecDeque<Fault>,
    pub crash: Option<Crash>,
    /// The daemon is dead: whatever it still calls does nothing.
    pub dead: bool,
    pub commits: u64,
    monitor: Monitor,
    mutant: Option<Mutant>,
    /// The last commit was stored and its answer lost: the next one repeats it.
    lost_answer: bool,
}

impl Vault {
    pub fn new(monitor: Monitor, mutant: Option<Mutant>) -> Vault {
        let store = Store::in_memory().expect("a store in memory");
        let faults = VecDeque::new();
        Vault {
            store,
            shadow: Shadow::default(),
            faults,
            crash: None,
            dead: false,
            commits: 0,
            monitor,
            mutant,
            lost_answer: false,
        }
    }

    /// The daemon is gone; what it wanted to write again is forgotten with it.
    pub fn buried(&mut self) {
        (self.crash, self.dead, self.lost_answer) = (None, false, false);
    }

    fn commit(&mut self, changes: &Changes) -> Result<(), LedgerError> {
        let failed = |why: &str| Err(LedgerError::Transient(why.to_owned()));
        if self.dead || self.crash == Some(Crash::BeforeCommit) {
            self.dead = true;
            return failed("killed");
        }
        let fault = self.faults.pop_front();
        if fault == Some(Fault::Before) {
            return failed("the disk is full");
        }
        let written = self.mutate(changes);
        let taken = self.store.commit(&written);
        self.monitor.check(taken.is_ok(), names::STORE, || format!("the store refused: {taken:?}"));
        taken?;
        if self.mutant == Some(Mutant::CommitTwice) && !written.events.is_empty() {
            let again = Changes { journal: Vec::new(), states: Vec::new(), ..written.clone().into_owned() };
            let again = self.store.commit(&again);
            self.monitor.check(again.is_ok(), names::STORE, || format!("the same events again: {again:?}"));
        }
        if !std::mem::take(&mut self.lost_answer) {
            self.shadow.take(&written, &self.monitor);
            self.commits += 1;
        }
        if fault == Some(Fault::After) {
            self.lost_answer = true;
            return failed("the answer was lost");
        }
        if self.crash == Some(Crash::AfterCommit) {
            self.dead = true;
        }
        Ok(())
    }

    /// What a mutant writes in place of the changes; the same for the same changes.
    fn mutate<'a>(&self, changes: &'a Changes) -> Cow<'a, Changes> {
        let Some(mutant) = self.mutant else { return Cow::Borrowed(changes) };
        let mut c = changes.clone();
        match mutant {
            Mutant::PositionsAlone
                if c.events.len() > 2 && c.findings.is_empty() && c.incidents.is_empty() =>
            {
                c.events.truncate(c.events.len() / 2);
            }
            Mutant::DropGaps => c.gaps.clear(),
            Mutant::DropIncidents => c.incidents.clear(),
            Mutant::DropFindings => c.findings.clear(),
            Mutant::DropStates => c.states.clear(),
            Mutant::DropClocks => c.clocks.clear(),
            Mutant::DropBreach => c.clocks.retain(|clock| clock.state != ClockState::Breached),
            Mutant::HastyBreach => {
                let promises = c.clocks.iter_mut().filter(|clock| clock.kind == ClockKind::Notify);
                promises.for_each(|clock| clock.state = ClockState::Breached);
            }
            Mutant::CancelLetters => {
                let waiting = c
                    .notifications
                    .iter_mut()
                    .filter(|n| is_telling(n.kind) && n.state == NotificationState::Pending);
                waiting.for_each(|n| n.state = NotificationState::Cancelled);
                c.clocks.retain(|clock| clock.kind != ClockKind::Ladder);
            }
            Mutant::SkipStep => c.notifications.retain(|n| n.step > 0),
            _ => {}
        }
        Cow::Owned(c)
    }

    /// Rows that a session may be under way for.
    pub fn sending(&self) -> Vec<u64> {
        let rows = self.shadow.notifications.values();
        rows.filter(|n| n.state == NotificationState::Sending && n.digest.is_none()).map(|n| n.id).collect()
    }

    /// Incidents that nobody took yet.
    pub fn open(&self) -> Vec<&gatewatch::schema::Incident> {
        let incidents = self.shadow.incidents.values();
        incidents.filter(|i| matches!(i.status, IncidentStatus::New | IncidentStatus::Open)).collect()
    }
}

/// The daemon's end of the vault.
#[derive(Clone)]
pub struct VaultPort(pub Rc<RefCell<Vault>>);

impl Ledger for VaultPort {
    fn commit(&mut self, changes: &Changes) -> Result<(), LedgerError> {
        self.0.borrow_mut().commit(changes)
    }

    fn evidence(&mut self, incident: &str) -> Result<Evidence, LedgerError> {
        self.0.borrow_mut().store.evidence(incident)
    }
}
