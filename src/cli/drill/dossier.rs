//! The dossier of a drill: plan, stages with their budgets, verdict; one .json, one .html.

use super::super::args::Global;
use super::super::out::Out;
use super::super::query::failure;
use super::super::report::page::write;
use super::super::{Done, Failure, exit};
use super::paper::html;
use super::text;
use crate::ledger::read::{Object, Reader};
use crate::schema::Timestamp;
use serde_json::{Value, json};
use std::path::Path;

/// The stages, in order, each with what it may take from the writing of the deciding line on, in seconds: of a promise of
/// 30 minutes, reading 5 s, detecting 60 s, accepting 120 s, acknowledging 15 min. `None`: no promise of its own.
const STAGES: [(&str, Option<f64>, &str); 10] = [
    ("written", None, "the deciding line was handed to the kernel, as the writing process says"),
    ("read", Some(5.0), "the daemon read it"),
    ("parsed", Some(5.0), "the clock of the turn that made it an event"),
    ("detected", Some(60.0), "the clock of the turn that made the incident"),
    ("committed", Some(65.0), "the transaction with line, finding and incident was on disk"),
    ("claimed", Some(65.0), "the claim of the first letter was on disk"),
    ("accepted", Some(120.0), "a relay accepted a notice (or the Maildir held it)"),
    ("delivered", None, "a delivery report said that it is in the mailbox"),
    ("acknowledged", Some(900.0), "a person took it"),
    ("resolved", None, "a person ended it"),
];

/// `drill report`.
pub fn report(global: &Global, id: &str, folder: &Path, out: &mut Out) -> Done {
    let (reader, drill) = super::find(global, id)?;
    let incident = drill.get("incident").and_then(Value::as_str);
    let incident = match incident {
        Some(incident) => reader.incident(incident).map_err(|error| failure(&error))?,
        None => None,
    };
    let stages = stages(&reader, &drill, incident.as_ref())?;
    let problems = problems(&drill, incident.as_ref(), &stages);
    let passed = problems.is_empty();
    let dossier = json!({
        "drill": drill, "stages": stages, "passed": passed, "problems": problems, "incident": incident,
        "clock": "all times are UTC of one machine; the writing process and the daemon read the same clock",
    });
    let name = format!("drill-{}", text(&drill, "id"));
    let json = serde_json::to_string_pretty(&dossier).map_err(Failure::runtime)? + "\n";
    let html = html(&drill, incident.as_ref(), &stages, &problems);
    let about = json!({"drill": drill.get("id"), "passed": passed});
    write(folder, &name, &[(format!("{name}.json"), json), (format!("{name}.html"), html)], about)?;
    if out.json {
        out.object(&json!({"passed": passed, "problems": problems, "stages": stages}))?;
    } else {
        for stage in &stages {
            let at = stage["at"].as_str().unwrap_or("-");
            let took = stage["seconds"].as_f64().map_or(String::new(), |s| format!("{s:.3} s"));
            out.line(format!(
                "{:13} {at:26} {took:>12}  {}",
                stage["stage"].as_str().unwrap_or_default(),
                stage["verdict"].as_str().unwrap_or_default()
            ))?;
        }
        out.line(if passed { "passed".to_owned() } else { format!("not passed: {}", problems.join("; ")) })?;
        out.line(format!("written to {}/{name}.html and .json", folder.display()))?;
    }
    Ok(if passed { exit::OK } else { exit::FOUND })
}

fn stages(reader: &Reader, drill: &Object, incident: Option<&Object>) -> Result<Vec<Value>, Failure> {
    let of_drill = |key: &str| drill.get(key).and_then(Value::as_str).map(str::to_owned);
    let of_incident = |key: &str| incident?.get(key)?.as_str().map(str::to_owned);
    let id = of_incident("id").unwrap_or_default();
    let first = |sql: &'static str| -> Result<Option<String>, Failure> {
        let rows = reader.rows(sql, [&id]).map_err(|error| failure(&error))?;
        Ok(rows.first().and_then(|row| row.get("at")).and_then(Value::as_str).map(str::to_owned))
    };
    let accepted = first(
        "SELECT min(accepted_at) AS at FROM notifications WHERE incident = ?1 AND kind IN ('notice', 'escalation', 'fallback')",
    )?;
    // A Maildir is the mailbox itself: what it accepted is delivered. Of other relays, a report says so: one that is
    // about such a message, or about the digest that holds it.
    let delivered = first(
        "SELECT min(at) AS at FROM (
            SELECT accepted_at AS at FROM notifications WHERE incident = ?1 AND relay = 'maildir'
            UNION ALL SELECT j.at FROM notifications n JOIN notifications m ON m.id IN (n.id, n.digest)
            JOIN journal j ON j.kind = 'report'
            AND instr(j.detail, 'notification ' || m.id || ' to ' || m.address || ': delivered (try ') = 1
            WHERE n.incident = ?1 AND n.delivery_level = 'D3')",
    )?;
    // The clock is read after a commit, when the courier may have its letter already: a claim was before its answer.
    let claimed = no_later(of_drill("claimed_at"), &accepted);
    let committed = no_later(of_drill("committed_at"), &claimed);
    let times = [
        of_drill("written_at"),
        of_drill("read_at"),
        of_drill("parsed_at"),
        of_drill("detected_at"),
        committed,
        claimed,
        accepted,
        delivered,
        of_incident("acknowledged_at"),
        of_incident("resolved_at"),
    ];
    let begun = times.first().cloned().flatten().and_then(|at| Timestamp::parse_rfc3339(&at));
    let stage = |((name, budget, meaning), at): (&(&str, Option<f64>, &str), Option<String>)| {
        let moment = at.as_deref().and_then(Timestamp::parse_rfc3339);
        let seconds = moment.zip(begun).map(|(at, begun)| (at - begun).as_seconds());
        let verdict = match (seconds, budget) {
            (None, Some(_)) => "missing",
            (None, None) => "not known",
            (Some(_), None) => "no budget",
            (Some(seconds), Some(budget)) if seconds <= *budget => "in time",
            _ => "late",
        };
        let mut stage = json!({"stage": name, "verdict": verdict, "meaning": meaning});
        for (key, value) in [
            ("at", at.map(Value::from)),
            ("seconds", seconds.map(Value::from)),
            ("budget_seconds", budget.map(Value::from)),
        ] {
            if let Some(value) = value {
                stage[key] = value;
            }
        }
        stage
    };
    Ok(STAGES.iter().zip(times).map(stage).collect())
}

/// A time, or the one that it cannot be behind. RFC 3339 in UTC sorts as text.
fn no_later(at: Option<String>, than: &Option<String>) -> Option<String> {
    at.map(|at| than.clone().filter(|than| *than < at).unwrap_or(at))
}

/// Why it did not pass; empty when it did.
fn problems(drill: &Object, incident: Option<&Object>, stages: &[Value]) -> Vec<String> {
    let mut problems = Vec::new();
    for stage in stages {
        let name = stage["stage"].as_str().unwrap_or_default();
        match stage["verdict"].as_str() {
            Some("missing") => problems.push(format!("not {name}")),
            Some("late") => problems.push(format!("{name} late")),
            _ => {}
        }
    }
    if drill.contains_key("real_at") {
        problems.push("something real joined its incident, which is no drill any more".to_owned());
    }
    let (rule, found) = (text(drill, "rule"), text(drill, "found_by"));
    if incident.is_some() && !found.split(", ").any(|found| found == rule) {
        problems.push(format!("the rule {rule} did not find it, but {found}"));
    }
    let wanted = text(drill, "incident_type");
    if let Some(got) = incident.map(|incident| text(incident, "incident_type")).filter(|got| *got != wanted) {
        problems.push(format!("the incident is of type {got}, not {wanted}"));
    }
    if drill.get("lines") != drill.get("lines_read") {
        problems.push(format!("{} of {} lines were read", text(drill, "lines_read"), text(drill, "lines")));
    }
    problems
}
