//! What an absence found in a history of events: each event that called for something, and what stood near it.

use super::near::{History, Hit};
use crate::detect::report;
use crate::detect::rule::{Correlation, Near, RuleSet};
use crate::schema::{Event, Timestamp};
use std::sync::Arc;

/// An event that calls for another.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Keys and values of its group.
    pub group: Vec<(Arc<str>, String)>,
    /// The event's id.
    pub event: u64,
    /// Its time.
    pub at: Timestamp,
    /// Until when what it calls for may come.
    pub until: Timestamp,
    /// What came: the event's id, its time, and the rule that it fits. `None` = nothing did, and the rule fires.
    pub came: Option<(u64, Timestamp, Arc<str>)>,
}

/// The calls of a history, and how many events fit one of the rules at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    /// Events that one of the rules matched.
    pub matched: usize,
    /// Of them, those without a value for one of the keys that it groups by.
    pub ungrouped: usize,
    /// The calls, by group and time.
    pub calls: Vec<Call>,
}

/// Looks for what an absence judges; `only` restricts it to the groups of one event. References to other correlations are
/// not followed.
pub fn absence(set: &RuleSet, rule: &Correlation, near: Near, events: &[Event], only: Option<u64>) -> Calls {
    let history = History::of(set, rule, events, only);
    let mut calls = Vec::new();
    for (key, hits) in &history.groups {
        if only.is_some() && !history.wanted.contains(key) {
            continue;
        }
        for hit in hits.iter().filter(|hit| hit.nth < near.expected) {
            let at = hit.event.counted_at;
            let (from, until) = (at - near.before, at + near.after);
            let stands = |other: &&Hit<'_>| {
                other.nth >= near.expected && (from..=until).contains(&other.event.counted_at)
            };
            let came = hits.iter().find(stands).and_then(|other| {
                let reference = rule.references.get(other.nth)?;
                let id = set.rule(reference.rule)?.meta.id.clone();
                Some((other.event.id, other.event.counted_at, id))
            });
            let group = report::pairs(&rule.group_by, &key.text);
            let group = group.into_iter().map(|(name, value)| (name, value.to_string())).collect();
            calls.push(Call { group, event: hit.event.id, at, until, came });
        }
    }
    Calls { matched: history.matched, ungrouped: history.ungrouped, calls }
}
