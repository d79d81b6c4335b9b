//! Walks a parsed TOML document and collects every problem with its place, instead of stopping at the
//! first as a derived reader would. A value that is wrong reads as absent, and its problem is noted.

use super::keys;
use super::report::{Grade, Problem, nearest, place};
use crate::schema::Span;
use std::cell::RefCell;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text that is read, and what is wrong with it.
pub(super) struct Page<'t> {
    pub file: &'t str,
    pub text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Page<'t> {
    pub fn new(file: &'t str, text: &'t str) -> Page<'t> {
        Page { file, text, problems: RefCell::new(Vec::new()) }
    }

    pub fn error(&self, byte: usize, message: impl Into<String>) {
        self.note(Grade::Error, byte, message.into());
    }

    pub fn warn(&self, byte: usize, message: impl Into<String>) {
        self.note(Grade::Warning, byte, message.into());
    }

    /// Notes a problem once: the same place and words are not said twice.
    fn note(&self, grade: Grade, byte: usize, message: String) {
        let mut problem = Problem::at(grade, self.file, self.text, byte, message);
        problem.cited = without_secret(&problem.cited);
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    pub fn line(&self, byte: usize) -> usize {
        place(self.text, byte).0
    }

    /// All problems in the order of the file.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }
}

/// A value with the byte at which it stands.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub value: T,
    pub at: usize,
}

/// One table of the document; `table` is absent where the file has none.
#[derive(Clone, Copy)]
pub(super) struct Section<'p> {
    pub page: &'p Page<'p>,
    pub name: &'static str,
    table: Option<&'p DeTable<'p>>,
    pub at: usize,
}

impl<'p> Section<'p> {
    /// Opens a table and notes its unknown and not yet built keys.
    pub fn open(
        page: &'p Page<'p>,
        name: &'static str,
        table: Option<&'p DeTable<'p>>,
        at: usize,
    ) -> Section<'p> {
        let section = Section { page, name, table, at };
        for key in table.into_iter().flat_map(|table| table.keys()) {
            section.judge_key(key.get_ref(), key.span().start);
        }
        section
    }

    fn judge_key(&self, key: &str, at: usize) {
        let known = keys::of(self.name);
        if keys::NOT_BUILT.contains(&(self.name, key)) {
            self.page
                .warn(at, format!("{}.{key} is not built yet: it is checked and has no effect", self.name));
        }
        if known.contains(&key) {
            return;
        }
        if self.name == "mail.relay" && keys::SECRET_WORDS.contains(&key) {
            self.page.error(
                at,
                format!(
                    "{key}: a secret never stands in the configuration; write it to a file that only the service \
                     may read and name that file in password_file, or give it to systemd and name it in credential"
                ),
            );
            return;
        }
        let place =
            if self.name.is_empty() { "section".to_owned() } else { format!("key of [{}]", self.name) };
        let hint = match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if keys::of("").contains(&key) => {
                format!("it is a section: [{key}] or [[{key}]] on a line of its own")
            }
            None => format!("valid: {}", known.join(", ")),
        };
        self.page.error(at, format!("unknown {place}: {key}; {hint}"));
    }

    /// Whether the file has this section.
    pub fn exists(&self) -> bool {
        self.table.is_some()
    }

    pub fn value(&self, key: &'static str) -> Option<&'p Spanned<DeValue<'p>>> {
        debug_assert!(keys::of(self.name).contains(&key), "{}.{key} is not in keys::SECTIONS", self.name);
        self.table?.get(key)
    }

    /// Where a key's value stands; the section's head where the key is absent.
    pub fn place(&self, key: &'static str) -> usize {
        self.value(key).map_or(self.at, |value| value.span().start)
    }

    /// Where the item of a key's array stands.
    pub fn place_of_item(&self, key: &'static str, index: usize) -> usize {
        let items = self.value(key).and_then(|value| value.get_ref().as_array());
        items.and_then(|items| items.get(index)).map_or_else(|| self.place(key), |item| item.span().start)
    }

    /// Where a key's value stands in one table of an array of tables.
    pub fn place_in(&self, key: &'static str, index: usize, inner: &str) -> usize {
        let items = self.value(key).and_then(|value| value.get_ref().as_array());
        let table = items.and_then(|items| items.get(index)).and_then(|item| item.get_ref().as_table());
        table
            .and_then(|table| table.get(inner))
            .map_or_else(|| self.place_of_item(key, index), |value| value.span().start)
    }

    /// A wrong type at a value.
    fn mistyped(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = value.get_ref().type_str();
        self.page.error(value.span().start, format!("{key}: expected {wanted}, found {found}"));
    }

    /// Notes that a key must be given.
    pub fn missing(&self, key: &str, why: &str) {
        let place =
            if self.name.is_empty() { key.to_owned() } else { format!("[{}] needs {key}", self.name) };
        self.page.error(self.at, format!("{place}: {why}"));
    }

    /// A sub-table, also where it is absent.
    pub fn table(&self, key: &'static str, name: &'static str) -> Section<'p> {
        let Some(value) = self.value(key) else { return Section::open(self.page, name, None, self.at) };
        match value.get_ref().as_table() {
            Some(table) => Section::open(self.page, name, Some(table), value.span().start),
            None => {
                self.mistyped(key, value, &format!("one table, written [{name}]"));
                Section::open(self.page, name, None, self.at)
            }
        }
    }

    /// The tables of an array of tables.
    pub fn tables(&self, key: &'static str, name: &'static str) -> Vec<Section<'p>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(key, value, &format!("tables, each written [[{name}]]"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section::open(self.page, name, Some(table), item.span().start)),
                None => self.mistyped(key, item, &format!("a table, written [[{name}]]")),
            }
        }
        sections
    }

    /// Text that is not empty and has no control characters.
    pub fn text(&self, key: &'static str) -> Option<Found<String>> {
        self.one_text(key, self.value(key)?)
    }

    fn one_text(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Found<String>> {
        let at = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            self.mistyped(key, value, "a text in quotes");
            return None;
        };
        if text.trim().is_empty() {
            self.page.error(at, format!("{key}: is empty"));
            return None;
        }
        if text.chars().any(crate::schema::printable::is_hostile) {
            self.page.error(at, format!("{key}: holds control or invisible characters"));
            return None;
        }
        Some(Found { value: text.to_owned(), at })
    }

    /// A list of texts. A wrong item is noted and reads as "", so that indexes stay those of the file.
    pub fn texts(&self, key: &'static str) -> Option<Vec<Found<String>>> {
        let value = self.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(key, value, "a list of texts: [\"...\"]");
            return None;
        };
        let one = |item: &Spanned<DeValue<'_>>| {
            let empty = Found { value: String::new(), at: item.span().start };
            self.one_text(key, item).unwrap_or(empty)
        };
        Some(items.iter().map(one).collect())
    }

    /// A list of texts that must have at least one.
    pub fn some_texts(&self, key: &'static str, why: &str) -> Vec<Found<String>> {
        let texts = self.texts(key);
        match &texts {
            None if self.value(key).is_none() => self.missing(key, why),
            Some(list) if list.is_empty() => {
                self.page.error(self.place(key), format!("{key}: is empty; {why}"))
            }
            None | Some(_) => {}
        }
        texts.unwrap_or_default()
    }

    /// true or false.
    pub fn switch(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let switch = value.get_ref().as_bool();
        if switch.is_none() {
            self.mistyped(key, value, "true or false");
        }
        switch
    }

    /// A whole number of a range, both ends included.
    pub fn whole(&self, key: &'static str, low: i64, high: i64) -> Option<i64> {
        let value = self.value(key)?;
        let Some(integer) = value.get_ref().as_integer() else {
            self.mistyped(key, value, &format!("a whole number from {low} to {high}"));
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let fitting = number.filter(|n| (low..=high).contains(n));
        if fitting.is_none() {
            self.page
                .error(value.span().start, format!("{key}: {} is outside {low} to {high}", integer.as_str()));
        }
        fitting
    }

    /// A number above zero, at most `high`.
    pub fn positive(&self, key: &'static str, high: f64) -> Option<f64> {
        let value = self.value(key)?;
        let written = match value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => {
                self.mistyped(key, value, &format!("a number above 0, at most {high}"));
                return None;
            }
        };
        let fitting = written.parse::<f64>().ok().filter(|n| *n > 0.0 && *n <= high);
        if fitting.is_none() {
            self.page
                .error(value.span().start, format!("{key}: {written} is outside 0 (excluded) to {high}"));
        }
        fitting
    }

    /// A length of time of a range, both ends included and written as people write them.
    pub fn span(&self, key: &'static str, low: &str, high: &str) -> Option<Span> {
        let text = self.text(key)?;
        let (Some(least), Some(most)) = (Span::parse(low), Span::parse(high)) else { return None };
        let Some(span) = Span::parse(&text.value) else {
            let words = "is no length of time; write a whole number and ms, s, m, h, d or w, such as \"90s\" or \"30m\"";
            self.page.error(text.at, format!("{key}: \"{}\" {words}", text.value));
            return None;
        };
        if span < least || span > most {
            self.page.error(text.at, format!("{key}: {} is outside {low} to {high}", text.value));
            return None;
        }
        Some(span)
    }

    /// One of a list of words, with its meaning.
    pub fn word<T: Copy>(&self, key: &'static str, words: &[&'static str], meanings: &[T]) -> Option<T> {
        let text = self.text(key)?;
        self.one_word(key, &text, words, meanings)
    }

    pub fn one_word<T: Copy>(
        &self,
        key: &str,
        text: &Found<String>,
        words: &[&'static str],
        meanings: &[T],
    ) -> Option<T> {
        let found = words.iter().position(|word| *word == text.value);
        if found.is_none() {
            self.page.error(text.at, unknown_word(key, &text.value, words));
        }
        found.and_then(|at| meanings.get(at)).copied()
    }
}

/// Says that a word is none of those that are possible, and which is nearest.
pub(super) fn unknown_word(key: &str, written: &str, words: &[&str]) -> String {
    match nearest(written, words.iter().copied()) {
        Some(near) => format!("{key}: unknown \"{written}\"; did you mean \"{near}\"?"),
        None if words.is_empty() => format!("{key}: unknown \"{written}\"; there is none"),
        None if words.len() <= 16 => format!("{key}: unknown \"{written}\"; valid: {}", words.join(", ")),
        None => format!("{key}: unknown \"{written}\"; it is none of the {} that there are", words.len()),
    }
}

/// The line as it may be cited: what follows the key of a secret is left out.
fn without_secret(line: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    for word in keys::SECRET_WORDS {
        for (at, _) in line.match_indices(word) {
            let after = &line[at + word.len()..];
            let bare = after.trim_start_matches(['"', '\'', ' ', '\t']);
            if !line[..at].ends_with(part) && !after.starts_with(part) && bare.starts_with('=') {
                return format!("{} = ...", &line[..at + word.len()]);
            }
        }
    }
    line.to_owned()
}
