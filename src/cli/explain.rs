//! `explain`: how a line is read, and what made a finding.

use super::args::{ExplainCommand, Global};
use super::out::{Out, Tone};
use super::query::failure;
use super::{Done, Failure, exit, parse, render, setup};
use crate::ledger::read::Reader;
use crate::schema::Printable;
use serde_json::Value;
use std::path::Path;

/// Explains a line or a finding.
///
/// # Errors
/// A [`Failure`]: an unknown format or finding (2), no store (4).
pub fn run(global: &Global, command: &ExplainCommand, out: &mut Out) -> Done {
    match command {
        ExplainCommand::Line { format, timezone, line } => {
            let setup = setup::read(&setup::request(global))?;
            let source =
                parse::source(&setup.grammars, format, Path::new("(command line)"), timezone.as_deref())?;
            let events = parse::events_of_text(&setup.grammars, source, line, setup::now()?);
            for event in &events {
                show(out, &render::event(event))?;
            }
            Ok(exit::OK)
        }
        ExplainCommand::Finding { id } => {
            let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
            let Some(finding) = reader.finding(id).map_err(|error| failure(&error))? else {
                let hint = "`gatewatch query \"SELECT id, title FROM findings\"` lists them";
                return Err(Failure::usage(format!("no finding {}; {hint}", Printable(id))));
            };
            show(out, &Value::Object(finding))?;
            Ok(exit::OK)
        }
    }
}

/// One field a line; the events of a finding one by one.
fn show(out: &mut Out, object: &Value) -> Result<(), Failure> {
    if out.json {
        return out.object(object);
    }
    for (key, value) in object.as_object().into_iter().flatten() {
        match value {
            Value::Array(rows) if rows.iter().any(Value::is_object) => {
                out.line(out.tone(Tone::Strong, key))?;
                for row in rows {
                    let word =
                        |key: &str| row[key].as_str().map(|t| Printable(t).cut(160)).unwrap_or_default();
                    out.line(format!("  {} #{} {}", word("time"), row["id"], word("raw")))?;
                }
            }
            Value::String(text) => out.line(format!("{key:16} {}", Printable(text)))?,
            other => out.line(format!("{key:16} {}", Printable(&other.to_string())))?,
        }
    }
    Ok(())
}
