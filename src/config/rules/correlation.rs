//! From a Sigma correlation to a compiled one.

use super::detection::Fields;
use super::document::{Document, members, scalar};
use crate::config::report::{Problem, nearest};
use crate::detect::pattern::Compare;
use crate::detect::rule::{Correlation, Counting, Reference, Rule};
use crate::limits::{WINDOW_EVENTS_MAX, WINDOW_SPAN_MAX};
use crate::schema::Span;
use std::collections::BTreeMap;
use std::sync::Arc;
use yaml_serde::{Mapping, Value};

/// The keys of a correlation.
pub const KEYS: [&str; 7] = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
/// Types of correlations that are not read yet.
pub const LATER: [&str; 3] = ["value_sum", "value_avg", "value_percentile"];
/// Types of correlations.
pub const TYPES: [&str; 4] = ["event_count", "value_count", "temporal", "temporal_ordered"];

/// The rules that a correlation names, as written.
pub fn references(document: &Document) -> Vec<String> {
    let rules = document.keys.get("correlation").and_then(|c| c.get("rules"));
    rules.map_or_else(Vec::new, |rules| members(rules).into_iter().filter_map(scalar).collect())
}

/// Whether the rules that it names make findings of their own.
pub fn generates(document: &Document) -> bool {
    document.keys.get("correlation").and_then(|c| c.get("generate")).and_then(Value::as_bool).unwrap_or(false)
}

/// Compiles the `correlation` of a document; `referred` are its rules, each with its index and its name in aliases.
pub fn compile(
    document: &Document,
    referred: &[(String, usize, &Rule)],
    fields: &mut Fields,
) -> Result<Correlation, Problem> {
    let Some(Value::Mapping(keys)) = document.keys.get("correlation") else {
        return Err(document.problem(&["correlation"], "`correlation` is a mapping"));
    };
    let refuse = |key: &str, message: String| document.problem(&["correlation", key], message);
    if let Some(key) = keys.keys().filter_map(Value::as_str).find(|key| !KEYS.contains(key)) {
        let hint = nearest(key, KEYS).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        return Err(refuse(key, format!("`{key}` is no part of a correlation{hint}")));
    }
    let counting = counting(keys).map_err(|message| refuse("type", message))?;
    let timespan = timespan(keys).map_err(|message| refuse("timespan", message))?;
    let group_by: Vec<Arc<str>> = names(keys.get("group-by")).into_iter().map(Arc::from).collect();
    let several = matches!(counting, Counting::Together | Counting::InOrder);
    if several && referred.len() < 2 {
        return Err(refuse("rules", "a temporal correlation needs at least two rules".into()));
    }
    let (limits, value) = if several && !keys.contains_key("condition") {
        (Vec::new(), None)
    } else if several {
        return Err(refuse(
            "condition",
            "a condition of a temporal correlation is not supported: every rule of the list has to match"
                .into(),
        ));
    } else {
        limits(keys).map_err(|message| refuse("condition", message))?
    };
    if counting == Counting::Values && value.is_none() {
        return Err(refuse("condition", "value_count needs the `field` whose values are counted".into()));
    }
    let mut references = Vec::with_capacity(referred.len());
    for (name, rule, referred) in referred {
        check_chain(referred, &group_by, several).map_err(|message| refuse("rules", message))?;
        let group = group_by.iter().map(|key| alias(keys, key, name).map(|field| fields.get(&field)));
        let group: Option<Vec<usize>> = group.collect();
        let group = group
            .ok_or_else(|| refuse("aliases", format!("an alias says nothing about the rule `{name}`")))?;
        references.push(Reference {
            rule: *rule,
            group,
            value: value.as_deref().map(|field| fields.get(field)),
        });
    }
    let value_name = value.map(Arc::from);
    Ok(Correlation { counting, references, group_by, value_name, timespan, limits, unless: None })
}

/// The count that a document of ours gives way to, as written.
pub fn unless(document: &Document) -> Option<String> {
    document.keys.get("gatewatch")?.get("unless").and_then(scalar)
}

/// The index of the count that a correlation gives way to, of the rules so far.
pub fn excuse(
    document: &Document,
    own: &Correlation,
    index: &BTreeMap<Arc<str>, usize>,
    rules: &[Rule],
) -> Result<Option<usize>, Problem> {
    let found = unless(document).and_then(|name| index.get(name.as_str()).copied());
    let Some((at, other)) = found.and_then(|at| Some((at, rules.get(at)?))) else { return Ok(None) };
    let checked = check_unless(own, other);
    checked.map(|()| Some(at)).map_err(|message| document.problem(&["gatewatch", "unless"], message))
}

/// Whether a correlation may give way to another one.
fn check_unless(own: &Correlation, other: &Rule) -> Result<(), String> {
    let id = &other.meta.id;
    let counts = |c: &Correlation| matches!(c.counting, Counting::Events | Counting::Values);
    let Some(excuse) = other.correlation().filter(|other| counts(other)) else {
        return Err(format!("`{id}` is no count: `unless` names an event_count or a value_count"));
    };
    if !counts(own) {
        return Err("only an event_count or a value_count gives way to another count".into());
    }
    if excuse.group_by != own.group_by {
        return Err(format!("`{id}` groups by {}, and so must this one", excuse.group_by.join(", ")));
    }
    Ok(())
}

/// What a correlation may refer to.
fn check_chain(referred: &Rule, group_by: &[Arc<str>], several: bool) -> Result<(), String> {
    let Some(child) = referred.correlation() else { return Ok(()) };
    let id = &referred.meta.id;
    if !several {
        return Err(format!(
            "`{id}` is a correlation itself; only temporal and temporal_ordered refer to correlations"
        ));
    }
    if matches!(child.counting, Counting::Together | Counting::InOrder) {
        return Err(format!("`{id}` is a sequence itself; a sequence of sequences is not supported"));
    }
    if child.group_by != group_by {
        return Err(format!("`{id}` groups by {}, and so must this one", child.group_by.join(", ")));
    }
    Ok(())
}

fn counting(keys: &Mapping) -> Result<Counting, String> {
    match keys.get("type").and_then(Value::as_str).unwrap_or_default() {
        "event_count" => Ok(Counting::Events),
        "value_count" => Ok(Counting::Values),
        "temporal" => Ok(Counting::Together),
        "temporal_ordered" => Ok(Counting::InOrder),
        later if LATER.contains(&later) => Err(format!("`{later}` is not supported yet")),
        other => {
            let hint =
                nearest(other, TYPES).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            Err(format!("`{other}` is no type of correlation{hint}"))
        }
    }
}

fn timespan(keys: &Mapping) -> Result<Span, String> {
    let text = keys.get("timespan").and_then(scalar).ok_or("a correlation needs a `timespan`")?;
    let span = Span::parse(&text).ok_or_else(|| format!("`{text}` is not a time such as 10m, 4h or 2d"))?;
    match span.0 {
        ..=0 => Err("a window of no length never holds anything".into()),
        _ if span > WINDOW_SPAN_MAX => {
            Err(format!("{text} is longer than the longest window, {}", WINDOW_SPAN_MAX.in_words()))
        }
        _ => Ok(span),
    }
}

/// Limits, and the field whose values are counted.
type Limits = (Vec<(Compare, f64)>, Option<String>);

/// The limits, and the field whose values are counted.
fn limits(keys: &Mapping) -> Result<Limits, String> {
    let Some(Value::Mapping(condition)) = keys.get("condition") else {
        return Err("a count needs a `condition` such as `gte: 5`".into());
    };
    let (mut limits, mut field) = (Vec::new(), None);
    for (key, value) in condition {
        let key = key.as_str().unwrap_or_default();
        let compare = match key {
            "gte" => Compare::Gte,
            "gt" => Compare::Gt,
            "lte" => Compare::Lte,
            "lt" => Compare::Lt,
            "eq" => Compare::Eq,
            "neq" => Compare::Neq,
            "field" => {
                let fields = members(value);
                if fields.len() != 1 {
                    return Err("`field` with several fields is not supported".into());
                }
                field = fields.first().and_then(|value| scalar(value));
                continue;
            }
            other => {
                let hint = nearest(other, ["gte", "gt", "lte", "lt", "eq", "neq", "field"]);
                return Err(format!(
                    "`{other}` is no part of a condition{}",
                    hint.map_or(String::new(), |n| format!("; did you mean `{n}`?"))
                ));
            }
        };
        let limit = value.as_f64().ok_or_else(|| format!("`{key}` takes a number"))?;
        limits.push((compare, limit));
    }
    check_limits(&limits)?;
    Ok((limits, field))
}

/// Counts begin at 1, the event that is looked at, so some limits always hold and some never.
fn check_limits(limits: &[(Compare, f64)]) -> Result<(), String> {
    if limits.is_empty() {
        return Err("a count needs a limit such as `gte: 5`".into());
    }
    for (compare, limit) in limits {
        let senseless = match compare {
            Compare::Gte | Compare::Eq => *limit < 1.0,
            Compare::Gt => *limit < 0.0,
            Compare::Lt => *limit <= 1.0,
            Compare::Lte => *limit < 1.0,
            Compare::Neq => false,
        };
        if senseless {
            return Err(format!("a limit of {limit} always holds or never: a count begins at 1"));
        }
        if *limit > WINDOW_EVENTS_MAX as f64 {
            return Err(format!(
                "a limit of {limit} is above the {WINDOW_EVENTS_MAX} events that a window holds"
            ));
        }
    }
    Ok(())
}

/// The field that a key of the group means for a rule; `None` where an alias leaves the rule out.
fn alias(keys: &Mapping, key: &str, rule: &str) -> Option<String> {
    let aliases = keys.get("aliases").and_then(|aliases| aliases.get(key));
    match aliases {
        None => Some(key.to_owned()),
        Some(by_rule) => by_rule.get(rule).and_then(scalar),
    }
}

fn names(value: Option<&Value>) -> Vec<String> {
    value.map_or_else(Vec::new, |value| members(value).into_iter().filter_map(scalar).collect())
}
