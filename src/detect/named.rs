//! Which keys of an event's `extra` are which fields of the rules. Events of one kind mostly have the same keys in the
//! same order, so the answer is kept for the keys that were met.

use super::rule::RuleSet;
use crate::schema::{Event, ShortText};
use std::sync::Arc;

/// Sequences of keys kept for one kind of event.
const SHAPES_MAX: usize = 8;
/// Once they are full, each so-manieth event of other keys takes the place of the oldest.
const REPLACE_EACH: u32 = 64;

/// Which keys of `extra` are which fields.
#[derive(Debug, Default)]
pub struct Named {
    /// By field, the position of its key in `extra`, and one; 0 = the event has none.
    at: Vec<u32>,
    /// The fields that have one.
    pub fields: Vec<u32>,
}

/// The answers for sequences of keys.
#[derive(Debug, Default)]
pub struct Shapes {
    known: Vec<(Keys, Arc<Named>)>,
    missed: u32,
    oldest: usize,
}

type Keys = Box<[ShortText]>;

impl Named {
    /// A key that is written as the field goes before one that is only like it; of several, the first.
    pub fn of(event: &Event, set: &RuleSet) -> Named {
        let mut named =
            Named { at: vec![0; set.fields().len()], fields: Vec::with_capacity(event.extra.len()) };
        // Fields whose key is written as they are.
        let mut exact: Vec<u32> = Vec::new();
        for (at, (key, _)) in (1..).zip(&event.extra) {
            set.fields_like(key, |field, same| {
                let Some(place) = named.at.get_mut(field as usize) else { return };
                if *place == 0 {
                    named.fields.push(field);
                } else if !same || exact.contains(&field) {
                    return;
                }
                *place = at;
                if same {
                    exact.push(field);
                }
            });
        }
        named
    }

    /// The position in `extra` of a field's key.
    pub fn key_of(&self, field: usize) -> Option<usize> {
        self.at.get(field)?.checked_sub(1).map(|at| at as usize)
    }
}

impl Shapes {
    /// The answer for an event's keys.
    pub fn of(&mut self, event: &Event, set: &RuleSet) -> Arc<Named> {
        let same = |keys: &[ShortText]| {
            keys.len() == event.extra.len() && keys.iter().zip(&event.extra).all(|(key, (own, _))| key == own)
        };
        if let Some((_, named)) = self.known.iter().find(|(keys, _)| same(keys)) {
            return named.clone();
        }
        let named = Arc::new(Named::of(event, set));
        let full = self.known.len() >= SHAPES_MAX;
        self.missed = self.missed.wrapping_add(1);
        if full && !self.missed.is_multiple_of(REPLACE_EACH) {
            return named;
        }
        let shape = (event.extra.iter().map(|(key, _)| key.clone()).collect(), named.clone());
        match self.known.get_mut(self.oldest).filter(|_| full) {
            Some(oldest) => {
                *oldest = shape;
                self.oldest = (self.oldest + 1) % SHAPES_MAX;
            }
            None => self.known.push(shape),
        }
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::field::Field;
    use crate::schema::Datum;
    use std::collections::BTreeMap;

    #[test]
    fn kept_answers_are_those_that_would_be_made_anew() {
        let set = RuleSet::new(Vec::new(), ["a", "b", "c"].map(Field::named).into(), BTreeMap::new());
        let mut shapes = Shapes::default();
        for n in 0..2_000 {
            let keys = ["a", "b", "x.c", "C", "d"];
            let of = |n: usize| (keys[n % 5].into(), Datum::Int(0));
            let event = Event { extra: (0..n % 7).map(|k| of(n / 7 + k * k)).collect(), ..Event::default() };
            let (kept, anew) = (shapes.of(&event, &set), Named::of(&event, &set));
            assert_eq!((&kept.at, &kept.fields), (&anew.at, &anew.fields));
            assert!(shapes.known.len() <= SHAPES_MAX);
        }
    }
}
