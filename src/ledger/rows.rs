//! All rows but events: each writer takes its part of the [`Changes`].

use super::SourceNote;
use super::fault::Fault;
use crate::schema::{Changes, Clock, Finding, Incident, Notification, Position, RuleRow, Timestamp};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A count or offset as SQLite holds it. None comes near 2^63; should one, it stays at the top.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn micros(time: Option<Timestamp>) -> Option<i64> {
    time.map(|time| time.0)
}

/// File identities, positions, gaps.
pub(super) fn tail(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    let sql = "INSERT INTO generation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET
        source = excluded.source, path = excluded.path, device = excluded.device, inode = excluded.inode,
        head_length = excluded.head_length, head_hash = excluded.head_hash, format = excluded.format,
        finished = excluded.finished, seen_at = excluded.seen_at";
    let known = "INSERT INTO source (name) VALUES (?1) ON CONFLICT (name) DO NOTHING";
    for g in &changes.generations {
        // Device and inode use all 64 bits and are compared, not ordered.
        let (device, inode) = (g.device.cast_signed(), g.inode.cast_signed());
        let values = params![
            int(g.id),
            g.source,
            g.path,
            device,
            inode,
            int(g.head_length),
            g.head_hash,
            g.format,
            g.finished,
            g.seen_at.0
        ];
        connection.prepare_cached(sql)?.execute(values)?;
        connection.prepare_cached(known)?.execute([&g.source])?;
    }
    let sql = "INSERT OR REPLACE INTO position VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for p in &changes.positions {
        let values = params![
            int(p.generation),
            int(p.offset),
            int(p.lines),
            p.tail_hash,
            markers(p),
            micros(p.watermark)
        ];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    let sql = "INSERT INTO gap (source, generation, path, at, from_offset, to_offset, bytes, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    for g in &changes.gaps {
        let (to, bytes) = (g.to_offset.map(int), g.bytes.map(int));
        let values = params![
            g.source,
            int(g.generation),
            g.path,
            g.at.0,
            int(g.from_offset),
            to,
            bytes,
            g.reason.name()
        ];
        connection.prepare_cached(sql)?.execute(values)?;
        connection.prepare_cached(known)?.execute([&g.source])?;
    }
    Ok(())
}

fn markers(position: &Position) -> Vec<u8> {
    let mut blob = Vec::with_capacity(position.markers.len() * 40);
    for (offset, hash) in &position.markers {
        blob.extend_from_slice(&offset.to_be_bytes());
        blob.extend_from_slice(hash);
    }
    blob
}

/// The rooms' memory.
pub(super) fn states(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    let mut put = connection.prepare_cached("INSERT OR REPLACE INTO state VALUES (?1, ?2, ?3)")?;
    let mut delete = connection.prepare_cached("DELETE FROM state WHERE room = ?1 AND key = ?2")?;
    for state in &changes.states {
        match &state.body {
            Some(body) => put.execute(params![state.room, state.key, &**body])?,
            None => delete.execute(params![state.room, state.key])?,
        };
    }
    Ok(())
}

/// Findings, their evidence, and what was folded into them.
pub(super) fn findings(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    for finding in &changes.findings {
        let id = free_id(connection, &finding.id)?;
        put_finding(connection, finding, &id)?;
        let mut put = connection.prepare_cached("INSERT INTO finding_event VALUES (?1, ?2, ?3)")?;
        for (n, event) in finding.evidence.iter().enumerate() {
            put.execute(params![id, n as i64, int(*event)])?;
        }
    }
    let sql = "UPDATE finding SET folded = ?2, observed = ?3, last_event_at = ?4 WHERE id = ?1";
    for fold in &changes.folds {
        let values = params![fold.finding, int(fold.folded), fold.observed, fold.last_event_at.0];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

/// The id under which a finding is stored. An id names rule, group and a slot of event time; after a clock was
/// set back, or when a log of long ago comes in, Detect may decide again in a slot that it has forgotten. The
/// earlier finding is a record and stays: the later one is stored beside it, as `ID-2` and so on.
fn free_id(connection: &Connection, id: &str) -> Result<String, Fault> {
    let mut taken = connection.prepare_cached("SELECT 1 FROM finding WHERE id = ?1")?;
    let mut free = id.to_owned();
    let mut n = 1;
    while taken.exists([&free])? {
        n += 1;
        free = format!("{id}-{n}");
    }
    Ok(free)
}

fn put_finding(connection: &Connection, f: &Finding, id: &str) -> Result<(), Fault> {
    let sql = "INSERT INTO finding (id, time, rule, rule_version, title, kind, severity, gravity, incident_type,
        entity, \"group\", first_event_at, last_event_at, observed, expected, threshold, score, explanation, advice, folded,
        verdict, reason, incident) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
        ?19, ?20, ?21, ?22, ?23)";
    // A list of pairs: a JSON object would not promise the rule's order.
    let group =
        serde_json::to_string(&f.group).map_err(|e| Fault::permanent(format!("finding {}: {e}", f.id)))?;
    connection.prepare_cached(sql)?.execute(params![
        id,
        f.time.0,
        f.rule,
        f.rule_version,
        f.title,
        f.kind.name(),
        f.severity.name(),
        f.severity as i64,
        f.incident_type,
        f.entity(),
        group,
        f.first_event_at.0,
        f.last_event_at.0,
        f.observed,
        f.expected,
        f.threshold,
        f.score,
        f.explanation,
        f.advice,
        int(f.folded),
        f.verdict.name(),
        f.reason,
        f.incident
    ])?;
    Ok(())
}

/// Incidents and their clocks.
pub(super) fn incidents(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    for incident in &changes.incidents {
        put_incident(connection, incident)?;
    }
    for clock in &changes.clocks {
        put_clock(connection, clock)?;
    }
    Ok(())
}

fn put_incident(connection: &Connection, i: &Incident) -> Result<(), Fault> {
    let sql = "INSERT INTO incident (id, number, title, severity, status, entity, incident_type, policy, opened_at, occurred_at,
        read_at, detected_at, started_utc, started_boottime, started_boot_id, next_step, round, notified_at, acknowledged_at,
        acknowledged_by, ack_via, resolved_at, resolution, findings, assignee, last_event_at, drill, merged_into)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
        ?24, ?25, ?26, ?27, ?28)
        ON CONFLICT (id) DO UPDATE SET number = excluded.number, title = excluded.title, severity = excluded.severity,
        status = excluded.status, entity = excluded.entity, incident_type = excluded.incident_type, policy = excluded.policy,
        opened_at = excluded.opened_at, occurred_at = excluded.occurred_at, read_at = excluded.read_at,
        detected_at = excluded.detected_at, started_utc = excluded.started_utc, started_boottime = excluded.started_boottime,
        started_boot_id = excluded.started_boot_id, next_step = excluded.next_step, round = excluded.round,
        notified_at = excluded.notified_at, acknowledged_at = excluded.acknowledged_at,
        acknowledged_by = excluded.acknowledged_by, ack_via = excluded.ack_via, resolved_at = excluded.resolved_at,
        resolution = excluded.resolution, findings = excluded.findings, assignee = excluded.assignee,
        last_event_at = excluded.last_event_at, drill = excluded.drill,
        merged_into = excluded.merged_into";
    connection.prepare_cached(sql)?.execute(params![
        i.id,
        int(i.number),
        i.title,
        i.severity.name(),
        i.status.name(),
        i.entity,
        i.incident_type,
        i.policy,
        i.opened_at.0,
        i.occurred_at.0,
        i.read_at.0,
        i.detected_at.0,
        i.started.utc.0,
        i.started.boottime.0,
        i.started.boot_id,
        i.next_step,
        i.round,
        micros(i.notified_at),
        micros(i.acknowledged_at),
        i.acknowledged_by,
        i.ack_via,
        micros(i.resolved_at),
        i.resolution.map(|r| r.name()),
        int(i.findings),
        i.assignee,
        i.last_event_at.0,
        i.drill,
        i.merged_into
    ])?;
    Ok(())
}

fn put_clock(connection: &Connection, c: &Clock) -> Result<(), Fault> {
    let sql = "INSERT OR REPLACE INTO clock (incident, kind, round, state, allowed, armed_utc, armed_boottime, armed_boot_id,
        elapsed_lo, elapsed_hi, ticked_utc, ticked_boottime, ticked_boot_id, due_at, ended_at, name)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    connection.prepare_cached(sql)?.execute(params![
        c.incident,
        c.kind.name(),
        c.round,
        c.state.name(),
        c.allowed.0,
        c.armed.utc.0,
        c.armed.boottime.0,
        c.armed.boot_id,
        c.elapsed_lo.0,
        c.elapsed_hi.0,
        c.ticked.utc.0,
        c.ticked.boottime.0,
        c.ticked.boot_id,
        c.due_at.0,
        micros(c.ended_at),
        c.name
    ])?;
    Ok(())
}

/// Notifications and each try.
pub(super) fn notifications(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    for notification in &changes.notifications {
        put_notification(connection, notification)?;
    }
    let sql = "INSERT OR REPLACE INTO attempt VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for a in &changes.attempts {
        let values =
            params![int(a.notification), a.n, a.at.0, a.relay, a.phase.name(), a.reply, a.result.name()];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

fn put_notification(connection: &Connection, n: &Notification) -> Result<(), Fault> {
    let sql = "INSERT OR REPLACE INTO notification (id, incident, step, round, recipient, address, kind, message_id, state,
        created_at, due_at, accepted_at, delivery_level, relay, relay_reply, attempts, may_repeat, date, digest,
        answered_at, answered_by, words)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
    connection.prepare_cached(sql)?.execute(params![
        int(n.id),
        n.incident,
        n.step,
        n.round,
        n.recipient,
        n.address,
        n.kind.name(),
        n.message_id,
        n.state.name(),
        n.created_at.0,
        n.due_at.0,
        micros(n.accepted_at),
        n.delivery_level,
        n.relay,
        n.relay_reply,
        n.attempts,
        n.may_repeat,
        micros(n.date),
        n.digest.map(int),
        micros(n.answered_at),
        n.answered_by,
        n.words
    ])?;
    Ok(())
}

/// Silences, journal, rules. A rule that is no longer loaded keeps its row, out of the view: findings name it.
pub(super) fn registers(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    let sql = "INSERT OR REPLACE INTO silence (id, owner, reason, rule, entity, source, starts_at, ends_at, matches, kind, ticket,
        network, reminded_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    for s in &changes.silences {
        let values = params![
            s.id,
            s.owner,
            s.reason,
            s.rule,
            s.entity,
            s.source,
            s.starts_at.0,
            s.ends_at.0,
            int(s.matches),
            s.kind.name(),
            s.ticket,
            s.network,
            micros(s.reminded_at)
        ];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    let sql = "INSERT INTO journal_entry (at, kind, actor, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
    for entry in &changes.journal {
        let values = params![entry.at.0, entry.kind, entry.actor, entry.subject, entry.detail];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    match changes.rules.is_empty() {
        true => Ok(()),
        false => rules(connection, &changes.rules),
    }
}

/// The rules in force, and the history of their versions: a version that is in force already stays as it is.
fn rules(connection: &Connection, rules: &[RuleRow]) -> Result<(), Fault> {
    connection.prepare_cached("UPDATE rule SET loaded = 0, enabled = 0 WHERE loaded")?.execute([])?;
    let mut put = connection
        .prepare_cached("INSERT OR REPLACE INTO rule VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1)")?;
    for r in rules {
        let values =
            params![r.id, r.version, r.title, r.kind, r.severity, r.owner, r.control, r.enabled, r.text];
        put.execute(values)?;
    }
    let at = rules.iter().map(|rule| rule.loaded_at.0).max();
    let over = "UPDATE rule_version SET replaced_at = ?1 WHERE replaced_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM rule r WHERE r.loaded AND r.id = rule_version.rule AND r.version = rule_version.version)";
    connection.prepare_cached(over)?.execute([at])?;
    let new = "INSERT INTO rule_version (rule, version, title, kind, severity, owner, control, text, loaded_at)
        SELECT id, version, title, kind, severity, owner, control, text, ?1 FROM rule r WHERE loaded AND NOT EXISTS (
        SELECT 1 FROM rule_version v WHERE v.rule = r.id AND v.replaced_at IS NULL) ORDER BY id";
    connection.prepare_cached(new)?.execute([at])?;
    Ok(())
}

/// What the daemon says of the sources.
pub(super) fn source_notes(
    connection: &Connection,
    notes: &BTreeMap<Arc<str>, SourceNote>,
) -> Result<(), Fault> {
    let sql = "INSERT INTO source (name, format, state, lag_bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET
        format = excluded.format, state = excluded.state, lag_bytes = excluded.lag_bytes";
    for note in notes.values() {
        let values = params![note.name, note.format, note.state, note.lag_bytes.map(int)];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}
