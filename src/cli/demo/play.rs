//! What happens on the demo's stage: ordinary people work, three attackers come, and one incident is
//! acknowledged through the control socket, as a person on call would.

use crate::cli::samples;
use crate::desk::{self, Ask, Deed, Word};
use crate::host::clock::SystemClock;
use crate::ports::Clock;
use crate::schema::{Span, Timestamp};
use crate::shell::Stopper;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// When each line was written, so that the story can tell how long the daemon took.
#[derive(Default)]
pub struct Written {
    /// Moment of writing by line.
    pub at: BTreeMap<String, Timestamp>,
    /// How many lines.
    pub lines: u64,
}

/// What the player needs.
pub struct Stage {
    /// Folder of the logs.
    pub logs: PathBuf,
    /// The daemon's control socket.
    pub socket: PathBuf,
    /// What was written when.
    pub written: Arc<Mutex<Written>>,
    /// How long to play; `None` = until the daemon is stopped.
    pub span: Option<Span>,
    /// Ends the daemon.
    pub stopper: Stopper,
}

/// One act of the play each 100 ms.
const BEAT: Duration = Duration::from_millis(100);
/// When the first incident is acknowledged, in beats.
const ACKNOWLEDGE_AT: u64 = 90;
/// After so many beats the attackers come again from other addresses.
const ROUND: u64 = 600;

/// Writes lines until the time is over, then stops the daemon.
///
/// # Errors
/// The operating system's, when a log cannot be written; the daemon is stopped then too.
pub fn perform(stage: &Stage) -> io::Result<()> {
    let played = play(stage);
    stage.stopper.stop();
    played
}

fn play(stage: &Stage) -> io::Result<()> {
    let clock = SystemClock::new().map_err(io::Error::other)?;
    let begun = clock.now();
    for beat in 0.. {
        let now = clock.now();
        let over = stage.span.is_some_and(|span| now.boottime.0 - begun.boottime.0 >= span.0);
        if over || stage.stopper.is_stopping() {
            break;
        }
        for (log, line) in scene(beat, now.utc) {
            write_line(stage, &clock, log, line)?;
        }
        if beat == ACKNOWLEDGE_AT {
            let (incident, note) = (Some("1".to_owned()), Some("looking at it".to_owned()));
            let ask = Ask::Act(Box::new(Deed { verb: Word::Acknowledge, incident, note, ..Deed::default() }));
            // The daemon's refusal would be seen in its journal; the play goes on.
            let _ = desk::call(&stage.socket, &ask);
        }
        rest();
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the player is a person with a watch, not a part of the daemon"
)]
fn rest() {
    std::thread::sleep(BEAT);
}

fn write_line(stage: &Stage, clock: &SystemClock, log: &str, line: String) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(stage.logs.join(log))?;
    file.write_all(format!("{line}\n").as_bytes())?;
    if let Ok(mut written) = stage.written.lock() {
        written.at.insert(line, clock.now().utc);
        written.lines += 1;
    }
    Ok(())
}

/// The lines of one beat.
fn scene(beat: u64, at: Timestamp) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    match beat % 3 {
        0 => lines.push(("auth.log", samples::ordinary("sshd", beat * 10 + 5, at))),
        1 => lines.push(("openvpn.log", samples::ordinary("openvpn", beat, at))),
        _ => lines.push(("access.log", samples::ordinary("nginx", beat, at))),
    }
    let (round, beat) = (beat / ROUND, beat % ROUND);
    let host = 7 + round % 240;
    match beat {
        20..=32 if beat % 2 == 0 => lines.push(("auth.log", ssh_failure(beat, host, at))),
        40 => lines.push(("auth.log", ssh_success(host, at))),
        60..=72 if beat % 2 == 0 => lines.extend(vpn_failure(beat, host, at)),
        110..=124 => lines.push(("access.log", web_failure(beat, host, at))),
        _ => {}
    }
    lines
}

fn ssh_failure(beat: u64, host: u64, at: Timestamp) -> String {
    let (stamp, port) = (samples::syslog_stamp(at), 50_000 + beat);
    format!(
        "{stamp} gate sshd[{}]: Failed password for root from 203.0.113.{host} port {port} ssh2",
        9_000 + beat
    )
}

fn ssh_success(host: u64, at: Timestamp) -> String {
    let stamp = samples::syslog_stamp(at);
    format!("{stamp} gate sshd[9940]: Accepted password for root from 203.0.113.{host} port 50940 ssh2")
}

fn vpn_failure(beat: u64, host: u64, at: Timestamp) -> Vec<(&'static str, String)> {
    let (stamp, peer) = (samples::openvpn_stamp(at), format!("198.51.100.{host}:{}", 41_000 + beat));
    let line = format!("{stamp} {peer} TLS Auth Error: Auth Username/Password verification failed for peer");
    vec![("openvpn.log", line)]
}

fn web_failure(beat: u64, host: u64, at: Timestamp) -> String {
    let stamp = samples::access_stamp(at);
    format!(
        "192.0.2.{host} - admin [{stamp}] \"POST /login HTTP/1.1\" 401 {} \"-\" \"curl/8.5.0\"",
        180 + beat
    )
}
