//! A letter as blocks, and its two faces: text of at most 76 columns where words allow, and HTML with inline
//! styles, escaped text nodes, no links and no images. What comes in here is printable and defanged.

use crate::limits;
use crate::schema::Severity;
use std::fmt::Write as _;

/// Columns of the text part.
const COLUMNS: usize = 76;
/// Columns of the names in a list of facts.
const NAMES: usize = 10;

/// One piece of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Names and values.
    Facts(Vec<(&'static str, String)>),
    /// A title over the blocks that follow.
    Title(String),
    /// A paragraph.
    Text(String),
    /// Something to type.
    Command(String),
    /// A line of a log: what it is, and its text.
    Line(String, String),
}

/// A letter before it has a face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Colours the heading.
    pub severity: Severity,
    /// First line.
    pub heading: String,
    /// The rest, the most important first: what does not fit is cut from the end.
    pub blocks: Vec<Block>,
}

impl Page {
    /// The text part: at most [`limits::MAIL_LINES_MAX`] lines and [`limits::MAIL_BYTES_MAX`] bytes.
    pub fn text(&self) -> String {
        let mut lines = wrapped(&self.heading, "", "");
        for (at, block) in self.blocks.iter().enumerate() {
            let opens = matches!(block, Block::Title(_) | Block::Facts(_) | Block::Command(_));
            let follows =
                matches!(self.blocks.get(at.wrapping_sub(1)), Some(Block::Facts(_) | Block::Command(_)));
            if opens || follows || at == 0 {
                lines.push(String::new());
            }
            push_text(&mut lines, block);
        }
        let mut kept = 0;
        let fits = |line: &&String| {
            kept += line.len() + 1;
            kept < limits::MAIL_BYTES_MAX - 64
        };
        let mut shown: Vec<&str> =
            lines.iter().take(limits::MAIL_LINES_MAX - 1).take_while(fits).map(String::as_str).collect();
        if shown.len() < lines.len() {
            shown.push("[cut here: the rest is in `gatewatch incident show`]");
        }
        let mut text = shown.join("\n");
        text.push('\n');
        text
    }

    /// The HTML part, or `None` if it would be longer than `max` bytes.
    pub fn html(&self, max: usize) -> Option<String> {
        let mut body = format!("<h1 style=\"{}\">{}</h1>\n", self.heading_style(), escaped(&self.heading));
        for block in &self.blocks {
            push_html(&mut body, block);
        }
        let html = format!("{HTML_HEAD}{body}</div>\n</body>\n</html>\n");
        (html.len() <= max).then_some(html)
    }

    fn heading_style(&self) -> String {
        let colour = match self.severity {
            Severity::Critical => "#b3001b",
            Severity::High => "#c2410c",
            Severity::Medium => "#a16207",
            Severity::Low | Severity::Info => "#3b6ea5",
        };
        format!(
            "font-size:19px;line-height:1.3;margin:0 0 12px;padding:0 0 0 12px;border-left:6px solid {colour}"
        )
    }
}

/// No background and no text colour, so that a mail program in dark mode chooses both; what has a tint is
/// half transparent and suits either.
const HTML_HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"color-scheme\" content=\"light dark\">\n\
<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no, url=no\">\n\
<title>gatewatch</title>\n</head>\n<body style=\"margin:0;padding:0\">\n\
<div style=\"max-width:640px;margin:0 auto;padding:16px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;\
font-size:15px;line-height:1.45;overflow-wrap:anywhere\">\n";

fn push_text(lines: &mut Vec<String>, block: &Block) {
    match block {
        Block::Facts(facts) => {
            for (name, value) in facts {
                lines.extend(wrapped(value, &format!("{name:<NAMES$}"), &" ".repeat(NAMES)));
            }
        }
        Block::Title(title) => lines.push(title.to_uppercase()),
        Block::Text(text) => lines.extend(wrapped(text, "", "")),
        Block::Command(command) => lines.push(format!("    {command}")),
        Block::Line(what, line) => {
            lines.extend(wrapped(what, "  ", "  "));
            lines.extend(wrapped(line, "    ", "    "));
        }
    }
}

/// The text in lines of at most 76 columns; a longer word is broken.
fn wrapped(text: &str, first: &str, further: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used, mut empty) = (first.to_owned(), first.chars().count(), true);
    let room = COLUMNS - further.chars().count();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if !empty && used + 1 + word.len() > COLUMNS {
            lines.push(std::mem::replace(&mut line, further.to_owned()));
            (used, empty) = (further.chars().count(), true);
        }
        if !empty {
            line.push(' ');
            used += 1;
        }
        while word.len() > room {
            let rest = word.split_off(COLUMNS.saturating_sub(used).min(word.len()));
            line.extend(word);
            lines.push(std::mem::replace(&mut line, further.to_owned()));
            used = further.chars().count();
            word = rest;
        }
        used += word.len();
        line.extend(word);
        empty = false;
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn push_html(out: &mut String, block: &Block) {
    let written = match block {
        Block::Facts(facts) => facts_html(out, facts),
        Block::Title(title) => {
            let style =
                "font-size:13px;letter-spacing:.04em;text-transform:uppercase;margin:20px 0 6px;opacity:.75";
            writeln!(out, "<h2 style=\"{style}\">{}</h2>", escaped(title))
        }
        Block::Text(text) => writeln!(out, "<p style=\"margin:0 0 8px\">{}</p>", escaped(text)),
        Block::Command(command) => {
            let style = "margin:0 0 8px;padding:8px 10px;border-radius:6px;background:rgba(128,128,128,.16);\
                         font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px;white-space:pre-wrap";
            writeln!(out, "<pre style=\"{style}\">{}</pre>", escaped(command))
        }
        Block::Line(what, line) => {
            let style = "margin:0 0 8px;padding:6px 10px;border-left:3px solid rgba(128,128,128,.5);\
                         font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px";
            let what = escaped(what);
            writeln!(
                out,
                "<div style=\"{style}\"><div style=\"opacity:.75\">{what}</div>{}</div>",
                escaped(line)
            )
        }
    };
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

fn facts_html(out: &mut String, facts: &[(&'static str, String)]) -> std::fmt::Result {
    writeln!(
        out,
        "<table role=\"presentation\" style=\"border-collapse:collapse;margin:0 0 8px;font-size:15px\">"
    )?;
    for (name, value) in facts {
        let left = "padding:2px 12px 2px 0;vertical-align:top;white-space:nowrap;opacity:.75";
        let right = "padding:2px 0;vertical-align:top";
        let (name, value) = (escaped(name), escaped(value));
        writeln!(out, "<tr><td style=\"{left}\">{name}</td><td style=\"{right}\">{value}</td></tr>")?;
    }
    writeln!(out, "</table>")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wrap_and_long_words_break() {
        let lines =
            wrapped(&format!("{} {}", "word ".repeat(20), "x".repeat(200)), "a         ", "          ");
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{lines:?}");
        let xs: usize = lines.iter().map(|line| line.matches('x').count()).sum();
        assert_eq!(xs, 200);
    }

    #[test]
    fn a_page_has_at_most_eighty_lines() {
        let blocks = (0..500).map(|n| Block::Text(format!("paragraph {n}"))).collect();
        let text = Page { severity: Severity::High, heading: "h".into(), blocks }.text();
        assert_eq!(text.lines().count(), limits::MAIL_LINES_MAX);
        assert!(text.ends_with("[cut here: the rest is in `gatewatch incident show`]\n"));
    }
}
