//! The memory of one rule about one group: events in event time, and the episodes that were found.
//!
//! A window of `span` ends at an event and has both ends inside: 5 failures in 10 minutes are 5 events of which
//! the first and the last are at most 600 s apart. Events are kept in event time, whatever their order of
//! arrival, so a late one completes the windows that it belongs to. An *episode* is a run of moments at which
//! the rule held, no two of them further apart than `span`: one finding per episode.

use super::memory::Keep;
use crate::limits::WINDOW_EVENTS_MAX;
use crate::schema::{Event, Fold, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Episodes kept per group; an older one can only be met again by lines later than any lateness.
const EPISODES_MAX: usize = 8;
/// Files whose place in time is known: four times the files that are open at once.
const STREAMS_MAX: usize = 4 * crate::limits::OPEN_FILES_MAX;

/// Below so many events a recount is cheaper than remembering the count.
const TAIL_FROM: usize = 16;

/// Where an event stands: its time, then its id.
pub type Moment = (Timestamp, u64);

/// One event that a correlation remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its time.
    pub at: Timestamp,
    /// Its id.
    pub id: u64,
    /// Occurrences that it stands for.
    pub count: u32,
    /// Which reference of the correlation it matched.
    pub nth: u16,
    /// The file (generation) that told it.
    pub stream: u64,
    /// The value that is counted.
    pub value: Option<Box<str>>,
    /// Who it was about, for the explanation.
    pub who: Option<Box<str>>,
}

/// A run of moments at which the rule held.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// Earliest moment.
    pub first: Timestamp,
    /// Latest moment.
    pub last: Timestamp,
    /// The file that told the latest.
    pub stream: u64,
    /// Id of its finding.
    pub finding: Arc<str>,
    /// Later matches.
    pub folded: u64,
    /// The most that was counted.
    pub observed: f64,
    /// Whether a fold was not told yet.
    pub untold: bool,
}

impl Episode {
    /// What was folded since the last call.
    pub fn fold(&mut self) -> Option<Fold> {
        std::mem::take(&mut self.untold).then(|| Fold {
            finding: self.finding.clone(),
            folded: self.folded,
            observed: self.observed,
            last_event_at: self.last,
        })
    }
}

/// What is known about one group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Events, in event time.
    pub entries: VecDeque<Entry>,
    /// Episodes, oldest first.
    pub episodes: Vec<Episode>,
    /// Whether its row has to be written.
    pub changed: bool,
    /// The window that ends at the last entry, kept so that events in order cost no recount.
    tail: Option<Box<Tail>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Tail {
    head: usize,
    sum: u64,
    values: BTreeMap<Box<str>, u32>,
}

/// Moments at which a rule holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hot {
    /// The entry that decides: the first one in event time.
    pub index: usize,
    /// Time of the last one.
    pub last: Timestamp,
    /// What is counted at the first one.
    pub observed: f64,
    /// The most that is counted.
    pub most: f64,
}

/// How far each file has come in event time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Streams {
    places: BTreeMap<u64, Timestamp>,
    highest: Timestamp,
}

impl Streams {
    /// Takes note of an event.
    pub fn note(&mut self, event: &Event) {
        let place = self.places.entry(event.generation).or_insert(event.counted_at);
        *place = (*place).max(event.counted_at);
        self.highest = self.highest.max(event.counted_at);
        if self.places.len() > STREAMS_MAX {
            self.places.pop_first();
        }
    }
    /// Whether what a file told of a time can matter no more: that very file is past it by more than `span`.
    /// Each file has its own clock, so a backlog is not judged by the lines of today.
    pub fn is_past(&self, stream: u64, at: Timestamp, span: Span) -> bool {
        self.places.get(&stream).copied().unwrap_or(self.highest) > at + span
    }
}

impl Group {
    /// Forgets what can matter no more. When that is must not hang on when folds are told, so the untold ones of
    /// forgotten episodes go to `folds`.
    pub fn prune(&mut self, streams: &Streams, keep: Keep, folds: &mut Vec<Fold>) {
        while !keep.briefly
            && self.entries.front().is_some_and(|e| streams.is_past(e.stream, e.at, keep.entries))
        {
            self.pop_front();
        }
        self.episodes.retain_mut(|episode| {
            let past = streams.is_past(episode.stream, episode.last, keep.episodes);
            if past {
                folds.extend(episode.fold());
            }
            !past
        });
    }

    /// Whether nothing in it can matter any more.
    pub fn is_spent(&self, streams: &Streams, keep: Keep) -> bool {
        self.entries.iter().all(|e| !keep.briefly && streams.is_past(e.stream, e.at, keep.entries))
            && self.episodes.iter().all(|p| streams.is_past(p.stream, p.last, keep.episodes))
    }

    /// The moments of its events after a moment.
    pub fn after(&self, moment: Moment) -> impl Iterator<Item = Moment> {
        let from = self.entries.partition_point(|e| (e.at, e.id) <= moment);
        self.entries.range(from..).map(|e| (e.at, e.id))
    }

    /// Forgets one event.
    pub fn forget(&mut self, moment: Moment) {
        if let Ok(index) = self.entries.binary_search_by(|e| (e.at, e.id).cmp(&moment)) {
            self.entries.remove(index);
            self.tail = None;
        }
    }

    /// Puts an event at its place in time and returns the place.
    pub fn insert(&mut self, entry: Entry, span: Span) -> usize {
        if self.entries.len() >= WINDOW_EVENTS_MAX {
            self.pop_front();
        }
        if self.entries.is_empty() {
            // Most groups hold one event for ever: a million of them must not hold room for four.
            self.entries.reserve_exact(1);
        }
        let moment = (entry.at, entry.id);
        let index = self.entries.partition_point(|e| (e.at, e.id) <= moment);
        if let Some(tail) = &mut self.tail {
            // A late event stands inside the tail window, or before it.
            if index >= tail.head { tail.add(&entry) } else { tail.head += 1 }
        }
        self.entries.insert(index, entry);
        self.advance(span);
        index
    }

    /// The moments at which a rule holds because of the entry at `index`: that entry, and later ones whose windows
    /// reach back to it.
    pub fn hot(
        &mut self,
        index: usize,
        span: Span,
        distinct: bool,
        holds: impl Fn(f64) -> bool,
    ) -> Option<Hot> {
        let begin = self.entries.get(index)?.at;
        if index + 1 == self.entries.len()
            && let Some(tail) = &self.tail
        {
            let observed = tail.count(distinct);
            return holds(observed).then_some(Hot { index, last: begin, observed, most: observed });
        }
        let mut head = self.entries.partition_point(|e| e.at < begin - span);
        let mut window = Sliding::default();
        self.entries.range(head..index).for_each(|entry| window.add(entry));
        let mut hot: Option<Hot> = None;
        for (at, entry) in
            self.entries.iter().enumerate().skip(index).take_while(|(_, e)| e.at <= begin + span)
        {
            window.add(entry);
            while let Some(old) = self.entries.get(head).filter(|old| old.at < entry.at - span) {
                window.remove(old);
                head += 1;
            }
            let observed = window.count(distinct);
            if holds(observed) {
                let hot = hot.get_or_insert(Hot { index: at, last: entry.at, observed, most: observed });
                hot.last = entry.at;
                hot.most = hot.most.max(observed);
            }
        }
        hot
    }

    /// What the window of `span` holds that ends just before a moment (`inclusive`: with it): count, and the
    /// last moment counted.
    pub fn count_until(
        &self,
        until: Moment,
        span: Span,
        distinct: bool,
        inclusive: bool,
    ) -> Option<(f64, Moment)> {
        let to =
            self.entries.partition_point(|e| (e.at, e.id) < until || (inclusive && (e.at, e.id) == until));
        let from = self.entries.partition_point(|e| e.at < until.0 - span);
        let last = self.entries.get(to.checked_sub(1)?)?;
        (from < to).then(|| (count(self.entries.range(from..to), distinct), (last.at, last.id)))
    }

    /// The episode that a moment belongs to.
    pub fn episode_at(&mut self, at: Timestamp, span: Span) -> Option<&mut Episode> {
        self.episodes.iter_mut().find(|p| at >= p.first - span && at <= p.last + span)
    }

    /// Begins an episode; returns the oldest one where there are too many.
    pub fn begin(&mut self, episode: Episode) -> Option<Episode> {
        self.episodes.push(episode);
        (self.episodes.len() > EPISODES_MAX).then(|| self.episodes.remove(0))
    }

    fn pop_front(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        if let Some(tail) = &mut self.tail {
            match tail.head.checked_sub(1) {
                Some(head) => tail.head = head,
                None => tail.remove(&entry),
            }
        }
    }

    /// Brings the tail window up to the last entry.
    fn advance(&mut self, span: Span) {
        let Some(last) = self.entries.back().map(|e| e.at) else { return };
        let entries = &self.entries;
        if entries.len() < TAIL_FROM {
            self.tail = None;
            return;
        }
        let tail = self.tail.get_or_insert_with(|| {
            let mut tail = Tail::default();
            entries.iter().for_each(|entry| tail.add(entry));
            Box::new(tail)
        });
        while let Some(entry) = entries.get(tail.head).filter(|e| e.at < last - span) {
            tail.remove(entry);
            tail.head += 1;
        }
    }
}

impl Tail {
    fn count(&self, distinct: bool) -> f64 {
        if distinct { self.values.len() as f64 } else { self.sum as f64 }
    }
    fn add(&mut self, entry: &Entry) {
        self.sum += u64::from(entry.count);
        if let Some(value) = &entry.value {
            *self.values.entry(value.clone()).or_default() += 1;
        }
    }
    fn remove(&mut self, entry: &Entry) {
        self.sum = self.sum.saturating_sub(u64::from(entry.count));
        let Some(value) = &entry.value else { return };
        if let Some(times) = self.values.get_mut(value) {
            *times -= 1;
            if *times == 0 {
                self.values.remove(value);
            }
        }
    }
}

/// A window that slides over entries of a group.
#[derive(Default)]
struct Sliding<'a> {
    sum: u64,
    values: BTreeMap<&'a str, u32>,
}

impl<'a> Sliding<'a> {
    fn count(&self, distinct: bool) -> f64 {
        if distinct { self.values.len() as f64 } else { self.sum as f64 }
    }
    fn add(&mut self, entry: &'a Entry) {
        self.sum += u64::from(entry.count);
        if let Some(value) = entry.value.as_deref() {
            *self.values.entry(value).or_default() += 1;
        }
    }
    fn remove(&mut self, entry: &Entry) {
        self.sum = self.sum.saturating_sub(u64::from(entry.count));
        let Some(value) = entry.value.as_deref() else { return };
        if let Some(times) = self.values.get_mut(value) {
            *times -= 1;
            if *times == 0 {
                self.values.remove(value);
            }
        }
    }
}

fn count<'a>(entries: impl Iterator<Item = &'a Entry>, distinct: bool) -> f64 {
    if distinct {
        let mut values: Vec<&str> = entries.filter_map(|e| e.value.as_deref()).collect();
        values.sort_unstable();
        values.dedup();
        values.len() as f64
    } else {
        entries.map(|e| u64::from(e.count)).sum::<u64>() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(at: i64, id: u64, count: u32, value: u8) -> Entry {
        let value = Some(value.to_string().into());
        Entry { at: Timestamp(at), id, count, nth: 0, stream: 0, value, who: None }
    }

    /// The same by the definition: every window that ends at an entry, counted anew.
    fn hot_by_definition(
        entries: &[Entry],
        moment: Moment,
        span: Span,
        distinct: bool,
        limit: f64,
    ) -> Option<Hot> {
        let mut hot: Option<Hot> = None;
        for (index, end) in entries.iter().enumerate() {
            let reaches = (end.at, end.id) >= moment && end.at <= moment.0 + span;
            let window = entries.iter().take(index + 1).filter(|e| e.at >= end.at - span);
            let observed = count(window, distinct);
            if reaches && observed >= limit {
                let hot = hot.get_or_insert(Hot { index, last: end.at, observed, most: observed });
                hot.last = end.at;
                hot.most = hot.most.max(observed);
            }
        }
        hot
    }

    proptest! {
        #[test]
        fn counting_on_is_counting_anew(
            arrivals in proptest::collection::vec((0i64..60, 1u32..3, 0u8..6), 1..60),
            (span, limit, distinct, ordered) in (1i64..20, 1u32..8, any::<bool>(), any::<bool>()),
        ) {
            let (mut group, span, mut all) = (Group::default(), Span(span), Vec::new());
            let mut arrivals = arrivals;
            if ordered {
                arrivals.sort_unstable();
            }
            for (id, (at, count, value)) in arrivals.into_iter().enumerate() {
                let entry = entry(at, id as u64, count, value);
                let moment = (entry.at, entry.id);
                all.push(entry.clone());
                all.sort_by_key(|e| (e.at, e.id));
                let index = group.insert(entry, span);
                let hot = group.hot(index, span, distinct, |count| count >= f64::from(limit));
                prop_assert_eq!(hot, hot_by_definition(&all, moment, span, distinct, f64::from(limit)));
            }
        }
    }

    #[test]
    fn a_group_never_holds_more_than_its_limit() {
        let mut group = Group::default();
        for n in 0..2_000 {
            group.insert(entry(n, n as u64, 1, (n % 250) as u8), Span(1_000_000));
        }
        assert_eq!(group.entries.len(), WINDOW_EVENTS_MAX);
        let last = group.entries.len() - 1;
        let hot = group.hot(last, Span(1_000_000), false, |_| true).unwrap();
        assert_eq!(hot.observed, WINDOW_EVENTS_MAX as f64);
    }
}
