//! `series score`: the statistic behind the baselines over a file of numbers.

use super::args::SeriesCommand;
use super::out::Out;
use super::{Done, Failure, exit};
use crate::detect::series::Series;
use crate::schema::Printable;
use jiff::civil::DateTime;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Bytes of a line that are read.
const LINE_BYTES_MAX: u64 = 4_096;

/// Runs the command.
///
/// # Errors
/// A [`Failure`]: a file that cannot be read, or a row that is not a time and a number (4).
pub fn run(command: &SeriesCommand, out: &mut Out) -> Done {
    let SeriesCommand::Score { file } = command;
    let place = |line: u64, what: String| Failure::runtime(format!("{}:{line}: {what}", file.display()));
    let mut reader = open(file).map_err(|error| Failure::runtime(format!("{}: {error}", file.display())))?;
    let (mut series, mut line, mut text) = (Series::default(), 0, String::new());
    loop {
        text.clear();
        line += 1;
        let mut limited = io::Read::take(&mut reader, LINE_BYTES_MAX);
        let read = limited.read_line(&mut text).map_err(|error| place(line, error.to_string()))?;
        if read == 0 {
            break;
        }
        if read as u64 == LINE_BYTES_MAX {
            return Err(place(
                line,
                format!("longer than {LINE_BYTES_MAX} bytes: not a `timestamp,value` file"),
            ));
        }
        let row = text.trim_end_matches(['\n', '\r']);
        if line == 1 {
            if row.trim_start_matches('\u{feff}') != "timestamp,value" {
                let said = Printable(row).cut(60);
                return Err(place(1, format!("the header must be `timestamp,value`, not `{said}`")));
            }
            out.line("timestamp,value,anomaly_score,label")?;
            continue;
        }
        if row.is_empty() {
            continue;
        }
        let (half_hour, value) = parse(row).ok_or_else(|| {
            let said = Printable(row).cut(60);
            place(line, format!("`{said}` is not a time and a number, such as `2026-03-02 08:00:00,17.5`"))
        })?;
        let verdict = series.judge(half_hour, value);
        out.line(format!("{row},{:.6},{}", verdict.score, u8::from(verdict.alarm)))?;
    }
    if line <= 2 {
        return Err(place(line, "no rows".to_owned()));
    }
    Ok(exit::OK)
}

fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    Ok(match file.to_str() {
        Some("-") => Box::new(BufReader::new(io::stdin())),
        _ => Box::new(BufReader::new(File::open(file)?)),
    })
}

/// The half hour of the day, and the value.
fn parse(row: &str) -> Option<(usize, f64)> {
    let (time, value) = row.split_once(',')?;
    let time: DateTime = time.parse().ok()?;
    let value: f64 = value.trim().parse().ok().filter(|value: &f64| value.is_finite())?;
    let minutes = i32::from(time.hour()) * 60 + i32::from(time.minute());
    Some((usize::try_from(minutes / 30).ok()?, value))
}
