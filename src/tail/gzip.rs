//! Rotated files that were packed. A file is first unpacked once to prove it (its trailers are right, and
//! what it holds), and only then read; both in slices, with flat memory, and never past the caps.

use super::fingerprint::{hash, head_stands, last};
use crate::limits::{GZIP_PLAIN_BYTES_MAX, GZIP_RATIO_MAX, HEAD_BYTES, TAIL_MARKER_BYTES};
use crate::schema::Generation;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The ratio counts only above so many plain bytes: short files of equal lines pack well.
const RATIO_FREE_BYTES: u64 = 1024 * 1024;

/// Where a packed file stands.
pub enum Phase {
    /// It is being unpacked to see whether it is whole, and what it holds.
    Proving(Box<Prover>),
    /// It was not whole when last looked at; it is looked at again when it has changed.
    Waiting,
    /// It is whole: this is in it.
    Proven(Content),
    /// It is being read.
    Reading(Box<Unpacker>, Content),
}

/// What a packed file holds.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Plain bytes that may be read.
    pub total: u64,
    /// The first plain bytes.
    pub opening: Vec<u8>,
    /// The last plain bytes.
    pub end: Vec<u8>,
    /// Generations of which this holds everything up to an offset, which was their position.
    pub holds: Vec<(u64, u64)>,
    /// Generations of which this holds everything up to one of their older markers.
    pub before: Vec<(u64, u64)>,
    /// Why it ends before its own end.
    pub broken: Option<&'static str>,
}

/// A decoder with caps.
pub struct Unpacker {
    decoder: MultiGzDecoder<File>,
    /// Plain bytes so far.
    pub plain: u64,
    cap: u64,
}

/// What came out of one step.
pub enum Piece {
    /// So many bytes.
    Bytes(usize),
    /// The end, with all trailers right.
    End,
    /// A cap was hit.
    Capped,
    /// The file ends before its end: it may still be written.
    Short,
    /// It is damaged.
    Damaged,
}

impl Unpacker {
    /// Begins at the file's start.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(file: &File, packed_size: u64) -> io::Result<Unpacker> {
        let mut file = file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let by_ratio = packed_size.saturating_mul(GZIP_RATIO_MAX).max(RATIO_FREE_BYTES);
        Ok(Unpacker { decoder: MultiGzDecoder::new(file), plain: 0, cap: by_ratio.min(GZIP_PLAIN_BYTES_MAX) })
    }

    /// Unpacks the next bytes.
    pub fn next(&mut self, buffer: &mut [u8]) -> Piece {
        let left = usize::try_from(self.cap - self.plain).unwrap_or(usize::MAX);
        // One byte past the cap tells a file that ends there from one that goes on.
        let room = buffer.len().min(left.saturating_add(1));
        let room = buffer.get_mut(..room).unwrap_or_default();
        loop {
            return match self.decoder.read(room) {
                Ok(0) => Piece::End,
                Ok(n) if n > left => Piece::Capped,
                Ok(n) => {
                    self.plain += n as u64;
                    Piece::Bytes(n)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Piece::Short,
                Err(_) => Piece::Damaged,
            };
        }
    }
}

/// A place to look for: offset, hash before it, generation, and whether it is an older marker.
type Place = (u64, [u8; 32], u64, bool);

/// The first pass.
pub struct Prover {
    unpacker: Unpacker,
    content: Content,
    /// Places of the generations whose head it carries.
    wanted: Option<Vec<Place>>,
}

/// A generation that a packed file may hold.
pub struct Wanted<'a> {
    /// Its identity.
    pub generation: &'a Generation,
    /// Its position.
    pub offset: u64,
    /// The hash before it.
    pub tail_hash: [u8; 32],
    /// Older places with their hashes: a copy may end before the position.
    pub markers: &'a [(u64, [u8; 32])],
}

impl Prover {
    /// Begins.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(file: &File, packed_size: u64) -> io::Result<Prover> {
        Ok(Prover { unpacker: Unpacker::new(file, packed_size)?, content: Content::default(), wanted: None })
    }

    /// Unpacks up to `budget` bytes. `Some`: it is through, and this is how it ended.
    pub fn step<'a>(
        &mut self,
        buffer: &mut [u8],
        budget: usize,
        known: impl Fn() -> Vec<Wanted<'a>>,
    ) -> Option<Piece> {
        let mut done = 0;
        while done < budget {
            match self.unpacker.next(buffer) {
                Piece::Bytes(n) => {
                    done += n;
                    self.look(buffer.get(..n).unwrap_or_default(), &known);
                }
                end => {
                    self.want(&known);
                    self.check(&[], 0);
                    return Some(end);
                }
            }
        }
        None
    }

    /// What was found.
    pub fn content(&mut self) -> Content {
        std::mem::take(&mut self.content)
    }

    fn look<'a>(&mut self, bytes: &[u8], known: &impl Fn() -> Vec<Wanted<'a>>) {
        let before = self.content.total;
        let room = (HEAD_BYTES as usize).saturating_sub(self.content.opening.len());
        self.content.opening.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        self.content.total += bytes.len() as u64;
        if self.content.opening.len() as u64 >= HEAD_BYTES {
            self.want(known);
        }
        self.check(bytes, before);
        self.content.end = last(&self.content.end, bytes, TAIL_MARKER_BYTES as usize);
    }

    fn want<'a>(&mut self, known: &impl Fn() -> Vec<Wanted<'a>>) {
        if self.wanted.is_none() {
            let stands = known()
                .into_iter()
                .filter(|w| w.offset > 0 && head_stands(&self.content.opening, w.generation));
            let places = stands.flat_map(|w| {
                let id = w.generation.id;
                let older = w.markers.iter().filter(move |(at, _)| *at > 0 && *at != w.offset);
                older.map(move |(at, hash)| (*at, *hash, id, true)).chain([(
                    w.offset,
                    w.tail_hash,
                    id,
                    false,
                )])
            });
            self.wanted = Some(places.collect());
        }
    }

    /// Checks the tails of positions that lie in `bytes`, which begin at `before`; positions inside the
    /// opening are checked there, since they became known only after it had passed.
    fn check(&mut self, bytes: &[u8], before: u64) {
        let Content { opening, end, holds, before: older, total, .. } = &mut self.content;
        let Some(wanted) = &mut self.wanted else { return };
        wanted.retain(|(offset, tail_hash, id, marker_only)| {
            let marker = TAIL_MARKER_BYTES as usize;
            let cut = |from: u64| usize::try_from(offset - from).unwrap_or(usize::MAX);
            let tail = if *offset <= opening.len() as u64 {
                last(&[], opening.get(..cut(0)).unwrap_or_default(), marker)
            } else if *offset > before && *offset <= *total && !bytes.is_empty() {
                last(end, bytes.get(..cut(before)).unwrap_or_default(), marker)
            } else {
                return true;
            };
            if hash(&tail) == *tail_hash {
                let list = if *marker_only { &mut *older } else { &mut *holds };
                list.push((*id, *offset));
            }
            false
        });
    }
}

/// The plain size modulo 2^32 that the trailer of a file with one member tells.
///
/// # Errors
/// What the file system says.
pub fn trailer_size(file: &File, packed_size: u64) -> io::Result<Option<u32>> {
    let bytes = super::fingerprint::bytes_at(file, packed_size.saturating_sub(4), packed_size)?;
    Ok(<[u8; 4]>::try_from(bytes).ok().map(u32::from_le_bytes))
}

/// The first plain bytes.
///
/// # Errors
/// What the file system says.
pub fn opening(file: &File, packed_size: u64) -> io::Result<Vec<u8>> {
    let mut unpacker = Unpacker::new(file, packed_size)?;
    let mut opening = Vec::new();
    let mut buffer = [0; HEAD_BYTES as usize];
    while let Some(room) = (HEAD_BYTES as usize).checked_sub(opening.len()).filter(|room| *room > 0) {
        match unpacker.next(buffer.get_mut(..room).unwrap_or_default()) {
            Piece::Bytes(n) => opening.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            _ => break,
        }
    }
    Ok(opening)
}
