//! Rosters over the hard dates of the tz database, and layers above each other.

use super::*;
use crate::schema::Span;
use jiff::civil::{date, time};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn layer(zone: &str, members: &[&str], turn_days: u32, first: DateTime) -> Layer {
    Layer {
        name: "rotation".into(),
        zone: TimeZone::get(zone).unwrap(),
        members: members.iter().map(|id| Arc::from(*id)).collect(),
        turn_days,
        first,
        hours: None,
    }
}

fn who(schedule: &Schedule, text: &str) -> String {
    schedule.on_call(at(text)).join("+")
}

#[test]
fn turns_change_at_nine_local_time_in_summer_and_winter() {
    let week = layer("Europe/Berlin", &["ana", "ben"], 7, date(2026, 1, 5).at(9, 0, 0, 0));
    let (from, to) = (at("2026-12-24T08:00:00Z"), at("2026-12-27T08:00:00Z"));
    let overrides = vec![Override { from, to, person: "ben".into() }];
    let schedule = Schedule { overrides, ..Schedule::of_one(week) };
    for (moment, person) in [
        ("2026-01-05T07:59:59Z", ""),
        ("2026-01-05T08:00:00Z", "ana"),
        ("2026-01-12T07:59:59Z", "ana"),
        ("2026-01-12T08:00:00Z", "ben"),
        ("2026-03-30T06:59:59Z", "ben"), // 08:59:59 summer time
        ("2026-03-30T07:00:00Z", "ana"),
        ("2026-12-25T00:00:00Z", "ben"),
    ] {
        assert_eq!(who(&schedule, moment), person, "{moment}");
    }
    let stretches = schedule.timeline(at("2026-12-22T00:00:00Z"), at("2026-12-29T00:00:00Z"));
    let told: Vec<String> = stretches
        .iter()
        .map(|s| format!("{} {} {:?}", s.from, s.duties[0].person, matches!(s.duties[0].why, Why::Override)))
        .collect();
    assert_eq!(
        told,
        [
            "2026-12-22T00:00:00.000Z ana false",
            "2026-12-24T08:00:00.000Z ben true",
            "2026-12-27T08:00:00.000Z ana false",
            "2026-12-28T08:00:00.000Z ben false"
        ]
    );
}

/// Zone, a handoff inside what the clock does, the first turn's day some days before, and whether that time comes twice.
type Hard = (&'static str, (i8, i8), (i16, i8, i8), bool);

const HARD: [Hard; 19] = [
    ("Pacific/Apia", (9, 0), (2011, 12, 28), false),
    ("Pacific/Kwajalein", (9, 0), (1993, 8, 19), false),
    ("Australia/Lord_Howe", (1, 45), (2026, 4, 3), true),
    ("Australia/Lord_Howe", (2, 15), (2026, 10, 2), false),
    ("Europe/Berlin", (2, 30), (2026, 3, 27), false),
    ("Europe/Berlin", (2, 30), (2026, 10, 23), true),
    ("America/New_York", (2, 30), (2026, 3, 6), false),
    ("America/New_York", (1, 30), (2026, 10, 30), true),
    ("America/Santiago", (23, 30), (2026, 4, 2), true),
    ("America/Santiago", (0, 0), (2026, 9, 4), false),
    ("Africa/Cairo", (0, 0), (2026, 4, 22), false),
    ("Africa/Cairo", (23, 30), (2026, 10, 27), true),
    ("Africa/Casablanca", (2, 30), (2026, 2, 13), true),
    ("Africa/Casablanca", (2, 30), (2026, 3, 20), false),
    ("Antarctica/Troll", (2, 0), (2026, 3, 27), false),
    ("Antarctica/Troll", (2, 0), (2026, 10, 23), true),
    ("Pacific/Chatham", (3, 0), (2026, 4, 3), true),
    ("Pacific/Chatham", (3, 0), (2026, 9, 25), false),
    ("America/Mexico_City", (1, 30), (2022, 10, 28), true),
];

#[test]
fn on_the_hard_dates_handoffs_overlap_or_meet_and_nobody_is_missing() {
    for (zone, (hour, minute), (year, month, day), twice) in HARD {
        let first = date(year, month, day).at(hour, minute, 0, 0);
        let schedule = Schedule::of_one(layer(zone, &["ana", "ben", "cy"], 1, first));
        let start = both(&schedule.zone, first).unwrap().0;
        let stretches = schedule.timeline(start, start + Span::days(5));
        assert!(stretches.iter().all(|stretch| !stretch.duties.is_empty()), "{zone}: {stretches:#?}");
        assert!(stretches.windows(2).all(|two| two[0].to == two[1].from), "{zone}");
        let doubled: Vec<&Stretch> = stretches.iter().filter(|stretch| stretch.duties.len() > 1).collect();
        assert_eq!(doubled.len(), usize::from(twice), "{zone}: {doubled:#?}");
        for both_on_call in doubled {
            let lasts = both_on_call.to - both_on_call.from;
            assert!(both_on_call.duties.len() == 2 && lasts <= Span::hours(2), "{zone}");
        }
        // Everybody's turn comes, in order, whatever the clock does.
        let mut turns: Vec<i64> = Vec::new();
        for duty in stretches.iter().flat_map(|stretch| stretch.duties.iter().rev()) {
            let Why::Turn { turn, .. } = duty.why else { panic!("{duty:?}") };
            if turns.last() != Some(&turn) && !turns.contains(&turn) {
                turns.push(turn);
            }
        }
        assert!(turns.windows(2).all(|two| two[1] == two[0] + 1), "{zone}: {turns:?}");
    }
}

#[test]
fn shifts_are_as_long_as_the_clock_makes_them() {
    // (zone, handoff, first day, lengths of the first turns in minutes): from first occurrence to last.
    for (zone, (hour, minute), (year, month, day), lengths) in [
        ("Europe/Berlin", (2, 30), (2026, 10, 24), [1_500, 1_500]),
        ("Europe/Berlin", (2, 30), (2026, 3, 28), [1_410, 1_410]),
        ("Australia/Lord_Howe", (1, 45), (2026, 4, 4), [1_470, 1_470]),
        ("Antarctica/Troll", (2, 0), (2026, 10, 24), [1_560, 1_560]),
        ("Pacific/Chatham", (3, 0), (2026, 4, 4), [1_500, 1_500]),
        ("Pacific/Apia", (9, 0), (2011, 12, 29), [900, 540]),
        ("Asia/Kathmandu", (9, 0), (2026, 3, 28), [1_440, 1_440]),
    ] {
        let layer = layer(zone, &["a", "b"], 1, date(year, month, day).at(hour, minute, 0, 0));
        let length = |turn| {
            let (first, _) = layer.handoff(turn).unwrap();
            let (_, last) = layer.handoff(turn + 1).unwrap();
            (last - first).0 / 60_000_000
        };
        assert_eq!([length(0), length(1)], lengths, "{zone}");
    }
}

/// An office by day, a rota by night, and somebody for the rest of the week.
fn layered() -> Schedule {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let week = |name: &str, members: &[&str]| Layer {
        name: name.into(),
        ..layer("Europe/Berlin", members, 7, date(2026, 1, 5).at(8, 0, 0, 0))
    };
    let workdays = [true, true, true, true, true, false, false];
    let day = Hours { zone: zone.clone(), days: workdays, from: time(8, 0, 0, 0), to: time(18, 0, 0, 0) };
    let manila = Layer {
        name: "manila".into(),
        zone: TimeZone::get("Asia/Manila").unwrap(),
        hours: Some(Hours {
            zone: TimeZone::get("Asia/Manila").unwrap(),
            days: workdays,
            from: time(6, 0, 0, 0),
            to: time(15, 0, 0, 0),
        }),
        ..layer("Asia/Manila", &["mai"], 7, date(2026, 1, 5).at(6, 0, 0, 0))
    };
    let layers = vec![
        Layer { hours: Some(day), ..week("office", &["ana", "ben"]) },
        manila,
        week("duty", &["cy", "dee"]),
    ];
    Schedule { zone, layers, overrides: Vec::new() }
}

#[test]
fn the_uppermost_layer_that_has_somebody_counts() {
    let schedule = layered();
    for (moment, person) in [
        ("2026-01-07T10:00:00Z", "ana"),
        ("2026-01-07T17:00:00Z", "cy"),  // 18:00: the office closes
        ("2026-01-07T22:00:00Z", "mai"), // 06:00 in Manila
        ("2026-01-08T06:59:59Z", "mai"),
        ("2026-01-08T07:00:00Z", "ana"),
        ("2026-01-10T12:00:00Z", "cy"), // Saturday
        ("2026-01-14T12:00:00Z", "ben"),
        ("2026-01-17T12:00:00Z", "dee"),
    ] {
        assert_eq!(who(&schedule, moment), person, "{moment}");
    }
    let year = schedule.timeline(at("2026-01-05T07:00:00Z"), at("2027-01-05T07:00:00Z"));
    assert!(year.iter().all(|stretch| !stretch.duties.is_empty()));
    let without = Schedule { layers: schedule.layers[..1].to_vec(), ..schedule };
    let week = without.timeline(at("2026-01-05T07:00:00Z"), at("2026-01-12T07:00:00Z"));
    let holes: Vec<&Stretch> = week.iter().filter(|stretch| stretch.duties.is_empty()).collect();
    assert_eq!(holes.len(), 5, "each night, and the weekend as one: {week:#?}");
    assert_eq!(holes[4].to - holes[4].from, Span::hours(62));
}

proptest! {
    /// The timeline says at every moment what the moment itself says.
    #[test]
    fn the_timeline_is_exact(start in 0_i64..400, minutes in proptest::collection::vec(0_i64..14_400, 40), zone in 0_usize..19) {
        let (name, (hour, minute), _, _) = HARD[zone];
        let mut schedule = layered();
        let hours = Hours {
            zone: TimeZone::get(name).unwrap(),
            days: [true, false, true, true, false, true, true],
            from: time(hour, minute, 0, 0),
            to: time((hour + 23) % 24, minute, 0, 0),
        };
        schedule.layers.truncate(2);
        schedule.layers.insert(0, Layer { hours: Some(hours), ..layer(name, &["x", "y"], 1, date(2026, 1, 1).at(hour, minute, 0, 0)) });
        let from = at("2026-01-01T00:00:00Z") + Span::days(start);
        let stretches = schedule.timeline(from, from + Span::days(10));
        prop_assert_eq!(stretches[0].from, from);
        prop_assert_eq!(stretches.last().unwrap().to, from + Span::days(10));
        for minute in minutes {
            let moment = from + Span::minutes(minute);
            let stretch = stretches.iter().find(|s| s.from <= moment && moment < s.to).unwrap();
            prop_assert_eq!(&stretch.duties, &schedule.duties(moment), "{}", moment);
        }
    }
}
