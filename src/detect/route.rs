//! The rules that could match an event, found without trying the others: by logsource first, then by the texts that an
//! event must hold for a rule to have a chance (`index.rs`). Kinds of events that the same rules see share one index of
//! those rules, so that an event costs what its own rules cost, whatever else is loaded.

use super::eval::{Facts, fits};
use super::index::{Index, Met};
use super::logsource::Facet;
use super::named::Shapes;
use super::rule::{Body, RuleSet};
use crate::schema::Class;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Routes kept; there are as many as kinds of events. Beyond it a route is made anew each time.
const ROUTES_MAX: usize = 4_096;
/// Indexes of a part of the rules. There are as many as sets of rules that see the same; beyond it, one index of all
/// rules serves.
const INDEXES_MAX: usize = 64;

/// The rules that see some kinds of events.
#[derive(Debug)]
struct Route {
    /// One bit a rule.
    sees: Box<[u64]>,
    index: Arc<Index>,
    /// Those of them that need no text.
    always: Vec<u32>,
    /// The fields of which those rules need a text, one bit a field.
    asks: Vec<u64>,
    /// Whether a key of `extra` may be one of those fields.
    asks_extra: bool,
    /// Those fields that may be columns of the event.
    columns: Vec<u32>,
}

/// All routes met so far.
#[derive(Debug, Default)]
pub struct Routes {
    by_format: BTreeMap<Arc<str>, OfFormat>,
    count: usize,
    by_rules: BTreeMap<Box<[u64]>, Arc<Route>>,
    whole: Option<Arc<Index>>,
    met: Met,
}

/// What is known of the events of one format.
#[derive(Debug, Default)]
struct OfFormat {
    shapes: Shapes,
    routes: Vec<Known>,
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
        if route.asks_extra
            && let Some(format) = self.by_format.get_mut(&facts.event.format)
        {
            facts.know(format.shapes.of(facts.event, set));
        }
        let mut matched = route.candidates(facts, &mut self.met);
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
        if let Some(known) = self.by_format.get(format).and_then(|known| known.routes.iter().find(same)) {
            return known.route.clone();
        }
        let route = self.made(set, facet);
        if self.count < ROUTES_MAX {
            self.count += 1;
            let known = Known { class: facet.class, activity, app: facet.app, route: route.clone() };
            self.by_format.entry(format.clone()).or_default().routes.push(known);
        }
        route
    }

    fn made(&mut self, set: &RuleSet, facet: &Facet<'_>) -> Arc<Route> {
        let mut sees = vec![0; set.rules().len().div_ceil(64)];
        for (at, rule) in set.rules().iter().enumerate() {
            if matches!(&rule.body, Body::Detection(detection) if detection.logsource.sees(facet)) {
                put(&mut sees, at);
            }
        }
        let sees: Box<[u64]> = sees.into();
        if let Some(route) = self.by_rules.get(&sees) {
            return route.clone();
        }
        let own = self.by_rules.len() < INDEXES_MAX;
        let index = if own {
            Arc::new(Index::new(set, |rule| has(&sees, rule)))
        } else {
            self.whole.get_or_insert_with(|| Arc::new(Index::new(set, |_| true))).clone()
        };
        let route = Arc::new(Route::new(set, index, sees));
        if own {
            self.by_rules.insert(route.sees.clone(), route.clone());
        }
        route
    }
}

impl Route {
    fn new(set: &RuleSet, index: Arc<Index>, sees: Box<[u64]>) -> Route {
        let mut asks = vec![0; set.fields().len().div_ceil(64)];
        let mut asks_extra = false;
        for (_, fields) in (0u32..).zip(&index.asks).filter(|(rule, _)| has(&sees, *rule)) {
            for field in fields {
                put(&mut asks, *field as usize);
                asks_extra |= set.fields().get(*field as usize).is_some_and(|field| !field.is_column());
            }
        }
        let columns = (0u32..).zip(set.fields()).filter(|(_, field)| field.is_known()).map(|(at, _)| at);
        let columns = columns.filter(|field| has(&asks, *field)).collect();
        let always = index.always.iter().copied().filter(|rule| has(&sees, *rule)).collect();
        Route { sees, index, always, asks, asks_extra, columns }
    }

    /// The rules that could match, in rule order.
    fn candidates(&self, facts: &mut Facts<'_>, met: &mut Met) -> Vec<u32> {
        let mut look = |field: u32, facts: &mut Facts<'_>| {
            let values = facts.values(field as usize);
            values.iter().for_each(|value| self.index.look(field as usize, value, met));
        };
        let named = self.asks_extra.then(|| facts.named().clone());
        for field in named.iter().flat_map(|named| &named.fields).filter(|field| has(&self.asks, **field)) {
            look(*field, facts);
        }
        for field in &self.columns {
            if named.as_ref().is_none_or(|named| named.key_of(*field as usize).is_none()) {
                look(*field, facts);
            }
        }
        let mut found = self.always.clone();
        self.index.met(met, |rule| {
            if has(&self.sees, rule) {
                found.push(rule);
            }
        });
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::field::Field;
    use crate::detect::logsource::Logsource;
    use crate::detect::pattern::{Pattern, Place};
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
            route.candidates(&mut Facts::new(event, &set, &facet), &mut Met::default())
        };
        assert_eq!(candidates(&event("VALUE-8-")), [8, 3_000]);
        assert_eq!(candidates(&event("a value-7- and value-9-")), [7, 9, 3_000]);
        assert_eq!(candidates(&event("value-8- and more")), [3_000], "a whole value is no part of one");
        assert!(candidates(&Event { format: "other".into(), ..event("value-7-") }).is_empty());
    }
}
