//! The keys of CSV grammars.

use super::file::{LAYOUT_KEYS, Reader};
use crate::normalize::spec::{Count, LayoutSpec};
use toml::de::{DeTable, DeValue};

impl Reader<'_> {
    /// One byte that parts cells; a comma where none is given.
    pub(super) fn delimiter(&mut self, root: &DeTable<'_>) -> u8 {
        let Some(word) = self.string(root, "delimiter") else { return b',' };
        match word.as_bytes() {
            [byte] if (byte.is_ascii_graphic() && *byte != b'"') || matches!(byte, b'\t' | b' ') => *byte,
            _ => {
                let at = root.get("delimiter").map_or(0, |value| value.span().start);
                self.wrong(at, "`delimiter` is one character like , ; | or \"\\t\"");
                b','
            }
        }
    }

    /// One `[[layout]]`.
    pub(super) fn layout(&mut self, table: &DeTable<'_>) -> LayoutSpec {
        self.only(table, &LAYOUT_KEYS);
        let columns = self.strings(table, "columns");
        if columns.is_empty() {
            let at = table.keys().map(|key| key.span().start).min().unwrap_or(0);
            self.wrong(at, "a layout needs its `columns`");
        }
        let mut when = Vec::new();
        for (key, value) in self.table(table, "when").into_iter().flatten() {
            let mut words = self.list(value);
            if words.iter().any(|word| word == "*") {
                words.clear();
            }
            match key.get_ref().parse() {
                Ok(at) => when.push((at, words)),
                Err(_) => self.wrong(key.span().start, "a position counted from 0 is meant here"),
            }
        }
        LayoutSpec { columns, when, count: self.count(table) }
    }

    /// `fields = 12`, or `"12+"` for so many or more.
    fn count(&mut self, table: &DeTable<'_>) -> Option<Count> {
        let value = table.get("fields")?;
        let count = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok().map(Count::Exactly),
            DeValue::String(text) => {
                text.strip_suffix('+').and_then(|text| text.parse().ok()).map(Count::AtLeast)
            }
            _ => None,
        };
        if count.is_none() {
            self.wrong(value.span().start, "`fields` is a number like 12, or \"12+\" for so many or more");
        }
        count
    }
}
