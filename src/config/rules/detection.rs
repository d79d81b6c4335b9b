//! From a Sigma detection to a compiled one.

use super::condition;
use super::document::{Document, members, scalar};
use super::modifiers::{Modifiers, Reading};
use super::placeholders::Placeholders;
use super::values::{self, Scope};
use crate::config::report::{Grade, Problem, nearest};
use crate::detect::field::Field;
use crate::detect::logsource::{Logsource, known_names};
use crate::detect::pattern::{Pattern, Place};
use crate::detect::rule::{Detection, Expr, Test};
use std::collections::{BTreeMap, BTreeSet};
use yaml_serde::{Mapping, Value};

/// Whole texts from which a sorted set is quicker than trying each.
const SET_FROM: usize = 4;

/// The fields that all rules use, each once.
#[derive(Debug, Default)]
pub struct Fields {
    index: BTreeMap<String, usize>,
    /// In the order of their indices.
    pub list: Vec<Field>,
}

impl Fields {
    /// The index of a field.
    pub fn get(&mut self, name: &str) -> usize {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        self.list.push(Field::named(name));
        self.index.insert(name.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

/// What the sources of a rule can bring beside the columns; `None` = anything.
pub type ExtraKeys<'a> = Option<&'a BTreeSet<&'a str>>;

/// What selections are made with.
pub struct Builder<'a> {
    /// Whose selections they are.
    pub document: &'a Document,
    /// The fields of all rules.
    pub fields: &'a mut Fields,
    /// What the sources of the rule can bring.
    pub extra: ExtraKeys<'a>,
    /// The values of placeholders.
    pub placeholders: &'a Placeholders,
}

/// Selections and what is said about them.
#[derive(Clone, Debug)]
pub struct Search {
    /// The selections.
    pub selections: Vec<Expr>,
    /// The condition over them.
    pub condition: Expr,
}

/// A name of a logsource that looks like a slip: no source that is read has it, and one letter makes it a known one.
pub fn slip(document: &Document, source: &Logsource) -> Option<Problem> {
    let parts = [("category", &source.category), ("product", &source.product), ("service", &source.service)];
    let names = parts.into_iter().filter_map(|(key, name)| Some((key, name.as_deref()?)));
    let (key, name, near) = names.into_iter().find_map(|(key, name)| {
        let near = nearest(name, known_names().filter(|known| known.len().abs_diff(name.len()) <= 1))?;
        (near != name).then_some((key, name, near))
    })?;
    let message =
        format!("no source has the {key} `{name}`, so this rule stays idle; did you mean `{near}`?");
    Some(Problem { grade: Grade::Warning, ..document.problem_in(&["logsource", key], name, 0, message) })
}

/// Reads `logsource`.
pub fn logsource(document: &Document) -> Result<Logsource, Problem> {
    let wrong = |message: &str| document.problem(&["logsource"], message);
    let Some(Value::Mapping(keys)) = document.keys.get("logsource") else {
        return Err(wrong("a detection needs a `logsource` of category, product or service"));
    };
    const PARTS: [&str; 4] = ["category", "product", "service", "definition"];
    let strange = keys.keys().filter_map(Value::as_str).find(|key| !PARTS.contains(key));
    if let Some(key) = strange.filter(|_| document.ours) {
        let hint = nearest(key, PARTS).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        return Err(document.problem(&["logsource", key], format!("`{key}` is no part of a logsource{hint}")));
    }
    let part = |name: &str| {
        keys.get(name).and_then(scalar).filter(|t| !t.is_empty()).map(|t| Logsource::spelled(&t))
    };
    let source = Logsource { category: part("category"), product: part("product"), service: part("service") };
    if source.is_empty() {
        return Err(wrong(
            "a `logsource` names a category, a product or a service: without one a rule would see every line",
        ));
    }
    Ok(source)
}

/// Compiles the `detection` of a document, tuned by filters.
pub fn compile(builder: &mut Builder<'_>, filters: Vec<Search>) -> Result<Detection, Problem> {
    let document = builder.document;
    let logsource = logsource(document)?;
    let mut search = builder.search("detection", &[])?;
    if let Some(fields) = guard(&search, builder.fields)
        && fields.is_empty()
    {
        return Err(document.problem(
            &["detection", "condition"],
            "this condition only negates: it would fire on every line",
        ));
    }
    for filter in filters {
        search.narrow(filter);
    }
    let only_negative = guard(&search, builder.fields);
    Ok(Detection { logsource, selections: search.selections, condition: search.condition, only_negative })
}

/// Where the condition holds for an event that has none of the fields: the fields of which one must be there.
fn guard(search: &Search, fields: &Fields) -> Option<Vec<usize>> {
    holds_of_nothing(&search.condition, &search.selections)
        .then(|| named_fields(&search.condition, &search.selections, fields))
}

impl Search {
    /// Adds what a filter says: both have to hold.
    fn narrow(&mut self, filter: Search) {
        let first = self.selections.len();
        self.selections.extend(filter.selections);
        let own = std::mem::replace(&mut self.condition, Expr::All(Vec::new()));
        self.condition = Expr::All(vec![own, moved(filter.condition, first)]);
    }

    /// Whether it holds for an event that has none of the fields.
    pub fn holds_of_nothing(&self) -> bool {
        holds_of_nothing(&self.condition, &self.selections)
    }
}

/// A condition over selections that stand further back.
fn moved(condition: Expr, by: usize) -> Expr {
    let all = |parts: Vec<Expr>| parts.into_iter().map(|part| moved(part, by)).collect();
    match condition {
        Expr::All(parts) => Expr::All(all(parts)),
        Expr::Any(parts) => Expr::Any(all(parts)),
        Expr::Not(part) => Expr::Not(Box::new(moved(*part, by))),
        Expr::Selection(index) => Expr::Selection(index + by),
        Expr::Test(test) => Expr::Test(test),
    }
}

/// The condition, or the list of which one suffices.
fn conditions(document: &Document, section: &str, keys: &Mapping, names: &[&str]) -> Result<Expr, Problem> {
    let path = [section, "condition"];
    let Some(value) = keys.get("condition") else {
        return Err(document.problem(&[section], format!("a {section} needs a `condition`")));
    };
    let (mut parts, mut used) = (Vec::new(), vec![false; names.len()]);
    for member in members(value) {
        let text = member
            .as_str()
            .ok_or_else(|| document.problem(&path, "a condition is a text or a list of texts"))?;
        let (expr, uses) = condition::read(text, names)
            .map_err(|fault| document.problem_in(&path, text, fault.at, fault.message))?;
        parts.push(expr);
        used.iter_mut().zip(uses).for_each(|(used, now)| *used |= now);
    }
    let unused = names.iter().zip(&used).find(|(name, used)| !**used && !name.starts_with('_'));
    if let (true, Some((name, _))) = (document.ours, unused) {
        return Err(document.problem(&[section, name], format!("the condition never uses `{name}`")));
    }
    match parts.len() {
        0 => Err(document.problem(&path, "the condition is empty")),
        1 => Ok(parts.remove(0)),
        _ => Ok(Expr::Any(parts)),
    }
}

/// Whether a condition holds for an event that has none of the fields: negations, and tests for what is not there.
fn holds_of_nothing(condition: &Expr, selections: &[Expr]) -> bool {
    let holds = |part: &Expr| holds_of_nothing(part, selections);
    match condition {
        Expr::All(parts) => parts.iter().all(holds),
        Expr::Any(parts) => parts.iter().any(holds),
        Expr::Not(part) => !holds(part),
        Expr::Selection(index) => selections.get(*index).is_some_and(|part| holds_of_nothing(part, &[])),
        Expr::Test(test) => {
            let absent = |pattern: &Pattern| matches!(pattern, Pattern::Null | Pattern::Exists(false));
            let fits =
                if test.all { test.patterns.iter().all(absent) } else { test.patterns.iter().any(absent) };
            fits && !test.negated
        }
    }
}

/// The fields of the selections that are not there on every event.
fn named_fields(condition: &Expr, selections: &[Expr], fields: &Fields) -> Vec<usize> {
    const ALWAYS: [&str; 10] = [
        "raw",
        "class",
        "class_uid",
        "activity_id",
        "outcome",
        "status_id",
        "count",
        "flags",
        "source",
        "format",
    ];
    let mut found = Vec::new();
    let mut open: Vec<&Expr> = vec![condition];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::All(parts) | Expr::Any(parts) => open.extend(parts),
            Expr::Not(part) => open.push(part),
            Expr::Selection(index) => open.extend(selections.get(*index)),
            Expr::Test(test) => found.push(test.field),
        }
    }
    found.retain(|index| fields.list.get(*index).is_some_and(|field| !ALWAYS.contains(&&*field.name)));
    found.sort_unstable();
    found.dedup();
    found
}

impl Builder<'_> {
    /// Reads a section of selections and a condition; `beside` are keys that are neither.
    pub fn search(&mut self, section: &str, beside: &[&str]) -> Result<Search, Problem> {
        let document = self.document;
        let Some(Value::Mapping(keys)) = document.keys.get(section) else {
            return Err(document
                .problem(&[section], format!("`{section}` is a mapping of selections and a condition")));
        };
        if keys.contains_key("timeframe") {
            return Err(document.problem(
                &[section, "timeframe"],
                "`timeframe` belongs to the old aggregations; write a correlation document",
            ));
        }
        let named: Vec<(&str, &Value)> = keys
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?, value)))
            .filter(|(key, _)| *key != "condition" && !beside.contains(key))
            .collect();
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let mut selections = Vec::with_capacity(named.len());
        for (name, value) in &named {
            selections.push(self.selection(value, &[section, name])?);
        }
        Ok(Search { condition: conditions(document, section, keys, &names)?, selections })
    }

    fn selection(&mut self, value: &Value, path: &[&str]) -> Result<Expr, Problem> {
        match value {
            Value::Mapping(items) => self.items(items, path),
            Value::Sequence(list) => {
                let parts: Result<Vec<Expr>, Problem> =
                    list.iter().map(|member| self.selection(member, path)).collect();
                let parts = parts?;
                if parts.is_empty() {
                    return Err(self.document.problem(path, "this selection is empty"));
                }
                Ok(Expr::Any(parts))
            }
            Value::Null => Err(self.document.problem(path, "this selection is empty")),
            keyword => self.test("", std::slice::from_ref(&keyword), path),
        }
    }

    fn items(&mut self, items: &Mapping, path: &[&str]) -> Result<Expr, Problem> {
        let mut parts = Vec::with_capacity(items.len());
        for (key, value) in items {
            let key = scalar(key).ok_or_else(|| self.document.problem(path, "a field's name is a text"))?;
            let here: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
            parts.push(self.test(&key, &members(value), &here)?);
        }
        match parts.len() {
            0 => Err(self.document.problem(path, "this selection is empty")),
            1 => Ok(parts.remove(0)),
            _ => Ok(Expr::All(parts)),
        }
    }

    /// One key with its values; the empty name means the raw line.
    fn test(&mut self, key: &str, values: &[&Value], path: &[&str]) -> Result<Expr, Problem> {
        let document = self.document;
        let refuse = |message: String| document.problem(path, message);
        let mut parts = key.split('|');
        let name = parts.next().unwrap_or_default();
        let mut modifiers = Modifiers::read(parts).map_err(refuse)?;
        if name.is_empty() {
            if matches!(modifiers.reading, Reading::Exists | Reading::Other | Reading::Part(_)) {
                return Err(refuse("this modifier needs the name of a field".into()));
            }
            modifiers.place.get_or_insert(Place::Anywhere);
        } else {
            self.check_field(name, path)?;
        }
        let field = self.fields.get(if name.is_empty() { "raw" } else { name });
        let fields = &mut *self.fields;
        let mut scope = Scope { placeholders: self.placeholders, field: &mut |name| fields.get(name) };
        let Modifiers { all, negated, .. } = modifiers;
        let mut each = Vec::with_capacity(values.len());
        for value in values {
            each.push(values::patterns(value, &modifiers, &mut scope).map_err(refuse)?);
        }
        if each.is_empty() {
            return Err(refuse("an empty list of values never fits".into()));
        }
        if !all || each.iter().all(|patterns| patterns.len() == 1) {
            let mut patterns: Vec<Pattern> = each.into_iter().flatten().collect();
            if !all {
                patterns = gathered(patterns);
            }
            return Ok(Expr::Test(Test { field, patterns, all, negated }));
        }
        // All values have to fit, each in one of the forms that a modifier made of it.
        let test = |patterns| Expr::Test(Test { field, patterns, all: false, negated: false });
        if negated {
            return Err(refuse(
                "`neq` and `all` do not go together with a modifier that makes several texts of one".into(),
            ));
        }
        Ok(Expr::All(each.into_iter().map(test).collect()))
    }

    /// A name that no routed source can bring, or that is a slip of a column's name, is a mistake.
    fn check_field(&self, name: &str, path: &[&str]) -> Result<(), Problem> {
        if Field::named(name).is_known() || name.starts_with("extra.") {
            return Ok(());
        }
        if self.extra.is_none() && !self.document.ours {
            return Ok(());
        }
        let near = nearest(name, Field::known_names());
        let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let known = |keys: &BTreeSet<&str>| {
            keys.iter().any(|key| {
                key.eq_ignore_ascii_case(name)
                    || key.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(name))
            })
        };
        match self.extra {
            Some(keys) if known(keys) => Ok(()),
            Some(_) => {
                Err(self.document.problem(path, format!("no source of this rule has a field `{name}`{hint}")))
            }
            None if self.document.ours && near.is_some_and(|near| is_slip(name, near)) => {
                Err(self.document.problem(
                    path,
                    format!("unknown field `{name}`{hint} (`extra.{name}` for a source's own field)"),
                ))
            }
            None => Ok(()),
        }
    }
}

/// The same letters in another order or one of them more, less or other, in a name of our own spelling.
fn is_slip(written: &str, near: &str) -> bool {
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    plain(written) && plain(near) && near.len().abs_diff(written.len()) <= 1
}

/// Many whole texts become one set.
fn gathered(patterns: Vec<Pattern>) -> Vec<Pattern> {
    let whole = |p: &Pattern| matches!(p, Pattern::Literal { place: Place::Whole, cased: false, .. });
    if patterns.iter().filter(|p| whole(p)).count() < SET_FROM {
        return patterns;
    }
    let (texts, mut others): (Vec<Pattern>, Vec<Pattern>) = patterns.into_iter().partition(|p| whole(p));
    let text = |p| if let Pattern::Literal { text, .. } = p { Some(text) } else { None };
    others.push(Pattern::OneOf(texts.into_iter().filter_map(text).collect()));
    others
}
