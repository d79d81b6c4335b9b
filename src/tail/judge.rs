//! What is this file? The same as before by device, inode and content; else a moved or copied one by content;
//! else a new generation, read from byte 0. The order matters: first every file that kept its inode, so that
//! it is known which generations are looking for their bytes, then the others, oldest first.

use super::fingerprint::{Proof, bytes_at, hash, head_stands, marker_bytes, prove, surviving};
use super::follower::{Follower, Role};
use super::gzip::{self, Content, Phase};
use super::scan::Key;
use super::siblings::{packing, rotated};
use super::wide::Encoding;
use super::{Loss, Tail};
use crate::limits::{HEAD_BYTES, TAIL_MARKER_BYTES};
use crate::schema::{GapReason, Position, Reading, Timestamp};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// A copy whose proven part is shorter is read again: equal headers of two lives of a file must not pass for it.
pub(super) const READ_COPY_BYTES_MIN: u64 = 4 * HEAD_BYTES;

impl Tail {
    /// Judges every file that is new, or is a copy and changed.
    pub(super) fn judge_all(&mut self, now: &Reading) {
        for follower in self.followers.values_mut() {
            let Role::Copy(id) = follower.role else { continue };
            let carried = self.book.get(id).is_some_and(|entry| entry.carrier.is_some());
            if !carried || follower.judged != Some(follower.found.stat) {
                follower.reset();
            }
        }
        let new = self.followers.iter().filter(|(_, follower)| follower.role == Role::New);
        let mut keys: Vec<Key> = new.map(|(key, _)| *key).collect();
        keys.sort_by_cached_key(|key| self.followers.get(key).map(|f| (Arc::clone(&f.found.group), f.age())));
        for key in &keys {
            let judged = self.judge_by_inode(*key, now);
            self.excuse(*key, judged);
        }
        for key in &keys {
            let follower = self.followers.get(key).filter(|f| f.role == Role::New && f.found.stat.size > 0);
            let judged = match follower.map(|f| f.found.packed) {
                Some(true) => {
                    self.begin_proof(*key, now);
                    Ok(())
                }
                Some(false) => self.judge_by_content(*key, now),
                None => Ok(()),
            };
            self.excuse(*key, judged);
        }
    }

    pub(super) fn excuse(&mut self, key: Key, judged: io::Result<()>) {
        if let (Err(error), Some(follower)) = (judged, self.followers.get_mut(&key)) {
            follower.trouble = Some(format!("it cannot be read: {error}").into());
        }
    }

    /// First way: the inode is that of a known generation, and the content agrees.
    fn judge_by_inode(&mut self, key: Key, now: &Reading) -> io::Result<()> {
        // Of a generation at offset 0 nothing was read that could prove it, and nothing that could be doubled.
        let provable =
            |id: &u64| self.book.get(*id).is_some_and(|e| e.carrier.is_none() && e.position.offset > 0);
        let known: Vec<u64> = self.book.by_inode(key).into_iter().filter(provable).collect();
        if known.is_empty() || !self.ensure_open(key, now) {
            return Ok(());
        }
        let mut failed = Vec::new();
        for id in known {
            let Some(follower) = self.followers.get(&key) else { return Ok(()) };
            let (Some(file), Some(entry)) = (&follower.file, self.book.get(id)) else { return Ok(()) };
            if self
                .sources
                .get(follower.found.source)
                .is_none_or(|source| source.name != entry.generation.source)
            {
                continue;
            }
            if follower.found.packed {
                let size = follower.found.stat.size;
                let whole = entry.generation.finished
                    && gzip::trailer_size(file, size)? == Some(entry.position.offset as u32)
                    && head_stands(&gzip::opening(file, size)?, &entry.generation);
                if whole {
                    self.attach_read(key, id, now);
                    return Ok(());
                }
                continue;
            }
            if entry.position.offset < HEAD_BYTES && born_after(file, entry.generation.seen_at) {
                continue; // Another file got the number; that it begins alike (a header) proves nothing.
            }
            match prove(file, follower.found.stat.size, &entry.generation, &entry.position)? {
                Proof::Intact(opening, tail) => {
                    self.attach(key, id, (opening, tail), now);
                    return Ok(());
                }
                Proof::Short => failed.push((id, GapReason::Truncated)),
                Proof::Other => failed.push((id, GapReason::Rewritten)),
            }
        }
        self.break_with(key, &failed, now)
    }

    /// The inode's generations are not in the file any more: it was rolled back, or truncated, or written
    /// anew; or it is another file that got the number of a deleted one, and then nothing is known to be lost.
    fn break_with(&mut self, key: Key, failed: &[(u64, GapReason)], now: &Reading) -> io::Result<()> {
        for (id, reason) in failed {
            let Some(follower) = self.followers.get(&key).filter(|f| f.role == Role::New) else {
                return Ok(());
            };
            let (Some(file), Some(entry)) = (&follower.file, self.book.get(*id)) else { return Ok(()) };
            if born_after(file, entry.generation.seen_at) {
                continue;
            }
            let survivor = surviving(file, follower.found.stat.size, &entry.generation, &entry.position)?;
            if let Some(offset) = survivor {
                self.roll_back(key, *id, offset, now)?;
            } else if !entry.generation.finished && self.lost.iter().all(|loss| loss.generation != *id) {
                self.lost.push(Loss { generation: *id, reason: *reason });
            }
        }
        Ok(())
    }

    /// The file came back shorter: what follows the farthest surviving marker is read, as a new generation
    /// (the old one already has lines at these offsets), and the gap row tells from where.
    fn roll_back(&mut self, key: Key, old: u64, offset: u64, now: &Reading) -> io::Result<()> {
        let Some(follower) = self.followers.get(&key) else { return Ok(()) };
        let (Some(file), Some(entry)) = (&follower.file, self.book.get(old)) else { return Ok(()) };
        let (before, path) = (entry.position.offset, Arc::clone(&entry.generation.path));
        let encoding = follower.encoding(&bytes_at(file, 0, HEAD_BYTES.min(offset))?);
        let lines = count_lines(file, offset, encoding, &mut self.buffer)?;
        self.renew(key, old, &path, (offset, lines), now)?;
        self.book.gap(old, now.utc, GapReason::RolledBack, (before, Some(offset)), None);
        self.book.set_finished(old, true);
        self.lost.retain(|loss| loss.generation != old);
        Ok(())
    }

    /// A new generation of which everything up to an offset was read as part of an old one.
    fn renew(
        &mut self,
        key: Key,
        old: u64,
        path: &str,
        (offset, lines): (u64, u64),
        now: &Reading,
    ) -> io::Result<()> {
        let Some(follower) = self.followers.get_mut(&key) else { return Ok(()) };
        let (Some(file), Some(entry)) = (&follower.file, self.book.get(old)) else { return Ok(()) };
        let (opening, tail) = (bytes_at(file, 0, HEAD_BYTES.min(offset))?, marker_bytes(file, offset)?);
        let markers = entry.position.markers.iter().filter(|(at, _)| *at <= offset).copied().collect();
        let source = Arc::clone(&entry.generation.source);
        let watermark = entry.position.watermark;
        let id = self.book.add(&source, path, key, seen_at(follower, now));
        let position = Position { generation: id, offset, lines, tail_hash: hash(&tail), markers, watermark };
        self.book.set_position(id, position.clone(), &opening);
        follower.carry(id, &position, opening, tail);
        self.queue(key);
        Ok(())
    }

    /// Second way: the content is that of a known generation. Third: it is new.
    fn judge_by_content(&mut self, key: Key, now: &Reading) -> io::Result<()> {
        if !self.ensure_open(key, now) {
            return Ok(());
        }
        let Some(follower) = self.followers.get(&key) else { return Ok(()) };
        let Some(source) = self.sources.get(follower.found.source) else { return Ok(()) };
        let (Some(file), name) = (&follower.file, Arc::clone(&source.name)) else { return Ok(()) };
        let size = follower.found.stat.size;
        let known = self.book.knows_heads_of(&name);
        let opening = if known { bytes_at(file, 0, HEAD_BYTES)? } else { Vec::new() };
        let alike = if known { self.book.by_opening(&name, &opening) } else { Vec::new() };
        let mut best: Option<(u64, u64, Vec<u8>, Vec<u8>)> = None;
        for id in &alike {
            let Some(entry) = self.book.get(*id).filter(|entry| entry.carrier.is_none()) else { continue };
            let offset = entry.position.offset;
            if !self.may_be(key, *id, offset) || best.as_ref().is_some_and(|best| best.0 >= offset) {
                continue;
            }
            if let Proof::Intact(opening, tail) = prove(file, size, &entry.generation, &entry.position)? {
                best = Some((offset, *id, opening, tail));
            }
        }
        // A short match is weaker than that the whole file stands in another one.
        let weak = best.as_ref().is_some_and(|best| best.0 < HEAD_BYTES && best.0 < size);
        if let Some((_, id, opening, tail)) = best.take_if(|_| !weak) {
            self.attach(key, id, (opening, tail), now);
        } else if let Some(id) = self.successor_of(key, &alike)? {
            self.hold(key, id);
        } else if let Some(id) =
            self.copy_of(key, &alike, size, &opening, &|from, to| bytes_at(file, from, to))?
        {
            self.hold(key, id);
        } else if let Some((_, id, opening, tail)) = best {
            self.attach(key, id, (opening, tail), now);
        } else if let Some(id) = self.read_before(key, &alike, size)? {
            self.take_read_copy(key, id, size, now)?;
        } else {
            self.begin(key, &name, now);
        }
        Ok(())
    }

    /// The generation that is being truncated at this look, and of which this rotated file is a copy that ends
    /// before what was read: between the rotator's last read and its truncation, lines were written, and read
    /// here. The proof is the head and the last marker before the copy's end, far enough behind any header.
    fn read_before(&self, key: Key, alike: &[u64], size: u64) -> io::Result<Option<u64>> {
        let Some(follower) = self.followers.get(&key).filter(|follower| follower.rotated()) else {
            return Ok(None);
        };
        let Some(file) = &follower.file else { return Ok(None) };
        for id in alike.iter().filter(|id| self.lost.iter().any(|loss| loss.generation == **id)) {
            let Some(entry) = self.book.get(*id).filter(|entry| entry.carrier.is_none()) else { continue };
            let last = entry.position.markers.iter().rev().find(|(at, _)| *at <= size);
            let Some((at, marker)) = last.filter(|(at, _)| *at >= READ_COPY_BYTES_MIN) else { continue };
            if entry.position.offset > size && hash(&marker_bytes(file, *at)?) == *marker {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }

    /// The copy becomes a generation of its own, of which nothing is left to read.
    fn take_read_copy(&mut self, key: Key, old: u64, size: u64, now: &Reading) -> io::Result<()> {
        let Some(follower) = self.followers.get(&key) else { return Ok(()) };
        let path = follower.found.path.to_string_lossy().into_owned();
        for loss in self.lost.iter_mut().filter(|loss| loss.generation == old) {
            loss.reason = GapReason::Truncated;
        }
        self.renew(key, old, &path, (size, 0), now)
    }

    /// Whether a file may be taken for a generation by content alone: a rotated name of the same file, or
    /// enough bytes that it cannot be chance (headers of small files are often equal).
    pub(super) fn may_be(&self, key: Key, id: u64, offset: u64) -> bool {
        let (Some(follower), Some(entry)) = (self.followers.get(&key), self.book.get(id)) else {
            return false;
        };
        if offset >= HEAD_BYTES {
            return true;
        }
        let path = Path::new(&*entry.generation.path);
        let (_, directory, base) = &*follower.found.group;
        let name = path.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
        let (_, stem) = packing(name);
        let same_base =
            name == &**base || stem == &**base || rotated(stem).iter().any(|way| way.base == *base);
        offset > 0 && follower.rotated() && path.parent() == Some(directory) && same_base
    }

    /// The generation of which this file repeats what its carrier holds: a copy that a rotator is making,
    /// or has made before it truncates.
    pub(super) fn copy_of(
        &self,
        key: Key,
        alike: &[u64],
        size: u64,
        opening: &[u8],
        bytes: &dyn Fn(u64, u64) -> io::Result<Vec<u8>>,
    ) -> io::Result<Option<u64>> {
        let Some(follower) = self.followers.get(&key) else { return Ok(None) };
        let mates = self
            .ready
            .siblings(key)
            .filter(|_| follower.rotated())
            .filter_map(|mate| self.followers.get(&mate));
        let mates = mates.filter(|mate| mate.found.live || follower.found.packed);
        let long = if opening.len() as u64 >= HEAD_BYTES { alike } else { &[] };
        let carriers = long
            .iter()
            .filter_map(|id| self.book.get(*id)?.carrier)
            .filter_map(|key| self.followers.get(&key));
        for mate in mates.chain(carriers).filter(|mate| mate.found.stat.key != key && mate.gzip.is_none()) {
            let (Role::Carrier(id), true) = (mate.role, mate.found.stat.size >= size) else { continue };
            let opened = match &mate.file {
                Some(_) => None,
                None => super::open::open_same(&mate.found.root, &mate.found.real, mate.found.stat.key)
                    .ok()
                    .flatten(),
            };
            let Some(file) = mate.file.as_ref().or(opened.as_ref().map(|(file, _)| file)) else { continue };
            let opening_to = size.min(HEAD_BYTES);
            let end_from = size.saturating_sub(TAIL_MARKER_BYTES);
            let opening = if opening.is_empty() { bytes(0, opening_to)? } else { opening.to_vec() };
            if bytes_at(file, 0, opening_to)? == opening
                && bytes_at(file, end_from, size)? == bytes(end_from, size)?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The generation whose deleted file this one goes on from: an editor, or a mirror, wrote the whole file
    /// anew under its name. It waits until the deleted one is quiet, for its writer may still hold it.
    fn successor_of(&self, key: Key, alike: &[u64]) -> io::Result<Option<u64>> {
        let Some(follower) = self.followers.get(&key) else { return Ok(None) };
        let Some(file) = &follower.file else { return Ok(None) };
        for id in alike {
            let Some(entry) = self.book.get(*id) else { continue };
            let carrier = entry.carrier.and_then(|carrier| self.followers.get(&carrier));
            let deleted =
                carrier.is_some_and(|carrier| carrier.departed.is_some() && carrier.found.stat.links == 0);
            if !deleted || !self.may_be(key, *id, entry.position.offset) {
                continue;
            }
            if let Proof::Intact(..) =
                prove(file, follower.found.stat.size, &entry.generation, &entry.position)?
            {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }

    fn attach(&mut self, key: Key, id: u64, (opening, tail): (Vec<u8>, Vec<u8>), now: &Reading) {
        let (Some(follower), Some(entry)) = (self.followers.get_mut(&key), self.book.get(id)) else { return };
        follower.carry(id, &entry.position, opening, tail);
        self.book.carry(id, key, &follower.found.path.to_string_lossy(), seen_at(follower, now));
        self.book.seen_from(id, follower.file.as_ref().and_then(born));
        self.queue(key);
    }

    pub(super) fn attach_packed(
        &mut self,
        key: Key,
        id: u64,
        content: Content,
        now: &Reading,
    ) -> io::Result<()> {
        let (Some(follower), Some(entry)) = (self.followers.get_mut(&key), self.book.get(id)) else {
            return Ok(());
        };
        follower.carry_packed(id, &entry.position, content)?;
        self.book.carry(id, key, &follower.found.path.to_string_lossy(), seen_at(follower, now));
        self.queue(key);
        Ok(())
    }

    /// A packed file of which everything is already read.
    pub(super) fn attach_read(&mut self, key: Key, id: u64, now: &Reading) {
        if let (Some(follower), Some(entry)) = (self.followers.get_mut(&key), self.book.get(id)) {
            follower.carry(id, &entry.position, Vec::new(), Vec::new());
            follower.gzip = Some(Phase::Waiting);
            self.book.carry(id, key, &follower.found.path.to_string_lossy(), seen_at(follower, now));
            self.book.set_finished(id, true);
        }
        self.close(key);
    }

    pub(super) fn hold(&mut self, key: Key, id: u64) {
        if let Some(follower) = self.followers.get_mut(&key) {
            follower.role = Role::Copy(id);
            follower.judged = Some(follower.found.stat);
        }
    }

    pub(super) fn begin_packed(
        &mut self,
        key: Key,
        source: &Arc<str>,
        content: Content,
        now: &Reading,
    ) -> io::Result<()> {
        let Some(follower) = self.followers.get(&key) else { return Ok(()) };
        let path = follower.found.path.to_string_lossy();
        let id = self.book.add(source, &path, key, seen_at(follower, now));
        self.attach_packed(key, id, content, now)
    }

    fn begin(&mut self, key: Key, source: &Arc<str>, now: &Reading) {
        let Some(follower) = self.followers.get_mut(&key) else { return };
        let path = follower.found.path.to_string_lossy();
        let id = self.book.add(source, &path, key, seen_at(follower, now));
        follower.carry(id, &super::book::start(id), Vec::new(), Vec::new());
        self.queue(key);
    }

    /// One gap row for each file that lost what was read of it; where a copy holds the rest, reading goes on there.
    pub(super) fn tell_losses(&mut self, now: &Reading) {
        for Loss { generation, reason } in std::mem::take(&mut self.lost) {
            let Some(entry) = self.book.get(generation) else { continue };
            let offset = entry.position.offset;
            let carried = entry.carrier.is_some();
            // Where a copy has the rest, a rotator copied and truncated, however long the file is by now.
            let reason = if carried { GapReason::Truncated } else { reason };
            self.book.gap(generation, now.utc, reason, (offset, carried.then_some(offset)), None);
            if !carried {
                self.book.set_finished(generation, true);
            }
        }
    }
}

/// Whether a file was made after a generation was first seen: then it only got the same number.
pub(super) fn born_after(file: &File, seen_at: Timestamp) -> bool {
    born(file).is_some_and(|born| born > seen_at)
}

/// When a file is first seen: never before it was made, whatever was done to the clock between.
fn seen_at(follower: &Follower, now: &Reading) -> Timestamp {
    follower.file.as_ref().and_then(born).map_or(now.utc, |born| born.max(now.utc))
}

fn born(file: &File) -> Option<Timestamp> {
    let born = file.metadata().ok()?.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(born.as_micros()).ok().map(Timestamp)
}

fn count_lines(file: &File, to: u64, encoding: Encoding, buffer: &mut [u8]) -> io::Result<u64> {
    let (mut at, mut lines) = (0, 0);
    while at < to {
        let want = usize::try_from(to - at).unwrap_or(usize::MAX).min(buffer.len());
        let room = buffer.get_mut(..want).unwrap_or_default();
        let n = super::fingerprint::read_full(file, room, at)?;
        if n == 0 {
            break;
        }
        lines += encoding.line_ends(room.get(..n).unwrap_or_default()) as u64;
        at += n as u64;
    }
    Ok(lines)
}
