//! The command line's side of the control socket.

use super::ANSWER_SECONDS_MAX;
use super::ask::{Answer, Ask};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of an answer: the status of thousands of files.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No daemon.
    #[error("no daemon listens at {0}: start `gatewatch run`, or name its state directory with --state")]
    NoDaemon(PathBuf),
    /// Not allowed to connect.
    #[error("{0}: you may not speak to this daemon: join the group that owns the socket")]
    Denied(PathBuf),
    /// It did not answer in time.
    #[error("the daemon at {0} does not answer; look at its log before you repeat the request")]
    Slow(PathBuf),
    /// It answered something else.
    #[error("what listens at {path} is no gatewatch of this version: {why}")]
    Foreign {
        /// The socket.
        path: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Asks the daemon one thing and waits for the answer.
///
/// # Errors
/// [`CallError`]; after [`CallError::Slow`] it is not known whether it was done.
pub fn call(path: &Path, ask: &Ask) -> Result<Answer, CallError> {
    let failed = |source: io::Error| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => CallError::NoDaemon(path),
            io::ErrorKind::PermissionDenied => CallError::Denied(path),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => CallError::Slow(path),
            _ => CallError::Io { path, source },
        }
    };
    let foreign = |why: String| CallError::Foreign { path: path.to_owned(), why };
    let mut stream = UnixStream::connect(path).map_err(failed)?;
    // The daemon's own limit ends first, so that its words reach the person.
    let patience = Some(Duration::from_secs(ANSWER_SECONDS_MAX + 5));
    stream.set_read_timeout(patience).and_then(|()| stream.set_write_timeout(patience)).map_err(failed)?;
    let mut request = serde_json::to_vec(ask).map_err(|e| foreign(e.to_string()))?;
    request.push(b'\n');
    // A daemon with too many clients answers and closes at once; its answer is worth more than our EPIPE.
    let written = stream.write_all(&request);
    let mut answer = Vec::new();
    let read = BufReader::new(stream).take(ANSWER_BYTES_MAX).read_until(b'\n', &mut answer);
    if answer.is_empty() {
        written.map_err(failed)?;
        read.map_err(failed)?;
        return Err(foreign("it closed the connection".into()));
    }
    serde_json::from_slice(&answer).map_err(|e| foreign(e.to_string()))
}
