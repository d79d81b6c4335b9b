//! Values and modifiers of a detection: from what Sigma writes to patterns.

use crate::detect::pattern::{Compare, Pattern, Place, Token};
use crate::limits::REGEX_BYTES_MAX;
use std::net::IpAddr;
use yaml_serde::Value;

/// The dashes that `windash` takes for one another.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
/// Dashes of one value that are varied one by one; with more, all are varied together.
const DASHES_MAX: usize = 3;
/// Modifiers that are read.
pub const MODIFIERS: &[&str] = &[
    "contains",
    "startswith",
    "endswith",
    "all",
    "re",
    "i",
    "m",
    "s",
    "cidr",
    "gt",
    "gte",
    "lt",
    "lte",
    "neq",
    "exists",
    "cased",
    "fieldref",
    "windash",
    "base64",
    "base64offset",
    "wide",
    "utf16le",
    "utf16be",
    "utf16",
];

/// What the modifiers of a key ask for.
#[derive(Clone, Debug, Default)]
pub struct Modifiers {
    /// `contains`, `startswith`, `endswith`.
    pub place: Option<Place>,
    /// `all`.
    pub all: bool,
    /// `cased`.
    pub cased: bool,
    /// `windash`.
    pub windash: bool,
    /// `re`, `cidr` ... and how the value is read.
    pub reading: Reading,
    /// Flags of `re`.
    pub flags: (bool, bool, bool),
    /// `wide`, `utf16le`, `utf16be`, `utf16`.
    pub encoding: Option<Encoding>,
}

/// How a value is read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Reading {
    #[default]
    Text,
    Regex,
    Cidr,
    Number(Compare),
    Exists,
    Other,
    Base64,
    Base64Offset,
}

/// A two-byte encoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    Utf16Le,
    Utf16Be,
    Utf16,
}

impl Modifiers {
    /// Reads the parts behind the field's name.
    pub fn read<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Modifiers, String> {
        let mut m = Modifiers::default();
        for part in parts {
            match part {
                "contains" => m.place = Some(Place::Anywhere),
                "startswith" => m.place = Some(Place::Start),
                "endswith" => m.place = Some(Place::End),
                "all" => m.all = true,
                "cased" => m.cased = true,
                "windash" => m.windash = true,
                "re" => m.reading = Reading::Regex,
                "i" => m.flags.0 = true,
                "m" => m.flags.1 = true,
                "s" => m.flags.2 = true,
                "cidr" => m.reading = Reading::Cidr,
                "gt" => m.reading = Reading::Number(Compare::Gt),
                "gte" => m.reading = Reading::Number(Compare::Gte),
                "lt" => m.reading = Reading::Number(Compare::Lt),
                "lte" => m.reading = Reading::Number(Compare::Lte),
                "exists" => m.reading = Reading::Exists,
                "fieldref" => m.reading = Reading::Other,
                "base64" => m.reading = Reading::Base64,
                "base64offset" => m.reading = Reading::Base64Offset,
                "wide" | "utf16le" => m.encoding = Some(Encoding::Utf16Le),
                "utf16be" => m.encoding = Some(Encoding::Utf16Be),
                "utf16" => m.encoding = Some(Encoding::Utf16),
                "expand" => return Err("`expand` is not supported yet: placeholders need watchlists".into()),
                other => return Err(unknown(other)),
            }
        }
        if m.flags != (false, false, false) && m.reading != Reading::Regex {
            return Err("`i`, `m` and `s` are flags of `re` only".into());
        }
        if m.encoding.is_some() && !matches!(m.reading, Reading::Base64 | Reading::Base64Offset) {
            return Err("two-byte encodings are read together with `base64` or `base64offset` only".into());
        }
        Ok(m)
    }
}

fn unknown(modifier: &str) -> String {
    let hint = crate::config::report::nearest(modifier, MODIFIERS.iter().copied());
    let hint = hint.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
    format!("the modifier `{modifier}` is not supported{hint}")
}

/// The patterns of one value. `field` gives the index of a field that the value names.
pub fn patterns(
    value: &Value,
    m: &Modifiers,
    field: &mut dyn FnMut(&str) -> usize,
) -> Result<Vec<Pattern>, String> {
    if value.is_null() {
        return if m.reading == Reading::Text {
            Ok(vec![Pattern::Null])
        } else {
            Err("null has no modifiers".into())
        };
    }
    let text = super::document::scalar(value).ok_or("a value is a text, a number, true, false or null")?;
    let one = |pattern| Ok(vec![pattern]);
    match m.reading {
        Reading::Regex => one(regex(&text, m)?),
        Reading::Cidr => one(network(&text)?),
        Reading::Number(compare) => {
            let number = text.trim().parse().map_err(|_| format!("`{text}` is not a number"))?;
            one(Pattern::Number(compare, number))
        }
        Reading::Exists => {
            let truth = value.as_bool().or(text.parse().ok()).ok_or("`exists` takes true or false")?;
            one(Pattern::Exists(truth))
        }
        Reading::Other => one(Pattern::Other {
            field: field(&text),
            place: m.place.unwrap_or(Place::Whole),
            cased: m.cased,
        }),
        Reading::Base64 => {
            let literal = base64(&encoded(&text, m.encoding));
            one(Pattern::Literal {
                text: literal.into(),
                place: m.place.unwrap_or(Place::Whole),
                cased: true,
            })
        }
        Reading::Base64Offset => {
            let place = m.place.unwrap_or(Place::Whole);
            let literal = |text: String| Pattern::Literal { text: text.into(), place, cased: true };
            Ok(base64_offsets(&encoded(&text, m.encoding)).into_iter().map(literal).collect())
        }
        Reading::Text if m.windash => Ok(dashed(&text).iter().map(|text| wildcard(text, m)).collect()),
        Reading::Text => one(wildcard(&text, m)),
    }
}

fn regex(text: &str, m: &Modifiers) -> Result<Pattern, String> {
    let built = regex::RegexBuilder::new(text)
        .case_insensitive(m.flags.0)
        .multi_line(m.flags.1)
        .dot_matches_new_line(m.flags.2)
        .size_limit(REGEX_BYTES_MAX)
        .build();
    built.map(|regex| Pattern::Regex(Box::new(regex))).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!(
            "this expression cannot be used (look-around and back references never can): {}",
            reason.trim()
        )
    })
}

fn network(text: &str) -> Result<Pattern, String> {
    let wrong = || format!("`{text}` is not a network such as 10.0.0.0/8");
    let (base, bits) = text.split_once('/').ok_or_else(wrong)?;
    let (base, bits): (IpAddr, u8) = (base.parse().map_err(|_| wrong())?, bits.parse().map_err(|_| wrong())?);
    let most = if base.is_ipv4() { 32 } else { 128 };
    if bits > most { Err(wrong()) } else { Ok(Pattern::Network { base, bits }) }
}

/// A text with wildcards: `\*` and `\?` are plain, `\\` is one backslash, any other backslash is itself.
pub fn wildcard(text: &str, m: &Modifiers) -> Pattern {
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len() + 2);
    if matches!(m.place, Some(Place::Anywhere | Place::End)) {
        tokens.push(Token::Many);
    }
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('\\', Some(next @ ('\\' | '*' | '?'))) => {
                chars.next();
                tokens.push(Token::Char(next));
            }
            ('*', _) => tokens.push(Token::Many),
            ('?', _) => tokens.push(Token::One),
            (c, _) if m.cased => tokens.push(Token::Char(c)),
            (c, _) => tokens.extend(c.to_lowercase().map(Token::Char)),
        }
    }
    if matches!(m.place, Some(Place::Anywhere | Place::Start)) {
        tokens.push(Token::Many);
    }
    tokens.dedup_by(|a, b| *a == Token::Many && *b == Token::Many);
    simplest(&tokens, m.cased)
}

fn simplest(tokens: &[Token], cased: bool) -> Pattern {
    let (open_start, rest) = match tokens {
        [Token::Many, rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (open_end, middle) = match rest {
        [middle @ .., Token::Many] => (true, middle),
        [] => (open_start, rest),
        middle => (false, middle),
    };
    let plain = |token: &Token| if let Token::Char(c) = token { Some(*c) } else { None };
    let Some(text) = middle.iter().map(plain).collect::<Option<String>>() else {
        return Pattern::Glob { tokens: tokens.into(), cased };
    };
    let place = match (open_start, open_end) {
        (false, false) if text.is_empty() => return Pattern::Null,
        (false, false) => Place::Whole,
        (true, false) => Place::End,
        (false, true) => Place::Start,
        (true, true) => Place::Anywhere,
    };
    Pattern::Literal { text: text.into(), place, cased }
}

/// Every way to write the dashes that begin an option.
fn dashed(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let word = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let is_option = |at: &usize| {
        let before = at.checked_sub(1).is_some_and(word);
        matches!(chars.get(*at), Some('-' | '/')) && !before && word(at + 1)
    };
    let places: Vec<usize> = (0..chars.len()).filter(is_option).collect();
    let mut ways = vec![chars.clone()];
    if places.len() > DASHES_MAX {
        ways.extend(DASHES.map(|dash| {
            chars.iter().enumerate().map(|(at, c)| if places.contains(&at) { dash } else { *c }).collect()
        }));
    } else {
        for place in places {
            let vary = |way: Vec<char>| {
                DASHES.map(|dash| {
                    way.iter()
                        .enumerate()
                        .map(|(at, c)| if at == place { dash } else { *c })
                        .collect::<Vec<char>>()
                })
            };
            ways = ways.into_iter().flat_map(vary).collect();
        }
    }
    ways.into_iter().map(|way| way.into_iter().collect()).collect()
}

fn encoded(text: &str, encoding: Option<Encoding>) -> Vec<u8> {
    match encoding {
        None => text.as_bytes().to_vec(),
        Some(Encoding::Utf16Le) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Some(Encoding::Utf16Be) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Some(Encoding::Utf16) => {
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }
    }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for sextet in 0..4 {
            let index = (bits >> (18 - 6 * sextet) & 63) as usize;
            out.push(if sextet > chunk.len() { '=' } else { char::from(ALPHABET[index]) });
        }
    }
    out
}

/// The part of the encoded text that is the same wherever the text begins in a group of three bytes.
fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let part = |offset: usize| {
        let padded: Vec<u8> = std::iter::repeat_n(b' ', offset).chain(bytes.iter().copied()).collect();
        let text = base64(&padded);
        let start = [0, 2, 3][offset];
        let cut = [0, 3, 2][padded.len() % 3];
        text.get(start..text.len().saturating_sub(cut)).unwrap_or_default().to_owned()
    };
    (0..3).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::field::Text;

    fn fits(written: &str, modifiers: &str, value: &str) -> bool {
        let m = Modifiers::read(modifiers.split('|').filter(|part| !part.is_empty())).unwrap();
        let patterns = patterns(&Value::String(written.into()), &m, &mut |_| 0).unwrap();
        let value = Text::new(value.into());
        patterns.iter().any(|pattern| pattern.fits(&value))
    }

    #[test]
    fn texts_fit_as_sigma_says() {
        assert!(fits("Root", "", "rOOT") && !fits("Root", "cased", "rOOT"));
        assert!(fits("*adm?n*", "", "the Admin here"));
        assert!(fits(r"C:\\Windows\*", "", r"c:\windows*"), "an escaped wildcard is a character");
        assert!(fits(r"C:\Windows\\*", "", r"c:\windows\system32"));
        assert!(!fits(r"a\*b", "", "axxb") && fits(r"a\*b", "", "a*b"));
        assert!(fits("a*c", "contains", "xxabbcxx"));
        assert!(fits("4625", "", "4625"));
        assert!(fits("5", "gte", "5") && !fits("5", "gt", "5.0") && !fits("5", "gt", "many"));
        assert!(fits("10.0.0.0/8", "cidr", "10.200.3.4") && !fits("10.0.0.0/8", "cidr", "not an address"));
        assert!(fits("^a.c$", "re", "abc") && !fits("^a.c$", "re", "ABC") && fits("^a.c$", "re|i", "ABC"));
        assert!(
            fits(" -enc ", "windash|contains", "x /enc y")
                && fits(" -enc ", "windash|contains", "x \u{2013}enc y")
        );
    }

    #[test]
    fn base64_at_any_offset() {
        assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
        for prefix in ["", "x", "xy", "xyz"] {
            let text = base64(format!("{prefix}secret word and more").as_bytes());
            assert!(fits("secret word", "base64offset|contains", &text), "{prefix}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let modifiers = |text: &'static str| Modifiers::read(text.split('|')).unwrap_err();
        assert!(modifiers("contain").contains("did you mean `contains`"));
        assert!(modifiers("expand").contains("watchlists"));
        let m = Modifiers { reading: Reading::Regex, ..Modifiers::default() };
        assert!(patterns(&Value::String("(?=look)".into()), &m, &mut |_| 0).is_err());
        assert!(patterns(&Value::String("(".into()), &m, &mut |_| 0).is_err());
    }
}
