//! The lines of a day through rooms 2 and 3, with the passing of time, and attacks among them.

use super::day::{DAY, Day, Log, MIDNIGHT};
use gatewatch::config::{grammars, rules};
use gatewatch::detect::{Detect, Params, RuleSet, SilenceParams};
use gatewatch::normalize::{GrammarSet, Normalize, SourceParams};
use gatewatch::schema::{Event, Finding, Flags, RawLine, Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far the read time is behind the event time.
const READ_AFTER: Span = Span::seconds(1);

pub fn moment(at: i64) -> Timestamp {
    Timestamp(MIDNIGHT * 1_000_000 + at * 1_000)
}

pub fn grammars() -> Arc<GrammarSet> {
    let specs = grammars::load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    Arc::new(grammars::compile_all(specs).unwrap_or_else(|problems| panic!("{}", problems[0])))
}

fn source(name: &str, format: &str) -> SourceParams {
    SourceParams {
        name: Arc::from(name),
        format: Arc::from(format),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    }
}

fn raw(source: &str, generation: u64, number: u64, line: &str, read_at: Timestamp) -> RawLine {
    RawLine {
        source: Arc::from(source),
        generation,
        offset: number * 1_000,
        length: line.len() as u64 + 1,
        line: number,
        bytes: line.as_bytes().into(),
        flags: Flags::default(),
        read_at,
    }
}

/// The events of the whole day, in the order in which they are known.
pub fn events_of_day(grammars: &Arc<GrammarSet>, day: &Day) -> Vec<Event> {
    let sources = Log::ALL.iter().map(|log| source(log.format(), log.format())).collect();
    let mut normalize = Normalize::new(Arc::clone(grammars), sources);
    let (mut events, mut numbers) = (Vec::new(), BTreeMap::new());
    for (at, log, line) in &day.lines {
        let number = numbers.entry(*log).or_insert(0u64);
        *number += 1;
        let read_at = moment(*at) + READ_AFTER;
        normalize.tick(read_at, events.len() as u64 + 1, &mut events);
        let line = raw(log.format(), 1 + *log as u64, *number, line, read_at);
        normalize.line(line, events.len() as u64 + 1, &mut events);
    }
    normalize.flush(events.len() as u64 + 1, &mut events);
    events
}

/// The events of an attack's lines: the sample of a rule, in one format, without regard to the day.
pub fn events_of_text(grammars: &Arc<GrammarSet>, format: &str, text: &str) -> Vec<Event> {
    let mut normalize = Normalize::new(Arc::clone(grammars), vec![source("attack", format)]);
    let read_at = moment(DAY);
    let mut events = Vec::new();
    for (number, line) in (1..).zip(text.lines().filter(|line| !line.is_empty())) {
        normalize.line(raw("attack", 90, number, line, read_at), events.len() as u64 + 1, &mut events);
    }
    normalize.flush(events.len() as u64 + 1, &mut events);
    events
}

/// Moves an attack so that it begins at a moment of the day, and is read as it happens.
pub fn restamp(events: &mut [Event], begins: Timestamp) {
    let Some(first) = events.iter().map(|event| event.counted_at).min() else { return };
    let by = begins - first;
    for event in events {
        event.time = event.time.map(|time| time + by);
        event.counted_at = event.counted_at + by;
        event.observed_at = event.counted_at + READ_AFTER;
    }
}

/// Runs events in order of reading, with a tick each minute of their time and for `after` beyond it.
pub fn findings(set: &Arc<RuleSet>, events: Vec<Event>, after: Span) -> Vec<Finding> {
    let watched = |log: &Log| SilenceParams {
        source: Arc::from(log.format()),
        silent_after: (*log == Log::Linux).then(|| Span::minutes(20)),
        required: false,
    };
    let sources = Log::ALL.iter().map(watched).collect();
    let mut detect = Detect::new(Params { rules: Arc::clone(set), sources });
    let (mut found, mut next) = (Vec::new(), events.first().map_or(moment(0), |event| event.observed_at));
    let last = events.last().map_or(next, |event| event.observed_at);
    for (id, mut event) in (1..).zip(events) {
        while event.observed_at >= next {
            found.extend(detect.tick(next));
            next = next + Span::minutes(1);
        }
        event.id = id;
        found.extend(detect.observe(&event));
    }
    while next <= last + after {
        found.extend(detect.tick(next));
        next = next + Span::minutes(1);
    }
    found
}

/// Runs events alone: what the passing of time decides is left out.
pub fn findings_without_ticks(set: &Arc<RuleSet>, events: &[Event]) -> Vec<Finding> {
    let mut detect = Detect::new(Params { rules: Arc::clone(set), sources: Vec::new() });
    let numbered = (1..).zip(events).map(|(id, event)| Event { id, ..event.clone() });
    numbered.flat_map(|event| detect.observe(&event)).collect()
}

/// The shipped rules, as documents and compiled.
pub fn pack() -> (Vec<rules::RuleSpec>, Arc<RuleSet>) {
    let (specs, problems) = rules::load(&[], true, &[]);
    assert_eq!(problems, []);
    let (set, problems) = rules::compile(specs.clone(), &[]);
    assert_eq!(problems, []);
    (specs, Arc::new(set))
}

/// An attack of a rule: the lines of a test that must fire.
pub struct Attack {
    pub rule: Arc<str>,
    /// The grammars that read it.
    pub formats: String,
    pub events: Vec<Event>,
    /// How long is waited after it, for rules that the passing of time decides.
    pub waits: Span,
    /// Whether the attack is that its source says nothing more.
    pub is_silence: bool,
}

/// The tests of the rules that show how they fire, as events in order of their times.
pub fn attacks(grammars: &Arc<GrammarSet>, specs: &[rules::RuleSpec]) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for spec in specs {
        for fixture in rules::fixtures(spec).into_iter().filter(|fixture| fixture.name == Some("fires")) {
            let formats: Vec<&str> = fixture.logs.iter().map(|(format, _)| &**format).collect();
            let logs = fixture.logs.iter();
            let mut events: Vec<Event> =
                logs.flat_map(|(format, lines)| events_of_text(grammars, format, lines)).collect();
            events.sort_by_key(|event| event.counted_at);
            attacks.push(Attack {
                rule: spec.id.clone(),
                formats: formats.join(" and "),
                events,
                waits: fixture.waits.unwrap_or(Span::ZERO),
                is_silence: fixture.silence.is_some(),
            });
        }
    }
    attacks
}
