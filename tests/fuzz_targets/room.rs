//! The room Normalize under any lines, with what must hold whatever they are: every line belongs to an event, what an
//! event holds is bounded, ids lead to earlier events, and a room that is stored and made anew after each line gives the
//! same events as one that ran through (which also says that the same lines give the same events).

use gatewatch::limits::{FIELD_BYTES_MAX, FIELDS_MAX, HELD_BYTES_MAX, KEY_BYTES_MAX, LINE_BYTES_MAX};
use gatewatch::normalize::{GrammarSet, Normalize, SourceParams};
use gatewatch::schema::{Class, Datum, Event, Flags, RawLine, Span, StateRow, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// 2026-11-23T12:00:00Z, the read time of the first line.
const NOW: Timestamp = Timestamp(1_795_435_200_000_000);
/// A line that begins with it is an act, named by the next byte.
const ACT: u8 = 0x1d;
/// Bytes that all events of an input may hold, per byte of the input: a record stands in `raw`, and its fields in columns and in `extra`.
const GROWTH_MAX: usize = 64;
/// And so many beside, for constants of grammars, reasons, and the fields of wrappers.
const GROWTH_FREE: usize = 256 * 1024;

/// What happens to a room.
enum Step<'d> {
    /// A line comes.
    Line(&'d [u8]),
    /// Time passes.
    Tick,
    /// The next lines are of the other file.
    Other,
    /// What is held of this file comes out.
    Release,
    /// This file is gone; another one is in its place.
    Forget,
}

/// Lines and acts.
pub struct Script<'d>(Vec<Step<'d>>);

impl<'d> Script<'d> {
    /// Of bytes: lines, cut as Tail cuts them.
    pub fn of(data: &'d [u8]) -> Script<'d> {
        let step = |line: &'d [u8]| match line {
            [ACT, b'T', ..] => Step::Tick,
            [ACT, b'O', ..] => Step::Other,
            [ACT, b'R', ..] => Step::Release,
            [ACT, b'F', ..] => Step::Forget,
            line => Step::Line(&line[..line.len().min(LINE_BYTES_MAX)]),
        };
        Script(data.split(|byte| *byte == b'\n').map(step).collect())
    }

    /// Bytes of its lines.
    fn bytes(&self) -> usize {
        let bytes = |step: &Step<'_>| if let Step::Line(line) = step { line.len() } else { 0 };
        self.0.iter().map(bytes).sum()
    }
}

/// A file of the script.
#[derive(Default)]
struct File {
    lines: u64,
    offset: u64,
    fed: BTreeSet<u64>,
}

/// A room, and all that was done to it.
struct Run<'s> {
    set: &'s Arc<GrammarSet>,
    format: &'s str,
    room: Normalize,
    /// By generation; two are read at a time.
    files: BTreeMap<u64, File>,
    current: u64,
    other: u64,
    now: Timestamp,
    events: Vec<Event>,
}

fn room(set: &Arc<GrammarSet>, format: &str) -> Normalize {
    let timezone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap_or(jiff::tz::TimeZone::UTC);
    let (name, format) = (Arc::from("s"), Arc::from(format));
    Normalize::new(Arc::clone(set), vec![SourceParams { name, format, timezone, lateness: Span::minutes(2) }])
}

impl<'s> Run<'s> {
    fn new(set: &'s Arc<GrammarSet>, format: &'s str) -> Run<'s> {
        let (room, files, events) = (room(set, format), BTreeMap::new(), Vec::new());
        Run { set, format, room, files, current: 1, other: 2, now: NOW, events }
    }

    fn take(&mut self, step: &Step<'_>) {
        let next = self.events.len() as u64 + 1;
        match step {
            Step::Line(bytes) => self.line(bytes),
            Step::Tick => {
                self.now = self.now + Span::seconds(61);
                self.room.tick(self.now, next, &mut self.events);
            }
            Step::Other => std::mem::swap(&mut self.current, &mut self.other),
            Step::Release => self.room.release(self.current, next, &mut self.events),
            Step::Forget => {
                self.room.release(self.current, next, &mut self.events);
                self.room.forget(self.current);
                self.current = self.current.max(self.other) + 1;
            }
        }
    }

    fn line(&mut self, bytes: &[u8]) {
        let next = self.events.len() as u64 + 1;
        let file = self.files.entry(self.current).or_default();
        let length = bytes.len() as u64 + 1;
        (file.lines, file.offset) = (file.lines + 1, file.offset + length);
        if bytes.is_empty() {
            return; // Tail counts it, and gives it to nobody.
        }
        file.fed.insert(file.lines);
        self.now = self.now + Span::millis(100);
        let raw = RawLine {
            source: Arc::from("s"),
            generation: self.current,
            offset: file.offset - length,
            length,
            line: file.lines,
            bytes: bytes.into(),
            flags: Flags::default(),
            read_at: self.now,
        };
        self.room.line(raw, next, &mut self.events);
    }

    /// As a kill behind a commit would: only what is stored lives on.
    fn restart(&mut self, rows: &mut BTreeMap<Box<str>, StateRow>) {
        for row in self.room.drain() {
            match row.body {
                Some(_) => rows.insert(row.key.clone(), row),
                None => rows.remove(&row.key),
            };
        }
        self.room = room(self.set, self.format);
        self.room.restore(&rows.values().cloned().collect::<Vec<_>>());
    }

    fn end(&mut self) {
        let next = self.events.len() as u64 + 1;
        self.room.flush(next, &mut self.events);
    }
}

/// Bytes of a key of `extra`: the limit, and a number behind it or a word in front.
const KEY_LENGTH: usize = KEY_BYTES_MAX + 16;
/// Restarts of one input: each costs what the room holds.
const RESTARTS_MAX: usize = 24;

/// Runs a script and checks what must hold.
pub fn check(set: &Arc<GrammarSet>, format: &str, script: &Script<'_>) {
    let mut through = Run::new(set, format);
    script.0.iter().for_each(|step| through.take(step));
    through.end();
    let (mut broken, mut rows) = (Run::new(set, format), BTreeMap::new());
    let every = script.0.len().div_ceil(RESTARTS_MAX).max(1);
    for (at, step) in script.0.iter().enumerate() {
        broken.take(step);
        if at % every == 0 {
            broken.restart(&mut rows);
        }
    }
    broken.end();
    for (at, (one, other)) in through.events.iter().zip(&broken.events).enumerate() {
        if one != other {
            // What is not a number is not equal to itself.
            let (one, other) = (format!("{one:#?}"), format!("{other:#?}"));
            assert_eq!(one, other, "{format}: event {at} is another one after restarts");
        }
    }
    assert_eq!(through.events.len(), broken.events.len(), "{format}: events with and without restarts");
    covered(format, &through);
    let held: usize = through.events.iter().map(judge).sum();
    let allowed = GROWTH_FREE + GROWTH_MAX * script.bytes();
    assert!(held <= allowed, "{format}: {held} bytes of events from {} bytes of lines", script.bytes());
}

/// Every line belongs to an event, and every event to a line.
fn covered(format: &str, run: &Run<'_>) {
    let mut told: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for (at, event) in run.events.iter().enumerate() {
        assert_eq!(event.id, at as u64 + 1, "{format}: ids count up");
        let told = told.entry(event.generation).or_default();
        let lines = event.line..event.line + u64::from(event.lines.max(1));
        if event.line_list.is_empty() {
            told.extend(lines)
        } else {
            told.extend(&event.line_list)
        };
    }
    for (generation, file) in &run.files {
        let told = told.remove(generation).unwrap_or_default();
        let missing: Vec<u64> = file.fed.difference(&told).copied().collect();
        assert!(missing.is_empty(), "{format}: lines {missing:?} belong to no event");
        assert!(told.iter().all(|line| (1..=file.lines).contains(line)), "{format}: events of no line");
    }
    assert!(told.is_empty(), "{format}: events of no file");
}

/// What one event may be; gives the bytes that it holds.
fn judge(event: &Event) -> usize {
    let texts = [
        &event.user,
        &event.user_domain,
        &event.user_uid,
        &event.target_user,
        &event.group,
        &event.role,
        &event.src_host,
        &event.src_country,
        &event.host,
        &event.app,
        &event.service,
        &event.session,
        &event.auth_method,
        &event.logon_type,
        &event.device,
        &event.user_agent,
        &event.action,
        &event.resource,
        &event.http_method,
        &event.status_detail,
        &event.severity,
        &event.time_text,
        &event.reason,
    ];
    let mut bytes = event.raw.len();
    for text in texts.into_iter().flatten() {
        assert!(!text.is_empty(), "a column is absent, not empty: {event:#?}");
        assert!(text.len() <= FIELD_BYTES_MAX, "a column of {} bytes", text.len());
        bytes += text.len();
    }
    assert!(event.raw.len() <= HELD_BYTES_MAX + LINE_BYTES_MAX, "raw of {} bytes", event.raw.len());
    // The header's fields and those of a wrapper stand beside those of the record.
    assert!(event.extra.len() <= FIELDS_MAX + 64, "{} further fields", event.extra.len());
    for (key, value) in &event.extra {
        assert!(key.len() <= KEY_LENGTH, "a key of {} bytes", key.len());
        bytes += key.len() + held(value, 0);
    }
    assert_eq!(event.class == Class::Unparsed, event.reason.is_some(), "unparsed with a reason: {event:#?}");
    assert!(event.part_of.is_none_or(|id| id < event.id), "part of an earlier event");
    assert!(event.opened.is_none_or(|id| id < event.id), "opened by an earlier event");
    bytes
}

fn held(value: &Datum, depth: usize) -> usize {
    match value {
        Datum::Text(text) => {
            assert!(text.len() <= FIELD_BYTES_MAX, "a value of {} bytes", text.len());
            text.len()
        }
        Datum::List(list) => {
            assert!(list.len() <= FIELDS_MAX && depth < 64, "a list of {} at depth {depth}", list.len());
            list.iter().map(|value| held(value, depth + 1)).sum()
        }
        _ => 8,
    }
}
