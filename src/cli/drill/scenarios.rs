//! The library of scenarios: what is written, and what must come of it.

use crate::cli::Failure;
use crate::config::report::nearest;
use crate::schema::Printable;
use serde::Deserialize;

/// One scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What `--scenario` takes.
    pub id: String,
    /// What it plays.
    pub title: String,
    /// The type of incident that must come of it.
    pub incident_type: String,
    /// The rule that must find it.
    pub rule: String,
    /// Formats of sources that read its lines.
    pub formats: Vec<String>,
    /// Pause between two lines in milliseconds.
    pub pause_ms: u64,
    /// What is written, in order.
    pub lines: Vec<Lines>,
}

/// So many lines of one form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// How many.
    pub times: usize,
    /// With `{stamp}` (as syslog writes it), `{iso}`, `{host}`, `{pid}`, `{mark}`, `{address}`, `{port}`.
    pub text: String,
}

impl Scenario {
    /// How many lines it writes.
    pub fn count(&self) -> usize {
        self.lines.iter().map(|lines| lines.times).sum()
    }
}

/// All of them.
///
/// # Errors
/// A [`Failure`] when the shipped file is broken; a test reads it.
pub fn all() -> Result<Vec<Scenario>, Failure> {
    serde_json::from_str(include_str!("scenarios.json")).map_err(Failure::runtime)
}

/// One by its id.
///
/// # Errors
/// A [`Failure`] that names the nearest (2).
pub fn find(id: &str) -> Result<Scenario, Failure> {
    let all = all()?;
    if let Some(found) = all.iter().find(|scenario| scenario.id == id) {
        return Ok(found.clone());
    }
    let names: Vec<&str> = all.iter().map(|scenario| scenario.id.as_str()).collect();
    let hint = match nearest(id, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names.join(", ")),
    };
    Err(Failure::usage(format!("no scenario {}; {hint}", Printable(id).cut(80))))
}
