//! Every generation that is known, with its position, and what of it changed in this batch.

use super::cursor::Cursor;
use super::fingerprint::hash;
use super::scan::Key;
use crate::limits::{FILES_MAX, HEAD_BYTES};
use crate::ports::Batch;
use crate::schema::{Gap, GapReason, Generation, Position, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One generation.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its row.
    pub generation: Generation,
    /// Its position.
    pub position: Position,
    /// The file that its bytes are read from at the moment.
    pub carrier: Option<Key>,
    /// Since when no file carries it.
    pub missing_since: Option<Span>,
    /// Whether the ledger has its row, or gets it with this batch.
    stored: bool,
}

/// Source and head length, then the head's hash, then generations.
type Heads = BTreeMap<(Arc<str>, u64), BTreeMap<[u8; 32], Vec<u64>>>;

/// All generations.
#[derive(Debug, Default)]
pub struct Book {
    entries: BTreeMap<u64, Entry>,
    by_inode: BTreeMap<Key, Vec<u64>>,
    by_head: Heads,
    missing: BTreeSet<u64>,
    next: u64,
    rows: BTreeSet<u64>,
    positions: BTreeSet<u64>,
    gaps: Vec<Gap>,
}

impl Book {
    /// The generations that the ledger knows.
    pub fn new(known: Vec<(Generation, Option<Position>)>, next: u64) -> Book {
        let mut book = Book { next: next.max(1), ..Book::default() };
        for (generation, position) in known {
            let id = generation.id;
            book.next = book.next.max(id + 1);
            let position = position.unwrap_or_else(|| start(id));
            book.insert(Entry { generation, position, carrier: None, missing_since: None, stored: true });
        }
        book
    }

    /// A new generation; it has a row once something of it was read.
    pub fn add(&mut self, source: &Arc<str>, path: &str, key: Key, now: Timestamp) -> u64 {
        let id = self.next;
        self.next += 1;
        let generation = Generation {
            id,
            source: Arc::clone(source),
            path: path.into(),
            device: key.0,
            inode: key.1,
            head_length: 0,
            head_hash: hash(&[]),
            format: "".into(),
            finished: false,
            seen_at: now,
        };
        self.insert(Entry {
            generation,
            position: start(id),
            carrier: Some(key),
            missing_since: None,
            stored: false,
        });
        self.prune();
        id
    }

    fn insert(&mut self, entry: Entry) {
        let generation = &entry.generation;
        self.by_inode.entry((generation.device, generation.inode)).or_default().push(generation.id);
        if generation.head_length > 0 {
            let heads =
                self.by_head.entry((Arc::clone(&generation.source), generation.head_length)).or_default();
            heads.entry(generation.head_hash).or_default().push(generation.id);
        }
        if entry.carrier.is_none() {
            self.missing.insert(generation.id);
        }
        self.entries.insert(generation.id, entry);
    }

    /// One generation.
    pub fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// Whether nothing of this source is known.
    pub fn knows_heads_of(&self, source: &Arc<str>) -> bool {
        self.by_head.range((Arc::clone(source), 0)..=(Arc::clone(source), u64::MAX)).next().is_some()
    }

    /// Generations that were seen with this inode, latest first.
    pub fn by_inode(&self, key: Key) -> Vec<u64> {
        self.by_inode.get(&key).map(|ids| ids.iter().rev().copied().collect()).unwrap_or_default()
    }

    /// Generations of a source whose head stands in `opening`.
    pub fn by_opening(&self, source: &Arc<str>, opening: &[u8]) -> Vec<u64> {
        let range = (Arc::clone(source), 1)..=(Arc::clone(source), opening.len() as u64);
        let mut found = Vec::new();
        for ((_, length), heads) in self.by_head.range(range) {
            let head = usize::try_from(*length).ok().and_then(|length| opening.get(..length));
            found.extend(head.and_then(|head| heads.get(&hash(head))).into_iter().flatten().copied());
        }
        found
    }

    /// Generations of a source, for a packed file that may hold one of them.
    pub fn of_source<'a>(&'a self, source: &'a Arc<str>) -> impl Iterator<Item = &'a Entry> {
        self.entries.values().filter(move |entry| entry.generation.source == *source)
    }

    /// Generations that no file carries.
    pub fn missing(&self) -> Vec<u64> {
        self.missing.iter().copied().collect()
    }

    /// A file carries the generation from now on. `seen_at` goes with the inode: a file born later that has
    /// the same number is another one.
    pub fn carry(&mut self, id: u64, key: Key, path: &str, now: Timestamp) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.carrier = Some(key);
        entry.missing_since = None;
        self.missing.remove(&id);
        let generation = &mut entry.generation;
        let before = (generation.device, generation.inode);
        if before != key || &*generation.path != path {
            generation.path = path.into();
            (generation.device, generation.inode) = key;
            self.rows.insert(id);
        }
        if before != key {
            generation.seen_at = now;
            if let Some(ids) = self.by_inode.get_mut(&before) {
                ids.retain(|other| *other != id);
            }
            self.by_inode.entry(key).or_default().push(id);
        }
    }

    /// The file that carries it was made then. One that is proved by content although it only got the number
    /// of the file before it would otherwise count as foreign at its truncation, whose loss would not be told.
    pub fn seen_from(&mut self, id: u64, born: Option<Timestamp>) {
        let (Some(entry), Some(born)) = (self.entries.get_mut(&id), born) else { return };
        if entry.generation.seen_at < born {
            entry.generation.seen_at = born;
            self.rows.insert(id);
        }
    }

    /// No file carries it any more.
    pub fn orphan(&mut self, id: u64, now: Span) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.carrier = None;
            entry.missing_since = Some(now);
            self.missing.insert(id);
            let told = self.gaps.iter().any(|gap| gap.generation == id);
            if !entry.stored && !told && entry.position.offset == 0 {
                self.forget(id); // Nothing of it was ever read.
            }
        }
    }

    /// Since when it is missing, from the first look on.
    pub fn missing_since(&mut self, id: u64, now: Span) -> Span {
        self.entries.get_mut(&id).map_or(now, |entry| *entry.missing_since.get_or_insert(now))
    }

    /// Whether more lines may come.
    pub fn set_finished(&mut self, id: u64, finished: bool) {
        if let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.generation.finished != finished) {
            entry.generation.finished = finished;
            self.rows.insert(id);
        }
    }

    /// Sets a position that is not reached by reading: where a rolled-back file goes on.
    pub fn set_position(&mut self, id: u64, position: Position, head: &[u8]) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.position = position;
        entry.generation.head_length = head.len() as u64;
        entry.generation.head_hash = hash(head);
        let heads =
            self.by_head.entry((Arc::clone(&entry.generation.source), head.len() as u64)).or_default();
        heads.entry(hash(head)).or_default().push(id);
        self.rows.insert(id);
        self.positions.insert(id);
    }

    /// The generation was read up to the cursor.
    pub fn advance(&mut self, id: u64, cursor: &mut Cursor) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if cursor.offset() <= entry.position.offset {
            return;
        }
        entry.position = cursor.position(id);
        self.positions.insert(id);
        let head = cursor.head();
        let generation = &mut entry.generation;
        if head.len() as u64 > generation.head_length && generation.head_length < HEAD_BYTES {
            let source = Arc::clone(&generation.source);
            unhead(&mut self.by_head, generation);
            generation.head_length = head.len() as u64;
            generation.head_hash = hash(head);
            let heads = self.by_head.entry((source, generation.head_length)).or_default();
            heads.entry(generation.head_hash).or_default().push(id);
            self.rows.insert(id);
        }
    }

    /// Tells a possible loss.
    pub fn gap(
        &mut self,
        id: u64,
        at: Timestamp,
        reason: GapReason,
        range: (u64, Option<u64>),
        bytes: Option<u64>,
    ) {
        let Some(entry) = self.entries.get(&id) else { return };
        self.gaps.push(Gap {
            source: Arc::clone(&entry.generation.source),
            generation: id,
            path: Arc::clone(&entry.generation.path),
            at,
            from_offset: range.0,
            to_offset: range.1,
            bytes,
            reason,
        });
        self.rows.insert(id);
    }

    /// Moves what changed into the batch. Generations of which nothing was read have no row.
    pub fn flush(&mut self, batch: &mut Batch) {
        for id in std::mem::take(&mut self.rows) {
            let told = self.gaps.iter().any(|gap| gap.generation == id);
            if let Some(entry) =
                self.entries.get_mut(&id).filter(|e| e.stored || told || e.position.offset > 0)
            {
                entry.stored = true;
                batch.generations.push(entry.generation.clone());
            }
        }
        for id in std::mem::take(&mut self.positions) {
            batch.positions.extend(self.entries.get(&id).map(|entry| entry.position.clone()));
        }
        batch.gaps.append(&mut self.gaps);
    }

    /// Forgets the oldest generations that are finished and gone, so that years of rotation stay in bounds.
    fn prune(&mut self) {
        if self.entries.len() > FILES_MAX + FILES_MAX / 8 {
            let gone =
                |id: &u64| self.get(*id).is_some_and(|e| e.generation.finished && !self.rows.contains(id));
            let ids: Vec<u64> = self.missing.iter().copied().filter(gone).take(FILES_MAX / 8).collect();
            ids.into_iter().for_each(|id| self.forget(id));
        }
    }

    fn forget(&mut self, id: u64) {
        self.missing.remove(&id);
        let Some(Entry { generation, .. }) = self.entries.remove(&id) else { return };
        if let Some(ids) = self.by_inode.get_mut(&(generation.device, generation.inode)) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_inode.remove(&(generation.device, generation.inode));
            }
        }
        unhead(&mut self.by_head, &generation);
    }
}

fn unhead(by_head: &mut Heads, generation: &Generation) {
    let length = (Arc::clone(&generation.source), generation.head_length);
    let Some(heads) = by_head.get_mut(&length) else { return };
    if let Some(ids) = heads.get_mut(&generation.head_hash) {
        ids.retain(|other| *other != generation.id);
        if ids.is_empty() {
            heads.remove(&generation.head_hash);
        }
    }
    if heads.is_empty() {
        by_head.remove(&length);
    }
}

/// The position before the first byte.
pub fn start(generation: u64) -> Position {
    Position { generation, offset: 0, lines: 0, tail_hash: hash(&[]), markers: Vec::new(), watermark: None }
}
