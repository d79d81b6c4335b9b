//! What is left decides as all did.

use super::*;
use crate::detect::counter::Counter;
use crate::detect::entry::Moment;
use crate::detect::rule::Counting;
use proptest::prelude::*;

fn entry(at: i64, id: u64, value: &str) -> Entry<'_> {
    let text = Some(Text::Plain(value));
    Entry { at: Timestamp(at), id, count: 1, nth: 0, stream: 1, text, amount: None, also: None, heard: false }
}

/// What a window holds that ends at a moment.
fn counted(entries: &[Entry<'_>], end: Moment, span: Span, counting: &Counting) -> f64 {
    let mut counter = Counter::<Text<'_>>::default();
    let inside = entries.iter().filter(|e| e.at >= end.0 - span && e.moment() <= end);
    inside.for_each(|e| counter.add(e, counting));
    counter.result(counting).unwrap_or(0.0)
}

const VALUES: [&str; 5] = ["ana", "ben", "chi", "dev", "eva"];

proptest! {
    #[test]
    fn no_window_loses_a_value(
        arrivals in proptest::collection::vec((0i64..400, 0usize..5), 1..120),
        (span, settled) in (1i64..80, 0i64..400),
    ) {
        let mut arrivals = arrivals;
        arrivals.sort_unstable();
        let all: Vec<_> =
            arrivals.iter().zip(1..).map(|((at, value), id)| entry(*at, id, VALUES[*value])).collect();
        let (window, may_go) = (Span(span), |e: &Entry<'_>| e.at.0 < settled);
        let left = without_repeats(all.clone(), 6, window, may_go);
        prop_assert!(all.iter().filter(|e| !may_go(e)).all(|e| left.contains(e)), "what may come is kept");
        for end in 0..500 {
            let moment = (Timestamp(end), u64::MAX);
            let count = |entries: &[Entry<'_>]| counted(entries, moment, window, &Counting::Values);
            prop_assert_eq!(count(&left), count(&all), "at {}", end);
        }
        prop_assert_eq!(without_repeats(all.clone(), 1, window, may_go), all, "enough values: all stay");
    }

    #[test]
    fn enough_stays_enough_and_little_stays_little(
        arrivals in proptest::collection::vec(0i64..3_000, 1..300),
        (span, settled, least) in (64i64..900, 0i64..3_000, 1usize..12),
    ) {
        let mut arrivals = arrivals;
        arrivals.sort_unstable();
        let all: Vec<_> = arrivals.iter().zip(1..).map(|(at, id)| entry(*at, id, "ana")).collect();
        let (window, may_go) = (Span(span), |e: &Entry<'_>| e.at.0 < settled);
        let left = in_slots(all.clone(), least * 2, window, may_go);
        prop_assert_eq!(left.iter().map(|e| e.count).sum::<u32>() as usize, all.len(), "none is lost");
        // Nothing comes before what may go any more, so only windows count that end later.
        for end in settled..4_000 {
            let moment = (Timestamp(end), u64::MAX);
            let count = |entries: &[Entry<'_>]| counted(entries, moment, window, &Counting::Events);
            let (is, was) = (count(&left), count(&all));
            prop_assert_eq!(is >= least as f64, was >= least as f64, "{} and {} at {}", is, was, end);
            let slot = all.iter().filter(|e| (end - span - span / SLOTS - 1..=end - span).contains(&e.at.0)).count();
            prop_assert!(was <= is && is <= was + slot as f64, "{} for {} at {}", is, was, end);
        }
    }
}

#[test]
fn a_day_of_one_user_is_two_events() {
    let all: Vec<_> = (0..10_000).map(|n| entry(n * 1_000, n as u64 + 1, "ana")).collect();
    let left = without_repeats(all, 10, Span(100_000_000), |_| true);
    assert_eq!(left.iter().map(|e| e.id).collect::<Vec<_>>(), [1, 10_000]);
}

#[test]
fn a_day_of_failures_is_its_slots_and_the_newest() {
    let all: Vec<_> = (0..10_000).map(|n| entry(n, n as u64 + 1, "ana")).collect();
    let left = in_slots(all, 40, Span(10_000), |_| true);
    assert_eq!(left.len(), 40 + 64, "{left:?}");
    assert_eq!(left.iter().filter(|e| e.count == 1).count(), 40);
}
