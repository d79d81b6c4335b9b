//! The event of one record: what it is (`read`), what it says, and what is known beside.

use super::column::{Draft, Place};
use super::fill;
use super::form::Form;
use super::grammar::GrammarSet;
use super::read::{self, Found, Memory};
use super::repeat::{LastMessage, Repeat};
use super::set::Plan;
use super::split::{Record, Role};
use super::w3c;
use super::wrapper::Line;
use crate::schema::{Class, Datum, Event, Flag, Outcome};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// How a record was read.
pub(super) struct Read<'g> {
    /// Number of the form in its grammar.
    pub(super) place: usize,
    pub(super) form: Option<&'g Form>,
}

/// Finds what a record is, and fills in what it says.
pub(super) fn read_record<'a, 'g>(
    grammars: &'g GrammarSet,
    plan: Option<&Plan>,
    format: Option<&Arc<str>>,
    role: &Role,
    line: &'a Line<'a>,
    memory: &mut Memory<'_>,
    draft: &mut Draft<'a>,
) -> Read<'g> {
    let found = match (plan, role) {
        (_, Role::Cut(reason)) => Found::nothing(reason.clone()),
        (Some(plan), role) if role.is_told() && !line.whole.is_empty() => {
            read::find(grammars, plan, line, memory)
        }
        // The head of a table says nothing yet of who reads the file.
        (None, _) if format.is_none() && w3c::is_directive(line.whole) => Found::head(),
        _ => Found::nothing(no_plan(line.whole, format.map(AsRef::as_ref))),
    };
    let place = found.form();
    let form = place.and_then(|(member, form)| grammars.grammars.get(member)?.forms.get(form));
    name(grammars, plan, format, &found, draft.event);
    settle_class(form, &found, draft);
    fill::fill(grammars, found, memory.scratch, draft);
    Read { place: place.map_or(0, |(_, form)| form), form }
}

impl Read<'_> {
    /// What was read is a message that a line tells again: how often, which, and when. Of a message that nobody
    /// remembers only that is known.
    pub(super) fn repeat<'a>(
        &mut self,
        repeat: &Repeat<'a>,
        last: Option<&LastMessage>,
        draft: &mut Draft<'a>,
    ) {
        draft.event.count = repeat.count;
        draft.stamp = repeat.stamp.map(|(stamp, text)| (stamp, Cow::Borrowed(text), Some(Place::Header)));
        match last.and_then(|last| i64::try_from(last.line).ok()) {
            Some(line) => draft.event.extra.push(("repeats".into(), Datum::Int(line))),
            None => {
                (draft.event.class, draft.event.reason) = (Class::Base, None);
                (draft.activity, draft.outcome, draft.class) = (None, None, None);
                self.form = None;
            }
        }
    }
}

/// What is known of a record beside what it says.
pub(super) fn around(record: Record, event: &mut Event) {
    if record.role == Role::Frame {
        event.class = Class::Base;
        event.reason = None;
    }
    for (key, value) in record.wrapper.iter().flat_map(|fields| fields.iter()) {
        event.extra.push((key.clone(), value.clone()));
    }
    event.raw = record.raw.bytes;
}

/// What the lines of one connection share: its session (a VPN server is one process for all clients), else the
/// process that serves it, else the client's port.
pub(super) fn connection(event: &Event, name: &mut String) {
    name.clear();
    // Writing into a String cannot fail.
    let _ = match (&event.session, event.extra("pid"), event.src_port) {
        (Some(session), ..) => write!(name, "session {session}"),
        (_, Some(Datum::Int(pid)), _) => write!(name, "{pid}"),
        (_, Some(Datum::Text(pid)), _) => write!(name, "{pid}"),
        (_, _, Some(port)) => write!(name, "port {port}"),
        _ => Ok(()),
    };
}

/// Where the record stands and what Tail doubts.
pub(super) fn identity(record: &Record, event_id: u64) -> Event {
    let raw = &record.raw;
    Event {
        id: event_id,
        source: Arc::clone(&raw.source),
        generation: raw.generation,
        offset: raw.offset,
        length: raw.length,
        line: raw.line,
        lines: record.lines,
        line_list: record.line_list.clone(),
        observed_at: raw.read_at,
        count: 1,
        flags: raw.flags,
        ..Event::default()
    }
}

/// The line as text: invalid bytes as U+FFFD, without NULs, a byte order mark, or a carriage return at its end.
pub(super) fn text_of<'a>(bytes: &'a [u8], event: &mut Event) -> Cow<'a, str> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            event.flags.set(Flag::BadEncoding);
            String::from_utf8_lossy(bytes)
        }
    };
    if memchr::memchr(0, bytes).is_none() {
        return text;
    }
    event.flags.set(Flag::Nul);
    Cow::Owned(text.replace('\0', ""))
}

pub(super) fn no_plan(text: &str, format: Option<&str>) -> String {
    match format {
        _ if text.is_empty() => "empty line".to_owned(),
        Some(format) => format!("no grammar is named `{format}`"),
        None => "no grammar reads the first lines of this file".to_owned(),
    }
}

/// Which grammar read it.
pub(super) fn name(
    grammars: &GrammarSet,
    plan: Option<&Plan>,
    format: Option<&Arc<str>>,
    found: &Found<'_>,
    event: &mut Event,
) {
    let main = plan.and_then(|plan| plan.main);
    match found.member().or(main).and_then(|member| grammars.grammars.get(member)) {
        Some(grammar) => {
            event.format = Arc::clone(&grammar.name);
            event.parser = grammar.spec.version;
            if grammar.spec.fallback {
                event.flags.set(Flag::Guessed);
            }
        }
        None => event.format = format.cloned().unwrap_or_else(|| Arc::from("auto")),
    }
}

pub(super) fn settle_class(form: Option<&Form>, found: &Found<'_>, draft: &mut Draft<'_>) {
    draft.event.class = match form {
        Some(form) => form.class,
        None if found.is_understood() => Class::Base,
        None => Class::Unparsed,
    };
    draft.event.reason =
        found.reason.as_deref().filter(|_| draft.event.class == Class::Unparsed).map(Into::into);
}

/// Class, activity and outcome, by what the line says where it says more than its form.
pub(super) fn finish(draft: &mut Draft<'_>, form: Option<&Form>) {
    let Draft { event, activity, outcome, class, .. } = draft;
    if let Some(class) = class.filter(|_| event.class != Class::Unparsed) {
        event.class = class;
    }
    let said = activity.take().and_then(|activity| event.class.activity(&activity));
    event.activity = said.or(form.map(|form| form.activity)).unwrap_or("");
    event.outcome = outcome.or(form.map(|form| form.outcome)).unwrap_or_default();
    if event.class == Class::Http {
        if let (Outcome::Unknown, Some(status)) = (event.outcome, event.http_status) {
            event.outcome = if status < 400 { Outcome::Success } else { Outcome::Failure };
        }
        if event.activity.is_empty() {
            let method = event.http_method.as_deref().unwrap_or("").to_ascii_lowercase();
            event.activity = Class::Http.activity(&method).unwrap_or("");
        }
    }
}
