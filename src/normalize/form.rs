//! Compiled pieces of a grammar: message forms, and the search that picks them.

use super::feed::{Feed, Test};
use super::path::{Path, Spot};
use super::pattern::{Groups, Pattern};
use super::record::Fields;
use super::slot::{Slot, Words};
use super::spec::AttemptRole;
use crate::schema::{Class, Outcome};
use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

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

/// A compiled message form.
#[derive(Debug)]
pub struct Form {
    /// The pattern; `None` for forms of records that are told by tests alone.
    pub pattern: Option<Pattern>,
    /// The fields of a record that the pattern reads; `None` = it reads messages of text.
    pub told_in: Option<Told>,
    /// Its named groups.
    pub captures: Vec<Capture>,
    /// Tests of fields.
    pub when: Vec<Test>,
    /// What feeds targets in this form; `None` = what the grammar feeds.
    pub feeds: Option<Vec<Feed>>,
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

/// Fields of a record that hold a message.
#[derive(Debug)]
pub struct Told {
    paths: Vec<Path>,
    /// What each such message holds, `^` in front: at its start.
    literal: Box<str>,
}

impl Told {
    /// In these fields.
    pub fn new(paths: Vec<Path>, literal: &str) -> Told {
        Told { paths, literal: literal.into() }
    }

    fn may_fit(&self, text: &str) -> bool {
        match self.literal.strip_prefix('^') {
            Some(start) => text.starts_with(start),
            None => memchr::memmem::find(text.as_bytes(), self.literal.as_bytes()).is_some(),
        }
    }
}

impl Form {
    /// Whether it is a form of records.
    pub fn is_of_records(&self) -> bool {
        self.pattern.is_none() || self.told_in.is_some()
    }

    /// Whether a record is of this form; then also the text that its pattern fitted, if it has one, whose groups are
    /// kept.
    pub fn fits_record<'a>(
        &self,
        fields: &Fields<'a>,
        spots: &[Option<Spot>],
        groups: &mut Groups,
    ) -> Option<Option<Cow<'a, str>>> {
        if !self.is_of_records() || !self.when.iter().all(|test| test.holds(fields, spots)) {
            return None;
        }
        let Some((pattern, told)) = self.pattern.as_ref().zip(self.told_in.as_ref()) else {
            return Some(None);
        };
        let mut texts = told.paths.iter().filter_map(|path| path.text(fields, spots));
        let fits = |text: &Cow<'a, str>| told.may_fit(text) && pattern.fits(text.as_bytes(), groups);
        texts.find(fits).map(Some)
    }
}

/// Finds the few forms whose pattern is worth trying, by their literals: those at the start of the message by its
/// first byte, those anywhere by one pass over it, which is made only when no form before them fits.
#[derive(Debug)]
pub struct Search {
    /// By first byte, forms rising.
    starts: Vec<(u8, Vec<Start>)>,
    /// Those that stand anywhere.
    anywhere: Anywhere,
    /// The first form whose literal stands anywhere.
    first_anywhere: usize,
    /// Forms without a literal, or with one that stands in nearly every message.
    always: Vec<usize>,
}

/// Literals that stand anywhere in the message, and their forms.
#[derive(Debug)]
enum Anywhere {
    /// A few are looked for one by one.
    Few(Vec<(Finder<'static>, usize)>),
    /// Many by one automaton.
    Many(Many),
}

/// Many literals, each with its form. The automaton is made when it is first needed: a host needs few of the grammars.
#[derive(Debug)]
struct Many {
    words: Vec<Box<str>>,
    owners: Vec<usize>,
    automaton: OnceLock<Option<AhoCorasick>>,
}

/// So many literals are quicker found one by one than by an automaton, which looks at each byte of the message.
const FEW_MAX: usize = 4;

/// A literal at the start of the message, and its form.
type Start = (Box<str>, usize);

/// Memory that is used again for each line.
#[derive(Debug, Default)]
pub struct Scratch {
    candidates: Candidates,
    /// The groups of the pattern that fitted last.
    pub groups: Groups,
}

/// A set of forms, in their order.
#[derive(Debug, Default)]
struct Candidates(Vec<u64>);

impl Candidates {
    fn clear(&mut self, forms: usize) {
        self.0.clear();
        self.0.resize(forms.div_ceil(64), 0);
    }

    fn add(&mut self, form: usize) {
        if let Some(word) = self.0.get_mut(form / 64) {
            *word |= 1 << (form % 64);
        }
    }

    /// Takes the first out.
    fn take(&mut self) -> Option<usize> {
        let (at, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(64 * at + bit)
    }
}

impl Search {
    /// Over the literals of the forms that have a pattern, in order.
    ///
    /// # Errors
    /// When the automaton gets too large.
    pub fn new<'l>(
        literals: impl Iterator<Item = (usize, &'l str)>,
    ) -> Result<Search, aho_corasick::BuildError> {
        let (mut starts, mut always) = (Vec::new(), Vec::new());
        let (mut words, mut owners) = (Vec::new(), Vec::new());
        for (form, literal) in literals {
            let start = literal.strip_prefix('^');
            match start.unwrap_or(literal).bytes().next() {
                None => always.push(form),
                Some(first) if start.is_some() => add_start(&mut starts, first, start.unwrap_or(""), form),
                Some(_) if literal == " " => always.push(form),
                Some(_) => {
                    owners.push(form);
                    words.push(literal);
                }
            }
        }
        let first_anywhere = owners.first().copied().unwrap_or(usize::MAX);
        let anywhere = if words.len() <= FEW_MAX {
            let finders = words.iter().map(|word| Finder::new(word.as_bytes()).into_owned());
            Anywhere::Few(finders.zip(owners).collect())
        } else {
            AhoCorasick::new(&words)?;
            let words = words.into_iter().map(Box::from).collect();
            Anywhere::Many(Many { words, owners, automaton: OnceLock::new() })
        };
        Ok(Search { starts, anywhere, first_anywhere, always })
    }

    /// The first form, in the order of the grammar, whose literal and pattern fit the message.
    pub fn first_fit(&self, forms: &[Form], message: &str, scratch: &mut Scratch) -> Option<usize> {
        let Scratch { candidates, groups } = scratch;
        let mut fits = |at: usize| {
            let pattern = forms.get(at).and_then(|form| form.pattern.as_ref());
            pattern.is_some_and(|pattern| pattern.fits(message.as_bytes(), groups))
        };
        candidates.clear(forms.len());
        self.always.iter().for_each(|form| candidates.add(*form));
        let first = message.bytes().next();
        let starts = first.and_then(|first| self.starts.iter().find(|(byte, _)| *byte == first));
        let starts = starts.into_iter().flat_map(|(_, entries)| entries);
        for (_, form) in starts.filter(|(literal, _)| message.starts_with(&**literal)) {
            candidates.add(*form);
        }
        let mut is_looked_for = false;
        loop {
            let next = candidates.take();
            if !is_looked_for && next.is_none_or(|next| next > self.first_anywhere) {
                // Forms before the first of these are tried; it and the others may come before what is left.
                is_looked_for = true;
                next.into_iter().for_each(|next| candidates.add(next));
                self.anywhere.find(message, candidates);
                continue;
            }
            let next = next?;
            if fits(next) {
                return Some(next);
            }
        }
    }
}

fn add_start(starts: &mut Vec<(u8, Vec<Start>)>, first: u8, literal: &str, form: usize) {
    let entry = (literal.into(), form);
    match starts.iter_mut().find(|(byte, _)| *byte == first) {
        Some((_, entries)) => entries.push(entry),
        None => starts.push((first, vec![entry])),
    }
}

impl Anywhere {
    /// The forms whose literal stands in the message.
    fn find(&self, message: &str, candidates: &mut Candidates) {
        match self {
            Anywhere::Few(finders) => {
                let found = finders.iter().filter(|(finder, _)| finder.find(message.as_bytes()).is_some());
                found.for_each(|(_, form)| candidates.add(*form));
            }
            Anywhere::Many(Many { words, owners, automaton }) => {
                let automaton =
                    automaton.get_or_init(|| AhoCorasick::new(words.iter().map(|word| &**word)).ok());
                // It was made once before, when the grammar was read.
                let Some(automaton) = automaton else { return };
                let found = automaton.find_overlapping_iter(message);
                let found = found.filter_map(|found| owners.get(found.pattern().as_usize()));
                found.for_each(|form| candidates.add(*form));
            }
        }
    }
}
