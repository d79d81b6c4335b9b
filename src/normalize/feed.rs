//! Fields of records: the tests on them, and the targets that they feed.

use super::path::{Path, Spot};
use super::record::Fields;
use super::slot::{Slot, Words};
use super::word::Word;
use std::sync::Arc;

/// One test of a field.
#[derive(Debug)]
pub struct Test {
    /// The field; of several the first that says something.
    pub paths: Vec<Path>,
    /// One must fit; empty = the field is there.
    pub one_of: Vec<Word>,
    /// Turned round.
    pub negated: bool,
}

impl Test {
    /// Whether the record fulfils it.
    pub fn holds(&self, fields: &Fields<'_>, spots: &[Option<Spot>]) -> bool {
        self.fits(fields, spots) != self.negated
    }

    fn fits(&self, fields: &Fields<'_>, spots: &[Option<Spot>]) -> bool {
        let accepts = |text: &str| self.one_of.is_empty() || self.one_of.iter().any(|word| word.fits(text));
        let first = match self.paths.as_slice() {
            [single] => Some(single),
            several => several.iter().find(|path| path.says_something(fields, spots)),
        };
        first.is_some_and(|path| path.any(fields, spots, &accepts))
    }
}

/// Fields that feed one target.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Where it goes.
    pub slot: Slot,
    /// Its translation.
    pub words: Option<Arc<Words>>,
    /// In order of preference.
    pub paths: Vec<Path>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_open_at_their_stars() {
        for (word, fits, fails) in [
            ("4624", &["4624"][..], &["46240", "14624", ""][..]),
            ("login*", &["LOGIN", "login.failed"], &["my login", "logi"]),
            ("*login", &["Login", "user.login"], &["login.failed", "gin"]),
            ("*login*", &["login", "x.login.y"], &["logi n", ""]),
            ("*\u{e9}*", &["caf\u{e9}s"], &["cafes"]),
        ] {
            let word = Word::new(word);
            assert!(fits.iter().all(|text| word.fits(text)), "{word:?}");
            assert!(!fails.iter().any(|text| word.fits(text)), "{word:?}");
        }
    }
}
