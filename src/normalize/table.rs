//! Files whose lines are rows of a table: what their head says of the columns (the first line of a CSV file, the
//! `#Fields:` line of a W3C log) is kept per file, and stored with what else is known of it.

use super::value::head;
use crate::limits::{FIELDS_MAX, KEY_BYTES_MAX};
use serde::{Deserialize, Serialize};

/// How the names of columns were parted, by which they are known again.
pub type Delimiter = u8;
/// In place of a delimiter: the names come from a `#Fields:` line, where they are parted by blanks or tabs.
pub const DIRECTIVE: Delimiter = 0;
/// The same, parted by commas.
pub const DIRECTIVE_OF_COMMAS: Delimiter = 1;

/// The names of a file's columns, as far as its head told them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// `auto` lets grammars with different delimiters look at one file.
    heads: Vec<(Delimiter, Vec<Box<str>>)>,
    #[serde(skip)]
    first: bool,
    #[serde(skip)]
    changed: bool,
}

impl Columns {
    /// The next line to be read is this one of the file, counted from 1; with the first a file begins anew.
    pub fn at_line(&mut self, number: u64) {
        self.first = number == 1;
        if self.first && !self.heads.is_empty() {
            self.heads.clear();
            self.changed = true;
        }
    }

    /// Whether the line is the first of its file.
    pub fn is_first_line(&self) -> bool {
        self.first
    }

    /// The names that were learned.
    pub fn names(&self, delimiter: Delimiter) -> Option<&[Box<str>]> {
        self.heads.iter().find(|(known, _)| *known == delimiter).map(|(_, names)| names.as_slice())
    }

    /// Learns names; those of the same delimiter are forgotten. Each line repeats them, so that long ones are cut.
    pub fn learn<'n>(&mut self, delimiter: Delimiter, names: impl Iterator<Item = &'n str>) {
        let names: Vec<Box<str>> =
            names.take(FIELDS_MAX).map(|name| head(name, KEY_BYTES_MAX).into()).collect();
        if self.names(delimiter) == Some(names.as_slice()) {
            return;
        }
        self.heads.retain(|(known, _)| *known != delimiter);
        self.heads.push((delimiter, names));
        self.changed = true;
    }

    /// Forgets names.
    pub fn forget(&mut self, delimiter: Delimiter) {
        let before = self.heads.len();
        self.heads.retain(|(known, _)| *known != delimiter);
        self.changed |= self.heads.len() < before;
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Whether anything changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_until_the_file_begins_anew() {
        let mut columns = Columns::default();
        columns.at_line(1);
        assert!(columns.is_first_line() && !columns.take_changed());
        columns.learn(b',', ["user", "ip"].into_iter());
        assert!(columns.take_changed());
        columns.learn(b',', ["user", "ip"].into_iter());
        assert!(!columns.take_changed());
        columns.at_line(2);
        let stored = serde_json::to_string(&columns).unwrap();
        let mut again: Columns = serde_json::from_str(&stored).unwrap();
        assert_eq!(again.names(b',').map(<[_]>::len), Some(2));
        assert_eq!(again.names(b';'), None);
        again.at_line(1);
        assert!(again.is_empty() && again.take_changed());
    }
}
