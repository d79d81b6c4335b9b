//! What a stamp means: year and zone resolved, and whether windows may move by it.

use super::stamp::{Civil, Stamp};
use crate::limits::FUTURE_SKEW_MAX;
use crate::schema::{Event, Flag, Flags, Span, Timestamp};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A stamp without year that lies no further ahead than this is of the same year, from a clock or a zone that
/// is wrong; further ahead it is of last year.
const YEARLESS_AHEAD_MAX: Span = Span::days(1);

/// What stamps of one source are resolved by. It remembers the last offset of its zone, because neighbouring
/// lines nearly always share it.
#[derive(Clone, Debug)]
pub struct Timing {
    zone: TimeZone,
    lateness: Span,
    /// (quarter hour of the wall clock, seconds east): zones change at quarter hours.
    last: Option<(i64, i64)>,
}

const QUARTER_HOUR: i64 = 900;

impl Timing {
    /// For a source's zone and lateness.
    pub fn new(zone: TimeZone, lateness: Span) -> Timing {
        Timing { zone, lateness, last: None }
    }

    /// Resolves the stamp; then sets the event's `time`, `counted_at` and flags, and moves the watermark.
    /// True when the watermark moved.
    pub fn apply(
        &mut self,
        event: &mut Event,
        stamp: Option<Stamp>,
        watermark: &mut Option<Timestamp>,
    ) -> bool {
        let read_at = event.observed_at;
        let resolved = stamp.and_then(|stamp| self.resolve(stamp, read_at, *watermark));
        let Some((time, flags)) = resolved else {
            event.flags.set(Flag::TimeMissing);
            event.counted_at = watermark.unwrap_or(read_at);
            return false;
        };
        event.time = Some(time);
        event.flags = event.flags.union(flags);
        if time > read_at + FUTURE_SKEW_MAX {
            event.flags.set(Flag::TimeFuture);
            // Where UTC was set back, the read time lies before what the file has shown: windows are past it.
            event.counted_at = watermark.map_or(read_at, |mark| mark.max(read_at));
            return false;
        }
        match *watermark {
            Some(mark) if time < mark - self.lateness => {
                event.flags.set(Flag::TimeLate);
                event.counted_at = mark;
                false
            }
            Some(mark) if time <= mark => {
                event.counted_at = time;
                false
            }
            _ => {
                event.counted_at = time;
                *watermark = Some(time);
                true
            }
        }
    }

    fn resolve(
        &mut self,
        stamp: Stamp,
        read_at: Timestamp,
        mark: Option<Timestamp>,
    ) -> Option<(Timestamp, Flags)> {
        let civil = match stamp {
            Stamp::Instant(at) => return Some((at, Flags::default())),
            Stamp::Civil(civil) => civil,
        };
        let mut flags = Flags::default();
        if civil.east.is_none() {
            flags.set(Flag::ZoneAssumed);
        }
        if let Some(year) = civil.year {
            return Some((self.moment(civil, year, read_at, mark)?, flags));
        }
        flags.set(Flag::YearAssumed);
        let latest = read_at + YEARLESS_AHEAD_MAX;
        let (this_year, _, _) = (latest + Span::seconds(self.offset_at(latest))).date();
        // Eight years reach over 1900 and 2100, which had and have no 29 February.
        let mut years = (this_year - 8..=this_year).rev();
        years
            .find_map(|year| self.moment(civil, year, read_at, mark).filter(|at| *at <= latest))
            .map(|at| (at, flags))
    }

    /// The moment of a wall clock's reading in the source's zone; `None` when the date does not exist.
    ///
    /// In a fold (the clock goes back) the reading means two moments: the earlier one is taken, unless the file
    /// has shown that it is past it and the later one is not in the future. In a gap (the clock goes forward)
    /// the reading never was; it is taken as from a clock that had not been put forward.
    fn moment(
        &mut self,
        civil: Civil,
        year: i64,
        read_at: Timestamp,
        mark: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let wall = Timestamp::from_civil((year, civil.month, civil.day), civil.clock, civil.micros)?;
        if let Some(east) = civil.east {
            return Some(wall - Span::seconds(east));
        }
        let quarter = wall.0.div_euclid(QUARTER_HOUR * 1_000_000);
        if let Some((_, east)) = self.last.filter(|(at, _)| *at == quarter) {
            return Some(wall - Span::seconds(east));
        }
        let ambiguous = match datetime(civil, year) {
            Some(datetime) => self.zone.to_ambiguous_timestamp(datetime).offset(),
            None => return Some(wall),
        };
        Some(match ambiguous {
            AmbiguousOffset::Unambiguous { offset } => {
                let east = i64::from(offset.seconds());
                self.last = Some((quarter, east));
                wall - Span::seconds(east)
            }
            AmbiguousOffset::Gap { before, .. } => wall - Span::seconds(i64::from(before.seconds())),
            AmbiguousOffset::Fold { before, after } => {
                let earlier = wall - Span::seconds(i64::from(before.seconds()));
                let later = wall - Span::seconds(i64::from(after.seconds()));
                let past = mark.is_some_and(|mark| earlier < mark - self.lateness);
                if past && later <= read_at + FUTURE_SKEW_MAX { later } else { earlier }
            }
        })
    }

    fn offset_at(&self, at: Timestamp) -> i64 {
        let at = jiff::Timestamp::from_microsecond(at.0);
        at.map_or(0, |at| i64::from(self.zone.to_offset(at).seconds()))
    }
}

fn datetime(civil: Civil, year: i64) -> Option<jiff::civil::DateTime> {
    let (hour, minute, second) = civil.clock;
    let small = |n: u32| i8::try_from(n).ok();
    let date = (i16::try_from(year).ok()?, small(civil.month)?, small(civil.day)?);
    let clock = (small(hour)?, small(minute)?, small(second.min(59))?);
    jiff::civil::DateTime::new(date.0, date.1, date.2, clock.0, clock.1, clock.2, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::super::stamp::read;
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    /// The time, flags and counted time of one stamp.
    fn told(zone: &str, read_at: &str, mark: Option<&str>, stamp: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let mut timing = Timing::new(zone, Span::minutes(2));
        let mut event = Event { observed_at: at(read_at), ..Event::default() };
        let before = mark.map(at);
        let mut mark = before;
        let moved = timing.apply(&mut event, read(stamp).map(|(stamp, _)| stamp), &mut mark);
        assert_eq!(moved, mark != before);
        let flags: Vec<&str> = event.flags.names().filter(|f| *f != "zone-assumed").collect();
        let time = event.time.map_or("none".to_owned(), |time| time.to_string());
        format!("{time} {} counted {}", flags.join(","), event.counted_at)
    }

    #[test]
    fn a_stamp_without_year_is_the_latest_not_after_reading() {
        let year = |read_at: &str, stamp: &str| {
            told("UTC", read_at, None, stamp).chars().take(16).collect::<String>()
        };
        assert_eq!(year("2026-01-01T00:10:00Z", "Dec 31 23:59:00"), "2025-12-31T23:59");
        assert_eq!(year("2026-01-01T00:10:00Z", "Jan  1 00:09:00"), "2026-01-01T00:09");
        assert_eq!(year("2025-12-31T23:59:30Z", "Jan  1 00:00:10"), "2026-01-01T00:00");
        assert_eq!(year("2026-11-23T09:00:00Z", "Nov 23 09:01:00"), "2026-11-23T09:01");
        assert_eq!(year("2026-11-23T09:00:00Z", "Nov 25 09:01:00"), "2025-11-25T09:01");
        assert_eq!(year("2026-11-23T09:00:00Z", "Feb 29 01:00:00"), "2024-02-29T01:00");
        assert_eq!(year("2103-01-01T00:00:00Z", "Feb 29 01:00:00"), "2096-02-29T01:00");
    }

    #[test]
    fn the_sources_zone_counts_and_its_clock_changes_are_resolved() {
        let time = |mark, stamp| {
            told("Europe/Berlin", "2026-10-26T00:00:00Z", mark, stamp).chars().take(19).collect::<String>()
        };
        assert_eq!(time(None, "2026-07-01 12:00:00"), "2026-07-01T10:00:00");
        assert_eq!(time(None, "2026-01-05 12:00:00"), "2026-01-05T11:00:00");
        // The fold of 2026-10-25: 02:30 was twice.
        assert_eq!(time(None, "2026-10-25 02:30:00"), "2026-10-25T00:30:00");
        assert_eq!(time(Some("2026-10-25T00:59:59Z"), "2026-10-25 02:00:10"), "2026-10-25T01:00:10");
        assert_eq!(time(Some("2026-10-25T00:31:00Z"), "2026-10-25 02:30:00"), "2026-10-25T00:30:00");
        // The gap of 2026-03-29: 02:30 never was.
        assert_eq!(time(None, "2026-03-29 02:30:00"), "2026-03-29T01:30:00");
    }

    #[test]
    fn b1_a_stamp_with_zone_and_without_year_keeps_its_zone() {
        let told = |read_at, stamp: &str| {
            let mut timing = Timing::new(TimeZone::get("Asia/Tokyo").unwrap(), Span::minutes(2));
            let mut event = Event { observed_at: at(read_at), ..Event::default() };
            timing.apply(&mut event, read(stamp).map(|(stamp, _)| stamp), &mut None);
            let flags: Vec<&str> = event.flags.names().collect();
            format!("{} {}", event.time.unwrap(), flags.join(","))
        };
        assert_eq!(
            told("2026-11-23T09:00:00Z", "CEST Aug  6 10:14:52"),
            "2026-08-06T08:14:52.000Z year-assumed"
        );
        assert_eq!(
            told("2026-01-01T00:10:00Z", "Dec 31 23:59:00 UTC"),
            "2025-12-31T23:59:00.000Z year-assumed"
        );
        assert_eq!(
            told("2026-11-23T09:00:00Z", "Nov 23 17:59:00"),
            "2026-11-23T08:59:00.000Z year-assumed,zone-assumed"
        );
    }

    #[test]
    fn future_and_late_stamps_move_nothing() {
        let (read, mark) = ("2026-11-23T09:00:00Z", Some("2026-11-23T08:00:00Z"));
        assert_eq!(
            told("UTC", read, mark, "2099-01-01T00:00:00Z"),
            "2099-01-01T00:00:00.000Z time-future counted 2026-11-23T09:00:00.000Z"
        );
        let ahead = told("UTC", read, Some("2026-11-23T09:40:00Z"), "2099-01-01T00:00:00Z");
        assert_eq!(ahead, "2099-01-01T00:00:00.000Z time-future counted 2026-11-23T09:40:00.000Z");
        assert_eq!(
            told("UTC", read, mark, "2026-11-21T09:00:00Z"),
            "2026-11-21T09:00:00.000Z time-late counted 2026-11-23T08:00:00.000Z"
        );
        assert_eq!(
            told("UTC", read, mark, "2026-11-23T07:58:30Z"),
            "2026-11-23T07:58:30.000Z  counted 2026-11-23T07:58:30.000Z"
        );
        assert_eq!(told("UTC", read, mark, "no stamp"), "none time-missing counted 2026-11-23T08:00:00.000Z");
        assert_eq!(told("UTC", read, None, "no stamp"), "none time-missing counted 2026-11-23T09:00:00.000Z");
    }
}
