//! The tag: a program's name and process in front of the message.

use super::Header;

/// Longest program name (RFC 5424 allows 48; paths are longer).
const TAG_BYTES_MAX: usize = 128;

pub(super) struct Tag<'a> {
    pub program: &'a str,
    pub pid: Option<&'a str>,
    pub message: &'a str,
}

pub(super) fn apply_tag<'a>(header: &mut Header<'a>, tag: &Tag<'a>) {
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
pub(super) fn tag(text: &str) -> Option<Tag<'_>> {
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
