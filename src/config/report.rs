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
/// of at most a third of its length; Levenshtein 1965, with swaps as Damerau 1964).
pub fn nearest<'a>(written: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = valid.into_iter().map(|name| (distance(written, name), name));
    scored.filter(|(d, name)| *d <= name.chars().count().max(3) / 3).min().map(|(_, name)| name)
}

/// Changes of a letter, with two neighbours that changed places as one: the usual slips of a hand.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let change = row[j] + usize::from(!ca.eq_ignore_ascii_case(cb));
            let mut least = change.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *ca == b[j - 1] && a[i - 1] == *cb {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
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
        assert_eq!(nearest("lwo", ["low", "high"]), Some("low"));
        assert_eq!(nearest("onwer", ["owner", "other"]), Some("owner"));
        assert_eq!((distance("ab", "ba"), distance("abcd", "dcba"), distance("", "ab")), (1, 3, 2));
    }
}
