//! From the detections that an event fits to findings: bare detections, counts, sequences.

use super::Detect;
use super::chain::{Feed, Outcome, Settled, Task, carried, feed_of, hears, key, values};
use super::entry::Moment;
use super::eval::Facts;
use super::field::is_null_like;
use super::keep::silence_of;
use super::key::Key;
use super::report::{self, Decision, Pairs};
use super::rule::{Correlation, Hears, Rule, RuleSet};
use super::window::{Episode, Group, Hot};
use crate::schema::{Event, Finding, Timestamp};
use std::sync::Arc;

impl Detect {
    /// Carries matches to the correlations that refer to them, level by level: a correlation has a higher index
    /// than what it refers to, so the lowest waiting one has all its input.
    pub(super) fn follow<'e>(
        &mut self,
        set: &'e RuleSet,
        matched: &[usize],
        facts: &mut Facts<'e>,
    ) -> Vec<Finding> {
        let mut found: Vec<(usize, Finding)> = Vec::new();
        let mut feeds: Vec<(usize, Feed)> = Vec::new();
        for &index in matched {
            let Some(rule) = set.rule(index) else { continue };
            if rule.meta.generates {
                found.extend(self.single(index, rule, facts.event).map(|finding| (index, finding)));
            }
            for &(parent, nth) in set.parents(index) {
                feed_of(&mut feeds, parent).matched.push(nth);
            }
        }
        self.run(set, feeds, facts, &mut found);
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, finding)| finding).collect()
    }

    /// Lets correlations work through what waits for them.
    pub(super) fn run<'e>(
        &mut self,
        set: &'e RuleSet,
        mut feeds: Vec<(usize, Feed)>,
        facts: &mut Facts<'e>,
        found: &mut Vec<(usize, Finding)>,
    ) {
        while let Some(next) = (0..feeds.len()).min_by_key(|at| feeds.get(*at).map(|feed| feed.0)) {
            let (index, feed) = feeds.swap_remove(next);
            let Some(rule) = set.rule(index) else { continue };
            let Some(correlation) = rule.correlation() else { continue };
            let task = Task { set, index, rule, correlation };
            let outcome = if correlation.is_sequence() {
                self.sequence(&task, feed, facts)
            } else {
                self.counted(&task, feed, facts)
            };
            self.pass_on(&task, &outcome, facts.event, &mut feeds);
            found.extend(outcome.findings.into_iter().map(|finding| (index, finding)));
        }
    }

    /// A bare detection: grouped by the user, else the address, else the one acted on, the host, the source.
    fn single(&mut self, index: usize, rule: &Rule, event: &Event) -> Option<Finding> {
        let address = event.src_ip.map(|ip| ip.to_string());
        let choices = [
            ("user", event.user.as_deref()),
            ("src_ip", address.as_deref()),
            ("target_user", event.target_user.as_deref()),
            ("host", event.host.as_deref()),
        ];
        let named = choices.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let usable = named.into_iter().find(|(_, value)| !is_null_like(value));
        let (name, value) = usable.unwrap_or(("source", &event.source));
        let key = Key::new(report::key_of([name, value].into_iter()));
        let moment = (event.counted_at, event.id);
        let (observed, last) = (f64::from(event.count.max(1)), event.counted_at);
        let told = Told { moment, last, observed, most: observed };
        let settled = self.settle((index, rule), (&key, None), event, told, |_| Decision {
            moment,
            observed,
            first: event.counted_at,
            evidence: vec![event.id],
            explanation: report::explain_match(rule, event),
        });
        settled.finding
    }

    /// Counts, sums and the like.
    fn counted<'e>(&mut self, task: &Task<'e>, feed: Feed, facts: &mut Facts<'e>) -> Outcome {
        let Task { index, rule, correlation, .. } = *task;
        let event = facts.event;
        let mut outcome = Outcome::default();
        let mut touched: Vec<(Key, u32, Moment)> = Vec::new();
        // An event that fits several references counts once.
        let first = feed.matched.iter().find_map(|nth| {
            let reference = correlation.references.get(*nth)?;
            Some((*nth, reference, key(reference, facts)?))
        });
        if let Some((nth, reference, key)) = first {
            let values = values(correlation, reference, facts);
            let also = carried(correlation, facts);
            let Some(memory) = self.memories.get_mut(index) else { return outcome };
            let mut place = None;
            for value in &values {
                place = memory.remember(&key, &value.entry(event, nth, also.as_deref()));
            }
            touched.extend(place.map(|place| (key, place, (event.counted_at, event.id))));
        }
        for heard in feed.heard {
            let Some(memory) = self.memories.get_mut(index) else { break };
            let place = memory.remember_match(&heard.key, &heard.entry());
            touched.extend(place.map(|place| (heard.key, place, heard.moment)));
        }
        outcome.findings.extend(self.overflow(index, rule, event));
        let all = task.has_parents_that(Hears::Moments);
        for (key, place, moment) in touched {
            if correlation.waits() {
                self.wait(task, place, 0, moment);
                continue;
            }
            let group = self.memories.get(index).and_then(|memory| memory.group(place));
            let mut moments = Vec::new();
            let hot = group.and_then(|group| {
                let see = |moment| moments.extend(all.then_some(moment));
                let mut excuse = self.excuse(correlation, &key);
                let holds = |moment, count| {
                    correlation.holds(count) && !excuse.as_mut().is_some_and(|excuse| excuse.holds_at(moment))
                };
                group.hot(moment, correlation.timespan, &correlation.counting, holds, see)
            });
            if let Some(hot) = hot {
                let settled =
                    self.settle((index, rule), (&key, Some(place)), event, Told::of(&hot), |group| {
                        decide_count(rule, correlation, group, (hot.moment, hot.observed), &key.text)
                    });
                outcome.take(settled, &key);
                outcome.moments.extend(moments.into_iter().map(|moment| (key.clone(), moment)));
            }
            outcome.touched.push(key);
        }
        outcome
    }

    /// Folds into the episode that the moment belongs to, or begins one and tells it.
    pub(super) fn settle(
        &mut self,
        (index, rule): (usize, &Rule),
        (key, place): (&Key, Option<u32>),
        event: &Event,
        told: Told,
        decide: impl FnOnce(&Group) -> Decision,
    ) -> Settled {
        let set = self.set.clone();
        if !rule.meta.generates && !hears(&set, index, Hears::Episodes) {
            return Settled::default();
        }
        let silence = silence_of(rule);
        let Some(memory) = self.memories.get_mut(index) else { return Settled::default() };
        let Some(place) = place.or_else(|| memory.open(key)) else {
            return Settled { finding: self.overflow(index, rule, event), began: None };
        };
        let Some(group) = memory.group_mut(place) else { return Settled::default() };
        if let Some(episode) = group.episode_at(told.moment.0, silence) {
            let is_earlier = told.moment.0 < episode.first && episode.event != 0;
            let began = is_earlier.then_some(((told.moment.0, episode.event), told.moment));
            episode.first = episode.first.min(told.moment.0);
            if told.last >= episode.last {
                (episode.last, episode.stream) = (told.last, event.generation);
            }
            episode.folded += u64::from(event.count.max(1));
            episode.observed = episode.observed.max(told.most);
            episode.untold = rule.meta.generates;
            return Settled { finding: None, began };
        }
        let decision = decide(group);
        let finding = report::finding_id(&rule.meta.id, &key.text, told.moment.0, silence);
        let episode = Episode {
            first: told.moment.0,
            last: told.last,
            stream: event.generation,
            finding: finding.clone(),
            folded: 0,
            observed: decision.observed,
            event: told.moment.1,
            untold: false,
        };
        memory.begin(place, episode);
        let began = Some((told.moment, told.moment));
        if !rule.meta.generates {
            return Settled { finding: None, began };
        }
        let pairs = match rule.correlation() {
            Some(correlation) => report::pairs(&correlation.group_by, &key.text),
            None => single_pairs(&key.text),
        };
        Settled { finding: Some(report::finding(rule, finding, pairs, decision)), began }
    }
}

/// When a rule held, and how much was counted.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// The first one.
    pub moment: Moment,
    /// Time of the last one.
    pub last: Timestamp,
    /// At the first one.
    pub observed: f64,
    /// At its highest.
    pub most: f64,
}

impl Told {
    fn of(hot: &Hot) -> Told {
        Told { moment: hot.moment, last: hot.last, observed: hot.observed, most: hot.most }
    }
}

/// What is told of a count.
pub(super) fn decide_count(
    rule: &Rule,
    correlation: &Correlation,
    group: &Group,
    (moment, observed): (Moment, f64),
    key: &str,
) -> Decision {
    let entries = group.window(moment, correlation.timespan);
    let pairs: Pairs = report::pairs(&correlation.group_by, key);
    let mut evidence: Vec<u64> = entries.iter().map(|e| e.id).collect();
    evidence.dedup();
    Decision {
        moment,
        observed,
        first: entries.first().map_or(moment.0, |e| e.at),
        evidence,
        explanation: report::explain_count(rule, correlation, observed, &pairs, &entries),
    }
}

/// Key and value of a bare detection's group.
fn single_pairs(key: &str) -> Pairs {
    key.split_once(report::JOINER)
        .map(|(name, value)| (Arc::from(name), Box::from(value)))
        .into_iter()
        .collect()
}
