//! One file that is followed: what it is to us, and reading the next piece of it.

use super::cursor::Cursor;
use super::fingerprint::last;
use super::gzip::{Content, Phase, Piece, Unpacker};
use super::scan::{Found, Stat};
use super::siblings::Age;
use super::splitter::Out;
use super::wide::Encoding;
use crate::limits::{HOLE_BYTES_MIN, TAIL_MARKER_BYTES};
use crate::schema::{GapReason, Position, Span, Timestamp};
use rustix::fs::SeekFrom;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// What a file is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Not judged yet, or empty.
    New,
    /// The bytes of this generation are read from it.
    Carrier(u64),
    /// It repeats what another file holds: not read.
    Copy(u64),
}

/// One file.
pub struct Follower {
    /// Where it was found.
    pub found: Found,
    /// What it is to us.
    pub role: Role,
    /// Open, as long as there is room.
    pub file: Option<File>,
    /// What its source says about its bytes.
    encoding: Encoding,
    /// Where a packed file stands.
    pub gzip: Option<Phase>,
    /// Bytes of a packed file that were unpacked and not taken yet.
    leftover: Vec<u8>,
    /// The position of a packed file that is still ahead, and the bytes before the present place.
    ahead: Option<(Position, Vec<u8>)>,
    /// The reading place.
    pub cursor: Cursor,
    /// Since when it has no name in sight.
    pub departed: Option<Span>,
    /// When it last changed, by the boot clock.
    pub changed_at: Span,
    /// `Stat::changed` at the last full proof of its identity.
    pub proved: Option<i128>,
    /// The look at which it was judged a copy, or found incomplete.
    pub judged: Option<Stat>,
    /// Whether it was there when the tail began.
    pub from_start: bool,
    /// The turn in which it was last read.
    pub served: u64,
    /// Why it cannot be read at the moment.
    pub trouble: Option<Box<str>>,
    /// When something was last read.
    pub last_read_at: Option<Timestamp>,
}

/// What a reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// There is more.
    More,
    /// Everything that is there was read.
    Drained,
    /// It is not the file that was read before.
    Lost(GapReason),
    /// A packed file is read to its end, or to a cap (`true`).
    Ended(bool),
}

impl Follower {
    /// A file just found.
    pub fn new(found: Found, encoding: Encoding, now: Span, from_start: bool) -> Follower {
        Follower {
            found,
            role: Role::New,
            file: None,
            encoding,
            gzip: None,
            leftover: Vec::new(),
            ahead: None,
            cursor: Cursor::default(),
            departed: None,
            changed_at: now,
            proved: None,
            judged: None,
            from_start,
            served: 0,
            trouble: None,
            last_read_at: None,
        }
    }

    /// Its age among its siblings; the nameless are the oldest.
    pub fn age(&self) -> Age {
        match (self.departed, self.role) {
            (Some(_), Role::Carrier(id) | Role::Copy(id)) => Age::Departed(id),
            (Some(_), Role::New) => Age::Departed(0),
            (None, _) => self.found.age.clone(),
        }
    }

    /// Whether nothing more is expected to be written to it.
    pub fn rotated(&self) -> bool {
        self.departed.is_some() || !self.found.live
    }

    /// Whether a reading would bring something.
    pub fn unread(&self) -> bool {
        match (&self.gzip, self.role) {
            (Some(Phase::Proving(_)), Role::New) | (Some(Phase::Reading(..)), Role::Carrier(_)) => true,
            (None, Role::Carrier(_)) => !self.cursor.has_reached(self.found.stat.size),
            _ => false,
        }
    }

    /// Whether a packed file is still being unpacked up to its position.
    pub fn skips(&self) -> bool {
        self.ahead.is_some()
    }

    /// Whether younger siblings wait until it is read. A file that is only being proved holds nobody up,
    /// unless it was there at the start: then its lines come first.
    pub fn blocks(&self) -> bool {
        self.unread() && (self.role != Role::New || self.from_start)
    }

    /// The encoding of a file that begins so.
    pub fn encoding(&self, opening: &[u8]) -> Encoding {
        self.encoding.of(opening)
    }

    /// Takes a new look at its size and times.
    pub fn refresh(&mut self, stat: Stat, now: Span) {
        if stat == self.found.stat {
            return;
        }
        // Zeros at the end may have been room that is filled only now.
        if self.cursor.splitter.only_nuls() && self.found.stat.size <= self.cursor.next() {
            self.cursor.rewind();
        }
        self.found.stat = stat;
        self.changed_at = now;
    }

    /// Becomes the carrier of a generation at a position; `opening` and `tail` are proved bytes of it.
    pub fn carry(&mut self, id: u64, position: &Position, opening: Vec<u8>, tail: Vec<u8>) {
        self.role = Role::Carrier(id);
        self.cursor = Cursor::resume(position, opening, tail, self.encoding);
        self.proved = Some(self.found.stat.changed);
    }

    /// A packed file becomes the carrier; it is unpacked again up to the position.
    ///
    /// # Errors
    /// What the file system says.
    pub fn carry_packed(&mut self, id: u64, position: &Position, content: Content) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let unpacker = Unpacker::new(file, self.found.stat.size)?;
        self.role = Role::Carrier(id);
        self.cursor = Cursor::resume(position, Vec::new(), Vec::new(), self.encoding);
        self.ahead = Some((position.clone(), Vec::new()));
        self.gzip = Some(Phase::Reading(Box::new(unpacker), content));
        Ok(())
    }

    /// Forgets what it was to us.
    pub fn reset(&mut self) {
        self.role = Role::New;
        self.cursor = Cursor::default();
        (self.gzip, self.ahead, self.judged, self.proved) = (None, None, None, None);
        self.leftover.clear();
    }

    /// Reads up to `quantum` bytes.
    ///
    /// # Errors
    /// What the file system says.
    pub fn read(&mut self, buffer: &mut [u8], quantum: usize, out: &mut Out<'_>) -> io::Result<Read> {
        if self.gzip.is_some() {
            Ok(self.read_packed(buffer, quantum, out))
        } else {
            self.read_plain(buffer, quantum, out)
        }
    }

    /// The bytes before the next one are read again with it: they prove that this is still the same file.
    fn read_plain(&mut self, buffer: &mut [u8], quantum: usize, out: &mut Out<'_>) -> io::Result<Read> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let proof = self.cursor.recent().len();
        let room = (proof + quantum).min(buffer.len());
        let room = buffer.get_mut(..room).unwrap_or_default();
        let n = file.read_at(room, self.cursor.next() - proof as u64)?;
        let Some((before, data)) = room.get(..n).and_then(|bytes| bytes.split_at_checked(proof)) else {
            return Ok(Read::Lost(GapReason::Truncated));
        };
        if before != self.cursor.recent() {
            return Ok(Read::Lost(GapReason::Rewritten));
        }
        let taken = self.cursor.absorb(data, out);
        if taken == data.len() && self.cursor.splitter.run() >= HOLE_BYTES_MIN {
            self.skip_hole();
        }
        let at_end = data.is_empty() || self.cursor.has_reached(self.found.stat.size);
        Ok(if at_end { Read::Drained } else { Read::More })
    }

    /// Whether the last bytes that were read of an incomplete line still stand in the file; true where none wait, and
    /// where the file cannot be asked.
    pub fn still_holds_the_half(&self) -> bool {
        let Some(file) = self.file.as_ref().filter(|_| self.cursor.splitter.pending() > 0) else {
            return true;
        };
        let known = self.cursor.recent();
        let mut now = vec![0; known.len()];
        match file.read_at(&mut now, self.cursor.next().saturating_sub(known.len() as u64)) {
            Ok(length) => now.get(..length) == Some(known),
            Err(_) => true,
        }
    }

    /// Asks the file system where the next data are; one that does not know says: here.
    fn skip_hole(&mut self) {
        let Some(file) = self.file.as_ref() else { return };
        let next = self.cursor.next();
        let data = match rustix::fs::seek(file, SeekFrom::Data(next)) {
            Ok(at) => at,
            Err(rustix::io::Errno::NXIO) => self.found.stat.size,
            Err(_) => next,
        };
        self.cursor.skip_hole(data.saturating_sub(next));
    }

    fn read_packed(&mut self, buffer: &mut [u8], quantum: usize, out: &mut Out<'_>) -> Read {
        let mut leftover = std::mem::take(&mut self.leftover);
        if leftover.len() as u64 >= self.cursor.splitter.encoding.unit() {
            self.take(&leftover, out);
            return Read::More;
        }
        let Some(Phase::Reading(unpacker, content)) = &mut self.gzip else { return Read::Drained };
        let room = quantum.min(buffer.len());
        let room = buffer.get_mut(..room).unwrap_or_default();
        let before = unpacker.plain;
        let Piece::Bytes(n) = unpacker.next(room) else {
            let capped = content.broken.is_some();
            self.cursor.finish(out);
            return Read::Ended(capped);
        };
        let data = room.get(..n).unwrap_or_default();
        let Some((position, mut tail)) = self.ahead.take() else {
            leftover.extend_from_slice(data);
            self.take(&leftover, out);
            return Read::More;
        };
        let cut = usize::try_from(position.offset - before).unwrap_or(usize::MAX).min(n);
        let (skipped, rest) = data.split_at_checked(cut).unwrap_or((data, &[]));
        tail = last(&tail, skipped, TAIL_MARKER_BYTES as usize);
        if before + n as u64 >= position.offset {
            let opening = content
                .opening
                .get(..usize::try_from(position.offset).unwrap_or(usize::MAX).min(content.opening.len()));
            self.cursor =
                Cursor::resume(&position, opening.unwrap_or_default().to_vec(), tail, self.encoding);
            self.take(rest, out);
        } else {
            self.ahead = Some((position, tail));
        }
        Read::More
    }

    fn take(&mut self, data: &[u8], out: &mut Out<'_>) {
        let taken = self.cursor.absorb(data, out);
        self.leftover = data.get(taken..).unwrap_or_default().to_vec();
    }
}
