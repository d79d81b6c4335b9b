//! Words that only certain columns take, and where in a pattern it goes wrong.

use super::file::{OUTCOMES, Reader, unknown};
use crate::normalize::spec::Target;
use crate::schema::{Class, Outcome};
use toml::Spanned;
use toml::de::DeValue;

impl Reader<'_> {
    /// A constant or replacement for a target, which must be a value of it.
    pub(super) fn value_of(&mut self, target: &Target, value: &Spanned<DeValue<'_>>) -> String {
        let word = self.scalar(value);
        let Target::Column(column) = target else { return word };
        let what = match column.as_str() {
            "outcome" if Outcome::from_name(&word).is_none() => {
                unknown("outcome", &word, OUTCOMES.map(Outcome::name))
            }
            "class" if Class::from_name(&word).is_none() => {
                unknown("class", &word, Class::all().map(Class::name))
            }
            "activity" if Class::all().all(|class| class.activity(&word).is_none()) => {
                unknown("activity", &word, Class::all().flat_map(Class::activities))
            }
            _ => return word,
        };
        self.wrong(value.span().start, what);
        word
    }
}

/// The byte of a pattern at which it stops being one.
pub(super) fn fault_in(pattern: &str) -> Option<usize> {
    let mut parser = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build();
    match parser.parse(pattern).err()? {
        regex_syntax::Error::Parse(error) => Some(error.span().start.offset),
        regex_syntax::Error::Translate(error) => Some(error.span().start.offset),
        _ => None,
    }
}
