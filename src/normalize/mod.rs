//! Room 2, Normalize (pure): makes each line one event, or an unparsed event with a reason.
//!
//! A line is framed ([`syslog`], or a record: `framed`), then the grammar's literals pick a message form and its
//! pattern or tests decide (`read`); what it says becomes columns (`fill`, [`mod@column`]), its stamp a time ([`timing`]).

pub mod attempt;
mod audit;
mod cef;
pub mod column;
mod csv;
mod feed;
mod fill;
mod form;
mod framed;
pub mod grammar;
mod journal;
pub mod json;
mod leef;
pub mod pairs;
mod read;
pub mod record;
mod set;
mod show;
pub mod spec;
pub mod stamp;
mod state;
pub mod syslog;
pub mod table;
pub mod timing;
pub mod value;
mod w3c;
mod xml;

use crate::schema::{Class, Datum, Event, Flag, Outcome, RawLine, Span, Timestamp};
use attempt::{AttemptKey, Attempts, Link};
use column::Draft;
use form::{Form, Scratch};
use read::Found;
use set::{Plan, Tally};
use spec::AttemptRole;
use state::Generation;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use table::Columns;
use timing::Timing;

pub use grammar::GrammarSet;
pub use set::{Explanation, SetError};

/// What `auto` looks at before it decides for good.
const AUTO_LINES: usize = 32;
/// After so many lines without evidence of a grammar a fallback is taken for good.
const AUTO_LINES_MAX: usize = 512;

/// What Normalize knows of a source.
#[derive(Clone, Debug)]
pub struct SourceParams {
    /// Name.
    pub name: Arc<str>,
    /// A grammar, a family, or `auto`.
    pub format: Arc<str>,
    /// For stamps that carry none.
    pub timezone: jiff::tz::TimeZone,
    /// How late a line may be in event time.
    pub lateness: Span,
}

struct Source {
    timing: Timing,
    format: Arc<str>,
}

/// The room: lines in, events out. Its memory (per file a watermark and the format that `auto` chose, per
/// source the login attempts that are under way) is small and is given to the store by [`Normalize::drain`].
pub struct Normalize {
    grammars: Arc<GrammarSet>,
    sources: BTreeMap<Arc<str>, Source>,
    generations: BTreeMap<u64, Generation>,
    attempts: Attempts,
    scratch: Scratch,
    dirty: BTreeSet<u64>,
    forgotten: BTreeSet<u64>,
}

impl Normalize {
    /// For these sources. A source whose format no grammar has makes unparsed events with that reason.
    pub fn new(grammars: Arc<GrammarSet>, sources: Vec<SourceParams>) -> Normalize {
        let made = |params: SourceParams| {
            let timing = Timing::new(params.timezone, params.lateness);
            (params.name, Source { timing, format: params.format })
        };
        Normalize {
            grammars,
            sources: sources.into_iter().map(made).collect(),
            generations: BTreeMap::new(),
            attempts: Attempts::new(),
            scratch: Scratch::default(),
            dirty: BTreeSet::new(),
            forgotten: BTreeSet::new(),
        }
    }

    /// Makes one event of one line. An empty line makes an unparsed event; who wants none leaves it out.
    pub fn line(&mut self, raw: RawLine, event_id: u64) -> Event {
        let generation = self.generations.entry(raw.generation).or_default();
        let fallback =
            || Source { timing: Timing::new(jiff::tz::TimeZone::UTC, Span::ZERO), format: Arc::default() };
        let source = match self.sources.get_mut(&raw.source) {
            Some(source) => source,
            None => self.sources.entry(Arc::clone(&raw.source)).or_insert_with(fallback),
        };
        let mut event = identity(&raw, event_id);
        let text = text_of(&raw.bytes, &mut event);
        let grammars = Arc::clone(&self.grammars);
        generation.columns.at_line(raw.line);
        let format = if &*source.format == "auto" {
            if generation.observe(&grammars, &text, &mut self.scratch) {
                self.dirty.insert(raw.generation);
            }
            generation.format.clone()
        } else {
            Some(Arc::clone(&source.format))
        };
        let plan = format.as_ref().and_then(|format| grammars.plan(format));
        let mut draft = Draft::of(event);
        let found = match plan {
            Some(plan) if !text.is_empty() => {
                read::find(&grammars, plan, &text, &mut generation.columns, &mut self.scratch)
            }
            _ => Found::nothing(no_plan(&text, format.as_deref())),
        };
        if generation.columns.take_changed() {
            self.dirty.insert(raw.generation);
        }
        let place = found.form();
        let form = place.and_then(|(member, form)| grammars.grammars.get(member)?.forms.get(form));
        name(&grammars, plan, format, &found, &mut draft.event);
        settle_class(form, &found, &mut draft);
        fill::fill(&grammars, found, &self.scratch, &mut draft);
        let stamp = draft.stamp.take();
        let mut event = finish(draft, form);
        event.time_text = stamp.as_ref().map(|(_, text, _)| text.as_ref().into());
        if source.timing.apply(&mut event, stamp.map(|(stamp, ..)| stamp), &mut generation.watermark) {
            self.dirty.insert(raw.generation);
        }
        if event.time.is_none() {
            event.time_text = None;
        }
        drop(text);
        if let Some(role) = form.and_then(|form| form.attempt) {
            self.link(role, place.map_or(0, |(_, form)| form), &mut event);
        }
        event.raw = raw.bytes;
        event
    }

    /// One failure that several lines tell is one event; the others are part of it.
    fn link(&mut self, role: AttemptRole, form: usize, event: &mut Event) {
        let pid = connection(event);
        let key = AttemptKey {
            source: &event.source,
            host: event.host.as_deref().unwrap_or(""),
            pid: &pid,
            user: event.user.as_deref(),
            src_ip: event.src_ip,
            form,
        };
        let link = self.attempts.link(role, key, event.counted_at, event.id, event.line);
        if let Link::PartOf { event: id, line, proves } = link {
            event.part_of = Some(id);
            event.part_of_line = Some(line);
            event.class = Class::Base;
            event.activity = "";
            event.outcome = Outcome::Unknown;
            if proves {
                // What the event of the attempt could not say: guesses are counted by it.
                event.extra.push(("credential".into(), Datum::Text("refused".into())));
            }
        }
    }

    /// The highest trusted event time that a file has shown.
    pub fn watermark(&self, generation: u64) -> Option<Timestamp> {
        self.generations.get(&generation).and_then(|generation| generation.watermark)
    }

    /// The format that `auto` chose for a file.
    pub fn chosen(&self, generation: u64) -> Option<&str> {
        self.generations.get(&generation).and_then(|generation| generation.format.as_deref())
    }

    /// A file is finished: its memory goes.
    pub fn forget(&mut self, generation: u64) {
        if self.generations.remove(&generation).is_some() {
            self.dirty.remove(&generation);
            self.forgotten.insert(generation);
        }
    }
}

/// What the lines of one connection share: its session (a VPN server is one process for all clients), else the
/// process that serves it, else the client's port.
fn connection(event: &Event) -> String {
    match (&event.session, event.extra("pid"), event.src_port) {
        (Some(session), ..) => format!("session {session}"),
        (_, Some(Datum::Int(pid)), _) => pid.to_string(),
        (_, Some(Datum::Text(pid)), _) => pid.to_string(),
        (_, _, Some(port)) => format!("port {port}"),
        _ => String::new(),
    }
}

/// Where the line stands and what Tail doubts.
fn identity(raw: &RawLine, event_id: u64) -> Event {
    Event {
        id: event_id,
        source: Arc::clone(&raw.source),
        generation: raw.generation,
        offset: raw.offset,
        length: raw.length,
        line: raw.line,
        lines: 1,
        observed_at: raw.read_at,
        count: 1,
        flags: raw.flags,
        ..Event::default()
    }
}

/// The line as text: invalid bytes as U+FFFD, without NULs, a byte order mark, or a carriage return at its end.
fn text_of<'a>(bytes: &'a [u8], event: &mut Event) -> Cow<'a, str> {
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

fn no_plan(text: &str, format: Option<&str>) -> String {
    match format {
        _ if text.is_empty() => "empty line".to_owned(),
        Some(format) => format!("no grammar is named `{format}`"),
        None => "no grammar reads the first lines of this file".to_owned(),
    }
}

/// Which grammar read it.
fn name(
    grammars: &GrammarSet,
    plan: Option<&Plan>,
    format: Option<Arc<str>>,
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
        None => event.format = format.unwrap_or_else(|| Arc::from("auto")),
    }
}

fn settle_class(form: Option<&Form>, found: &Found<'_>, draft: &mut Draft<'_>) {
    draft.event.class = match form {
        Some(form) => form.class,
        None if found.is_understood() => Class::Base,
        None => Class::Unparsed,
    };
    draft.event.reason =
        found.reason.as_deref().filter(|_| draft.event.class == Class::Unparsed).map(Into::into);
}

/// Class, activity and outcome, by what the line says where it says more than its form.
fn finish(draft: Draft<'_>, form: Option<&Form>) -> Event {
    let Draft { mut event, activity, outcome, class, .. } = draft;
    if let Some(class) = class.filter(|_| event.class != Class::Unparsed) {
        event.class = class;
    }
    let said = activity.and_then(|activity| event.class.activity(&activity));
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
    event
}

impl Generation {
    /// Lets `auto` look at a line until it has seen enough; true when anything was learned.
    fn observe(&mut self, grammars: &GrammarSet, text: &str, scratch: &mut Scratch) -> bool {
        let Some(tally) = &mut self.tally else { return false };
        grammars.vote(tally, text, &mut self.columns, scratch);
        self.format = grammars.winner(tally).map(Arc::from);
        let guessed =
            self.format.as_deref().and_then(|name| grammars.get(name)).is_some_and(|g| g.spec().fallback);
        let limit = if guessed || self.format.is_none() { AUTO_LINES_MAX } else { AUTO_LINES };
        if tally.lines >= limit {
            self.tally = None;
        }
        true
    }
}

impl Default for Generation {
    fn default() -> Generation {
        Generation {
            watermark: None,
            format: None,
            tally: Some(Tally::default()),
            columns: Columns::default(),
        }
    }
}
