//! The header of RFC 5424, whole or in part.

use super::{Header, is_host, own_stamp, set_rest};
use crate::normalize::stamp;

/// The version of RFC 5424, then a stamp or `-`.
pub(super) fn version(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("1 ")?;
    (rest.starts_with("- ") || rest.as_bytes().get(4) == Some(&b'-')).then_some(rest)
}

/// `STAMP HOST APP PROCID MSGID SD MSG`; false when it is not one.
pub(super) fn rfc5424<'a>(header: &mut Header<'a>, text: &'a str) -> bool {
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
    // Some products leave fields out and begin with an object.
    let mut field = || {
        if rest.starts_with('{') {
            return None;
        }
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
    let (structured, message) = structured(rest).unwrap_or((None, rest));
    header.structured = structured;
    set_rest(header, message.trim_start_matches([' ', '\u{feff}']));
    own_stamp(header);
}

/// `HOST APP PROCID MSGID SD MSG` behind a stamp, as rsyslog templates write it without priority and version;
/// false when it is not that: PROCID is a number or `-`, SD is `-` or in brackets.
pub(super) fn plain_5424<'a>(header: &mut Header<'a>, text: &'a str) -> bool {
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

/// STRUCTURED-DATA and what follows it; `None` where there is none.
fn structured(text: &str) -> Option<(Option<&str>, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some((None, rest));
    }
    let bytes = text.as_bytes();
    let (mut at, mut quoted) = (0, false);
    // An element's name holds neither `=` nor quotes: Check Point's `[key:"value"; ...]` is the message.
    let name = text.strip_prefix('[')?.split([' ', ']']).next()?;
    if name.is_empty() || name.contains(['=', '"']) {
        return None;
    }
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted && bytes.get(at + 1) != Some(&b'[') => {
                return Some((text.get(..=at), text.get(at + 1..).unwrap_or("")));
            }
            _ => {}
        }
        at += 1;
    }
    // It never closes: then it is no structured data.
    None
}
