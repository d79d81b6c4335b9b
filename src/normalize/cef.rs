//! ArcSight's Common Event Format (CEF implementation standard, versions 0 and 1):
//! `CEF:0|Vendor|Product|Version|ClassId|Name|Severity|key=value with blanks key=value`, behind a syslog header, a
//! program's tag or nothing, also with `CEF:` cut off.

use super::record::{Fields, Value};
use super::syslog::{self, Header, header_before};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Names of the header's parts, behind the version of the format.
const PARTS: [&str; 6] =
    ["deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"];

/// Why a line is not CEF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CefError {
    /// There is no `CEF:N|`.
    #[error("no CEF header at the start of the message")]
    NoHeader,
    /// The header has too few parts.
    #[error("the CEF header ends in the middle: it has {0} of 7 parts")]
    Cut(usize),
}

/// Reads a line: the header in front, and the fields. The extension's keys stay as written; a value that has a
/// label (`cs1=x cs1Label=Rule`) is also known by it.
///
/// # Errors
/// [`CefError`].
pub fn read(line: &str) -> Result<(Header<'_>, Fields<'_>), CefError> {
    let (header, body) = body(line).ok_or(CefError::NoHeader)?;
    let mut fields = Fields::new();
    let mut rest = body;
    for (number, name) in std::iter::once("").chain(PARTS).enumerate() {
        let (part, behind) = match split_part(rest) {
            Some(split) => split,
            None if number == PARTS.len() => (rest, ""),
            None => return Err(CefError::Cut(number + 1)),
        };
        rest = behind;
        let part = unescape(part.trim(), |escaped| matches!(escaped, b'|' | b'\\').then_some(escaped));
        if !name.is_empty() && !part.is_empty() {
            fields.add(name, part);
        }
    }
    extension(rest, &mut fields);
    add_labelled(&mut fields);
    Ok((header, fields))
}

/// The header in front of the format's version, and what begins with the version.
fn body(line: &str) -> Option<(Header<'_>, &str)> {
    let versioned = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && digits < 3 && text.as_bytes().get(digits) == Some(&b'|')
    };
    if let Some(at) = memchr::memmem::find(line.as_bytes(), b"CEF:") {
        let (front, body) = (line.get(..at)?, line.get(at + 4..)?.trim_start());
        if versioned(body) {
            return Some((header_before(front)?, body));
        }
    }
    let header = syslog::read(line);
    let body = header.message;
    versioned(body).then_some((header, body))
}

/// Up to the next `|` that is not escaped, and what follows it.
fn split_part(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'|', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'|') {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
        at += 2;
    }
}

/// Turns backslash escapes into what they stand for; one that stands for nothing stays as written.
fn unescape(text: &str, meaning: impl Fn(u8) -> Option<u8>) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        made.push_str(before);
        match behind.bytes().next().and_then(&meaning) {
            Some(byte) => {
                made.push(char::from(byte));
                rest = behind.get(1..).unwrap_or("");
            }
            None => {
                made.push('\\');
                rest = behind;
            }
        }
    }
    Cow::Owned(made + rest)
}

/// `key=value` pairs whose values may hold blanks: a value ends where a blank, a key and a bare `=` follow.
pub fn extension<'a>(text: &'a str, fields: &mut Fields<'a>) {
    let bytes = text.as_bytes();
    let mut open: Option<(&str, usize)> = None;
    for equals in memchr::memchr_iter(b'=', bytes) {
        let head = bytes.get(..equals).unwrap_or(&[]);
        let length = head.iter().rev().take_while(|b| is_key(**b)).count();
        let start = equals - length;
        let stands_free =
            start.checked_sub(1).and_then(|at| bytes.get(at)).is_none_or(u8::is_ascii_whitespace);
        if length == 0 || !stands_free {
            continue;
        }
        add_value(text, open, start, fields);
        open = text.get(start..equals).map(|key| (key, equals + 1));
    }
    add_value(text, open, text.len(), fields);
}

fn is_key(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'[' | b']' | b'@' | b'/' | b'#')
}

fn add_value<'a>(text: &'a str, open: Option<(&str, usize)>, end: usize, fields: &mut Fields<'a>) {
    let Some((key, start)) = open else { return };
    let value = text.get(start..end).unwrap_or("").trim();
    let meaning = |escaped| match escaped {
        b'=' | b'\\' | b'|' => Some(escaped),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        _ => None,
    };
    if !value.is_empty() {
        fields.add(key, unescape(value, meaning));
    }
}

/// Gives each value that has a label a second field under it, unless a field is called so already.
fn add_labelled(fields: &mut Fields<'_>) {
    const LABEL: &str = "Label";
    if !fields.items.iter().any(|field| fields.key(field).ends_with(LABEL)) {
        return;
    }
    let known: BTreeMap<Box<str>, usize> =
        fields.items.iter().enumerate().map(|(at, field)| (fields.key(field).into(), at)).collect();
    for at in 0..fields.items.len() {
        let Some(label) = fields.items.get(at) else { return };
        let base = fields.key(label).strip_suffix(LABEL).and_then(|base| known.get(base));
        let value = base.and_then(|base| fields.items.get(*base)).map(|field| field.value.clone());
        if let (Some(value @ Value::Text(_)), Some(name)) = (value, label.value.text()) {
            let name = name.trim();
            if !name.is_empty() && !known.contains_key(name) {
                let name = name.to_owned();
                fields.push(&name, None, value);
                if let Some(label) = fields.items.get_mut(at) {
                    label.used = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FIELDS_MAX;

    fn told(line: &str) -> String {
        match read(line) {
            Ok((_, fields)) => {
                let pair = |f| format!("{}={}", fields.key(f), f.value.text().unwrap());
                fields.items.iter().skip(6).map(pair).collect::<Vec<_>>().join("|")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn values_with_blanks_escapes_and_labels() {
        let head = "CEF:0|Gate|Door|1|login|Log in|5|";
        for (extension, expected) in [
            ("src=192.0.2.7 suser=ana b  msg=let in", "src=192.0.2.7|suser=ana b|msg=let in"),
            (r"msg=a \= b\\c\nd path=C:\Temp", "msg=a = b\\c\nd|path=C:\\Temp"),
            ("request=http://x/?a=1&b=2 act=ok", "request=http://x/?a=1&b=2|act=ok"),
            ("suser= src=192.0.2.7", "src=192.0.2.7"),
            (
                "cs1Label=Rule Name cs1=7 x cn1=4 cn1Label=Tries ad.key=v",
                "cs1Label=Rule Name|cs1=7 x|cn1=4|cn1Label=Tries|ad.key=v|Rule Name=7 x|Tries=4",
            ),
            (
                "cs1Label=src cs1=x src=192.0.2.7 cs2Label=alone",
                "cs1Label=src|cs1=x|src=192.0.2.7|cs2Label=alone",
            ),
            ("a=1 a=2 a=3", "a=1|a#2=2|a#3=3"),
            ("no pairs", ""),
            ("", ""),
        ] {
            assert_eq!(told(&format!("{head}{extension}")), expected, "{extension}");
        }
        assert_eq!(told("CEF:0|Gate|Door|1|login"), "the CEF header ends in the middle: it has 5 of 7 parts");
        assert_eq!(told("CEF: none"), "no CEF header at the start of the message");
    }

    #[test]
    fn the_header_may_stand_behind_others() {
        for (line, host, program) in [
            ("CEF:0|a|b|c|d|e|5", None, None),
            ("Nov 23 09:00:00 fw CEF:1|a|b|c|d|e|5|x=1", Some("fw"), None),
            ("<134>2026-11-23T09:00:00Z fw CEF: 0|a|b|c|d|e|5|", Some("fw"), None),
            ("<134>Nov 23 09:00:00 fw ASM:CEF:0|a|b|c|d|e|5|", Some("fw"), Some("ASM")),
            ("<134>1 2026-11-23T09:00:00Z fw door 7 - - CEF:0|a|b|c|d|e|5|", Some("fw"), Some("door")),
            ("0|a|b|c|d|e|5|x=1", None, None),
            ("Nov 23 09:00:00 fw 0|a|b|c|d|e|5|", Some("fw"), None),
        ] {
            let (header, fields) = read(line).unwrap();
            assert_eq!((header.host, header.program), (host, program), "{line}");
            assert!(host.is_none() || header.host_is_sure, "{line}");
            let parts: Vec<_> = PARTS.iter().map(|part| fields.has(part)).collect();
            assert_eq!(parts, [true; 6], "{line}");
        }
        let (_, fields) = read(r"CEF:0|a\|b|c\\|1|d|e\x|5|").unwrap();
        let texts: Vec<_> = fields.items.iter().map(|field| field.value.text().unwrap()).collect();
        assert_eq!(texts, ["a|b", "c\\", "1", "d", "e\\x", "5"]);
    }

    #[test]
    fn what_somebody_wrote_into_a_message_is_no_record() {
        for front in [
            "Nov 23 09:00:00 gw sshd[7]: Invalid user ",
            "Nov 23 09:00:00 gw sshd[7]: user ",
            "Invalid user ",
        ] {
            assert_eq!(
                read(&format!("{front}CEF:0|a|b|c|d|e|5|x=1")).unwrap_err(),
                CefError::NoHeader,
                "{front}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "(CEF:0\\|)?[a=\\\\| Label\u{e9}]{0,40}") {
            let _ = read(&text);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]
        #[test]
        fn fields_are_bounded(count in 0_usize..3_000) {
            let pairs: String = (0..count).map(|n| format!("k{n}Label=l{n} k{n}=v ")).collect();
            let line = format!("CEF:0|a|b|c|d|e|5|{pairs}");
            let (_, fields) = read(&line).unwrap();
            proptest::prop_assert!(fields.items.len() <= FIELDS_MAX);
            proptest::prop_assert_eq!(fields.cut, count * 3 + 6 > FIELDS_MAX);
        }
    }
}
