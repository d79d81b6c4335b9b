//! What a rule remembers, as stored bytes. A body begins with [`SHAPE`] and the rule's version. Bodies of the shape
//! before are read too, so that an update of the program forgets nothing; anything else reads as nothing.

use super::entry::{Entry, Reader, Text, kept_value, put_number, put_signed};
use super::window::Episode;
use crate::schema::Timestamp;
use std::sync::Arc;

/// First byte of a body; counts up when its shape changes.
const SHAPE: u8 = 2;
/// The shape before: a group's events stood in its row.
const OLD_SHAPE: u8 = 1;

/// A body without its head.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Of the present shape.
    New(Reader<'a>),
    /// Of the shape before.
    Old(Reader<'a>),
}

/// Begins a body.
pub fn begin(out: &mut Vec<u8>, version: &str) {
    out.clear();
    out.push(SHAPE);
    put_text(out, version);
}

/// What stands behind the head of a body; `None` where it is of another shape or version.
pub fn open<'a>(bytes: &'a [u8], version: &str) -> Option<Body<'a>> {
    let mut reader = Reader { bytes, place: 0 };
    let shape = reader.byte()?;
    if text(&mut reader)? != version {
        return None;
    }
    match shape {
        SHAPE => Some(Body::New(reader)),
        OLD_SHAPE => Some(Body::Old(reader)),
        _ => None,
    }
}

/// Puts a text with its length.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// A text with its length.
pub fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a str> {
    let length = usize::try_from(reader.number()?).ok()?;
    reader.text(length)
}

/// Puts the episodes of a group.
pub fn put_episodes(out: &mut Vec<u8>, episodes: &[Episode]) {
    put_number(out, episodes.len() as u64);
    for episode in episodes {
        put_signed(out, episode.first.0);
        put_signed(out, episode.last.0.wrapping_sub(episode.first.0));
        put_number(out, episode.stream);
        put_text(out, &episode.finding);
        put_number(out, episode.folded);
        out.extend(episode.observed.to_bits().to_le_bytes());
        put_number(out, episode.event);
    }
}

/// The episodes of a group, to the end of the body; those of the older shape do not name their event.
pub fn episodes(reader: &mut Reader<'_>, old: bool) -> Option<Vec<Episode>> {
    let mut episodes = Vec::new();
    for _ in 0..reader.number()? {
        let first = reader.signed()?;
        let last = reader.signed()?.wrapping_add(first);
        episodes.push(Episode {
            first: Timestamp(first),
            last: Timestamp(last),
            stream: reader.number()?,
            finding: Arc::from(text(reader)?),
            folded: reader.number()?,
            observed: f64::from_bits(u64::from_le_bytes(reader.chunk()?)),
            event: if old { 0 } else { reader.number()? },
            untold: false,
        });
    }
    reader.is_at_end().then_some(episodes)
}

/// Puts the files of a page, each with the time of its last event.
pub fn put_newest(out: &mut Vec<u8>, newest: &[(u64, Timestamp)]) {
    put_number(out, newest.len() as u64);
    for (stream, at) in newest {
        put_number(out, *stream);
        put_signed(out, at.0);
    }
}

/// The files of a page.
pub fn newest(reader: &mut Reader<'_>) -> Option<Vec<(u64, Timestamp)>> {
    let count = reader.number()?;
    (0..count).map(|_| Some((reader.number()?, Timestamp(reader.signed()?)))).collect()
}

/// Where the entry before stood, in the old shape: time, id, file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before(i64, u64, u64);

/// An entry of the old shape, given to `see`.
pub fn old_entry(reader: &mut Reader<'_>, before: &mut Before, see: impl FnOnce(Entry<'_>)) -> Option<()> {
    let at = reader.signed()?.wrapping_add(before.0);
    let id = reader.signed()?.cast_unsigned().wrapping_add(before.1);
    let stream = reader.signed()?.cast_unsigned().wrapping_add(before.2);
    *before = Before(at, id, stream);
    let count = u32::try_from(reader.number()?).ok()?;
    let nth = u16::try_from(reader.number()?).ok()?;
    // The value, and who it was about; never both.
    let mut text = None;
    for _ in 0..2 {
        if let Some(length) = usize::try_from(reader.number()?).ok()?.checked_sub(1) {
            text = text.or(Some(reader.text(length)?));
        }
    }
    let kept = text.map(kept_value);
    let text = kept.as_deref().map(Text::of);
    let (at, amount, also, heard) = (Timestamp(at), None, None, false);
    see(Entry { at, id, count, nth, stream, text, amount, also, heard });
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn episodes_come_back_as_they_were_and_garbage_is_nothing(
            episodes in proptest::collection::vec(
                (any::<i64>(), any::<i64>(), any::<u64>(), any::<String>(), any::<u64>()), 0..3),
            garbage in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let episode = |(first, last, stream, finding, folded): (i64, i64, u64, String, u64)| Episode {
                first: Timestamp(first), last: Timestamp(last), stream, finding: finding.into(), folded,
                observed: folded as f64, event: folded, untold: false,
            };
            let all: Vec<Episode> = episodes.into_iter().map(episode).collect();
            let read = |body: &[u8], version: &str| match open(body, version)? {
                Body::New(mut reader) => super::episodes(&mut reader, false),
                Body::Old(_) => None,
            };
            let mut body = Vec::new();
            begin(&mut body, "v1");
            put_episodes(&mut body, &all);
            prop_assert_eq!(read(&body, "v1"), Some(all));
            prop_assert!(read(&body, "v2").is_none());
            for cut in 0..body.len() {
                prop_assert!(read(&body[..cut], "v1").is_none(), "cut at {cut}");
            }
            let _ = read(&[&[SHAPE, 0][..], &garbage].concat(), "");
            let mut reader = Reader { bytes: &garbage, place: 0 };
            let _ = old_entry(&mut reader, &mut Before::default(), |_| ());
        }
    }
}
