//! Reading time stamps as written, in every spelling that logs use; what they mean is `timing`'s business.

use crate::schema::{Timestamp, time::days_in_month};

/// A stamp as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// A moment without doubt: date, time and zone, or an epoch.
    Instant(Timestamp),
    /// A wall clock's reading without zone.
    Civil(Civil),
}

/// A wall clock's reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year, where the stamp has one.
    pub year: Option<i64>,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day, valid in this month (29 February where the year is not said).
    pub day: u32,
    /// Hour, minute, second; a leap second is 60.
    pub clock: (u32, u32, u32),
    /// Fraction.
    pub micros: u32,
}

impl Stamp {
    /// Whether it is a moment by itself.
    pub fn has_zone(&self) -> bool {
        matches!(self, Stamp::Instant(_))
    }
}

/// Reads a stamp that fills the text, as a field's value does; epochs in s, ms, us and ns count too.
pub fn read_whole(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Some(stamp) = epoch(text) {
        return Some(stamp);
    }
    let (stamp, used) = read(text)?;
    (used == text.len()).then_some(stamp)
}

/// Reads a stamp at the start of a text; gives it with its length. Epochs do not count here: a line may begin
/// with any number.
pub fn read(text: &str) -> Option<(Stamp, usize)> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let first = *cursor.bytes.first()?;
    let stamp = if first.is_ascii_digit() {
        match cursor.bytes.get(2)? {
            b'/' if cursor.bytes.get(3)?.is_ascii_alphabetic() => cursor.day_first()?,
            b'/' => cursor.slashed()?,
            b'-' | b' ' => cursor.day_first()?,
            _ if matches!(cursor.bytes.get(1), Some(b' ')) => cursor.day_first()?,
            _ => cursor.year_first()?,
        }
    } else if first.is_ascii_alphabetic() {
        cursor.named()?
    } else {
        return None;
    };
    // A digit or letter right behind means that this is part of something longer.
    match cursor.peek() {
        Some(next) if next.is_ascii_alphanumeric() => None,
        _ => Some((stamp, cursor.at)),
    }
}

/// Epochs by their size: at least 1e8 s (1973), so that small numbers are none.
fn epoch(text: &str) -> Option<Stamp> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !(9..=19).contains(&whole.len()) || !plain(whole) || !plain(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let (unit_micros, per_micro) = match number {
        100_000_000..100_000_000_000 => (1_000_000, 1),
        100_000_000_000..100_000_000_000_000 => (1_000, 1),
        100_000_000_000_000..100_000_000_000_000_000 => (1, 1),
        100_000_000_000_000_000.. => (1, 1_000),
        _ => return None,
    };
    let micros = number.checked_mul(unit_micros)? / per_micro;
    let mut scale = unit_micros;
    let mut rest = 0;
    for digit in fraction.bytes() {
        scale /= 10;
        rest += i64::from(digit - b'0') * scale;
    }
    Some(Stamp::Instant(Timestamp(micros.checked_add(rest)?)))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn eat_one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let next = self.peek().filter(|next| wanted.contains(next))?;
        self.at += 1;
        Some(next)
    }

    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            number = number * 10 + u32::from(self.peek().filter(u8::is_ascii_digit)? - b'0');
            self.at += 1;
        }
        Some(number)
    }

    /// One or two digits, padded by a blank or not.
    fn day(&mut self) -> Option<u32> {
        let _ = self.eat(b' ');
        let first = self.digits(1)?;
        Some(self.digits(1).map_or(first, |second| first * 10 + second))
    }

    /// `HH:MM:SS` (one digit of the hour will do) with a fraction of any length behind `.` or `,`.
    fn clock(&mut self) -> Option<((u32, u32, u32), u32)> {
        let hour = self.day()?;
        self.eat(b':')?;
        let minute = self.digits(2)?;
        self.eat(b':')?;
        let second = self.digits(2)?;
        let mut micros = 0;
        let fraction = self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit);
        if fraction && self.eat_one_of(b".,").is_some() {
            let mut scale = 100_000;
            while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
                micros += u32::from(digit - b'0') * scale;
                scale /= 10;
                self.at += 1;
            }
        }
        Some(((hour, minute, second), micros))
    }

    /// ` AM` or ` PM`.
    fn half_day(&mut self, clock: (u32, u32, u32)) -> (u32, u32, u32) {
        let hour = match self.bytes.get(self.at..self.at + 3) {
            Some([b' ', b'A' | b'a', b'M' | b'm']) if clock.0 <= 12 => clock.0 % 12,
            Some([b' ', b'P' | b'p', b'M' | b'm']) if clock.0 <= 12 => clock.0 % 12 + 12,
            _ => return clock,
        };
        self.at += 3;
        (hour, clock.1, clock.2)
    }

    /// `Z`, `+02:00`, `+0200`, `+02`, also behind a blank, or a zone's word behind a blank: seconds east.
    fn zone(&mut self) -> Option<i64> {
        if self.eat_one_of(b"Zz").is_some() {
            return Some(0);
        }
        let start = self.at;
        let blank = self.eat(b' ').is_some();
        let zone = self.offset(blank).or_else(|| if blank { self.zone_word() } else { None });
        if zone.is_none() {
            self.at = start;
        }
        zone
    }

    fn offset(&mut self, strict: bool) -> Option<i64> {
        let start = self.at;
        let read = |cursor: &mut Self| {
            let sign = if cursor.eat_one_of(b"+-")? == b'-' { -1 } else { 1 };
            let hours = cursor.digits(2)?;
            let colon = cursor.eat(b':').is_some();
            let minutes = if colon || strict { cursor.digits(2)? } else { cursor.digits(2).unwrap_or(0) };
            let ends = cursor.peek().is_none_or(|next| !next.is_ascii_alphanumeric());
            (ends && hours <= 18 && minutes < 60).then_some(sign * i64::from(hours * 3_600 + minutes * 60))
        };
        let offset = read(self);
        if offset.is_none() {
            self.at = start;
        }
        offset
    }

    /// The zone words that mean one offset everywhere.
    fn zone_word(&mut self) -> Option<i64> {
        const WORDS: [(&str, i64); 17] = [
            ("UTC", 0),
            ("GMT", 0),
            ("Z", 0),
            ("WET", 0),
            ("WEST", 1),
            ("CET", 1),
            ("CEST", 2),
            ("EET", 2),
            ("EEST", 3),
            ("MSK", 3),
            ("JST", 9),
            ("EST", -5),
            ("EDT", -4),
            ("CDT", -5),
            ("MDT", -6),
            ("PST", -8),
            ("PDT", -7),
        ];
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let word = std::str::from_utf8(rest.get(..length)?).ok()?;
        let (_, hours) = WORDS.iter().find(|(known, _)| *known == word)?;
        self.at += length;
        Some(hours * 3_600)
    }

    fn month(&mut self) -> Option<u32> {
        let name = self.bytes.get(self.at..self.at + 3)?;
        let lower =
            [name[0].to_ascii_lowercase(), name[1].to_ascii_lowercase(), name[2].to_ascii_lowercase()];
        let number = match &lower {
            b"jan" => 1,
            b"feb" => 2,
            b"mar" => 3,
            b"apr" => 4,
            b"may" => 5,
            b"jun" => 6,
            b"jul" => 7,
            b"aug" => 8,
            b"sep" => 9,
            b"oct" => 10,
            b"nov" => 11,
            b"dec" => 12,
            _ => return None,
        };
        self.at += 3;
        Some(number)
    }

    fn year(&mut self) -> Option<i64> {
        let year = i64::from(self.digits(4)?);
        (1_900..=9_999).contains(&year).then_some(year)
    }

    /// A blank and a year that nothing but a blank or punctuation follows; or nothing is read.
    fn trailing_year(&mut self) -> Option<i64> {
        let start = self.at;
        let year = self.eat(b' ').and_then(|()| self.year());
        match (year, self.peek()) {
            (Some(year), None | Some(b' ' | b':' | b']')) => Some(year),
            _ => {
                self.at = start;
                None
            }
        }
    }

    /// `YYYY-MM-DD` or `YYYY/MM/DD`, `T` or a blank, the clock, perhaps a zone.
    fn year_first(&mut self) -> Option<Stamp> {
        let year = self.year()?;
        let separator = self.eat_one_of(b"-/")?;
        let month = self.digits(2)?;
        self.eat(separator)?;
        let day = self.digits(2)?;
        self.eat_one_of(b"Tt :_")?;
        let (clock, micros) = self.clock()?;
        let zone = self.zone();
        stamp(Some(year), month, day, clock, micros, zone)
    }

    /// `DD/Mon/YYYY:HH:MM:SS +ZZZZ`, `DD Mon YYYY HH:MM:SS`, `DD-Mon-YYYY HH:MM:SS`.
    fn day_first(&mut self) -> Option<Stamp> {
        let day = self.day()?;
        self.eat_one_of(b"/- ")?;
        let month = self.month()?;
        self.eat_one_of(b"/- ")?;
        let year = self.year()?;
        self.eat_one_of(b": T")?;
        let (clock, micros) = self.clock()?;
        let zone = self.zone();
        stamp(Some(year), month, day, clock, micros, zone)
    }

    /// `MM/DD/YYYY HH:MM:SS`, or day first where the first number is no month.
    fn slashed(&mut self) -> Option<Stamp> {
        let first = self.digits(2)?;
        self.eat(b'/')?;
        let second = self.digits(2)?;
        self.eat(b'/')?;
        let year = self.year()?;
        self.eat_one_of(b": ")?;
        let (clock, micros) = self.clock()?;
        let clock = self.half_day(clock);
        let zone = self.zone();
        let (month, day) = if first > 12 { (second, first) } else { (first, second) };
        stamp(Some(year), month, day, clock, micros, zone)
    }

    /// Stamps that begin with a name: RFC 3164 (`Mon D HH:MM:SS`, a year before or behind the clock),
    /// ctime (`Www Mon D HH:MM:SS YYYY`, OpenVPN adds ` us=N`), RFC 5322 (`Www, D Mon YYYY HH:MM:SS +ZZZZ`).
    fn named(&mut self) -> Option<Stamp> {
        if self.month_ahead().is_none() {
            self.weekday()?;
            if self.eat(b',').is_some() {
                self.eat(b' ')?;
                return self.day_first();
            }
            self.eat(b' ')?;
        }
        let month = self.month()?;
        self.eat(b' ')?;
        let day = self.day()?;
        let _ = self.eat(b',');
        self.eat(b' ')?;
        let start = self.at;
        let mut year = self.year().filter(|_| self.eat(b' ').is_some());
        if year.is_none() {
            self.at = start;
        }
        let (clock, micros) = self.clock()?;
        let clock = self.half_day(clock);
        let mut zone = self.zone();
        year = year.or_else(|| self.trailing_year());
        if year.is_some() && zone.is_none() {
            zone = self.zone();
        }
        let micros = self.openvpn_micros().unwrap_or(micros);
        stamp(year, month, day, clock, micros, zone)
    }

    fn month_ahead(&mut self) -> Option<u32> {
        let start = self.at;
        let month = self.month().filter(|_| self.peek() == Some(b' '));
        self.at = start;
        month
    }

    fn weekday(&mut self) -> Option<()> {
        let name = self.bytes.get(self.at..self.at + 3)?;
        const NAMES: [&[u8]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];
        NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)).then(|| self.at += 3)
    }

    fn openvpn_micros(&mut self) -> Option<u32> {
        let rest = self.bytes.get(self.at..)?.strip_prefix(b" us=")?;
        let digits = rest.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        self.at += 4;
        self.digits(digits)
    }
}

fn stamp(
    year: Option<i64>,
    month: u32,
    day: u32,
    clock: (u32, u32, u32),
    micros: u32,
    zone: Option<i64>,
) -> Option<Stamp> {
    // 2000 was a leap year: without a year the 29th of February may be right.
    let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year.unwrap_or(2000), month);
    if !valid || clock.0 > 23 || clock.1 > 59 || clock.2 > 60 {
        return None;
    }
    match (year, zone) {
        (Some(year), Some(east)) => {
            let utc = Timestamp::from_civil((year, month, day), clock, micros)?;
            Some(Stamp::Instant(Timestamp(utc.0 - east * 1_000_000)))
        }
        _ => Some(Stamp::Civil(Civil { year, month, day, clock, micros })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match read(text) {
            None => "none".to_owned(),
            Some((Stamp::Instant(at), used)) => format!("{at} {used}"),
            Some((Stamp::Civil(c), used)) => {
                let year = c.year.map_or("----".to_owned(), |year| year.to_string());
                let (h, m, s) = c.clock;
                format!("{year}-{:02}-{:02} {h:02}:{m:02}:{s:02}.{:06} {used}", c.month, c.day, c.micros)
            }
        }
    }

    #[test]
    fn stamps_in_every_spelling() {
        for (text, expected) in [
            ("Feb  3 04:05:06 host", "-----02-03 04:05:06.000000 15"),
            ("Feb 3 04:05:06 host", "-----02-03 04:05:06.000000 14"),
            ("Feb 29 04:05:06.25 host", "-----02-29 04:05:06.250000 18"),
            ("Feb 03 2026 04:05:06: %ASA", "2026-02-03 04:05:06.000000 20"),
            ("Feb  3 04:05:06 2026 host", "2026-02-03 04:05:06.000000 20"),
            ("Tue Aug 12 08:26:30 2025 us=340080 1.2.3.4", "2025-08-12 08:26:30.340080 34"),
            ("Mon Nov 23 09:00:00.123456 2026] [core", "2026-11-23 09:00:00.123456 31"),
            ("Mon Nov 23 09:00:00 CET 2026", "2026-11-23T08:00:00.000Z 28"),
            ("Mon, 23 Nov 2026 09:00:00 +0100 x", "2026-11-23T08:00:00.000Z 31"),
            ("2026-11-23T09:00:00.1234567890Z", "2026-11-23T09:00:00.123Z 31"),
            ("2026-11-23T09:00:00+02:00 h", "2026-11-23T07:00:00.000Z 25"),
            ("2026-11-23 09:00:00,359-0230 h", "2026-11-23T11:30:00.359Z 28"),
            ("2026-11-23 09:00:00 +0100 h", "2026-11-23T08:00:00.000Z 25"),
            ("2026-11-23 09:00:00 CEST [1]", "2026-11-23T07:00:00.000Z 24"),
            ("2026-11-23 09:00:00 OpenVPN", "2026-11-23 09:00:00.000000 19"),
            ("2026/11/23 09:00:00 [error]", "2026-11-23 09:00:00.000000 19"),
            ("10/Oct/2026:13:55:36 +0200]", "2026-10-10T11:55:36.000Z 26"),
            ("11/23/2026:09:00:00 GMT", "2026-11-23T09:00:00.000Z 23"),
            ("23/11/2026 09:00:00", "2026-11-23 09:00:00.000000 19"),
            ("Apr 15, 2013 8:34:08 PM", "2013-04-15 20:34:08.000000 23"),
            ("Dec 31 23:59:60 h", "-----12-31 23:59:60.000000 15"),
            ("0000-00-00 00:00:00", "none"),
            ("2026-02-30 00:00:00", "none"),
            ("Feb 30 00:00:00", "none"),
            ("MMM 22 07:54:32 h", "none"),
            ("Marc 22 07:54:32 h", "none"),
            ("2026-11-23T25:00:00Z", "none"),
            ("2026-11-23T09:00:000", "none"),
            ("", "none"),
            ("M", "none"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn epochs_in_every_unit() {
        let at = |text| match read_whole(text) {
            Some(Stamp::Instant(at)) => at.to_string(),
            other => format!("{other:?}"),
        };
        for text in
            ["1795424400.123", "1795424400123", "1795424400123000", "1795424400123000000", "1795424400123.0"]
        {
            assert_eq!(at(text), "2026-11-23T09:00:00.123Z", "{text}");
        }
        for text in ["12", "99999999", "17954244001230000000", "1e9", "-1795424400"] {
            assert_eq!(read_whole(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,40}", tail in "[0-9A-Za-z:/ ,.+-]{0,40}") {
            for text in [&text, &tail, &format!("2026-{tail}"), &format!("Jan {tail}")] {
                if let Some((_, used)) = read(text) {
                    proptest::prop_assert!(text.get(..used).is_some());
                }
                let _ = read_whole(text);
            }
        }
    }
}
