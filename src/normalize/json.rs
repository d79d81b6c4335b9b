//! One JSON object per line (RFC 8259), flattened while it is read: no tree is built, text is borrowed where it
//! has no escapes, numbers stay as written. Nested keys are joined by dots.
//!
//! Of a key that stands twice in one object the first counts; the others are kept as `key#2`, `key#3`. A string that
//! is itself an object, or an array of objects, is read as if it stood there without quotes.

use super::record::{Fields, Value};
use super::value::head;
use crate::limits::{JSON_DEPTH_MAX, KEY_BYTES_MAX};
use memchr::memchr2;
use std::borrow::Cow;

/// Why a line is not one JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It does not begin with `{`.
    #[error("not a JSON object")]
    NoObject,
    /// It ends in the middle.
    #[error("the JSON is cut off after {0} bytes")]
    Cut(usize),
    /// Nested deeper than `limits::JSON_DEPTH_MAX`.
    #[error("the JSON is nested deeper than {JSON_DEPTH_MAX} levels")]
    TooDeep,
    /// Not JSON at this byte.
    #[error("the JSON is malformed at byte {0}")]
    Malformed(usize),
    /// Something follows the object.
    #[error("text follows the JSON object at byte {0}")]
    Trailing(usize),
}

/// Reads a line that is one object.
///
/// # Errors
/// [`JsonError`].
pub fn read(text: &str) -> Result<Fields<'_>, JsonError> {
    whole(text, 0)
}

/// Reads a line that is one object, and leaves strings as they are.
///
/// # Errors
/// [`JsonError`].
pub fn read_flat(text: &str) -> Result<Fields<'_>, JsonError> {
    whole(text, QUOTED_DEPTH_MAX)
}

fn whole(text: &str, quoted: usize) -> Result<Fields<'_>, JsonError> {
    let (fields, end) = prefix(text, quoted)?;
    match text.as_bytes().get(end..).and_then(|rest| rest.iter().position(|b| !b.is_ascii_whitespace())) {
        Some(more) => Err(JsonError::Trailing(end + more)),
        None => Ok(fields),
    }
}

/// Reads an object at the start of a text; gives the fields and where it ends.
///
/// # Errors
/// [`JsonError`].
pub fn read_prefix(text: &str) -> Result<(Fields<'_>, usize), JsonError> {
    prefix(text, 0)
}

fn prefix(text: &str, quoted: usize) -> Result<(Fields<'_>, usize), JsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        fields: Fields::new(),
        key: String::new(),
        path: String::new(),
        in_list: 0,
        quoted,
    };
    reader.blanks();
    if reader.peek() != Some(b'{') {
        return Err(JsonError::NoObject);
    }
    reader.object(1)?;
    Ok((reader.fields, reader.at))
}

/// Objects in strings in strings that are followed; each level is read once more, so that this bounds the time.
const QUOTED_DEPTH_MAX: usize = 4;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    fields: Fields<'a>,
    /// The dotted key of where we are, without positions in arrays.
    key: String,
    /// The same with positions; kept only inside arrays of objects.
    path: String,
    in_list: usize,
    /// Strings that we are inside of.
    quoted: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The error of this place: cut where the text ends.
    fn wrong(&self) -> JsonError {
        if self.at >= self.text.len() {
            JsonError::Cut(self.text.len())
        } else {
            JsonError::Malformed(self.at)
        }
    }

    fn eat(&mut self, wanted: u8) -> Result<(), JsonError> {
        self.blanks();
        if self.peek() != Some(wanted) {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > JSON_DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        self.eat(b'{')?;
        let (key_length, path_length) = (self.key.len(), self.path.len());
        let mut seen: Vec<Cow<'a, str>> = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.wrong());
            }
            let name = self.string()?;
            self.enter(&name, &seen);
            // A record may have any number of keys; past the fields that are kept, repeats do not matter.
            if seen.len() < crate::limits::FIELDS_MAX {
                seen.push(name);
            }
            self.eat(b':')?;
            self.value(depth)?;
            self.key.truncate(key_length);
            self.path.truncate(path_length);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.wrong()),
            }
        }
    }

    /// Goes down to a key.
    fn enter(&mut self, name: &str, seen: &[Cow<'a, str>]) {
        let full = self.fields.items.len() >= crate::limits::FIELDS_MAX;
        let repeats = if full { 0 } else { seen.iter().filter(|known| **known == *name).count() };
        let whole = name.len();
        let name = head(name, KEY_BYTES_MAX.saturating_sub(self.path.len().max(self.key.len()) + 4));
        self.fields.cut |= name.len() < whole;
        let add = |place: &mut String| {
            if name.is_empty() && whole > 0 {
                return;
            }
            if !place.is_empty() {
                place.push('.');
            }
            place.push_str(name);
            if repeats > 0 {
                place.push_str(&format!("#{}", repeats + 1));
            }
        };
        add(&mut self.key);
        if self.in_list > 0 {
            add(&mut self.path);
        }
        self.fields.duplicate |= repeats > 0;
    }

    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') if self.holds_objects() => self.objects(depth + 1),
            _ => {
                let value = self.plain(depth)?;
                let at = self.fields.items.len();
                let indexed = (self.in_list > 0).then_some(self.path.as_str());
                if let Value::Text(Cow::Owned(text)) = &value {
                    // It can be asked for as well: a name may look like an object. What it holds is told by its parts.
                    self.fields.push(&self.key, indexed, value.clone());
                    let is_object = self.unquote(text, depth).is_some();
                    if let Some(whole) = self.fields.items.get_mut(at) {
                        whole.used = is_object;
                    }
                    return Ok(());
                }
                self.fields.push(&self.key, indexed, value);
                Ok(())
            }
        }
    }

    /// Reads the object or the array of objects that a string is; `None` where it is not one, whole and not empty.
    fn unquote(&mut self, text: &str, depth: usize) -> Option<()> {
        let start = text.trim_start();
        let array = start.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'));
        if self.quoted >= QUOTED_DEPTH_MAX || !(array || start.starts_with('{')) {
            return None;
        }
        let mut inner = Reader {
            text,
            at: 0,
            fields: Fields::default(),
            key: self.key.clone(),
            path: self.path.clone(),
            in_list: self.in_list,
            quoted: self.quoted + 1,
        };
        inner.value(depth).ok()?;
        inner.blanks();
        if inner.at < text.len() || inner.fields.items.is_empty() {
            return None;
        }
        self.fields.absorb(inner.fields);
        Some(())
    }

    /// A value that is no object.
    fn plain(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        match self.peek() {
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'[') => self.list(depth + 1),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong()),
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, JsonError> {
        for wanted in word.bytes() {
            if self.peek() != Some(wanted) {
                return Err(self.wrong());
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value<'a>, JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or("");
        // `parse` accepts what JSON does and little more; `1e999` reads as infinite and stays text.
        if text.parse::<f64>().is_err() {
            let cut = self.at >= self.text.len();
            return Err(if cut { JsonError::Cut(self.text.len()) } else { JsonError::Malformed(start) });
        }
        Ok(Value::Number(Cow::Borrowed(text)))
    }

    /// Whether the array here begins with an object.
    fn holds_objects(&self) -> bool {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or(&[]);
        rest.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{')
    }

    /// An array of objects: each goes down under its position.
    fn objects(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > JSON_DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        self.eat(b'[')?;
        let path_length = self.path.len();
        if self.in_list == 0 {
            self.path.clone_from(&self.key);
        }
        self.in_list += 1;
        let length = self.path.len();
        for position in 0_usize.. {
            self.path.push_str(&format!(".{position}"));
            self.value(depth)?;
            self.path.truncate(length);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.wrong()),
            }
        }
        self.at += 1;
        self.in_list -= 1;
        self.path.truncate(path_length);
        Ok(())
    }

    /// An array of plain values; an object among them is kept as its text.
    fn list(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        if depth > JSON_DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        self.eat(b'[')?;
        let mut members = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(members));
        }
        loop {
            self.blanks();
            let member = match self.peek() {
                Some(b'{') => self.object_text(depth)?,
                _ => self.plain(depth)?,
            };
            if members.len() < crate::limits::FIELDS_MAX {
                members.push(member);
            } else {
                self.fields.cut = true;
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::List(members));
                }
                _ => return Err(self.wrong()),
            }
        }
    }

    fn object_text(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        let start = self.at;
        let kept = std::mem::take(&mut self.fields);
        let read = self.object(depth + 1);
        self.fields = kept;
        read?;
        Ok(Value::Text(Cow::Borrowed(self.text.get(start..self.at).unwrap_or(""))))
    }

    /// A string; borrowed unless it has escapes.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        let mut made = String::new();
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
            let Some(stop) = memchr2(b'"', b'\\', rest) else { return Err(JsonError::Cut(self.text.len())) };
            let piece = self.text.get(self.at..self.at + stop).unwrap_or("");
            self.at += stop + 1;
            if rest.get(stop) == Some(&b'"') {
                if self.at - 1 == start + piece.len() {
                    return Ok(Cow::Borrowed(piece));
                }
                made.push_str(piece);
                return Ok(Cow::Owned(made));
            }
            made.push_str(piece);
            made.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let Some(kind) = self.peek() else { return Err(self.wrong()) };
        let plain = match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.wrong()),
        };
        self.at += 1;
        Ok(plain)
    }

    /// The four digits behind `\u`, with the second half of a surrogate pair; half a pair, and NUL (which the
    /// store's text cannot hold), become U+FFFD.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.hex()?;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) {
            let start = self.at;
            let pair = self.text.as_bytes().get(start..start + 2) == Some(b"\\u");
            if pair {
                self.at += 2;
                let second = self.hex()?;
                if (0xdc00..0xe000).contains(&second) {
                    code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                } else {
                    self.at = start;
                }
            }
        }
        Ok(char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else { return Err(self.wrong()) };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests;
