//! The sample lines that a rule carries, and what must come of them.

use super::RuleSpec;
use super::document::{members, scalar};
use crate::config::report::{Grade, Problem};
use crate::detect::{Detect, Params, RuleSet, SilenceParams};
use crate::schema::{Event, Finding, Span, Timestamp};
use std::sync::Arc;
use yaml_serde::Value;

/// What a fixture expects.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// So many findings of the rule.
    Count(usize),
    /// Findings of exactly these entities (`key=value`), in any order.
    Entities(Vec<String>),
}

/// One test of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixture {
    /// What must come of it.
    pub fires: Expected,
    /// The grammar that reads the lines.
    pub format: String,
    /// The lines.
    pub lines: String,
    /// For rules about silence: the source's limit, and how long nothing follows after the lines.
    pub silence: Option<(Span, Span)>,
    /// How long nothing follows after the lines.
    pub waits: Option<Span>,
}

/// What came of a test.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The rule.
    pub rule: Arc<str>,
    /// 1-based number of the test in the rule.
    pub test: usize,
    /// What was expected.
    pub expected: Expected,
    /// The entities of the findings, sorted.
    pub got: Vec<String>,
    /// How many events the lines made.
    pub events: usize,
    /// `None` where it passed; a warning where it could not be run because the lines made no events.
    pub problem: Option<Problem>,
}

/// The tests of a rule.
pub(super) fn of(spec: &RuleSpec) -> Result<Vec<Fixture>, Problem> {
    let Some(tests) = spec.our("tests") else { return Ok(Vec::new()) };
    members(tests).into_iter().map(|test| fixture(spec, test)).collect()
}

fn fixture(spec: &RuleSpec, test: &Value) -> Result<Fixture, Problem> {
    let refuse = |message: &str| spec.document.problem(&["gatewatch", "tests"], message);
    let text = |key: &str| test.get(key).and_then(scalar);
    let keys = test.as_mapping().ok_or_else(|| refuse("a test is a mapping"))?.keys();
    let known = ["fires", "format", "lines", "silent_after", "silent_for", "about"];
    if let Some(key) = keys.filter_map(Value::as_str).find(|key| !known.contains(key)) {
        return Err(refuse(&format!("unknown key `{key}` in a test; {} are known", known.join(", "))));
    }
    let fires = match test.get("fires") {
        Some(Value::Sequence(list)) => Expected::Entities(list.iter().filter_map(scalar).collect()),
        Some(value) => {
            let count = value.as_u64().ok_or_else(|| refuse("`fires` is a number or a list of entities"))?;
            Expected::Count(usize::try_from(count).unwrap_or(usize::MAX))
        }
        None => return Err(refuse("a test needs `fires`")),
    };
    let span = |key: &str| match text(key) {
        None => Ok(None),
        Some(value) => Span::parse(&value)
            .map(Some)
            .ok_or_else(|| refuse(&format!("`{value}` is not a time such as 20m"))),
    };
    let waits = span("silent_for")?;
    let silence = span("silent_after")?.zip(waits);
    let format = text("format").ok_or_else(|| refuse("a test needs the `format` of its lines"))?;
    let lines = text("lines").ok_or_else(|| refuse("a test needs `lines`"))?;
    Ok(Fixture { fires, format, lines, silence, waits })
}

/// Runs the tests of all rules: their lines through `read` (format and lines to events in order; none where no
/// grammar has that name), the events through a fresh room with all rules, so that a test also sees what other
/// rules feed.
pub fn run_tests(
    specs: &[RuleSpec],
    set: &Arc<RuleSet>,
    mut read: impl FnMut(&str, &str) -> Vec<Event>,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for spec in specs.iter().filter(|spec| !spec.disabled) {
        let Ok(fixtures) = of(spec) else { continue };
        for (index, fixture) in fixtures.into_iter().enumerate() {
            let events = read(&fixture.format, &fixture.lines);
            outcomes.push(outcome(spec, index + 1, fixture, events, set));
        }
    }
    outcomes
}

fn outcome(
    spec: &RuleSpec,
    test: usize,
    fixture: Fixture,
    mut events: Vec<Event>,
    set: &Arc<RuleSet>,
) -> Outcome {
    for (at, event) in events.iter_mut().enumerate().filter(|(_, event)| event.id == 0) {
        event.id = at as u64 + 1;
    }
    let findings = findings(&fixture, &events, set);
    let mut got: Vec<String> = findings.iter().filter(|f| f.rule == spec.id).map(Finding::entity).collect();
    got.sort();
    let passed = match &fixture.fires {
        Expected::Count(count) => got.len() == *count,
        Expected::Entities(entities) => {
            let mut entities = entities.clone();
            entities.sort();
            entities == got
        }
    };
    let message =
        || format!("test {test}: expected {}, got {} of {} events", fixture.fires, shown(&got), events.len());
    let problem = (!passed).then(|| {
        // Nothing reads the lines: the test says nothing about the rule, and must not pass in silence.
        let (grade, message) = match events.len() {
            0 => (Grade::Warning, format!("test {test} was not run: nothing reads `{}`", fixture.format)),
            _ => (Grade::Error, message()),
        };
        Problem { grade, ..spec.document.problem(&["gatewatch", "tests"], message) }
    });
    Outcome {
        rule: spec.id.clone(),
        test,
        expected: fixture.fires.clone(),
        got,
        events: events.len(),
        problem,
    }
}

fn findings(fixture: &Fixture, events: &[Event], set: &Arc<RuleSet>) -> Vec<Finding> {
    let source = events.first().map(|event| event.source.clone()).unwrap_or_default();
    let limit = fixture.silence.map(|(after, _)| after);
    let sources = vec![SilenceParams { source, silent_after: limit, required: false }];
    let mut detect = Detect::new(Params { rules: set.clone(), sources }).of_history();
    let mut found: Vec<Finding> = events.iter().flat_map(|event| detect.observe(event)).collect();
    if let (Some((_, wait)), Some(last)) = (fixture.silence, events.iter().map(|e| e.observed_at).max()) {
        let minutes = wait.0.div_euclid(Span::minutes(1).0);
        let moments = (0..=minutes).map(|n| last + Span::minutes(n)).chain([last + wait]);
        found.extend(moments.flat_map(|now: Timestamp| detect.tick(now)));
    }
    let last = events.iter().map(|e| e.counted_at).max();
    let until = last.zip(fixture.waits).map(|(last, wait)| last + wait);
    found.extend(detect.passed(until));
    found
}

fn shown(entities: &[String]) -> String {
    if entities.is_empty() { "nothing".into() } else { entities.join("; ") }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expected::Count(count) => write!(f, "{count} findings"),
            Expected::Entities(entities) => write!(f, "{}", shown(entities)),
        }
    }
}
