//! Wall clocks: when a local time is, in a zone whose clock is put forward and back, and weekly hours made of such
//! times.
//!
//! One rule for everything that recurs (handoffs, working hours): what begins, begins at the first occurrence of its
//! wall time, what ends, ends at the last. A time that the clock jumps over happens when it jumps. So two periods that
//! meet on paper may overlap where the clock goes back, and never leave a gap. What a person wrote for one occasion is
//! not guessed: see [`only`].

use super::time::{Timestamp, days_from_civil};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// Why a local time names no one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WallFault {
    /// The clock jumps over it, at this moment.
    Missing(Timestamp),
    /// It comes twice.
    Twice(Timestamp, Timestamp),
    /// Outside the years of the calendar.
    Outside,
}

/// The one moment of a local time.
///
/// # Errors
/// [`WallFault`] where there is none, or two.
pub fn only(zone: &TimeZone, wall: DateTime) -> Result<Timestamp, WallFault> {
    let (first, last) = both(zone, wall).ok_or(WallFault::Outside)?;
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { .. } => Ok(first),
        AmbiguousOffset::Gap { .. } => Err(WallFault::Missing(first)),
        AmbiguousOffset::Fold { .. } => Err(WallFault::Twice(first, last)),
    }
}

/// First and last occurrence of a local time; where the clock jumps over it, both are the moment of the jump.
/// `None` outside the years of the calendar. Never falls as the wall time rises.
pub fn both(zone: &TimeZone, wall: DateTime) -> Option<(Timestamp, Timestamp)> {
    let found = zone.to_ambiguous_timestamp(wall);
    let of = |moment: jiff::Timestamp| Timestamp(moment.as_microsecond());
    match found.offset() {
        AmbiguousOffset::Gap { .. } => {
            let after = found.later().ok()?;
            let behind = after.checked_add(jiff::SignedDuration::from_secs(1)).ok()?;
            // The jump is the last change of the clock at or before the later reading of the wall time.
            let jump = zone.preceding(behind).next().map_or(after, |change| change.timestamp());
            Some((of(jump), of(jump)))
        }
        _ => Some((of(found.earlier().ok()?), of(found.later().ok()?))),
    }
}

/// The wall clock at a moment.
pub fn local(zone: &TimeZone, at: Timestamp) -> DateTime {
    zone.to_datetime(jiff::Timestamp::from_microsecond(at.0).unwrap_or_default())
}

/// Days since 1970-01-01 of a date.
pub fn day_number(date: Date) -> i64 {
    days_from_civil(
        i64::from(date.year()),
        date.month().unsigned_abs().into(),
        date.day().unsigned_abs().into(),
    )
}

/// Hours of some days of the week, in a zone: `Mon` to `Fri`, 09:00 to 17:00.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// Whose wall clock counts.
    pub zone: TimeZone,
    /// Monday first: the days on which a period begins.
    pub days: [bool; 7],
    /// Where it begins.
    pub from: Time,
    /// Where it ends: on the same day when it is later than `from`, else on the next.
    pub to: Time,
}

impl Hours {
    /// Whether a period holds at a moment.
    pub fn covers(&self, at: Timestamp) -> bool {
        // A period lasts at most a day of the wall clock, and a date may be skipped as a whole.
        let today = local(&self.zone, at).date();
        self.periods(today, 2, 1).any(|(from, to)| from <= at && at < to)
    }

    /// The periods that begin on the days from `before` days before a date to `after` days behind it.
    pub fn periods(
        &self,
        date: Date,
        before: i32,
        after: i32,
    ) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        (-before..=after).filter_map(move |days| {
            self.period(date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?)
        })
    }

    /// The period that begins on a date.
    fn period(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        let index = usize::from(weekday_index(date.weekday()));
        if !self.days.get(index).copied().unwrap_or(false) {
            return None;
        }
        let end = if self.to > self.from { date } else { date.tomorrow().ok()? };
        let (from, _) = both(&self.zone, date.to_datetime(self.from))?;
        let (_, to) = both(&self.zone, end.to_datetime(self.to))?;
        (from < to).then_some((from, to))
    }
}

/// Monday is 0.
fn weekday_index(day: Weekday) -> u8 {
    day.to_monday_zero_offset().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    /// Zone, the moment of the change, wall time before and after it. From the tz database.
    const CHANGES: [(&str, &str, &str, &str); 21] = [
        ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30 00:00", "2011-12-31 00:00"),
        ("Pacific/Kwajalein", "1993-08-21T12:00:00Z", "1993-08-21 00:00", "1993-08-22 00:00"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", "2026-04-05 02:00", "2026-04-05 01:30"),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-04 02:00", "2026-10-04 02:30"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29 02:00", "2026-03-29 03:00"),
        ("Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25 03:00", "2026-10-25 02:00"),
        ("America/New_York", "2026-03-08T07:00:00Z", "2026-03-08 02:00", "2026-03-08 03:00"),
        ("America/New_York", "2026-11-01T06:00:00Z", "2026-11-01 02:00", "2026-11-01 01:00"),
        ("America/Santiago", "2026-04-05T03:00:00Z", "2026-04-05 00:00", "2026-04-04 23:00"),
        ("America/Santiago", "2026-09-06T04:00:00Z", "2026-09-06 00:00", "2026-09-06 01:00"),
        ("Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24 00:00", "2026-04-24 01:00"),
        ("Africa/Cairo", "2026-10-29T21:00:00Z", "2026-10-30 00:00", "2026-10-29 23:00"),
        ("Africa/Casablanca", "2026-02-15T02:00:00Z", "2026-02-15 03:00", "2026-02-15 02:00"),
        ("Africa/Casablanca", "2026-03-22T02:00:00Z", "2026-03-22 02:00", "2026-03-22 03:00"),
        ("Antarctica/Troll", "2026-03-29T01:00:00Z", "2026-03-29 01:00", "2026-03-29 03:00"),
        ("Antarctica/Troll", "2026-10-25T01:00:00Z", "2026-10-25 03:00", "2026-10-25 01:00"),
        ("Pacific/Chatham", "2026-04-04T14:00:00Z", "2026-04-05 03:45", "2026-04-05 02:45"),
        ("Pacific/Chatham", "2026-09-26T14:00:00Z", "2026-09-27 02:45", "2026-09-27 03:45"),
        ("America/Mexico_City", "2022-10-30T07:00:00Z", "2022-10-30 02:00", "2022-10-30 01:00"),
        // No change at all: before and after are the same.
        ("Asia/Kathmandu", "2026-03-29T01:00:00Z", "2026-03-29 06:45", "2026-03-29 06:45"),
        ("Asia/Manila", "2026-10-25T01:00:00Z", "2026-10-25 09:00", "2026-10-25 09:00"),
    ];

    #[test]
    fn changes_of_the_clock_are_those_of_the_tz_database() {
        for (zone, moment, before, after) in CHANGES {
            let (zone, moment) = (TimeZone::get(zone).unwrap(), at(moment));
            let wall = |text| DateTime::strptime("%Y-%m-%d %H:%M", text).unwrap();
            let (before, after) = (wall(before), wall(after));
            assert_eq!(local(&zone, moment), after);
            let just_before = local(&zone, moment - crate::schema::Span::seconds(1));
            assert_eq!(just_before.checked_add(jiff::SignedDuration::from_secs(1)).unwrap(), before);
            let inside = before.min(after).checked_add(jiff::SignedDuration::from_mins(10)).unwrap();
            match before.cmp(&after) {
                // The clock jumps over `before..after`: each such time happens at the jump.
                std::cmp::Ordering::Less => {
                    assert_eq!(only(&zone, inside), Err(WallFault::Missing(moment)));
                    assert_eq!(both(&zone, before), Some((moment, moment)), "{before}");
                    assert_eq!(both(&zone, after), Some((moment, moment)));
                }
                // `after..before` comes twice.
                std::cmp::Ordering::Greater => {
                    let (first, last) = both(&zone, inside).unwrap();
                    assert_eq!(only(&zone, inside), Err(WallFault::Twice(first, last)));
                    assert!(first < moment && moment < last);
                }
                std::cmp::Ordering::Equal => assert!(only(&zone, inside).is_ok()),
            }
        }
    }

    #[test]
    fn later_wall_times_are_never_earlier_moments() {
        for (zone, moment, before, _) in CHANGES {
            let zone = TimeZone::get(zone).unwrap();
            let start = DateTime::strptime("%Y-%m-%d %H:%M", before).unwrap();
            let step = |minutes| start.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap();
            let walls = (-1_800..1_800).step_by(5).map(|minutes| both(&zone, step(minutes)).unwrap());
            let walls: Vec<(Timestamp, Timestamp)> = walls.collect();
            assert!(walls.windows(2).all(|two| two[0].0 <= two[1].0 && two[0].1 <= two[1].1), "{moment}");
        }
    }

    #[test]
    fn working_hours_follow_the_wall_clock() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let office = Hours {
            zone: zone.clone(),
            days: [true, true, true, true, true, false, false],
            from: time(9, 0, 0, 0),
            to: time(17, 0, 0, 0),
        };
        // Friday in winter, Monday in summer, Saturday.
        assert!(office.covers(at("2026-03-27T08:00:00Z")) && !office.covers(at("2026-03-27T16:00:00Z")));
        assert!(office.covers(at("2026-03-30T07:00:00Z")) && !office.covers(at("2026-03-30T06:59:59Z")));
        assert!(!office.covers(at("2026-03-28T10:00:00Z")));
        // Saturday's night shift is an hour longer where the clock goes back, and an hour shorter where it goes forward.
        let mut night = Hours { from: time(22, 0, 0, 0), to: time(6, 0, 0, 0), ..office };
        night.days = [false, false, false, false, false, true, false];
        let length = |day| night.periods(day, 0, 0).next().map(|(from, to)| (to - from).0 / 3_600_000_000);
        assert_eq!(length(date(2026, 10, 24)), Some(9));
        assert_eq!(length(date(2026, 3, 28)), Some(7));
        assert_eq!(length(date(2026, 3, 29)), None, "Sunday");
        assert!(night.covers(at("2026-10-25T04:59:59Z")) && !night.covers(at("2026-10-25T05:00:00Z")));
        // Hours that end inside the hour that comes twice end with its second time; such that begin there, with the first.
        night.to = time(2, 30, 0, 0);
        assert!(night.covers(at("2026-10-25T01:29:59Z")) && !night.covers(at("2026-10-25T01:30:00Z")));
    }
}
