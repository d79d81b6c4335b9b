//! `report`: what an auditor takes away, as HTML with charts, CSV and a manifest of hashes.

mod drills;
pub mod page;
mod timeliness;

use super::args::{Global, ReportArgs, ReportCommand};
use super::out::Out;
use super::query::failure;
use super::{Done, Failure, setup};
use crate::ledger::read::{Object, Reader};
use crate::schema::{Printable, Timestamp};
use serde_json::Value;

/// A time with both ends.
struct Period {
    since: Timestamp,
    until: Timestamp,
}

/// Writes a report.
///
/// # Errors
/// A [`Failure`]: a moment that is none (2), no store or no folder (4).
pub fn run(global: &Global, command: &ReportCommand, out: &mut Out) -> Done {
    let (ReportCommand::Timeliness(args) | ReportCommand::Drills(args)) = command;
    let period = period(args)?;
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    match command {
        ReportCommand::Timeliness(_) => timeliness::report(&reader, &period, args, out),
        ReportCommand::Drills(_) => drills::report(&reader, &period, args, out),
    }
}

fn period(args: &ReportArgs) -> Result<Period, Failure> {
    let since = match &args.since {
        Some(_) => setup::moment_or_now(args.since.as_deref(), "--since")?,
        None => Timestamp(0),
    };
    let until = setup::moment_or_now(args.until.as_deref(), "--until")?;
    if since >= until {
        return Err(Failure::usage(format!("--since {since} is not before --until {until}")));
    }
    Ok(Period { since, until })
}

impl Period {
    fn in_words(&self) -> String {
        match self.since {
            Timestamp(0) => format!("Everything until {}", self.until),
            since => format!("{since} to {}", self.until),
        }
    }
}

/// A value as text; hostile characters are shown, not obeyed.
fn text(row: &Object, key: &str) -> String {
    match row.get(key) {
        Some(Value::String(text)) => Printable(text).cut(300),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

fn moment(row: &Object, key: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(row.get(key)?.as_str()?)
}

/// Seconds from one column to another.
fn seconds(row: &Object, from: &str, to: &str) -> Option<f64> {
    Some((moment(row, to)? - moment(row, from)?).as_seconds())
}
