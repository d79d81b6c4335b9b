//! Lines that a collector wrapped as they are: Docker's `json-file` driver (`{"log":"...\n","stream":"stdout","time":"..."}`),
//! the container runtimes of Kubernetes (CRI: `TIME stdout F ...`), and the journal. What is inside is read as if it
//! stood alone; the wrapper's time counts only where the inner line has none.

use super::inner::Inner;
use super::journal;
use super::json;
use super::record::{Field, Value};
use super::stamp;
use crate::schema::Datum;
use std::borrow::Cow;

/// A line, and what is inside when it is a wrapper.
#[derive(Debug)]
pub struct Line<'a> {
    /// As it stands in the file.
    pub whole: &'a str,
    /// What is inside.
    pub inner: Option<Inner<'a>>,
}

impl<'a> Line<'a> {
    /// Looks for a wrapper.
    pub fn of(whole: &'a str) -> Line<'a> {
        let inner = if whole.starts_with('{') {
            docker(whole).or_else(|| journal::read(whole))
        } else if whole.starts_with(|c: char| c.is_ascii_digit()) {
            runtime(whole)
        } else {
            None
        };
        Line { whole, inner }
    }
}

fn docker(line: &str) -> Option<Inner<'_>> {
    let holds = |part: &[u8]| memchr::memmem::find(line.as_bytes(), part).is_some();
    if !holds(b"\"log\"") || !holds(b"\"stream\"") {
        return None;
    }
    let fields = json::read_flat(line).ok()?;
    let named = |key: &str| fields.items.iter().find(|field| fields.key(field) == key);
    let text = |key: &str| match named(key)?.value.clone() {
        Value::Text(text) => Some(text),
        _ => None,
    };
    let own = |field: &Field<'_>| matches!(fields.key(field), "log" | "time");
    let attribute =
        |field: &Field<'_>| fields.key(field) == "stream" || fields.key(field).starts_with("attrs.");
    if !fields.items.iter().all(|field| own(field) || attribute(field)) {
        return None;
    }
    let (log, time) = (text("log")?, text("time")?);
    let stamp = match time {
        Cow::Borrowed(time) => stamp::read_whole(time).map(|stamp| (stamp, time)),
        Cow::Owned(_) => None,
    };
    let extra = fields.items.iter().filter(|field| attribute(field));
    let extra = extra.filter_map(|field| Some((fields.key(field).into(), field.value.datum()?)));
    Some(Inner { text: without_end(log), header: None, stamp, extra: extra.collect() })
}

/// A text without the line's end.
fn without_end(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(['\n', '\r'])),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
            Cow::Owned(text)
        }
    }
}

/// `TIME stdout F MESSAGE` (Kubernetes, CRI logging); `P` marks a piece of a longer line.
fn runtime(line: &str) -> Option<Inner<'_>> {
    let (time, rest) = line.split_once(' ')?;
    let (stream, rest) = rest.split_once(' ')?;
    if !matches!(stream, "stdout" | "stderr") {
        return None;
    }
    let (tag, text) = rest.split_once(' ').unwrap_or((rest, ""));
    // More tags may follow behind colons.
    let is_piece = match tag.split(':').next() {
        Some("F") => false,
        Some("P") => true,
        _ => return None,
    };
    let stamp = stamp::read(time).filter(|(_, used)| *used == time.len()).map(|(stamp, _)| stamp)?;
    let mut extra = vec![("stream".into(), Datum::Text(stream.into()))];
    if is_piece {
        extra.push(("partial".into(), Datum::Bool(true)));
    }
    Some(Inner { text: Cow::Borrowed(text), header: None, stamp: Some((stamp, time)), extra })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<(String, Option<String>, usize)> {
        let inner = Line::of(line).inner?;
        Some((inner.text.into_owned(), inner.stamp.map(|(_, text)| text.to_owned()), inner.extra.len()))
    }

    #[test]
    fn wrappers_are_told_by_their_whole_shape() {
        let time = "2026-11-23T09:00:00.123456789Z";
        let some = |text: &str, extra| Some((text.to_owned(), Some(time.to_owned()), extra));
        for (line, expected) in [
            (format!(r#"{{"log":"a \"b\"\r\n","stream":"stderr","time":"{time}"}}"#), some("a \"b\"", 1)),
            (
                format!(r#"{{"log":"{{\"a\":1}}\n","stream":"stdout","attrs":{{"x":"y"}},"time":"{time}"}}"#),
                some("{\"a\":1}", 2),
            ),
            (format!(r#"{{"log":"a","stream":"stdout","time":"{time}","level":"info"}}"#), None),
            (r#"{"log":"a","stream":"stdout"}"#.to_owned(), None),
            (format!("{time} stdout F let in  ana"), some("let in  ana", 1)),
            (format!("{time} stderr P:x half"), some("half", 2)),
            (format!("{time} stdout F"), some("", 1)),
            (format!("{time} stdout X let in"), None),
            (format!("{time} web1 F let in"), None),
            ("7 stdout F let in".to_owned(), None),
        ] {
            assert_eq!(told(&line), expected, "{line}");
        }
    }

    #[test]
    fn the_journal_gives_its_header() {
        let line = r#"{"MESSAGE":[104,105,10,255],"SYSLOG_IDENTIFIER":"gate","_PID":"7","_HOSTNAME":"web1"}"#;
        let line = Line::of(line);
        let inner = line.inner.unwrap();
        let header = inner.header.unwrap();
        assert_eq!((&*inner.text, header.program, header.host), ("hi\n\u{fffd}", Some("gate"), Some("web1")));
        assert!(Line::of(r#"{"MESSAGE":null,"SYSLOG_IDENTIFIER":"gate"}"#).inner.is_none());
        assert!(Line::of(r#"{"MESSAGE":[1,300],"SYSLOG_IDENTIFIER":"gate"}"#).inner.is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "(\\{\"log\":|2026-11-23T09:00:00Z std)?[a\"{}:,outFP \u{e9}]{0,30}") {
            let _ = Line::of(&text);
        }
    }
}
