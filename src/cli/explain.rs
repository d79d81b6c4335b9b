//! `explain`: how a line is read, and what made a finding.

use super::args::{ExplainCommand, Global};
use super::out::{Out, Tone};
use super::query::failure;
use super::{Done, Failure, exit, parse, render, setup};
use crate::config::grammars;
use crate::config::params::Setup;
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
            if !out.json {
                how(out, &setup, format, line)?;
            }
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

/// How the line was read: framing, header, form; or what came nearest.
fn how(out: &mut Out, setup: &Setup, format: &str, line: &str) -> Result<(), Failure> {
    let lines = [line.as_bytes()];
    let chosen = if format == "auto" { setup.grammars.guess(&lines) } else { Some(format) };
    let Some(found) = chosen.and_then(|format| setup.grammars.explain(format, line.as_bytes())) else {
        return Ok(());
    };
    let tell = |out: &mut Out, key: &str, text: &str| {
        out.line(out.tone(Tone::Dim, &format!("{key:16} {}", Printable(text))))
    };
    tell(out, "(framing)", found.framing.map_or("none fits", grammars::framing_name))?;
    for (name, text) in &found.header {
        tell(out, &format!("({name})"), text)?;
    }
    if !found.text.is_empty() {
        tell(out, "(message)", &found.text)?;
    }
    match (found.grammar, found.message) {
        (Some(grammar), Some(form)) => tell(out, "(form)", &format!("{form} of {grammar}"))?,
        _ => tell(out, "(form)", found.reason.as_deref().unwrap_or("none"))?,
    }
    for miss in &found.near {
        let text = format!("{} read \"{}\" and stopped at \"{}\"", miss.form, miss.read, miss.rest);
        tell(out, "(nearly)", &text)?;
        tell(out, "", &format!("where it wants {}", miss.wanted))?;
    }
    Ok(())
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
