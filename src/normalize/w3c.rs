//! W3C extended log files (W3C working draft WD-logfile), as IIS and the Windows firewall write them: a `#Fields:`
//! line names the fields of the lines that follow it; the other `#` lines say nothing about access.

use super::csv;
use super::record::{Fields, Framed, Value};
use super::syslog::Header;
use super::table::{Columns, DIRECTIVE, DIRECTIVE_OF_COMMAS};
use std::borrow::Cow;

/// Whether a line is one of the draft's directives, whoever wrote it.
pub fn is_directive(line: &str) -> bool {
    let name = line.strip_prefix('#').and_then(|rest| rest.split_once(':')).map(|(name, _)| name.trim());
    matches!(name, Some("Version" | "Fields" | "Software" | "Start-Date" | "End-Date" | "Date" | "Remark"))
}

/// Reads a line: a directive, or a record of the fields that the last `#Fields:` named.
pub fn read<'a>(line: &'a str, columns: &mut Columns) -> Framed<'a> {
    if let Some(directive) = line.strip_prefix('#') {
        if let Some(names) = directive.trim_start().strip_prefix("Fields:") {
            learn(names.trim(), columns);
        }
        return Framed::Head;
    }
    let blanks = columns.names(DIRECTIVE).map(|names| (names, false));
    let commas = || columns.names(DIRECTIVE_OF_COMMAS).map(|names| (names, true));
    let Some((names, with_commas)) = blanks.or_else(commas) else {
        return Framed::Other("no #Fields line yet".to_owned());
    };
    let values = split(line, names.len(), with_commas);
    if values.len() != names.len() {
        return Framed::Other(format!(
            "the line has {} fields, and #Fields names {}",
            values.len(),
            names.len()
        ));
    }
    let mut fields = Fields::new();
    for (name, value) in names.iter().zip(values).filter(|(_, value)| !matches!(&**value, "-" | "")) {
        // Headers of requests, `cs(User-Agent)` and its like, have `+` for each blank.
        let value = if name.contains('(') && value.contains('+') {
            Cow::Owned(value.replace('+', " "))
        } else {
            value
        };
        fields.push(name, None, Value::Text(value));
    }
    Framed::Record(Header::default(), fields)
}

fn learn(names: &str, columns: &mut Columns) {
    let with_commas = names.contains(',') && !names.contains([' ', '\t']);
    let (kind, other) =
        if with_commas { (DIRECTIVE_OF_COMMAS, DIRECTIVE) } else { (DIRECTIVE, DIRECTIVE_OF_COMMAS) };
    columns.forget(other);
    columns.learn(kind, names.split([' ', '\t', ',']).filter(|name| !name.is_empty()));
}

/// The values; those of names in blanks are parted by tabs or blanks, whichever gives so many.
fn split(line: &str, count: usize, with_commas: bool) -> Vec<Cow<'_, str>> {
    if with_commas {
        return csv::cells(line, b',').0;
    }
    let tabs = memchr::memchr(b'\t', line.as_bytes()).map(|_| csv::cells(line, b'\t').0);
    tabs.filter(|values| values.len() == count).unwrap_or_else(|| words(line, count + 1))
}

/// Words parted by blanks, at most so many; one in quotes may hold blanks.
fn words(line: &str, most: usize) -> Vec<Cow<'_, str>> {
    let mut words = Vec::with_capacity(16);
    let mut rest = line.trim();
    while !rest.is_empty() && words.len() < most {
        let closed = rest.strip_prefix('"').and_then(|inside| inside.split_once('"'));
        let (word, behind) =
            match closed.filter(|(_, behind)| behind.is_empty() || behind.starts_with([' ', '\t'])) {
                Some(split) => split,
                None => rest.split_once([' ', '\t']).unwrap_or((rest, "")),
            };
        words.push(Cow::Borrowed(word));
        rest = behind.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> Vec<String> {
        let mut columns = Columns::default();
        let told = |line: &&str| match read(line, &mut columns) {
            Framed::Head => "head".to_owned(),
            Framed::Other(reason) => reason,
            Framed::Record(_, fields) => {
                let pair = |f| format!("{}={}", fields.key(f), f.value.text().unwrap());
                fields.items.iter().map(pair).collect::<Vec<_>>().join("|")
            }
        };
        lines.iter().map(told).collect()
    }

    #[test]
    fn fields_are_named_by_the_last_directive() {
        let lines = [
            "2026-11-23 09:00:00 GET",
            "#Software: Gate 1.0",
            "#Fields: date time cs-username cs(User-Agent) cs-uri-stem",
            "2026-11-23 09:00:00 - Door/5.0+(x;+y) /a+b",
            "2026-11-23 09:00:00 ana \"Door 5\" /a",
            "2026-11-23\t09:00:00\tana b\t-\t/a",
            "2026-11-23 09:00:00",
            "#Fields: a,b",
            "1,\"x, y\"",
        ];
        assert_eq!(
            told(&lines),
            [
                "no #Fields line yet",
                "head",
                "head",
                "date=2026-11-23|time=09:00:00|cs(User-Agent)=Door/5.0 (x; y)|cs-uri-stem=/a+b",
                "date=2026-11-23|time=09:00:00|cs-username=ana|cs(User-Agent)=Door 5|cs-uri-stem=/a",
                "date=2026-11-23|time=09:00:00|cs-username=ana b|cs-uri-stem=/a",
                "the line has 2 fields, and #Fields names 5",
                "head",
                "a=1|b=x, y",
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(head in "#Fields:[a (),\t]{0,20}", text in "[a\"\t, +\u{e9}-]{0,30}") {
            let mut columns = Columns::default();
            read(&head, &mut columns);
            let names = columns.names(DIRECTIVE).or(columns.names(DIRECTIVE_OF_COMMAS)).map_or(0, <[_]>::len);
            if let Framed::Record(_, fields) = read(&text, &mut columns) {
                proptest::prop_assert!(fields.items.len() <= names);
            }
        }
    }
}
