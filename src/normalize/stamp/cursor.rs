//! The parts that stamps are made of, read from left to right.

use super::months;

/// A place in a text.
pub(super) struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

/// The zone words that mean one offset everywhere, in minutes east. CST, IST, BST and their like mean several.
const ZONES: [(&str, i64); 34] = [
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("MEZ", 60),
    ("MESZ", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("SAST", 120),
    ("PKT", 300),
    ("WIB", 420),
    ("HKT", 480),
    ("SGT", 480),
    ("AWST", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("ACDT", 630),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("BRT", -180),
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("HST", -600),
];

/// Longest of them.
const ZONE_BYTES_MAX: usize = 4;

impl Cursor<'_> {
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub fn eat(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    pub fn eat_one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let next = self.peek().filter(|next| wanted.contains(next))?;
        self.at += 1;
        Some(next)
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    /// Exactly `count` digits.
    pub fn digits(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            number = number * 10 + u32::from(self.peek().filter(u8::is_ascii_digit)? - b'0');
            self.at += 1;
        }
        Some(number)
    }

    pub fn one_or_two(&mut self) -> Option<u32> {
        let first = self.digits(1)?;
        Some(self.digits(1).map_or(first, |second| first * 10 + second))
    }

    /// One or two digits, padded by a blank or not.
    pub fn day(&mut self) -> Option<u32> {
        let _ = self.eat(b' ');
        self.one_or_two()
    }

    /// `HH:MM:SS` (one digit of the hour will do) with a fraction of any length behind `.` or `,`. Old FortiOS
    /// writes a blank behind the hour's colon.
    pub fn clock(&mut self) -> Option<((u32, u32, u32), u32)> {
        let (hour, minute) = self.hour_and_minute()?;
        self.eat(b':')?;
        let second = self.digits(2)?;
        Some(((hour, minute, second), self.fraction()))
    }

    /// The same; ISO 8601 lets the seconds be left out.
    pub fn clock_or_minutes(&mut self) -> Option<((u32, u32, u32), u32)> {
        let start = self.at;
        let whole = self.clock();
        if whole.is_some() {
            return whole;
        }
        self.at = start;
        let (hour, minute) = self.hour_and_minute()?;
        matches!(self.peek(), Some(b'Z' | b'+' | b'-')).then_some(((hour, minute, 0), 0))
    }

    fn hour_and_minute(&mut self) -> Option<(u32, u32)> {
        let hour = self.day()?;
        self.eat(b':')?;
        let _ = self.eat(b' ');
        Some((hour, self.digits(2)?))
    }

    /// `HHMMSS` with a fraction.
    pub fn run_of_clock(&mut self) -> Option<((u32, u32, u32), u32)> {
        let clock = (self.digits(2)?, self.digits(2)?, self.digits(2)?);
        Some((clock, self.fraction()))
    }

    fn fraction(&mut self) -> u32 {
        let mut micros = 0;
        let follows = self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit);
        if follows && self.eat_one_of(b".,").is_some() {
            let mut scale = 100_000;
            while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
                micros += u32::from(digit - b'0') * scale;
                scale /= 10;
                self.at += 1;
            }
        }
        micros
    }

    /// ` AM` or ` PM` as a word of its own; newer Java puts a narrow no-break space before it.
    pub fn half_day(&mut self, clock: (u32, u32, u32)) -> (u32, u32, u32) {
        let rest = self.rest();
        let word =
            rest.strip_prefix(b" ").or_else(|| rest.strip_prefix("\u{202f}".as_bytes())).unwrap_or(rest);
        let hour = match word {
            [b'A' | b'a', b'M' | b'm', ..] => clock.0 % 12,
            [b'P' | b'p', b'M' | b'm', ..] => clock.0 % 12 + 12,
            _ => return clock,
        };
        let ends =
            word.get(2).is_none_or(|next| matches!(next, b' ' | b'\t' | b',' | b';' | b']' | b')' | b'"'));
        if !ends || !(1..=12).contains(&clock.0) {
            return clock;
        }
        self.at += rest.len() - word.len() + 2;
        (hour, clock.1, clock.2)
    }

    /// `Z`, `+02:00`, `+0200`, `+02`, also behind a blank, or a zone's word behind a blank: seconds east.
    pub fn zone(&mut self) -> Option<i64> {
        if self.eat_one_of(b"Zz").is_some() {
            return Some(0);
        }
        let start = self.at;
        let blank = self.eat(b' ').is_some();
        let zone = self.offset(blank).or_else(|| if blank { self.zone_word() } else { None });
        match zone {
            None => self.at = start,
            // Go writes the word behind the offset.
            Some(0) if self.rest().starts_with(b" UTC") => self.at += " UTC".len(),
            Some(_) => {}
        }
        zone
    }

    /// Behind a blank hours alone count only where nothing else follows: `-02` may be the message.
    fn offset(&mut self, behind_blank: bool) -> Option<i64> {
        let start = self.at;
        let read = |cursor: &mut Self| {
            let sign = if cursor.eat_one_of(b"+-")? == b'-' { -1 } else { 1 };
            let hours = cursor.digits(2)?;
            let colon = cursor.eat(b':').is_some();
            let minutes = cursor.digits(2);
            let ends = match cursor.peek() {
                Some(next) if minutes.is_none() && behind_blank => matches!(next, b']' | b')' | b'"'),
                Some(next) => !next.is_ascii_alphanumeric(),
                None => true,
            };
            let minutes = if colon { minutes? } else { minutes.unwrap_or(0) };
            (ends && hours <= 18 && minutes < 60).then_some(sign * i64::from(hours * 3_600 + minutes * 60))
        };
        let offset = read(self);
        if offset.is_none() {
            self.at = start;
        }
        offset
    }

    /// A zone's word, `GMT+2` and `UTC-03:30` too.
    pub fn zone_word(&mut self) -> Option<i64> {
        let rest = self.rest();
        let length = rest.iter().take(5).take_while(|b| b.is_ascii_alphanumeric()).count();
        let word = rest.get(..length)?;
        // Words of text stand here too: most of them are told here.
        if !matches!(word, [b'A'..=b'Z', ..]) || length > ZONE_BYTES_MAX {
            return None;
        }
        let (_, minutes) = ZONES.iter().find(|(known, _)| known.as_bytes() == word)?;
        self.at += length;
        let is_base = *minutes == 0 && length == 3;
        Some(minutes * 60 + if is_base { self.beside_base().unwrap_or(0) } else { 0 })
    }

    /// `+2`, `+02`, `+0200` or `+02:00` behind UTC or GMT.
    fn beside_base(&mut self) -> Option<i64> {
        let start = self.at;
        let offset = self.offset(false).or_else(|| {
            let sign = if self.eat_one_of(b"+-")? == b'-' { -1 } else { 1 };
            let hours = self.digits(1)?;
            let ends = self.peek().is_none_or(|next| !next.is_ascii_alphanumeric());
            ends.then_some(sign * i64::from(hours) * 3_600)
        });
        if offset.is_none() {
            self.at = start;
        }
        offset
    }

    /// A month's name in one of the languages that loggers write, perhaps with a dot behind.
    pub fn month(&mut self) -> Option<u32> {
        let (month, length) = months::read(self.rest())?;
        self.at += length;
        Some(month)
    }

    pub fn is_month_ahead(&self) -> bool {
        let rest = self.rest();
        months::read(rest).is_some_and(|(_, length)| matches!(rest.get(length), Some(b' ' | b'/' | b'-')))
    }

    pub fn year(&mut self) -> Option<i64> {
        let year = i64::from(self.digits(4)?);
        (1_900..=9_999).contains(&year).then_some(year)
    }

    /// A year in front of the clock: `2026 `, `2026, `, `2026 at `; or nothing is read.
    pub fn leading_year(&mut self) -> Option<i64> {
        let start = self.at;
        let year = self.year();
        let comma = self.eat(b',').is_some();
        if let (Some(year), Some(())) = (year, self.eat(b' ')) {
            if !comma && self.rest().starts_with(b"at ") {
                self.at += "at ".len();
            }
            return Some(year);
        }
        self.at = start;
        None
    }

    /// A blank, perhaps a zone's word that means several, and a year that nothing but a blank or punctuation
    /// follows; or nothing is read.
    pub fn trailing_year(&mut self) -> Option<i64> {
        let start = self.at;
        let mut read = || {
            self.eat(b' ')?;
            let word = self.rest().iter().take(5).take_while(|b| b.is_ascii_uppercase()).count();
            if (3..=4).contains(&word) {
                self.at += word;
                self.eat(b' ')?;
            }
            self.year()
        };
        let year = read();
        // An address of IPv6 may begin as a year does.
        let ends = match self.peek() {
            Some(b':') => !matches!(self.bytes.get(self.at + 1), Some(b':' | b'0'..=b'9' | b'a'..=b'f')),
            next => next.is_none_or(|next| matches!(next, b' ' | b']' | b',' | b')' | b'"')),
        };
        match year {
            Some(year) if ends => Some(year),
            _ => {
                self.at = start;
                None
            }
        }
    }

    /// `Mon` or `Monday`.
    pub fn weekday(&mut self) -> Option<()> {
        const NAMES: [&str; 7] =
            ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
        let rest = self.rest();
        let length = rest.iter().take(10).take_while(|b| b.is_ascii_alphabetic()).count();
        let word = rest.get(..length)?;
        let is = |name: &&str| {
            (length == 3 || length == name.len())
                && name.as_bytes().get(..length).is_some_and(|known| known.eq_ignore_ascii_case(word))
        };
        NAMES.iter().any(is).then(|| self.at += length)
    }

    pub fn openvpn_micros(&mut self) -> Option<u32> {
        let rest = self.rest().strip_prefix(b" us=")?;
        let digits = rest.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        self.at += 4;
        self.digits(digits)
    }
}
