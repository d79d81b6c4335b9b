//! Lines of `journalctl -o json`: what a syslog header says, from the journal's fields (systemd.journal-fields(7)).

use super::json;
use super::record::Value;
use super::stamp::{self, Stamp};
use super::syslog::Header;
use std::borrow::Cow;

/// Reads a journal entry as a header and its message; `None` when it is not one, or when a text in it had to be
/// unescaped (then the line is read as what it is, JSON).
pub fn read(line: &str) -> Option<Header<'_>> {
    if !line.starts_with('{') || !line.contains("\"MESSAGE\"") {
        return None;
    }
    let fields = json::read(line).ok()?;
    let text = |key: &str| {
        let field = fields.items.iter().find(|field| fields.key(field) == key)?;
        match field.value {
            Value::Text(Cow::Borrowed(text)) | Value::Number(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    };
    let message = text("MESSAGE")?;
    let program = text("SYSLOG_IDENTIFIER").or_else(|| text("_COMM"))?;
    let moment = text("_SOURCE_REALTIME_TIMESTAMP").or_else(|| text("__REALTIME_TIMESTAMP"));
    let stamp: Option<(Stamp, &str)> = moment.and_then(|text| Some((stamp::read_whole(text)?, text)));
    let host = text("_HOSTNAME");
    Some(Header {
        stamp,
        host,
        host_is_sure: host.is_some(),
        program: Some(program),
        pid: text("SYSLOG_PID").or_else(|| text("_PID")),
        tag_is_sure: true,
        after_stamp: message,
        after_host: message,
        message,
        ..Header::default()
    })
}
