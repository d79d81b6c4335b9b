//! QRadar's Log Event Extended Format (IBM, LEEF 1.0 and 2.0):
//! `LEEF:1.0|Vendor|Product|Version|EventID|` and tab-parted pairs; 2.0 declares the delimiter in one more part, as a
//! character or as its number (`x09`, `0x5E`). Where tabs became blanks on the way, values end as in CEF.

use super::cef::extension;
use super::record::Fields;
use super::syslog::{Header, header_before};
use std::borrow::Cow;

/// Names of the header's parts, behind the version of the format.
const PARTS: [&str; 4] = ["vendor", "product", "version", "eventId"];
/// How rsyslog writes a tab (`$EscapeControlCharactersOnReceive`).
const ESCAPED_TAB: &str = "#011";

/// Why a line is not LEEF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeefError {
    /// There is no `LEEF:N|`.
    #[error("no LEEF header at the start of the message")]
    NoHeader,
    /// The header has too few parts.
    #[error("the LEEF header ends in the middle: it has {0} of 5 parts")]
    Cut(usize),
}

/// Reads a line: the header in front, and the fields.
///
/// # Errors
/// [`LeefError`].
pub fn read(line: &str) -> Result<(Header<'_>, Fields<'_>), LeefError> {
    let start = memchr::memmem::find(line.as_bytes(), b"LEEF:").ok_or(LeefError::NoHeader)?;
    let (front, body) = line.split_at_checked(start).ok_or(LeefError::NoHeader)?;
    let (version, mut rest) = body.split_once('|').ok_or(LeefError::NoHeader)?;
    let version = version.strip_prefix("LEEF:").unwrap_or(version).trim();
    if !version.starts_with(|c: char| c.is_ascii_digit()) || version.len() > 4 {
        return Err(LeefError::NoHeader);
    }
    let mut fields = Fields::new();
    for (number, name) in (1..).zip(PARTS) {
        let (part, behind) = match rest.split_once('|') {
            Some(split) => split,
            // Only the last part may do without the bar: then there are no pairs.
            None if number == PARTS.len() => (rest, ""),
            None => return Err(LeefError::Cut(number + 1)),
        };
        rest = behind;
        if !part.trim().is_empty() {
            fields.add(name, Cow::Borrowed(part.trim()));
        }
    }
    let (delimiter, pairs) =
        if version.starts_with('2') { declared(rest) } else { (Cow::Borrowed("\t"), rest) };
    read_pairs(pairs, &delimiter, &mut fields);
    Ok((header_before(front).ok_or(LeefError::NoHeader)?, fields))
}

/// The delimiter that version 2.0 declares, a tab where it declares none; and the pairs.
fn declared(text: &str) -> (Cow<'_, str>, &str) {
    let tab = Cow::Borrowed("\t");
    let Some((word, behind)) = text.split_once('|') else { return (tab, text) };
    let number = word.strip_prefix("0x").or_else(|| word.strip_prefix(['x', 'X', '\\']));
    match number.and_then(|number| u8::from_str_radix(number, 16).ok()) {
        Some(byte) if byte.is_ascii() => (Cow::Owned(char::from(byte).to_string()), behind),
        _ if word.is_empty() => (tab, behind),
        _ if word.chars().count() == 1 => (Cow::Borrowed(word), behind),
        _ if word == "\\t" || word.eq_ignore_ascii_case("tab") => (tab, behind),
        // The part is left out, as some products do, and the bar belongs to a value.
        _ => (tab, text),
    }
}

fn read_pairs<'a>(text: &'a str, delimiter: &str, fields: &mut Fields<'a>) {
    let delimiter = if delimiter == "\t" && !text.contains('\t') { ESCAPED_TAB } else { delimiter };
    if !text.contains(delimiter) {
        extension(text, fields);
        return;
    }
    for pair in text.split(delimiter) {
        if let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.trim().is_empty()) {
            let value = value.trim();
            if !value.is_empty() {
                fields.add(key.trim(), Cow::Borrowed(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FIELDS_MAX;

    fn told(line: &str) -> String {
        match read(line) {
            Ok((_, fields)) => {
                let pair = |f| format!("{}={}", fields.key(f), f.value.text().unwrap());
                fields.items.iter().skip(4).map(pair).collect::<Vec<_>>().join("|")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn delimiters_declared_and_not() {
        let pairs = "src=192.0.2.7|usrName=ana b|url=/?a=1";
        for (line, expected) in [
            ("LEEF:1.0|Gate|Door|1|login|src=192.0.2.7\tusrName=ana b\turl=/?a=1", pairs),
            ("LEEF:2.0|Gate|Door|1|login|^|src=192.0.2.7^usrName=ana b^url=/?a=1", pairs),
            ("LEEF:2.0|Gate|Door|1|login|x5E|src=192.0.2.7^usrName=ana b^url=/?a=1", pairs),
            ("LEEF:2.0|Gate|Door|1|login|0x09|src=192.0.2.7\tusrName=ana b\turl=/?a=1", pairs),
            ("LEEF:2.0|Gate|Door|1|login||src=192.0.2.7\tusrName=ana b\turl=/?a=1", pairs),
            ("LEEF:2.0|Gate|Door|1|login|src=192.0.2.7\tusrName=ana b\turl=/?a=1", pairs),
            ("LEEF:1.0|Gate|Door|1|login|src=192.0.2.7#011usrName=ana b#011url=/?a=1", pairs),
            ("LEEF:1.0|Gate|Door|1|login|src=192.0.2.7 usrName=ana b url=/?a=1", pairs),
            ("LEEF:2.0|Gate|Door|1|login|src=192.0.2.7\tx=1|2", "src=192.0.2.7|x=1|2"),
            ("LEEF:1.0|Gate|Door|1|login", ""),
            ("LEEF:1.0|Gate|Door", "the LEEF header ends in the middle: it has 3 of 5 parts"),
            ("LEEF: none", "no LEEF header at the start of the message"),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
        let (header, fields) = read("Nov 23 09:00:00 fw LEEF:1.0|Gate|Door|1|login|a=1").unwrap();
        assert!(PARTS.iter().all(|part| fields.has(part)));
        assert_eq!((header.host, header.host_is_sure), (Some("fw"), true));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "(LEEF:2.0\\|)?[a=x0^|\t \u{e9}]{0,40}") {
            let _ = read(&text);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]
        #[test]
        fn fields_are_bounded(count in 0_usize..3_000) {
            let pairs: String = (0..count).map(|n| format!("k{n}=v\t")).collect();
            let line = format!("LEEF:1.0|a|b|c|d|{pairs}");
            let (_, fields) = read(&line).unwrap();
            proptest::prop_assert!(fields.items.len() <= FIELDS_MAX);
        }
    }
}
