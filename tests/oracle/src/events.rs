//! The development events, read by the shipped grammars, and what an event is to the other engine.

use crate::root;
use anyhow::{Result, ensure};
use gatewatch::config::grammars::{compile_all, load};
use gatewatch::detect::RuleSet;
use gatewatch::detect::field::Field;
use gatewatch::normalize::grammar::GrammarSet;
use gatewatch::normalize::{Normalize, SourceParams};
use gatewatch::schema::{Event, Flags, RawLine, Span, Timestamp};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The shipped grammars.
pub fn grammars() -> Result<Arc<GrammarSet>> {
    let specs = load(None).map_err(|problems| anyhow::anyhow!("{}", problems[0]))?;
    let set = compile_all(specs).map_err(|problems| anyhow::anyhow!("{}", problems[0]))?;
    Ok(Arc::new(set))
}

/// All development events; none where the corpus is not there.
pub fn development() -> Result<Vec<Event>> {
    let folder = root().join("../shared/corpora/dev");
    let set = grammars()?;
    let mut logs = Vec::new();
    collect(&folder, &mut logs);
    logs.sort();
    if logs.is_empty() {
        println!("MISSING: no development events at {}", folder.display());
    }
    let mut events = Vec::new();
    for log in logs {
        let kind =
            log.parent().and_then(Path::file_name).map_or(String::new(), |n| n.to_string_lossy().into());
        let known = set.names().any(|name| name == kind) || set.families().any(|(name, _)| name == kind);
        let format = if known { kind } else { "auto".to_owned() };
        events.extend(read(&set, &format, &std::fs::read(&log)?)?);
    }
    Ok(events)
}

fn collect(folder: &Path, logs: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, logs);
        } else if path.extension().is_some_and(|end| end == "log") {
            logs.push(path);
        }
    }
}

/// The events of a text.
pub fn read(set: &Arc<GrammarSet>, format: &str, bytes: &[u8]) -> Result<Vec<Event>> {
    let source = SourceParams {
        name: Arc::from("oracle"),
        format: Arc::from(format),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    let mut normalize = Normalize::new(set.clone(), vec![source]);
    let (mut made, mut offset) = (Vec::new(), 0);
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let length = text.len() as u64 + 1;
        let raw = RawLine {
            source: Arc::from("oracle"),
            generation: 1,
            offset,
            length,
            line,
            bytes: text.into(),
            flags: Flags::default(),
            read_at: Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap_or(Timestamp(0)),
        };
        offset += length;
        if !text.is_empty() {
            let next = made.len() as u64 + 1;
            normalize.line(raw, next, &mut made);
        }
    }
    let next = made.len() as u64 + 1;
    normalize.flush(next, &mut made);
    ensure!(bytes.is_empty() || !made.is_empty(), "nothing was read as {format}");
    Ok(made)
}

/// An event as the other engines see it: for each field that a rule names, the values that gatewatch finds for it, under
/// the rule's spelling. What a name means is not compared here, only what rules make of it.
pub fn object(set: &RuleSet, event: &Event) -> Map<String, Value> {
    let one = |field: &Field| {
        let values = field.values(event);
        let mut list: Vec<Value> = values.as_slice().iter().map(|text| typed(&text.text)).collect();
        let value = if list.len() == 1 { list.remove(0) } else { Value::Array(list) };
        (!values.as_slice().is_empty()).then(|| (field.name.to_string(), value))
    };
    set.fields().iter().filter_map(one).collect()
}

/// Numbers and truth values as JSON has them, where that loses nothing.
fn typed(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        },
    }
}
