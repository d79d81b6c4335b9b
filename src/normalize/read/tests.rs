//! Grammars made for these tests, with their samples: what each key of a grammar file does to lines.

use crate::config::grammars::{compile_all, parse, run_samples};
use std::sync::Arc;

/// What fails of a grammar's samples.
fn failures(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let spec = parse("t", text, &mut problems).unwrap_or_else(|| panic!("{}", problems[0]));
    assert!(!spec.samples.is_empty());
    let set = compile_all(vec![spec.clone()]).unwrap_or_else(|problems| panic!("{}", problems[0]));
    run_samples(&Arc::new(set), &spec)
}

fn holds(text: &str) {
    let failures = failures(text);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is wrong with a grammar.
fn complaint(text: &str) -> String {
    let mut problems = Vec::new();
    let compiled = parse("t", text, &mut problems).map(|spec| compile_all(vec![spec]));
    problems.extend(compiled.into_iter().filter_map(Result::err).flatten());
    problems.into_iter().map(|problem| problem.message).next().unwrap_or_default()
}

#[test]
fn a_form_may_feed_targets_of_its_own() {
    holds(include_str!("samples/own-fields.toml"));
    holds(include_str!("samples/own-fields-of-text.toml"));
}

#[test]
fn text_and_records_stand_in_one_file() {
    holds(include_str!("samples/text-and-records.toml"));
    let grammar = |framing: &str, message: &str| {
        complaint(&format!("name = \"x\"\nframing = {framing}\n[[message]]\nname = \"m\"\n{message}\n"))
    };
    let told = |framing, message, part: &str| {
        let complaint = grammar(framing, message);
        assert!(complaint.contains(part), "{complaint}");
    };
    told("\"json\"", "pattern = 'x'", "need the framing syslog or plain");
    told("\"plain\"", "when = { a = 1 }\npattern = 'x'", "`when` tests fields");
    told("\"plain\"", "", "no pattern");
    told("[\"plain\", \"json\"]", "pattern = 'x'\nwhen = { a = 1 }", "not by both");
    told("[\"plain\", \"json\"]", "literal = 'x'", "no pattern");
    told("[\"plain\", \"plain\"]", "pattern = 'x'", "listed twice");
    told("[]", "pattern = 'x'", "empty");
    assert_eq!(grammar("[\"plain\", \"json\"]", ""), "");
}

#[test]
fn tests_look_at_targets_numbers_and_parts_of_words() {
    holds(include_str!("samples/tests-of-targets.toml"));
}

#[test]
fn an_object_may_stand_behind_text() {
    holds(include_str!("samples/json-behind-text.toml"));
}

#[test]
fn what_a_collector_wrapped_is_read_as_if_it_stood_alone() {
    holds(include_str!("samples/wrapped.toml"));
}
