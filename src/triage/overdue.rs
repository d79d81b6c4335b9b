//! Drills that are due: how long a scenario may go without having been played, and the finding when it did.

use crate::schema::{Finding, FindingKind, Severity, Span, StateRow, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Id of the finding.
pub const OVERDUE_RULE: &str = "drill-overdue";
/// Key of a stored row, before the scenario.
pub(super) const KEY: &str = "drill-due\u{1f}";

/// What is known of one scenario's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Due {
    /// Since when the configuration asks for it.
    since: Timestamp,
    /// When it was told that it is overdue.
    told: Option<Timestamp>,
}

/// By scenario: its turn.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    due: BTreeMap<Arc<str>, Due>,
    dirty: BTreeSet<Arc<str>>,
}

impl Turns {
    /// Scenarios that were not played for longer than they may go without; each is told once in that time.
    pub fn overdue(
        &mut self,
        wanted: &[(Arc<str>, Span)],
        last_played: impl Fn(&Arc<str>) -> Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<Finding> {
        let mut found = Vec::new();
        for (scenario, every) in wanted {
            let due = self.due.get(scenario).copied();
            let Some(due) = due else {
                self.put(scenario, Due { since: now, told: None });
                continue;
            };
            let last = last_played(scenario).unwrap_or(due.since).max(due.told.unwrap_or(due.since));
            if now > last + *every {
                self.put(scenario, Due { told: Some(now), ..due });
                found.push(finding(scenario, *every, last_played(scenario), now));
            }
        }
        found
    }

    fn put(&mut self, scenario: &Arc<str>, due: Due) {
        self.due.insert(scenario.clone(), due);
        self.dirty.insert(scenario.clone());
    }

    /// Takes a stored row.
    pub fn restore(&mut self, scenario: &str, body: &[u8]) {
        if let Ok(due) = serde_json::from_slice(body) {
            self.due.insert(scenario.into(), due);
        }
    }

    /// Rows that changed.
    pub fn drain(&mut self) -> Vec<StateRow> {
        let row = |scenario: &Arc<str>| {
            let body = self.due.get(scenario).and_then(|due| serde_json::to_vec(due).ok()).map(Into::into);
            StateRow { room: "triage", key: format!("{KEY}{scenario}").into(), body }
        };
        let rows = self.dirty.iter().map(row).collect();
        self.dirty.clear();
        rows
    }
}

fn finding(scenario: &Arc<str>, every: Span, last: Option<Timestamp>, now: Timestamp) -> Finding {
    let id = Sha256::digest(format!("{OVERDUE_RULE}\n{scenario}\n{}", now.0));
    let since = last.map_or("never".to_owned(), |last| format!("last at {last}"));
    Finding {
        id: crate::schema::book::id_text(&id).into(),
        time: now,
        rule: OVERDUE_RULE.into(),
        rule_version: "1".into(),
        title: "A drill is overdue".into(),
        kind: FindingKind::Governance,
        severity: Severity::Low,
        incident_type: Some("control-weakened".into()),
        group: vec![("drill".into(), (**scenario).into())],
        first_event_at: now,
        last_event_at: now,
        observed: 0.0,
        expected: None,
        threshold: None,
        score: None,
        explanation: format!(
            "the scenario {scenario} is to be played every {}, and was found {since}",
            every.in_words()
        )
        .into(),
        advice: Some("Plan it: gatewatch drill plan.".into()),
        evidence: Vec::new(),
        folded: 0,
        verdict: Verdict::Opened,
        reason: "".into(),
        incident: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::drills::Drills;
    use super::*;

    #[test]
    fn a_scenario_that_is_never_played_is_told_once_in_its_time_over_restarts() {
        let wanted = [(Arc::from("ssh-brute-force"), Span::days(90))];
        let day = |n: i64| Timestamp(0) + Span::days(n);
        let mut drills = Drills::default();
        assert!(drills.overdue(&wanted, day(0)).is_empty() && drills.overdue(&wanted, day(90)).is_empty());
        let rows = drills.drain();
        let mut drills = Drills::restore(&rows);
        let found = drills.overdue(&wanted, day(91));
        assert_eq!((found.len(), found[0].entity().as_str()), (1, "drill=ssh-brute-force"));
        assert!(drills.overdue(&wanted, day(92)).is_empty());
        let rows = [rows, drills.drain()].concat();
        let mut drills = Drills::restore(&rows);
        assert!(drills.overdue(&wanted, day(181)).is_empty());
        assert_eq!(drills.overdue(&wanted, day(182)).len(), 1);
    }
}
