//! What a line says, once its grammar and form are found: captures, fields, constants and the header fill the
//! columns of an event.

use super::column::{Column, Draft, Place};
use super::feed::Feed;
use super::form::{Form, Scratch};
use super::grammar::Grammar;
use super::inner::Inner;
use super::json;
use super::pairs;
use super::path::Spot;
use super::read::Found;
use super::record::Fields;
use super::set::GrammarSet;
use super::slot::{Slot, Words};
use super::spec::Framing;
use super::value::{head, is_null, truth};
use crate::limits::KEY_BYTES_MAX;
use crate::schema::{Datum, Flag};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Fills the draft with what the line says. Captures come first, then fields, then constants, then the header.
pub fn fill<'a>(set: &GrammarSet, mut found: Found<'a>, scratch: &Scratch, draft: &mut Draft<'a>) {
    let grammar = found.member.and_then(|member| set.grammars.get(member));
    let form = found.form.and_then(|form| grammar?.forms.get(form));
    header_fields(&found, draft);
    if let Some(form) = form {
        let told = found.told.take().unwrap_or(Cow::Borrowed(found.message));
        captures(form, scratch, told, draft);
    }
    if let Some(grammar) = grammar {
        let mut fields = found.fields.take();
        let text = found.understood && found.framing.is_some_and(Framing::is_text);
        if fields.is_none() && text && !grammar.feeds_of_text(form).is_empty() {
            let fresh = fields_of(found.message);
            found.spots = grammar.wanted.find(&fresh);
            fields = Some(fresh);
        }
        if let Some(mut fields) = fields {
            feed(grammar, form, &mut fields, &found.spots, draft);
            note(&fields, draft);
            let rest = fields.rest();
            draft.event.extra.reserve_exact(rest.len());
            for (key, value) in rest {
                draft.extra_owned(key, value);
            }
        }
        for (slot, value) in form.map_or(&[][..], |form| &form.set).iter().chain(&grammar.set) {
            constant(slot, value, draft);
        }
    }
    header_columns(&found, draft);
    if let Some(wrapper) = found.wrapper {
        wrapped(wrapper, draft);
    }
    if let Some(repeats) = found.repeats {
        draft.event.count = repeats;
    }
}

/// What a wrapper knows besides the line in it.
fn wrapped<'a>(wrapper: &'a Inner<'a>, draft: &mut Draft<'a>) {
    if let Some((stamp, text)) = wrapper.stamp.filter(|_| draft.stamp.is_none()) {
        draft.offer_stamp(stamp, Cow::Borrowed(text), Place::Relay);
    }
    for (key, value) in &wrapper.extra {
        if draft.event.extra(key).is_none() {
            draft.extra(key, value.clone());
        }
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
        // Each parameter repeats it.
        let id = head(id, KEY_BYTES_MAX);
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

fn captures<'a>(form: &Form, scratch: &Scratch, message: Cow<'a, str>, draft: &mut Draft<'a>) {
    for capture in &form.captures {
        let Some((start, end)) = scratch.groups.get(capture.group) else { continue };
        let text = match &message {
            Cow::Borrowed(message) => slice(message, start..end),
            Cow::Owned(message) => Cow::Owned(slice(message, start..end).into_owned()),
        };
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
    spots: &[Option<Spot>],
    draft: &mut Draft<'a>,
) {
    draft.drop_misfits = true;
    for Feed { slot, words, paths } in grammar.feeds_of(form) {
        let own = form.and_then(|form| form.words.iter().find(|(known, _)| known == slot));
        let words: Option<&Arc<Words>> = own.map(|(_, words)| words).or(words.as_ref());
        if is_filled(slot, draft) {
            continue;
        }
        for path in paths {
            let Some(text) = path.text(fields, spots) else { continue };
            // What says nothing is no word: `*` does not stand for it.
            if is_null(text.trim()) && !words.is_some_and(|words| words.knows(&text)) {
                continue;
            }
            place(slot, words.map(AsRef::as_ref), text, draft);
            let kept = words.is_none()
                && !matches!(slot, Slot::Column(Column::Outcome | Column::Activity | Column::Class));
            if !is_filled(slot, draft) {
                continue;
            }
            let items = path.items(spots).filter(|_| kept);
            for item in items {
                if let Some(field) = fields.items.get_mut(item) {
                    field.used = true;
                }
            }
            break;
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
