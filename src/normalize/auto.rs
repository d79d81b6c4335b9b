//! What `auto` means for a file: each grammar looks at its first lines, and the one that shows most evidence reads it.
//!
//! Evidence is, from strong to weak: a form with a class that a pattern or tests found; a program that the grammar
//! claims; a form that only says of which product the line is. Of grammars with the same evidence the one that knows
//! more of the lines wins (captures, tests that hold, fields that it asks for), never one by its name.
//! Members of a family count together, each line once; one member that reads all the family reads is named itself.
//! A fallback is taken only where no grammar has any evidence.

mod sight;

use super::grammar::{Grammar, GrammarSet};
use super::read::Memory;
use super::spec::Framing;
use super::syslog;
use super::wrapper::Line;
use serde::{Deserialize, Serialize};
use sight::{FAIR, Sight, Sign};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// After so many lines a grammar that reads most of them is taken for good.
const LINES: usize = 32;
/// So many lines of a file are all looked at: a look costs as much as reading a hundred lines.
const FIRST_LINES: usize = 64;
/// After so many looks every grammar that shows evidence is taken for good; without one, or with weak evidence only,
/// later lines are looked at now and then.
const LOOKS_MAX: usize = 128;
/// Each so-and-so-manieth line is looked at after the first (a prime: a file may have a rhythm), besides those of a
/// program that a grammar claims: with [`LOOKS_MAX`] about 500 lines.
const THEN_EVERY: u64 = 7;
/// The same for later lines.
const LATE_EVERY: u64 = 61;
/// So many late lines must be evidence: one line may be somebody's doing.
const LATE_HITS_MIN: u32 = 4;
/// Of a hundred lines so many must be evidence for a grammar before it is taken for a file's.
const SHARE_MIN_PERCENT: usize = 10;
/// Of a hundred lines so many must fit the texts that a grammar knows of no interest, to be taken for their shape alone.
const COVER_MIN_PERCENT: usize = 90;
/// Or so many must be messages that matter of a program that it claims: a busy machine says little else about logins.
const CLAIMS_MIN: u32 = 2;

/// What lines have said for a grammar or family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    score: u32,
    weak: u32,
    special: u32,
    /// Lines with a score.
    hits: u32,
    /// Lines of claimed programs that a form with a class fitted.
    claims: u32,
    /// Lines that a form for text fitted.
    texts: u32,
    /// Lines that were read.
    lines: u32,
}

impl Vote {
    fn add(&mut self, sign: Sign) {
        self.score = self.score.saturating_add(sign.score);
        self.weak = self.weak.saturating_add(sign.weak);
        self.special = self.special.saturating_add(sign.special);
        self.hits = self.hits.saturating_add(u32::from(sign.score > 0));
        self.claims = self.claims.saturating_add(u32::from(sign.claimed));
        self.texts = self.texts.saturating_add(u32::from(sign.text));
        self.lines = self.lines.saturating_add(1);
    }
}

/// What the lines of a file have said for each grammar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Lines that were looked at.
    looks: usize,
    /// By name of a grammar.
    votes: BTreeMap<String, Vote>,
    /// By name of a family: of each line the best that it says for a member.
    families: BTreeMap<String, Vote>,
    /// The first lines are past.
    late: bool,
}

/// What a file is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<'g> {
    /// A grammar or family.
    pub name: &'g str,
    /// By evidence that is not weak.
    sure: bool,
    /// Lines with a score.
    hits: u32,
}

/// One grammar, or one family, with its votes.
struct Unit<'t> {
    name: &'t str,
    vote: &'t Vote,
    /// Grammars in it.
    size: usize,
}

impl Tally {
    /// Whether the first lines are past.
    pub fn is_late(&self) -> bool {
        self.late
    }

    /// Whether a line is worth a look: of late lines some are.
    pub fn wants(&self, set: &GrammarSet, text: &str, number: u64) -> bool {
        let every = match self.looks {
            _ if self.late => LATE_EVERY,
            looks if looks >= FIRST_LINES => THEN_EVERY,
            _ => 1,
        };
        let is_claimed = || syslog::read(text).program.is_some_and(|program| set.is_claimed(program));
        number.is_multiple_of(every) || is_claimed()
    }

    /// Lets every grammar look at a line.
    pub fn look(&mut self, set: &GrammarSet, line: &Line<'_>, memory: &mut Memory<'_>) {
        if line.whole.trim().is_empty() {
            return;
        }
        self.looks += 1;
        let mut sight = Sight::of(line);
        let mut best: BTreeMap<&str, Sign> = BTreeMap::new();
        for (member, grammar) in set.grammars.iter().enumerate() {
            let Some(sign) = sight.sign(set, member, memory) else { continue };
            entry(&mut self.votes, &grammar.spec.name).add(sign);
            for family in families(grammar) {
                let best = best.entry(family).or_default();
                best.score = best.score.max(sign.score);
                best.weak = best.weak.max(sign.weak);
                best.special = best.special.max(sign.special);
                best.claimed |= sign.claimed;
                best.text |= sign.text;
            }
        }
        for (family, sign) in best {
            entry(&mut self.families, family).add(sign);
        }
    }

    /// What the lines say that the file is, and whether that stands for good.
    pub fn decide<'g>(&mut self, set: &'g GrammarSet) -> (Option<&'g str>, bool) {
        let choice = self.winner(set);
        let sure = choice.filter(|choice| choice.sure);
        if self.late {
            let found = sure.filter(|choice| choice.hits >= LATE_HITS_MIN);
            if self.looks >= LOOKS_MAX {
                *self = Tally { late: true, ..Tally::default() };
            }
            return (found.map(|choice| choice.name), found.is_some());
        }
        let clear = sure.is_some_and(|choice| choice.hits as usize * 2 >= self.looks);
        let settled = (clear && self.looks >= LINES) || (sure.is_some() && self.looks >= LOOKS_MAX);
        if self.looks >= LOOKS_MAX {
            *self = Tally { late: true, ..Tally::default() };
        }
        (choice.map(|choice| choice.name), settled)
    }

    /// The format with the most evidence.
    pub fn winner<'g>(&self, set: &'g GrammarSet) -> Option<Choice<'g>> {
        let units = self.units(set);
        let enough = |lines: u32| lines as usize * 100 >= self.looks * SHARE_MIN_PERCENT;
        let strong = units.iter().filter(|unit| unit.vote.score >= FAIR);
        let strong = strong.filter(|unit| enough(unit.vote.hits) || unit.vote.claims >= CLAIMS_MIN);
        let rank = |unit: &Unit<'_>| {
            (unit.vote.claims, unit.vote.special, Reverse(unit.size), Reverse(unit.name.to_owned()))
        };
        if let Some(unit) = strong.max_by_key(|unit| (unit.vote.score, rank(unit))) {
            return Some(Choice {
                name: self.name(set, unit, |vote| vote.score)?,
                sure: true,
                hits: unit.vote.hits,
            });
        }
        let weak = units.iter().filter(|unit| unit.vote.weak > 0 && enough(unit.vote.weak));
        if let Some(unit) = weak.max_by_key(|unit| (unit.vote.weak, rank(unit))) {
            return Some(Choice { name: self.name(set, unit, |vote| vote.weak)?, sure: false, hits: 0 });
        }
        let covers = |lines: u32| lines as usize * 100 >= self.looks * COVER_MIN_PERCENT;
        let whole = units.iter().filter(|unit| unit.vote.special > 0 && covers(unit.vote.texts));
        if let Some(unit) = whole.max_by_key(|unit| (unit.vote.texts, rank(unit))) {
            return Some(Choice { name: self.name(set, unit, |vote| vote.texts)?, sure: false, hits: 0 });
        }
        self.fallback(set)
    }

    /// Families, and grammars of none; fallbacks aside.
    fn units<'t>(&'t self, set: &GrammarSet) -> Vec<Unit<'t>> {
        let alone = |name: &str| {
            set.get(name).is_some_and(|grammar| !grammar.spec.fallback && families(grammar).next().is_none())
        };
        let grammars = self.votes.iter().filter(|(name, _)| alone(name));
        let grammars = grammars.map(|(name, vote)| Unit { name, vote, size: 1 });
        let families = self
            .families
            .iter()
            .filter_map(|(name, vote)| Some(Unit { name, vote, size: set.plan(name)?.size() }));
        grammars.chain(families).collect()
    }

    /// The one member that reads whatever the family reads, or else the family.
    fn name<'g>(&self, set: &'g GrammarSet, unit: &Unit<'_>, by: impl Fn(&Vote) -> u32) -> Option<&'g str> {
        let member = |name: &str| {
            set.get(name).is_some_and(|grammar| families(grammar).any(|family| family == unit.name))
        };
        let members = self.votes.iter().filter(|(name, vote)| by(vote) > 0 && member(name));
        let whole: Vec<_> = members.filter(|(_, vote)| by(vote) == by(unit.vote)).collect();
        let most = whole.iter().map(|(_, vote)| vote.special).max();
        let mut best = whole.iter().filter(|(_, vote)| Some(vote.special) == most);
        let name = match (best.next(), best.next()) {
            (Some((name, _)), None) => name.as_str(),
            _ => unit.name,
        };
        set.name_of(name)
    }

    /// Of fallbacks that read as many lines, one whose framing marks its lines wins, then one that finds more,
    /// then the stricter framing.
    fn fallback<'g>(&self, set: &'g GrammarSet) -> Option<Choice<'g>> {
        let strict = |framing: &Framing| match framing {
            Framing::Cef | Framing::Leef | Framing::Xml | Framing::Audit | Framing::W3c => 4,
            Framing::Json | Framing::Csv => 3,
            Framing::Syslog => 2,
            Framing::KeyValue => 1,
            Framing::Plain => 0,
        };
        let votes = self.votes.iter().filter_map(|(name, vote)| Some((set.get(name)?, vote)));
        let fallbacks =
            votes.filter(|(grammar, vote)| grammar.spec.fallback && vote.lines as usize * 2 >= self.looks);
        let best = fallbacks.max_by_key(|(grammar, vote)| {
            let strict = grammar.spec.framings.iter().map(strict).max().unwrap_or(0);
            (vote.lines, strict == 4, vote.score, strict)
        });
        best.map(|(grammar, _)| Choice { name: &grammar.spec.name, sure: false, hits: 0 })
    }
}

fn families(grammar: &Grammar) -> impl Iterator<Item = &str> {
    grammar.spec.family.as_deref().into_iter()
}

fn entry<'v>(votes: &'v mut BTreeMap<String, Vote>, name: &str) -> &'v mut Vote {
    votes.entry(name.to_owned()).or_default()
}
