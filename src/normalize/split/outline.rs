//! The structure of a JSON text (RFC 8259), followed token by token and over the ends of lines, without reading any
//! value. It is strict about order, so that a text which never was JSON is found out at its first wrong token, and
//! small enough to be stored between two lines.

use crate::limits::JSON_DEPTH_MAX;
use memchr::memchr2;
use serde::{Deserialize, Serialize};

/// What may come next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Expect {
    #[default]
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    /// The text is whole.
    Nothing,
}

/// What a step found; places are bytes of the text that is being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::normalize) enum Step<'t> {
    /// `{` (true) or `[` (false) at this byte.
    Opened(bool, usize),
    /// An object (true) or array (false) that ends before this byte.
    Closed(bool, usize),
    /// A key, as written between its quotes.
    Key(&'t [u8]),
    /// A value that is neither object nor array.
    Scalar,
    /// The text ends here.
    More,
    /// Not JSON, cut inside a string or word, or too deep.
    Wrong,
}

/// Where in a JSON text we are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::normalize) struct Outline {
    /// True for each open object, false for each open array.
    open: Vec<bool>,
    expect: Expect,
}

impl Outline {
    /// How many objects and arrays are open.
    pub(in crate::normalize) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether the text was one whole value.
    pub(in crate::normalize) fn is_whole(&self) -> bool {
        self.expect == Expect::Nothing
    }

    /// Goes on to the next thing at or after `at`.
    pub(in crate::normalize) fn step<'t>(&mut self, text: &'t [u8], at: &mut usize) -> Step<'t> {
        use Expect::{Colon, CommaOrEnd, Key, KeyOrEnd, Value, ValueOrEnd};
        loop {
            while text.get(*at).is_some_and(u8::is_ascii_whitespace) {
                *at += 1;
            }
            let Some(&byte) = text.get(*at) else { return Step::More };
            match (self.expect, byte) {
                (Value | ValueOrEnd, b'{' | b'[') => return self.enter(byte == b'{', at),
                (ValueOrEnd | CommaOrEnd, b']') => return self.leave(false, at),
                (KeyOrEnd | CommaOrEnd, b'}') => return self.leave(true, at),
                (CommaOrEnd, b',') => {
                    self.expect = if self.open.last() == Some(&true) { Key } else { Value };
                    *at += 1;
                }
                (Colon, b':') => {
                    self.expect = Value;
                    *at += 1;
                }
                (Key | KeyOrEnd, b'"') => {
                    let Some(key) = string(text, at) else { return Step::Wrong };
                    self.expect = Colon;
                    return Step::Key(key);
                }
                (Value | ValueOrEnd, b'"') => {
                    if string(text, at).is_none() {
                        return Step::Wrong;
                    }
                    self.after_value();
                    return Step::Scalar;
                }
                (Value | ValueOrEnd, _) => {
                    if !word(text, at) {
                        return Step::Wrong;
                    }
                    self.after_value();
                    return Step::Scalar;
                }
                _ => return Step::Wrong,
            }
        }
    }

    fn enter(&mut self, object: bool, at: &mut usize) -> Step<'static> {
        if self.open.len() >= JSON_DEPTH_MAX {
            return Step::Wrong;
        }
        self.open.push(object);
        self.expect = if object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
        *at += 1;
        Step::Opened(object, *at - 1)
    }

    fn leave(&mut self, object: bool, at: &mut usize) -> Step<'static> {
        if self.open.pop() != Some(object) {
            return Step::Wrong;
        }
        self.after_value();
        *at += 1;
        Step::Closed(object, *at)
    }

    fn after_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }
}

/// Passes over a string; gives what stands between its quotes. `None`: it does not end here.
fn string<'t>(text: &'t [u8], at: &mut usize) -> Option<&'t [u8]> {
    let start = *at + 1;
    let mut end = start;
    loop {
        end += memchr2(b'"', b'\\', text.get(end..)?)?;
        if text.get(end) == Some(&b'"') {
            *at = end + 1;
            return text.get(start..end);
        }
        end += 2;
    }
}

/// Passes over a number, `true`, `false` or `null`.
fn word(text: &[u8], at: &mut usize) -> bool {
    let rest = text.get(*at..).unwrap_or_default();
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    let length = rest.iter().take_while(|b| part(b)).count();
    let word = rest.get(..length).unwrap_or_default();
    *at += length;
    let number = word.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-')
        && word.last().is_some_and(u8::is_ascii_digit);
    number || matches!(word, b"true" | b"false" | b"null")
}
