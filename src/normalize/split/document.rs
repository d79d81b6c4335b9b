//! Which records a JSON text holds: itself, or the objects of an array at its top or in a wrapper such as
//! `{"Records": [...]}`. The text may come in lines; places are (line, byte).

use super::outline::{Outline, Step};
use crate::limits::WRAPPER_MEMBERS_MAX;
use serde::{Deserialize, Serialize};

/// The member of a wrapper that holds its records, in lower case: CloudTrail, Azure diagnostics, Graph, audit logs of
/// Atlassian and Google, CloudWatch, Box, Kubernetes lists.
const WRAPPERS: [&str; 6] = ["records", "value", "events", "logevents", "entries", "items"];
/// From so many elements on, they must be longer than [`ELEMENT_BYTES_MIN`] in the mean.
const DENSE_FROM: usize = 9;
/// An array of shorter objects than this is data, not records: it would make more events than a batch has room for.
const ELEMENT_BYTES_MIN: usize = 24;

/// Whether so many records of so many bytes are too many to be records.
pub(super) fn is_dense(records: usize, bytes: usize) -> bool {
    records >= DENSE_FROM && bytes / records < ELEMENT_BYTES_MIN
}

/// A place in a text of several lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::normalize) struct Place {
    /// Index of the line.
    pub(in crate::normalize) line: usize,
    /// Byte in the line.
    pub(in crate::normalize) at: usize,
    /// How many elements begin before it on the same line.
    pub(in crate::normalize) nth: usize,
}

/// One element: where it begins, and where it ends (exclusive).
pub(in crate::normalize) type Element = (Place, Place);

/// Where the objects are that may be records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum List {
    /// Nothing was read yet.
    #[default]
    Unknown,
    /// The text is an array.
    Top,
    /// The text is an object; no array of records was found in it yet.
    Object,
    /// The text is an object, and an array in it may hold records.
    Member,
    /// The text is one record, or none.
    Single,
}

/// How far a text has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::normalize) enum Progress {
    /// It is not whole yet.
    Open,
    /// It is whole.
    Whole,
    /// It is not JSON, or ends inside a word.
    Wrong,
}

/// A JSON text as far as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::normalize) struct Document {
    outline: Outline,
    list: List,
    /// Members of the wrapper beside its array.
    members: usize,
    /// The member that is being read is the array of records.
    inside: bool,
    /// The last key at the top could be that of the array of records.
    named: bool,
    /// Where the element began that is not complete.
    begun: Option<Place>,
    /// The elements that are complete and were not taken.
    elements: Vec<Element>,
    /// Where the array of records stands, when it stands in one line with what surrounds it.
    array: Option<Element>,
}

impl Document {
    /// Takes in one more line.
    pub(in crate::normalize) fn feed(&mut self, line: usize, text: &[u8]) -> Progress {
        let (mut at, mut nth) = (0, 0);
        loop {
            let depth = self.outline.depth();
            match self.outline.step(text, &mut at) {
                Step::Opened(object, start) => {
                    let place = Place { line, at: start, nth };
                    nth += usize::from(self.opened(object, depth, place));
                }
                Step::Closed(_, end) => self.closed(depth, Place { line, at: end, nth }),
                Step::Key(key) => self.key(depth, key),
                Step::Scalar => self.scalar(depth),
                Step::More if self.outline.is_whole() => return Progress::Whole,
                Step::More => return Progress::Open,
                Step::Wrong => return Progress::Wrong,
            }
        }
    }

    /// Depth of the array whose objects are the elements.
    fn base(&self) -> Option<usize> {
        match self.list {
            List::Top => Some(1),
            List::Member if self.inside => Some(2),
            _ => None,
        }
    }

    /// True when an element begins here.
    fn opened(&mut self, object: bool, depth: usize, place: Place) -> bool {
        match (depth, self.list) {
            (0, _) => self.list = if object { List::Object } else { List::Top },
            (1, List::Object) if self.named && !object => {
                (self.list, self.inside) = (List::Member, true);
                self.array = Some((place, place));
            }
            _ if Some(depth) == self.base() && !object => self.give_up(),
            _ if Some(depth) == self.base() => {
                self.begun = Some(place);
                return true;
            }
            // A wrapper's other members are plain: an empty object, an array of plain values.
            (2.., List::Object | List::Member) if !self.inside => self.give_up(),
            _ => {}
        }
        false
    }

    fn closed(&mut self, depth: usize, place: Place) {
        let base = self.base();
        if base.is_some_and(|base| depth == base + 1) {
            self.elements.extend(self.begun.take().map(|start| (start, place)));
        } else if base == Some(depth) && depth == 2 {
            self.inside = false;
            if let Some(array) = &mut self.array {
                array.1 = place;
            }
        }
    }

    fn key(&mut self, depth: usize, key: &[u8]) {
        if depth == 2 && !self.inside && matches!(self.list, List::Object | List::Member) {
            return self.give_up();
        }
        if depth != 1 || !matches!(self.list, List::Object | List::Member) {
            return;
        }
        self.named = WRAPPERS.iter().any(|name| key.eq_ignore_ascii_case(name.as_bytes()));
        self.members += 1;
        // One of them is the array.
        if self.members > WRAPPER_MEMBERS_MAX + 1 {
            self.give_up();
        }
    }

    fn scalar(&mut self, depth: usize) {
        if Some(depth) == self.base() {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        self.list = List::Single;
        self.elements.clear();
        (self.begun, self.inside) = (None, false);
    }

    /// Whether the text is an array, so that its elements are records as soon as they are complete.
    pub(in crate::normalize) fn is_array(&self) -> bool {
        self.list == List::Top
    }

    /// Whether elements were found that are complete and were not taken.
    pub(in crate::normalize) fn has_elements(&self) -> bool {
        !self.elements.is_empty()
    }

    /// The elements that are complete; they are forgotten here.
    pub(in crate::normalize) fn take_elements(&mut self) -> Vec<Element> {
        std::mem::take(&mut self.elements)
    }

    /// Where the element begins that is not complete.
    pub(in crate::normalize) fn begun(&self) -> Option<Place> {
        self.begun
    }

    /// A line turned out not to belong: as if it had not been read, as far as places go. Nothing may be fed after it.
    pub(in crate::normalize) fn undo_line(&mut self, line: usize) {
        let kept = self.elements.iter().take_while(|(_, end)| end.line < line).count();
        let open = self.elements.get(kept).map(|(start, _)| *start).or(self.begun);
        self.elements.truncate(kept);
        self.begun = open.filter(|start| start.line < line);
    }

    /// The first lines were taken away.
    pub(in crate::normalize) fn forget_lines(&mut self, lines: usize) {
        if let Some(begun) = &mut self.begun {
            begun.line = begun.line.saturating_sub(lines);
        }
        self.array = None;
    }

    /// The array of a wrapper that stands on one line.
    pub(super) fn array_on_line(&self) -> Option<(usize, usize)> {
        self.array
            .filter(|(start, end)| end > start && start.line == 0 && end.line == 0)
            .map(|(start, end)| (start.at, end.at))
    }
}
