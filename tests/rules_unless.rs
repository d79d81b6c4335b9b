//! `unless`: a count of an address gives way where many people log in from that address; and what `explain why-not`
//! says of that and of the other correlations.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use gatewatch::config::rules;
use gatewatch::detect::why::{self, Best};
use gatewatch::detect::{Detect, Params, RuleSet};
use gatewatch::schema::{Class, Event, Finding, Outcome, StateRow, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const BASE: i64 = 1_772_409_600;

fn login(second: i64, outcome: Outcome, user: &str, ip: &str) -> Event {
    let at = Timestamp((BASE + second) * 1_000_000);
    Event {
        source: "idp".into(),
        format: "okta".into(),
        generation: 1,
        time: Some(at),
        counted_at: at,
        observed_at: at,
        class: Class::Authentication,
        activity: "logon",
        outcome,
        user: Some(user.into()),
        src_ip: ip.parse().ok(),
        count: 1,
        ..Event::default()
    }
}

fn pack() -> Detect {
    let (set, problems) = rules::compile(rules::load(&[], true, &[]).0, &[]);
    assert_eq!(problems, []);
    Detect::new(Params { rules: Arc::new(set), sources: Vec::new() })
}

fn run(detect: &mut Detect, events: impl Iterator<Item = Event>) -> Vec<Finding> {
    (1..).zip(events).flat_map(|(id, event)| detect.observe(&Event { id, ..event })).collect()
}

/// So many people log in, and later five of them fail at once and one gets in.
fn morning(people: i64, pause: i64) -> impl Iterator<Item = Event> {
    let at = move |n: i64| people * 20 + pause + n * 20;
    (0..people)
        .map(|n| login(n * 20, Outcome::Success, &format!("user{n}"), "192.0.2.10"))
        .chain((0..5).map(move |n| login(at(n), Outcome::Failure, &format!("user{n}"), "192.0.2.10")))
        .chain(std::iter::once(login(at(6), Outcome::Success, "user4", "192.0.2.10")))
}

fn rules_of(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| &*finding.rule).collect()
}

#[test]
fn five_failures_say_nothing_where_ten_people_log_in() {
    const ALL: [&str; 3] = ["auth-brute-force-source", "auth-password-spray", "auth-success-after-failures"];
    let told = |people: i64, pause: i64| {
        let found = run(&mut pack(), morning(people, pause));
        let mut rules: Vec<String> = rules_of(&found).into_iter().map(str::to_owned).collect();
        rules.sort();
        rules
    };
    assert_eq!(told(9, 60), ALL, "nine people are no office");
    assert_eq!(told(10, 60), [""; 0]);
    assert_eq!(told(10, 3_600), ALL, "an hour later nobody knows that it is one");
}

#[test]
fn what_it_gives_way_to_must_be_a_count_of_the_same_group() {
    let base = "title: a\nid: a\nlogsource: {product: x}\ndetection: {s: {k: v}, condition: s}\n---\n";
    let count = |id: &str, group: &str, ours: &str| {
        format!(
            "title: {id}\nid: {id}\ncorrelation:\n  type: event_count\n  rules: a\n  group-by: {group}\n  timespan: 1m\n  condition: {{gte: 2}}\ngatewatch:\n  owner: soc\n{ours}---\n"
        )
    };
    let problems = |text: String| {
        let (specs, mut problems) = rules::read(&[("r.yml".into(), text.into())], &[]);
        problems.extend(rules::compile(specs, &[]).1);
        problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.message)).collect::<Vec<_>>()
    };
    let own = |name: &str| count("own", "user", &format!("  unless: {name}\n"));
    assert_eq!(problems(format!("{base}{}{}", own("other"), count("other", "user", ""))), [""; 0]);
    for (text, words) in [
        (
            format!("{base}{}{}", own("othr"), count("other", "user", "")),
            "16:11 the rule `othr` is not defined; did you mean `other`?",
        ),
        (
            format!("{base}{}{}", own("other"), count("other", "src_ip", "")),
            "groups by src_ip, and so must this one",
        ),
        (format!("{base}{}", own("a")), "`a` is no count"),
        (base.replace("---", "gatewatch: {owner: soc, unless: b}\n---"), "only a correlation that counts"),
    ] {
        let problems = problems(text);
        assert!(problems.len() == 1 && problems[0].contains(words), "{words}: {problems:?}");
    }
}

/// Five failures of an address, but where three people log in; and a success after them.
fn office(more: &str) -> Arc<RuleSet> {
    let base = |name: &str, outcome: &str| {
        format!(
            "title: {name}\nid: {name}\nlogsource: {{category: authentication}}\ndetection: {{s: {{outcome: {outcome}}}, condition: s}}\n---\n"
        )
    };
    let correlation = |id: &str, body: &str, ours: &str| {
        format!(
            "title: {id}\nid: {id}\ncorrelation:\n  group-by: src_ip\n{body}\ngatewatch:\n  owner: soc\n  generate: true\n{ours}\n---\n"
        )
    };
    let guess = "  type: event_count\n  rules: failure\n  timespan: 10m\n  condition: {gte: 5}";
    let people = "  type: value_count\n  rules: success\n  timespan: 1h\n  condition: {field: user, gte: 3}";
    let entered = "  type: temporal_ordered\n  rules: [guess, success]\n  timespan: 10m";
    let text = [
        base("failure", "failure"),
        base("success", "success"),
        correlation("guess", guess, "  unless: people"),
        correlation("people", people, ""),
        correlation("entered", entered, ""),
        more.to_owned(),
    ];
    let (specs, problems) = rules::read(&[("r.yml".into(), text.concat().into())], &[]);
    assert_eq!(problems, []);
    let (set, problems) = rules::compile(specs, &[]);
    assert_eq!(problems, []);
    Arc::new(set)
}

fn room(set: &Arc<RuleSet>) -> Detect {
    Detect::new(Params { rules: set.clone(), sources: Vec::new() })
}

const IP: &str = "192.0.2.10";

/// So many people log in; at `from` and on, failures every `step` seconds, and then one of the people gets in.
fn day(people: i64, from: i64, step: i64, failures: i64) -> Vec<Event> {
    let mut all: Vec<Event> =
        (0..people).map(|n| login(n * 20, Outcome::Success, &format!("user{n}"), IP)).collect();
    all.extend((0..failures).map(|n| login(from + n * step, Outcome::Failure, &format!("user{n}"), IP)));
    all.push(login(from + failures * step, Outcome::Success, "user0", IP));
    all
}

fn told(findings: &[Finding]) -> BTreeSet<(String, String)> {
    findings.iter().map(|f| (f.rule.to_string(), f.entity())).filter(|(rule, _)| rule != "people").collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn neither_order_nor_a_restart_changes_what_gives_way(
        people in 0i64..5,
        from in prop_oneof![Just(400i64), 3_400..3_800i64],
        step in 5i64..60,
        failures in 3i64..9,
        delays in proptest::collection::vec(0i64..120, 20),
        every in 1usize..4,
    ) {
        let set = office("");
        let events = day(people, from, step, failures);
        let in_order = told(&run(&mut room(&set), events.iter().cloned()));
        let mut arrivals: Vec<(i64, Event)> =
            events.into_iter().zip(delays).map(|(event, delay)| (event.counted_at.0 / 1_000_000 + delay, event)).collect();
        arrivals.sort_by_key(|(at, _)| *at);
        let (mut whole, mut parts) = (room(&set), room(&set));
        let (mut stored, mut found): (BTreeMap<Box<str>, StateRow>, Vec<Finding>) = Default::default();
        for (n, (_, event)) in arrivals.into_iter().enumerate() {
            let event = Event { id: n as u64 + 1, ..event };
            let made = whole.observe(&event);
            prop_assert_eq!(&made, &parts.observe(&event));
            found.extend(made);
            if n % every == 0 {
                for row in parts.drain().0 {
                    match row.body {
                        Some(_) => drop(stored.insert(row.key.clone(), row)),
                        None => drop(stored.remove(&row.key)),
                    }
                }
                parts = room(&set);
                parts.restore(&stored.values().cloned().collect::<Vec<_>>());
            }
        }
        prop_assert_eq!(told(&found), in_order);
    }
}

#[test]
fn it_gives_way_only_as_long_as_the_other_one_holds() {
    let found = |events: Vec<Event>| run(&mut room(&office("")), events.into_iter());
    let rules = |findings: &[Finding]| told(findings).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>();
    assert_eq!(rules(&found(day(2, 400, 10, 5))), ["entered", "guess"]);
    assert_eq!(rules(&found(day(3, 400, 10, 5))), [""; 0]);
    // The first of three logins is an hour old when the seventh failure comes.
    let lapsed = found(day(3, 3_545, 10, 8));
    assert_eq!(rules(&lapsed), ["entered", "guess"]);
    let guess = lapsed.iter().find(|f| &*f.rule == "guess").unwrap();
    assert_eq!((guess.time.0 / 1_000_000 - BASE, guess.observed), (3_605, 7.0));
}

#[test]
fn what_excuses_is_remembered_as_long_as_late_lines_are_judged() {
    let slow = "title: slow\nid: slow\ncorrelation:\n  type: event_count\n  rules: failure\n  group-by: src_ip\n  timespan: 10m\n  condition: {gte: 5}\ngatewatch:\n  owner: soc\n  lateness: 2h\n  unless: people\n";
    let (short, long) = (office(""), office(slow));
    let late = |people: i64| {
        let mut events = day(people, 100, 1, 0);
        // Everybody else goes on, and the failures come an hour and a half late.
        events.extend((0..60).map(|n| login(200 + n * 90, Outcome::Success, "ben", "198.51.100.7")));
        events.extend((0..5).map(|n| login(100 + n, Outcome::Failure, "ana", IP)));
        events
    };
    let is_slow = |found: Vec<Finding>| found.iter().any(|f| &*f.rule == "slow");
    assert!(!is_slow(run(&mut room(&long), late(3).into_iter())));
    assert!(is_slow(run(&mut room(&long), late(2).into_iter())));
    // New rules ask for a longer memory, and take over the one that is there.
    let mut detect = room(&short);
    run(&mut detect, day(3, 400, 10, 0).into_iter());
    detect.reload(Params { rules: long, sources: Vec::new() });
    let failures = (0..5).map(|n| login(500 + n, Outcome::Failure, "ana", IP));
    assert_eq!(told(&run(&mut detect, failures)), BTreeSet::new());
}

#[test]
fn a_count_that_waits_for_late_lines_gives_way_too() {
    let mean = "title: mean\nid: mean\ncorrelation:\n  type: value_avg\n  rules: failure\n  group-by: src_ip\n  timespan: 10m\n  condition: {field: count, gte: 1}\ngatewatch:\n  owner: soc\n  unless: people\n";
    let set = office(mean);
    let is_told = |people: i64| {
        let mut detect = room(&set);
        let mut found = run(&mut detect, day(people, 400, 10, 2).into_iter());
        found.extend(detect.passed(None));
        found.iter().any(|f| &*f.rule == "mean")
    };
    assert!(is_told(2));
    assert!(!is_told(3));
}

#[test]
fn why_not_counts_as_the_rules_do() {
    let more = |id: &str, body: &str| {
        format!(
            "title: {id}\nid: {id}\ncorrelation:\n  rules: [failure, success]\n  timespan: 10m\n{body}\n---\n"
        )
    };
    let set = office(
        &[
            more("sum", "  type: value_sum\n  condition: {field: count, gte: 12}"),
            more("middle", "  type: value_median\n  condition: {field: count, lt: 2}"),
            more("either", "  type: temporal\n  condition: failure or success"),
            more("both", "  type: temporal_ordered"),
        ]
        .concat(),
    );
    let ask = |rule: &str, events: &[Event]| -> (Option<Best>, Vec<Arc<str>>) {
        let rule = set.find(rule).and_then(|index| set.rule(index)?.correlation()).unwrap();
        let reached = why::correlation(&set, rule, events, None);
        (reached.best, reached.unfollowed)
    };
    let best = |rule: &str, events: &[Event]| ask(rule, events).0.unwrap();
    let events: Vec<Event> = (1..).zip(day(3, 400, 10, 5)).map(|(id, e)| Event { id, ..e }).collect();
    let guess = best("guess", &events);
    assert_eq!((guess.count, guess.holds, guess.excused.as_deref()), (Some(5.0), true, Some("people")));
    let (entered, unfollowed) = ask("entered", &events);
    assert!(!entered.unwrap().holds);
    assert_eq!(unfollowed, ["guess".into()]);
    let few: Vec<Event> = events.iter().rev().take(3).map(|e| Event { count: 3, ..e.clone() }).collect();
    let sum = best("sum", &few);
    assert_eq!((sum.count, sum.holds, sum.events.len()), (Some(27.0), true, 3));
    let middle = best("middle", &few);
    assert_eq!((middle.count, middle.holds), (Some(3.0), false));
    let failures: Vec<Event> = few.iter().filter(|e| e.outcome == Outcome::Failure).cloned().collect();
    let either = best("either", &failures);
    assert!(either.holds && either.missing.len() == 1, "{either:?}");
    let both = best("both", &failures);
    assert_eq!((both.count, both.holds, both.missing), (Some(1.0), false, vec!["success".into()]));
    assert!(best("both", &few).holds);
}
