//! The parts of a moment that a rule may ask for: `hour`, `week` ... (Sigma's time modifiers).
//!
//! A value is taken as it is written: the specification says that these modifiers convert no zones. A value with a
//! zone of its own keeps it, so `08:30+02:00` is eight o'clock.

use jiff::civil::Date;

/// A part of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Sigma's words")]
pub enum Part {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

const NAMES: [(&str, Part); 6] = [
    ("minute", Part::Minute),
    ("hour", Part::Hour),
    ("day", Part::Day),
    ("week", Part::Week),
    ("month", Part::Month),
    ("year", Part::Year),
];
/// Numbers below are seconds since 1970, then milliseconds, then microseconds: the year 5138 in seconds.
const SECONDS_BELOW: i64 = 100_000_000_000;

impl Part {
    /// The part of a name.
    pub fn named(name: &str) -> Option<Part> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, part)| *part)
    }

    /// This part of a value that is a moment: `2026-03-02T08:30:00Z` and its kin, or a number since 1970 in UTC.
    pub fn of(self, text: &str) -> Option<f64> {
        let text = text.trim();
        let (date, hour, minute) = match text.parse::<i64>() {
            Ok(number) if text.len() > 8 => since_1970(number)?,
            _ => written(text)?,
        };
        let number = match self {
            Part::Minute => minute?,
            Part::Hour => hour?,
            Part::Day => i64::from(date.day()),
            Part::Week => i64::from(date.iso_week_date().week()),
            Part::Month => i64::from(date.month()),
            Part::Year => i64::from(date.year()),
        };
        Some(number as f64)
    }
}

type Fields = (Date, Option<i64>, Option<i64>);

fn since_1970(number: i64) -> Option<Fields> {
    let seconds = match number.unsigned_abs() {
        size if size < SECONDS_BELOW.unsigned_abs() => number,
        size if size < SECONDS_BELOW.unsigned_abs() * 1_000 => number.div_euclid(1_000),
        size if size < SECONDS_BELOW.unsigned_abs() * 1_000_000 => number.div_euclid(1_000_000),
        _ => return None,
    };
    let at = jiff::Timestamp::from_second(seconds).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    Some((at.date(), Some(i64::from(at.hour())), Some(i64::from(at.minute()))))
}

/// `YYYY-MM-DD`, `YYYY/MM/DD`, with `HH:MM` behind a `T` or a space or without, and perhaps seconds and a zone.
fn written(text: &str) -> Option<Fields> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is = |at: usize, among: &[u8]| text.as_bytes().get(at).is_some_and(|b| among.contains(b));
    if !(is(4, b"-/") && is(7, b"-/")) {
        return None;
    }
    let part = |from, to| number(from, to).and_then(|n| i8::try_from(n).ok());
    let date = Date::new(i16::try_from(number(0, 4)?).ok()?, part(5, 7)?, part(8, 10)?).ok()?;
    if text.len() == 10 {
        return Some((date, None, None));
    }
    if !(is(10, b"Tt ") && is(13, b":")) {
        return None;
    }
    let (hour, minute) = (number(11, 13)?, number(14, 16)?);
    let plain = ends_a_time(text.get(16..)?);
    (hour < 24 && minute < 60 && plain).then_some((date, Some(hour), Some(minute)))
}

/// Whether a text is what may follow the minutes: seconds, their fraction, a zone.
fn ends_a_time(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text;
    if let Some(seconds) = rest.strip_prefix(':') {
        let Some(behind) = seconds.get(2..).filter(|_| digits(seconds) >= 2) else { return false };
        rest = behind;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            rest = fraction.get(digits(fraction)..).unwrap_or_default();
        }
    }
    let rest = rest.trim_start();
    match rest.strip_prefix(['+', '-']) {
        Some(zone) => [2, 4].contains(&digits(&zone.replace(':', ""))) && zone.len() <= 5,
        None => ["", "Z", "z", "UTC", "GMT"].contains(&rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_that_are_written() {
        let of = |text: &str| NAMES.map(|(_, part)| part.of(text).map(|n| n as i64));
        let all = |n: [i64; 6]| n.map(Some);
        assert_eq!(of("2026-03-02T08:30:59.123Z"), all([30, 8, 2, 10, 3, 2026]));
        assert_eq!(of("2026-03-02 08:30:59+02:00"), all([30, 8, 2, 10, 3, 2026]));
        assert_eq!(of("1772440200"), all([30, 8, 2, 10, 3, 2026]));
        assert_eq!(of("1772440200000"), all([30, 8, 2, 10, 3, 2026]));
        assert_eq!(of("1772440200000000"), all([30, 8, 2, 10, 3, 2026]));
        assert_eq!(of("2026/03/02"), [None, None, Some(2), Some(10), Some(3), Some(2026)]);
        assert_eq!(of("2027-01-01T00:00:00Z")[3], Some(53), "ISO 8601: this day is of the week before");
        for wrong in [
            "2026-03-02T08:30:59Zx",
            "2026-03-02T08:30-:59Z",
            "2026-03-02T08:30:5Z",
            "2026-03-02T08:30 PM",
            "",
            "-",
            "20260302",
            "2026-13-02",
            "2026-03-02T25:00",
            "é026-03-02",
            "Mar 2 08:30:00",
        ] {
            assert_eq!(of(wrong), [None; 6], "{wrong}");
        }
    }
}
