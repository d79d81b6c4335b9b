//! The parameters of the rooms, as plain values: shipped grammars and rules, two sources of one family, two
//! persons (one with a first address that every relay refuses), short policies.

use gatewatch::config::{grammars, rules};
use gatewatch::escalate::{self, ClockStart, Person, Policy, Recipient, Step};
use gatewatch::normalize::SourceParams;
use gatewatch::normalize::grammar::GrammarSet;
use gatewatch::schema::{Severity, Span};
use gatewatch::{detect, pipeline, triage};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

pub const SOURCES: [&str; 2] = ["gate", "host"];
/// The address that no relay knows.
pub const BAD_ADDRESS: &str = "ben@old.example";
/// A setting of lateness that keeps an hour's back-step interesting.
const LATENESS: Span = Span::minutes(2);

struct Shipped {
    grammars: Arc<GrammarSet>,
    rules: Arc<detect::RuleSet>,
}

/// Compiled once for all worlds; they are immutable.
fn shipped() -> &'static Shipped {
    static SHIPPED: OnceLock<Shipped> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let set = grammars::compile_all(grammars::load(None).expect("grammars")).expect("grammars");
        let (specs, _) = rules::load(&[], true, &[]);
        let (rules, _) = rules::compile(specs, &[]);
        assert!(!rules.rules().is_empty());
        Shipped { grammars: Arc::new(set), rules: Arc::new(rules) }
    })
}

pub fn params() -> pipeline::Params {
    let source = |name: &&str| SourceParams {
        name: Arc::from(*name),
        format: "linux-auth".into(),
        timezone: TimeZone::UTC,
        lateness: LATENESS,
    };
    let silence = |name: &&str| detect::SilenceParams {
        source: Arc::from(*name),
        silent_after: Some(Span::minutes(20)),
        required: *name == "gate",
    };
    let grave = triage::Route {
        severity: vec![Severity::High, Severity::Critical],
        policy: "fast".into(),
        ..triage::Route::default()
    };
    let all = triage::Route { policy: "calm".into(), ..triage::Route::default() };
    pipeline::Params {
        grammars: shipped().grammars.clone(),
        sources: SOURCES.iter().map(source).collect(),
        detect: detect::Params {
            rules: shipped().rules.clone(),
            sources: SOURCES.iter().map(silence).collect(),
        },
        triage: triage::Params { routes: vec![grave, all], ..triage::Params::default() },
        escalate: escalation(),
    }
}

fn escalation() -> escalate::Params {
    let person = |id: &str, addresses: &[&str]| Person {
        id: id.into(),
        name: id.into(),
        addresses: addresses.iter().map(|a| Arc::from(*a)).collect(),
        zone: TimeZone::UTC,
    };
    let persons = [
        person("ana", &["ana@work.example", "ana@home.example"]),
        person("ben", &[BAD_ADDRESS, "ben@work.example"]),
    ];
    escalate::Params {
        persons: persons.into_iter().map(|p| (p.id.clone(), p)).collect(),
        policies: policies(),
        domain: "sim.example".into(),
        max_per_recipient_per_hour: 60,
        relays: 2,
        close_after: Span::hours(2),
        ..escalate::Params::default()
    }
}

pub fn policies() -> BTreeMap<Arc<str>, Policy> {
    let to = |id: &str| Recipient::Person(id.into());
    let step = |after, notify| Step { after, notify };
    let fast = Policy {
        resolve_within: None,
        duties: Vec::new(),
        notify_within: Span::minutes(4),
        acknowledge_within: Some(Span::minutes(10)),
        acknowledgement_lasts: Some(Span::minutes(25)),
        clock_starts: ClockStart::Detected,
        repeat_every: Some(Span::minutes(15)),
        steps: vec![
            step(Span::ZERO, vec![to("ana")]),
            step(Span::minutes(5), vec![to("ben")]),
            step(Span::minutes(9), vec![to("ana"), to("ben")]),
        ],
    };
    let calm = Policy {
        resolve_within: None,
        duties: Vec::new(),
        notify_within: Span::minutes(30),
        acknowledge_within: None,
        acknowledgement_lasts: None,
        clock_starts: ClockStart::Read,
        repeat_every: None,
        steps: vec![step(Span::minutes(1), vec![to("ben")]), step(Span::minutes(20), vec![to("ana")])],
    };
    [("fast".into(), fast), ("calm".into(), calm)].into()
}
