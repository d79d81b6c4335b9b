//! Compiled rules: plain and already valid. `config::rules` makes them out of YAML.

use super::field::{Field, last_part};
use super::logsource::Logsource;
use super::lookup::Lookup;
use super::pattern::{Compare, Pattern};
use crate::schema::{FindingKind, RuleRow, Severity, Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What every rule says about itself.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The document's id, else its name, else file and index.
    pub id: Arc<str>,
    /// Hash of its text, 12 characters.
    pub version: Arc<str>,
    /// Title.
    pub title: Arc<str>,
    /// How grave a finding is.
    pub severity: Severity,
    /// Type of incident.
    pub incident_type: Option<Arc<str>>,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
    /// Control id.
    pub control: Option<Arc<str>>,
    /// What to do first.
    pub advice: Option<Arc<str>>,
    /// What is counted, in words: `failed logins`.
    pub what: Arc<str>,
    /// How late an event may be.
    pub lateness: Span,
    /// The document's text.
    pub text: Arc<str>,
    /// Whether a configured source can feed it.
    pub enabled: bool,
    /// Whether it makes findings of its own, or only feeds correlations.
    pub generates: bool,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it says about itself.
    pub meta: Meta,
    /// What it looks for.
    pub body: Body,
}

/// What a rule looks for.
#[derive(Clone, Debug)]
pub enum Body {
    /// One event.
    Detection(Detection),
    /// Several events.
    Correlation(Correlation),
    /// A source that says nothing; its parameters are the sources' own.
    Silence,
}

/// A detection.
#[derive(Clone, Debug)]
pub struct Detection {
    /// Which events it sees.
    pub logsource: Logsource,
    /// Its selections.
    pub selections: Vec<Expr>,
    /// Its condition.
    pub condition: Expr,
    /// The condition holds where no selection does: then one of these fields must be there at least, so that
    /// a rule made of negations never fires on everything.
    pub only_negative: Option<Vec<usize>>,
}

/// A condition.
#[derive(Clone, Debug)]
pub enum Expr {
    /// All of them hold.
    All(Vec<Expr>),
    /// One of them holds.
    Any(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A selection, by its index.
    Selection(usize),
    /// A field against patterns.
    Test(Test),
}

/// A field against patterns.
#[derive(Clone, Debug)]
pub struct Test {
    /// Index of the field.
    pub field: usize,
    /// The patterns.
    pub patterns: Vec<Pattern>,
    /// All patterns have to fit (`|all`), not just one.
    pub all: bool,
    /// The field is there, and the patterns do not fit (`|neq`).
    pub negated: bool,
}

/// How a correlation counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Counting {
    /// Events.
    Events,
    /// Different values of a field, given per reference.
    Values,
    /// Every reference matched, in any order.
    Together,
    /// Every reference matched, in the order of the list.
    InOrder,
}

/// A rule that a correlation refers to.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its index in the rule set.
    pub rule: usize,
    /// Fields of the group, in the order of `group_by`.
    pub group: Vec<usize>,
    /// The field whose values are counted.
    pub value: Option<usize>,
}

/// A correlation.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// How it counts.
    pub counting: Counting,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// Names of the group's keys.
    pub group_by: Vec<Arc<str>>,
    /// Name of the field whose values are counted.
    pub value_name: Option<Arc<str>>,
    /// Length of the window, both ends inside.
    pub timespan: Span,
    /// Limits that all have to hold.
    pub limits: Vec<(Compare, f64)>,
    /// A count, by its index in the rule set: while its condition holds for a group, this one does not.
    pub unless: Option<usize>,
}

impl Correlation {
    /// Whether a count is a match.
    pub fn holds(&self, count: f64) -> bool {
        self.limits.iter().all(|(compare, limit)| compare.holds(count, *limit))
    }
}

impl Rule {
    /// What sort of reasoning it is.
    pub fn kind(&self) -> FindingKind {
        match &self.body {
            Body::Detection(_) => FindingKind::Match,
            Body::Silence => FindingKind::Absence,
            Body::Correlation(c) => match c.counting {
                Counting::Events => FindingKind::Threshold,
                Counting::Values => FindingKind::Distinct,
                Counting::Together | Counting::InOrder => FindingKind::Sequence,
            },
        }
    }
    /// The correlation that it is.
    pub fn correlation(&self) -> Option<&Correlation> {
        match &self.body {
            Body::Correlation(correlation) => Some(correlation),
            _ => None,
        }
    }
}

/// Compiled rules, immutable and valid.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    fields: Vec<Field>,
    /// Fields by their names in lower case, but for those of columns.
    names: Lookup,
    /// For each rule, the correlations that refer to it, with the index of the reference.
    parents: Vec<Vec<(usize, usize)>>,
    /// What grammars say they are, by name.
    declared: BTreeMap<Arc<str>, Logsource>,
}

impl RuleSet {
    /// Joins rules to a set. References point to earlier rules: a correlation stands after what it refers to.
    /// A rule that breaks this order is left without that reference (`config` never makes one).
    pub fn new(rules: Vec<Rule>, fields: Vec<Field>, declared: BTreeMap<Arc<str>, Logsource>) -> RuleSet {
        let mut parents = vec![Vec::new(); rules.len()];
        for (index, rule) in rules.iter().enumerate() {
            for (nth, reference) in rule.correlation().iter().flat_map(|c| c.references.iter().enumerate()) {
                if reference.rule < index {
                    parents[reference.rule].push((index, nth));
                }
            }
        }
        let mut names: BTreeMap<Box<str>, Vec<u32>> = BTreeMap::new();
        for (at, field) in fields.iter().enumerate().filter(|(_, field)| !field.is_column()) {
            names.entry(field.name.to_ascii_lowercase().into()).or_default().push(at as u32);
        }
        RuleSet { rules, fields, names: Lookup::new(names), parents, declared }
    }
    /// The rules; a correlation stands after what it refers to.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
    /// A rule by its index.
    pub fn rule(&self, index: usize) -> Option<&Rule> {
        self.rules.get(index)
    }
    /// A rule by its id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.rules.iter().position(|rule| &*rule.meta.id == id)
    }
    /// The fields that tests refer to.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }
    /// The fields that a key of `extra` may be, each with whether its name is written just so.
    pub fn fields_like(&self, key: &str, mut each: impl FnMut(u32, bool)) {
        for field in self.names.get_any_case(key) {
            each(*field, self.fields.get(*field as usize).is_some_and(|field| *field.name == *key));
        }
        let last = last_part(key);
        if last.len() < key.len() {
            self.names.get_any_case(last).iter().for_each(|field| each(*field, false));
        }
    }
    /// The correlations that refer to a rule.
    pub fn parents(&self, rule: usize) -> &[(usize, usize)] {
        self.parents.get(rule).map_or(&[], Vec::as_slice)
    }
    /// What a grammar says it is.
    pub fn declared(&self, format: &str) -> Option<&Logsource> {
        self.declared.get(format)
    }
    /// How many rules it holds.
    pub fn loaded(&self) -> usize {
        self.rules.len()
    }
    /// How many of them no configured source can feed.
    pub fn idle(&self) -> usize {
        self.rules.iter().filter(|rule| !rule.meta.enabled).count()
    }
    /// The rows of the view `rules`, loaded now.
    pub fn rows(&self, loaded_at: Timestamp) -> Vec<RuleRow> {
        let row = |rule: &Rule| RuleRow {
            id: rule.meta.id.clone(),
            version: rule.meta.version.clone(),
            title: rule.meta.title.clone(),
            kind: rule.kind().name(),
            severity: rule.meta.severity.name(),
            owner: rule.meta.owner.clone(),
            control: rule.meta.control.clone(),
            enabled: rule.meta.enabled,
            text: rule.meta.text.clone(),
            loaded_at,
        };
        self.rules.iter().map(row).collect()
    }
}
