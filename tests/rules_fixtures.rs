//! The tests that rules carry: what they read, what they say of themselves, how they are judged.

use gatewatch::config::rules;
use gatewatch::schema::{Class, Event, Outcome, Timestamp};
use std::sync::Arc;

/// Seconds since 1970 of the first event.
const BASE: i64 = 1_772_409_600;

fn failed(seconds: i64, user: &str) -> Event {
    let at = Timestamp((BASE + seconds) * 1_000_000);
    Event {
        format: "sshd".into(),
        generation: 1,
        time: Some(at),
        counted_at: at,
        observed_at: at,
        class: Class::Authentication,
        activity: "logon",
        outcome: Outcome::Failure,
        user: Some(user.into()),
        count: 1,
        ..Event::default()
    }
}

#[test]
fn the_tests_inside_rules_are_run_and_judged() {
    let yaml = |fires: &str| {
        format!(
            "title: A\nid: a\nlogsource: {{category: authentication}}\ndetection:\n  s: {{outcome: failure}}\n  condition: s\n\
             gatewatch:\n  owner: soc\n  tests:\n    - fires: {fires}\n      format: sshd\n      lines: ana\n"
        )
    };
    let judge = |fires: &str, known: bool| {
        let (specs, _) = rules::read(&[("r.yml".into(), yaml(fires).into())], &[]);
        let set = Arc::new(rules::compile(specs.clone(), &[]).0);
        let read = |_: &str, user: &str| if known { vec![failed(0, user)] } else { Vec::new() };
        let outcomes = rules::run_tests(&specs, &set, read);
        outcomes[0].problem.as_ref().map(|problem| (problem.line, problem.message.clone()))
    };
    assert_eq!(judge("1", true), None);
    assert_eq!(judge("[user=ana]", true), None);
    assert_eq!(judge("0", true), Some((10, "test 1: expected 0 findings, got user=ana of 1 events".into())));
    assert_eq!(judge("1", false), Some((10, "test 1 was not run: nothing reads `sshd`".into())));
}

#[test]
fn a_test_says_what_it_shows_and_may_read_several_logs() {
    let yaml = |name: &str| {
        format!(
            "title: A\nid: a\nlogsource: {{category: authentication}}\ndetection:\n  s: {{outcome: failure}}\n  condition: s\n\
             gatewatch:\n  owner: soc\n  tests:\n    - name: {name}\n      fires: [user=ana, user=ben, user=cho]\n\
             \x20     format: late\n      lines: ana\n      also:\n        - {{format: early, lines: ben}}\n"
        )
    };
    let (specs, problems) = rules::read(&[("r.yml".into(), yaml("boundry").into())], &[]);
    assert_eq!(problems, []);
    let (_, problems) = rules::compile(specs, &[]);
    assert!(problems[0].message.contains("did you mean `boundary`?"), "{problems:?}");

    let (specs, _) = rules::read(&[("r.yml".into(), yaml("boundary").into())], &[]);
    let (set, problems) = rules::compile(specs.clone(), &[]);
    assert_eq!(problems, []);
    let mut read = Vec::new();
    let outcomes = rules::run_tests(&specs, &Arc::new(set), |format, lines| {
        read.push(format!("{format}: {lines}"));
        let at = if format == "late" { 60 } else { 0 };
        let again = Event { part_of: Some(1), id: 2, ..failed(at + 1, "cho") };
        vec![Event { id: 1, ..failed(at, lines) }, again]
    });
    assert_eq!(read, ["late: ana", "early: ben"]);
    assert_eq!((outcomes[0].name, outcomes[0].events), (Some("boundary"), 4));
    assert_eq!(outcomes[0].problem, None, "{:?}", outcomes[0].got);
}
