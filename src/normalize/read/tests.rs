//! Grammars made for these tests, with their samples: what each key of a grammar file does to lines.

use crate::config::grammars::{compile_all, parse, run_samples};
use crate::normalize::{GrammarSet, Normalize, SourceParams};
use crate::schema::{Class, Event, Flags, RawLine, Span, Timestamp};
use std::sync::Arc;

/// What fails of a grammar's samples.
fn failures(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let spec = parse("t", text, &mut problems).unwrap_or_else(|| panic!("{}", problems[0]));
    assert!(!spec.samples.is_empty());
    let set = compile_all(vec![spec.clone()]).unwrap_or_else(|problems| panic!("{}", problems[0]));
    run_samples(&Arc::new(set), &spec).iter().map(ToString::to_string).collect()
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
    told("\"json\"", "pattern = 'x'", "need a `field`, or the framing");
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
fn a_name_is_no_address_and_an_address_no_name() {
    holds(include_str!("samples/names-and-addresses.toml"));
}

#[test]
fn what_says_nothing_is_not_translated() {
    holds(include_str!("samples/null-words.toml"));
}

#[test]
fn a_field_may_hold_the_message() {
    holds(include_str!("samples/message-in-a-field.toml"));
    let told = |framing: &str, message: &str, part: &str| {
        let text = format!("name = \"x\"\nframing = {framing}\n[[message]]\nname = \"m\"\n{message}\n");
        let complaint = complaint(&text);
        assert!(complaint.contains(part), "{complaint}");
    };
    told("\"json\"", "field = 'a'", "needs a `pattern`");
    told("\"plain\"", "field = 'a'\npattern = 'x'", "syslog and plain messages have none");
    told("\"json\"", "field = 'a[b]'\npattern = 'x'", "`a[b]` is no path");
    told("\"json\"", "fields = { user = 'a|b' }", "`a|b` is no path");
    told("\"json\"", "when = { 'a[b=c]' = 1 }", "`a[b=c]` is no path");
}

#[test]
fn one_of_several_is_picked() {
    holds(include_str!("samples/picks.toml"));
}

#[test]
fn an_object_may_stand_behind_text() {
    holds(include_str!("samples/json-behind-text.toml"));
}

#[test]
fn what_a_collector_wrapped_is_read_as_if_it_stood_alone() {
    holds(include_str!("samples/wrapped.toml"));
}

#[test]
fn one_event_has_one_meaning_in_every_shape_of_windows() {
    holds(include_str!("samples/windows.toml"));
}

#[test]
fn cells_are_named_by_layouts() {
    holds(include_str!("samples/layouts.toml"));
    let told = |text: &str, part: &str| {
        let complaint = complaint(&format!("name = \"x\"\nframing = \"csv\"\n{text}\n"));
        assert!(complaint.contains(part), "{complaint}");
    };
    told("delimiter = \";;\"", "`delimiter` is one character");
    told("[[layout]]\nfields = 3", "a layout needs its `columns`");
    told("[[layout]]\ncolumns = [\"a\"]\nfields = \"3\"", "`fields` is a number like 12");
    told("[[layout]]\ncolumns = [\"a\"]\nwhen = { a = 1 }", "a position counted from 0");
}

#[test]
fn audit_records_stand_alone_and_together() {
    holds(include_str!("samples/audit.toml"));
}

/// A room with one source of the grammar `table`.
fn room(set: &Arc<GrammarSet>) -> Normalize {
    let source = SourceParams {
        name: Arc::from("s"),
        format: Arc::from("table"),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    Normalize::new(Arc::clone(set), vec![source])
}

fn read_one(room: &mut Normalize, line: u64, text: &str) -> Event {
    let raw = RawLine {
        source: Arc::from("s"),
        generation: 7,
        offset: line * 100,
        length: text.len() as u64 + 1,
        line,
        bytes: text.as_bytes().into(),
        flags: Flags::default(),
        read_at: Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap(),
    };
    let mut events = Vec::new();
    room.line(raw, line, &mut events);
    events.pop().unwrap()
}

#[test]
fn the_head_of_a_file_outlives_a_restart() {
    for (framing, head, row) in
        [("csv", "user,ip", "ana,192.0.2.7"), ("w3c", "#Fields: user ip", "ana 192.0.2.7")]
    {
        let text = format!(
            "name = \"table\"\nframing = \"{framing}\"\n[fields]\nuser = \"user\"\n[[message]]\nname = \"m\"\nclass = \"api\"\n"
        );
        let spec = parse("t", &text, &mut Vec::new()).unwrap();
        let set = Arc::new(compile_all(vec![spec]).unwrap());
        let mut first = room(&set);
        let event = read_one(&mut first, 1, head);
        assert_eq!((event.class, &event.reason), (Class::Base, &None));
        let rows = first.drain();
        let mut second = room(&set);
        assert_eq!(read_one(&mut second, 2, row).class, Class::Unparsed);
        second.restore(&rows);
        let event = read_one(&mut second, 2, row);
        assert_eq!((event.class, event.user.as_deref()), (Class::Api, Some("ana")), "{framing}");
        // Truncated and written anew: what was learned is of the old content.
        assert_eq!(read_one(&mut second, 1, "12 34").class, Class::Unparsed);
        assert_eq!(read_one(&mut second, 2, row).class, Class::Unparsed);
    }
}
