//! Sample lines: the tests that a grammar file carries.

use super::super::report::{Grade, Problem};
use super::text_of;
use crate::normalize::column::column_text;
use crate::normalize::grammar::GrammarSet;
use crate::normalize::spec::{GrammarSpec, Sample};
use crate::normalize::{Explanation, Normalize, SourceParams};
use crate::schema::{Class, Event, Flags, RawLine, Span};
use std::sync::Arc;
use toml::de::DeTable;

/// Runs the sample lines of a grammar through the room; one problem per column that is not as expected.
pub fn run_samples(set: &Arc<GrammarSet>, spec: &GrammarSpec) -> Vec<Problem> {
    let mut problems = Vec::new();
    let text = text_of(&spec.file).unwrap_or_default();
    for (number, sample) in spec.samples.iter().enumerate() {
        let events = read_sample(set, spec, sample);
        for (at, expected) in sample.events.iter().enumerate() {
            let line: Option<u64> =
                expected.iter().find(|(name, _)| name == "line").and_then(|(_, text)| text.parse().ok());
            let found = match line {
                Some(line) => events.iter().find(|event| event.line == line),
                None => events.get(at),
            };
            let mut tell = |column: Option<&str>, what: String| {
                problems.push(match place_of(&text, number, at, column) {
                    Some(byte) => Problem::at(Grade::Error, &spec.file, &text, byte, what),
                    None => Problem::file(Grade::Error, &spec.file, what),
                });
            };
            let Some(event) = found else {
                let count = events.len();
                let what = match line {
                    Some(line) => format!("no event of line {line}; the sample gives {count} events"),
                    None => format!("the sample gives {count} events, and this would be number {}", at + 1),
                };
                tell(None, what);
                continue;
            };
            for (name, wanted) in expected {
                let found = column_text(event, name).unwrap_or_default();
                if found != *wanted {
                    let reader = reader(set, spec, sample, event);
                    let what = format!("`{name}` is \"{found}\", expected \"{wanted}\" ({reader})");
                    tell(Some(name), what);
                }
            }
        }
    }
    problems
}

/// Where an expected event, or a column of it, stands in its file.
fn place_of(text: &str, sample: usize, event: usize, column: Option<&str>) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let sample = root.get_ref().get("sample")?.get_ref().as_array()?.get(sample)?;
    let event = sample.get_ref().as_table()?.get("expect")?.get_ref().as_array()?.get(event)?;
    let value = column.and_then(|column| event.get_ref().as_table()?.get(column));
    Some(value.map_or(event.span().start, |value| value.span().start))
}

/// Which line it is, and who read it.
fn reader(set: &GrammarSet, spec: &GrammarSpec, sample: &Sample, event: &Event) -> String {
    let mut told = format!("line {}", event.line);
    let at = usize::try_from(event.line).unwrap_or(0).saturating_sub(1);
    let Some(line) = sample.lines.get(at) else { return told };
    match set.explain(&spec.name, line.as_bytes()) {
        Some(Explanation { grammar: Some(grammar), message: Some(form), .. }) => {
            told.push_str(&format!(", read by `{form}` of {grammar}"));
        }
        Some(Explanation { reason: Some(reason), .. }) if event.class == Class::Unparsed => {
            told.push_str(&format!(", not read: {reason}"));
        }
        _ => told.push_str(", read by no form"),
    }
    told
}

fn read_sample(set: &Arc<GrammarSet>, spec: &GrammarSpec, sample: &Sample) -> Vec<Event> {
    let name: Arc<str> = Arc::from("sample");
    let format = Arc::from(spec.name.as_str());
    let source = SourceParams {
        name: Arc::clone(&name),
        format,
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    let mut normalize = Normalize::new(Arc::clone(set), vec![source]);
    let mut events = Vec::with_capacity(sample.lines.len());
    let mut offset = 0;
    for (number, line) in (1..).zip(&sample.lines) {
        let length = line.len() as u64 + 1;
        let raw = RawLine {
            source: Arc::clone(&name),
            generation: 1,
            offset,
            length,
            line: number,
            bytes: line.as_bytes().into(),
            flags: Flags::default(),
            read_at: sample.now,
        };
        let next = events.len() as u64 + 1;
        normalize.line(raw, next, &mut events);
        offset += length;
    }
    normalize.flush(events.len() as u64 + 1, &mut events);
    events.sort_by_key(|event| event.offset);
    events
}
