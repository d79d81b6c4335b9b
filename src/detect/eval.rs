//! Whether one event fits one detection.

use super::field::{Field, Text, Values};
use super::logsource::{Facet, is_vpn};
use super::memory::Key;
use super::pattern::{Pattern, stands};
use super::report;
use super::rule::{Detection, Expr, Test};
use crate::schema::Event;

/// One event as rules see it; each field is read once.
pub struct Facts<'e> {
    /// The event.
    pub event: &'e Event,
    fields: &'e [Field],
    facet: Facet<'e>,
    read: Vec<Values<'e>>,
    /// By field, where its values stand in `read`, and one; 0 = not read yet.
    places: Vec<usize>,
    /// The key that was made last, and of which fields.
    key: Option<(&'e [usize], Key)>,
}

impl<'e> Facts<'e> {
    /// Looks at an event with the fields of a rule set.
    pub fn new(event: &'e Event, fields: &'e [Field], facet: &Facet<'e>) -> Facts<'e> {
        let (read, places) = (Vec::with_capacity(8), vec![0; fields.len()]);
        Facts { event, fields, facet: *facet, read, places, key: None }
    }

    /// The values of a field; none when absent.
    pub fn values(&mut self, field: usize) -> &[Text<'e>] {
        let (Some(place), Some(known)) = (self.places.get_mut(field), self.fields.get(field)) else {
            return &[];
        };
        if *place == 0 {
            let values = if known.is_vpn() {
                let vpn = is_vpn(self.facet.format, self.facet.declared);
                Values::One(Text::new(if vpn { "true" } else { "false" }.into()))
            } else {
                known.values(self.event)
            };
            self.read.push(values);
            *place = self.read.len();
        }
        let at = *place - 1;
        self.read.get(at).map_or(&[], Values::as_slice)
    }

    /// The key of a group by the first values of these fields; rules that group alike share it.
    pub fn key(&mut self, group: &'e [usize]) -> Key {
        if let Some((known, key)) = &self.key
            && *known == group
        {
            return key.clone();
        }
        for field in group {
            self.values(*field);
        }
        let first = |field: &usize| {
            let at = self.places.get(*field)?.checked_sub(1)?;
            self.read.get(at)?.as_slice().first().map(|value| &*value.text)
        };
        let key = Key::new(report::key_of(group.iter().map(|field| first(field).unwrap_or(""))));
        self.key = Some((group, key.clone()));
        key
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
