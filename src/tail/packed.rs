//! What a packed file holds, once it is proved: the rest of a file that was read, a copy, or something new.

use super::Tail;
use super::follower::Follower;
use super::gzip::{Content, Phase};
use super::judge::READ_COPY_BYTES_MIN;
use super::scan::Key;
use crate::schema::Reading;
use std::sync::Arc;

impl Tail {
    /// As [`Tail::read_before`], of a copy that was packed before it was looked at.
    fn packed_before(&self, key: Key, content: &Content) -> Option<u64> {
        let of = |(id, at): &(u64, u64)| {
            let entry = self.book.get(*id).filter(|entry| entry.carrier.is_none())?;
            let markers = entry.position.markers.iter().map(|(at, _)| *at);
            let last = markers.filter(|at| *at <= content.total).max()?;
            let ends_before = entry.position.offset > content.total && content.broken.is_none();
            (ends_before && last == *at && last >= READ_COPY_BYTES_MIN && self.may_be(key, *id, last))
                .then_some(*id)
        };
        content.before.iter().find_map(of)
    }

    /// A packed file is proved: what does it hold?
    pub(super) fn judge_packed(&mut self, key: Key, now: &Reading) {
        let Some(follower) = self.followers.get_mut(&key) else { return };
        let Some(Phase::Proven(content)) = &follower.gzip else { return };
        let content = content.clone();
        let Some(name) = self.sources.get(follower.found.source).map(|source| Arc::clone(&source.name))
        else {
            return;
        };
        if let Some(id) = self.packed_before(key, &content) {
            self.close(key);
            return self.hold(key, id);
        }
        let current = |(id, offset): &(u64, u64)| {
            let entry = self.book.get(*id)?;
            self.may_be(key, *id, *offset).then_some((
                *id,
                *offset,
                entry.carrier.is_some(),
                entry.position.offset,
            ))
        };
        let held: Vec<_> = content.holds.iter().filter_map(current).collect();
        if held.iter().any(|(_, offset, carried, at)| !carried && offset != at) {
            // A generation lost its file while this was unpacked: prove it against the present position.
            self.close(key);
            return self.followers.get_mut(&key).into_iter().for_each(Follower::reset);
        }
        // The longest match counts; among equals one that is looking for its bytes.
        let best = held.iter().max_by_key(|(id, offset, carried, _)| (*offset, !carried, *id));
        let best = best.filter(|(_, _, carried, _)| !carried);
        if let Some((id, offset, ..)) = best.copied() {
            if content.total == offset && content.broken.is_none() {
                self.attach_read(key, id, now);
            } else {
                let judged = self.attach_packed(key, id, content, now);
                self.excuse(key, judged);
            }
        } else {
            let carried = held.iter().filter(|(_, _, carried, _)| *carried).map(|(id, ..)| *id).collect();
            self.judge_unclaimed(key, carried, content, &name, now);
        }
    }

    /// It holds nothing that is looked for: a copy of what another file carries, or something new.
    fn judge_unclaimed(
        &mut self,
        key: Key,
        carried: Vec<u64>,
        content: Content,
        name: &Arc<str>,
        now: &Reading,
    ) {
        let end_from = content.total.saturating_sub(content.end.len() as u64);
        let end =
            |from: u64, _| Ok(if from == end_from { content.end.clone() } else { content.opening.clone() });
        // What another packed file holds to its end is known; what a plain one holds is compared.
        let read = |id: &&u64| {
            let entry = self.book.get(**id).filter(|entry| entry.position.offset == content.total);
            entry.is_some_and(|entry| entry.generation.finished)
        };
        let copied = match carried.iter().find(read) {
            Some(id) => Ok(Some(*id)),
            None => self.copy_of(key, &carried, content.total, &content.opening, &end),
        };
        let judged = match copied {
            Ok(Some(id)) => {
                self.close(key);
                self.hold(key, id);
                Ok(())
            }
            Ok(None) => self.begin_packed(key, name, content, now),
            Err(error) => Err(error),
        };
        self.excuse(key, judged);
    }
}
