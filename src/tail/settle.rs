//! Endings: last lines without terminator, files read to their end, deleted files that are let go, files
//! that vanished.

use super::Tail;
use super::follower::{Follower, Role};
use super::gzip::Phase;
use super::scan::Key;
use super::splitter::Out;
use crate::limits::{BATCH_LINES_MAX, DELETED_AGE_MAX, DELETED_FILES_MAX, UNTERMINATED_AFTER};
use crate::ports::Batch;
use crate::schema::{GapReason, Reading, Span};
use std::path::Path;
use std::sync::Arc;

impl Tail {
    /// Looks for what has come to its end.
    pub(super) fn settle(&mut self, now: &Reading, batch: &mut Batch) {
        let since = |at: Span| Span(now.boottime.0.saturating_sub(at.0));
        let over = |f: &Follower| {
            f.rotated() && f.gzip.is_none() && !f.unread() && since(f.changed_at) >= UNTERMINATED_AFTER
        };
        let finished = |id: u64| self.book.get(id).is_some_and(|entry| entry.generation.finished);
        let carriers = self.followers.iter().filter(|(_, f)| match f.role {
            Role::Carrier(id) => f.file.is_some() || !finished(id),
            Role::New | Role::Copy(_) => false,
        });
        let ended: Vec<Key> = carriers.filter(|(_, f)| over(f)).map(|(key, _)| *key).collect();
        for key in ended {
            if batch.lines.len() >= BATCH_LINES_MAX {
                break;
            }
            self.end(key, now, batch);
        }
        self.bound_departed(now);
        self.tell_vanished(now);
    }

    /// A rotated file is quiet and read to its end.
    fn end(&mut self, key: Key, now: &Reading, batch: &mut Batch) {
        let Some(follower) = self.followers.get(&key) else { return };
        let Role::Carrier(id) = follower.role else { return };
        if follower.cursor.splitter.pending() > 0 && follower.file.is_none() {
            // Its incomplete line must be read again and proved before it may be told.
            if !self.ensure_open(key, now) || !self.still_itself(key, now) {
                return;
            }
        }
        if !self.followers.get(&key).is_some_and(Follower::still_holds_the_half) {
            // Somebody wrote as many other bytes in its place: no reading would have noticed.
            self.lose(key, GapReason::Rewritten, now);
            return;
        }
        let Some(follower) = self.followers.get_mut(&key) else { return };
        let Some(source) = self.sources.get(follower.found.source) else { return };
        let mut out = Out {
            left: 1,
            lines: &mut batch.lines,
            holes: Vec::new(),
            source: Arc::clone(&source.name),
            generation: id,
            read_at: now.utc,
        };
        follower.cursor.finish(&mut out);
        for (from, to) in out.holes {
            self.book.gap(id, now.utc, GapReason::Hole, (from, Some(to)), Some(to - from));
        }
        let departed = follower.departed.is_some();
        self.book.advance(id, &mut follower.cursor);
        self.book.set_finished(id, true);
        if departed {
            self.book.orphan(id, now.boottime);
            self.drop_follower(key);
            self.hinted = true; // A file that goes on from it may be waiting.
        } else {
            self.close(key);
        }
    }

    /// Deleted files are held open so long and so many, and no more.
    fn bound_departed(&mut self, now: &Reading) {
        let departed = self.followers.iter().filter_map(|(key, f)| Some((f.departed?, *key)));
        let mut departed: Vec<(Span, Key)> = departed.collect();
        departed.sort_unstable();
        let too_many = departed.len().saturating_sub(DELETED_FILES_MAX);
        for (index, (at, key)) in departed.into_iter().enumerate() {
            if index < too_many || Span(now.boottime.0.saturating_sub(at.0)) >= DELETED_AGE_MAX {
                self.abandon(key, now);
            }
        }
    }

    fn abandon(&mut self, key: Key, now: &Reading) {
        let Some(follower) = self.followers.get_mut(&key) else { return };
        if let Role::Carrier(id) = follower.role {
            self.book.advance(id, &mut follower.cursor);
            let (offset, size) = (follower.cursor.offset(), follower.found.stat.size);
            if size > offset {
                self.book.gap(id, now.utc, GapReason::Abandoned, (offset, None), Some(size - offset));
            }
            self.book.set_finished(id, true);
            self.book.orphan(id, now.boottime);
        }
        self.drop_follower(key);
    }

    /// Generations that nothing carries for so long that nobody will bring them back.
    fn tell_vanished(&mut self, now: &Reading) {
        let proving = self.followers.values().any(|f| matches!(f.gzip, Some(Phase::Proving(_))));
        for id in self.book.missing() {
            let Some(entry) = self.book.get(id).filter(|entry| !entry.generation.finished) else { continue };
            let path = Path::new(&*entry.generation.path);
            let unknown = self.unreadable.iter().any(|directory| path.starts_with(directory))
                || self.sources.iter().all(|source| source.name != entry.generation.source);
            let offset = entry.position.offset;
            let since = self.book.missing_since(id, now.boottime);
            if !unknown && !proving && Span(now.boottime.0.saturating_sub(since.0)) >= DELETED_AGE_MAX {
                if offset > 0 {
                    self.book.gap(id, now.utc, GapReason::Vanished, (offset, None), None);
                }
                self.book.set_finished(id, true);
            }
        }
    }
}
