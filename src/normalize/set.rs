//! All grammars together: which of them read the lines of a source.

use super::grammar::Grammar;
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
            for family in grammar.spec.families() {
                families.entry(family).or_default().push(at);
            }
        }
        for (at, grammar) in grammars.iter().enumerate() {
            let own = grammar.spec.family.as_deref();
            let family = own.and_then(|family| families.get(family));
            // Guests are read where the family is named: who names a member wants its kin.
            let is_mate = |mate: &usize| {
                *mate != at && grammars.get(*mate).is_some_and(|mate| mate.spec.family.as_deref() == own)
            };
            let mates = family.into_iter().flatten().copied().filter(is_mate);
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
            for family in grammar.spec.families() {
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
}
