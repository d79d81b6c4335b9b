//! What is judged only when no line may come any more that could change it: absences, and limits such as "fewer than".
//!
//! Each event of such a rule waits for its time: the event's own, of an absence the end of its term. When that is known
//! (`streams.rs`) the window is looked at as it stands, in event time; so the order in which lines came says nothing.
//! What waits is not stored: it is every remembered event whose time is not known yet.

use super::chain::{Feed, Outcome, Task};
use super::correlate::{Told, decide_count};
use super::entry::{Entry, Moment};
use super::eval::Facts;
use super::key::Key;
use super::logsource::Facet;
use super::report::{self, Decision};
use super::rule::{Near, Rule, RuleSet};
use super::window::Group;
use super::{Detect, Params};
use crate::schema::{Event, Finding, Timestamp};
use std::collections::BTreeSet;

/// Moments that wait: when they are judged, the event, and the place of its group.
pub type Waiting = BTreeSet<(Timestamp, u64, u32)>;

impl Detect {
    /// The rules that wait, each with what waits.
    pub(super) fn waits(params: &Params) -> Vec<(usize, Waiting)> {
        let rules = params.rules.rules().iter().enumerate();
        let waits = rules.filter(|(_, rule)| rule.correlation().is_some_and(|c| c.waits()));
        waits.map(|(index, _)| (index, Waiting::new())).collect()
    }

    /// Lets an event of a group wait for its time.
    pub(super) fn wait(&mut self, task: &Task<'_>, place: u32, nth: usize, moment: Moment) {
        let Some(due) = task.correlation.due(nth, moment.0) else { return };
        if let Some((_, waiting)) = self.waiting.iter_mut().find(|(index, _)| *index == task.index) {
            waiting.insert((due, moment.1, place));
        }
    }

    /// What waits, found anew in what is remembered.
    pub(super) fn wait_again(&mut self) {
        for (index, waiting) in &mut self.waiting {
            let Some((rule, memory)) = self.set.rule(*index).zip(self.memories.get(*index)) else { continue };
            let Some(correlation) = rule.correlation() else { continue };
            let known = self.streams.known(rule.meta.lateness);
            for (place, group) in memory.groups() {
                let due = |e: Entry<'_>| Some((correlation.due(usize::from(e.nth), e.at)?, e.id, place));
                waiting.extend(group.entries().filter_map(due).filter(|(due, ..)| *due > known));
            }
        }
    }

    /// Judges what is known by now.
    pub(super) fn judge_known(&mut self, now: Option<Timestamp>) -> Vec<Finding> {
        if self.waiting.iter().all(|(_, waiting)| waiting.is_empty()) {
            return Vec::new();
        }
        self.moved = true;
        self.streams.settle(now, self.history);
        let set = self.set.clone();
        let mut found = Vec::new();
        // A rule that hears another one may wait too, and have a lower place in this list only by mistake.
        while let Some((at, index, due)) = self.next_known(&set) {
            if let Some((_, waiting)) = self.waiting.get_mut(at) {
                waiting.remove(&due);
            }
            let Some(rule) = set.rule(index) else { continue };
            let Some(correlation) = rule.correlation() else { continue };
            let task = Task { set: &set, index, rule, correlation };
            found.extend(self.judge(&task, due));
        }
        found
    }

    fn next_known(&self, set: &RuleSet) -> Option<(usize, usize, (Timestamp, u64, u32))> {
        self.waiting.iter().enumerate().find_map(|(at, (index, waiting))| {
            let due = *waiting.first()?;
            let known = self.streams.known(set.rule(*index)?.meta.lateness);
            (due.0 <= known).then_some((at, *index, due))
        })
    }

    fn judge(&mut self, task: &Task<'_>, (due, id, place): (Timestamp, u64, u32)) -> Vec<Finding> {
        let c = task.correlation;
        let at = c.near.map_or(due, |near| due - near.after);
        let moment = (at, id);
        let Some(memory) = self.memories.get(task.index) else { return Vec::new() };
        let Some(group) = memory.group(place) else { return Vec::new() };
        // It gave way to others, or was told anew at another time.
        let Some(entry) = group.at(moment) else { return Vec::new() };
        let event =
            Event { id, counted_at: at, generation: entry.stream, count: entry.count, ..Event::default() };
        let key = Key::new(group.key().into());
        let mut outcome = Outcome::default();
        let settled = if let Some(near) = c.near {
            if is_near(group, moment, near) {
                return Vec::new();
            }
            let decision = absent(task, near, &entry, due, &key);
            let told = Told { moment: (due, id), last: due, observed: 0.0, most: 0.0 };
            let settled =
                self.settle((task.index, task.rule), (&key, Some(place)), &event, told, |_| decision);
            let finding = settled.finding.map(|finding| Finding { last_event_at: at, ..finding });
            super::chain::Settled { finding, began: settled.began }
        } else if c.is_sequence() {
            let Some(settled) = self.sequence_at(task, &key, moment, &event) else { return Vec::new() };
            settled
        } else {
            let observed = group.result_at(moment, c.timespan, &c.counting).filter(|count| c.holds(*count));
            let Some(observed) = observed else { return Vec::new() };
            if self.excuse(c, &key).is_some_and(|mut excuse| excuse.holds_at(moment)) {
                return Vec::new();
            }
            let told = Told { moment, last: at, observed, most: observed };
            self.settle((task.index, task.rule), (&key, Some(place)), &event, told, |group| {
                decide_count(task.rule, c, group, (moment, observed), &key.text)
            })
        };
        outcome.take(settled, &key);
        outcome.moments.push((key, moment));
        let mut feeds: Vec<(usize, Feed)> = Vec::new();
        self.pass_on(task, &outcome, &event, &mut feeds);
        let mut found: Vec<(usize, Finding)> = Vec::new();
        let facet = Facet::of(&event, None);
        self.run(task.set, feeds, &mut Facts::new(&event, task.set, &facet), &mut found);
        outcome.findings.into_iter().chain(found.into_iter().map(|(_, finding)| finding)).collect()
    }
}

/// Whether what is expected stands near enough.
fn is_near(group: &Group, moment: Moment, near: Near) -> bool {
    let (from, to) = (moment.0 - near.before, moment.0 + near.after);
    group.entries().any(|e| usize::from(e.nth) >= near.expected && e.at >= from && e.at <= to)
}

/// What is told of an absence.
fn absent(task: &Task<'_>, near: Near, entry: &Entry<'_>, due: Timestamp, key: &Key) -> Decision {
    let what = |references: &[super::rule::Reference]| {
        let rules = references.iter().filter_map(|reference| task.set.rule(reference.rule));
        let mut names: Vec<&str> = rules.map(|rule: &Rule| &*rule.meta.what).collect();
        names.dedup();
        names.join(" or ")
    };
    let expected = task.correlation.references.get(near.expected..).unwrap_or_default();
    let called = task.correlation.references.get(usize::from(entry.nth)..).and_then(<[_]>::first);
    let called = called.map_or(String::new(), |reference| what(std::slice::from_ref(reference)));
    let pairs = report::pairs(&task.correlation.group_by, &key.text);
    let explanation = report::explain_absence(&called, &what(expected), &pairs, entry, near);
    Decision {
        moment: (due, entry.id),
        observed: 0.0,
        first: entry.at,
        evidence: vec![entry.id],
        explanation,
    }
}
