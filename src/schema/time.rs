//! Time as data. Nothing here reads a clock: a [`Reading`] comes in from `host::clock`.

use serde::{Deserialize, Serialize};

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z (negative before).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A length of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub i64);

/// One look at the machine's clocks. Deadlines are judged by both: UTC may be set by hand, and the
/// boot clock (CLOCK_BOOTTIME, which runs on in suspend) starts anew at each boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The wall clock.
    pub utc: Timestamp,
    /// CLOCK_BOOTTIME in microseconds since boot.
    pub boottime: Span,
    /// The kernel's boot id (`/proc/sys/kernel/random/boot_id`); equal ids mean comparable boot times.
    pub boot_id: std::sync::Arc<str>,
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// A span of whole milliseconds.
    pub const fn millis(n: i64) -> Span {
        Span(n * 1_000)
    }
    /// A span of whole seconds.
    pub const fn seconds(n: i64) -> Span {
        Span(n * 1_000_000)
    }
    /// A span of whole minutes.
    pub const fn minutes(n: i64) -> Span {
        Span(n * 60_000_000)
    }
    /// A span of whole hours.
    pub const fn hours(n: i64) -> Span {
        Span(n * 3_600_000_000)
    }
    /// A span of whole days of 24 hours.
    pub const fn days(n: i64) -> Span {
        Span(n * 86_400_000_000)
    }
    /// The span in seconds, with its fraction.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
    /// Reads `90s`, `10m`, `4h`, `2d`, `1w`, `500ms`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Span> {
        let split = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(split);
        let number: i64 = number.parse().ok()?;
        let unit_micros = match unit {
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            "w" => 7 * 86_400_000_000,
            _ => return None,
        };
        number.checked_mul(unit_micros).map(Span)
    }
    /// The span in words a person reads at a glance: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
    pub fn in_words(self) -> String {
        let seconds = self.0.abs() / 1_000_000;
        let sign = if self.0 < 0 { "-" } else { "" };
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        let text = match (days, hours, minutes, seconds % 60) {
            (0, 0, 0, s) => format!("{s} s"),
            (0, 0, m, 0) => format!("{m} min"),
            (0, 0, m, s) if m < 5 => format!("{m} min {s} s"),
            (0, 0, m, _) => format!("{m} min"),
            (0, h, 0, _) => format!("{h} h"),
            (0, h, m, _) => format!("{h} h {m} min"),
            (d, 0, _, _) => format!("{d} d"),
            (d, h, _, _) => format!("{d} d {h} h"),
        };
        format!("{sign}{text}")
    }
}

impl std::ops::Add<Span> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl std::ops::Sub<Timestamp> for Timestamp {
    type Output = Span;
    fn sub(self, other: Timestamp) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds, the spelling of every output: `2026-11-23T09:00:00.123Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, rest) = (self.0.div_euclid(86_400_000_000), self.0.rem_euclid(86_400_000_000));
        let (year, month, day) = civil_from_days(days);
        let (seconds, millis) = (rest / 1_000_000, rest % 1_000_000 / 1_000);
        let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{millis:03}Z")
    }
}

impl Timestamp {
    /// A moment from civil UTC fields; `None` when a field is out of range (a leap second reads as :59).
    pub fn from_civil(date: (i64, u32, u32), time: (u32, u32, u32), micros: u32) -> Option<Timestamp> {
        let ((year, month, day), (hour, minute, second)) = (date, time);
        let ok = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        if !ok
            || hour > 23
            || minute > 59
            || second > 60
            || micros > 999_999
            || !(-9999..=9999).contains(&year)
        {
            return None;
        }
        let seconds = i64::from(hour * 3_600 + minute * 60 + second.min(59));
        Some(Timestamp(
            (days_from_civil(year, month, day) * 86_400 + seconds) * 1_000_000 + i64::from(micros),
        ))
    }

    /// Reads RFC 3339 (`T` or a blank between, any fraction, `Z` or an offset); `None` for anything else.
    pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
        let b = text.as_bytes();
        let two = |at: usize| -> Option<u32> {
            let (x, y) = (b.get(at)?, b.get(at + 1)?);
            (x.is_ascii_digit() && y.is_ascii_digit()).then(|| u32::from(x - b'0') * 10 + u32::from(y - b'0'))
        };
        let punctuated = b.get(4) == Some(&b'-')
            && b.get(7) == Some(&b'-')
            && b.get(13) == Some(&b':')
            && b.get(16) == Some(&b':');
        if !punctuated || !matches!(b.get(10)?, b'T' | b't' | b' ') {
            return None;
        }
        let date = (i64::from(two(0)? * 100 + two(2)?), two(5)?, two(8)?);
        let time = (two(11)?, two(14)?, two(17)?);
        let (mut at, mut micros, mut scale) = (19, 0, 100_000);
        if b.get(at) == Some(&b'.') {
            at += 1;
            while let Some(digit) = b.get(at).filter(|d| d.is_ascii_digit()) {
                micros += u32::from(digit - b'0') * scale;
                scale /= 10;
                at += 1;
            }
        }
        let local = Timestamp::from_civil(date, time, micros)?;
        let offset = match b.get(at)? {
            b'Z' | b'z' if at + 1 == b.len() => 0,
            sign @ (b'+' | b'-') if at + 6 == b.len() && b[at + 3] == b':' => {
                let minutes = i64::from(two(at + 1)? * 60 + two(at + 4)?);
                if *sign == b'+' { minutes } else { -minutes }
            }
            _ => return None,
        };
        Some(local - Span::minutes(offset))
    }

    /// The civil date in UTC: year, month, day.
    pub fn date(self) -> (i64, u32, u32) {
        civil_from_days(self.0.div_euclid(86_400_000_000))
    }
}

/// Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = i64::from((153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1);
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// The civil date of a day number (the inverse of [`days_from_civil`], same source).
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// Days of a month, leap years included.
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trips_and_refuses_nonsense() {
        for text in ["2026-11-23T09:00:00.123Z", "1999-12-31T23:59:59.999Z", "2000-02-29T00:00:00.000Z"] {
            assert_eq!(Timestamp::parse_rfc3339(text).unwrap().to_string(), text);
        }
        let berlin = Timestamp::parse_rfc3339("2026-11-23T10:00:00+01:00").unwrap();
        assert_eq!(berlin.to_string(), "2026-11-23T09:00:00.000Z");
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "0000-00-00T00:00:00Z",
            "2026-11-23T09:00:00",
            "2026-11-23T25:00:00Z",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (-800_000..800_000).step_by(97) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }

    #[test]
    fn spans_read_and_speak() {
        assert_eq!(Span::parse("30m"), Some(Span::minutes(30)));
        assert_eq!(Span::parse("m"), None);
        assert_eq!(Span::parse("10"), None);
        assert_eq!(Span::minutes(200).in_words(), "3 h 20 min");
    }
}
