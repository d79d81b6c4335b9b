//! The same findings in any order of arrival, and over restarts.

use super::story::{absence, compiled, event, found, rule};
use gatewatch::detect::{Detect, Params};
use gatewatch::schema::{Event, Finding};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// One rule of every kind, and chains of them.
fn every_kind() -> String {
    let by_user = "  group-by: [user]\n  condition: ";
    let count = |id: &str, kind: &str, of: &str, condition: &str| {
        rule(id, kind, of, &format!("{by_user}{condition}"))
    };
    let rules = [
        count("events", "event_count", "a", "{gte: 4}"),
        count("range", "event_count", "a, b", "{gt: 2, lt: 7}"),
        count("distinct", "value_count", "a", "{field: v, gte: 3}"),
        count("sum", "value_sum", "a", "{field: v, gte: 12}"),
        count("average", "value_avg", "a", "{field: v, gt: 3.5}"),
        count("percentile", "value_percentile", "b", "{field: v, percentile: 80, gte: 5}"),
        rule("both", "temporal", "a, b", "  group-by: [user]"),
        rule("without", "temporal", "a, c", &format!("{by_user}a and not c")),
        rule("ordered", "temporal_ordered", "a, b, c", "  group-by: [user]"),
        rule("some", "temporal_ordered", "c, b, a", &format!("{by_user}{{gte: 2}}")),
        rule("state", "temporal_ordered", "events, b", "  group-by: [user]"),
        rule("moments", "temporal", "ordered, c", "  group-by: [user]"),
        rule("hosts", "event_count", "a", "  group-by: [user, host]\n  condition: {gte: 2}"),
        count("chained", "event_count", "hosts", "{gte: 2}"),
        count("chained-values", "value_count", "hosts", "{field: host, gte: 2}"),
        absence("  before: 60s\n  after: 60s\n").replace("x\n", "lacks\n"),
    ];
    rules.join("---\n").replace("timespan: 10m", "timespan: 10m\n  generate: true")
}

/// Bursts of events, in the middle of slots, further apart than any window.
fn bursts(parts: &[(u8, u8, u8, u16)]) -> Vec<Event> {
    let text = |(n, (kind, user, value, at)): (usize, &(u8, u8, u8, u16))| {
        let from = (n / 12) as f64 * 5_400.0 + 150.0;
        let (kind, user) =
            (["a", "b", "c", "a"][usize::from(*kind % 4)], ["ana", "ben"][usize::from(*user % 2)]);
        let seconds = from + f64::from(*at % 200) + n as f64 / 1e3;
        format!("{seconds} {kind} {user} h=w{} v={}", value % 3, value % 7)
    };
    let mut all: Vec<Event> = parts.iter().enumerate().flat_map(|part| event(&text(part))).collect();
    all.sort_by_key(|event| event.counted_at);
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn findings_do_not_hang_on_the_order_inside_the_lateness(
        parts in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), any::<u16>()), 1..40),
        delays in proptest::collection::vec(0i64..119_000_000, 40),
    ) {
        let set = compiled(&every_kind());
        let events = bursts(&parts);
        let mut shuffled: Vec<(i64, &Event)> =
            events.iter().zip(delays.iter().cycle()).map(|(e, delay)| (e.counted_at.0 + delay, e)).collect();
        shuffled.sort_by_key(|(arrival, _)| *arrival);
        let shuffled: Vec<Event> = shuffled.into_iter().map(|(_, event)| event.clone()).collect();
        let names = |findings: Vec<Finding>| -> BTreeSet<(String, String, String)> {
            findings.iter().map(|f| (f.rule.to_string(), f.entity(), f.id.to_string())).collect()
        };
        prop_assert_eq!(names(found(&set, &events)), names(found(&set, &shuffled)));
    }

    #[test]
    fn a_restart_changes_nothing(
        parts in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), any::<u16>()), 1..40),
        delays in proptest::collection::vec(0i64..119_000_000, 40),
        cuts in proptest::collection::btree_set(0usize..40, 0..6),
    ) {
        let set = compiled(&every_kind());
        let room = || Detect::new(Params { rules: set.clone(), sources: Vec::new() }).of_history();
        let (mut whole, mut parted) = (room(), room());
        let mut stored = [std::collections::BTreeMap::new(), std::collections::BTreeMap::new()];
        let mut take = |detect: &mut Detect, which: usize| {
            for row in detect.drain().0 {
                match row.body {
                    Some(_) => drop(stored[which].insert(row.key.clone(), row)),
                    None => drop(stored[which].remove(&row.key)),
                }
            }
            stored[which].clone()
        };
        let mut events = bursts(&parts);
        let arrival = |(n, event): (usize, &Event)| event.counted_at.0 + delays[n % delays.len()];
        let mut order: Vec<(i64, usize)> = events.iter().enumerate().map(|e| (arrival(e), e.0)).collect();
        order.sort_unstable();
        for (n, (_, at)) in order.into_iter().enumerate() {
            if cuts.contains(&n) {
                let rows = take(&mut parted, 1);
                prop_assert!(take(&mut whole, 0) == rows, "the same bytes before event {n}");
                parted = room();
                parted.restore(&rows.into_values().collect::<Vec<_>>());
            }
            let event = Event { id: n as u64 + 1, ..std::mem::take(&mut events[at]) };
            prop_assert_eq!(whole.observe(&event), parted.observe(&event));
        }
        prop_assert_eq!(whole.passed(None), parted.passed(None));
        let rows = take(&mut parted, 1);
        prop_assert!(take(&mut whole, 0) == rows, "the same bytes at the end");
    }
}
