//! Patterns of message forms, matched by a small backtracking machine that knows what log lines look like: literals,
//! runs of a byte class, and few choices. It gives the same groups as the `regex` crate (leftmost, first choice wins),
//! several times faster, because a run looks for the literal behind it instead of trying every byte.
//!
//! Time stays linear for hostile text: a run of the machine has a budget of steps in proportion to the text; when it is
//! spent the verdict is [`Verdict::GaveUp`] and the caller asks the `regex` crate, which is linear by construction.
//! A pattern that the machine cannot hold is not compiled ([`Scan::compile`] gives `None`).

mod compile;

use memchr::memmem::{Finder, FinderRev};

/// Steps that one match may take: this many, and some for each byte of the text.
const STEPS_MIN: usize = 2_048;
const STEPS_PER_BYTE: usize = 4;
/// Bytes that a run may look over for one step. Each step is as quick as the next one only if such looking counts: a
/// run behind a choice could look over the whole text at each way.
const BYTES_PER_STEP: usize = 16;
/// A group that took no part in the match.
pub const NOWHERE: usize = usize::MAX;

/// A compiled pattern.
#[derive(Debug)]
pub struct Scan {
    ops: Vec<Op>,
    sets: Vec<Set>,
    /// Two places for each group, the whole match first.
    slots: usize,
    /// It begins with `^`.
    anchored: bool,
    names: Vec<Option<Box<str>>>,
}

/// How a match ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It fits; the slots hold the groups.
    Fits,
    /// It does not fit.
    Misfits,
    /// Too many steps; somebody else must say.
    GaveUp,
}

/// Memory that is used again for each match.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Start and end of each group, [`NOWHERE`] where it took no part.
    pub slots: Vec<usize>,
    stack: Vec<Frame>,
    /// Bytes that runs looked over since it was counted.
    scanned: usize,
}

#[derive(Debug)]
enum Op {
    /// This byte.
    Byte(u8),
    /// These bytes.
    Literal(Box<[u8]>),
    /// One byte of a set.
    One(usize),
    /// Many bytes of a set.
    Run(Box<Run>),
    /// Here a group begins or ends.
    Save(usize),
    /// Two ways, the first is tried first.
    Split(Split),
    /// Go on there.
    Jump(usize),
    /// The text begins here.
    Start,
    /// The text ends here.
    End,
    /// A word begins or ends here (ASCII).
    WordEdge,
    /// Done.
    Match,
}

#[derive(Debug)]
struct Run {
    set: usize,
    min: usize,
    max: usize,
    greedy: bool,
    behind: Behind,
}

#[derive(Debug)]
struct Split {
    first: usize,
    second: usize,
    /// Which ways the next byte leaves open ([`FIRST`], [`SECOND`]); the last place is for the end of the text.
    open: Box<[u8; 257]>,
}

/// The first way may go on with this byte.
const FIRST: u8 = 1;
/// The second one.
const SECOND: u8 = 2;

/// What stands behind a run, which tells where it may end.
#[derive(Debug)]
enum Behind {
    /// Anything: each end is tried.
    Any,
    /// Nothing that a byte of the run could begin: only the longest run can be right.
    Stops,
    /// This text.
    Literal(Box<Finders>),
}

#[derive(Debug)]
struct Finders {
    length: usize,
    forward: Finder<'static>,
    backward: FinderRev<'static>,
}

/// A set of bytes.
#[derive(Debug, PartialEq)]
struct Set {
    has: [bool; 256],
    lacks: Lacks,
}

/// The bytes that a set lacks: the end of a run of all but one, two or three is searched by `memchr`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lacks {
    One(u8),
    Two(u8, u8),
    Three(u8, u8, u8),
    Many,
}

/// What to go back to.
#[derive(Debug)]
enum Frame {
    /// Another way from here.
    Way { op: usize, at: usize },
    /// A slot's former value.
    Slot { slot: usize, was: usize },
    /// Other ends of a run: from `low` to `high`.
    Ends { op: usize, low: usize, high: usize },
}

impl Scan {
    /// Names of the groups, the whole match first.
    pub fn names(&self) -> &[Option<Box<str>>] {
        &self.names
    }

    /// Operations, and bytes that counted runs may take: what a regex of the same pattern would have to spell out.
    pub fn weight(&self) -> usize {
        let counted = |run: &Run| if run.max == usize::MAX { run.min } else { run.max };
        let runs = self.ops.iter().map(|op| if let Op::Run(run) = op { counted(run) } else { 0 });
        runs.fold(self.ops.len(), usize::saturating_add)
    }

    /// Matches a text; the groups are left in the workspace.
    pub fn read(&self, text: &[u8], work: &mut Workspace) -> Verdict {
        let mut steps = STEPS_MIN + text.len() * STEPS_PER_BYTE;
        let starts = if self.anchored { 0..=0 } else { 0..=text.len() };
        for start in starts {
            work.slots.clear();
            work.slots.resize(self.slots, NOWHERE);
            work.stack.clear();
            match self.from(start, text, work, &mut steps) {
                Verdict::Misfits => {}
                verdict => return verdict,
            }
        }
        Verdict::Misfits
    }

    fn from(&self, start: usize, text: &[u8], work: &mut Workspace, steps: &mut usize) -> Verdict {
        let (mut op, mut at) = (0, start);
        loop {
            let Some(left) = steps.checked_sub(1) else { return Verdict::GaveUp };
            *steps = left;
            let next = match self.ops.get(op) {
                Some(Op::Literal(bytes)) => text
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(bytes))
                    .then(|| (op + 1, at + bytes.len())),
                Some(Op::Byte(byte)) => (text.get(at) == Some(byte)).then_some((op + 1, at + 1)),
                Some(Op::One(set)) => {
                    text.get(at).is_some_and(|byte| self.has(*set, *byte)).then_some((op + 1, at + 1))
                }
                Some(Op::Run(run)) => {
                    let next = self.run(op, run, at, text, work);
                    *steps = steps.saturating_sub(std::mem::take(&mut work.scanned) / BYTES_PER_STEP);
                    next
                }
                Some(Op::Save(slot)) => {
                    if let Some(place) = work.slots.get_mut(*slot) {
                        // Without a choice before it nobody will ask for the former value.
                        if !work.stack.is_empty() {
                            work.stack.push(Frame::Slot { slot: *slot, was: *place });
                        }
                        *place = at;
                    }
                    Some((op + 1, at))
                }
                Some(Op::Split(split)) => split.way(text, at, work).map(|op| (op, at)),
                Some(Op::Jump(to)) => Some((*to, at)),
                Some(Op::Start) => (at == 0).then_some((op + 1, at)),
                Some(Op::End) => (at == text.len()).then_some((op + 1, at)),
                Some(Op::WordEdge) => is_word_edge(text, at).then_some((op + 1, at)),
                Some(Op::Match) | None => {
                    if let Some([first, last]) = work.slots.get_mut(..2) {
                        (*first, *last) = (start, at);
                    }
                    return Verdict::Fits;
                }
            };
            match next.or_else(|| self.back(text, work)) {
                Some(next) => (op, at) = next,
                None => return Verdict::Misfits,
            }
        }
    }

    fn has(&self, set: usize, byte: u8) -> bool {
        self.sets.get(set).is_some_and(|set| set.has[usize::from(byte)])
    }

    /// Enters a run: the first end that may be right; the others wait on the stack.
    fn run(
        &self,
        op: usize,
        run: &Run,
        at: usize,
        text: &[u8],
        work: &mut Workspace,
    ) -> Option<(usize, usize)> {
        let rest = text.get(at..)?;
        let rest = rest.get(..run.max.min(rest.len()))?;
        let high = at + self.sets.get(run.set)?.extent(rest);
        work.scanned += high - at;
        let low = at + run.min;
        if high < low {
            return None;
        }
        if matches!(run.behind, Behind::Stops) {
            return Some((op + 1, high));
        }
        self.end_of_run(op, run, (low, high), text, work)
    }

    /// The next end of a run between two places.
    fn end_of_run(
        &self,
        op: usize,
        run: &Run,
        (low, high): (usize, usize),
        text: &[u8],
        work: &mut Workspace,
    ) -> Option<(usize, usize)> {
        let end = match &run.behind {
            Behind::Literal(finders) => {
                let area = text.get(low..text.len().min(high + finders.length))?;
                let found =
                    if run.greedy { finders.backward.rfind(area) } else { finders.forward.find(area) };
                work.scanned += match found {
                    Some(at) if run.greedy => area.len() - at,
                    Some(at) => at,
                    None => area.len(),
                };
                low + found?
            }
            _ if run.greedy => high,
            _ => low,
        };
        let (low, high) = if run.greedy { (low, end.wrapping_sub(1)) } else { (end + 1, high) };
        if low <= high && high != usize::MAX {
            work.stack.push(Frame::Ends { op, low, high });
        }
        Some((op + 1, end))
    }

    /// Goes back to the last choice.
    fn back(&self, text: &[u8], work: &mut Workspace) -> Option<(usize, usize)> {
        loop {
            match work.stack.pop()? {
                Frame::Way { op, at } => return Some((op, at)),
                Frame::Slot { slot, was } => {
                    if let Some(place) = work.slots.get_mut(slot) {
                        *place = was;
                    }
                }
                Frame::Ends { op, low, high } => {
                    let Some(Op::Run(run)) = self.ops.get(op) else { continue };
                    if let Some(next) = self.end_of_run(op, run, (low, high), text, work) {
                        return Some(next);
                    }
                }
            }
        }
    }
}

impl Split {
    /// The way to go; the other one is kept where both are open.
    fn way(&self, text: &[u8], at: usize, work: &mut Workspace) -> Option<usize> {
        let byte = text.get(at).map_or(256, |byte| usize::from(*byte));
        match self.open.get(byte).copied().unwrap_or(FIRST | SECOND) {
            0 => None,
            FIRST => Some(self.first),
            SECOND => Some(self.second),
            _ => {
                work.stack.push(Frame::Way { op: self.second, at });
                Some(self.first)
            }
        }
    }
}

impl Set {
    /// How many bytes at the start of a text are in the set.
    fn extent(&self, text: &[u8]) -> usize {
        let end = match self.lacks {
            Lacks::One(a) => memchr::memchr(a, text),
            Lacks::Two(a, b) => memchr::memchr2(a, b, text),
            Lacks::Three(a, b, c) => memchr::memchr3(a, b, c, text),
            Lacks::Many => text.iter().position(|byte| !self.has[usize::from(*byte)]),
        };
        end.unwrap_or(text.len())
    }
}

fn is_word_edge(text: &[u8], at: usize) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    is_word(before) != is_word(text.get(at))
}
