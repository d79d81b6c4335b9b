//! How near a correlation came in a history of events: the best window of its best group. Windows are counted by the same
//! code as in the daemon, without its limits of memory.

use crate::detect::chain::{self, Value};
use crate::detect::counter::Counter;
use crate::detect::entry::{Entry, Moment, Text};
use crate::detect::eval::{self, Facts};
use crate::detect::excuse::Excuse;
use crate::detect::key::Key;
use crate::detect::logsource::Facet;
use crate::detect::pattern::Compare;
use crate::detect::report;
use crate::detect::rule::{Body, Correlation, Counting, Rule, RuleSet};
use crate::schema::{Event, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How near a correlation came in a history, by its best group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reached {
    /// Events of the history that one of its rules matched.
    pub matched: usize,
    /// Of them, those without a value for one of the keys that it groups by: they count for no group.
    pub ungrouped: usize,
    /// The best group.
    pub best: Option<Best>,
    /// Ids of the rules of the list, and of that of `unless`, that are correlations themselves: they are not followed.
    pub unfollowed: Vec<Arc<str>>,
}

/// The window of a group that came nearest.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Keys and values.
    pub group: Vec<(Arc<str>, String)>,
    /// What was counted: events, values, their sum or middle, or rules of the list; `None` where no event had a number.
    pub count: Option<f64>,
    /// Whether that is what the condition asks for.
    pub holds: bool,
    /// The count that it gives way to, where that one held in the same group.
    pub excused: Option<Arc<str>>,
    /// Event time of the window's first and last event.
    pub span: (Timestamp, Timestamp),
    /// Ids of the events in it.
    pub events: Vec<u64>,
    /// Ids of the rules of the list that nothing in it matched, but for those that are not followed.
    pub missing: Vec<Arc<str>>,
}

/// An event that one of the rules matched.
pub(super) struct Hit<'e> {
    pub event: &'e Event,
    pub nth: usize,
    value: Value<'e>,
}

impl Hit<'_> {
    fn entry(&self) -> Entry<'_> {
        self.value.entry(self.event, self.nth, None)
    }
    fn moment(&self) -> Moment {
        (self.event.counted_at, self.event.id)
    }
}

/// The hits of a history by group, each in event time.
#[derive(Default)]
pub(super) struct History<'e> {
    pub groups: BTreeMap<Key, Vec<Hit<'e>>>,
    pub matched: usize,
    pub ungrouped: usize,
    /// Groups of the event that is asked about.
    pub wanted: BTreeSet<Key>,
}

impl<'e> History<'e> {
    pub fn of(
        set: &'e RuleSet,
        rule: &'e Correlation,
        events: &'e [Event],
        only: Option<u64>,
    ) -> History<'e> {
        let mut history = History::default();
        for event in events {
            let facet = Facet::of(event, set.declared(&event.format));
            history.see(rule, set, &facet, &mut Facts::new(event, set, &facet), only == Some(event.id));
        }
        history.groups.values_mut().for_each(|hits| hits.sort_by_key(Hit::moment));
        history
    }

    fn see(
        &mut self,
        rule: &'e Correlation,
        set: &RuleSet,
        facet: &Facet<'_>,
        facts: &mut Facts<'e>,
        is_asked: bool,
    ) {
        let event = facts.event;
        for (nth, reference) in rule.references.iter().enumerate() {
            let Some(Body::Detection(detection)) = set.rule(reference.rule).map(|rule| &rule.body) else {
                continue;
            };
            if !detection.logsource.sees(facet) || !eval::fits(detection, facts) {
                continue;
            }
            self.matched += 1;
            let Some(key) = chain::key(reference, facts) else {
                self.ungrouped += 1;
                continue;
            };
            if is_asked {
                self.wanted.insert(key.clone());
            }
            let hits = self.groups.entry(key).or_default();
            hits.extend(chain::values(rule, reference, facts).into_iter().map(|value| Hit {
                event,
                nth,
                value,
            }));
            // An event that fits several rules of a count counts once.
            if !rule.is_sequence() {
                break;
            }
        }
    }
}

/// Looks for the window that came nearest; `only` restricts it to the groups of one event. References to other
/// correlations are not followed.
pub fn correlation(set: &RuleSet, rule: &Correlation, events: &[Event], only: Option<u64>) -> Reached {
    let history = History::of(set, rule, events, only);
    let other = rule.unless.and_then(|index| set.rule(index));
    let excuse = other.and_then(|other| {
        let count = other.correlation()?;
        Some((other.meta.id.clone(), count, History::of(set, count, events, None)))
    });
    let mut best: Option<(Rank, Best)> = None;
    let judged = history.groups.iter().filter(|(key, _)| only.is_none() || history.wanted.contains(key));
    for (key, hits) in judged {
        let excuse = excuse.as_ref().and_then(|(id, count, history)| {
            let hits = history.groups.get(key)?;
            Some((id, Excuse::new(count, hits.iter().map(Hit::entry))))
        });
        let found =
            if rule.is_sequence() { nearest_sequence(rule, hits) } else { nearest_count(rule, hits, excuse) };
        let Some(found) =
            found.filter(|found| best.as_ref().is_none_or(|(rank, _)| found.rank.is_before(rank)))
        else {
            continue;
        };
        best = told(set, rule, key, hits, &found).map(|told| (found.rank, told));
    }
    Reached {
        matched: history.matched,
        ungrouped: history.ungrouped,
        best: best.map(|(_, best)| best),
        unfollowed: std::iter::once(rule)
            .chain(other.and_then(Rule::correlation))
            .flat_map(|rule| referred(set, rule, |_, is_followed| !is_followed))
            .collect(),
    }
}

/// Ids of the rules of the list, by their place and whether they are followed.
fn referred(set: &RuleSet, rule: &Correlation, mut takes: impl FnMut(usize, bool) -> bool) -> Vec<Arc<str>> {
    let all = rule.references.iter().enumerate().filter_map(|(nth, r)| Some((nth, set.rule(r.rule)?)));
    let taken = all.filter(|(nth, rule)| takes(*nth, matches!(rule.body, Body::Detection(_))));
    taken.map(|(_, rule)| rule.meta.id.clone()).collect()
}

/// What makes one window nearer than another: how much is missing, whether it gave way, how much it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rank {
    lacks: f64,
    excused: bool,
    count: f64,
}

impl Rank {
    fn is_before(&self, other: &Rank) -> bool {
        let by = self.lacks.total_cmp(&other.lacks).then(self.excused.cmp(&other.excused));
        by.then(other.count.total_cmp(&self.count)).is_lt()
    }
}

/// A window of a group.
struct Found {
    rank: Rank,
    count: Option<f64>,
    holds: bool,
    excused: Option<Arc<str>>,
    /// Its first and last hit.
    from: usize,
    to: usize,
}

/// How far a number is from what the limits ask for.
fn lacks(limits: &[(Compare, f64)], count: f64) -> f64 {
    let lack = |(compare, limit): &(Compare, f64)| match compare {
        _ if compare.holds(count, *limit) => 0.0,
        // A number that is equal does not hold either: the least that is missing.
        _ => (limit - count).abs().max(f64::MIN_POSITIVE),
    };
    limits.iter().map(lack).fold(0.0, f64::max)
}

fn nearest_count<'a>(
    rule: &Correlation,
    hits: &'a [Hit<'a>],
    mut excuse: Option<(&Arc<str>, Excuse<'a, impl Iterator<Item = Entry<'a>> + Clone>)>,
) -> Option<Found> {
    let (mut window, mut from) = (Counter::<Text<'_>>::default(), 0);
    let mut best: Option<Found> = None;
    for (to, last) in hits.iter().enumerate() {
        window.add(&last.entry(), &rule.counting);
        while let Some(first) =
            hits.get(from).filter(|first| last.moment().0 - first.moment().0 > rule.timespan)
        {
            window.remove(&first.entry(), &rule.counting);
            from += 1;
        }
        if hits.get(to + 1).is_some_and(|next| next.moment() == last.moment()) {
            continue;
        }
        let count = window.result(&rule.counting);
        let holds = count.is_some_and(|count| rule.holds(count));
        let excused = excuse.as_mut().filter(|_| holds);
        let excused = excused.and_then(|(id, excuse)| excuse.holds_at(last.moment()).then(|| (*id).clone()));
        let lacks = count.map_or(f64::INFINITY, |count| lacks(&rule.limits, count));
        let rank = Rank { lacks, excused: excused.is_some(), count: count.unwrap_or(0.0) };
        if best.as_ref().is_none_or(|best| rank.is_before(&best.rank)) {
            best = Some(Found { rank, count, holds, excused, from, to });
        }
    }
    best
}

fn nearest_sequence(rule: &Correlation, hits: &[Hit<'_>]) -> Option<Found> {
    let all: Vec<usize> = (0..rule.references.len()).collect();
    let needs_all = rule.steps.is_none() && rule.limits.is_empty();
    let orders: &[Vec<usize>] = if needs_all { std::slice::from_ref(&all) } else { &rule.orders };
    let (mut from, mut best): (usize, Option<Found>) = (0, None);
    for (to, last) in hits.iter().enumerate() {
        while hits.get(from).is_some_and(|first| last.moment().0 - first.moment().0 > rule.timespan) {
            from += 1;
        }
        let window = hits.get(from..=to).unwrap_or_default();
        let (holds, count, lacks) = match rule.counting {
            Counting::InOrder => {
                let done =
                    |order: &Vec<usize>| (order.len() - in_order(order, window), in_order(order, window));
                let (lacks, count) = orders.iter().map(done).min_by_key(|(lacks, _)| *lacks)?;
                (lacks == 0, count, lacks)
            }
            _ => {
                let seen: Vec<bool> =
                    all.iter().map(|nth| window.iter().any(|hit| hit.nth == *nth)).collect();
                let count = seen.iter().filter(|seen| **seen).count();
                let holds = rule.completes(&seen);
                (holds, count, if holds { 0 } else { (all.len() - count).max(1) })
            }
        };
        let rank = Rank { lacks: lacks as f64, excused: false, count: count as f64 };
        if best.as_ref().is_none_or(|best| rank.is_before(&best.rank)) {
            best = Some(Found { rank, count: Some(count as f64), holds, excused: None, from, to });
        }
    }
    best
}

/// How many steps were done one after the other.
fn in_order(order: &[usize], window: &[Hit<'_>]) -> usize {
    window.iter().fold(0, |done, hit| done + usize::from(order.get(done) == Some(&hit.nth)))
}

fn told(set: &RuleSet, rule: &Correlation, key: &Key, hits: &[Hit<'_>], found: &Found) -> Option<Best> {
    let window = hits.get(found.from..=found.to)?;
    let there: BTreeSet<usize> = window.iter().map(|hit| hit.nth).collect();
    let is_missing = |nth: usize, is_followed: bool| is_followed && !there.contains(&nth);
    let mut events: Vec<u64> = window.iter().map(|hit| hit.event.id).collect();
    events.dedup();
    let pairs = report::pairs(&rule.group_by, &key.text);
    Some(Best {
        group: pairs.into_iter().map(|(name, value)| (name, value.into())).collect(),
        count: found.count,
        holds: found.holds,
        excused: found.excused.clone(),
        span: (window.first()?.moment().0, window.last()?.moment().0),
        events,
        missing: if rule.is_sequence() { referred(set, rule, is_missing) } else { Vec::new() },
    })
}
