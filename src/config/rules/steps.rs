//! The condition of a temporal correlation: a number of its rules (`gte: 2`), or their names with `and`, `or`, `not`
//! and brackets.

use crate::config::report::nearest;
use crate::detect::pattern::Compare;
use crate::detect::rule::{Counting, Steps};

/// Rules of an ordered sequence that does not need all of them: every set of them is looked at.
const ORDERED_MAX: usize = 8;
/// Nesting of brackets.
const DEPTH_MAX: usize = 32;

/// Reads the names in a condition; `names` are those of `rules`.
pub fn parse(text: &str, names: &[&str]) -> Result<Steps, String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut parser = Parser { words: spaced.split_whitespace().collect(), at: 0, names };
    let steps = parser.any(0)?;
    match parser.words.get(parser.at) {
        None => Ok(steps),
        Some(word) => Err(format!("`{word}` stands where `and`, `or` or the end was expected")),
    }
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    names: &'a [&'a str],
}

impl Parser<'_> {
    fn takes(&mut self, word: &str) -> bool {
        let is = self.words.get(self.at).is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn any(&mut self, depth: usize) -> Result<Steps, String> {
        let mut parts = vec![self.all(depth)?];
        while self.takes("or") {
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Steps::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<Steps, String> {
        let mut parts = vec![self.one(depth)?];
        while self.takes("and") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Steps::All(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Steps, String> {
        if depth > DEPTH_MAX {
            return Err(format!("brackets are nested more than {DEPTH_MAX} deep"));
        }
        if self.takes("not") {
            return Ok(Steps::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err("a bracket is not closed".into()) };
        }
        let Some(word) = self.words.get(self.at).copied() else {
            return Err("the condition ends where a rule was expected".into());
        };
        self.at += 1;
        if let Some(nth) = self.names.iter().position(|name| *name == word) {
            return Ok(Steps::Step(nth));
        }
        let every = || (0..self.names.len()).map(Steps::Step).collect();
        let of_them = self.words.get(self.at..self.at + 2).is_some_and(|next| next == ["of", "them"]);
        let steps = match word {
            "all" if of_them => Steps::All(every()),
            "1" | "any" if of_them => Steps::Any(every()),
            _ => {
                let near = nearest(word, self.names.iter().copied());
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                return Err(format!("`{word}` is none of the correlation's `rules`{hint}"));
            }
        };
        self.at += 2;
        Ok(steps)
    }
}

/// Whether the steps make sense for a number of rules.
pub fn check(
    counting: Counting,
    steps: Option<&Steps>,
    limits: &[(Compare, f64)],
    rules: usize,
) -> Result<(), String> {
    let ordered = counting == Counting::InOrder;
    if ordered && (steps.is_some() || !limits.is_empty()) && rules > ORDERED_MAX {
        return Err(format!("a condition over more than {ORDERED_MAX} rules in order is not supported"));
    }
    if ordered && steps.is_some_and(Steps::negates) {
        return Err(
            "in an ordered sequence `not` says nothing about order; write a `temporal` one, or an `absence`"
                .into(),
        );
    }
    let up = |compare: &Compare| matches!(compare, Compare::Gt | Compare::Gte);
    if ordered && limits.iter().any(|(compare, _)| !up(compare)) {
        return Err("an ordered sequence is limited by `gte` or `gt` only".into());
    }
    if steps.is_some_and(|steps| steps.holds(&vec![false; rules])) {
        return Err("this condition holds where no rule matched; one has to".into());
    }
    let counts = 1..=rules;
    let holds = |count: usize| limits.iter().all(|(compare, limit)| compare.holds(count as f64, *limit));
    if !limits.is_empty() && !counts.clone().any(holds) {
        return Err(format!("no number of the {rules} rules is within these limits"));
    }
    Ok(())
}

/// The sets of steps that complete an ordered sequence, the largest first.
pub fn orders(completes: impl Fn(&[bool]) -> bool, rules: usize) -> Vec<Vec<usize>> {
    let sets = (1u32..1 << rules.min(ORDERED_MAX)).map(|set| {
        let seen: Vec<bool> = (0..rules).map(|nth| set & (1 << nth) != 0).collect();
        completes(&seen).then(|| (0..rules).filter(|nth| seen[*nth]).collect::<Vec<usize>>())
    });
    let mut orders: Vec<Vec<usize>> = sets.flatten().collect();
    orders.sort_by_key(|order| std::cmp::Reverse(order.len()));
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_and_judged() {
        let names = ["a", "b-1", "c"];
        let read = |text: &str| parse(text, &names);
        let step = Steps::Step;
        assert_eq!(read("a AND b-1"), Ok(Steps::All(vec![step(0), step(1)])));
        assert_eq!(
            read("a and (b-1 or not c)"),
            Ok(Steps::All(vec![step(0), Steps::Any(vec![step(1), Steps::Not(Box::new(step(2)))])]))
        );
        assert_eq!(read("1 of them"), Ok(Steps::Any(vec![step(0), step(1), step(2)])));
        for (text, part) in [
            ("a and", "ends where"),
            ("a b-1", "stands where"),
            ("(a", "not closed"),
            ("a and b1", "did you mean `b-1`"),
            ("", "ends where"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(check(Counting::Together, Some(&Steps::Not(Box::new(step(0)))), &[], 3).is_err());
        assert!(check(Counting::InOrder, None, &[(Compare::Lt, 2.0)], 3).is_err());
        assert!(check(Counting::Together, None, &[(Compare::Gte, 4.0)], 3).is_err());
        assert_eq!(check(Counting::InOrder, None, &[(Compare::Gte, 2.0)], 3), Ok(()));
        let orders = orders(|seen| seen.iter().filter(|seen| **seen).count() >= 2, 3);
        assert_eq!(orders, [vec![0, 1, 2], vec![0, 1], vec![0, 2], vec![1, 2]]);
    }
}
