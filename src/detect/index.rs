//! Rules of a set by the texts that they need, made once: for each field a map of whole values, an automaton of
//! parts, and one each of beginnings and of ends, which stops at the first letter that leads nowhere.

use super::field::Text;
use super::lookup::Lookup;
use super::needs::{Clause, Need, clauses};
use super::pattern::Place;
use super::rule::{Body, RuleSet};
use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, StartKind};
use std::collections::BTreeMap;

/// Bytes of texts up to which an automaton is a table of all transitions, at about 256 bytes for each.
const TABLE_BYTES_MAX: usize = 24 * 1024;

/// A clause of a rule: the rule's number, and the clause's bit in the lowest four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owner(u32);

/// Rules by their clauses.
#[derive(Debug, Default)]
pub struct Index {
    /// Rules that may match without any text.
    pub always: Vec<u32>,
    /// By rule, the fields of which it needs a text.
    pub asks: Vec<Vec<u32>>,
    /// By rule, the bits of its clauses.
    wanted: Vec<u8>,
    /// By field.
    fields: Vec<Texts>,
}

/// The clauses that an event has met so far. It is empty between events.
#[derive(Debug, Default)]
pub struct Met {
    /// By rule.
    bits: Vec<u8>,
    /// Rules with a bit.
    touched: Vec<u32>,
    /// The end of a value, turned round.
    turned: Vec<u8>,
}

/// The texts that rules need of one field.
#[derive(Debug, Default)]
struct Texts {
    whole: Lookup,
    inside: Option<Automaton>,
    starts: Option<Automaton>,
    /// Over texts that are turned round.
    ends: Option<Automaton>,
    /// Bytes of the longest end.
    end_bytes: usize,
}

#[derive(Debug)]
struct Automaton {
    texts: AhoCorasick,
    anchored: Anchored,
    /// By text, whose it is.
    owners: Vec<Vec<Owner>>,
}

/// The texts of one field while they are gathered.
#[derive(Clone, Default)]
struct Gathered {
    whole: BTreeMap<Box<str>, Vec<u32>>,
    inside: BTreeMap<Box<[u8]>, Vec<Owner>>,
    starts: BTreeMap<Box<[u8]>, Vec<Owner>>,
    ends: BTreeMap<Box<[u8]>, Vec<Owner>>,
}

impl Owner {
    fn rule(self) -> u32 {
        self.0 >> 4
    }
    fn bit(self) -> u8 {
        (self.0 & 0xf) as u8
    }
}

impl Index {
    /// Makes the index of some rules of a set.
    pub fn new(set: &RuleSet, among: impl Fn(u32) -> bool) -> Index {
        let rules = set.rules().len();
        let mut fields = vec![Gathered::default(); set.fields().len()];
        let mut index = Index { asks: vec![Vec::new(); rules], wanted: vec![0; rules], ..Index::default() };
        for (at, rule) in set.rules().iter().enumerate() {
            let Body::Detection(detection) = &rule.body else { continue };
            if !among(at as u32) {
                continue;
            }
            for (nth, clause) in clauses(&detection.condition, &detection.selections).into_iter().enumerate()
            {
                index.asks[at].extend(clause.iter().map(|need| need.field as u32));
                index.wanted[at] |= 1 << nth;
                gather(Owner((at as u32) << 4 | 1 << nth), clause, &mut fields);
            }
        }
        index.fields = fields.into_iter().map(|texts| Texts::new(texts, &mut index.wanted)).collect();
        let detections = set.rules().iter().map(|rule| matches!(rule.body, Body::Detection(_)));
        let needless = (0u32..).zip(&index.wanted).zip(detections);
        index.always =
            needless.filter(|((_, wanted), is)| **wanted == 0 && *is).map(|((rule, _), _)| rule).collect();
        index
    }

    /// Notes the clauses that a value of a field meets.
    pub fn look(&self, field: usize, value: &Text<'_>, met: &mut Met) {
        let Some(texts) = self.fields.get(field) else { return };
        let value = value.lower();
        if met.bits.len() < self.wanted.len() {
            met.bits.resize(self.wanted.len(), 0);
        }
        texts.whole.get(value).iter().for_each(|owner| met.add(Owner(*owner)));
        if let Some(inside) = &texts.inside {
            inside.find(value.as_bytes(), met);
        }
        if let Some(starts) = &texts.starts {
            starts.find(value.as_bytes(), met);
        }
        if let Some(ends) = &texts.ends {
            let mut turned = std::mem::take(&mut met.turned);
            turned.clear();
            turned.extend(value.bytes().rev().take(texts.end_bytes));
            ends.find(&turned, met);
            met.turned = turned;
        }
    }

    /// The rules of which every clause is met, in any order; forgets what was met.
    pub fn met(&self, met: &mut Met, mut each: impl FnMut(u32)) {
        for rule in met.touched.drain(..) {
            let (Some(bits), Some(wanted)) =
                (met.bits.get_mut(rule as usize), self.wanted.get(rule as usize))
            else {
                continue;
            };
            if std::mem::take(bits) & wanted == *wanted {
                each(rule);
            }
        }
    }
}

impl Met {
    fn add(&mut self, owner: Owner) {
        if let Some(bits) = self.bits.get_mut(owner.rule() as usize) {
            if *bits == 0 {
                self.touched.push(owner.rule());
            }
            *bits |= owner.bit();
        }
    }
}

fn gather(owner: Owner, clause: Clause, fields: &mut [Gathered]) {
    for Need { field, text, place } in clause {
        let Some(texts) = fields.get_mut(field) else { continue };
        let bytes = || text.as_bytes().into();
        match place {
            Place::Whole => texts.whole.entry(text).or_default().push(owner.0),
            Place::Anywhere => texts.inside.entry(bytes()).or_default().push(owner),
            Place::Start => texts.starts.entry(bytes()).or_default().push(owner),
            Place::End => texts.ends.entry(text.bytes().rev().collect()).or_default().push(owner),
        }
    }
}

impl Texts {
    fn new(texts: Gathered, wanted: &mut [u8]) -> Texts {
        Texts {
            whole: Lookup::new(texts.whole),
            end_bytes: texts.ends.keys().map(|text| text.len()).max().unwrap_or(0),
            inside: Automaton::new(texts.inside, Anchored::No, wanted),
            starts: Automaton::new(texts.starts, Anchored::Yes, wanted),
            ends: Automaton::new(texts.ends, Anchored::Yes, wanted),
        }
    }
}

impl Automaton {
    /// One automaton of all texts. Where they are too many for one, their clauses are wanted no more.
    fn new(
        texts: BTreeMap<Box<[u8]>, Vec<Owner>>,
        anchored: Anchored,
        wanted: &mut [u8],
    ) -> Option<Automaton> {
        if texts.is_empty() {
            return None;
        }
        let (texts, owners): (Vec<Box<[u8]>>, Vec<Vec<Owner>>) = texts.into_iter().unzip();
        let (start, bytes) = match anchored {
            Anchored::No => (StartKind::Unanchored, texts.iter().map(|text| text.len()).sum()),
            // It is left at the first letter that leads nowhere: no need for a table.
            _ => (StartKind::Anchored, usize::MAX),
        };
        let kind =
            if bytes <= TABLE_BYTES_MAX { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let built = AhoCorasick::builder()
            .start_kind(start)
            .kind(Some(kind))
            .prefilter(anchored == Anchored::No)
            .dense_depth(4)
            .build(&texts);
        match built {
            Ok(texts) => Some(Automaton { texts, anchored, owners }),
            Err(_) => {
                for owner in owners.into_iter().flatten() {
                    if let Some(bits) = wanted.get_mut(owner.rule() as usize) {
                        *bits &= !owner.bit();
                    }
                }
                None
            }
        }
    }

    fn find(&self, bytes: &[u8], met: &mut Met) {
        let mut state = OverlappingState::start();
        let input = Input::new(bytes).anchored(self.anchored);
        while self.texts.try_find_overlapping(input.clone(), &mut state).is_ok()
            && let Some(hit) = state.get_match()
        {
            let owners = self.owners.get(hit.pattern().as_usize());
            owners.into_iter().flatten().for_each(|owner| met.add(*owner));
        }
    }
}
