//! Lines of `journalctl -o json`: what a syslog header says, from the journal's fields (systemd.journal-fields(7)).

use super::inner::Inner;
use super::json;
use super::record::Value;
use super::stamp::{self, Stamp};
use super::syslog::Header;
use std::borrow::Cow;

/// Reads a journal entry as a message and its header; `None` when it is not one.
pub fn read(line: &str) -> Option<Inner<'_>> {
    memchr::memmem::find(line.as_bytes(), b"\"MESSAGE\"")?;
    let fields = json::read_flat(line).ok()?;
    let value =
        |key: &str| fields.items.iter().find(|field| fields.key(field) == key).map(|field| &field.value);
    // Names that had to be unescaped are none.
    let text = |key: &str| match value(key)? {
        Value::Text(Cow::Borrowed(text)) | Value::Number(Cow::Borrowed(text)) => Some(*text),
        _ => None,
    };
    let message = match value("MESSAGE")? {
        Value::Text(text) => text.clone(),
        Value::List(bytes) => Cow::Owned(of_bytes(bytes)?),
        _ => return None,
    };
    let program = text("SYSLOG_IDENTIFIER").or_else(|| text("_COMM"))?;
    let moment = text("_SOURCE_REALTIME_TIMESTAMP").or_else(|| text("__REALTIME_TIMESTAMP"));
    let stamp: Option<(Stamp, &str)> = moment.and_then(|text| Some((stamp::read_whole(text)?, text)));
    let host = text("_HOSTNAME");
    let header = Header {
        stamp,
        host,
        host_is_sure: host.is_some(),
        program: Some(program),
        pid: text("SYSLOG_PID").or_else(|| text("_PID")),
        tag_is_sure: true,
        ..Header::default()
    };
    Some(Inner { text: message, header: Some(header), ..Inner::default() })
}

/// The journal writes a message with bytes that are no text as their numbers (Journal JSON format).
fn of_bytes(numbers: &[Value<'_>]) -> Option<String> {
    let byte = |value: &Value<'_>| match value {
        Value::Number(number) => number.parse::<u8>().ok(),
        _ => None,
    };
    let bytes: Vec<u8> = numbers.iter().map(byte).collect::<Option<_>>()?;
    Some(String::from_utf8_lossy(&bytes).replace('\0', ""))
}
