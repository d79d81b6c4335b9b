//! The records of one Linux audit event: they share `audit(EPOCH:SERIAL)` and `node=`, and stand among the records of
//! other events, because every processor writes its own (audit.rules(7), auparse(3)).
//!
//! What programs report (`USER_AUTH`, `ADD_USER` ...) is one record and is told at once. What the kernel reports comes
//! in several and ends with `EOE`; some versions of auditd leave that out, and then `PROCTITLE` is the last.

use super::super::split::{Record, joined};
use super::super::syslog;
use super::{held, text_of};
use crate::limits::{AUDIT_LINES_MAX, AUDIT_OPEN_MAX, AUDIT_SPAN, HELD_BYTES_MAX};
use crate::schema::{RawLine, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Types of records that programs send, each an event of its own (linux/audit.h, 1100 to 1299 and 2100 to 2999), by how
/// they begin. `LOGIN` is not among them: the kernel writes it, today with SYSCALL and PROCTITLE.
const ALONE: [&str; 22] = [
    "USER_",
    "USER ",
    "CRED_",
    "ADD_",
    "DEL_",
    "GRP_",
    "ACCT_",
    "ROLE_",
    "DAEMON_",
    "SERVICE_",
    "SYSTEM_",
    "ANOM_LOGIN_",
    "ANOM_ADD_",
    "ANOM_DEL_",
    "ANOM_MOD_",
    "ANOM_ROOT_",
    "RESP_",
    "VIRT_",
    "CRYPTO_",
    "CHGRP_",
    "CHUSER_",
    "SOFTWARE_",
];

/// The events of a file that are not complete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Groups {
    /// By their first line.
    open: Vec<Group>,
    /// Bytes of their lines.
    bytes: usize,
    /// This file has shown an `EOE`: only that ends an event.
    eoe: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Group {
    /// `node=` and `EPOCH:SERIAL`, as written.
    key: Box<str>,
    at: Timestamp,
    /// Its `PROCTITLE` has come.
    titled: bool,
    #[serde(with = "held")]
    lines: Vec<RawLine>,
}

/// What the start of a record says.
pub(super) struct Head {
    key: Box<str>,
    at: Timestamp,
    alone: bool,
    ends: bool,
    title: bool,
}

/// Bytes of a line in which a record's head stands, syslog header included.
const HEAD_BYTES: usize = 512;

/// Reads the head of a record, bare or behind a syslog header.
pub(super) fn head(line: &[u8]) -> Option<Head> {
    let line = line.get(..line.len().min(HEAD_BYTES)).unwrap_or(line);
    memchr::memmem::find(line, b" msg=audit(")?;
    let line = match std::str::from_utf8(line) {
        Ok(line) => line,
        Err(error) => std::str::from_utf8(line.get(..error.valid_up_to())?).ok()?,
    };
    let mut rest = line.trim_start();
    if !(rest.starts_with("type=") || rest.starts_with("node=")) {
        rest = syslog::read(line).message.trim_start();
    }
    let mut node = "";
    if let Some(behind) = rest.strip_prefix("node=") {
        (node, rest) = behind.split_once(' ')?;
    }
    let (kind, behind) = rest.strip_prefix("type=")?.split_once(' ')?;
    let (id, _) = behind.strip_prefix("msg=audit(")?.split_once(')')?;
    let (epoch, serial) = id.split_once(':')?;
    let (seconds, millis) = epoch.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !(digits(serial) && digits(millis) && seconds.len() <= 11) {
        return None;
    }
    let at = Timestamp(seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?) + millis_of(millis)?;
    let word = format!("{kind} ");
    Some(Head {
        key: format!("{node} {id}").into(),
        at,
        alone: ALONE.iter().any(|known| word.starts_with(known)),
        ends: kind == "EOE",
        title: kind == "PROCTITLE",
    })
}

fn millis_of(digits: &str) -> Option<Span> {
    let digits = digits.get(..digits.len().min(3))?;
    Some(Span::millis(digits.parse().ok()?))
}

impl Groups {
    /// Whether nothing is held or remembered.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty() && !self.eoe
    }

    /// The first line that is held.
    pub(super) fn first(&self) -> Option<&RawLine> {
        self.open.first().and_then(|group| group.lines.first())
    }

    /// Bytes that are held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A further line of the file: events that so many lines have passed are complete.
    pub(super) fn pass(&mut self, line: u64, out: &mut Vec<Record>) {
        self.release(|first| line.saturating_sub(first.line) > AUDIT_LINES_MAX, out);
    }

    /// Lets out the events whose first line fulfils something.
    pub(super) fn release(&mut self, over: impl Fn(&RawLine) -> bool, out: &mut Vec<Record>) {
        self.release_groups(|group| group.lines.first().is_none_or(&over), out);
    }

    fn release_groups(&mut self, over: impl Fn(&Group) -> bool, out: &mut Vec<Record>) {
        if !self.open.iter().any(&over) {
            return;
        }
        let (complete, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open).into_iter().partition(over);
        self.open = open;
        let lines = complete.iter().flat_map(|group| &group.lines);
        self.bytes = lines.fold(self.bytes, |bytes, line| bytes.saturating_sub(line.bytes.len()));
        out.extend(complete.iter().filter_map(Group::record));
    }

    /// Takes a record in; gives the line back where it is an event of its own.
    pub(super) fn feed(&mut self, line: RawLine, head: Head, out: &mut Vec<Record>) -> Option<RawLine> {
        let length = line.bytes.len();
        let eoe = self.eoe || head.ends;
        let over = |group: &Group| {
            group.key != head.key && (head.at - group.at > AUDIT_SPAN || (group.titled && !eoe))
        };
        self.release_groups(over, out);
        self.eoe = eoe;
        match self.open.iter_mut().find(|group| group.key == head.key) {
            Some(group) => {
                self.bytes += length;
                group.lines.push(line);
                group.titled |= head.title;
                if head.ends {
                    self.release_groups(|group| group.key == head.key, out);
                }
            }
            None if head.alone || head.ends => return Some(line),
            None => {
                self.bytes += length;
                let Head { key, at, title, .. } = head;
                self.open.push(Group { key, at, titled: title, lines: vec![line] });
            }
        }
        while self.open.len() > AUDIT_OPEN_MAX || self.bytes > HELD_BYTES_MAX {
            let oldest = self.first().map(|line| line.line);
            self.release(|first| Some(first.line) == oldest, out);
        }
        None
    }
}

impl Group {
    fn record(&self) -> Option<Record> {
        joined(&self.lines, text_of(&self.lines))
    }
}
