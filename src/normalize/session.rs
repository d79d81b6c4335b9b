//! Which line opened the session that a line closes: VPN tunnels and logins are paired as their lines come.
//!
//! A tunnel that opens and a successful logon are remembered by what may name them again, most certain first: the
//! session's own id, the process that serves it (logins), user and inner address (tunnels), user and client, the
//! peer's key, and the user alone where that is one session only. A closing line is linked to the newest open session
//! that it names and does not contradict; one that fits none stays alone. What opens the same again takes its place:
//! the end of the first was not told. Several opening lines of one session (started, address assigned, connected),
//! renewals and counts are linked to its first line; they open and close nothing.
//!
//! Tunnels and logins never close each other. Jobs of cron and sessions of services are no logins of a person and
//! are left out. Only hashes are remembered, as of login attempts, so nothing has to be erased here.

mod facts;
mod lane;
mod saved;

use crate::limits::{
    ATTEMPT_SPAN, LATENESS_DEFAULT, SESSION_ENDING_SPAN, SESSION_OPENING_SPAN, SESSION_PEER_SPAN,
    SESSIONS_MAX, SESSIONS_TOTAL_MAX,
};
use crate::normalize::hash::Lookup;
use crate::schema::{Class, Event, Flag, Outcome, Span, Timestamp};
use facts::{Facts, Key, Keys};
use lane::Lane;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Logon types of no person (OCSF captions): jobs, services, the machine itself.
const NO_PERSON: [&str; 3] = ["batch", "os-service", "system"];

/// What is opened and closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Tunnel,
    Login,
}

/// What a line does to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Opens,
    Closes,
    /// It tells the end of a connection, which may have been a session: the user alone names none then.
    Ends,
    Renews,
    Tells,
}

/// What is remembered of a session; its key is the id of the event that opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    family: Family,
    facts: Facts,
    /// Line number of the opening event.
    line: u64,
    /// When it opened, and when the last of its opening lines came.
    opened_at: i64,
    told_at: i64,
    ended_at: Option<i64>,
    /// The forms that opened it, or that told its end: a bit for each (modulo 64).
    forms: u64,
    /// The event that spoke of it last.
    used: u64,
}

/// The event that opened a session, and its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its id.
    pub event: u64,
    /// Its line number.
    pub line: u64,
}

/// The sessions that are remembered, at most `limits::SESSIONS_MAX` of a source: a flood forgets its own.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    /// Numbers of the sources that have lanes.
    sources: BTreeMap<Arc<str>, usize>,
    lanes: Vec<Lane>,
    /// The lane of each session.
    owners: Lookup<usize>,
    /// Pages that changed since [`Sessions::drain`]; one may stand in it more than once.
    dirty: Vec<u64>,
    /// Pages that the store has.
    stored: BTreeSet<u64>,
}

/// One line, as far as it matters here.
struct Line {
    /// The lane of its source.
    lane: usize,
    family: Family,
    facts: Facts,
    keys: Keys,
    at: Timestamp,
    event: u64,
    number: u64,
    /// The bit of its form.
    form: u64,
}

impl Sessions {
    /// Decides which session a line belongs to or closes, and remembers what it opens. `form` is the number of its
    /// message form. `None` for a line that opens a session, and for one that fits none.
    pub fn link(&mut self, event: &Event, form: usize) -> Option<Opened> {
        let (family, role) = role_of(event)?;
        let facts = Facts::of(event, family);
        let line = Line {
            lane: self.lane_of(&event.source),
            family,
            facts,
            keys: facts.keys(family),
            // What the line claims, however late it came: the watermark of its file is no time of a session.
            at: event.time.filter(|_| !event.flags.has(Flag::TimeFuture)).unwrap_or(event.counted_at),
            event: event.id,
            number: event.line,
            form: facts::form_bit(&event.format, form),
        };
        match role {
            Role::Opens => self.open(&line),
            Role::Closes | Role::Ends => self.close(&line, role),
            Role::Renews | Role::Tells => self.tell(&line, role),
        }
    }

    fn lane_of(&mut self, source: &Arc<str>) -> usize {
        if let Some(lane) = self.sources.get(source) {
            return *lane;
        }
        self.sources.insert(Arc::clone(source), self.lanes.len());
        self.lanes.push(Lane::default());
        self.lanes.len() - 1
    }

    fn open(&mut self, line: &Line) -> Option<Opened> {
        // The user alone names a session only where neither line says more.
        let only_user =
            |session: &Session| line.facts.is_bare(line.family) && session.facts.is_bare(line.family);
        let found =
            self.find(line, |key, session| (key != Key::User || only_user(session)) && session.fits(line));
        if let Some((id, key)) = found {
            if self.session(line, id).is_some_and(|session| session.is_opening(line, key)) {
                return self.change(line, id, |session| session.told_at = session.told_at.max(line.at.0));
            }
            self.forget(line.lane, id);
        }
        self.remember(line);
        None
    }

    fn close(&mut self, line: &Line, role: Role) -> Option<Opened> {
        let id = self.closed_by(line, role)?;
        self.change(line, id, |session| {
            session.forms = if session.ended_at.is_some() { session.forms | line.form } else { line.form };
            session.ended_at = session.ended_at.max(Some(line.at.0));
        })
    }

    /// The session that a line closes, or has more to say of its end: two lines in the same words are of two sessions,
    /// unless there is one only. A login's end that has an id is of no login without it.
    fn closed_by(&self, line: &Line, role: Role) -> Option<u64> {
        let lane = self.lanes.get(line.lane)?;
        let by_id_only = line.family == Family::Login && line.facts.has_id();
        let mut again = None;
        for (key, hash) in line.names().filter(|(key, _)| *key != Key::User) {
            let named = || lane.newest(hash).filter(|(_, session)| session.fits(line));
            let mut lately = named().filter(|(_, session)| session.ended_lately(line));
            let more = named().filter(|(_, s)| s.ended_lately(line) && s.forms & line.form == 0);
            let open = named().filter(|(_, session)| session.ended_at.is_none());
            if let Some((id, _)) = more.chain(open).next() {
                return Some(id);
            }
            again = again.or_else(|| lately.next().map(|(id, _)| id));
            if key == Key::Session && (again.is_some() || by_id_only) {
                return again;
            }
        }
        let by_user = if role == Role::Closes { self.only_one_of_user(line) } else { None };
        by_user.filter(|_| again.is_none()).or(again)
    }

    fn tell(&mut self, line: &Line, role: Role) -> Option<Opened> {
        let names = |key: Key, session: &Session| {
            key != Key::User
                && session.fits(line)
                && (session.ended_at.is_none() || session.ended_lately(line))
        };
        let (id, _) = self.find(line, names)?;
        self.change(line, id, |session| {
            if role == Role::Renews {
                session.ended_at = None;
            }
        })
    }

    /// The most certain key first, of each the newest session first.
    fn find(&self, line: &Line, holds: impl Fn(Key, &Session) -> bool) -> Option<(u64, Key)> {
        let lane = self.lanes.get(line.lane)?;
        line.names().find_map(|(key, hash)| {
            Some((lane.newest(hash).find(|(_, session)| holds(key, session))?.0, key))
        })
    }

    /// The open session of the user that nothing contradicts, if there is one only.
    fn only_one_of_user(&self, line: &Line) -> Option<u64> {
        let lane = self.lanes.get(line.lane)?;
        let (_, hash) = line.names().find(|(key, _)| *key == Key::User)?;
        let mut open =
            lane.newest(hash).filter(|(_, session)| session.ended_at.is_none() && session.fits(line));
        let (id, _) = open.next()?;
        open.next().is_none().then_some(id)
    }

    fn session(&self, line: &Line, id: u64) -> Option<&Session> {
        self.lanes.get(line.lane)?.get(id)
    }

    /// A further line of a session.
    fn change(&mut self, line: &Line, id: u64, change: impl FnOnce(&mut Session)) -> Option<Opened> {
        let lane = self.lanes.get_mut(line.lane)?;
        let opened = lane.change(id, line.event, |session| {
            session.facts.learn(&line.facts);
            change(session);
        })?;
        let too_many = lane.first_ended_too_many();
        self.touch(id);
        if let Some(over) = too_many {
            self.forget(line.lane, over);
        }
        Some(Opened { event: id, line: opened })
    }

    fn touch(&mut self, id: u64) {
        let page = saved::page_of(id);
        if self.dirty.last() != Some(&page) {
            self.dirty.push(page);
        }
    }

    fn remember(&mut self, line: &Line) {
        let session = Session {
            family: line.family,
            facts: line.facts,
            line: line.number,
            opened_at: line.at.0,
            told_at: line.at.0,
            ended_at: None,
            forms: line.form,
            used: line.event,
        };
        self.touch(line.event);
        self.put(line.lane, line.event, session);
    }

    fn put(&mut self, number: usize, id: u64, session: Session) {
        let Some(lane) = self.lanes.get_mut(number) else { return };
        lane.insert(id, session);
        self.owners.insert(id, number);
        if lane.len() > SESSIONS_MAX {
            let oldest = lane.oldest();
            oldest.into_iter().for_each(|id| self.forget(number, id));
        }
        if self.owners.len() > SESSIONS_TOTAL_MAX {
            // By name where several are as large: lanes are numbered as their sources came.
            let size = |number: &usize| self.lanes.get(*number).map_or(0, Lane::len);
            let largest = self.sources.values().copied().max_by_key(size);
            let oldest = largest.and_then(|number| Some((number, self.lanes.get_mut(number)?.oldest()?)));
            oldest.into_iter().for_each(|(number, id)| self.forget(number, id));
        }
    }

    fn forget(&mut self, lane: usize, id: u64) {
        if self.lanes.get_mut(lane).is_some_and(|lane| lane.remove(id).is_some()) {
            self.owners.remove(&id);
            self.touch(id);
        }
    }

    /// The pages that changed since the last call, as they are stored; `None` for one that is empty and was stored.
    pub fn drain(&mut self) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut rows = Vec::new();
        let names: BTreeMap<usize, &Arc<str>> =
            self.sources.iter().map(|(name, lane)| (*lane, name)).collect();
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        for page in dirty {
            let mut sessions = saved::ids_of(page).filter_map(|id| {
                let lane = self.owners.get(&id)?;
                Some((id, &***names.get(lane)?, self.lanes.get(*lane)?.get(id)?))
            });
            let first = sessions.next();
            let body = first.map(|first| saved::save(std::iter::once(first).chain(sessions)));
            let was_stored =
                if body.is_some() { self.stored.insert(page) } else { self.stored.remove(&page) };
            if body.is_some() || was_stored {
                rows.push((page, body));
            }
        }
        rows
    }

    /// Takes back a page that [`Sessions::drain`] gave; anything else is passed over.
    pub fn restore(&mut self, page: u64, body: &[u8]) {
        self.stored.insert(page);
        saved::load(body, |id, source, session| {
            if saved::page_of(id) == page {
                let lane = self.lane_of(&Arc::from(source));
                self.put(lane, id, session);
            }
        });
    }
}

impl Line {
    /// What names its session, most certain first.
    fn names(&self) -> impl Iterator<Item = (Key, u64)> {
        self.keys.iter().flatten().copied()
    }
}

impl Session {
    /// Whether a line can be of this session.
    fn fits(&self, line: &Line) -> bool {
        self.family == line.family
            && line.at + LATENESS_DEFAULT >= Timestamp(self.opened_at)
            && self.facts.agree(&line.facts, self.family)
    }

    fn ended_lately(&self, line: &Line) -> bool {
        self.ended_at.is_some_and(|end| Span((line.at.0 - end).abs()) <= SESSION_ENDING_SPAN)
    }

    /// Whether a line that opens a session of the same name is one more of its opening lines. One login is told twice
    /// by its session's id, or by one process in two forms; a process may serve many.
    fn is_opening(&self, line: &Line, key: Key) -> bool {
        let (told_twice, span) = match (self.family, key) {
            (Family::Tunnel, Key::Device) => (true, SESSION_PEER_SPAN),
            (Family::Tunnel, _) => (true, SESSION_OPENING_SPAN),
            (Family::Login, Key::Session) => (true, ATTEMPT_SPAN),
            (Family::Login, Key::Process) => (self.forms & line.form == 0, ATTEMPT_SPAN),
            (Family::Login, _) => (false, ATTEMPT_SPAN),
        };
        told_twice && self.ended_at.is_none() && Span((line.at.0 - self.told_at).abs()) <= span
    }
}

/// What a line does, and to what; `None` for most.
fn role_of(event: &Event) -> Option<(Family, Role)> {
    let (family, role) = match (event.class, event.activity) {
        (Class::Tunnel, "open") => (Family::Tunnel, Role::Opens),
        (Class::Tunnel, "close") => (Family::Tunnel, Role::Closes),
        (Class::Tunnel, "renew") => (Family::Tunnel, Role::Renews),
        (Class::Tunnel, _) => (Family::Tunnel, Role::Tells),
        (Class::Authentication, "logon") if event.outcome == Outcome::Success => (Family::Login, Role::Opens),
        (Class::Authentication, "logoff") | (Class::Session, "disconnect") => (Family::Login, Role::Closes),
        (Class::Session, "reconnect") => (Family::Login, Role::Opens),
        (Class::Session, "close" | "reset") => (Family::Login, Role::Ends),
        _ => return None,
    };
    let no_person = event.logon_type.as_deref().is_some_and(|kind| NO_PERSON.contains(&kind));
    (event.outcome != Outcome::Failure && !no_person).then_some((family, role))
}

#[cfg(test)]
mod tests;
