//! What a long window can do without. A day of a busy gateway is more events than a rule can hold, and most of them
//! change nothing: the hundredth login of one user from one address is still one user.
//!
//! - Where **different values** are counted: an event between two others of the same value that are no further apart
//!   than the window. Every window that holds it holds one of those. Only in groups that never had enough values, where
//!   no moment can have been one at which the rule held.
//! - Where **events** are counted and enough is enough: those of one slot (a [`SLOTS`]th of the window) become one that
//!   stands for all, as long as so many newer ones stand single that the rule holds without them. The number told may
//!   then be too high by what one slot holds; whether the rule holds stays exact.
//!
//! Only events go that nothing late can come before any more. When it is done follows from the number of events
//! alone, so a restart changes nothing; and it is done when there are as many new ones as old ones, so that each event
//! is looked at twice on average.

use super::{CONDENSED, Memory, SETTLED};
use crate::detect::entry::{Entry, Text};
use crate::detect::keep::Condense;
use crate::detect::streams::Streams;
use crate::detect::window::Group;
use crate::schema::{Span, Timestamp};
use std::collections::BTreeMap;

/// Events that are collected before it is worth the work.
const CONDENSE_FROM: usize = 16_384;
/// Parts of a window of which the events may become one.
const SLOTS: i64 = 64;

impl Memory {
    /// Condenses what stands on the pages of groups with a history, where there is enough of it.
    pub(super) fn condense(&mut self, streams: &Streams) {
        let (new, old) = (self.logs[SETTLED].len(), self.logs[CONDENSED].len());
        if self.keep.condense == Condense::Never || new < CONDENSE_FROM.max(old) {
            return;
        }
        let mut members: Vec<(u32, u32)> = self.logs[SETTLED].members().collect();
        members.extend(self.logs[CONDENSED].members());
        members.sort_unstable();
        self.logs[SETTLED].clear();
        self.logs[CONDENSED].clear();
        let mut groups: Vec<&[(u32, u32)]> = members.chunk_by(|a, b| a.0 == b.0).collect();
        // By key, because places differ after a restart.
        let key =
            |own: &&[(u32, u32)]| own.first().and_then(|(place, _)| self.table.get(*place)).map(Group::key);
        groups.sort_by(|a, b| key(a).cmp(&key(b)));
        for own in groups {
            let Some((place, _)) = own.first() else { continue };
            self.condense_group(*place, own, streams);
            self.drop_spent(*place);
        }
    }

    /// Drops what a group can do without, and lays down the rest; `own`: what stood on the pages that are gone.
    fn condense_group(&mut self, place: u32, own: &[(u32, u32)], streams: &Streams) {
        let keep = self.keep;
        let Some(group) = self.table.get_mut(place) else { return };
        let had = group.has_history();
        // The first event of a group stands on a page of newcomers, which is not written anew.
        let stood = |entry: &Entry<'_>| own.binary_search(&(place, entry.id as u32)).is_ok();
        let is_past = |entry: &Entry<'_>, span| stood(entry) && streams.is_past(entry.stream, entry.at, span);
        let may_go = |entry: &Entry<'_>| !entry.heard && is_past(entry, keep.lateness);
        group.rewrite(|mut all| {
            all.retain(|entry| !is_past(entry, keep.entries));
            match keep.condense {
                Condense::Never => all,
                Condense::Values(few) => without_repeats(all, few, keep.window, may_go),
                Condense::Events(single) => in_slots(all, single, keep.window, may_go),
            }
        });
        let mut laid = 0;
        for entry in group.entries().filter(stood) {
            self.logs[CONDENSED].push(place, group.key(), &entry);
            laid += 1;
        }
        group.on_pages[SETTLED] = laid;
        match (had, group.has_history()) {
            (true, false) => self.settled -= 1,
            (false, true) => self.settled += 1,
            _ => {}
        }
    }
}

/// Without the events whose value the ones before and after them tell as well, where there were fewer than `few` values.
fn without_repeats<'a>(
    all: Vec<Entry<'a>>,
    few: usize,
    window: Span,
    may_go: impl Fn(&Entry<'_>) -> bool,
) -> Vec<Entry<'a>> {
    /// Of one value: when the last one was that stays for certain, and the one after it that may.
    struct Run {
        stays: Timestamp,
        open: Option<usize>,
    }
    let mut runs: BTreeMap<(Option<Text<'a>>, Option<&'a str>), Run> = BTreeMap::new();
    let mut stays = vec![true; all.len()];
    for (at, entry) in all.iter().enumerate() {
        let Some(run) = runs.get_mut(&(entry.text, entry.also)) else {
            runs.insert((entry.text, entry.also), Run { stays: entry.at, open: None });
            continue;
        };
        if let Some((open, before)) = run.open.and_then(|open| Some((open, all.get(open)?))) {
            if entry.at - run.stays <= window && may_go(before) {
                stays[open] = false;
            } else {
                run.stays = before.at;
            }
        }
        run.open = Some(at);
    }
    if runs.len() >= few {
        return all;
    }
    all.into_iter().zip(stays).filter_map(|(entry, stays)| stays.then_some(entry)).collect()
}

/// With those of one slot made one, the last of them, as far as `single` newer ones stay that could go as well.
fn in_slots<'a>(
    all: Vec<Entry<'a>>,
    single: usize,
    window: Span,
    may_go: impl Fn(&Entry<'_>) -> bool,
) -> Vec<Entry<'a>> {
    let Some(mut left) = all.iter().filter(|entry| may_go(entry)).count().checked_sub(single) else {
        return all;
    };
    let slot = |entry: &Entry<'_>| entry.at.0.div_euclid((window.0 / SLOTS).max(1));
    let mut kept: Vec<Entry<'a>> = Vec::with_capacity(all.len());
    let mut last_goes = false;
    for mut entry in all {
        let goes = left > 0 && may_go(&entry);
        left -= usize::from(goes);
        let same = |last: &&mut Entry<'a>| {
            (slot(last), last.stream, last.nth, last.also)
                == (slot(&entry), entry.stream, entry.nth, entry.also)
        };
        match kept.last_mut().filter(same).filter(|_| goes && last_goes) {
            Some(last) => {
                entry.count = entry.count.saturating_add(last.count);
                *last = entry;
            }
            None => kept.push(entry),
        }
        last_goes = goes;
    }
    kept
}

#[cfg(test)]
mod tests;
