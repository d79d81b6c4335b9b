//! The sample lines that a rule carries, and what must come of them.

use super::RuleSpec;
use super::document::{members, scalar};
use crate::config::report::{Grade, Problem, nearest};
use crate::detect::{Detect, Params, RuleSet, SilenceParams};
use crate::schema::{Event, Finding, Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use yaml_serde::Value;

/// The keys of a test.
pub const KEYS: [&str; 8] =
    ["name", "about", "fires", "format", "lines", "also", "silent_after", "silent_for"];

/// What a fixture expects.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// So many findings of the rule.
    Count(usize),
    /// Findings of exactly these entities (`key=value`), in any order.
    Entities(Vec<String>),
}

/// What a test shows of its rule; each rule of the pack shows all of them.
pub const NAMES: [&str; 5] = ["fires", "does-not-fire", "boundary", "late", "duplicate"];

/// One test of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixture {
    /// What it shows: one of [`NAMES`].
    pub name: Option<&'static str>,
    /// What must come of it.
    pub fires: Expected,
    /// What it is about, in words.
    pub about: Option<String>,
    /// What is read, each log as a file of its own: the grammar, and the lines.
    pub logs: Vec<(String, String)>,
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
    /// What it shows: one of [`NAMES`].
    pub name: Option<&'static str>,
    /// What it is about, in words.
    pub about: Option<String>,
    /// What was expected.
    pub expected: Expected,
    /// The entities of the findings, sorted.
    pub got: Vec<String>,
    /// How many events the lines made.
    pub events: usize,
    /// `None` where it passed; a warning where it could not be run because the lines made no events.
    pub problem: Option<Problem>,
}

impl Fixture {
    fn formats(&self) -> String {
        self.logs.iter().map(|(format, _)| format!("`{format}`")).collect::<Vec<_>>().join(", ")
    }
}

/// The tests of a rule that was compiled, to be run elsewhere.
pub fn fixtures(spec: &RuleSpec) -> Vec<Fixture> {
    of(spec).unwrap_or_default()
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
    if let Some(key) = keys.filter_map(Value::as_str).find(|key| !KEYS.contains(key)) {
        return Err(refuse(&format!("unknown key `{key}` in a test; {} are known", KEYS.join(", "))));
    }
    let name = name(text("name")).map_err(|message| refuse(&message))?;
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
    let more = test.get("also").map_or_else(Vec::new, members);
    let logs: Result<Vec<_>, &str> = std::iter::once(test).chain(more).map(log).collect();
    Ok(Fixture { name, about: text("about"), fires, logs: logs.map_err(refuse)?, silence, waits })
}

fn name(written: Option<String>) -> Result<Option<&'static str>, String> {
    let Some(written) = written else { return Ok(None) };
    let known = NAMES.into_iter().find(|name| *name == written);
    known.map(Some).ok_or_else(|| {
        let hint = nearest(&written, NAMES).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        format!("a test cannot have the `name` `{written}`, only one of {}{hint}", NAMES.join(", "))
    })
}

/// The grammar and the lines of a test, or of one of the logs that it has `also`.
fn log(block: &Value) -> Result<(String, String), &'static str> {
    let text = |key: &str| block.get(key).and_then(scalar);
    let format = text("format").ok_or("a test needs the `format` of its lines")?;
    Ok((format, text("lines").ok_or("a test needs `lines`")?))
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
            let logs = fixture.logs.iter().map(|(format, lines)| read(format, lines)).collect();
            let events = together(logs);
            outcomes.push(outcome(spec, index + 1, fixture, events, set));
        }
    }
    outcomes
}

/// Several logs as a daemon reads them: each in its own order, among them the one whose next line is the oldest.
fn together(logs: Vec<Vec<Event>>) -> Vec<Event> {
    let mut logs: Vec<_> = logs.into_iter().map(|log| log.into_iter().peekable()).collect();
    let (mut events, mut ids) = (Vec::new(), BTreeMap::new());
    loop {
        let next = logs.iter_mut().enumerate().filter_map(|(log, rest)| Some((rest.peek()?.counted_at, log)));
        let Some((_, log)) = next.min() else { return events };
        let Some(mut event) = logs.get_mut(log).and_then(Iterator::next) else { return events };
        let id = events.len() as u64 + 1;
        ids.insert((log, event.id), id);
        event.part_of = event.part_of.and_then(|id| ids.get(&(log, id)).copied());
        event.opened = event.opened.and_then(|id| ids.get(&(log, id)).copied());
        event.id = id;
        event.generation = log as u64 + 1;
        events.push(event);
    }
}

fn outcome(
    spec: &RuleSpec,
    test: usize,
    fixture: Fixture,
    events: Vec<Event>,
    set: &Arc<RuleSet>,
) -> Outcome {
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
    let test_named = fixture.name.map_or(format!("test {test}"), |name| format!("test {test} ({name})"));
    let message = || {
        format!("{test_named}: expected {}, got {} of {} events", fixture.fires, shown(&got), events.len())
    };
    // What is silent, too, has to read something: a slip in the `format` must not look like a rule that does not fire.
    let unread = events.is_empty() && fixture.silence.is_none();
    let problem = (!passed || unread).then(|| {
        // Nothing reads the lines: the test says nothing about the rule, and must not pass in silence.
        let (grade, message) = match events.len() {
            0 => (Grade::Warning, format!("{test_named} was not run: nothing reads {}", fixture.formats())),
            _ => (Grade::Error, message()),
        };
        Problem { grade, ..spec.document.problem_nth(&["gatewatch", "tests"], test - 1, message) }
    });
    Outcome {
        rule: spec.id.clone(),
        test,
        name: fixture.name,
        about: fixture.about.clone(),
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
