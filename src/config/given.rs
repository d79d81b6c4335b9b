//! What is known beside the file.

use crate::schema::Timestamp;
use std::path::Path;

/// What the reading of a configuration needs beside the file.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Names of all grammars.
    pub formats: &'a [&'a str],
    /// `--state`: in place of `store.directory`.
    pub state: Option<&'a Path>,
    /// `$CREDENTIALS_DIRECTORY` of systemd.
    pub credentials: Option<&'a Path>,
    /// Whether the daemon starts: then a credential that systemd did not hand over is an error, not a warning.
    pub starting: bool,
    /// Now, for holes in schedules.
    pub now: Timestamp,
}
