//! Rules beside each other, and the schema by which editors check them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use gatewatch::cli::parse;
use gatewatch::config::grammars;
use gatewatch::config::rules::{self, RuleSpec, outline};
use gatewatch::detect::{Detect, Params, RuleSet};
use gatewatch::schema::{Event, Finding, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

fn shipped() -> Vec<RuleSpec> {
    let (specs, problems) = rules::load(&[], true, &[]);
    assert!(problems.is_empty(), "{problems:?}");
    specs
}

fn compiled(specs: Vec<RuleSpec>) -> Arc<RuleSet> {
    let (set, problems) = rules::compile(specs, &[]);
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(set)
}

/// The lines of every test of the pack as one history: each test an hour after the one before.
fn history(specs: &[RuleSpec], set: &Arc<RuleSet>) -> Vec<Event> {
    let grammars = Arc::new(grammars::compile_all(grammars::load(None).unwrap()).unwrap());
    let now = Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
    let mut events: Vec<Event> = Vec::new();
    rules::run_tests(specs, set, |format, lines| {
        if let Ok(source) = parse::source(&grammars, format, Path::new("test"), None) {
            events.extend(parse::events_of_text(&grammars, source, lines, now));
        }
        Vec::new()
    });
    for (at, event) in events.iter_mut().enumerate() {
        event.id = at as u64 + 1;
    }
    events
}

fn findings(set: &Arc<RuleSet>, events: &[Event]) -> BTreeMap<Arc<str>, BTreeSet<Arc<str>>> {
    let mut detect = Detect::new(Params { rules: set.clone(), sources: Vec::new() });
    let mut found: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    for Finding { rule, id, .. } in events.iter().flat_map(|event| detect.observe(event)) {
        found.entry(rule).or_default().insert(id);
    }
    found
}

/// The rules that a rule counts, and the one that it gives way to.
fn named_by(text: &str) -> Vec<String> {
    let outline = outline(text);
    outline.rules.into_iter().chain(outline.unless).collect()
}

#[test]
fn a_rule_that_is_added_takes_no_finding_from_another() {
    let specs = shipped();
    let all = compiled(specs.clone());
    let events = history(&specs, &all);
    let with = findings(&all, &events);
    assert!(events.len() > 200 && with.len() > 20, "{} events, {} rules fire", events.len(), with.len());
    // Who refers to whom, by id or name.
    let refers: BTreeMap<Arc<str>, Vec<String>> =
        all.rules().iter().map(|rule| (rule.meta.id.clone(), named_by(&rule.meta.text))).collect();
    for added in &specs {
        let mut gone: BTreeSet<String> =
            [Some(&added.id), added.name.as_ref()].into_iter().flatten().map(|n| n.to_string()).collect();
        // What refers to it cannot stand without it.
        loop {
            let more: Vec<String> = refers
                .iter()
                .filter(|(id, names)| !gone.contains(&***id) && names.iter().any(|name| gone.contains(name)))
                .map(|(id, _)| id.to_string())
                .collect();
            if more.is_empty() {
                break;
            }
            gone.extend(more);
        }
        let fewer: Vec<RuleSpec> = specs.iter().filter(|spec| !gone.contains(&*spec.id)).cloned().collect();
        let without = findings(&compiled(fewer), &events);
        for (rule, ids) in &without {
            // A correlation takes over what it refers to, unless it says `generate`, and a count gives way to another:
            // that is their author's word.
            let taken = gone
                .iter()
                .any(|id| refers.get(id.as_str()).is_some_and(|names| names.contains(&rule.to_string())));
            let lost = ids.iter().find(|id| !with.get(rule).is_some_and(|now| now.contains(*id)));
            assert!(taken || lost.is_none(), "{} takes finding {lost:?} from {rule}", added.id);
        }
    }
}

/// As much of JSON Schema as the schema of rules uses; the first complaint.
fn check(schema: &Value, root: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target =
            root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not defined"));
        return check(target, root, value, place);
    }
    let wrong = |what: String| Err(format!("{place}: {what}"));
    if let Some(options) = schema["anyOf"].as_array() {
        let results: Vec<Result<(), String>> =
            options.iter().map(|option| check(option, root, value, place)).collect();
        if results.iter().all(Result::is_err) {
            return results.into_iter().next().unwrap();
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |kind: &&str| match *kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("type {other}"),
    };
    if !types.is_empty() && !types.iter().any(is) {
        return wrong(format!("{value} is no {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return wrong(format!("{value} is none of {}", schema["enum"]));
    }
    if value.as_str().is_some_and(|text| !fits(&schema["pattern"], text)) {
        return wrong(format!("{value} does not fit {}", schema["pattern"]));
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        if !schema["items"].is_null() {
            check(&schema["items"], root, item, &format!("{place}[{at}]"))?;
        }
    }
    check_members(schema, root, value, place)
}

fn fits(pattern: &Value, text: &str) -> bool {
    pattern.as_str().is_none_or(|pattern| regex::Regex::new(pattern).unwrap().is_match(text))
}

fn check_members(schema: &Value, root: &Value, value: &Value, place: &str) -> Result<(), String> {
    let Some(members) = value.as_object() else { return Ok(()) };
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(key) {
            return Err(format!("{place}: {key} is missing"));
        }
    }
    for (key, member) in members {
        let place = format!("{place}.{key}");
        if !fits(&schema["propertyNames"]["pattern"], key) {
            return Err(format!("{place}: no such modifier"));
        }
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => return Err(format!("{place}: unknown key")),
            (Value::Null, Value::Null | Value::Bool(true)) => {}
            (Value::Null, other) => check(other, root, member, &place)?,
            (known, _) => check(known, root, member, &place)?,
        }
    }
    Ok(())
}

#[test]
fn shipped_rules_fit_the_schema_and_slips_do_not() {
    let schema = rules::schema();
    let fits = |text: &str| {
        let document: Value = yaml_serde::from_str(text).unwrap();
        check(&schema, &schema, &document, "rule")
    };
    let mut documents = 0;
    for (file, text) in rules::BUILTIN {
        for document in text.split("\n---\n").filter(|text| !text.trim().is_empty()) {
            fits(document).unwrap_or_else(|why| panic!("{file}: {why}"));
            documents += 1;
        }
    }
    assert!(documents > 40, "{documents}");
    let good = "title: a\nid: a\nlogsource: {category: authentication}\ndetection:\n  sel:\n    user|startswith|cased: x\n  \
                condition: sel\nlevel: high\ngatewatch:\n  incident_type: x\n  owner: o\n  control: C1\n  tests:\n    - fires: 1\n      format: sshd\n      lines: x\n";
    fits(good).unwrap();
    for (from, to, word) in [
        ("level: high", "level: hihg", "hihg"),
        ("owner: o", "onwer: o", "onwer"),
        ("startswith", "startwith", "modifier"),
        ("category:", "categroy:", "categroy"),
        ("condition: sel", "other: sel", "condition is missing"),
        ("fires: 1", "fires: soon", "fires"),
        ("      format: sshd\n", "", "format is missing"),
    ] {
        let why = fits(&good.replace(from, to)).expect_err(to);
        assert!(why.contains(word), "{to}: {why}");
    }
    let correlation = "title: a\nid: a\ncorrelation:\n  type: event_cuont\n  rules: b\n  timespan: 10m\n";
    assert!(fits(correlation).unwrap_err().contains("event_cuont"));
    assert!(fits(&correlation.replace("cuont", "count").replace("10m", "ten")).unwrap_err().contains("ten"));
    assert_eq!(schema["properties"]["gatewatch"]["additionalProperties"], json!(false));
}
