//! Whether one event fits one detection.

use super::field::{Field, Text};
use super::logsource::{Facet, is_vpn};
use super::pattern::{Pattern, stands};
use super::rule::{Detection, Expr, Test};
use crate::schema::Event;
use std::collections::BTreeMap;

/// One event as rules see it; each field is read once.
pub struct Facts<'e> {
    /// The event.
    pub event: &'e Event,
    fields: &'e [Field],
    vpn: bool,
    read: BTreeMap<usize, Vec<Text<'e>>>,
}

impl<'e> Facts<'e> {
    /// Looks at an event with the fields of a rule set.
    pub fn new(event: &'e Event, fields: &'e [Field], facet: &Facet<'_>) -> Facts<'e> {
        Facts { event, fields, vpn: is_vpn(facet.format, facet.declared), read: BTreeMap::new() }
    }
    /// The values of a field; none when absent.
    pub fn values(&mut self, field: usize) -> &[Text<'e>] {
        let (event, fields, vpn) = (self.event, self.fields, self.vpn);
        self.read.entry(field).or_insert_with(|| match fields.get(field) {
            Some(field) if field.is_vpn() => vec![Text::new(if vpn { "true" } else { "false" }.into())],
            Some(field) => field.values(event),
            None => Vec::new(),
        })
    }
}

/// Whether the event fits the detection.
pub fn fits(detection: &Detection, facts: &mut Facts<'_>) -> bool {
    if let Some(fields) = &detection.only_negative
        && !fields.iter().any(|field| !facts.values(*field).is_empty())
    {
        return false;
    }
    holds(&detection.condition, &detection.selections, facts)
}

fn holds(expr: &Expr, selections: &[Expr], facts: &mut Facts<'_>) -> bool {
    match expr {
        Expr::All(parts) => parts.iter().all(|part| holds(part, selections, facts)),
        Expr::Any(parts) => parts.iter().any(|part| holds(part, selections, facts)),
        Expr::Not(part) => !holds(part, selections, facts),
        // A selection holds no selections, so the empty list ends the descent.
        Expr::Selection(index) => selections.get(*index).is_some_and(|part| holds(part, &[], facts)),
        Expr::Test(test) => passes(test, facts),
    }
}

fn passes(test: &Test, facts: &mut Facts<'_>) -> bool {
    let mut fits = |pattern: &Pattern| fits_field(pattern, test.field, facts);
    if test.all { test.patterns.iter().all(&mut fits) } else { test.patterns.iter().any(&mut fits) }
}

fn fits_field(pattern: &Pattern, field: usize, facts: &mut Facts<'_>) -> bool {
    match pattern {
        Pattern::Exists(wanted) => facts.values(field).is_empty() != *wanted,
        Pattern::Null => facts.values(field).iter().all(|value| value.text.is_empty()),
        Pattern::Other { field: other, place, cased } => {
            let spell =
                |value: &Text<'_>| if *cased { value.text.to_string() } else { value.lower().to_owned() };
            let needles: Vec<String> = facts.values(*other).iter().map(spell).collect();
            let values = facts.values(field).iter().map(spell);
            values.into_iter().any(|value| needles.iter().any(|needle| stands(&value, needle, *place)))
        }
        pattern => facts.values(field).iter().any(|value| pattern.fits(value)),
    }
}
