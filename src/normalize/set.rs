//! All grammars together: which of them read the lines of a source, and which one `auto` means.

use super::auto::Tally;
use super::form::Scratch;
use super::grammar::Grammar;
use super::near::{NearMiss, header_parts, near_misses};
use super::read::{self, Memory};
use super::spec::Framing;
use super::table::Columns;
use super::wrapper::Line;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use super::plan::Plan;

/// The compiled grammars, immutable and shared.
#[derive(Debug, Default)]
pub struct GrammarSet {
    pub(super) grammars: Vec<Grammar>,
    /// By name of a grammar or family.
    plans: BTreeMap<Arc<str>, Arc<Plan>>,
    /// Each grammar without its family, for `auto`.
    pub(super) alone: Vec<Plan>,
    /// All that claim programs, the fallbacks aside.
    claimants: Plan,
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
            if plans.insert(Arc::clone(&grammar.name), Arc::new(plan)).is_some() {
                return Err(SetError::Twice(grammar.spec.name.clone()));
            }
        }
        for (family, members) in &families {
            match plans.get(*family).and_then(|plan| plan.main) {
                Some(member) if members.contains(&member) => {}
                Some(_) => return Err(SetError::Family((*family).to_owned())),
                None => {
                    let name: Arc<str> = Arc::from(*family);
                    plans.insert(Arc::clone(&name), Arc::new(Plan::new(&name, None, members, &grammars)));
                }
            }
        }
        let alone = |(at, grammar): (usize, &Grammar)| Plan::new(&grammar.name, Some(at), &[at], &grammars);
        let alone = grammars.iter().enumerate().map(alone).collect();
        let own: Vec<usize> =
            (0..grammars.len()).filter(|at| grammars.get(*at).is_some_and(|g| !g.spec.fallback)).collect();
        let claimants = Plan::new(&Arc::from("auto"), None, &own, &grammars);
        Ok(GrammarSet { grammars, plans, alone, claimants })
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

    /// The name of a grammar or family, as the set keeps it.
    pub(super) fn name_of(&self, format: &str) -> Option<&str> {
        self.plans.get_key_value(format).map(|(name, _)| &**name)
    }

    pub(super) fn plan(&self, format: &str) -> Option<&Arc<Plan>> {
        self.plans.get(format)
    }

    /// Whether a grammar claims a program.
    pub(super) fn is_claimed(&self, program: &str) -> bool {
        self.claimants.claims(program).next().is_some()
    }

    /// The format of a file that begins with these lines: the grammar that reads most of them and shows
    /// evidence of its own, else a fallback; `None` when nothing reads any.
    pub fn guess(&self, lines: &[&[u8]]) -> Option<&str> {
        let mut tally = Tally::default();
        let (mut columns, mut scratch) = (Columns::default(), Scratch::default());
        for (number, line) in (1..).zip(lines) {
            columns.at_line(number);
            let text = String::from_utf8_lossy(line);
            let mut memory = Memory { columns: &mut columns, scratch: &mut scratch };
            tally.look(self, &Line::of(&text), &mut memory);
        }
        tally.winner(self).map(|choice| choice.name)
    }
}
