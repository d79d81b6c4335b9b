//! Room 2, Normalize (pure): makes each record one event, or an unparsed event with a reason.
//!
//! Mostly a line is a record. It may also hold several (`split`), or be one of several lines that are one (`join`); only
//! then is a record read.
//!
//! A record is framed ([`syslog`], or as fields: `framed`), then the grammar's literals pick a message form and its
//! pattern or tests decide (`read`); what it says becomes columns (`fill`, [`mod@column`]), its stamp a time ([`timing`]).

pub mod attempt;
mod audit;
mod auto;
mod cef;
pub mod column;
mod csv;
mod event;
mod explain;
mod feed;
mod fill;
mod form;
mod framed;
pub mod grammar;
mod hash;
mod inner;
mod join;
mod journal;
pub mod json;
mod leef;
pub mod near;
pub mod pairs;
mod path;
mod pattern;
mod pick;
mod plan;
mod read;
pub mod record;
mod repeat;
pub mod scan;
pub mod session;
mod set;
mod show;
mod slot;
pub mod spec;
mod split;
pub mod stamp;
mod state;
pub mod syslog;
pub mod table;
pub mod timing;
pub mod value;
mod w3c;
mod word;
mod wrapper;
mod xml;

use crate::limits::HELD_BYTES_TOTAL_MAX;
use crate::schema::{Class, Datum, Event, Outcome, RawLine, Span, Timestamp};
use attempt::{AttemptKey, Attempts, Link};
use auto::Tally;
use column::Draft;
use event::{Read, around, connection, finish, identity, read_record, text_of};
use form::Scratch;
use read::Memory;
use repeat::Repeat;
use session::Sessions;
use set::Plan;
use spec::{AttemptRole, Framing};
use split::{Reads, Record, Role};
use state::Generation;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use table::Columns;
use timing::Timing;
use wrapper::Line;

pub use explain::Explanation;
pub use grammar::GrammarSet;
pub use set::SetError;

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
    /// Who reads its lines; `None` for `auto`, and where no grammar has the format's name.
    plan: Option<Arc<Plan>>,
}

/// The room: lines in, events out. Its memory (per file a watermark, the format that `auto` chose, the lines of a record
/// that is not complete and the last messages; per source the login attempts that are under way and the sessions that are open) is small and is given
/// to the store by [`Normalize::drain`].
pub struct Normalize {
    grammars: Arc<GrammarSet>,
    sources: BTreeMap<Arc<str>, Source>,
    generations: BTreeMap<u64, Generation>,
    attempts: Attempts,
    sessions: Sessions,
    scratch: Scratch,
    /// Used again for each line.
    connection: String,
    /// Used again for each line.
    records: Vec<Record>,
    dirty: BTreeSet<u64>,
    /// Files of which what they hold back has changed.
    dirty_held: BTreeSet<u64>,
    /// Files that hold lines back, with their bytes.
    holding: BTreeMap<u64, usize>,
    forgotten: BTreeSet<u64>,
}

impl Normalize {
    /// For these sources. A source whose format no grammar has makes unparsed events with that reason.
    pub fn new(grammars: Arc<GrammarSet>, sources: Vec<SourceParams>) -> Normalize {
        let made = |params: SourceParams| {
            let timing = Timing::new(params.timezone, params.lateness);
            let plan = grammars.plan(&params.format).cloned();
            (params.name, Source { timing, format: params.format, plan })
        };
        let sources = sources.into_iter().map(made).collect();
        Normalize {
            grammars,
            sources,
            generations: BTreeMap::new(),
            attempts: Attempts::new(),
            sessions: Sessions::default(),
            scratch: Scratch::default(),
            connection: String::new(),
            records: Vec::new(),
            dirty: BTreeSet::new(),
            dirty_held: BTreeSet::new(),
            holding: BTreeMap::new(),
            forgotten: BTreeSet::new(),
        }
    }

    /// Takes a line in and gives the events that are complete now: none while its record is not, several where it holds
    /// several, mostly one. Their ids count up from `next_id`. An empty line makes an unparsed event; who wants none
    /// leaves it out.
    pub fn line(&mut self, raw: RawLine, next_id: u64, out: &mut Vec<Event>) {
        let (id, reads) = (raw.generation, self.reads(raw.generation, &raw.source));
        let mut records = std::mem::take(&mut self.records);
        let joiner = &mut self.generations.entry(id).or_default().joiner;
        if joiner.feed(raw, reads, &mut records) {
            self.note_held(id);
            if self.holding.len() > 1 && self.holding.values().sum::<usize>() > HELD_BYTES_TOTAL_MAX {
                self.let_out(id, &mut records);
            }
        }
        self.tell(records, next_id, out);
    }

    /// The passing of time: what was held back too long comes out.
    pub fn tick(&mut self, now: Timestamp, next_id: u64, out: &mut Vec<Event>) {
        if self.holding.is_empty() {
            return;
        }
        let mut records = std::mem::take(&mut self.records);
        for id in self.holding.keys().copied().collect::<Vec<_>>() {
            let reads = self.known_reads(id);
            let Some(generation) = self.generations.get_mut(&id) else { continue };
            if generation.joiner.tick(now, reads, &mut records) {
                self.note_held(id);
            }
        }
        self.tell(records, next_id, out);
    }

    /// No line of this file can follow: what is held back of it comes out.
    pub fn release(&mut self, generation: u64, next_id: u64, out: &mut Vec<Event>) {
        let mut records = std::mem::take(&mut self.records);
        self.let_out(generation, &mut records);
        self.tell(records, next_id, out);
    }

    /// No line can follow: everything that is held back comes out.
    pub fn flush(&mut self, next_id: u64, out: &mut Vec<Event>) {
        let mut records = std::mem::take(&mut self.records);
        for id in self.holding.keys().copied().collect::<Vec<_>>() {
            self.let_out(id, &mut records);
        }
        self.tell(records, next_id, out);
    }

    /// The lowest number of a line of this file that is held back: events of earlier lines are all told.
    pub fn held_from(&self, generation: u64) -> Option<u64> {
        self.generations.get(&generation).and_then(|known| known.joiner.first_line())
    }

    fn let_out(&mut self, id: u64, records: &mut Vec<Record>) {
        let reads = self.known_reads(id);
        let Some(generation) = self.generations.get_mut(&id).filter(|known| !known.joiner.is_idle()) else {
            return;
        };
        generation.joiner.release(reads, records);
        self.note_held(id);
    }

    fn note_held(&mut self, id: u64) {
        self.dirty_held.insert(id);
        match self.generations.get(&id).filter(|known| known.joiner.first_line().is_some()) {
            Some(known) => self.holding.insert(id, known.joiner.bytes()),
            None => self.holding.remove(&id),
        };
    }

    /// What the lines of a file may be. Kept for a file, once it cannot change.
    fn reads(&mut self, id: u64, source: &str) -> Reads {
        if let Some(reads) = self.generations.get(&id).and_then(|known| known.reads) {
            return reads;
        }
        let generation = self.generations.entry(id).or_default();
        let format = match self.sources.get(source).map(|source| &source.format) {
            Some(format) if &**format != "auto" => Some(format),
            Some(_) if generation.tally.as_ref().is_some_and(|tally| !tally.is_late()) => return Reads::ALL,
            Some(_) => generation.format.as_ref(),
            None => None,
        };
        let reads = format
            .and_then(|format| self.grammars.plan(format))
            .map_or(Reads::default(), |plan| reads_of(plan));
        generation.reads = Some(reads);
        reads
    }

    /// The same for a file of which lines are held.
    fn known_reads(&mut self, id: u64) -> Reads {
        let source = self.generations.get(&id).and_then(|known| known.joiner.source());
        source.map_or(Reads::ALL, |source| self.reads(id, &source))
    }

    /// Makes events of records.
    fn tell(&mut self, mut records: Vec<Record>, next_id: u64, out: &mut Vec<Event>) {
        let first = out.len();
        for record in records.drain(..) {
            match &record.role {
                Role::Glued(starts) if !self.is_one_message(&record) => {
                    let mut frames = Vec::new();
                    split::cut(&record.raw, starts, &mut frames);
                    for record in frames {
                        let id = next_id + (out.len() - first) as u64;
                        self.event(record, id, out);
                    }
                }
                _ => {
                    let id = next_id + (out.len() - first) as u64;
                    self.event(record, id, out);
                }
            }
        }
        self.records = records;
    }

    /// Whether a grammar reads a line as one message that matters, though it looks like several frames: then what looks
    /// like a frame may be a name that somebody chose.
    fn is_one_message(&mut self, record: &Record) -> bool {
        let generation = self.generations.get(&record.raw.generation);
        let format = match self.sources.get(&record.raw.source).map(|source| &source.format) {
            Some(format) if &**format != "auto" => Some(format),
            _ => generation.and_then(|known| known.format.as_ref()),
        };
        let Some(plan) = format.and_then(|format| self.grammars.plan(format)) else { return false };
        let text = String::from_utf8_lossy(&record.raw.bytes);
        let line = Line::of(&text);
        let mut memory = Memory { columns: &mut Columns::default(), scratch: &mut self.scratch };
        let found = read::find(&self.grammars, plan, &line, &mut memory);
        // An object is read to its end, so that what looks like a frame stands in one of its strings.
        if found.is_object() {
            return true;
        }
        let form =
            found.form().and_then(|(member, form)| self.grammars.grammars.get(member)?.forms.get(form));
        form.is_some_and(|form| form.class != Class::Base)
    }

    /// Makes one event of one record.
    fn event(&mut self, record: Record, event_id: u64, out: &mut Vec<Event>) {
        let id = record.raw.generation;
        let generation = self.generations.entry(id).or_default();
        let source = source_of(&mut self.sources, &record.raw.source);
        out.push(identity(&record, event_id));
        let Some(event) = out.last_mut() else { return };
        let text = text_of(record.text.as_ref().unwrap_or(&record.raw.bytes), event);
        let grammars = &*self.grammars;
        generation.columns.at_line(record.raw.line);
        let format = if &*source.format == "auto" {
            if record.role.is_told()
                && generation.observe(grammars, &text, record.raw.line, &mut self.scratch)
            {
                self.dirty.insert(id);
            }
            generation.format.as_ref()
        } else {
            Some(&source.format)
        };
        let plan = match &source.plan {
            Some(plan) => Some(&**plan),
            None => format.and_then(|format| grammars.plan(format)).map(|plan| &**plan),
        };
        let syslog = plan.is_some_and(|plan| !plan.framed(Framing::Syslog).is_empty());
        let repeat = if syslog { Repeat::read(&text) } else { None };
        let last = repeat.as_ref().map(|repeat| generation.last.of(repeat).cloned());
        let said = last.as_ref().and_then(Option::as_ref).map_or(&*text, |last| &last.text);
        let mut draft = Draft::of(event);
        let line = Line::of(said);
        let mut memory = Memory { columns: &mut generation.columns, scratch: &mut self.scratch };
        let mut read = read_record(grammars, plan, format, &record.role, &line, &mut memory, &mut draft);
        if generation.columns.take_changed() {
            self.dirty.insert(id);
        }
        if let (Some(repeat), Some(last)) = (&repeat, &last) {
            read.repeat(repeat, last.as_ref(), &mut draft);
        }
        let Read { place, form } = read;
        finish(&mut draft, form);
        let stamp = draft.stamp.take().map(|(stamp, text, _)| {
            draft.event.time_text = Some(text.as_ref().into());
            stamp
        });
        if source.timing.apply(event, stamp, &mut generation.watermark) {
            self.dirty.insert(id);
        }
        if event.time.is_none() {
            event.time_text = None;
        }
        if syslog && repeat.is_none() && record.role.is_told() && record.lines == 1 {
            generation.last.remember(event.host.as_deref().unwrap_or(""), event.line, &text);
            self.dirty.insert(id);
        }
        drop(text);
        if let Some(role) = form.and_then(|form| form.attempt) {
            link(&mut self.attempts, &mut self.connection, (role, place), event);
        }
        if let Some(opened) = self.sessions.link(event, place) {
            (event.opened, event.opened_line) = (Some(opened.event), Some(opened.line));
        }
        around(record, event);
    }

    /// The highest trusted event time that a file has shown.
    pub fn watermark(&self, generation: u64) -> Option<Timestamp> {
        self.generations.get(&generation).and_then(|generation| generation.watermark)
    }

    /// The format that `auto` chose for a file.
    pub fn chosen(&self, generation: u64) -> Option<&str> {
        self.generations.get(&generation).and_then(|generation| generation.format.as_deref())
    }

    /// A file is finished: its memory goes. What it holds back was to be released before.
    pub fn forget(&mut self, generation: u64) {
        if let Some(known) = self.generations.remove(&generation) {
            self.dirty.remove(&generation);
            self.dirty_held.remove(&generation);
            self.holding.remove(&generation);
            self.forgotten.insert(generation);
            if known.is_held_stored {
                self.dirty_held.insert(generation);
            }
        }
    }
}

/// A source by name; one that nobody told of has no format.
fn source_of<'s>(sources: &'s mut BTreeMap<Arc<str>, Source>, name: &Arc<str>) -> &'s mut Source {
    sources.entry(Arc::clone(name)).or_insert_with(|| Source {
        timing: Timing::new(jiff::tz::TimeZone::UTC, Span::ZERO),
        format: Arc::default(),
        plan: None,
    })
}

/// One failure that several lines tell is one event; the others are part of it.
fn link(attempts: &mut Attempts, name: &mut String, (role, form): (AttemptRole, usize), event: &mut Event) {
    connection(event, name);
    // A hint of nobody, by no process (vsftpd's `pam_unix(vsftpd:auth): check pass; user unknown`), can be
    // joined with nothing: the line beside it, which names the client, tells the attempt.
    let nobody = event.user.is_none() && event.src_ip.is_none() && event.src_host.is_none();
    if role == AttemptRole::Hints && name.is_empty() && nobody {
        (event.class, event.activity, event.outcome) = (Class::Base, "", Outcome::Unknown);
        return;
    }
    let key = AttemptKey {
        source: &event.source,
        host: event.host.as_deref().unwrap_or(""),
        pid: name,
        user: event.user.as_deref(),
        src_ip: event.src_ip,
        form,
    };
    let link = attempts.link(role, key, event.counted_at, event.id, event.line);
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

/// What the lines of a plan may be.
fn reads_of(plan: &Plan) -> Reads {
    let reads = |framings: &[Framing]| framings.iter().any(|framing| !plan.framed(*framing).is_empty());
    Reads {
        json: reads(&[Framing::Json]),
        xml: reads(&[Framing::Xml]),
        // Audit records are pairs too, and `kv` reads an audit log that no grammar is named for.
        audit: reads(&[Framing::Audit, Framing::KeyValue]),
        java: reads(&[Framing::Syslog, Framing::Plain]),
    }
}

impl Generation {
    /// Lets `auto` look at a line until it has seen enough; true when anything was learned.
    fn observe(&mut self, grammars: &GrammarSet, text: &str, number: u64, scratch: &mut Scratch) -> bool {
        let Some(tally) = self.tally.as_mut().filter(|tally| tally.wants(grammars, text, number)) else {
            return false;
        };
        let mut memory = Memory { columns: &mut self.columns, scratch };
        tally.look(grammars, &Line::of(text), &mut memory);
        let was_late = tally.is_late();
        let (format, settled) = tally.decide(grammars);
        if !was_late || settled {
            self.format = format.map(Arc::from);
        }
        if settled {
            self.tally = None;
        }
        if settled || self.tally.as_ref().is_some_and(|tally| tally.is_late() != was_late) {
            self.reads = None;
        }
        true
    }
}

impl Default for Generation {
    fn default() -> Generation {
        Generation { tally: Some(Tally::default()), ..Generation::nothing() }
    }
}
