//! Paths to fields of records, as grammar files write them, and the fields that they mean in a record.
//!
//! `a.b` is a key; `list.0.b` one of an array, of objects or of plain values; `list[kind=User].b` the member of an array
//! of objects whose `kind` is `User` (`list[kind=User].tags[key=x].value` goes deeper); `a+b` joins two by a blank;
//! `a|first` and `a|last` take one of a list that commas part.

use super::hash::{Lookup, hash_of_key};
use super::pick::{Pick, is_position};
use super::record::{Field, Fields, Value};
use super::value::is_null;
use std::borrow::Cow;
use std::ops::Range;

/// The field that a path means in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    item: usize,
    /// Which of its values, where it has several.
    member: Option<usize>,
}

/// For each path that a grammar asks for, where it stands in a record.
pub type Spots = Vec<Option<Spot>>;

/// One field, or several joined by blanks.
#[derive(Clone, Debug)]
pub struct Path {
    first: Part,
    more: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    /// By the order of [`Wanted`].
    number: usize,
    end: Option<End>,
    /// It means one member of an array, not any.
    is_exact: bool,
}

/// Which of a list in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    First,
    Last,
}

impl Path {
    /// As a grammar file writes it.
    pub fn new(written: &str, wanted: &Wanted) -> Option<Path> {
        let mut parts = parts(written).filter_map(|part| {
            let (bare, end) = without_end(part);
            Some(Part { number: wanted.number_of(bare)?, end, is_exact: is_exact(bare) })
        });
        Some(Path { first: parts.next()?, more: parts.collect() })
    }

    /// What the record says there; `None` where a field of it is missing.
    pub fn text<'a>(&self, fields: &Fields<'a>, spots: &[Option<Spot>]) -> Option<Cow<'a, str>> {
        let mut text = self.first.text(fields, spots)?;
        for part in &self.more {
            let more = part.text(fields, spots)?;
            text = Cow::Owned(format!("{text} {more}"));
        }
        Some(text)
    }

    /// The numbers of its fields in the record, of those that it takes whole.
    pub fn items<'p>(&'p self, spots: &'p [Option<Spot>]) -> impl Iterator<Item = usize> + 'p {
        let parts = std::iter::once(&self.first).chain(&self.more).filter(|part| part.end.is_none());
        let spots = parts.filter_map(|part| spots.get(part.number).copied().flatten());
        spots.filter(|spot| spot.member.is_none()).map(|spot| spot.item)
    }

    /// Whether the record says something there; of an array one member is enough.
    pub fn says_something(&self, fields: &Fields<'_>, spots: &[Option<Spot>]) -> bool {
        self.any(fields, spots, &|text| !is_null(text.trim()))
    }

    /// Whether what the record says there is accepted; of an array one member is enough.
    pub fn any(&self, fields: &Fields<'_>, spots: &[Option<Spot>], accepts: &impl Fn(&str) -> bool) -> bool {
        if !self.more.is_empty() || self.first.end.is_some() {
            return self.text(fields, spots).is_some_and(|text| !is_null(text.trim()) && accepts(&text));
        }
        let Some((spot, field)) = self.first.field(fields, spots) else { return false };
        if spot.value(field).is_some_and(|value| value.any(accepts)) {
            return true;
        }
        // The other members of an array of objects have the same key.
        if self.first.is_exact || fields.indexed(field).is_none() {
            return false;
        }
        let rest = fields.items.get(spot.item + 1..).unwrap_or(&[]);
        let same =
            |other: &&Field<'_>| fields.indexed(other).is_some() && fields.key(other) == fields.key(field);
        rest.iter().filter(same).any(|field| field.value.any(accepts))
    }
}

impl Part {
    fn field<'f, 'a>(&self, fields: &'f Fields<'a>, spots: &[Option<Spot>]) -> Option<(Spot, &'f Field<'a>)> {
        let spot = spots.get(self.number).copied().flatten()?;
        Some((spot, fields.items.get(spot.item)?))
    }

    fn text<'a>(&self, fields: &Fields<'a>, spots: &[Option<Spot>]) -> Option<Cow<'a, str>> {
        let (spot, field) = self.field(fields, spots)?;
        let text = spot.value(field).and_then(Value::text).unwrap_or_default();
        Some(match (self.end, text) {
            (None, text) => text,
            (Some(end), Cow::Borrowed(text)) => Cow::Borrowed(end.of(text)),
            (Some(end), Cow::Owned(text)) => Cow::Owned(end.of(&text).to_owned()),
        })
    }
}

impl Spot {
    fn value<'f, 'a>(self, field: &'f Field<'a>) -> Option<&'f Value<'a>> {
        match self.member {
            Some(position) => field.value.member(position),
            None => Some(&field.value),
        }
    }
}

impl End {
    fn of(self, text: &str) -> &str {
        let mut members = text.split(',');
        let member = if self == End::First { members.next() } else { members.next_back() };
        member.unwrap_or("").trim()
    }
}

/// The parts that are joined: cut at each `+` outside of brackets.
pub fn parts(written: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    written.split(move |c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '+' && depth == 0
    })
}

fn without_end(part: &str) -> (&str, Option<End>) {
    let ends = [("|first", End::First), ("|last", End::Last)];
    let found = ends.into_iter().find_map(|(word, end)| Some((part.strip_suffix(word)?, Some(end))));
    found.unwrap_or((part, None))
}

/// Whether it means one member of an array.
fn is_exact(part: &str) -> bool {
    part.contains('[') || part.split('.').any(is_position)
}

/// What is wrong with a path.
pub fn complaint(written: &str) -> Option<String> {
    let wrong = parts(written).map(|part| without_end(part).0).find(|part| {
        part.is_empty() || part.contains('|') || (part.contains(['[', ']']) && Pick::new(part).is_none())
    })?;
    Some(format!("`{wrong}` is no path; such are `a.b`, `list.0.b`, `list[kind=User].b`, `a+b`, `a|first`"))
}

/// All paths that a grammar asks for, numbered, so that each field of a record is looked up once.
#[derive(Debug, Default)]
pub struct Wanted {
    /// As written, sorted by length and bytes, ASCII case ignored.
    paths: Vec<Box<str>>,
    /// By hash, ASCII case ignored: the numbers of those that differ by case alone.
    known: Lookup<Range<usize>>,
    /// What keys may begin with, with the dot behind it.
    roots: Vec<Box<str>>,
    /// Paths that end in a position: their number, that of the array, and the position.
    positions: Vec<(usize, usize, usize)>,
    /// Numbered behind the paths.
    picks: Vec<Pick>,
}

impl Wanted {
    /// Of these paths, perhaps below these roots.
    pub fn new<'s>(written: impl Iterator<Item = &'s str>, roots: &[String]) -> Wanted {
        let parts = written.flat_map(parts).map(|part| without_end(part).0);
        let (picked, plain): (Vec<&str>, Vec<&str>) = parts.partition(|part| part.contains('['));
        let mut picks: Vec<Pick> = picked.into_iter().filter_map(Pick::new).collect();
        picks.sort_by(|a, b| a.written.cmp(&b.written));
        picks.dedup_by(|a, b| a.written == b.written);
        let arrays = plain.iter().filter_map(|path| array_of(path)).map(|(array, _)| array);
        let mut paths: Vec<Box<str>> = plain.iter().copied().chain(arrays).map(Box::from).collect();
        paths.sort_by_cached_key(|path| (path.len(), path.to_ascii_lowercase(), path.clone()));
        paths.dedup();
        let mut known: Lookup<Range<usize>> = Lookup::default();
        for (number, path) in paths.iter().enumerate() {
            known.entry(hash_of_key(path)).or_insert(number..number).end = number + 1;
        }
        let roots = roots.iter().map(|root| format!("{root}.").into()).collect();
        let mut wanted = Wanted { paths, known, roots, positions: Vec::new(), picks };
        let positions = wanted.paths.iter().enumerate().filter_map(|(number, path)| {
            let (array, position) = array_of(path)?;
            Some((number, wanted.number_of(array)?, position))
        });
        wanted.positions = positions.collect();
        wanted
    }

    /// Whether a path is asked for, whatever its case.
    pub fn knows(&self, key: &str) -> bool {
        !self.numbers(key).is_empty()
    }

    /// The number of a path, as it was written.
    fn number_of(&self, path: &str) -> Option<usize> {
        if path.contains('[') {
            let at = self.picks.iter().position(|pick| &*pick.written == path)?;
            return Some(self.paths.len() + at);
        }
        self.numbers(path).find(|number| self.is_spelled(*number, path))
    }

    /// The numbers of a key's paths, ASCII case ignored; where the grammar asks for several that differ by case alone,
    /// the one that is spelled as the key.
    fn numbers(&self, key: &str) -> Range<usize> {
        let first = |all: &&Range<usize>| self.paths.get(all.start);
        let fits = |all: &&Range<usize>| first(all).is_some_and(|path| path.eq_ignore_ascii_case(key));
        let Some(all) = self.known.get(&hash_of_key(key)).filter(fits).cloned() else { return 0..0 };
        let exact = all.clone().find(|number| all.len() > 1 && self.is_spelled(*number, key));
        exact.map_or(all, |number| number..number + 1)
    }

    fn is_spelled(&self, number: usize, key: &str) -> bool {
        self.paths.get(number).is_some_and(|path| &**path == key)
    }

    /// For each path the field that has it: the bare key before those below a root, earlier roots before later
    /// ones, the spelling as written before another case, then the first in the record.
    pub fn find(&self, fields: &Fields<'_>) -> Spots {
        let mut found: Spots = vec![None; self.paths.len()];
        let mut ranks = vec![usize::MAX; self.paths.len()];
        for (item, field) in fields.items.iter().enumerate() {
            for key in [Some(fields.key(field)), fields.indexed(field)].into_iter().flatten() {
                let bare =
                    self.numbers(key).map(|number| (number, usize::from(!self.is_spelled(number, key))));
                for (number, rank) in bare.chain(self.below_roots(key)) {
                    if let (Some(place), Some(old)) = (found.get_mut(number), ranks.get_mut(number))
                        && rank < *old
                    {
                        *place = Some(Spot { item, member: None });
                        *old = rank;
                    }
                }
            }
        }
        self.find_positions(fields, &mut found);
        let all = 0..fields.items.len();
        found.extend(self.picks.iter().map(|pick| {
            let item = pick.find(0, all.clone(), "", fields, &self.roots)?;
            Some(Spot { item, member: None })
        }));
        found
    }

    /// Positions in arrays of plain values.
    fn find_positions(&self, fields: &Fields<'_>, found: &mut Spots) {
        for (number, array, position) in &self.positions {
            let Some(Spot { item, .. }) = found.get(*array).copied().flatten() else { continue };
            let has = fields.items.get(item).is_some_and(|field| field.value.member(*position).is_some());
            if let Some(place @ None) = found.get_mut(*number)
                && has
            {
                *place = Some(Spot { item, member: Some(*position) });
            }
        }
    }

    /// The paths that a key stands for behind a root, with their ranks.
    fn below_roots<'w>(&'w self, key: &'w str) -> impl Iterator<Item = (usize, usize)> + 'w {
        let behind = self.roots.iter().zip(1..).filter_map(move |(root, rank)| {
            let head = key.get(..root.len())?;
            let rest = key.get(root.len()..).filter(|_| head.eq_ignore_ascii_case(root))?;
            Some((rest, 2 * rank))
        });
        behind.flat_map(move |(rest, rank)| {
            let ranked = move |number| (number, rank + usize::from(!self.is_spelled(number, rest)));
            self.numbers(rest).map(ranked)
        })
    }
}

/// The array and the position of a path that ends in one.
fn array_of(path: &str) -> Option<(&str, usize)> {
    let (array, position) = path.rsplit_once('.')?;
    Some((array, position.parse().ok().filter(|_| is_position(position))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::json;

    fn said(path: &str, roots: &[String], line: &str) -> Option<String> {
        let wanted = Wanted::new([path].into_iter(), roots);
        let fields = json::read(line).unwrap();
        let spots = wanted.find(&fields);
        Path::new(path, &wanted).unwrap().text(&fields, &spots).map(Cow::into_owned)
    }

    #[test]
    fn a_bare_key_wins_over_roots_and_earlier_roots_over_later() {
        let roots = ["data".to_owned(), "Event.EventData".to_owned()];
        let line = r#"{"event":{"eventdata":{"User":"c","ip":"c","id":"c"}},"data":{"user":"b","ip":"b"},"USER":"a","user":"z"}"#;
        for (path, text) in [("user", "z"), ("User", "a"), ("ip", "b"), ("id", "c"), ("ID", "c")] {
            assert_eq!(said(path, &roots, line).as_deref(), Some(text), "{path}");
        }
    }

    #[test]
    fn paths_of_two_spellings_are_two() {
        let wanted = Wanted::new(["AUID", "auid"].into_iter(), &[]);
        for line in [r#"{"auid":1000,"AUID":"ana"}"#, r#"{"AUID":"ana","auid":1000}"#] {
            let fields = json::read(line).unwrap();
            let spots = wanted.find(&fields);
            let text = |path: &str| Path::new(path, &wanted).unwrap().text(&fields, &spots).unwrap();
            assert_eq!((text("AUID"), text("auid")), ("ana".into(), "1000".into()));
        }
        let fields = json::read(r#"{"auid":1000}"#).unwrap();
        let spots = wanted.find(&fields);
        assert_eq!(Path::new("AUID", &wanted).unwrap().text(&fields, &spots), None);
    }

    #[test]
    fn a_member_is_picked_by_its_sibling() {
        let line = r#"{"target":[{"id":"a1","type":"App"},{"id":"u1","type":"user","tags":[{"k":"x","v":1},{"k":"y","v":2}],"d":{"n":"deep"}},{"id":"u2","type":"User"}],
            "data":{"params":[{"name":"ip","value":"192.0.2.7"}]},"one":{"type":"User","id":"o1"}}"#;
        let roots = ["data".to_owned()];
        for (path, text) in [
            ("target[type=User].id", Some("u1")),
            ("TARGET[Type=App].ID", Some("a1")),
            ("target[type=User].d.n", Some("deep")),
            ("target[type=User].tags[k=y].v", Some("2")),
            ("target[type=User].tags[k=z].v", None),
            ("target[type=Group].id", None),
            ("target[type=App].d.n", None),
            ("target[type=*].tags.v", Some("1")),
            ("params[name=ip].value", Some("192.0.2.7")),
            ("one[type=User].id", Some("o1")),
            ("target[type=App].id+target[type=User].id", Some("a1 u1")),
        ] {
            assert_eq!(said(path, &roots, line).as_deref(), text, "{path}");
        }
    }

    #[test]
    fn positions_and_ends_pick_one_of_several() {
        let line =
            r#"{"d":["a","b"],"o":[{"x":"p"},{"x":"q"}],"ips":"192.0.2.7, 10.0.0.1 ,10.0.0.2","s":"single"}"#;
        for (path, text) in [
            ("d.1", Some("b")),
            ("d.2", None),
            ("o.1.x", Some("q")),
            ("s.0", Some("single")),
            ("s.1", None),
            ("ips|first", Some("192.0.2.7")),
            ("ips|last", Some("10.0.0.2")),
            ("s|first", Some("single")),
        ] {
            assert_eq!(said(path, &[], line).as_deref(), text, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_told() {
        for path in ["a[b]", "a[b=c]", "a[b=c]d", "[b=c].d", "a[b=c.d", "a]b", "a|second", "a++b", ""] {
            assert!(complaint(path).is_some(), "{path}");
        }
        for path in ["a.b+c", "a[b=c+d].e+f", "a.0|first", "Data.#text.1", "a[b=*x*].c[d=e].f"] {
            assert_eq!(complaint(path), None);
        }
    }
}
