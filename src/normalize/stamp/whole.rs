//! Stamps that fill a field: those of lines, epochs, and spellings that only fields have.

use super::{Cursor, Stamp, read, stamp};
use crate::schema::Timestamp;

/// Reads a stamp that fills the text, as a field's value does; epochs in s, ms, us and ns count too, as a number, a
/// float or a string.
pub fn read_whole(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Some(stamp) = run(text).or_else(|| epoch(text)).or_else(|| of_dotnet(text)) {
        return Some(stamp);
    }
    let (stamp, used) = read(text)?;
    is_remark(text.get(used..)?).then_some(stamp)
}

/// What may follow a stamp and says nothing more: a zone's word that means several, a zone in words or its IANA name.
fn is_remark(rest: &str) -> bool {
    let inside = |open, close| rest.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let words = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'/' | b'_'));
    let word = rest.strip_prefix(' ').filter(|word| (2..=5).contains(&word.len()));
    rest.is_empty()
        || inside(" (", ")").or_else(|| inside("[", "]")).is_some_and(words)
        || word.is_some_and(|word| word.bytes().all(|b| b.is_ascii_uppercase()))
}

/// `YYYYMMDDHHMMSS` with fraction and zone (LDAP's generalized time, RFC 4517 section 3.3.13). As an epoch these
/// numbers would lie six centuries ahead.
fn run(text: &str) -> Option<Stamp> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits != 14 || !text.starts_with("19") && !text.starts_with("20") {
        return None;
    }
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let year = cursor.year()?;
    let date = (cursor.digits(2)?, cursor.digits(2)?);
    let (clock, micros) = cursor.run_of_clock()?;
    let zone = cursor.zone();
    (cursor.at == text.len()).then(|| stamp(Some(year), date, clock, micros, zone)).flatten()
}

/// `/Date(1795424400123)/`, as older .NET services write JSON.
fn of_dotnet(text: &str) -> Option<Stamp> {
    let number = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    epoch(number.split_once(['+', '-']).map_or(number, |(number, _)| number))
}

/// Windows' file time at 1970-01-01, in 100 ns since 1601-01-01.
const FILETIME_1970: i64 = 116_444_736_000_000_000;

/// Epochs by their size: at least 1e8 s (1973), so that small numbers are none. What as nanoseconds would lie before
/// May 1976 is Windows' file time.
fn epoch(text: &str) -> Option<Stamp> {
    if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        return epoch(&without_exponent(mantissa, exponent)?);
    }
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !(9..=19).contains(&whole.len()) || !plain(whole) || !plain(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let (number, unit_micros, per_micro) = match number {
        100_000_000..100_000_000_000 => (number, 1_000_000, 1),
        100_000_000_000..100_000_000_000_000 => (number, 1_000, 1),
        100_000_000_000_000..100_000_000_000_000_000 => (number, 1, 1),
        FILETIME_1970..200_000_000_000_000_000 => (number - FILETIME_1970, 1, 10),
        200_000_000_000_000_000.. => (number, 1, 1_000),
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

/// `1.795424400123E9` with its point moved, as floats are written that are large (Java's Double.toString).
fn without_exponent(mantissa: &str, exponent: &str) -> Option<String> {
    let (whole, fraction) = mantissa.split_once('.')?;
    let exponent: usize = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok().filter(|e| *e <= 18)?;
    if whole.len() != 1 || fraction.len() > 40 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (head, tail) = fraction.split_at_checked(exponent).unwrap_or((fraction, ""));
    Some(format!("{whole}{head:0<exponent$}.{tail}"))
}
