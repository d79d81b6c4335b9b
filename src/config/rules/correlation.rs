//! From a Sigma correlation to a compiled one.

use super::detection::Fields;
use super::document::{Document, members, scalar};
use super::steps;
use crate::config::report::{Problem, nearest};
use crate::detect::pattern::Compare;
use crate::detect::rule::{
    Body, Chain, Correlation, Counting, Hears, Pick, Reference, Rule, Steps, may_change,
};
use crate::limits::{WINDOW_EVENTS_MAX, WINDOW_SPAN_MAX};
use crate::schema::Span;
use std::collections::BTreeMap;
use std::sync::Arc;
use yaml_serde::{Mapping, Value};

/// The keys of a correlation.
pub const KEYS: [&str; 7] = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
/// Types of correlations.
pub const TYPES: [&str; 8] = [
    "event_count",
    "value_count",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
    "temporal",
    "temporal_ordered",
];
/// The percentile that is asked for where none is named.
const PERCENTILE_DEFAULT: f64 = 50.0;

/// A rule that a document refers to: its name there, its index, and itself.
pub type Referred<'a> = (String, usize, &'a Rule);
/// What referenced correlations must carry for this one, by their index.
pub type Carried = BTreeMap<usize, Vec<usize>>;

/// The rules that a correlation (or an absence) names, as written.
pub fn references(document: &Document) -> Vec<String> {
    let of = |key: &str, list: &str| document.keys.get(key).and_then(|c| c.get(list));
    let lists = [of("correlation", "rules"), of("absence", "rules"), of("absence", "expects")];
    lists.into_iter().flatten().flat_map(|rules| members(rules).into_iter().filter_map(scalar)).collect()
}

/// Whether the rules that it names make findings of their own.
pub fn generates(document: &Document) -> bool {
    document.keys.get("correlation").and_then(|c| c.get("generate")).and_then(Value::as_bool).unwrap_or(false)
}

/// Compiles the `correlation` of a document.
pub fn compile(
    document: &Document,
    referred: &[Referred<'_>],
    fields: &mut Fields,
) -> Result<(Correlation, Carried), Problem> {
    let Some(Value::Mapping(keys)) = document.keys.get("correlation") else {
        return Err(document.problem(&["correlation"], "`correlation` is a mapping"));
    };
    let refuse = |key: &str, message: String| document.problem(&["correlation", key], message);
    check_keys(keys, &KEYS, "a correlation").map_err(|(key, message)| refuse(&key, message))?;
    if keys.get("generate").is_some_and(|value| !value.is_bool()) {
        return Err(refuse("generate", "`generate` is true or false".into()));
    }
    let counting = counting(keys).map_err(|message| refuse("type", message))?;
    let timespan =
        span(keys, "timespan").and_then(|span| span.ok_or("a correlation needs a `timespan`".into()));
    let timespan = timespan.map_err(|message| refuse("timespan", message))?;
    if referred.is_empty() {
        return Err(refuse("rules", "a correlation needs `rules`".into()));
    }
    let several = matches!(counting, Counting::Together | Counting::InOrder);
    if several && referred.len() < 2 {
        return Err(refuse("rules", "a temporal correlation needs at least two rules".into()));
    }
    let condition = if several { sequence(keys, counting, referred) } else { limits(keys, counting) };
    let condition = condition.map_err(|message| refuse("condition", message))?;
    let group_by: Vec<Arc<str>> = names(keys.get("group-by")).into_iter().map(Arc::from).collect();
    let waits = may_change(condition.counting, &condition.limits, condition.steps.as_ref());
    let how = How { several, waits };
    let (references, carried) = resolve(keys, (&group_by, &condition.fields), referred, fields, |_| how)
        .map_err(|(key, message)| refuse(key, message))?;
    let value_name = (!condition.fields.is_empty()).then(|| Arc::from(condition.fields.join(", ")));
    let Condition { limits, steps, counting, .. } = condition;
    let (orders, carries, near) = (Vec::new(), Vec::new(), None);
    let mut correlation = Correlation {
        counting,
        references,
        group_by,
        value_name,
        timespan,
        limits,
        unless: None,
        steps,
        orders,
        carries,
        near,
    };
    if counting == Counting::InOrder && (correlation.steps.is_some() || !correlation.limits.is_empty()) {
        correlation.orders = steps::orders(|seen| correlation.completes(seen), referred.len());
    }
    Ok((correlation, carried))
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
    let Some(excuse) = other.correlation().filter(|other| !other.is_sequence()) else {
        return Err(format!("`{id}` is no count: `unless` names an event_count or one of the value_ types"));
    };
    if own.is_sequence() {
        return Err("only an event_count or one of the value_ types gives way to another count".into());
    }
    if excuse.group_by != own.group_by {
        return Err(format!("`{id}` groups by {}, and so must this one", excuse.group_by.join(", ")));
    }
    Ok(())
}

/// The first key that is none of these, with the nearest one that is.
pub fn check_keys(keys: &Mapping, known: &[&str], of: &str) -> Result<(), (String, String)> {
    match keys.keys().map(|key| key.as_str().unwrap_or("?")).find(|key| !known.contains(key)) {
        None => Ok(()),
        Some(key) => {
            let near = nearest(key, known.iter().copied());
            let hint = near.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            Err((key.to_owned(), format!("`{key}` is no part of {of}{hint}")))
        }
    }
}

/// How references are heard.
#[derive(Clone, Copy)]
pub struct How {
    /// Side by side, not counted.
    pub several: bool,
    /// Judged when no line may come any more.
    pub waits: bool,
}

/// References with the fields of their groups and values, and what referenced correlations must carry.
pub fn resolve(
    keys: &Mapping,
    (group_by, values): (&[Arc<str>], &[String]),
    referred: &[Referred<'_>],
    fields: &mut Fields,
    how: impl Fn(usize) -> How,
) -> Result<(Vec<Reference>, Carried), (&'static str, String)> {
    let mut carried = Carried::new();
    let mut references = Vec::with_capacity(referred.len());
    for (nth, (name, rule, child)) in referred.iter().enumerate() {
        let group = group_by.iter().map(|key| alias(keys, key, name)).collect::<Option<Vec<String>>>();
        let Some(group) = group else {
            return Err(("aliases", format!("an alias says nothing about the rule `{name}`")));
        };
        let mut need = Need { child, own: carried.entry(*rule).or_default(), fields };
        let chain = need.chain(how(nth), &group, values).map_err(|message| ("rules", message))?;
        let mut all = |names: &[String]| names.iter().map(|name| fields.get(name)).collect();
        references.push(Reference { rule: *rule, group: all(&group), values: all(values), chain });
    }
    Ok((references, carried))
}

/// How one reference gets its values.
struct Need<'a> {
    child: &'a Rule,
    /// What the child carries for this correlation.
    own: &'a mut Vec<usize>,
    fields: &'a mut Fields,
}

impl Need<'_> {
    /// How a referenced correlation is heard; `None` for a detection.
    fn chain(&mut self, how: How, group: &[String], values: &[String]) -> Result<Option<Chain>, String> {
        let id = &self.child.meta.id;
        let child = match &self.child.body {
            Body::Detection(_) => return Ok(None),
            Body::Correlation(child) if child.near.is_none() => child,
            _ => return Err(format!("`{id}` is an absence; correlations of absences are not supported")),
        };
        let same = child.group_by.len() == group.len()
            && child.group_by.iter().zip(group).all(|(own, name)| **own == **name);
        // A state that is known only later cannot be looked at now.
        let now = !how.waits && !child.waits();
        let hears = match (how.several, same && now && !child.is_sequence()) {
            (false, _) => Hears::Episodes,
            (true, true) => Hears::State,
            (true, false) => Hears::Moments,
        };
        if self.own.is_empty() {
            self.own.extend(&child.carries);
        }
        let group = group.iter().map(|name| self.pick(child, name)).collect::<Result<_, _>>()?;
        let values = values.iter().map(|name| self.pick(child, name)).collect::<Result<_, _>>()?;
        Ok(Some(Chain { hears, group, values }))
    }

    fn pick(&mut self, child: &Correlation, name: &str) -> Result<Pick, String> {
        if let Some(at) = child.group_by.iter().position(|own| **own == *name) {
            return Ok(Pick::Key(at));
        }
        let id = &self.child.meta.id;
        if child.is_sequence() || child.references.iter().any(|reference| reference.chain.is_some()) {
            return Err(format!(
                "`{id}` groups by {}, and not by `{name}`: its matches are several events, of which each may have another `{name}`",
                if child.group_by.is_empty() { "nothing".to_owned() } else { child.group_by.join(", ") }
            ));
        }
        let field = self.fields.get(name);
        let at = self.own.iter().position(|own| *own == field).unwrap_or_else(|| {
            self.own.push(field);
            self.own.len() - 1
        });
        Ok(Pick::Carried(at))
    }
}

fn counting(keys: &Mapping) -> Result<Counting, String> {
    match keys.get("type").and_then(Value::as_str).unwrap_or_default() {
        "event_count" => Ok(Counting::Events),
        "value_count" => Ok(Counting::Values),
        "value_sum" => Ok(Counting::Sum),
        "value_avg" => Ok(Counting::Average),
        "value_percentile" | "value_median" => Ok(Counting::Percentile(PERCENTILE_DEFAULT)),
        "temporal" => Ok(Counting::Together),
        "temporal_ordered" => Ok(Counting::InOrder),
        other => {
            let hint =
                nearest(other, TYPES).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            Err(format!("`{other}` is no type of correlation{hint}"))
        }
    }
}

/// The length of a window; `None` where the key is not there.
pub fn span(keys: &Mapping, key: &str) -> Result<Option<Span>, String> {
    let Some(value) = keys.get(key) else { return Ok(None) };
    let text = scalar(value).unwrap_or_default();
    let span = Span::parse(&text).ok_or_else(|| format!("`{text}` is not a time such as 10m, 4h or 2d"))?;
    match span.0 {
        ..=0 => Err("a window of no length never holds anything".into()),
        _ if span > WINDOW_SPAN_MAX => {
            Err(format!("{text} is longer than the longest window, {}", WINDOW_SPAN_MAX.in_words()))
        }
        _ => Ok(Some(span)),
    }
}

/// What a condition says.
struct Condition {
    counting: Counting,
    limits: Vec<(Compare, f64)>,
    fields: Vec<String>,
    steps: Option<Steps>,
}

/// The condition of a sequence.
fn sequence(keys: &Mapping, counting: Counting, referred: &[Referred<'_>]) -> Result<Condition, String> {
    let mut condition = Condition { counting, limits: Vec::new(), fields: Vec::new(), steps: None };
    match keys.get("condition") {
        None => return Ok(condition),
        Some(Value::String(text)) => {
            let names: Vec<&str> = referred.iter().map(|(name, ..)| name.as_str()).collect();
            condition.steps = Some(steps::parse(text, &names)?);
        }
        Some(Value::Mapping(keys)) => {
            for (key, value) in keys {
                let key = key.as_str().unwrap_or_default();
                condition.limits.push(limit(key, value, &["gte", "gt", "lte", "lt", "eq", "neq"])?);
            }
        }
        Some(_) => {
            return Err(
                "a condition is a mapping such as `gte: 2`, or names of rules with `and`, `or`".into()
            );
        }
    }
    steps::check(counting, condition.steps.as_ref(), &condition.limits, referred.len())?;
    Ok(condition)
}

fn limit(key: &str, value: &Value, known: &[&str]) -> Result<(Compare, f64), String> {
    let compare = match key {
        "gte" => Compare::Gte,
        "gt" => Compare::Gt,
        "lte" => Compare::Lte,
        "lt" => Compare::Lt,
        "eq" => Compare::Eq,
        "neq" => Compare::Neq,
        other => {
            let near = nearest(other, known.iter().copied());
            let hint = near.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            return Err(format!("`{other}` is no part of a condition{hint}"));
        }
    };
    let limit = value.as_f64().filter(|limit| limit.is_finite());
    Ok((compare, limit.ok_or_else(|| format!("`{key}` takes a number"))?))
}

/// The limits, and the fields whose values are counted.
fn limits(keys: &Mapping, counting: Counting) -> Result<Condition, String> {
    let Some(Value::Mapping(keys)) = keys.get("condition") else {
        return Err("a count needs a `condition` such as `gte: 5`".into());
    };
    let mut condition = Condition { counting, limits: Vec::new(), fields: Vec::new(), steps: None };
    let known = ["gte", "gt", "lte", "lt", "eq", "neq", "field", "percentile"];
    for (key, value) in keys {
        match key.as_str().unwrap_or_default() {
            "field" => condition.fields = names(Some(value)),
            "percentile" => {
                let percent = value.as_f64().filter(|percent| (0.0..=100.0).contains(percent));
                let Counting::Percentile(own) = &mut condition.counting else {
                    return Err("`percentile` belongs to value_percentile".into());
                };
                *own = percent.ok_or("`percentile` is a number from 0 to 100")?;
            }
            key => condition.limits.push(limit(key, value, &known)?),
        }
    }
    if condition.limits.is_empty() {
        return Err("a count needs a limit such as `gte: 5`".into());
    }
    match (counting, condition.fields.len()) {
        (Counting::Events, 0) => {}
        (Counting::Events, _) => {
            return Err("`field` belongs to the value_ types; event_count counts events".into());
        }
        (_, 0) => return Err("the value_ types need the `field` whose values are counted".into()),
        (Counting::Values, _) | (_, 1) => {}
        _ => return Err("numbers of several fields are not added up; name one `field`".into()),
    }
    if matches!(counting, Counting::Events | Counting::Values) {
        check_limits(&condition.limits)?;
    }
    Ok(condition)
}

/// Counts begin at 1, the event that is looked at, so some limits always hold and some never.
fn check_limits(limits: &[(Compare, f64)]) -> Result<(), String> {
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
pub fn alias(keys: &Mapping, key: &str, rule: &str) -> Option<String> {
    let aliases = keys.get("aliases").and_then(|aliases| aliases.get(key));
    match aliases {
        None => Some(key.to_owned()),
        Some(by_rule) => by_rule.get(rule).and_then(scalar),
    }
}

/// One name, or those of a list.
pub fn names(value: Option<&Value>) -> Vec<String> {
    value.map_or_else(Vec::new, |value| members(value).into_iter().filter_map(scalar).collect())
}
