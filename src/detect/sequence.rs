//! Sequences: several rules matched in one group and window, in any order or in that of the list.
//!
//! A referenced count with the same group is not remembered again: it stands for the state "its condition holds at a
//! moment, over its own window", whether or not that was told. Everything that a sequence counts lies within its
//! timespan, the events of such a state too, unless that one's window is the longer one.

use super::Detect;
use super::chain::{Feed, Outcome, Settled, Task, Value, carried, key};
use super::correlate::Told;
use super::entry::{Entry, Moment};
use super::eval::Facts;
use super::key::Key;
use super::report::{self, Decision, Pairs};
use super::rule::{Correlation, Counting, Hears, Reference};
use super::window::Group;
use crate::schema::{Event, Timestamp};
use std::collections::BTreeMap;

/// Where a step of a sequence was found.
#[derive(Clone, Copy)]
struct Stop {
    moment: Moment,
    /// What a referenced correlation counts; 0 for a detection.
    count: f64,
    /// It was looked for up to here, with or without that moment.
    until: Moment,
    inclusive: bool,
}

/// One step of a sequence, in words.
struct Step {
    text: String,
    evidence: Vec<Moment>,
}

impl Detect {
    /// temporal and temporal_ordered.
    pub(super) fn sequence<'e>(&mut self, task: &Task<'e>, feed: Feed, facts: &mut Facts<'e>) -> Outcome {
        let Task { index, correlation, .. } = *task;
        let event = facts.event;
        let now = (event.counted_at, event.id);
        let mut outcome = Outcome::default();
        // Groups, and the earliest moment at which something new is known of each.
        let mut keys: BTreeMap<Key, Moment> = BTreeMap::new();
        let mut touch = |key: Key, at: Moment| {
            let first = keys.entry(key).or_insert(at);
            *first = (*first).min(at);
        };
        feed.touched.into_iter().for_each(|key| touch(key, now));
        let also = carried(correlation, facts);
        for nth in feed.matched {
            let reference = correlation.references.get(nth);
            let Some(key) = reference.and_then(|reference| key(reference, facts)) else { continue };
            let Some(memory) = self.memories.get_mut(index) else { continue };
            let who = Value::who(correlation, event);
            if let Some(place) = memory.remember(&key, &who.entry(event, nth, also.as_deref())) {
                if correlation.waits() {
                    self.wait(task, place, nth, now);
                } else {
                    touch(key, now);
                }
            }
        }
        for heard in feed.heard {
            let Some(memory) = self.memories.get_mut(index) else { continue };
            if let Some(place) = memory.remember_match(&heard.key, &heard.entry()) {
                if correlation.waits() {
                    self.wait(task, place, heard.nth, heard.moment);
                } else {
                    touch(heard.key, heard.moment);
                }
            }
        }
        outcome.findings.extend(self.overflow(index, task.rule, event));
        for (key, begin) in keys {
            let mut moments = Vec::new();
            if let Some(settled) = self.sequence_in(task, &key, begin, event, &mut moments) {
                outcome.take(settled, &key);
            }
            if task.has_parents_that(Hears::Moments) {
                outcome.moments.extend(moments.into_iter().map(|moment| (key.clone(), moment)));
            }
            outcome.touched.push(key);
        }
        outcome
    }

    /// The moments from `begin` on, as far as a window reaches, at which something of the group happened.
    fn ends(&self, task: &Task<'_>, key: &Key, begin: Moment) -> Vec<Moment> {
        let until = begin.0 + task.correlation.timespan;
        let states = task.correlation.references.iter().filter(|reference| is_state(reference));
        let rules = states.map(|reference| reference.rule).chain([task.index]);
        let groups = rules.filter_map(|rule| self.memories.get(rule)?.get(key));
        let mut ends: Vec<Moment> =
            groups.flat_map(|group| group.after(begin).take_while(|end| end.0 <= until)).collect();
        ends.push(begin);
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    fn sequence_in(
        &mut self,
        task: &Task<'_>,
        key: &Key,
        begin: Moment,
        event: &Event,
        moments: &mut Vec<Moment>,
    ) -> Option<Settled> {
        let mut told: Option<(Told, Vec<(usize, Stop)>)> = None;
        for end in self.ends(task, key, begin) {
            let Some(stops) = self.complete(task, key, end) else { continue };
            let observed = f64::max(stops.iter().map(|(_, stop)| stop.count).sum(), 1.0);
            moments.push(end);
            let (told, _) =
                told.get_or_insert((Told { moment: end, last: end.0, observed, most: observed }, stops));
            told.last = end.0;
            told.most = told.most.max(observed);
        }
        let (told, stops) = told?;
        Some(self.settle_sequence(task, key, told, stops, event))
    }

    /// The same for one moment.
    pub(super) fn sequence_at(
        &mut self,
        task: &Task<'_>,
        key: &Key,
        end: Moment,
        event: &Event,
    ) -> Option<Settled> {
        let stops = self.complete(task, key, end)?;
        let observed = f64::max(stops.iter().map(|(_, stop)| stop.count).sum(), 1.0);
        let told = Told { moment: end, last: end.0, observed, most: observed };
        Some(self.settle_sequence(task, key, told, stops, event))
    }

    fn settle_sequence(
        &mut self,
        task: &Task<'_>,
        key: &Key,
        told: Told,
        stops: Vec<(usize, Stop)>,
        event: &Event,
    ) -> Settled {
        let steps: Vec<Step> = stops.into_iter().filter_map(|stop| self.step(task, key, stop)).collect();
        let c = task.correlation;
        let group = report::pairs(&c.group_by, &key.text);
        self.settle((task.index, task.rule), (key, None), event, told, |_| {
            decide_sequence(c, &steps, told, &group)
        })
    }

    /// The steps of a sequence that is complete at `end`, the first one first; `None` where it is not.
    fn complete(&self, task: &Task<'_>, key: &Key, end: Moment) -> Option<Vec<(usize, Stop)>> {
        let c = task.correlation;
        let all: Vec<usize> = (0..c.references.len()).collect();
        let needs_all = c.steps.is_none() && c.limits.is_empty();
        if c.counting == Counting::InOrder {
            let orders: &[Vec<usize>] = if needs_all { std::slice::from_ref(&all) } else { &c.orders };
            return orders.iter().find_map(|steps| self.walk(task, key, end, steps));
        }
        let oldest = end.0 - c.timespan;
        let mut stops = Vec::new();
        let mut seen = vec![false; all.len()];
        for nth in all {
            match self.stop(task, key, nth, (oldest, end, true)) {
                Some(stop) => {
                    seen[nth] = true;
                    stops.push((nth, stop));
                }
                None if needs_all => return None,
                None => {}
            }
        }
        // Something must happen at the end itself, else the sequence was complete before.
        let at_end = stops.iter().any(|(_, stop)| stop.moment == end);
        (at_end && c.completes(&seen)).then_some(stops)
    }

    /// These steps, one after the other, the last one at `end`.
    fn walk(&self, task: &Task<'_>, key: &Key, end: Moment, steps: &[usize]) -> Option<Vec<(usize, Stop)>> {
        let oldest = end.0 - task.correlation.timespan;
        let (mut until, mut inclusive) = (end, true);
        let mut stops = Vec::with_capacity(steps.len());
        for nth in steps.iter().rev() {
            let stop = self.stop(task, key, *nth, (oldest, until, inclusive))?;
            if stops.is_empty() && stop.moment != end {
                return None;
            }
            stops.push((*nth, stop));
            (until, inclusive) = (stop.moment, false);
        }
        stops.reverse();
        Some(stops)
    }

    /// The last time before a moment at which a step was done.
    fn stop(
        &self,
        task: &Task<'_>,
        key: &Key,
        nth: usize,
        (oldest, until, inclusive): (Timestamp, Moment, bool),
    ) -> Option<Stop> {
        let reference = task.correlation.references.get(nth)?;
        let (moment, count) = if is_state(reference) {
            let child = task.set.rule(reference.rule)?.correlation()?;
            let group = self.memories.get(reference.rule)?.get(key)?;
            let is_longer = child.timespan > task.correlation.timespan;
            let from = if is_longer { Timestamp(i64::MIN) } else { oldest };
            // A count that gives way is not held, neither then nor for whoever asks now.
            if self.excuse(child, key).is_some_and(|mut excuse| excuse.holds_at(until)) {
                return None;
            }
            let mut excuse = self.excuse(child, key);
            let holds = |moment, count| {
                child.holds(count) && !excuse.as_mut().is_some_and(|excuse| excuse.holds_at(moment))
            };
            group.last_hot((from, until, inclusive), child.timespan, &child.counting, holds)?
        } else {
            let group = self.memories.get(task.index)?.get(key)?;
            (own_entry(group, nth, until, inclusive)?.moment(), 0.0)
        };
        (moment.0 >= oldest).then_some(Stop { moment, count, until, inclusive })
    }

    /// What is told of a step.
    fn step(&self, task: &Task<'_>, key: &Key, (nth, stop): (usize, Stop)) -> Option<Step> {
        let reference = task.correlation.references.get(nth)?;
        let referred = task.set.rule(reference.rule)?;
        let what = &referred.meta.what;
        let child = referred.correlation().filter(|_| is_state(reference));
        let Some(child) = child else {
            let group = self.memories.get(task.index)?.get(key)?;
            let entry = own_entry(group, nth, stop.until, stop.inclusive)?;
            let who = report::named(entry.text.into_iter());
            let text = if who.is_empty() { what.to_string() } else { format!("{what} ({who})") };
            return Some(Step { text, evidence: vec![stop.moment] });
        };
        let group = self.memories.get(reference.rule)?.get(key)?;
        let window = group.window(stop.moment, child.timespan);
        let evidence = window.iter().map(Entry::moment).collect();
        Some(Step { text: format!("{} {what}", report::figure(stop.count)), evidence })
    }
}

fn is_state(reference: &Reference) -> bool {
    reference.chain.as_ref().is_some_and(|chain| chain.hears == Hears::State)
}

fn own_entry(group: &Group, nth: usize, until: Moment, inclusive: bool) -> Option<Entry<'_>> {
    let before = |e: &Entry<'_>| e.moment() < until || (inclusive && e.moment() == until);
    group.entries().take_while(before).filter(|e| usize::from(e.nth) == nth).last()
}

fn decide_sequence(correlation: &Correlation, steps: &[Step], told: Told, group: &Pairs) -> Decision {
    let mut evidence: Vec<Moment> = steps.iter().flat_map(|step| step.evidence.iter().copied()).collect();
    evidence.sort_unstable();
    evidence.dedup();
    let texts: Vec<String> = steps.iter().map(|step| step.text.clone()).collect();
    Decision {
        moment: told.moment,
        observed: told.observed,
        first: evidence.first().map_or(told.moment.0, |moment| moment.0),
        evidence: evidence.into_iter().map(|moment| moment.1).collect(),
        explanation: report::explain_sequence(correlation, &texts, group),
    }
}
