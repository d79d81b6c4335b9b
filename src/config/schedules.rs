//! `[[schedule]]`: rotations in layers, working hours, stand-ins; and the proof that nobody is missing.

use super::file::Schedule;
use super::walk::{Found, Section, unknown_word};
use crate::escalate::{self, Layer, Override, Stretch};
use crate::schema::wall::{self, Hours, WallFault, both, local};
use crate::schema::{Span, Timestamp};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A schedule is looked at so far ahead.
const HOLES_SPAN: Span = Span::days(90);
/// What the schedule's own members are called beside named layers.
const OWN_LAYER: &str = "rotation";
/// The days of the week, as they are written.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// `[[schedule]]`.
pub(super) fn schedules(sections: &[Section<'_>]) -> Vec<Schedule> {
    let mut ids = BTreeSet::new();
    sections.iter().map(|section| schedule(*section, &mut ids)).collect()
}

fn schedule(section: Section<'_>, ids: &mut BTreeSet<String>) -> Schedule {
    let id = section.name("id", ids);
    let (zone, timezone_name) = section.zone("timezone").unwrap_or((TimeZone::UTC, "UTC".to_owned()));
    if section.value("timezone").is_none() {
        section.missing("timezone", "the zone of its handoff, such as \"Europe/Berlin\"");
    }
    let mut names = BTreeSet::new();
    let tables = section.tables("layer", "schedule.layer");
    let own_keys = ["members", "every", "handoff", "start", "days", "hours"];
    let own = tables.is_empty() || own_keys.iter().any(|key| section.value(key).is_some());
    let mut layers: Vec<Layer> = Vec::new();
    for (at, table) in tables.into_iter().enumerate() {
        let name = match table.value("name") {
            Some(_) => table.name("name", &mut names),
            None => format!("layer {}", at + 1),
        };
        layers.push(layer(table, name, &zone));
    }
    if own {
        layers.push(layer(section, OWN_LAYER.to_owned(), &zone));
    }
    let tables = section.tables("override", "schedule.override");
    let overrides = tables.into_iter().map(|table| stand_in(table, &zone, &timezone_name)).collect();
    Schedule { id, timezone_name, roster: escalate::Schedule { zone, layers, overrides } }
}

/// A layer, or the rotation that stands in the schedule itself.
fn layer(section: Section<'_>, name: String, zone: &TimeZone) -> Layer {
    let zone = match section.name {
        "schedule.layer" => section.zone("timezone").map_or_else(|| zone.clone(), |(zone, _)| zone),
        _ => zone.clone(),
    };
    let members = section.some_texts("members", "at least one person takes turns");
    let every = section.span("every", "1d", "52w");
    if section.value("every").is_none() {
        section.missing("every", "the length of a turn, such as \"1w\"");
    }
    let days = every.map_or(7, |span| span.0 / Span::days(1).0);
    if every.is_some_and(|span| span.0 % Span::days(1).0 != 0) {
        section.page.error(section.place("every"), "every: a turn is a whole number of days or weeks");
    }
    let (weekday, handoff) =
        section.text("handoff").and_then(|text| handoff(section, &text)).unwrap_or_default();
    if weekday.is_some() && days % 7 != 0 {
        section
            .page
            .error(section.place("handoff"), "handoff: names a weekday, and the turns are no whole weeks");
    }
    Layer {
        name: name.into(),
        hours: hours(section, &zone),
        members: members.into_iter().map(|member| Arc::from(member.value)).collect(),
        turn_days: u32::try_from(days).unwrap_or(7),
        first: first_turn(section, weekday).to_datetime(handoff),
        zone,
    }
}

/// `Mon 09:00` or `09:00`.
fn handoff(section: Section<'_>, text: &Found<String>) -> Option<(Option<Weekday>, Time)> {
    let (day, clock) =
        text.value.split_once(' ').map_or((None, text.value.as_str()), |(day, clock)| (Some(day), clock));
    let weekday = |day: &str| {
        let index = DAYS.iter().position(|name| *name == day)?;
        Weekday::from_monday_zero_offset(i8::try_from(index).ok()?).ok()
    };
    match (day.map(weekday), Time::strptime("%H:%M", clock)) {
        (None, Ok(time)) => Some((None, time)),
        (Some(Some(weekday)), Ok(time)) => Some((Some(weekday), time)),
        _ => {
            section.page.error(
                text.at,
                format!("handoff: \"{}\" is not \"09:00\" or \"Mon 09:00\" (Mon to Sun)", text.value),
            );
            None
        }
    }
}

/// The day of the first handoff: `start`, or the first such weekday after it.
fn first_turn(section: Section<'_>, weekday: Option<Weekday>) -> Date {
    let Some(text) = section.text("start") else {
        if section.value("start").is_none() {
            section.missing("start", "the day of the first member's first turn, such as \"2026-01-05\"");
        }
        return Date::default();
    };
    let Ok(mut day) = Date::strptime("%Y-%m-%d", &text.value) else {
        section.page.error(text.at, format!("start: \"{}\" is no day such as \"2026-01-05\"", text.value));
        return Date::default();
    };
    while weekday.is_some_and(|weekday| day.weekday() != weekday) {
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    day
}

/// `days` and `hours` of a layer or a route; `None` = always.
pub(super) fn hours(section: Section<'_>, zone: &TimeZone) -> Option<Hours> {
    let written = section.value("days").is_some() || section.value("hours").is_some();
    if !written {
        return None;
    }
    let every_day = [true; 7];
    let days = days(section, "days", "leave it out for every day").unwrap_or(every_day);
    let all_day = (Time::midnight(), Time::midnight());
    let (from, to) = section.text("hours").and_then(|text| clock_range(section, &text)).unwrap_or(all_day);
    Some(Hours { zone: zone.clone(), days, from, to })
}

/// The weekdays of a key, Monday first; `None` where it is left out. `cure` says what an empty list should be.
pub(super) fn days(section: Section<'_>, key: &'static str, cure: &str) -> Option<[bool; 7]> {
    section.value(key)?;
    let mut days = [false; 7];
    for found in section.some_texts(key, cure) {
        for index in day_range(section, key, &found) {
            if let Some(day) = days.get_mut(index) {
                *day = true;
            }
        }
    }
    Some(days)
}

/// `Mon`, or `Mon-Fri`, also over the end of the week.
fn day_range(section: Section<'_>, key: &str, found: &Found<String>) -> Vec<usize> {
    let (from, to) = found.value.split_once('-').unwrap_or((&found.value, &found.value));
    let index = |word: &str| DAYS.iter().position(|day| *day == word);
    match (index(from), index(to)) {
        (Some(from), Some(to)) => (0..=(to + 7 - from) % 7).map(|step| (from + step) % 7).collect(),
        _ if found.value.is_empty() => Vec::new(),
        _ => {
            let wrong = if index(from).is_none() { from } else { to };
            section.page.error(found.at, unknown_word(key, wrong, &DAYS));
            Vec::new()
        }
    }
}

/// `09:00-17:00`; `22:00-06:00` ends on the next day, `00:00-24:00` is the whole day.
fn clock_range(section: Section<'_>, text: &Found<String>) -> Option<(Time, Time)> {
    let time = |text: &str| match text.trim() {
        "24:00" => Some(Time::midnight()),
        text => Time::strptime("%H:%M", text).ok(),
    };
    let range = text.value.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
    if range.is_none() {
        let wanted = "is not \"09:00-17:00\"; \"22:00-06:00\" ends on the next day";
        section.page.error(text.at, format!("hours: \"{}\" {wanted}", text.value));
    }
    range
}

fn stand_in(section: Section<'_>, zone: &TimeZone, zone_name: &str) -> Override {
    let moment = |key: &'static str| -> Option<Timestamp> {
        let Some(text) = section.text(key) else {
            if section.value(key).is_none() {
                section.missing(key, "a local moment such as \"2026-12-24 09:00\"");
            }
            return None;
        };
        one_moment(section, key, &text, zone, zone_name)
    };
    let (from, to) = (moment("from"), moment("to"));
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        section.page.error(section.place("to"), "to: is not after from");
    }
    let person = section.text("person").map(|text| text.value).unwrap_or_default();
    if section.value("person").is_none() {
        section.missing("person", "the id of the [[person]] who stands in");
    }
    Override { from: from.unwrap_or_default(), to: to.unwrap_or_default(), person: person.into() }
}

/// A moment that a person wrote for one occasion: local, or with its offset. One that does not exist, or exists twice,
/// is not guessed.
fn one_moment(
    section: Section<'_>,
    key: &str,
    text: &Found<String>,
    zone: &TimeZone,
    zone_name: &str,
) -> Option<Timestamp> {
    if let Some(moment) = Timestamp::parse_rfc3339(&text.value) {
        return Some(moment);
    }
    let Ok(wall) = DateTime::strptime("%Y-%m-%d %H:%M", &text.value) else {
        let words = format!("{key}: \"{}\" is no moment such as \"2026-12-24 09:00\"", text.value);
        section.page.error(text.at, words);
        return None;
    };
    let with_offset = |at: Timestamp, wall: DateTime| {
        let offset = zone.to_offset(jiff::Timestamp::from_microsecond(at.0).unwrap_or_default());
        let minutes = offset.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
        format!("\"{}{sign}{hours:02}:{minutes:02}\"", wall.strftime("%Y-%m-%dT%H:%M:%S"))
    };
    let why = match wall::only(zone, wall) {
        Ok(moment) => return Some(moment),
        Err(WallFault::Missing(jump)) => {
            let after = local(zone, jump);
            format!(
                "does not exist in {zone_name}: the clock jumps over it to {}",
                after.strftime("%Y-%m-%d %H:%M")
            )
        }
        Err(WallFault::Twice(first, last)) => format!(
            "comes twice in {zone_name}: write {} or {}",
            with_offset(first, wall),
            with_offset(last, wall)
        ),
        Err(WallFault::Outside) => "is outside the years of the calendar".to_owned(),
    };
    section.page.error(text.at, format!("{key}: {} {why}", text.value));
    None
}

/// Members and stand-ins who exist, one stand-in at a time, and nobody missing in the next 90 days.
pub(super) fn check(section: Section<'_>, schedule: &Schedule, persons: &[&str], now: Timestamp) {
    let tables = section.tables("layer", "schedule.layer");
    for (layer, table) in schedule.roster.layers.iter().zip(tables.iter().chain([&section])) {
        for (index, member) in layer.members.iter().enumerate().filter(|(_, member)| !member.is_empty()) {
            if !persons.contains(&&**member) {
                table
                    .page
                    .error(table.place_of_item("members", index), unknown_word("members", member, persons));
            }
        }
    }
    stand_ins(section, schedule, persons);
    if schedule
        .roster
        .layers
        .iter()
        .all(|layer| !layer.members.is_empty() && layer.first != DateTime::default())
    {
        holes(section, schedule, now);
    }
}

/// Stand-ins who exist, one at a time.
fn stand_ins(section: Section<'_>, schedule: &Schedule, persons: &[&str]) {
    let place = |index: usize, key: &str| section.place_in("override", index, key);
    let overrides = &schedule.roster.overrides;
    for (index, stand_in) in overrides.iter().enumerate() {
        if !stand_in.person.is_empty() && !persons.contains(&&*stand_in.person) {
            section.page.error(place(index, "person"), unknown_word("person", &stand_in.person, persons));
        }
        let before = overrides.get(..index).unwrap_or_default();
        if let Some(other) = before.iter().find(|other| other.from < stand_in.to && stand_in.from < other.to)
        {
            let until = local(&schedule.roster.zone, other.to).strftime("%Y-%m-%d %H:%M");
            let words = format!("from: overlaps the stand-in of {}, who has it until {until}", other.person);
            section.page.error(place(index, "from"), words);
        }
    }
}

/// Every instant of the next 90 days has somebody: by the ends of turns, hours and stand-ins, not by samples.
fn holes(section: Section<'_>, schedule: &Schedule, now: Timestamp) {
    let timeline = schedule.roster.timeline(now, now + HOLES_SPAN);
    let holes: Vec<&Stretch> = timeline.iter().filter(|stretch| stretch.duties.is_empty()).collect();
    let Some(hole) = holes.first() else { return };
    let show = |at: Timestamp| local(&schedule.roster.zone, at).strftime("%a %Y-%m-%d %H:%M").to_string();
    let begins =
        schedule.roster.layers.iter().filter_map(|layer| Some(both(&layer.zone, layer.first)?.0)).min();
    if let Some(first) = begins.filter(|first| hole.from == now && *first > now && *first >= hole.to)
        && section.value("start").is_some()
    {
        let reach = if first > now + HOLES_SPAN { "in the next 90 days and longer" } else { "until then" };
        let words = format!("start: the first turn begins at {first}; nobody is on call {reach}");
        section.page.error(section.place("start"), words);
        return;
    }
    let lasts: i64 = holes.iter().map(|hole| (hole.to - hole.from).0).sum();
    let more = match holes.len() - 1 {
        0 => String::new(),
        more => {
            format!(", and {more} more such holes in the next 90 days, {} in all", Span(lasts).in_words())
        }
    };
    let words = format!(
        "nobody is on call from {} to {} ({}){more}; add a [[schedule.layer]] that holds then",
        show(hole.from),
        show(hole.to),
        schedule.timezone_name
    );
    section.page.error(section.at, words);
}
