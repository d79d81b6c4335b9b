//! Sources that say nothing. Judged by read time: a source is silent when no line came, whatever lines claim.

use super::report::{self, Decision};
use super::rule::Rule;
use crate::schema::{Event, Finding, Printable, Severity, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known about a source's silence.
#[derive(Clone, Debug)]
pub struct SilenceParams {
    /// The source's name.
    pub source: Arc<str>,
    /// How long it may be silent; `None` = nobody said.
    pub silent_after: Option<Span>,
    /// Whether the organisation requires it.
    pub required: bool,
}

/// All watched sources.
#[derive(Clone, Debug, Default)]
pub struct Silence {
    sources: BTreeMap<Arc<str>, Watched>,
}

#[derive(Clone, Debug)]
struct Watched {
    silent_after: Span,
    required: bool,
    memory: Remembered,
    changed: bool,
}

/// The stored part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Remembered {
    /// Read time of the last line; of the first tick where none came yet.
    last: Option<Timestamp>,
    /// Whether the alarm was raised for this silence.
    alarmed: bool,
}

impl Silence {
    /// Watches the sources that have a limit.
    pub fn new(params: &[SilenceParams]) -> Silence {
        let watched = |p: &SilenceParams| {
            let silent_after = p.silent_after.filter(|span| span.0 > 0)?;
            let (required, memory) = (p.required, Remembered::default());
            Some((p.source.clone(), Watched { silent_after, required, memory, changed: false }))
        };
        Silence { sources: params.iter().filter_map(watched).collect() }
    }

    /// A line came: the silence is over.
    pub fn note(&mut self, event: &Event) {
        let Some(watched) = self.sources.get_mut(&event.source) else { return };
        let memory = &mut watched.memory;
        if memory.last.is_none_or(|last| event.observed_at > last) || memory.alarmed {
            memory.last = memory.last.max(Some(event.observed_at));
            memory.alarmed = false;
            watched.changed = true;
        }
    }

    /// Sources whose silence became too long, each told once.
    pub fn tick(&mut self, now: Timestamp, rule: &Rule) -> Vec<Finding> {
        let mut found = Vec::new();
        for (name, watched) in &mut self.sources {
            let last = *watched.memory.last.get_or_insert_with(|| {
                watched.changed = true;
                now
            });
            if watched.memory.alarmed || now - last < watched.silent_after {
                continue;
            }
            watched.memory.alarmed = true;
            watched.changed = true;
            found.push(finding(rule, name, last, watched));
        }
        found
    }

    /// How long a source has been silent past its limit; `None` = it is not, or has none.
    pub fn since(&self, source: &str, now: Timestamp) -> Option<Span> {
        let watched = self.sources.get(source)?;
        let span = now - watched.memory.last?;
        (span >= watched.silent_after).then_some(span)
    }

    /// Puts stored memory back.
    pub fn restore(&mut self, source: &str, body: &[u8]) -> bool {
        match (self.sources.get_mut(source), serde_json::from_slice(body)) {
            (Some(watched), Ok(memory)) => {
                watched.memory = memory;
                true
            }
            _ => false,
        }
    }

    /// Marks everything as changed.
    pub fn touch(&mut self) {
        self.sources.values_mut().for_each(|watched| watched.changed = true);
    }

    /// What changed since the last call.
    pub fn drain(&mut self, mut row: impl FnMut(&str, Vec<u8>)) {
        for (name, watched) in self.sources.iter_mut().filter(|(_, watched)| watched.changed) {
            watched.changed = false;
            if let Ok(body) = serde_json::to_vec(&watched.memory) {
                row(name, body);
            }
        }
    }
}

/// The alarm belongs to the moment at which the silence became too long, not to the tick that noticed it.
fn finding(rule: &Rule, name: &Arc<str>, last: Timestamp, watched: &Watched) -> Finding {
    let limit = watched.silent_after;
    let at = last + limit;
    let explanation = format!(
        "source {} has said nothing for {} (limit {}), last line read at {last}",
        Printable(name).cut(64),
        limit.in_words(),
        limit.in_words()
    );
    let decision = Decision {
        moment: (at, 0),
        observed: limit.as_seconds(),
        first: last,
        evidence: Vec::new(),
        explanation,
    };
    let id = report::finding_id(&rule.meta.id, name, at, limit);
    let mut finding = report::finding(rule, id, vec![("source".into(), (&**name).into())], decision);
    finding.last_event_at = last;
    finding.threshold = Some(limit.as_seconds());
    if watched.required {
        finding.severity = finding.severity.max(Severity::High);
    }
    finding
}
