//! Why a rule does not fit: the first condition that failed, with what it wanted and what was seen. It judges by the same
//! tests as [`super::eval`], and only finds words for them.

use super::eval::{self, Facts};
use super::field::is_null_like;
use super::logsource::{Facet, Logsource};
use super::pattern::{Compare, Pattern, Place, Token};
use super::rule::{Correlation, Counting, Detection, Expr, RuleSet, Test};
use crate::schema::{Event, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Values that are named of a list.
const NAMED: usize = 8;

/// Why a detection does not fit an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The rule never sees events of this kind.
    Logsource {
        /// What it sees, in words.
        wanted: String,
        /// What the event is, in words.
        seen: String,
    },
    /// The condition only negates, and the event has none of its fields.
    NothingToJudge {
        /// The fields.
        fields: Vec<String>,
    },
    /// A condition failed.
    Condition(Miss),
}

/// A condition that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Miss {
    /// Index of the selection in the document's order; `None` outside of one.
    pub selection: Option<usize>,
    /// The field.
    pub field: String,
    /// What it had to be, or must not be.
    pub wanted: String,
    /// What the event has for it; empty = nothing.
    pub seen: Vec<String>,
    /// How many alternatives failed beside this one.
    pub others: usize,
}

/// Why a rule that is a detection does not fit an event; `None` = it does.
pub fn detection(set: &RuleSet, detection: &Detection, event: &Event) -> Option<Why> {
    let facet = Facet::of(event, set.declared(&event.format));
    if !detection.logsource.sees(&facet) {
        let activity = if event.activity.is_empty() { "" } else { " " };
        let seen = format!("format {}, {}{activity}{}", event.format, event.class.name(), event.activity);
        return Some(Why::Logsource { wanted: named(&detection.logsource), seen });
    }
    let mut facts = Facts::new(event, set, &facet);
    if eval::fits(detection, &mut facts) {
        return None;
    }
    let mut look = Look { set, selections: &detection.selections, facts };
    match look.failed(&detection.condition, true, None) {
        Some(miss) => Some(Why::Condition(miss)),
        None => {
            let fields = detection.only_negative.iter().flatten().map(|field| look.name(*field)).collect();
            Some(Why::NothingToJudge { fields })
        }
    }
}

fn named(source: &Logsource) -> String {
    let parts = [("category", &source.category), ("product", &source.product), ("service", &source.service)];
    let told = parts.into_iter().filter_map(|(key, value)| Some(format!("{key} {}", value.as_deref()?)));
    told.collect::<Vec<_>>().join(", ")
}

struct Look<'e> {
    set: &'e RuleSet,
    selections: &'e [Expr],
    facts: Facts<'e>,
}

impl Look<'_> {
    fn name(&self, field: usize) -> String {
        self.set.fields().get(field).map_or_else(String::new, |field| field.name.to_string())
    }

    /// The first test because of which an expression is not as wanted; `None` where it is.
    fn failed(&mut self, expr: &Expr, wanted: bool, selection: Option<usize>) -> Option<Miss> {
        match (expr, wanted) {
            (Expr::Not(part), wanted) => self.failed(part, !wanted, selection),
            (Expr::Selection(index), wanted) => {
                let selections = self.selections;
                selections.get(*index).and_then(|part| self.failed(part, wanted, Some(*index)))
            }
            (Expr::All(parts), true) | (Expr::Any(parts), false) => {
                parts.iter().find_map(|part| self.failed(part, wanted, selection))
            }
            (Expr::Any(parts), true) | (Expr::All(parts), false) => {
                let mut first: Option<Miss> = None;
                for part in parts {
                    let miss = self.failed(part, wanted, selection)?;
                    match &mut first {
                        Some(first) => first.others += 1 + miss.others,
                        None => first = Some(miss),
                    }
                }
                first
            }
            (Expr::Test(test), wanted) => self.test(test, wanted, selection),
        }
    }

    fn test(&mut self, test: &Test, wanted: bool, selection: Option<usize>) -> Option<Miss> {
        // A test is judged as a detection of nothing but itself.
        let judged = Detection {
            logsource: Logsource::default(),
            selections: Vec::new(),
            condition: Expr::Test(test.clone()),
            only_negative: None,
        };
        if eval::fits(&judged, &mut self.facts) == wanted {
            return None;
        }
        let joiner = if test.all { " and " } else { " or " };
        let mut words: Vec<String> = test.patterns.iter().take(NAMED).map(|p| self.words(p)).collect();
        if test.patterns.len() > NAMED {
            words.push(format!("{} more", test.patterns.len() - NAMED));
        }
        let words = words.join(joiner);
        let wanted = wanted != test.negated;
        Some(Miss {
            selection,
            field: self.name(test.field),
            wanted: if wanted { words } else { format!("not: {words}") },
            seen: self.facts.values(test.field).iter().map(|value| value.text.to_string()).collect(),
            others: 0,
        })
    }

    fn words(&self, pattern: &Pattern) -> String {
        match pattern {
            Pattern::Literal { text, place, .. } => format!("{} \"{text}\"", place_words(*place)),
            Pattern::OneOf(texts) => {
                let some: Vec<&str> = texts.iter().take(NAMED).map(|text| &**text).collect();
                let more = texts.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(", {more} more") } else { String::new() };
                format!("is one of {}{more}", some.join(", "))
            }
            Pattern::Glob { tokens, .. } => {
                let text: String = tokens
                    .iter()
                    .map(|token| match token {
                        Token::Char(c) => *c,
                        Token::One => '?',
                        Token::Many => '*',
                    })
                    .collect();
                format!("is like \"{text}\"")
            }
            Pattern::Regex(regex) => format!("matches /{regex}/"),
            Pattern::Network { base, bits } => format!("is in {base}/{bits}"),
            Pattern::Number(compare, number) => format!("is {} {number}", compare_words(*compare)),
            Pattern::Dashes(pattern) => format!("{}, whatever the dashes", self.words(pattern)),
            Pattern::Exists(true) => "is there".to_owned(),
            Pattern::Exists(false) => "is not there".to_owned(),
            Pattern::Other { field, place, .. } => {
                format!("{} the field {}", place_words(*place), self.name(*field))
            }
            other => format!("{other:?}").to_lowercase(),
        }
    }
}

fn place_words(place: Place) -> &'static str {
    match place {
        Place::Whole => "is",
        Place::Start => "starts with",
        Place::End => "ends with",
        Place::Anywhere => "contains",
    }
}

fn compare_words(compare: Compare) -> &'static str {
    match compare {
        Compare::Eq => "=",
        Compare::Neq => "not",
        Compare::Gt => ">",
        Compare::Gte => ">=",
        Compare::Lt => "<",
        Compare::Lte => "<=",
    }
}

/// How near a correlation came in a history, by its best group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reached {
    /// Events of the history that one of its rules matched.
    pub matched: usize,
    /// Of them, those without a value for one of the keys that it groups by: they count for no group.
    pub ungrouped: usize,
    /// The best group.
    pub best: Option<Best>,
}

/// The window of a group that came nearest.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Keys and values.
    pub group: Vec<(Arc<str>, String)>,
    /// What was counted: events, values, or rules of the list.
    pub count: f64,
    /// Event time of the window's first and last event.
    pub span: (Timestamp, Timestamp),
    /// Ids of the events in it.
    pub events: Vec<u64>,
    /// Ids of the rules of the list that nothing in it matched.
    pub missing: Vec<Arc<str>>,
}

struct Hit {
    at: Timestamp,
    event: u64,
    nth: usize,
    value: Option<String>,
    count: u64,
}

/// Looks for the window that came nearest; `only` restricts it to the groups of one event. References to other
/// correlations are not followed.
pub fn correlation(set: &RuleSet, rule: &Correlation, events: &[Event], only: Option<u64>) -> Reached {
    let mut reached = Reached::default();
    let mut groups: BTreeMap<Vec<String>, Vec<Hit>> = BTreeMap::new();
    let mut wanted: BTreeSet<Vec<String>> = BTreeSet::new();
    for event in events {
        let facet = Facet::of(event, set.declared(&event.format));
        let mut facts = Facts::new(event, set, &facet);
        for (nth, reference) in rule.references.iter().enumerate() {
            let body = set.rule(reference.rule).map(|rule| &rule.body);
            let Some(super::rule::Body::Detection(detection)) = body else { continue };
            if !detection.logsource.sees(&facet) || !eval::fits(detection, &mut facts) {
                continue;
            }
            reached.matched += 1;
            let mut first = |field: &usize| {
                let value = facts.values(*field).first().map(|value| value.text.to_string());
                value.filter(|value| !is_null_like(value))
            };
            let Some(key) = reference.group.iter().map(&mut first).collect::<Option<Vec<String>>>() else {
                reached.ungrouped += 1;
                continue;
            };
            let value = reference.value.as_ref().and_then(&mut first);
            if only == Some(event.id) {
                wanted.insert(key.clone());
            }
            let (at, count) = (event.counted_at, u64::from(event.count.max(1)));
            groups.entry(key).or_default().push(Hit { at, event: event.id, nth, value, count });
        }
    }
    let judged = groups.into_iter().filter(|(key, _)| only.is_none() || wanted.contains(key));
    for (key, mut hits) in judged {
        hits.sort_by_key(|hit| (hit.at, hit.event));
        let best = best_window(set, rule, &key, &hits);
        if best.as_ref().map(|b| b.count) > reached.best.as_ref().map(|b| b.count) {
            reached.best = best;
        }
    }
    reached
}

fn best_window(set: &RuleSet, rule: &Correlation, key: &[String], hits: &[Hit]) -> Option<Best> {
    let mut best: Option<(f64, usize, usize)> = None;
    let mut from = 0;
    for (to, last) in hits.iter().enumerate() {
        while hits.get(from).is_some_and(|first| last.at - first.at > rule.timespan) {
            from += 1;
        }
        let count = counted(rule, hits.get(from..=to).unwrap_or_default());
        if best.is_none_or(|(most, _, _)| count > most) {
            best = Some((count, from, to));
        }
    }
    let (count, from, to) = best?;
    let window = hits.get(from..=to)?;
    let there: BTreeSet<usize> = window.iter().map(|hit| hit.nth).collect();
    let several = matches!(rule.counting, Counting::Together | Counting::InOrder);
    let missing = rule.references.iter().enumerate().filter(|(nth, _)| several && !there.contains(nth));
    Some(Best {
        group: rule.group_by.iter().cloned().zip(key.iter().cloned()).collect(),
        count,
        span: (window.first()?.at, window.last()?.at),
        events: window.iter().map(|hit| hit.event).collect(),
        missing: missing.filter_map(|(_, r)| Some(set.rule(r.rule)?.meta.id.clone())).collect(),
    })
}

fn counted(rule: &Correlation, window: &[Hit]) -> f64 {
    match rule.counting {
        Counting::Events => window.iter().map(|hit| hit.count).sum::<u64>() as f64,
        Counting::Values => {
            window.iter().filter_map(|hit| hit.value.as_ref()).collect::<BTreeSet<_>>().len() as f64
        }
        Counting::InOrder => {
            let mut next = 0;
            for hit in window {
                next += usize::from(hit.nth == next);
            }
            next as f64
        }
        _ => window.iter().map(|hit| hit.nth).collect::<BTreeSet<_>>().len() as f64,
    }
}
