//! Log text in a mail: printable, and such that no mail program makes a link of it.

use crate::schema::Printable;
use std::net::Ipv6Addr;

/// The text printable, cut to `max` characters with a visible mark, and defanged: `http` before `://`
/// becomes `hxxp`, other schemes get `[:]//`, and dots and colons inside host names and addresses `[.]`, `[:]`.
pub fn defang(text: &str, max: usize) -> String {
    let text = without_schemes(&Printable(text).cut(max));
    let mut out = String::with_capacity(text.len() + 16);
    for piece in text.split_inclusive(is_between) {
        let (token, end) = match piece.char_indices().next_back() {
            Some((at, c)) if is_between(c) => piece.split_at(at),
            _ => (piece, ""),
        };
        out.push_str(&token_of(token));
        out.push_str(end);
    }
    out
}

fn without_schemes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut parts = text.split("://").peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            out.push_str(part);
            break;
        }
        let web = ["http", "https"].into_iter().find(|web| {
            let start = part.len().checked_sub(web.len());
            start.and_then(|start| part.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(web))
        });
        match web {
            Some(web) => {
                out.push_str(&part[..part.len() - web.len()]);
                out.push_str(if web == "http" { "hxxp://" } else { "hxxps://" });
            }
            None => {
                out.push_str(part);
                out.push_str("[:]//");
            }
        }
    }
    out
}

/// Characters that end a host name or an address.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '/' | ',' | ';' | '"' | '\'' | '(' | ')' | '[' | ']' | '<' | '>' | '=' | '@' | '|')
}

fn token_of(token: &str) -> String {
    if token.parse::<Ipv6Addr>().is_ok() {
        return token.replace(':', "[:]");
    }
    match token.strip_suffix(':') {
        Some(rest) => format!("{}:", token_of(rest)),
        None if is_plain_number(token) => token.to_owned(),
        None => undot(token),
    }
}

/// `12.5` and `2.0.11` are numbers and versions; four groups are an address.
fn is_plain_number(token: &str) -> bool {
    token.chars().all(|c| c.is_ascii_digit() || c == '.')
        && token.split('.').filter(|g| !g.is_empty()).count() != 4
}

/// Dots between characters of a name become `[.]`; a dot that ends a sentence stays.
fn undot(token: &str) -> String {
    let chars: Vec<char> = token.chars().collect();
    let joins = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let mut out = String::with_capacity(token.len() + 8);
    for (at, c) in chars.iter().enumerate() {
        let inside = at > 0 && joins(chars.get(at - 1)) && joins(chars.get(at + 1));
        let dot = matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}'); // IDNA reads the others as dots, too
        if dot && inside { out.push_str("[.]") } else { out.push(*c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_be_clicked_and_all_can_be_read() {
        for (raw, safe) in [
            ("see http://evil.example.com/a.b?x=1.", "see hxxp://evil[.]example[.]com/a[.]b?x=1."),
            ("HTTPS://EVIL.example", "hxxps://EVIL[.]example"),
            ("user:http://evil.example", "user:hxxp://evil[.]example"),
            ("evil\u{3002}example", "evil[.]example"),
            ("a javascript:alert(1) b", "a javascript:alert(1) b"),
            ("from 198.51.100.7 port 4242", "from 198[.]51[.]100[.]7 port 4242"),
            ("src_ip=2001:db8::1 at 09:00:01", "src_ip=2001[:]db8[:][:]1 at 09:00:01"),
            ("version 2.0.11, 12.5 % of 3.", "version 2.0.11, 12.5 % of 3."),
            ("mail bob@evil.example now", "mail bob@evil[.]example now"),
            ("a\r\nb\u{1b}[0m \u{202e}x", "a\\r\\nb\\x1b[0m \\u{202e}x"),
            ("(http://[2001:db8::1]/x)", "(hxxp://[2001[:]db8[:][:]1]/x)"),
            ("ftp://files.example", "ftp[:]//files[.]example"),
            ("198.51.100.7:22", "198[.]51[.]100[.]7:22"),
        ] {
            assert_eq!(defang(raw, 1_000), safe);
        }
    }

    #[test]
    fn long_text_is_cut_where_one_can_see_it() {
        assert_eq!(defang(&"x".repeat(100_000), 5), "xxxxx…");
    }
}
