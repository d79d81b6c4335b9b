//! One Windows event as XML, as event forwarding, agents and `wevtutil` render it: read in one pass, without a tree.
//!
//! The path of a field leaves out the root `Event`, namespaces, and the one element between `UserData` and its
//! values: `System.EventID`, `System.Provider.Name` (an attribute), `EventData.TargetUserName` (of
//! `<Data Name="TargetUserName">`), `EventData.Data` (nameless ones, a list), `UserData.Subject`.

use super::record::Fields;
use super::syslog::{Header, header_before};
use super::value::head;
use crate::limits::JSON_DEPTH_MAX;
use std::borrow::Cow;

/// Why a line is not one event in XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// There is no `<Event>`.
    #[error("no XML event at the start of the message")]
    NoEvent,
    /// It ends in the middle.
    #[error("the XML is cut off after {0} bytes")]
    Cut(usize),
    /// Nested deeper than is followed.
    #[error("the XML is nested deeper than {JSON_DEPTH_MAX} levels")]
    TooDeep,
    /// Not XML at this byte.
    #[error("the XML is malformed at byte {0}")]
    Malformed(usize),
    /// Something follows the event.
    #[error("text follows the XML event at byte {0}")]
    Trailing(usize),
}

/// Bytes of a dotted path; what is longer is cut there.
const PATH_BYTES_MAX: usize = 1_024;

/// Reads a line: what a header in front says, and the fields.
///
/// # Errors
/// [`XmlError`].
pub fn read(line: &str) -> Result<(Header<'_>, Fields<'_>), XmlError> {
    let start = start_of_event(line).ok_or(XmlError::NoEvent)?;
    let mut reader =
        Reader { text: line, at: start, fields: Fields::new(), path: String::new(), open: Vec::new() };
    reader.event()?;
    let rest = line.get(reader.at..).unwrap_or("").trim_start();
    if !rest.is_empty() && !rest.starts_with("</") {
        return Err(XmlError::Trailing(line.len() - rest.len()));
    }
    let front = line.get(..start).unwrap_or("").trim_end_matches(['-', ' ', '\u{feff}']);
    let around = front.ends_with('>') && (front.starts_with("<?") || front.starts_with("<Events"));
    let header = if around { Some(Header::default()) } else { header_before(front) };
    Ok((header.ok_or(XmlError::NoEvent)?, reader.fields))
}

/// Where `<Event` stands as an element's whole name.
fn start_of_event(line: &str) -> Option<usize> {
    let mut ends = memchr::memmem::find_iter(line.as_bytes(), b"<Event").map(|at| (at, at + "<Event".len()));
    ends.find(|(_, end)| {
        matches!(line.as_bytes().get(*end), Some(b' ' | b'>' | b'/' | b'\t' | b'\r' | b'\n'))
    })
    .map(|(at, _)| at)
}

/// An element that is open.
struct Open<'a> {
    /// Length of the path outside of it.
    outside: usize,
    text: Cow<'a, str>,
    has_elements: bool,
}

/// Names and values.
type Attributes<'a> = Vec<(&'a str, Cow<'a, str>)>;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    fields: Fields<'a>,
    path: String,
    open: Vec<Open<'a>>,
}

/// What a tag's name ends at.
const NAME_ENDS: [char; 7] = [' ', '\t', '\r', '\n', '/', '>', '='];

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn cut(&self) -> XmlError {
        XmlError::Cut(self.text.len())
    }

    /// Goes behind the next `mark`; gives what stands before it.
    fn until(&mut self, mark: &str) -> Result<&'a str, XmlError> {
        let rest = self.rest();
        let at = memchr::memmem::find(rest.as_bytes(), mark.as_bytes()).ok_or_else(|| self.cut())?;
        self.at += at + mark.len();
        Ok(rest.get(..at).unwrap_or(""))
    }

    /// From the root's `<` to behind its end.
    fn event(&mut self) -> Result<(), XmlError> {
        loop {
            let text = self.until("<")?;
            self.add_text(decoded(text));
            let rest = self.rest();
            if rest.starts_with("!--") {
                self.until("-->")?;
            } else if rest.starts_with("![CDATA[") {
                self.at += "![CDATA[".len();
                let text = self.until("]]>")?;
                self.add_text(Cow::Borrowed(text));
            } else if rest.starts_with(['?', '!']) {
                self.until(">")?;
            } else if rest.starts_with('/') {
                self.until(">")?;
                self.close();
            } else {
                self.open_element()?;
            }
            if self.open.is_empty() {
                return Ok(());
            }
        }
    }

    fn add_text(&mut self, text: Cow<'a, str>) {
        let Some(open) = self.open.last_mut() else { return };
        if open.text.is_empty() {
            open.text = text;
        } else if !text.is_empty() {
            open.text.to_mut().push_str(&text);
        }
    }

    /// Text beside inner elements is only layout unless there is something in it.
    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let text = match open.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        // Browsers show a `-` in front of each element that has others.
        let layout = open.has_elements && text.bytes().all(|b| b == b'-' || b.is_ascii_whitespace());
        if !text.is_empty() && !layout {
            let key = if self.path.is_empty() { "Event" } else { self.path.as_str() };
            self.fields.gather(key, text);
        }
        self.path.truncate(open.outside);
        if let Some(outer) = self.open.last_mut() {
            outer.has_elements = true;
        }
    }

    /// A tag from behind its `<`: goes down to the element, and out again where it is empty.
    fn open_element(&mut self) -> Result<(), XmlError> {
        if self.open.len() >= JSON_DEPTH_MAX {
            return Err(XmlError::TooDeep);
        }
        let rest = self.rest();
        let end = rest.find(NAME_ENDS).ok_or_else(|| self.cut())?;
        let name = local(rest.get(..end).unwrap_or(""));
        if name.is_empty() {
            return Err(XmlError::Malformed(self.at));
        }
        self.at += end;
        let (attributes, is_empty) = self.attributes()?;
        let outside = self.path.len();
        let named = attributes.iter().find(|(key, _)| *key == "Name").map(|(_, value)| value.trim());
        let named = named.filter(|value| name == "Data" && self.path == "EventData" && !value.is_empty());
        match named {
            _ if self.open.is_empty() || (self.path == "UserData" && self.open.len() == 2) => {}
            Some(named) => self.enter(named),
            None => self.enter(name),
        }
        for (key, value) in &attributes {
            let about_names = key.starts_with("xmlns") || (named.is_some() && *key == "Name");
            if !about_names && !value.trim().is_empty() {
                let path =
                    if self.path.is_empty() { (*key).to_owned() } else { format!("{}.{key}", self.path) };
                self.fields.gather(head(&path, PATH_BYTES_MAX), value.clone());
            }
        }
        self.open.push(Open { outside, text: Cow::Borrowed(""), has_elements: false });
        if is_empty {
            self.close();
        }
        Ok(())
    }

    fn enter(&mut self, name: &str) {
        let kept = head(name, PATH_BYTES_MAX.saturating_sub(self.path.len() + 1));
        self.fields.cut |= kept.len() < name.len();
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(kept);
    }

    /// The attributes up to the end of the tag; whether it ends with `/>`.
    fn attributes(&mut self) -> Result<(Attributes<'a>, bool), XmlError> {
        let mut attributes = Vec::new();
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            match trimmed.as_bytes().first() {
                None => return Err(self.cut()),
                Some(b'>') => {
                    self.at += 1;
                    return Ok((attributes, false));
                }
                Some(b'/') => {
                    self.until(">")?;
                    return Ok((attributes, true));
                }
                Some(_) => {}
            }
            let (key, behind) = trimmed.split_once('=').ok_or_else(|| self.cut())?;
            let value = behind.trim_start();
            let quote = value.chars().next().ok_or_else(|| self.cut())?;
            if !matches!(quote, '"' | '\'') || key.contains(['<', '>']) {
                return Err(XmlError::Malformed(self.at));
            }
            let (value, behind) =
                value.get(1..).and_then(|v| v.split_once(quote)).ok_or_else(|| self.cut())?;
            self.at = self.text.len() - behind.len();
            let key = key.trim();
            let key = if key.starts_with("xmlns") { key } else { local(key) };
            if attributes.len() < crate::limits::FIELDS_MAX {
                attributes.push((key, decoded(value)));
            } else {
                self.fields.cut = true;
            }
        }
    }
}

/// A name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Text with its entities and character references replaced; unknown ones stay as written.
fn decoded(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        made.push_str(before);
        // The longest reference, `&#x10FFFF;`, has 8 characters before its end.
        let end = behind.bytes().take(9).position(|b| b == b';');
        let meaning = end.and_then(|end| Some((entity(behind.get(..end)?)?, end)));
        match meaning {
            Some((character, end)) => {
                made.push(character);
                rest = behind.get(end + 1..).unwrap_or("");
            }
            None => {
                made.push('&');
                rest = behind;
            }
        }
    }
    Cow::Owned(made + rest)
}

/// What a reference means; NUL, which the store's text cannot hold, becomes U+FFFD.
fn entity(name: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let code = u32::from_str_radix(digits, radix).ok()?;
        Some(char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER))
    };
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix('#')? {
            hex if hex.starts_with(['x', 'X']) => number(hex.get(1..)?, 16),
            digits => number(digits, 10),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Value;
    use super::*;
    use crate::limits::FIELDS_MAX;

    fn told(line: &str) -> String {
        match read(line) {
            Ok((_, fields)) => {
                let text = |value: &Value<'_>| match value {
                    Value::List(list) => list.iter().filter_map(Value::text).collect::<Vec<_>>().join("+"),
                    one => one.text().unwrap().into_owned(),
                };
                let pair = |f| format!("{}={}", fields.key(f), text(&f.value));
                fields.items.iter().map(pair).collect::<Vec<_>>().join("|")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn elements_attributes_and_data_have_paths() {
        for (inner, expected) in [
            (
                "<System><Provider Name='Gate' Guid=\"{1}\"/><EventID Qualifiers=''>4624</EventID>\
                 <TimeCreated SystemTime='2026-11-23T09:00:00.1234567Z' /></System>",
                "System.Provider.Name=Gate|System.Provider.Guid={1}|System.EventID=4624|\
                 System.TimeCreated.SystemTime=2026-11-23T09:00:00.1234567Z",
            ),
            (
                "<EventData><Data Name='User'>a&lt;b &#38; c&#x41;</Data><Data Name=\"Empty\"></Data><Data Name='X'/>\
                 <Data> one\t</Data><Data>two</Data><Binary>00</Binary></EventData>",
                "EventData.User=a<b & cA|EventData.Data=one+two|EventData.Binary=00",
            ),
            (
                "<UserData><w:LogFileCleared xmlns:w='http://x'><w:User>ana</w:User><w:B>1</w:B></w:LogFileCleared></UserData>",
                "UserData.User=ana|UserData.B=1",
            ),
            ("<!-- x --><R><M><![CDATA[a <b> &amp;]]></M>&bad; &#0;</R>", "R.M=a <b> &amp;|R=&bad; \u{fffd}"),
            ("- <A>- <B>-</B></A>- ", "A.B=-"),
            ("", ""),
        ] {
            let line = format!("<Event xmlns='http://x'>{inner}</Event>");
            assert_eq!(told(&line), expected, "{line}");
        }
    }

    #[test]
    fn what_stands_around_is_passed_over_or_told() {
        for line in [
            "- <Event ><A>1</A></Event> ",
            "<?xml version=\"1.0\"?><Events><Event><A>1</A></Event></Events>",
            "<13>Nov 23 09:00:00 dc1 <Event><A>1</A></Event>",
        ] {
            assert_eq!(told(line), "A=1", "{line}");
        }
        let (header, _) = read("<13>Nov 23 09:00:00 dc1 <Event/>").unwrap();
        assert_eq!((header.host, header.host_is_sure), (Some("dc1"), true));
        for (line, expected) in [
            ("Nov 23 09:00:00 dc1 app[7]: user <Event/>", "no XML event at the start of the message"),
            ("<EventX/>", "no XML event at the start of the message"),
            ("<Event><A>1</A>", "the XML is cut off after 15 bytes"),
            ("<Event><A b='1</A>", "the XML is cut off after 18 bytes"),
            ("<Event><A b=1/></Event>", "the XML is malformed at byte 10"),
            ("<Event>< A/></Event>", "the XML is malformed at byte 8"),
            ("<Event/> more", "text follows the XML event at byte 9"),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
        assert_eq!(
            told(&format!("<Event>{}", "<a>".repeat(50_000))),
            "the XML is nested deeper than 64 levels"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "[<>/a'\"=&;#x!\\[\\]\\-? \u{e9}]{0,40}") {
            let _ = read(&format!("<Event>{text}"));
            let _ = read(&format!("<Event {text}</Event>"));
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]
        #[test]
        fn fields_are_bounded(count in 0_usize..3_000) {
            let many: String = (0..count).map(|n| format!("<a{n}>1</a{n}>")).collect();
            let line = format!("<Event>{many}</Event>");
            let (_, fields) = read(&line).unwrap();
            proptest::prop_assert!(fields.items.len() <= FIELDS_MAX);
            proptest::prop_assert_eq!(fields.cut, count > FIELDS_MAX);
            let line = format!("<Event><a {}/></Event>", "x='1' ".repeat(count));
            let (_, fields) = read(&line).unwrap();
            proptest::prop_assert!(fields.items.len() <= 1);
        }
    }
}
