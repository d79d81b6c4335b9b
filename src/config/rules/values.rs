//! Values of a detection: from what Sigma writes to patterns.

use super::encode;
use super::modifiers::{Base64, Modifiers, Reading};
use super::placeholders::{self, Placeholders};
use crate::detect::pattern::{Compare, Pattern, Place, Token, undashed};
use crate::limits::REGEX_BYTES_MAX;
use std::net::IpAddr;
use yaml_serde::Value;

/// What a value may refer to.
pub struct Scope<'a> {
    /// The values of placeholders.
    pub placeholders: &'a Placeholders,
    /// Gives the index of a field that a value names.
    pub field: &'a mut dyn FnMut(&str) -> usize,
}

/// The patterns of one value: mostly one. A modifier may make several of it, of which one has to fit.
///
/// # Errors
/// In words: what of the value cannot be read.
pub fn patterns(value: &Value, m: &Modifiers, scope: &mut Scope<'_>) -> Result<Vec<Pattern>, String> {
    if value.is_null() {
        return if m.reading == Reading::Text {
            Ok(vec![Pattern::Null])
        } else {
            Err("null has no modifiers".into())
        };
    }
    let text = super::document::scalar(value).ok_or("a value is a text, a number, true, false or null")?;
    let number = || text.trim().parse::<f64>().map_err(|_| format!("`{text}` is not a number"));
    let one = |pattern| Ok(vec![pattern]);
    match m.reading {
        Reading::Text => {
            let texts =
                if m.expand { placeholders::fill(&text, scope.placeholders)? } else { vec![text.clone()] };
            let each: Result<Vec<Vec<Pattern>>, String> =
                texts.iter().map(|text| texts_of(text, m)).collect();
            Ok(each?.into_iter().flatten().collect())
        }
        Reading::Regex if m.expand => {
            let texts = placeholders::fill_expression(&text, scope.placeholders)?;
            texts.iter().map(|text| regex(text, m)).collect()
        }
        Reading::Regex => one(regex(&text, m)?),
        Reading::Cidr => one(network(&text)?),
        Reading::Number => one(Pattern::Number(m.compare.unwrap_or(Compare::Eq), number()?)),
        Reading::Part(part) => one(Pattern::Moment(part, m.compare.unwrap_or(Compare::Eq), number()?)),
        Reading::Exists => {
            let truth = value.as_bool().or(text.parse().ok()).ok_or("`exists` takes true or false")?;
            one(Pattern::Exists(truth))
        }
        Reading::Other => {
            let tokens = tokens(&text);
            let name = plain(&tokens).ok_or("`fieldref` names a field, without wildcards")?;
            one(Pattern::Other {
                field: (scope.field)(&name),
                place: m.place.unwrap_or(Place::Whole),
                cased: m.cased,
            })
        }
    }
}

fn texts_of(text: &str, m: &Modifiers) -> Result<Vec<Pattern>, String> {
    let mut tokens = tokens(text);
    let literal = |text: String, place| {
        let text = if m.cased { text } else { text.to_lowercase() };
        Pattern::Literal { text: text.into(), place, cased: m.cased }
    };
    if let Some(base64) = m.base64 {
        let plain =
            plain(&tokens).ok_or("base64 of wildcards is not defined; escape them with a backslash")?;
        let bytes = encode::bytes(&plain, m.encoding);
        return Ok(match base64 {
            Base64::Plain => vec![literal(encode::base64(&bytes), m.place.unwrap_or(Place::Whole))],
            // It looks for a value that stands somewhere in the encoded text.
            Base64::Offset => {
                let place = m.place.unwrap_or(Place::Anywhere);
                encode::base64_offsets(&bytes).into_iter().map(|part| literal(part, place)).collect()
            }
        });
    }
    if m.encoding.is_some() {
        tokens = two_bytes(&tokens, m)?;
    }
    if !m.windash {
        return Ok(vec![wildcard(tokens, m)]);
    }
    for token in &mut tokens {
        if let Token::Char(c) = token {
            *c = undashed(*c);
        }
    }
    Ok(vec![Pattern::Dashes(Box::new(wildcard(tokens, m)))])
}

/// Texts of two bytes a character that are not encoded further: a value shows the zero bytes as characters.
fn two_bytes(tokens: &[Token], m: &Modifiers) -> Result<Vec<Token>, String> {
    use super::modifiers::Encoding;
    let mut out = Vec::with_capacity(tokens.len() * 2 + 1);
    if m.encoding == Some(Encoding::Utf16) {
        out.push(Token::Char('\u{feff}'));
    }
    for token in tokens {
        match token {
            Token::Char(c) if !c.is_ascii() => {
                return Err("a two-byte encoding without `base64` is for ASCII only".into());
            }
            Token::Char(c) if m.encoding == Some(Encoding::Utf16Be) => {
                out.extend([Token::Char('\0'), Token::Char(*c)]);
            }
            Token::Char(c) => out.extend([Token::Char(*c), Token::Char('\0')]),
            other => out.push(*other),
        }
    }
    Ok(out)
}

/// The pieces of a text: `\*` and `\?` are plain, `\\` is one backslash, any other backslash is itself.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() + 2);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('\\', Some(next @ ('\\' | '*' | '?'))) => {
                chars.next();
                tokens.push(Token::Char(next));
            }
            ('*', _) => tokens.push(Token::Many),
            ('?', _) => tokens.push(Token::One),
            (c, _) => tokens.push(Token::Char(c)),
        }
    }
    tokens
}

/// The text of pieces without wildcards.
fn plain(tokens: &[Token]) -> Option<String> {
    tokens.iter().map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect()
}

fn wildcard(tokens: Vec<Token>, m: &Modifiers) -> Pattern {
    let open = |place: Option<Place>, also| {
        (place == Some(Place::Anywhere) || place == Some(also)).then_some(Token::Many)
    };
    let mut all: Vec<Token> = open(m.place, Place::End).into_iter().collect();
    for token in tokens {
        match token {
            Token::Char(c) if !m.cased => all.extend(c.to_lowercase().map(Token::Char)),
            other => all.push(other),
        }
    }
    all.extend(open(m.place, Place::Start));
    all.dedup_by(|a, b| *a == Token::Many && *b == Token::Many);
    simplest(&all, m.cased)
}

fn simplest(tokens: &[Token], cased: bool) -> Pattern {
    let (open_start, rest) = match tokens {
        [Token::Many, rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (open_end, middle) = match rest {
        [middle @ .., Token::Many] => (true, middle),
        [] => (open_start, rest),
        middle => (false, middle),
    };
    let Some(text) = plain(middle) else { return Pattern::Glob { tokens: tokens.into(), cased } };
    let place = match (open_start, open_end) {
        (false, false) => Place::Whole,
        (true, false) => Place::End,
        (false, true) => Place::Start,
        (true, true) => Place::Anywhere,
    };
    Pattern::Literal { text: text.into(), place, cased }
}

fn regex(text: &str, m: &Modifiers) -> Result<Pattern, String> {
    let text = ascii_classes(text);
    let text = match m.place {
        Some(Place::Start) => format!("^(?:{text})"),
        Some(Place::End) => format!("(?:{text})$"),
        _ => text,
    };
    let flags: String =
        [(m.flags.0, 'i'), (m.flags.1, 'm'), (m.flags.2, 's')].iter().filter(|f| f.0).map(|f| f.1).collect();
    let text = if flags.is_empty() { text } else { format!("(?{flags}){text}") };
    let built = regex::RegexBuilder::new(&text).size_limit(REGEX_BYTES_MAX).build();
    built.map(|regex| Pattern::Regex(Box::new(regex))).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!(
            "this expression cannot be used (look-around and back references never can): {}",
            reason.trim()
        )
    })
}

/// The classes of the specification's flavour, PCRE, are those of ASCII; here they would be those of Unicode, with
/// automata of megabytes.
fn ascii_classes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('s') => out.push_str(r"[\t\n\x0B\f\r ]"),
            Some('S') => out.push_str(r"[^\t\n\x0B\f\r ]"),
            Some('b') => out.push_str(r"(?-u:\b)"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

fn network(text: &str) -> Result<Pattern, String> {
    let wrong = || format!("`{text}` is not a network such as 10.0.0.0/8");
    let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
    let base: IpAddr = base.parse().map_err(|_| wrong())?;
    let most = if base.is_ipv4() { 32 } else { 128 };
    let bits: u8 = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
    if bits > most { Err(wrong()) } else { Ok(Pattern::Network { base, bits }) }
}

#[cfg(test)]
mod tests;
