//! How long what a rule remembers matters, and what it can do without.

use super::MATCH_SILENCE;
use super::pattern::Compare;
use super::rule::{Correlation, Counting, Hears, Reference, Rule, RuleSet};
use crate::schema::Span;

/// What a rule's memory can do without.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Condense {
    /// Nothing.
    #[default]
    Never,
    /// Repeated values, in groups with fewer different ones than this.
    Values(usize),
    /// Events before so many single ones.
    Events(usize),
}

/// How long what a rule remembers matters, and how it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Keep {
    /// Events.
    pub entries: Span,
    /// Episodes.
    pub episodes: Span,
    /// The window.
    pub window: Span,
    /// What is counted.
    pub counting: Counting,
    /// How late an event may come.
    pub lateness: Span,
    /// What a long window can do without.
    pub condense: Condense,
}

impl Keep {
    /// Whether what is remembered for one serves the other, be it for a longer or shorter time.
    pub fn counts_like(self, other: Keep) -> bool {
        self.window == other.window && self.counting == other.counting
    }
}

/// Windows from this on are condensed.
const CONDENSE_SPAN: Span = Span::minutes(30);
/// Of a group's events that something late can no longer come before, at least so many stay single.
const CONDENSE_SINGLE: usize = 64;

/// How long what a rule remembers matters: its window, that of the sequences that look at it, and the lateness. In a
/// sequence whose steps before the last are all states of other rules, those remember the window; the rule's own
/// events only wait for late ones of theirs. A count that others give way to is asked about the moments that those judge.
pub fn keep(set: &RuleSet, index: usize, rule: &Rule) -> Keep {
    let (lateness, window) = (rule.meta.lateness, silence_of(rule));
    let reach = rule.correlation().map_or(window, Correlation::reach);
    let is_state = |reference: &Reference| reference.chain.as_ref().is_some_and(|c| c.hears == Hears::State);
    let looks = |(parent, nth): &(usize, usize)| {
        let parent = set.rule(*parent)?.correlation()?;
        parent.references.get(*nth).filter(|reference| is_state(reference)).map(|_| parent.timespan)
    };
    let looked_at = |index| set.parents(index).iter().filter_map(looks).max().unwrap_or(Span::ZERO);
    let longest = window.max(reach).max(looked_at(index));
    let asks = |giver: &usize| {
        let late = set.rule(*giver)?.meta.lateness.0;
        Some(Span(window.0.saturating_add(late).saturating_add(looked_at(*giver).0)))
    };
    let asked = set.givers(index).iter().filter_map(asks).max().unwrap_or(Span::ZERO);
    let waits = rule
        .correlation()
        .filter(|c| c.counting == Counting::InOrder && c.steps.is_none() && c.limits.is_empty())
        .and_then(|c| c.references.split_last());
    let waits = waits.is_some_and(|(_, before)| before.iter().all(is_state));
    let whole = |span: Span| Span(span.0.saturating_add(lateness.0));
    let counting = rule.correlation().map_or(Counting::Events, |c| c.counting);
    // What is heard of a rule that waits comes as much later.
    let hears_late = rule.correlation().into_iter().flat_map(|c| &c.references).any(|reference| {
        set.rule(reference.rule).and_then(Rule::correlation).is_some_and(Correlation::waits)
    });
    let late = if hears_late { Span(lateness.0.saturating_mul(2)) } else { Span::ZERO };
    let entries = if waits { lateness } else { Span(whole(longest).0.saturating_add(late.0)).max(asked) };
    let is_looked_at = asked > Span::ZERO || looked_at(index) > Span::ZERO;
    let condense = rule.correlation().map_or(Condense::Never, |c| condense(c, is_looked_at));
    let lateness = Span(lateness.0.saturating_add(late.0));
    Keep { entries, episodes: whole(window), window, counting, lateness, condense }
}

/// What a rule with a long window can do without; `is_looked_at`: others look at its moments.
fn condense(correlation: &Correlation, is_looked_at: bool) -> Condense {
    let at_least = |(compare, limit): &(Compare, f64)| match compare {
        Compare::Gte => Some(limit.ceil()),
        Compare::Gt => Some(limit.floor() + 1.0),
        _ => None,
    };
    let limits: Option<Vec<f64>> = correlation.limits.iter().map(at_least).collect();
    let least = limits.unwrap_or_default().into_iter().fold(0.0, f64::max).min(1e6) as usize;
    match correlation.counting {
        _ if correlation.timespan < CONDENSE_SPAN || least == 0 || correlation.waits() => Condense::Never,
        Counting::Values => Condense::Values(least),
        Counting::Events if !is_looked_at => Condense::Events((least * 2).max(CONDENSE_SINGLE)),
        _ => Condense::Never,
    }
}

/// How long a rule must not hold before it is told again.
pub fn silence_of(rule: &Rule) -> Span {
    rule.correlation().map_or(MATCH_SILENCE, |correlation| correlation.timespan)
}
