//! Reading time stamps as written, in every spelling that logs use; what they mean is `timing`'s business.
//!
//! Where day and month are both numbers and the year stands behind them, the separator tells the order: dashes and
//! dots put the day first (`23-11-2026`, `23.11.2026`), slashes the month (`11/23/2026`); a first number that can be
//! no month, or with dashes a second one that can be none, turns it round. Years of two digits are read only where
//! the whole date is written in one run (`261123  9:00:00`).

mod cursor;
mod months;
mod whole;

use crate::schema::{Timestamp, time::days_in_month};
use cursor::Cursor;
pub use whole::read_whole;

/// A stamp as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// A moment without doubt: date, time and zone, or an epoch.
    Instant(Timestamp),
    /// A wall clock's reading without year or zone.
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
    /// Seconds east of UTC, where the stamp has a zone but no year.
    pub east: Option<i64>,
}

impl Stamp {
    /// Whether it says its zone.
    pub fn has_zone(&self) -> bool {
        match self {
            Stamp::Instant(_) => true,
            Stamp::Civil(civil) => civil.east.is_some(),
        }
    }
}

/// Reads a stamp at the start of a text; gives it with its length. Epochs do not count here: a line may begin
/// with any number.
pub fn read(text: &str) -> Option<(Stamp, usize)> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let first = *cursor.bytes.first()?;
    let stamp = if first.is_ascii_digit() {
        cursor.numbered()?
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

impl Cursor<'_> {
    /// Stamps that begin with a number, by how many digits it has.
    fn numbered(&mut self) -> Option<Stamp> {
        let digits = self.bytes.iter().take(9).take_while(|b| b.is_ascii_digit()).count();
        let next = *self.bytes.get(digits)?;
        let letter = self.bytes.get(digits + 1).is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80);
        match (digits, next) {
            (1 | 2, b'/') if !letter => self.slashed(),
            (1 | 2, b'/' | b'-' | b' ' | b'.') => self.day_first(),
            (4, b'-' | b'/' | b':' | b' ' | b'.') => self.year_first(),
            (6, b' ') => self.in_one_run(2, b" "),
            (8, b' ' | b'-' | b'T') => self.in_one_run(4, b" -T"),
            _ => None,
        }
    }

    /// `YYYY-MM-DD`, `YYYY/MM/DD`, `YYYY:MM:DD`, `YYYY.MM.DD` or `YYYY Mon DD`; a `T`, a blank, `:`, `_` or `-`; the
    /// clock, perhaps a zone.
    fn year_first(&mut self) -> Option<Stamp> {
        let year = self.year()?;
        let separator = self.eat_one_of(b"-/:. ")?;
        let by_name = self.peek()?.is_ascii_alphabetic();
        if separator == b' ' && !by_name {
            return None;
        }
        let month = if by_name { self.month()? } else { self.one_or_two()? };
        self.eat(separator)?;
        let day = self.day()?;
        let between = self.eat_one_of(b"Tt :_-")?;
        let (clock, micros) = if between == b'T' { self.clock_or_minutes()? } else { self.clock()? };
        self.ends(Some(year), (month, day), clock, micros)
    }

    /// `DD/Mon/YYYY:HH:MM:SS +ZZZZ`, `DD Mon YYYY HH:MM:SS`, `DD-Mon-YYYY HH:MM:SS`, `DD-MM-YYYY HH:MM:SS`,
    /// `DD.MM.YYYY HH:MM:SS`.
    fn day_first(&mut self) -> Option<Stamp> {
        let mut day = self.one_or_two()?;
        let separator = self.eat_one_of(b"/- .")?;
        let in_numbers = self.peek()?.is_ascii_digit();
        if in_numbers && !matches!(separator, b'-' | b'.') {
            return None;
        }
        let mut month = if in_numbers { self.one_or_two()? } else { self.month()? };
        if in_numbers {
            self.eat(separator)?;
            if separator == b'-' && month > 12 {
                (day, month) = (month, day);
            }
        } else {
            self.eat_one_of(b"/- ")?;
        }
        let year = self.year()?;
        let _ = self.eat(b',');
        self.eat_one_of(b": T")?;
        let (clock, micros) = self.clock()?;
        self.ends(Some(year), (month, day), clock, micros)
    }

    /// `MM/DD/YYYY HH:MM:SS`, or day first where the first number is no month.
    fn slashed(&mut self) -> Option<Stamp> {
        let first = self.one_or_two()?;
        self.eat(b'/')?;
        let second = self.one_or_two()?;
        self.eat(b'/')?;
        let year = self.year()?;
        let _ = self.eat(b',');
        self.eat_one_of(b": ")?;
        let (clock, micros) = self.clock()?;
        let (month, day) = if first > 12 { (second, first) } else { (first, second) };
        self.ends(Some(year), (month, day), clock, micros)
    }

    /// `YYMMDD  H:MM:SS` (MySQL up to 5.6), `YYYYMMDD HH:MM:SS` (MariaDB's audit), `YYYYMMDD-HH:MM:SS` (xrdp),
    /// `YYYYMMDDTHHMMSSZ` (ISO 8601 basic).
    fn in_one_run(&mut self, year_digits: usize, separators: &[u8]) -> Option<Stamp> {
        let year = i64::from(self.digits(year_digits)?);
        // The same turn as in POSIX strptime's %y.
        let year = match year_digits {
            2 if year < 69 => 2_000 + year,
            2 => 1_900 + year,
            _ => year,
        };
        let (month, day) = (self.digits(2)?, self.digits(2)?);
        let between = self.eat_one_of(separators)?;
        let (clock, micros) = if between == b'T' { self.run_of_clock()? } else { self.clock()? };
        self.ends(Some(year).filter(|year| (1_900..=9_999).contains(year)), (month, day), clock, micros)
    }

    /// Stamps that begin with a name: RFC 3164 (`Mon D HH:MM:SS`, a year before or behind the clock), also with the
    /// month in full or between slashes (`Mon/DD/YYYY`), behind a zone's word (Monit), ctime
    /// (`Www Mon D HH:MM:SS YYYY`, OpenVPN adds ` us=N`), RFC 5322 (`Www, D Mon YYYY HH:MM:SS +ZZZZ`).
    fn named(&mut self) -> Option<Stamp> {
        let mut ahead = None;
        if !self.is_month_ahead() {
            if self.weekday().is_some() {
                let _ = self.eat(b',');
                self.eat(b' ')?;
                if self.peek()?.is_ascii_digit() {
                    return self.day_first();
                }
            } else {
                ahead = Some(self.zone_word()?);
                self.eat(b' ')?;
            }
        }
        let month = self.month()?;
        let separator = self.eat_one_of(b" /-")?;
        let day = self.day()?;
        if separator != b' ' {
            let year = self.eat(separator).and_then(|()| self.year());
            self.eat(b' ')?;
            let (clock, micros) = self.clock()?;
            return self.ends(year, (month, day), clock, micros);
        }
        let _ = self.eat(b',');
        self.eat(b' ')?;
        let mut year = self.leading_year();
        let (clock, micros) = self.clock()?;
        let clock = if year.is_some() { self.half_day(clock) } else { clock };
        let mut zone = ahead.or_else(|| self.zone());
        if year.is_none() {
            year = self.trailing_year();
        }
        if year.is_some() && zone.is_none() {
            zone = self.zone();
        }
        let micros = self.openvpn_micros().unwrap_or(micros);
        stamp(year, (month, day), clock, micros, zone)
    }

    /// What follows the clock of a date with year, or of one whose year nobody writes behind: `AM`, a zone.
    fn ends(
        &mut self,
        year: Option<i64>,
        date: (u32, u32),
        clock: (u32, u32, u32),
        micros: u32,
    ) -> Option<Stamp> {
        let clock = if year.is_some() { self.half_day(clock) } else { clock };
        let zone = self.zone();
        stamp(year, date, clock, micros, zone)
    }
}

fn stamp(
    year: Option<i64>,
    (month, day): (u32, u32),
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
        (year, east) => Some(Stamp::Civil(Civil { year, month, day, clock, micros, east })),
    }
}

#[cfg(test)]
mod tests;
