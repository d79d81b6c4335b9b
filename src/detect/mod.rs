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
//! episode whose shuffled beginning straddles the edge of a slot may get the neighbour slot's id. Two such limits
//! remain, because an alarm is never taken back: a late event that joins two episodes that were both told leaves
//! both, and limits like "fewer than" are judged by what was known.

mod body;
mod correlate;
pub mod eval;
pub mod field;
mod index;
pub mod logsource;
mod lookup;
mod memory;
pub mod moment;
mod named;
mod needs;
pub mod pattern;
mod recent;
mod report;
mod route;
pub mod rule;
mod silence;
pub mod why;
mod window;

pub use rule::RuleSet;
pub use silence::SilenceParams;

use crate::schema::{Event, Finding, Fold, Span, StateRow, Timestamp};
use eval::Facts;
use logsource::Facet;
use memory::{Keep, Memory, Overflow};
use report::JOINER;
use route::Routes;
use rule::{Body, Counting, Reference, Rule};
use silence::Silence;
use std::sync::Arc;
use window::{Group, Streams};

/// A bare detection is told again after so long without a match.
const MATCH_SILENCE: Span = Span::minutes(10);
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
    /// Stored keys that no rule in force owns.
    orphans: Vec<Box<str>>,
}

impl Detect {
    /// An empty memory.
    pub fn new(params: Params) -> Detect {
        Detect {
            memories: params
                .rules
                .rules()
                .iter()
                .map(|rule| Memory::new(keep(&params.rules, rule)))
                .collect(),
            silent_rule: params.rules.rules().iter().position(|rule| matches!(rule.body, Body::Silence)),
            silence: Silence::new(&params.sources),
            set: params.rules,
            routes: Routes::default(),
            streams: Streams::default(),
            moved: false,
            orphans: Vec::new(),
        }
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
            memory.restored(silence_of(rule));
        }
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
                match group.strip_prefix(JOINER) {
                    Some(page) => memory.restore_page(page.parse().ok()?, body.rest()).then_some(())?,
                    None => memory.restore(group, body.group()?),
                }
                Some(())
            }
        }
    }

    /// The findings that an event decides, in rule order.
    pub fn observe(&mut self, event: &Event) -> Vec<Finding> {
        self.silence.note(event);
        self.moved = true;
        self.streams.note(event);
        let set = self.set.clone();
        let facet = Facet::of(event, set.declared(&event.format));
        let mut facts = Facts::new(event, &set, &facet);
        let matched = self.routes.matching(&set, &facet, &mut facts);
        self.follow(&set, &matched, &mut facts)
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
        match self.silent_rule.and_then(|index| self.set.rule(index)) {
            Some(rule) => self.silence.tick(now, rule),
            None => Vec::new(),
        }
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
            let meta = &rule.meta;
            let entries = memory.stores_entries();
            let encode = |key: &str, group: Option<&Group>| {
                let body = group.map(|group| {
                    body::begin(&mut buffer, &meta.version);
                    body::put_group(&mut buffer, group, entries);
                    Box::from(&*buffer)
                });
                put(joined(&meta.id, &[key]), body);
            };
            memory.drain(encode, &mut folds);
            memory.drain_pages(|number, page| {
                let body = page.map(|page| {
                    body::begin(&mut buffer, &meta.version);
                    buffer.extend_from_slice(page);
                    Box::from(&*buffer)
                });
                put(joined(&meta.id, &["", &number.to_string()]), body);
            });
            if let Some(overflow) = memory.overflow.as_mut().filter(|overflow| overflow.untold) {
                overflow.untold = false;
                put(joined(OVERFLOW_RULE, &[&meta.id]), serde_json::to_vec(overflow).ok().map(Into::into));
            }
        }
        (rows, folds)
    }

    /// Takes new rules and sources, and keeps what is known of rules that did not change. Returns what has to be
    /// stored, as [`Detect::drain`] does; where a key stands twice, the last row counts.
    pub fn reload(&mut self, params: Params) -> (Vec<StateRow>, Vec<Fold>) {
        self.moved = true;
        self.memories.iter_mut().for_each(Memory::touch);
        self.silence.touch();
        let (mut rows, folds) = self.drain();
        *self = Detect::new(params);
        self.restore(&rows);
        rows.extend(self.drain().0);
        (rows, folds)
    }

    /// How many groups all rules remember together.
    pub fn entries(&self) -> usize {
        self.memories.iter().map(Memory::len).sum()
    }
}

/// How long what a rule remembers matters: its window and the lateness. In a sequence whose steps before the last
/// are all correlations, those remember the window; the rule's own events only wait for late ones of theirs.
fn keep(set: &RuleSet, rule: &Rule) -> Keep {
    let lateness = rule.meta.lateness;
    let whole = Span(silence_of(rule).0.saturating_add(lateness.0));
    let is_state =
        |reference: &Reference| set.rule(reference.rule).is_some_and(|rule| rule.correlation().is_some());
    let waits = rule
        .correlation()
        .filter(|c| c.counting == Counting::InOrder)
        .and_then(|c| c.references.split_last());
    let waits = waits.is_some_and(|(_, before)| before.iter().all(is_state));
    Keep { entries: if waits { lateness } else { whole }, episodes: whole, briefly: waits }
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

/// How long a rule must not hold before it is told again.
fn silence_of(rule: &Rule) -> Span {
    rule.correlation().map_or(MATCH_SILENCE, |correlation| correlation.timespan)
}
