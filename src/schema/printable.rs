//! The only way by which log text reaches a terminal, a mail or a table: control, bidirectional and
//! zero-width characters become visible escapes.

use std::borrow::Cow;
use std::fmt;

/// Text made safe to show on one line.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

/// Whether a character may change how the text around it is shown.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                c if !is_hostile(c) => write!(f, "{c}")?,
                '\t' => write!(f, "\\t")?,
                '\n' => write!(f, "\\n")?,
                '\r' => write!(f, "\\r")?,
                c if (c as u32) < 0x100 => write!(f, "\\x{:02x}", c as u32)?,
                c => write!(f, "\\u{{{:x}}}", c as u32)?,
            }
        }
        Ok(())
    }
}

impl<'a> Printable<'a> {
    /// The safe text; borrowed when nothing had to be escaped.
    pub fn text(self) -> Cow<'a, str> {
        if self.0.chars().any(is_hostile) { Cow::Owned(self.to_string()) } else { Cow::Borrowed(self.0) }
    }
    /// The safe text, cut to `max` characters with a visible mark.
    pub fn cut(self, max: usize) -> String {
        let text = self.text();
        match text.char_indices().nth(max) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_shown_not_obeyed() {
        let evil = "a\x1b[31m\u{202e}b\u{200b}\r\nc\u{9b}";
        assert_eq!(Printable(evil).to_string(), "a\\x1b[31m\\u{202e}b\\u{200b}\\r\\nc\\x9b");
        assert_eq!(Printable("Ünïcode 漢字").text(), "Ünïcode 漢字");
        assert_eq!(Printable("abcdef").cut(3), "abc…");
    }
}
