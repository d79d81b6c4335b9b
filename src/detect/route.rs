//! The rules that could match an event, found without trying the others: by logsource first, then by a text that the
//! event must hold for the rule to have a chance. The texts of all rules stand in one index, made once for a rule set:
//! for each field a map of whole values and one automaton of parts. What a route adds is which rules see the event.

use super::eval::{Facts, fits};
use super::logsource::Facet;
use super::lookup::Lookup;
use super::needs::{Need, needs};
use super::pattern::Place;
use super::rule::{Body, RuleSet};
use crate::schema::Class;
use aho_corasick::AhoCorasick;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Routes kept; there are as many as kinds of events. Beyond it a route is made anew each time.
const ROUTES_MAX: usize = 4_096;

/// All rules by the texts that they need.
#[derive(Debug, Default)]
struct Index {
    /// Rules for which no text is necessary.
    always: Vec<u32>,
    /// By field.
    fields: Vec<Texts>,
    /// By rule, the fields of which it needs a text.
    asks: Vec<Vec<u32>>,
}

/// The texts that rules need of one field.
#[derive(Debug, Default)]
struct Texts {
    /// Whole values.
    exact: Lookup,
    /// Parts of values.
    inside: Option<Inside>,
}

#[derive(Debug)]
struct Inside {
    texts: AhoCorasick,
    /// By text, the rules that need it, and where.
    rules: Vec<Vec<(u32, Place)>>,
}

/// The rules that see one kind of event.
#[derive(Debug, Default)]
struct Route {
    /// One bit a rule.
    sees: Vec<u64>,
    /// Those of them that need no text.
    always: Vec<u32>,
    /// The fields of which those rules need a text, one bit a field.
    asks: Vec<u64>,
    /// Whether a key of `extra` may be one of those fields.
    asks_extra: bool,
    /// Those fields that may be columns of the event.
    columns: Vec<u32>,
}

/// All routes met so far, and the index.
#[derive(Debug, Default)]
pub struct Routes {
    index: Option<Index>,
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

fn has(bits: &[u64], at: u32) -> bool {
    bits.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

fn put(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

impl Routes {
    /// The detections that an event fits, by their index, in rule order.
    pub fn matching(&mut self, set: &RuleSet, facet: &Facet<'_>, facts: &mut Facts<'_>) -> Vec<usize> {
        let route = self.of(set, &facts.event.format, facts.event.activity, facet);
        let mut matched = self.index.as_ref().map_or(Vec::new(), |index| route.candidates(index, facts));
        matched.retain(|index| match set.rule(*index as usize).map(|rule| &rule.body) {
            Some(Body::Detection(detection)) => fits(detection, facts),
            _ => false,
        });
        matched.into_iter().map(|index| index as usize).collect()
    }

    /// The route of an event's kind.
    fn of(
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
        let index = self.index.get_or_insert_with(|| Index::new(set));
        let route = Arc::new(Route::new(set, index, facet));
        if self.count < ROUTES_MAX {
            self.count += 1;
            let known = Known { class: facet.class, activity, app: facet.app, route: route.clone() };
            self.by_format.entry(format.clone()).or_default().push(known);
        }
        route
    }
}

impl Index {
    fn new(set: &RuleSet) -> Index {
        let mut index = Index::default();
        let mut exact: Vec<BTreeMap<Box<str>, Vec<u32>>> = vec![BTreeMap::new(); set.fields().len()];
        let mut inside: Vec<BTreeMap<Box<str>, Vec<(u32, Place)>>> =
            vec![BTreeMap::new(); set.fields().len()];
        index.asks = vec![Vec::new(); set.rules().len()];
        for (at, rule) in set.rules().iter().enumerate() {
            let Body::Detection(detection) = &rule.body else { continue };
            let rule = at as u32;
            let Some(needs) = needs(&detection.condition, &detection.selections) else {
                index.always.push(rule);
                continue;
            };
            for Need { field, text, place } in needs {
                index.asks[at].push(field as u32);
                match place {
                    Place::Whole => exact[field].entry(text).or_default().push(rule),
                    place => inside[field].entry(text).or_default().push((rule, place)),
                }
            }
        }
        for (exact, inside) in exact.into_iter().zip(inside) {
            let inside = Inside::new(inside).unwrap_or_else(|rules| {
                index.always.extend(rules);
                None
            });
            index.fields.push(Texts { exact: Lookup::new(exact), inside });
        }
        index.always.sort_unstable();
        index.always.dedup();
        index
    }
}

impl Inside {
    /// One automaton of all texts; where they are too many for one, the rules, which then are tried each time.
    fn new(texts: BTreeMap<Box<str>, Vec<(u32, Place)>>) -> Result<Option<Inside>, Vec<u32>> {
        if texts.is_empty() {
            return Ok(None);
        }
        let (texts, rules): (Vec<Box<str>>, Vec<_>) = texts.into_iter().unzip();
        match AhoCorasick::new(texts.iter().map(|text| text.as_bytes())) {
            Ok(texts) => Ok(Some(Inside { texts, rules })),
            Err(_) => Err(rules.into_iter().flatten().map(|(rule, _)| rule).collect()),
        }
    }
}

impl Route {
    fn new(set: &RuleSet, index: &Index, facet: &Facet<'_>) -> Route {
        let mut route = Route {
            sees: vec![0; set.rules().len().div_ceil(64)],
            asks: vec![0; set.fields().len().div_ceil(64)],
            ..Route::default()
        };
        for (at, rule) in set.rules().iter().enumerate() {
            let Body::Detection(detection) = &rule.body else { continue };
            if !detection.logsource.sees(facet) {
                continue;
            }
            put(&mut route.sees, at);
            for field in index.asks.get(at).into_iter().flatten() {
                put(&mut route.asks, *field as usize);
                route.asks_extra |= set.fields().get(*field as usize).is_some_and(|field| !field.is_column());
            }
        }
        route.always = index.always.iter().copied().filter(|rule| has(&route.sees, *rule)).collect();
        let column = |(at, field): (usize, &super::field::Field)| field.is_known().then_some(at as u32);
        let columns = set.fields().iter().enumerate().filter_map(column);
        route.columns = columns.filter(|field| has(&route.asks, *field)).collect();
        route
    }

    /// The rules that could match, in rule order.
    fn candidates(&self, index: &Index, facts: &mut Facts<'_>) -> Vec<u32> {
        let mut found = self.always.clone();
        for nth in 0..if self.asks_extra { facts.named() } else { 0 } {
            if let Some(field) = facts.named_at(nth).filter(|field| has(&self.asks, *field)) {
                self.look(index, field, facts, &mut found);
            }
        }
        for field in &self.columns {
            if !facts.is_named(*field) {
                self.look(index, *field, facts, &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn look(&self, index: &Index, field: u32, facts: &mut Facts<'_>, found: &mut Vec<u32>) {
        let Some(texts) = index.fields.get(field as usize) else { return };
        for value in facts.values(field as usize) {
            let value = value.lower();
            found.extend(texts.exact.get(value).iter().filter(|rule| has(&self.sees, **rule)));
            let Some(inside) = &texts.inside else { continue };
            for hit in inside.texts.find_overlapping_iter(value) {
                let fits = |place: Place| match place {
                    Place::Start => hit.start() == 0,
                    Place::End => hit.end() == value.len(),
                    Place::Whole | Place::Anywhere => true,
                };
                let rules = inside.rules.get(hit.pattern().as_usize()).into_iter().flatten();
                found.extend(
                    rules
                        .filter(|(rule, place)| fits(*place) && has(&self.sees, *rule))
                        .map(|(rule, _)| rule),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::field::Field;
    use crate::detect::logsource::Logsource;
    use crate::detect::pattern::Pattern;
    use crate::detect::rule::{Detection, Expr, Meta, Rule, Test};
    use crate::schema::{Datum, Event, Severity, Span};

    fn rule(n: usize, pattern: Pattern) -> Rule {
        let test = Expr::Test(Test { field: 0, patterns: vec![pattern], all: false, negated: false });
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
            let (facet, mut routes) = (Facet::of(event, None), Routes::default());
            let route = routes.of(&set, &event.format, event.activity, &facet);
            route.candidates(routes.index.as_ref().unwrap(), &mut Facts::new(event, &set, &facet))
        };
        assert_eq!(candidates(&event("VALUE-8-")), [8, 3_000]);
        assert_eq!(candidates(&event("a value-7- and value-9-")), [7, 9, 3_000]);
        assert_eq!(candidates(&event("value-8- and more")), [3_000], "a whole value is no part of one");
        assert!(candidates(&Event { format: "other".into(), ..event("value-7-") }).is_empty());
    }
}
