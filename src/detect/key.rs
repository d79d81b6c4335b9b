//! What a group is called.

use std::sync::Arc;

/// The key of a group: its values in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The values, joined.
    pub text: Arc<str>,
}

impl Key {
    /// Of joined values.
    pub fn new(text: Arc<str>) -> Key {
        Key { text }
    }
}

/// The same for the same key on every machine: it is stored.
pub fn fingerprint(key: &str) -> u32 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let hash = key.as_bytes().chunks(8).fold(key.len() as u64, |hash, chunk| {
        let mut word = [0; 8];
        word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        mix(hash, u64::from_le_bytes(word))
    });
    (hash >> 32) as u32
}
