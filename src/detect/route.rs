//! The rules that could match an event, found without trying the others: by logsource first, then by a text
//! that the event must hold for the rule to have a chance.

use super::eval::Facts;
use super::logsource::Facet;
use super::pattern::{Pattern, Place, Token};
use super::rule::{Body, Expr, RuleSet, Test};
use crate::schema::Class;
use aho_corasick::AhoCorasick;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Routes kept; there are as many as kinds of events. Beyond it a route is made anew each time.
const ROUTES_MAX: usize = 4_096;

/// Rules by the value that they need.
type RulesByText = BTreeMap<Box<str>, Vec<usize>>;

/// The rules that see one kind of event, and how to find the ones that could match.
#[derive(Debug, Default)]
pub struct Route {
    /// Rules for which no text is necessary.
    always: Vec<usize>,
    /// Field, and the rules that need one of its values to be exactly this.
    exact: Vec<(usize, RulesByText)>,
    /// Field, and the rules that need a text to stand in one of its values.
    inside: Vec<Inside>,
}

#[derive(Debug)]
struct Inside {
    field: usize,
    texts: AhoCorasick,
    rules: Vec<usize>,
}

/// A text without which a rule cannot match.
struct Need {
    field: usize,
    text: Box<str>,
    exact: bool,
}

/// All routes met so far.
#[derive(Debug, Default)]
pub struct Routes {
    by_format: BTreeMap<Arc<str>, Vec<Known>>,
    count: usize,
}

#[derive(Debug)]
struct Known {
    class: Class,
    activity: &'static str,
    app: &'static str,
    route: Arc<Route>,
}

impl Routes {
    /// The route of an event's kind.
    pub fn of(
        &mut self,
        set: &RuleSet,
        format: &Arc<str>,
        activity: &'static str,
        facet: &Facet<'_>,
    ) -> Arc<Route> {
        let same = |k: &&Known| k.class == facet.class && k.activity == activity && k.app == facet.app;
        if let Some(known) = self.by_format.get(format).and_then(|all| all.iter().find(same)) {
            return known.route.clone();
        }
        let route = Arc::new(Route::new(set, facet));
        if self.count < ROUTES_MAX {
            self.count += 1;
            let known = Known { class: facet.class, activity, app: facet.app, route: route.clone() };
            self.by_format.entry(format.clone()).or_default().push(known);
        }
        route
    }
}

impl Route {
    fn new(set: &RuleSet, facet: &Facet<'_>) -> Route {
        let mut route = Route::default();
        let mut exact: BTreeMap<usize, RulesByText> = BTreeMap::new();
        let mut inside: BTreeMap<usize, Vec<(Box<str>, usize)>> = BTreeMap::new();
        for (index, rule) in set.rules().iter().enumerate() {
            let Body::Detection(detection) = &rule.body else { continue };
            if !detection.logsource.sees(facet) {
                continue;
            }
            let Some(needs) = needs(&detection.condition, &detection.selections) else {
                route.always.push(index);
                continue;
            };
            for need in needs {
                if need.exact {
                    exact.entry(need.field).or_default().entry(need.text).or_default().push(index);
                } else {
                    inside.entry(need.field).or_default().push((need.text, index));
                }
            }
        }
        route.exact = exact.into_iter().collect();
        for (field, texts) in inside {
            let rules: Vec<usize> = texts.iter().map(|(_, rule)| *rule).collect();
            match AhoCorasick::new(texts.iter().map(|(text, _)| text.as_bytes())) {
                Ok(texts) => route.inside.push(Inside { field, texts, rules }),
                // Too many texts for one automaton: then these rules are tried each time.
                Err(_) => route.always.extend(rules),
            }
        }
        route
    }

    /// The rules that could match, in rule order.
    pub fn candidates(&self, facts: &mut Facts<'_>) -> Vec<usize> {
        let mut found = self.always.clone();
        for (field, texts) in &self.exact {
            for value in facts.values(*field) {
                found.extend(texts.get(value.lower()).into_iter().flatten());
            }
        }
        for inside in &self.inside {
            for value in facts.values(inside.field) {
                let hits = inside.texts.find_overlapping_iter(value.lower());
                found.extend(hits.filter_map(|hit| inside.rules.get(hit.pattern().as_usize())));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The texts of which an event must hold one; `None` where the rule may match without any.
fn needs(expr: &Expr, selections: &[Expr]) -> Option<Vec<Need>> {
    match expr {
        Expr::Not(_) => None,
        Expr::Selection(index) => needs(selections.get(*index)?, &[]),
        Expr::All(parts) => parts.iter().filter_map(|part| needs(part, selections)).max_by_key(|n| worth(n)),
        Expr::Any(parts) => {
            let all: Option<Vec<Vec<Need>>> = parts.iter().map(|part| needs(part, selections)).collect();
            all.map(|lists| lists.into_iter().flatten().collect())
        }
        Expr::Test(test) => test_needs(test),
    }
}

fn test_needs(test: &Test) -> Option<Vec<Need>> {
    let each = test.patterns.iter().map(|pattern| pattern_needs(pattern, test.field));
    if test.all {
        each.flatten().max_by_key(|n| worth(n))
    } else {
        each.collect::<Option<Vec<Vec<Need>>>>().map(|lists| lists.into_iter().flatten().collect())
    }
}

/// How rarely such a need is met: by its weakest text.
fn worth(needs: &[Need]) -> usize {
    needs.iter().map(|need| need.text.len() + if need.exact { 8 } else { 0 }).min().unwrap_or(0)
}

fn pattern_needs(pattern: &Pattern, field: usize) -> Option<Vec<Need>> {
    let need = |text: &str, exact| {
        // In lower case, a text outside ASCII need not stand where its cased form did.
        let usable = !text.is_empty() && (text.is_ascii() || *text == text.to_lowercase());
        usable.then(|| vec![Need { field, text: text.to_lowercase().into(), exact }])
    };
    match pattern {
        Pattern::Literal { text, place, .. } => need(text, *place == Place::Whole),
        Pattern::OneOf(set) => {
            Some(set.iter().map(|text| Need { field, text: text.clone(), exact: true }).collect())
        }
        Pattern::Glob { tokens, .. } => {
            let runs = tokens.split(|token| !matches!(token, Token::Char(_)));
            let text = |run: &[Token]| -> String {
                run.iter().filter_map(|t| if let Token::Char(c) = t { Some(*c) } else { None }).collect()
            };
            need(&runs.map(text).max_by_key(String::len)?, false)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::field::Field;
    use crate::detect::logsource::Logsource;
    use crate::detect::rule::{Detection, Meta, Rule};
    use crate::schema::{Datum, Event, Severity, Span};

    fn rule(n: usize, pattern: Pattern) -> Rule {
        let test = Expr::Test(Test { field: 0, patterns: vec![pattern], all: false });
        let detection = Detection {
            logsource: Logsource { product: Some("demo".into()), ..Logsource::default() },
            selections: vec![test],
            condition: Expr::All(vec![Expr::Selection(0), Expr::Not(Box::new(Expr::Selection(0)))]),
            only_negative: None,
        };
        let text: Arc<str> = n.to_string().into();
        let meta = Meta {
            id: text.clone(),
            version: text.clone(),
            title: text.clone(),
            severity: Severity::Low,
            incident_type: None,
            owner: None,
            control: None,
            advice: None,
            what: text.clone(),
            lateness: Span::ZERO,
            text,
            enabled: true,
            generates: true,
        };
        Rule { meta, body: Body::Detection(detection) }
    }

    #[test]
    fn of_thousands_of_rules_only_those_are_tried_that_could_match() {
        let literal = |n: usize| {
            let place = if n.is_multiple_of(2) { Place::Whole } else { Place::Anywhere };
            Pattern::Literal { text: format!("value-{n}-").into(), place, cased: false }
        };
        let mut rules: Vec<Rule> = (0..3_000).map(|n| rule(n, literal(n))).collect();
        rules.push(rule(3_000, Pattern::Exists(true)));
        let set = RuleSet::new(rules, vec![Field::named("key")], BTreeMap::new());
        let event = |value: &str| Event {
            format: "demo".into(),
            extra: vec![("key".into(), Datum::Text(value.into()))],
            ..Event::default()
        };
        let candidates = |event: &Event| {
            let route = Routes::default().of(&set, &event.format, event.activity, &Facet::of(event, None));
            route.candidates(&mut Facts::new(event, set.fields(), &Facet::of(event, None)))
        };
        assert_eq!(candidates(&event("VALUE-8-")), [8, 3_000]);
        assert_eq!(candidates(&event("a value-7- and value-9-")), [7, 9, 3_000]);
        assert_eq!(candidates(&event("value-8- and more")), [3_000], "a whole value is no part of one");
        assert!(candidates(&Event { format: "other".into(), ..event("value-7-") }).is_empty());
    }
}
