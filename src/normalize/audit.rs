//! Records of the Linux audit daemon (auditd(8), `audit.log` and its ways through syslog):
//! `node=N type=T msg=audit(EPOCH.MS:SERIAL): key=value ...`, for user messages with `msg='key=value ...'` inside,
//! and the meanings of numbers behind 0x1D where `log_format = ENRICHED`.
//!
//! A text may hold all records of one event, parted by line feeds: of a key the first record that has it counts.
//! Fields besides those written: `type`, `types` (of all records), `time`, `serial`, `node`, `cmdline` (the
//! arguments of EXECVE), `saddr.ip`, `saddr.port`, `saddr.path` (of a socket's address), `paths` (of several PATH
//! records), `KEY.name` (the meaning of KEY), `words` (text that is in no pair). Unset values are left out.

mod values;

use super::record::{Fields, Value};
use super::syslog::{Header, header_before};
use std::borrow::Cow;
use values::{decoded, is_encoded, is_unset, socket_address, type_name};

/// What parts the meanings from the record, and how rsyslog writes it.
const ENRICHED_MARKS: [&str; 2] = ["\u{1d}", "#035"];

/// Why a text is no audit record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// There is no `audit(EPOCH:SERIAL)`.
    #[error("no audit record at the start of the message")]
    NoRecord,
    /// There is no `type=` in front of it.
    #[error("the audit record has no type")]
    NoType,
}

/// One record, in its parts.
struct Record<'a> {
    front: &'a str,
    node: Option<&'a str>,
    kind: &'a str,
    time: &'a str,
    serial: &'a str,
    body: &'a str,
}

/// Reads the records of one event: what a header in front says, and the fields.
///
/// # Errors
/// [`AuditError`], of the first record; later ones that are none are kept as `words`.
pub fn read(text: &str) -> Result<(Header<'_>, Fields<'_>), AuditError> {
    let mut lines = text.split('\n').filter(|line| !line.trim().is_empty());
    let first = record(lines.next().unwrap_or(""))?;
    let mut event = Event { fields: Fields::new(), ..Event::default() };
    event.fields.add("type", Cow::Borrowed(type_name(first.kind)));
    event.fields.add("time", Cow::Borrowed(first.time));
    event.fields.add("serial", Cow::Borrowed(first.serial));
    if let Some(node) = first.node {
        event.fields.add("node", Cow::Borrowed(node));
    }
    event.has_arguments = memchr::memmem::find(text.as_bytes(), b"type=EXECVE").is_some();
    event.take(&first);
    for line in lines {
        match record(line) {
            Ok(record) => event.take(&record),
            Err(_) => event.fields.gather("words", Cow::Borrowed(line.trim())),
        }
    }
    let header = header_before(first.front).ok_or(AuditError::NoRecord)?;
    Ok((header, event.into_fields()))
}

fn record(line: &str) -> Result<Record<'_>, AuditError> {
    let mut starts = memchr::memmem::find_iter(line.as_bytes(), b"audit(");
    let digit = |at: &usize| line.as_bytes().get(at + "audit(".len()).is_some_and(u8::is_ascii_digit);
    let start = starts.find(digit).ok_or(AuditError::NoRecord)?;
    let (head, rest) = line.split_at_checked(start).ok_or(AuditError::NoRecord)?;
    let (stamp, body) =
        rest.get("audit(".len()..).and_then(|rest| rest.split_once(')')).ok_or(AuditError::NoRecord)?;
    let (time, serial) = stamp.split_once(':').ok_or(AuditError::NoRecord)?;
    let head = head.trim_end().strip_suffix("msg=").unwrap_or(head).trim_end();
    let (front, kind) = head.rsplit_once([' ', '\t']).unwrap_or(("", head));
    let kind = kind.strip_prefix("type=").filter(|kind| !kind.is_empty()).ok_or(AuditError::NoType)?;
    let (before, last) = front.trim_end().rsplit_once([' ', '\t']).unwrap_or(("", front.trim_end()));
    let node = last.strip_prefix("node=");
    let front = if node.is_some() { before } else { front };
    Ok(Record { front, node, kind, time, serial, body: body.strip_prefix(':').unwrap_or(body) })
}

/// What the records of one event have said so far.
#[derive(Default)]
struct Event<'a> {
    fields: Fields<'a>,
    /// Where the fields of the record under way begin.
    own: usize,
    types: Vec<Value<'a>>,
    paths: Vec<Value<'a>>,
    arguments: String,
    has_arguments: bool,
}

impl<'a> Event<'a> {
    fn take(&mut self, record: &Record<'a>) {
        let kind = type_name(record.kind);
        self.own = self.fields.items.len();
        if self.types.len() < crate::limits::FIELDS_MAX {
            self.types.push(Value::Text(Cow::Borrowed(kind)));
        }
        let enriched = ENRICHED_MARKS.iter().find_map(|mark| record.body.split_once(mark));
        let (body, meanings) = enriched.unwrap_or((record.body, ""));
        let (before, user_message) = match body.split_once("msg='") {
            Some((before, rest)) => (before, rest.rsplit_once('\'').map_or(rest, |(inside, _)| inside)),
            None => (body, ""),
        };
        for part in [before, user_message] {
            let words = each_pair(part, |pair| self.add(kind, pair));
            if !words.is_empty() {
                self.fields.gather("words", Cow::Borrowed(words));
            }
        }
        each_pair(meanings, |pair| {
            if !is_unset(&pair) {
                self.add_new(&format!("{}.name", pair.key.to_ascii_lowercase()), Cow::Borrowed(pair.text));
            }
        });
    }

    fn add(&mut self, kind: &str, pair: Pair<'a>) {
        if is_unset(&pair) {
            return;
        }
        let encoded = !pair.is_quoted && is_encoded(kind, pair.key);
        let text = if encoded { decoded(pair.text) } else { Cow::Borrowed(pair.text) };
        match kind {
            "EXECVE"
                if pair.key.starts_with('a')
                    && pair.key.as_bytes().get(1).is_some_and(u8::is_ascii_digit) =>
            {
                self.add_argument(pair.key, &text);
            }
            "PATH" if pair.key == "name" && self.paths.len() < crate::limits::FIELDS_MAX => {
                self.paths.push(Value::Text(text.clone()));
            }
            "SOCKADDR" if pair.key == "saddr" => {
                for (key, value) in socket_address(pair.text) {
                    self.add_new(key, Cow::Owned(value));
                }
            }
            // Numbers of a system call, which the words of EXECVE would hide behind.
            "SYSCALL" if self.has_arguments && matches!(pair.key, "a0" | "a1" | "a2" | "a3") => {
                return self.add_new(&format!("syscall.{}", pair.key), text);
            }
            _ => {}
        }
        let key = match pair.qualifier {
            Some("old") => Cow::Owned(format!("old-{}", pair.key)),
            _ => Cow::Borrowed(pair.key),
        };
        self.add_new(&key, text);
    }

    /// Adds a field that no earlier record has.
    fn add_new(&mut self, key: &str, text: Cow<'a, str>) {
        let fields = &self.fields;
        if fields.items.iter().take(self.own).any(|field| fields.key(field) == key) {
            return;
        }
        self.fields.add(key, text);
    }

    /// One argument of a command, or a further piece (`a1[1]`) of a long one.
    fn add_argument(&mut self, key: &str, text: &str) {
        if key.ends_with("_len") || self.arguments.len() >= crate::limits::FIELD_BYTES_MAX {
            return;
        }
        let goes_on = key.contains('[') && !key.ends_with("[0]");
        if !self.arguments.is_empty() && !goes_on {
            self.arguments.push(' ');
        }
        self.arguments.push_str(text);
    }

    fn into_fields(mut self) -> Fields<'a> {
        if !self.arguments.is_empty() {
            self.own = self.fields.items.len();
            let arguments = std::mem::take(&mut self.arguments);
            self.add_new("cmdline", Cow::Owned(arguments));
        }
        if self.paths.len() > 1 {
            self.fields.push("paths", None, Value::List(self.paths));
        }
        let single = self.types.len() == 1;
        let before = self.fields.items.len();
        self.fields.push("types", None, Value::List(self.types));
        if let Some(types) = self.fields.items.get_mut(before) {
            // One type is `type` already; the list is there to be asked for.
            types.used = single;
        }
        self.fields
    }
}

/// A pair as it stands in a record.
struct Pair<'a> {
    key: &'a str,
    text: &'a str,
    is_quoted: bool,
    /// `old` or `new` in front of the key.
    qualifier: Option<&'a str>,
}

/// Calls `each` with every pair of a text; gives the words in front of the first.
fn each_pair<'a>(text: &'a str, mut each: impl FnMut(Pair<'a>)) -> &'a str {
    let bytes = text.as_bytes();
    let (mut from, mut search) = (0, 0);
    let mut words: Option<&str> = None;
    while let Some(equals) =
        bytes.get(search..).and_then(|rest| memchr::memchr(b'=', rest)).map(|at| search + at)
    {
        let head = bytes.get(from..equals).unwrap_or(&[]);
        let length = head.iter().rev().take_while(|b| is_key(**b)).count();
        let start = equals - length;
        let stands_free = start == from || bytes.get(start - 1).is_some_and(|b| is_parting(*b));
        let (Some(key), true) = (text.get(start..equals), length > 0 && stands_free) else {
            search = equals + 1;
            continue;
        };
        let before = text.get(from..start).unwrap_or("").trim_end();
        words.get_or_insert_with(|| before.trim_matches([' ', '(', ',', ':']));
        let qualifier = before.rsplit([' ', '\t']).next().filter(|word| matches!(*word, "old" | "new"));
        let (mut value, is_quoted, mut end) = value(text, equals + 1);
        if key == "op" && !is_quoted {
            let phrase = phrase(text, equals + 1);
            if phrase.len() > value.len() {
                (value, end) = (phrase, equals + 1 + phrase.len());
            }
        }
        each(Pair { key, text: value, is_quoted, qualifier });
        (from, search) = (end, end);
    }
    words.unwrap_or_else(|| text.trim())
}

fn is_key(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']')
}

fn is_parting(b: u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, b'(' | b',' | b'\'' | b'"' | b'{' | b':' | b';')
}

/// A value from its first byte: its text, whether it is quoted, and where it ends.
fn value(text: &str, start: usize) -> (&str, bool, usize) {
    let rest = text.get(start..).unwrap_or("");
    let closing = match rest.as_bytes().first() {
        Some(b'"') => Some('"'),
        Some(b'\'') => Some('\''),
        Some(b'{') => Some('}'),
        _ => None,
    };
    let closed = closing.and_then(|closing| rest.get(1..)?.split_once(closing));
    if let Some((inside, _)) = closed {
        return (inside.trim(), true, start + inside.len() + 2);
    }
    let length = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
    let word = rest.get(..length).unwrap_or("");
    // Old records end in `res=failed)'`, and part pairs by commas; `(none)` keeps its bracket.
    let word = word.trim_end_matches([',', '\'']);
    let word = if word.starts_with('(') { word } else { word.trim_end_matches(')') };
    (word, false, start + length)
}

/// The words up to the next pair: shadow-utils before 4.2 wrote `op=adding user to group grp=wheel`.
fn phrase(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or("");
    let words = match rest.split_once('=') {
        Some((before, _)) => before.rsplit_once([' ', '\t']).map_or("", |(words, _)| words),
        None => rest,
    };
    words.trim_end_matches([' ', '\t', ',', '\'', '('])
}

#[cfg(test)]
mod tests;
