//! The schema by which editors check rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use gatewatch::config::rules;
use serde_json::{Value, json};

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
