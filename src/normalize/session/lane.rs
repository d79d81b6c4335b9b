//! The sessions of one source: by the id of the event that opened them, by their keys, by their last use.

use super::Session;
use super::facts::Keys;
use crate::limits::SESSIONS_ENDED_MAX;
use crate::normalize::hash::Lookup;
use std::collections::VecDeque;

/// Sessions of one key that are looked at: more have the same name only where that is no name.
const LOOKS_MAX: usize = 16;
/// So many places of a queue that are no longer true are let be, and as many as there are sessions.
const STALE_MIN: usize = 64;

/// The sessions of one source.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    sessions: Lookup<Session>,
    /// Sessions by key, oldest first.
    keys: Lookup<Ids>,
    used: Queue,
    /// Those that are over, and how many.
    ended: Queue,
    ended_count: usize,
}

/// Nearly every key names one session.
#[derive(Clone, Debug)]
enum Ids {
    One(u64),
    #[expect(clippy::box_collection, reason = "the many entries with one id stay small")]
    Many(Box<Vec<u64>>),
}

/// (last event, session), rising. A session that was spoken of again stands in it twice; only its last use counts.
#[derive(Clone, Debug, Default)]
struct Queue(VecDeque<(u64, u64)>);

impl Lane {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// One session.
    pub(super) fn get(&self, id: u64) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// The sessions of a key, newest first.
    pub(super) fn newest(&self, key: u64) -> impl Iterator<Item = (u64, &Session)> {
        let ids = self.keys.get(&key).map_or(&[][..], Ids::all).iter().rev().take(LOOKS_MAX);
        ids.filter_map(|id| Some((*id, self.sessions.get(id)?)))
    }

    /// The one that was longest not heard of.
    pub(super) fn oldest(&mut self) -> Option<u64> {
        self.used.first(|used, id| self.sessions.get(&id).is_some_and(|session| session.used == used))
    }

    /// The first to have ended, where too many that are over are remembered.
    pub(super) fn first_ended_too_many(&mut self) -> Option<u64> {
        if self.ended_count <= SESSIONS_ENDED_MAX {
            return None;
        }
        let over = |session: &Session, used| session.used == used && session.ended_at.is_some();
        self.ended.first(|used, id| self.sessions.get(&id).is_some_and(|session| over(session, used)))
    }

    /// Remembers a session; false where one of this id was known.
    pub(super) fn insert(&mut self, id: u64, session: Session) -> bool {
        let known = self.remove(id).is_some();
        self.name(id, &session.facts.keys(session.family));
        let (used, is_over) = (session.used, session.ended_at.is_some());
        self.sessions.insert(id, session);
        self.heard(id, used, is_over);
        !known
    }

    /// Changes a session, as the event `used` tells; its line number.
    pub(super) fn change(&mut self, id: u64, used: u64, change: impl FnOnce(&mut Session)) -> Option<u64> {
        let session = self.sessions.get_mut(&id)?;
        let (before, was_over) = (session.facts, session.ended_at.is_some());
        change(session);
        session.used = used;
        let (line, family, after) = (session.line, session.family, session.facts);
        let is_over = session.ended_at.is_some();
        self.ended_count -= usize::from(was_over);
        if before != after {
            self.unname(id, &before.keys(family));
            self.name(id, &after.keys(family));
        }
        self.heard(id, used, is_over);
        Some(line)
    }

    /// Forgets a session.
    pub(super) fn remove(&mut self, id: u64) -> Option<Session> {
        let session = self.sessions.remove(&id)?;
        self.unname(id, &session.facts.keys(session.family));
        self.ended_count -= usize::from(session.ended_at.is_some());
        Some(session)
    }

    fn name(&mut self, id: u64, keys: &Keys) {
        for (_, key) in keys.iter().flatten() {
            self.keys.entry(*key).and_modify(|ids| ids.add(id)).or_insert(Ids::One(id));
        }
    }

    fn unname(&mut self, id: u64, keys: &Keys) {
        for (_, key) in keys.iter().flatten() {
            if self.keys.get_mut(key).is_some_and(|ids| ids.remove(id)) {
                self.keys.remove(key);
            }
        }
    }

    /// A session was spoken of.
    fn heard(&mut self, id: u64, used: u64, is_over: bool) {
        let sessions = &self.sessions;
        self.used.add(used, id, sessions.len(), |used, id| {
            sessions.get(&id).is_some_and(|session| session.used == used)
        });
        if is_over {
            self.ended_count += 1;
            self.ended.add(used, id, self.ended_count, |used, id| {
                sessions.get(&id).is_some_and(|session| session.used == used && session.ended_at.is_some())
            });
        }
    }
}

impl Ids {
    fn all(&self) -> &[u64] {
        match self {
            Ids::One(id) => std::slice::from_ref(id),
            Ids::Many(ids) => ids,
        }
    }

    fn add(&mut self, id: u64) {
        match self {
            Ids::One(known) => {
                let known = *known;
                if known != id {
                    *self = Ids::Many(Box::new(vec![known.min(id), known.max(id)]));
                }
            }
            Ids::Many(ids) => {
                if let Err(at) = ids.binary_search(&id) {
                    ids.insert(at, id);
                }
            }
        }
    }

    /// True when none is left.
    fn remove(&mut self, id: u64) -> bool {
        match self {
            Ids::One(known) => *known == id,
            Ids::Many(ids) => {
                if let Ok(at) = ids.binary_search(&id) {
                    ids.remove(at);
                }
                ids.is_empty()
            }
        }
    }
}

impl Queue {
    /// Adds a use; what is not `live` any more goes when there is too much of it.
    fn add(&mut self, used: u64, id: u64, count: usize, live: impl Fn(u64, u64) -> bool) {
        if self.0.len() > 2 * count + STALE_MIN {
            self.0.retain(|(used, id)| live(*used, *id));
        }
        // Events come with rising ids; only what is restored comes otherwise.
        if self.0.back().is_none_or(|last| *last <= (used, id)) {
            self.0.push_back((used, id));
        } else {
            let at = self.0.partition_point(|place| *place < (used, id));
            self.0.insert(at, (used, id));
        }
    }

    /// The first that is `live`.
    fn first(&mut self, live: impl Fn(u64, u64) -> bool) -> Option<u64> {
        while let Some((used, id)) = self.0.front().copied() {
            if live(used, id) {
                return Some(id);
            }
            self.0.pop_front();
        }
        None
    }
}
