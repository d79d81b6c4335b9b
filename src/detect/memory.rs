//! What all rules remember: a group of each rule by the values of its keys, how much of it, and what of it
//! changed since the last commit.

use super::recent::Recent;
use super::window::{Entry, Episode, Group, Streams};
use crate::limits::WINDOW_KEYS_MAX;
use crate::schema::{Event, Fold, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Spent groups are looked for each time a rule has gained so many.
const SWEEP_EVERY: usize = 4_096;
/// At the limit they are looked for again when event time has moved by this part of the rule's memory.
const SWEEP_PARTS: i64 = 16;

/// The key of a group: its values in order. Ordered by a hash first, so that a search among 100,000 of them seldom
/// has to look at their texts; keys that were made to have one hash are still told apart, and found as fast.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    hash: u64,
    /// The values, joined.
    pub text: Arc<str>,
}

impl Key {
    /// Of joined values.
    pub fn new(text: Arc<str>) -> Key {
        let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        let hash = text.as_bytes().chunks(8).fold(text.len() as u64, |hash, chunk| {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            mix(hash, u64::from_le_bytes(word))
        });
        Key { hash, text }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Key {
        Key::new(text.into())
    }
}

/// The memory of one rule.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// How long it matters.
    keep: Keep,
    groups: BTreeMap<Key, Group>,
    /// Groups marked `changed`, and groups that are gone.
    changed: Vec<Key>,
    /// Where the groups' events are stored when they matter only as long as the lateness; a group's own row
    /// then has its episodes only.
    recent: Option<Recent>,
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
    /// Events matter only as long as lines may be late.
    pub briefly: bool,
}

impl Memory {
    /// A memory that reaches back so far.
    pub fn new(keep: Keep) -> Memory {
        Memory { keep, recent: keep.briefly.then(Recent::default), ..Memory::default() }
    }

    /// A group, for reading.
    pub fn get(&self, key: &Key) -> Option<&Group> {
        self.groups.get(key)
    }

    /// A group, for change; pruned. `None` where the rule is full and the group is new: one that has a history
    /// is never given up for it.
    pub fn open(&mut self, key: &Key, streams: &Streams, now: Timestamp) -> Option<&mut Group> {
        if !self.groups.contains_key(key) {
            if !self.has_room(streams, now) {
                return None;
            }
            self.groups.insert(key.clone(), Group::default());
        }
        let group = self.groups.get_mut(key)?;
        if !std::mem::replace(&mut group.changed, true) {
            self.changed.push(key.clone());
        }
        group.prune(streams, self.keep, &mut self.folds);
        Some(group)
    }

    /// Remembers an event of a chain; false where the rule is full.
    pub fn remember(
        &mut self,
        key: &Key,
        entry: Entry,
        span: Span,
        streams: &Streams,
        event: &Event,
    ) -> bool {
        let Some(recent) = &mut self.recent else {
            return self
                .open(key, streams, event.counted_at)
                .map(|group| group.insert(entry, span))
                .is_some();
        };
        let (groups, changed) = (&mut self.groups, &mut self.changed);
        recent.expire(streams, self.keep.entries, |key, moment| {
            let key = Key::from(key);
            let Some(group) = groups.get_mut(&key) else { return };
            group.forget(moment);
            if group.entries.is_empty() && group.episodes.is_empty() {
                if group.changed {
                    changed.push(key.clone());
                }
                groups.remove(&key);
            }
        });
        if !self.groups.contains_key(key) {
            if !self.has_room(streams, event.counted_at) {
                return false;
            }
            self.groups.insert(key.clone(), Group::default());
        }
        if let Some(recent) = &mut self.recent {
            recent.push(&key.text, &entry);
        }
        if let Some(group) = self.groups.get_mut(key) {
            group.insert(entry, span);
        }
        true
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
                changed.push(key.clone());
            }
            !spent
        });
    }

    /// Marks everything as changed, so that the next [`Memory::drain`] tells all.
    pub fn touch(&mut self) {
        for (key, group) in &mut self.groups {
            if !std::mem::replace(&mut group.changed, true) {
                self.changed.push(key.clone());
            }
        }
        self.recent.iter_mut().for_each(Recent::touch);
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

    /// Puts a stored page of recent events back; [`Memory::restored`] sorts them into their groups.
    pub fn restore_page(&mut self, number: u64, body: &[u8]) -> bool {
        self.recent.as_mut().is_some_and(|recent| recent.restore(number, body))
    }

    /// All that is stored was put back.
    pub fn restored(&mut self, span: Span) {
        let groups = &mut self.groups;
        let Some(recent) = &self.recent else { return };
        recent.each(|key, entry| {
            groups.entry(key.into()).or_default().insert(entry, span);
        });
    }

    /// Whether events are stored with their group.
    pub fn stores_entries(&self) -> bool {
        self.recent.is_none()
    }

    /// Pages of recent events that changed since the last call; `None` = gone.
    pub fn drain_pages(&mut self, row: impl FnMut(u64, Option<&[u8]>)) {
        if let Some(recent) = &mut self.recent {
            recent.drain(row);
        }
    }

    /// What changed since the last call: key and group (`None` = gone), and the folds not told yet.
    pub fn drain(&mut self, mut row: impl FnMut(&str, Option<&Group>), folds: &mut Vec<Fold>) {
        folds.append(&mut self.folds);
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        changed.dedup();
        let own_rows = self.recent.is_none();
        for key in changed {
            let Some(group) = self.groups.get_mut(&key) else {
                row(&key.text, None);
                continue;
            };
            group.changed = false;
            folds.extend(group.episodes.iter_mut().filter_map(Episode::fold));
            let has_row = !group.episodes.is_empty() || own_rows && !group.entries.is_empty();
            row(&key.text, has_row.then_some(&*group));
            if group.entries.is_empty() && group.episodes.is_empty() {
                self.groups.remove(&key);
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
