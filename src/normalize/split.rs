//! One line may hold several records: JSON in an array or a wrapper, Windows events one behind the other, syslog
//! frames that were written without a line feed. Each becomes an event with its own place in the file.
//!
//! Syslog frames are the dangerous ones: whoever may choose a name can write `<38>1 2026-...` into it. An octet count
//! that fits decides (RFC 6587: the sender counted, and no text inside a frame changes that). Without counts a line is
//! cut only where it begins with a frame itself and what follows is a whole header of the same style and host, close
//! in time, outside quotes; and not even there when a grammar reads the line as one message that matters
//! ([`super::Normalize`]). When in doubt a line stays whole: a record that is not told apart is still in `raw`, a record
//! that somebody forged would be believed.

pub(super) mod document;
mod frames;
pub(super) mod outline;

use super::json;
use super::value::head;
use crate::limits::{FIELD_BYTES_MAX, KEY_BYTES_MAX, LINE_BYTES_MAX, WRAPPER_BYTES_MAX};
use crate::schema::{Datum, Flag, RawLine, ShortText};
use document::{Document, Element, Place, Progress, is_dense};
use outline::{Outline, Step};
use std::slice;
use std::sync::Arc;

pub(super) use frames::cut;

/// What the lines of a source may be, so that nothing is looked for that cannot be there. A syslog frame may carry
/// anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// JSON.
    pub(super) json: bool,
    /// Windows events as XML.
    pub(super) xml: bool,
    /// Records of the Linux audit system.
    pub(super) audit: bool,
    /// Messages of Java's own logger.
    pub(super) java: bool,
}

impl Reads {
    /// Everything, for a file whose format is not known yet.
    pub(super) const ALL: Reads = Reads { json: true, xml: true, audit: true, java: true };
}

/// What a wrapper says.
type Said = Arc<[(ShortText, Datum)]>;
/// Fields of a wrapper, which its records share.
pub(super) type Wrapper = Option<Said>;

/// What a record is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    /// A record, read as it stands.
    Record,
    /// What stands around records: brackets, the members of a wrapper.
    Frame,
    /// The rest of a line that was cut, with the reason why it cannot be read.
    Cut(String),
    /// Perhaps several syslog frames: where the second and each further one begins.
    Glued(Box<[usize]>),
}

impl Role {
    /// Whether somebody told something, so that it is to be read.
    pub(super) fn is_told(&self) -> bool {
        matches!(self, Role::Record | Role::Glued(_))
    }
}

/// What becomes one event: a line, a piece of one, or several joined.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// Place, flags and what is stored as `raw`.
    pub(super) raw: RawLine,
    /// What is read where that is more than `raw` holds.
    pub(super) text: Option<Box<[u8]>>,
    /// Number of lines.
    pub(super) lines: u32,
    /// Their numbers, where they do not follow one upon the other.
    pub(super) line_list: Box<[u64]>,
    /// What it is.
    pub(super) role: Role,
    /// What its wrapper says.
    pub(super) wrapper: Wrapper,
}

impl Record {
    /// A whole line.
    pub(super) fn of(raw: RawLine) -> Record {
        Record { raw, text: None, lines: 1, line_list: Box::default(), role: Role::Record, wrapper: None }
    }
}

/// Gives the records of one line.
pub(super) fn split(line: RawLine, reads: Reads, out: &mut Vec<Record>) {
    let first = line.bytes.iter().find(|b| !b.is_ascii_whitespace());
    match first {
        Some(b'{' | b'[') if reads.json && may_hold_records(&line.bytes) => json_records(line, out),
        Some(b'<' | b'-') if reads.xml && has_xml(&line.bytes) => xml_records(line, out),
        Some(b'<') if reads.xml && is_xml_frame(&line.bytes) => {
            out.push(Record { role: Role::Frame, ..Record::of(line) });
        }
        Some(b'<' | b'0'..=b'9') => frames::split(line, out),
        _ => out.push(Record::of(line)),
    }
}

/// Whether a JSON line can hold several records: it is an array, an array of objects follows a key, or an object
/// follows another.
fn may_hold_records(text: &[u8]) -> bool {
    let opens = |at: usize| {
        let next = text.get(at + 1..).and_then(|rest| rest.iter().find(|b| !b.is_ascii_whitespace()));
        next == Some(&b'{')
    };
    let array = |at: usize| {
        let mut before = text.get(..at).unwrap_or_default().iter().rev().filter(|b| !b.is_ascii_whitespace());
        opens(at) && matches!(before.next(), None | Some(b':'))
    };
    memchr::memchr_iter(b'[', text).any(array) || memchr::memchr_iter(b'}', text).any(opens)
}

/// The records of one line of JSON.
struct Listed {
    elements: Vec<Element>,
    /// Where the one begins that is cut.
    rest: Option<Place>,
    wrapper: Wrapper,
    /// Not all that the wrapper says is there.
    wrapper_cut: bool,
    whole: bool,
}

fn json_records(line: RawLine, out: &mut Vec<Record>) {
    let listed = [listed, concatenated].into_iter().map(|read| read(&line.bytes));
    let cut = line.flags.has(Flag::Truncated);
    let fits = |listed: &Listed| (listed.whole || cut) && lists(slice::from_ref(&line), &listed.elements);
    let Some(listed) = listed.into_iter().find(fits) else {
        return out.push(Record::of(line));
    };
    let before = out.len();
    pieces(slice::from_ref(&line), &listed.elements, &listed.wrapper, out);
    if listed.wrapper_cut {
        out.iter_mut().skip(before).for_each(|record| record.raw.flags.set(Flag::Truncated));
    }
    if !listed.whole {
        let last = listed.elements.last().map_or(0, |(_, end)| end.at);
        let start = listed.rest.unwrap_or(Place { line: 0, at: last, nth: listed.elements.len() });
        out.extend(rest_of(&line, start));
    }
}

/// The elements of an array, or of a wrapper's.
fn listed(text: &[u8]) -> Listed {
    let mut document = Document::default();
    let whole = document.feed(0, text) == Progress::Whole;
    let array = document.array_on_line();
    let (rest, elements) = (document.begun(), document.take_elements());
    let around = array.and_then(|(start, end)| wrapper(text, (start, end), elements.len()));
    let (wrapper, wrapper_cut) = around.unzip();
    Listed { rest, elements, wrapper, wrapper_cut: wrapper_cut == Some(true), whole }
}

/// Objects one behind the other, as some collectors put them together.
fn concatenated(text: &[u8]) -> Listed {
    let mut listed =
        Listed { elements: Vec::new(), rest: None, wrapper: None, wrapper_cut: false, whole: false };
    let mut at = 0;
    loop {
        let blanks =
            text.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
        at += blanks;
        let start = Place { line: 0, at, nth: listed.elements.len() };
        if at >= text.len() {
            // One alone is the line itself.
            listed.whole = listed.elements.len() > 1;
            return listed;
        }
        let mut outline = Outline::default();
        let end = loop {
            match outline.step(text, &mut at) {
                Step::Closed(true, end) if outline.is_whole() => break end,
                Step::More | Step::Wrong => {
                    listed.rest = Some(start);
                    return listed;
                }
                _ => {}
            }
        };
        listed.elements.push((start, Place { at: end, nth: start.nth + 1, ..start }));
    }
}

/// What a line that was cut holds of its last element.
fn rest_of(line: &RawLine, start: Place) -> Option<Record> {
    let end = Place { at: line.bytes.len(), ..start };
    let mut rest = piece(slice::from_ref(line), (start, end))?;
    to_the_end(&mut rest, line);
    let kept = line.bytes.len().saturating_sub(start.at);
    rest.role = Role::Cut(format!("the JSON is cut off after {kept} bytes"));
    Some(rest)
}

/// The last piece of a line has its terminator, and what was not kept.
fn to_the_end(last: &mut Record, line: &RawLine) {
    last.raw.length = (line.offset + line.length).saturating_sub(last.raw.offset).max(1);
}

/// What the members of a wrapper say beside its array, for so many records; true where that is not all.
fn wrapper(text: &[u8], (start, end): (usize, usize), records: usize) -> Option<(Said, bool)> {
    let around = [text.get(..start)?, b"null", text.get(end..)?].concat();
    let fields = json::read(std::str::from_utf8(&around).ok()?).ok()?;
    let (mut left, mut cut, mut kept) = (WRAPPER_BYTES_MAX / records.max(1), fields.cut, Vec::new());
    for (key, mut value) in fields.rest() {
        let key = format!("wrapper.{key}");
        if let Datum::Text(text) = &mut value
            && text.len() > FIELD_BYTES_MAX
        {
            (*text, cut) = (head(text, FIELD_BYTES_MAX).into(), true);
        }
        match left.checked_sub(key.len() + bytes_of(&value)).filter(|_| key.len() <= KEY_BYTES_MAX) {
            Some(rest) => {
                left = rest;
                kept.push((ShortText::from(key), value));
            }
            None => cut = true,
        }
    }
    (cut || !kept.is_empty()).then(|| (kept.into(), cut))
}

/// Bytes of memory that a value takes.
fn bytes_of(value: &Datum) -> usize {
    let inside = match value {
        Datum::Text(text) => text.len(),
        Datum::List(members) => members.iter().map(bytes_of).sum(),
        _ => 0,
    };
    size_of::<Datum>() + inside
}

/// Whether elements of a text are its records.
pub(super) fn lists(lines: &[RawLine], elements: &[Element]) -> bool {
    let bytes = lines.iter().map(|line| line.bytes.len()).sum();
    !elements.is_empty() && !is_dense(elements.len(), bytes)
}

/// The elements of a text as records, in their order, and the lines that no element touches as what they are.
pub(super) fn pieces(lines: &[RawLine], elements: &[Element], wrapper: &Wrapper, out: &mut Vec<Record>) {
    pieces_before(lines.len(), lines, elements, wrapper, out);
}

/// The same, but of the lines that no element touches only the first so many.
pub(super) fn pieces_before(
    bound: usize,
    lines: &[RawLine],
    elements: &[Element],
    wrapper: &Wrapper,
    out: &mut Vec<Record>,
) {
    let mut next = elements.iter().peekable();
    let mut reached = None;
    for (at, line) in lines.iter().enumerate() {
        let mut touched = at >= bound || reached.is_some_and(|end| end >= at);
        while let Some(element) = next.next_if(|(start, _)| start.line <= at) {
            out.extend(piece(lines, *element).map(|record| Record { wrapper: wrapper.clone(), ..record }));
            reached = Some(element.1.line);
            touched = true;
        }
        if !touched {
            out.push(Record { role: Role::Frame, ..Record::of(line.clone()) });
        }
    }
}

/// What a line holds from a place on, as a line of its own.
pub(super) fn tail(line: &RawLine, start: Place) -> Option<RawLine> {
    let end = Place { at: line.bytes.len(), ..start };
    let mut rest = piece(slice::from_ref(line), (Place { line: 0, ..start }, Place { line: 0, ..end }))?;
    to_the_end(&mut rest, line);
    Some(rest.raw)
}

/// What stands between two places of some lines.
pub(super) fn piece(lines: &[RawLine], (start, end): Element) -> Option<Record> {
    let touched = lines.get(start.line..=end.line)?;
    let part = |(at, line): (usize, &RawLine)| {
        let from = if at == 0 { start.at } else { 0 };
        let to = if at == end.line - start.line { end.at } else { line.bytes.len() };
        line.bytes.get(from..to).unwrap_or_default().to_vec()
    };
    let parts: Vec<Vec<u8>> = touched.iter().enumerate().map(part).collect();
    let mut record = joined(touched, parts.join(&b'\n').into_boxed_slice())?;
    let place = |line: &RawLine, place: Place| {
        line.offset + if is_exact(line) { place.at as u64 } else { place.nth as u64 }
    };
    let (first, last) = (touched.first()?, touched.last()?);
    record.raw.offset = place(first, start);
    record.raw.length = match touched.iter().all(is_exact) {
        true => place(last, end).saturating_sub(record.raw.offset),
        false => parts.iter().map(|part| part.len() as u64).sum(),
    };
    Some(record)
}

/// Whether the bytes of a line are those of the file, so that a place in it is a place in the file: nothing was
/// decoded or left out but a terminator.
fn is_exact(line: &RawLine) -> bool {
    let around = line.length.checked_sub(line.bytes.len() as u64);
    let whole = around.is_some_and(|around| around <= 2) || line.flags.has(Flag::Truncated);
    whole && !line.flags.has(Flag::Nul) && !line.flags.has(Flag::BadEncoding)
}

/// One record of several lines, of which `text` is what was said. What is too long for `raw` is cut there, and
/// read all the same.
pub(super) fn joined(lines: &[RawLine], text: Box<[u8]>) -> Option<Record> {
    let (first, last) = (lines.first()?, lines.last()?);
    let consecutive = lines.iter().zip(first.line..).all(|(line, number)| line.line == number);
    let mut flags = lines.iter().fold(first.flags, |flags, line| flags.union(line.flags));
    let (bytes, text) = match text.get(..LINE_BYTES_MAX) {
        Some(head) if head.len() < text.len() => {
            flags.set(Flag::Truncated);
            (whole_characters(head).into(), Some(text))
        }
        _ => (text, None),
    };
    let raw = RawLine {
        source: Arc::clone(&first.source),
        bytes,
        flags,
        length: lines.iter().map(|line| line.length).sum(),
        // The record was not there before its last line.
        read_at: last.read_at,
        ..*first
    };
    let line_list = if consecutive { Box::default() } else { lines.iter().map(|line| line.line).collect() };
    let lines = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    Some(Record { text, lines, line_list, ..Record::of(raw) })
}

/// Without a character that the cut has split.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()).unwrap_or(bytes),
        _ => bytes,
    }
}

/// Whether a line begins with a Windows event as XML (viewers put `- ` before it).
pub(super) fn has_xml(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"- ").unwrap_or(text).trim_ascii_start();
    begins_event(text)
}

fn begins_event(text: &[u8]) -> bool {
    text.strip_prefix(b"<Event").is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'>' | b'\t') | None))
}

/// Whether a line is what stands around Windows events in a file: the declaration, or the list's own tag.
fn is_xml_frame(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let list = text.starts_with(b"<Events>") || text.starts_with(b"<Events ");
    (text.starts_with(b"<?xml ") && text.ends_with(b"?>"))
        || text == b"</Events>"
        || (list && memchr::memchr(b'>', text) == Some(text.len() - 1))
}

/// The end of a Windows event.
pub(super) const XML_END: &[u8] = b"</Event>";

/// Events one behind the other. A `<` in their text is written `&lt;`, so that nobody can forge an end.
fn xml_records(line: RawLine, out: &mut Vec<Record>) {
    let mut elements: Vec<Element> = Vec::new();
    let mut start = 0;
    for end in memchr::memmem::find_iter(&line.bytes, XML_END).map(|at| at + XML_END.len()) {
        let rest = line.bytes.get(end..).unwrap_or_default();
        if rest.trim_ascii().is_empty() || has_xml(rest) {
            let place = |at| Place { line: 0, at, nth: elements.len() };
            elements.push((place(start), place(end)));
            start = end + (rest.len() - rest.trim_ascii_start().len());
        }
    }
    let whole = start >= line.bytes.len();
    if elements.len() < 2 || !whole || is_dense(elements.len(), line.bytes.len()) {
        return out.push(Record::of(line));
    }
    pieces(slice::from_ref(&line), &elements, &None, out);
}

#[cfg(test)]
mod tests;
