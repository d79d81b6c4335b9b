//! How products write what a client chose into a line.

use gatewatch::normalize::spec::{Framing, GrammarSpec};
use std::fmt::Write as _;
use std::ops::Range;

/// How a value is written at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// As it is; only a line feed is written as rsyslog does (`#012`): the worst that a product can do.
    Raw,
    /// Inside a JSON string, or inside one inside a string.
    Json(u8),
    Xml,
    /// A bare cell: in quotes where it needs them.
    Cell(char),
    /// A cell in quotes: quotes are doubled.
    QuotedCell,
    /// W3C: a blank is `+`.
    Plus,
    /// CEF, LEEF: `\`, `=` and `|` behind a backslash.
    Cef,
    /// Linux audit: in quotes, or in hexadecimal digits where it is not plain.
    Audit,
    /// Quotes, backslashes and control characters as `\x22` (nginx).
    Hex,
    /// Quotes and backslashes behind a backslash (Apache, logfmt, `%q`).
    Slash,
    /// A bare value of a pair: as `Slash`, in quotes where it needs them.
    Pair,
}

/// Grammars whose product does not write names as they are, though their lines are text: (grammar, text that such lines
/// hold, how it writes).
const PRODUCTS: &[(&str, &str, How)] = &[
    ("nginx", "] \"", How::Hex),
    // Its error log escapes no quotes.
    ("apache", "[client", How::Raw),
    ("apache", "", How::Slash),
    ("authelia", "time=", How::Pair),
    ("checkpoint", "[action:\"", How::Slash),
];

/// How a value that stands at `place` was written; `None` where no client's text can stand there. The place widens to the
/// quotes that go with the value.
pub fn how(spec: &GrammarSpec, text: &str, place: &Range<usize>) -> Option<(How, Range<usize>)> {
    let (before, after) = (text.get(..place.start)?, text.get(place.end..)?);
    let has = |framing: Framing| spec.framings.contains(&framing);
    let in_quotes = before.ends_with('"') && after.starts_with('"');
    if let Some(depth) = json_depth(before) {
        return Some((How::Json(depth), place.clone()));
    }
    if has(Framing::Xml) && text.contains("<Event") {
        return Some((How::Xml, place.clone()));
    }
    if text.contains("CEF:") || text.contains("LEEF:") {
        return Some((How::Cef, place.clone()));
    }
    if has(Framing::Audit) && text.contains("msg=audit(") {
        let key = before.trim_end_matches('"');
        let untrusted = ["acct=", "comm=", "cmd=", "exe=", "name="].iter().any(|name| key.ends_with(name));
        let wide = if in_quotes { place.start - 1..place.end + 1 } else { place.clone() };
        return untrusted.then_some((How::Audit, wide));
    }
    if has(Framing::W3c) {
        return Some((How::Plus, place.clone()));
    }
    if has(Framing::Csv) && !text.starts_with('{') {
        let delimiter = char::from(spec.delimiter);
        if before.matches('"').count() % 2 == 1 {
            return Some((How::QuotedCell, place.clone()));
        }
        let whole = (before.is_empty() || before.ends_with(delimiter))
            && (after.is_empty() || after.starts_with(delimiter));
        return whole.then(|| (How::Cell(delimiter), place.clone()));
    }
    let listed = PRODUCTS.iter().find(|(name, part, _)| *name == spec.name && text.contains(part));
    Some(match listed {
        Some((.., How::Pair)) => (pair(before)?, place.clone()),
        Some((.., how)) => (*how, place.clone()),
        None if has(Framing::KeyValue) && text.contains('=') => (pair(before)?, place.clone()),
        None => (How::Raw, place.clone()),
    })
}

/// In the quotes of a pair, or a bare value; in front of pairs stands no client's text.
fn pair(before: &str) -> Option<How> {
    let quotes = before.replace("\\\\", "").replace("\\\"", "").matches('"').count();
    let bare = before.ends_with('=');
    if quotes % 2 == 1 { Some(How::Slash) } else { bare.then_some(How::Pair) }
}

/// How deep in JSON strings the end of a text stands; `None` = in none.
fn json_depth(before: &str) -> Option<u8> {
    let start = before.find(['{', '[']).filter(|at| before[*at..].contains("{\""))?;
    let start = start.max(before.find("{\"").unwrap_or(start));
    let (mut open, mut escaped, mut inner) = (false, false, 0_u32);
    for letter in before[start..].chars() {
        match letter {
            _ if std::mem::take(&mut escaped) => inner += u32::from(letter == '"'),
            '\\' if open => escaped = true,
            '"' => (open, inner) = (!open, 0),
            _ => {}
        }
    }
    open.then_some(if inner % 2 == 1 { 2 } else { 1 })
}

impl How {
    /// The payload, written.
    pub fn write(self, payload: &str) -> String {
        let feed = |text: &str| text.replace('\n', "#012");
        match self {
            How::Raw => feed(payload),
            How::Json(depth) => (0..depth).fold(payload.to_owned(), |text, _| {
                let quoted = serde_json::to_string(&text).unwrap();
                quoted[1..quoted.len() - 1].to_owned()
            }),
            How::Xml => {
                let text = payload.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                text.replace('"', "&quot;").replace('\'', "&apos;").replace('\n', "&#xA;")
            }
            How::Cell(delimiter) if payload.contains(['"', delimiter, '\n']) => {
                format!("\"{}\"", feed(&payload.replace('"', "\"\"")))
            }
            How::Cell(_) => payload.to_owned(),
            How::QuotedCell => feed(&payload.replace('"', "\"\"")),
            How::Plus => payload.replace([' ', '\t', '\n'], "+"),
            How::Cef => {
                let text = payload.replace('\\', "\\\\").replace('=', "\\=").replace('|', "\\|");
                text.replace('\n', "\\n").replace('\t', " ")
            }
            How::Audit if payload.bytes().all(|byte| byte > b' ' && byte < 0x7f && byte != b'"') => {
                format!("\"{payload}\"")
            }
            How::Audit => payload.bytes().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02X}").unwrap();
                text
            }),
            How::Hex => payload.chars().fold(String::new(), |mut text, letter| {
                match letter {
                    '"' | '\\' | '\0'..'\u{20}' | '\u{7f}' => {
                        write!(text, "\\x{:02X}", u32::from(letter)).unwrap()
                    }
                    _ => text.push(letter),
                }
                text
            }),
            How::Slash => {
                let text = payload.replace('\\', "\\\\").replace('"', "\\\"");
                text.replace('\n', "\\n").replace('\u{1b}', "\\x1b").replace('\0', "\\x00")
            }
            How::Pair
                if payload.contains(|letter: char| letter.is_whitespace() || "\"=\\".contains(letter)) =>
            {
                format!("\"{}\"", How::Slash.write(payload))
            }
            How::Pair => payload.to_owned(),
        }
    }
}
