//! Problems of files that people write: all of them at once, each with its place, like a compiler.

use std::fmt;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It works, but not as one might think.
    Warning,
    /// It cannot work; nothing is loaded.
    Error,
}

/// One problem with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub grade: Grade,
    /// File as the person named it; `(built-in) ...` for shipped ones.
    pub file: String,
    /// 1-based; 0 = the file as a whole.
    pub line: usize,
    /// 1-based column in characters; 0 = the line as a whole.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The line cited; empty where there is none.
    pub cited: String,
}

impl Problem {
    /// A problem at a byte offset of a text.
    pub fn at(grade: Grade, file: &str, text: &str, byte: usize, message: impl Into<String>) -> Problem {
        let (line, column, cited) = place(text, byte);
        Problem { grade, file: file.to_owned(), line, column, message: message.into(), cited }
    }

    /// A problem of a whole file.
    pub fn file(grade: Grade, file: &str, message: impl Into<String>) -> Problem {
        Problem {
            grade,
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            cited: String::new(),
        }
    }
}

/// Line, column (1-based, in characters) and the line itself, of a byte offset.
pub fn place(text: &str, byte: usize) -> (usize, usize, String) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let line = text[..start].matches('\n').count() + 1;
    let cited = text[start..].lines().next().unwrap_or("").to_owned();
    (line, text[start..byte].chars().count() + 1, cited)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::schema::Printable;
        let grade = if self.grade == Grade::Error { "error" } else { "warning" };
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {grade}: {}", Printable(&self.message))?;
        if !self.cited.is_empty() {
            let cited = Printable(&self.cited).cut(110);
            write!(f, "\n    {cited}")?;
            if self.column > 0 && self.column <= 110 {
                write!(f, "\n    {:>width$}", "^", width = self.column)?;
            }
        }
        Ok(())
    }
}

/// The nearest of the valid names to what was written, if one is near enough to be meant (edit distance
/// of at most a third of its length; Levenshtein 1965).
pub fn nearest<'a>(written: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = valid.into_iter().map(|name| (distance(written, name), name));
    scored.filter(|(d, name)| *d <= name.chars().count().max(3) / 3).min().map(|(_, name)| name)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row[j + 1];
            let change = diagonal + usize::from(!ca.eq_ignore_ascii_case(cb));
            row[j + 1] = change.min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_cites_its_line() {
        let text = "a = 1\nbb = wrong\n";
        let problem =
            Problem::at(Grade::Error, "x.toml", text, text.find("wrong").unwrap(), "expected a number");
        assert_eq!(problem.to_string(), "x.toml:2:6: error: expected a number\n    bb = wrong\n         ^");
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_near() {
        assert_eq!(nearest("opnvpn", ["sshd", "openvpn"]), Some("openvpn"));
        assert_eq!(nearest("banana", ["sshd", "openvpn"]), None);
    }
}
