//! What a rule remembers, as bytes: numbers as LEB128 varints (signed ones zigzag), times and ids as the step from
//! the entry before. A body begins with [`SHAPE`] and the rule's version; anything else reads as nothing.

use super::window::{Entry, Episode, Group};
use crate::schema::Timestamp;
use std::sync::Arc;

/// First byte of a body; counts up when its shape changes.
const SHAPE: u8 = 1;

/// Where the entry before stood: time, id, stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before(i64, u64, u64);

/// Begins a body.
pub fn begin(out: &mut Vec<u8>, version: &str) {
    out.clear();
    out.push(SHAPE);
    put_text(out, version);
}

/// What stands behind the head of a body; `None` where it is of another shape or version.
pub fn open<'a>(bytes: &'a [u8], version: &str) -> Option<Reader<'a>> {
    let (&SHAPE, rest) = bytes.split_first()? else { return None };
    let mut reader = Reader(rest);
    (reader.text()? == version).then_some(reader)
}

/// Puts a group behind the head; `entries`: its events too.
pub fn put_group(out: &mut Vec<u8>, group: &Group, entries: bool) {
    let count = if entries { group.entries.len() } else { 0 };
    put_number(out, count as u64);
    let mut before = Before::default();
    group.entries.iter().take(count).for_each(|entry| put_entry(out, entry, &mut before));
    put_number(out, group.episodes.len() as u64);
    for episode in &group.episodes {
        put_signed(out, episode.first.0);
        put_signed(out, episode.last.0.wrapping_sub(episode.first.0));
        put_number(out, episode.stream);
        put_text(out, &episode.finding);
        put_number(out, episode.folded);
        out.extend(episode.observed.to_bits().to_le_bytes());
    }
}

/// Puts an entry.
pub fn put_entry(out: &mut Vec<u8>, entry: &Entry, before: &mut Before) {
    put_signed(out, entry.at.0.wrapping_sub(before.0));
    put_signed(out, entry.id.wrapping_sub(before.1).cast_signed());
    put_signed(out, entry.stream.wrapping_sub(before.2).cast_signed());
    *before = Before(entry.at.0, entry.id, entry.stream);
    put_number(out, u64::from(entry.count));
    put_number(out, u64::from(entry.nth));
    put_maybe(out, entry.value.as_deref());
    put_maybe(out, entry.who.as_deref());
}

/// Puts a text with its length.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// An absent text is 0, one that is there has its length and 1.
fn put_maybe(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => out.push(0),
        Some(text) => {
            put_number(out, text.len() as u64 + 1);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Reads a body piece by piece; `None` where it ends too soon or makes no sense.
#[derive(Clone, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// What is not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Reads on in bytes that [`Reader::rest`] gave.
    pub fn of(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// A whole group, to the end of the body.
    pub fn group(mut self) -> Option<Group> {
        let mut group = Group::default();
        let mut before = Before::default();
        for _ in 0..self.number()? {
            group.entries.push_back(self.entry(&mut before)?);
        }
        group.entries.shrink_to_fit();
        for _ in 0..self.number()? {
            group.episodes.push(self.episode()?);
        }
        self.0.is_empty().then_some(group)
    }

    fn episode(&mut self) -> Option<Episode> {
        let first = self.signed()?;
        let last = self.signed()?.wrapping_add(first);
        Some(Episode {
            first: Timestamp(first),
            last: Timestamp(last),
            stream: self.number()?,
            finding: Arc::from(self.text()?),
            folded: self.number()?,
            observed: f64::from_bits(u64::from_le_bytes(self.chunk()?)),
            untold: false,
        })
    }

    /// An entry.
    pub fn entry(&mut self, before: &mut Before) -> Option<Entry> {
        let at = self.signed()?.wrapping_add(before.0);
        let id = self.signed()?.cast_unsigned().wrapping_add(before.1);
        let stream = self.signed()?.cast_unsigned().wrapping_add(before.2);
        *before = Before(at, id, stream);
        Some(Entry {
            at: Timestamp(at),
            id,
            stream,
            count: u32::try_from(self.number()?).ok()?,
            nth: u16::try_from(self.number()?).ok()?,
            value: self.maybe()?.map(Into::into),
            who: self.maybe()?.map(Into::into),
        })
    }

    /// A text.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn maybe(&mut self) -> Option<Option<&'a str>> {
        let length = usize::try_from(self.number()?).ok()?;
        let Some(length) = length.checked_sub(1) else { return Some(None) };
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok().map(Some)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_group_comes_back_as_it_was_and_garbage_is_nothing(
            entries in proptest::collection::vec(
                (any::<i64>(), any::<u64>(), any::<u32>(), any::<u16>(), any::<u64>(),
                 any::<Option<String>>(), any::<Option<String>>()), 0..5),
            episodes in proptest::collection::vec(
                (any::<i64>(), any::<i64>(), any::<u64>(), any::<String>(), any::<u64>()), 0..3),
            garbage in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let mut group = Group::default();
            for (at, id, count, nth, stream, value, who) in entries {
                let (value, who) = (value.map(Into::into), who.map(Into::into));
                group.entries.push_back(Entry { at: Timestamp(at), id, count, nth, stream, value, who });
            }
            for (first, last, stream, finding, folded) in episodes {
                let (first, last, observed) = (Timestamp(first), Timestamp(last), folded as f64);
                let finding = finding.into();
                group.episodes.push(Episode { first, last, stream, finding, folded, observed, untold: false });
            }
            let mut body = Vec::new();
            begin(&mut body, "v1");
            put_group(&mut body, &group, true);
            prop_assert_eq!(open(&body, "v1").and_then(Reader::group), Some(group));
            prop_assert!(open(&body, "v2").is_none());
            for cut in 0..body.len() {
                prop_assert!(open(&body[..cut], "v1").and_then(Reader::group).is_none(), "cut at {cut}");
            }
            let _ = open(&[&[SHAPE, 0][..], &garbage].concat(), "").and_then(Reader::group);
        }
    }
}
