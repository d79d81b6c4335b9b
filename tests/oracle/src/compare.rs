//! Rule by rule, event by event against `rsigma-eval`.

use crate::differences::{Explained, Seen};
use crate::{events, near, rules, theirs};
use anyhow::{Result, ensure};
use gatewatch::detect::eval::{Facts, fits};
use gatewatch::detect::logsource::Facet;
use gatewatch::detect::rule::Body;
use gatewatch::detect::{Detect, Params, RuleSet};
use gatewatch::schema::Event;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// Development events that must be compared.
const EVENTS_MIN: usize = 2_000;

/// Compares all.
pub fn run() -> Result<()> {
    let files = rules::files()?;
    let set = rules::ours(&files)?;
    let engine = theirs::engine(&rules::theirs(&files)?)?;
    let development = events::development()?;
    let generated = near::events(&set);
    println!(
        "{} rules, {} development events, {} generated ones",
        set.loaded(),
        development.len(),
        generated.len()
    );
    let began = Instant::now();
    let every = rules::unrouted(&set);
    let mut fast = room(&every);
    let mut seen = Seen::new();
    let (mut matches, mut found) = (0, BTreeSet::new());
    for event in development.iter().chain(&generated) {
        let ours = one_by_one(&every, event);
        let indexed: BTreeSet<String> = ids(&every, &fast.matching(event));
        ensure!(
            indexed == ours,
            "the index loses or adds rules: {indexed:?} instead of {ours:?} for {event:?}"
        );
        let object = Value::Object(events::object(&set, event));
        let theirs = theirs::matching(&engine, &object);
        matches += ours.len();
        found.extend(ours.iter().cloned());
        let differs = ours.difference(&theirs).map(|rule| ("ours", rule));
        for (who, rule) in differs.chain(theirs.difference(&ours).map(|rule| ("theirs", rule))) {
            let entry =
                seen.entry(("rsigma".into(), who, rule.clone())).or_insert_with(|| (0, shown(&object)));
            entry.0 += 1;
        }
    }
    let routed = judge_routing(&set, &development)?;
    println!(
        "{} verdicts compared in {:.1} s; {matches} matches of {} different rules; routed, {routed} matches",
        set.loaded() * (development.len() + generated.len()),
        began.elapsed().as_secs_f64(),
        found.len()
    );
    if development.len() < EVENTS_MIN {
        println!("MISSING: fewer than {EVENTS_MIN} development events");
    }
    Explained::read()?.judge("rsigma", &seen)
}

fn room(set: &RuleSet) -> Detect {
    Detect::new(Params { rules: Arc::new(set.clone()), sources: Vec::new() })
}

fn shown(object: &Value) -> String {
    object.to_string().chars().take(1_500).collect()
}

fn ids(set: &RuleSet, rules: &[usize]) -> BTreeSet<String> {
    rules.iter().filter_map(|rule| set.rule(*rule)).map(|rule| rule.meta.id.to_string()).collect()
}

/// The rules that fit when each is tried by itself.
fn one_by_one(set: &RuleSet, event: &Event) -> BTreeSet<String> {
    let mut facts = Facts::new(event, set, &Facet::of(event, None));
    let fit = |body: &Body| matches!(body, Body::Detection(detection) if fits(detection, &mut facts));
    let mut fit = fit;
    set.rules().iter().filter(|rule| fit(&rule.body)).map(|rule| rule.meta.id.to_string()).collect()
}

/// Routed, an event has the matches of the rules that see it, no more and no fewer.
fn judge_routing(set: &RuleSet, events: &[Event]) -> Result<usize> {
    let mut room = room(set);
    let mut matches = 0;
    for event in events {
        let facet = Facet::of(event, None);
        let mut facts = Facts::new(event, set, &facet);
        let mut expected = Vec::new();
        for (index, rule) in set.rules().iter().enumerate() {
            if let Body::Detection(detection) = &rule.body
                && detection.logsource.sees(&facet)
                && fits(detection, &mut facts)
            {
                expected.push(index);
            }
        }
        let found = room.matching(event);
        ensure!(found == expected, "routing: {found:?} instead of {expected:?} for {event:?}");
        matches += found.len();
    }
    Ok(matches)
}
