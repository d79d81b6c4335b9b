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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Counting {
    /// Events.
    #[default]
    Events,
    /// Different values of a field, given per reference.
    Values,
    /// The sum of a field's numbers.
    Sum,
    /// Their average.
    Average,
    /// The number below which so many hundredths of them lie.
    Percentile(f64),
    /// Every reference matched, in any order.
    Together,
    /// Every reference matched, in the order of the list.
    InOrder,
    /// One of the first references matched, and none of the others near it.
    Missing,
}

/// A rule that a correlation refers to.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its index in the rule set.
    pub rule: usize,
    /// Fields of the group, in the order of `group_by`.
    pub group: Vec<usize>,
    /// The fields whose values are counted, together.
    pub values: Vec<usize>,
    /// How it is heard where it is a correlation itself.
    pub chain: Option<Chain>,
}

/// How a correlation hears another one.
#[derive(Clone, Debug)]
pub struct Chain {
    /// What of it.
    pub hears: Hears,
    /// Where the values of the group come from, in the order of `group_by`.
    pub group: Vec<Pick>,
    /// Where the values come from that are counted.
    pub values: Vec<Pick>,
}

/// What a correlation hears of another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hears {
    /// It looks whether that one's condition holds in the same group.
    State,
    /// Every moment at which it holds.
    Moments,
    /// Every run of such moments, once: what would be one finding.
    Episodes,
}

/// Where a value of a referenced correlation's match comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pick {
    /// Its group's key, by place.
    Key(usize),
    /// The event that decided, by place in what the correlation carries.
    Carried(usize),
}

/// Which steps a sequence needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Steps {
    /// All of these.
    All(Vec<Steps>),
    /// One of these.
    Any(Vec<Steps>),
    /// Not this.
    Not(Box<Steps>),
    /// A reference, by its index.
    Step(usize),
}

impl Steps {
    /// Whether there is a `not` in it.
    pub fn negates(&self) -> bool {
        match self {
            Steps::All(parts) | Steps::Any(parts) => parts.iter().any(Steps::negates),
            Steps::Not(_) => true,
            Steps::Step(_) => false,
        }
    }
    /// Whether it holds when these references matched.
    pub fn holds(&self, seen: &[bool]) -> bool {
        match self {
            Steps::All(parts) => parts.iter().all(|part| part.holds(seen)),
            Steps::Any(parts) => parts.iter().any(|part| part.holds(seen)),
            Steps::Not(part) => !part.holds(seen),
            Steps::Step(nth) => seen.get(*nth).copied().unwrap_or(false),
        }
    }
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
    /// Limits that all have to hold; of a sequence, for the number of its steps.
    pub limits: Vec<(Compare, f64)>,
    /// A count, by its index in the rule set: while its condition holds for a group, this one does not.
    pub unless: Option<usize>,
    /// Which steps a sequence needs; `None` = as many as `limits` say, or all.
    pub steps: Option<Steps>,
    /// The sets of steps that complete an ordered sequence, the largest first, where it does not need all.
    pub orders: Vec<Vec<usize>>,
    /// Fields of its events by which correlations that refer to this one group or count.
    pub carries: Vec<usize>,
    /// Of an absence: what must be near.
    pub near: Option<Near>,
}

/// What an absence asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// The first reference that is expected; those before it call for it.
    pub expected: usize,
    /// So long before.
    pub before: Span,
    /// Or so long after.
    pub after: Span,
}

/// Whether later lines can undo what such a condition found: then it is judged when none may come any more.
pub fn may_change(counting: Counting, limits: &[(Compare, f64)], steps: Option<&Steps>) -> bool {
    let down = |(compare, _): &(Compare, f64)| !matches!(compare, Compare::Gt | Compare::Gte);
    matches!(counting, Counting::Average | Counting::Percentile(_) | Counting::Missing)
        || limits.iter().any(down)
        || steps.is_some_and(Steps::negates)
}

impl Correlation {
    /// Whether a count is a match.
    pub fn holds(&self, count: f64) -> bool {
        self.limits.iter().all(|(compare, limit)| compare.holds(count, *limit))
    }
    /// Whether a sequence is complete with these steps.
    pub fn completes(&self, seen: &[bool]) -> bool {
        match &self.steps {
            Some(steps) => steps.holds(seen),
            None if self.limits.is_empty() => seen.iter().all(|seen| *seen),
            None => self.holds(seen.iter().filter(|seen| **seen).count() as f64),
        }
    }
    /// Whether it looks at several rules side by side.
    pub fn is_sequence(&self) -> bool {
        matches!(self.counting, Counting::Together | Counting::InOrder | Counting::Missing)
    }
    /// Whether it is judged only when no line may come any more that could change it.
    pub fn waits(&self) -> bool {
        may_change(self.counting, &self.limits, self.steps.as_ref())
    }
    /// When a match of a reference at a time is judged; `None` where it calls for no judgement.
    pub fn due(&self, nth: usize, at: Timestamp) -> Option<Timestamp> {
        match &self.near {
            None => Some(at),
            Some(near) if nth < near.expected => Some(at + near.after),
            Some(_) => None,
        }
    }
    /// How far it looks from one event to another.
    pub fn reach(&self) -> Span {
        self.near.map_or(self.timespan, |near| Span(near.before.0.saturating_add(near.after.0)))
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
                Counting::Sum | Counting::Average | Counting::Percentile(_) => FindingKind::Threshold,
                Counting::Together | Counting::InOrder => FindingKind::Sequence,
                Counting::Missing => FindingKind::Absence,
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
    /// For counts that others give way to, those others.
    givers: BTreeMap<usize, Vec<usize>>,
    /// What grammars say they are, by name.
    declared: BTreeMap<Arc<str>, Logsource>,
}

impl RuleSet {
    /// Joins rules to a set. References point to earlier rules: a correlation stands after what it refers to.
    /// A rule that breaks this order is left without that reference (`config` never makes one).
    pub fn new(rules: Vec<Rule>, fields: Vec<Field>, declared: BTreeMap<Arc<str>, Logsource>) -> RuleSet {
        let mut parents = vec![Vec::new(); rules.len()];
        let mut givers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            if let Some(excuse) = rule.correlation().and_then(|c| c.unless) {
                givers.entry(excuse).or_default().push(index);
            }
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
        RuleSet { rules, fields, names: Lookup::new(names), parents, givers, declared }
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
    /// The counts that give way to a rule.
    pub fn givers(&self, rule: usize) -> &[usize] {
        self.givers.get(&rule).map_or(&[], Vec::as_slice)
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
