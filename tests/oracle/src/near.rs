//! Events that rules nearly match: made out of what each rule looks for, then changed a little.

use gatewatch::detect::RuleSet;
use gatewatch::detect::moment::Part;
use gatewatch::detect::pattern::{Compare, DASHES, Pattern, Place, Token};
use gatewatch::detect::rule::{Body, Detection, Expr};
use gatewatch::schema::{Datum, Event, Timestamp};
use regex_syntax::hir::{Class, Hir, HirKind};
use std::collections::BTreeMap;

/// Variants of each rule.
const VARIANTS: u64 = 12;

/// Numbers that are the same in each run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides.max(1) as u64).unwrap_or(0)
    }
}

/// Several events for each rule.
pub fn events(set: &RuleSet) -> Vec<Event> {
    let mut all = Vec::new();
    for (number, rule) in (1u64..).zip(set.rules()) {
        let Body::Detection(detection) = &rule.body else { continue };
        for variant in 0..VARIANTS {
            let mut dice = Dice(number.wrapping_mul(1_000).wrapping_add(variant));
            all.push(event(set, detection, variant, &mut dice));
        }
    }
    all
}

fn event(set: &RuleSet, detection: &Detection, variant: u64, dice: &mut Dice) -> Event {
    let mut made: BTreeMap<usize, String> = BTreeMap::new();
    fill(&detection.condition, &detection.selections, true, dice, &mut made);
    // The first variants are as the rule wants them, some with what it excludes, the others with a change.
    if variant >= 3 && !made.is_empty() {
        let fields: Vec<usize> = made.keys().copied().collect();
        let field = fields[dice.roll(fields.len())];
        let value = made.remove(&field).unwrap_or_default();
        if let Some(value) = changed(&value, dice) {
            made.insert(field, value);
        }
    }
    let mut event = Event {
        format: "near".into(),
        counted_at: Timestamp(1_772_409_600_000_000),
        count: 1,
        ..Event::default()
    };
    for (field, value) in made {
        let Some(field) = set.fields().get(field) else { continue };
        if *field.name == *"raw" {
            event.raw = value.into_bytes().into();
        } else {
            let number = value.parse::<i64>().ok().filter(|n| n.to_string() == value && dice.roll(2) == 0);
            let datum = number.map_or_else(|| Datum::Text(value.as_str().into()), Datum::Int);
            event.extra.push(((&*field.name).into(), datum));
        }
    }
    event
}

/// Fills in fields so that a condition holds, or does not.
fn fill(expr: &Expr, selections: &[Expr], holds: bool, dice: &mut Dice, made: &mut BTreeMap<usize, String>) {
    match expr {
        Expr::Not(part) if holds && dice.roll(4) == 0 => fill(part, selections, true, dice, made),
        Expr::Not(_) => {}
        Expr::All(parts) => parts.iter().for_each(|part| fill(part, selections, holds, dice, made)),
        Expr::Any(parts) => {
            if let Some(part) = parts.get(dice.roll(parts.len())) {
                fill(part, selections, holds, dice, made);
            }
        }
        Expr::Selection(index) => {
            if let Some(part) = selections.get(*index) {
                fill(part, &[], holds, dice, made);
            }
        }
        Expr::Test(test) => {
            let wanted: Vec<&Pattern> = if test.all {
                test.patterns.iter().collect()
            } else {
                test.patterns.get(dice.roll(test.patterns.len())).into_iter().collect()
            };
            for pattern in wanted {
                let Some(value) = sample(pattern, dice) else { continue };
                if let Pattern::Other { field, .. } = pattern {
                    made.insert(*field, value.clone());
                }
                made.entry(test.field).and_modify(|known| *known = joined(known, &value)).or_insert(value);
            }
        }
    }
}

/// Two wishes of one field, both met where that is possible.
fn joined(known: &str, value: &str) -> String {
    if known.contains(value) { known.to_owned() } else { format!("{known}{value}") }
}

fn sample(pattern: &Pattern, dice: &mut Dice) -> Option<String> {
    let around = |text: &str, place: Place| match place {
        Place::Whole => text.to_owned(),
        Place::Start => format!("{text}-tail"),
        Place::End => format!("head-{text}"),
        Place::Anywhere => format!("head {text} tail"),
    };
    Some(match pattern {
        Pattern::Literal { text, place, .. } => around(text, *place),
        Pattern::OneOf(set) => set.iter().nth(dice.roll(set.len()))?.to_string(),
        Pattern::Glob { tokens, .. } => tokens
            .iter()
            .map(|token| match token {
                Token::Char(c) => c.to_string(),
                Token::One => "x".to_owned(),
                Token::Many => ["", "y", "zz z"][dice.roll(3)].to_owned(),
            })
            .collect(),
        Pattern::Regex(regex) => {
            let mut out = String::new();
            written(&regex_syntax::parse(regex.as_str()).ok()?, dice, &mut out);
            out
        }
        Pattern::Network { base, .. } => base.to_string(),
        Pattern::Number(compare, number) | Pattern::Moment(Part::Year, compare, number) => {
            let step = match compare {
                Compare::Gt => 1.0,
                Compare::Lt => -1.0,
                _ => 0.0,
            };
            (number + step).to_string()
        }
        Pattern::Moment(_, _, number) => {
            format!(
                "2026-{:02}-11T{:02}:{:02}:07Z",
                number.clamp(1.0, 12.0),
                number.min(23.0),
                number.min(59.0)
            )
        }
        Pattern::Dashes(inner) => {
            let text = sample(inner, dice)?;
            let dash = DASHES[dice.roll(DASHES.len())];
            text.chars().map(|c| if c == '-' { dash } else { c }).collect()
        }
        Pattern::Exists(true) => "there".into(),
        Pattern::Other { .. } => "alike".into(),
        Pattern::Exists(false) | Pattern::Null => return None,
    })
}

/// One text that an expression finds.
fn written(hir: &Hir, dice: &mut Dice, out: &mut String) {
    match hir.kind() {
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let plain = class.ranges().iter().find(|r| r.start() <= 'a' && 'a' <= r.end()).map(|_| 'a');
            out.extend(plain.or_else(|| class.ranges().first().map(|range| range.start())));
        }
        HirKind::Capture(capture) => written(&capture.sub, dice, out),
        HirKind::Repetition(repetition) => {
            let times = repetition.min.max(u32::from(dice.roll(2) == 0 && repetition.max != Some(0))).min(40);
            (0..times).for_each(|_| written(&repetition.sub, dice, out));
        }
        HirKind::Concat(parts) => parts.iter().for_each(|part| written(part, dice, out)),
        HirKind::Alternation(parts) => {
            if let Some(part) = parts.get(dice.roll(parts.len())) {
                written(part, dice, out);
            }
        }
        _ => {}
    }
}

/// A value that is another; `None` = the field is gone.
fn changed(value: &str, dice: &mut Dice) -> Option<String> {
    let mut chars: Vec<char> = value.chars().collect();
    let at = dice.roll(chars.len());
    match dice.roll(8) {
        0 => return None,
        1 => return Some(value.to_uppercase()),
        2 => return Some(format!("{value}x")),
        3 => return Some(format!("x{value}")),
        4 if !chars.is_empty() => {
            chars.remove(at);
        }
        5 => chars.insert(at, '-'),
        6 => return Some(value.replace([' ', '\\'], "")),
        _ => {
            if let Some(c) = chars.get_mut(at) {
                *c = if *c == 'x' { 'q' } else { 'x' };
            }
        }
    }
    Some(chars.into_iter().collect())
}
