//! Room 3, Detect: moves windows by event time and says what is wrong, with evidence. Pure.
//!
//! **When a finding is made.** As soon as an event completes a window; nothing waits for late lines. One finding
//! per rule and group until the rule did not hold for one window (for a bare detection: ten minutes); matches in
//! between are folded into it and counted.
//!
//! **Order.** Events inside a rule's lateness may arrive in any order. Which rule finds which group, and in which
//! episodes, does not depend on it: windows hold events by event time, and a late one completes the windows that
//! it belongs to. What does depend on it is what was known at the moment of the decision: the deciding event, the
//! evidence, the count. A finding's id is rule, group and the window-long slot of event time of the decision; an
//! episode whose shuffled beginning straddles the edge of a slot may get the neighbour slot's id. Such limits
//! remain, because an alarm is never taken back: a late event that joins two episodes that were both told leaves
//! both; limits like "fewer than" are judged by what was known; and so is what a count gives way to (`unless`): it
//! excuses what is judged after it came.

mod body;
mod chain;
mod correlate;
mod counter;
mod entry;
pub mod eval;
mod excuse;
pub mod field;
mod index;
mod keep;
mod key;
pub mod logsource;
mod lookup;
mod memory;
pub mod moment;
mod named;
mod needs;
mod older;
mod overflow;
mod pages;
pub mod pattern;
mod report;
mod route;
pub mod rule;
mod sequence;
pub mod series;
mod silence;
mod streams;
pub mod surprise;
mod table;
mod waiting;
pub mod why;
mod window;

pub use rule::RuleSet;
pub use silence::SilenceParams;

use crate::schema::{Event, Finding, Fold, Span, StateRow, Timestamp};
use eval::Facts;
use keep::keep;
use logsource::Facet;
use memory::{Memory, Row};
use overflow::Overflow;
use report::JOINER;
use route::Routes;
use rule::Body;
use silence::Silence;
use std::sync::Arc;
use streams::Streams;
use waiting::Waiting;

/// A bare detection is told again after so long without a match.
pub const MATCH_SILENCE: Span = Span::minutes(10);
/// Id of the finding that a rule's memory is full.
pub const OVERFLOW_RULE: &str = "state-overflow";
/// Id of the rule about silent sources.
pub const SILENT_RULE: &str = "source-silent";
/// State key of the files' places in time.
const STREAMS_KEY: &str = "\u{1f}streams";

/// What the room works with.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// The configured sources.
    pub sources: Vec<SilenceParams>,
}

/// The room.
#[derive(Debug)]
pub struct Detect {
    set: Arc<RuleSet>,
    silent_rule: Option<usize>,
    routes: Routes,
    streams: Streams,
    moved: bool,
    memories: Vec<Memory>,
    silence: Silence,
    /// Rules that are judged only when nothing may come any more, and what waits for that.
    waiting: Vec<(usize, Waiting)>,
    history: bool,
    /// Stored keys that no rule in force owns.
    orphans: Vec<Box<str>>,
}

impl Detect {
    /// An empty memory.
    pub fn new(params: Params) -> Detect {
        let total = Arc::default();
        Detect {
            memories: params
                .rules
                .rules()
                .iter()
                .enumerate()
                .map(|(index, rule)| Memory::new(keep(&params.rules, index, rule), &total))
                .collect(),
            silent_rule: params.rules.rules().iter().position(|rule| matches!(rule.body, Body::Silence)),
            silence: Silence::new(&params.sources),
            waiting: Detect::waits(&params),
            history: false,
            set: params.rules,
            routes: Routes::default(),
            streams: Streams::default(),
            moved: false,
            orphans: Vec::new(),
        }
    }

    /// For lines that come in order of their times and end, as in a replay: nothing has to be waited for.
    pub fn of_history(self) -> Detect {
        Detect { history: true, ..self }
    }

    /// Puts back what was stored. Rows of a rule that is gone or was changed are forgotten, and deleted with the
    /// next [`Detect::drain`].
    pub fn restore(&mut self, rows: &[StateRow]) {
        for row in rows.iter().filter(|row| row.room == "detect") {
            let Some(body) = row.body.as_deref() else { continue };
            if self.restore_row(&row.key, body).is_none() {
                self.orphans.push(row.key.clone());
            }
        }
        for (rule, memory) in self.set.rules().iter().zip(&mut self.memories) {
            let torn = memory.restored().into_iter().map(|page| joined(&rule.meta.id, &["", &page]));
            self.orphans.extend(torn);
        }
        self.wait_again();
    }

    fn restore_row(&mut self, key: &str, body: &[u8]) -> Option<()> {
        if key == STREAMS_KEY {
            self.streams = serde_json::from_slice(body).ok()?;
            return Some(());
        }
        let (rule, group) = key.split_once(JOINER)?;
        match rule {
            SILENT_RULE => self.silence.restore(group, body).then_some(()),
            OVERFLOW_RULE => {
                let overflow: Overflow = serde_json::from_slice(body).ok()?;
                self.memories.get_mut(self.set.find(group)?)?.overflow = Some(overflow);
                Some(())
            }
            rule => {
                let index = self.set.find(rule)?;
                let body = body::open(body, &self.set.rule(index)?.meta.version)?;
                let memory = self.memories.get_mut(index)?;
                match (body, group.strip_prefix(JOINER)) {
                    (body::Body::New(reader), Some(page)) => {
                        memory.restore_page(page, reader.bytes.get(reader.place..)?).then_some(())
                    }
                    (body::Body::New(mut reader), None) => {
                        memory.restore(group, body::episodes(&mut reader, false)?);
                        Some(())
                    }
                    (body::Body::Old(mut reader), None) => older::old_group(memory, group, &mut reader),
                    (body::Body::Old(mut reader), Some(_)) => {
                        older::old_page(memory, &mut reader)?;
                        // Pages have other names now.
                        None
                    }
                }
            }
        }
    }

    /// The findings that an event decides, in rule order.
    pub fn observe(&mut self, event: &Event) -> Vec<Finding> {
        self.silence.note(event);
        self.moved = true;
        if self.streams.note(event) {
            for (index, memory) in self.memories.iter_mut().enumerate() {
                let waits = self.waiting.iter().any(|(rule, _)| *rule == index);
                let rule = self.set.rule(index).filter(|_| waits);
                memory.look(&self.streams, rule.map(|rule| self.streams.known(rule.meta.lateness)));
            }
        }
        let set = self.set.clone();
        let facet = Facet::of(event, set.declared(&event.format));
        let mut facts = Facts::new(event, &set, &facet);
        let matched = self.routes.matching(&set, &facet, &mut facts);
        let mut found = self.follow(&set, &matched, &mut facts);
        found.extend(self.judge_known(None));
        found
    }

    /// The detections that an event fits, by their index, in rule order. Nothing is remembered.
    pub fn matching(&mut self, event: &Event) -> Vec<usize> {
        let set = self.set.clone();
        let facet = Facet::of(event, set.declared(&event.format));
        self.routes.matching(&set, &facet, &mut Facts::new(event, &set, &facet))
    }

    /// How long a source has been silent past its limit; `None` = it is not.
    pub fn silent_since(&self, source: &str, now: Timestamp) -> Option<Span> {
        self.silence.since(source, now)
    }

    /// What the passing of time decides: silent sources.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Finding> {
        let mut found = match self.silent_rule.and_then(|index| self.set.rule(index)) {
            Some(rule) => self.silence.tick(now, rule),
            None => Vec::new(),
        };
        found.extend(self.judge_known(Some(now)));
        found
    }

    /// A file was read to its end and goes on no more; what that decides.
    pub fn finished(&mut self, generation: u64) -> Vec<Finding> {
        self.moved = true;
        let all = self.streams.finish(generation);
        if all && self.history { self.passed(None) } else { Vec::new() }
    }

    /// Nothing more comes up to a time (`None`: up to the last event); what that decides.
    pub fn passed(&mut self, until: Option<Timestamp>) -> Vec<Finding> {
        self.moved = true;
        self.streams.close(until);
        self.judge_known(None)
    }

    /// Memory that changed, and folds, since the last call.
    pub fn drain(&mut self) -> (Vec<StateRow>, Vec<Fold>) {
        let (mut rows, mut folds) = (Vec::new(), Vec::new());
        let mut put = |key: Box<str>, body: Option<Box<[u8]>>| {
            rows.push(StateRow { room: "detect", key, body });
        };
        std::mem::take(&mut self.orphans).into_iter().for_each(|key| put(key, None));
        if std::mem::take(&mut self.moved)
            && let Ok(body) = serde_json::to_vec(&self.streams)
        {
            put(STREAMS_KEY.into(), Some(body.into()));
        }
        self.silence.drain(|source, body| put(joined(SILENT_RULE, &[source]), Some(body.into())));
        let mut buffer = Vec::new();
        for (rule, memory) in self.set.rules().iter().zip(&mut self.memories) {
            memory.drain(|row| put_row(&rule.meta, row, &mut buffer, &mut put), &mut folds);
            if let Some(overflow) = memory.overflow.as_mut().filter(|overflow| overflow.untold) {
                overflow.untold = false;
                put(
                    joined(OVERFLOW_RULE, &[&rule.meta.id]),
                    serde_json::to_vec(overflow).ok().map(Into::into),
                );
            }
        }
        folds.sort_by(|a, b| a.finding.cmp(&b.finding));
        (rows, folds)
    }

    /// Takes new rules and sources, and keeps what is known of rules that did not change. Returns what has to be
    /// stored, as [`Detect::drain`] does; where a key stands twice, the last row counts.
    pub fn reload(&mut self, params: Params) -> (Vec<StateRow>, Vec<Fold>) {
        self.silence.touch();
        self.moved = true;
        let (mut rows, folds) = self.drain();
        let mut next = Detect { history: self.history, ..Detect::new(params) };
        for (rule, memory) in self.set.rules().iter().zip(std::mem::take(&mut self.memories)) {
            let same = next.set.find(&rule.meta.id).filter(|index| {
                next.set.rule(*index).is_some_and(|new| new.meta.version == rule.meta.version)
            });
            match same.and_then(|index| next.memories.get_mut(index)) {
                Some(new) if new.keep().counts_like(memory.keep()) => {
                    let keep = new.keep();
                    new.take_over(memory.kept_for(keep));
                }
                _ => {
                    let mut gone = |key, body| rows.push(StateRow { room: "detect", key, body });
                    let mut buffer = Vec::new();
                    memory.each_row(|row| put_row(&rule.meta, row, &mut buffer, &mut gone));
                    if memory.overflow.is_some() {
                        gone(joined(OVERFLOW_RULE, &[&rule.meta.id]), None);
                    }
                }
            }
        }
        *self = next;
        let prefix = joined(SILENT_RULE, &[""]);
        let own = |row: &&StateRow| *row.key == *STREAMS_KEY || row.key.starts_with(&*prefix);
        let kept: Vec<StateRow> = rows.iter().filter(own).cloned().collect();
        self.restore(&kept);
        // restore() has found again what waits.
        rows.extend(self.drain().0);
        (rows, folds)
    }

    /// How many groups all rules remember together.
    pub fn entries(&self) -> usize {
        self.memories.iter().map(Memory::len).sum()
    }

    /// How many groups and events the rules in force had to let go of.
    pub fn evicted(&self) -> u64 {
        self.memories
            .iter()
            .filter_map(|memory| memory.overflow.as_ref())
            .map(|o| o.refused + o.forgotten)
            .sum()
    }
}

/// A row of a rule's memory, as it is stored.
fn put_row(
    meta: &rule::Meta,
    row: Row<'_>,
    buffer: &mut Vec<u8>,
    put: &mut impl FnMut(Box<str>, Option<Box<[u8]>>),
) {
    match row {
        Row::Group(key, episodes) => {
            let body = episodes.map(|episodes| {
                body::begin(buffer, &meta.version);
                body::put_episodes(buffer, episodes);
                Box::from(&**buffer)
            });
            put(joined(&meta.id, &[key]), body);
        }
        Row::Page(name, bytes) => {
            let body = bytes.map(|bytes| {
                body::begin(buffer, &meta.version);
                buffer.extend_from_slice(bytes);
                Box::from(&**buffer)
            });
            put(joined(&meta.id, &["", name]), body);
        }
    }
}

/// The key of a stored row. A group's values are never empty, so an empty one in front marks a page of recent
/// events.
fn joined(rule: &str, parts: &[&str]) -> Box<str> {
    let length = rule.len() + parts.iter().map(|part| part.len() + JOINER.len_utf8()).sum::<usize>();
    let mut key = String::with_capacity(length);
    key.push_str(rule);
    for part in parts {
        key.push(JOINER);
        key.push_str(part);
    }
    key.into()
}
