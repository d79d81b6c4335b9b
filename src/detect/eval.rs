//! Whether one event fits one detection.

use super::field::{Text, Values};
use super::key::Key;
use super::logsource::{Facet, is_vpn};
use super::named::Named;
use super::pattern::{Pattern, stands};
use super::report;
use super::rule::{Detection, Expr, RuleSet, Test};
use crate::schema::Event;
use std::sync::Arc;

/// One event as rules see it; each field is read once.
pub struct Facts<'e> {
    /// The event.
    pub event: &'e Event,
    set: &'e RuleSet,
    facet: Facet<'e>,
    read: Vec<Values<'e>>,
    /// By field, where its values stand in `read`, and one; 0 = not read yet.
    places: Vec<u32>,
    /// The fields that keys of `extra` name, found when the first such field is asked for.
    named: Option<Arc<Named>>,
    /// The key that was made last, and of which fields.
    key: Option<(&'e [usize], Key)>,
}

impl<'e> Facts<'e> {
    /// Looks at an event with the fields of a rule set.
    pub fn new(event: &'e Event, set: &'e RuleSet, facet: &Facet<'e>) -> Facts<'e> {
        let (read, places) = (Vec::with_capacity(8), vec![0; set.fields().len()]);
        Facts { event, set, facet: *facet, read, places, named: None, key: None }
    }

    /// The values of a field; none when absent.
    pub fn values(&mut self, field: usize) -> &[Text<'e>] {
        let (Some(place), Some(known)) = (self.places.get(field), self.set.fields().get(field)) else {
            return &[];
        };
        let mut place = *place as usize;
        if place == 0 {
            let values = if known.is_vpn() {
                let vpn = is_vpn(self.facet.format, self.facet.declared);
                Values::One(Text::new(if vpn { "true" } else { "false" }.into()))
            } else if known.is_column() {
                known.values_at(self.event, None)
            } else {
                let at = self.named().key_of(field);
                known.values_at(self.event, at)
            };
            self.read.push(values);
            place = self.read.len();
            self.places[field] = place as u32;
        }
        self.read.get(place - 1).map_or(&[], Values::as_slice)
    }

    /// Which keys of `extra` are which fields.
    pub fn named(&mut self) -> &Arc<Named> {
        let (event, set) = (self.event, self.set);
        self.named.get_or_insert_with(|| Arc::new(Named::of(event, set)))
    }

    /// Tells it which keys are which fields, for an event whose keys are known.
    pub fn know(&mut self, named: Arc<Named>) {
        self.named = Some(named);
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
            self.read.get(at as usize)?.as_slice().first().map(|value| &*value.text)
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
    if test.negated && !can_differ(test, facts) {
        return false;
    }
    let mut fits = |pattern: &Pattern| fits_field(pattern, test.field, facts);
    let fits =
        if test.all { test.patterns.iter().all(&mut fits) } else { test.patterns.iter().any(&mut fits) };
    fits != test.negated
}

/// "The field is different from the specified values": a field that is not there is not different, and nothing
/// differs from a field that is not there.
fn can_differ(test: &Test, facts: &mut Facts<'_>) -> bool {
    !facts.values(test.field).is_empty()
        && test.patterns.iter().all(|pattern| match pattern {
            Pattern::Other { field, .. } => !facts.values(*field).is_empty(),
            _ => true,
        })
}

fn fits_field(pattern: &Pattern, field: usize, facts: &mut Facts<'_>) -> bool {
    match pattern {
        Pattern::Exists(wanted) => facts.values(field).is_empty() != *wanted,
        Pattern::Null => facts.values(field).is_empty(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::field::Field;
    use crate::schema::Datum;
    use std::collections::BTreeMap;

    #[test]
    fn a_field_is_found_by_its_keys_as_it_is_found_alone() {
        let names = [
            "CommandLine",
            "commandline",
            "EventData.CommandLine",
            "user",
            "user.name",
            "extra.user",
            "absent",
        ];
        let set = RuleSet::new(Vec::new(), names.map(Field::named).into(), BTreeMap::new());
        let keys = [
            "x.commandline",
            "CommandLine",
            "Data.CommandLine",
            "COMMANDLINE",
            "a.user",
            "User",
            "user",
            "User.Name",
        ];
        for from in 0..keys.len() {
            for to in from..=keys.len() {
                let extra =
                    keys[from..to].iter().map(|key| ((*key).into(), Datum::Text((*key).into()))).collect();
                let event = Event { extra, user: Some("column".into()), ..Event::default() };
                let mut facts = Facts::new(&event, &set, &Facet::of(&event, None));
                for (field, known) in set.fields().iter().enumerate() {
                    let found: Vec<String> = facts.values(field).iter().map(|v| v.text.to_string()).collect();
                    let alone = known.values(&event);
                    let alone: Vec<&str> = alone.as_slice().iter().map(|value| &*value.text).collect();
                    assert_eq!(found, alone, "{} of {:?}", known.name, &keys[from..to]);
                }
            }
        }
    }
}
