//! `incident`: looks come from the store, acts go through the daemon.

use super::args::{Decision, Global, IncidentAct, IncidentCommand};
use super::out::{Out, Tone};
use super::query::failure;
use super::{Done, Failure, act, exit, setup};
use crate::desk::{Deed, Word};
use crate::ledger::read::{Filter, Object, Reader};
use crate::schema::{Printable, Span};
use serde_json::Value;

/// Runs one of the incident commands.
///
/// # Errors
/// A [`Failure`]: no store, no daemon, refused (4), an unknown incident (2).
pub fn run(global: &Global, command: &IncidentCommand, out: &mut Out) -> Done {
    match command {
        IncidentCommand::List { all } => list(global, *all, out),
        IncidentCommand::Show { id } => show(global, id, out),
        act => act::act(global, wanted(act)?, out),
    }
}

/// What the daemon is asked to do.
fn wanted(command: &IncidentCommand) -> Result<Deed, Failure> {
    Ok(match command {
        IncidentCommand::List { .. } | IncidentCommand::Show { .. } => {
            return Err(Failure::usage("that is a look, not an act"));
        }
        IncidentCommand::Ack(args) => deed(Word::Acknowledge, args),
        IncidentCommand::Resolve { act, false_positive } => {
            Deed { false_positive: *false_positive, ..deed(Word::Resolve, act) }
        }
        IncidentCommand::FalsePositive(args) => Deed { false_positive: true, ..deed(Word::Resolve, args) },
        IncidentCommand::Reopen(args) => deed(Word::Reopen, args),
        IncidentCommand::Note(args) if args.note.is_none() => {
            return Err(Failure::usage("give the words: --note TEXT"));
        }
        IncidentCommand::Note(args) => deed(Word::Note, args),
        IncidentCommand::Assign { act, to } => Deed { person: Some(to.clone()), ..deed(Word::Assign, act) },
        IncidentCommand::Escalate(args) => deed(Word::Escalate, args),
        IncidentCommand::Merge { act, into } => Deed { into: Some(into.clone()), ..deed(Word::Merge, act) },
        IncidentCommand::Split(args) => deed(Word::Split, args),
        IncidentCommand::Snooze { act, span } => {
            Deed { seconds: Some(seconds(span)?), ..deed(Word::Snooze, act) }
        }
        IncidentCommand::Waive(args) => decision(Word::Waive, args),
        IncidentCommand::Fulfil(args) => decision(Word::Fulfil, args),
    })
}

fn decision(verb: Word, args: &Decision) -> Deed {
    let (incident, clock, note) =
        (Some(args.id.clone()), Some(args.clock.clone()), Some(args.reason.clone()));
    Deed { verb, incident, clock, note, ..Deed::default() }
}

fn seconds(span: &str) -> Result<i64, Failure> {
    let seconds = Span::parse(span).map(|span| span.0 / 1_000_000);
    let words = || format!("--for: {} is no time span such as 30m, 8h or 2d", Printable(span));
    seconds.ok_or_else(|| Failure::usage(words()))
}

fn deed(verb: Word, args: &IncidentAct) -> Deed {
    Deed { verb, incident: Some(args.id.clone()), note: args.note.clone(), ..Deed::default() }
}

fn list(global: &Global, all: bool, out: &mut Out) -> Done {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    let rows = reader.incidents(&Filter::default()).map_err(|error| failure(&error))?;
    let over = |row: &Object| matches!(text(row, "status").as_str(), "resolved" | "closed" | "merged");
    let rows: Vec<Object> = rows.into_iter().filter(|row| all || !over(row)).collect();
    if out.json {
        for row in rows {
            out.object(&Value::Object(row))?;
        }
        return Ok(exit::OK);
    }
    if rows.is_empty() {
        out.line(if all { "no incident yet" } else { "no open incident; --all shows the resolved ones" })?;
        return Ok(exit::OK);
    }
    let keys = ["number", "severity", "status", "opened_at", "entity", "title", "acknowledged_by"];
    let body: Vec<Vec<String>> =
        rows.iter().map(|row| keys.iter().map(|key| text(row, key)).collect()).collect();
    out.table(&["NO", "SEVERITY", "STATUS", "OPENED", "ENTITY", "TITLE", "TAKEN BY"], &body)?;
    Ok(exit::OK)
}

fn show(global: &Global, id: &str, out: &mut Out) -> Done {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    let id = id.strip_prefix('#').unwrap_or(id);
    let Some(incident) = reader.incident(id).map_err(|error| failure(&error))? else {
        return Err(Failure::usage(format!(
            "no incident {}; `gatewatch incident list --all` lists them",
            Printable(id)
        )));
    };
    if out.json {
        out.object(&Value::Object(incident))?;
        return Ok(exit::OK);
    }
    let head = format!(
        "#{} {} {}: {}",
        text(&incident, "number"),
        text(&incident, "severity"),
        text(&incident, "status"),
        text(&incident, "title")
    );
    out.line(out.tone(Tone::Strong, &head))?;
    for (label, key) in FACTS {
        let value = text(&incident, key);
        if !value.is_empty() {
            out.line(format!("  {label:14} {value}"))?;
        }
    }
    section(out, &incident, "findings", "finding_rows", &["time", "severity", "rule", "explanation", "id"])?;
    section(out, &incident, "evidence", "evidence", &["time", "event", "source", "raw"])?;
    section(
        out,
        &incident,
        "mails",
        "notifications",
        &["kind", "step", "address", "state", "due_at", "accepted_at", "attempts", "relay_reply"],
    )?;
    section(out, &incident, "promises", "clocks", &["clock", "state", "due_at", "ended_at", "elapsed"])?;
    section(out, &incident, "journal", "journal", &["at", "kind", "actor", "detail"])?;
    Ok(exit::OK)
}

const FACTS: [(&str, &str); 13] = [
    ("id", "id"),
    ("entity", "entity"),
    ("type", "incident_type"),
    ("policy", "policy"),
    ("occurred", "occurred_at"),
    ("detected", "detected_at"),
    ("notify by", "notify_due"),
    ("notified", "notified_at"),
    ("notify clock", "notify_state"),
    ("acknowledge by", "ack_due"),
    ("acknowledged", "acknowledged_at"),
    ("by", "acknowledged_by"),
    ("joined to", "merged_into"),
];

fn section(
    out: &mut Out,
    incident: &Object,
    title: &str,
    key: &str,
    columns: &[&str],
) -> Result<(), Failure> {
    let Some(Value::Array(rows)) = incident.get(key) else { return Ok(()) };
    out.line("")?;
    out.line(out.tone(Tone::Strong, title))?;
    for row in rows.iter().filter_map(Value::as_object) {
        let cells: Vec<String> =
            columns.iter().map(|key| text(row, key)).filter(|cell| !cell.is_empty()).collect();
        out.line(format!("  {}", cells.join("  ")))?;
    }
    Ok(())
}

fn text(row: &Object, key: &str) -> String {
    match row.get(key) {
        Some(Value::String(text)) => Printable(text).cut(160),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}
