//! Rules against made-up events: windows, episodes, chains, order of arrival, memory.

use gatewatch::config::rules;
use gatewatch::detect::{Detect, Params, RuleSet, SilenceParams};
use gatewatch::limits::WINDOW_KEYS_MAX;
use gatewatch::schema::{Class, Datum, Event, Finding, Fold, Outcome, Span, StateRow, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A moment at the start of a slot of every window length that the tests use.
const BASE: i64 = 1_772_409_600;

fn builtin() -> Arc<RuleSet> {
    let (specs, problems) = rules::load(&[], true, &[]);
    assert_eq!(problems, []);
    let (set, problems) = rules::compile(specs, &[]);
    assert_eq!(problems, []);
    Arc::new(set)
}

fn compiled(yaml: &str) -> Arc<RuleSet> {
    let (specs, problems) = rules::read(&[("test.yml".into(), yaml.into())], &[]);
    assert_eq!(problems, []);
    let (set, problems) = rules::compile(specs, &[]);
    assert_eq!(problems, []);
    Arc::new(set)
}

fn room(set: &Arc<RuleSet>) -> Detect {
    Detect::new(Params { rules: set.clone(), sources: Vec::new() })
}

fn at(seconds: f64) -> Timestamp {
    Timestamp((BASE as f64 * 1e6) as i64 + (seconds * 1e6) as i64)
}

fn login(seconds: f64, outcome: Outcome, user: &str, ip: &str) -> Event {
    Event {
        source: "auth".into(),
        format: "sshd".into(),
        generation: 1,
        time: Some(at(seconds)),
        counted_at: at(seconds),
        observed_at: at(seconds),
        class: Class::Authentication,
        activity: "logon",
        outcome,
        user: (!user.is_empty()).then(|| user.into()),
        src_ip: ip.parse().ok(),
        app: Some("sshd".into()),
        count: 1,
        ..Event::default()
    }
}

fn failed(seconds: f64, user: &str, ip: &str) -> Event {
    login(seconds, Outcome::Failure, user, ip)
}

/// Runs events in this order, ids in order of arrival.
fn run(detect: &mut Detect, events: &[Event]) -> Vec<Finding> {
    let numbered = events.iter().enumerate().map(|(n, e)| Event { id: n as u64 + 1, ..e.clone() });
    numbered.flat_map(|event| detect.observe(&event)).collect()
}

fn told(findings: &[Finding]) -> Vec<(String, String)> {
    findings.iter().map(|f| (f.rule.to_string(), f.entity())).collect()
}

fn rules_of(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|f| &*f.rule).collect()
}

#[test]
fn five_failures_in_six_hundred_seconds_are_told_once_with_their_numbers() {
    let set = builtin();
    for (spread, told) in [(150.0, true), (150.1, false)] {
        let events: Vec<Event> =
            (0..5).map(|n| failed(f64::from(n) * spread, "root", "203.0.113.9")).collect();
        assert_eq!(!run(&mut room(&set), &events).is_empty(), told, "every {spread} s");
    }
    let users = ["root", "admin", "ana", "ben"];
    let events: Vec<Event> =
        (0..9).map(|n| failed(f64::from(n) * 10.0, users[n as usize % 4], "203.0.113.9")).collect();
    let mut detect = room(&set);
    let found = run(&mut detect, &events);
    assert_eq!(rules_of(&found), ["auth-brute-force-source"], "four users are no spray");
    let finding = &found[0];
    assert_eq!(finding.evidence, [1, 2, 3, 4, 5]);
    assert_eq!((finding.observed, finding.threshold, finding.last_event_at), (5.0, Some(5.0), at(40.0)));
    assert_eq!(
        &*finding.explanation,
        "5 failed logins from 203.0.113.9 within 10 min (limit 5), users: root, admin, +2"
    );
    assert_eq!(finding.entity(), "src_ip=203.0.113.9");
    assert_eq!(finding.id.len(), 26);
    let (_, folds) = detect.drain();
    let fold = Fold { finding: finding.id.clone(), folded: 4, observed: 9.0, last_event_at: at(80.0) };
    assert_eq!(folds, [fold], "what came after is folded and counted");
}

#[test]
fn a_repeated_line_counts_as_often_as_it_says_and_nobody_is_no_group() {
    let set = builtin();
    let mut repeated = failed(1.0, "root", "203.0.113.9");
    repeated.count = 4;
    let found = run(&mut room(&set), &[failed(0.0, "root", "203.0.113.9"), repeated]);
    assert_eq!((found[0].observed, found[0].evidence.len()), (5.0, 2));
    let nowhere: Vec<Event> = (0..9).map(|n| failed(f64::from(n), "root", "a name")).collect();
    assert!(run(&mut room(&set), &nowhere).is_empty(), "without an address there is no group of one");
}

#[test]
fn silence_of_one_window_ends_an_episode() {
    let set = builtin();
    let burst = |from: f64| (0..5).map(move |n| failed(from + f64::from(n), "root", "203.0.113.9"));
    let twice: Vec<Event> = burst(0.0).chain(burst(600.0)).collect();
    assert_eq!(run(&mut room(&set), &twice).len(), 1, "it holds again 600 s after it held last");
    let later: Vec<Event> = burst(0.0).chain(burst(603.0)).collect();
    assert_eq!(run(&mut room(&set), &later).len(), 2);
    let apart: Vec<Event> = burst(0.0).chain(burst(1_300.0)).collect();
    let found = run(&mut room(&set), &apart);
    assert_eq!(found.len(), 2);
    assert_ne!(found[0].id, found[1].id);
}

#[test]
fn a_success_after_failures_needs_the_failures_and_not_their_finding() {
    let set = builtin();
    let success = |seconds| login(seconds, Outcome::Success, "ana", "203.0.113.9");
    let failures = |n: i32, step: f64| (0..n).map(move |i| failed(f64::from(i) * step, "ana", "203.0.113.9"));
    let chain = |events: Vec<Event>| {
        let found = run(&mut room(&set), &events);
        found.into_iter().filter(|f| &*f.rule == "auth-success-after-failures").collect::<Vec<_>>()
    };
    let found = chain(failures(5, 1.0).chain([success(600.0)]).collect());
    assert_eq!(found.len(), 1, "all five within the ten minutes before");
    assert_eq!((found[0].evidence.len(), found[0].evidence.last()), (6, Some(&6)));
    assert_eq!(found[0].observed, 5.0);
    assert_eq!(
        &*found[0].explanation,
        "5 failed logins, then successful login (ana), from 203.0.113.9, within 10 min"
    );
    assert!(chain(failures(5, 1.0).chain([success(600.1)]).collect()).is_empty(), "the first one is too old");
    assert!(chain(failures(4, 1.0).chain([success(60.0)]).collect()).is_empty());
    // The failures' own finding was told long ago and folded since: the chain sees their state.
    let spread: Vec<Event> = failures(147, 20.0).chain([success(147.0 * 20.0)]).collect();
    assert_eq!(chain(spread).len(), 1);
    // A success that is read before the failure that completes the five, inside the lateness.
    let mut late: Vec<Event> = failures(5, 10.0).chain([success(60.0)]).collect();
    late.swap(4, 5);
    assert_eq!(chain(late).len(), 1);
}

#[test]
fn a_spray_counts_users() {
    let users = ["ana", "ben", "ana", "cho", "dev", "eva"];
    let events: Vec<Event> = (0..6).map(|n| failed(f64::from(n), users[n as usize], "203.0.113.9")).collect();
    let found = run(&mut room(&builtin()), &events);
    assert_eq!(rules_of(&found), ["auth-brute-force-source", "auth-password-spray"]);
    let words = "5 different users in failed logins from 203.0.113.9 within 10 min (limit 5): ana, ben, +3";
    assert_eq!(&*found[1].explanation, words);
}

#[test]
fn one_attempt_raises_the_host_rule_or_the_gateway_rule() {
    let set = builtin();
    let gateway =
        |n: i32| Event { format: "openvpn".into(), app: None, ..failed(f64::from(n), "ana", "198.51.100.7") };
    let vpn: Vec<Event> = (0..6).map(gateway).collect();
    assert_eq!(rules_of(&run(&mut room(&set), &vpn)), ["vpn-brute-force-source"]);
}

#[test]
fn findings_are_those_of_the_event_times_whatever_the_order_of_two_files() {
    // A backlog of another host, read after today's lines: judged by its own times.
    let set = builtin();
    let today = (0..5).map(|n| failed(90_000.0 + f64::from(n), "root", "203.0.113.9"));
    let backlog = (0..5).map(|n| Event { generation: 2, ..failed(f64::from(n), "root", "203.0.113.9") });
    assert_eq!(run(&mut room(&set), &today.chain(backlog).collect::<Vec<_>>()).len(), 2);
}

#[test]
fn a_source_that_says_nothing_is_told_once_per_silence() {
    let source =
        SilenceParams { source: "auth".into(), silent_after: Some(Span::minutes(20)), required: true };
    let params = Params { rules: builtin(), sources: vec![source] };
    let mut detect = Detect::new(params.clone());
    run(&mut detect, &[failed(0.0, "root", "203.0.113.9")]);
    assert!(detect.tick(at(1_199.0)).is_empty());
    let found = detect.tick(at(1_205.0));
    assert_eq!(told(&found), [("source-silent".to_owned(), "source=auth".to_owned())]);
    assert_eq!(found[0].time, at(1_200.0), "the moment, not the tick");
    assert!(detect.tick(at(5_000.0)).is_empty());
    let (rows, _) = detect.drain();
    let mut again = Detect::new(params);
    again.restore(&rows);
    assert!(again.tick(at(9_000.0)).is_empty(), "a restart does not tell it again");
    run(&mut again, &[failed(9_100.0, "root", "203.0.113.9")]);
    assert_eq!(again.tick(at(11_000.0)).len(), 1, "the next silence is another one");
}

const LANGUAGE: &str = r"
title: Numbers, lists, null and other fields
id: language
logsource: {product: demo}
detection:
    number: {code: 42}
    list:
        - kind: a*
        - kind|endswith: Z
          size|gte: 10
    same: {from|fieldref: to}
    filter_null: {absent: null}
    keyword: ['two words', tail]
    condition: number and list and same and filter_null and keyword
---
title: Only negations
id: negation
logsource: {product: demo}
detection:
    filter: {from: ok}
    condition: not filter
";

#[test]
fn the_language_of_detections() {
    let set = compiled(LANGUAGE);
    let text = |t: &str| Datum::Text(t.into());
    let full = Event {
        format: "demo".into(),
        raw: b"here are TWO Words".as_slice().into(),
        extra: vec![
            ("code".into(), text("42")),
            ("kind".into(), Datum::List(vec![text("b"), text("ABC")])),
            ("from".into(), text("X")),
            ("To".into(), text("x")),
        ],
        ..Event::default()
    };
    assert_eq!(rules_of(&run(&mut room(&set), std::slice::from_ref(&full))), ["language", "negation"]);
    for (key, value) in [("code", "43"), ("kind", "b"), ("from", "y"), ("absent", "here")] {
        let mut other = full.clone();
        other.extra.retain(|(k, _)| &**k != key);
        other.extra.push((key.into(), text(value)));
        assert_eq!(rules_of(&run(&mut room(&set), &[other])), ["negation"], "{key}={value}");
    }
    let bare = Event { format: "demo".into(), ..Event::default() };
    assert!(
        run(&mut room(&set), &[bare]).is_empty(),
        "an event without any field of a negation is not its business"
    );
    let elsewhere = Event { format: "other".into(), ..full };
    assert!(run(&mut room(&set), &[elsewhere]).is_empty());
}

#[test]
fn generate_lets_referenced_rules_speak() {
    let yaml = |generate: &str| {
        format!(
            "title: A\nname: a\nlogsource: {{category: authentication}}\ndetection:\n  s: {{outcome: failure}}\n  condition: s\n---\n\
             title: B\nid: b\ncorrelation:\n  type: event_count\n  rules: a\n  group-by: user\n  timespan: 1m\n  condition: {{gte: 2}}\n{generate}"
        )
    };
    let events = [failed(0.0, "ana", "203.0.113.9"), failed(1.0, "ana", "203.0.113.9")];
    assert_eq!(rules_of(&run(&mut room(&compiled(&yaml(""))), &events)), ["b"]);
    assert_eq!(rules_of(&run(&mut room(&compiled(&yaml("  generate: true\n"))), &events)), ["a", "b"]);
}

#[test]
fn temporal_in_any_order_and_aliases() {
    let yaml = "title: A\nname: a\nlogsource: {category: authentication}\ndetection:\n  s: {outcome: failure}\n  condition: s\n---\n\
        title: B\nname: b\nlogsource: {category: user-management}\ndetection:\n  s: {activity: create}\n  condition: s\n---\n\
        title: C\nid: c\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  group-by: who\n  timespan: 1m\n  aliases:\n    who: {a: user, b: target_user}\n";
    let created = Event {
        class: Class::UserManagement,
        activity: "create",
        target_user: Some("ana".into()),
        ..failed(30.0, "", "")
    };
    let set = compiled(yaml);
    let either =
        [vec![failed(0.0, "ana", ""), created.clone()], vec![created.clone(), failed(70.0, "ana", "")]];
    for events in either {
        assert_eq!(told(&run(&mut room(&set), &events)), [("c".to_owned(), "who=ana".to_owned())]);
    }
    assert!(run(&mut room(&set), &[failed(0.0, "ben", ""), created.clone()]).is_empty());
    assert!(run(&mut room(&set), &[created, failed(91.0, "ana", "")]).is_empty());
}

#[test]
fn a_flood_of_addresses_is_told_and_takes_nothing_from_a_known_one() {
    let set = compiled(
        "title: A\nname: a\nlogsource: {category: authentication}\ndetection:\n  s: {outcome: failure}\n  condition: s\n---\n\
         title: B\nid: b\ncorrelation:\n  type: event_count\n  rules: a\n  group-by: src_ip\n  timespan: 10m\n  condition: {gte: 5}\n",
    );
    let mut detect = room(&set);
    let mut id = 0;
    let mut observe = |event: Event| {
        id += 1;
        detect.observe(&Event { id, ..event })
    };
    for n in 0..4 {
        assert!(observe(failed(f64::from(n), "root", "203.0.113.9")).is_empty());
    }
    let mut found = Vec::new();
    for n in 0..WINDOW_KEYS_MAX as u32 + 500 {
        let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).to_string();
        found.extend(observe(failed(10.0 + f64::from(n) / 1e4, "root", &ip)));
    }
    assert_eq!(told(&found), [("state-overflow".to_owned(), "rule=b".to_owned())]);
    assert_eq!(
        told(&observe(failed(60.0, "root", "203.0.113.9"))),
        [("b".to_owned(), "src_ip=203.0.113.9".to_owned())]
    );
    // When the flood is over and expired, there is room again.
    let later: Vec<Finding> =
        (0..5).flat_map(|n| observe(failed(4_000.0 + f64::from(n), "root", "192.0.2.1"))).collect();
    assert_eq!(told(&later), [("b".to_owned(), "src_ip=192.0.2.1".to_owned())]);
    assert!(detect.entries() < 10);
    let (_, folds) = detect.drain();
    assert!(folds.iter().any(|fold| fold.finding == found[0].id && fold.folded > 400));
}

#[test]
fn a_match_says_who_and_from_where_and_shows_hostile_text() {
    let set = compiled(
        "title: Odd login\nid: odd\nlogsource: {category: authentication}\ndetection:\n  s: {user|startswith: e}\n  condition: s\n",
    );
    let event = Event { host: Some("web-1".into()), ..failed(0.0, "e\u{1b}[2J\u{202e}x", "203.0.113.9") };
    let found = run(&mut room(&set), &[event.clone(), event]);
    assert_eq!(found.len(), 1, "the second one is folded");
    assert_eq!(&*found[0].explanation, "Odd login: user e\\x1b[2J\\u{202e}x, from 203.0.113.9, on web-1");
    assert_eq!((found[0].kind.name(), &*found[0].group[0].0), ("match", "user"));
}

/// Stored rows as a ledger keeps them.
#[derive(Clone, Default)]
struct Stored(BTreeMap<Box<str>, StateRow>);

impl Stored {
    fn take(&mut self, detect: &mut Detect) -> Vec<Fold> {
        let (rows, folds) = detect.drain();
        for row in rows {
            match row.body {
                Some(_) => drop(self.0.insert(row.key.clone(), row)),
                None => drop(self.0.remove(&row.key)),
            }
        }
        folds
    }
    fn open(&self, set: &Arc<RuleSet>) -> Detect {
        let mut detect = room(set);
        detect.restore(&self.0.values().cloned().collect::<Vec<_>>());
        detect
    }
}

/// Several bursts of a few addresses, successes among them, every time different.
fn story(sizes: &[(u8, u8, u8)]) -> Vec<Event> {
    let mut events = Vec::new();
    for (episode, (failures, who, successes)) in sizes.iter().enumerate() {
        // In the middle of a slot, and further apart than a window and the lateness.
        let from = episode as f64 * 5_400.0 + 150.0;
        let ip = format!("203.0.113.{}", who % 3);
        for n in 0..*failures {
            events.push(failed(from + f64::from(n) * 9.7, &format!("user{}", n % (who % 7 + 1)), &ip));
        }
        for n in 0..*successes {
            events.push(login(from + 30.3 + f64::from(n) * 17.1, Outcome::Success, "ana", &ip));
        }
    }
    events.sort_by_key(|event| event.counted_at);
    events
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn order_inside_the_lateness_does_not_matter(
        sizes in proptest::collection::vec((0u8..12, 0u8..21, 0u8..3), 1..6),
        delays in proptest::collection::vec(0i64..120_000_000, 80),
    ) {
        let set = builtin();
        let events = story(&sizes);
        let mut shuffled: Vec<(i64, &Event)> =
            events.iter().zip(delays.iter().cycle()).map(|(e, delay)| (e.counted_at.0 + delay, e)).collect();
        shuffled.sort_by_key(|(arrival, _)| *arrival);
        let shuffled: Vec<Event> = shuffled.into_iter().map(|(_, event)| event.clone()).collect();
        let names = |findings: Vec<Finding>| -> BTreeSet<(String, String, String)> {
            findings.iter().map(|f| (f.rule.to_string(), f.entity(), f.id.to_string())).collect()
        };
        prop_assert_eq!(names(run(&mut room(&set), &events)), names(run(&mut room(&set), &shuffled)));
    }

    #[test]
    fn a_restart_at_any_point_changes_nothing(
        sizes in proptest::collection::vec((0u8..12, 0u8..21, 0u8..3), 1..5),
        cuts in proptest::collection::btree_set(0usize..60, 0..6),
    ) {
        let set = builtin();
        let (mut whole, mut parts) = (room(&set), room(&set));
        let (mut stored, mut stored_whole) = (Stored::default(), Stored::default());
        for (n, event) in story(&sizes).into_iter().enumerate() {
            if cuts.contains(&n) {
                let folds = stored.take(&mut parts);
                prop_assert_eq!(folds, stored_whole.take(&mut whole));
                parts = stored.open(&set);
            }
            let event = Event { id: n as u64 + 1, ..event };
            prop_assert_eq!(whole.observe(&event), parts.observe(&event));
        }
        stored.take(&mut parts);
        stored_whole.take(&mut whole);
        prop_assert!(stored.0 == stored_whole.0, "the same bytes");
    }
}

/// Failures and a success of an address, and nothing else that would remember each address.
const CHAIN: &str = "title: F\nname: failed\nlogsource: {category: authentication}\ndetection:\n  s: {outcome: failure}\n  condition: s\n---\n\
    title: S\nname: granted\nlogsource: {category: authentication}\ndetection:\n  s: {outcome: success}\n  condition: s\n---\n\
    title: G\nid: guesses\ncorrelation:\n  type: event_count\n  rules: failed\n  group-by: src_ip\n  timespan: 10m\n  condition: {gte: 5}\n\
    gatewatch: {generate: true, owner: soc}\n---\n\
    title: I\nid: got-in\ncorrelation:\n  type: temporal_ordered\n  rules: [guesses, granted]\n  group-by: src_ip\n  timespan: 10m\n";

#[test]
fn events_that_wait_for_late_ones_fill_few_rows_and_a_restart_keeps_them() {
    let (set, mut stored, mut stored_whole) = (compiled(CHAIN), Stored::default(), Stored::default());
    let (mut whole, mut parts) = (room(&set), room(&set));
    let mut feed = |n: u64, event: Event| {
        let event = Event { id: n + 1, ..event };
        let found = whole.observe(&event);
        assert_eq!(found, parts.observe(&event));
        if n.is_multiple_of(37) {
            assert_eq!(stored.take(&mut parts), stored_whole.take(&mut whole));
            assert!(stored.0 == stored_whole.0, "the same bytes after event {n}");
            parts = stored.open(&set);
        }
        (found, stored.0.len())
    };
    let success = |seconds, n| login(seconds, Outcome::Success, "ana", &format!("198.51.100.{n}"));
    for n in 0..600u32 {
        let behind = n % 5 == 4; // Every fifth comes from a file that is a minute behind.
        let seconds = f64::from(n) * 0.1 - if behind { 60.0 } else { 0.0 };
        let generation = 1 + u64::from(behind);
        let (found, rows) = feed(n.into(), Event { generation, ..success(seconds, n % 200) });
        assert!(found.is_empty() && rows < 12, "{rows} rows for {n} events");
    }
    // The failures before the first success come late, after restarts; then nothing of it is left.
    let late = |n: u64| failed(-5.0 + n as f64, "ana", "198.51.100.0");
    let found: Vec<Finding> = (0..5).flat_map(|n| feed(600 + n, late(n)).0).collect();
    assert_eq!(rules_of(&found), ["guesses", "got-in"]);
    (605..740).for_each(|n| drop(feed(n, Event { generation: 1 + n % 2, ..success(9_000.0, 201) })));
    assert!(feed(740, success(9_200.0, 201)).1 < 10, "the pages of the burst are gone");
}

#[test]
fn new_rules_keep_the_memory_of_the_old_ones() {
    let set = builtin();
    let mut detect = room(&set);
    run(&mut detect, &(0..4).map(|n| failed(f64::from(n), "root", "203.0.113.9")).collect::<Vec<_>>());
    let mut stored = Stored::default();
    stored.take(&mut detect);
    let (rows, _) = detect.reload(Params { rules: builtin(), sources: Vec::new() });
    assert!(rows.len() >= stored.0.len());
    let fifth = Event { id: 5, ..failed(4.0, "root", "203.0.113.9") };
    assert_eq!(rules_of(&detect.observe(&fifth)), ["auth-brute-force-source"]);
    let (rows, _) = detect.reload(Params { rules: compiled(LANGUAGE), sources: Vec::new() });
    assert!(rows.iter().any(|row| row.body.is_none()), "what belongs to no rule is deleted");
}

#[test]
fn rows_of_rules_that_are_gone_are_deleted() {
    let set = builtin();
    let mut stored = Stored::default();
    let mut detect = room(&set);
    run(&mut detect, &[failed(0.0, "root", "203.0.113.9")]);
    stored.take(&mut detect);
    assert!(stored.0.len() > 1);
    let mut other = Stored(stored.0.clone()).open(&compiled(LANGUAGE));
    stored.take(&mut other);
    assert_eq!(stored.0.len(), 1, "only the place in time is left");
}
