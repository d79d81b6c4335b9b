//! A map from texts to small lists of numbers, made once and asked for each event. Its keys come from rules; what
//! events hold is only looked up, so nobody can fill it.

use std::collections::BTreeMap;

/// Texts, each with its numbers.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// Open addressing: position in `entries` and one, 0 = free. At most half full.
    slots: Box<[u32]>,
    entries: Box<[Entry]>,
}

type Entry = (Box<str>, Box<[u32]>);

impl Lookup {
    /// Makes a map. Keys that differ in the case of ASCII letters only are slow in numbers.
    pub fn new(texts: BTreeMap<Box<str>, Vec<u32>>) -> Lookup {
        if texts.is_empty() {
            return Lookup::default();
        }
        let entries: Box<[_]> = texts.into_iter().map(|(text, numbers)| (text, numbers.into())).collect();
        let mut slots = vec![0; (entries.len() * 2).next_power_of_two()];
        for (number, (text, _)) in (1..).zip(&entries) {
            let mut at = hash(text.as_bytes()) as usize % slots.len();
            while slots[at] != 0 {
                at = (at + 1) % slots.len();
            }
            slots[at] = number;
        }
        Lookup { slots: slots.into(), entries }
    }

    /// The numbers of a text; none when it is not there.
    pub fn get(&self, text: &str) -> &[u32] {
        self.find(text, |key| key == text)
    }

    /// The same where the case of ASCII letters does not matter, for keys that are in lower case.
    pub fn get_any_case(&self, text: &str) -> &[u32] {
        self.find(text, |key| key.eq_ignore_ascii_case(text))
    }

    fn find(&self, text: &str, same: impl Fn(&str) -> bool) -> &[u32] {
        if self.slots.is_empty() {
            return &[];
        }
        let mask = self.slots.len() - 1;
        let mut at = hash(text.as_bytes()) as usize & mask;
        while let Some(number @ 1..) = self.slots.get(at) {
            match self.entries.get(*number as usize - 1) {
                Some((key, numbers)) if same(key) => return numbers,
                _ => at = (at + 1) & mask,
            }
        }
        &[]
    }
}

/// Eight bytes at a time; letters hash alike in both cases.
fn hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |word: u64| word | 0x2020_2020_2020_2020;
    let mut hash = bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = (hash.rotate_left(23) ^ fold(u64::from_le_bytes(*word))).wrapping_mul(FACTOR);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = (hash.rotate_left(23) ^ fold(u64::from_le_bytes(last))).wrapping_mul(FACTOR);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_is_found_and_nothing_else() {
        let key = |n: u32| format!("{}key-{n}", "long ".repeat(n as usize % 4));
        let map = Lookup::new((0..1_000).map(|n| (key(n).into(), vec![n, n + 1])).collect());
        for n in 0..1_000 {
            assert_eq!(map.get(&key(n)), [n, n + 1]);
            assert_eq!(map.get_any_case(&key(n).to_uppercase()), [n, n + 1]);
            assert!(map.get(&key(n).to_uppercase()).is_empty() && map.get(&key(n + 1_000)).is_empty());
        }
        assert!(Lookup::default().get("").is_empty() && map.get("").is_empty());
    }
}
