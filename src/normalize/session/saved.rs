//! Sessions as bytes, for the store: a page holds those of 16 ids in a row, so that a batch writes few rows.
//!
//! A page is the shape's number, then for each session: id, length and text of its source, the session's own numbers,
//! and the facts that are known, after a mask that says which. All numbers are little-endian.

use super::facts::Facts;
use super::{Family, Session};

/// First byte of a page; counts up when its shape changes.
const SHAPE: u8 = 2;
/// Ids of one page.
const PAGE_IDS: u64 = 16;

/// The page of an id.
pub(super) fn page_of(id: u64) -> u64 {
    id / PAGE_IDS
}

/// The ids of a page.
pub(super) fn ids_of(page: u64) -> std::ops::RangeInclusive<u64> {
    let first = page.saturating_mul(PAGE_IDS);
    first..=first.saturating_add(PAGE_IDS - 1)
}

/// Writes a page.
pub(super) fn save<'s>(sessions: impl Iterator<Item = (u64, &'s str, &'s Session)>) -> Vec<u8> {
    let mut out = vec![SHAPE];
    for (id, source, session) in sessions {
        let Ok(length) = u16::try_from(source.len()) else { continue };
        out.extend(id.to_le_bytes());
        out.extend(length.to_le_bytes());
        out.extend(source.as_bytes());
        out.push(u8::from(session.family == Family::Tunnel) | (u8::from(session.ended_at.is_some()) << 1));
        let times = [session.opened_at, session.told_at, session.ended_at.unwrap_or(0)];
        times.iter().for_each(|time| out.extend(time.to_le_bytes()));
        [session.line, session.forms, session.used].iter().for_each(|n| out.extend(n.to_le_bytes()));
        let known = session.facts.numbers();
        let mask = known.iter().enumerate().fold(0u16, |mask, (at, n)| mask | (u16::from(n.is_some()) << at));
        out.extend(mask.to_le_bytes());
        known.iter().flatten().for_each(|n| out.extend(n.to_le_bytes()));
    }
    out
}

/// Reads a page; what is of another shape, or cut, gives what stands before.
pub(super) fn load(page: &[u8], mut session: impl FnMut(u64, &str, Session)) {
    let Some((&SHAPE, mut rest)) = page.split_first() else { return };
    while let Some((id, source, read)) = one(&mut rest) {
        session(id, source, read);
    }
}

fn one<'a>(rest: &mut &'a [u8]) -> Option<(u64, &'a str, Session)> {
    let id = number(rest)?;
    let length = u16::from_le_bytes(*take::<2>(rest)?);
    let (source, more) = rest.split_at_checked(usize::from(length))?;
    *rest = more;
    let [flags] = *take::<1>(rest)?;
    let mut time = || Some(i64::from_le_bytes(*take::<8>(rest)?));
    let (opened_at, told_at, ended_at) = (time()?, time()?, time()?);
    let (line, forms, used) = (number(rest)?, number(rest)?, number(rest)?);
    let mask = u16::from_le_bytes(*take::<2>(rest)?);
    let mut known = [None; Facts::NUMBERS];
    for (at, known) in known.iter_mut().enumerate() {
        if mask & (1 << at) != 0 {
            *known = Some(number(rest)?);
        }
    }
    let session = Session {
        family: if flags & 1 != 0 { Family::Tunnel } else { Family::Login },
        facts: Facts::from_numbers(known),
        line,
        opened_at,
        told_at,
        ended_at: (flags & 2 != 0).then_some(ended_at),
        forms,
        used,
    };
    Some((id, std::str::from_utf8(source).ok()?, session))
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*take::<8>(rest)?))
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, more) = rest.split_first_chunk::<N>()?;
    *rest = more;
    Some(taken)
}
