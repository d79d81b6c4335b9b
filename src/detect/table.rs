//! Groups by their key. A place, once given, stays the group's until it is removed, so that pages can name groups by
//! four bytes; a search costs one look at a small table and one at the group, with 200,000 groups as with ten.

use super::window::Group;
use std::collections::BTreeSet;
#[expect(
    clippy::disallowed_types,
    reason = "hashes keys so that nobody can choose what collides; never iterated"
)]
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Groups of one chunk; a chunk without any gives its memory back.
const CHUNK: usize = 512;
/// Smallest table of places.
const INDEX_MIN: usize = 16;

/// The groups of one rule.
#[derive(Debug, Default)]
pub struct Table {
    chunks: Vec<Chunk>,
    /// Free places below the end of the chunks; the lowest is given first.
    free: BTreeSet<u32>,
    /// Places by hash, each with one added; 0 = none. Never more than three quarters full.
    index: Vec<u32>,
    len: usize,
    #[expect(clippy::disallowed_types, reason = "as above")]
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Chunk {
    groups: Vec<Option<Group>>,
    used: usize,
}

impl Table {
    /// How many groups it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    fn hash(&self, key: &str) -> u32 {
        self.hasher.hash_one(key) as u32
    }

    /// The place of a key.
    pub fn find(&self, key: &str) -> Option<u32> {
        if self.index.is_empty() {
            return None;
        }
        let (hash, mask) = (self.hash(key), self.index.len() - 1);
        let mut at = hash as usize & mask;
        loop {
            let place = self.index.get(at)?.checked_sub(1)?;
            if self.get(place).is_some_and(|group| group.hash == hash && group.is_of(key)) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }

    /// A group by its place.
    pub fn get(&self, place: u32) -> Option<&Group> {
        let place = place as usize;
        self.chunks.get(place / CHUNK)?.groups.get(place % CHUNK)?.as_ref()
    }

    /// A group by its place, for change.
    pub fn get_mut(&mut self, place: u32) -> Option<&mut Group> {
        let place = place as usize;
        self.chunks.get_mut(place / CHUNK)?.groups.get_mut(place % CHUNK)?.as_mut()
    }

    /// Makes an empty group for a key that has none.
    pub fn insert(&mut self, key: &str) -> u32 {
        if (self.len + 1) * 4 > self.index.len() * 3 {
            self.resize((self.index.len() * 2).max(INDEX_MIN));
        }
        let place = self.free.pop_first().unwrap_or_else(|| {
            let place = self.chunks.len() * CHUNK;
            let first = u32::try_from(place).unwrap_or(u32::MAX);
            self.chunks.push(Chunk::default());
            self.free.extend((1..).take(CHUNK - 1).map(|n| first + n));
            first
        });
        let hash = self.hash(key);
        let chunk = &mut self.chunks[place as usize / CHUNK];
        if chunk.groups.is_empty() {
            chunk.groups.resize_with(CHUNK, || None);
        }
        chunk.groups[place as usize % CHUNK] = Some(Group::new(key, hash));
        chunk.used += 1;
        self.len += 1;
        self.enter(hash, place);
        place
    }

    fn enter(&mut self, hash: u32, place: u32) {
        let mask = self.index.len() - 1;
        let mut at = hash as usize & mask;
        while self.index[at] != 0 {
            at = (at + 1) & mask;
        }
        self.index[at] = place + 1;
    }

    fn resize(&mut self, size: usize) {
        self.index = vec![0; size];
        for chunk in 0..self.chunks.len() {
            for n in 0..self.chunks[chunk].groups.len() {
                if let Some(hash) = self.chunks[chunk].groups[n].as_ref().map(|group| group.hash) {
                    self.enter(hash, u32::try_from(chunk * CHUNK + n).unwrap_or(u32::MAX));
                }
            }
        }
    }

    /// Takes a group out.
    pub fn remove(&mut self, place: u32) -> Option<Group> {
        let at = place as usize;
        let chunk = self.chunks.get_mut(at / CHUNK)?;
        let group = chunk.groups.get_mut(at % CHUNK)?.take()?;
        chunk.used -= 1;
        if chunk.used == 0 {
            chunk.groups = Vec::new();
        }
        self.free.insert(place);
        self.len -= 1;
        self.leave(group.hash, place);
        if self.len == 0 {
            (self.chunks, self.free, self.index) = Default::default();
        } else if self.index.len() > INDEX_MIN * 4 && self.len * 8 < self.index.len() {
            self.resize(self.index.len() / 4);
        }
        Some(group)
    }

    /// Takes a place out of the index; those behind it that could not stand nearer to their own move up.
    fn leave(&mut self, hash: u32, place: u32) {
        let mask = self.index.len() - 1;
        let mut hole = hash as usize & mask;
        while self.index[hole] != place + 1 {
            if self.index[hole] == 0 {
                return;
            }
            hole = (hole + 1) & mask;
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(next) = self.index[at].checked_sub(1) else { break };
            let home = self.get(next).map_or(at, |group| group.hash as usize & mask);
            // How far it stands from its own place, and how far the hole is behind it.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.index[hole] = next + 1;
                hole = at;
            }
        }
        self.index[hole] = 0;
    }

    /// The places of all groups.
    pub fn places(&self) -> Vec<u32> {
        let of = |(n, chunk): (usize, &Chunk)| {
            let all = chunk.groups.iter().enumerate().filter(|(_, group)| group.is_some());
            all.filter_map(|(at, _)| u32::try_from(n * CHUNK + at).ok()).collect::<Vec<_>>()
        };
        self.chunks.iter().enumerate().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(steps in proptest::collection::vec((0u16..700, any::<bool>()), 0..3_000)) {
            let (mut table, mut map) = (Table::default(), BTreeMap::new());
            for (key, put) in steps {
                let key = format!("user{key}");
                match (put, table.find(&key)) {
                    (true, None) => drop(map.insert(key.clone(), table.insert(&key))),
                    (false, Some(place)) => {
                        prop_assert_eq!(table.remove(place).map(|g| g.key().to_owned()), Some(key.clone()));
                        map.remove(&key);
                    }
                    _ => {}
                }
                prop_assert_eq!(table.find(&key), map.get(&key).copied());
            }
            prop_assert_eq!(table.len(), map.len());
            for (key, place) in &map {
                prop_assert_eq!(table.find(key), Some(*place));
            }
            let mut places: Vec<u32> = map.into_values().collect();
            places.sort_unstable();
            prop_assert_eq!(table.places(), places);
        }
    }
}
