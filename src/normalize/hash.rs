//! Hashes of what lines say, so that no name has to be remembered, and maps that are looked up by them.

#[expect(clippy::disallowed_types, reason = "the map below is looked up, never iterated")]
use std::collections::HashMap;
#[expect(clippy::disallowed_types, reason = "where an entry lies in a map is nowhere seen")]
use std::hash::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

/// Odd constants without a pattern: digits of pi.
const FIRST: u64 = 0x243f_6a88_85a3_08d3;
const SECOND: u64 = 0x1319_8a2e_0370_7345;
/// Names up to this length are put in lower case without allocation.
const NAME_BYTES: usize = 64;

/// Multiplies to 128 bits and folds the halves together (the step of wyhash, Wang Yi 2019).
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    // The halves are what is wanted.
    (product as u64) ^ ((product >> 64) as u64)
}

/// A hash of parts, each with its length, so that `ab`, `c` is not `a`, `bc`. The same on every machine and at every
/// start: it is stored. Never 0. What is hashed is only compared inside one connection or session, so a made collision
/// joins nothing but the lines of its maker.
pub(super) fn hash(parts: &[&[u8]]) -> u64 {
    let mut state = FIRST;
    for part in parts {
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            state = fold(state ^ u64::from_le_bytes(*word), SECOND);
        }
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        state = fold(state ^ u64::from_le_bytes(last), SECOND);
        state = fold(state ^ part.len() as u64, FIRST);
    }
    state.max(1)
}

/// The hash of a key, whatever its ASCII case.
pub(super) fn hash_of_key(key: &str) -> u64 {
    let mut lower = [0; NAME_BYTES];
    match lower.get_mut(..key.len()) {
        Some(lower) => {
            lower.copy_from_slice(key.as_bytes());
            lower.make_ascii_lowercase();
            hash(&[lower])
        }
        None => hash(&[key.to_ascii_lowercase().as_bytes()]),
    }
}

/// The hash of a name, whatever its case.
pub(super) fn hash_of_name(name: &str) -> u64 {
    if name.is_ascii() { hash_of_key(name) } else { hash(&[name.to_lowercase().as_bytes()]) }
}

pub(super) fn hash_of_address(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => hash(&[&v4.octets()]),
        IpAddr::V6(v6) => hash(&[&v6.octets()]),
    }
}

/// A map by ids and hashes. It is looked up, never iterated: its order is nowhere seen.
#[expect(clippy::disallowed_types, reason = "looked up, never iterated")]
pub(super) type Lookup<V> = HashMap<u64, V, Seeded>;

/// Spreads numbers over a map in another way at each start, so that nobody can choose names that fall together in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeded(u64);

impl Default for Seeded {
    #[expect(clippy::disallowed_types, reason = "where an entry lies in a map is nowhere seen")]
    fn default() -> Seeded {
        Seeded(RandomState::new().build_hasher().finish())
    }
}

impl BuildHasher for Seeded {
    type Hasher = Spread;
    fn build_hasher(&self) -> Spread {
        Spread(self.0)
    }
}

/// The hash of one number.
#[derive(Debug)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(&[&self.0.to_le_bytes(), bytes]);
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = fold(self.0 ^ number, SECOND);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_parts_and_stays_the_same() {
        let parts = |parts: &[&str]| hash(&parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>());
        assert_ne!(parts(&["ab", "c"]), parts(&["a", "bc"]));
        assert_ne!(parts(&["a"]), parts(&["a", ""]));
        assert_ne!(parts(&["12345678"]), parts(&["12345678\0"]));
        // Stored states hold it: another value forgets them, which takes a new shape of theirs.
        assert_eq!(parts(&["gw", "sshd 4711"]), 3_421_793_892_854_852_793);
    }

    #[test]
    fn a_name_is_the_same_in_any_case_and_length() {
        let long = "Stra\u{df}e".repeat(20);
        for name in ["Ana", "M\u{dc}LLER", "", long.as_str(), &"X".repeat(200)] {
            assert_eq!(hash_of_name(name), hash_of_name(&name.to_lowercase()));
        }
        assert_ne!(hash_of_name("ana"), hash_of_name("anb"));
    }
}
