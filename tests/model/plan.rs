//! The people, the policy and the findings of the modelled world.

use super::scope::Scope;
use gatewatch::escalate::{ClockStart, Layer, Params, Person, Policy, Recipient, Schedule, Step};
use gatewatch::schema::*;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The grain of time.
pub const UNIT: Span = Span::minutes(5);
/// Units after which the lead is told.
pub const STEP_AFTER: i64 = 2;

pub fn units(n: i64) -> Span {
    Span(UNIT.0 * n)
}

pub fn params(scope: &Scope, turn: &str) -> Params {
    let person = |id: &str| Person {
        id: id.into(),
        name: id.into(),
        addresses: vec![format!("{id}@example.org").into()],
        zone: TimeZone::UTC,
    };
    let persons = ["ana", "ben", "lead"].map(|id| (Arc::from(id), person(id)));
    let schedule = Schedule::of_one(Layer {
        name: "rota".into(),
        zone: TimeZone::UTC,
        members: vec![turn.into()],
        turn_days: 7,
        first: jiff::civil::date(2026, 1, 5).at(9, 0, 0, 0),
        hours: None,
    });
    let policy = Policy {
        notify_within: units(4),
        acknowledge_within: Some(units(2)),
        acknowledgement_lasts: Some(units(3)),
        clock_starts: ClockStart::Detected,
        resolve_within: None,
        duties: Vec::new(),
        repeat_every: scope.repeats.then(|| units(4)),
        steps: vec![
            Step { after: Span::ZERO, notify: vec![Recipient::Schedule("soc".into())] },
            Step { after: units(STEP_AFTER), notify: vec![Recipient::Person("lead".into())] },
        ],
    };
    Params {
        persons: BTreeMap::from(persons),
        policies: BTreeMap::from([("default".into(), policy)]),
        schedules: BTreeMap::from([("soc".into(), schedule)]),
        max_per_recipient_per_hour: scope.per_hour,
        ..Params::default()
    }
}

pub fn finding(line: usize, user: &str, severity: Severity, at: Timestamp) -> Finding {
    Finding {
        id: format!("finding-{line}").into(),
        time: at,
        rule: "rule".into(),
        rule_version: "1".into(),
        title: "Guessing".into(),
        kind: FindingKind::Match,
        severity,
        incident_type: None,
        group: vec![("user".into(), user.into())],
        first_event_at: at,
        last_event_at: at,
        observed: 1.0,
        expected: None,
        threshold: None,
        score: None,
        explanation: "".into(),
        advice: None,
        evidence: vec![1],
        folded: 0,
        verdict: Verdict::Opened,
        reason: "".into(),
        incident: None,
    }
}
