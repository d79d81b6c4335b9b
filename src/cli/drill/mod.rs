//! `drill`: mock incidents through the real path. `plan` stores what shall happen, `run` writes the lines (this process,
//! not the daemon), `list` shows plans, `report` makes the dossier.

mod dossier;
mod paper;
pub mod scenarios;
mod write;

use super::args::{DrillCommand, Global, PlanArgs};
use super::out::Out;
use super::query::failure;
use super::{Done, Failure, act, exit, setup};
use crate::config::file::{Config, Source};
use crate::desk::{Ask, Deed, Word};
use crate::ledger::read::{Object, Reader};
use crate::schema::drill::{Drill, DrillAct, Mark};
use crate::schema::{Printable, Span};
use crate::triage::drills::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Runs one of the drill commands.
///
/// # Errors
/// A [`Failure`].
pub fn run(global: &Global, command: &DrillCommand, out: &mut Out) -> Done {
    match command {
        DrillCommand::Plan(args) => plan(global, args, out),
        DrillCommand::Run { id } => write::run(global, id, out),
        DrillCommand::List { scenarios: true } => library(out),
        DrillCommand::List { .. } => list(global, out),
        DrillCommand::Report { id, out: folder } => dossier::report(global, id, folder, out),
    }
}

fn plan(global: &Global, args: &PlanArgs, out: &mut Out) -> Done {
    let scenario = scenarios::find(&args.scenario)?;
    let config = setup::read(&setup::request(global))?.config;
    let source = source(&config, &args.source)?;
    if !scenario.formats.contains(&source.format) {
        return Err(Failure::usage(format!(
            "the source {} reads {}, and the scenario {} writes {}",
            source.name,
            source.format,
            scenario.id,
            scenario.formats.join(" or ")
        )));
    }
    let window = Span::parse(&args.window)
        .ok_or_else(|| Failure::usage(format!("--window {}: write it like 10m", Printable(&args.window))))?;
    let kind = if args.announced { "open" } else { "blind" };
    let id = format!("{kind}-{}", write::word(13)?);
    let marks: Vec<String> = (0..scenario.count())
        .map(|_| write::word(26).map(|word| format!("drill-{word}")))
        .collect::<Result<_, _>>()?;
    let plan = Drill {
        id: Arc::from(id.as_str()),
        scenario: Arc::from(scenario.id.as_str()),
        source: Arc::from(source.name.as_str()),
        rule: Arc::from(args.rule.as_deref().unwrap_or(&scenario.rule)),
        incident_type: Arc::from(scenario.incident_type.as_str()),
        approvers: args.approvers.iter().map(|person| Arc::from(person.as_str())).collect(),
        window_seconds: window.0 / 1_000_000,
        marks: marks.iter().map(|mark| Mark { hash: hex(&Sha256::digest(mark)), event: None }).collect(),
        ..Drill::default()
    };
    let said = tell(global, DrillAct::Plan { plan: Box::new(plan) })?;
    write::keep(&setup::state(global)?, &id, &marks)?;
    if out.json {
        out.object(&json!({"id": id, "message": said}))?;
    } else {
        out.line(format!("{}; write its lines with: gatewatch drill run {id}", Printable(&said)))?;
    }
    Ok(exit::OK)
}

/// A drill's act, done by the daemon.
pub(super) fn tell(global: &Global, drill: DrillAct) -> Result<String, Failure> {
    let deed = Deed { verb: Word::Drill, drill: Some(drill), ..Deed::default() };
    let answer = act::ask(global, &Ask::Act(Box::new(deed)))?.map_err(Failure::runtime)?;
    if answer.ok { Ok(answer.text) } else { Err(Failure::runtime(Printable(&answer.text))) }
}

pub(super) fn source<'c>(config: &'c Config, name: &str) -> Result<&'c Source, Failure> {
    config.sources.iter().find(|source| source.name == name).ok_or_else(|| {
        let names: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        Failure::usage(format!("no source {}; there are {}", Printable(name).cut(80), names.join(", ")))
    })
}

/// The row of the view `drills`.
pub(super) fn find(global: &Global, id: &str) -> Result<(Reader, Object), Failure> {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    let rows = reader.rows("SELECT * FROM drills WHERE id = ?1", [id]).map_err(|error| failure(&error))?;
    match rows.into_iter().next() {
        Some(row) => Ok((reader, row)),
        None => Err(Failure::usage(format!(
            "no drill {}; `gatewatch drill list` names them",
            Printable(id).cut(80)
        ))),
    }
}

pub(super) fn text(row: &Object, key: &str) -> String {
    match row.get(key) {
        Some(Value::String(text)) => match serde_json::from_str::<Vec<String>>(text) {
            Ok(list) => Printable(&list.join(", ")).cut(300),
            Err(_) => Printable(text).cut(300),
        },
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

fn list(global: &Global, out: &mut Out) -> Done {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    let sql = "SELECT d.*, i.number, i.status, i.notified_at, i.acknowledged_at, i.resolved_at FROM drills d
        LEFT JOIN incidents i ON i.id = d.incident ORDER BY d.planned_at DESC";
    let rows = reader.rows(sql, []).map_err(|error| failure(&error))?;
    if out.json {
        rows.into_iter().try_for_each(|row| out.object(&Value::Object(row)))?;
        return Ok(exit::OK);
    }
    if rows.is_empty() {
        out.line("no drill was planned yet; `gatewatch drill list --scenarios` shows what can be")?;
        return Ok(exit::OK);
    }
    let keys = ["id", "scenario", "source", "planned_at", "closes_at", "number", "status", "real_at"];
    let body: Vec<Vec<String>> =
        rows.iter().map(|row| keys.iter().map(|key| text(row, key)).collect()).collect();
    out.table(&["ID", "SCENARIO", "SOURCE", "PLANNED", "UNTIL", "INCIDENT", "STATUS", "REAL SINCE"], &body)?;
    Ok(exit::OK)
}

fn library(out: &mut Out) -> Done {
    let all = scenarios::all()?;
    if out.json {
        all.iter().try_for_each(|s| {
            out.object(
                &json!({"id": s.id, "title": s.title, "incident_type": s.incident_type, "rule": s.rule,
                "formats": s.formats, "lines": s.count()}),
            )
        })?;
        return Ok(exit::OK);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|s| {
            vec![s.id.clone(), s.incident_type.clone(), s.rule.clone(), s.formats.join(", "), s.title.clone()]
        })
        .collect();
    out.table(&["ID", "INCIDENT TYPE", "RULE", "SOURCES OF FORMAT", "WHAT IT PLAYS"], &rows)?;
    Ok(exit::OK)
}
