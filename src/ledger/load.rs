//! What the rooms get back at the start: everything that may still change, nothing that is over.

use super::decode::{self, bad, hash, number, some_time, text, time};
use super::fault::Fault;
use crate::schema::selfmail::SelfMarks;
use crate::schema::{Clock, Generation, Incident, Notification, Position, Silence, SilenceKind, StateRow};
use rusqlite::{Connection, Result, Row, params};

/// The state of the store at the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// Every file that was ever followed, by id, and how far it is read.
    pub generations: Vec<(Generation, Option<Position>)>,
    /// The rooms' memory, by room and key.
    pub states: Vec<StateRow>,
    /// Incidents that are not closed, by number; a merged one while the one that it was joined to is not.
    pub incidents: Vec<Incident>,
    /// All clocks of those incidents.
    pub clocks: Vec<Clock>,
    /// All notifications of those incidents, and those of no incident that are still owed, by id.
    pub notifications: Vec<Notification>,
    /// The last mails of the program about itself.
    pub self_mails: SelfMarks,
    /// Silences without the ones that had ended when the store was opened, by id.
    pub silences: Vec<Silence>,
    /// The next event id.
    pub next_event: u64,
    /// The next generation id.
    pub next_generation: u64,
    /// The next notification id.
    pub next_notification: u64,
    /// The next incident number.
    pub next_incident_number: u64,
    /// The next silence number.
    pub next_silence: u64,
    /// Whether the store was stopped cleanly before this start; true for a new one.
    pub clean: bool,
}

/// Rooms that keep state. A row of another room is kept and handed over under its own name.
const ROOMS: [&str; 5] = ["normalize", "detect", "triage", "escalate", "pipeline"];

/// Incidents that can still change: all but those that are over for good. A merged one goes with the one that it was
/// joined to, and stays as long as a duty to somebody outside is not done.
const LIVE: &str = "(status NOT IN ('closed', 'merged') OR (status = 'merged' AND (
    EXISTS (SELECT 1 FROM incident t WHERE t.id = incident.merged_into AND t.status NOT IN ('closed', 'merged'))
    OR EXISTS (SELECT 1 FROM clock d WHERE d.incident = incident.id AND d.kind = 'duty' AND d.ended_at IS NULL))))";

pub(super) fn load(connection: &Connection, clean: bool) -> std::result::Result<Loaded, Fault> {
    let next = |sql: &str| -> Result<u64> {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0).map(|n| n.max(0).cast_unsigned() + 1))
    };
    let sql_generations =
        "SELECT * FROM generation LEFT JOIN position ON position.generation = generation.id ORDER BY id";
    let incidents = format!("SELECT * FROM incident WHERE {LIVE} ORDER BY number");
    let clocks = format!(
        "SELECT * FROM clock WHERE incident IN (SELECT id FROM incident WHERE {LIVE}) ORDER BY incident, kind, round"
    );
    let notifications = format!(
        "SELECT * FROM notification WHERE state IN ('pending', 'sending', 'uncertain')
            OR incident IN (SELECT id FROM incident WHERE {LIVE}) ORDER BY id"
    );
    let silences = "SELECT * FROM silence WHERE ends_at > (SELECT coalesce(max(value), 0) FROM meta WHERE key = 'opened_at')
        ORDER BY CAST(substr(id, 2) AS INTEGER), id";
    Ok(Loaded {
        generations: all(connection, sql_generations, generation)?,
        states: all(connection, "SELECT room, key, body FROM state ORDER BY room, key", state)?,
        incidents: all(connection, &incidents, decode::incident)?,
        clocks: all(connection, &clocks, decode::clock)?,
        notifications: all(connection, &notifications, decode::notification)?,
        self_mails: super::delivered::delivered(connection)?.self_mails,
        silences: all(connection, silences, silence)?,
        next_event: next("SELECT coalesce(max(id), 0) FROM event")?,
        next_generation: next("SELECT coalesce(max(id), 0) FROM generation")?,
        next_notification: next("SELECT coalesce(max(id), 0) FROM notification")?,
        next_incident_number: next("SELECT coalesce(max(number), 0) FROM incident")?,
        next_silence: next("SELECT coalesce(max(CAST(substr(id, 2) AS INTEGER)), 0) FROM silence")?,
        clean,
    })
}

/// One incident by id or number.
pub(super) fn incident(
    connection: &Connection,
    id_or_number: &str,
) -> std::result::Result<Option<Incident>, Fault> {
    let number: Option<i64> = id_or_number.parse().ok();
    let mut statement = connection.prepare_cached("SELECT * FROM incident WHERE id = ?1 OR number = ?2")?;
    let found = statement.query_map(params![id_or_number, number], decode::incident)?.next();
    Ok(found.transpose()?)
}

/// All rows of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    decode: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    connection.prepare(sql)?.query_map([], |row| decode(row))?.collect()
}

fn generation(row: &Row<'_>) -> Result<(Generation, Option<Position>)> {
    let generation = Generation {
        id: number(row, "id")?,
        source: text(row, "source")?,
        path: text(row, "path")?,
        device: row.get::<_, i64>("device")?.cast_unsigned(),
        inode: row.get::<_, i64>("inode")?.cast_unsigned(),
        head_length: number(row, "head_length")?,
        head_hash: hash(row, "head_hash")?,
        format: text(row, "format")?,
        finished: row.get("finished")?,
        seen_at: time(row, "seen_at")?,
    };
    if row.get::<_, Option<i64>>("generation")?.is_none() {
        return Ok((generation, None));
    }
    let position = Position {
        generation: generation.id,
        offset: number(row, "offset")?,
        lines: number(row, "lines")?,
        tail_hash: hash(row, "tail_hash")?,
        markers: markers(&row.get::<_, Vec<u8>>("markers")?)?,
        watermark: some_time(row, "watermark")?,
    };
    Ok((generation, Some(position)))
}

fn markers(blob: &[u8]) -> Result<Vec<(u64, [u8; 32])>> {
    let one = |chunk: &[u8]| {
        let (offset, hash) = chunk.split_at_checked(8)?;
        Some((u64::from_be_bytes(offset.try_into().ok()?), hash.try_into().ok()?))
    };
    blob.chunks(40).map(|chunk| one(chunk).ok_or_else(|| bad("markers", "a broken list"))).collect()
}

fn state(row: &Row<'_>) -> Result<StateRow> {
    let name: String = row.get("room")?;
    let known = ROOMS.iter().find(|room| **room == name).copied();
    // Once per row of an unknown room and start: a few bytes, so that its state is not lost on the way.
    let room = known.unwrap_or_else(|| Box::leak(name.into_boxed_str()));
    Ok(StateRow { room, key: row.get("key")?, body: Some(row.get::<_, Vec<u8>>("body")?.into_boxed_slice()) })
}

fn silence(row: &Row<'_>) -> Result<Silence> {
    Ok(Silence {
        id: text(row, "id")?,
        owner: text(row, "owner")?,
        reason: text(row, "reason")?,
        rule: row.get("rule")?,
        entity: row.get("entity")?,
        source: row.get("source")?,
        kind: decode::named(row, "kind", SilenceKind::from_name)?,
        ticket: row.get("ticket")?,
        network: row.get("network")?,
        reminded_at: some_time(row, "reminded_at")?,
        starts_at: time(row, "starts_at")?,
        ends_at: time(row, "ends_at")?,
        matches: number(row, "matches")?,
    })
}
