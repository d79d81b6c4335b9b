//! Events and rules in few words.

use gatewatch::config::rules;
use gatewatch::detect::{Detect, Params, RuleSet};
use gatewatch::schema::{Datum, Event, Finding, Timestamp};
use std::sync::Arc;

pub const BASE: i64 = 1_772_409_600_000_000;

pub fn compiled(rules: &str) -> Arc<RuleSet> {
    let detection = |kind: &str| {
        format!(
            "title: {kind}s\nname: {kind}\nlogsource: {{product: demo}}\ndetection: {{s: {{kind: {kind}}}, condition: s}}\ngatewatch: {{generate: false, what: {kind}s}}\n---\n"
        )
    };
    let yaml: String = ["a", "b", "c"].map(detection).concat() + rules;
    let (specs, problems) = rules::read(&[("test.yml".into(), yaml.into())], &[]);
    assert_eq!(problems, []);
    let (set, problems) = rules::compile(specs, &[]);
    assert_eq!(problems, [], "{rules}");
    Arc::new(set)
}

pub fn event(text: &str) -> Vec<Event> {
    let mut words = text.split_whitespace();
    let (times, kind, user) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let mut event = Event {
        format: "demo".into(),
        source: "demo".into(),
        generation: 1,
        count: 1,
        user: Some(user.into()),
        extra: vec![("kind".into(), Datum::Text(kind.into()))],
        ..Event::default()
    };
    for word in words {
        match word.split_once('=').unwrap() {
            ("h", host) => event.host = Some(host.into()),
            ("v", value) => event.extra.push(("v".into(), Datum::Text(value.into()))),
            ("n", count) => event.count = count.parse().unwrap(),
            _ => panic!("{word}"),
        }
    }
    let at = |seconds: f64| Timestamp(BASE + (seconds * 1e6) as i64);
    let one = |seconds: f64| Event {
        time: Some(at(seconds)),
        counted_at: at(seconds),
        observed_at: at(seconds),
        ..event.clone()
    };
    match times.split_once("..") {
        None => vec![one(times.parse().unwrap())],
        Some((from, rest)) => {
            let (to, step) = rest.split_once('/').unwrap();
            let (from, to, step): (i32, i32, usize) =
                (from.parse().unwrap(), to.parse().unwrap(), step.parse().unwrap());
            (from..=to).step_by(step).map(|seconds| one(f64::from(seconds))).collect()
        }
    }
}

pub fn events(text: &str) -> Vec<Event> {
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).flat_map(event).collect()
}

/// All findings, those that wait for the end of the history too.
pub fn found(set: &Arc<RuleSet>, events: &[Event]) -> Vec<Finding> {
    let mut detect = Detect::new(Params { rules: set.clone(), sources: Vec::new() }).of_history();
    let numbered = events.iter().enumerate().map(|(n, e)| Event { id: n as u64 + 1, ..e.clone() });
    let mut found: Vec<Finding> = numbered.flat_map(|event| detect.observe(&event)).collect();
    found.extend(detect.passed(None));
    found
}

pub fn shown(finding: &Finding) -> String {
    let seconds = (finding.time.0 - BASE) as f64 / 1e6;
    format!("{} {} @{seconds} ={}", finding.rule, finding.entity(), finding.observed)
}

pub fn check(rules: &str, rows: &[(&str, &str, &[&str])]) {
    let set = compiled(rules);
    for (name, text, expected) in rows {
        let got: Vec<String> = found(&set, &events(text)).iter().map(shown).collect();
        assert_eq!(got, *expected, "{name}: {text}\n{rules}");
    }
}

pub fn rule(id: &str, kind: &str, rules: &str, rest: &str) -> String {
    format!(
        "title: {id}\nid: {id}\ncorrelation:\n  type: {kind}\n  rules: [{rules}]\n  timespan: 10m\n{rest}\n"
    )
}

pub fn absence(rest: &str) -> String {
    format!("title: x\nid: x\nabsence:\n  rules: [a]\n  expects: [b]\n  group-by: [user]\n{rest}")
}
