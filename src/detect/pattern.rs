//! One value of a rule against one value of an event. Everything is linear in the text.

use super::field::Text;
use super::moment::Part;
use regex::Regex;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The characters that may begin an option of a command, and that `windash` takes for one another.
pub const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A character, dashes as the first of them.
pub fn undashed(c: char) -> char {
    if DASHES.contains(&c) { DASHES[0] } else { c }
}

/// Where a text has to stand in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole value.
    Whole,
    /// At its start.
    Start,
    /// At its end.
    End,
    /// Anywhere.
    Anywhere,
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Sigma's words")]
pub enum Compare {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// A piece of a wildcard pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// This character.
    Char(char),
    /// `?`: one character.
    One,
    /// `*`: any number of characters.
    Many,
}

/// What a value has to be. Texts are lower case unless `cased`.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A plain text at a place.
    Literal {
        /// The text.
        text: Box<str>,
        /// Where.
        place: Place,
        /// Case matters.
        cased: bool,
    },
    /// One of many whole values, lower case.
    OneOf(BTreeSet<Box<str>>),
    /// Wildcards inside.
    Glob {
        /// The pieces.
        tokens: Box<[Token]>,
        /// Case matters.
        cased: bool,
    },
    /// A regular expression, found anywhere.
    Regex(Box<Regex>),
    /// An address inside a network.
    Network {
        /// First address.
        base: IpAddr,
        /// Prefix length.
        bits: u8,
    },
    /// A number that compares so.
    Number(Compare, f64),
    /// A part of a moment that compares so.
    Moment(Part, Compare, f64),
    /// The same after every dash of [`DASHES`] became the first of them.
    Dashes(Box<Pattern>),
    /// The field is there, or is not.
    Exists(bool),
    /// The field is absent.
    Null,
    /// Equal to (or start, end, part of) another field of the event.
    Other {
        /// Index of the other field.
        field: usize,
        /// Where it has to stand.
        place: Place,
        /// Case matters.
        cased: bool,
    },
}

impl Compare {
    /// Whether the comparison holds.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Compare::Eq => left == right,
            Compare::Neq => left != right,
            Compare::Gt => left > right,
            Compare::Gte => left >= right,
            Compare::Lt => left < right,
            Compare::Lte => left <= right,
        }
    }
}

/// Whether `needle` stands at its place.
pub fn stands(value: &str, needle: &str, place: Place) -> bool {
    match place {
        Place::Whole => value == needle,
        Place::Start => value.starts_with(needle),
        Place::End => value.ends_with(needle),
        Place::Anywhere => value.contains(needle),
    }
}

impl Pattern {
    /// Whether a value that is there fits. `Exists`, `Null` and `Other` are decided by the caller, who sees
    /// all values of the field.
    pub fn fits(&self, value: &Text<'_>) -> bool {
        match self {
            Pattern::Literal { text, place, cased: true } => stands(&value.text, text, *place),
            Pattern::Literal { text, place, cased: false } => stands(value.lower(), text, *place),
            Pattern::OneOf(set) => set.contains(value.lower()),
            Pattern::Glob { tokens, cased: true } => glob(tokens, &value.text),
            Pattern::Glob { tokens, cased: false } => glob(tokens, value.lower()),
            Pattern::Regex(regex) => regex.is_match(&value.text),
            Pattern::Network { base, bits } => {
                value.text.parse::<IpAddr>().is_ok_and(|ip| in_network(ip, *base, *bits))
            }
            Pattern::Number(compare, right) => {
                value.text.trim().parse::<f64>().is_ok_and(|left| compare.holds(left, *right))
            }
            Pattern::Moment(part, compare, right) => {
                part.of(&value.text).is_some_and(|left| compare.holds(left, *right))
            }
            Pattern::Dashes(inner) => {
                inner.fits(&Text::new(value.text.chars().map(undashed).collect::<String>().into()))
            }
            Pattern::Exists(_) | Pattern::Null | Pattern::Other { .. } => false,
        }
    }
}

/// Wildcard match with one backtracking point: O(text x tokens) at worst.
fn glob(tokens: &[Token], text: &str) -> bool {
    let (mut at, mut token) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let here = text.get(at..).and_then(|rest| rest.chars().next());
        match (tokens.get(token), here) {
            (Some(Token::Many), _) => {
                retry = Some((token + 1, at));
                token += 1;
            }
            (Some(Token::One), Some(c)) => (at, token) = (at + c.len_utf8(), token + 1),
            (Some(Token::Char(want)), Some(c)) if *want == c => (at, token) = (at + c.len_utf8(), token + 1),
            (None, None) => return true,
            _ => {
                let Some((back_token, back_at)) = retry else { return false };
                let Some(c) = text.get(back_at..).and_then(|rest| rest.chars().next()) else { return false };
                (token, at) = (back_token, back_at + c.len_utf8());
                retry = Some((back_token, at));
            }
        }
    }
}

/// Whether an address lies in a network. v4 and v6 never mix, but an address of v4 that is written as one of v6 is one
/// of v4.
pub fn in_network(ip: IpAddr, base: IpAddr, bits: u8) -> bool {
    let ip = if base.is_ipv4() { ip.to_canonical() } else { ip };
    match (ip, base) {
        (IpAddr::V4(ip), IpAddr::V4(base)) => {
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(u32::from(bits))).unwrap_or(0);
            (ip.to_bits() & mask) == (base.to_bits() & mask)
        }
        (IpAddr::V6(ip), IpAddr::V6(base)) => {
            let mask = u128::MAX.checked_shl(128u32.saturating_sub(u32::from(bits))).unwrap_or(0);
            (ip.to_bits() & mask) == (base.to_bits() & mask)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        let token = |c| match c {
            '*' => Token::Many,
            '?' => Token::One,
            c => Token::Char(c),
        };
        text.chars().map(token).collect()
    }

    #[test]
    fn wildcards() {
        for (pattern, text, fits) in [
            ("a*c", "abbbc", true),
            ("a*c", "abbbd", false),
            ("*b?d*", "abcde", true),
            ("?", "ü", true),
            ("?", "", false),
            ("a*", "a", true),
            ("*a*b*a*", "xxaxxbxxaxx", true),
            ("*a*b*a*", "xxaxxbxx", false),
        ] {
            assert_eq!(glob(&tokens(pattern), text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn networks() {
        let inside =
            |ip: &str, base: &str, bits| in_network(ip.parse().unwrap(), base.parse().unwrap(), bits);
        assert!(inside("10.1.2.3", "10.0.0.0", 8));
        assert!(!inside("11.1.2.3", "10.0.0.0", 8));
        assert!(inside("11.1.2.3", "0.0.0.0", 0));
        assert!(inside("192.0.2.1", "192.0.2.1", 32));
        assert!(inside("fe80::1", "fe80::", 10));
        assert!(!inside("10.0.0.1", "::", 0));
    }
}
