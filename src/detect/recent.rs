//! The events of a rule that matter only as long as lines may be late, in order of arrival: pages of a log.
//!
//! A chain whose steps before the last are all correlations looks back at their windows; its own events wait
//! only for late ones of theirs. Most are alone in their group and soon forgotten: a stored row for each would be
//! most of what the program writes. A page is one row, written again only until it is full. Which page an event
//! stands in and when a page goes is decided by the events alone, never by when rows are taken.

use super::body::{self, Before, Reader};
use super::window::{Entry, Moment, Streams};
use crate::limits::WINDOW_KEYS_MAX;
use crate::schema::{Span, Timestamp};
use std::collections::VecDeque;

/// Events on one page.
const PAGE: usize = 128;
/// What an event takes on a page, mostly.
const ENTRY_BYTES: usize = 40;
/// Events on all pages: 625 a second at the default lateness. Past it the first page goes: what it waits for is
/// the least likely to come (the end of a file that was rotated away waits for ever), and the groups that the
/// pages hold never fill a rule alone.
const RECENT_MAX: usize = WINDOW_KEYS_MAX / 4 * 3;

/// The log.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// Rising numbers.
    pages: VecDeque<Page>,
    len: usize,
    /// Pages that have to be deleted.
    gone: Vec<u64>,
}

#[derive(Clone, Debug, Default)]
struct Page {
    number: u64,
    len: usize,
    bytes: Vec<u8>,
    before: Before,
    /// How far each of its files came.
    newest: Vec<(u64, Timestamp)>,
    changed: bool,
}

impl Recent {
    /// Adds an event.
    pub fn push(&mut self, key: &str, entry: &Entry) {
        let number = self.pages.back().map_or(0, |page| page.number + 1);
        if self.pages.back().is_none_or(|page| page.len >= PAGE) {
            let bytes = Vec::with_capacity(PAGE * ENTRY_BYTES);
            self.pages.push_back(Page { number, bytes, ..Page::default() });
        }
        let Some(page) = self.pages.back_mut() else { return };
        body::put_text(&mut page.bytes, key);
        body::put_entry(&mut page.bytes, entry, &mut page.before);
        page.note(entry);
        page.changed = true;
        self.len += 1;
    }

    /// Lets go of the pages on which nothing can matter any more, and of the first where there are too many;
    /// names what stood on them.
    pub fn expire(&mut self, streams: &Streams, span: Span, mut gone: impl FnMut(&str, Moment)) {
        let past = |page: &Page| page.newest.iter().all(|(stream, at)| streams.is_past(*stream, *at, span));
        // The first page is the next to go, except where a file with other clocks holds it: then a full last
        // page is the occasion to look at them all.
        let all = self.pages.len() > 1 && self.pages.back().is_some_and(|page| page.len >= PAGE);
        let full = self.len >= RECENT_MAX;
        if !all && !full && !self.pages.front().is_some_and(past) {
            return;
        }
        let first = self.pages.front().filter(|_| full).map(|page| page.number);
        let (pages, len) = (&mut self.pages, &mut self.len);
        pages.retain(|page| {
            let past = first == Some(page.number) || past(page);
            if past {
                page.each(|key, entry| gone(key, (entry.at, entry.id)));
                *len -= page.len;
                self.gone.push(page.number);
            }
            !past
        });
    }

    /// Puts a stored page back; false where the body is none.
    pub fn restore(&mut self, number: u64, body: &[u8]) -> bool {
        let mut page = Page { number, bytes: body.to_vec(), ..Page::default() };
        let mut reader = Reader::of(body);
        while !reader.rest().is_empty() {
            let entry = reader.text().and_then(|_| reader.entry(&mut page.before));
            match entry {
                Some(entry) if page.len < PAGE => page.note(&entry),
                _ => return false,
            }
        }
        self.len += page.len;
        let place = self.pages.partition_point(|known| known.number < number);
        self.pages.insert(place, page);
        true
    }

    /// All events, in order of arrival.
    pub fn each(&self, mut see: impl FnMut(&str, Entry)) {
        self.pages.iter().for_each(|page| page.each(&mut see));
    }

    /// Marks every page as changed.
    pub fn touch(&mut self) {
        self.pages.iter_mut().for_each(|page| page.changed = true);
    }

    /// Pages that changed since the last call; `None` = gone.
    pub fn drain(&mut self, mut row: impl FnMut(u64, Option<&[u8]>)) {
        for number in std::mem::take(&mut self.gone) {
            if self.pages.binary_search_by_key(&number, |page| page.number).is_err() {
                row(number, None);
            }
        }
        for page in self.pages.iter_mut().filter(|page| page.changed) {
            page.changed = false;
            row(page.number, Some(&page.bytes));
        }
    }
}

impl Page {
    fn note(&mut self, entry: &Entry) {
        self.len += 1;
        match self.newest.iter_mut().find(|(stream, _)| *stream == entry.stream) {
            Some((_, at)) => *at = (*at).max(entry.at),
            None => self.newest.push((entry.stream, entry.at)),
        }
    }

    fn each(&self, mut see: impl FnMut(&str, Entry)) {
        let (mut reader, mut before) = (Reader::of(&self.bytes), Before::default());
        while let Some((key, entry)) = reader.text().zip(reader.entry(&mut before)) {
            see(key, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_forgets_its_first_page_and_numbers_go_on_after_a_restart() {
        let entry = |n: usize| Entry {
            at: Timestamp(n as i64),
            id: n as u64,
            count: 1,
            nth: 1,
            stream: 7,
            value: None,
            who: Some("ana".into()),
        };
        let (mut log, mut gone) = (Recent::default(), 0);
        for n in 0..RECENT_MAX + 300 {
            log.expire(&Streams::default(), Span(i64::MAX / 2), |_, _| gone += 1);
            log.push("key", &entry(n));
        }
        assert!(log.len <= RECENT_MAX && gone == 384, "three pages went");
        let (mut again, mut deleted) = (Recent::default(), 0);
        log.drain(|number, body| match body {
            Some(body) => assert!(again.restore(number, body)),
            None => deleted += 1,
        });
        assert_eq!((again.len, deleted), (log.len, 3));
        again.push("key", &entry(1_000_000));
        log.push("key", &entry(1_000_000));
        let rows = |log: &mut Recent| {
            let mut rows = Vec::new();
            log.drain(|number, body| rows.push((number, body.map(<[u8]>::to_vec))));
            rows
        };
        assert_eq!(rows(&mut again), rows(&mut log));
        assert!(!Recent::default().restore(0, b"\x03ke"), "a torn page is none");
    }
}
