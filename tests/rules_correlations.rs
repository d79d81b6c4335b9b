//! Correlations as a table: a rule, events in order of arrival, and what is found. Then the same for any order.
//!
//! An event is `SECONDS KIND USER`, then perhaps `h=HOST`, `v=NUMBER`, `n=OCCURRENCES`; `0..40/10 a ana` stands for
//! events every ten seconds. A finding is `RULE ENTITY @SECONDS =COUNTED`. The detections `a`, `b` and `c` fit the
//! events of their kind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a table that cannot be read is a failed test")]

#[path = "rules_correlations/order.rs"]
mod order;
#[path = "rules_correlations/story.rs"]
mod story;

use gatewatch::detect::{Detect, Params};
use gatewatch::schema::{Event, Finding, Timestamp};
use story::{BASE, absence, check, compiled, events, found, rule};

#[test]
fn event_count() {
    let five = rule("x", "event_count", "a", "  group-by: [user]\n  condition: {gte: 5}");
    check(
        &five,
        &[
            ("exactly N", "0..40/10 a ana", &["x user=ana @40 =5"]),
            ("N-1", "0..30/10 a ana", &[]),
            ("both ends of the window", "0..30/10 a ana, 600 a ana", &["x user=ana @600 =5"]),
            ("past the edge", "0..30/10 a ana, 600.001 a ana", &[]),
            ("one finding for many", "0..990/10 a ana", &["x user=ana @40 =5"]),
            (
                "again after a window of silence",
                "0..40/10 a ana, 1300..1340/10 a ana",
                &["x user=ana @40 =5", "x user=ana @1340 =5"],
            ),
            ("out of order", "40 a ana, 10 a ana, 30 a ana, 0 a ana, 20 a ana", &["x user=ana @40 =5"]),
            ("a late one completes", "0..20/10 a ana, 100 a ana, 30 a ana", &["x user=ana @100 =5"]),
            ("one line for several", "0 a ana, 10 a ana n=4", &["x user=ana @10 =5"]),
            ("the same line twice counts twice", "0..20/10 a ana, 20..30/10 a ana", &["x user=ana @30 =5"]),
            ("two groups", "0..40/10 a ana, 0..40/10 a ben", &["x user=ana @40 =5", "x user=ben @40 =5"]),
            ("five in two groups", "0..20/10 a ana, 0..10/10 a ben", &[]),
            ("nobody is no group", "0..40/10 a -", &[]),
            ("another rule's events", "0..40/10 b ana", &[]),
        ],
    );
    check(
        &rule("x", "event_count", "a, b", "  group-by: [user, host]\n  condition: {gt: 1}"),
        &[
            ("two rules feed one count", "0 a ana h=w, 9 b ana h=w", &["x user=ana,host=w @9 =2"]),
            ("two keys", "0 a ana h=w, 9 b ana h=v", &[]),
            ("a key is missing", "0 a ana, 9 b ana", &[]),
        ],
    );
    check(
        &rule("x", "event_count", "a", "  condition: {gte: 2}"),
        &[("no group-by: one group", "0 a ana, 9 a ben", &["x  @9 =2"])],
    );
    // The example of the specification: a hundred failures of one machine in an hour.
    check(
        "title: Many failed logins\nid: many\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [host]\n  timespan: 1h\n  condition: {gte: 100}\n",
        &[
            ("a hundred", "0..990/10 a ana h=web", &["many host=web @990 =100"]),
            ("ninety-nine", "0..980/10 a ana h=web", &[]),
        ],
    );
}

#[test]
fn conditions() {
    let limits = |limits: &str| {
        rule("x", "event_count", "a", &format!("  group-by: [user]\n  condition: {{{limits}}}"))
    };
    // What a later line may still change is decided when none may come any more, at each event.
    check(
        &limits("gt: 1, lte: 3"),
        &[
            ("into the range", "0..10/10 a ana", &["x user=ana @10 =2"]),
            ("jumps over it", "0 a ana, 10 a ana n=4", &[]),
        ],
    );
    check(
        &limits("eq: 2"),
        &[("exactly", "0..30/10 a ana", &["x user=ana @10 =2"]), ("never", "0 a ana n=3", &[])],
    );
    check(&limits("neq: 1"), &[("one", "0 a ana", &[]), ("two", "0..1/1 a ana", &["x user=ana @1 =2"])]);
    check(&limits("lt: 2"), &[("the first", "0..1/1 a ana", &["x user=ana @0 =1"])]);
}

#[test]
fn values() {
    check(
        &rule("x", "value_count", "a", "  group-by: [user]\n  condition: {field: v, gte: 3}"),
        &[
            ("exactly N", "0 a ana v=1, 1 a ana v=2, 2 a ana v=3", &["x user=ana @2 =3"]),
            ("a value twice counts once", "0 a ana v=1, 1 a ana v=2, 2 a ana v=2", &[]),
            ("a value that left", "0 a ana v=1, 1 a ana v=2, 601 a ana v=3", &[]),
            ("out of order", "2 a ana v=3, 0 a ana v=1, 1 a ana v=2", &["x user=ana @2 =3"]),
            ("without the field", "0 a ana v=1, 1 a ana v=2, 2 a ana", &[]),
            ("two groups", "0 a ana v=1, 1 a ana v=2, 2 a ben v=3", &[]),
        ],
    );
    check(
        &rule("x", "value_count", "a", "  group-by: [user]\n  condition: {field: [host, v], gte: 2}"),
        &[
            ("pairs", "0 a ana h=w v=1, 1 a ana h=w v=2", &["x user=ana @1 =2"]),
            ("the same pair", "0 a ana h=w v=1, 1 a ana h=w v=1", &[]),
            ("half a pair", "0 a ana h=w v=1, 1 a ana v=2", &[]),
        ],
    );
    check(
        &rule("x", "value_sum", "a", "  group-by: [user]\n  condition: {field: v, gte: 100}"),
        &[
            ("exactly", "0 a ana v=99.5, 1 a ana v=0.5", &["x user=ana @1 =100"]),
            ("a little less", "0 a ana v=99.5, 1 a ana v=0.4", &[]),
            ("past the edge", "0 a ana v=60, 601 a ana v=60", &[]),
            ("no number", "0 a ana v=60, 1 a ana v=many", &[]),
            ("several occurrences", "0 a ana v=25 n=4", &["x user=ana @0 =100"]),
            ("late", "10 a ana v=50, 0 a ana v=50", &["x user=ana @10 =100"]),
        ],
    );
    check(
        &rule("x", "value_avg", "a", "  group-by: [user]\n  condition: {field: v, gt: 10}"),
        &[
            ("above", "0 a ana v=10, 1 a ana v=12", &["x user=ana @1 =11"]),
            ("not above", "0 a ana v=10, 1 a ana v=10", &[]),
            ("a late small one", "1 a ana v=12, 0 a ana v=2", &[]),
        ],
    );
    check(
        &rule(
            "x",
            "value_percentile",
            "a",
            "  group-by: [user]\n  condition: {field: v, percentile: 90, gte: 9}",
        ),
        &[
            ("of ten", "0 a ana v=1 n=8, 1 a ana v=9, 2 a ana v=9", &["x user=ana @2 =9"]),
            ("one of ten", "0 a ana v=1 n=9, 1 a ana v=9", &[]),
        ],
    );
    check(
        &rule("x", "value_median", "a", "  group-by: [user]\n  condition: {field: v, gte: 5}"),
        &[("of three", "0 a ana v=1, 1 a ana v=5, 2 a ana v=9", &["x user=ana @2 =5"])],
    );
}

#[test]
fn sequences() {
    let both = rule("x", "temporal", "a, b", "  group-by: [user]");
    check(
        &both,
        &[
            ("in order", "0 a ana, 10 b ana", &["x user=ana @10 =1"]),
            ("the other way round", "0 b ana, 10 a ana", &["x user=ana @10 =1"]),
            ("at the edge", "0 a ana, 600 b ana", &["x user=ana @600 =1"]),
            ("past the edge", "0 a ana, 600.001 b ana", &[]),
            ("one only", "0..40/10 a ana", &[]),
            ("two groups", "0 a ana, 10 b ben", &[]),
            ("late", "10 b ana, 0 a ana", &["x user=ana @10 =1"]),
        ],
    );
    check(
        &rule("x", "temporal_ordered", "a, b, c", "  group-by: [user]"),
        &[
            ("in order", "0 a ana, 10 b ana, 20 c ana", &["x user=ana @20 =1"]),
            ("not in order", "0 b ana, 10 a ana, 20 c ana", &[]),
            ("arrives in another order", "20 c ana, 0 a ana, 10 b ana", &["x user=ana @20 =1"]),
            ("past the edge", "0 a ana, 10 b ana, 601 c ana", &[]),
            ("a second beginning", "0 a ana, 500 a ana, 510 b ana, 700 c ana", &["x user=ana @700 =1"]),
        ],
    );
    // The specification's example: three commands of reconnaissance, in any order.
    check(
        "title: Recon\nid: recon\ncorrelation:\n  type: temporal\n  rules: [a, b, c]\n  group-by: [host, user]\n  timespan: 5m\n",
        &[
            ("all three", "0 c ana h=w, 9 a ana h=w, 300 b ana h=w", &["recon host=w,user=ana @300 =1"]),
            ("another host", "0 c ana h=w, 9 a ana h=v, 300 b ana h=w", &[]),
        ],
    );
    let part = |kind: &str, condition: &str| {
        rule("x", kind, "a, b, c", &format!("  group-by: [user]\n  condition: {condition}"))
    };
    check(
        &part("temporal", "{gte: 2}"),
        &[("two of three", "0 c ana, 10 a ana", &["x user=ana @10 =1"]), ("one", "0 c ana, 10 c ana", &[])],
    );
    check(
        &part("temporal", "a and (b or c)"),
        &[("one way", "0 c ana, 10 a ana", &["x user=ana @10 =1"]), ("without a", "0 b ana, 10 c ana", &[])],
    );
    check(
        &part("temporal", "a and not b"),
        &[
            ("without b", "0 a ana, 700 a ben", &["x user=ana @0 =1", "x user=ben @700 =1"]),
            ("with b before", "0 b ana, 10 a ana", &[]),
            ("with a late b", "10 a ana, 0 b ana", &[]),
        ],
    );
    check(
        &part("temporal_ordered", "a and b and c"),
        &[("all", "0 a ana, 1 b ana, 2 c ana", &["x user=ana @2 =1"])],
    );
    check(
        &part("temporal_ordered", "{gte: 2}"),
        &[("in order", "0 a ana, 1 c ana", &["x user=ana @1 =1"]), ("not", "0 c ana, 1 a ana", &[])],
    );
}

/// The specification's example: ten failures, then a success of the same user.
const EXAMPLE: &str = "title: Then in\nid: then\ncorrelation:\n  type: temporal_ordered\n  rules: [many, b]\n  group-by: [user]\n  timespan: 10m\n---\n\
    title: Many\nname: many\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [user]\n  timespan: 10m\n  condition: {gte: 10}\n";

#[test]
fn chains() {
    check(
        EXAMPLE,
        &[
            ("ten, then in", "0..90/10 a ana, 100 b ana", &["then user=ana @100 =10"]),
            ("nine", "0..80/10 a ana, 100 b ana", &[]),
            ("in first", "0 b ana, 10..100/10 a ana", &[]),
            ("another user", "0..90/10 a ana, 100 b ben", &[]),
            ("late", "0..80/10 a ana, 100 b ana, 90 a ana", &["then user=ana @100 =10"]),
        ],
    );
    // The burst lies anywhere within the hour before.
    check(
        &EXAMPLE.replacen("timespan: 10m", "timespan: 1h", 1),
        &[
            ("much later", "0..90/10 a ana, 3000 b ana", &["then user=ana @3000 =10"]),
            ("too late", "0..90/10 a ana, 3700 b ana", &[]),
        ],
    );
}

#[test]
fn chains_of_other_groups_and_kinds() {
    let first = |rest: &str| {
        format!(
            "title: few\nname: few\ncorrelation:\n  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {{gte: 2}}\n{rest}---\n"
        )
    };
    // The note of the specification: the parent has its own group.
    check(
        &(first("  group-by: [host]\n") + &rule("x", "temporal_ordered", "few, b", "  group-by: [user]")),
        &[
            ("by the user of the deciding event", "0 a ana h=w, 1 a ana h=w, 9 b ana", &["x user=ana @9 =1"]),
            ("another one", "0 a ana h=w, 1 a ben h=w, 9 b ana", &[]),
        ],
    );
    check(
        &(first("  group-by: [user, host]\n")
            + &rule("x", "event_count", "few", "  group-by: [user]\n  condition: {gte: 2}")),
        &[
            ("bursts on two hosts", "0..5/1 a ana h=w, 10..15/1 a ana h=v", &["x user=ana @11 =2"]),
            ("one burst", "0..50/1 a ana h=w", &[]),
            ("two bursts of one host", "0..1/1 a ana h=w, 100..101/1 a ana h=w", &["x user=ana @101 =2"]),
        ],
    );
    check(
        &(first("  group-by: [user, host]\n")
            + &rule("x", "value_count", "few", "  group-by: [user]\n  condition: {field: host, gte: 2}")),
        &[
            ("two hosts", "0..5/1 a ana h=w, 10..15/1 a ana h=v", &["x user=ana @11 =2"]),
            ("one host", "0..1/1 a ana h=w, 100..101/1 a ana h=w", &[]),
        ],
    );
    check(
        &(rule("s", "temporal_ordered", "a, b", "  group-by: [user]")
            + "---\n"
            + &rule("x", "temporal_ordered", "s, c", "  group-by: [user]")),
        &[
            ("a sequence, then c", "0 a ana, 1 b ana, 2 c ana", &["x user=ana @2 =1"]),
            ("c too early", "0 a ana, 1 c ana, 2 b ana", &[]),
            ("late", "2 c ana, 1 b ana, 0 a ana", &["x user=ana @2 =1"]),
        ],
    );
    check(
        &(rule("s", "temporal", "a, b", "  group-by: [user, host]")
            + "---\n"
            + &rule("x", "event_count", "s", "  group-by: [user]\n  condition: {gte: 2}")),
        &[("two sequences", "0 a ana h=w, 1 b ana h=w, 2 a ana h=v, 3 b ana h=v", &["x user=ana @3 =2"])],
    );
}

#[test]
fn absences() {
    check(
        &absence("  after: 60s\n"),
        &[
            ("nothing follows", "0 a ana, 61 c ben", &["x user=ana @60 =0"]),
            ("it follows at the edge", "0 a ana, 60 b ana, 900 c ben", &[]),
            ("it follows too late", "0 a ana, 60.001 b ana, 900 c ben", &["x user=ana @60 =0"]),
            ("it came before only", "0 b ana, 10 a ana, 900 c ben", &["x user=ana @70 =0"]),
            ("it is read before its time", "30 b ana, 0 a ana, 900 c ben", &[]),
            ("it is read late, inside the lateness", "0 a ana, 150 c ben, 30 b ana, 900 c ben", &[]),
            ("of another group", "0 a ana, 30 b ben, 900 c ben", &["x user=ana @60 =0"]),
            ("two that lack it are one finding", "0 a ana, 300 a ana, 900 c ben", &["x user=ana @60 =0"]),
            ("the history ends before the time is over", "0 a ana, 59 c ben", &[]),
        ],
    );
    check(
        &absence("  before: 10m\n"),
        &[
            ("nothing came before", "0 a ana", &["x user=ana @0 =0"]),
            ("at the edge", "0 b ana, 600 a ana", &[]),
            ("too early", "0 b ana, 600.001 a ana", &["x user=ana @600.001 =0"]),
            ("after only", "0 a ana, 1 b ana", &["x user=ana @0 =0"]),
            ("read late", "100 a ana, 10 b ana, 900 c ben", &[]),
        ],
    );
    check(
        &absence("  before: 10m\n  after: 60s\n"),
        &[
            ("after", "0 a ana, 60 b ana, 900 c ben", &[]),
            ("before", "0 b ana, 600 a ana, 1500 c ben", &[]),
            ("neither", "0 b ana, 601 a ana, 662 b ana, 1500 c ben", &["x user=ana @661 =0"]),
        ],
    );
    let words = found(&compiled(&absence("  before: 10m\n  after: 60s\n")), &events("0 a ana, 99 c ben"));
    assert_eq!(
        &*words[0].explanation,
        "as by ana at 2026-03-02T00:00:00.000Z, and no bs in the 10 min before or the 1 min after"
    );
    assert_eq!((words[0].kind.name(), words[0].evidence.as_slice()), ("absence", [1].as_slice()));
}

/// Live, an absence is told by the clock too, but not before lines of other files had time to come.
#[test]
fn an_absence_is_told_when_nothing_more_comes() {
    let set = compiled(&absence("  after: 60s\n"));
    let at = |seconds: i64| Timestamp(BASE + seconds * 1_000_000);
    let live = || Detect::new(Params { rules: set.clone(), sources: Vec::new() });
    let see = |detect: &mut Detect, id: u64, text: &str| {
        let found: Vec<Finding> =
            events(text).into_iter().flat_map(|event| detect.observe(&Event { id, ..event })).collect();
        found.len()
    };
    let ticks = |detect: &mut Detect, from: i64, to: i64| -> Vec<i64> {
        (from..=to).flat_map(|second| detect.tick(at(second)).into_iter().map(move |_| second)).collect()
    };
    let mut detect = live();
    assert_eq!(see(&mut detect, 1, "0 a ana"), 0);
    let told = ticks(&mut detect, 1, 900);
    assert!(matches!(told.as_slice(), [180..=400]), "{told:?}");
    assert!(ticks(&mut detect, 901, 1_200).is_empty());
    // What is expected comes in time, from a file that was behind.
    let mut detect = live();
    see(&mut detect, 1, "0 a ana");
    assert!(ticks(&mut detect, 1, 100).is_empty());
    let mut late = events("30 b ana").remove(0);
    (late.generation, late.observed_at, late.id) = (2, at(100), 2);
    assert_eq!(detect.observe(&late), []);
    assert!(ticks(&mut detect, 101, 900).is_empty());
    // A restart forgets nothing that waits.
    let mut detect = live();
    see(&mut detect, 1, "0 a ana");
    let rows = detect.drain().0;
    let mut again = live();
    again.restore(&rows);
    assert_eq!(ticks(&mut again, 1, 900), told);
}
