//! A grammar compiled: checked once, then immutable and shared.

use super::column::Column;
use super::form::{Capture, Feed, Form, Path, Search, Slot, Test, Wanted, Words};
use super::spec::{Framing, GrammarSpec, MessageSpec, Target};
use crate::limits::REGEX_BYTES_MAX;
use regex::bytes::{Regex, RegexBuilder};
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
        let maps = maps(&spec.map, |what| wrong(None, "map", what));
        let feeds = feeds(&spec, &wanted, &maps, |what| wrong(None, "fields", what));
        let mut names = BTreeSet::new();
        let mut forms = Vec::with_capacity(spec.messages.len());
        for (at, message) in spec.messages.iter().enumerate() {
            if !names.insert(&message.name) {
                wrong(Some(at), "name", format!("the grammar has two messages named `{}`", message.name));
            }
            forms.push(form(&spec, message, &wanted, &maps, |key, what| wrong(Some(at), key, what)));
        }
        let literals: Vec<&str> = spec.messages.iter().map(|message| message.literal.as_str()).collect();
        let search = Search::new(&literals).map_err(|error| wrong(None, "literal", error.to_string()));
        match search {
            Ok(search) if errors.is_empty() => {
                let name = Arc::from(spec.name.as_str());
                Ok(Grammar { name, spec, forms, search, wanted, feeds, set })
            }
            _ => Err(errors),
        }
    }

    /// What it was made of: name, family, description, samples ...
    pub fn spec(&self) -> &GrammarSpec {
        &self.spec
    }

    /// Whether lines are records with fields.
    pub(super) fn reads_records(&self) -> bool {
        matches!(self.spec.framing, Framing::Json | Framing::KeyValue)
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
    let feeds = spec.fields.iter().flat_map(|(_, paths)| paths).flat_map(|path| path.split('+'));
    let tests = spec.messages.iter().flat_map(|message| &message.when).map(|test| test.field.as_str());
    Wanted::new(feeds.chain(tests))
}

fn feeds(spec: &GrammarSpec, wanted: &Wanted, maps: &Maps, mut wrong: impl FnMut(String)) -> Vec<Feed> {
    let mut feeds = Vec::with_capacity(spec.fields.len());
    for (target, paths) in &spec.fields {
        match Slot::of_target(target) {
            Ok(slot) => {
                let number = |path: &String| {
                    let mut parts = path.split('+').filter_map(|part| wanted.number(part));
                    Some(Path { first: parts.next()?, more: parts.collect() })
                };
                let words = words_of(maps, &slot);
                feeds.push(Feed { words, paths: paths.iter().filter_map(number).collect(), slot });
            }
            Err(name) => wrong(unknown_column(name)),
        }
    }
    feeds
}

fn words_of(maps: &Maps, slot: &Slot) -> Option<Arc<Words>> {
    maps.iter().find(|(known, _)| known == slot).map(|(_, words)| Arc::clone(words))
}

fn form(
    spec: &GrammarSpec,
    message: &MessageSpec,
    wanted: &Wanted,
    grammar_maps: &Maps,
    mut wrong: impl FnMut(&'static str, String),
) -> Form {
    let records = matches!(spec.framing, Framing::Json | Framing::KeyValue);
    let set = slots(&message.set, |what| wrong("set", what));
    for (slot, value) in &set {
        if let Some(what) = wrong_word(slot, value) {
            wrong("set", what);
        }
    }
    let own_maps = maps(&message.map, |what| wrong("map", what));
    if records && !(message.pattern.is_empty() && message.literal.is_empty()) {
        wrong(
            "pattern",
            "messages of JSON and key=value grammars are told by `when`, not by `pattern` and `literal`"
                .to_owned(),
        );
    }
    if !records && message.pattern.is_empty() {
        wrong("pattern", "the message has no pattern".to_owned());
    }
    if !records && !message.when.is_empty() {
        wrong("when", "`when` tests fields, which only JSON and key=value grammars have".to_owned());
    }
    if !message.activity.is_empty() && message.class.activity(message.activity).is_none() {
        wrong("activity", format!("class `{}` has no activity `{}`", message.class.name(), message.activity));
    }
    let pattern = if message.pattern.is_empty() {
        None
    } else {
        pattern(&message.pattern, |what| wrong("pattern", what))
    };
    let names = pattern.iter().flat_map(|pattern| pattern.capture_names().enumerate());
    let captures = names.filter_map(|(group, name)| {
        let slot = Slot::of_capture(name?);
        let words = words_of(&own_maps, &slot).or_else(|| words_of(grammar_maps, &slot));
        Some(Capture { group, slot, words })
    });
    Form {
        captures: captures.collect(),
        when: message.when.iter().filter_map(|condition| Test::new(condition, wanted)).collect(),
        class: message.class,
        activity: message.activity,
        outcome: message.outcome,
        set,
        words: own_maps,
        attempt: message.attempt,
        pattern,
    }
}

/// A pattern on bytes: classes mean ASCII, `.` is any byte but a line feed, the compiled size is bounded.
fn pattern(text: &str, mut wrong: impl FnMut(String)) -> Option<Regex> {
    match RegexBuilder::new(text)
        .unicode(false)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .build()
    {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let text = error.to_string();
            // Syntax errors are drawn over several lines; the last one says what is wrong.
            wrong(format!(
                "the pattern cannot be used: {}",
                text.rsplit("error: ").next().unwrap_or(&text).trim()
            ));
            None
        }
    }
}
