//! Fields of records: the paths that a grammar asks for, the tests on them, and the targets that they feed.

use super::form::{Slot, Words};
use super::record::{Field, Fields};
use super::value::is_null;
use std::borrow::Cow;
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
    pub fn holds(&self, fields: &Fields<'_>, slots: &[Option<usize>]) -> bool {
        self.fits(fields, slots) != self.negated
    }

    fn fits(&self, fields: &Fields<'_>, slots: &[Option<usize>]) -> bool {
        let single = self.paths.len() == 1;
        for path in &self.paths {
            if !path.more.is_empty() {
                match path.text(fields, slots) {
                    Some(text) if !is_null(text.trim()) => return self.accepts(&text),
                    _ => continue,
                }
            }
            let first = slots.get(path.first).copied().flatten();
            let Some((at, field)) = first.and_then(|at| Some((at, fields.items.get(at)?))) else { continue };
            if single || field.value.any(&|text| !is_null(text.trim())) {
                return self.some_field_fits(fields, field, at);
            }
        }
        false
    }

    fn some_field_fits(&self, fields: &Fields<'_>, field: &Field<'_>, at: usize) -> bool {
        let fits = |field: &Field<'_>| field.value.any(&|text| self.accepts(text));
        if fits(field) {
            return true;
        }
        // The other members of an array of objects have the same key.
        let rest = fields.items.get(at + 1..).unwrap_or(&[]);
        let same =
            |other: &&Field<'_>| fields.indexed(other).is_some() && fields.key(other) == fields.key(field);
        fields.indexed(field).is_some() && rest.iter().filter(same).any(fits)
    }

    fn accepts(&self, text: &str) -> bool {
        self.one_of.is_empty() || self.one_of.iter().any(|word| word.fits(text))
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

/// One field, or several joined by blanks; by their numbers in [`Wanted`].
#[derive(Clone, Debug)]
pub struct Path {
    /// The first.
    pub first: usize,
    /// Those that follow.
    pub more: Vec<usize>,
}

impl Path {
    /// As a grammar file writes it, `+` between those that are joined.
    pub fn new(written: &str, wanted: &Wanted) -> Option<Path> {
        let mut parts = written.split('+').filter_map(|part| wanted.number(part));
        Some(Path { first: parts.next()?, more: parts.collect() })
    }

    /// What the record says there; `None` where a field of it is missing.
    pub fn text<'a>(&self, fields: &Fields<'a>, slots: &[Option<usize>]) -> Option<Cow<'a, str>> {
        let item = |number: usize| fields.items.get(slots.get(number).copied().flatten()?);
        let first = item(self.first)?;
        let mut text = first.value.text().unwrap_or_default();
        for number in &self.more {
            let more = item(*number)?.value.text().unwrap_or_default();
            text = Cow::Owned(format!("{text} {more}"));
        }
        Some(text)
    }

    /// The numbers of its fields in the record.
    pub fn items<'p>(&'p self, slots: &'p [Option<usize>]) -> impl Iterator<Item = usize> + 'p {
        let numbers = std::iter::once(&self.first).chain(&self.more);
        numbers.filter_map(|number| slots.get(*number).copied().flatten())
    }
}

/// All paths that a grammar asks for, numbered, so that each field of a record is looked up once.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Lower case, sorted by length and bytes.
    paths: Vec<Box<str>>,
    /// For each length the number of the first path that is at least so long.
    by_length: Vec<usize>,
    /// What keys may begin with, with the dot behind it.
    roots: Vec<Box<str>>,
}

impl Wanted {
    /// Of these paths, perhaps below these roots.
    pub fn new<'s>(paths: impl Iterator<Item = &'s str>, roots: &[String]) -> Wanted {
        let mut paths: Vec<Box<str>> = paths.map(|path| path.to_ascii_lowercase().into()).collect();
        paths.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        paths.dedup();
        let longest = paths.last().map_or(0, |path| path.len());
        let first_of = |length| paths.partition_point(|path| path.len() < length);
        let by_length = (0..=longest + 1).map(first_of).collect();
        Wanted { paths, by_length, roots: roots.iter().map(|root| format!("{root}.").into()).collect() }
    }

    /// The number of a path.
    pub fn number(&self, path: &str) -> Option<usize> {
        let start = *self.by_length.get(path.len())?;
        let end = *self.by_length.get(path.len() + 1)?;
        let same_length = self.paths.get(start..end)?;
        same_length.iter().position(|known| known.eq_ignore_ascii_case(path)).map(|at| start + at)
    }

    /// For each path the field that has it: the bare key before those below a root, earlier roots before later
    /// ones, then the first in the record.
    pub fn find(&self, fields: &Fields<'_>) -> Vec<Option<usize>> {
        let mut found: Vec<Option<usize>> = vec![None; self.paths.len()];
        let mut ranks = vec![usize::MAX; if self.roots.is_empty() { 0 } else { self.paths.len() }];
        for (at, field) in fields.items.iter().enumerate() {
            for key in [Some(fields.key(field)), fields.indexed(field)].into_iter().flatten() {
                if let Some(number) = self.number(key)
                    && let Some(place) = found.get_mut(number)
                {
                    let better = ranks.get_mut(number).is_some_and(|rank| std::mem::take(rank) > 0);
                    if place.is_none() || better {
                        *place = Some(at);
                    }
                }
                for (number, rank) in self.below_roots(key) {
                    if let (Some(place), Some(old)) = (found.get_mut(number), ranks.get_mut(number))
                        && rank < *old
                    {
                        *place = Some(at);
                        *old = rank;
                    }
                }
            }
        }
        found
    }

    /// The paths that a key stands for behind a root, with the root's rank.
    fn below_roots<'w>(&'w self, key: &'w str) -> impl Iterator<Item = (usize, usize)> + 'w {
        self.roots.iter().zip(1..).filter_map(move |(root, rank)| {
            let head = key.get(..root.len())?;
            let rest = key.get(root.len()..).filter(|_| head.eq_ignore_ascii_case(root))?;
            Some((self.number(rest)?, rank))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::json;

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

    #[test]
    fn a_bare_key_wins_over_roots_and_earlier_roots_over_later() {
        let roots = ["data".to_owned(), "Event.EventData".to_owned()];
        let wanted = Wanted::new(["user", "ip", "id"].into_iter(), &roots);
        let line = r#"{"event":{"eventdata":{"User":"c","ip":"c","id":"c"}},"data":{"user":"b","ip":"b"},"USER":"a","user":"z"}"#;
        let fields = json::read(line).unwrap();
        let slots = wanted.find(&fields);
        let text = |path: &str| Path::new(path, &wanted).unwrap().text(&fields, &slots).unwrap();
        assert_eq!((text("user"), text("ip"), text("id")), ("a".into(), "b".into(), "c".into()));
    }
}
