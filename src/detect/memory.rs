//! What all rules remember: a group of each rule by the values of its keys, how much of it, and what of it
//! changed since the last commit.

use super::window::{Episode, Group, Streams};
use crate::limits::WINDOW_KEYS_MAX;
use crate::schema::{Fold, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Spent groups are looked for each time a rule has gained so many.
const SWEEP_EVERY: usize = 4_096;
/// At the limit they are looked for again when event time has moved by this part of the rule's memory.
const SWEEP_PARTS: i64 = 16;

/// The memory of one rule.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// How long it matters.
    keep: Keep,
    groups: BTreeMap<Box<str>, Group>,
    changed: BTreeSet<Box<str>>,
    /// Folds of episodes that were forgotten before they were told.
    folds: Vec<Fold>,
    /// Set while the rule is full.
    pub overflow: Option<Overflow>,
}

/// What a rule had to refuse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overflow {
    /// When its finding was made.
    pub since: Timestamp,
    /// Last refusal.
    pub last: Timestamp,
    /// The finding.
    pub finding: Arc<str>,
    /// Groups refused.
    pub refused: u64,
    /// Event time of the last search for spent groups.
    pub swept: Timestamp,
    /// Whether it has to be stored again.
    #[serde(skip)]
    pub untold: bool,
}

/// How long what a rule remembers matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep {
    /// Events.
    pub entries: Span,
    /// Episodes.
    pub episodes: Span,
}

impl Memory {
    /// A memory that reaches back so far.
    pub fn new(keep: Keep) -> Memory {
        Memory { keep, ..Memory::default() }
    }

    /// A group, for reading.
    pub fn get(&self, key: &str) -> Option<&Group> {
        self.groups.get(key)
    }

    /// A group, for change; pruned. `None` where the rule is full and the group is new: one that has a history
    /// is never given up for it.
    pub fn open(&mut self, key: &str, streams: &Streams, now: Timestamp) -> Option<&mut Group> {
        if !self.groups.contains_key(key) {
            if !self.has_room(streams, now) {
                return None;
            }
            self.groups.insert(key.into(), Group::default());
        }
        if !self.changed.contains(key) {
            self.changed.insert(key.into());
        }
        let group = self.groups.get_mut(key)?;
        group.prune(streams, self.keep, &mut self.folds);
        Some(group)
    }

    fn has_room(&mut self, streams: &Streams, now: Timestamp) -> bool {
        let len = self.groups.len();
        if len >= WINDOW_KEYS_MAX {
            let pause = Span(self.keep.episodes.0 / SWEEP_PARTS);
            if self.overflow.as_ref().is_some_and(|o| now <= o.swept + pause && now >= o.swept - pause) {
                return false;
            }
            self.sweep(streams);
            if let Some(overflow) = &mut self.overflow {
                overflow.swept = now;
            }
        } else if len > 0 && len.is_multiple_of(SWEEP_EVERY) {
            self.sweep(streams);
        }
        self.groups.len() < WINDOW_KEYS_MAX
    }

    /// Lets go of groups that can matter no more.
    fn sweep(&mut self, streams: &Streams) {
        let (keep, changed, folds) = (self.keep, &mut self.changed, &mut self.folds);
        self.groups.retain(|key, group| {
            let spent = group.is_spent(streams, keep);
            if spent {
                folds.extend(group.episodes.iter_mut().filter_map(Episode::fold));
                changed.insert(key.clone());
            }
            !spent
        });
    }

    /// Marks everything as changed, so that the next [`Memory::drain`] tells all.
    pub fn touch(&mut self) {
        self.changed.extend(self.groups.keys().cloned());
        if let Some(overflow) = &mut self.overflow {
            overflow.untold = true;
        }
    }

    /// A fold to be told with the next [`Memory::drain`].
    pub fn owe(&mut self, fold: Option<Fold>) {
        self.folds.extend(fold);
    }

    /// How many groups it holds.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Puts a stored group back.
    pub fn restore(&mut self, key: &str, group: Group) {
        self.groups.insert(key.into(), group);
    }

    /// What changed since the last call: key and group (`None` = gone), and the folds not told yet.
    pub fn drain(&mut self, mut row: impl FnMut(&str, Option<&Group>), folds: &mut Vec<Fold>) {
        folds.append(&mut self.folds);
        for key in std::mem::take(&mut self.changed) {
            let Some(group) = self.groups.get_mut(&key) else {
                row(&key, None);
                continue;
            };
            folds.extend(group.episodes.iter_mut().filter_map(Episode::fold));
            if group.entries.is_empty() && group.episodes.is_empty() {
                self.groups.remove(&key);
                row(&key, None);
            } else {
                row(&key, Some(group));
            }
        }
        if let Some(overflow) =
            self.overflow.as_ref().filter(|overflow| overflow.untold && overflow.refused > 1)
        {
            folds.push(Fold {
                finding: overflow.finding.clone(),
                folded: overflow.refused.saturating_sub(1),
                observed: WINDOW_KEYS_MAX as f64,
                last_event_at: overflow.last,
            });
        }
    }
}
