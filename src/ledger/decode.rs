//! From rows back to the vocabulary. A value that this program would not write is an error, never a guess.

use crate::schema::{
    Clock, ClockKind, ClockState, Finding, Incident, IncidentStatus, Notification, NotificationKind,
    NotificationState, Reading, Resolution, Severity, Span, Timestamp,
};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};
use std::sync::Arc;

/// An error that names the column.
pub(super) fn bad(column: &str, value: &str) -> Error {
    Error::FromSqlConversionFailure(0, Type::Text, format!("column {column} holds {value:?}").into())
}

pub(super) fn text(row: &Row<'_>, column: &str) -> Result<Arc<str>> {
    row.get::<_, Arc<str>>(column)
}

pub(super) fn boxed(row: &Row<'_>, column: &str) -> Result<Box<str>> {
    row.get::<_, Box<str>>(column)
}

pub(super) fn number(row: &Row<'_>, column: &str) -> Result<u64> {
    Ok(row.get::<_, i64>(column)?.max(0).cast_unsigned())
}

pub(super) fn time(row: &Row<'_>, column: &str) -> Result<Timestamp> {
    row.get(column).map(Timestamp)
}

pub(super) fn some_time(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

pub(super) fn hash(row: &Row<'_>, column: &str) -> Result<[u8; 32]> {
    row.get(column)
}

/// A name that the vocabulary knows.
pub(super) fn named<T>(row: &Row<'_>, column: &str, from_name: impl Fn(&str) -> Option<T>) -> Result<T> {
    let name: String = row.get(column)?;
    from_name(&name).ok_or_else(|| bad(column, &name))
}

/// The same by serde's spelling, for enums that have no `from_name`.
fn spelled<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

fn reading(row: &Row<'_>, prefix: &str) -> Result<Reading> {
    Ok(Reading {
        utc: time(row, &format!("{prefix}_utc"))?,
        boottime: Span(row.get(&*format!("{prefix}_boottime"))?),
        boot_id: text(row, &format!("{prefix}_boot_id"))?,
    })
}

pub(super) fn incident(row: &Row<'_>) -> Result<Incident> {
    Ok(Incident {
        id: text(row, "id")?,
        number: number(row, "number")?,
        title: text(row, "title")?,
        severity: named(row, "severity", Severity::from_name)?,
        status: named(row, "status", IncidentStatus::from_name)?,
        entity: text(row, "entity")?,
        incident_type: row.get("incident_type")?,
        policy: text(row, "policy")?,
        opened_at: time(row, "opened_at")?,
        occurred_at: time(row, "occurred_at")?,
        read_at: time(row, "read_at")?,
        detected_at: time(row, "detected_at")?,
        started: reading(row, "started")?,
        next_step: row.get("next_step")?,
        round: row.get("round")?,
        notified_at: some_time(row, "notified_at")?,
        acknowledged_at: some_time(row, "acknowledged_at")?,
        acknowledged_by: row.get("acknowledged_by")?,
        ack_via: row.get("ack_via")?,
        resolved_at: some_time(row, "resolved_at")?,
        resolution: match row.get::<_, Option<String>>("resolution")? {
            Some(name) => Some(spelled::<Resolution>(&name).ok_or_else(|| bad("resolution", &name))?),
            None => None,
        },
        findings: number(row, "findings")?,
        assignee: row.get("assignee")?,
        last_event_at: time(row, "last_event_at")?,
        drill: row.get("drill")?,
        merged_into: row.get("merged_into")?,
    })
}

pub(super) fn clock(row: &Row<'_>) -> Result<Clock> {
    Ok(Clock {
        incident: text(row, "incident")?,
        kind: named(row, "kind", spelled::<ClockKind>)?,
        round: row.get("round")?,
        state: named(row, "state", ClockState::from_name)?,
        allowed: Span(row.get("allowed")?),
        armed: reading(row, "armed")?,
        elapsed_lo: Span(row.get("elapsed_lo")?),
        elapsed_hi: Span(row.get("elapsed_hi")?),
        ticked: reading(row, "ticked")?,
        due_at: time(row, "due_at")?,
        ended_at: some_time(row, "ended_at")?,
        name: row.get("name")?,
    })
}

pub(super) fn notification(row: &Row<'_>) -> Result<Notification> {
    Ok(Notification {
        id: number(row, "id")?,
        incident: row.get("incident")?,
        step: row.get("step")?,
        round: row.get("round")?,
        recipient: text(row, "recipient")?,
        address: text(row, "address")?,
        kind: named(row, "kind", NotificationKind::from_name)?,
        message_id: text(row, "message_id")?,
        state: named(row, "state", NotificationState::from_name)?,
        created_at: time(row, "created_at")?,
        due_at: time(row, "due_at")?,
        accepted_at: some_time(row, "accepted_at")?,
        delivery_level: row.get("delivery_level")?,
        relay: row.get("relay")?,
        relay_reply: row.get("relay_reply")?,
        attempts: row.get("attempts")?,
        may_repeat: row.get("may_repeat")?,
        date: some_time(row, "date")?,
        digest: row.get::<_, Option<i64>>("digest")?.map(i64::cast_unsigned),
        answered_at: some_time(row, "answered_at")?,
        answered_by: row.get("answered_by")?,
        words: row.get("words")?,
    })
}

/// A finding without its evidence.
pub(super) fn finding(row: &Row<'_>) -> Result<Finding> {
    let group: String = row.get("group")?;
    Ok(Finding {
        id: text(row, "id")?,
        time: time(row, "time")?,
        rule: text(row, "rule")?,
        rule_version: text(row, "rule_version")?,
        title: text(row, "title")?,
        kind: named(row, "kind", spelled)?,
        severity: named(row, "severity", Severity::from_name)?,
        incident_type: row.get("incident_type")?,
        group: serde_json::from_str(&group).map_err(|_| bad("group", &group))?,
        first_event_at: time(row, "first_event_at")?,
        last_event_at: time(row, "last_event_at")?,
        observed: row.get("observed")?,
        expected: row.get("expected")?,
        threshold: row.get("threshold")?,
        score: row.get("score")?,
        explanation: boxed(row, "explanation")?,
        advice: row.get("advice")?,
        evidence: Vec::new(),
        folded: number(row, "folded")?,
        verdict: named(row, "verdict", spelled)?,
        reason: boxed(row, "reason")?,
        incident: row.get("incident")?,
    })
}
