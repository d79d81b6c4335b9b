//! Syslog headers as they are found in files: RFC 3164 and 5424, with and without `<PRI>`, octet counts,
//! relays' headers in front, host or pid missing, ISO stamps, programs' own stamps.
//!
//! Nothing here decides what a line means. Where a header cannot be told from the message (is `nginx error`
//! host and program, or the message?), both readings are offered: see [`Header::tag_is_sure`].

mod modern;
mod tag;
mod words;

use super::stamp::{self, Stamp};
use modern::{plain_5424, rfc5424, version};
use tag::{apply_tag, tag};
use words::{numbers, priority, words};

/// Headers of relays that are looked through.
const RELAYS_MAX: usize = 3;

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header<'a> {
    /// The relay's stamp, where there are two headers.
    pub relay_stamp: Option<(Stamp, &'a str)>,
    /// The header's stamp.
    pub stamp: Option<(Stamp, &'a str)>,
    /// A stamp at the start of the message; it is cut off the message.
    pub message_stamp: Option<(Stamp, &'a str)>,
    /// The machine that wrote the line.
    pub host: Option<&'a str>,
    /// Whether `host` stands where only a host can stand.
    pub host_is_sure: bool,
    /// The program's name, as written, without pid.
    pub program: Option<&'a str>,
    /// Its process.
    pub pid: Option<&'a str>,
    /// Whether `program` cannot be the first word of the message: it has a pid, or the header is RFC 5424.
    pub tag_is_sure: bool,
    /// Facility by name.
    pub facility: Option<&'static str>,
    /// Severity by name.
    pub severity: Option<&'static str>,
    /// RFC 5424 MSGID.
    pub message_id: Option<&'a str>,
    /// RFC 5424 STRUCTURED-DATA, as written.
    pub structured: Option<&'a str>,
    /// What follows the stamp.
    pub after_stamp: &'a str,
    /// What follows the host.
    pub after_host: &'a str,
    /// What follows the tag.
    pub message: &'a str,
}

impl Header<'_> {
    /// Whether anything of a header was there.
    pub fn is_some(&self) -> bool {
        self.stamp.is_some() || self.facility.is_some() || (self.program.is_some() && self.tag_is_sure)
    }
}

/// Reads the header of a line. Never fails: a line without header is all message.
pub fn read(line: &str) -> Header<'_> {
    let mut rest = octet_count(line.trim_start_matches([' ', '\t', '\u{feff}']));
    let mut relay: Option<Header<'_>> = None;
    for _ in 0..RELAYS_MAX {
        let header = one(rest);
        let Some(inner) = inner_header(&header) else {
            return joined(relay, header);
        };
        rest = inner;
        relay = Some(joined(relay, header));
    }
    joined(relay, one(rest))
}

/// The octet count of RFC 6587 that some collectors store: digits, a blank, then `<`.
fn octet_count(line: &str) -> &str {
    let digits = line.bytes().take(6).take_while(u8::is_ascii_digit).count();
    match line.get(digits..) {
        Some(rest) if digits > 0 && rest.starts_with(" <") => rest.get(1..).unwrap_or(rest),
        _ => line,
    }
}

/// What the relay said, where the line's own header does not.
fn joined<'a>(relay: Option<Header<'a>>, mut own: Header<'a>) -> Header<'a> {
    let Some(relay) = relay else { return own };
    if own.stamp.is_none() {
        own.stamp = relay.stamp;
    } else {
        own.relay_stamp = relay.stamp.or(relay.relay_stamp);
    }
    if own.host.is_none() {
        own.host = relay.host;
        own.host_is_sure = relay.host_is_sure;
    }
    own.facility = own.facility.or(relay.facility);
    own.severity = own.severity.or(relay.severity);
    own
}

/// The rest of the line when it begins with a header of its own: behind a `<PRI>`, or a stamp where this header
/// has no tag.
fn inner_header<'a>(header: &Header<'a>) -> Option<&'a str> {
    header.stamp?;
    // What a process says is its own: somebody may have chosen it.
    if header.pid.is_some() {
        return None;
    }
    let begins = |behind: &str| version(behind).is_some() || stamp::read(behind).is_some();
    for rest in [header.message, header.after_host, header.after_stamp] {
        let rest = octet_count(rest);
        if priority(rest).is_some_and(|(_, _, behind)| begins(behind)) {
            return Some(rest);
        }
    }
    if header.program.is_some() && header.tag_is_sure {
        return None;
    }
    // The word between may be a host or a facility; a program's own stamp has no host and tag behind it.
    [header.after_stamp, header.after_host].into_iter().find(|rest| {
        let is_bsd = rest.starts_with(|c: char| c.is_ascii_alphabetic());
        stamp::read(rest).and_then(|(_, used)| rest.get(used..)).is_some_and(|rest| has_tag(rest, is_bsd))
    })
}

/// Whether a tag with pid, or host and tag, follow a stamp; behind a host and a stamp of the BSD style the tag may be
/// without pid, as sudo writes it.
fn has_tag(rest: &str, is_bsd: bool) -> bool {
    let rest = rest.trim_start();
    let (host, second) = first_word(rest);
    tag(rest).is_some_and(|tag| tag.pid.is_some())
        || tag(second).is_some_and(|tag| tag.pid.is_some() || (is_bsd && is_host(host)))
}

fn one(line: &str) -> Header<'_> {
    let mut header = Header { after_stamp: line, after_host: line, message: line, ..Header::default() };
    let mut rest = line;
    if let Some((facility, severity, behind)) = priority(rest) {
        header.facility = Some(facility);
        header.severity = Some(severity);
        rest = behind;
        set_rest(&mut header, rest);
    }
    if let Some(behind) = version(rest)
        && rfc5424(&mut header, behind)
    {
        return header;
    }
    let bracket = rest.strip_prefix('[');
    if let Some((stamp, used)) = stamp::read(bracket.unwrap_or(rest)) {
        let body = bracket.unwrap_or(rest);
        let behind = body.get(used..).unwrap_or("");
        let behind = if bracket.is_some() { behind.strip_prefix(']') } else { Some(behind) };
        if let Some(behind) = behind {
            header.stamp = Some((stamp, body.get(..used).unwrap_or("")));
            let behind = behind.strip_prefix(':').unwrap_or(behind).trim_start();
            set_rest(&mut header, behind);
            let bsd = body.starts_with(|c: char| c.is_ascii_alphabetic()) && bracket.is_none();
            if bsd || !plain_5424(&mut header, behind) {
                host_and_tag(&mut header, behind, bsd);
            }
            return header;
        }
    }
    let rest = behind_uptime(rest);
    // Without a stamp only a tag with pid, or one behind a priority, is believed.
    if let Some(found) = tag(rest).filter(|tag| tag.pid.is_some() || header.facility.is_some()) {
        apply_tag(&mut header, &found);
        return header;
    }
    let (host, behind) = first_word(rest);
    if let Some(found) = tag(behind).filter(|tag| tag.pid.is_some() && is_host(host)) {
        header.host = Some(host);
        header.host_is_sure = true;
        header.after_host = behind;
        apply_tag(&mut header, &found);
    }
    header
}

/// Behind the seconds since boot that `journalctl -o short-monotonic` and `dmesg` write: they are no date.
fn behind_uptime(text: &str) -> &str {
    let inside = text.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    match inside {
        Some((number, behind)) if number.len() <= 20 => {
            let number = number.trim_start();
            let is_number = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            if is_number && number.contains('.') { behind } else { text }
        }
        _ => text,
    }
}

fn set_rest<'a>(header: &mut Header<'a>, rest: &'a str) {
    header.after_stamp = rest;
    header.after_host = rest;
    header.message = rest;
}

/// What stands between stamp and message in the BSD style, in its many shapes.
fn host_and_tag<'a>(header: &mut Header<'a>, text: &'a str, bsd: bool) {
    let mut rest = text;
    let mut bare = false;
    for _ in 0..2 {
        let (token, behind) = first_word(rest);
        let Some((facility, severity)) = words(token).or_else(|| numbers(token)) else { break };
        header.facility = facility.or(header.facility);
        header.severity = Some(severity);
        rest = behind;
        set_rest(header, rest);
        bare = token.ends_with(':');
    }
    if let Some(found) = tag(rest) {
        apply_tag(header, &found);
        own_stamp(header);
        return;
    }
    // A facility with a colon stands in the place of the tag: no host follows.
    if bare {
        return;
    }
    let (host, behind) = first_word(rest);
    if host.is_empty() || host.starts_with(['[', '<', '"', '{', '%', '-', '(', '\'', ',']) {
        return;
    }
    let arrow = memchr::memchr(b'>', host.as_bytes()).and_then(|_| host.split_once("->"));
    header.host = Some(arrow.map_or(host, |(name, _)| name));
    // `host : message`, as Cisco writes it.
    let behind = behind.strip_prefix(": ").unwrap_or(behind).trim_start();
    let (token, after_words) = first_word(behind);
    let behind = match words(token).filter(|(facility, _)| facility.is_some()) {
        Some((facility, severity)) => {
            header.facility = facility;
            header.severity = Some(severity);
            after_words
        }
        None => behind,
    };
    header.after_host = behind;
    header.message = behind;
    header.host_is_sure = bsd;
    if let Some(found) = tag(behind) {
        header.host_is_sure |= found.pid.is_some();
        apply_tag(header, &found);
    }
    own_stamp(header);
}

/// Whether a word can be a host's name or address.
fn is_host(word: &str) -> bool {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.bytes().all(part) && !word.ends_with(':')
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

/// A program's own stamp with a date, at the start of its message.
fn own_stamp(header: &mut Header<'_>) {
    let text = header.message;
    let bracket = text.strip_prefix('[');
    let body = bracket.unwrap_or(text);
    let Some((stamp, used)) = stamp::read(body) else { return };
    let dated = match stamp {
        Stamp::Instant(_) => true,
        Stamp::Civil(civil) => civil.year.is_some(),
    };
    let behind = body.get(used..).unwrap_or("");
    let behind = if bracket.is_some() { behind.strip_prefix(']') } else { Some(behind) };
    if let Some(behind) = behind.filter(|_| dated) {
        header.message_stamp = Some((stamp, body.get(..used).unwrap_or("")));
        header.message = behind.trim_start();
    }
}

/// The header that stands in front of a record, where nothing but a header does, and a host: behind other words the
/// record may be a name that somebody chose.
pub fn header_before(front: &str) -> Option<Header<'_>> {
    let mut header = read(front);
    let rest = header.message.trim();
    let is_word = header.program.is_none() && !rest.contains([' ', '{', '"']);
    // The kernel's own records: `kernel: audit: type=...`.
    let fits = rest.is_empty() || is_word || rest == "audit:";
    header.host_is_sure |= rest.is_empty();
    fits.then_some(header)
}

#[cfg(test)]
mod tests;
