//! What a full rule let go of, and the finding that says so.

use super::keep::silence_of;
use super::report::{self, Decision};
use super::rule::Rule;
use super::{Detect, OVERFLOW_RULE};
use crate::limits::WINDOW_EVENTS_RULE_MAX;
use crate::schema::{Event, Finding, FindingKind, Severity, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a full rule had to let go of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lost {
    /// Groups that gave way or were not taken in.
    pub groups: u64,
    /// Events of other groups.
    pub events: u64,
}

/// What a rule had to refuse or forget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overflow {
    /// When its finding was made.
    pub since: Timestamp,
    /// Last time.
    pub last: Timestamp,
    /// The finding.
    pub finding: Arc<str>,
    /// Groups that gave way or were not taken in.
    pub refused: u64,
    /// Events forgotten of other groups.
    #[serde(default)]
    pub forgotten: u64,
    /// How many groups the rule held when its finding was made.
    #[serde(default)]
    pub groups: u64,
    /// Whether it has to be stored again.
    #[serde(skip)]
    pub untold: bool,
}

impl Detect {
    /// What a full rule had to let go of just now: counted, and told once until it happened no more for one window.
    pub(super) fn overflow(&mut self, index: usize, rule: &Rule, event: &Event) -> Option<Finding> {
        let memory = self.memories.get_mut(index)?;
        let lost = memory.take_lost();
        if lost == Lost::default() {
            return None;
        }
        let (now, silence) = (event.counted_at, silence_of(rule));
        let running = |o: &&mut Overflow| now <= o.last + silence && now >= o.since - silence;
        if let Some(overflow) = memory.overflow.as_mut().filter(running) {
            overflow.last = overflow.last.max(now);
            overflow.refused += lost.groups;
            overflow.forgotten += lost.events;
            overflow.untold = true;
            return None;
        }
        let id = report::finding_id(OVERFLOW_RULE, &rule.meta.id, now, silence);
        let groups = memory.len();
        memory.overflow = Some(Overflow {
            groups: groups as u64,
            since: now,
            last: now,
            finding: id.clone(),
            refused: lost.groups,
            forgotten: lost.events,
            untold: true,
        });
        Some(finding(rule, id, lost, groups, event))
    }
}

fn finding(rule: &Rule, id: Arc<str>, lost: Lost, groups: usize, event: &Event) -> Finding {
    let name = &rule.meta.id;
    let (limit, explanation) = if lost.groups > 0 {
        let words = "of those that it heard of once it keeps the newest only, and counts the others without judging them";
        (groups, format!("rule {name} remembers {groups} groups, its limit: {words}"))
    } else {
        let words = "it forgets the oldest, so that its windows may hold less than they should";
        (
            WINDOW_EVENTS_RULE_MAX,
            format!("rule {name} remembers {WINDOW_EVENTS_RULE_MAX} events, its limit: {words}"),
        )
    };
    let decision = Decision {
        moment: (event.counted_at, event.id),
        observed: limit as f64,
        first: event.counted_at,
        evidence: vec![event.id],
        explanation,
    };
    let mut finding = report::finding(rule, id, vec![("rule".into(), (&**name).into())], decision);
    finding.rule = OVERFLOW_RULE.into();
    finding.title = "A rule's memory is full".into();
    finding.kind = FindingKind::Threshold;
    finding.severity = Severity::High;
    finding.threshold = Some(limit as f64);
    finding.incident_type = Some("detection-degraded".into());
    finding.advice =
        Some("Look which names or addresses flood the log; raise no limits before you know.".into());
    finding.verdict = Verdict::Opened;
    finding
}
