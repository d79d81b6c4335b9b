//! How far each file has come in event time.

use crate::schema::{Event, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Files whose place in time is known: four times the files that are open at once.
const STREAMS_MAX: usize = 4 * crate::limits::OPEN_FILES_MAX;
/// A file that says nothing while the others tell so many events is judged by their clock. A file that waits to be
/// read, with a clock of its own, speaks again long before: files are read in turn, one batch after the other.
const QUIET_AFTER: u64 = 65_536;

/// Time of reading after which a file that said nothing is taken to be read to its end, and for which what was known of
/// all files must have stood: a file of which nothing was read yet shows itself meanwhile.
const SETTLED_AFTER: Span = crate::limits::LATENESS_DEFAULT;
/// How often that is noted.
const NOTED_EVERY: Span = Span::seconds(10);

/// The places. Each file has its own clock, so a backlog is not judged by the lines of today.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Streams {
    places: BTreeMap<u64, Timestamp>,
    highest: Timestamp,
    /// Events so far.
    #[serde(default)]
    events: u64,
    /// The number of each file's last event.
    #[serde(default)]
    spoke: BTreeMap<u64, u64>,
    /// Latest time of reading, and that of each file.
    #[serde(default)]
    read: Timestamp,
    #[serde(default)]
    heard: BTreeMap<u64, Timestamp>,
    /// Files that were read to their end and go on no more.
    #[serde(default)]
    finished: BTreeSet<u64>,
    /// Up to when all files had come, by time of reading.
    #[serde(default)]
    noted: VecDeque<(Timestamp, Timestamp)>,
    /// Up to when everything is known that is not late.
    #[serde(default)]
    through: Option<Timestamp>,
    /// How far all files had come at the last look, and when that was.
    #[serde(default)]
    come: Option<Timestamp>,
    #[serde(default)]
    looked: Timestamp,
    /// Nothing more comes up to then, not even late.
    #[serde(default)]
    closed: Option<Timestamp>,
    /// The file that spoke last, and its place: most events come from the same one.
    #[serde(skip)]
    last: Option<(u64, Timestamp)>,
}

impl Streams {
    /// Takes note of an event; true each time when memory should be looked through: after so many events, or so much
    /// time of theirs.
    pub fn note(&mut self, event: &Event) -> bool {
        let (stream, at) = (event.generation, event.counted_at);
        let place = self.places.entry(stream).or_insert(at);
        *place = (*place).max(at);
        self.last = Some((stream, *place));
        self.events += 1;
        self.read = self.read.max(event.observed_at);
        self.heard.insert(stream, event.observed_at);
        self.spoke.insert(stream, self.events);
        let minute = |at: Timestamp| at.0.div_euclid(Span::minutes(1).0);
        let before = self.highest;
        self.highest = before.max(at);
        let look = self.events.is_multiple_of(1_024);
        if look || self.places.len() > STREAMS_MAX {
            self.forget_quiet();
        }
        look || minute(self.highest) != minute(before)
    }

    fn forget_quiet(&mut self) {
        let since = self.events.saturating_sub(QUIET_AFTER);
        // A file of an older store spoke at an unknown time: its turn begins now.
        for stream in self.places.keys() {
            self.spoke.entry(*stream).or_insert(self.events);
        }
        while self.places.len() > STREAMS_MAX {
            let quietest = self.spoke.iter().min_by_key(|(_, spoke)| **spoke).map(|(stream, _)| *stream);
            let Some(stream) = quietest else { break };
            self.spoke.remove(&stream);
            let spoke = &self.spoke;
            self.places.retain(|stream, _| spoke.contains_key(stream));
        }
        self.spoke.retain(|_, spoke| *spoke >= since);
        let spoke = &self.spoke;
        self.places.retain(|stream, _| spoke.contains_key(stream));
        self.heard.retain(|stream, _| spoke.contains_key(stream));
        self.finished.retain(|stream| spoke.contains_key(stream));
        self.last = None;
    }

    /// A file was read to its end and goes on no more. True when that is so of all.
    pub fn finish(&mut self, stream: u64) -> bool {
        if self.places.contains_key(&stream) {
            self.finished.insert(stream);
        }
        self.places.keys().all(|stream| self.finished.contains(stream))
    }

    /// Nothing more comes up to a time; `None` = up to the last event.
    pub fn close(&mut self, until: Option<Timestamp>) {
        self.closed = self.closed.max(Some(until.unwrap_or(self.highest)));
    }

    /// Looks how far all files have come. In a history, which comes in order of its times, that is where the last of
    /// them is; live, it must have stood for a while.
    pub fn settle(&mut self, now: Option<Timestamp>, history: bool) {
        self.read = self.read.max(now.filter(|_| !history).unwrap_or(self.read));
        // All files are looked at, so not with each event.
        if !self.events.is_multiple_of(64) && self.read < self.looked + Span::seconds(1) {
            return;
        }
        self.looked = self.read;
        let idle = self.read - SETTLED_AFTER;
        let speaks = |stream: &u64| {
            let heard = || self.heard.get(stream).is_some_and(|heard| *heard > idle);
            !self.finished.contains(stream) && (history || heard())
        };
        let slowest = self.places.iter().filter(|(stream, _)| speaks(stream)).map(|(_, place)| *place).min();
        let come = slowest.unwrap_or_else(|| if history { self.highest } else { self.highest.max(idle) });
        self.come = self.come.max(Some(come));
        if history {
            self.through = self.come;
            return;
        }
        if self.noted.back().is_none_or(|(read, _)| self.read >= *read + NOTED_EVERY) {
            self.noted.push_back((self.read, come));
        }
        while let Some((_, come)) = self.noted.front().copied().filter(|(read, _)| *read <= idle) {
            self.through = self.through.max(Some(come));
            self.noted.pop_front();
        }
    }

    /// Up to when everything is known, lines that are so late included.
    pub fn known(&self, lateness: Span) -> Timestamp {
        let late = self.come.map(|come| come - lateness);
        let known = self.through.min(late).unwrap_or(Timestamp(i64::MIN));
        known.max(self.closed.unwrap_or(known))
    }

    /// Whether any file is past a time by more than `span`.
    pub fn has_passed(&self, at: Timestamp, span: Span) -> bool {
        self.highest > at + span
    }

    /// Whether what a file told of a time can matter no more: that very file is past it by more than `span`.
    pub fn is_past(&self, stream: u64, at: Timestamp, span: Span) -> bool {
        if self.highest <= at + span {
            return false;
        }
        let place = match self.last {
            Some((last, place)) if last == stream => place,
            _ => self.places.get(&stream).copied().unwrap_or(self.highest),
        };
        place > at + span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_ended_does_not_hold_memory_for_ever() {
        let event = |generation, seconds: i64| Event {
            generation,
            counted_at: Timestamp(seconds * 1_000_000),
            ..Event::default()
        };
        let mut streams = Streams::default();
        streams.note(&event(1, 100));
        for n in 0..1_000 {
            streams.note(&event(2, 100 + n));
        }
        assert!(!streams.is_past(1, Timestamp(100_000_000), Span::minutes(10)), "it may go on");
        assert!(streams.is_past(2, Timestamp(100_000_000), Span::minutes(10)));
        let stored = serde_json::to_vec(&streams).unwrap();
        for n in 0..70_000 {
            streams.note(&event(2, 1_100 + n / 100));
        }
        assert!(streams.is_past(1, Timestamp(100_000_000), Span::minutes(10)), "everyone else went on");
        let again: Streams = serde_json::from_slice(&stored).unwrap();
        assert_eq!((again.events, again.places.len()), (1_001, 2));
        let old: Streams = serde_json::from_slice(br#"{"places":{"1":5},"highest":9}"#).unwrap();
        assert_eq!(old.highest, Timestamp(9));
    }
}
