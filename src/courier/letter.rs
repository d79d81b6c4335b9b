//! From a letter to the bytes of a mail: pure, the same letter gives the same bytes.
//!
//! Nothing of a letter can break out of its place: header names are constants, values are checked,
//! bodies are quoted-printable (so every relay takes them, and no control character travels raw).

use crate::limits::SUBJECT_CHARS_MAX;
use crate::schema::{Letter, Printable, Timestamp};
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use std::time::{Duration, SystemTime};

/// The name beside the sender address.
const FROM_NAME: &str = "gatewatch";
/// The last second of the year 9999, the end of the Date header's range.
const DATE_SECONDS_MAX: i64 = 253_402_300_799;
/// Characters of a Message-ID: well below the 998 of a line (RFC 5322 section 2.1.1).
const MESSAGE_ID_CHARS_MAX: usize = 250;
/// Bytes of one further header: `References` holds at most 20 ids.
const HEADER_BYTES_MAX: usize = 8 * 1024;
/// Headers that this module writes; a letter cannot replace them.
const OWN_HEADERS: &[&str] = &[
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "auto-submitted",
    "x-auto-response-suppress",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
];

/// Why no mail can be made of a letter. All are permanent: the same letter fails again.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MimeError {
    /// Not an address that every relay takes (ASCII, one `@`).
    #[error("{0:?} is not a mail address")]
    Address(String),
    /// A Message-ID without angle brackets, too long, or not printable ASCII.
    #[error("{0:?} is not a Message-ID")]
    MessageId(String),
    /// The message builder refused.
    #[error("the mail cannot be built: {0}")]
    Build(String),
}

/// The mail as it goes over the wire: CRLF lines, ASCII only.
///
/// # Errors
/// [`MimeError`], when an address or the Message-ID is not one.
pub fn mime(letter: &Letter, from: &str) -> Result<Vec<u8>, MimeError> {
    let sender = Mailbox::new(Some(FROM_NAME.to_owned()), address(from)?);
    let recipient = Mailbox::new(None, address(&letter.to)?);
    let mut builder = Message::builder()
        .from(sender)
        .to(recipient)
        .subject(subject(&letter.subject))
        .date(system_time(letter.date))
        .raw_header(message_id(&letter.message_id)?);
    for (name, value) in &letter.headers {
        match further_header(name, value) {
            Some(header) => builder = builder.raw_header(header),
            None => tracing::error!(
                header = name,
                notification = letter.notification,
                "header left out: it is not safe"
            ),
        }
    }
    let automatic = if letter.answers { "auto-replied" } else { "auto-generated" };
    builder = builder.raw_header(constant("Auto-Submitted", automatic));
    builder = builder.raw_header(constant("X-Auto-Response-Suppress", "All"));
    let text = part(ContentType::TEXT_PLAIN, &letter.text);
    let message = match &letter.html {
        None => builder.singlepart(text),
        Some(html) => {
            // "=_" cannot occur in quoted-printable text, so no body can hold the boundary.
            let boundary = format!("=_gatewatch_{}", letter.notification);
            let alternatives = MultiPart::builder().kind(MultiPartKind::Alternative).boundary(boundary);
            builder.multipart(alternatives.singlepart(text).singlepart(part(ContentType::TEXT_HTML, html)))
        }
    };
    message.map(|m| m.formatted()).map_err(|e| MimeError::Build(e.to_string()))
}

/// An address that needs no extension of SMTP and holds nothing that could end its place.
pub(super) fn address(text: &str) -> Result<Address, MimeError> {
    let wrong = || MimeError::Address(text.to_owned());
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',' | b';'));
    // RFC 5321 section 4.5.3.1.3: a path has at most 256 octets, its brackets included.
    if !plain || text.len() > 254 {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

/// A printable subject on one line. The cut keeps its visible mark. `=?` would begin an encoded word (RFC 2047):
/// mail programs would decode what a log says into characters that were never looked at.
fn subject(text: &str) -> String {
    Printable(&text.replace("=?", "= ?")).cut(SUBJECT_CHARS_MAX - 1)
}

/// A Message-ID exactly as given: lettre would encode an odd one into an invalid header.
fn message_id(id: &str) -> Result<HeaderValue, MimeError> {
    let inner = id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or("");
    let sides = inner.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    let plain = inner.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'));
    if !sides || !plain || id.len() > MESSAGE_ID_CHARS_MAX {
        return Err(MimeError::MessageId(id.to_owned()));
    }
    Ok(constant("Message-ID", id))
}

/// A header whose value is known to be printable ASCII and short.
fn constant(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.to_owned(),
        value.to_owned(),
    )
}

/// One of the letter's own headers; `None` when name or value is not safe.
fn further_header(name: &'static str, value: &str) -> Option<HeaderValue> {
    let token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let ours = OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name));
    let plain = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    // A word that fills a line by itself could not be folded.
    let folds = value.len() <= HEADER_BYTES_MAX && value.split(' ').all(|word| word.len() <= 900);
    if !token || ours || !plain || !folds {
        return None;
    }
    Some(HeaderValue::new(HeaderName::new_from_ascii(name.to_owned()).ok()?, value.to_owned()))
}

/// One body part. Lone CRs become visible as line ends, as every reader would show them.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text)
}

/// The Date header's moment. Outside 1970 to 9999 it is put to the nearer end: the builder panics there.
fn system_time(at: Timestamp) -> SystemTime {
    let seconds = at.0.div_euclid(1_000_000).clamp(0, DATE_SECONDS_MAX);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letter() -> Letter {
        Letter {
            notification: 7,
            attempt: 1,
            may_repeat: false,
            to: "ana@example.org".into(),
            message_id: "<i-9.notice.0.ana.0@gatewatch.example.org>".into(),
            date: Timestamp::parse_rfc3339("2026-11-23T09:00:00.123Z").unwrap(),
            subject: "[gatewatch] high #9 Anmeldung für müller".into(),
            headers: vec![
                ("X-Gatewatch-Incident", "i-9".into()),
                ("References", "<a@b> ".repeat(20).trim_end().into()),
            ],
            text: "Ein Zeichen: ü = \u{1b}[2J\n.\n..\nFrom here\n".into(),
            html: Some("<p>&lt;b&gt; ü</p>".into()),
            relay: 0,
            envelope: None,
            answers: false,
        }
    }

    /// Reads a mail back without lettre: unfolded headers, and the decoded parts.
    fn read(bytes: &[u8]) -> (Vec<(String, String)>, Vec<String>) {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ");
        let headers: Vec<(String, String)> = unfolded
            .split("\r\n")
            .map(|l| l.split_once(": ").unwrap())
            .map(|(n, v)| (n.into(), v.into()))
            .collect();
        let kind = &headers.iter().find(|(n, _)| n == "Content-Type").unwrap().1;
        let parts = match kind.split_once("boundary=\"") {
            None => vec![decode(body)],
            Some((_, rest)) => {
                let mark = format!("--{}", rest.trim_end_matches('"'));
                let inner = body.split(mark.as_str()).skip(1).filter(|p| p.starts_with("\r\n"));
                inner.map(|p| decode(p.split_once("\r\n\r\n").unwrap().1)).collect()
            }
        };
        (headers, parts)
    }

    fn decode(quoted: &str) -> String {
        let joined = quoted.replace("=\r\n", "").into_bytes();
        let (mut out, mut at) = (Vec::new(), 0);
        while at < joined.len() {
            if joined[at] == b'=' {
                out.push(
                    u8::from_str_radix(std::str::from_utf8(&joined[at + 1..at + 3]).unwrap(), 16).unwrap(),
                );
                at += 3;
            } else {
                out.push(joined[at]);
                at += 1;
            }
        }
        String::from_utf8(out).unwrap()
    }

    fn is_clean(bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "");
        text.bytes().all(|b| (b' '..=b'~').contains(&b))
            && String::from_utf8_lossy(bytes).lines().all(|l| l.len() <= 998)
    }

    #[test]
    fn a_letter_reads_back_as_it_was_written() {
        let bytes = mime(&letter(), "gatewatch@example.org").unwrap();
        assert!(is_clean(&bytes));
        assert_eq!(bytes, mime(&letter(), "gatewatch@example.org").unwrap());
        let (headers, parts) = read(&bytes);
        let value = |name: &str| {
            headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(value("From"), ["gatewatch <gatewatch@example.org>"]);
        assert_eq!(value("To"), ["ana@example.org"]);
        assert_eq!(value("Message-ID"), ["<i-9.notice.0.ana.0@gatewatch.example.org>"]);
        assert_eq!(value("Date"), ["Mon, 23 Nov 2026 09:00:00 +0000"]);
        assert_eq!(value("Auto-Submitted"), ["auto-generated"]);
        assert_eq!(value("X-Auto-Response-Suppress"), ["All"]);
        assert_eq!(value("X-Gatewatch-Incident"), ["i-9"]);
        assert_eq!(value("References")[0].matches("<a@b>").count(), 20);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].replace("\r\n", "\n").trim_end(), letter().text.trim_end());
        assert_eq!(parts[1].trim_end(), "<p>&lt;b&gt; ü</p>");
    }

    #[test]
    fn hostile_words_stay_in_their_place() {
        let mut hostile = letter();
        hostile.subject = "a\r\nBcc: evil@example.net\r\n\r\n<script>\u{202e}\u{0}".into();
        hostile.headers.push(("X-Gatewatch-Kind", "x\r\nBcc: evil@example.net".into()));
        hostile.headers.push(("Subject", "other".into()));
        hostile.headers.push(("X-Long", "x".repeat(2_000)));
        hostile.html = None;
        let bytes = mime(&hostile, "gatewatch@example.org").unwrap();
        assert!(is_clean(&bytes));
        let (headers, parts) = read(&bytes);
        let names: Vec<&str> = headers.iter().map(|(n, _)| n.as_str()).collect();
        assert!(
            !names.contains(&"Bcc") && !names.contains(&"X-Gatewatch-Kind") && !names.contains(&"X-Long"),
            "{names:?}"
        );
        let subject: Vec<&str> =
            headers.iter().filter(|(n, _)| n == "Subject").map(|(_, v)| v.as_str()).collect();
        assert_eq!(subject, ["a\\r\\nBcc: evil@example.net\\r\\n\\r\\n<script>\\u{202e}\\x00"]);
        assert_eq!(parts.len(), 1);
    }

    #[test]
    fn what_is_no_address_or_id_is_an_error_not_a_panic() {
        for to in [
            "",
            "ana",
            "ana@",
            "a\r\nb@example.org",
            "ana@example.org>,<b@c.de",
            "añ@example.org",
            "a b@c.de",
        ] {
            let sent = mime(&Letter { to: to.into(), ..letter() }, "gatewatch@example.org");
            assert_eq!(sent, Err(MimeError::Address(to.into())));
        }
        for id in ["", "a@b", "<a>", "<a@b>\r\nX: y", "<ä@b>", "<a@b c>"] {
            let sent = mime(&Letter { message_id: id.into(), ..letter() }, "gatewatch@example.org");
            assert_eq!(sent, Err(MimeError::MessageId(id.into())));
        }
        for date in [i64::MIN, -1, i64::MAX] {
            mime(&Letter { date: Timestamp(date), ..letter() }, "gatewatch@example.org").unwrap();
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_an_unclean_mail(subject in ".*", text in any::<String>(), html in any::<String>(), value in ".*") {
            let one = Letter {
                subject: subject.into(),
                text: text.into(),
                html: Some(html.into()),
                headers: vec![("X-Gatewatch-Kind", value)],
                ..letter()
            };
            let bytes = mime(&one, "gatewatch@example.org").unwrap();
            prop_assert!(is_clean(&bytes));
            let (headers, parts) = read(&bytes);
            prop_assert!(headers.len() <= 11);
            prop_assert_eq!(parts.len(), 2);
        }
    }
}
