//! Replies and reports: what comes back by mail, from the bytes of one file to what Escalate judges. Pure.
//!
//! The whole mail is hostile: it is read up to a bound, its parts and headers are counted before they are read, and
//! nothing of it is kept but an address, a verdict on its sender, a word and a note.
//!
//! ```text
//! maildir (new/ -> cur/) -> read -> auth (who) + words (what) | report (what became of ours) -> schema::Inbound
//! ```

mod auth;
mod condition;
mod report;
mod room;
mod words;

pub use condition::{Condition, condition};
pub use room::MailRoom;

use crate::schema::inbound::{Inbound, InboundContent, Reply, Report, Wish};
use crate::schema::tag::{Tag, TagKind, tag_in};
use crate::schema::{Printable, book::id_text};
use mail_parser::{Address, HeaderValue, Message, MessageParser};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes of a mail that are read: the words stand first, what follows is quotation and pictures.
pub const MAIL_BYTES_MAX: usize = 256 * 1024;
/// Headers of a mail; a mail with more is not read.
const HEADERS_MAX: usize = 500;
/// Parts that announce further parts; a mail with more is not read. Real ones have up to five.
const MULTIPARTS_MAX: usize = 32;
/// Bytes of the text that is looked at for the first line.
const TEXT_BYTES_MAX: usize = 128 * 1024;
/// Characters kept of a Message-ID and of an address.
const ID_CHARS: usize = 250;
/// Headers that name the address which a mail went to: what the last server says stands first.
const RECIPIENT_HEADERS: &[&str] = &[
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "to",
    "cc",
    "resent-to",
];

/// Which mails are ours, and whose word counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// The address that tags are put into.
    pub address: String,
    /// Whose `Authentication-Results` are believed.
    pub authority: String,
}

/// Reads one mail. `name` tells apart mails of the same bytes: the file's name in the Maildir, without its flags.
pub fn read(bytes: &[u8], name: &str, params: &Params) -> Inbound {
    let hash = Sha256::new().chain_update(name.as_bytes()).chain_update([0]).chain_update(bytes).finalize();
    let identity: Arc<str> = id_text(&hash).into();
    let bytes = bytes.get(..MAIL_BYTES_MAX).unwrap_or(bytes);
    let malformed = |why: &str| Inbound {
        identity: identity.clone(),
        message_id: "".into(),
        from: "".into(),
        content: InboundContent::Malformed(why.into()),
    };
    if multiparts(bytes) > MULTIPARTS_MAX {
        return malformed("it has too many parts in parts");
    }
    let Some(message) = MessageParser::default().parse(bytes) else { return malformed("it is no mail") };
    if message.headers().len() > HEADERS_MAX {
        return malformed("it has too many headers");
    }
    let heads = heads(&message);
    let from = sender(&message, &heads).unwrap_or_default();
    let message_id = message.message_id().map_or(String::new(), |id| Printable(id).cut(ID_CHARS));
    let content = content(&message, &heads, &from, params);
    Inbound { identity, message_id: message_id.into(), from: from.into(), content }
}

fn content(message: &Message<'_>, heads: &[(String, String)], from: &str, params: &Params) -> InboundContent {
    let tags = tags(heads, params);
    let bounce = || tags.iter().find(|tag| tag.kind == TagKind::Bounce).cloned();
    let body = message.body_text(0).unwrap_or_default();
    let said = report::status(message).or_else(|| {
        let system = bounce().is_some() && (is_returned(heads) || is_daemon(from));
        system.then(|| report::in_words(message.subject().unwrap_or_default(), &body)).flatten()
    });
    if let Some(said) = said {
        let named =
            said.envelope_id.as_deref().and_then(Tag::parse).filter(|tag| tag.kind == TagKind::Bounce);
        if let Some(tag) = bounce().or(named) {
            return InboundContent::Report(Report { tag, fate: said.fate, said: said.words.into() });
        }
    }
    if from.is_empty() {
        return InboundContent::Malformed(
            "it does not say who sent it: one From header with one address".into(),
        );
    }
    let plain: Vec<auth::Head<'_>> =
        heads.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let short = |text: String| -> Box<str> { Printable(&text).cut(ID_CHARS).into() };
    InboundContent::Reply(Reply {
        tag: tags.iter().find(|tag| tag.kind == TagKind::Reply).cloned(),
        proof: auth::proof(&plain, &params.authority, from).map(short).map_err(short),
        automatic: automatic(message, heads, from).map(Into::into),
        wish: wish(message),
    })
}

/// The wish of the first text that has one: some programs send an empty plain text beside the real one.
fn wish(message: &Message<'_>) -> Wish {
    let cut = |text: &str| {
        let mut end = text.len().min(TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        words::wish(text.get(..end).unwrap_or(""))
    };
    let plain = message.body_text(0).map(|text| cut(&text)).unwrap_or(Wish::Nothing);
    match plain {
        Wish::Nothing => {
            let html = message.body_html(0);
            html.map(|html| cut(&mail_parser::decoders::html::html_to_text(&html))).unwrap_or(Wish::Nothing)
        }
        wish => wish,
    }
}

/// How often a mail says that parts follow. It is counted before anything is parsed: parts in parts cost most.
fn multiparts(bytes: &[u8]) -> usize {
    let word = b"boundary";
    memchr::memchr2_iter(b'b', b'B', bytes)
        .filter(|at| bytes.get(*at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word)))
        .take(MULTIPARTS_MAX + 1)
        .count()
}

/// The headers of the mail itself, in order: names in lower case, values unfolded by nobody, odd bytes replaced.
fn heads(message: &Message<'_>) -> Vec<(String, String)> {
    let raw = message.raw_message();
    let head = |header: &mail_parser::Header<'_>| {
        let value = raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or(&[]);
        (header.name.as_str().to_ascii_lowercase(), String::from_utf8_lossy(value).trim().to_owned())
    };
    message.headers().iter().map(head).collect()
}

/// The one address of the one From header, in lower case.
fn sender(message: &Message<'_>, heads: &[(String, String)]) -> Option<String> {
    if heads.iter().filter(|(name, _)| name == "from").count() != 1 {
        return None;
    }
    let Address::List(list) = message.from()? else { return None };
    let [one] = list.as_slice() else { return None };
    let address = one.address.as_deref()?.trim().to_ascii_lowercase();
    let plain = address.bytes().all(|b| b.is_ascii_graphic()) && address.len() <= ID_CHARS;
    (plain && address.contains('@')).then_some(address)
}

/// Tags in the addresses that the mail went to, as far as they are written like ours.
fn tags(heads: &[(String, String)], params: &Params) -> Vec<Tag> {
    let of =
        |wanted: &'static str| heads.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
    let values = RECIPIENT_HEADERS.iter().flat_map(|name| of(name));
    let words = values.flat_map(|value| value.split(|c: char| c.is_whitespace() || "<>,;:\"()".contains(c)));
    words.filter_map(|word| Tag::parse(tag_in(&params.address, word)?)).take(HEADERS_MAX).collect()
}

/// Whether the mail has no return path: nobody wants to hear of it again, as with bounces (RFC 5321 section 4.5.5).
fn is_returned(heads: &[(String, String)]) -> bool {
    heads
        .iter()
        .any(|(name, value)| name == "return-path" && value.split_whitespace().collect::<String>() == "<>")
}

fn is_daemon(from: &str) -> bool {
    let local = from.split('@').next().unwrap_or_default();
    ["mailer-daemon", "postmaster", "mail-daemon", "no-reply", "noreply", "microsoftexchange"]
        .iter()
        .any(|name| local.starts_with(name))
}

/// Why a program counts as the sender (RFC 3834 section 2 and 5, and what older programs write).
fn automatic(message: &Message<'_>, heads: &[(String, String)], from: &str) -> Option<&'static str> {
    let values =
        |wanted: &'static str| heads.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
    let first_word = |value: &String| {
        value
            .split(|c: char| c.is_whitespace() || c == ';' || c == '(')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    if values("auto-submitted").any(|value| first_word(value) != "no") {
        return Some("Auto-Submitted says so");
    }
    if is_returned(heads) {
        return Some("it has no return path");
    }
    let bulk = ["bulk", "junk", "list", "auto_reply", "auto-reply"];
    if values("precedence").any(|value| bulk.contains(&first_word(value).as_str())) {
        return Some("Precedence says so");
    }
    let marks = ["list-id", "x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply"];
    if marks.iter().any(|mark| values(mark).next().is_some()) {
        return Some("a list or an automatic answer");
    }
    let kind = message.root_part().headers.iter().find_map(|header| match &header.value {
        HeaderValue::ContentType(kind) => Some(kind),
        _ => None,
    });
    let is_report = kind.is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|s| s.eq_ignore_ascii_case("report"))
    });
    if is_report {
        return Some("it is a report");
    }
    is_daemon(from).then_some("its sender is a program")
}

#[cfg(test)]
mod tests;
