//! Sample lines: the tests that a grammar file carries.

use crate::normalize::column::column_text;
use crate::normalize::grammar::GrammarSet;
use crate::normalize::spec::{GrammarSpec, Sample};
use crate::normalize::{Normalize, SourceParams};
use crate::schema::{Event, Flags, RawLine, Span};
use std::sync::Arc;

/// Runs the sample lines of a grammar through the room; one text per failure.
pub fn run_samples(set: &Arc<GrammarSet>, spec: &GrammarSpec) -> Vec<String> {
    let mut failures = Vec::new();
    for (number, sample) in spec.samples.iter().enumerate() {
        let events = read_sample(set, spec, sample);
        for (at, expected) in sample.events.iter().enumerate() {
            let line: Option<u64> =
                expected.iter().find(|(name, _)| name == "line").and_then(|(_, text)| text.parse().ok());
            let place =
                format!("{}: sample {}, line {}", spec.file, number + 1, line.unwrap_or(at as u64 + 1));
            let found = match line {
                Some(line) => events.iter().find(|event| event.line == line),
                None => events.get(at),
            };
            let Some(event) = found else {
                failures
                    .push(format!("{place}: the sample gives {} events, none of them this", events.len()));
                continue;
            };
            for (name, wanted) in expected {
                let found = column_text(event, name).unwrap_or_default();
                if found != *wanted {
                    failures.push(format!("{place}: `{name}` is \"{found}\", expected \"{wanted}\""));
                }
            }
        }
    }
    failures
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
