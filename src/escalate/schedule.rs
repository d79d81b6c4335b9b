//! Who is on call: layers of rotations, the uppermost that has somebody counts, and stand-ins above them all.
//!
//! In a layer, members take turns, each from one handoff to the next, in the layer's zone; working hours may restrict
//! it. A handoff is a wall-clock time, so a week with a clock change is an hour longer or shorter, and the turn still
//! changes at nine. Where a handoff's wall time comes twice, the next turn begins at the first and the old one ends
//! with the last: both are on call in between. Where it does not come at all, the turn changes when the clock jumps
//! ([`crate::schema::wall`]). So there may be two on call, and nobody only where the roster itself has a hole.
//!
//! Turns are counted in days of the calendar, whatever the working hours: a day off takes nobody's turn away.

use crate::schema::Timestamp;
use crate::schema::wall::{Hours, both, day_number, local};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A period in which somebody stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Who.
    pub person: Arc<str>,
}

/// One rotation.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What people call it.
    pub name: Arc<str>,
    /// Zone of the handoffs.
    pub zone: TimeZone,
    /// Person ids in order of their turns; at least one.
    pub members: Vec<Arc<str>>,
    /// A turn in whole days (`1w` = 7); at least 1.
    pub turn_days: u32,
    /// Wall time of the first handoff: the first member's turn begins.
    pub first: DateTime,
    /// When the layer holds; `None` = always.
    pub hours: Option<Hours>,
}

/// Layers and stand-ins.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The zone in which people read it.
    pub zone: TimeZone,
    /// The first one that has somebody counts.
    pub layers: Vec<Layer>,
    /// Stand-ins; the first that covers the moment wins over every layer.
    pub overrides: Vec<Override>,
}

/// Why somebody is on call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// As a stand-in.
    Override,
    /// By turn.
    Turn {
        /// The layer's name.
        layer: Arc<str>,
        /// Number of the turn, the first being 0.
        turn: i64,
    },
}

/// Somebody's duty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duty {
    /// Person id.
    pub person: Arc<str>,
    /// Why.
    pub why: Why,
}

/// A time in which the same people are on call; a hole where nobody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Who, the later turn first.
    pub duties: Vec<Duty>,
}

impl Schedule {
    /// One rotation and nothing else.
    pub fn of_one(layer: Layer) -> Schedule {
        Schedule { zone: layer.zone.clone(), layers: vec![layer], overrides: Vec::new() }
    }

    /// Who is on call, and why: two where a handoff's hour comes twice; empty in a hole.
    pub fn duties(&self, at: Timestamp) -> Vec<Duty> {
        if let Some(stand_in) = self.overrides.iter().find(|o| o.from <= at && at < o.to) {
            return vec![Duty { person: stand_in.person.clone(), why: Why::Override }];
        }
        let layers = self.layers.iter().map(|layer| layer.duties(at));
        layers.into_iter().find(|duties| !duties.is_empty()).unwrap_or_default()
    }

    /// The persons on call, each once.
    pub fn on_call(&self, at: Timestamp) -> Vec<Arc<str>> {
        let mut persons: Vec<Arc<str>> = Vec::new();
        for duty in self.duties(at) {
            if !persons.contains(&duty.person) {
                persons.push(duty.person);
            }
        }
        persons
    }

    /// The whole time from one moment to another, cut where somebody else takes over. Exact: duties change at the
    /// ends of turns, hours and stand-ins only.
    pub fn timeline(&self, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
        let mut edges: BTreeSet<Timestamp> = BTreeSet::from([from]);
        let mut add = |at: Timestamp| {
            if from < at && at < to {
                edges.insert(at);
            }
        };
        self.overrides.iter().for_each(|o| [o.from, o.to].into_iter().for_each(&mut add));
        self.layers.iter().for_each(|layer| layer.edges(from, to, &mut add));
        let ends = edges.iter().copied().skip(1).chain([to]);
        let mut stretches: Vec<Stretch> = Vec::new();
        for (from, to) in edges.iter().copied().zip(ends) {
            let duties = self.duties(from);
            match stretches.last_mut().filter(|last| last.duties == duties) {
                Some(last) => last.to = to,
                None => stretches.push(Stretch { from, to, duties }),
            }
        }
        stretches
    }
}

impl Layer {
    fn duties(&self, at: Timestamp) -> Vec<Duty> {
        if self.hours.as_ref().is_some_and(|hours| !hours.covers(at)) {
            return Vec::new();
        }
        let near = self.turn_near(at);
        let holds = |turn: &i64| {
            let begun = self.handoff(*turn).is_some_and(|(first, _)| first <= at);
            *turn >= 0 && begun && self.handoff(*turn + 1).is_none_or(|(_, last)| at < last)
        };
        let duty = |turn: i64| {
            let index = usize::try_from(turn).ok()?.checked_rem(self.members.len())?;
            let why = Why::Turn { layer: self.name.clone(), turn };
            Some(Duty { person: self.members.get(index)?.clone(), why })
        };
        [near + 1, near, near - 1].into_iter().filter(holds).filter_map(duty).collect()
    }

    /// Everything at which duties may change.
    fn edges(&self, from: Timestamp, to: Timestamp, add: &mut impl FnMut(Timestamp)) {
        for turn in (self.turn_near(from) - 1).max(0)..=self.turn_near(to) + 2 {
            self.handoff(turn)
                .into_iter()
                .for_each(|(first, last)| [first, last].into_iter().for_each(&mut *add));
        }
        if let Some(hours) = &self.hours {
            let date = local(&hours.zone, from).date();
            let days = (to - from).0 / crate::schema::Span::days(1).0 + 3;
            for (from, to) in hours.periods(date, 2, i32::try_from(days).unwrap_or(i32::MAX)) {
                add(from);
                add(to);
            }
        }
    }

    /// The turn of a moment by the calendar, off by one at most.
    fn turn_near(&self, at: Timestamp) -> i64 {
        let days = day_number(local(&self.zone, at).date()) - day_number(self.first.date());
        days.div_euclid(i64::from(self.turn_days.max(1)))
    }

    /// First and last occurrence of the wall time at which a turn begins.
    fn handoff(&self, turn: i64) -> Option<(Timestamp, Timestamp)> {
        let days = turn.checked_mul(i64::from(self.turn_days.max(1)))?;
        let wall = self.first.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
        both(&self.zone, wall)
    }
}

#[cfg(test)]
mod tests;
