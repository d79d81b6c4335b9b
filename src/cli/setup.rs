//! What most commands begin with: configuration, grammars and rules of the command line.

use super::args::Global;
use super::{Failure, exit};
use crate::config::params::{Request, Setup, setup};
use crate::config::report::Problem;
use crate::host::clock::SystemClock;
use crate::ports::Clock;
use crate::schema::{Printable, Timestamp};
use std::path::PathBuf;

/// The command line's request to the configuration.
pub fn request(global: &Global) -> Request {
    Request { file: global.config.clone(), state: global.state.clone(), ..Request::default() }
}

/// Configuration, grammars and rules.
///
/// # Errors
/// A [`Failure`] with every problem (3).
pub fn read(request: &Request) -> Result<Setup, Failure> {
    setup(request, now()?).map_err(|problems| config_failure(&problems))
}

/// The state directory of the command line. It needs no configuration without mistakes: an act on the running
/// daemon, which has a good one, must not wait for that.
///
/// # Errors
/// A [`Failure`] with every problem of the configuration (3).
pub fn state(global: &Global) -> Result<PathBuf, Failure> {
    match global.state.clone().or_else(|| crate::config::store_directory(global.config.as_deref())) {
        Some(state) => Ok(state),
        None => Ok(read(&request(global))?.config.store.directory),
    }
}

/// Problems as a failure with exit code 3.
pub fn config_failure(problems: &[Problem]) -> Failure {
    let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let errors = problems.iter().filter(|p| p.grade == crate::config::report::Grade::Error).count();
    lines.push(format!("{errors} error(s); nothing was started or changed"));
    Failure::new(exit::CONFIG, lines.join("\n"))
}

/// The clock's word.
///
/// # Errors
/// A [`Failure`] on a machine without boot id.
pub fn now() -> Result<Timestamp, Failure> {
    Ok(SystemClock::new().map_err(Failure::runtime)?.now().utc)
}

/// A moment of the command line, or the clock's.
///
/// # Errors
/// A [`Failure`] when the text is no RFC 3339 moment (2).
pub fn moment_or_now(text: Option<&str>, flag: &str) -> Result<Timestamp, Failure> {
    match text {
        Some(text) => Timestamp::parse_rfc3339(text).ok_or_else(|| {
            Failure::usage(format!(
                "{flag} {}: not a moment; write it like 2026-11-23T09:00:00Z",
                Printable(text)
            ))
        }),
        None => now(),
    }
}
