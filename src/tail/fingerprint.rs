//! Is this file the one that we read? SHA-256 over its head and over the bytes before the position, and a
//! ring of older such markers that finds what survived when a file comes back shorter.

use crate::limits::{HEAD_BYTES, MARKER_EVERY_BYTES, MARKERS_MAX, TAIL_MARKER_BYTES};
use crate::schema::{Generation, Position};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// SHA-256.
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The last `n` bytes of `before` followed by `after`.
pub fn last(before: &[u8], after: &[u8], n: usize) -> Vec<u8> {
    let from_after = after.len().min(n);
    let from_before = before.len().min(n - from_after);
    let mut joined = Vec::with_capacity(from_before + from_after);
    joined.extend_from_slice(before.get(before.len() - from_before..).unwrap_or_default());
    joined.extend_from_slice(after.get(after.len() - from_after..).unwrap_or_default());
    joined
}

/// The bytes `from..to` of a file, fewer where it ends before.
///
/// # Errors
/// What the file system says.
pub fn bytes_at(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
    let n = read_full(file, &mut bytes, from)?;
    bytes.truncate(n);
    Ok(bytes)
}

/// Fills `buffer` from `from` on, as far as the file goes.
///
/// # Errors
/// What the file system says.
pub fn read_full(file: &File, buffer: &mut [u8], from: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The bytes that a marker at `offset` covers.
pub fn marker_bytes(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    bytes_at(file, offset.saturating_sub(TAIL_MARKER_BYTES), offset)
}

/// What a file is to a generation that we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Head and tail stand; these are the opening and the bytes before the position.
    Intact(Vec<u8>, Vec<u8>),
    /// It is shorter than the position.
    Short,
    /// Its head or the bytes before the position are others.
    Other,
}

/// Compares a file of `size` bytes with a generation.
///
/// # Errors
/// What the file system says.
pub fn prove(file: &File, size: u64, generation: &Generation, position: &Position) -> io::Result<Proof> {
    if size < position.offset {
        return Ok(Proof::Short);
    }
    let opening = bytes_at(file, 0, HEAD_BYTES.min(position.offset))?;
    if !head_stands(&opening, generation) {
        return Ok(Proof::Other);
    }
    let tail = marker_bytes(file, position.offset)?;
    Ok(if hash(&tail) == position.tail_hash || position.offset == 0 {
        Proof::Intact(opening, tail)
    } else {
        Proof::Other
    })
}

/// Whether an opening carries the generation's head.
pub fn head_stands(opening: &[u8], generation: &Generation) -> bool {
    let length = usize::try_from(generation.head_length).unwrap_or(usize::MAX);
    opening.get(..length).is_some_and(|head| hash(head) == generation.head_hash)
}

/// The farthest older marker that still stands in a file whose head is the generation's.
///
/// # Errors
/// What the file system says.
pub fn surviving(
    file: &File,
    size: u64,
    generation: &Generation,
    position: &Position,
) -> io::Result<Option<u64>> {
    let opening = bytes_at(file, 0, HEAD_BYTES)?;
    if generation.head_length == 0 || !head_stands(&opening, generation) {
        return Ok(None);
    }
    for (offset, marker) in position.markers.iter().rev() {
        if *offset > 0 && *offset <= size && hash(&marker_bytes(file, *offset)?) == *marker {
            return Ok(Some(*offset));
        }
    }
    Ok(None)
}

/// The ring of older markers: close together near the position, `MARKER_EVERY_BYTES` apart further back.
#[derive(Clone, Debug, Default)]
pub struct Markers {
    ring: Vec<(u64, [u8; 32])>,
}

/// Closest distance of two markers.
const NEAR_BYTES: u64 = 512;
/// Size and number of the cells that have a marker.
const CELLS: [(u64, usize); 3] = [(MARKER_EVERY_BYTES, MARKERS_MAX - 6), (8 * 1024, 3), (1024, 3)];

impl Markers {
    /// The markers of a committed position.
    pub fn new(ring: Vec<(u64, [u8; 32])>) -> Markers {
        Markers { ring }
    }

    /// The markers, oldest first.
    pub fn ring(&self) -> &[(u64, [u8; 32])] {
        &self.ring
    }

    /// The position passes a line's start.
    pub fn pass(&mut self, offset: u64, tail: &[u8]) {
        if self.ring.last().is_none_or(|(at, _)| at + NEAR_BYTES <= offset) {
            self.ring.push((offset, hash(tail)));
        }
        if self.ring.len() > 4 * MARKERS_MAX {
            self.thin(offset);
        }
    }

    /// Leaves at most `MARKERS_MAX`: the first marker of each cell of `MARKER_EVERY_BYTES`, and the same in
    /// smaller cells near the position. The first of a cell stays the first, so nothing is thinned away early.
    pub fn thin(&mut self, offset: u64) {
        self.ring.retain(|(at, _)| *at <= offset);
        let mut keep = vec![false; self.ring.len()];
        for (cell, cells) in CELLS {
            let mut left = cells;
            for (index, (at, _)) in self.ring.iter().enumerate().rev() {
                let before = index.checked_sub(1).and_then(|before| self.ring.get(before));
                let first = before.is_none_or(|(before, _)| before / cell != at / cell);
                if first && left > 0 {
                    left -= 1;
                    keep.get_mut(index).into_iter().for_each(|keep| *keep = true);
                }
            }
        }
        let mut keep = keep.into_iter();
        self.ring.retain(|_| keep.next().unwrap_or(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_is_bounded_dense_near_the_position_and_reaches_back() {
        let mut markers = Markers::default();
        for offset in (0..4_000_000).step_by(700) {
            markers.pass(offset, &offset.to_le_bytes());
        }
        markers.thin(4_000_000);
        let ring = markers.ring();
        assert!(ring.len() <= MARKERS_MAX && ring.is_sorted());
        assert!(ring.last().unwrap().0 + 2_100 > 4_000_000);
        assert!(ring.first().unwrap().0 + 550_000 < 4_000_000, "{:?}", ring.first());
        let gap = ring.windows(2).map(|w| w[1].0 - w[0].0).max().unwrap();
        assert!(gap <= 2 * MARKER_EVERY_BYTES);
    }

    #[test]
    fn the_last_bytes_come_from_both_sides() {
        assert_eq!(last(b"abc", b"de", 4), b"bcde");
        assert_eq!(last(b"abc", b"defgh", 4), b"efgh");
        assert_eq!(last(b"", b"d", 4), b"d");
    }
}
