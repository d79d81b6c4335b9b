//! `[[policy.duty]]`: what is owed to others outside, in hours or in working time.

use super::keys;
use super::schedules;
use super::walk::{Found, Section};
use crate::escalate::{Calendar, OutsideDuty as Duty, Trigger, Within};
use crate::schema::{Severity, Span};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The longest duty in working days or hours.
const UNITS_MAX: u32 = 2_000;
/// The longest duty of which every hour counts: ten years, as far as working days are looked at.
const SPAN_MAX: Span = Span::days(3_650);

pub(super) fn duties(sections: &[Section<'_>]) -> Vec<Duty> {
    let mut ids = BTreeSet::new();
    sections.iter().map(|section| duty(*section, &mut ids)).collect()
}

fn duty(section: Section<'_>, ids: &mut BTreeSet<String>) -> Duty {
    let id = section.name("id", ids);
    if ["notify", "acknowledge", "resolve"].contains(&id.as_str()) {
        section
            .page
            .error(section.place("id"), format!("id: \"{id}\" is the name of a clock of every incident"));
    }
    let meanings = [
        Trigger::Start,
        Trigger::Occurred,
        Trigger::Read,
        Trigger::Detected,
        Trigger::Acknowledged,
        Trigger::Resolved,
    ];
    let severities = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let audience = section.text("audience").map(|text| text.value).unwrap_or_default();
    if section.value("audience").is_none() {
        section.missing("audience", "who is owed, in words, such as \"the data protection authority\"");
    }
    let written = list(section, "severity");
    let severity = written
        .iter()
        .filter_map(|found| section.one_word("severity", found, keys::SEVERITIES, &severities))
        .collect();
    let types = list(section, "incident_type");
    Duty {
        id: id.into(),
        trigger: section.word("trigger", keys::TRIGGERS, &meanings).unwrap_or_default(),
        within: within(section),
        calendar: calendar(section),
        audience: audience.into(),
        incident_types: types.into_iter().map(|found| Arc::from(found.value)).collect(),
        severities: severity,
    }
}

fn list(section: Section<'_>, key: &'static str) -> Vec<Found<String>> {
    match section.value(key) {
        Some(_) => section.some_texts(key, "leave it out for all"),
        None => Vec::new(),
    }
}

/// `72h`, `3 business days`, `8 business hours`.
fn within(section: Section<'_>) -> Within {
    let fallback = Within::Span(Span::hours(72));
    let Some(text) = section.text("within") else {
        if section.value("within").is_none() {
            section
                .missing("within", "how long there is: \"72h\", \"3 business days\" or \"8 business hours\"");
        }
        return fallback;
    };
    let words: Vec<&str> = text.value.split_whitespace().collect();
    let number = words.first().and_then(|n| n.parse().ok()).filter(|n| (1..=UNITS_MAX).contains(n));
    let parsed = match (words.as_slice(), number) {
        ([_, "business", "day" | "days"], Some(n)) => Some(Within::BusinessDays(n)),
        ([_, "business", "hour" | "hours"], Some(n)) => Some(Within::BusinessHours(n)),
        ([span], _) => {
            let allowed = |span: &Span| (Span::seconds(1)..=SPAN_MAX).contains(span);
            Span::parse(span).filter(allowed).map(Within::Span)
        }
        _ => None,
    };
    parsed.unwrap_or_else(|| {
        let wanted = format!(
            "is not \"72h\", \"3 business days\" or \"8 business hours\"; at most 3650d, or {UNITS_MAX} of the others"
        );
        section.page.error(text.at, format!("within: \"{}\" {wanted}", text.value));
        fallback
    })
}

fn calendar(section: Section<'_>) -> Calendar {
    let zone = section.zone("timezone").map_or(TimeZone::UTC, |(zone, _)| zone);
    let (from, to) =
        working_hours(section).unwrap_or((Time::constant(9, 0, 0, 0), Time::constant(17, 0, 0, 0)));
    let workweek = [true, true, true, true, true, false, false];
    let days = schedules::days(section, "working_days", "at least one day").unwrap_or(workweek);
    let mut holidays = Vec::new();
    for found in list(section, "holidays") {
        match Date::strptime("%Y-%m-%d", &found.value) {
            Ok(day) => holidays.push(day),
            Err(_) => {
                let words = format!("holidays: \"{}\" is no day such as \"2026-12-25\"", found.value);
                section.page.error(found.at, words);
            }
        }
    }
    Calendar { zone, days, from, to, holidays }
}

/// `09:00-17:00`.
fn working_hours(section: Section<'_>) -> Option<(Time, Time)> {
    let text = section.text("working_hours")?;
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
    let hours = text.value.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
    let hours = hours.filter(|(from, to)| from < to);
    if hours.is_none() {
        let words = format!("working_hours: \"{}\" is not like \"09:00-17:00\"", text.value);
        section.page.error(text.at, words);
    }
    hours
}
