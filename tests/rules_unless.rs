//! `unless`: a count of an address gives way where many people log in from that address.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use gatewatch::config::rules;
use gatewatch::detect::{Detect, Params};
use gatewatch::schema::{Class, Event, Finding, Outcome, Timestamp};
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
