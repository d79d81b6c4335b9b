//! What one rule remembers: its groups by the values of their keys, how much of them, and what of it changed since the
//! last commit.
//!
//! **Who gives way.** A flood of forged names or addresses must not cost more than a rule's share of memory, must not
//! push out what is known about anybody else, and must not hide the attack that comes after it. So the first event of a
//! group stands on the pages of *newcomers*, and every further one on those of groups with a *history*. When all places
//! are taken, the oldest page of newcomers goes: a group that was heard of again in the meantime moves to the others, a
//! group that was not is forgotten, all but a hash of its key. A key that comes back is known by that hash and has a
//! history at once: it lost one event, and the next page does not take it. Groups with a history go with time only; they
//! may take three quarters of the places, so that there is always room for newcomers. What was forgotten is counted and
//! told (`state-overflow`).
//!
//! **Long windows** are condensed from time to time ([`condense`]), so that what they hold grows with who there is, not
//! with what they do.

mod condense;

use super::entry::Entry;
use super::keep::Keep;
use super::key::{Key, fingerprint};
use super::overflow::{Lost, Overflow};
use super::pages::{Known, Log, Page, note};
use super::streams::Streams;
use super::table::Table;
use super::window::{Episode, Group};
use crate::limits::{WINDOW_EVENTS_RULE_MAX, WINDOW_KEYS_MAX, WINDOW_KEYS_SHARE, WINDOW_KEYS_TOTAL_MAX};
use crate::schema::{Fold, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Newcomers, and groups with a history: the index of their pages.
const NEW: usize = 0;
const SETTLED: usize = 1;
/// What was left of the pages of groups with a history when they were condensed.
const CONDENSED: usize = 2;
/// How the stored pages are called.
const LOG_NAMES: [char; 3] = ['n', 'h', 'c'];

/// Whose pages a log holds: one of [`NEW`] and [`SETTLED`].
fn side_of(log: usize) -> usize {
    log.min(SETTLED)
}
const KNOWN_NAME: char = 'k';
/// Groups without events that are looked at to find one that can go.
const ENDS_TRIED: usize = 128;

/// The memory of one rule.
#[derive(Debug, Default)]
pub struct Memory {
    keep: Keep,
    table: Table,
    /// How many groups all rules have.
    total: Arc<AtomicUsize>,
    logs: [Log; 3],
    known: Known,
    /// Groups that have a history.
    settled: usize,
    /// When episodes end, as far as known when they were put here; and whose they are.
    ends: BTreeSet<(Timestamp, u32)>,
    /// Groups marked `changed`.
    changed: Vec<u32>,
    /// Groups that are gone and have a row.
    gone: Vec<Box<str>>,
    /// Folds of episodes that were forgotten before they were told.
    folds: Vec<Fold>,
    /// What was lost since [`Memory::take_lost`].
    lost: Lost,
    /// Stored pages that wait for [`Memory::restored`].
    waiting: Vec<(char, u64, Box<[u8]>)>,
    /// Set while the rule is full.
    pub overflow: Option<Overflow>,
}

impl Memory {
    /// A memory that reaches back so far; `total` is that of all rules.
    pub fn new(keep: Keep, total: &Arc<AtomicUsize>) -> Memory {
        Memory { keep, total: total.clone(), ..Memory::default() }
    }

    /// Takes over what another memory of the same rule holds.
    pub fn take_over(&mut self, old: Memory) {
        let total = std::mem::take(&mut self.total);
        total.fetch_add(old.table.len(), Ordering::Relaxed);
        *self = Memory { total, ..old };
    }

    /// How many groups it may hold.
    fn limit(&self) -> usize {
        let full = self.total.load(Ordering::Relaxed) >= WINDOW_KEYS_TOTAL_MAX;
        if full { WINDOW_KEYS_SHARE } else { WINDOW_KEYS_MAX }
    }

    /// A new group.
    fn insert(&mut self, key: &str) -> u32 {
        self.total.fetch_add(1, Ordering::Relaxed);
        self.table.insert(key)
    }

    /// How long it matters, and how it counts.
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// The same memory, for as long as it matters now.
    pub fn kept_for(self, keep: Keep) -> Memory {
        Memory { keep, ..self }
    }

    /// A group, for reading.
    pub fn get(&self, key: &Key) -> Option<&Group> {
        self.table.get(self.table.find(&key.text)?)
    }

    /// The place of a group that there is.
    pub fn find(&self, key: &str) -> Option<u32> {
        self.table.find(key)
    }

    /// The place of a group; a new one where there is none. `None` where the rule is full of groups that have a
    /// history.
    pub fn open(&mut self, key: &Key) -> Option<u32> {
        if let Some(place) = self.table.find(&key.text) {
            return Some(place);
        }
        while self.table.len() >= self.limit() {
            match self.logs[NEW].pop() {
                Some(page) => self.displace(&page),
                None if self.end_oldest() => {}
                None => {
                    self.lost.groups += 1;
                    return None;
                }
            }
        }
        Some(self.insert(&key.text))
    }

    /// A group by its place.
    pub fn group(&self, place: u32) -> Option<&Group> {
        self.table.get(place)
    }

    /// Remembers an event; `None` where the rule is full.
    pub fn remember(&mut self, key: &Key, entry: &Entry<'_>) -> Option<u32> {
        let place = self.open(key)?;
        let group = self.table.get(place)?;
        let is_back =
            || group.on_pages == [0, 0] && !self.known.is_empty() && self.known.has(fingerprint(&key.text));
        let seen = group.on_pages[NEW] > 0 || is_back();
        // A quarter of the places is always open to newcomers.
        let room = self.settled < self.limit() / 4 * 3;
        let side = if group.has_history() || seen && room { SETTLED } else { NEW };
        self.logs[side].push(place, &key.text, entry);
        self.put(place, side, entry);
        while self.logs.iter().map(Log::len).sum::<usize>() > WINDOW_EVENTS_RULE_MAX {
            match self.logs[NEW].pop() {
                Some(page) => self.displace(&page),
                None => {
                    let oldest = self.logs[CONDENSED].pop().or_else(|| self.logs[SETTLED].pop());
                    let Some(page) = oldest else { break };
                    self.lost.events += page.members.len() as u64;
                    let latest = page.latest();
                    page.members.iter().for_each(|(place, id)| self.take(*place, SETTLED, *id, latest));
                }
            }
        }
        Some(place)
    }

    /// Remembers a match of a correlation; `None` where nothing is new, or the rule is full.
    pub fn remember_match(&mut self, key: &Key, entry: &Entry<'_>) -> Option<u32> {
        let known = self.get(key).and_then(|group| group.heard(entry));
        if known.is_some_and(|old| old.at <= entry.at) {
            return None;
        }
        self.remember(key, entry)
    }

    /// Gives an event to its group.
    fn put(&mut self, place: u32, side: usize, entry: &Entry<'_>) {
        let keep = self.keep;
        let Some(group) = self.table.get_mut(place) else { return };
        let had = group.has_history();
        group.on_pages[side] += 1;
        // A match that is told anew only ever moves to an earlier time.
        let before = if entry.heard { group.heard(entry).map(|old| old.at) } else { None };
        if before.is_none_or(|at| entry.at < at) {
            before.iter().for_each(|_| group.forget(entry.id as u32, &keep.counting));
            group.insert(entry, keep.window, &keep.counting);
        }
        self.settled += usize::from(group.has_history() && !had);
    }

    /// Takes an event of a page from its group, and forgets the group where it was the last.
    fn take(&mut self, place: u32, side: usize, id: u32, latest: Timestamp) {
        let counting = self.keep.counting;
        let Some(group) = self.table.get_mut(place) else { return };
        let had = group.has_history();
        group.on_pages[side] = group.on_pages[side].saturating_sub(1);
        group.forget_through(id, latest, &counting);
        self.settled -= usize::from(had && !group.has_history());
        self.drop_spent(place);
    }

    fn drop_spent(&mut self, place: u32) {
        if self.table.get(place).is_some_and(Group::is_spent)
            && let Some(group) = self.table.remove(place)
        {
            self.total.fetch_sub(1, Ordering::Relaxed);
            self.gone.extend(group.has_row.then(|| Box::from(group.key())));
        }
    }

    /// A page of newcomers gives way: groups that were heard of again move over, the others are forgotten.
    fn displace(&mut self, page: &Page) {
        let latest = page.latest();
        let (mut hashes, mut newest) = (Vec::new(), Vec::new());
        for (place, id) in &page.members {
            let Some(group) = self.table.get_mut(*place) else { continue };
            let entry = group.find(*id);
            if group.has_history() {
                if let Some(entry) = entry {
                    self.logs[SETTLED].push(*place, group.key(), &entry);
                    group.on_pages[SETTLED] += 1;
                }
                group.on_pages[NEW] = group.on_pages[NEW].saturating_sub(1);
                continue;
            }
            entry.iter().for_each(|entry| note(&mut newest, entry));
            hashes.push(fingerprint(group.key()));
            self.lost.groups += 1;
            self.take(*place, NEW, *id, latest);
        }
        self.known.push(newest, hashes);
    }

    /// Lets go of the group without events whose episode ended first.
    fn end_oldest(&mut self) -> bool {
        let (mut from, mut tried) = ((Timestamp(i64::MIN), 0), 0);
        while tried < ENDS_TRIED {
            let Some(end) = self.ends.range(from..).next().copied() else { return false };
            let Some(group) = self.refresh(end) else { continue };
            if group.on_pages == [0, 0] {
                let ended = std::mem::take(&mut group.episodes);
                self.folds.extend(ended.into_iter().filter_map(|mut episode| episode.fold()));
                self.ends.remove(&end);
                self.settled -= 1;
                self.lost.groups += 1;
                self.drop_spent(end.1);
                return true;
            }
            tried += 1;
            from = (end.0, end.1 + 1);
        }
        false
    }

    /// The group of an end, where an episode ends then; else the end is replaced by those that are true.
    fn refresh(&mut self, end: (Timestamp, u32)) -> Option<&mut Group> {
        let lasts: Vec<Timestamp> = self
            .table
            .get(end.1)
            .map_or_else(Vec::new, |group| group.episodes.iter().map(|e| e.last).collect());
        if !lasts.contains(&end.0) {
            self.ends.remove(&end);
            self.ends.extend(lasts.into_iter().map(|last| (last, end.1)));
            return None;
        }
        self.table.get_mut(end.1)
    }

    /// Lets go of what can matter no more; `judged`: up to when the rule was judged, if it waits.
    pub fn look(&mut self, streams: &Streams, judged: Option<Timestamp>) {
        for log in 0..self.logs.len() {
            for page in self.logs[log].past(streams, self.keep.entries, judged) {
                let latest = page.latest();
                page.members.iter().for_each(|(place, id)| self.take(*place, side_of(log), *id, latest));
            }
        }
        if judged.is_none() {
            self.condense(streams);
        }
        self.known.expire(streams, self.keep.entries);
        self.look_at_episodes(streams, judged);
    }

    fn look_at_episodes(&mut self, streams: &Streams, judged: Option<Timestamp>) {
        let mut from = (Timestamp(i64::MIN), 0);
        while let Some(end) = self.ends.range(from..).next().copied() {
            let span = self.keep.episodes;
            let is_open = judged.is_some_and(|judged| end.0 + span > judged);
            if is_open || !streams.has_passed(end.0, span) {
                return;
            }
            let Some(group) = self.refresh(end) else { continue };
            let mut folds = Vec::new();
            let is_past = |e: &Episode| e.last == end.0 && streams.is_past(e.stream, e.last, span);
            group.episodes.retain_mut(|episode| {
                let past = is_past(episode);
                if past {
                    folds.extend(episode.fold());
                }
                !past
            });
            let left = group.episodes.iter().any(|e| e.last == end.0);
            let had = !group.has_history();
            self.folds.append(&mut folds);
            if left {
                from = (end.0, end.1 + 1);
                continue;
            }
            self.settled -= usize::from(had);
            self.ends.remove(&end);
            self.mark(end.1);
            self.drop_spent(end.1);
        }
    }

    /// A group by its place, for change; its row has to be written.
    pub fn group_mut(&mut self, place: u32) -> Option<&mut Group> {
        self.mark(place);
        self.table.get_mut(place)
    }

    /// Its row has to be written.
    pub fn mark(&mut self, place: u32) {
        if let Some(group) = self.table.get_mut(place)
            && !std::mem::replace(&mut group.changed, true)
        {
            self.changed.push(place);
        }
    }

    /// Begins an episode of a group.
    pub fn begin(&mut self, place: u32, episode: Episode) {
        self.ends.insert((episode.last, place));
        let Some(group) = self.table.get_mut(place) else { return };
        self.settled += usize::from(!group.has_history());
        let oldest = group.begin(episode);
        self.folds.extend(oldest.and_then(|mut episode| episode.fold()));
        self.mark(place);
    }

    /// What a full rule let go of since the last call.
    pub fn take_lost(&mut self) -> Lost {
        std::mem::take(&mut self.lost)
    }

    /// All groups with their places.
    pub fn groups(&self) -> impl Iterator<Item = (u32, &Group)> {
        self.table.places().into_iter().filter_map(|place| Some((place, self.table.get(place)?)))
    }

    /// How many groups it holds.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Puts stored episodes back.
    pub fn restore(&mut self, key: &str, episodes: Vec<Episode>) {
        let place = self.table.find(key).unwrap_or_else(|| self.insert(key));
        self.ends.extend(episodes.iter().map(|episode| (episode.last, place)));
        if let Some(group) = self.table.get_mut(place) {
            self.settled += usize::from(!group.has_history() && !episodes.is_empty());
            group.episodes = episodes;
            group.has_row = true;
        }
    }

    /// Takes an event of the store of an older version.
    pub fn restore_old(&mut self, key: &str, entry: &Entry<'_>) {
        let place = self.table.find(key).unwrap_or_else(|| self.insert(key));
        self.logs[SETTLED].push(place, key, entry);
        self.put(place, SETTLED, entry);
    }

    /// Takes a stored page; [`Memory::restored`] puts all of them back. False where there is no such page.
    pub fn restore_page(&mut self, name: &str, body: &[u8]) -> bool {
        let mut chars = name.chars();
        let log = chars.next().filter(|log| LOG_NAMES.contains(log) || *log == KNOWN_NAME);
        let Some((log, number)) = log.zip(chars.as_str().parse().ok()) else { return false };
        self.waiting.push((log, number, body.into()));
        true
    }

    /// All that is stored was given. Names what made no sense.
    pub fn restored(&mut self) -> Vec<String> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_unstable_by_key(|(log, number, _)| (*log, *number));
        let mut torn = Vec::new();
        for (log, number, body) in waiting {
            let restored = match LOG_NAMES.iter().position(|name| *name == log) {
                Some(log) => self.restore_log_page(log, number, &body),
                None => self.known.restore(number, &body).is_some(),
            };
            if !restored {
                torn.push(format!("{log}{number}"));
            }
        }
        torn
    }

    fn restore_log_page(&mut self, at: usize, number: u64, body: &[u8]) -> bool {
        let mut log = std::mem::take(&mut self.logs[at]);
        let restored = log.restore(number, body, |key, entry| {
            let place = self.table.find(key).unwrap_or_else(|| self.insert(key));
            self.put(place, side_of(at), entry);
            place
        });
        self.logs[at] = log;
        restored
    }

    /// What changed since the last call: rows by name (`None` = gone), those of groups and those of pages, and the
    /// folds not told yet.
    pub fn drain(&mut self, mut row: impl FnMut(Row<'_>), folds: &mut Vec<Fold>) {
        folds.append(&mut self.folds);
        let mut gone = std::mem::take(&mut self.gone);
        gone.sort_unstable();
        gone.iter().for_each(|key| row(Row::Group(key, None)));
        let mut changed = std::mem::take(&mut self.changed);
        changed.retain(|place| self.table.get(*place).is_some_and(|group| group.changed));
        changed.sort_unstable_by(|a, b| {
            let key = |place: &u32| self.table.get(*place).map_or("", Group::key);
            key(a).cmp(key(b))
        });
        changed.dedup();
        for place in changed {
            let Some(group) = self.table.get_mut(place) else { continue };
            group.changed = false;
            folds.extend(group.episodes.iter_mut().filter_map(Episode::fold));
            let has_row = !group.episodes.is_empty();
            if has_row || group.has_row {
                row(Row::Group(group.key(), has_row.then_some(&group.episodes)));
            }
            group.has_row = has_row;
        }
        for (log, name) in self.logs.iter_mut().zip(LOG_NAMES) {
            log.drain(|number, body| row(Row::Page(&format!("{name}{number}"), body)));
        }
        self.known.drain(|number, body| row(Row::Page(&format!("{KNOWN_NAME}{number}"), body)));
        if let Some(overflow) = self.overflow.as_ref().filter(|overflow| overflow.untold) {
            let lost = overflow.refused + overflow.forgotten;
            folds.extend((lost > 1).then(|| Fold {
                finding: overflow.finding.clone(),
                folded: lost - 1,
                observed: overflow.groups as f64,
                last_event_at: overflow.last,
            }));
        }
    }

    /// The rows that are stored of it, to be deleted.
    pub fn each_row(&self, mut row: impl FnMut(Row<'_>)) {
        self.gone.iter().for_each(|key| row(Row::Group(key, None)));
        for place in self.table.places() {
            if let Some(group) = self.table.get(place).filter(|group| group.has_row) {
                row(Row::Group(group.key(), None));
            }
        }
        for (log, name) in self.logs.iter().zip(LOG_NAMES) {
            log.numbers().for_each(|number| row(Row::Page(&format!("{name}{number}"), None)));
        }
        self.known.numbers().for_each(|number| row(Row::Page(&format!("{KNOWN_NAME}{number}"), None)));
    }
}

/// A row to store; `None` = to delete.
pub enum Row<'a> {
    /// A group's episodes, by its key.
    Group(&'a str, Option<&'a Vec<Episode>>),
    /// A page, by its name.
    Page(&'a str, Option<&'a [u8]>),
}
