//! Who is read next: the file that was served longest ago, but no file before its older siblings.

use super::scan::{Group, Key};
use super::siblings::Age;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The files with something unread, in turn, and the order of siblings.
#[derive(Default)]
pub struct Queue {
    turn: u64,
    waiting: BTreeSet<(u64, Key)>,
    turns: BTreeMap<Key, u64>,
    ids: BTreeMap<Group, u64>,
    next_id: u64,
    groups: BTreeMap<u64, BTreeSet<(Age, Key)>>,
    places: BTreeMap<Key, (Group, u64, Age)>,
}

impl Queue {
    /// A file has something unread; it was last served at that turn.
    pub fn insert(&mut self, key: Key, served: u64) {
        let turn = *self.turns.entry(key).or_insert(served);
        self.waiting.insert((turn, key));
    }

    /// A file has nothing unread.
    pub fn remove(&mut self, key: Key) {
        if let Some(served) = self.turns.remove(&key) {
            self.waiting.remove(&(served, key));
        }
    }

    /// Whether it waits.
    pub fn contains(&self, key: Key) -> bool {
        self.turns.contains_key(&key)
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// The first one that waits, from a place in the order on.
    pub fn first_from(&self, from: (u64, Key)) -> Option<(u64, Key)> {
        self.waiting.range(from..).next().copied()
    }

    /// A file is served now, and goes to the end: the turn.
    pub fn serve(&mut self, key: Key) -> u64 {
        self.turn += 1;
        if let Some(served) = self.turns.insert(key, self.turn) {
            self.waiting.remove(&(served, key));
        }
        self.waiting.insert((self.turn, key));
        self.turn
    }

    /// A file's place among its siblings, where it is new or changed.
    pub fn place(&mut self, key: Key, group: &Group, age: Age) {
        if self.places.get(&key).is_some_and(|(old, _, at)| old == group && *at == age) {
            return;
        }
        self.leave(key);
        let next = self.next_id;
        let id = *self.ids.entry(Arc::clone(group)).or_insert(next);
        self.next_id += u64::from(id == next);
        self.groups.entry(id).or_default().insert((age.clone(), key));
        self.places.insert(key, (Arc::clone(group), id, age));
    }

    /// A file is not followed any more.
    pub fn leave(&mut self, key: Key) {
        let Some((group, id, age)) = self.places.remove(&key) else { return };
        if let Some(members) = self.groups.get_mut(&id) {
            members.remove(&(age, key));
            if members.is_empty() {
                self.groups.remove(&id);
                self.ids.remove(&group);
            }
        }
    }

    /// Its older siblings, oldest first.
    pub fn older(&self, key: Key) -> impl Iterator<Item = Key> {
        let place = self.places.get(&key);
        let members = place.and_then(|(_, id, _)| self.groups.get(id));
        let older = place.zip(members).map(|((_, _, age), members)| members.range(..(age.clone(), (0, 0))));
        older.into_iter().flatten().map(|(_, key)| *key)
    }

    /// It and its siblings, oldest first.
    pub fn siblings(&self, key: Key) -> impl Iterator<Item = Key> {
        let members = self.places.get(&key).and_then(|(_, id, _)| self.groups.get(id));
        members.into_iter().flatten().map(|(_, key)| *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;

    #[test]
    fn turns_go_round_and_siblings_stand_by_age() {
        let mut queue = Queue::default();
        let group = |n: usize| -> Group { Arc::new((n, "/d".into(), b"a".to_vec())) };
        for (n, age) in
            [Age::Live, Age::Numbered(Reverse(1)), Age::Numbered(Reverse(2))].into_iter().enumerate()
        {
            queue.place((0, n as u64), &group(0), age);
            queue.insert((0, n as u64), 0);
        }
        queue.place((0, 9), &group(1), Age::Live);
        assert_eq!(queue.older((0, 0)).collect::<Vec<_>>(), [(0, 2), (0, 1)]);
        assert_eq!(queue.older((0, 9)).count() + queue.older((0, 2)).count(), 0);
        assert_eq!(queue.siblings((0, 1)).count(), 3);
        let turn = queue.serve((0, 0));
        assert_eq!(queue.first_from((0, (0, 0))), Some((0, (0, 1))));
        assert_eq!(queue.first_from((turn, (0, 0))), Some((turn, (0, 0))));
        for n in 0..3 {
            queue.remove((0, n));
            queue.leave((0, n));
        }
        assert!(queue.is_empty() && queue.groups.len() == 1 && queue.ids.len() == 1);
    }
}
