//! Sigma's condition language: `and`, `or`, `not`, parentheses, `1 of x*`, `all of them`.

use crate::config::report::nearest;
use crate::detect::rule::Expr;

/// Nesting of parentheses and negations that is followed.
const DEPTH_MAX: usize = 64;

/// Why a condition cannot be read, and where in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Byte in the condition.
    pub at: usize,
    /// In words.
    pub message: String,
}

struct Reader<'a> {
    tokens: Vec<(usize, &'a str)>,
    next: usize,
    end: usize,
    names: &'a [&'a str],
    used: Vec<bool>,
}

/// Reads a condition over selections given by name; also tells which of them it uses.
pub fn read(text: &str, names: &[&str]) -> Result<(Expr, Vec<bool>), Fault> {
    let tokens = tokens(text);
    let mut reader = Reader { tokens, next: 0, end: text.len(), names, used: vec![false; names.len()] };
    let expr = reader.any(0)?;
    match reader.peek() {
        None => Ok((expr, reader.used)),
        Some((at, "|")) => Err(Fault {
            at,
            message: "the old aggregation syntax behind `|` is not read; write a correlation document".into(),
        }),
        Some((at, token)) => Err(Fault {
            at,
            message: format!("`{token}` was not expected here; `and`, `or` or the end would be"),
        }),
    }
}

fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let single = matches!(c, '(' | ')' | '|');
        if (c.is_whitespace() || single)
            && let Some(from) = start.take()
        {
            tokens.push((from, &text[from..at]));
        }
        if single {
            tokens.push((at, &text[at..at + 1]));
        } else if !c.is_whitespace() && start.is_none() {
            start = Some(at);
        }
    }
    tokens
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<(usize, &'a str)> {
        self.tokens.get(self.next).copied()
    }
    fn take_word(&mut self, word: &str) -> bool {
        let there = self.peek().is_some_and(|(_, token)| token.eq_ignore_ascii_case(word));
        self.next += usize::from(there);
        there
    }
    fn any(&mut self, depth: usize) -> Result<Expr, Fault> {
        let mut parts = vec![self.all(depth)?];
        while self.take_word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) })
    }
    fn all(&mut self, depth: usize) -> Result<Expr, Fault> {
        let mut parts = vec![self.one(depth)?];
        while self.take_word("and") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) })
    }
    fn one(&mut self, depth: usize) -> Result<Expr, Fault> {
        let Some((at, token)) = self.peek() else {
            return Err(Fault {
                at: self.end,
                message: "the condition ends where a selection was expected".into(),
            });
        };
        if depth > DEPTH_MAX {
            return Err(Fault { at, message: format!("nested more than {DEPTH_MAX} deep") });
        }
        if self.take_word("not") {
            return Ok(Expr::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take_word("(") {
            let inner = self.any(depth + 1)?;
            return match self.peek() {
                Some((_, ")")) => {
                    self.next += 1;
                    Ok(inner)
                }
                _ => Err(Fault { at, message: "this parenthesis is not closed".into() }),
            };
        }
        let of = self.tokens.get(self.next + 1).is_some_and(|(_, word)| word.eq_ignore_ascii_case("of"));
        if of { self.quantified(at, token) } else { self.named(at, token) }
    }
    fn named(&mut self, at: usize, token: &str) -> Result<Expr, Fault> {
        self.next += 1;
        if let Some(index) = self.names.iter().position(|name| *name == token) {
            self.mark(index);
            return Ok(Expr::Selection(index));
        }
        let hint = nearest(token, self.names.iter().copied())
            .map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        Err(Fault { at, message: format!("no selection is called `{token}`{hint}") })
    }
    fn quantified(&mut self, at: usize, quantity: &str) -> Result<Expr, Fault> {
        self.next += 2;
        let all = match quantity.to_ascii_lowercase().as_str() {
            "all" => true,
            "1" | "any" => false,
            _ => {
                return Err(Fault {
                    at,
                    message: format!("`{quantity} of` is not read; `1 of`, `any of` and `all of` are"),
                });
            }
        };
        let Some((at, pattern)) = self.peek() else {
            return Err(Fault {
                at,
                message: "`of` needs a pattern such as `selection_*`, or `them`".into(),
            });
        };
        self.next += 1;
        let them = pattern.eq_ignore_ascii_case("them");
        // `them` leaves out names that begin with an underscore, as the specification says.
        let meant = |name: &str| if them { !name.starts_with('_') } else { fits(pattern, name) };
        let found: Vec<usize> =
            (0..self.names.len()).filter(|index| self.names.get(*index).is_some_and(|n| meant(n))).collect();
        if found.is_empty() {
            return Err(Fault { at, message: format!("no selection fits `{pattern}`") });
        }
        found.iter().for_each(|index| self.mark(*index));
        let parts = found.into_iter().map(Expr::Selection).collect();
        Ok(if all { Expr::All(parts) } else { Expr::Any(parts) })
    }
    fn mark(&mut self, index: usize) {
        if let Some(used) = self.used.get_mut(index) {
            *used = true;
        }
    }
}

/// `*` in a pattern of selection names stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => {
            let Some(tail) = name.strip_prefix(start) else { return false };
            let mut ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.any(|at| tail.get(at..).is_some_and(|tail| fits(rest, tail)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The truth of a condition when the selections of these names hold.
    fn truth(text: &str, holding: &[&str]) -> bool {
        let names = ["sel_a", "sel_b", "filter", "_help"];
        let (expr, _) = read(text, &names).unwrap();
        fn walk(expr: &Expr, names: &[&str], holding: &[&str]) -> bool {
            match expr {
                Expr::All(parts) => parts.iter().all(|p| walk(p, names, holding)),
                Expr::Any(parts) => parts.iter().any(|p| walk(p, names, holding)),
                Expr::Not(part) => !walk(part, names, holding),
                Expr::Selection(index) => holding.contains(&names[*index]),
                Expr::Test(_) => unreachable!(),
            }
        }
        walk(&expr, &names, holding)
    }

    #[test]
    fn precedence_and_quantities() {
        assert!(truth("sel_a or sel_b and filter", &["sel_a"]));
        assert!(!truth("(sel_a or sel_b) and filter", &["sel_a"]));
        assert!(truth("not filter and sel_a", &["sel_a"]));
        assert!(truth("1 of sel_*", &["sel_b"]));
        assert!(!truth("all of sel_*", &["sel_b"]));
        assert!(truth("all of them", &["sel_a", "sel_b", "filter"]), "`_help` is not one of them");
        assert!(!truth("1 of them", &["_help"]));
        assert!(truth("not 1 of filter*", &[]));
    }

    #[test]
    fn faults_have_a_place_and_a_hint() {
        let fault = read("sel_a and sel_c", &["sel_a", "sel_b"]).unwrap_err();
        assert_eq!(fault.at, 10);
        assert!(fault.message.contains("did you mean `sel_"), "{}", fault.message);
        for wrong in [
            "",
            "sel_a and",
            "(sel_a",
            "sel_a sel_b",
            "2 of sel_*",
            "all of x*",
            "sel_a | count() > 5",
            "not",
        ] {
            assert!(read(wrong, &["sel_a", "sel_b"]).is_err(), "{wrong}");
        }
        assert!(read(&"(".repeat(100_000), &["a"]).is_err());
    }
}
