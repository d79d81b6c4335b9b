//! One grammar file, key by key.

use super::super::report::{Grade, Problem, nearest};
use super::placed;
use crate::normalize::column::{Column, EVENT_COLUMNS};
use crate::normalize::grammar::Grammar;
use crate::normalize::spec::{AttemptRole, Condition, Framing, GrammarSpec, MessageSpec, Sample, Target};
use crate::schema::{Class, Outcome, Timestamp};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The read time of samples that give none.
const SAMPLE_NOW: &str = "2026-11-23T12:00:00Z";

/// Reads one grammar file; `None` with at least one problem added when it is wrong.
pub fn parse(file: &str, text: &str, problems: &mut Vec<Problem>) -> Option<GrammarSpec> {
    let before = problems.len();
    let mut reader = Reader { file, text, problems };
    let root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            let byte = error.span().map_or(0, |span| span.start);
            reader.wrong(byte, error.message().to_owned());
            return None;
        }
    };
    let spec = reader.grammar(root.get_ref());
    if let Some(spec) = spec.as_ref().filter(|_| problems.len() > before) {
        // Patterns are judged later; who mends the file wants to know of them now.
        let errors = Grammar::compile(spec.clone()).err().into_iter().flatten();
        let patterns = errors.filter(|error| error.key == "pattern" && !spec.framings.is_empty());
        problems.extend(patterns.map(|error| placed(file, Some(text), &error)));
    }
    if let Some(new) = problems.get_mut(before..) {
        new.sort_by_key(|problem| (problem.line, problem.column));
    }
    let fine = !problems.get(before..).unwrap_or(&[]).iter().any(|problem| problem.grade == Grade::Error);
    spec.filter(|_| fine)
}

type Value<'t> = Spanned<DeValue<'t>>;

pub(super) struct Reader<'r> {
    file: &'r str,
    text: &'r str,
    problems: &'r mut Vec<Problem>,
}

pub(super) const GRAMMAR_KEYS: [&str; 16] = [
    "name",
    "family",
    "description",
    "version",
    "fallback",
    "framing",
    "roots",
    "delimiter",
    "layout",
    "programs",
    "logsource",
    "set",
    "map",
    "fields",
    "message",
    "sample",
];
pub(super) const MESSAGE_KEYS: [&str; 13] = [
    "name", "literal", "pattern", "field", "when", "unless", "class", "activity", "outcome", "set", "map",
    "fields", "attempt",
];

pub(super) const LAYOUT_KEYS: [&str; 3] = ["columns", "when", "fields"];
pub(super) const SAMPLE_KEYS: [&str; 3] = ["now", "lines", "expect"];
pub(super) const LOGSOURCE_KEYS: [&str; 3] = ["product", "service", "category"];
pub(super) const OUTCOMES: [Outcome; 3] = [Outcome::Success, Outcome::Failure, Outcome::Unknown];

impl Reader<'_> {
    pub(super) fn wrong(&mut self, byte: usize, what: impl Into<String>) {
        self.problems.push(Problem::at(Grade::Error, self.file, self.text, byte, what));
    }

    /// Every key must be one of these.
    pub(super) fn only(&mut self, table: &DeTable<'_>, keys: &[&str]) {
        for key in table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            let what = unknown("key", key.get_ref(), keys.iter().copied());
            self.wrong(key.span().start, what);
        }
    }

    fn grammar(&mut self, root: &DeTable<'_>) -> Option<GrammarSpec> {
        self.only(root, &GRAMMAR_KEYS);
        let name = self.string(root, "name");
        if name.is_none() {
            self.wrong(0, "a grammar needs a `name`");
        }
        let messages = self.tables(root, "message").into_iter().map(|table| self.message(table)).collect();
        let samples =
            self.tables(root, "sample").into_iter().filter_map(|table| self.sample(table)).collect();
        let mut families = self.strings(root, "family").into_iter();
        Some(GrammarSpec {
            file: self.file.to_owned(),
            name: name?,
            family: families.next(),
            guest_of: families.collect(),
            description: self.string(root, "description").unwrap_or_default(),
            version: self.version(root),
            fallback: self.boolean(root, "fallback"),
            framings: self.framings(root),
            roots: self.strings(root, "roots"),
            delimiter: self.delimiter(root),
            layouts: self.tables(root, "layout").into_iter().map(|table| self.layout(table)).collect(),
            programs: self.strings(root, "programs"),
            logsource: self.logsource(root),
            set: self.constants(root),
            map: self.maps(root),
            fields: self.fields(root),
            messages,
            samples,
        })
    }

    fn message(&mut self, table: &DeTable<'_>) -> MessageSpec {
        self.only(table, &MESSAGE_KEYS);
        let name = self.string(table, "name").unwrap_or_default();
        if name.is_empty() {
            let byte = table.keys().map(|key| key.span().start).min().unwrap_or(0);
            self.wrong(byte, "a message needs a `name`");
        }
        let class = match table.get("class").and_then(|value| value.get_ref().as_str()) {
            Some(word) => {
                self.listed(table, "class", word, Class::from_name(word), Class::all().map(Class::name))
            }
            None => Class::Base,
        };
        let activity = match table.get("activity").and_then(|value| value.get_ref().as_str()) {
            // Of a class that is none nothing can be said.
            Some(_) if table.get("class").is_some_and(|class| !is_class(class)) => "",
            Some(_) if class.activities().next().is_none() => {
                let at = table.get("activity").map_or(0, |value| value.span().start);
                self.wrong(at, format!("the class `{}` has no activities", class.name()));
                ""
            }
            Some(word) => self.listed(table, "activity", word, class.activity(word), class.activities()),
            None => "",
        };
        let outcome = match table.get("outcome").and_then(|value| value.get_ref().as_str()) {
            Some(word) => {
                self.listed(table, "outcome", word, Outcome::from_name(word), OUTCOMES.map(Outcome::name))
            }
            None => Outcome::Unknown,
        };
        let attempt = self.string(table, "attempt");
        let mut when = self.conditions(table, "when", false);
        when.extend(self.conditions(table, "unless", true));
        MessageSpec {
            name,
            literal: self.string(table, "literal").unwrap_or_default(),
            pattern: self.string(table, "pattern").unwrap_or_default(),
            field: self.strings(table, "field"),
            when,
            class,
            activity,
            outcome,
            set: self.constants(table),
            map: self.maps(table),
            fields: self.fields(table),
            attempt: attempt.and_then(|word| self.word(table, "attempt", &word, &ROLES)),
        }
    }
}

fn is_class(value: &Value<'_>) -> bool {
    value.get_ref().as_str().is_some_and(|word| Class::from_name(word).is_some())
}

pub(super) const FRAMINGS: [(&str, Framing); Framing::COUNT] = [
    ("syslog", Framing::Syslog),
    ("json", Framing::Json),
    ("key-value", Framing::KeyValue),
    ("plain", Framing::Plain),
    ("cef", Framing::Cef),
    ("leef", Framing::Leef),
    ("csv", Framing::Csv),
    ("w3c", Framing::W3c),
    ("xml", Framing::Xml),
    ("audit", Framing::Audit),
];
pub(super) const ROLES: [(&str, AttemptRole); 8] = [
    ("fails", AttemptRole::Fails),
    ("hints", AttemptRole::Hints),
    ("announces", AttemptRole::Announces),
    ("repeats", AttemptRole::Repeats),
    ("belongs", AttemptRole::Belongs),
    ("ends", AttemptRole::Ends),
    ("admits", AttemptRole::Admits),
    ("opens", AttemptRole::Opens),
];

pub(super) fn unknown<'a>(what: &str, written: &str, valid: impl IntoIterator<Item = &'a str>) -> String {
    let valid: Vec<&str> = valid.into_iter().filter(|name| !name.is_empty()).collect();
    match nearest(written, valid.iter().copied()) {
        Some(near) => format!("there is no {what} `{written}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{written}`; there are: {}", valid.join(", ")),
    }
}

/// Single values.
impl Reader<'_> {
    pub(super) fn string(&mut self, table: &DeTable<'_>, key: &str) -> Option<String> {
        let value = table.get(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong(value.span().start, format!("`{key}` is a text in quotes"));
                None
            }
        }
    }

    fn boolean(&mut self, table: &DeTable<'_>, key: &str) -> bool {
        let Some(value) = table.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong(value.span().start, format!("`{key}` is true or false"));
            false
        })
    }

    fn version(&mut self, table: &DeTable<'_>) -> u32 {
        let Some(value) = table.get("version") else { return 1 };
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
        number.unwrap_or_else(|| {
            self.wrong(value.span().start, "`version` is a whole number from 0");
            1
        })
    }

    /// A text, number or boolean as text.
    pub(super) fn scalar(&mut self, value: &Value<'_>) -> String {
        match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(word) => word.to_string(),
            _ => {
                self.wrong(value.span().start, "a text, number, true or false is meant here");
                String::new()
            }
        }
    }

    fn word<T: Copy>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        word: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let value = table.get(key)?;
        let found = words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() && value.get_ref().is_str() {
            self.wrong(value.span().start, unknown(key, word, words.iter().map(|(name, _)| *name)));
        }
        found
    }

    fn listed<'a, T: Default>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        word: &str,
        found: Option<T>,
        valid: impl IntoIterator<Item = &'a str>,
    ) -> T {
        if found.is_none() {
            let byte = table.get(key).map_or(0, |value| value.span().start);
            self.wrong(byte, unknown(key, word, valid));
        }
        found.unwrap_or_default()
    }

    pub(super) fn table<'t, 'd>(&mut self, table: &'t DeTable<'d>, key: &str) -> Option<&'t DeTable<'d>> {
        let value = table.get(key)?;
        let inner = value.get_ref().as_table();
        if inner.is_none() {
            self.wrong(value.span().start, format!("`{key}` is a table"));
        }
        inner
    }

    fn tables<'t, 'd>(&mut self, table: &'t DeTable<'d>, key: &str) -> Vec<&'t DeTable<'d>> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let array = value.get_ref().as_array();
        let inner =
            array.map(|array| array.iter().map(|item| item.get_ref().as_table()).collect::<Option<Vec<_>>>());
        inner.flatten().unwrap_or_else(|| {
            self.wrong(value.span().start, format!("`{key}` is an array of tables: [[{key}]]"));
            Vec::new()
        })
    }

    /// One text, or an array of texts.
    pub(super) fn list(&mut self, value: &Value<'_>) -> Vec<String> {
        match value.get_ref().as_array() {
            Some(array) => array.iter().map(|item| self.scalar(item)).collect(),
            None => vec![self.scalar(value)],
        }
    }

    pub(super) fn strings(&mut self, table: &DeTable<'_>, key: &str) -> Vec<String> {
        table.get(key).map(|value| self.list(value)).unwrap_or_default()
    }

    fn target(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>) -> Target {
        let name = key.get_ref().as_ref();
        if let Some(extra) = name.strip_prefix("extra.") {
            return Target::Extra(extra.to_owned());
        }
        if Column::from_name(name).is_none() {
            let what = unknown("column", name, Column::names());
            self.wrong(key.span().start, format!("{what} (other fields are `\"extra.{name}\"`)"));
        }
        Target::Column(name.to_owned())
    }
}

/// Parts of grammars and messages.
impl Reader<'_> {
    /// One framing or several.
    fn framings(&mut self, root: &DeTable<'_>) -> Vec<Framing> {
        let names = || FRAMINGS.iter().map(|(name, _)| *name);
        let Some(value) = root.get("framing") else {
            let all: Vec<&str> = names().collect();
            self.wrong(0, format!("a grammar needs a `framing`, one or several of {}", all.join(", ")));
            return Vec::new();
        };
        let items = value.get_ref().as_array().map_or(std::slice::from_ref(value), |array| array.as_ref());
        let mut framings = Vec::new();
        for item in items {
            let word = self.scalar(item);
            match FRAMINGS.iter().find(|(name, _)| *name == word) {
                Some((_, framing)) if framings.contains(framing) => {
                    self.wrong(item.span().start, format!("`{word}` is listed twice"));
                }
                Some((_, framing)) => framings.push(*framing),
                None => self.wrong(item.span().start, unknown("framing", &word, names())),
            }
        }
        if items.is_empty() {
            self.wrong(value.span().start, "the list of framings is empty");
        }
        framings
    }

    fn logsource(&mut self, root: &DeTable<'_>) -> (Option<String>, Option<String>, Option<String>) {
        let Some(table) = self.table(root, "logsource") else { return (None, None, None) };
        self.only(table, &LOGSOURCE_KEYS);
        (self.string(table, "product"), self.string(table, "service"), self.string(table, "category"))
    }

    fn constants(&mut self, table: &DeTable<'_>) -> Vec<(Target, String)> {
        let Some(inner) = self.table(table, "set") else { return Vec::new() };
        let pairs = inner.iter().map(|(key, value)| {
            let target = self.target(key);
            let word = self.value_of(&target, value);
            (target, word)
        });
        pairs.collect()
    }

    fn maps(&mut self, table: &DeTable<'_>) -> Vec<(Target, Vec<(String, String)>)> {
        let Some(inner) = self.table(table, "map") else { return Vec::new() };
        let mut maps = Vec::new();
        for (key, value) in inner {
            let target = self.target(key);
            match value.get_ref().as_table() {
                Some(words) => {
                    let pairs = words
                        .iter()
                        .map(|(word, to)| (word.get_ref().to_string(), self.value_of(&target, to)));
                    let pairs = pairs.collect();
                    maps.push((target, pairs));
                }
                None => self
                    .wrong(value.span().start, "a table of words is meant here: { word = \"replacement\" }"),
            }
        }
        maps
    }

    fn fields(&mut self, root: &DeTable<'_>) -> Vec<(Target, Vec<String>)> {
        let Some(inner) = self.table(root, "fields") else { return Vec::new() };
        inner.iter().map(|(key, value)| (self.target(key), self.list(value))).collect()
    }

    fn conditions(&mut self, table: &DeTable<'_>, key: &str, negated: bool) -> Vec<Condition> {
        let Some(inner) = self.table(table, key) else { return Vec::new() };
        let mut conditions = Vec::new();
        for (field, value) in inner {
            let mut one_of = self.list(value);
            // `*` alone matches any value, so that nothing is left to compare.
            if one_of.iter().any(|word| word == "*") {
                one_of.clear();
            }
            conditions.push(Condition { field: field.get_ref().to_string(), one_of, negated });
        }
        conditions
    }

    fn sample(&mut self, table: &DeTable<'_>) -> Option<Sample> {
        self.only(table, &SAMPLE_KEYS);
        let now = self.string(table, "now").unwrap_or_else(|| SAMPLE_NOW.to_owned());
        let now = Timestamp::parse_rfc3339(&now).or_else(|| {
            let byte = table.get("now").map_or(0, |value| value.span().start);
            self.wrong(byte, "`now` is a time like 2026-11-23T12:00:00Z");
            None
        })?;
        let lines = match table.get("lines").map(|value| (value, value.get_ref().as_str())) {
            Some((_, Some(text))) => text.lines().map(str::to_owned).collect(),
            Some((value, None)) => self.list(value),
            None => Vec::new(),
        };
        let expected = self.tables(table, "expect");
        let events = expected.into_iter().map(|event| self.expected(event)).collect();
        Some(Sample { now, lines, events })
    }

    fn expected(&mut self, event: &DeTable<'_>) -> Vec<(String, String)> {
        let mut columns = Vec::new();
        for (key, value) in event {
            let name = key.get_ref().as_ref();
            let known = EVENT_COLUMNS.contains(&name) || name == "reason" || name.starts_with("extra.");
            if !known {
                self.wrong(key.span().start, unknown("column", name, EVENT_COLUMNS));
            }
            columns.push((name.to_owned(), self.scalar(value)));
        }
        columns
    }
}
