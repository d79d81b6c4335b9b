//! The attempts of one source, oldest first, and where those of a connection stand: each line looks only at
//! its own connection's.

use super::{ATTEMPTS_MAX, Attempt, SUMMARY_SPAN};
use crate::normalize::hash::Lookup;
use std::collections::VecDeque;

/// The attempts of one source.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// Each with the number of the attempt before it on the same connection.
    attempts: VecDeque<(Attempt, Option<u64>)>,
    /// Number of the oldest; they are counted on.
    first: u64,
    /// Per connection, the number of its newest.
    newest: Lookup<u64>,
}

/// What is remembered counts, not how it was numbered.
impl PartialEq for Lane {
    fn eq(&self, other: &Lane) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Lane {}

impl Lane {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.attempts.len()
    }

    /// All, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().map(|(attempt, _)| attempt)
    }

    /// The newest attempt of a connection of which something holds.
    pub(super) fn find(&mut self, connection: u64, holds: impl Fn(&Attempt) -> bool) -> Option<&mut Attempt> {
        let mut number = self.newest.get(&connection).copied();
        let at = loop {
            let at = self.place(number?)?;
            let (attempt, before) = self.attempts.get(at)?;
            if holds(attempt) {
                break at;
            }
            number = *before;
        };
        self.attempts.get_mut(at).map(|(attempt, _)| attempt)
    }

    /// Looks at all attempts of a connection, newest first.
    pub(super) fn each(&mut self, connection: u64, mut see: impl FnMut(&mut Attempt)) {
        let mut number = self.newest.get(&connection).copied();
        while let Some((attempt, before)) =
            number.and_then(|number| self.place(number)).and_then(|at| self.attempts.get_mut(at))
        {
            see(attempt);
            number = *before;
        }
    }

    /// Remembers an attempt and forgets those that are too many or too old.
    pub(super) fn remember(&mut self, new: Attempt) {
        while self.attempts.front().is_some_and(|(old, _)| {
            self.attempts.len() >= ATTEMPTS_MAX || new.last_at - old.last_at > SUMMARY_SPAN
        }) {
            self.forget_oldest();
        }
        self.push(new);
    }

    /// Puts an attempt behind the others.
    pub(super) fn push(&mut self, new: Attempt) {
        let number = self.first + self.attempts.len() as u64;
        let before = self.newest.insert(new.connection, number);
        self.attempts.push_back((new, before));
    }

    fn forget_oldest(&mut self) {
        if let Some((old, _)) = self.attempts.pop_front() {
            if self.newest.get(&old.connection) == Some(&self.first) {
                self.newest.remove(&old.connection);
            }
            self.first += 1;
        }
    }

    /// Where a number stands; `None` when it is forgotten.
    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }
}
