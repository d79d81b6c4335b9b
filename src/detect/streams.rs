//! How far each file has come in event time.

use crate::schema::{Event, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Files whose place in time is known: four times the files that are open at once.
const STREAMS_MAX: usize = 4 * crate::limits::OPEN_FILES_MAX;
/// A file that says nothing while the others tell so many events is judged by their clock. A file that waits to be
/// read, with a clock of its own, speaks again long before: files are read in turn, one batch after the other.
const QUIET_AFTER: u64 = 65_536;

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
            self.places.remove(&stream);
            self.spoke.remove(&stream);
        }
        self.spoke.retain(|_, spoke| *spoke >= since);
        let spoke = &self.spoke;
        self.places.retain(|stream, _| spoke.contains_key(stream));
        self.last = None;
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
