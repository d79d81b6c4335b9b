//! The place in one file together with what proves it: the bytes at the file's head, before the position
//! and before the next read, all kept from the bytes that were read, so that no second look can lie.

use super::fingerprint::{Markers, hash, last};
use super::splitter::{Out, Splitter};
use super::wide::Encoding;
use crate::limits::{HEAD_BYTES, MARKER_EVERY_BYTES, TAIL_MARKER_BYTES};
use crate::schema::{Position, Timestamp};
use memchr::memrchr;

const HEAD: usize = HEAD_BYTES as usize;
const MARKER: usize = TAIL_MARKER_BYTES as usize;
/// Of a long piece, line starts about so far before its end get a marker too.
const MARKER_DISTANCES: [usize; 3] = [MARKER_EVERY_BYTES as usize, 8 * 1024, 1024];

/// A reading place with its proofs.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    /// Where the lines are cut.
    pub splitter: Splitter,
    /// The file's first bytes, as far as they were read.
    opening: Vec<u8>,
    /// The bytes before the next one to read.
    recent: Vec<u8>,
    /// The bytes before the first incomplete line.
    tail: Vec<u8>,
    markers: Markers,
    watermark: Option<Timestamp>,
}

impl Cursor {
    /// Goes on at a committed position; `opening` and `tail` are the file's bytes that were checked against it.
    pub fn resume(position: &Position, opening: Vec<u8>, tail: Vec<u8>, encoding: Encoding) -> Cursor {
        let encoding = encoding.of(&opening);
        Cursor {
            splitter: Splitter::at(position.offset, position.lines, encoding),
            opening,
            recent: tail.clone(),
            tail,
            markers: Markers::new(position.markers.clone()),
            watermark: position.watermark,
        }
    }

    /// The next byte to read.
    pub fn next(&self) -> u64 {
        self.splitter.next()
    }

    /// Whether a file of so many bytes holds nothing more; half a code unit is nothing.
    pub fn has_reached(&self, size: u64) -> bool {
        size.saturating_sub(self.next()) < self.splitter.encoding.unit()
    }

    /// The committed offset: start of the first incomplete line.
    pub fn offset(&self) -> u64 {
        self.splitter.line_start
    }

    /// The bytes that must stand before the next one.
    pub fn recent(&self) -> &[u8] {
        &self.recent
    }

    /// The bytes that identify the file: its head, as far as it lies before the position.
    pub fn head(&self) -> &[u8] {
        let length = self.opening.len().min(usize::try_from(self.offset()).unwrap_or(usize::MAX));
        self.opening.get(..length).unwrap_or_default()
    }

    /// Takes `data`, which begins at [`Cursor::next`]; returns how much of it.
    pub fn absorb(&mut self, data: &[u8], out: &mut Out<'_>) -> usize {
        let (from, line_before) = (self.next(), self.offset());
        let taken = self.splitter.feed(data, out);
        let data = data.get(..taken).unwrap_or_default();
        self.open_with(from, data);
        if self.offset() != line_before {
            let cut = usize::try_from(self.offset().saturating_sub(from)).unwrap_or(0).min(taken);
            for distance in MARKER_DISTANCES {
                let before = data.get(..cut.saturating_sub(distance)).unwrap_or_default();
                let end = last_end(before, from, self.splitter.encoding);
                if let Some(before) = end.and_then(|end| data.get(..end)) {
                    self.markers.pass(from + before.len() as u64, &last(&self.recent, before, MARKER));
                }
            }
            self.tail = last(&self.recent, data.get(..cut).unwrap_or_default(), MARKER);
            self.markers.pass(self.offset(), &self.tail);
        }
        self.recent = last(&self.recent, data, MARKER);
        taken
    }

    /// Skips a hole that the file system knows.
    pub fn skip_hole(&mut self, n: u64) {
        let zeros = vec![0; usize::try_from(n).unwrap_or(usize::MAX).min(HEAD)];
        self.open_with(self.next(), &zeros);
        self.splitter.nuls(n);
        self.recent = last(&self.recent, &zeros, MARKER);
    }

    /// Reads the incomplete line again from its start.
    pub fn rewind(&mut self) {
        self.splitter.rewind();
        self.recent.clone_from(&self.tail);
        self.opening.truncate(usize::try_from(self.offset()).unwrap_or(usize::MAX));
    }

    /// Nothing more comes: what is incomplete becomes a line.
    pub fn finish(&mut self, out: &mut Out<'_>) {
        self.splitter.finish(out);
        if self.offset() == self.next() {
            self.tail.clone_from(&self.recent);
        }
    }

    /// The row of `positions`.
    pub fn position(&mut self, generation: u64) -> Position {
        let tail_hash = hash(&self.tail);
        self.markers.thin(self.offset());
        Position {
            generation,
            offset: self.offset(),
            lines: self.splitter.lines,
            tail_hash,
            markers: self.markers.ring().to_vec(),
            watermark: self.watermark,
        }
    }

    fn open_with(&mut self, from: u64, data: &[u8]) {
        if from == self.opening.len() as u64 && self.opening.len() < HEAD {
            let room = HEAD - self.opening.len();
            self.opening.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
        }
    }
}

/// Behind the last end of a line in data that begin at `from`.
fn last_end(data: &[u8], from: u64, encoding: Encoding) -> Option<usize> {
    if !encoding.is_wide() {
        return memrchr(b'\n', data).map(|at| at + 1);
    }
    let half = usize::from(!from.is_multiple_of(2)); // The byte order mark came in two pieces.
    let (pairs, _) = data.get(half..)?.as_chunks::<2>();
    pairs.iter().rposition(|pair| encoding.read(*pair) == u16::from(b'\n')).map(|at| half + 2 * at + 2)
}
