//! Reading one line: first which grammar and form it is of ([`find`]), then what it says ([`fill`]).

use super::column::{Column, Draft, Place};
use super::form::{Feed, Form, Scratch, Slot, Words};
use super::grammar::Grammar;
use super::journal;
use super::json;
use super::pairs;
use super::record::Fields;
use super::set::{GrammarSet, Plan};
use super::spec::Framing;
use super::stamp;
use super::syslog::{self, Header};
use super::table::Columns;
use super::value::truth;
use crate::schema::{Datum, Flag};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// What a line turned out to be.
#[derive(Debug, Default)]
pub struct Found<'a> {
    header: Header<'a>,
    fields: Option<Fields<'a>>,
    /// For each path that the member asks for, the field.
    slots: Vec<Option<usize>>,
    member: Option<usize>,
    form: Option<usize>,
    /// The message that the form's pattern fitted.
    message: &'a str,
    /// Times that a syslog daemon says the message came.
    repeats: Option<u32>,
    /// The header's host and program belong to the header, not to the message.
    with_host: bool,
    with_program: bool,
    claimed: bool,
    understood: bool,
    /// Why not.
    pub reason: Option<String>,
}

impl Found<'_> {
    /// Not understood.
    pub fn nothing(reason: String) -> Self {
        Found { reason: Some(reason), ..Found::default() }
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
    /// Whether at least the framing was understood.
    pub fn is_understood(&self) -> bool {
        self.understood
    }
}

/// Finds the grammar and form of a line.
pub fn find<'a>(
    set: &GrammarSet,
    plan: &Plan,
    line: &'a str,
    _columns: &mut Columns,
    scratch: &mut Scratch,
) -> Found<'a> {
    let mut best: Option<Found<'a>> = None;
    let object = line.trim_start().starts_with('{');
    let mut framings = [Framing::Syslog, Framing::KeyValue, Framing::Plain, Framing::Json];
    if object {
        framings.rotate_right(1);
    }
    for framing in framings {
        let members = match framing {
            Framing::Syslog => &plan.syslog,
            Framing::KeyValue => &plan.pairs,
            Framing::Plain => &plan.plain,
            Framing::Json => &plan.json,
        };
        if members.is_empty() {
            continue;
        }
        let found = match framing {
            Framing::Syslog => in_syslog(set, plan, line, scratch),
            Framing::KeyValue => in_pairs(set, members, line),
            Framing::Plain => in_plain(set, members, line, scratch),
            Framing::Json => in_json(set, members, line),
        };
        if found.form.is_some() {
            return found;
        }
        if best.as_ref().is_none_or(|best| found.understood && !best.understood) {
            best = Some(found);
        }
    }
    best.unwrap_or_else(|| Found::nothing("no grammar reads this source".to_owned()))
}

fn in_syslog<'a>(set: &GrammarSet, plan: &Plan, line: &'a str, scratch: &mut Scratch) -> Found<'a> {
    let mut header = journal::read(line).unwrap_or_else(|| syslog::read(line));
    if header.program.is_none() {
        bare_tag(plan, &mut header);
    }
    let (message, repeats) = repeated(header.message);
    let mut found = Found { message, repeats, with_host: true, with_program: true, ..Found::default() };
    let mut fits = |member: usize, message: &str| {
        set.grammars
            .get(member)
            .and_then(|grammar| grammar.search.first_fit(member, &grammar.forms, message, scratch))
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
        for &member in &plan.syslog {
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
    if plan.knows(word) {
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

fn in_plain<'a>(set: &GrammarSet, members: &[usize], line: &'a str, scratch: &mut Scratch) -> Found<'a> {
    let mut found = Found { message: line, ..Found::default() };
    for &member in members {
        let Some(grammar) = set.grammars.get(member) else { continue };
        if let Some(form) = grammar.search.first_fit(member, &grammar.forms, line, scratch) {
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

fn in_json<'a>(set: &GrammarSet, members: &[usize], line: &'a str) -> Found<'a> {
    let body = line.trim_start_matches(['\u{feff}', ' ', '\t']);
    let (header, object) =
        if body.starts_with('{') { (Header::default(), body) } else { behind_header(line) };
    match json::read(object) {
        Ok(fields) => of_record(set, members, header, fields),
        Err(error) => {
            Found { reason: Some(error.to_string()), member: members.first().copied(), ..Found::default() }
        }
    }
}

/// The object behind a syslog header, or behind a header and one word (`@cee:`).
fn behind_header(line: &str) -> (Header<'_>, &str) {
    let header = syslog::read(line);
    let object = [header.message, header.after_host, header.after_stamp].into_iter().find_map(|rest| {
        let rest = rest.strip_prefix("@cee:").unwrap_or(rest).trim_start();
        rest.starts_with('{').then_some(rest)
    });
    let rest = header.message;
    match object {
        Some(object) => (header, object),
        None if header.is_some() => {
            let object = memchr::memchr(b'{', rest.as_bytes()).and_then(|at| rest.get(at..)).unwrap_or(rest);
            (header, object)
        }
        None => (header, line),
    }
}

fn in_pairs<'a>(set: &GrammarSet, members: &[usize], line: &'a str) -> Found<'a> {
    let header = syslog::read(line);
    let body = if header.is_some() { header.message } else { line };
    let fields = pairs::read(body);
    if fields.items.is_empty() {
        let reason = Some("no key=value pair".to_owned());
        return Found { reason, member: members.first().copied(), ..Found::default() };
    }
    of_record(set, members, header, fields)
}

fn of_record<'a>(set: &GrammarSet, members: &[usize], header: Header<'a>, fields: Fields<'a>) -> Found<'a> {
    let with_host = header.host_is_sure;
    let mut found = Found { header, understood: true, with_host, with_program: true, ..Found::default() };
    for &member in members {
        let Some(grammar) = set.grammars.get(member) else { continue };
        let slots = grammar.wanted.find(&fields);
        let form =
            grammar.forms.iter().position(|form| form.when.iter().all(|test| test.holds(&fields, &slots)));
        if form.is_some() || found.member.is_none() {
            found = Found { member: Some(member), form, slots, ..found };
        }
        if form.is_some() {
            break;
        }
    }
    Found { fields: Some(fields), ..found }
}

/// Fills the draft with what the line says. Captures come first, then fields, then constants, then the header.
pub fn fill<'a>(set: &GrammarSet, mut found: Found<'a>, scratch: &Scratch, draft: &mut Draft<'a>) {
    let grammar = found.member.and_then(|member| set.grammars.get(member));
    let form = found.form.and_then(|form| grammar?.forms.get(form));
    header_fields(&found, draft);
    if let Some((member, at)) = found.form() {
        captures(form, scratch.locations(member, at).map(|l| move |n| l.get(n)), found.message, draft);
    }
    if let Some(grammar) = grammar {
        let mut fields = found.fields.take();
        if fields.is_none() && found.understood && !grammar.reads_records() && !grammar.feeds.is_empty() {
            let fresh = fields_of(found.message);
            found.slots = grammar.wanted.find(&fresh);
            fields = Some(fresh);
        }
        if let Some(mut fields) = fields {
            feed(grammar, form, &mut fields, &found.slots, draft);
            note(&fields, draft);
            for (key, value) in fields.rest() {
                draft.extra_owned(key, value);
            }
        }
        for (slot, value) in form.map_or(&[][..], |form| &form.set).iter().chain(&grammar.set) {
            constant(slot, value, draft);
        }
    }
    header_columns(&found, draft);
    if let Some(repeats) = found.repeats {
        draft.event.count = repeats;
    }
}

fn note(fields: &Fields<'_>, draft: &mut Draft<'_>) {
    if fields.duplicate {
        draft.event.flags.set(Flag::DuplicateKey);
    }
    if fields.cut {
        draft.event.flags.set(Flag::Truncated);
    }
}

/// Fields inside a text message: a JSON object, or the pairs in it.
fn fields_of(message: &str) -> Fields<'_> {
    let object = message.starts_with('{').then(|| json::read_prefix(message).ok()).flatten();
    object.map_or_else(|| pairs::read(message), |(fields, _)| fields)
}

fn header_fields<'a>(found: &Found<'a>, draft: &mut Draft<'a>) {
    let header = &found.header;
    let stamps = [
        (header.relay_stamp, Place::Relay),
        (header.stamp, Place::Header),
        (header.message_stamp, Place::Message),
    ];
    for (stamp, place) in stamps {
        if let Some((stamp, text)) = stamp {
            draft.offer_stamp(stamp, Cow::Borrowed(text), place);
        }
    }
    if let Some(pid) = header.pid.filter(|_| found.with_program) {
        draft.put(Column::Pid, pid);
    }
    for (key, value) in [("facility", header.facility), ("message_id", header.message_id)] {
        if let Some(value) = value {
            draft.extra(key, Datum::Text(value.into()));
        }
    }
    if let Some(structured) = header.structured {
        structured_data(structured, draft);
    }
}

/// `[id a="b" c="d"][id2 ...]` as `id.a`, `id.c` ...
fn structured_data(text: &str, draft: &mut Draft<'_>) {
    let mut rest = text;
    while let Some(body) = rest.strip_prefix('[') {
        let Some(end) = end_of_element(body) else { return };
        let element = body.get(..end).unwrap_or("");
        let (id, parameters) = element.split_once(' ').unwrap_or((element, ""));
        let fields = pairs::read(parameters);
        for field in &fields.items {
            if let Some(value) = field.value.datum() {
                draft.extra(&format!("{id}.{}", fields.key(field)), value);
            }
        }
        note(&fields, draft);
        rest = body.get(end + 1..).unwrap_or("");
    }
}

/// Where the `]` stands that is in no quotes; one pass, because the text is hostile.
fn end_of_element(body: &str) -> Option<usize> {
    let (mut open, mut escaped) = (false, false);
    body.bytes().position(|byte| {
        let plain = !std::mem::take(&mut escaped);
        match byte {
            b'\\' if open && plain => escaped = true,
            b'"' if plain => open = !open,
            b']' => return !open,
            _ => {}
        }
        false
    })
}

fn header_columns(found: &Found<'_>, draft: &mut Draft<'_>) {
    let header = &found.header;
    if let Some(host) = header.host.filter(|_| found.with_host) {
        draft.put(Column::Host, host);
    }
    if let Some(program) = header.program.filter(|_| found.with_program) {
        draft.put(Column::App, program);
    }
    if let Some(severity) = header.severity {
        draft.put(Column::Severity, severity);
    }
}

fn captures<'a>(
    form: Option<&Form>,
    group: Option<impl Fn(usize) -> Option<(usize, usize)>>,
    message: &'a str,
    draft: &mut Draft<'a>,
) {
    let (Some(form), Some(group)) = (form, group) else { return };
    for capture in &form.captures {
        let Some((start, end)) = group(capture.group) else { continue };
        let text = slice(message, start..end);
        place(&capture.slot, capture.words.as_deref(), text, draft);
    }
}

/// A group's text; one that ends inside a character (a pattern works on bytes) is shown with U+FFFD.
fn slice(message: &str, range: Range<usize>) -> Cow<'_, str> {
    match message.get(range.clone()) {
        Some(text) => Cow::Borrowed(text),
        None => {
            Cow::Owned(String::from_utf8_lossy(message.as_bytes().get(range).unwrap_or(&[])).into_owned())
        }
    }
}

/// Puts a text where it belongs; false when it cannot be of that column.
fn place<'a>(slot: &Slot, words: Option<&Words>, text: Cow<'a, str>, draft: &mut Draft<'a>) -> bool {
    let said = words.map_or(text.as_ref(), |words| words.translate(&text));
    match slot {
        Slot::Column(Column::Time) => {
            let text = if words.is_some() { Cow::Owned(said.to_owned()) } else { text };
            draft.put_time(text)
        }
        Slot::Column(column) => draft.put(*column, said),
        Slot::Extra(key) => {
            if !said.is_empty() && draft.event.extra(key).is_none() {
                draft.extra(key, Datum::Text(said.into()));
            }
            true
        }
    }
}

fn constant(slot: &Slot, value: &str, draft: &mut Draft<'_>) {
    match slot {
        Slot::Column(column) => {
            draft.put(*column, value);
        }
        Slot::Extra(key) if draft.event.extra(key).is_none() => {
            let value = truth(value)
                .filter(|_| value.len() > 1)
                .map_or_else(|| Datum::Text(value.into()), Datum::Bool);
            draft.extra(key, value);
        }
        Slot::Extra(_) => {}
    }
}

/// Lets fields fill columns. A field that did leaves `extra`, unless it was only translated.
fn feed<'a>(
    grammar: &Grammar,
    form: Option<&Form>,
    fields: &mut Fields<'a>,
    slots: &[Option<usize>],
    draft: &mut Draft<'a>,
) {
    draft.drop_misfits = true;
    for Feed { slot, words, paths } in &grammar.feeds {
        let own = form.and_then(|form| form.words.iter().find(|(known, _)| known == slot));
        let words: Option<&Arc<Words>> = own.map(|(_, words)| words).or(words.as_ref());
        for path in paths {
            if is_filled(slot, draft) {
                break;
            }
            let item = |number: usize| slots.get(number).copied().flatten();
            let Some(first) = item(path.first) else { continue };
            let mut text = fields.items.get(first).and_then(|field| field.value.text()).unwrap_or_default();
            if !path.more.is_empty() {
                let more: Option<Vec<usize>> = path.more.iter().map(|number| item(*number)).collect();
                let Some(more) = more else { continue };
                let texts = more.iter().filter_map(|item| fields.items.get(*item)?.value.text());
                text = texts.fold(text, |all, text| Cow::Owned(format!("{all} {text}")));
            }
            place(slot, words.map(AsRef::as_ref), text, draft);
            let kept = words.is_none()
                && !matches!(slot, Slot::Column(Column::Outcome | Column::Activity | Column::Class));
            if kept && is_filled(slot, draft) {
                for number in std::iter::once(path.first).chain(path.more.iter().copied()) {
                    if let Some(field) = item(number).and_then(|item| fields.items.get_mut(item)) {
                        field.used = true;
                    }
                }
            }
        }
    }
    draft.drop_misfits = false;
}

fn is_filled(slot: &Slot, draft: &mut Draft<'_>) -> bool {
    match slot {
        Slot::Column(column) => draft.is_filled(*column),
        Slot::Extra(key) => draft.event.extra(key).is_some(),
    }
}
