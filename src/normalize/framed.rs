//! Cutting a line into a record of fields, by framing.

use super::audit;
use super::cef;
use super::json as objects;
use super::leef;
use super::pairs;
use super::record::Framed;
use super::spec::Framing;
use super::syslog::{self, Header};
use super::table::Columns;
use super::w3c;
use super::xml;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What shows a framing; made once, because it is looked for in each line.
type Sign = LazyLock<Finder<'static>>;

/// Reads a line as a record; CSV, which needs the grammar's layouts, aside.
pub fn read<'a>(framing: Framing, line: &'a str, columns: &mut Columns) -> Framed<'a> {
    match framing {
        Framing::Json => json(line, false),
        Framing::KeyValue => in_pairs(line),
        Framing::Cef => Framed::of(cef::read(line)),
        Framing::Leef => Framed::of(leef::read(line)),
        Framing::W3c => w3c::read(line, columns),
        Framing::Xml => Framed::of(xml::read(line)),
        Framing::Audit => Framed::of(audit::read(line)),
        Framing::Syslog | Framing::Plain | Framing::Csv => Framed::Other(String::new()),
    }
}

/// Whether a line shows at a glance that it is of a framing; such are tried before all others.
pub fn shows(framing: Framing, line: &str) -> bool {
    static CEF: Sign = LazyLock::new(|| Finder::new("CEF:"));
    static LEEF: Sign = LazyLock::new(|| Finder::new("LEEF:"));
    static EVENT: Sign = LazyLock::new(|| Finder::new("<Event"));
    static AUDIT: Sign = LazyLock::new(|| Finder::new("audit("));
    let holds = |sign: &Finder<'_>| sign.find(line.as_bytes()).is_some();
    match framing {
        Framing::Json => line.trim_start().starts_with('{'),
        Framing::Cef => holds(&CEF),
        Framing::Leef => holds(&LEEF),
        Framing::Xml => holds(&EVENT),
        Framing::Audit => holds(&AUDIT),
        Framing::W3c => line.starts_with('#'),
        Framing::KeyValue | Framing::Csv | Framing::Syslog | Framing::Plain => false,
    }
}

/// Reads a JSON object, perhaps behind text. Behind the header of a program whose messages a grammar knows it must
/// follow at once: an object further behind may be a name that somebody chose.
pub fn json(line: &str, is_claimed: bool) -> Framed<'_> {
    let body = line.trim_start_matches(['\u{feff}', ' ', '\t']);
    let (header, object) =
        if body.starts_with('{') { (Header::default(), body) } else { behind_header(line, is_claimed) };
    Framed::of(objects::read(object).map(|fields| (header, fields)))
}

/// The object behind a syslog header, behind a header and one word (`@cee:`), or behind other text
/// (`stamp level logger - {...}`, but not `level=info msg={...}`).
fn behind_header(line: &str, is_claimed: bool) -> (Header<'_>, &str) {
    let header = syslog::read(line);
    let object = [header.message, header.after_host, header.after_stamp].into_iter().find_map(|rest| {
        let rest = rest.strip_prefix("@cee:").unwrap_or(rest).trim_start();
        rest.starts_with('{').then_some(rest)
    });
    let behind = || if is_claimed { None } else { behind_text(header.message, header.is_some()) };
    match object.or_else(behind) {
        Some(object) => (header, object),
        None if header.is_some() => {
            let rest = header.message;
            (header, rest)
        }
        None => (header, line),
    }
}

/// The last part of a text, from the first `{` that begins an object; behind `key=` only where a header says that
/// the line is no list of pairs.
fn behind_text(text: &str, has_header: bool) -> Option<&str> {
    memchr::memchr_iter(b'{', text.as_bytes()).find_map(|at| {
        let (before, object) = text.split_at_checked(at)?;
        let begins = object.get(1..)?.trim_start().starts_with(['"', '}']);
        (begins && (has_header || !before.ends_with('='))).then_some(object)
    })
}

fn in_pairs(line: &str) -> Framed<'_> {
    let header = syslog::read(line);
    let body = if header.is_some() { header.message } else { line };
    if body.starts_with('{') {
        return Framed::Other("an object, not key=value pairs".to_owned());
    }
    let fields = pairs::read(body);
    if fields.items.is_empty() {
        return Framed::Other("no key=value pair".to_owned());
    }
    Framed::Record(header, fields)
}
