//! Reading one line: how it is framed, and which grammar and form it is of. What it says then is [`super::fill`]'s.

use super::form::{Form, Scratch};
use super::framed;
use super::grammar::Grammar;
use super::inner::Inner;
use super::path::{Spot, Spots};
use super::pattern::Groups;
use super::record::{Fields, Framed};
use super::set::{GrammarSet, Plan};
use super::spec::Framing;
use super::stamp;
use super::syslog::{self, Header};
use super::table::Columns;
use super::wrapper::Line;
use std::borrow::Cow;

/// What a line turned out to be.
#[derive(Debug, Default)]
pub struct Found<'a> {
    /// How the line was framed.
    pub(super) framing: Option<Framing>,
    pub(super) header: Header<'a>,
    /// The fields of a record.
    pub(super) fields: Option<Fields<'a>>,
    /// For each path that the member asks for, the field.
    pub(super) spots: Spots,
    /// The text of a record's field that the form's pattern fitted.
    pub(super) told: Option<Cow<'a, str>>,
    pub(super) member: Option<usize>,
    pub(super) form: Option<usize>,
    /// The message that the form's pattern fitted.
    pub(super) message: &'a str,
    /// Times that a syslog daemon says the message came.
    pub(super) repeats: Option<u32>,
    /// The header's host and program belong to the header, not to the message.
    pub(super) with_host: bool,
    pub(super) with_program: bool,
    pub(super) claimed: bool,
    pub(super) understood: bool,
    /// It was wrapped in this.
    pub(super) wrapper: Option<&'a Inner<'a>>,
    /// Why not.
    pub reason: Option<String>,
}

impl Found<'_> {
    /// Not understood.
    pub fn nothing(reason: String) -> Self {
        Found { reason: Some(reason), ..Found::default() }
    }
    /// It only says how other lines are to be read.
    pub fn head() -> Self {
        Found { understood: true, ..Found::default() }
    }
    /// A whole JSON object, perhaps behind a header.
    pub fn is_object(&self) -> bool {
        self.understood && self.framing == Some(Framing::Json) && self.fields.is_some()
    }
    /// The grammar, and the form in it.
    pub fn form(&self) -> Option<(usize, usize)> {
        self.member.zip(self.form)
    }
    /// The grammar that read it.
    pub fn member(&self) -> Option<usize> {
        self.member
    }
    /// Whether a grammar claims the program of the header.
    pub fn is_claimed(&self) -> bool {
        self.claimed
    }
    fn is_shown(&self, line: &str) -> bool {
        self.framing.is_some_and(|framing| framed::shows(framing, line))
    }
    /// Whether at least the framing was understood.
    pub fn is_understood(&self) -> bool {
        self.understood
    }
}

/// What is remembered from line to line: of the file, and to save work.
pub struct Memory<'m> {
    /// What the file's head says of its columns.
    pub columns: &'m mut Columns,
    /// Used again for each line.
    pub scratch: &'m mut Scratch,
}

/// Finds the grammar and form of a line; of a wrapped one by what is inside, else by the line as it stands.
pub fn find<'a>(set: &GrammarSet, plan: &Plan, line: &'a Line<'a>, memory: &mut Memory<'_>) -> Found<'a> {
    let Some(inner) = &line.inner else { return find_in(set, plan, line.whole, None, memory) };
    let found = find_in(set, plan, &inner.text, inner.header.as_ref(), memory);
    if found.form.is_none() && !plan.framed(Framing::Json).is_empty() {
        let whole = find_in(set, plan, line.whole, None, memory);
        if whole.form.is_some() || (whole.understood && !found.understood) {
            return whole;
        }
    }
    Found { wrapper: Some(inner), ..found }
}

/// Tries the framings of a plan on a text, whose header may be known already.
fn find_in<'a>(
    set: &GrammarSet,
    plan: &Plan,
    line: &'a str,
    outer: Option<&Header<'a>>,
    memory: &mut Memory<'_>,
) -> Found<'a> {
    let Memory { columns, scratch } = memory;
    let mut claimed = false;
    let mut best: Option<Found<'a>> = None;
    let main = plan.main.and_then(|main| set.grammars.get(main));
    let first_named = main.and_then(|main| main.spec.framings.first().copied());
    let is_shown = |framing: Framing| framed::shows(framing, line);
    let any_shown = plan.framings().iter().any(|framing| is_shown(*framing));
    for shown in [true, false].into_iter().skip(usize::from(!any_shown)) {
        for &framing in plan.framings() {
            if any_shown && is_shown(framing) != shown {
                continue;
            }
            let mut found = match framing {
                Framing::Syslog => in_syslog(set, plan, line, outer, scratch),
                Framing::Plain => in_plain(set, plan.framed(framing), line, scratch),
                Framing::Json => of_framed(set, plan.framed(framing), framed::json(line, claimed), scratch),
                _ => in_record(set, plan, framing, line, columns, scratch),
            };
            found.framing = Some(framing);
            if let Some(outer) = outer.filter(|_| !found.header.is_some()) {
                let mut header = outer.clone();
                header.message_stamp = found.header.stamp;
                found = Found { header, with_host: true, with_program: true, ..found };
            }
            if found.form.is_some() {
                return found;
            }
            claimed |= found.claimed;
            // Of those that understand nothing the one that the line shows, or the grammar names first, tells why.
            let is_better = |best: &Found<'_>| {
                !best.understood
                    && (found.understood || (Some(framing) == first_named && !best.is_shown(line)))
            };
            if best.as_ref().is_none_or(is_better) {
                best = Some(found);
            }
        }
    }
    best.unwrap_or_else(|| Found::nothing("no grammar reads this source".to_owned()))
}

fn in_syslog<'a>(
    set: &GrammarSet,
    plan: &Plan,
    line: &'a str,
    outer: Option<&Header<'a>>,
    scratch: &mut Scratch,
) -> Found<'a> {
    in_header(set, plan, header_of(line, outer), scratch)
}

/// The header of a line, unless a wrapper has it.
pub(super) fn header_of<'a>(line: &'a str, outer: Option<&Header<'a>>) -> Header<'a> {
    let of_outer =
        |header: &Header<'a>| Header { after_stamp: line, after_host: line, message: line, ..header.clone() };
    outer.map_or_else(|| syslog::read(line), of_outer)
}

/// Finds who reads the message behind a header.
pub(super) fn in_header<'a>(
    set: &GrammarSet,
    plan: &Plan,
    mut header: Header<'a>,
    scratch: &mut Scratch,
) -> Found<'a> {
    if header.program.is_none() {
        bare_tag(plan, &mut header);
    }
    let (message, repeats) = repeated(header.message);
    let mut found = Found { message, repeats, with_host: true, with_program: true, ..Found::default() };
    let mut fits = |member: usize, message: &str| {
        set.grammars
            .get(member)
            .and_then(|grammar| grammar.search.first_fit(&grammar.forms, message, scratch))
    };
    if let Some(program) = header.program {
        for member in plan.claims(program) {
            found.claimed = true;
            found.member = found.member.or(Some(member));
            if let Some(form) = fits(member, message) {
                return Found { member: Some(member), form: Some(form), header, understood: true, ..found };
            }
        }
        for &member in &plan.any {
            if let Some(form) = fits(member, message) {
                return Found { member: Some(member), form: Some(form), header, understood: true, ..found };
            }
        }
    }
    if !found.claimed && !header.tag_is_sure {
        // Perhaps what looks like host or program is the message.
        let offers =
            [(header.after_stamp, false, false), (header.after_host, true, false), (message, true, true)];
        let last = offers.len() - usize::from(header.program.is_some());
        for &member in plan.framed(Framing::Syslog) {
            for (at, &(offer, with_host, with_program)) in offers.iter().enumerate().take(last) {
                if offers.iter().take(at).any(|(earlier, ..)| *earlier == offer) {
                    continue;
                }
                if let Some(form) = fits(member, offer) {
                    let with_host = with_host || header.after_stamp == header.after_host;
                    let found = Found { message: offer, with_host, with_program, ..found };
                    return Found {
                        member: Some(member),
                        form: Some(form),
                        header,
                        understood: true,
                        ..found
                    };
                }
            }
        }
    }
    found.member = found.member.or(plan.main.filter(|main| plan.any.contains(main)));
    found.understood = header.is_some() || found.claimed;
    found.with_host = header.host_is_sure;
    if !found.understood {
        found.reason = Some(format!("no syslog header, and no message of {} fits", plan.name));
    }
    Found { header, ..found }
}

/// A program's name without colon or pid (`host sudo message`, `[sshd] message`) is believed when a grammar
/// claims it.
fn bare_tag(plan: &Plan, header: &mut Header<'_>) {
    let (word, rest) = header.message.split_once([' ', ':']).unwrap_or((header.message, ""));
    let word = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).unwrap_or(word);
    // `Login failed for ...` begins a sentence; programs are written in one case (`sshd`, `CRON`).
    let is_sentence = word
        .strip_prefix(|c: char| c.is_ascii_uppercase())
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase()));
    if !is_sentence && plan.knows(word) {
        header.program = Some(word);
        header.message = rest.trim_start_matches([':', ' ']);
    }
}

/// `message repeated N times: [ ... ]` (rsyslog): what is inside, and N.
fn repeated(message: &str) -> (&str, Option<u32>) {
    let inner = || {
        let rest = message.strip_prefix("message repeated ")?;
        let (count, rest) = rest.split_once(" times: [")?;
        let inner = rest.trim_end().strip_suffix(']')?;
        Some((inner.trim(), Some(count.parse().ok().filter(|count| *count > 0)?)))
    };
    inner().unwrap_or((message, None))
}

pub(super) fn in_plain<'a>(
    set: &GrammarSet,
    members: &[usize],
    line: &'a str,
    scratch: &mut Scratch,
) -> Found<'a> {
    let mut found = Found { message: line, ..Found::default() };
    for &member in members {
        let Some(grammar) = set.grammars.get(member) else { continue };
        if let Some(form) = grammar.search.first_fit(&grammar.forms, line, scratch) {
            found.header.stamp = line_stamp(line);
            return Found { member: Some(member), form: Some(form), understood: true, ..found };
        }
    }
    found.member = members.first().copied();
    let name =
        found.member.and_then(|member| set.grammars.get(member)).map_or("", |grammar| &grammar.spec.name);
    found.reason = Some(format!("no message of {name} fits"));
    found
}

/// A stamp at the very start of a plain line.
fn line_stamp(line: &str) -> Option<(stamp::Stamp, &str)> {
    let body = line.strip_prefix('[').unwrap_or(line);
    stamp::read(body).and_then(|(stamp, used)| Some((stamp, body.get(..used)?)))
}

/// Reads a line as a record of the framing's members.
fn in_record<'a>(
    set: &GrammarSet,
    plan: &Plan,
    framing: Framing,
    line: &'a str,
    columns: &mut Columns,
    scratch: &mut Scratch,
) -> Found<'a> {
    let members = plan.framed(framing);
    if framing != Framing::Csv {
        return of_framed(set, members, framed::read(framing, line, columns), scratch);
    }
    let mut best: Option<Found<'a>> = None;
    for member in members {
        let Some(grammar) = set.grammars.get(*member) else { continue };
        let framed = grammar.table.read(line, columns);
        let found = of_framed(set, std::slice::from_ref(member), framed, scratch);
        if found.form.is_some() {
            return found;
        }
        if best.as_ref().is_none_or(|best| found.understood && !best.understood) {
            best = Some(found);
        }
    }
    best.unwrap_or_default()
}

fn of_framed<'a>(
    set: &GrammarSet,
    members: &[usize],
    framed: Framed<'a>,
    scratch: &mut Scratch,
) -> Found<'a> {
    let member = members.first().copied();
    match framed {
        Framed::Record(header, fields) => of_record(set, members, header, fields, scratch),
        Framed::Head => Found { member, understood: true, ..Found::default() },
        Framed::Other(reason) => Found { member, reason: Some(reason), ..Found::default() },
    }
}

fn of_record<'a>(
    set: &GrammarSet,
    members: &[usize],
    header: Header<'a>,
    fields: Fields<'a>,
    scratch: &mut Scratch,
) -> Found<'a> {
    let with_host = header.host_is_sure;
    let mut found = Found { header, understood: true, with_host, with_program: true, ..Found::default() };
    for &member in members {
        let Some(grammar) = set.grammars.get(member) else { continue };
        let spots = grammar.wanted.find(&fields);
        if let Some((form, told)) = form_of(grammar, &fields, &spots, &mut scratch.groups) {
            found = Found { member: Some(member), form: Some(form), spots, told, ..found };
            break;
        }
        if found.member.is_none() {
            found = Found { member: Some(member), spots, ..found };
        }
    }
    Found { fields: Some(fields), ..found }
}

/// The form that a record is of, and the text of it that the form's pattern fitted, if it has one.
pub(super) fn form_of<'a>(
    grammar: &Grammar,
    fields: &Fields<'a>,
    spots: &[Option<Spot>],
    groups: &mut Groups,
) -> Option<(usize, Option<Cow<'a, str>>)> {
    let fits = |(at, form): (usize, &Form)| Some((at, form.fits_record(fields, spots, groups)?));
    grammar.forms.iter().enumerate().find_map(fits)
}

#[cfg(test)]
mod tests;
