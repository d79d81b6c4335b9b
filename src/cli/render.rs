//! Events and findings as JSON objects with the contract's keys; an absent value is left out.

use crate::schema::{Datum, Event, Finding, Timestamp};
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// A member of a stored row as text; empty where there is none.
pub fn text(object: &Map<String, Value>, key: &str) -> String {
    match object.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// The object of `parse` (INTERFACE section 4): position by line, no store id.
pub fn event(event: &Event) -> Value {
    let mut o = Map::new();
    put(&mut o, "source", Some(&*event.source));
    put(&mut o, "format", Some(&*event.format));
    o.insert("parser".into(), json!(event.parser));
    o.insert("line".into(), json!(event.line));
    o.insert("lines".into(), json!(event.lines.max(1)));
    if !event.line_list.is_empty() {
        o.insert("line_list".into(), json!(event.line_list));
    }
    if let Some(line) = event.part_of_line {
        o.insert("part_of".into(), json!(line));
    }
    if let Some(line) = event.opened_line {
        o.insert("opened".into(), json!(line));
    }
    moment(&mut o, "time", event.time);
    moment(&mut o, "observed_at", Some(event.observed_at));
    put(&mut o, "time_text", event.time_text.as_deref());
    kind(&mut o, event);
    who_and_where(&mut o, event);
    what(&mut o, event);
    if event.count != 1 {
        o.insert("count".into(), json!(event.count));
    }
    if !event.flags.is_empty() {
        o.insert("flags".into(), json!(event.flags.names().collect::<Vec<_>>()));
    }
    o.insert("raw".into(), json!(event.raw_text()));
    if !event.extra.is_empty() {
        let extra: Map<String, Value> = event.extra.iter().map(|(k, v)| (k.to_string(), datum(v))).collect();
        o.insert("extra".into(), Value::Object(extra));
    }
    put(&mut o, "reason", event.reason.as_deref());
    Value::Object(o)
}

fn kind(o: &mut Map<String, Value>, event: &Event) {
    put(o, "class", Some(event.class.name()));
    put(o, "activity", Some(event.activity).filter(|a| !a.is_empty()));
    put(o, "outcome", Some(event.outcome.name()));
    o.insert("class_uid".into(), json!(event.class.uid(event.activity)));
    o.insert("activity_id".into(), json!(event.class.activity_id(event.activity)));
    o.insert("status_id".into(), json!(event.outcome.status_id()));
}

fn who_and_where(o: &mut Map<String, Value>, event: &Event) {
    put(o, "user", event.user.as_deref());
    put(o, "user_domain", event.user_domain.as_deref());
    put(o, "user_uid", event.user_uid.as_deref());
    put(o, "target_user", event.target_user.as_deref());
    put(o, "group", event.group.as_deref());
    put(o, "role", event.role.as_deref());
    address(o, "src_ip", event.src_ip);
    number(o, "src_port", event.src_port);
    put(o, "src_host", event.src_host.as_deref());
    put(o, "src_country", event.src_country.as_deref());
    number(o, "src_asn", event.src_asn);
    address(o, "dst_ip", event.dst_ip);
    number(o, "dst_port", event.dst_port);
    address(o, "assigned_ip", event.assigned_ip);
    put(o, "host", event.host.as_deref());
    put(o, "app", event.app.as_deref());
    put(o, "service", event.service.as_deref());
}

fn what(o: &mut Map<String, Value>, event: &Event) {
    put(o, "session", event.session.as_deref());
    put(o, "auth_method", event.auth_method.as_deref());
    if let Some(mfa) = event.mfa {
        o.insert("mfa".into(), json!(mfa));
    }
    put(o, "logon_type", event.logon_type.as_deref());
    put(o, "device", event.device.as_deref());
    put(o, "user_agent", event.user_agent.as_deref());
    put(o, "action", event.action.as_deref());
    put(o, "resource", event.resource.as_deref());
    put(o, "http_method", event.http_method.as_deref());
    number(o, "http_status", event.http_status);
    number(o, "bytes_in", event.bytes_in);
    number(o, "bytes_out", event.bytes_out);
    put(o, "status_detail", event.status_detail.as_deref());
    put(o, "severity", event.severity.as_deref());
}

/// A row of the view `findings`, plus `incident_type` and `group`.
pub fn finding(finding: &Finding) -> Map<String, Value> {
    let mut o = Map::new();
    put(&mut o, "id", Some(&*finding.id));
    moment(&mut o, "time", Some(finding.time));
    put(&mut o, "rule", Some(&*finding.rule));
    put(&mut o, "title", Some(&*finding.title));
    put(&mut o, "kind", Some(finding.kind.name()));
    put(&mut o, "severity", Some(finding.severity.name()));
    put(&mut o, "entity", Some(&*finding.entity()));
    moment(&mut o, "first_event_at", Some(finding.first_event_at));
    moment(&mut o, "last_event_at", Some(finding.last_event_at));
    o.insert("observed".into(), plain_number(finding.observed));
    for (key, value) in
        [("expected", finding.expected), ("threshold", finding.threshold), ("score", finding.score)]
    {
        if let Some(value) = value {
            o.insert(key.into(), plain_number(value));
        }
    }
    put(&mut o, "explanation", Some(&*finding.explanation));
    put(&mut o, "incident", finding.incident.as_deref());
    put(&mut o, "verdict", Some(finding.verdict.name()));
    put(&mut o, "reason", Some(&*finding.reason).filter(|r| !r.is_empty()));
    put(&mut o, "rule_version", Some(&*finding.rule_version));
    put(&mut o, "incident_type", finding.incident_type.as_deref());
    let group: Map<String, Value> = finding.group.iter().map(|(k, v)| (k.to_string(), json!(v))).collect();
    o.insert("group".into(), Value::Object(group));
    o
}

/// Whole numbers without a fraction.
fn plain_number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

fn put(o: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|v| !v.is_empty()) {
        o.insert(key.into(), json!(value));
    }
}

fn number(o: &mut Map<String, Value>, key: &str, value: Option<impl Into<u64>>) {
    if let Some(value) = value {
        o.insert(key.into(), json!(value.into()));
    }
}

fn address(o: &mut Map<String, Value>, key: &str, value: Option<IpAddr>) {
    if let Some(value) = value {
        o.insert(key.into(), json!(value.to_string()));
    }
}

fn moment(o: &mut Map<String, Value>, key: &str, value: Option<Timestamp>) {
    if let Some(value) = value {
        o.insert(key.into(), json!(value.to_string()));
    }
}

fn datum(value: &Datum) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
