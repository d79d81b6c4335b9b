//! Several lines may be one record: pretty-printed JSON, Windows events as XML, the records of one Linux audit event
//! (which stand among others), and the pairs of lines that Java's own logger writes.
//!
//! Lines are held back only where the source's plan can read such a record, and only while nothing contradicts: a line
//! that cannot follow, a limit, or age lets them out one by one, as they would have come without being held. What is
//! held is the room's memory: it is stored in the transaction that moves the position past it, so that a kill loses
//! and doubles nothing. The price is that such a record is known only with its last line; one event per line would
//! have told its first line sooner, and wrongly.

mod audit;
mod held;

use super::split::document::{Document, Progress};
use super::split::{self, Reads, Record, XML_END};
use super::stamp;
use crate::limits::{AUDIT_AGE_MAX, HELD_AGE_MAX, HELD_BYTES_MAX, HELD_LINES_MAX};
use crate::schema::{Flag, RawLine, Timestamp};
use audit::Groups;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// What one file holds back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Joiner {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<Open>,
    #[serde(default, skip_serializing_if = "Groups::is_idle")]
    groups: Groups,
}

/// A record that is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    #[serde(with = "held")]
    lines: Vec<RawLine>,
    /// Bytes of the lines.
    bytes: usize,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    /// JSON. True: its elements are records as soon as they are complete.
    Json(Document, bool),
    /// A Windows event.
    Xml,
    /// A stamp and who writes, of Java's logger.
    Java,
}

impl Joiner {
    /// Takes a line in; gives the records that are complete now. True when what is held has changed.
    pub(super) fn feed(&mut self, line: RawLine, reads: Reads, out: &mut Vec<Record>) -> bool {
        if self.is_idle() {
            let Some(start) = Start::of(&line, reads) else {
                split::split(line, reads, out);
                return false;
            };
            self.begin(line, start, reads, out);
            return true;
        }
        self.groups.pass(line.line, out);
        let mut queue = VecDeque::new();
        let mut next = Some(line);
        while let Some(line) = next.take().or_else(|| queue.pop_front()) {
            match (self.open.take(), Start::of(&line, reads)) {
                (Some(open), _) => self.go_on(open, line, reads, &mut queue, out),
                (None, Some(start)) => self.begin(line, start, reads, out),
                (None, None) => split::split(line, reads, out),
            }
        }
        true
    }

    /// Whether nothing is held and nothing is remembered.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_none() && self.groups.is_idle()
    }

    /// The source of the lines that are held.
    pub(super) fn source(&self) -> Option<Arc<str>> {
        let open = self.open.as_ref().and_then(|open| open.lines.first());
        open.or(self.groups.first()).map(|line| Arc::clone(&line.source))
    }

    /// The lowest number of a line that is held.
    pub(super) fn first_line(&self) -> Option<u64> {
        // Lines are held in the order of the file: looking at each would cost a long record the square of its length.
        let open = self.open.as_ref().and_then(|open| open.lines.first());
        open.into_iter().chain(self.groups.first()).map(|line| line.line).min()
    }

    /// Bytes that are held.
    pub(super) fn bytes(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.bytes) + self.groups.bytes()
    }

    /// Lets out what was held too long. True when something was.
    pub(super) fn tick(&mut self, now: Timestamp, reads: Reads, out: &mut Vec<Record>) -> bool {
        let before = out.len();
        // A clock that was set back must not hold lines for as long again.
        let old = |line: &RawLine, age: i64| (now - line.read_at).0.abs() >= age;
        self.groups.release(|first| old(first, AUDIT_AGE_MAX.0), out);
        if self
            .open
            .as_ref()
            .and_then(|open| open.lines.first())
            .is_some_and(|line| old(line, HELD_AGE_MAX.0))
        {
            self.let_out(reads, out);
        }
        before < out.len()
    }

    /// Lets everything out, in the order of the file.
    pub(super) fn release(&mut self, reads: Reads, out: &mut Vec<Record>) {
        let before = out.len();
        self.let_out(reads, out);
        self.groups.release(|_| true, out);
        self.groups = Groups::default();
        if let Some(records) = out.get_mut(before..) {
            records.sort_by_key(|record| record.raw.offset);
        }
    }

    /// Lets out the record that is not complete: elements that are, then line by line.
    fn let_out(&mut self, reads: Reads, out: &mut Vec<Record>) {
        let Some(mut open) = self.open.take() else { return };
        open.give_elements(out);
        for line in open.rest() {
            split::split(line, reads, out);
        }
    }

    fn begin(&mut self, line: RawLine, start: Start, reads: Reads, out: &mut Vec<Record>) {
        match start {
            Start::Audit(head) => {
                if let Some(line) = self.groups.feed(line, head, out) {
                    split::split(line, reads, out);
                }
            }
            Start::Open(kind) => {
                let mut open = Open { bytes: line.bytes.len(), lines: vec![line], kind };
                open.give_if_list(out);
                self.open = Some(open);
            }
        }
    }

    fn go_on(
        &mut self,
        mut open: Open,
        line: RawLine,
        reads: Reads,
        queue: &mut VecDeque<RawLine>,
        out: &mut Vec<Record>,
    ) {
        if open.lines.len() >= HELD_LINES_MAX || open.bytes + line.bytes.len() > HELD_BYTES_MAX {
            // What is too long as a whole may be a list of records that are not.
            let freed = open.give_elements(out);
            queue.push_front(line);
            self.open = Some(open);
            if !freed {
                self.let_out(reads, out);
            }
            return;
        }
        match open.take_in(line) {
            Taken::Open => {
                open.give_if_list(out);
                self.open = Some(open);
            }
            Taken::Whole => open.complete(reads, out),
            Taken::Never(line) => {
                open.give_elements(out);
                let mut lines = open.rest().into_iter();
                if let Some(first) = lines.next() {
                    split::split(first, reads, out);
                }
                // The others may be the beginning of a record themselves.
                let again: Vec<RawLine> = lines.chain([line]).collect();
                again.into_iter().rev().for_each(|line| queue.push_front(line));
            }
        }
    }
}

/// What became of a line.
enum Taken {
    /// It belongs to the record, and more must follow.
    Open,
    /// The record is complete with it.
    Whole,
    /// It shows that there was no such record.
    Never(RawLine),
}

impl Open {
    fn take_in(&mut self, line: RawLine) -> Taken {
        let at = self.lines.len();
        let taken = match &mut self.kind {
            Kind::Json(..) if line.flags.has(Flag::Truncated) => Progress::Wrong,
            Kind::Json(document, _) => document.feed(at, &line.bytes),
            Kind::Xml if split::has_xml(&line.bytes) => Progress::Wrong,
            Kind::Xml if memchr::memmem::find(&line.bytes, XML_END).is_some() => Progress::Whole,
            Kind::Xml => Progress::Open,
            Kind::Java if is_java_message(&line.bytes) => Progress::Whole,
            Kind::Java => Progress::Wrong,
        };
        if taken == Progress::Wrong {
            if let Kind::Json(document, _) = &mut self.kind {
                document.undo_line(at);
            }
            return Taken::Never(line);
        }
        self.bytes += line.bytes.len();
        self.lines.push(line);
        if taken == Progress::Whole { Taken::Whole } else { Taken::Open }
    }

    /// An array tells its elements one by one.
    fn give_if_list(&mut self, out: &mut Vec<Record>) {
        if let Kind::Json(document, streams) = &self.kind
            && (*streams || document.is_array() && (document.has_elements() || document.begun().is_some()))
        {
            self.give_elements(out);
        }
    }

    /// Gives the elements that are complete, and forgets the lines before the one that is not. False when there was
    /// nothing to give.
    fn give_elements(&mut self, out: &mut Vec<Record>) -> bool {
        let Kind::Json(document, streams) = &mut self.kind else { return false };
        let begun = document.begun();
        let idle = *streams && begun.is_none();
        let begins = document.is_array() && begun.is_some();
        if !(document.has_elements() || idle || begins) {
            return false;
        }
        let elements = document.take_elements();
        let kept = begun.map_or(self.lines.len(), |begun| begun.line.min(self.lines.len()));
        split::pieces_before(kept, &self.lines, &elements, &None, out);
        self.bytes =
            self.lines.drain(..kept).fold(self.bytes, |bytes, line| bytes.saturating_sub(line.bytes.len()));
        document.forget_lines(kept);
        *streams = true;
        kept > 0 || !elements.is_empty()
    }

    /// The lines that are still held; of the first one what no element has taken.
    fn rest(mut self) -> Vec<RawLine> {
        if let Kind::Json(document, true) = &self.kind
            && let Some(begun) = document.begun().filter(|begun| begun.at > 0)
            && let Some(first) = self.lines.first_mut()
            && let Some(rest) = split::tail(first, begun)
        {
            *first = rest;
        }
        self.lines
    }

    /// The record, or the records that it lists.
    fn complete(self, reads: Reads, out: &mut Vec<Record>) {
        match self.kind {
            Kind::Json(mut document, streams) => {
                let elements = document.take_elements();
                if streams || split::lists(&self.lines, &elements) {
                    return split::pieces(&self.lines, &elements, &None, out);
                }
            }
            Kind::Xml | Kind::Java => {}
        }
        let text = text_of(&self.lines);
        match split::joined(&self.lines, text) {
            Some(record) => out.push(record),
            None => self.lines.into_iter().for_each(|line| split::split(line, reads, out)),
        }
    }
}

/// The text of several lines.
fn text_of(lines: &[RawLine]) -> Box<[u8]> {
    let parts: Vec<&[u8]> =
        lines.iter().map(|line| line.bytes.strip_suffix(b"\r").unwrap_or(&line.bytes)).collect();
    parts.join(&b'\n').into_boxed_slice()
}

/// How a line begins a record of several.
enum Start {
    Audit(audit::Head),
    Open(Kind),
}

impl Start {
    fn of(line: &RawLine, reads: Reads) -> Option<Start> {
        let text = line.bytes.trim_ascii();
        match text.first()? {
            b'{' | b'[' if reads.json => json_start(line, text),
            b'<' | b'-' if reads.xml && split::has_xml(text) => {
                let whole = memchr::memmem::find(text, XML_END).is_some();
                (!whole).then_some(Start::Open(Kind::Xml))
            }
            first => {
                let audit = if reads.audit { audit::head(&line.bytes).map(Start::Audit) } else { None };
                let java = || reads.java && first.is_ascii_alphanumeric() && is_java_head(text);
                audit.or_else(|| java().then_some(Start::Open(Kind::Java)))
            }
        }
    }
}

/// JSON that goes on: it is an array, or breaks off where a printer breaks lines, behind a bracket or a comma. A line
/// that ends elsewhere is a record that was cut.
fn json_start(line: &RawLine, text: &[u8]) -> Option<Start> {
    let array = text.first() == Some(&b'[');
    if line.flags.has(Flag::Truncated) || !(array || matches!(text.last(), Some(b'{' | b'[' | b','))) {
        return None;
    }
    let mut document = Document::default();
    let open = document.feed(0, &line.bytes) == Progress::Open;
    (open && (!array || document.is_array())).then_some(Start::Open(Kind::Json(document, false)))
}

/// Longest first line of a Java pair.
const JAVA_HEAD_MAX: usize = 256;

/// A stamp, a class and a method, and nothing else: the first line of `java.util.logging.SimpleFormatter`.
fn is_java_head(text: &[u8]) -> bool {
    let name = |word: &[u8]| {
        let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.' | b'<' | b'>');
        word.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'<' | b'_' | b'$'))
            && word.iter().all(part)
    };
    let mut words = text.rsplitn(3, |b| *b == b' ');
    let (Some(method), Some(class), Some(stamp)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let named = text.len() <= JAVA_HEAD_MAX && class.contains(&b'.') && name(class) && name(method);
    let stamp = std::str::from_utf8(stamp).ok().filter(|_| named);
    stamp.is_some_and(|text| stamp::read(text).is_some_and(|(_, used)| used == text.len()))
}

/// A level in capitals and a colon: the second line.
fn is_java_message(text: &[u8]) -> bool {
    let level = text.iter().take(16).take_while(|b| b.is_ascii_uppercase()).count();
    (3..=15).contains(&level) && text.get(level..).is_some_and(|rest| rest.starts_with(b": "))
}

#[cfg(test)]
mod tests;
