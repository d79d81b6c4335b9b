//! The page of a dossier.

use super::super::report::page::{Bar, bars, classed, escape, page, plain, table};
use super::text;
use crate::ledger::read::Object;
use serde_json::Value;

const PLAN: [&str; 15] = [
    "id",
    "kind",
    "scenario",
    "source",
    "rule",
    "incident_type",
    "planned_by",
    "approvers",
    "planned_at",
    "closes_at",
    "path",
    "lines",
    "lines_read",
    "found_by",
    "real_at",
];
const INCIDENT: [&str; 17] = [
    "number",
    "title",
    "severity",
    "status",
    "entity",
    "policy",
    "notify_due",
    "notified_at",
    "notify_state",
    "ack_due",
    "acknowledged_at",
    "acknowledged_by",
    "ack_via",
    "ack_state",
    "resolved_at",
    "resolution",
    "drill",
];
const MAILS: [&str; 9] = [
    "kind",
    "recipient",
    "address",
    "state",
    "accepted_at",
    "delivery_level",
    "relay",
    "relay_reply",
    "message_id",
];

/// The whole page.
pub fn html(drill: &Object, incident: Option<&Object>, stages: &[Value], problems: &[String]) -> String {
    let id = text(drill, "id");
    let mut body = match problems {
        [] => "<p class=\"good\"><b>Passed.</b> Every stage was reached within its budget.</p>".to_owned(),
        _ => format!("<p class=\"bad\">Not passed: {}.</p>", escape(&problems.join("; "))),
    };
    body += &chart(stages);
    body += "<h2>Stages</h2>";
    body += &stage_table(stages);
    body += "<h2>Plan</h2>";
    body += &facts(drill, &PLAN);
    if let Some(incident) = incident {
        body += "<h2>Incident</h2>";
        body += &facts(incident, &INCIDENT);
        body += "<h2>Mails</h2>";
        body += &mails(incident);
    }
    body += "<p class=\"dim\">Read, parsed and detected of one line happen in one turn of the daemon, which reads its clock once, at its \
             beginning: a line that came while the turn ran may seem some milliseconds younger than it is. The dossier is not signed: \
             signing is not built yet.</p>";
    page(&format!("Drill {id}: {}", text(drill, "scenario")), &body)
}

fn chart(stages: &[Value]) -> String {
    let bar = |stage: &Value| {
        let seconds = stage["seconds"].as_f64()?;
        let color = if stage["verdict"] == "late" { "#a3191b" } else { "#2f6db3" };
        let label = stage["stage"].as_str()?.to_owned();
        // By the logarithm, since milliseconds and minutes stand beside each other.
        Some(Bar {
            label,
            value: (1.0 + seconds.max(0.0) * 1_000.0).log10(),
            told: format!("{seconds:.3} s"),
            color,
        })
    };
    let chart: Vec<Bar> = stages.iter().filter(|stage| stage["stage"] != "written").filter_map(bar).collect();
    bars("Time from the written line (logarithmic)", &chart, None)
}

fn stage_table(stages: &[Value]) -> String {
    let row = |stage: &Value| {
        let word = |key: &str| plain(stage[key].as_str().unwrap_or_default());
        let number =
            |key: &str| classed("n", &stage[key].as_f64().map_or(String::new(), |n| format!("{n:.3}")));
        let class = match stage["verdict"].as_str() {
            Some("in time") => "good",
            Some("late" | "missing") => "bad",
            _ => "dim",
        };
        let verdict = classed(class, &word("verdict"));
        vec![word("stage"), word("at"), number("seconds"), number("budget_seconds"), verdict, word("meaning")]
    };
    let rows: Vec<Vec<String>> = stages.iter().map(row).collect();
    table(&["Stage", "At (UTC)", "Seconds", "Budget", "", "What it is"], &rows)
}

fn facts(row: &Object, keys: &[&str]) -> String {
    let known = keys.iter().filter(|key| row.contains_key(**key));
    let rows: Vec<Vec<String>> =
        known.map(|key| vec![key.replace('_', " "), plain(&text(row, key))]).collect();
    table(&["", ""], &rows)
}

fn mails(incident: &Object) -> String {
    let mails = incident.get("notifications").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let row = |row: &Object| MAILS.iter().map(|key| plain(&text(row, key))).collect();
    let rows: Vec<Vec<String>> = mails.iter().filter_map(Value::as_object).map(row).collect();
    table(&MAILS, &rows)
}
