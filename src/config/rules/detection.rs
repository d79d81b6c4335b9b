//! From a Sigma detection to a compiled one.

use super::condition;
use super::document::{Document, members, scalar};
use super::values::{self, Modifiers};
use crate::config::report::{Problem, nearest};
use crate::detect::field::Field;
use crate::detect::logsource::Logsource;
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

struct Builder<'a> {
    document: &'a Document,
    fields: &'a mut Fields,
    extra: ExtraKeys<'a>,
}

/// Reads `logsource`.
pub fn logsource(document: &Document) -> Result<Logsource, Problem> {
    let wrong = |message: &str| document.problem(&["logsource"], message);
    let Some(Value::Mapping(keys)) = document.keys.get("logsource") else {
        return Err(wrong("a detection needs a `logsource` of category, product or service"));
    };
    let part = |name: &str| {
        keys.get(name).and_then(scalar).filter(|t| !t.is_empty()).map(|t| Logsource::spelled(&t))
    };
    let source = Logsource { category: part("category"), product: part("product"), service: part("service") };
    if source.is_empty() {
        return Err(wrong(
            "a `logsource` names a category, a product or a service: without one a rule would see every line",
        ));
    }
    if let Some(key) = keys
        .keys()
        .filter_map(Value::as_str)
        .find(|k| !["category", "product", "service", "definition"].contains(k))
        && document.ours
    {
        return Err(document.problem(&["logsource", key], format!("`{key}` is no part of a logsource")));
    }
    Ok(source)
}

/// Compiles the `detection` of a document.
pub fn compile(document: &Document, fields: &mut Fields, extra: ExtraKeys<'_>) -> Result<Detection, Problem> {
    let logsource = logsource(document)?;
    let Some(Value::Mapping(keys)) = document.keys.get("detection") else {
        return Err(
            document.problem(&["detection"], "`detection` is a mapping of selections and a condition")
        );
    };
    if let Some(key) = ["timeframe"].into_iter().find(|key| keys.contains_key(*key)) {
        return Err(document.problem(
            &["detection", key],
            "`timeframe` belongs to the old aggregations; write a correlation document",
        ));
    }
    let named: Vec<(&str, &Value)> = keys
        .iter()
        .filter_map(|(key, value)| Some((key.as_str()?, value)))
        .filter(|(key, _)| *key != "condition")
        .collect();
    let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    let mut builder = Builder { document, fields, extra };
    let mut selections = Vec::with_capacity(named.len());
    for (name, value) in &named {
        selections.push(builder.selection(value, &["detection", name])?);
    }
    let condition = conditions(document, keys, &names)?;
    let only_negative =
        truth_without(&condition).then(|| named_fields(&condition, &selections, builder.fields));
    if only_negative.as_ref().is_some_and(Vec::is_empty) {
        return Err(document.problem(
            &["detection", "condition"],
            "this condition only negates: it would fire on every line",
        ));
    }
    Ok(Detection { logsource, selections, condition, only_negative })
}

/// The condition, or the list of which one suffices.
fn conditions(document: &Document, keys: &Mapping, names: &[&str]) -> Result<Expr, Problem> {
    let path = ["detection", "condition"];
    let Some(value) = keys.get("condition") else {
        return Err(document.problem(&["detection"], "a detection needs a `condition`"));
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
        return Err(document.problem(&["detection", name], format!("the condition never uses `{name}`")));
    }
    match parts.len() {
        0 => Err(document.problem(&path, "the condition is empty")),
        1 => Ok(parts.remove(0)),
        _ => Ok(Expr::Any(parts)),
    }
}

/// Whether a condition holds where no selection does.
fn truth_without(condition: &Expr) -> bool {
    match condition {
        Expr::All(parts) => parts.iter().all(truth_without),
        Expr::Any(parts) => parts.iter().any(truth_without),
        Expr::Not(part) => !truth_without(part),
        Expr::Selection(_) | Expr::Test(_) => false,
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
        // `neq` is the negation of the same test without it.
        let negated = key.split('|').skip(1).any(|part| part == "neq");
        let mut modifiers = Modifiers::read(parts.filter(|part| *part != "neq")).map_err(refuse)?;
        if name.is_empty() {
            modifiers.place.get_or_insert(Place::Anywhere);
        } else {
            self.check_field(name, path)?;
        }
        let field = self.fields.get(if name.is_empty() { "raw" } else { name });
        let fields = &mut *self.fields;
        let mut patterns = Vec::with_capacity(values.len());
        for value in values {
            let more = values::patterns(value, &modifiers, &mut |name| fields.get(name)).map_err(refuse)?;
            if modifiers.all && more.len() > 1 {
                return Err(refuse(
                    "`all` together with a modifier that makes several texts of one is not supported".into(),
                ));
            }
            patterns.extend(more);
        }
        if patterns.is_empty() {
            return Err(refuse("an empty list of values never fits".into()));
        }
        if !modifiers.all {
            patterns = gathered(patterns);
        }
        let test = Expr::Test(Test { field, patterns, all: modifiers.all });
        Ok(if negated { Expr::Not(Box::new(test)) } else { test })
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
