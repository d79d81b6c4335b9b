//! The first line of a reply that its writer wrote: the word that acts, and the words beside it.
//!
//! Quoted lines (`>`, `|`) are passed over, and so is the line above them that says who wrote what: in any language it
//! ends with a colon. A question (`resolve?`) asks, and acts on nothing.

use crate::schema::Printable;
use crate::schema::inbound::{ReplyVerb, Wish};

/// Lines that are looked at for the first one of the writer's own.
const LINES_MAX: usize = 2_000;
/// Lines of "On ..., ... wrote:", which mail programs wrap.
const ATTRIBUTION_LINES_MAX: usize = 4;
/// Characters kept of a note or a reason.
const NOTE_CHARS: usize = 1_000;
/// Characters kept of a first line that is no verb.
const LINE_CHARS: usize = 120;

/// What a text asks for.
pub(super) fn wish(text: &str) -> Wish {
    let lines: Vec<String> = text.lines().take(LINES_MAX).map(plain).collect();
    let Some(at) = first_own_line(&lines) else { return Wish::Nothing };
    let line = lines.get(at).map_or("", String::as_str);
    let Some((verb, rest)) = verb(line) else { return Wish::Other(Printable(line).cut(LINE_CHARS).into()) };
    let below = lines.get(at + 1).map_or("", String::as_str);
    let note = match rest.is_empty() {
        false => rest,
        true if is_own(below) && !is_signature(below) => below,
        true => "",
    };
    Wish::Do(verb, (!note.is_empty()).then(|| Printable(note).cut(NOTE_CHARS).into()))
}

/// Without white space, and what has no width and turns nothing around, at its ends.
fn plain(line: &str) -> String {
    let visible: String = line.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }).collect();
    let nothing = |c: char| {
        c.is_whitespace() || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    visible.trim_matches(nothing).to_owned()
}

fn is_quoted(line: &str) -> bool {
    line.starts_with(['>', '|'])
}

fn is_own(line: &str) -> bool {
    !line.is_empty() && !is_quoted(line)
}

/// The end of what a person wrote: RFC 3676 section 4.3, and what telephones write.
fn is_signature(line: &str) -> bool {
    let line = line.to_lowercase();
    line == "--"
        || ["sent from", "gesendet von", "von meinem", "envoyé de", "enviado desde"]
            .iter()
            .any(|start| line.starts_with(start))
}

/// The first line that is neither empty nor quoted, nor an attribution above a quotation.
fn first_own_line(lines: &[String]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += lines.get(at..)?.iter().position(|line| is_own(line))?;
        let paragraph = lines.get(at..)?.iter().take_while(|line| is_own(line)).count();
        let last = lines.get(at + paragraph - 1)?;
        let quoted_next = lines
            .get(at + paragraph..)?
            .iter()
            .find(|line| !line.is_empty())
            .is_some_and(|line| is_quoted(line));
        let attribution = paragraph <= ATTRIBUTION_LINES_MAX && last.ends_with([':', '：']) && quoted_next;
        if !attribution || verb(lines.get(at)?).is_some() {
            return Some(at);
        }
        at += paragraph;
    }
}

/// The verb that a line begins with, and the rest of it.
fn verb(line: &str) -> Option<(ReplyVerb, &str)> {
    let start = line.trim_start_matches(|c: char| c.is_ascii_punctuation() || "„“”‚‘’«»".contains(c));
    let end = start.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(start.len());
    let (word, mut rest) = start.split_at_checked(end)?;
    let word = word.trim_end_matches('-').to_ascii_lowercase();
    let verb = match word.as_str() {
        "ack" | "acknowledge" | "acknowledged" => ReplyVerb::Acknowledge,
        "resolve" | "resolved" => ReplyVerb::Resolve,
        "escalate" => ReplyVerb::Escalate,
        "false-positive" => ReplyVerb::FalsePositive,
        "false" => {
            let second = rest.strip_prefix(' ')?.trim_start();
            let positive = second.get(..8).filter(|text| text.eq_ignore_ascii_case("positive"))?;
            rest = second.get(positive.len()..)?;
            ReplyVerb::FalsePositive
        }
        _ => return None,
    };
    // Another letter would make it another word; a question mark makes it a question.
    let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '\'' || c == '’');
    let punctuation =
        rest.find(|c: char| c.is_alphanumeric()).map_or(rest, |at| rest.get(..at).unwrap_or(""));
    if goes_on || punctuation.contains(['?', '？', '¿', '@']) {
        return None;
    }
    Some((verb, rest.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '(' | '#')).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match wish(text) {
            Wish::Do(verb, note) => format!("{verb:?}: {}", note.as_deref().unwrap_or("-")),
            Wish::Other(line) => format!("other: {line}"),
            Wish::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn the_first_word_acts_however_it_is_dressed() {
        for (text, wanted) in [
            ("ack", "Acknowledge: -"),
            ("  ACK.  \r\n\r\nSent from my iPhone\r\n\r\n> On 3 Nov", "Acknowledge: -"),
            ("Ack!\nOn it, back in ten", "Acknowledge: On it, back in ten"),
            ("ack\nSent from my iPhone", "Acknowledge: -"),
            ("*ack*", "Acknowledge: -"),
            ("\"ack\"", "Acknowledge: -"),
            ("\u{feff}\u{200b}ack\u{200b}", "Acknowledge: -"),
            ("\u{a0}ack, on it", "Acknowledge: on it"),
            ("Resolve: user was on holiday", "Resolve: user was on holiday"),
            ("ESCALATE - cannot reach the gateway", "Escalate: cannot reach the gateway"),
            ("false-positive (backup job)", "FalsePositive: (backup job)"),
            ("False positive: our scanner", "FalsePositive: our scanner"),
            ("false-positive\nit is the scanner", "FalsePositive: it is the scanner"),
            ("false-positive\n\nRegards", "FalsePositive: -"),
            ("false-positive\n--\nAna", "FalsePositive: -"),
        ] {
            assert_eq!(told(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn quotations_and_their_heads_are_passed_over() {
        for (text, wanted) in [
            ("> ack\n> resolve\n\nescalate", "Escalate: -"),
            (
                "On Mon, 23 Nov 2026 at 10:00, gatewatch <g@example.org> wrote:\n> ack\n\nack",
                "Acknowledge: -",
            ),
            (
                "On Mon, 23 Nov 2026 at 10:00,\ngatewatch <g@example.org>\nwrote:\n\n> x\nresolve done",
                "Resolve: done",
            ),
            ("Am 23.11.2026 um 10:00 schrieb gatewatch:\n> resolve\nack", "Acknowledge: -"),
            ("Le 23 nov. 2026 à 10:00, gatewatch a écrit :\n> x\n\nack merci", "Acknowledge: merci"),
            ("ack:\n> quoted", "Acknowledge: -"),
            ("> only\n> quoted", "nothing"),
            ("", "nothing"),
            ("\n\u{200b}\n", "nothing"),
        ] {
            assert_eq!(told(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn no_other_word_acts() {
        for text in [
            "Thanks, I ack this",
            "acks",
            "ack?",
            "resolve ?",
            "not ack",
            "don't resolve",
            "backup",
            "acknowledgement follows",
            "resolve@example.org is wrong",
            "false alarm",
            "false",
            "positive",
            "ack'd by Ben",
            "а\u{441}k",
            "-----Original Message-----\nack",
            "\u{202e}kca",
            "\u{202e}ack",
            "a\u{202e}ck",
            "a\0ck",
        ] {
            assert!(matches!(wish(text), Wish::Other(_)), "{text:?}: {}", told(text));
        }
        let long = format!("ack {}", "x\u{1b}[2J".repeat(5_000));
        let Wish::Do(_, Some(note)) = wish(&long) else { panic!() };
        assert!(note.chars().count() <= NOTE_CHARS + 1 && !note.contains('\u{1b}'));
    }
}
