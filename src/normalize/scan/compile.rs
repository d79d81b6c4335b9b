//! From a pattern to the machine's program, over the `regex` crate's own syntax tree.

use super::{Behind, FIRST, Finders, Lacks, Op, Run, SECOND, Scan, Set, Split};
use memchr::memmem::{Finder, FinderRev};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// Larger programs are left to the `regex` crate.
const OPS_MAX: usize = 1_024;
/// Copies that a counted repetition of more than one byte may make.
const COPIES_MAX: u32 = 8;

impl Scan {
    /// Compiles a pattern with the flags of message forms (bytes, no Unicode classes); `None` when the machine cannot
    /// hold it.
    pub fn compile(pattern: &str) -> Option<Scan> {
        let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
        let hir = parser.parse(pattern).ok()?;
        let anchored = hir.properties().look_set_prefix().contains(Look::Start);
        let mut program = Program::default();
        program.add(&hir)?;
        program.push(Op::Match)?;
        let groups = hir.properties().explicit_captures_len();
        let mut names = vec![None; groups + 1];
        for (group, name) in program.names {
            *names.get_mut(group)? = name;
        }
        let slots = 2 * (groups + 1);
        let mut scan = Scan { ops: program.ops, sets: program.sets, slots, anchored, names };
        scan.settle_splits();
        scan.settle_runs();
        Some(scan)
    }

    /// Finds out which way of each split a byte leaves open.
    fn settle_splits(&mut self) {
        let mut tables = Vec::new();
        for (at, op) in self.ops.iter().enumerate() {
            let Op::Split(split) = op else { continue };
            let mut open = Box::new([0; 257]);
            for (way, bit) in [(split.first, FIRST), (split.second, SECOND)] {
                let mut first = First::default();
                self.first(way, &mut first, &mut Vec::new());
                for (place, may) in open.iter_mut().zip(first.bytes) {
                    *place |= if may || first.anything { bit } else { 0 };
                }
                open[256] |= if first.end || first.anything { bit } else { 0 };
            }
            tables.push((at, open));
        }
        for (at, table) in tables {
            if let Some(Op::Split(split)) = self.ops.get_mut(at) {
                split.open = table;
            }
        }
    }

    /// Finds out what stands behind each run.
    fn settle_runs(&mut self) {
        let mut behind: Vec<Option<Behind>> = Vec::with_capacity(self.ops.len());
        for (at, op) in self.ops.iter().enumerate() {
            behind.push(if let Op::Run(run) = op { Some(self.behind(at + 1, run.set)) } else { None });
        }
        for (op, behind) in self.ops.iter_mut().zip(behind) {
            if let (Op::Run(run), Some(behind)) = (op, behind) {
                run.behind = behind;
            }
        }
    }

    fn behind(&self, next: usize, set: usize) -> Behind {
        let mut first = First::default();
        self.first(next, &mut first, &mut Vec::new());
        let own = self.sets.get(set);
        let overlaps = own.is_none_or(|own| own.has.iter().zip(first.bytes).any(|(own, next)| *own && next));
        if !overlaps && !first.anything {
            return Behind::Stops;
        }
        let mut at = next;
        while let Some(Op::Save(_)) = self.ops.get(at) {
            at += 1;
        }
        match self.ops.get(at) {
            Some(Op::Literal(bytes)) => Behind::text(bytes),
            Some(Op::Byte(byte)) => Behind::text(&[*byte]),
            _ => Behind::Any,
        }
    }

    /// The bytes that may come first from an operation on.
    fn first(&self, at: usize, first: &mut First, seen: &mut Vec<usize>) {
        if seen.contains(&at) {
            return;
        }
        seen.push(at);
        let mut set = |number: usize| {
            let Some(set) = self.sets.get(number) else { return };
            first.bytes.iter_mut().zip(set.has).for_each(|(byte, has)| *byte |= has);
        };
        match self.ops.get(at) {
            Some(Op::Literal(bytes)) => match bytes.first() {
                Some(byte) => first.bytes[usize::from(*byte)] = true,
                None => self.first(at + 1, first, seen),
            },
            Some(Op::Byte(byte)) => first.bytes[usize::from(*byte)] = true,
            Some(Op::One(number)) => set(*number),
            Some(Op::Run(run)) => {
                set(run.set);
                if run.min == 0 {
                    self.first(at + 1, first, seen);
                }
            }
            Some(Op::Save(_) | Op::Start | Op::WordEdge) => self.first(at + 1, first, seen),
            Some(Op::Split(split)) => {
                self.first(split.first, first, seen);
                self.first(split.second, first, seen);
            }
            Some(Op::Jump(to)) => self.first(*to, first, seen),
            Some(Op::End) => first.end = true,
            Some(Op::Match) | None => first.anything = true,
        }
    }
}

impl Behind {
    fn text(bytes: &[u8]) -> Behind {
        Behind::Literal(Box::new(Finders {
            length: bytes.len(),
            forward: Finder::new(bytes).into_owned(),
            backward: FinderRev::new(bytes).into_owned(),
        }))
    }
}

/// What may come first.
struct First {
    bytes: [bool; 256],
    /// The text may end here.
    end: bool,
    /// The match may end here, whatever follows.
    anything: bool,
}

impl Default for First {
    fn default() -> First {
        First { bytes: [false; 256], end: false, anything: false }
    }
}

/// A split of which it is not known yet what a byte leaves open.
fn undecided(first: usize, second: usize) -> Split {
    Split { first, second, open: Box::new([FIRST | SECOND; 257]) }
}

#[derive(Default)]
struct Program {
    ops: Vec<Op>,
    sets: Vec<Set>,
    names: Vec<(usize, Option<Box<str>>)>,
}

impl Program {
    fn push(&mut self, op: Op) -> Option<usize> {
        self.ops.push(op);
        (self.ops.len() <= OPS_MAX).then_some(self.ops.len() - 1)
    }

    fn add(&mut self, hir: &Hir) -> Option<()> {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => {
                let op = match *literal.0 {
                    [byte] => Op::Byte(byte),
                    _ => Op::Literal(literal.0.clone()),
                };
                self.push(op)?;
            }
            HirKind::Class(_) => {
                let set = self.set(hir)?;
                self.push(Op::One(set))?;
            }
            HirKind::Look(look) => {
                let op = match look {
                    Look::Start => Op::Start,
                    Look::End => Op::End,
                    Look::WordAscii => Op::WordEdge,
                    _ => return None,
                };
                self.push(op)?;
            }
            HirKind::Repetition(repetition) => self.repetition(repetition)?,
            HirKind::Capture(capture) => {
                let group = usize::try_from(capture.index).ok()?;
                let slot = 2 * group;
                self.names.push((group, capture.name.clone()));
                self.push(Op::Save(slot))?;
                self.add(&capture.sub)?;
                self.push(Op::Save(slot + 1))?;
            }
            HirKind::Concat(parts) => {
                for part in parts {
                    self.add(part)?;
                }
            }
            HirKind::Alternation(ways) => self.ways(ways)?,
        }
        Some(())
    }

    fn ways(&mut self, ways: &[Hir]) -> Option<()> {
        let mut jumps = Vec::new();
        for (at, way) in ways.iter().enumerate() {
            let split = if at + 1 < ways.len() { Some(self.push(Op::Split(undecided(0, 0)))?) } else { None };
            self.add(way)?;
            if let Some(split) = split {
                jumps.push(self.push(Op::Jump(0))?);
                self.turn(split, Op::Split(undecided(split + 1, self.ops.len())));
            }
        }
        let end = self.ops.len();
        jumps.into_iter().for_each(|jump| self.turn(jump, Op::Jump(end)));
        Some(())
    }

    fn turn(&mut self, at: usize, op: Op) {
        if let Some(place) = self.ops.get_mut(at) {
            *place = op;
        }
    }

    fn repetition(&mut self, repetition: &Repetition) -> Option<()> {
        let Repetition { min, max, greedy, sub } = repetition;
        if let Some(set) = self.set(sub) {
            let (min, max) = (usize::try_from(*min).ok()?, max.map(usize::try_from));
            let max = max.map_or(Some(usize::MAX), Result::ok)?;
            self.push(Op::Run(Box::new(Run { set, min, max, greedy: *greedy, behind: Behind::Any })))?;
            return Some(());
        }
        if let (0, None, true, HirKind::Alternation(ways)) = (*min, *max, *greedy, sub.kind())
            && let [one, other] = ways.as_slice()
            && self.runs_of_two(one, other)?
        {
            return Some(());
        }
        // A repetition of nothing would never end.
        if *min > COPIES_MAX || sub.properties().minimum_len().is_none_or(|length| length == 0) {
            // `(...)?` of something that may be empty takes it at most once.
            if (*min, *max) != (0, Some(1)) {
                return None;
            }
        }
        for _ in 0..*min {
            self.add(sub)?;
        }
        match max {
            None => {
                let split = self.push(Op::Split(undecided(0, 0)))?;
                self.add(sub)?;
                self.push(Op::Jump(split))?;
                self.choose(split, *greedy);
            }
            Some(max) => {
                let more = max.saturating_sub(*min);
                if more > COPIES_MAX {
                    return None;
                }
                let mut splits = Vec::new();
                for _ in 0..more {
                    splits.push(self.push(Op::Split(undecided(0, 0)))?);
                    self.add(sub)?;
                }
                splits.into_iter().for_each(|split| self.choose(split, *greedy));
            }
        }
        Some(())
    }

    /// `(?:[^"\\]|\\.)*` and the like, a class or something that begins with no byte of it: as many of the class as
    /// there are, then perhaps the other and again as many. The same, without a choice at each byte.
    fn runs_of_two(&mut self, one: &Hir, other: &Hir) -> Option<bool> {
        let Some(set) = self.set(one) else { return Some(false) };
        let begins = match other.kind() {
            HirKind::Concat(parts) => parts.first(),
            _ => Some(other),
        };
        let begins = match begins.map(Hir::kind) {
            Some(HirKind::Literal(literal)) => literal.0.first().copied(),
            _ => None,
        };
        let own = |byte: u8| self.sets.get(set).is_some_and(|set| set.has[usize::from(byte)]);
        if begins.is_none_or(own) {
            return Some(false);
        }
        let run =
            || Op::Run(Box::new(Run { set, min: 0, max: usize::MAX, greedy: true, behind: Behind::Any }));
        self.push(run())?;
        let split = self.push(Op::Split(undecided(0, 0)))?;
        self.add(other)?;
        self.push(run())?;
        self.push(Op::Jump(split))?;
        self.choose(split, true);
        Some(true)
    }

    /// Points a split at what follows it and at the end of the program so far.
    fn choose(&mut self, split: usize, greedy: bool) {
        let (inside, out) = (split + 1, self.ops.len());
        self.turn(split, Op::Split(if greedy { undecided(inside, out) } else { undecided(out, inside) }));
    }

    /// The set of a class, or of a literal of one byte.
    fn set(&mut self, hir: &Hir) -> Option<usize> {
        let mut has = [false; 256];
        match hir.kind() {
            HirKind::Class(Class::Bytes(class)) => {
                for range in class.ranges() {
                    (range.start()..=range.end()).for_each(|byte| has[usize::from(byte)] = true);
                }
            }
            HirKind::Class(Class::Unicode(class)) => {
                // Without the Unicode flag only ASCII is left in such a class.
                for range in class.ranges() {
                    let (start, end) = (u8::try_from(range.start()).ok()?, u8::try_from(range.end()).ok()?);
                    if !end.is_ascii() {
                        return None;
                    }
                    (start..=end).for_each(|byte| has[usize::from(byte)] = true);
                }
            }
            HirKind::Literal(literal) if literal.0.len() == 1 => {
                has[usize::from(*literal.0.first()?)] = true;
            }
            _ => return None,
        }
        let missing: Vec<u8> = (0..=u8::MAX).filter(|byte| !has[usize::from(*byte)]).take(4).collect();
        let lacks = match *missing.as_slice() {
            [a] => Lacks::One(a),
            [a, b] => Lacks::Two(a, b),
            [a, b, c] => Lacks::Three(a, b, c),
            _ => Lacks::Many,
        };
        let set = Set { has, lacks };
        let known = self.sets.iter().position(|known| *known == set);
        Some(known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NOWHERE, Scan, Verdict, Workspace};
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    /// Shapes that message forms have, and shapes that invite mistakes.
    const PATTERNS: &[&str] = &[
        r"^Accepted (?<m>\S+) for (?<user>.*) from (?<src>\S+) port (?<port>\d+) ssh2(?:: (?<k>.*))?$",
        r"^(?:(?<a>[a-z]+)|(?<b>[0-9]+))(?: x)?,(?<c>.*?)b(?<d>.*)$",
        r"(?<a>a+)(?<b>b*?)c",
        r"^(?<a>(?:[^ab]|a[^b])+?) b(?<b>.*)$",
        r"^(?<a>a{2,3})(?<b>a{0,2}?)b*$",
        r"^(?<a>(?:ab|a)*)(?<b>b?)(?<c>.*)$",
        r"(?<a>\bab\b)(?: |$)",
        r"^(?<a>.*)a(?<b>.*)a(?<c>.*)$",
        r"^(?<a>.*?)a(?<b>.*?)a(?<c>.*?)$",
        r"^(?:a|ab)(?:c|bcd)(?<a>d*)$",
        r"^\[(?<a>[^\]]*)\] (?<b>(?:x |y )*)(?<c>\S+)$",
        r"(?i)^AbC(?<a>[x-z]+)",
        r"^(?<a>a?)(?<b>a?)(?<c>a?)b$",
        r"^(?<a>(?:[^b,]|b.)*)(?<c>.*)$",
        r"^x (?<a>(?:[^b,]|b\[|b12)*),(?<c>.*)$",
    ];

    fn compare(pattern: &str, text: &[u8]) -> Result<(), TestCaseError> {
        let scan = Scan::compile(pattern).unwrap();
        let regex = RegexBuilder::new(pattern).unicode(false).build().unwrap();
        let mut work = Workspace::default();
        let verdict = scan.read(text, &mut work);
        let groups = regex.captures(text);
        match verdict {
            Verdict::GaveUp => return Ok(()),
            Verdict::Misfits => prop_assert!(groups.is_none(), "{pattern} misses {text:?}"),
            Verdict::Fits => {
                let Some(groups) = groups else {
                    return Err(TestCaseError::fail(format!("{pattern} takes {text:?}")));
                };
                for group in 0..groups.len() {
                    let theirs = groups.get(group).map(|m| (m.start(), m.end()));
                    let (start, end) = (work.slots[2 * group], work.slots[2 * group + 1]);
                    let ours = (start != NOWHERE && end != NOWHERE).then_some((start, end));
                    prop_assert_eq!(ours, theirs, "group {} of {} on {:?}", group, pattern, text);
                }
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn the_groups_are_those_of_the_regex_crate(
            at in 0..PATTERNS.len(),
            text in "(Accepted |for |from |port |ssh2|: |a|b|ab|c|d|x|y| |,|\\[|\\]|12|\n|AbC|z){0,14}",
        ) {
            compare(PATTERNS[at], text.as_bytes())?;
        }
        #[test]
        fn any_bytes_are_read(at in 0..PATTERNS.len(), text in proptest::collection::vec(any::<u8>(), 0..64)) {
            compare(PATTERNS[at], &text)?;
        }
    }

    #[test]
    fn a_text_that_costs_too_much_is_given_up() {
        let scan = Scan::compile(r"^(?:a|ab|b)*(?:b|ba|a)*c$").unwrap();
        let text = "ab".repeat(2_000);
        assert_eq!(scan.read(text.as_bytes(), &mut Workspace::default()), Verdict::GaveUp);
    }
}
