//! What a letter shows of an incident, read after the commit: it is what is stored.

use super::decode::{self, boxed, text, time};
use super::fault::Fault;
use super::history;
use super::rows::int;
use crate::schema::{Evidence, EvidenceLine, Finding};
use rusqlite::{Connection, OptionalExtension, Result, Row};

/// Findings that a letter names.
const FINDINGS_MAX: i64 = 10;
/// Lines that a letter cites: the first four and the deciding one.
const LINES_MAX: usize = 5;

pub(super) fn evidence(connection: &Connection, incident: &str) -> std::result::Result<Evidence, Fault> {
    let sql = "SELECT * FROM finding WHERE incident = ?1 ORDER BY gravity DESC, time, id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(rusqlite::params![incident, FINDINGS_MAX], decode::finding)?;
    let mut findings = rows.collect::<Result<Vec<Finding>>>()?;
    for finding in &mut findings {
        finding.evidence = events_of(connection, &finding.id)?;
    }
    let lines = match findings.first() {
        Some(gravest) => lines(connection, &gravest.evidence)?,
        None => Vec::new(),
    };
    let before = findings.iter().flat_map(|finding| &finding.evidence).min().copied();
    let Some(before) = before else { return Ok(Evidence { findings, lines, ..Evidence::default() }) };
    let histories = history::of(connection, &lines, before)?;
    let known_since = history::known_since(connection)?;
    Ok(Evidence { findings, lines, histories, known_since })
}

/// Ids of the events that prove a finding, oldest first.
pub(super) fn events_of(connection: &Connection, finding: &str) -> Result<Vec<u64>> {
    let mut statement =
        connection.prepare_cached("SELECT event FROM finding_event WHERE finding = ?1 ORDER BY n")?;
    statement.query_map([finding], |row| row.get::<_, i64>(0).map(i64::cast_unsigned))?.collect()
}

/// The first lines and the deciding one. An event whose payload is gone is left out.
pub(super) fn lines(connection: &Connection, events: &[u64]) -> Result<Vec<EvidenceLine>> {
    let Some((deciding, before)) = events.split_last() else { return Ok(Vec::new()) };
    let sql = "SELECT id, coalesce(time, observed_at) AS at, source, user, coalesce(src_ip, src_host) AS came_from, host, raw
        FROM event WHERE id = ?1 AND raw IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let mut lines = Vec::new();
    for event in before.iter().take(LINES_MAX - 1).chain([deciding]) {
        lines.extend(statement.query_row([int(*event)], line).optional()?);
    }
    Ok(lines)
}

fn line(row: &Row<'_>) -> Result<EvidenceLine> {
    Ok(EvidenceLine {
        event: decode::number(row, "id")?,
        time: time(row, "at")?,
        source: text(row, "source")?,
        user: row.get("user")?,
        from: row.get("came_from")?,
        host: row.get("host")?,
        raw: boxed(row, "raw")?,
    })
}
