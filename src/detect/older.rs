//! Reads what an older version of the program stored of a rule's memory.

use super::body;
use super::entry::Reader;
use super::memory::Memory;

/// Reads the group of an older version: its events, then its episodes.
pub fn old_group(memory: &mut Memory, key: &str, reader: &mut Reader<'_>) -> Option<()> {
    let mut before = body::Before::default();
    for _ in 0..reader.number()? {
        body::old_entry(reader, &mut before, |entry| memory.restore_old(key, &entry))?;
    }
    let episodes = body::episodes(reader, true)?;
    memory.restore(key, episodes);
    // Its row is of the older shape.
    let place = memory.find(key)?;
    memory.mark(place);
    Some(())
}

/// Reads a page of an older version.
pub fn old_page(memory: &mut Memory, reader: &mut Reader<'_>) -> Option<()> {
    let mut before = body::Before::default();
    while !reader.is_at_end() {
        let key = body::text(reader)?;
        body::old_entry(reader, &mut before, |entry| memory.restore_old(key, &entry))?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::entry::{put_number, put_signed};
    use crate::detect::keep::Keep;
    use crate::detect::key::Key;
    use crate::schema::{Span, Timestamp};
    use std::sync::Arc;

    #[test]
    fn a_group_and_a_page_of_an_older_store_are_taken_over() {
        let entry = |out: &mut Vec<u8>, step: i64, who: &str| {
            put_signed(out, step);
            put_signed(out, 7);
            put_signed(out, 0);
            put_number(out, 1);
            put_number(out, 0);
            // No value, and who it was about.
            put_number(out, 0);
            put_number(out, who.len() as u64 + 1);
            out.extend_from_slice(who.as_bytes());
        };
        let (mut group, mut page) = (vec![2], Vec::new());
        entry(&mut group, 1_000, "ana");
        entry(&mut group, 50, "ben");
        put_number(&mut group, 0);
        body::put_text(&mut page, "203.0.113.9");
        entry(&mut page, 1_100, "cho");
        let keep = Keep { window: Span::minutes(10), ..Keep::default() };
        let mut memory = Memory::new(keep, &Arc::default());
        let key = "203.0.113.9";
        assert!(old_group(&mut memory, key, &mut Reader { bytes: &group, place: 0 }).is_some());
        assert!(old_page(&mut memory, &mut Reader { bytes: &page, place: 0 }).is_some());
        let group = memory.get(&Key::new(key.into())).unwrap();
        let seen: Vec<_> = group.entries().map(|e| (e.at.0, e.text.unwrap().to_string())).collect();
        assert_eq!(seen, [(1_000, "ana".into()), (1_050, "ben".into()), (1_100, "cho".to_owned())]);
        assert_eq!(group.entries().next().map(|e| e.moment()), Some((Timestamp(1_000), 7)));
        let (mut rows, mut pages) = (0, 0);
        memory.drain(
            |row| match row {
                crate::detect::memory::Row::Group(_, body) => rows += usize::from(body.is_none()),
                crate::detect::memory::Row::Page(_, body) => pages += usize::from(body.is_some()),
            },
            &mut Vec::new(),
        );
        assert_eq!((rows, pages), (1, 1), "the old row goes, a page comes");
    }
}
