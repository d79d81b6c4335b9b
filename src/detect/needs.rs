//! The texts without which a rule cannot match, in lower case: what the index of rules is made of. A need may only ever
//! promise too little: a rule that is tried in vain costs time, one that is not tried is a miss.

use super::pattern::{DASHES, Pattern, Place, Token};
use super::rule::Expr;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Dashes of one text that are varied; a text with more counts by its longest part without any.
const DASHES_MAX: usize = 2;

/// A text that one value of a field must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Index of the field.
    pub field: usize,
    /// The text, lower case, never empty.
    pub text: Box<str>,
    /// Where it stands.
    pub place: Place,
}

/// Texts of which an event must hold one.
pub type Clause = Vec<Need>;

/// Clauses of one rule that are kept: each further one costs a place in an automaton and spares less.
pub const CLAUSES_MAX: usize = 3;
/// Texts of a clause that is kept beside the best one.
const TEXTS_MAX: usize = 64;

/// What an event must hold for a rule to match: something of each clause. None where the rule may match without any.
pub fn clauses(condition: &Expr, selections: &[Expr]) -> Vec<Clause> {
    let mut all = Vec::new();
    gather(condition, selections, &mut all);
    all.sort_by_key(|clause| std::cmp::Reverse(worth(clause)));
    let mut nth = 0;
    all.retain(|clause| {
        nth += 1;
        nth == 1 || (nth <= CLAUSES_MAX && clause.len() <= TEXTS_MAX && worth(clause).0 > 2)
    });
    all
}

fn gather(expr: &Expr, selections: &[Expr], all: &mut Vec<Clause>) {
    match expr {
        Expr::All(parts) => parts.iter().for_each(|part| gather(part, selections, all)),
        Expr::Selection(index) => {
            if let Some(part) = selections.get(*index) {
                gather(part, &[], all);
            }
        }
        Expr::Test(test) if test.all && !test.negated => {
            all.extend(test.patterns.iter().filter_map(|pattern| pattern_needs(pattern, test.field)));
        }
        expr => all.extend(one(expr, selections)),
    }
}

/// The best single clause.
fn one(expr: &Expr, selections: &[Expr]) -> Option<Clause> {
    match expr {
        Expr::Not(_) => None,
        Expr::Selection(index) => one(selections.get(*index)?, &[]),
        Expr::All(parts) => parts.iter().filter_map(|part| one(part, selections)).max_by_key(|n| worth(n)),
        Expr::Any(parts) => united(parts.iter().map(|part| one(part, selections))),
        Expr::Test(test) if test.negated => None,
        Expr::Test(test) => {
            let each = test.patterns.iter().map(|pattern| pattern_needs(pattern, test.field));
            if test.all { each.flatten().max_by_key(|n| worth(n)) } else { united(each) }
        }
    }
}

fn united(each: impl Iterator<Item = Option<Clause>>) -> Option<Clause> {
    each.collect::<Option<Vec<Clause>>>().map(|lists| lists.concat())
}

/// How rarely such needs are met: by their weakest text, and of two alike the fewer.
fn worth(needs: &[Need]) -> (usize, std::cmp::Reverse<usize>) {
    let one = |need: &Need| need.text.len() + if need.place == Place::Whole { 6 } else { 0 };
    (needs.iter().map(one).min().unwrap_or(0), std::cmp::Reverse(needs.len()))
}

fn pattern_needs(pattern: &Pattern, field: usize) -> Option<Vec<Need>> {
    match pattern {
        Pattern::Literal { text, place, .. } => Some(vec![need(field, text, *place)?]),
        Pattern::OneOf(set) => set.iter().map(|text| need(field, text, Place::Whole)).collect(),
        Pattern::Glob { tokens, .. } => Some(vec![need(field, &longest_run(tokens)?, Place::Anywhere)?]),
        Pattern::Dashes(inner) => dashed(inner, field),
        Pattern::Regex(regex) => {
            // Flags stand in the expression itself.
            let hir = regex_syntax::Parser::new().parse(regex.as_str()).ok()?;
            texts_of(&hir)?.iter().map(|text| need(field, text, Place::Anywhere)).collect()
        }
        _ => None,
    }
}

fn need(field: usize, text: &str, place: Place) -> Option<Need> {
    let lower = text.to_lowercase();
    // In lower case, a text outside ASCII need not stand where its cased form did.
    let usable = !text.is_empty() && (text.is_ascii() || *text == lower);
    usable.then(|| Need { field, text: lower.into(), place })
}

fn longest_run(tokens: &[Token]) -> Option<String> {
    let runs = tokens.split(|token| !matches!(token, Token::Char(_)));
    let text = |run: &[Token]| -> String {
        run.iter().filter_map(|t| if let Token::Char(c) = t { Some(*c) } else { None }).collect()
    };
    runs.map(text).max_by_key(String::len)
}

/// A text whose dashes stand for one another: every spelling of it.
fn dashed(inner: &Pattern, field: usize) -> Option<Vec<Need>> {
    let plain = pattern_needs(inner, field)?;
    let mut all = Vec::with_capacity(plain.len());
    for whole in plain {
        let parts: Vec<&str> = whole.text.split(DASHES[0]).collect();
        if parts.len() - 1 > DASHES_MAX {
            let longest = parts.iter().max_by_key(|part| part.len())?;
            all.push(need(field, longest, Place::Anywhere)?);
            continue;
        }
        let (first, rest) = parts.split_first()?;
        let mut texts = vec![(*first).to_owned()];
        for part in rest {
            let with = |text: &String| DASHES.map(|dash| format!("{text}{dash}{part}"));
            texts = texts.iter().flat_map(with).collect();
        }
        all.extend(texts.iter().filter_map(|text| need(field, text, whole.place)));
    }
    Some(all)
}

/// The texts of which one stands in whatever an expression finds.
fn texts_of(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => texts_of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => texts_of(&repetition.sub),
        HirKind::Alternation(parts) => {
            parts.iter().map(texts_of).collect::<Option<Vec<_>>>().map(|lists| lists.concat())
        }
        HirKind::Concat(parts) => {
            let (mut best, mut run) = (None, String::new());
            for part in parts {
                match text_of(part) {
                    Some(text) => run.push_str(&text),
                    None => {
                        best = stronger(best, texts_of(part));
                        best = stronger(best, Some(vec![std::mem::take(&mut run)]));
                    }
                }
            }
            stronger(best, Some(vec![run]))
        }
        _ => text_of(hir).map(|text| vec![text]),
    }
}

fn stronger(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    let worth = |texts: &Option<Vec<String>>| {
        texts.iter().flatten().map(String::len).min().filter(|_| texts.is_some()).unwrap_or(0)
    };
    let best = if worth(&other) > worth(&one) { other } else { one };
    best.filter(|texts| texts.iter().all(|text| !text.is_empty()))
}

/// A piece that is one text, but for case.
fn text_of(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok().map(str::to_owned),
        HirKind::Class(Class::Unicode(class)) => {
            let mut chars: Vec<char> = Vec::new();
            for range in class.ranges() {
                if chars.len() > 2 || range.start() != range.end() {
                    return None;
                }
                chars.push(range.start());
            }
            let first = chars.first()?.to_ascii_lowercase();
            (first.is_ascii() && chars.iter().all(|c| c.to_ascii_lowercase() == first))
                .then(|| first.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    fn of(expression: &str) -> Option<Vec<String>> {
        let regex = Pattern::Regex(Box::new(Regex::new(expression).unwrap()));
        pattern_needs(&regex, 0).map(|needs| needs.into_iter().map(|need| need.text.into()).collect())
    }

    #[test]
    fn an_expression_needs_the_texts_that_it_cannot_do_without() {
        assert_eq!(of("^abc.*Defgh$"), Some(vec!["defgh".to_owned()]));
        assert_eq!(of("(abc|de)+x?"), Some(vec!["abc".to_owned(), "de".to_owned()]));
        assert_eq!(of("(?i)net1"), Some(vec!["net1".to_owned()]));
        assert_eq!(of("(abc)?d{2}"), Some(vec!["d".to_owned()]));
        for none in ["[a-z]+", "(abc)?", "a|[0-9]", ".*", "^$"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn dashes_are_spelled_in_every_way() {
        let literal = |text: &str| Pattern::Literal { text: text.into(), place: Place::End, cased: false };
        let of = |text| pattern_needs(&Pattern::Dashes(Box::new(literal(text))), 0).unwrap();
        assert_eq!(of(" -a").len(), 5);
        assert!(of(" -a").iter().all(|need| need.place == Place::End));
        assert!(of(" -a").iter().any(|need| &*need.text == " /a"));
        assert_eq!(of("-a -b -long -d"), [Need { field: 0, text: "long ".into(), place: Place::Anywhere }]);
    }
}
