//! Sigma as other people write it: documents against made-up events, filters, placeholders, routing, and the public
//! rule set as a whole where it is there (`../shared/corpora/sigma/rules`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may panic and print")]

use gatewatch::config::report::Problem;
use gatewatch::config::rules;
use gatewatch::detect::{Detect, Params, RuleSet};
use gatewatch::schema::{Datum, Event, ShortText, Timestamp};
use std::path::Path;
use std::sync::Arc;

fn compiled(yaml: &str) -> (RuleSet, Vec<Problem>) {
    compiled_with(yaml, &rules::Placeholders::new())
}

fn compiled_with(yaml: &str, placeholders: &rules::Placeholders) -> (RuleSet, Vec<Problem>) {
    let (specs, mut problems) = rules::read(&[("test.yml".into(), yaml.into())], &[]);
    let (set, more) = rules::compile_with(specs, &[], placeholders);
    problems.extend(more);
    (set, problems)
}

fn event(format: &str, extra: &[(&str, Datum)]) -> Event {
    let extra: Vec<(ShortText, Datum)> =
        extra.iter().map(|(key, datum)| ((*key).into(), datum.clone())).collect();
    let raw = extra.iter().map(|(key, datum)| format!("{key}={datum:?} ")).collect::<String>();
    Event {
        format: format.into(),
        counted_at: Timestamp(1_772_409_600_000_000),
        raw: raw.into_bytes().into(),
        count: 1,
        extra,
        ..Event::default()
    }
}

fn text(text: &str) -> Datum {
    Datum::Text(text.into())
}

/// The ids of the rules that match.
fn matching(set: &RuleSet, event: &Event) -> Vec<String> {
    let mut detect = Detect::new(Params { rules: Arc::new(set.clone()), sources: Vec::new() });
    detect.matching(event).iter().map(|rule| set.rule(*rule).unwrap().meta.id.to_string()).collect()
}

/// A rule of product `demo` with this `detection` (indented by two).
fn rule(id: &str, detection: &str) -> String {
    format!("title: {id}\nid: {id}\nlogsource: {{product: demo}}\ndetection:\n{detection}\nlevel: low\n")
}

#[track_caller]
fn judge(detection: &str, fits: &[&[(&str, Datum)]], not: &[&[(&str, Datum)]]) {
    let (set, problems) = compiled(&rule("r", detection));
    assert_eq!(problems, [], "{detection}");
    for extra in fits {
        assert_eq!(matching(&set, &event("demo", extra)), ["r"], "{detection} {extra:?}");
        assert!(matching(&set, &event("other", extra)).is_empty(), "another source");
    }
    for extra in not {
        assert!(matching(&set, &event("demo", extra)).is_empty(), "{detection} {extra:?}");
    }
}

#[test]
fn a_field_that_differs_is_there() {
    let neq = "  sel: {user_name|neq: [root, admin]}\n  condition: sel";
    judge(neq, &[&[("user_name", text("ana"))]], &[&[("user_name", text("ROOT"))], &[("other", text("x"))]]);
    let fields = "  sel: {a|fieldref|neq: b}\n  condition: sel";
    judge(
        fields,
        &[&[("a", text("x")), ("b", text("y"))]],
        &[&[("a", text("x")), ("b", text("X"))], &[("a", text("x"))]],
    );
}

#[test]
fn a_field_may_refer_to_another() {
    judge(
        "  sel: {path|fieldref|endswith: name}\n  condition: sel",
        &[&[("path", text("/bin/Su")), ("name", text("su"))]],
        &[&[("path", text("/bin/su/x")), ("name", text("su"))], &[("path", text("/bin/su"))]],
    );
}

#[test]
fn null_is_absent_and_the_empty_text_is_there() {
    let null = "  a: {kind: x}\n  sel: {key: null}\n  condition: a and sel";
    let kind = ("kind", text("x"));
    judge(
        null,
        &[std::slice::from_ref(&kind)],
        &[&[kind.clone(), ("key", text(""))], &[kind.clone(), ("key", text("v"))]],
    );
    let empty = "  a: {kind: x}\n  sel: {key: ''}\n  condition: a and sel";
    judge(
        empty,
        &[&[kind.clone(), ("key", text(""))]],
        &[std::slice::from_ref(&kind), &[kind.clone(), ("key", text("v"))]],
    );
    let exists = "  a: {kind: x}\n  sel: {key|exists: true}\n  condition: a and sel";
    judge(exists, &[&[kind.clone(), ("key", text(""))]], &[&[kind]]);
}

#[test]
fn lists_and_all() {
    let list = Datum::List(vec![text("one"), Datum::Int(2)]);
    judge(
        "  sel: {key|contains|all: [a, b]}\n  condition: sel",
        &[&[("key", text("xbya"))]],
        &[&[("key", text("a"))]],
    );
    judge("  sel: {key: 2}\n  condition: sel", &[&[("key", list.clone())]], &[&[("key", Datum::Int(22))]]);
    let dashes = "  sel: {key|contains|windash|all: [-a, -b]}\n  condition: sel";
    judge(dashes, &[&[("key", text("x /a -b"))]], &[&[("key", text("/a"))]]);
    let offsets = "  sel: {key|base64offset|contains|all: [secret, words]}\n  condition: sel";
    judge(offsets, &[&[("key", text("c2VjcmV0IGFuZCB3b3Jkcw=="))]], &[&[("key", text("c2VjcmV0"))]]);
    judge(
        "  sel:\n    - {a: x}\n    - {b: y, c: z}\n  condition: sel",
        &[&[("a", text("x"))], &[("b", text("y")), ("c", text("z"))]],
        &[&[("b", text("y"))]],
    );
}

#[test]
fn keywords_are_looked_for_in_the_whole_line() {
    judge(
        "  keywords: [EVILSERVICE, 'svchost*-n evil']\n  condition: keywords",
        &[&[("any", text("an EvilService"))], &[("any", text("svchost.exe -n evil"))]],
        &[&[("any", text("service"))]],
    );
    judge(
        "  keywords:\n    '|all': [one, two]\n  condition: keywords",
        &[&[("any", text("two and one"))]],
        &[&[("any", text("one"))]],
    );
    judge(
        "  keywords: {'|re': 'b[0-9]+'}\n  condition: keywords",
        &[&[("k", text("b17"))]],
        &[&[("k", text("b"))]],
    );
}

#[test]
fn hours_and_numbers_compare() {
    judge(
        "  sel: {at|hour|gte: 22}\n  condition: sel",
        &[&[("at", text("2026-03-02T23:10:00Z"))]],
        &[&[("at", text("2026-03-02T08:10:00Z"))], &[("at", text("23"))]],
    );
    judge(
        "  sel: {size|gt: 10, size|lte: 20}\n  condition: sel",
        &[&[("size", Datum::Int(20))], &[("size", text("10.5"))]],
        &[&[("size", Datum::Int(10))], &[("size", text("many"))]],
    );
}

#[test]
fn a_rule_of_which_only_negations_match_never_fires_on_everything() {
    let detections = [
        "  sel: {a: x}\n  condition: not sel",
        "  sel: {a: null}\n  condition: sel",
        "  sel: {a|exists: false}\n  condition: sel",
        "  sel: {a|neq: x}\n  condition: sel",
        "  one: {a: x}\n  two: {a: y}\n  condition: not 1 of them",
        "  one: {a: x}\n  two: {a: null}\n  condition: two or not one",
    ];
    for detection in detections {
        let (set, problems) = compiled(&rule("r", detection));
        assert_eq!(problems, []);
        assert!(matching(&set, &event("demo", &[("b", text("z"))])).is_empty(), "{detection}");
    }
    let (set, _) = compiled(&rule("r", detections[0]));
    assert_eq!(matching(&set, &event("demo", &[("a", text("z"))])), ["r"]);
}

const FILTERED: &str = "
title: one
id: rule-one
name: one_by_name
logsource: {product: demo, service: door}
detection:
  sel: {kind: open}
  condition: sel
---
title: two
id: rule-two
logsource: {product: demo}
detection:
  sel: {kind: open}
  condition: sel
---
title: keep
logsource: {product: demo}
filter:
  rules: RULES
  selection: {user_name|startswith: adm_}
  condition: CONDITION
";

fn filtered(rules: &str, condition: &str) -> (RuleSet, Vec<Problem>) {
    compiled(&FILTERED.replace("RULES", rules).replace("CONDITION", condition))
}

fn door(user: &str) -> Event {
    event("door", &[("kind", text("open")), ("user_name", text(user))])
}

#[test]
fn a_filter_takes_matches_away_however_it_is_spelled() {
    for condition in ["selection", "not selection", "1 of selection*", "not 1 of them"] {
        let (set, problems) = filtered("[rule-one, rule-two]", condition);
        assert_eq!(problems, []);
        assert_eq!(set.loaded(), 2, "a filter is no rule");
        let event = |user| Event { format: "demo".into(), ..door(user) };
        assert_eq!(matching(&set, &event("adm_bo")), [""; 0], "{condition}");
        assert_eq!(matching(&set, &event("ana")), ["rule-two"], "{condition}");
    }
}

#[test]
fn a_filter_is_for_the_rules_that_it_names_or_for_any() {
    let left = |rules: &str| {
        let (set, problems) = filtered(rules, "selection");
        assert_eq!(problems, []);
        matching(&set, &Event { format: "demo".into(), ..door("adm_bo") })
    };
    assert_eq!(left("[rule-one]"), ["rule-two"]);
    assert_eq!(left("[one_by_name]"), ["rule-two"]);
    assert_eq!(left("any"), [""; 0]);
    let version = |rules: &str| filtered(rules, "selection").0.rules()[1].meta.version.clone();
    assert_ne!(version("[rule-one]"), version("any"), "what a filter says is part of the rule");
}

#[test]
fn a_filter_that_changes_nothing_says_so() {
    let message =
        |yaml: &str| compiled(yaml).1.iter().map(|p| p.message.clone()).collect::<Vec<_>>().join("; ");
    let unknown = FILTERED.replace("RULES", "[rule-oen]").replace("CONDITION", "selection");
    assert!(message(&unknown).contains("did you mean `rule-one`"), "{}", message(&unknown));
    let elsewhere = FILTERED.replace("RULES", "[rule-one]").replace("CONDITION", "selection");
    let elsewhere = elsewhere.replacen(
        "title: keep\nlogsource: {product: demo}",
        "title: keep\nlogsource: {product: x}",
        1,
    );
    assert!(message(&elsewhere).contains("logsource"), "{}", message(&elsewhere));
    let broken = FILTERED.replace("RULES", "any").replace("CONDITION", "selektion");
    let (set, problems) = compiled(&broken);
    assert_eq!((set.loaded(), problems.len()), (2, 1), "told once");
    assert!(problems[0].message.contains("did you mean `selection`"));
}

#[test]
fn placeholders_have_values_or_the_rule_is_refused() {
    let yaml = rule("r", "  sel: {user_name|expand: '%Administrators%'}\n  condition: sel");
    let (set, problems) = compiled(&yaml);
    assert_eq!(set.loaded(), 0);
    assert!(problems[0].message.contains("[[detect.placeholder]]"), "{}", problems[0].message);
    let known = [("Administrators".to_owned(), vec!["root".to_owned(), "adm_*".to_owned()])].into();
    let (set, problems) = compiled_with(&yaml, &known);
    assert_eq!(problems, []);
    assert_eq!(matching(&set, &event("demo", &[("user_name", text("ADM_bo"))])), ["r"]);
    assert!(matching(&set, &event("demo", &[("user_name", text("bo"))])).is_empty());
}

#[test]
fn the_public_rule_set_loads_and_compiles_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/sigma/rules");
    if !folder.is_dir() {
        return eprintln!("SKIPPED: no rules at {}", folder.display());
    }
    let (specs, problems) = rules::load(&[folder], false, &[]);
    assert_eq!(problems, []);
    let files = specs.len();
    let (set, problems) = rules::compile(specs, &[]);
    assert_eq!(problems, []);
    assert_eq!((files, set.loaded()), (3_141, 3_141));
    // An event of a source that no rule is about is seen by none of them.
    let mut detect = Detect::new(Params { rules: Arc::new(set), sources: Vec::new() });
    assert!(detect.matching(&event("no-such-format", &[("a", text("b"))])).is_empty());
}
