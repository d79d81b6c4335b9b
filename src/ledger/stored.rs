//! Stored events as events again: for replays out of the store and for the question why a rule did not fire.

use super::decode::{bad, named, number, some_time, text, time};
use super::query::QueryError;
use super::read::Reader;
use super::rows::int;
use crate::schema::{Class, Datum, Event, Flags, Outcome, ShortText, Timestamp};
use rusqlite::types::FromSql;
use rusqlite::{Result, Row};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A finding as far as two histories are compared by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRow {
    /// Its id.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// The entity.
    pub entity: String,
    /// Event time of the deciding event.
    pub time: Timestamp,
    /// First evidence.
    pub first: Timestamp,
    /// Last evidence, what was folded included.
    pub last: Timestamp,
    /// The sentence.
    pub explanation: String,
}

impl Reader {
    /// One event as the rules saw it; `None` where there is none of this id.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn stored_event(&self, id: u64) -> std::result::Result<Option<Event>, QueryError> {
        Ok(self.typed("SELECT * FROM event WHERE id = ?1", [int(id)], event)?.into_iter().next())
    }

    /// The next events behind an id, in storing order, at most so many.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn stored_events(&self, after: u64, most: usize) -> std::result::Result<Vec<Event>, QueryError> {
        let sql = "SELECT * FROM event WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.typed(sql, [int(after), int(most as u64)], event)
    }

    /// Events of a span of event time, both ends inside, in storing order; at most 100,000.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn stored_around(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> std::result::Result<Vec<Event>, QueryError> {
        let sql = "SELECT * FROM event WHERE at >= ?1 AND at <= ?2 ORDER BY id LIMIT 100000";
        self.typed(sql, [from.to_string(), to.to_string()], event)
    }

    /// Highest event id.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn stored_count(&self) -> std::result::Result<u64, QueryError> {
        let sql = "SELECT coalesce(max(id), 0) AS n FROM event";
        Ok(self.typed(sql, [], |row| number(row, "n"))?.into_iter().next().unwrap_or(0))
    }

    /// Findings with a deciding event in a span of event time.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn found(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> std::result::Result<Vec<FoundRow>, QueryError> {
        let sql = "SELECT * FROM finding WHERE time >= ?1 AND time < ?2 ORDER BY time, id";
        self.typed(sql, [since.0, until.0], |row| {
            Ok(FoundRow {
                id: row.get("id")?,
                rule: row.get("rule")?,
                entity: row.get("entity")?,
                time: time(row, "time")?,
                first: time(row, "first_event_at")?,
                last: time(row, "last_event_at")?,
                explanation: row.get("explanation")?,
            })
        })
    }
}

fn some<T: FromSql>(row: &Row<'_>, column: &str) -> Result<Option<T>> {
    row.get(column)
}

fn address(row: &Row<'_>, column: &str) -> Result<Option<IpAddr>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|_| bad(column, &text))).transpose()
}

fn count(row: &Row<'_>, column: &str) -> Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|n| n.max(0).cast_unsigned()))
}

fn event(row: &Row<'_>) -> Result<Event> {
    let class = named(row, "class", Class::from_name)?;
    let activity: Option<String> = row.get("activity")?;
    let (extra, line_list): (Option<String>, Option<String>) = (row.get("extra")?, row.get("line_list")?);
    let raw: Option<Vec<u8>> = row.get("raw_bytes")?;
    let mut event = Event {
        id: number(row, "id")?,
        source: text(row, "source")?,
        format: text(row, "format")?,
        parser: row.get("parser")?,
        generation: number(row, "generation")?,
        offset: number(row, "offset")?,
        length: number(row, "length")?,
        line: number(row, "line")?,
        lines: row.get("lines")?,
        line_list: line_list.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default(),
        part_of: count(row, "part_of")?,
        part_of_line: count(row, "part_of_line")?,
        opened: count(row, "opened")?,
        time: some_time(row, "time")?,
        counted_at: time(row, "counted_at")?,
        observed_at: time(row, "observed_at")?,
        time_text: short(row, "time_text")?,
        class,
        activity: activity.as_deref().and_then(|name| spelled(class, name)).unwrap_or(""),
        outcome: named(row, "outcome", Outcome::from_name)?,
        count: row.get("count")?,
        flags: Flags(row.get("flags")?),
        raw: match raw {
            Some(raw) => raw.into(),
            None => some::<String>(row, "raw")?.unwrap_or_default().into_bytes().into(),
        },
        extra: members(extra.as_deref().unwrap_or("{}"))?,
        reason: short(row, "reason")?,
        ..Event::default()
    };
    columns(row, &mut event)?;
    Ok(event)
}

/// The columns that say who, where and what.
fn columns(row: &Row<'_>, event: &mut Event) -> Result<()> {
    event.user = short(row, "user")?;
    event.user_domain = short(row, "user_domain")?;
    event.user_uid = short(row, "user_uid")?;
    event.target_user = short(row, "target_user")?;
    event.group = short(row, "group")?;
    event.role = short(row, "role")?;
    event.src_ip = address(row, "src_ip")?;
    event.src_port = some(row, "src_port")?;
    event.src_host = short(row, "src_host")?;
    event.src_country = short(row, "src_country")?;
    event.src_asn = some(row, "src_asn")?;
    event.dst_ip = address(row, "dst_ip")?;
    event.dst_port = some(row, "dst_port")?;
    event.assigned_ip = address(row, "assigned_ip")?;
    event.host = short(row, "host")?;
    event.app = short(row, "app")?;
    event.service = short(row, "service")?;
    event.session = short(row, "session")?;
    event.auth_method = short(row, "auth_method")?;
    event.mfa = some(row, "mfa")?;
    event.logon_type = short(row, "logon_type")?;
    event.device = short(row, "device")?;
    event.user_agent = short(row, "user_agent")?;
    event.action = short(row, "action")?;
    event.resource = short(row, "resource")?;
    event.http_method = short(row, "http_method")?;
    event.http_status = some(row, "http_status")?;
    event.bytes_in = count(row, "bytes_in")?;
    event.bytes_out = count(row, "bytes_out")?;
    event.status_detail = short(row, "status_detail")?;
    event.severity = short(row, "severity")?;
    Ok(())
}

/// The one copy of an activity's name; a name of another class than its own is found, too.
fn spelled(class: Class, name: &str) -> Option<&'static str> {
    class.activity(name).or_else(|| Class::all().find_map(|class| class.activity(name)))
}

/// A text that stands in the event itself.
fn short(row: &Row<'_>, column: &str) -> Result<Option<ShortText>> {
    Ok(row.get::<_, Option<String>>(column)?.map(Into::into))
}

fn members(json: &str) -> Result<Vec<(ShortText, Datum)>> {
    let members: BTreeMap<ShortText, Datum> = serde_json::from_str(json).map_err(|_| bad("extra", json))?;
    Ok(members.into_iter().collect())
}
