//! Why a rule does not fit: the first condition that failed, with what it wanted and what was seen. It judges by the same
//! tests as [`super::eval`], and only finds words for them.

use super::eval::{self, Facts};
use super::logsource::{Facet, Logsource};
use super::pattern::{Compare, Pattern, Place, Token};
use super::rule::{Detection, Expr, RuleSet, Test};
use crate::schema::Event;

mod absent;
mod near;

pub use super::report::figure;
pub use absent::{Call, Calls, absence};
pub use near::{Best, Reached, correlation};

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
