//! The widest and most frequent row: events, and the counters of their sources.

use super::fault::{Fault, describe};
use super::rows::int;
use crate::schema::{Class, Event};
use rusqlite::types::{Null, ToSql};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement, params};
use std::collections::BTreeMap;
use std::fmt::{Display, Write};

/// The columns in the order in which [`Row::bind`] puts them.
const INSERT: &str = "INSERT INTO event (id, generation, \"offset\", length, line, lines, source, format, parser, time, at, \
    counted_at, observed_at, time_text, class, activity, outcome, class_uid, activity_id, status_id, count, flags, raw, \
    user, src_ip, src_port, host, app, service, session, auth_method, action, resource, status_detail, severity, \
    user_domain, user_uid, target_user, \"group\", role, src_host, src_country, src_asn, dst_ip, dst_port, assigned_ip, \
    mfa, logon_type, device, user_agent, http_method, http_status, bytes_in, bytes_out, part_of, part_of_line, extra, \
    reason, raw_bytes, line_list, opened) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, \
    ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42, ?43, ?44, \
    ?45, ?46, ?47, ?48, ?49, ?50, ?51, ?52, ?53, ?54, ?55, ?56, ?57, ?58, ?59, ?60, ?61)";

/// Stores the events that are new, and refuses an id or a place that is taken by another one.
pub(super) fn events(connection: &Connection, events: &[Event]) -> Result<(), Fault> {
    if events.is_empty() {
        return Ok(());
    }
    let highest: i64 = connection
        .prepare_cached("SELECT coalesce(max(id), 0) FROM event")?
        .query_row([], |row| row.get(0))?;
    let mut statement = connection.prepare_cached(INSERT)?;
    let mut row = Row::default();
    let mut counters: BTreeMap<&str, Counter> = BTreeMap::new();
    for event in events {
        if int(event.id) <= highest && is_stored(connection, event)? {
            continue;
        }
        row.bind(&mut statement, event)?;
        statement.raw_execute().map_err(|error| refused(event, error))?;
        counters.entry(&*event.source).or_default().add(event);
    }
    for (source, counter) in &counters {
        counter.store(connection, source)?;
    }
    Ok(())
}

/// Whether this very event is stored; an error where another one has its id.
fn is_stored(connection: &Connection, event: &Event) -> Result<bool, Fault> {
    if event.id == 0 {
        return Err(Fault::permanent(format!("an event of {} has no id", event.source)));
    }
    let place = connection
        .prepare_cached("SELECT generation, \"offset\", length FROM event WHERE id = ?1")?
        .query_row([int(event.id)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match place {
        None => Ok(false),
        Some(place) if place == (int(event.generation), int(event.offset), int(event.length)) => Ok(true),
        Some((generation, offset, _)) => Err(Fault::permanent(format!(
            "event {} is stored as generation {generation} offset {offset}, and came again as generation {} offset {}",
            event.id, event.generation, event.offset
        ))),
    }
}

fn refused(event: &Event, error: rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Fault::permanent(format!(
            "event {} ({}, generation {}, offset {}) would be stored twice: {}",
            event.id,
            event.source,
            event.generation,
            event.offset,
            describe(&error)
        )),
        _ => error.into(),
    }
}

/// What one batch adds to a source.
#[derive(Default)]
struct Counter<'a> {
    format: Option<&'a str>,
    events: i64,
    unparsed: i64,
    last_event_at: Option<i64>,
    last_read_at: i64,
}

impl<'a> Counter<'a> {
    fn add(&mut self, event: &'a Event) {
        self.format.get_or_insert(&event.format);
        self.events += 1;
        self.unparsed += i64::from(event.class == Class::Unparsed);
        // Only a stamp that can be trusted: a forged one must not make a source look alive for years.
        self.last_event_at = self.last_event_at.max(event.time.map(|_| event.counted_at.0));
        self.last_read_at = self.last_read_at.max(event.observed_at.0);
    }

    fn store(&self, connection: &Connection, source: &str) -> rusqlite::Result<()> {
        let sql = "INSERT INTO source (name, format, events, unparsed, last_event_at, last_read_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (name) DO UPDATE SET format = coalesce(format, excluded.format), events = events + excluded.events,
            unparsed = unparsed + excluded.unparsed, last_read_at = max(coalesce(last_read_at, 0), excluded.last_read_at),
            last_event_at = coalesce(max(last_event_at, excluded.last_event_at), last_event_at, excluded.last_event_at)";
        let values =
            params![source, self.format, self.events, self.unparsed, self.last_event_at, self.last_read_at];
        connection.prepare_cached(sql)?.execute(values).map(|_| ())
    }
}

/// Binds events to the one statement. SQLite keeps a parameter from row to row, so NULL is bound only where
/// the row before had a value: most of the columns are empty in most rows.
#[derive(Default)]
struct Row {
    at: usize,
    set: u64,
    text: String,
    json: Vec<u8>,
}

impl Row {
    fn bind(&mut self, s: &mut Statement<'_>, e: &Event) -> rusqlite::Result<()> {
        self.at = 0;
        self.place(s, e)?;
        self.time_and_class(s, e)?;
        let exact = std::str::from_utf8(&e.raw).ok().filter(|text| !text.contains('\0'));
        match exact {
            Some(text) => self.some(s, text)?,
            None => self.some(s, e.raw_text())?,
        }
        self.who_and_what(s, e)?;
        self.rest(s, e)?;
        self.extra(s, e)?;
        self.text(s, e.reason.as_deref())?;
        self.value(s, exact.is_none().then_some(&*e.raw))?;
        self.lines(s, e)?;
        self.value(s, e.opened.map(int))
    }

    /// The numbers of lines that do not follow one upon the other, as a JSON array.
    fn lines(&mut self, s: &mut Statement<'_>, e: &Event) -> rusqlite::Result<()> {
        let numbers = (!e.line_list.is_empty()).then(|| serde_json::to_string(&e.line_list).ok()).flatten();
        self.text(s, numbers.as_deref())
    }

    fn place(&mut self, s: &mut Statement<'_>, e: &Event) -> rusqlite::Result<()> {
        for number in [e.id, e.generation, e.offset, e.length, e.line, u64::from(e.lines)] {
            self.some(s, int(number))?;
        }
        self.text(s, Some(&e.source))?;
        self.text(s, Some(&e.format))?;
        self.some(s, e.parser)
    }

    fn time_and_class(&mut self, s: &mut Statement<'_>, e: &Event) -> rusqlite::Result<()> {
        self.value(s, e.time.map(|t| t.0))?;
        self.shown(s, e.time)?;
        self.some(s, e.counted_at.0)?;
        self.some(s, e.observed_at.0)?;
        self.text(s, e.time_text.as_deref())?;
        self.text(s, Some(e.class.name()))?;
        self.text(s, Some(e.activity).filter(|a| !a.is_empty()))?;
        self.text(s, Some(e.outcome.name()))?;
        let (class, activity) = (e.class.uid(e.activity), e.class.activity_id(e.activity));
        for number in [class, activity, e.outcome.status_id(), e.count, e.flags.0] {
            self.some(s, number)?;
        }
        Ok(())
    }

    fn who_and_what(&mut self, s: &mut Statement<'_>, e: &Event) -> rusqlite::Result<()> {
        self.text(s, e.user.as_deref())?;
        self.shown(s, e.src_ip)?;
        self.value(s, e.src_port)?;
        let common = [&e.host, &e.app, &e.service, &e.session, &e.auth_method, &e.action, &e.resource];
        let rare = [&e.status_detail, &e.severity, &e.user_domain, &e.user_uid, &e.target_user, &e.group];
        let last = [&e.role, &e.src_host, &e.src_country];
        for text in common.into_iter().chain(rare).chain(last) {
            self.text(s, text.as_deref())?;
        }
        Ok(())
    }

    fn rest(&mut self, s: &mut Statement<'_>, e: &Event) -> rusqlite::Result<()> {
        self.value(s, e.src_asn)?;
        self.shown(s, e.dst_ip)?;
        self.value(s, e.dst_port)?;
        self.shown(s, e.assigned_ip)?;
        self.value(s, e.mfa)?;
        for text in [&e.logon_type, &e.device, &e.user_agent, &e.http_method] {
            self.text(s, text.as_deref())?;
        }
        self.value(s, e.http_status)?;
        for number in [e.bytes_in, e.bytes_out, e.part_of, e.part_of_line] {
            self.value(s, number.map(int))?;
        }
        Ok(())
    }

    fn some(&mut self, statement: &mut Statement<'_>, value: impl ToSql) -> rusqlite::Result<()> {
        self.value(statement, Some(value))
    }

    fn value(&mut self, statement: &mut Statement<'_>, value: Option<impl ToSql>) -> rusqlite::Result<()> {
        self.at += 1;
        let bit = 1u64 << self.at;
        match value {
            Some(value) => {
                self.set |= bit;
                statement.raw_bind_parameter(self.at, value)
            }
            None if self.set & bit != 0 => {
                self.set &= !bit;
                statement.raw_bind_parameter(self.at, Null)
            }
            None => Ok(()),
        }
    }

    /// Text without NUL, at which other clients of SQLite stop reading.
    fn text(&mut self, statement: &mut Statement<'_>, text: Option<&str>) -> rusqlite::Result<()> {
        match text {
            Some(text) if memchr::memchr(0, text.as_bytes()).is_some() => {
                self.some(statement, text.replace('\0', "\u{fffd}"))
            }
            text => self.value(statement, text),
        }
    }

    /// A value as its own spelling: an address, a time.
    fn shown(&mut self, statement: &mut Statement<'_>, value: Option<impl Display>) -> rusqlite::Result<()> {
        let Some(value) = value else { return self.value(statement, None::<i64>) };
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        // Writing into a String cannot fail.
        let _ = write!(text, "{value}");
        let bound = self.some(statement, text.as_str());
        self.text = text;
        bound
    }

    fn extra(&mut self, statement: &mut Statement<'_>, event: &Event) -> rusqlite::Result<()> {
        if event.extra.is_empty() {
            return self.value(statement, None::<i64>);
        }
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        let mut serializer = serde_json::Serializer::new(&mut json);
        let map = serde::Serializer::collect_map(
            &mut serializer,
            event.extra.iter().map(|(key, value)| (&**key, value)),
        );
        let text = std::str::from_utf8(&json).ok().filter(|_| map.is_ok());
        let bound = self.value(statement, text);
        self.json = json;
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_its_parameter() {
        let columns = INSERT.split("VALUES").next().unwrap().matches(',').count() + 1;
        assert_eq!(columns, 61);
        assert!(INSERT.ends_with("?61)"));
        assert!(columns < 64, "the mask of set parameters is 64 bits wide");
    }
}
