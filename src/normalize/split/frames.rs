//! Syslog frames on one line: by their octet counts where these fit, else where a header follows that can be
//! nothing else.

use super::document::Place;
use super::{Record, Role, piece, to_the_end};
use crate::normalize::stamp::{self, Stamp};
use crate::schema::{RawLine, Span, Timestamp};
use std::slice;

/// Frames of one connection that were glued were sent one upon the other: so far their stamps may lie apart.
const APART_MAX: Span = Span::minutes(10);
/// The longest octet count (RFC 6587, section 3.4.1, sets no limit; a frame is a line here).
const COUNT_DIGITS_MAX: usize = 6;

/// Gives the frames of a line that begins with one.
pub(super) fn split(line: RawLine, out: &mut Vec<Record>) {
    if let Some(starts) = by_count(&line.bytes) {
        return cut(&line, &starts, out);
    }
    let starts = by_header(&line.bytes);
    if starts.is_empty() {
        return out.push(Record::of(line));
    }
    out.push(Record { role: Role::Glued(starts.into()), ..Record::of(line) });
}

/// The frames of a line of which further ones begin at these places. Their counts are left out.
pub(in crate::normalize) fn cut(line: &RawLine, starts: &[usize], out: &mut Vec<Record>) {
    let ends = starts.iter().copied().chain([line.bytes.len()]);
    let mut from = 0;
    for (nth, to) in ends.enumerate() {
        let skip = count(line.bytes.get(from..).unwrap_or_default()).map_or(0, |(_, skip)| skip);
        let (start, end) = (Place { line: 0, at: from + skip, nth }, Place { line: 0, at: to, nth: nth + 1 });
        let mut frame = piece(slice::from_ref(line), (start, end));
        if let Some(frame) = frame.as_mut().filter(|_| to == line.bytes.len()) {
            to_the_end(frame, line);
        }
        out.extend(frame);
        from = to;
    }
}

/// An octet count: the count, and how many bytes it takes with its blank.
fn count(text: &[u8]) -> Option<(usize, usize)> {
    let digits = text.iter().take(COUNT_DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()?;
    let counts = (1..=COUNT_DIGITS_MAX).contains(&digits)
        && text.get(digits) == Some(&b' ')
        && text.get(digits + 1) == Some(&b'<');
    counts.then_some((number, digits + 1))
}

/// Where further frames begin, when the counts of all fill the line exactly.
fn by_count(text: &[u8]) -> Option<Vec<usize>> {
    let (mut starts, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let (length, skip) = count(text.get(at..)?)?;
        priority(text.get(at + skip..)?)?;
        at += skip + length;
        starts.push(at);
    }
    // The last one may have counted its line feed.
    let fits = at == text.len() || at == text.len() + 1;
    starts.pop();
    (fits && !starts.is_empty()).then_some(starts)
}

/// How a header is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Rfc5424,
    Bsd,
    Iso,
}

/// What a whole header says.
struct Head<'t> {
    style: Style,
    stamp: Stamp,
    host: &'t str,
}

/// Where further frames begin, each with its octet count where the first has one.
fn by_header(text: &[u8]) -> Vec<usize> {
    let counted = count(text).map(|(_, skip)| skip);
    let start = counted.unwrap_or(0);
    let Some(mut previous) = text.get(start..).and_then(head) else { return Vec::new() };
    let last_quote = memchr::memrchr(b'"', text);
    let (mut starts, mut open, mut from) = (Vec::new(), false, start);
    for at in memchr::memchr_iter(b'<', text).filter(|at| *at > start) {
        let between = text.get(from..at).unwrap_or_default();
        open ^= memchr::memchr_iter(b'"', between).count() % 2 == 1;
        from = at;
        // A quote that is open here and closes later holds this text; one that never closes is a character.
        if open && last_quote.is_some_and(|quote| quote > at) {
            continue;
        }
        let begins = if counted.is_some() { count_before(text, at) } else { Some(at) };
        let (Some(begins), Some(next)) = (begins, text.get(at..).and_then(head)) else { continue };
        if next.style == previous.style && next.host == previous.host && near(&previous, &next) {
            starts.push(begins);
            (previous, open) = (next, false);
        }
    }
    starts
}

/// Where the count begins that stands before a frame.
fn count_before(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(..at)?.strip_suffix(b" ")?;
    let digits = before.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    (1..=COUNT_DIGITS_MAX).contains(&digits).then(|| before.len() - digits)
}

/// `<N>` with N up to 191 (RFC 5424, section 6.2.1): what follows it.
fn priority(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"<")?;
    let digits = rest.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let number: u32 = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
    if number > 191 || (digits > 1 && rest.first() == Some(&b'0')) {
        return None;
    }
    rest.get(digits..)?.strip_prefix(b">")
}

/// A whole header: priority, stamp, host, and what must follow in its style.
fn head(text: &[u8]) -> Option<Head<'_>> {
    let rest = priority(text)?;
    // A header is short; a stamp or host that is not complete within this is none.
    let rest = rest.get(..rest.len().min(512))?;
    let rest = match std::str::from_utf8(rest) {
        Ok(rest) => rest,
        Err(error) => std::str::from_utf8(rest.get(..error.valid_up_to())?).ok()?,
    };
    if let Some(rest) = rest.strip_prefix("1 ") {
        let mut fields = rest.splitn(7, ' ');
        let (stamp, used) = stamp::read(fields.next().filter(|stamp| stamp.contains('T'))?)?;
        let whole = rest.split(' ').next().is_some_and(|stamp| stamp.len() == used);
        let host = fields.next()?;
        let (app, process, id) = (fields.next()?, fields.next()?, fields.next()?);
        let data = fields.next()?;
        let plain = [host, app, process, id].iter().all(|field| !field.is_empty());
        return (whole && plain && (data == "-" || data.starts_with('['))).then_some(Head {
            style: Style::Rfc5424,
            stamp,
            host,
        });
    }
    let (stamp, used) = stamp::read(rest)?;
    let style = match rest.as_bytes().first()? {
        b'A'..=b'Z' => Style::Bsd,
        b'0'..=b'9' if rest.as_bytes().get(10) == Some(&b'T') => Style::Iso,
        _ => return None,
    };
    let (host, behind) = rest.get(used..)?.strip_prefix(' ')?.split_once(' ')?;
    let tag = behind.split(' ').next().unwrap_or("");
    (!host.is_empty() && !tag.is_empty()).then_some(Head { style, stamp, host })
}

/// Whether two stamps of one style lie close together.
fn near(a: &Head<'_>, b: &Head<'_>) -> bool {
    let moment = |head: &Head<'_>| match head.stamp {
        Stamp::Instant(at) => Some(at),
        Stamp::Civil(civil) => {
            // Without a year any leap year does: only the distance counts.
            let date = (civil.year.unwrap_or(2000), civil.month, civil.day);
            Timestamp::from_civil(date, civil.clock, civil.micros)
        }
    };
    match (moment(a), moment(b)) {
        (Some(a), Some(b)) => (b - a).0.abs() <= APART_MAX.0,
        _ => false,
    }
}
