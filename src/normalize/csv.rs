//! Lines of comma-separated values (RFC 4180): quoted cells, doubled quotes, any one-byte delimiter. Cells have no
//! names of their own: a grammar gives them by position, in layouts, or the first line of the file does.

use super::record::{Fields, Framed, Value};
use super::spec::{Count, LayoutSpec};
use super::syslog::{self, Header};
use super::table::Columns;
use super::word::Word;
use crate::limits::FIELDS_MAX;
use std::borrow::Cow;

/// Longest name of a column in the first line of a file.
const NAME_BYTES_MAX: usize = 64;

/// How a grammar's CSV lines are cut and named.
#[derive(Debug)]
pub struct Table {
    delimiter: u8,
    layouts: Vec<Layout>,
}

#[derive(Debug)]
struct Layout {
    columns: Vec<Box<str>>,
    when: Vec<(usize, Vec<Word>)>,
    count: Option<Count>,
}

impl Table {
    /// With these layouts; without any the first line of a file names its columns.
    pub fn new(delimiter: u8, layouts: &[LayoutSpec]) -> Table {
        let compiled = |spec: &LayoutSpec| Layout {
            columns: spec.columns.iter().map(|name| name.as_str().into()).collect(),
            when: spec
                .when
                .iter()
                .map(|(at, words)| (*at, words.iter().map(|w| Word::new(w)).collect()))
                .collect(),
            count: spec.count,
        };
        Table { delimiter, layouts: layouts.iter().map(compiled).collect() }
    }

    /// Reads a line.
    pub fn read<'a>(&self, line: &'a str, columns: &mut Columns) -> Framed<'a> {
        if self.layouts.is_empty() {
            return self.read_named(line, columns);
        }
        let header = syslog::read(line);
        for body in bodies(line, &header, self.delimiter) {
            let (cells, cut) = cells(body, self.delimiter);
            if let Some(layout) = self.layouts.iter().find(|layout| layout.fits(&cells)) {
                let header = if body.len() == line.len() { Header::default() } else { header };
                return Framed::Record(header, named(&layout.columns, cells, cut));
            }
        }
        Framed::Other("no layout fits the columns of the line".to_owned())
    }

    fn read_named<'a>(&self, line: &'a str, columns: &mut Columns) -> Framed<'a> {
        let (cells, cut) = cells(line, self.delimiter);
        if columns.is_first_line() {
            if !are_names(&cells) {
                return Framed::Other("the first line of the file does not name its columns".to_owned());
            }
            columns.learn(self.delimiter, cells.iter().map(AsRef::as_ref));
            return Framed::Head;
        }
        let Some(names) = columns.names(self.delimiter) else {
            return Framed::Other("no line has named the columns yet".to_owned());
        };
        if cells.iter().map(AsRef::as_ref).eq(names.iter().map(AsRef::as_ref)) {
            return Framed::Head;
        }
        if cells.len() < names.len() || cells.iter().skip(names.len()).any(|cell| !cell.is_empty()) {
            return Framed::Other(format!("the line has {} columns, the head {}", cells.len(), names.len()));
        }
        Framed::Record(Header::default(), named(names, cells, cut))
    }
}

impl Layout {
    fn fits(&self, cells: &[Cow<'_, str>]) -> bool {
        let enough = match self.count {
            Some(Count::Exactly(count)) => cells.len() == count,
            Some(Count::AtLeast(count)) => cells.len() >= count,
            None => true,
        };
        let cell_fits = |(at, words): &(usize, Vec<Word>)| {
            cells.get(*at).is_some_and(|cell| words.is_empty() || words.iter().any(|word| word.fits(cell)))
        };
        enough && self.when.iter().all(cell_fits)
    }
}

/// Where the cells may begin: behind a syslog header or, where a stamp is itself the first cell, at the start.
fn bodies<'a>(line: &'a str, header: &Header<'a>, delimiter: u8) -> impl Iterator<Item = &'a str> + use<'a> {
    let stamp_is_cell = header.after_stamp.trim_start().bytes().next() == Some(delimiter);
    let behind = [header.message, header.after_host, header.after_stamp];
    let behind = behind.into_iter().filter(move |_| !stamp_is_cell);
    let mut last = "";
    behind.chain([line]).filter(move |body| !body.is_empty() && std::mem::replace(&mut last, *body) != *body)
}

/// Whether cells are the names of columns: words that begin with a letter, each once.
fn are_names(cells: &[Cow<'_, str>]) -> bool {
    let part = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b' ' | b'.' | b'-' | b'/' | b'(' | b')' | b'#')
    };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.len() <= NAME_BYTES_MAX
            && name.bytes().all(part)
    };
    let once = |(at, cell): (usize, &Cow<'_, str>)| !cells.iter().take(at).any(|other| other == cell);
    cells.len() > 1 && cells.iter().all(|cell| is_name(cell)) && cells.iter().enumerate().all(once)
}

/// The cells as fields; one without a name is `column.N`, counted from 0, an empty one is left out.
fn named<'a>(names: &[Box<str>], cells: Vec<Cow<'a, str>>, cut: bool) -> Fields<'a> {
    let mut fields = Fields::new();
    for (at, cell) in cells.into_iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        match names.get(at).filter(|name| !name.is_empty()) {
            Some(name) => fields.push(name, None, Value::Text(cell)),
            None => fields.push(&format!("column.{at}"), None, Value::Text(cell)),
        }
    }
    fields.cut |= cut;
    fields
}

/// Cuts a line into its cells, trimmed; whether there were more than are kept.
pub fn cells(line: &str, delimiter: u8) -> (Vec<Cow<'_, str>>, bool) {
    let bytes = line.as_bytes();
    let mut cells = Vec::with_capacity(16);
    let mut at = 0;
    loop {
        if cells.len() >= FIELDS_MAX {
            return (cells, true);
        }
        let rest = bytes.get(at..).unwrap_or(&[]);
        let blanks = rest.iter().take_while(|b| **b == b' ' && delimiter != b' ').count();
        let (cell, end) = match rest.get(blanks) {
            Some(b'"') => quoted(line, at + blanks + 1, delimiter),
            _ => {
                let end = memchr::memchr(delimiter, rest).map_or(line.len(), |stop| at + stop);
                (Cow::Borrowed(line.get(at..end).unwrap_or("").trim()), end)
            }
        };
        cells.push(cell);
        if end >= line.len() {
            return (cells, false);
        }
        at = end + 1;
    }
}

/// A quoted cell from behind its quote; what stands between the closing quote and the delimiter belongs to it.
fn quoted(line: &str, start: usize, delimiter: u8) -> (Cow<'_, str>, usize) {
    let bytes = line.as_bytes();
    let mut made: Option<String> = None;
    let (mut piece, mut at) = (start, start);
    while let Some(stop) = bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        at += stop;
        if bytes.get(at + 1) == Some(&b'"') {
            made.get_or_insert_default().push_str(line.get(piece..=at).unwrap_or(""));
            at += 2;
            piece = at;
            continue;
        }
        let inside = line.get(piece..at).unwrap_or("");
        let rest = bytes.get(at + 1..).unwrap_or(&[]);
        let end = memchr::memchr(delimiter, rest).map_or(line.len(), |stop| at + 1 + stop);
        let behind = line.get(at + 1..end).unwrap_or("").trim_end();
        let cell = match made {
            None if behind.is_empty() => Cow::Borrowed(inside),
            made => Cow::Owned(made.unwrap_or_default() + inside + behind),
        };
        return (cell, end);
    }
    // It never closes: the cell reaches to the end.
    let inside = line.get(piece..).unwrap_or("");
    (made.map_or(Cow::Borrowed(inside), |made| Cow::Owned(made + inside)), line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(line: &str) -> Vec<String> {
        cells(line, b',').0.into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn cells_quoted_doubled_and_empty() {
        for (line, expected) in [
            ("a,b c,,d", &["a", "b c", "", "d"][..]),
            (r#""a,b","say ""hi""","", "x" "#, &["a,b", "say \"hi\"", "", "x"]),
            (r#"a"b,"c"d,"never closed, e"#, &["a\"b", "cd", "never closed, e"]),
            ("", &[""]),
            ("a,", &["a", ""]),
        ] {
            assert_eq!(cut(line), expected, "{line}");
        }
        assert_eq!(cells("a;b,c", b';').0, ["a", "b,c"]);
    }

    #[test]
    fn a_layout_is_found_behind_a_header() {
        let layout = |columns: &[&str], when: &[(usize, &str)], count| LayoutSpec {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            when: when.iter().map(|(at, word)| (*at, vec![(*word).to_owned()])).collect(),
            count,
        };
        let layouts = [
            layout(&["", "time", "kind", "user"], &[(2, "DOOR")], None),
            layout(&["time", "user"], &[], Some(Count::Exactly(2))),
            layout(&["n", "time", "kind", "what"], &[(2, "*gate*")], Some(Count::AtLeast(4))),
        ];
        let table = Table::new(b',', &layouts);
        for (line, expected, host) in [
            (
                "Nov 23 09:00:00 fw 1,2026/11/23 09:00:00,DOOR,\"ana, b\"",
                "column.0=1|time=2026/11/23 09:00:00|kind=DOOR|user=ana, b",
                Some("fw"),
            ),
            (
                "<14>Nov 23 09:00:00 1,2026/11/23 09:00:00,door,ana,,x",
                "column.0=1|time=2026/11/23 09:00:00|kind=door|user=ana|column.5=x",
                None,
            ),
            ("2026-11-23T09:00:00Z,ana", "time=2026-11-23T09:00:00Z|user=ana", None),
            ("7,t,my gate 2,shut", "n=7|time=t|kind=my gate 2|what=shut", None),
        ] {
            let Framed::Record(header, fields) = table.read(line, &mut Columns::default()) else {
                panic!("{line}")
            };
            let pair = |f| format!("{}={}", fields.key(f), f.value.text().unwrap());
            assert_eq!(fields.items.iter().map(pair).collect::<Vec<_>>().join("|"), expected);
            assert_eq!(header.host.filter(|host| *host == "fw"), host, "{line}");
        }
        assert!(matches!(table.read("a,b,c", &mut Columns::default()), Framed::Other(_)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "[a,\" \u{e9}]{0,30}", first in proptest::bool::ANY) {
            let mut columns = Columns::default();
            columns.at_line(if first { 1 } else { 2 });
            columns.learn(b',', ["a", "b"].into_iter());
            let _ = Table::new(b',', &[]).read(&text, &mut columns);
            let commas = text.bytes().filter(|b| *b == b',').count();
            proptest::prop_assert!(cut(&text).len() <= commas + 1);
        }

        #[test]
        fn quoting_is_undone(values in proptest::collection::vec("[a,\"x]{1,5}", 1..6)) {
            let line: Vec<String> = values.iter().map(|v| format!("\"{}\"", v.replace('"', "\"\""))).collect();
            proptest::prop_assert_eq!(cut(&line.join(",")), values);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]
        #[test]
        fn cells_are_bounded(count in 0_usize..3_000) {
            let line = ",".repeat(count);
            let (cells, cut) = cells(&line, b',');
            proptest::prop_assert!(cells.len() <= FIELDS_MAX);
            proptest::prop_assert_eq!(cut, count >= FIELDS_MAX);
        }
    }
}
