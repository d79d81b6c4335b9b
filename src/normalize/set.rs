//! All grammars together: which of them read the lines of a source, and which one `auto` means.

use super::column::Draft;
use super::fill;
use super::form::Scratch;
use super::grammar::Grammar;
use super::near::{NearMiss, header_parts, near_misses};
use super::read::{self, Found, Memory};
use super::spec::Framing;
use super::table::Columns;
use super::wrapper::Line;
use crate::schema::Class;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The compiled grammars, immutable and shared.
#[derive(Debug, Default)]
pub struct GrammarSet {
    pub(super) grammars: Vec<Grammar>,
    /// By name of a grammar or family.
    plans: BTreeMap<Arc<str>, Plan>,
    /// Each grammar without its family, for `auto`.
    alone: Vec<Plan>,
}

/// How a line was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'g> {
    /// The grammar that read it; `None` where only a family's framing did.
    pub grammar: Option<&'g str>,
    /// The message form; `None` where none fitted.
    pub message: Option<&'g str>,
    /// Whether the grammar claims the program of the header.
    pub claimed: bool,
    /// Why it was not understood.
    pub reason: Option<String>,
    /// How the line was framed.
    pub framing: Option<Framing>,
    /// What the header says: its parts by name.
    pub header: Vec<(&'static str, String)>,
    /// The text that forms were tried on.
    pub text: String,
    /// Where nothing read it: the forms that came nearest.
    pub near: Vec<NearMiss>,
}

/// Why grammars do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Two have one name.
    #[error("two grammars are named `{0}`")]
    Twice(String),
    /// A family has the name of a grammar that is not its member.
    #[error("`{0}` is the name of a grammar and of a family that it does not belong to")]
    Family(String),
}

/// Who reads the lines of a source: one grammar before the others of its family, or a whole family.
#[derive(Debug, Default)]
pub struct Plan {
    /// Name of the grammar or family.
    pub(super) name: Arc<str>,
    /// The grammar that the source names; `None` for a family.
    pub(super) main: Option<usize>,
    /// By framing.
    framed: [Vec<usize>; Framing::COUNT],
    /// Programs claimed by name, in lower case.
    exact: BTreeMap<Box<[u8]>, Vec<usize>>,
    /// Programs claimed by how they begin, longest first.
    prefixes: Vec<(Box<[u8]>, usize)>,
    /// Members that claim no program (or `*`) and so look at every line.
    pub(super) any: Vec<usize>,
}

impl Plan {
    fn new(name: &Arc<str>, main: Option<usize>, members: &[usize], grammars: &[Grammar]) -> Plan {
        let mut plan = Plan { name: Arc::clone(name), main, ..Plan::default() };
        for &member in members {
            let Some(grammar) = grammars.get(member) else { continue };
            for framing in &grammar.spec.framings {
                if let Some(members) = plan.framed.get_mut(*framing as usize) {
                    members.push(member);
                }
            }
            if !grammar.spec.framings.contains(&Framing::Syslog) {
                continue;
            }
            if grammar.spec.programs.is_empty() {
                plan.any.push(member);
            }
            for program in &grammar.spec.programs {
                let program = program.to_ascii_lowercase();
                match program.strip_suffix('*') {
                    Some("") => plan.any.push(member),
                    Some(head) => plan.prefixes.push((head.as_bytes().into(), member)),
                    None => plan.exact.entry(program.as_bytes().into()).or_default().push(member),
                }
            }
        }
        plan.prefixes.sort_by_key(|(head, _)| std::cmp::Reverse(head.len()));
        plan
    }

    /// The members that read a framing.
    pub(super) fn framed(&self, framing: Framing) -> &[usize] {
        self.framed.get(framing as usize).map_or(&[], Vec::as_slice)
    }

    /// The members that claim a program, the closest claim first. The name may be a path, or carry a module
    /// in parentheses (`sshd(pam_unix)`).
    pub(super) fn claims(&self, program: &str) -> impl Iterator<Item = usize> {
        let name = Lower::of(program);
        let exact =
            [name.whole(), name.last(), name.bare()].into_iter().find_map(|name| self.exact.get(name));
        let exact = exact.into_iter().flatten().copied();
        let fits = move |head: &[u8]| name.whole().starts_with(head) || name.last().starts_with(head);
        exact.chain(self.prefixes.iter().filter(move |(head, _)| fits(head)).map(|(_, member)| *member))
    }

    /// Whether a member claims exactly this name.
    pub(super) fn knows(&self, program: &str) -> bool {
        self.exact.contains_key(Lower::of(program).whole())
    }
}

/// Longest program name that is looked up (`syslog` takes no longer tag).
const PROGRAM_BYTES_MAX: usize = 128;

/// A program's name in lower case; made for each line, so without allocation.
struct Lower {
    bytes: [u8; PROGRAM_BYTES_MAX],
    length: usize,
    /// Where the name behind the last slash begins, and where its module in parentheses begins.
    last: usize,
    module: usize,
}

impl Lower {
    fn of(program: &str) -> Lower {
        let mut lower = Lower { bytes: [0; PROGRAM_BYTES_MAX], length: 0, last: 0, module: 0 };
        for (place, byte) in lower.bytes.iter_mut().zip(program.bytes()) {
            *place = byte.to_ascii_lowercase();
            lower.length += 1;
            if byte == b'/' {
                lower.last = lower.length;
            }
        }
        let module = memchr::memchr(b'(', lower.last()).map(|at| lower.last + at);
        lower.module = module.unwrap_or(lower.length);
        lower
    }
    fn whole(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
    fn last(&self) -> &[u8] {
        self.bytes.get(self.last..self.length).unwrap_or(&[])
    }
    fn bare(&self) -> &[u8] {
        self.bytes.get(self.last..self.module).unwrap_or(&[])
    }
}

/// How much one line says for a grammar.
const STRONG: u32 = 4;
const FAIR: u32 = 2;
const WEAK: u32 = 1;
/// Of a hundred lines so many must be read by a grammar before it is taken for a file's.
const SHARE_MIN_PERCENT: usize = 10;

/// What the first lines of a file have said for each grammar; `auto` decides by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines seen.
    pub lines: usize,
    /// Per grammar's name: (score, lines read).
    pub votes: BTreeMap<String, (u32, usize)>,
}

impl GrammarSet {
    /// Puts grammars together.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn new(grammars: Vec<Grammar>) -> Result<GrammarSet, SetError> {
        let mut plans = BTreeMap::new();
        let mut families: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, grammar) in grammars.iter().enumerate() {
            if let Some(family) = &grammar.spec.family {
                families.entry(family).or_default().push(at);
            }
        }
        for (at, grammar) in grammars.iter().enumerate() {
            let family = grammar.spec.family.as_deref().and_then(|family| families.get(family));
            let mates = family.into_iter().flatten().copied().filter(|mate| *mate != at);
            let members: Vec<usize> = std::iter::once(at).chain(mates).collect();
            let plan = Plan::new(&grammar.name, Some(at), &members, &grammars);
            if plans.insert(Arc::clone(&grammar.name), plan).is_some() {
                return Err(SetError::Twice(grammar.spec.name.clone()));
            }
        }
        for (family, members) in &families {
            match plans.get(*family).and_then(|plan| plan.main) {
                Some(member) if members.contains(&member) => {}
                Some(_) => return Err(SetError::Family((*family).to_owned())),
                None => {
                    let name: Arc<str> = Arc::from(*family);
                    plans.insert(Arc::clone(&name), Plan::new(&name, None, members, &grammars));
                }
            }
        }
        let alone = |(at, grammar): (usize, &Grammar)| Plan::new(&grammar.name, Some(at), &[at], &grammars);
        let alone = grammars.iter().enumerate().map(alone).collect();
        Ok(GrammarSet { grammars, plans, alone })
    }

    /// The grammars, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Grammar> {
        self.plans.values().filter_map(|plan| self.grammars.get(plan.main?))
    }

    /// Names of grammars, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|grammar| grammar.spec.name.as_str())
    }

    /// Names of families, sorted, each with its members.
    pub fn families(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for grammar in self.iter() {
            if let Some(family) = &grammar.spec.family {
                families.entry(family).or_default().push(&grammar.spec.name);
            }
        }
        families.into_iter()
    }

    /// Whether a source may name this as its format (`auto` aside).
    pub fn has(&self, format: &str) -> bool {
        self.plans.contains_key(format)
    }

    /// A grammar by name.
    pub fn get(&self, name: &str) -> Option<&Grammar> {
        self.plans.get(name).and_then(|plan| self.grammars.get(plan.main?))
    }

    /// Which grammar and message form read a line, for `explain line`; `None` when no format has this name.
    pub fn explain(&self, format: &str, line: &[u8]) -> Option<Explanation<'_>> {
        let text = String::from_utf8_lossy(line);
        let line = Line::of(&text);
        let mut memory = Memory { columns: &mut Columns::default(), scratch: &mut Scratch::default() };
        let plan = self.plan(format)?;
        let found = read::find(self, plan, &line, &mut memory);
        let tried = found.member().or(plan.main).and_then(|member| self.grammars.get(member));
        let grammar = found.member().and_then(|member| self.grammars.get(member));
        let form = found.form().and_then(|(_, form)| grammar?.spec.messages.get(form));
        let near = match form {
            Some(_) => Vec::new(),
            None => tried.map_or_else(Vec::new, |grammar| near_misses(&grammar.spec.messages, found.message)),
        };
        Some(Explanation {
            framing: found.framing,
            header: header_parts(&found.header),
            text: found.message.to_owned(),
            near,
            grammar: grammar.map(|grammar| grammar.spec.name.as_str()),
            message: form.map(|message| message.name.as_str()),
            claimed: found.is_claimed(),
            reason: found.reason,
        })
    }

    pub(super) fn plan(&self, format: &str) -> Option<&Plan> {
        self.plans.get(format)
    }

    /// The format of a file that begins with these lines: the grammar that reads most of them and shows
    /// evidence of its own, else a fallback; `None` when nothing reads any.
    pub fn guess(&self, lines: &[&[u8]]) -> Option<&str> {
        let mut tally = Tally::default();
        let (mut columns, mut scratch) = (Columns::default(), Scratch::default());
        for (number, line) in (1..).zip(lines) {
            columns.at_line(number);
            self.vote(&mut tally, &String::from_utf8_lossy(line), &mut columns, &mut scratch);
        }
        self.winner(&tally)
    }

    /// Lets every grammar look at a line.
    pub(super) fn vote(&self, tally: &mut Tally, line: &str, columns: &mut Columns, scratch: &mut Scratch) {
        if line.trim().is_empty() {
            return;
        }
        tally.lines += 1;
        let line = Line::of(line);
        let mut memory = Memory { columns, scratch };
        for (grammar, alone) in self.grammars.iter().zip(&self.alone) {
            let found = read::find(self, alone, &line, &mut memory);
            if let Some(score) = self.score(grammar, found, memory.scratch) {
                let vote = tally.votes.entry(grammar.spec.name.clone()).or_default();
                *vote = (vote.0.saturating_add(score), vote.1 + 1);
            }
        }
    }

    /// What a line says for a grammar: most where a form with a pattern or tests gives a class, nothing where a
    /// form only says that the line is of no interest. `None` = the grammar does not read the line.
    fn score(&self, grammar: &Grammar, found: Found<'_>, scratch: &Scratch) -> Option<u32> {
        let known = if found.is_claimed() { WEAK } else { 0 };
        let understood = grammar.spec.fallback && found.is_understood();
        let Some(form) = found.form().and_then(|(_, form)| grammar.forms.get(form)) else {
            return (known > 0 || understood).then_some(known);
        };
        let special = form.pattern.is_some() || !form.when.is_empty();
        let mut draft = Draft::default();
        fill::fill(self, found, scratch, &mut draft);
        match draft.class.unwrap_or(form.class) {
            Class::Base if special || understood => Some(known),
            Class::Base => None,
            _ if special => Some(STRONG),
            _ => Some(FAIR),
        }
    }

    /// The format with the most votes: a grammar, or its family when several members had votes.
    pub(super) fn winner(&self, tally: &Tally) -> Option<&str> {
        let votes = || tally.votes.iter().filter_map(|(name, vote)| Some((self.get(name)?, vote.0, vote.1)));
        let mut units: BTreeMap<&str, (u32, usize, Vec<&str>)> = BTreeMap::new();
        for (grammar, score, lines) in
            votes().filter(|(grammar, score, _)| !grammar.spec.fallback && *score >= FAIR)
        {
            let unit = units.entry(grammar.spec.family.as_deref().unwrap_or(&grammar.spec.name)).or_default();
            unit.0 = unit.0.saturating_add(score);
            unit.1 += lines;
            unit.2.push(&grammar.spec.name);
        }
        let enough = |lines: usize| lines * 100 >= tally.lines * SHARE_MIN_PERCENT;
        let best = units.iter().rev().filter(|(_, unit)| enough(unit.1)).max_by_key(|(_, unit)| unit.0);
        if let Some((name, (_, _, members))) = best {
            let name = if members.len() == 1 { members.first().unwrap_or(name) } else { name };
            return Some(name);
        }
        // Of fallbacks that read as many lines, one whose framing marks its lines wins, then one that finds more,
        // then the stricter framing.
        let strict = |framing: &Framing| match framing {
            Framing::Cef | Framing::Leef | Framing::Xml | Framing::Audit | Framing::W3c => 4,
            Framing::Json | Framing::Csv => 3,
            Framing::Syslog => 2,
            Framing::KeyValue => 1,
            Framing::Plain => 0,
        };
        let strictest = |grammar: &Grammar| grammar.spec.framings.iter().map(strict).max().unwrap_or(0);
        let fallbacks =
            votes().filter(|(grammar, _, lines)| grammar.spec.fallback && lines * 2 >= tally.lines);
        let best = fallbacks.max_by_key(|(grammar, score, lines)| {
            let strict = strictest(grammar);
            (*lines, strict == 4, *score, strict)
        });
        best.map(|(grammar, ..)| grammar.spec.name.as_str())
    }
}
