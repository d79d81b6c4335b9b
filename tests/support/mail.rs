//! Reads a mail as a mail program would, without the library that wrote it: unfolded headers with encoded words
//! undone, the parts of multipart/alternative with quoted-printable undone, and the tags of HTML.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

use std::collections::BTreeSet;

/// Headers that a mail of this program may have; each at most once.
const HEADERS: &[&str] = &[
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Importance",
    "X-Priority",
    "List-Id",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// A mail as it is read.
#[derive(Debug)]
pub struct Mail {
    pub raw: String,
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub html: Option<String>,
}

impl Mail {
    /// Reads the bytes of a mail; panics where they are none.
    pub fn read(bytes: &[u8]) -> Mail {
        let raw = std::str::from_utf8(bytes).unwrap().to_owned();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let headers = headers_of(head);
        let kind = value(&headers, "Content-Type");
        let Some((_, rest)) = kind.split_once("boundary=\"") else {
            return Mail { text: unquoted(body), html: None, headers, raw: raw.clone() };
        };
        assert!(kind.starts_with("multipart/alternative;"), "{kind}");
        let mark = format!("--{}", rest.trim_end_matches('"'));
        let mut pieces = body.split(mark.as_str());
        assert_eq!(pieces.next().unwrap().trim(), "", "no preamble");
        let parts: Vec<&str> = pieces.take_while(|piece| !piece.starts_with("--")).collect();
        let [text, html] = &parts[..] else { panic!("{} parts in {raw}", parts.len()) };
        let part = |part: &str, kind: &str| {
            let (head, body) = part.trim_start().split_once("\r\n\r\n").unwrap();
            let headers = headers_of(head);
            assert_eq!(value(&headers, "Content-Type"), kind);
            assert_eq!(value(&headers, "Content-Transfer-Encoding"), "quoted-printable");
            assert_eq!(headers.len(), 2, "{headers:?}");
            // The line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
            unquoted(body.strip_suffix("\r\n").unwrap())
        };
        let (text, html) = (part(text, "text/plain; charset=utf-8"), part(html, "text/html; charset=utf-8"));
        Mail { raw: raw.clone(), headers, text, html: Some(html) }
    }

    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> String {
        value(&self.headers, name)
    }

    /// One set of known headers, each once; ASCII without raw control characters; no line too long.
    pub fn check_headers(&self) {
        let bare = self.raw.replace("\r\n", "");
        assert!(bare.bytes().all(|b| (b' '..=b'~').contains(&b)), "raw bytes: {bare:?}");
        assert!(self.raw.split("\r\n").all(|line| line.len() <= 998));
        let mut seen = BTreeSet::new();
        for (name, _) in &self.headers {
            assert!(HEADERS.contains(&name.as_str()) || name.starts_with("X-Gatewatch-"), "{name}");
            assert!(seen.insert(name), "{name} stands twice");
        }
        for needed in ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type"] {
            assert!(seen.contains(&needed.to_owned()), "no {needed}");
        }
    }
}

fn value(headers: &[(String, String)], name: &str) -> String {
    headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
}

fn headers_of(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let pairs = unfolded.split("\r\n").map(|line| line.split_once(':').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), decoded(value.trim()))).collect()
}

/// RFC 2047: encoded words wherever they stand, as lenient mail programs read them.
fn decoded(value: &str) -> String {
    let (mut out, mut rest) = (String::new(), value.to_owned());
    // White space between two encoded words is none of the text.
    while let Some(at) = rest.find("?= =?") {
        rest.replace_range(at + 2..at + 3, "");
    }
    while let Some((before, word)) = rest.split_once("=?") {
        let mut pieces = word.splitn(4, '?');
        let (_charset, way, text) = (pieces.next(), pieces.next(), pieces.next());
        let tail = pieces.next().and_then(|tail| tail.strip_prefix('='));
        let (Some(way), Some(text), Some(tail)) = (way, text, tail) else {
            out.push_str(before);
            out.push_str("=?");
            rest = word.to_owned();
            continue;
        };
        out.push_str(before);
        out.push_str(&match way {
            "B" | "b" => String::from_utf8_lossy(&unbase64(text)).into_owned(),
            _ => unquoted(&text.replace('_', " ")),
        });
        rest = tail.to_owned();
    }
    out + &rest
}

fn unbase64(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        (bits, count) = (bits << 6 | u32::from(six), count + 6);
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// Undoes quoted-printable; plain line ends.
pub fn unquoted(quoted: &str) -> String {
    let joined = quoted.replace("=\r\n", "").replace("\r\n", "\n").into_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(byte) = joined.get(at) {
        let pair = joined.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *byte == b'=') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap()
}

/// Every tag of a page as it is written, attributes included.
pub fn tags(html: &str) -> BTreeSet<String> {
    let pieces = html.split('<').skip(1);
    pieces.map(|piece| format!("<{}>", piece.split_once('>').map_or(piece, |(tag, _)| tag))).collect()
}

/// The words of a page: tags left out, entities undone.
pub fn words(html: &str) -> String {
    let pieces = html.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text));
    let text: String = pieces.collect();
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, char)| text.replace(entity, char))
}
