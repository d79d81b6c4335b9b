//! `parse`: what the grammars make of a file, without a store.

use super::args::{Global, ParseArgs};
use super::files::LineReader;
use super::out::Out;
use super::{Done, Failure, exit, render, setup};
use crate::config::report;
use crate::normalize::{GrammarSet, Normalize, SourceParams};
use crate::schema::{Event, Printable, RawLine, Timestamp};
use crate::tail::Encoding;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Prints the events of the file, one a line.
///
/// # Errors
/// A [`Failure`]: an unknown format or zone (2), a file that cannot be read (4).
pub fn run(global: &Global, args: &ParseArgs, out: &mut Out) -> Done {
    let grammars = setup::read(&setup::request(global))?.grammars;
    let read_at = setup::moment_or_now(args.assume_now.as_deref(), "--assume-now")?;
    let source = source(&grammars, &args.format, &args.file, args.timezone.as_deref())?;
    let mut normalize = Normalize::new(grammars, vec![source.clone()]);
    let mut reader = open(&args.file, &source.name, 1, read_at, encoding(&args.encoding))?;
    let mut told = InOrder::default();
    while let Some(line) = next(&mut reader, &args.file)? {
        normalize.line(line, told.next_id(), &mut told.fresh);
        told.print(normalize.held_from(1), out)?;
    }
    normalize.flush(told.next_id(), &mut told.fresh);
    told.print(None, out)?;
    out.flush()?;
    Ok(exit::OK)
}

/// Events in the order of their lines: one of several lines is known later than the others that began after it. What
/// waits is bounded by what Normalize holds back.
#[derive(Default)]
struct InOrder {
    fresh: Vec<Event>,
    waiting: BTreeMap<(u64, u64), Event>,
    made: u64,
}

impl InOrder {
    fn next_id(&self) -> u64 {
        self.made + 1
    }

    /// Prints what stands before the first line that is held back.
    fn print(&mut self, held_from: Option<u64>, out: &mut Out) -> Result<(), Failure> {
        self.made += self.fresh.len() as u64;
        if held_from.is_none() && self.waiting.is_empty() {
            return self.fresh.drain(..).try_for_each(|event| out.object(&render::event(&event)));
        }
        self.waiting.extend(self.fresh.drain(..).map(|event| ((event.line, event.offset), event)));
        while let Some(first) = self.waiting.first_entry() {
            if held_from.is_some_and(|held| first.key().0 >= held) {
                break;
            }
            out.object(&render::event(&first.remove()))?;
        }
        Ok(())
    }
}

/// The parameters of a file that is read with one format.
///
/// # Errors
/// A [`Failure`]: an unknown format or zone (2), each naming the nearest.
pub fn source(
    set: &GrammarSet,
    format: &str,
    file: &Path,
    zone: Option<&str>,
) -> Result<SourceParams, Failure> {
    let names: Vec<&str> =
        set.names().chain(set.families().map(|(family, _)| family)).chain(["auto"]).collect();
    if !names.contains(&format) {
        let near = report::nearest(format, names.iter().copied());
        let hint = near
            .map_or("`gatewatch formats` lists them".to_owned(), |name| format!("did you mean `{name}`?"));
        return Err(Failure::usage(format!("unknown format `{}`: {hint}", Printable(format))));
    }
    let timezone = match zone {
        None => jiff::tz::TimeZone::UTC,
        Some(name) => jiff::tz::TimeZone::get(name).map_err(|_| {
            Failure::usage(format!(
                "unknown time zone `{}`: give an IANA name like Europe/Berlin",
                Printable(name)
            ))
        })?,
    };
    Ok(SourceParams {
        name: Arc::from(file.display().to_string().as_str()),
        format: Arc::from(format),
        timezone,
        lateness: crate::limits::LATENESS_DEFAULT,
    })
}

/// The encoding of a name in `config::keys::ENCODINGS`.
fn encoding(name: &str) -> Encoding {
    match name {
        "utf-16le" => Encoding::Utf16Le,
        "utf-16be" => Encoding::Utf16Be,
        "latin-1" => Encoding::Latin1,
        _ => Encoding::Bytes,
    }
}

/// Opens a file of history.
///
/// # Errors
/// A [`Failure`] that names the file.
pub fn open(
    file: &Path,
    name: &Arc<str>,
    generation: u64,
    read_at: Timestamp,
    encoding: Encoding,
) -> Result<LineReader, Failure> {
    LineReader::open(file, name.clone(), generation, read_at, encoding)
        .map_err(|error| Failure::runtime(format!("cannot read {}: {error}", file.display())))
}

/// The next line of a file of history.
///
/// # Errors
/// A [`Failure`] that names the file.
pub fn next(reader: &mut LineReader, file: &Path) -> Result<Option<RawLine>, Failure> {
    reader.next_line().map_err(|error| Failure::runtime(format!("cannot read {}: {error}", file.display())))
}

/// All events of a text in the order in which they are known, for `explain` and `test`.
pub fn events_of_text(
    set: &Arc<GrammarSet>,
    source: SourceParams,
    text: &str,
    read_at: Timestamp,
) -> Vec<Event> {
    let name = source.name.clone();
    let mut normalize = Normalize::new(set.clone(), vec![source]);
    let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
    let mut reader = LineReader::over(Box::new(bytes), name, 1, read_at);
    let mut events = Vec::new();
    while let Ok(Some(line)) = reader.next_line() {
        normalize.line(line, events.len() as u64 + 1, &mut events);
    }
    normalize.flush(events.len() as u64 + 1, &mut events);
    events
}
