//! Where broken invariants are written down.

use std::cell::RefCell;
use std::rc::Rc;

/// The invariants, by name: style.md 4.6 and escalation.md I1 to I12 in the words of this simulator.
pub mod names {
    /// Each line is stored at most once.
    pub const NOT_DOUBLED: &str = "no line doubled";
    /// Each line that survives is stored.
    pub const NOT_LOST: &str = "no line lost";
    /// No truncation without a gap row.
    pub const NOT_SILENT: &str = "no silent truncation";
    /// I8: the stored position is not ahead of the stored events.
    pub const POSITION: &str = "position not ahead of events";
    /// Each finding is in one incident, or says why not.
    pub const HOME: &str = "each finding has a home";
    /// An attack in a line that survives is found.
    pub const FOUND: &str = "attacks are found";
    /// An address that stands in a name only is never found.
    pub const FORGED: &str = "forged addresses are not found";
    /// I5: each open incident has a message owed, sent or scheduled; no row ends unheard.
    pub const TOLD: &str = "open incidents are told";
    /// I4: accepted means that a relay took it.
    pub const TAKEN: &str = "accepted was taken";
    /// I6: copies <= 1 + uncertain ends.
    pub const COPIES: &str = "copies are bounded";
    /// I6: copies of one message have one Message-ID.
    pub const ONE_ID: &str = "one Message-ID";
    /// I6: a copy says that it may repeat exactly when it may.
    pub const MARKED: &str = "repeats are marked";
    /// I7: no send starts after the acknowledgement's commit, and none before the claim's.
    pub const NOT_AFTER: &str = "no send after acknowledgement";
    /// I1: a step's rows exist only if those of the lower ones do.
    pub const STEPS: &str = "steps in order";
    /// I10: an idle engine is not overdue on a step.
    pub const NOT_OVERDUE: &str = "idle is not overdue";
    /// I3: a breach is recorded only when it is certain.
    pub const BREACH_TRUE: &str = "breach only when certain";
    /// I2: and always when it is.
    pub const BREACH_TOLD: &str = "breach always when certain";
    /// I9: at rest nothing is owed, and somebody was told of every incident.
    pub const REST: &str = "at rest all is told";
    /// What is rebuilt from the store goes on as the living one does.
    pub const REBUILT: &str = "rebuilt equals live";
    /// Nothing is larger than its limit, and nothing raw reaches a mail.
    pub const SIZES: &str = "sizes under limits";
    /// An act of an unknown actor changes the journal alone.
    pub const STRANGER: &str = "strangers change nothing";
    /// The store takes each step, and says at the start what it was given.
    pub const STORE: &str = "the store keeps what it took";
}

#[derive(Clone, Debug)]
pub struct Violation {
    pub invariant: &'static str,
    pub step: usize,
    pub detail: String,
}

/// Shared by the ports and the world; keeps the first violation of each invariant.
#[derive(Clone, Default)]
pub struct Monitor(Rc<RefCell<Vec<Violation>>>, Rc<RefCell<usize>>);

impl Monitor {
    pub fn step(&self, step: usize) {
        *self.1.borrow_mut() = step;
    }

    pub fn check(&self, holds: bool, invariant: &'static str, detail: impl FnOnce() -> String) {
        let mut known = self.0.borrow_mut();
        if !holds && known.iter().all(|v| v.invariant != invariant) {
            known.push(Violation { invariant, step: *self.1.borrow(), detail: detail() });
        }
    }

    pub fn violations(&self) -> Vec<Violation> {
        self.0.borrow().clone()
    }

    pub fn is_broken(&self) -> bool {
        !self.0.borrow().is_empty()
    }
}
