//! A grammar compiled: checked once, then immutable and shared.

use super::column::Column;
use super::csv::Table;
use super::feed::{Feed, Test};
use super::form::{Capture, Form, Search, Told};
use super::path::{self, Path, Wanted};
use super::pattern::Pattern;
use super::slot::{Slot, Words};
use super::spec::{Condition, GrammarSpec, MessageSpec, Target};
use super::word::Word;
use std::collections::BTreeSet;
use std::sync::Arc;

pub use super::set::GrammarSet;

/// What is wrong with a grammar; whoever loaded the file adds the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct GrammarError {
    /// Which message form, counted from 0; `None` = the grammar itself.
    pub message: Option<usize>,
    /// The key that is wrong (`pattern`, `literal`, `set`, `fields` ...).
    pub key: &'static str,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// One grammar, compiled.
#[derive(Debug)]
pub struct Grammar {
    pub(super) spec: GrammarSpec,
    pub(super) name: Arc<str>,
    pub(super) forms: Vec<Form>,
    pub(super) search: Search,
    pub(super) wanted: Wanted,
    pub(super) feeds: Vec<Feed>,
    pub(super) table: Table,
    pub(super) set: Vec<(Slot, Box<str>)>,
}

type Maps = Vec<(Slot, Arc<Words>)>;

impl Grammar {
    /// Checks and compiles.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile(spec: GrammarSpec) -> Result<Grammar, Vec<GrammarError>> {
        let mut errors = Vec::new();
        let mut wrong = |message, key, what| errors.push(GrammarError { message, key, what });
        let wanted = wanted(&spec);
        let set = slots(&spec.set, |what| wrong(None, "set", what));
        for what in set.iter().filter_map(|(slot, value)| wrong_word(slot, value)) {
            wrong(None, "set", what);
        }
        let maps = maps(&spec.map, |what| wrong(None, "map", what));
        let feeds = feeds(&spec.fields, &wanted, &maps, |what| wrong(None, "fields", what));
        let mut names = BTreeSet::new();
        let mut forms = Vec::with_capacity(spec.messages.len());
        for (at, message) in spec.messages.iter().enumerate() {
            if !names.insert(&message.name) {
                wrong(Some(at), "name", format!("the grammar has two messages named `{}`", message.name));
            }
            judge_kind(&spec, message, |key, what| wrong(Some(at), key, what));
            let whole = Whole { spec: &spec, wanted: &wanted, maps: &maps, feeds: &feeds };
            forms.push(form(whole, message, |key, what| wrong(Some(at), key, what)));
        }
        let texts = spec.messages.iter().enumerate().filter(|(_, message)| !message.is_of_records());
        let search = Search::new(texts.map(|(at, message)| (at, message.literal.as_str())))
            .map_err(|error| wrong(None, "literal", error.to_string()));
        match search {
            Ok(search) if errors.is_empty() => {
                let name = Arc::from(spec.name.as_str());
                let table = Table::new(spec.delimiter, &spec.layouts);
                Ok(Grammar { name, spec, forms, search, wanted, feeds, table, set })
            }
            _ => Err(errors),
        }
    }

    /// What it was made of: name, family, description, samples ...
    pub fn spec(&self) -> &GrammarSpec {
        &self.spec
    }

    /// What feeds targets in a form.
    pub(super) fn feeds_of<'g>(&'g self, form: Option<&'g Form>) -> &'g [Feed] {
        form.and_then(|form| form.feeds.as_deref()).unwrap_or(&self.feeds)
    }

    /// The same for a message of text. What reads records too takes no pairs out of a sentence, which anybody may
    /// have written, unless the form says so.
    pub(super) fn feeds_of_text<'g>(&'g self, form: Option<&'g Form>) -> &'g [Feed] {
        if form.is_none() && self.spec.reads_records() { &[] } else { self.feeds_of(form) }
    }
}

fn unknown_column(name: &str) -> String {
    // The nearest by common letters at the start: `config` offers better, but a grammar may come from elsewhere.
    let near = Column::names()
        .max_by_key(|known| known.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count());
    format!(
        "there is no column `{name}` (did you mean `{}`? other fields go to `extra.{name}`)",
        near.unwrap_or("")
    )
}

fn slots(set: &[(Target, String)], mut wrong: impl FnMut(String)) -> Vec<(Slot, Box<str>)> {
    let mut slots = Vec::with_capacity(set.len());
    for (target, value) in set {
        match Slot::of_target(target) {
            Ok(slot) => slots.push((slot, value.as_str().into())),
            Err(name) => wrong(unknown_column(name)),
        }
    }
    slots
}

fn maps(map: &[(Target, Vec<(String, String)>)], mut wrong: impl FnMut(String)) -> Maps {
    let mut maps = Maps::with_capacity(map.len());
    for (target, pairs) in map {
        match Slot::of_target(target) {
            Ok(slot) => {
                if let Some(what) = pairs.iter().find_map(|(_, to)| wrong_word(&slot, to)) {
                    wrong(what);
                }
                maps.push((slot, Arc::new(Words::new(pairs))));
            }
            Err(name) => wrong(unknown_column(name)),
        }
    }
    maps
}

/// Whether a constant can be a value of a column that takes only certain words.
fn wrong_word(slot: &Slot, word: &str) -> Option<String> {
    use crate::schema::{Class, Outcome};
    match slot {
        Slot::Column(Column::Outcome) if Outcome::from_name(word).is_none() => {
            Some(format!("`{word}` is no outcome: success, failure or unknown"))
        }
        Slot::Column(Column::Class) if Class::from_name(word).is_none() => {
            Some(format!("there is no class `{word}`"))
        }
        Slot::Column(Column::Activity) if Class::all().all(|class| class.activity(word).is_none()) => {
            Some(format!("no class has an activity `{word}`"))
        }
        _ => None,
    }
}

fn wanted(spec: &GrammarSpec) -> Wanted {
    let own = spec.messages.iter().flat_map(|message| &message.fields);
    let feeds = spec.fields.iter().chain(own).flat_map(|(_, paths)| paths);
    let texts = spec.messages.iter().flat_map(|message| &message.field);
    let tests = spec.messages.iter().flat_map(|message| &message.when).map(|test| test.field.as_str());
    Wanted::new(feeds.chain(texts).map(String::as_str).chain(tests), &spec.roots)
}

fn paths(written: &[String], wanted: &Wanted, mut wrong: impl FnMut(String)) -> Vec<Path> {
    if let Some(what) = written.iter().find_map(|path| path::complaint(path)) {
        wrong(what);
    }
    written.iter().filter_map(|path| Path::new(path, wanted)).collect()
}

fn feeds(
    fields: &[(Target, Vec<String>)],
    wanted: &Wanted,
    maps: &Maps,
    mut wrong: impl FnMut(String),
) -> Vec<Feed> {
    let mut feeds = Vec::with_capacity(fields.len());
    for (target, written) in fields {
        match Slot::of_target(target) {
            Ok(slot) => {
                let paths = paths(written, wanted, &mut wrong);
                feeds.push(Feed { words: words_of(maps, &slot), paths, slot });
            }
            Err(name) => wrong(unknown_column(name)),
        }
    }
    feeds
}

/// A condition on a field, or on the fields that feed a target of that name.
fn test(whole: &Whole<'_>, message: &MessageSpec, condition: &Condition, wrong: impl FnMut(String)) -> Test {
    let fed = message.fields.iter().chain(&whole.spec.fields);
    let fed = fed.into_iter().find(|(target, _)| target.is_named(&condition.field));
    let written = fed.map_or(std::slice::from_ref(&condition.field), |(_, paths)| paths);
    let paths = paths(written, whole.wanted, wrong);
    let one_of = condition.one_of.iter().map(|word| Word::new(word)).collect();
    Test { paths, one_of, negated: condition.negated }
}

fn words_of(maps: &Maps, slot: &Slot) -> Option<Arc<Words>> {
    maps.iter().find(|(known, _)| known == slot).map(|(_, words)| Arc::clone(words))
}

/// Whether a form is told in a way that its grammar's lines have.
fn judge_kind(spec: &GrammarSpec, message: &MessageSpec, mut wrong: impl FnMut(&'static str, String)) {
    let texts = spec.framings.iter().any(|framing| framing.is_text());
    let records = spec.reads_records();
    let told_by_pattern = !(message.pattern.is_empty() && message.literal.is_empty());
    if !message.field.is_empty() {
        if !records {
            wrong(
                "field",
                "`field` names a field of a record, and syslog and plain messages have none".to_owned(),
            );
        }
        if message.pattern.is_empty() {
            wrong("field", "`field` needs a `pattern` that reads it".to_owned());
        }
        return;
    }
    if !texts && told_by_pattern {
        let what = "messages of records are told by `when`; `pattern` and `literal` need a `field`, or the framing syslog or plain";
        wrong("pattern", what.to_owned());
    }
    if message.pattern.is_empty() && (!records || (texts && told_by_pattern)) {
        wrong("pattern", "the message has no pattern".to_owned());
    }
    if !message.when.is_empty() && !records {
        wrong("when", "`when` tests fields, and syslog and plain messages have none".to_owned());
    }
    if !message.when.is_empty() && texts && told_by_pattern {
        let what = "a message is told by its `pattern` or by `when`, not by both, unless `field` says which field is read";
        wrong("when", what.to_owned());
    }
}

/// What a form takes from its grammar.
struct Whole<'g> {
    spec: &'g GrammarSpec,
    wanted: &'g Wanted,
    maps: &'g Maps,
    feeds: &'g [Feed],
}

fn form(whole: Whole<'_>, message: &MessageSpec, mut wrong: impl FnMut(&'static str, String)) -> Form {
    let Whole { spec, wanted, maps: grammar_maps, feeds: grammar_feeds } = &whole;
    let set = slots(&message.set, |what| wrong("set", what));
    for (slot, value) in &set {
        if let Some(what) = wrong_word(slot, value) {
            wrong("set", what);
        }
    }
    let own_maps = maps(&message.map, |what| wrong("map", what));
    let own_feeds = feeds(&message.fields, wanted, grammar_maps, |what| wrong("fields", what));
    let feeds = if spec.reads_records() && !message.is_of_records() {
        Some(own_feeds)
    } else if own_feeds.is_empty() {
        None
    } else {
        let is_new = |feed: &&Feed| own_feeds.iter().all(|own| own.slot != feed.slot);
        let others: Vec<Feed> = grammar_feeds.iter().filter(is_new).cloned().collect();
        Some(own_feeds.into_iter().chain(others).collect())
    };
    if !message.activity.is_empty() && message.class.activity(message.activity).is_none() {
        wrong("activity", format!("class `{}` has no activity `{}`", message.class.name(), message.activity));
    }
    let pattern = if message.pattern.is_empty() {
        None
    } else {
        let pattern = Pattern::new(&message.pattern);
        pattern.map_err(|why| wrong("pattern", format!("the pattern cannot be used: {why}"))).ok()
    };
    let names = pattern.iter().flat_map(|pattern| pattern.names().iter().enumerate());
    let captures = names.filter_map(|(group, name)| {
        let slot = Slot::of_capture(name.as_deref()?);
        let words = words_of(&own_maps, &slot).or_else(|| words_of(grammar_maps, &slot));
        Some(Capture { group, slot, words })
    });
    let tests = message.when.iter();
    let when = tests.map(|condition| test(&whole, message, condition, |what| wrong("when", what))).collect();
    let told_in = (!message.field.is_empty())
        .then(|| Told::new(paths(&message.field, wanted, |what| wrong("field", what)), &message.literal));
    Form {
        captures: captures.collect(),
        when,
        told_in,
        feeds,
        class: message.class,
        activity: message.activity,
        outcome: message.outcome,
        set,
        words: own_maps,
        attempt: message.attempt,
        pattern,
    }
}
