//! `key=value` pairs: values bare, quoted (`"` or `'`, with backslash escapes) or empty, parted by blanks,
//! commas or semicolons. Words that belong to no pair are left aside. Where nothing but commas parts the first pairs
//! (`date=...,time=...,user=...`, each perhaps in quotes of its own), or bars or tabs do, bare values may hold blanks
//! and end there only. `[key:"value"; key:"value"; ]` (Check Point) are pairs too.

use super::record::{Fields, Value};
use std::borrow::Cow;

/// Reads all pairs of a text. A key that stands twice: the first counts, the others are `key#2` ...
pub fn read(text: &str) -> Fields<'_> {
    let mut fields = Fields::new();
    let mut seen: Vec<&str> = Vec::with_capacity(16);
    let mut at = 0;
    let style = Style::of(text);
    while let Some((key, value, end)) = next_pair(text, at, style) {
        at = end;
        let repeats = seen.iter().filter(|known| **known == key).count();
        seen.push(key);
        fields.duplicate |= repeats > 0;
        let name =
            if repeats > 0 { Cow::Owned(format!("{key}#{}", repeats + 1)) } else { Cow::Borrowed(key) };
        fields.push(&name, None, Value::Text(value));
        if fields.cut {
            break;
        }
    }
    fields
}

/// How the pairs of a text are written.
#[derive(Clone, Copy)]
struct Style {
    /// What stands between key and value.
    sign: u8,
    /// What alone parts the pairs.
    delimiter: Option<u8>,
}

impl Style {
    fn of(text: &str) -> Style {
        let bracket = text.trim_start().strip_prefix('[').map(str::trim_start);
        let key = bracket.map_or(0, |body| body.bytes().take_while(|b| is_key(*b)).count());
        if key > 0 && bracket.and_then(|body| body.get(key..)).is_some_and(|rest| rest.starts_with(":\"")) {
            return Style { sign: b':', delimiter: None };
        }
        let delimiter = match () {
            () if is_parted_by(text, ',') => Some(b','),
            () if is_parted_by(text, '|') => Some(b'|'),
            () if is_parted_by(text, '\t') => Some(b'\t'),
            () => None,
        };
        Style { sign: b'=', delimiter }
    }
}

/// Whether the text begins with three pairs without blanks between. A distinguished name (RFC 4514) looks the same.
fn is_parted_by(text: &str, delimiter: char) -> bool {
    const NAME_PARTS: [&str; 6] = ["cn", "ou", "dc", "uid", "o", "c"];
    let blanks = if delimiter == ',' { &['=', ' '][..] } else { &['='] };
    let is_name_part =
        |key: &str| delimiter == ',' && NAME_PARTS.iter().any(|name| name.eq_ignore_ascii_case(key));
    let pair = |part: &str| {
        let (key, value) = part.trim_matches('"').split_once('=').unwrap_or(("", ""));
        !key.is_empty() && key.bytes().all(is_key) && !value.contains(blanks) && !is_name_part(key)
    };
    let mut parts = text.split(delimiter);
    (0..3).all(|_| parts.next().is_some_and(pair))
}

fn is_key(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'/' | b'#')
}

/// The next pair at or after `from`: key, value, and where it ends.
fn next_pair(text: &str, from: usize, style: Style) -> Option<(&str, Cow<'_, str>, usize)> {
    let bytes = text.as_bytes();
    let mut search = from;
    loop {
        let equals = search + memchr::memchr(style.sign, bytes.get(search..)?)?;
        let head = bytes.get(from..equals)?;
        let length = head.iter().rev().take_while(|b| is_key(**b)).count();
        let before = head.len().checked_sub(length + 1).and_then(|at| head.get(at));
        let starts = before.is_none_or(|b| {
            b.is_ascii_whitespace()
                || matches!(b, b',' | b';' | b'[' | b'(' | b'{' | b'|' | b':')
                || (style.delimiter.is_some() && *b == b'"')
        });
        let is_sign = style.sign == b'=' || bytes.get(equals + 1) == Some(&b'"');
        if length == 0 || !starts || !is_sign {
            search = equals + 1;
            continue;
        }
        let key = text.get(equals - length..equals)?;
        let in_quotes = matches!(bytes.get(equals + 1), Some(b'"' | b'\''));
        let (value, end) = match style.delimiter {
            Some(delimiter) if !in_quotes => before_delimiter(delimiter, text, equals + 1),
            _ => value(text, equals + 1),
        };
        return Some((key, value, end));
    }
}

fn value(text: &str, start: usize) -> (Cow<'_, str>, usize) {
    let bytes = text.as_bytes();
    match bytes.get(start) {
        Some(quote @ (b'"' | b'\'')) => quoted(text, start + 1, *quote),
        // A blank behind the `=` stands before the value, unless another pair or the end follows.
        Some(b' ') => {
            let word_start = start + bytes.iter().skip(start).take_while(|b| **b == b' ').count();
            match bytes.get(word_start) {
                None => (Cow::Borrowed(""), start),
                Some(b'"' | b'\'') => value(text, word_start),
                Some(_) => {
                    let (word, end) = bare(text, word_start);
                    if word.contains('=') { (Cow::Borrowed(""), start) } else { (Cow::Borrowed(word), end) }
                }
            }
        }
        _ => {
            let (word, end) = bare(text, start);
            (Cow::Borrowed(word), end)
        }
    }
}

/// A value up to the next delimiter; where commas part, also up to the quote that closes its pair.
fn before_delimiter(delimiter: u8, text: &str, start: usize) -> (Cow<'_, str>, usize) {
    let rest = text.get(start..).unwrap_or("");
    let ends = |b: u8| b == delimiter || (delimiter == b',' && b == b'"');
    let length = rest.bytes().position(ends).unwrap_or(rest.len());
    (Cow::Borrowed(rest.get(..length).unwrap_or("").trim()), start + length)
}

/// A value up to the next blank or semicolon, without a comma at its end. A clock may have a blank behind its first
/// colon (FortiOS 4: `time=10: 13:03`).
fn bare(text: &str, start: usize) -> (&str, usize) {
    let rest = text.get(start..).unwrap_or("");
    let mut length = rest.bytes().take_while(|b| !b.is_ascii_whitespace() && *b != b';').count();
    if let [b'0'..=b'9', .., b':'] = rest.as_bytes().get(..length).unwrap_or(&[])
        && length <= 3
        && let Some([b' ', b'0'..=b'9', b'0'..=b'9', b':', b'0'..=b'9', b'0'..=b'9']) =
            rest.as_bytes().get(length..length + 6)
    {
        length += 6;
    }
    let word = rest.get(..length).unwrap_or("");
    (word.trim_end_matches(','), start + length)
}

fn quoted(text: &str, start: usize, quote: u8) -> (Cow<'_, str>, usize) {
    let bytes = text.as_bytes();
    let mut made: Option<String> = None;
    let (mut piece, mut at) = (start, start);
    loop {
        let Some(stop) = bytes.get(at..).and_then(|rest| memchr::memchr2(quote, b'\\', rest)) else {
            // No closing quote: the value reaches to the end.
            at = text.len();
            break;
        };
        at += stop;
        if bytes.get(at) == Some(&quote) {
            break;
        }
        // A backslash before the quote or another backslash goes; before anything else it stays.
        if bytes.get(at + 1).is_some_and(|next| *next == quote || *next == b'\\') {
            let so_far = made.get_or_insert_default();
            so_far.push_str(text.get(piece..at).unwrap_or(""));
            piece = at + 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    let last = text.get(piece..at).unwrap_or("");
    let end = (at + 1).min(text.len());
    match made {
        Some(made) => (Cow::Owned(made + last), end),
        None => (Cow::Borrowed(last), end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let fields = read(text);
        let pair = |f| format!("{}={}", fields.key(f), f.value.text().unwrap());
        fields.items.iter().map(pair).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn pairs_quoted_empty_and_spaced() {
        for (text, expected) in [
            (r#"user=ana ip=192.0.2.7 msg="it \"was\" so""#, r#"user=ana|ip=192.0.2.7|msg=it "was" so"#),
            ("dst= dstname= src=192.0.2.7", "dst=|dstname=|src=192.0.2.7"),
            ("auth failed; ruser= rhost=192.0.2.7  user=root", "ruser=|rhost=192.0.2.7|user=root"),
            ("a=1, b='x y'; c = no d= 4", "a=1|b=x y|d=4"),
            (r#"path="C:\Temp\" x=1"#, r#"path=C:\Temp" x=1"#),
            (r#"q="C:\\Temp\\" x=1"#, r#"q=C:\Temp\|x=1"#),
            ("open=\"never closed", "open=never closed"),
            ("a=1 a=2 a=3", "a=1|a#2=2|a#3=3"),
            ("url=/x?y=1&z=2 ok=1", "url=/x?y=1&z=2|ok=1"),
            (
                "d=1,t=09:00,u=0,msg=let in ana,x=,q=\"a, b=c\",z=1",
                "d=1|t=09:00|u=0|msg=let in ana|x=|q=a, b=c|z=1",
            ),
            ("\"d=1\",\"t=2\",\"v=4\",\"u=ana b\"", "d=1|t=2|v=4|u=ana b"),
            ("cn=ana,ou=staff,dc=example,x=1 by=ben", "cn=ana,ou=staff,dc=example,x=1|by=ben"),
            ("user=cn=ana,ou=staff,dc=example", "user=cn=ana,ou=staff,dc=example"),
            ("a=1,b=2 c=3", "a=1,b=2|c=3"),
            ("date=2011-07-24 time=10: 13:03 devname=fw", "date=2011-07-24|time=10: 13:03|devname=fw"),
            ("time=8: 19:42,x", "time=8: 19:42"),
            ("a=10: next b=2", "a=10:|b=2"),
            (
                "time=1|host=gw 1|action=let in|src=192.0.2.7|x=",
                "time=1|host=gw 1|action=let in|src=192.0.2.7|x=",
            ),
            ("a=1\tb=let in\tc=\"x\ty\"\td=4", "a=1|b=let in|c=x\ty|d=4"),
            (
                r#"[action:"Drop"; src:"192.0.2.7"; msg:"a \"b\"; c:d"; time:"09:00"; ]"#,
                r#"action=Drop|src=192.0.2.7|msg=a "b"; c:d|time=09:00"#,
            ),
            ("[core:error] [pid 7] a=1", "a=1"),
            ("no pairs == here =", ""),
            ("", ""),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "[a1=:\\\\\"' ,;|\\[\t\u{e9}]{0,30}") {
            let fields = read(&text);
            for field in &fields.items {
                proptest::prop_assert!(!fields.key(field).is_empty());
            }
        }
    }
}
