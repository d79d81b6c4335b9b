//! Seeds that found a defect, each with its story. A seed's world changes when the actions change; the name and
//! the story stay, and the seed goes on to be run.

use super::world::{Outcome, run};

fn keeps_every_invariant(seed: u64, actions: usize) {
    let Outcome { violations, .. } = run(seed, actions, None, None);
    assert!(violations.is_empty(), "seed {seed}: {violations:?}");
}

/// UTC went back while a notify promise was in doubt between two bounds of elapsed time. The next look skipped
/// clocks in doubt, so nothing woke the incident when the lower bound passed the promise. The breach is recorded
/// now when it is certain.
#[test]
fn a_promise_in_doubt_is_judged_again() {
    keeps_every_invariant(10, 130);
}

/// Fast incidents were told and repeated faster than the budget of their recipient refilled. A medium incident
/// beside them waited for a token for hours and nobody was told. What has waited ten minutes goes in a digest.
#[test]
fn a_storm_does_not_keep_others_untold() {
    keeps_every_invariant(0, 130);
}

/// UTC was set back, and a source fell silent again in the slot of event time of an earlier finding. The second
/// finding and its incident got the ids of the first ones and took their place in the store. The first ones stay.
#[test]
fn a_finding_made_again_takes_no_other_ones_place() {
    keeps_every_invariant(7, 130);
}

/// A silence ended, was forgotten, and then UTC was set back to before its end. The living rooms let findings
/// through that rooms rebuilt from the store suppressed. Both know it for a day now.
#[test]
fn a_silence_that_ended_comes_back_with_the_clock_in_both_lives() {
    keeps_every_invariant(16, 130);
}

/// UTC was set back between the writing of an attack and its reading, so its stamps lay in the future and counted
/// at the read time. The file had shown later times already, each line fell out of its window as the next one
/// came, and the attack was not found. Such lines count at the file's watermark now.
#[test]
fn an_attack_read_after_a_back_step_is_found() {
    keeps_every_invariant(98, 110);
}
