//! `unless`: a count gives way to another one of the same group at each moment at which that one's condition holds.
//!
//! Whether it does is asked at the moment that is judged, over the other one's own window: what happens later excuses
//! nothing, and what excused has to be known when the moment is judged, because an alarm is never taken back.

use super::Detect;
use super::counter::Counter;
use super::entry::{Entry, Moment, Text};
use super::key::Key;
use super::rule::Correlation;
use super::window::Entries;
use std::iter::Peekable;

/// The count that another one gives way to, in one group; `I` are that count's events in event time.
pub struct Excuse<'a, I: Iterator<Item = Entry<'a>>> {
    other: &'a Correlation,
    ahead: Peekable<I>,
    behind: Peekable<I>,
    /// What the window holds, and how many entries that is: an empty one excuses nothing.
    window: Counter<Text<'a>>,
    inside: usize,
}

impl<'a, I: Iterator<Item = Entry<'a>> + Clone> Excuse<'a, I> {
    /// Of a count and its events.
    pub fn new(other: &'a Correlation, entries: I) -> Self {
        let (ahead, behind) = (entries.clone().peekable(), entries.peekable());
        Excuse { other, ahead, behind, window: Counter::default(), inside: 0 }
    }

    /// Whether its condition holds in the window that ends at a moment. Each call asks for a later moment.
    pub fn holds_at(&mut self, moment: Moment) -> bool {
        let counting = &self.other.counting;
        while let Some(entry) = self.ahead.next_if(|entry| entry.moment() <= moment) {
            self.window.add(&entry, counting);
            self.inside += 1;
        }
        let begin = moment.0 - self.other.timespan;
        while let Some(entry) = self.behind.next_if(|e| e.at < begin && e.moment() <= moment) {
            self.window.remove(&entry, counting);
            self.inside -= 1;
        }
        self.inside > 0 && self.window.result(counting).is_some_and(|count| self.other.holds(count))
    }
}

impl Detect {
    /// What a count gives way to in a group; `None` where it gives way to nothing, or nothing is known of the group.
    pub(super) fn excuse<'a>(&'a self, own: &Correlation, key: &Key) -> Option<Excuse<'a, Entries<'a>>> {
        let index = own.unless?;
        let other = self.set.rule(index)?.correlation()?;
        let group = self.memories.get(index)?.get(key)?;
        Some(Excuse::new(other, group.entries()))
    }
}
