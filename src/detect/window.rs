//! The memory of one rule about one group: events in event time, and the episodes that were found.
//!
//! A window of `span` ends at an event and has both ends inside: 5 failures in 10 minutes are 5 events of which
//! the first and the last are at most 600 s apart. Events are kept in event time, whatever their order of
//! arrival, so a late one completes the windows that it belongs to. An *episode* is a run of moments at which
//! the rule held, no two of them further apart than `span`: one finding per episode.
//!
//! A million groups of one event must be cheap, and so must a thousand events of one group: the group's key and
//! its events are one run of bytes (`entry.rs`), read from the front.

use super::counter::Counter;
use super::entry::{self, Entry, Mark, Moment, Owned, Text};
use super::rule::Counting;
use crate::limits::WINDOW_EVENTS_MAX;
use crate::schema::{Fold, Span, Timestamp};
use std::sync::Arc;

/// Episodes kept per group; an older one can only be met again by lines later than any lateness.
const EPISODES_MAX: usize = 8;
/// From so many events on the count of the last window is remembered; below, a recount is cheaper.
const TAIL_FROM: u32 = 16;
/// Bytes in front that are no longer used are cut off from here on, when they are half of all.
const SLACK_BYTES: usize = 64;

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
    /// The event that decided first.
    pub event: u64,
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
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Its key, room, its events.
    bytes: Vec<u8>,
    key_len: u32,
    /// Where the first event stands.
    start: u32,
    len: u32,
    /// The last event.
    back: Mark,
    /// The window that ends at the last event, so that events in order cost no recount.
    tail: Option<Box<Tail>>,
    /// Episodes, oldest first.
    pub episodes: Vec<Episode>,
    /// How many of its events stand on pages of newcomers, and of groups that have a history.
    pub on_pages: [u32; 2],
    /// Whether its row has to be written, and whether it has one.
    pub changed: bool,
    /// Whether a row of it is stored.
    pub has_row: bool,
    /// Hash of its key, for the table that it is found by.
    pub hash: u32,
}

#[derive(Clone, Debug)]
struct Tail {
    /// Events before the window.
    skipped: u32,
    /// Where the window begins, and the event before it.
    place: usize,
    mark: Mark,
    counter: Counter<Owned>,
}

/// Moments at which a rule holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hot {
    /// The moment that decides: the first one in event time.
    pub moment: Moment,
    /// Time of the last one.
    pub last: Timestamp,
    /// What is counted at the first one.
    pub observed: f64,
    /// The most that is counted.
    pub most: f64,
}

/// The events of a group, in event time.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    place: usize,
    mark: Mark,
    left: u32,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;
    fn next(&mut self) -> Option<Entry<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (entry, next) = entry::get(self.bytes, self.place, &mut self.mark)?;
        self.place = next;
        Some(entry)
    }
}

impl Group {
    /// An empty group; the hash is that of its key.
    pub fn new(key: &str, hash: u32) -> Group {
        let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
        // Most groups hold one event for ever: room for that.
        let mut bytes = Vec::with_capacity(key.len() + 20);
        bytes.extend_from_slice(key.as_bytes());
        Group { bytes, key_len: length, start: length, hash, ..Group::default() }
    }

    /// Its key.
    pub fn key(&self) -> &str {
        let bytes = self.bytes.get(..self.key_len as usize).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Whether the key is this one.
    pub fn is_of(&self, key: &str) -> bool {
        self.bytes.get(..self.key_len as usize) == Some(key.as_bytes())
    }

    /// How many events it holds.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no page holds an event of it, and no episode is remembered.
    pub fn is_spent(&self) -> bool {
        self.on_pages == [0, 0] && self.episodes.is_empty()
    }

    /// Whether it was heard of more than once.
    pub fn has_history(&self) -> bool {
        self.on_pages[1] > 0 || !self.episodes.is_empty()
    }

    /// Its events, in event time.
    pub fn entries(&self) -> Entries<'_> {
        Entries { bytes: &self.bytes, place: self.start as usize, mark: Mark::default(), left: self.len }
    }

    /// The moments of its events after a moment.
    pub fn after(&self, moment: Moment) -> impl Iterator<Item = Moment> {
        // Seldom is anything later than what has just come.
        let any = self.len > 0 && (Timestamp(self.back.at), self.back.id) > moment;
        let entries = any.then(|| self.entries());
        entries.into_iter().flatten().map(|e| e.moment()).filter(move |own| *own > moment)
    }

    /// Puts an event at its place in time.
    pub fn insert(&mut self, new: &Entry<'_>, span: Span, counting: &Counting) {
        if self.len == 0 || new.moment() >= (Timestamp(self.back.at), self.back.id) {
            self.append(new);
            self.advance(new, span, counting);
        } else {
            self.rebuild(None, Some(new));
        }
        while self.len() > WINDOW_EVENTS_MAX {
            self.pop_front(counting);
        }
    }

    fn append(&mut self, new: &Entry<'_>) {
        if self.len == 0 {
            self.bytes.truncate(self.key_len as usize);
            (self.start, self.back) = (self.key_len, Mark::default());
        }
        let text = match new.text {
            None => 0,
            Some(Text::Plain(text)) => text.len() + 2,
            Some(Text::V4(_)) => 5,
            Some(Text::V6(_)) => 17,
        };
        let most = 18 + text;
        if self.bytes.capacity() - self.bytes.len() < most {
            // A quarter more, not twice as much; the first one exactly.
            let more = if self.len == 0 { most } else { most.max(self.bytes.len() / 4) };
            self.bytes.reserve_exact(more);
        }
        entry::put(&mut self.bytes, new, &mut self.back);
        self.len += 1;
    }

    /// Forgets one event by the lower half of its id.
    pub fn forget(&mut self, id: u32, counting: &Counting) {
        let is = |e: &Entry<'_>| (e.id & u64::from(u32::MAX)) == u64::from(id);
        match self.entries().position(|e| is(&e)) {
            None => {}
            Some(0) => self.pop_front(counting),
            Some(at) => self.rebuild(Some(at), None),
        }
    }

    /// Forgets an event that can matter no more by the lower half of its id, and those before it in time, which can
    /// matter no more either: of a group under fire, the first event stands on a page that goes later than those of the
    /// others, and to write all of them anew for each one that goes would cost more the more there are.
    /// Nothing is looked for behind `latest`: the group may have let it go already, with all that were too many.
    pub fn forget_through(&mut self, id: u32, latest: Timestamp, counting: &Counting) {
        let is = |e: &Entry<'_>| (e.id & u64::from(u32::MAX)) == u64::from(id);
        if let Some(at) = self.entries().take_while(|e| e.at <= latest).position(|e| is(&e)) {
            (0..=at).for_each(|_| self.pop_front(counting));
        }
    }

    /// The event with that lower half of an id.
    pub fn find(&self, id: u32) -> Option<Entry<'_>> {
        self.entries().find(|e| (e.id & u64::from(u32::MAX)) == u64::from(id))
    }

    /// Writes all events anew, without the one at an index, with a new one.
    fn rebuild<'n>(&mut self, without: Option<usize>, new: Option<&Entry<'n>>) {
        let bytes = std::mem::take(&mut self.bytes);
        let (place, mark) = (self.start as usize, Mark::default());
        let mut entries: Vec<Entry<'_>> = Entries { bytes: &bytes, place, mark, left: self.len }.collect();
        if let Some(at) = without {
            entries.remove(at);
        }
        if let Some(new) = new {
            let at = entries.partition_point(|e| e.moment() <= new.moment());
            entries.insert(at, *new);
        }
        self.write(&bytes, &entries);
    }

    /// Keeps of its events those that `choose` gives back, in their order.
    pub fn rewrite(&mut self, choose: impl for<'b> FnOnce(Vec<Entry<'b>>) -> Vec<Entry<'b>>) {
        let bytes = std::mem::take(&mut self.bytes);
        let (place, mark) = (self.start as usize, Mark::default());
        let entries = Entries { bytes: &bytes, place, mark, left: self.len }.collect();
        self.write(&bytes, &choose(entries));
    }

    /// Writes events anew; `bytes` are those of before.
    fn write(&mut self, bytes: &[u8], entries: &[Entry<'_>]) {
        let key = bytes.get(..self.key_len as usize).unwrap_or_default();
        // Steps are seldom longer than those that there were.
        let most = bytes.len() - self.start as usize + key.len() + 24;
        self.bytes.reserve_exact(most.min(key.len() + entries.len() * 24));
        self.bytes.extend_from_slice(key);
        (self.start, self.len, self.back, self.tail) = (self.key_len, 0, Mark::default(), None);
        for entry in entries {
            entry::put(&mut self.bytes, entry, &mut self.back);
            self.len += 1;
        }
    }

    /// Forgets the first event. The second one is then written anew, without the first to step from; it fits into
    /// the place of both.
    fn pop_front(&mut self, counting: &Counting) {
        let mut mark = Mark::default();
        let Some((first, place)) = entry::get(&self.bytes, self.start as usize, &mut mark) else { return };
        if self.len == 1 {
            self.bytes.truncate(self.key_len as usize);
            self.bytes.shrink_to(self.bytes.len() + 24);
            (self.start, self.len, self.back, self.tail) = (self.key_len, 0, Mark::default(), None);
            return;
        }
        if let Some(tail) = self.tail.as_mut().filter(|tail| tail.skipped == 0) {
            tail.counter.remove(&first, counting);
        }
        let Some((second, end)) = entry::get(&self.bytes, place, &mut mark) else { return };
        let mut anew = Vec::with_capacity(24);
        // A text never stands at place 0, and its place is told by it.
        anew.push(0);
        let mut moved = Mark::default();
        entry::put(&mut anew, &second, &mut moved);
        let Some(start) = end.checked_sub(anew.len() - 1).filter(|start| *start >= self.start as usize)
        else {
            return self.rebuild(Some(0), None);
        };
        self.bytes[start..end].copy_from_slice(&anew[1..]);
        self.len -= 1;
        let begin = u32::try_from(start).unwrap_or(u32::MAX);
        self.start = begin;
        // Texts that stood in what was cut off stand in the second event now.
        let text = if moved.text == 0 { 0 } else { begin + moved.text - 1 };
        let stands = |mark: &mut Mark| {
            if mark.text != 0 && (mark.text < begin || mark.text < u32::try_from(end).unwrap_or(0)) {
                mark.text = text;
            }
        };
        stands(&mut self.back);
        if let Some(tail) = &mut self.tail {
            match tail.skipped.checked_sub(1) {
                // The window begins at the second event.
                None | Some(0) => (tail.skipped, tail.place, tail.mark) = (0, start, Mark::default()),
                Some(skipped) => {
                    tail.skipped = skipped;
                    stands(&mut tail.mark);
                }
            }
        }
        self.cut();
    }

    /// Gives back bytes in front that are no longer used.
    fn cut(&mut self) {
        let (key, start) = (self.key_len as usize, self.start as usize);
        let unused = start - key;
        if unused < SLACK_BYTES || unused * 2 < self.bytes.len() {
            return;
        }
        self.bytes.drain(key..start);
        let less = u32::try_from(unused).unwrap_or(0);
        self.start = self.key_len;
        let shift = |mark: &mut Mark| mark.text = mark.text.saturating_sub(less);
        shift(&mut self.back);
        if let Some(tail) = &mut self.tail {
            tail.place -= unused;
            shift(&mut tail.mark);
        }
        if self.bytes.capacity() > self.bytes.len() * 2 {
            self.bytes.shrink_to(self.bytes.len() * 5 / 4);
        }
    }

    /// Brings the tail window up to the last event.
    fn advance(&mut self, last: &Entry<'_>, span: Span, counting: &Counting) {
        if self.len < TAIL_FROM
            || matches!(counting, Counting::Together | Counting::InOrder | Counting::Missing)
        {
            self.tail = None;
            return;
        }
        let mut tail = self.tail.take().unwrap_or_else(|| {
            let mut counter = Counter::default();
            let mut entries = self.entries();
            entries.left -= 1;
            entries.for_each(|entry| counter.add(&entry, counting));
            Box::new(Tail { skipped: 0, place: self.start as usize, mark: Mark::default(), counter })
        });
        tail.counter.add(last, counting);
        loop {
            let mut mark = tail.mark;
            let Some((entry, next)) = entry::get(&self.bytes, tail.place, &mut mark) else { break };
            if entry.at >= last.at - span {
                break;
            }
            tail.counter.remove(&entry, counting);
            (tail.place, tail.mark) = (next, mark);
            tail.skipped += 1;
        }
        self.tail = Some(tail);
    }

    /// The match that an entry tells anew.
    pub fn heard(&self, entry: &Entry<'_>) -> Option<Entry<'_>> {
        self.entries().find(|old| old.heard && (old.id, old.nth) == (entry.id, entry.nth))
    }

    /// The event at a moment.
    pub fn at(&self, moment: Moment) -> Option<Entry<'_>> {
        self.entries().find(|entry| entry.moment() == moment)
    }

    /// The moments at which a rule holds because of the event at `moment`: that one, and later ones whose windows
    /// reach back to it. `holds` is asked in the order of moments, `see` is told each.
    pub fn hot(
        &self,
        moment: Moment,
        span: Span,
        counting: &Counting,
        mut holds: impl FnMut(Moment, f64) -> bool,
        mut see: impl FnMut(Moment),
    ) -> Option<Hot> {
        let begin = moment.0;
        if moment == (Timestamp(self.back.at), self.back.id)
            && let Some(tail) = &self.tail
        {
            let observed = tail.counter.result(counting).filter(|observed| holds(moment, *observed))?;
            see(moment);
            return Some(Hot { moment, last: begin, observed, most: observed });
        }
        let (mut window, mut head) = (Counter::<Text<'_>>::default(), self.entries().peekable());
        let mut hot: Option<Hot> = None;
        let mut entries = self.entries().peekable();
        while let Some(entry) = entries.next().filter(|e| e.at <= begin + span) {
            window.add(&entry, counting);
            while let Some(old) = head.next_if(|old| old.at < entry.at - span) {
                window.remove(&old, counting);
            }
            // An event with several values is one moment.
            let is_whole = entries.peek().is_none_or(|next| next.moment() != entry.moment());
            if entry.moment() < moment || !is_whole {
                continue;
            }
            let end = entry.moment();
            if let Some(observed) = window.result(counting).filter(|observed| holds(end, *observed)) {
                see(end);
                let hot = hot.get_or_insert(Hot { moment: end, last: entry.at, observed, most: observed });
                hot.last = entry.at;
                hot.most = hot.most.max(observed);
            }
        }
        hot
    }

    /// The last moment before another (`inclusive`: or that one) at which the window of `span` holds what it should,
    /// nothing before `oldest` counted; and what it holds.
    pub fn last_hot(
        &self,
        (oldest, until, inclusive): (Timestamp, Moment, bool),
        span: Span,
        counting: &Counting,
        mut holds: impl FnMut(Moment, f64) -> bool,
    ) -> Option<(Moment, f64)> {
        let inside = |e: &Entry<'_>| e.moment() < until || (inclusive && e.moment() == until);
        let mut window = Counter::<Text<'_>>::default();
        let mut entries = self.entries().filter(|e| e.at >= oldest).take_while(inside).peekable();
        let mut head = self.entries().filter(|e| e.at >= oldest).peekable();
        let mut last = None;
        while let Some(entry) = entries.next() {
            window.add(&entry, counting);
            while let Some(old) = head.next_if(|old| old.at < entry.at - span) {
                window.remove(&old, counting);
            }
            let is_whole = entries.peek().is_none_or(|next| next.moment() != entry.moment());
            let end = entry.moment();
            if let Some(count) = window.result(counting).filter(|count| is_whole && holds(end, *count)) {
                last = Some((end, count));
            }
        }
        last
    }

    /// What the window of `span` holds that ends at a moment.
    pub fn result_at(&self, moment: Moment, span: Span, counting: &Counting) -> Option<f64> {
        let mut window = Counter::<Text<'_>>::default();
        self.entries()
            .filter(|e| e.at >= moment.0 - span && e.moment() <= moment)
            .for_each(|entry| window.add(&entry, counting));
        window.result(counting)
    }

    /// The events of the window that ends at a moment.
    pub fn window(&self, moment: Moment, span: Span) -> Vec<Entry<'_>> {
        self.entries().filter(|e| e.at >= moment.0 - span && e.moment() <= moment).collect()
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

    /// About how many bytes it takes on the heap.
    #[cfg(test)]
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.episodes.capacity() * size_of::<Episode>()
    }
}

#[cfg(test)]
mod tests;
