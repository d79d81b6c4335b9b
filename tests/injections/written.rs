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
    /// The target of a request: without quotes, blanks and control characters.
    Target,
    /// The same, with quotes.
    QuotedTarget,
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
    ("lighttpd", "] \"", How::Hex),
    ("web", "] \"", How::Hex),
    // As the traffic log of the same product.
    ("fortigate-admin", "=\"", How::Pair),
    ("exchange", ",", How::Cell(',')),
];

/// Servers that let a request with a blank in its target into their log; others answer it without one, or cut it there.
const BLANKS_IN_TARGETS: [&str; 3] = ["nginx", "apache", "web"];
/// Servers in Go let quotes in; others refuse them (RFC 3986 has none), or escape them.
const QUOTES_IN_TARGETS: [&str; 3] = ["caddy", "traefik", "gitea"];

/// A piece of a line that a client chose.
#[derive(Clone, Debug)]
pub struct Place {
    /// How it is written.
    pub how: How,
    /// What is written anew: the value, or the whole cell or the quotes around it.
    pub outer: Range<usize>,
    /// The value.
    pub inner: Range<usize>,
}

/// How a value was written; `None` where no client's text can stand there.
pub fn place(spec: &GrammarSpec, text: &str, inner: Range<usize>, is_target: bool) -> Option<Place> {
    let (before, after) = (text.get(..inner.start)?, text.get(inner.end..)?);
    let has = |framing: Framing| spec.framings.contains(&framing);
    let at = |how: How| Place { how, outer: inner.clone(), inner: inner.clone() };
    let listed = PRODUCTS.iter().find(|(name, part, _)| *name == spec.name && text.contains(part));
    Some(match listed.map(|(.., how)| *how) {
        _ if json_depth(before).is_some() => at(How::Json(json_depth(before)?)),
        _ if has(Framing::Xml) && text.contains("<Event") => at(How::Xml),
        _ if text.contains("CEF:") || text.contains("LEEF:") => at(How::Cef),
        _ if has(Framing::Audit) && text.contains("msg=audit(") => return audit(before, after, inner),
        _ if has(Framing::W3c) => at(How::Plus),
        Some(How::Cell(delimiter)) => cell(text, inner, delimiter),
        None if has(Framing::Csv) => cell(text, inner, char::from(spec.delimiter)),
        _ if is_target && QUOTES_IN_TARGETS.contains(&spec.name.as_str()) => at(How::QuotedTarget),
        _ if is_target && !BLANKS_IN_TARGETS.contains(&spec.name.as_str()) => at(How::Target),
        Some(How::Pair) => at(pair(before)?),
        Some(how) => at(how),
        None if has(Framing::KeyValue) && text.contains('=') => at(pair(before)?),
        None => at(How::Raw),
    })
}

fn audit(before: &str, after: &str, inner: Range<usize>) -> Option<Place> {
    let key = before.trim_end_matches('"');
    let untrusted = ["acct=", "comm=", "cmd=", "exe=", "name="].iter().any(|name| key.ends_with(name));
    let in_quotes = before.ends_with('"') && after.starts_with('"');
    let outer = if in_quotes { inner.start - 1..inner.end + 1 } else { inner };
    untrusted.then(|| Place { how: How::Audit, inner: outer.clone(), outer })
}

fn cell(text: &str, inner: Range<usize>, delimiter: char) -> Place {
    if text[..inner.start].matches('"').count() % 2 == 1 {
        return Place { how: How::QuotedCell, outer: inner.clone(), inner };
    }
    let start = text[..inner.start].rfind(delimiter).map_or(0, |at| at + 1);
    let end = text[inner.end..].find(delimiter).map_or(text.len(), |at| inner.end + at);
    Place { how: How::Cell(delimiter), outer: start..end, inner }
}

/// In the quotes of a pair, or a bare value; in front of pairs stands no client's text.
fn pair(before: &str) -> Option<How> {
    let quotes = before.replace("\\\\", "").replace("\\\"", "").matches('"').count();
    let bare = before.ends_with('=');
    if quotes % 2 == 1 { Some(How::Slash) } else { bare.then_some(How::Pair) }
}

/// How deep in JSON strings the end of a text stands; `None` = in none.
fn json_depth(before: &str) -> Option<u8> {
    let opens = |(at, _): &(usize, &str)| before[at + 1..].trim_start().starts_with('"');
    let (start, _) = before.match_indices('{').find(opens)?;
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
            How::Target => How::QuotedTarget.write(payload).replace('"', "%22"),
            How::QuotedTarget => {
                payload.replace(|letter: char| letter.is_whitespace() || letter.is_control(), "%20")
            }
        }
    }
}
