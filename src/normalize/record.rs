//! The fields of one framed record, flat, in the order of the line.

use super::syslog::Header;
use crate::limits::FIELDS_MAX;
use crate::schema::{Datum, ShortText};
use std::borrow::Cow;
use std::ops::Range;

/// A value as the record says it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Said to be absent.
    Null,
    /// true or false.
    Bool(bool),
    /// A number as written, so that no digit is lost.
    Number(Cow<'a, str>),
    /// Text.
    Text(Cow<'a, str>),
    /// An array of values.
    List(Vec<Value<'a>>),
}

impl<'a> Value<'a> {
    /// As the text that fills a column; of an array the first member that says something.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Value::Null => None,
            Value::Bool(true) => Some(Cow::Borrowed("true")),
            Value::Bool(false) => Some(Cow::Borrowed("false")),
            Value::Number(text) | Value::Text(text) => Some(text.clone()),
            Value::List(members) => members.iter().find_map(Value::text),
        }
    }

    /// One of an array; a value that is none is its own first.
    pub fn member(&self, position: usize) -> Option<&Value<'a>> {
        match self {
            Value::List(members) => members.get(position),
            Value::Null => None,
            one => (position == 0).then_some(one),
        }
    }

    /// Whether the value, or a member of the array, is accepted.
    pub fn any(&self, accepts: &impl Fn(&str) -> bool) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(value) => accepts(if *value { "true" } else { "false" }),
            Value::Number(text) | Value::Text(text) => accepts(text),
            Value::List(members) => members.iter().any(|member| member.any(accepts)),
        }
    }

    /// The same, owning its text.
    pub fn into_owned<'o>(self) -> Value<'o> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Number(text) => Value::Number(Cow::Owned(text.into_owned())),
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Value::List(members) => Value::List(members.into_iter().map(Value::into_owned).collect()),
        }
    }

    /// As it is kept in `extra`; `None` for null, which is left out.
    pub fn datum(&self) -> Option<Datum> {
        Some(match self {
            Value::Null => return None,
            Value::Bool(value) => Datum::Bool(*value),
            Value::Number(text) => number(text),
            Value::Text(text) => Datum::Text(text.as_ref().into()),
            Value::List(members) => Datum::List(members.iter().filter_map(Value::datum).collect()),
        })
    }
}

/// A number if it survives unchanged, else its text.
fn number(text: &str) -> Datum {
    if let Ok(whole) = text.parse::<i64>() {
        return Datum::Int(whole);
    }
    let fraction = text.contains(['.', 'e', 'E']);
    match text.parse::<f64>() {
        Ok(value) if fraction && value.is_finite() => Datum::Float(value),
        _ => Datum::Text(text.into()),
    }
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'a> {
    /// Its value.
    pub value: Value<'a>,
    /// Whether it filled a column.
    pub used: bool,
    key: Range<usize>,
    /// The path with the positions in arrays, where the field stands in an array of objects.
    indexed: Option<Range<usize>>,
}

/// The fields of one record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields<'a> {
    /// The fields.
    pub items: Vec<Field<'a>>,
    /// A key stood twice.
    pub duplicate: bool,
    /// There were more fields than are kept.
    pub cut: bool,
    keys: String,
}

impl<'a> Fields<'a> {
    /// None yet.
    pub fn new() -> Fields<'a> {
        Fields { items: Vec::with_capacity(24), keys: String::with_capacity(384), ..Fields::default() }
    }

    /// Adds a field. `indexed` is the path with positions where it differs from the key.
    pub fn push(&mut self, key: &str, indexed: Option<&str>, value: Value<'a>) {
        if self.items.len() >= FIELDS_MAX {
            self.cut = true;
            return;
        }
        let key = self.keep(key);
        let indexed = indexed.map(|path| self.keep(path));
        self.items.push(Field { value, used: false, key, indexed });
    }

    /// Adds a text of a flat record. Of a key that stands twice the first counts; the others are `key#2`, `key#3`.
    pub fn add(&mut self, key: &str, text: Cow<'a, str>) {
        if self.items.len() >= FIELDS_MAX {
            self.cut = true;
            return;
        }
        // The latest one is looked for: where the same keys come again and again it is near.
        let number = |field: &Field<'a>| {
            let rest = self.key(field).strip_prefix(key)?;
            let number = if rest.is_empty() { Some(1) } else { rest.strip_prefix('#')?.parse().ok() };
            number.filter(|number| *number <= FIELDS_MAX)
        };
        match self.items.iter().rev().find_map(number) {
            None => self.push(key, None, Value::Text(text)),
            Some(latest) => {
                self.duplicate = true;
                self.push(&format!("{key}#{}", latest + 1), None, Value::Text(text));
            }
        }
    }

    /// Adds a text; of a key that is there already the values become a list.
    pub fn gather(&mut self, key: &str, text: Cow<'a, str>) {
        if self.cut {
            return;
        }
        let known = self.items.iter().rposition(|field| self.key(field) == key);
        let Some(field) = known.and_then(|at| self.items.get_mut(at)) else {
            return self.push(key, None, Value::Text(text));
        };
        match &mut field.value {
            Value::List(members) if members.len() >= FIELDS_MAX => self.cut = true,
            Value::List(members) => members.push(Value::Text(text)),
            one => *one = Value::List(vec![std::mem::replace(one, Value::Null), Value::Text(text)]),
        }
    }

    /// Takes in the fields of a text that does not live as long.
    pub fn absorb(&mut self, inner: Fields<'_>) {
        self.duplicate |= inner.duplicate;
        self.cut |= inner.cut;
        let Fields { items, keys, .. } = inner;
        for Field { value, key, indexed, used } in items {
            let text = |range: Range<usize>| keys.get(range).unwrap_or("");
            let at = self.items.len();
            self.push(text(key), indexed.map(text), value.into_owned());
            if let Some(field) = self.items.get_mut(at) {
                field.used = used;
            }
        }
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.keys.len();
        self.keys.push_str(text);
        start..self.keys.len()
    }

    /// The key of a field: its path without positions.
    pub fn key(&self, field: &Field<'a>) -> &str {
        self.keys.get(field.key.clone()).unwrap_or("")
    }

    /// The path with positions, for a field of an array of objects.
    pub fn indexed(&self, field: &Field<'a>) -> Option<&str> {
        field.indexed.clone().and_then(|range| self.keys.get(range))
    }

    /// The path with positions, or the key where it has none.
    pub fn whole(&self, field: &Field<'a>) -> &str {
        self.indexed(field).unwrap_or(self.key(field))
    }

    /// Whether a field has this key.
    pub fn has(&self, key: &str) -> bool {
        self.items.iter().any(|field| self.key(field) == key)
    }

    /// What is kept in `extra`: fields that filled no column; members of arrays of objects gathered by key.
    pub fn rest(&self) -> Vec<(ShortText, Datum)> {
        let mut rest: Vec<(ShortText, Datum)> = Vec::with_capacity(self.items.len());
        for field in self.items.iter().filter(|field| !field.used) {
            let (key, Some(value)) = (self.key(field), field.value.datum()) else { continue };
            if field.indexed.is_none() {
                rest.push((key.into(), value));
                continue;
            }
            match rest.iter_mut().find(|(known, _)| &**known == key) {
                Some((_, Datum::List(list))) => list.push(value),
                _ => rest.push((key.into(), Datum::List(vec![value]))),
            }
        }
        rest
    }
}

/// What a line is in a framing.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every line is a record, and none is kept")]
pub enum Framed<'a> {
    /// A record, perhaps behind a header.
    Record(Header<'a>, Fields<'a>),
    /// It only says how the lines that follow are to be read.
    Head,
    /// Nothing of this framing; why.
    Other(String),
}

impl<'a> Framed<'a> {
    /// Of a reader that gives records only.
    pub fn of<E: ToString>(read: Result<(Header<'a>, Fields<'a>), E>) -> Framed<'a> {
        match read {
            Ok((header, fields)) => Framed::Record(header, fields),
            Err(error) => Framed::Other(error.to_string()),
        }
    }
}
