//! What made a finding: the window, the counting event by event, the limit that was reached, what was folded.

use super::Failure;
use super::out::{Out, Tone};
use super::render::text;
use crate::config::rules::Outline;
use crate::ledger::read::Object;
use crate::schema::Printable;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Fields of an event that are told beside its line.
const SHOWN: [&str; 8] = ["user", "target_user", "src_ip", "src_host", "host", "service", "outcome", "count"];

/// The arithmetic of one finding.
pub struct Arithmetic {
    rule: Outline,
    /// Event id, event time, and the count after it.
    steps: Vec<(String, String, f64)>,
    /// Events counted before the first one that is kept as evidence.
    before: f64,
    observed: f64,
    threshold: Option<f64>,
    folded: u64,
}

impl Arithmetic {
    /// Of a finding with its events; `rule` is what the version says that made it, where its text is known.
    pub fn of(finding: &Object, rule: Option<&Outline>) -> Arithmetic {
        let rule = rule.cloned().unwrap_or_default();
        let number = |key: &str| finding.get(key).and_then(Value::as_f64);
        let events: Vec<&Object> = finding
            .get("events")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .collect();
        let (mut total, mut values, mut steps) = (0.0, BTreeSet::new(), Vec::new());
        for event in &events {
            total = match &rule.field {
                Some(field) => {
                    let value = text(event, field);
                    if !value.is_empty() {
                        values.insert(value);
                    }
                    values.len() as f64
                }
                None => total + event.get("count").and_then(Value::as_f64).unwrap_or(1.0).max(1.0),
            };
            steps.push((text(event, "id"), text(event, "time"), total));
        }
        let observed = number("observed").unwrap_or(0.0);
        // Later matches raise what was observed; they are folded and no evidence of the decision.
        let folded = finding.get("folded").and_then(Value::as_u64).unwrap_or(0);
        let counts = matches!(rule.counting.as_deref(), Some("event_count"));
        let before = if counts && folded == 0 { (observed - total).max(0.0) } else { 0.0 };
        Arithmetic { rule, steps, before, observed, threshold: number("threshold"), folded }
    }

    /// For programs.
    pub fn object(&self) -> Value {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|(event, time, count)| json!({"event": event.parse::<u64>().unwrap_or(0), "time": time, "count": count + self.before}))
            .collect();
        let mut object = json!({"observed": self.observed, "folded": self.folded, "steps": steps});
        let known = [
            ("counting", self.rule.counting.clone()),
            ("window", self.rule.timespan.clone()),
            ("field", self.rule.field.clone()),
        ];
        for (key, value) in known.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            object[key] = json!(value);
        }
        if let Some(threshold) = self.threshold {
            object["threshold"] = json!(threshold);
        }
        if !self.rule.group_by.is_empty() {
            object["group_by"] = json!(self.rule.group_by);
        }
        object
    }

    /// For people.
    ///
    /// # Errors
    /// A [`Failure`] when stdout cannot be written.
    pub fn print(&self, finding: &Object, out: &mut Out) -> Result<(), Failure> {
        let shown = |key: &str| Printable(&text(finding, key)).cut(400);
        let head = format!("{} {}: {}", shown("severity").to_uppercase(), shown("rule"), shown("title"));
        out.line(out.tone(Tone::Strong, &head))?;
        out.line(format!("  {}", shown("explanation")))?;
        let facts = [
            ("finding", "id"),
            ("time", "time"),
            ("entity", "entity"),
            ("verdict", "verdict"),
            ("because", "reason"),
            ("incident", "incident"),
            ("version", "rule_version"),
            ("advice", "advice"),
        ];
        for (label, key) in facts.iter().filter(|(_, key)| finding.contains_key(*key)) {
            out.line(format!("  {label:10} {}", shown(key)))?;
        }
        out.line("")?;
        out.line(out.tone(Tone::Strong, "arithmetic"))?;
        for line in self.lines(finding) {
            out.line(format!("  {}", Printable(&line)))?;
        }
        self.events(finding, out)
    }

    fn lines(&self, finding: &Object) -> Vec<String> {
        let (first, last) = (text(finding, "first_event_at"), text(finding, "last_event_at"));
        let mut lines = Vec::new();
        if self.rule.counting.is_none() && self.rule.timespan.is_none() {
            lines.push("one event fits the rule; nothing is counted".to_owned());
        }
        if let Some(counting) = &self.rule.counting {
            let field = self
                .rule
                .field
                .as_ref()
                .map_or(String::new(), |field| format!(" of different values of {field}"));
            let by = match self.rule.group_by.is_empty() {
                true => String::new(),
                false => format!(", separately for each {}", self.rule.group_by.join(" and ")),
            };
            lines.push(format!("counting   {counting}{field} in {}{by}", self.rule.rules.join(", ")));
        }
        if let Some(span) = &self.rule.timespan {
            lines.push(format!("window     {span}: from {first} to {last}"));
        }
        match self.threshold {
            Some(limit) => lines.push(format!(
                "observed   {} against the limit {limit} ({})",
                self.observed,
                self.rule.limits.join(", ")
            )),
            None if self.observed > 1.0 => lines.push(format!("observed   {}", self.observed)),
            None => {}
        }
        if self.before > 0.0 {
            lines.push(format!(
                "           {} of them lie before the events that are kept as evidence",
                self.before
            ));
        }
        if self.folded > 0 {
            lines.push(format!("folded     {} later matches, the last one at {last}", self.folded));
        }
        lines
    }

    fn events(&self, finding: &Object, out: &mut Out) -> Result<(), Failure> {
        let events = finding.get("events").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        out.line("")?;
        out.line(out.tone(Tone::Strong, &format!("events ({})", events.len())))?;
        for (event, (id, time, count)) in events.iter().filter_map(Value::as_object).zip(&self.steps) {
            let running = match self.rule.counting.as_deref() {
                Some("event_count" | "value_count") => format!("  count {}", count + self.before),
                _ => String::new(),
            };
            let told: Vec<String> = SHOWN
                .iter()
                .filter(|key| event.contains_key(**key) && !(**key == "count" && text(event, key) == "1"))
                .map(|key| format!("{key}={}", Printable(&text(event, key)).cut(80)))
                .collect();
            out.line(format!("  {time}  #{id}  {}{running}", told.join(" ")))?;
            out.line(out.tone(Tone::Dim, &format!("    {}", Printable(&text(event, "raw")).cut(240))))?;
        }
        Ok(())
    }
}
