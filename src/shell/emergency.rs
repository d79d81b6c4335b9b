//! The channel of last resort. When most of the time to notify is gone and no relay has taken a notice, what is left is
//! this machine: a line of emergency level in the journal, which systemd shows on every terminal, and a file in the drop
//! folder `<store.directory>/drop/`, on which somebody else acts (`packaging/drop`): this program executes nothing.
//!
//! A file is written after the commit that decided it; a start writes those that are still true and not there, marked as
//! a possible repeat, so that a kill between commit and file loses none.

use crate::daemon::Turn;
use crate::escalate::{emergency_mark, unkept_notice};
use crate::host::disk::write_whole;
use crate::limits::DROPS_MAX;
use crate::schema::{Book, ClockKind, Incident, Notification, NotificationState, Printable, Reading, Span};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// The folder's name.
pub const FOLDER: &str = "drop";
/// Lines of emergency level in one minute; each one reaches every terminal.
const LINES_MAX: usize = 10;
const MINUTE: Span = Span::minutes(1);

/// The channel.
pub struct Emergency {
    folder: PathBuf,
    /// Boot times of the lines of the last minute.
    lines: VecDeque<Span>,
    /// Since when (boot time) the store takes nothing, and whether that was told.
    stall: Option<(Span, bool)>,
    /// Where lines go; standard error outside of tests.
    out: Box<dyn Write + Send>,
    prefix: &'static str,
}

impl Emergency {
    /// The channel of a store's directory.
    pub fn new(store: &Path) -> Emergency {
        // systemd reads the number as the line's priority (sd-daemon(3)); people would wonder about it.
        let prefix = if io::stderr().is_terminal() { "" } else { "<0>" };
        Emergency {
            folder: store.join(FOLDER),
            lines: VecDeque::new(),
            stall: None,
            out: Box::new(io::stderr()),
            prefix,
        }
    }

    /// What a start finds: promises that were crying when the program ended, and still are.
    pub fn begin(&mut self, book: &Book, now: &Reading) {
        let crying: Vec<&Incident> = book.incidents().filter(|incident| is_crying(book, incident)).collect();
        for incident in crying {
            let there = [self.folder.clone(), self.folder.join("done")];
            let name = name_of(book, incident);
            if !there.iter().any(|folder| folder.join(&name).exists()) {
                self.drop_file(book, incident, &name, true, now);
            }
        }
    }

    /// What a committed turn decided.
    pub fn note(&mut self, turn: &Turn, book: &Book, now: &Reading) {
        for entry in turn.changes.journal.iter().filter(|entry| entry.kind == "emergency") {
            let Some(incident) = book.incident(&entry.subject) else {
                self.cry(&format!("incident {}: {}", entry.subject, entry.detail), now);
                continue;
            };
            self.cry(&sentence(book, incident), now);
            self.drop_file(book, incident, &name_of(book, incident), false, now);
        }
    }

    /// A store that takes nothing for a minute: no line is read, no notice is decided or sent.
    pub fn stalled(&mut self, why: Option<&str>, now: &Reading) {
        let Some(why) = why else {
            self.stall = None;
            return;
        };
        let (since, told) = *self.stall.get_or_insert((now.boottime, false));
        if !told && now.boottime.0 - since.0 >= MINUTE.0 {
            self.stall = Some((since, true));
            self.cry(
                &format!("the store has taken nothing for a minute, nothing is read or sent: {why}"),
                now,
            );
        }
    }

    /// A line of emergency level: nobody may be told by other ways.
    pub fn cry(&mut self, text: &str, now: &Reading) {
        while self.lines.front().is_some_and(|at| now.boottime.0 - at.0 >= MINUTE.0) {
            self.lines.pop_front();
        }
        if self.lines.len() > LINES_MAX {
            return; // the drop folder and the journal of the store have them all
        }
        let rest =
            if self.lines.len() == LINES_MAX { " (more of these in this minute are not shown)" } else { "" };
        self.lines.push_back(now.boottime);
        let line = format!("{}gatewatch: EMERGENCY: {}{rest}\n", self.prefix, Printable(text));
        // Nothing is left to tell that this cannot be told.
        let _ = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
    }

    fn drop_file(&mut self, book: &Book, incident: &Incident, name: &str, repeat: bool, now: &Reading) {
        let written = fs::create_dir_all(&self.folder).and_then(|()| {
            if fs::read_dir(&self.folder)?.count() >= DROPS_MAX {
                let why = format!("{DROPS_MAX} files wait there and nobody takes them");
                return Err(io::Error::other(why));
            }
            let mut text = serde_json::to_vec_pretty(&notice(book, incident, repeat, now))?;
            text.push(b'\n');
            write_whole(&self.folder, name, &text)
        });
        if let Err(error) = written {
            let path = self.folder.join(name);
            self.cry(&format!("{}: cannot be written: {error}", path.display()), now);
        }
    }
}

/// Whether the emergency of an incident was told, and nothing has changed since: see `escalate::ladder`.
fn is_crying(book: &Book, incident: &Incident) -> bool {
    let clock = unkept_notice(book, &incident.id);
    clock.is_some_and(|clock| clock.elapsed_hi >= emergency_mark(book, &clock))
}

fn name_of(book: &Book, incident: &Incident) -> String {
    let round = book.clock(&incident.id, ClockKind::Notify).map_or(0, |clock| clock.round);
    // An id is base32 by construction; a name of a file is no place to trust that.
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let id: String = incident.id.chars().filter(plain).take(64).collect();
    format!("{}-{round}-{id}.json", incident.number)
}

/// Who was to be told, and why that failed so far.
fn owed<'a>(book: &'a Book, incident: &'a Incident) -> impl Iterator<Item = &'a Notification> {
    book.notifications_of(&incident.id).filter(|row| row.state != NotificationState::Cancelled)
}

fn sentence(book: &Book, incident: &Incident) -> String {
    let tried: Vec<String> = owed(book, incident)
        .take(4)
        .map(|row| {
            let reply = row.relay_reply.as_deref().unwrap_or("no answer yet");
            format!("{} after {} tries: {}", row.address, row.attempts, Printable(reply).cut(120))
        })
        .collect();
    format!(
        "nobody could be told of incident {} ({}: {}: {}). Mail: {}. Acknowledge it with `gatewatch incident ack {}`",
        incident.number,
        incident.severity.name(),
        Printable(&incident.title).cut(120),
        Printable(&incident.entity).cut(120),
        if tried.is_empty() { "none was tried".to_owned() } else { tried.join("; ") },
        incident.number
    )
}

/// The notice as a file. Every text that stems from a log is printable, and still must never be executed.
fn notice(book: &Book, incident: &Incident, repeat: bool, now: &Reading) -> Value {
    let clock = book.clock(&incident.id, ClockKind::Notify);
    let recipient = |row: &Notification| {
        json!({
            "person": &*row.recipient,
            "address": &*row.address,
            "kind": row.kind.name(),
            "state": row.state.name(),
            "attempts": row.attempts,
            "relay": row.relay.as_deref().unwrap_or_default(),
            "reply": Printable(row.relay_reply.as_deref().unwrap_or_default()).cut(200),
        })
    };
    json!({
        "version": 1,
        "what": "no relay has accepted a notice of this incident",
        "at": now.utc.to_string(),
        "may_repeat": repeat,
        "incident": &*incident.id,
        "number": incident.number,
        "severity": incident.severity.name(),
        "title": Printable(&incident.title).cut(200),
        "entity": Printable(&incident.entity).cut(200),
        "policy": &*incident.policy,
        "drill": incident.drill.as_deref().unwrap_or_default(),
        "occurred_at": incident.occurred_at.to_string(),
        "notify_due": clock.map(|clock| clock.due_at.to_string()).unwrap_or_default(),
        "recipients": owed(book, incident).take(50).map(recipient).collect::<Vec<_>>(),
        "text": sentence(book, incident),
        "acknowledge": format!("gatewatch incident ack {}", incident.number),
    })
}

#[cfg(test)]
mod tests;
