//! Counting on against counting anew.

use super::*;
use proptest::prelude::*;

fn entry(at: i64, id: u64, count: u32, value: &str) -> Entry<'_> {
    let amount = value.parse().ok();
    Entry {
        at: Timestamp(at),
        id,
        count,
        nth: 0,
        stream: at as u64 % 2,
        text: Some(Text::of(value)),
        amount,
        also: None,
        heard: false,
    }
}

fn count<'a>(entries: impl Iterator<Item = &'a Entry<'a>>, counting: &Counting) -> Option<f64> {
    let mut counter = Counter::<Text<'_>>::default();
    entries.for_each(|entry| counter.add(entry, counting));
    counter.result(counting)
}

/// The same by the definition: every window that ends at an entry, counted anew.
fn hot_by_definition(
    entries: &[Entry<'_>],
    moment: Moment,
    span: Span,
    counting: &Counting,
    limit: f64,
) -> Option<Hot> {
    let mut hot: Option<Hot> = None;
    for (index, end) in entries.iter().enumerate() {
        let reaches = end.moment() >= moment && end.at <= moment.0 + span;
        let window = entries.iter().take(index + 1).filter(|e| e.at >= end.at - span);
        let observed = count(window, counting).unwrap_or(-1.0);
        if reaches && observed >= limit {
            let hot = hot.get_or_insert(Hot { moment: end.moment(), last: end.at, observed, most: observed });
            hot.last = end.at;
            hot.most = hot.most.max(observed);
        }
    }
    hot
}

const COUNTINGS: [Counting; 5] =
    [Counting::Events, Counting::Values, Counting::Sum, Counting::Average, Counting::Percentile(75.0)];
const VALUES: [&str; 6] = ["1", "2", "1.2.3.4", "ana", "7", ""];

proptest! {
    #[test]
    fn counting_on_is_counting_anew(
        arrivals in proptest::collection::vec((0i64..60, 1u32..3, 0usize..6, 0u8..8), 1..90),
        (span, limit, counting, ordered) in (1i64..20, 1u32..8, 0usize..5, any::<bool>()),
    ) {
        let (mut group, span, mut all) = (Group::new("key", 0), Span(span), Vec::new());
        let (counting, limit) = (&COUNTINGS[counting], f64::from(limit));
        let mut arrivals = arrivals;
        if ordered {
            arrivals.sort_unstable();
        }
        for (id, (at, count, value, forget)) in arrivals.into_iter().enumerate() {
            let entry = entry(at, id as u64, count, VALUES[value]);
            all.push(entry);
            all.sort_by_key(Entry::moment);
            group.insert(&entry, span, counting);
            let hot = group.hot(entry.moment(), span, counting, |_, count| count >= limit, |_| ());
            prop_assert_eq!(hot, hot_by_definition(&all, entry.moment(), span, counting, limit));
            if forget == 0 {
                // Pages go in order of arrival, and take events out of the middle.
                group.forget(all[0].id as u32, counting);
                all.remove(0);
            } else if forget == 1 {
                let at = all.len() / 2;
                group.forget(all[at].id as u32, counting);
                all.remove(at);
            }
            prop_assert_eq!(group.entries().collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(group.key(), "key");
        }
    }
}

#[test]
fn a_group_never_holds_more_than_its_limit() {
    let mut group = Group::new("", 0);
    let value: Vec<String> = (0..250).map(|n| n.to_string()).collect();
    for n in 0..2_000 {
        group.insert(&entry(n, n as u64, 1, &value[n as usize % 250]), Span(1_000_000), &Counting::Events);
    }
    assert_eq!(group.len(), WINDOW_EVENTS_MAX);
    let moment = (Timestamp(1_999), 1_999);
    let hot = group.hot(moment, Span(1_000_000), &Counting::Events, |_, _| true, |_| ()).unwrap();
    assert_eq!(hot.observed, WINDOW_EVENTS_MAX as f64);
    assert_eq!(group.entries().map(|e| e.id).collect::<Vec<_>>(), (976..2_000).collect::<Vec<_>>());
}

#[test]
fn a_group_under_fire_lets_go_of_what_is_past_with_what_is_older() {
    let (span, counting) = (Span::seconds(1), Counting::Events);
    let mut group = Group::new("k", 0);
    (0..100).for_each(|n| group.insert(&entry(n, n as u64 + 1, 1, "v"), span, &counting));
    // The first event stands on a page that stays longer: it goes with the second.
    group.forget_through(2, Timestamp(1), &counting);
    assert_eq!(group.entries().next().map(|e| e.id), Some(3));
    // What is gone is not looked for behind the events of its page, and takes nothing along.
    group.forget_through(1, Timestamp(1), &counting);
    group.forget_through(50, Timestamp(10), &counting);
    assert_eq!(group.entries().map(|e| e.id).collect::<Vec<_>>(), (3..=100).collect::<Vec<_>>());
    group.forget_through(100, Timestamp(99), &counting);
    assert_eq!(group.len(), 0);
}

#[test]
fn an_event_takes_few_bytes() {
    let one = |group: &mut Group, n: i64| {
        let at = Timestamp(1_772_409_600_000_000 + n * 10_000_000);
        let text = Some(Text::of("user17"));
        let entry = Entry {
            at,
            id: 1_000_000 + n as u64 * 10_000,
            count: 1,
            nth: 0,
            stream: 3,
            text,
            amount: None,
            also: None,
            heard: false,
        };
        group.insert(&entry, Span::minutes(10), &Counting::Events);
    };
    let mut group = Group::new("203.0.113.9", 0);
    one(&mut group, 0);
    assert!(group.heap_bytes() <= 40, "{} bytes for the first event and the key", group.heap_bytes());
    (1..60).for_each(|n| one(&mut group, n));
    assert!(group.heap_bytes() < 60 * 8, "{} bytes for sixty", group.heap_bytes());
    // A thousand come and go; the group does not grow.
    for n in 60..2_000 {
        one(&mut group, n);
        group.forget(1_000_000 + (n as u32 - 60) * 10_000, &Counting::Events);
    }
    assert!(group.len() == 60 && group.heap_bytes() < 60 * 20, "{} bytes", group.heap_bytes());
    assert!(size_of::<Group>() <= 128, "{}", size_of::<Group>());
}
