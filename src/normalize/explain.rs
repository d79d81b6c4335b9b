//! What the grammars say of lines that somebody asks about: how one was read, and what a file is.

use super::auto::Tally;
use super::form::Scratch;
use super::near::{NearMiss, header_parts, near_misses};
use super::read::{self, Memory};
use super::set::GrammarSet;
use super::spec::Framing;
use super::table::Columns;
use super::wrapper::Line;

/// How a line was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'g> {
    /// The grammar that read it; `None` where only a family's framing did.
    pub grammar: Option<&'g str>,
    /// The message form; `None` where none fitted.
    pub message: Option<&'g str>,
    /// Whether the grammar claims the program of the header.
    pub claimed: bool,
    /// Why it was not understood.
    pub reason: Option<String>,
    /// How the line was framed.
    pub framing: Option<Framing>,
    /// What the header says: its parts by name.
    pub header: Vec<(&'static str, String)>,
    /// The text that forms were tried on.
    pub text: String,
    /// Where nothing read it: the forms that came nearest.
    pub near: Vec<NearMiss>,
}

impl GrammarSet {
    /// Which grammar and message form read a line, for `explain line`; `None` when no format has this name.
    pub fn explain(&self, format: &str, line: &[u8]) -> Option<Explanation<'_>> {
        let text = String::from_utf8_lossy(line);
        let line = Line::of(&text);
        let mut memory = Memory { columns: &mut Columns::default(), scratch: &mut Scratch::default() };
        let plan = self.plan(format)?;
        let found = read::find(self, plan, &line, &mut memory);
        let tried = found.member().or(plan.main).and_then(|member| self.grammars.get(member));
        let grammar = found.member().and_then(|member| self.grammars.get(member));
        let form = found.form().and_then(|(_, form)| grammar?.spec.messages.get(form));
        let near = match form {
            Some(_) => Vec::new(),
            None => tried.map_or_else(Vec::new, |grammar| near_misses(&grammar.spec.messages, found.message)),
        };
        Some(Explanation {
            framing: found.framing,
            header: header_parts(&found.header),
            text: found.message.to_owned(),
            near,
            grammar: grammar.map(|grammar| grammar.spec.name.as_str()),
            message: form.map(|message| message.name.as_str()),
            claimed: found.is_claimed(),
            reason: found.reason,
        })
    }

    /// The format of a file that begins with these lines: the grammar that reads most of them and shows
    /// evidence of its own, else a fallback; `None` when nothing reads any.
    pub fn guess(&self, lines: &[&[u8]]) -> Option<&str> {
        let mut tally = Tally::default();
        let (mut columns, mut scratch) = (Columns::default(), Scratch::default());
        for (number, line) in (1..).zip(lines) {
            columns.at_line(number);
            let text = String::from_utf8_lossy(line);
            let mut memory = Memory { columns: &mut columns, scratch: &mut scratch };
            tally.look(self, &Line::of(&text), &mut memory);
        }
        tally.winner(self).map(|choice| choice.name)
    }
}
