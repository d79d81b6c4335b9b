//! The model of escalation: one or two incidents, their messages and clocks, and everything that may go wrong
//! around them (crashes, reboots, an outage, lost answers, refusals, a wall clock that is set, a machine that is
//! paused or suspended, a roster that changes, silences) and everything that people do. It is explored
//! exhaustively, breadth first: every order of every event within a scope, to its end.
//!
//! What moves is the program itself: `Triage::judge`, `Escalate::{look, act, claim, receipt, recover}` and
//! `Book`, on small parameters. There is no second description of the transitions that could differ from them.
//!
//! ```text
//! cargo test --test model                                           the short scopes, and every mutant
//! cargo test --release --test model -- --ignored --nocapture        the full form
//! ```
//!
//! * `plan` is who is told when; `scope` says how much of what may happen; `world` is a state and its steps; `key` its canonical form;
//! * `truth` holds the invariants (I1 to I13; A1: an acknowledgement runs out; M1: who heard of a
//!   merged incident hears where it went; L1: every move is one of the tables), seen from outside: true time, and what relays got;
//! * `mutants` are known failures of programs of this kind, each of which must be caught; `search` explores.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test has no users"
)]

mod model {
    pub mod key;
    pub mod mutants;
    pub mod plan;
    pub mod scope;
    pub mod search;
    pub mod truth;
    pub mod world;
}

use model::mutants::ALL;
use model::scope::{self, Scope};
use model::search::{Outcome, explore};

fn told(scope: &Scope, outcome: &Outcome) {
    eprintln!(
        "{:24} {:>8} states {:>9} steps {:>6.1} s  {}",
        scope.name,
        outcome.states,
        outcome.steps,
        outcome.seconds,
        outcome.violation.as_ref().map_or("every invariant holds", |v| v.invariant)
    );
}

fn holds(scopes: &[Scope]) {
    for scope in scopes {
        let outcome = explore(scope, None);
        told(scope, &outcome);
        if let Some(violation) = &outcome.violation {
            panic!("{}: {}\n{}", violation.invariant, violation.detail, violation.story.join("\n"));
        }
    }
}

#[test]
fn the_short_scopes_hold() {
    holds(&scope::short());
}

#[test]
#[ignore = "the full form: --release -- --ignored --nocapture"]
fn the_full_scopes_hold() {
    holds(&scope::full());
}

#[test]
fn every_mutant_is_caught() {
    let mut missed = Vec::new();
    for mutant in ALL {
        let scope = scope::of(mutant.kind);
        let outcome = explore(&scope, Some(mutant.kind));
        let broken = outcome.violation.as_ref().map(|v| v.invariant);
        eprintln!(
            "{:>8} states {:>6.1} s  {:?} breaks {}  ({})",
            outcome.states,
            outcome.seconds,
            mutant.kind,
            broken.unwrap_or("nothing"),
            mutant.known_from
        );
        if !broken.is_some_and(|invariant| mutant.breaks.contains(&invariant)) {
            missed.push((mutant.kind, broken));
        }
    }
    assert!(missed.is_empty(), "not caught, or by another invariant: {missed:?}");
}
