//! `explain`: how a line is read, what made a finding, and why a rule made none.

use super::args::{ExplainCommand, Global};
use super::arithmetic::Arithmetic;
use super::out::{Out, Tone};
use super::query::failure;
use super::{Done, Failure, exit, parse, render, setup, why};
use crate::config::grammars;
use crate::config::params::Setup;
use crate::config::rules::outline;
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
        ExplainCommand::Finding { id } => finding(global, id, out),
        ExplainCommand::WhyNot(args) => why::run(global, args, out),
    }
}

fn finding(global: &Global, id: &str, out: &mut Out) -> Done {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    let Some(mut finding) = reader.finding(id).map_err(|error| failure(&error))? else {
        let hint = "`gatewatch query \"SELECT id, title FROM findings\"` lists them";
        return Err(Failure::usage(format!("no finding {}; {hint}", Printable(id))));
    };
    let version = [render::text(&finding, "rule"), render::text(&finding, "rule_version")];
    let rows = reader.rows(
        "SELECT text FROM rule_versions WHERE id = ?1 AND version = ?2 LIMIT 1",
        [version[0].as_str(), version[1].as_str()],
    );
    let rule = rows.map_err(|error| failure(&error))?.into_iter().next();
    let rule = rule.map(|row| outline(row.get("text").and_then(Value::as_str).unwrap_or_default()));
    let sum = Arithmetic::of(&finding, rule.as_ref());
    if out.json {
        finding.insert("arithmetic".to_owned(), sum.object());
        out.object(&Value::Object(finding))?;
    } else {
        sum.print(&finding, out)?;
    }
    Ok(exit::OK)
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

/// One field a line.
fn show(out: &mut Out, object: &Value) -> Result<(), Failure> {
    if out.json {
        return out.object(object);
    }
    for (key, value) in object.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => out.line(format!("{key:16} {}", Printable(text)))?,
            other => out.line(format!("{key:16} {}", Printable(&other.to_string())))?,
        }
    }
    Ok(())
}
