//! Fields of records: the tests on them, and the targets that they feed.

use super::form::{Slot, Words};
use super::path::{Path, Spot};
use super::record::Fields;
use std::sync::Arc;

/// A word that a test looks for.
#[derive(Debug)]
pub struct Word {
    text: Box<str>,
    any_start: bool,
    any_end: bool,
}

impl Word {
    /// As written, with `*` at its ends for whatever else.
    pub fn new(written: &str) -> Word {
        let (text, any_end) = written.strip_suffix('*').map_or((written, false), |text| (text, true));
        let (text, any_start) = text.strip_prefix('*').map_or((text, false), |text| (text, true));
        Word { text: text.into(), any_start, any_end }
    }

    /// Whether a text is what was written.
    pub fn fits(&self, text: &str) -> bool {
        let (word, text) = (self.text.as_bytes(), text.as_bytes());
        let same = |part: Option<&[u8]>| part.is_some_and(|part| part.eq_ignore_ascii_case(word));
        let rest = text.len().checked_sub(word.len());
        match (self.any_start, self.any_end) {
            (false, false) => same(Some(text)),
            (false, true) => same(text.get(..word.len())),
            (true, false) => same(rest.and_then(|at| text.get(at..))),
            (true, true) => word.is_empty() || text.windows(word.len()).any(|part| same(Some(part))),
        }
    }
}

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
