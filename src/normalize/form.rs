//! Compiled pieces of a grammar: message forms, the search that picks them, tests and feeds of fields.

use super::column::Column;
use super::record::{Field, Fields};
use super::spec::{AttemptRole, Condition, Target};
use crate::schema::{Class, Outcome};
use aho_corasick::AhoCorasick;
use regex::bytes::{CaptureLocations, Regex};
use std::cmp::Ordering;
use std::sync::Arc;

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
    /// (word, replacement).
    pub pairs: Vec<(Box<str>, Box<str>)>,
    /// For any other word.
    pub other: Option<Box<str>>,
}

impl Words {
    /// From the spec's pairs.
    pub fn new(pairs: &[(String, String)]) -> Words {
        let other = pairs.iter().find(|(word, _)| word == "*").map(|(_, to)| to.as_str().into());
        let listed = pairs.iter().filter(|(word, _)| word != "*");
        Words { pairs: listed.map(|(word, to)| (word.as_str().into(), to.as_str().into())).collect(), other }
    }

    /// The replacement; the word itself where none is given.
    pub fn translate<'w>(&'w self, word: &'w str) -> &'w str {
        let found = self.pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(word.trim()));
        found.map(|(_, to)| to).or(self.other.as_ref()).map_or(word, |to| to)
    }
}

/// One named group of a pattern.
#[derive(Debug)]
pub struct Capture {
    /// Number of the group.
    pub group: usize,
    /// Where it goes.
    pub slot: Slot,
    /// Its translation.
    pub words: Option<Arc<Words>>,
}

/// One test of a field.
#[derive(Debug)]
pub struct Test {
    /// Number of the path in [`Wanted`].
    pub path: usize,
    /// Lower case; a `*` at the end was cut and is told by the flag.
    pub one_of: Vec<(Box<str>, bool)>,
    /// Turned round.
    pub negated: bool,
}

impl Test {
    /// Compiles a condition.
    pub fn new(condition: &Condition, wanted: &Wanted) -> Option<Test> {
        let word = |text: &String| match text.strip_suffix('*') {
            Some(head) => (head.to_ascii_lowercase().into(), true),
            None => (text.to_ascii_lowercase().into(), false),
        };
        let one_of = condition.one_of.iter().map(word).collect();
        Some(Test { path: wanted.number(&condition.field)?, one_of, negated: condition.negated })
    }

    /// Whether the record fulfils it.
    pub fn holds(&self, fields: &Fields<'_>, found: &[Option<usize>]) -> bool {
        let first = found.get(self.path).copied().flatten();
        let holds = first.is_some_and(|first| self.some_field_holds(fields, first));
        holds != self.negated
    }

    fn some_field_holds(&self, fields: &Fields<'_>, first: usize) -> bool {
        let Some(field) = fields.items.get(first) else { return false };
        if self.accepts(field) {
            return true;
        }
        // The other members of an array of objects have the same key.
        let rest = fields.items.get(first + 1..).unwrap_or(&[]);
        let same = |other: &&Field<'_>| other_member(fields, field, other);
        fields.indexed(field).is_some() && rest.iter().filter(same).any(|other| self.accepts(other))
    }

    fn accepts(&self, field: &Field<'_>) -> bool {
        let any = |text: &str| {
            self.one_of.is_empty()
                || self.one_of.iter().any(|(word, open)| match (open, text.get(..word.len())) {
                    (true, Some(head)) => head.eq_ignore_ascii_case(word),
                    (true, None) => false,
                    (false, _) => text.eq_ignore_ascii_case(word),
                })
        };
        field.value.any(&any)
    }
}

fn other_member(fields: &Fields<'_>, field: &Field<'_>, other: &Field<'_>) -> bool {
    fields.indexed(other).is_some() && fields.key(other) == fields.key(field)
}

/// Fields that feed one target.
#[derive(Debug)]
pub struct Feed {
    /// Where it goes.
    pub slot: Slot,
    /// Its translation.
    pub words: Option<Arc<Words>>,
    /// In order of preference; each is one path, or several joined by a blank.
    pub paths: Vec<Vec<usize>>,
}

/// All paths that a grammar asks for, numbered, so that each field of a record is looked up once.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Lower case, sorted by length and bytes.
    paths: Vec<Box<str>>,
}

fn order(known: &str, key: &str) -> Ordering {
    let lower = key.bytes().map(|b| b.to_ascii_lowercase());
    known.len().cmp(&key.len()).then_with(|| known.bytes().cmp(lower))
}

impl Wanted {
    /// Of these paths.
    pub fn new<'s>(paths: impl Iterator<Item = &'s str>) -> Wanted {
        let mut paths: Vec<Box<str>> = paths.map(|path| path.to_ascii_lowercase().into()).collect();
        paths.sort_by(|a, b| order(a, b));
        paths.dedup();
        Wanted { paths }
    }

    /// The number of a path.
    pub fn number(&self, path: &str) -> Option<usize> {
        self.paths.binary_search_by(|known| order(known, path)).ok()
    }

    /// For each path the first field that has it.
    pub fn find(&self, fields: &Fields<'_>) -> Vec<Option<usize>> {
        let mut found = vec![None; self.paths.len()];
        for (at, field) in fields.items.iter().enumerate() {
            let paths = [Some(fields.key(field)), fields.indexed(field)];
            for number in paths.into_iter().flatten().filter_map(|path| self.number(path)) {
                if let Some(place @ None) = found.get_mut(number) {
                    *place = Some(at);
                }
            }
        }
        found
    }
}

/// A compiled message form.
#[derive(Debug)]
pub struct Form {
    /// The pattern; `None` for forms of records.
    pub pattern: Option<Regex>,
    /// Its named groups.
    pub captures: Vec<Capture>,
    /// Tests of fields.
    pub when: Vec<Test>,
    /// Class.
    pub class: Class,
    /// Activity.
    pub activity: &'static str,
    /// Outcome.
    pub outcome: Outcome,
    /// Constants.
    pub set: Vec<(Slot, Box<str>)>,
    /// Translations of fields, besides the grammar's.
    pub words: Vec<(Slot, Arc<Words>)>,
    /// What it tells about a login attempt.
    pub attempt: Option<AttemptRole>,
}

/// One automaton over the literals of all forms; it picks the few forms whose pattern is worth trying.
#[derive(Debug)]
pub struct Search {
    automaton: Option<AhoCorasick>,
    /// Per literal: the form, and whether it must stand at the start.
    owners: Vec<(usize, bool)>,
    /// Forms without a literal.
    always: Vec<usize>,
    forms: usize,
}

/// Memory that is used again for each line.
#[derive(Debug, Default)]
pub struct Scratch {
    candidates: Vec<bool>,
    locations: std::collections::BTreeMap<(usize, usize), CaptureLocations>,
}

impl Scratch {
    /// Where the groups of a form stand, as the last successful match left it.
    pub fn locations(&self, grammar: usize, form: usize) -> Option<&CaptureLocations> {
        self.locations.get(&(grammar, form))
    }
}

impl Search {
    /// Over the literals, one per form in order.
    ///
    /// # Errors
    /// When the automaton gets too large.
    pub fn new(literals: &[&str]) -> Result<Search, aho_corasick::BuildError> {
        let (mut owners, mut words, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (form, literal) in literals.iter().enumerate() {
            let (word, at_start) = literal.strip_prefix('^').map_or((*literal, false), |word| (word, true));
            if word.is_empty() {
                always.push(form);
            } else {
                owners.push((form, at_start));
                words.push(word);
            }
        }
        let automaton = if words.is_empty() { None } else { Some(AhoCorasick::new(&words)?) };
        Ok(Search { automaton, owners, always, forms: literals.len() })
    }

    /// The first form, in the order of the grammar, whose literal and pattern fit the message.
    pub fn first_fit(&self, grammar: usize, forms: &[Form], message: &str, scratch: &mut Scratch) -> Option<usize> {
        let Scratch { candidates, locations } = scratch;
        candidates.clear();
        candidates.resize(self.forms, false);
        let mut mark = |form: usize| {
            if let Some(place) = candidates.get_mut(form) {
                *place = true;
            }
        };
        self.always.iter().copied().for_each(&mut mark);
        if let Some(automaton) = &self.automaton {
            for found in automaton.find_overlapping_iter(message) {
                match self.owners.get(found.pattern().as_usize()) {
                    Some((form, at_start)) if !at_start || found.start() == 0 => mark(*form),
                    _ => {}
                }
            }
        }
        let fits = |at: &usize| {
            let Some(pattern) = forms.get(*at).and_then(|form| form.pattern.as_ref()) else { return false };
            let place = locations.entry((grammar, *at)).or_insert_with(|| pattern.capture_locations());
            pattern.captures_read(place, message.as_bytes()).is_some()
        };
        let picked = candidates.iter().enumerate().filter(|(_, picked)| **picked).map(|(at, _)| at);
        let mut picked = picked;
        picked.find(fits)
    }
}
