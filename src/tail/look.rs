//! One look at all names: what is new, what was renamed, what is gone.

use super::Tail;
use super::follower::{Follower, Role};
use super::gzip::{Phase, Prover};
use super::scan::{Found, Key, scan};
use crate::limits::{DELETED_AGE_MAX, OPEN_FILES_MAX};
use crate::schema::{Reading, Span};
use std::collections::BTreeMap;

impl Tail {
    /// Looks at every glob and decides what each file is.
    pub(super) fn look(&mut self, now: &Reading) {
        let first = self.followers.is_empty();
        let scan = scan(&self.sources, &self.never);
        self.refused = scan.refused;
        self.unreadable = scan.unreadable;
        self.directories = scan.directories;
        self.miss(&scan.found, now);
        for (key, found) in scan.found {
            self.meet(key, found, now, first);
        }
        self.judge_all(now);
        self.tell_losses(now);
    }

    /// Files that were not seen this time.
    fn miss(&mut self, found: &BTreeMap<Key, Found>, now: &Reading) {
        let unseen: Vec<Key> =
            self.followers.keys().filter(|key| !found.contains_key(*key)).copied().collect();
        for key in unseen {
            let Some(follower) = self.followers.get_mut(&key) else { continue };
            if self.unreadable.iter().any(|directory| follower.found.path.starts_with(directory)) {
                continue; // Nothing is known about it.
            }
            let Role::Carrier(id) = follower.role else {
                self.drop_follower(key);
                continue;
            };
            if follower.file.is_some() {
                follower.departed.get_or_insert(now.boottime);
                self.place(key);
            } else {
                self.book.orphan(id, now.boottime);
                self.drop_follower(key);
            }
        }
    }

    /// Forgets a file; what carried a generation must have been orphaned before.
    pub(super) fn drop_follower(&mut self, key: Key) {
        self.close(key);
        self.ready.remove(key);
        self.ready.leave(key);
        self.followers.remove(&key);
    }

    /// A file that was seen.
    fn meet(&mut self, key: Key, found: Found, now: &Reading, first: bool) {
        let Some(follower) = self.followers.get_mut(&key) else {
            let encoding = self.sources.get(found.source).map(|source| source.encoding).unwrap_or_default();
            self.followers.insert(key, Follower::new(found, encoding, now.boottime, first));
            self.place(key);
            return;
        };
        if follower.found.source != found.source {
            return; // It stays with the source that reads it.
        }
        let (stat, seen) = (found.stat, follower.found.stat);
        if follower.departed.take_if(|_| stat.links > 0).is_some() {
            follower.changed_at = now.boottime; // It came back into sight.
        }
        let open = follower.file.is_some();
        follower.found = Found { stat: seen, ..found };
        if !open && stat != seen {
            follower.refresh(stat, now.boottime);
        }
        if let Role::Carrier(id) = follower.role {
            self.book.carry(id, key, &follower.found.path.to_string_lossy(), now.utc);
            // One that is closed and has grown is proved when it is opened to be read.
            let changed = follower.gzip.is_none() && follower.proved != Some(follower.found.stat.changed);
            if changed && (follower.file.is_some() || !follower.unread()) {
                self.prove_changed(key, now);
            }
        }
        self.place(key);
        let Some(follower) = self.followers.get(&key) else { return };
        if follower.unread() || follower.trouble.is_some() && matches!(follower.role, Role::Carrier(_)) {
            self.ready.insert(key, follower.served);
        }
    }

    /// A carrier changed since it was proved: an append, or something worse.
    fn prove_changed(&mut self, key: Key, now: &Reading) {
        if self.ensure_open(key, now) {
            self.still_itself(key, now);
        }
    }

    /// Starts to prove a packed file that is new, or has changed, or stands still for so long that it will
    /// not be completed.
    pub(super) fn begin_proof(&mut self, key: Key, now: &Reading) {
        let Some(follower) = self.followers.get(&key) else { return };
        let due = match &follower.gzip {
            None => true,
            Some(Phase::Waiting) => {
                let still = Span(now.boottime.0.saturating_sub(follower.changed_at.0));
                follower.judged != Some(follower.found.stat) || still >= DELETED_AGE_MAX
            }
            Some(_) => false,
        };
        // Packed files stay open while they are worked on: half of the places are left for the others.
        let room = self.open.len() < OPEN_FILES_MAX / 2;
        let may = due && room && follower.role == Role::New && follower.found.stat.size > 0;
        if !may || !self.ensure_open(key, now) {
            return;
        }
        let Some(follower) = self.followers.get_mut(&key) else { return };
        let Some(file) = &follower.file else { return };
        match Prover::new(file, follower.found.stat.size) {
            Ok(prover) => {
                follower.gzip = Some(Phase::Proving(Box::new(prover)));
                self.queue(key);
            }
            Err(error) => follower.trouble = Some(format!("it cannot be read: {error}").into()),
        }
    }
}
