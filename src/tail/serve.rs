//! Reading within the budget of a batch: oldest siblings first, and those first that were served longest ago.

use super::fingerprint::{Proof, prove};
use super::follower::{Follower, Read, Role};
use super::gzip::{Phase, Piece, Wanted};
use super::judge::born_after;
use super::open::open_same;
use super::scan::{Key, Stat};
use super::splitter::Out;
use super::{Loss, Tail};
use crate::limits::{BATCH_BYTES_MAX, BATCH_LINES_MAX, DELETED_AGE_MAX, OPEN_FILES_MAX, TAIL_MARKER_BYTES};
use crate::ports::Batch;
use crate::schema::{GapReason, Reading, Span};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// Bytes of one file read at a time: a firehose is left for its neighbours after so many.
const QUANTUM_BYTES: usize = 128 * 1024;
/// Lines of one file at a time, for the same reason.
const QUANTUM_LINES: usize = 1_024;
/// The read buffer: one quantum and the bytes that prove what stands before it.
pub(super) const BUFFER_BYTES: usize = QUANTUM_BYTES + TAIL_MARKER_BYTES as usize;
/// Bytes unpacked per poll to prove packed files: some 10 ms.
const PROVE_BYTES: usize = 4 * 1024 * 1024;
/// What a reading costs at least, so that ten thousand empty ones end a poll.
const READ_COST_BYTES: usize = 128;

/// Before every place in the order of turns.
const FIRST: (u64, Key) = (0, (0, 0));

/// What a poll may still take.
struct Budget {
    bytes: usize,
    prove: usize,
}

impl Tail {
    /// Asks every open file for its size: new data need no look at the names.
    pub(super) fn refresh(&mut self, now: &Reading) {
        for key in self.open.iter().copied().collect::<Vec<_>>() {
            let Some(follower) = self.followers.get_mut(&key) else { continue };
            let Some(metadata) = follower.file.as_ref().and_then(|file| file.metadata().ok()) else {
                continue;
            };
            let stat = Stat::of(&metadata);
            if stat == follower.found.stat {
                continue;
            }
            let seen = follower.found.stat.size;
            follower.refresh(stat, now.boottime);
            let (shrunk, unread) =
                (stat.size < follower.cursor.next() && follower.gzip.is_none(), follower.unread());
            if stat.links == 0 && follower.departed.is_none() {
                follower.departed = Some(now.boottime);
                self.place(key);
            }
            if shrunk {
                self.shrunk(key, seen, now);
            } else if unread {
                self.queue(key);
            } else if stat.size == seen {
                self.still_itself(key, now); // Same size, yet changed: renamed, or written anew.
            }
        }
    }

    /// A file became shorter than what was read of it. Where only its incomplete last line was cut, what is
    /// stored stands, and the same generation goes on.
    fn shrunk(&mut self, key: Key, seen: u64, now: &Reading) {
        let Some(follower) = self.followers.get_mut(&key) else { return };
        let Role::Carrier(id) = follower.role else { return follower.reset() };
        let stands = match (&follower.file, self.book.get(id)) {
            (Some(file), Some(entry)) => {
                matches!(
                    prove(file, follower.found.stat.size, &entry.generation, &entry.position),
                    Ok(Proof::Intact(..))
                )
            }
            _ => false,
        };
        if !stands {
            return self.lose(key, GapReason::Truncated, now);
        }
        let offset = follower.cursor.offset();
        follower.cursor.rewind();
        let bytes = seen.saturating_sub(follower.found.stat.size);
        self.book.gap(id, now.utc, GapReason::Truncated, (offset, Some(offset)), Some(bytes));
        self.queue(key);
    }

    /// The file does not hold any more what was read from it: the next look decides what it is.
    pub(super) fn lose(&mut self, key: Key, reason: GapReason, now: &Reading) {
        self.ready.remove(key);
        let Some(follower) = self.followers.get_mut(&key) else { return };
        if let Role::Carrier(id) = follower.role {
            self.book.advance(id, &mut follower.cursor);
            let entry =
                self.book.get(id).map(|entry| &entry.generation).filter(|generation| !generation.finished);
            let other = |seen_at| follower.file.as_ref().is_some_and(|file| born_after(file, seen_at));
            if entry.is_some_and(|generation| !other(generation.seen_at)) {
                self.lost.push(Loss { generation: id, reason });
            }
            self.must_look = true;
            self.book.orphan(id, now.boottime);
        }
        follower.reset();
    }

    /// Reads until the batch is full or nothing is left.
    pub(super) fn serve(&mut self, now: &Reading, batch: &mut Batch) {
        let mut budget = Budget { bytes: BATCH_BYTES_MAX, prove: PROVE_BYTES };
        let mut touched = BTreeSet::new();
        let (mut from, mut served) = (FIRST, false);
        while batch.lines.len() < BATCH_LINES_MAX && budget.bytes > 0 {
            let Some((turn, key)) = self.ready.first_from(from) else {
                if !served {
                    break;
                }
                // Some that had to wait for their siblings may be free now.
                (from, served) = (FIRST, false);
                continue;
            };
            from = (turn, (key.0, key.1.saturating_add(1)));
            if self.may_read(key, &budget) {
                touched.insert(key);
                served = true;
                self.serve_one(key, now, batch, &mut budget);
            }
        }
        for key in touched {
            if let Some((Role::Carrier(id), follower)) = self.followers.get_mut(&key).map(|f| (f.role, f)) {
                self.book.advance(id, &mut follower.cursor);
            }
        }
    }

    /// A file waits while an older sibling has something unread.
    fn may_read(&self, key: Key, budget: &Budget) -> bool {
        let Some(follower) = self.followers.get(&key) else { return false };
        if follower.role == Role::New {
            return budget.prove > 0;
        }
        let holds_up = |older: Key| {
            self.ready.contains(older) && self.followers.get(&older).is_some_and(Follower::blocks)
        };
        !self.ready.older(key).any(holds_up)
    }

    /// Notes that a file has something unread, if it has.
    pub(super) fn queue(&mut self, key: Key) {
        if let Some(follower) = self.followers.get(&key).filter(|follower| follower.unread()) {
            self.ready.insert(key, follower.served);
        }
    }

    /// Notes where a file stands among its siblings.
    pub(super) fn place(&mut self, key: Key) {
        if let Some(follower) = self.followers.get(&key) {
            self.ready.place(key, &follower.found.group, follower.age());
        }
    }

    fn serve_one(&mut self, key: Key, now: &Reading, batch: &mut Batch, budget: &mut Budget) {
        if !self.ensure_open(key, now) || !self.still_itself(key, now) {
            self.ready.remove(key);
            return;
        }
        let turn = self.ready.serve(key);
        let Tail { followers, sources, book, buffer, .. } = self;
        let Some(follower) = followers.get_mut(&key) else { return };
        follower.served = turn;
        let Role::Carrier(id) = follower.role else { return self.prove_packed(key, now, budget) };
        let Some(source) = sources.get(follower.found.source) else { return };
        let mut out = Out {
            left: QUANTUM_LINES.min(BATCH_LINES_MAX - batch.lines.len()),
            lines: &mut batch.lines,
            holes: Vec::new(),
            source: Arc::clone(&source.name),
            generation: id,
            read_at: now.utc,
        };
        let before = follower.cursor.next();
        let read = follower.read(buffer, QUANTUM_BYTES.min(budget.bytes), &mut out);
        for (from, to) in out.holes {
            book.gap(id, now.utc, GapReason::Hole, (from, Some(to)), Some(to - from));
        }
        let taken = usize::try_from(follower.cursor.next().saturating_sub(before)).unwrap_or(usize::MAX);
        let cost =
            if follower.skips() { QUANTUM_BYTES / 4 } else { taken.clamp(READ_COST_BYTES, QUANTUM_BYTES) };
        budget.bytes = budget.bytes.saturating_sub(cost);
        if taken > 0 {
            (follower.changed_at, follower.last_read_at) = (now.boottime, Some(now.utc));
            book.set_finished(id, false);
        }
        match read {
            Ok(Read::More) => {}
            Ok(Read::Drained) => self.ready.remove(key),
            Ok(Read::Lost(reason)) => self.lose(key, reason, now),
            Ok(Read::Ended(broken)) => self.end_packed(key, id, broken, now),
            Err(error) => {
                follower.trouble = Some(format!("it cannot be read: {error}").into());
                self.ready.remove(key);
                self.close(key);
            }
        }
    }

    /// A packed file is read to its end.
    fn end_packed(&mut self, key: Key, id: u64, broken: bool, now: &Reading) {
        if let Some(follower) = self.followers.get_mut(&key) {
            self.book.advance(id, &mut follower.cursor);
            follower.gzip = Some(Phase::Waiting);
            if broken {
                let offset = follower.cursor.offset();
                self.book.gap(id, now.utc, GapReason::Compressed, (offset, None), None);
            }
        }
        self.book.set_finished(id, true);
        self.ready.remove(key);
        self.close(key);
    }

    /// Unpacks a piece of a file that is not known yet.
    fn prove_packed(&mut self, key: Key, now: &Reading, budget: &mut Budget) {
        let Tail { followers, sources, book, buffer, .. } = self;
        let Some(follower) = followers.get_mut(&key) else { return };
        let (Some(Phase::Proving(prover)), Some(source)) =
            (&mut follower.gzip, sources.get(follower.found.source))
        else {
            self.ready.remove(key);
            return;
        };
        let slice = budget.prove.min(PROVE_BYTES / 4);
        budget.prove -= slice;
        let known = || -> Vec<Wanted<'_>> {
            let wanted = book.of_source(&source.name).map(|entry| Wanted {
                generation: &entry.generation,
                offset: entry.position.offset,
                tail_hash: entry.position.tail_hash,
                markers: &entry.position.markers,
            });
            wanted.collect()
        };
        let Some(end) = prover.step(buffer, slice, known) else { return };
        let mut content = prover.content();
        let old = Span(now.boottime.0.saturating_sub(follower.changed_at.0)) >= DELETED_AGE_MAX;
        content.broken = match end {
            Piece::Capped => Some("it unpacks to more than is read"),
            Piece::Short if old => Some("it breaks off"),
            Piece::Damaged if old => Some("it is damaged"),
            _ => None,
        };
        let whole = matches!(end, Piece::End) || content.broken.is_some();
        follower.judged = Some(follower.found.stat);
        follower.gzip = Some(if whole { Phase::Proven(content) } else { Phase::Waiting });
        self.ready.remove(key);
        if whole {
            self.hinted = true;
            self.judge_packed(key, now);
        } else {
            self.close(key);
        }
    }

    /// Opens a file if it is not open. `false`: not now.
    pub(super) fn ensure_open(&mut self, key: Key, now: &Reading) -> bool {
        if self.open.contains(&key) {
            return true;
        }
        if self.open.len() >= OPEN_FILES_MAX && !self.close_quietest() {
            return false;
        }
        let Some(follower) = self.followers.get_mut(&key) else { return false };
        match open_same(&follower.found.root, &follower.found.real, key) {
            Ok(Some((file, stat))) => {
                follower.file = Some(file);
                follower.trouble = None;
                follower.refresh(stat, now.boottime);
                self.open.insert(key);
                true
            }
            Ok(None) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => {
                follower.trouble = Some(format!("it cannot be opened: {error}").into());
                false
            }
        }
    }

    /// Whether the file is still the one that was read, where it changed since that was last proved.
    pub(super) fn still_itself(&mut self, key: Key, now: &Reading) -> bool {
        let Some(follower) = self.followers.get_mut(&key) else { return false };
        let Role::Carrier(id) = follower.role else { return true };
        let stat = follower.found.stat;
        let (Some(file), Some(entry)) = (&follower.file, self.book.get(id)) else { return false };
        if follower.gzip.is_some() || follower.proved == Some(stat.changed) {
            return true;
        }
        if entry.position.offset != follower.cursor.offset() {
            return true; // In the middle of a batch; every reading proves the bytes before it anyway.
        }
        match prove(file, stat.size, &entry.generation, &entry.position) {
            Ok(Proof::Intact(..)) => {
                follower.proved = Some(stat.changed);
                return true;
            }
            Ok(Proof::Short) => self.lose(key, GapReason::Truncated, now),
            Ok(Proof::Other) => self.lose(key, GapReason::Rewritten, now),
            Err(error) => follower.trouble = Some(format!("it cannot be read: {error}").into()),
        }
        false
    }

    /// Lets go of a file; its place is remembered.
    pub(super) fn close(&mut self, key: Key) {
        self.open.remove(&key);
        if let Some(follower) = self.followers.get_mut(&key) {
            follower.file = None;
        }
    }

    /// Closes the file that was quiet longest. A file without a name is not closed: it could not be opened again.
    fn close_quietest(&mut self) -> bool {
        let named = self.open.iter().filter_map(|key| Some((key, self.followers.get(key)?)));
        let free = named.filter(|(_, f)| {
            f.departed.is_none()
                && !matches!(f.gzip, Some(Phase::Proving(_) | Phase::Reading(..) | Phase::Proven(_)))
        });
        let quietest =
            free.min_by_key(|(key, f)| (self.ready.contains(**key), f.changed_at, f.served, **key));
        let quietest = quietest.map(|(key, _)| *key);
        quietest.map(|key| self.close(key)).is_some()
    }
}
