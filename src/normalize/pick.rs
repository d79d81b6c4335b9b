//! Picking the member of an array of objects by what stands beside: `list[kind=User].b`.

use super::record::{Field, Fields};
use super::word::Word;
use std::ops::Range;

/// The member of an array of objects that has a certain word in a field.
#[derive(Debug)]
pub struct Pick {
    /// The whole path.
    pub written: Box<str>,
    steps: Vec<Step>,
    /// The field of the member that is meant.
    rest: Box<str>,
}

#[derive(Debug)]
struct Step {
    /// The field that is looked at, with the array that it stands in.
    sibling: Box<str>,
    /// Its name in the member.
    name: Box<str>,
    word: Word,
}

impl Pick {
    /// Of a path with brackets.
    pub fn new(written: &str) -> Option<Pick> {
        let (mut rest, mut steps) = (written, Vec::new());
        while let Some((array, behind)) = rest.split_once('[') {
            let (test, after) = behind.split_once(']')?;
            let (name, word) = test.split_once('=')?;
            if array.is_empty() || name.is_empty() || array.contains(']') {
                return None;
            }
            let sibling = format!("{array}.{name}").into();
            steps.push(Step { sibling, name: name.into(), word: Word::new(word) });
            rest = after.strip_prefix('.')?;
        }
        let is_whole = !rest.is_empty() && !rest.contains(']') && !steps.is_empty();
        is_whole.then(|| Pick { written: written.into(), steps, rest: rest.into() })
    }

    /// Its field among these, which are all of the object at `base`.
    pub fn find(
        &self,
        step: usize,
        range: Range<usize>,
        base: &str,
        fields: &Fields<'_>,
        roots: &[Box<str>],
    ) -> Option<usize> {
        let items = || range.clone().filter_map(|at| Some((at, fields.items.get(at)?)));
        let inside = |field: &Field<'_>, path: &str| {
            let below = below(fields.whole(field), base);
            below.is_some_and(|below| same_but_positions(below, path))
        };
        let Some(Step { sibling, name, word }) = self.steps.get(step) else {
            return items().find(|(_, field)| inside(field, &self.rest)).map(|(at, _)| at);
        };
        for (at, field) in items() {
            let is_sibling = match step {
                0 => is_key(fields.key(field), sibling, roots),
                _ => inside(field, sibling),
            };
            if !is_sibling || !field.value.any(&|text| word.fits(text)) {
                continue;
            }
            let Some(member) = above(fields.whole(field), name) else { continue };
            let within = |at: &usize| {
                fields.items.get(*at).is_some_and(|field| below(fields.whole(field), member).is_some())
            };
            // The fields of an object stand side by side.
            let start = (range.start..at).rev().take_while(within).last().unwrap_or(at);
            let end = (at..range.end).take_while(within).last().unwrap_or(at) + 1;
            if let Some(found) = self.find(step + 1, start..end, member, fields, roots) {
                return Some(found);
            }
        }
        None
    }
}

/// What follows behind an object's path.
fn below<'k>(key: &'k str, base: &str) -> Option<&'k str> {
    key.strip_prefix(base)?.strip_prefix('.')
}

/// What stands before a name at the end.
fn above<'k>(key: &'k str, name: &str) -> Option<&'k str> {
    let (front, end) = key.split_at_checked(key.len().checked_sub(name.len())?)?;
    front.strip_suffix('.').filter(|_| end.eq_ignore_ascii_case(name))
}

/// Whether a key is a path, perhaps below a root.
fn is_key(key: &str, path: &str, roots: &[Box<str>]) -> bool {
    let Some(extra) = key.len().checked_sub(path.len()) else { return false };
    let Some((front, end)) = key.split_at_checked(extra) else { return false };
    end.eq_ignore_ascii_case(path)
        && (front.is_empty() || roots.iter().any(|root| root.eq_ignore_ascii_case(front)))
}

/// Whether a key is a path, the positions in it aside.
fn same_but_positions(key: &str, path: &str) -> bool {
    if key.len() < path.len() {
        return false;
    }
    let mut names = path.split('.');
    let mut name = names.next();
    for segment in key.split('.') {
        match name {
            Some(wanted) if segment.eq_ignore_ascii_case(wanted) => name = names.next(),
            _ if is_position(segment) => {}
            _ => return false,
        }
    }
    name.is_none()
}

/// Whether a part of a path is a position in an array.
pub fn is_position(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}
