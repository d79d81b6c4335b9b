//! How held lines are stored: text where it is text, else bytes.

use crate::schema::{Flags, RawLine, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::sync::Arc;

/// A line as it is stored.
#[derive(Serialize, Deserialize)]
struct Saved<'a> {
    source: Cow<'a, str>,
    generation: u64,
    offset: u64,
    length: u64,
    line: u64,
    #[serde(default)]
    flags: Flags,
    read_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<Cow<'a, [u8]>>,
}

/// Writes lines.
///
/// # Errors
/// The serializer's.
pub(super) fn serialize<S: Serializer>(lines: &[RawLine], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(lines.iter().map(|line| {
        let text = std::str::from_utf8(&line.bytes).ok();
        Saved {
            source: Cow::Borrowed(&line.source),
            generation: line.generation,
            offset: line.offset,
            length: line.length,
            line: line.line,
            flags: line.flags,
            read_at: line.read_at,
            text: text.map(Cow::Borrowed),
            bytes: text.is_none().then_some(Cow::Borrowed(&*line.bytes)),
        }
    }))
}

/// Reads lines.
///
/// # Errors
/// The deserializer's.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RawLine>, D::Error> {
    let saved = Vec::<Saved<'_>>::deserialize(deserializer)?;
    let line = |saved: Saved<'_>| {
        let text = saved.text.map(|text| text.into_owned().into_bytes());
        let bytes = text.or(saved.bytes.map(Cow::into_owned)).unwrap_or_default();
        RawLine {
            source: Arc::from(&*saved.source),
            generation: saved.generation,
            offset: saved.offset,
            length: saved.length,
            line: saved.line,
            bytes: bytes.into_boxed_slice(),
            flags: saved.flags,
            read_at: saved.read_at,
        }
    };
    Ok(saved.into_iter().map(line).collect())
}
