//! For whoever writes a grammar: which patterns nearly read a message, and where they stopped.

use super::spec::MessageSpec;
use super::syslog::Header;
use regex::bytes::RegexBuilder;
use regex_syntax::ast::{Ast, parse::Parser};

/// A form that holds the message's literal, and whose pattern read a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The form.
    pub form: String,
    /// What its pattern read, from the beginning of the match.
    pub read: String,
    /// What stands behind it.
    pub rest: String,
    /// What the pattern wants there.
    pub wanted: String,
}

/// Offers at most so many.
const MISSES_MAX: usize = 3;

/// The forms that came nearest, the nearest first.
pub fn near_misses(forms: &[MessageSpec], message: &str) -> Vec<NearMiss> {
    let holds = |form: &&MessageSpec| match form.literal.strip_prefix('^') {
        Some(start) => message.starts_with(start),
        None => message.contains(&form.literal),
    };
    let told = forms.iter().filter(|form| !form.pattern.is_empty()).filter(holds);
    let mut misses: Vec<NearMiss> = told.filter_map(|form| near_miss(form, message)).collect();
    misses.sort_by_key(|miss| std::cmp::Reverse(miss.read.len()));
    misses.truncate(MISSES_MAX);
    misses
}

/// Takes parts off the pattern's end until the rest of it fits.
fn near_miss(form: &MessageSpec, message: &str) -> Option<NearMiss> {
    let pattern = Parser::new().parse(&form.pattern).ok()?;
    let Ast::Concat(whole) = &pattern else { return None };
    for part in whole.asts.iter().rev().skip(1) {
        let (head, wanted) = form.pattern.split_at_checked(part.span().end.offset)?;
        let Ok(head) = RegexBuilder::new(head).unicode(false).build() else { continue };
        let Some(found) = head.find(message.as_bytes()).filter(|found| !found.is_empty()) else { continue };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        return Some(NearMiss {
            form: form.name.clone(),
            read: text(found.as_bytes()),
            rest: text(message.as_bytes().get(found.end()..)?),
            wanted: wanted.to_owned(),
        });
    }
    None
}

/// What a header says, by name.
pub(super) fn header_parts(header: &Header<'_>) -> Vec<(&'static str, String)> {
    let stamp = |stamp: &Option<(_, &str)>| stamp.as_ref().map(|(_, text)| (*text).to_owned());
    let text = |text: Option<&str>| text.map(str::to_owned);
    let parts = [
        ("stamp", stamp(&header.stamp)),
        ("host", text(header.host)),
        ("program", text(header.program)),
        ("pid", text(header.pid)),
        ("message stamp", stamp(&header.message_stamp)),
    ];
    parts.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Class, Outcome};

    #[test]
    fn the_pattern_tells_where_it_stopped() {
        let form = |name: &str, literal: &str, pattern: &str| MessageSpec {
            name: name.into(),
            literal: literal.into(),
            pattern: pattern.into(),
            field: Vec::new(),
            when: Vec::new(),
            fields: Vec::new(),
            class: Class::Base,
            activity: "",
            outcome: Outcome::Unknown,
            set: Vec::new(),
            map: Vec::new(),
            attempt: None,
        };
        let forms = [
            form("logout", "^logout ", "^logout (.*)$"),
            form("short", "", "^login [0-9]"),
            form("login", "^login ", r"^login (\S+) from ([0-9.]+): (\w+)$"),
        ];
        let misses = near_misses(&forms, "login ana from gate: granted");
        let told: Vec<_> =
            misses.iter().map(|m| (m.form.as_str(), m.read.as_str(), m.rest.as_str())).collect();
        assert_eq!(
            told,
            [("login", "login ana from ", "gate: granted"), ("short", "login ", "ana from gate: granted")]
        );
        assert_eq!(misses[0].wanted, r"([0-9.]+): (\w+)$");
        assert!(near_misses(&forms, "nothing").is_empty());
    }
}
