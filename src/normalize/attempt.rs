//! Which lines tell one login attempt: a failed login that sshd, PAM or login tell in several lines is one
//! event, the first line that tells it; the others are part of it.
//!
//! Every line is decided when it comes, nothing is held back: what is not known yet (whether a `Failed` line
//! follows an `Invalid user` line) is never waited for. Lines belong together when source, host and process
//! agree, user and address do not contradict (a PAM line of an unknown user names none), and they stand close
//! in time. Only hashes of names and addresses are remembered, so the memory has a fixed size and holds
//! nothing that would have to be erased.

mod lane;

use super::hash::{hash, hash_of_address};
use super::spec::AttemptRole;
use crate::limits::{ATTEMPT_SPAN, ATTEMPTS_MAX};
use crate::schema::{Span, Timestamp};
use lane::Lane;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// How long after its last line an attempt may be summed up by a `Repeats` line (`PAM 2 more authentication
/// failures` comes when the connection ends): OpenSSH's LoginGraceTime of 120 s (sshd_config(5)), and slack.
const SUMMARY_SPAN: Span = Span::seconds(150);

/// What a line says about who tries to get in.
#[derive(Clone, Copy, Debug)]
pub struct AttemptKey<'a> {
    /// Source name.
    pub source: &'a str,
    /// The machine that wrote the line; "" where the line has none.
    pub host: &'a str,
    /// The process that wrote it; "" where the line has none.
    pub pid: &'a str,
    /// The user that tries.
    pub user: Option<&'a str>,
    /// The client's address.
    pub src_ip: Option<IpAddr>,
    /// Number of the message form: one attempt says the same thing once, so two hints of one form are two.
    pub form: usize,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It tells an attempt that no line told before: its event counts.
    Own,
    /// It repeats or completes what the event with this id, on this line, told.
    PartOf {
        /// Id of the event.
        event: u64,
        /// Line number of the event.
        line: u64,
        /// The event told an attempt without a credential; this line is the first to say that one was refused.
        proves: bool,
    },
    /// It tells no attempt.
    Plain,
}

/// How far an attempt has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// By `Hints` lines; the `Fails` line that may follow tells the same failure.
    Hinted,
    /// By a `Fails` line: the next one is another failure.
    Failed,
    /// The connection ended: only a summary can follow.
    Ended,
    /// The user was let in; what opens then is part of it.
    Admitted,
}

/// One attempt, as hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attempt {
    /// Host and process.
    connection: u64,
    /// Whether the lines name a process; without one, user and address must be equal.
    has_pid: bool,
    user: Option<u64>,
    address: Option<u64>,
    event: u64,
    line: u64,
    last_at: Timestamp,
    told: Told,
    /// Only announced so far: no line said that a credential was refused.
    untried: bool,
    /// The forms that told it, a bit for each (modulo 64).
    forms: u64,
}

/// The attempts that are remembered, at most `limits::ATTEMPTS_MAX` per source, the oldest forgotten first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    sources: BTreeMap<Box<str>, Lane>,
    dirty: bool,
}

impl Attempts {
    /// Nothing remembered.
    pub fn new() -> Attempts {
        Attempts::default()
    }

    /// Decides what a line is, and remembers it. `event` and `line` are the line's own id and number, which
    /// later lines are told when they are part of it.
    pub fn link(
        &mut self,
        role: AttemptRole,
        key: AttemptKey<'_>,
        at: Timestamp,
        event: u64,
        line: u64,
    ) -> Link {
        let new = Attempt::of(&key, at, event, line);
        let known = self.sources.get_mut(key.source);
        let found = known.and_then(|lane| lane.find(new.connection, |known| known.fits(&new, role)));
        match (role, found) {
            (AttemptRole::Ends, found) => {
                if found.is_some() {
                    self.end(&key, &new);
                }
                Link::Plain
            }
            (AttemptRole::Admits, _) => {
                self.end(&key, &new);
                self.remember(&key, Attempt { told: Told::Admitted, ..new })
            }
            (AttemptRole::Opens, None) => Link::Own,
            (_, Some(known)) => {
                let proves = known.untried && role == AttemptRole::Fails;
                known.join(&new, role);
                self.dirty = true;
                Link::PartOf { event: known.event, line: known.line, proves }
            }
            (AttemptRole::Belongs, None) => Link::Plain,
            (AttemptRole::Hints | AttemptRole::Announces, None) => {
                self.close_hints(&key, &new);
                let untried = role == AttemptRole::Announces;
                self.remember(&key, Attempt { told: Told::Hinted, untried, ..new })
            }
            (AttemptRole::Fails | AttemptRole::Repeats, None) => self.remember(&key, new),
        }
    }

    /// One connection can try several names; its end is the end of them all.
    fn end(&mut self, key: &AttemptKey<'_>, end: &Attempt) {
        let Some(lane) = self.sources.get_mut(key.source) else { return };
        lane.each(end.connection, |known| {
            if known.fits(end, AttemptRole::Ends) {
                known.told = Told::Ended;
                self.dirty = true;
            }
        });
    }

    /// The client begins anew: a `Fails` line that comes now is not of an earlier hint.
    fn close_hints(&mut self, key: &AttemptKey<'_>, new: &Attempt) {
        let Some(lane) = self.sources.get_mut(key.source) else { return };
        lane.each(new.connection, |known| {
            if known.has_pid && known.fits(new, AttemptRole::Fails) {
                known.told = Told::Failed;
            }
        });
    }

    fn remember(&mut self, key: &AttemptKey<'_>, new: Attempt) -> Link {
        if !self.sources.contains_key(key.source) {
            self.sources.insert(key.source.into(), Lane::default());
        }
        if let Some(lane) = self.sources.get_mut(key.source) {
            lane.remember(new);
        }
        self.dirty = true;
        Link::Own
    }

    /// Whether anything changed since [`Attempts::saved`].
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Tells that what [`Attempts::save`] gave is stored.
    pub fn saved(&mut self) {
        self.dirty = false;
    }
}

impl Attempt {
    fn of(key: &AttemptKey<'_>, at: Timestamp, event: u64, line: u64) -> Attempt {
        Attempt {
            connection: hash(&[key.host.as_bytes(), key.pid.as_bytes()]),
            has_pid: !key.pid.is_empty(),
            user: key.user.map(|user| hash(&[user.as_bytes()])),
            address: key.src_ip.map(hash_of_address),
            event,
            line,
            last_at: at,
            told: Told::Failed,
            untried: false,
            forms: 1 << (key.form % 64),
        }
    }

    /// Whether a line with this role can be of this attempt.
    fn fits(&self, line: &Attempt, role: AttemptRole) -> bool {
        if self.connection != line.connection {
            return false;
        }
        let apart = Span((line.last_at - self.last_at).0.abs());
        let (open, span) = match role {
            // Two hints without a process are two attempts: many connections write such lines.
            AttemptRole::Hints | AttemptRole::Announces => {
                (self.told == Told::Hinted && self.has_pid && self.forms & line.forms == 0, ATTEMPT_SPAN)
            }
            AttemptRole::Fails => (self.told == Told::Hinted, ATTEMPT_SPAN),
            AttemptRole::Belongs => (matches!(self.told, Told::Hinted | Told::Failed), ATTEMPT_SPAN),
            AttemptRole::Repeats => (self.told != Told::Admitted, SUMMARY_SPAN),
            AttemptRole::Ends | AttemptRole::Admits => {
                (self.told != Told::Ended && self.has_pid, SUMMARY_SPAN)
            }
            AttemptRole::Opens => (self.told == Told::Admitted && self.has_pid, ATTEMPT_SPAN),
        };
        open && apart <= span && self.same_client(line, role)
    }

    fn same_client(&self, line: &Attempt, role: AttemptRole) -> bool {
        let agree = |a: Option<u64>, b: Option<u64>| a.is_none() || b.is_none() || a == b;
        if self.has_pid {
            let same_user =
                matches!(role, AttemptRole::Ends | AttemptRole::Admits) || agree(self.user, line.user);
            return same_user && agree(self.address, line.address);
        }
        let somebody = self.user.is_some() || self.address.is_some();
        somebody && self.user == line.user && self.address == line.address
    }

    /// Takes in what a further line says.
    fn join(&mut self, line: &Attempt, role: AttemptRole) {
        self.user = self.user.or(line.user);
        self.address = self.address.or(line.address);
        self.last_at = self.last_at.max(line.last_at);
        self.forms |= line.forms;
        if role == AttemptRole::Fails {
            self.told = Told::Failed;
            self.untried = false;
        }
    }
}

/// First byte of a saved state; counts up when its shape changes.
const SHAPE: u8 = 2;
/// Bytes of one saved attempt.
const ROW: usize = 7 * 8 + 1;

impl Attempts {
    /// The memory as bytes: the shape's number, then per source its name's length (u16), name, number of
    /// attempts (u16) and the attempts, all little-endian.
    pub fn save(&self) -> Vec<u8> {
        let mut bytes = vec![SHAPE];
        for (source, attempts) in &self.sources {
            let (Ok(length), Ok(count)) = (u16::try_from(source.len()), u16::try_from(attempts.len())) else {
                continue;
            };
            bytes.extend(length.to_le_bytes());
            bytes.extend(source.as_bytes());
            bytes.extend(count.to_le_bytes());
            attempts.iter().for_each(|attempt| attempt.write(&mut bytes));
        }
        bytes
    }

    /// Reads what [`Attempts::save`] gave; empty for anything else.
    pub fn load(bytes: &[u8]) -> Attempts {
        match bytes.split_first() {
            Some((&SHAPE, rest)) => {
                load_sources(rest).map_or_else(Attempts::new, |sources| Attempts { sources, dirty: false })
            }
            _ => Attempts::new(),
        }
    }
}

fn load_sources(mut rest: &[u8]) -> Option<BTreeMap<Box<str>, Lane>> {
    let mut sources = BTreeMap::new();
    while !rest.is_empty() {
        let length = u16::from_le_bytes(take(&mut rest)?);
        let (name, after) = rest.split_at_checked(usize::from(length))?;
        rest = after;
        let count = usize::from(u16::from_le_bytes(take(&mut rest)?));
        if count > ATTEMPTS_MAX {
            return None;
        }
        let mut lane = Lane::default();
        for _ in 0..count {
            lane.push(Attempt::read(&take(&mut rest)?)?);
        }
        sources.insert(std::str::from_utf8(name).ok()?.into(), lane);
    }
    Some(sources)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*head)
}

impl Attempt {
    fn write(&self, bytes: &mut Vec<u8>) {
        let numbers = [
            self.connection,
            self.user.unwrap_or(0),
            self.address.unwrap_or(0),
            self.event,
            self.line,
            self.forms,
        ];
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes.extend(self.last_at.0.to_le_bytes());
        let told = match self.told {
            Told::Hinted => 0,
            Told::Failed => 1,
            Told::Ended => 2,
            Told::Admitted => 3,
        };
        let flag = |set: bool, bit: u8| u8::from(set) << bit;
        bytes.push(
            told | flag(self.has_pid, 2)
                | flag(self.user.is_some(), 3)
                | flag(self.address.is_some(), 4)
                | flag(self.untried, 5),
        );
    }

    fn read(row: &[u8; ROW]) -> Option<Attempt> {
        let mut rest: &[u8] = row;
        let mut number = || take::<8>(&mut rest).map(u64::from_le_bytes);
        let (connection, user, address) = (number()?, number()?, number()?);
        let (event, line, forms) = (number()?, number()?, number()?);
        let last_at = Timestamp(i64::from_le_bytes(take(&mut rest)?));
        let [flags] = take(&mut rest)?;
        let told = match flags & 3 {
            0 => Told::Hinted,
            1 => Told::Failed,
            2 => Told::Ended,
            _ => Told::Admitted,
        };
        let set = |bit: u8| flags >> bit & 1 == 1;
        let (user, address) = (set(3).then_some(user), set(4).then_some(address));
        Some(Attempt {
            connection,
            has_pid: set(2),
            user,
            address,
            event,
            line,
            last_at,
            told,
            untried: set(5),
            forms,
        })
    }
}

#[cfg(test)]
mod tests;
