//! Where a value goes, and how its words are translated on the way.

use super::column::Column;
use super::spec::Target;
use std::collections::BTreeMap;

/// Where a value goes, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A column.
    Column(Column),
    /// A key of `extra`.
    Extra(Box<str>),
}

impl Slot {
    /// Of a capture's name, which may end in `__2` and the like.
    pub fn of_capture(name: &str) -> Slot {
        let bare = match name.rsplit_once("__") {
            Some((bare, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => bare,
            _ => name,
        };
        Column::from_name(bare).map_or_else(|| Slot::Extra(bare.into()), Slot::Column)
    }

    /// Of a target; the column's name when there is no such column.
    ///
    /// # Errors
    /// The unknown name.
    pub fn of_target(target: &Target) -> Result<Slot, &str> {
        match target {
            Target::Column(name) => Column::from_name(name).map(Slot::Column).ok_or(name),
            Target::Extra(key) => Ok(Slot::Extra(key.as_str().into())),
        }
    }
}

/// Words and what they are translated to.
#[derive(Debug, Default)]
pub struct Words {
    /// Replacements by word, in lower case.
    known: BTreeMap<Box<str>, Box<str>>,
    /// For any other word.
    other: Option<Box<str>>,
}

/// Words up to this length are looked up without allocation.
const WORD_BYTES: usize = 64;

impl Words {
    /// From the spec's pairs; of a word that stands twice the first counts.
    pub fn new(pairs: &[(String, String)]) -> Words {
        let other = pairs.iter().find(|(word, _)| word == "*").map(|(_, to)| to.as_str().into());
        let mut known = BTreeMap::new();
        for (word, to) in pairs.iter().filter(|(word, _)| word != "*") {
            known.entry(word.to_ascii_lowercase().into()).or_insert_with(|| to.as_str().into());
        }
        Words { known, other }
    }

    /// The replacement (ASCII case ignored); the word itself where none is given.
    pub fn translate<'w>(&'w self, word: &'w str) -> &'w str {
        self.known(word).or(self.other.as_deref()).unwrap_or(word)
    }

    /// Whether the word itself has a replacement, not only any other word.
    pub fn knows(&self, word: &str) -> bool {
        self.known(word).is_some()
    }

    fn known(&self, word: &str) -> Option<&str> {
        let said = word.trim();
        let mut lower = [0; WORD_BYTES];
        let found = match lower.get_mut(..said.len()) {
            Some(lower) => {
                lower.copy_from_slice(said.as_bytes());
                lower.make_ascii_lowercase();
                std::str::from_utf8(lower).ok().and_then(|lower| self.known.get(lower))
            }
            None => self.known.get(said.to_ascii_lowercase().as_str()),
        };
        found.map(AsRef::as_ref)
    }
}
