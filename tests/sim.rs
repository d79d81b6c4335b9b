//! The deterministic simulator: the real driver, rooms, tail and store on one thread, in worlds whose clocks,
//! files, relays, operator and failures are chosen by a seed. After every turn the invariants of
//! `sim/monitor.rs` are checked; a seed that breaks one prints it with the last actions before it.
//!
//! ```text
//! cargo test --test sim                                                           200 seeds, meta test, mutants
//! SIM_SEEDS=5000 cargo test --release --test sim -- --ignored --nocapture         more seeds (SIM_FROM: the first)
//! SIM_SEEDS=1 SIM_FROM=17 SIM_SHOW=1 cargo test --test sim -- --ignored --nocapture   one seed, its whole story
//! ```
//!
//! * `world` lives through a seed; `actions` says what can happen and how often.
//! * `clock`, `disk` (with `lines`), `vault` (the store), `relay`, `source` are the wrappers around the ports.
//! * `shadow` is what was committed, `twin` a second set of rooms rebuilt from it, `invariants` what must hold.
//! * `mutants` break one thing each in the wrappers; each must be caught.
//! * `regressions` are seeds and histories that found a defect, with their stories.
//!
//! What can go wrong between the outbox and a person, and where it is shown. `Mode` is a mood of `relay`, a
//! number in brackets the case of `Flaky`:
//!
//! | failure | shown by |
//! |---|---|
//! | killed before the dot: sent once | `Flaky` (7) with a crash; `tests/crash_mail.rs` (cut at DATA, in the body) |
//! | killed after the dot: same Message-ID, marked | `Flaky` (8 to 11) with a crash; `tests/crash_mail.rs` (silence after the dot) |
//! | the 250 is lost | `Flaky` (8, 9); `tests/crash_mail.rs` (cut after the dot) |
//! | 421, 450, 451, 452 for minutes; down for minutes | `Greylisting`, `Down`, `Flaky` (4, 5); `tests/crash_mail.rs`, `tests/postfix.rs` |
//! | 550 for one of three recipients | `BAD_ADDRESS` in every mode; `tests/crash_mail.rs` |
//! | 554 for the content: minimal text, then visible | `Flaky` (6); `tests/crash_mail.rs` |
//! | no banner, a byte now and then, an answer without end | `Flaky` (7, 11: the deadline); the bytes: `tests/courier_smtp.rs` |
//! | no STARTTLS, wrong or expired certificate | `tests/courier_smtp.rs`, `tests/postfix.rs` (no mood: the room sees a deferral like `Down`) |
//! | names that do not resolve, or slowly | as `Down`; the courier's deadline: `tests/courier_smtp.rs` |
//! | 535: the relay refuses us | `Login`; five tries in ten seconds at most: `tests/courier_smtp.rs` |
//! | 10,000 alerts in a minute | `tests/storm.rs`, `escalate/tests/storms.rs` |
//! | a relay that takes 100 an hour | `Flaky` (5); the budget: `escalate/tests/storms.rs` |
//! | a digest or a retry for the wrong person | one address per row: `escalate/tests/storms.rs`, `check_letter` here |
//! | UTC an hour back or forward; suspended for hours; rebooted; paused | `actions::disturb_time`, `tests/model.rs` |
//! | summer time, leap days, years' ends | UTC alone decides; local turns: `escalate/schedule.rs` |
//! | a mailer that hangs for ever | the deadline of a session (7, 11); a stopped process is the service manager's watchdog |
//! | nobody notices a dead daemon | not here: a file and a mail whose absence is the alarm |
//! | acknowledged while it is sent | `actions::operate`, invariant `NOT_AFTER`; `tests/model.rs` (I7), `tests/crash_mail.rs` |
//! | a scanner opens links, a token is guessed, replayed or old | not here: mails hold no link that acts; `desk/reply` |
//!
//! SQLite's own file I/O is outside: `tests/crash.rs` kills the real program.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test has no users"
)]

mod sim {
    pub mod actions;
    pub mod clock;
    pub mod disk;
    pub mod invariants;
    pub mod lines;
    pub mod monitor;
    pub mod mutants;
    pub mod plan;
    mod regressions;
    pub mod relay;
    pub mod rng;
    pub mod shadow;
    pub mod source;
    pub mod twin;
    pub mod vault;
    pub mod world;
}

use sim::mutants;
use sim::world::{Outcome, run};
use std::sync::atomic::{AtomicU64, Ordering};

/// Actions of one world.
const ACTIONS: usize = 110;
/// Seeds of each push.
const SEEDS: u64 = 200;
/// Seeds within which each mutant must be caught.
const MUTANT_SEEDS: u64 = 30;
/// Actions that a failing seed prints.
const SHOWN: usize = 30;

/// The story of a seed that broke something.
fn story(seed: u64, outcome: &Outcome) -> String {
    let from = outcome.transcript.len().saturating_sub(SHOWN * 2);
    let broken: Vec<String> = outcome
        .violations
        .iter()
        .map(|v| format!("step {}: {}: {}", v.step, v.invariant, v.detail))
        .collect();
    format!("seed {seed}\n{}\n  {}", broken.join("\n"), outcome.transcript[from..].join("\n  "))
}

/// Runs the seeds on as many threads as the machine has cores, at most `threads`; the stories of those that fail.
fn failures(from: u64, seeds: u64, show: bool) -> Vec<String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let next = AtomicU64::new(from);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + seeds {
                return failed;
            }
            let outcome = run(seed, ACTIONS, None, None);
            if show {
                eprintln!("{}\n{}", outcome.transcript.join("\n"), outcome.figures);
            }
            if !outcome.violations.is_empty() {
                eprintln!("seed {seed}: {}", outcome.violations[0].invariant);
                failed.push(story(seed, &outcome));
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    })
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn every_seed_keeps_every_invariant() {
    let failed = failures(0, SEEDS, false);
    assert!(failed.is_empty(), "{} seeds failed; the first:\n{}", failed.len(), failed[0]);
}

#[test]
#[ignore = "more seeds: SIM_SEEDS, SIM_FROM, SIM_SHOW"]
fn many_seeds_keep_every_invariant() {
    let (from, seeds) = (number("SIM_FROM", 0), number("SIM_SEEDS", 1_000));
    let failed = failures(from, seeds, number("SIM_SHOW", 0) > 0);
    let first: Vec<&str> = failed.iter().take(3).map(String::as_str).collect();
    assert!(
        failed.is_empty(),
        "{} of {seeds} seeds failed; the first:\n{}",
        failed.len(),
        first.join("\n\n")
    );
    eprintln!("{seeds} seeds from {from} keep every invariant");
}

#[test]
fn a_seed_gives_the_same_bytes_twice() {
    for seed in [1, 2, 3, 4, 5, 6] {
        let (a, b) = (run(seed, ACTIONS, None, None), run(seed, ACTIONS, None, None));
        let differs = a.transcript.iter().zip(&b.transcript).position(|(a, b)| a != b);
        assert_eq!(
            differs,
            None,
            "seed {seed}: {:?}",
            differs.map(|at| (&a.transcript[at], &b.transcript[at]))
        );
        assert_eq!((a.transcript.len(), a.figures), (b.transcript.len(), b.figures));
    }
}

#[test]
fn every_mutant_is_caught_by_its_invariant() {
    let mut missed = Vec::new();
    for (mutant, invariant) in mutants::ALL {
        let caught = (0..MUTANT_SEEDS).find(|seed| {
            let outcome = run(*seed, ACTIONS, Some(mutant), Some(invariant));
            outcome.violations.iter().any(|violation| violation.invariant == invariant)
        });
        match caught {
            Some(seed) => eprintln!("{mutant:?} is caught at seed {seed}: {invariant}"),
            None => missed.push((mutant, invariant)),
        }
    }
    assert!(missed.is_empty(), "not caught within {MUTANT_SEEDS} seeds: {missed:?}");
}
