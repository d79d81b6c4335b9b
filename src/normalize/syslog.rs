//! Syslog headers as they are found in files: RFC 3164 and 5424, with and without `<PRI>`, octet counts,
//! relays' headers in front, host or pid missing, ISO stamps, programs' own stamps.
//!
//! Nothing here decides what a line means. Where a header cannot be told from the message (is `nginx error`
//! host and program, or the message?), both readings are offered: see [`Header::tag_is_sure`].

use super::stamp::{self, Stamp};

/// Headers of relays that are looked through.
const RELAYS_MAX: usize = 3;
/// Longest program name (RFC 5424 allows 48; paths are longer).
const TAG_BYTES_MAX: usize = 128;

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
    for rest in [header.message, header.after_host, header.after_stamp] {
        if priority(rest).is_some_and(|(_, _, behind)| stamp::read(behind).is_some()) {
            return Some(rest);
        }
    }
    if header.program.is_some() && header.tag_is_sure {
        return None;
    }
    // The word between may be a host or a facility; a program's own stamp has no host and tag behind it.
    [header.after_stamp, header.after_host]
        .into_iter()
        .find(|rest| stamp::read(rest).is_some_and(|(_, used)| rest.get(used..).is_some_and(has_tag)))
}

/// Whether a tag with pid, or host and tag, follow a stamp.
fn has_tag(rest: &str) -> bool {
    let rest = rest.trim_start();
    let second = rest.split_once(' ').map_or("", |(_, behind)| behind.trim_start());
    tag(rest).is_some_and(|tag| tag.pid.is_some()) || tag(second).is_some_and(|tag| tag.pid.is_some())
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

fn set_rest<'a>(header: &mut Header<'a>, rest: &'a str) {
    header.after_stamp = rest;
    header.after_host = rest;
    header.message = rest;
}

/// `<PRI>` in numbers (RFC 5424 section 6.2.1): facility, severity and what follows.
fn priority(text: &str) -> Option<(&'static str, &'static str, &str)> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    if !(1..=3).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: usize = number.parse().ok()?;
    Some((FACILITIES.get(number / 8)?, SEVERITIES.get(number % 8)?, rest.trim_start()))
}

const FACILITIES: [&str; 24] = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// `auth.info`, `<auth.info>`, `AUTH.INFO:`, or a severity alone in capitals: facility, severity.
fn words(token: &str) -> Option<(Option<&'static str>, &'static str)> {
    let token = token.trim_start_matches('<').trim_end_matches([':', '>']);
    let severity_of = |word: &str| {
        let word = match () {
            () if word.eq_ignore_ascii_case("warn") => "warning",
            () if word.eq_ignore_ascii_case("error") => "err",
            () => word,
        };
        SEVERITIES.into_iter().find(|known| known.eq_ignore_ascii_case(word))
    };
    match token.split_once('.') {
        Some((facility, severity)) => {
            let known = FACILITIES.into_iter().find(|known| known.eq_ignore_ascii_case(facility))?;
            Some((Some(known), severity_of(severity)?))
        }
        None if token.bytes().all(|b| b.is_ascii_uppercase()) => Some((None, severity_of(token)?)),
        None => None,
    }
}

/// The version of RFC 5424, then a stamp or `-`.
fn version(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("1 ")?;
    (rest.starts_with("- ") || rest.as_bytes().get(4) == Some(&b'-')).then_some(rest)
}

/// `STAMP HOST APP PROCID MSGID SD MSG`; false when it is not one.
fn rfc5424<'a>(header: &mut Header<'a>, text: &'a str) -> bool {
    let (stamp, rest) = text.split_once(' ').unwrap_or((text, ""));
    let stamp = Some(stamp).filter(|stamp| *stamp != "-");
    let read = stamp.and_then(|text| stamp::read(text).filter(|(_, used)| *used == text.len()));
    if stamp.is_some() && read.is_none() {
        return false;
    }
    header.stamp = read.zip(stamp).map(|((stamp, _), text)| (stamp, text));
    rfc5424_fields(header, rest);
    true
}

/// What follows the stamp.
fn rfc5424_fields<'a>(header: &mut Header<'a>, text: &'a str) {
    let mut rest = text;
    let mut field = || {
        let (token, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = behind;
        Some(token).filter(|token| *token != "-" && !token.is_empty())
    };
    header.host = field();
    header.host_is_sure = true;
    header.program = field();
    header.tag_is_sure = header.program.is_some();
    header.pid = field();
    header.message_id = field();
    let (structured, message) = structured(rest);
    header.structured = structured;
    set_rest(header, message.trim_start_matches([' ', '\u{feff}']));
    own_stamp(header);
}

/// `HOST APP PROCID MSGID SD MSG` behind a stamp, as rsyslog templates write it without priority and version;
/// false when it is not that: PROCID is a number or `-`, SD is `-` or in brackets.
fn plain_5424<'a>(header: &mut Header<'a>, text: &'a str) -> bool {
    let mut fields = text.splitn(5, ' ');
    let mut field = || fields.next().unwrap_or("");
    let (host, app, process, id, rest) = (field(), field(), field(), field(), field());
    let number = process == "-" || (!process.is_empty() && process.bytes().all(|b| b.is_ascii_digit()));
    let data = rest == "-" || rest.starts_with("- ") || rest.starts_with('[');
    if !(number && data && is_host(host) && is_host(app) && !id.is_empty()) {
        return false;
    }
    rfc5424_fields(header, text);
    true
}

/// STRUCTURED-DATA and what follows it.
fn structured(text: &str) -> (Option<&str>, &str) {
    if let Some(rest) = text.strip_prefix('-') {
        return (None, rest);
    }
    let bytes = text.as_bytes();
    let (mut at, mut quoted) = (0, false);
    if bytes.first() != Some(&b'[') {
        return (None, text);
    }
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted && bytes.get(at + 1) != Some(&b'[') => {
                return (text.get(..=at), text.get(at + 1..).unwrap_or(""));
            }
            _ => {}
        }
        at += 1;
    }
    // It never closes: then it is no structured data.
    (None, text)
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
    if host.is_empty() || host.starts_with(['[', '<', '"', '{', '%', '-', '(', '\'']) {
        return;
    }
    header.host = Some(host.split_once("->").map_or(host, |(name, _)| name));
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

/// `<4.6>`: facility and severity in numbers, as FreeBSD's `syslogd -v` writes them.
fn numbers(token: &str) -> Option<(Option<&'static str>, &'static str)> {
    let (facility, severity) = token.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
    let facility = FACILITIES.get(facility.parse::<usize>().ok()?).copied();
    Some((facility, SEVERITIES.get(severity.parse::<usize>().ok()?)?))
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

struct Tag<'a> {
    program: &'a str,
    pid: Option<&'a str>,
    message: &'a str,
}

fn apply_tag<'a>(header: &mut Header<'a>, tag: &Tag<'a>) {
    header.program = Some(tag.program);
    header.pid = tag.pid;
    header.tag_is_sure = tag.pid.is_some();
    header.message = behind_message_id(tag.message);
}

/// Solaris puts `[ID 800047 auth.info] ` in front of the message (msgid(1M)), some loggers the kernel's stamp,
/// `kernel: [  970.699397] `.
fn behind_message_id(message: &str) -> &str {
    let uptime = message.strip_prefix("kernel:").and_then(|rest| rest.trim_start().strip_prefix('['));
    if let Some((stamp, behind)) = uptime.and_then(|rest| rest.split_once(']'))
        && stamp.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b' '))
    {
        return behind.trim_start_matches([':', ' ']);
    }
    let inside = message.strip_prefix("[ID ").and_then(|rest| rest.split_once("] "));
    match inside {
        Some((id, behind)) if id.len() < 40 && !id.contains(['[', ':']) => behind.trim_start(),
        _ => message,
    }
}

/// `name[pid]: `, `name: `, `name[pid] `, `name(module)[pid]: `, `/path/name[pid]: `, `postfix/smtpd[pid]: `.
fn tag(text: &str) -> Option<Tag<'_>> {
    let bytes = text.as_bytes();
    let part = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'-' | b'.' | b'/' | b'@' | b'+' | b'(' | b')' | b'*' | b'\\' | b'!' | b'~')
    };
    let length = bytes.iter().take(TAG_BYTES_MAX + 1).take_while(|b| part(b)).count();
    if length == 0 || length > TAG_BYTES_MAX || !bytes.iter().take(length).any(u8::is_ascii_alphabetic) {
        return None;
    }
    let program = text.get(..length)?;
    let mut rest = text.get(length..)?;
    let mut pid = None;
    if let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let plain = (1..=24).contains(&inside.len())
            && inside.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'#'));
        if !plain {
            return None;
        }
        pid = Some(inside);
        rest = behind;
    }
    let message = match (rest.strip_prefix(':'), pid) {
        (Some(message), _) if message.is_empty() || message.starts_with([' ', '\t']) || pid.is_some() => {
            message
        }
        (None, Some(_)) if rest.is_empty() || rest.starts_with(' ') => rest,
        _ => return None,
    };
    Some(Tag { program, pid, message: message.trim_start() })
}

#[cfg(test)]
mod tests;
