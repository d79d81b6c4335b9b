//! `report drills`: every drill of a time.

use super::page::{self, csv_line, plain, table};
use super::{Period, ReportArgs, seconds, text};
use crate::cli::out::Out;
use crate::cli::query::failure;
use crate::cli::{Done, exit};
use crate::ledger::read::{Object, Reader};
use serde_json::json;
use std::collections::BTreeSet;

const COLUMNS: [&str; 21] = [
    "id",
    "kind",
    "scenario",
    "incident_type",
    "source",
    "rule",
    "found_by",
    "planned_by",
    "approvers",
    "planned_at",
    "written_at",
    "read_at",
    "detected_at",
    "committed_at",
    "claimed_at",
    "notified_at",
    "acknowledged_at",
    "resolved_at",
    "number",
    "notify_state",
    "real_at",
];
const HEAD: [&str; 11] = [
    "Drill",
    "Kind",
    "Scenario",
    "Source",
    "Planned",
    "Incident",
    "Detected after",
    "Accepted after",
    "Acknowledged after",
    "Resolved after",
    "Real since",
];

pub(super) fn report(reader: &Reader, period: &Period, args: &ReportArgs, out: &mut Out) -> Done {
    let sql = "SELECT d.*, i.number, i.status, i.notified_at, i.acknowledged_at, i.resolved_at, i.notify_state FROM drills d
        LEFT JOIN incidents i ON i.id = d.incident WHERE d.planned_at >= ?1 AND d.planned_at < ?2 ORDER BY d.planned_at";
    let (since, until) = (period.since.to_string(), period.until.to_string());
    let rows = reader.rows(sql, (&since, &until)).map_err(|error| failure(&error))?;
    let mut csv = csv_line(&COLUMNS.map(str::to_owned));
    for row in &rows {
        csv += &csv_line(&COLUMNS.map(|key| text(row, key)));
    }
    let shown: Vec<Vec<String>> = rows.iter().map(shown).collect();
    let types: BTreeSet<String> = rows.iter().map(|row| text(row, "incident_type")).collect();
    let body = format!(
        "<p>{}: {} drills, of incident types: {}.</p>{}",
        page::escape(&period.in_words()),
        rows.len(),
        page::escape(&types.into_iter().collect::<Vec<_>>().join(", ")),
        table(&HEAD, &shown)
    );
    let files = [("drills.html".to_owned(), page::page("Drills", &body)), ("drills.csv".to_owned(), csv)];
    let about = json!({"since": since, "until": until, "drills": rows.len()});
    page::write(&args.out, "drills", &files, about.clone())?;
    if out.json {
        out.object(&about)?;
    } else {
        out.line(format!("{} drills written to {}/drills.html and .csv", rows.len(), args.out.display()))?;
    }
    Ok(exit::OK)
}

fn shown(row: &Object) -> Vec<String> {
    let took = |key: &str| seconds(row, "written_at", key).map_or("-".to_owned(), |s| format!("{s:.3} s"));
    let plain_keys = ["id", "kind", "scenario", "source", "planned_at", "number"];
    let mut cells: Vec<String> = plain_keys.iter().map(|key| plain(&text(row, key))).collect();
    cells.extend(["detected_at", "notified_at", "acknowledged_at", "resolved_at"].map(took));
    cells.push(plain(&text(row, "real_at")));
    cells
}
