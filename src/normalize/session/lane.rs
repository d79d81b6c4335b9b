//! The sessions of one source: by the id of the event that opened them, by their keys, by their last use.

use super::Session;
use crate::limits::SESSIONS_ENDED_MAX;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions of one key that are looked at: more have the same name only where that is no name.
const LOOKS_MAX: usize = 16;

/// The sessions of one source.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    sessions: BTreeMap<u64, Session>,
    /// (key, session).
    keys: BTreeSet<(u64, u64)>,
    /// (last event, session).
    used: BTreeSet<(u64, u64)>,
    /// The same of those that are over.
    ended: BTreeSet<(u64, u64)>,
}

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
        let ids = self.keys.range((key, 0)..=(key, u64::MAX)).rev().take(LOOKS_MAX);
        ids.filter_map(|(_, id)| Some((*id, self.sessions.get(id)?)))
    }

    /// The one that was longest not heard of.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.used.first().map(|(_, id)| *id)
    }

    /// The first to have ended, where too many that are over are remembered.
    pub(super) fn first_ended_too_many(&self) -> Option<u64> {
        self.ended.first().filter(|_| self.ended.len() > SESSIONS_ENDED_MAX).map(|(_, id)| *id)
    }

    /// Remembers a session; false where one of this id was known.
    pub(super) fn insert(&mut self, id: u64, session: Session) -> bool {
        let known = self.remove(id).is_some();
        self.keys.extend(session.facts.keys(session.family).map(|(_, key)| (key, id)));
        self.used.insert((session.used, id));
        if session.ended_at.is_some() {
            self.ended.insert((session.used, id));
        }
        self.sessions.insert(id, session);
        !known
    }

    /// Forgets a session.
    pub(super) fn remove(&mut self, id: u64) -> Option<Session> {
        let session = self.sessions.remove(&id)?;
        for (_, key) in session.facts.keys(session.family) {
            self.keys.remove(&(key, id));
        }
        self.used.remove(&(session.used, id));
        self.ended.remove(&(session.used, id));
        Some(session)
    }
}
