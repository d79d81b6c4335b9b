//! From a decision to a finding: its id, its numbers, and one sentence that a person understands.

use super::entry::{Entry, Moment, Text, kept};
use super::rule::{Correlation, Counting, Near, Rule};
use crate::limits::{EVIDENCE_MAX, WINDOW_KEY_BYTES_MAX};
use crate::schema::{Event, Finding, Printable, Span, Timestamp, Verdict};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::Arc;

/// Characters of one value inside a sentence.
const VALUE_CHARS: usize = 64;
/// Values told by name; the others are counted.
const NAMED: usize = 2;
/// Joins the values of a group's key.
pub const JOINER: char = '\u{1f}';

/// Key and value pairs of a group.
pub type Pairs = Vec<(Arc<str>, Box<str>)>;

/// What was decided.
pub struct Decision {
    /// Time of the deciding event, and its id.
    pub moment: Moment,
    /// What was counted.
    pub observed: f64,
    /// Time of the first evidence.
    pub first: Timestamp,
    /// Ids, oldest first.
    pub evidence: Vec<u64>,
    /// The sentence.
    pub explanation: String,
}

/// The id of a finding. It names rule, group and the slot of event time, as long as the rule's silence, in which
/// the episode was decided. Two episodes of a group are further apart than one slot, so the ids differ; the
/// version of the rule and the order of arrival are not part of it.
pub fn finding_id(rule: &str, key: &str, at: Timestamp, silence: Span) -> Arc<str> {
    let slot = at.0.div_euclid(silence.0.max(1));
    let mut hash = Sha256::new();
    for part in [rule.as_bytes(), key.as_bytes(), &slot.to_be_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hex: String = hash.finalize().iter().take(13).map(|byte| format!("{byte:02x}")).collect();
    hex.into()
}

/// The finding of a decision.
pub fn finding(rule: &Rule, id: Arc<str>, group: Pairs, mut decision: Decision) -> Finding {
    let limit = rule.correlation().and_then(|c| c.limits.first()).map(|(_, limit)| *limit);
    let surplus = decision.evidence.len().saturating_sub(EVIDENCE_MAX);
    decision.evidence.drain(..surplus);
    Finding {
        id,
        time: decision.moment.0,
        rule: rule.meta.id.clone(),
        rule_version: rule.meta.version.clone(),
        title: rule.meta.title.clone(),
        kind: rule.kind(),
        severity: rule.meta.severity,
        incident_type: rule.meta.incident_type.clone(),
        group,
        first_event_at: decision.first,
        last_event_at: decision.moment.0,
        observed: decision.observed,
        expected: None,
        threshold: limit,
        score: None,
        explanation: decision.explanation.into(),
        advice: rule.meta.advice.clone(),
        evidence: decision.evidence,
        folded: 0,
        verdict: Verdict::Opened,
        reason: Box::default(),
        incident: None,
    }
}

/// The key of a group in memory: its values in order. The joiner inside a value is shown, not obeyed.
pub fn key_of<'v>(mut values: impl Iterator<Item = &'v str>) -> Arc<str> {
    let first = values.next().unwrap_or("");
    let Some(second) = values.next() else { return shown(first).as_ref().into() };
    let mut key = shown(first).into_owned();
    for value in std::iter::once(second).chain(values) {
        key.push(JOINER);
        key.push_str(&shown(value));
    }
    key.into()
}

fn shown(value: &str) -> Cow<'_, str> {
    if value.contains(JOINER) {
        kept(&value.replace(JOINER, "\\x1f"), WINDOW_KEY_BYTES_MAX).into_owned().into()
    } else {
        kept(value, WINDOW_KEY_BYTES_MAX)
    }
}

/// Key and value pairs of a group's key.
pub fn pairs(names: &[Arc<str>], key: &str) -> Pairs {
    names.iter().cloned().zip(key.split(JOINER).map(Box::from)).collect()
}

/// One event against a detection: who, from where, on which host, what the source says.
pub fn explain_match(rule: &Rule, event: &Event) -> String {
    let mut parts = Vec::new();
    let mut tell = |word: &str, value: Option<&str>| {
        parts.extend(value.map(|value| format!("{word}{}", Printable(value).cut(VALUE_CHARS))));
    };
    tell("user ", event.user.as_deref());
    tell("target ", event.target_user.as_deref());
    tell("group ", event.group.as_deref());
    tell("role ", event.role.as_deref());
    match event.src_ip {
        Some(ip) => tell("from ", Some(&ip.to_string())),
        None => tell("from ", event.src_host.as_deref()),
    }
    tell("on ", event.host.as_deref());
    tell("", event.status_detail.as_deref().or(event.resource.as_deref()));
    if parts.is_empty() {
        rule.meta.what.to_string()
    } else {
        format!("{}: {}", rule.meta.what, parts.join(", "))
    }
}

/// A count against its limit: `7 failed logins from 203.0.113.9 within 10 min (limit 5), users: root, admin, +3`.
pub fn explain_count(
    rule: &Rule,
    correlation: &Correlation,
    observed: f64,
    group: &Pairs,
    entries: &[Entry<'_>],
) -> String {
    let limit = correlation.limits.first().map_or(0.0, |(_, limit)| *limit);
    let (subject, span) = (phrase(group), correlation.timespan.in_words());
    let subject = if subject.is_empty() { subject } else { format!(" {subject}") };
    let texts = named(entries.iter().filter_map(|entry| entry.text));
    if correlation.counting == Counting::Values {
        let values = texts;
        let things = match correlation.value_name.as_deref() {
            Some("user") => "users",
            Some("target_user") => "accounts",
            Some("src_ip") => "addresses",
            _ => "values",
        };
        let what = &rule.meta.what;
        return format!(
            "{observed} different {things} in {what}{subject} within {span} (limit {}): {values}",
            figure(limit)
        );
    }
    let who = texts;
    let by_user = group.iter().any(|(key, _)| &**key == "user");
    let tail = match (who.is_empty(), by_user) {
        (true, _) => String::new(),
        (false, true) => format!(", from: {who}"),
        (false, false) => format!(", users: {who}"),
    };
    let (what, value) = (&rule.meta.what, correlation.value_name.as_deref().unwrap_or("values"));
    let amount = figure(observed);
    let head = match correlation.counting {
        Counting::Sum => format!("sum of {value} {amount} in {what}"),
        Counting::Average => format!("average of {value} {amount} in {what}"),
        Counting::Percentile(50.0) => format!("median of {value} {amount} in {what}"),
        Counting::Percentile(percent) => format!("percentile {percent} of {value} {amount} in {what}"),
        _ => format!("{amount} {what}"),
    };
    format!("{head}{subject} within {span} (limit {}){tail}", figure(limit))
}

/// `VPN login by ana at 2026-03-02T08:00:00.000Z, and no second factor in the 10 min before or the 1 min after`.
pub fn explain_absence(called: &str, expected: &str, group: &Pairs, entry: &Entry<'_>, near: Near) -> String {
    let side =
        |span: Span, word: &str| (span > Span::ZERO).then(|| format!("the {} {word}", span.in_words()));
    let sides: Vec<String> =
        [side(near.before, "before"), side(near.after, "after")].into_iter().flatten().collect();
    let subject = phrase(group);
    let subject = if subject.is_empty() { subject } else { format!(" {subject}") };
    format!("{called}{subject} at {}, and no {expected} in {}", entry.at, sides.join(" or "))
}

/// A number as people write it.
pub fn figure(number: f64) -> String {
    let rounded = (number * 1_000.0).round() / 1_000.0;
    if rounded == 0.0 && number != 0.0 { format!("{number:e}") } else { rounded.to_string() }
}

/// Steps one after the other: `6 failed logins, then successful login (root), from 203.0.113.9, within 10 min`.
pub fn explain_sequence(correlation: &Correlation, steps: &[String], group: &Pairs) -> String {
    let joiner = if correlation.counting == Counting::InOrder { ", then " } else { " and " };
    let subject = phrase(group);
    let subject = if subject.is_empty() { subject } else { format!(", {subject}") };
    format!("{}{subject}, within {}", steps.join(joiner), correlation.timespan.in_words())
}

/// `from 203.0.113.9`, `by ana` ...
fn phrase(group: &Pairs) -> String {
    let word = |(key, value): &(Arc<str>, Box<str>)| {
        let value = Printable(value).cut(VALUE_CHARS);
        match &**key {
            "src_ip" | "src_host" | "src_asn" | "src_country" => format!("from {value}"),
            "user" => format!("by {value}"),
            "target_user" => format!("of {value}"),
            "host" | "service" => format!("on {value}"),
            key => format!("for {key}={value}"),
        }
    };
    group.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The first values by name, the others as a number.
pub fn named<'a>(values: impl Iterator<Item = Text<'a>>) -> String {
    let (mut first, mut different): (Vec<Text<'_>>, Vec<Text<'_>>) = Default::default();
    for value in values {
        if first.len() < NAMED && !first.contains(&value) {
            first.push(value);
        }
        different.push(value);
    }
    different.sort_unstable();
    different.dedup();
    let shown: Vec<String> =
        first.iter().map(|value| Printable(&value.to_string()).cut(VALUE_CHARS)).collect();
    match different.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{}, +{more}", shown.join(", ")),
    }
}
