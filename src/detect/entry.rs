//! One event as a correlation remembers it, and its bytes: some ten where the event before is near.
//!
//! An entry is written as the step from the entry before it: a byte of flags, the time, the id, and what is not usual
//! (a count other than one, another file, another text). Numbers are LEB128 varints, signed ones zigzag.

use crate::schema::Timestamp;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an event stands: its time, then its id.
pub type Moment = (Timestamp, u64);

/// Bytes of one value that are remembered; a longer one is kept by its beginning and its hash.
const TEXT_BYTES_MAX: usize = 64;
/// Bytes of the beginning.
const HEAD_BYTES: usize = 40;

/// The step in time is whole seconds, milliseconds, or neither.
const UNITS: [i64; 3] = [1_000_000, 1_000, 1];
const UNIT: u8 = 0b11;
const COUNT: u8 = 0b100;
const NTH: u8 = 0b1000;
const STREAM: u8 = 0b1_0000;
const SAME: u8 = 0b10_0000;
const TEXT: u8 = 0b100_0000;
/// Another byte of flags follows.
const MORE: u8 = 0b1000_0000;
const AMOUNT: u8 = 0b1;
const ALSO: u8 = 0b10;
const HEARD: u8 = 0b100;

/// A value, or who an event was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Text<'a> {
    /// An address in its usual spelling.
    V4(Ipv4Addr),
    /// An address in its usual spelling.
    V6(Ipv6Addr),
    /// Anything else.
    Plain(&'a str),
}

impl<'a> Text<'a> {
    /// Of a text that [`kept`] has seen.
    pub fn of(text: &'a str) -> Text<'a> {
        let digit = text.len() <= 15 && text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        match digit.then(|| text.parse()) {
            Some(Ok(address)) => Text::V4(address),
            _ => Text::Plain(text),
        }
    }
}

impl From<IpAddr> for Text<'_> {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Text::V4(address),
            IpAddr::V6(address) => Text::V6(address),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::V4(address) => address.fmt(f),
            Text::V6(address) => address.fmt(f),
            Text::Plain(text) => f.write_str(text),
        }
    }
}

/// The text as it is remembered: whole, or its beginning and a hash of all of it, so that two long texts with one
/// beginning stay two.
pub fn kept(text: &str, bytes_max: usize) -> Cow<'_, str> {
    use sha2::{Digest, Sha256};
    if text.len() <= bytes_max {
        return text.into();
    }
    let mut end = HEAD_BYTES.min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or_default();
    let hash = Sha256::digest(text.as_bytes());
    let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("{head}\u{2026}{hex}").into()
}

/// The same, for a value.
pub fn kept_value(text: &str) -> Cow<'_, str> {
    kept(text, TEXT_BYTES_MAX)
}

/// One event that a correlation remembers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Its time.
    pub at: Timestamp,
    /// Its id.
    pub id: u64,
    /// Occurrences that it stands for.
    pub count: u32,
    /// Which reference of the correlation it matched.
    pub nth: u16,
    /// The file (generation) that told it.
    pub stream: u64,
    /// The value that is counted, else who it was about, for the explanation.
    pub text: Option<Text<'a>>,
    /// The number that is added up.
    pub amount: Option<f64>,
    /// Values by which correlations that refer to this one group, joined.
    pub also: Option<&'a str>,
    /// It stands for a match of a correlation, not for an event: there is one with its id, at the earliest time.
    pub heard: bool,
}

impl Entry<'_> {
    /// Where it stands.
    pub fn moment(&self) -> Moment {
        (self.at, self.id)
    }
}

/// The entry before, as far as the next one is written by it; `text` is where its text stands in the same bytes,
/// 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mark {
    /// Its time.
    pub at: i64,
    /// Its id.
    pub id: u64,
    /// Its file.
    pub stream: u64,
    /// The place of its text.
    pub text: u32,
}

/// Puts an entry behind the others and moves the mark to it.
pub fn put(out: &mut Vec<u8>, entry: &Entry<'_>, mark: &mut Mark) {
    let place = out.len();
    let step = entry.at.0.wrapping_sub(mark.at);
    let unit = UNITS.iter().position(|unit| step % unit == 0).unwrap_or(2);
    let before = text_at(out, mark.text).map(|(text, _)| text);
    let same = entry.text.is_some() && entry.text == before;
    let mut flags = u8::try_from(unit).unwrap_or(2);
    let mut flag = |bit: u8, set: bool| flags |= if set { bit } else { 0 };
    flag(COUNT, entry.count != 1);
    flag(NTH, entry.nth != 0);
    flag(STREAM, entry.stream != mark.stream);
    flag(SAME, same);
    flag(TEXT, entry.text.is_some() && !same);
    let more = if entry.amount.is_some() { AMOUNT } else { 0 }
        | if entry.also.is_some() { ALSO } else { 0 }
        | if entry.heard { HEARD } else { 0 };
    flag(MORE, more != 0);
    out.push(flags);
    if more != 0 {
        out.push(more);
    }
    put_signed(out, step / UNITS[unit]);
    put_signed(out, entry.id.wrapping_sub(mark.id).cast_signed());
    if entry.count != 1 {
        put_number(out, u64::from(entry.count));
    }
    if entry.nth != 0 {
        put_number(out, u64::from(entry.nth));
    }
    if entry.stream != mark.stream {
        put_number(out, entry.stream);
    }
    if let Some(amount) = entry.amount {
        out.extend(amount.to_bits().to_le_bytes());
    }
    if let Some(also) = entry.also {
        put_number(out, also.len() as u64);
        out.extend_from_slice(also.as_bytes());
    }
    let mut text = if same { mark.text } else { 0 };
    if let Some(new) = entry.text.filter(|_| !same) {
        text = u32::try_from(out.len()).unwrap_or(0);
        put_text(out, new);
    }
    debug_assert!(out.len() > place);
    *mark = Mark { at: entry.at.0, id: entry.id, stream: entry.stream, text };
}

/// The entry that stands at a place, and where the next one does; moves the mark to it.
pub fn get<'a>(bytes: &'a [u8], place: usize, mark: &mut Mark) -> Option<(Entry<'a>, usize)> {
    let mut reader = Reader { bytes, place };
    let flags = reader.byte()?;
    let more = if flags & MORE == 0 { 0 } else { reader.byte()? };
    let step = reader.signed()?.wrapping_mul(*UNITS.get(usize::from(flags & UNIT))?);
    let at = mark.at.wrapping_add(step);
    let id = mark.id.wrapping_add(reader.signed()?.cast_unsigned());
    let mut extra = |bit: u8, usual: u64| if flags & bit == 0 { Some(usual) } else { reader.number() };
    let count = u32::try_from(extra(COUNT, 1)?).ok()?;
    let nth = u16::try_from(extra(NTH, 0)?).ok()?;
    let stream = extra(STREAM, mark.stream)?;
    let amount = match more & AMOUNT {
        0 => None,
        _ => Some(f64::from_bits(u64::from_le_bytes(reader.chunk()?))),
    };
    let also = match more & ALSO {
        0 => None,
        _ => {
            let length = usize::try_from(reader.number()?).ok()?;
            Some(reader.text(length)?)
        }
    };
    let heard = more & HEARD != 0;
    let mut text_place = if flags & SAME == 0 { 0 } else { mark.text };
    if flags & TEXT != 0 {
        text_place = u32::try_from(reader.place).ok()?;
        reader.place = text_at(bytes, text_place)?.1;
    }
    let text = text_at(bytes, text_place).map(|(text, _)| text);
    if flags & SAME != 0 && text.is_none() {
        return None;
    }
    *mark = Mark { at, id, stream, text: text_place };
    let entry = Entry { at: Timestamp(at), id, count, nth, stream, text, amount, also, heard };
    Some((entry, reader.place))
}

/// A text: 0 and an address, 1 and a long address, or its length and 2.
fn put_text(out: &mut Vec<u8>, text: Text<'_>) {
    match text {
        Text::V4(address) => {
            out.push(0);
            out.extend(address.octets());
        }
        Text::V6(address) => {
            out.push(1);
            out.extend(address.octets());
        }
        Text::Plain(text) => {
            put_number(out, text.len() as u64 + 2);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// The text at a place, and where it ends.
fn text_at(bytes: &[u8], place: u32) -> Option<(Text<'_>, usize)> {
    if place == 0 {
        return None;
    }
    let mut reader = Reader { bytes, place: place as usize };
    let text = match reader.number()? {
        0 => Text::V4(reader.chunk::<4>()?.into()),
        1 => Text::V6(reader.chunk::<16>()?.into()),
        length => Text::Plain(reader.text(usize::try_from(length - 2).ok()?)?),
    };
    Some((text, reader.place))
}

/// Puts a number.
pub fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Puts a number that may be negative.
pub fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Reads bytes piece by piece; `None` where they end too soon or make no sense.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// All of them.
    pub bytes: &'a [u8],
    /// How many were read.
    pub place: usize,
}

impl<'a> Reader<'a> {
    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.place >= self.bytes.len()
    }
    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.place)?;
        self.place += 1;
        Some(byte)
    }
    /// A number.
    pub fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let mut number = u64::from(first & 0x7f);
        let (mut last, mut shift) = (first, 7);
        while last >= 0x80 {
            if shift > 63 {
                return None;
            }
            last = self.byte()?;
            number |= u64::from(last & 0x7f) << shift;
            shift += 7;
        }
        Some(number)
    }
    /// A number that may be negative.
    pub fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
    /// A text of a length.
    pub fn text(&mut self, length: usize) -> Option<&'a str> {
        let end = self.place.checked_add(length)?;
        let text = std::str::from_utf8(self.bytes.get(self.place..end)?).ok()?;
        self.place = end;
        Some(text)
    }
    /// Bytes of a fixed number.
    pub fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let chunk = self.bytes.get(self.place..)?.first_chunk()?;
        self.place += N;
        Some(*chunk)
    }
}

/// A text that is held on to.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    /// An address.
    V4(Ipv4Addr),
    /// An address.
    V6(Ipv6Addr),
    /// Anything else.
    Plain(Box<str>),
}

/// Something that a text can be kept as, to tell different ones.
pub trait Kept<'a> {
    /// Of a text.
    fn of(text: Text<'a>) -> Self;
    /// Which comes first.
    fn order(&self, text: &Text<'_>) -> Ordering;
}

impl<'a> Kept<'a> for Text<'a> {
    fn of(text: Text<'a>) -> Self {
        text
    }
    fn order(&self, text: &Text<'_>) -> Ordering {
        self.cmp(text)
    }
}

impl<'a> Kept<'a> for Owned {
    fn of(text: Text<'a>) -> Self {
        match text {
            Text::V4(address) => Owned::V4(address),
            Text::V6(address) => Owned::V6(address),
            Text::Plain(text) => Owned::Plain(text.into()),
        }
    }
    fn order(&self, text: &Text<'_>) -> Ordering {
        match self {
            Owned::V4(address) => Text::V4(*address).cmp(text),
            Owned::V6(address) => Text::V6(*address).cmp(text),
            Owned::Plain(own) => Text::Plain(own).cmp(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn entries_come_back_as_they_were_and_garbage_is_none(
            entries in proptest::collection::vec(
                (any::<i64>(), any::<u64>(), any::<u32>(), any::<u16>(), any::<u64>(),
                 proptest::option::of("[a-c]{0,2}|1\\.2\\.3\\.[0-9]|::1"), any::<Option<i32>>()), 1..9),
            garbage in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let (mut bytes, mut mark) = (vec![0], Mark::default());
            let entry = |(at, id, count, nth, stream, text, amount): &(i64, u64, u32, u16, u64, Option<String>, Option<i32>)| {
                (Timestamp(*at), *id, *count, *nth, *stream, text.clone(), amount.map(f64::from))
            };
            let all: Vec<_> = entries.iter().map(entry).collect();
            let view = |e: &(Timestamp, u64, u32, u16, u64, Option<String>, Option<f64>)| e.clone();
            for (at, id, count, nth, stream, text, amount) in all.iter().map(view) {
                let text = text.as_deref().map(Text::of);
                let (also, heard) = ((nth % 3 == 0).then_some("more"), nth % 2 == 0);
                let entry = Entry { at, id, count, nth, stream, text, amount, also, heard };
                put(&mut bytes, &entry, &mut mark);
            }
            let (mut place, mut mark) = (1, Mark::default());
            for (at, id, count, nth, stream, text, amount) in &all {
                let (entry, next) = get(&bytes, place, &mut mark).unwrap();
                prop_assert_eq!((entry.at, entry.id, entry.count, entry.nth, entry.stream), (*at, *id, *count, *nth, *stream));
                prop_assert_eq!(entry.text.map(|t| t.to_string()), text.clone());
                prop_assert_eq!((entry.amount, entry.heard), (*amount, nth % 2 == 0));
                prop_assert_eq!(entry.also, (nth % 3 == 0).then_some("more"));
                place = next;
            }
            prop_assert_eq!(place, bytes.len());
            let _ = get(&garbage, 0, &mut Mark::default());
        }
    }

    #[test]
    fn usual_entries_are_short_and_long_texts_are_told_apart() {
        let entry = |n: u32| Entry {
            at: Timestamp(1_772_409_600_000_000 + i64::from(n) * 10_000_000),
            id: 1_000_000 + u64::from(n) * 10_000,
            count: 1,
            nth: 0,
            stream: 3,
            text: Some(Text::of("ana")),
            amount: None,
            also: None,
            heard: false,
        };
        let (mut bytes, mut mark) = (Vec::new(), Mark::default());
        put(&mut bytes, &entry(0), &mut mark);
        let first = bytes.len();
        put(&mut bytes, &entry(1), &mut mark);
        assert_eq!(bytes.len() - first, 5, "flags, ten seconds, three bytes of the id");
        let (a, b) = ("x".repeat(100), format!("{}y", "x".repeat(99)));
        assert_ne!(kept_value(&a), kept_value(&b));
        assert!(kept_value(&a).len() < 80 && kept_value("short") == "short");
    }
}
