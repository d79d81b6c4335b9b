//! What one line says for each grammar. A line is framed once per framing, however many grammars look at it.

use super::super::column::{Column, Draft};
use super::super::fill;
use super::super::form::Form;
use super::super::framed;
use super::super::grammar::{Grammar, GrammarSet};
use super::super::plan::ORDER;
use super::super::read::{self, Found, Memory};
use super::super::record::Framed;
use super::super::slot::Slot;
use super::super::spec::Framing;
use super::super::syslog::Header;
use super::super::table::{Columns, DIRECTIVE, DIRECTIVE_OF_COMMAS};
use super::super::wrapper::Line;
use crate::schema::{Class, Event};

/// A form with a pattern or tests gives a class.
const STRONG: u32 = 4;
/// A form without gives one.
pub const FAIR: u32 = 2;
/// The program is claimed; or a form fits that only says of which product the line is.
const WEAK: u32 = 1;
/// A text that every message of a form holds says whose it is from this length on; shorter ones are punctuation.
const LITERAL_BYTES_MIN: usize = 3;

/// What a line says for a grammar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sign {
    /// How much, by forms that matter and programs that are claimed.
    pub score: u32,
    /// How much, by forms that only say of which product the line is.
    pub weak: u32,
    /// How much of the line the grammar knows: captures, tests that name values, fields that it asks for.
    pub special: u32,
    /// The program is claimed, and a form with a class fits.
    pub claimed: bool,
    /// A form for messages of text fits.
    pub text: bool,
}

/// One line, seen by all grammars.
pub struct Sight<'a> {
    inner: Option<Frames<'a>>,
    whole: Frames<'a>,
}

impl<'a> Sight<'a> {
    /// Of a line.
    pub fn of(line: &'a Line<'a>) -> Sight<'a> {
        let inner = line.inner.as_ref().map(|inner| Frames::new(&inner.text, inner.header.as_ref()));
        Sight { inner, whole: Frames::new(line.whole, None) }
    }

    /// What the line says for a grammar; `None` = the grammar does not read it. Read as [`read::find`] does.
    pub fn sign(&mut self, set: &GrammarSet, member: usize, memory: &mut Memory<'_>) -> Option<Sign> {
        let grammar = set.grammars.get(member)?;
        let mut look = Look { set, grammar, member, memory };
        let Some(inner) = &mut self.inner else { return look.at(&mut self.whole).sign(grammar) };
        let inside = look.at(inner);
        if inside.form.is_none() && grammar.spec.framings.contains(&Framing::Json) {
            let whole = look.at(&mut self.whole);
            if whole.form.is_some() || (whole.understood && !inside.understood) {
                return whole.sign(grammar);
            }
        }
        inside.sign(grammar)
    }
}

/// A text in every framing that was asked for; JSON behind a claimed program's header is read more strictly.
struct Frames<'a> {
    text: &'a str,
    outer: Option<&'a Header<'a>>,
    shows: [bool; Framing::COUNT],
    header: Option<Header<'a>>,
    records: [Option<Framed<'a>>; Framing::COUNT],
    strict_json: Option<Framed<'a>>,
}

impl<'a> Frames<'a> {
    fn new(text: &'a str, outer: Option<&'a Header<'a>>) -> Frames<'a> {
        let mut shows = [false; Framing::COUNT];
        for framing in ORDER {
            if let Some(place) = shows.get_mut(framing as usize) {
                *place = framed::shows(framing, text);
            }
        }
        Frames {
            text,
            outer,
            shows,
            header: None,
            records: [const { None }; Framing::COUNT],
            strict_json: None,
        }
    }

    fn shows(&self, framing: Framing) -> bool {
        self.shows.get(framing as usize).copied().unwrap_or(false)
    }

    fn header(&mut self) -> Header<'a> {
        let (text, outer) = (self.text, self.outer);
        self.header.get_or_insert_with(|| read::header_of(text, outer)).clone()
    }

    fn record(&mut self, framing: Framing, claimed: bool, columns: &mut Columns) -> Option<&Framed<'a>> {
        let text = self.text;
        if framing == Framing::Json && claimed {
            return Some(self.strict_json.get_or_insert_with(|| framed::json(text, true)));
        }
        let place = self.records.get_mut(framing as usize)?;
        Some(place.get_or_insert_with(|| framed::read(framing, text, columns)))
    }
}

/// What a grammar sees in a text.
#[derive(Default)]
struct Seen {
    framing: Option<Framing>,
    form: Option<(usize, Class)>,
    claimed: bool,
    understood: bool,
    /// A head of columns, so many of which the grammar asks for, of so many.
    head: Option<(usize, usize)>,
    special: u32,
}

/// One grammar that looks.
struct Look<'s, 'm, 'c> {
    set: &'s GrammarSet,
    grammar: &'s Grammar,
    member: usize,
    memory: &'m mut Memory<'c>,
}

impl Look<'_, '_, '_> {
    fn at(&mut self, frames: &mut Frames<'_>) -> Seen {
        let mut seen = Seen::default();
        for shown in [true, false] {
            for framing in ORDER {
                if !self.grammar.spec.framings.contains(&framing) || frames.shows(framing) != shown {
                    continue;
                }
                if framing.is_text() {
                    self.text(framing, frames, &mut seen);
                } else {
                    self.record(framing, frames, &mut seen);
                }
                if seen.form.is_some() {
                    return Seen { framing: Some(framing), ..seen };
                }
                seen.framing = seen.framing.or(seen.understood.then_some(framing));
            }
        }
        seen
    }

    fn text(&mut self, framing: Framing, frames: &mut Frames<'_>, seen: &mut Seen) {
        let scratch = &mut *self.memory.scratch;
        let found = match (framing, self.set.alone.get(self.member)) {
            (Framing::Syslog, Some(alone)) => read::in_header(self.set, alone, frames.header(), scratch),
            _ => read::in_plain(self.set, &[self.member], frames.text, scratch),
        };
        // The first word of a message may be a program's name by chance: it claims nothing.
        seen.claimed |= found.claimed && frames.header().program.is_some();
        seen.understood |= found.understood;
        let Some((at, form)) = found.form.and_then(|at| Some((at, self.grammar.forms.get(at)?))) else {
            return;
        };
        let groups = &scratch.groups;
        let captured = form.captures.iter().filter(|capture| groups.get(capture.group).is_some()).count();
        seen.special = count(captured) + if seen.claimed { WEAK } else { 0 };
        seen.form = Some((at, self.class(form, Found { framing: Some(framing), ..found })));
    }

    fn record(&mut self, framing: Framing, frames: &mut Frames<'_>, seen: &mut Seen) {
        let own;
        let framed = if framing == Framing::Csv {
            own = self.grammar.table.read(frames.text, self.memory.columns);
            Some(&own)
        } else {
            frames.record(framing, seen.claimed, self.memory.columns)
        };
        match framed {
            Some(Framed::Record(_, fields)) => {
                seen.understood = true;
                let spots = self.grammar.wanted.find(fields);
                let groups = &mut self.memory.scratch.groups;
                let Some((at, fitted)) = read::form_of(self.grammar, fields, &spots, groups) else { return };
                let Some(form) = self.grammar.forms.get(at) else { return };
                let tests = form.when.iter().filter(|test| !test.negated);
                let told: u32 = tests.map(|test| if test.one_of.is_empty() { 1 } else { 2 }).sum();
                seen.special = told + count(spots.iter().flatten().count());
                let class = if says_class(self.grammar, form) {
                    let (member, form) = (Some(self.member), Some(at));
                    let found =
                        Found { framing: Some(framing), member, form, understood: true, ..Found::default() };
                    self.filled(
                        form_class(self.grammar, at),
                        Found { fields: Some(fields.clone()), spots, told: fitted, ..found },
                    )
                } else {
                    form.class
                };
                seen.form = Some((at, class));
            }
            Some(Framed::Head) => {
                seen.understood = true;
                if framing == Framing::W3c && frames.text.contains("Fields:") {
                    let columns = &self.memory.columns;
                    let names =
                        columns.names(DIRECTIVE).or(columns.names(DIRECTIVE_OF_COMMAS)).unwrap_or(&[]);
                    let known = names.iter().filter(|name| self.grammar.wanted.knows(name)).count();
                    seen.head = Some((known, names.len()));
                }
            }
            Some(Framed::Other(_)) | None => {}
        }
    }

    /// The class of a line by what it says.
    fn class(&self, form: &Form, found: Found<'_>) -> Class {
        if says_class(self.grammar, form) { self.filled(form.class, found) } else { form.class }
    }

    fn filled(&self, class: Class, found: Found<'_>) -> Class {
        let mut event = Event::default();
        let mut draft = Draft::of(&mut event);
        fill::fill(self.set, found, self.memory.scratch, &mut draft);
        draft.class.unwrap_or(class)
    }
}

fn form_class(grammar: &Grammar, form: usize) -> Class {
    grammar.forms.get(form).map_or(Class::Base, |form| form.class)
}

/// Whether the class of a form's lines depends on what they say.
fn says_class(grammar: &Grammar, form: &Form) -> bool {
    let is_class = |slot: &Slot| *slot == Slot::Column(Column::Class);
    form.captures.iter().any(|capture| is_class(&capture.slot))
        || grammar.feeds_of(Some(form)).iter().any(|feed| is_class(&feed.slot))
        || form.set.iter().chain(&grammar.set).any(|(slot, _)| is_class(slot))
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

impl Seen {
    fn sign(&self, grammar: &Grammar) -> Option<Sign> {
        let known = if self.claimed { WEAK } else { 0 };
        let sign = Sign { score: known, weak: known, special: self.special, claimed: false, text: false };
        let marked = matches!(self.framing, Some(Framing::Audit | Framing::Xml));
        let Some((at, class)) = self.form else {
            if let Some((known, of)) = self.head.filter(|(known, of)| known * 2 > *of) {
                return Some(Sign { weak: WEAK, special: count(known.min(of)), ..sign });
            }
            // Only audit daemons and Windows write these framings.
            let marks = marked && self.understood;
            let fallback = grammar.spec.fallback && self.understood;
            return (self.claimed || marks || fallback)
                .then_some(Sign { weak: sign.weak.max(u32::from(marks)), ..sign });
        };
        let (form, told) = (grammar.forms.get(at)?, grammar.spec.messages.get(at)?);
        let special = form.pattern.is_some() || !form.when.is_empty();
        let sign = Sign { text: self.framing.is_some_and(Framing::is_text), ..sign };
        if class != Class::Base {
            let score = if special { STRONG } else { FAIR };
            return Some(Sign { score, weak: WEAK, claimed: self.claimed && special, ..sign });
        }
        let tests = form.when.iter().filter(|test| !test.negated).count();
        let says_whose = match self.framing {
            Some(framing) if framing.is_text() => {
                told.literal.trim_start_matches('^').len() >= LITERAL_BYTES_MIN
            }
            Some(Framing::Audit | Framing::Xml) => true,
            Some(Framing::W3c | Framing::Cef | Framing::Leef) => tests >= 1,
            _ => tests >= 2,
        };
        let weak = if says_whose { WEAK } else { sign.weak };
        (special || marked || grammar.spec.fallback).then_some(Sign { weak, ..sign })
    }
}
