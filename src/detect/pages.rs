//! The events of a rule in order of arrival, as pages of a log: this is what is stored of them.
//!
//! A row for each group would be most of what the program writes: a group of a hundred events would be written anew
//! with each one. A page is one row and is written again only until it is full. Which page an event stands on and
//! when a page goes is decided by events alone, never by when rows are taken; so what a restart reads is what the
//! memory was. In memory a page knows only whose its events are; the events themselves are the groups'.

use super::body;
use super::entry::{self, Entry, Mark, Reader};
use super::streams::Streams;
use crate::limits::WINDOW_KEYS_KNOWN_MAX;
use crate::schema::{Span, Timestamp};
use std::collections::{BTreeSet, VecDeque};

/// Events on one page.
pub const PAGE: usize = 128;

/// One page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    number: u64,
    /// The place of each event's group, and the lower half of the event's id.
    pub members: Vec<(u32, u32)>,
    /// How far each of its files came.
    pub newest: Vec<(u64, Timestamp)>,
    /// What is stored, as long as that is not done or more may follow.
    bytes: Vec<u8>,
    mark: Mark,
    changed: bool,
}

impl Page {
    /// The latest of its events.
    pub fn latest(&self) -> Timestamp {
        self.newest.iter().map(|(_, at)| *at).max().unwrap_or(Timestamp(i64::MIN))
    }
}

/// Takes note of how far a file came.
pub fn note(newest: &mut Vec<(u64, Timestamp)>, entry: &Entry<'_>) {
    match newest.iter_mut().find(|(stream, _)| *stream == entry.stream) {
        Some((_, at)) => *at = (*at).max(entry.at),
        None => newest.push((entry.stream, entry.at)),
    }
}

fn is_past(newest: &[(u64, Timestamp)], streams: &Streams, span: Span) -> bool {
    newest.iter().all(|(stream, at)| streams.is_past(*stream, *at, span))
}

/// The log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Rising numbers.
    pages: VecDeque<Page>,
    len: usize,
    /// Pages whose rows have to be deleted.
    gone: Vec<u64>,
}

impl Log {
    /// How many events stand on its pages.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds an event of a group.
    pub fn push(&mut self, place: u32, key: &str, entry: &Entry<'_>) {
        let number = self.pages.back().map_or(0, |page| page.number + 1);
        if self.pages.back().is_none_or(|page| page.members.len() >= PAGE) {
            self.pages.push_back(Page { number, members: Vec::with_capacity(PAGE), ..Page::default() });
        }
        let Some(page) = self.pages.back_mut() else { return };
        body::put_text(&mut page.bytes, key);
        entry::put(&mut page.bytes, entry, &mut page.mark);
        page.add(place, entry);
        page.changed = true;
        self.len += 1;
    }

    /// Whose events stand on its pages: the places of the groups, and the lower halves of the ids.
    pub fn members(&self) -> impl Iterator<Item = (u32, u32)> {
        self.pages.iter().flat_map(|page| page.members.iter().copied())
    }

    /// Takes all pages out.
    pub fn clear(&mut self) {
        while self.pop().is_some() {}
    }

    /// Takes the first page out.
    pub fn pop(&mut self) -> Option<Page> {
        let page = self.pages.pop_front()?;
        self.len -= page.members.len();
        self.gone.push(page.number);
        Some(page)
    }

    /// Takes out the pages on which nothing can matter any more; `judged`: up to when a rule was judged that waits.
    pub fn past(&mut self, streams: &Streams, span: Span, judged: Option<Timestamp>) -> Vec<Page> {
        let is_judged =
            |page: &Page| judged.is_none_or(|judged| page.newest.iter().all(|(_, at)| *at + span <= judged));
        let is_past = |page: &Page| is_past(&page.newest, streams, span) && is_judged(page);
        if !self.pages.iter().any(is_past) {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.pages);
        let (past, left) = all.into_iter().partition(is_past);
        self.pages = left;
        for page in &past {
            self.len -= page.members.len();
            self.gone.push(page.number);
        }
        Vec::from(past)
    }

    /// Puts a stored page back, after those with lower numbers. `take` gives an event to its group and tells the
    /// group's place. False where the body makes no sense.
    pub fn restore(
        &mut self,
        number: u64,
        bytes: &[u8],
        mut take: impl FnMut(&str, &Entry<'_>) -> u32,
    ) -> bool {
        let mut page = Page { number, bytes: bytes.to_vec(), ..Page::default() };
        let mut reader = Reader { bytes, place: 0 };
        let mut found = Vec::new();
        while !reader.is_at_end() {
            let key = body::text(&mut reader);
            let entry = entry::get(bytes, reader.place, &mut page.mark);
            let Some((key, (entry, next))) = key.zip(entry).filter(|_| found.len() < PAGE) else {
                return false;
            };
            found.push((key, entry));
            reader.place = next;
        }
        for (key, entry) in &found {
            page.add(take(key, entry), entry);
        }
        self.len += page.members.len();
        page.close();
        self.pages.push_back(page);
        true
    }

    /// Pages that changed since the last call; `None` = gone.
    pub fn drain(&mut self, mut row: impl FnMut(u64, Option<&[u8]>)) {
        for number in std::mem::take(&mut self.gone) {
            if self.pages.binary_search_by_key(&number, |page| page.number).is_err() {
                row(number, None);
            }
        }
        // Only the last ones are open.
        let changed = self.pages.iter().rev().take_while(|page| page.changed).count();
        let from = self.pages.len() - changed;
        for page in self.pages.range_mut(from..) {
            page.changed = false;
            row(page.number, Some(&page.bytes));
            page.close();
        }
    }

    /// The numbers of all pages.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.pages.iter().map(|page| page.number)
    }
}

impl Page {
    fn add(&mut self, place: u32, entry: &Entry<'_>) {
        let id = entry.id as u32;
        self.members.push((place, id));
        note(&mut self.newest, entry);
    }

    /// A full page that is stored needs no bytes.
    fn close(&mut self) {
        if self.members.len() >= PAGE {
            self.bytes = Vec::new();
            self.members.shrink_to_fit();
        }
    }
}

/// Keys that had to give way to newcomers, by a hash: who comes back was no flood of names that are used once.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Rising numbers.
    pages: VecDeque<KnownPage>,
    hashes: BTreeSet<(u32, u64)>,
    gone: Vec<u64>,
}

#[derive(Clone, Debug)]
struct KnownPage {
    number: u64,
    newest: Vec<(u64, Timestamp)>,
    hashes: Vec<u32>,
    changed: bool,
}

impl Known {
    /// Whether a key with that hash gave way.
    pub fn has(&self, hash: u32) -> bool {
        self.hashes.range((hash, 0)..=(hash, u64::MAX)).next().is_some()
    }

    /// Adds the keys that gave way together.
    pub fn push(&mut self, newest: Vec<(u64, Timestamp)>, hashes: Vec<u32>) {
        if hashes.is_empty() {
            return;
        }
        let number = self.pages.back().map_or(0, |page| page.number + 1);
        self.add(KnownPage { number, newest, hashes, changed: true });
        while self.hashes.len() > WINDOW_KEYS_KNOWN_MAX {
            let Some(page) = self.pages.pop_front() else { break };
            self.forget(&page);
        }
    }

    fn add(&mut self, page: KnownPage) {
        self.hashes.extend(page.hashes.iter().map(|hash| (*hash, page.number)));
        self.pages.push_back(page);
    }

    fn forget(&mut self, page: &KnownPage) {
        for hash in &page.hashes {
            self.hashes.remove(&(*hash, page.number));
        }
        self.gone.push(page.number);
    }

    /// Forgets the pages that can matter no more.
    pub fn expire(&mut self, streams: &Streams, span: Span) {
        while self.pages.front().is_some_and(|page| is_past(&page.newest, streams, span)) {
            let Some(page) = self.pages.pop_front() else { return };
            self.forget(&page);
        }
    }

    /// Puts a stored page back, after those with lower numbers.
    pub fn restore(&mut self, number: u64, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader { bytes, place: 0 };
        let newest = body::newest(&mut reader)?;
        let mut hashes = Vec::new();
        while !reader.is_at_end() {
            hashes.push(u32::from_le_bytes(reader.chunk()?));
        }
        self.add(KnownPage { number, newest, hashes, changed: false });
        Some(())
    }

    /// Pages that changed since the last call; `None` = gone.
    pub fn drain(&mut self, mut row: impl FnMut(u64, Option<&[u8]>)) {
        for number in std::mem::take(&mut self.gone) {
            if self.pages.binary_search_by_key(&number, |page| page.number).is_err() {
                row(number, None);
            }
        }
        for page in self.pages.iter_mut().rev().take_while(|page| page.changed) {
            page.changed = false;
            let mut bytes = Vec::with_capacity(page.hashes.len() * 4 + 16);
            body::put_newest(&mut bytes, &page.newest);
            page.hashes.iter().for_each(|hash| bytes.extend(hash.to_le_bytes()));
            row(page.number, Some(&bytes));
        }
    }

    /// The numbers of all pages.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.pages.iter().map(|page| page.number)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }
}
