//! YAML documents with their places: one rule per document, several in a file.

use crate::config::report::{Grade, Problem};
use std::sync::Arc;
use yaml_serde::{Mapping, Value};

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file as the person named it; `(built-in) ...` for shipped ones.
    pub file: Arc<str>,
    /// The whole file.
    whole: Arc<str>,
    /// Where the document begins and ends in it.
    range: (usize, usize),
    /// Its keys.
    pub keys: Mapping,
    /// Whether it has a `gatewatch:` block: then its problems are errors.
    pub ours: bool,
}

impl Document {
    /// All documents of a file. What is no YAML mapping is a problem.
    pub fn all(file: &str, whole: &Arc<str>, problems: &mut Vec<Problem>) -> Vec<Document> {
        let file: Arc<str> = file.into();
        let mut documents = Vec::new();
        for range in ranges(whole) {
            let text = whole.get(range.0..range.1).unwrap_or_default();
            let ours = text.lines().any(|line| line.starts_with("gatewatch:"));
            let grade = if ours { Grade::Error } else { Grade::Warning };
            match yaml_serde::from_str::<Value>(text) {
                Ok(Value::Mapping(keys)) => {
                    documents.push(Document { file: file.clone(), whole: whole.clone(), range, keys, ours });
                }
                Ok(Value::Null) => {}
                Ok(_) => {
                    problems.push(Problem::at(grade, &file, whole, range.0, "a rule is a mapping of keys"))
                }
                Err(error) => {
                    let at = range.0 + error.location().map_or(0, |place| place.index());
                    problems.push(Problem::at(grade, &file, whole, at, format!("no valid YAML: {error}")));
                }
            }
        }
        documents
    }

    /// The document's own text.
    pub fn text(&self) -> &str {
        self.whole.get(self.range.0..self.range.1).unwrap_or_default().trim()
    }

    /// A problem at the key that a path leads to.
    pub fn problem(&self, path: &[&str], message: impl Into<String>) -> Problem {
        self.problem_at(self.find(path), message)
    }

    /// A problem at an item of the list that a path leads to, counted from 0.
    pub fn problem_nth(&self, path: &[&str], nth: usize, message: impl Into<String>) -> Problem {
        let key = self.find(path);
        let rest = self.whole.get(key..self.range.1).unwrap_or_default();
        let (mut at, mut indent, mut seen) = (key, None, 0);
        for line in rest.split_inclusive('\n') {
            let blank = line.len() - line.trim_start_matches(' ').len();
            if line.trim_start_matches(' ').starts_with('-') && *indent.get_or_insert(blank) == blank {
                if seen == nth {
                    return self.problem_at(at + blank, message);
                }
                seen += 1;
            }
            at += line.len();
        }
        self.problem_at(key, message)
    }

    /// A problem at a text behind the key that a path leads to, a number of bytes into it.
    pub fn problem_in(
        &self,
        path: &[&str],
        text: &str,
        offset: usize,
        message: impl Into<String>,
    ) -> Problem {
        let key = self.find(path);
        let behind = self.whole.get(key..self.range.1).and_then(|rest| rest.find(text));
        self.problem_at(behind.map_or(key, |at| key + at + offset), message)
    }

    fn problem_at(&self, byte: usize, message: impl Into<String>) -> Problem {
        Problem::at(self.grade(), &self.file, &self.whole, byte, message)
    }

    /// How bad a problem of this document is.
    pub fn grade(&self) -> Grade {
        if self.ours { Grade::Error } else { Grade::Warning }
    }

    /// The place of a key: each part of the path is looked for behind the one before, at the start of a line.
    fn find(&self, path: &[&str]) -> usize {
        let mut place = self.range.0;
        let mut from = self.range.0;
        for key in path {
            let Some(at) = self.find_key(from, key) else { return place };
            (place, from) = (at, at + key.len());
        }
        place
    }

    fn find_key(&self, from: usize, key: &str) -> Option<usize> {
        let rest = self.whole.get(from..self.range.1)?;
        let mut at = from;
        for line in rest.split_inclusive('\n') {
            let start = line.trim_start_matches([' ', '-', '{', '"', '\'', ',']);
            let behind =
                start.strip_prefix(key).map(|behind| behind.trim_start_matches(['"', '\'']).trim_start());
            if behind.is_some_and(|behind| behind.starts_with(':')) {
                return Some(at + line.len() - start.len());
            }
            at += line.len();
        }
        None
    }
}

/// Documents are parted by lines that begin with `---`; a block text cannot hold one, it is indented.
fn ranges(text: &str) -> Vec<(usize, usize)> {
    let (mut ranges, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            ranges.push((start, at));
            start = at + line.len();
        }
        at += line.len();
    }
    ranges.push((start, at));
    ranges.retain(|(start, end)| text.get(*start..*end).is_some_and(|t| !t.trim().is_empty()));
    ranges
}

/// A scalar as text: strings, numbers and truth values.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// One value, or each of a list.
pub fn members(value: &Value) -> Vec<&Value> {
    match value {
        Value::Sequence(list) => list.iter().collect(),
        value => vec![value],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_know_their_places() {
        let text: Arc<str> =
            "title: a\ndetection:\n  sel:\n    x|bad: 1\n---\ntitle: b\ngatewatch:\n  owner: soc\n".into();
        let mut problems = Vec::new();
        let documents = Document::all("r.yml", &text, &mut problems);
        assert_eq!((documents.len(), problems.len()), (2, 0));
        let problem = documents[0].problem(&["detection", "sel", "x|bad"], "no");
        assert_eq!((problem.line, problem.column, problem.grade), (4, 5, Grade::Warning));
        assert_eq!(documents[1].problem(&["gatewatch", "owner"], "no").line, 8);
        let list: Arc<str> = "tests:\n  - a: |\n      - no item\n  - b\n".into();
        let list = &Document::all("r.yml", &list, &mut problems)[0];
        let place = |nth| {
            (list.problem_nth(&["tests"], nth, "no").line, list.problem_nth(&["tests"], nth, "no").column)
        };
        assert_eq!((place(0), place(1), place(2)), ((2, 3), (4, 3), (1, 1)));
        assert_eq!(documents[1].grade(), Grade::Error);
        let broken: Arc<str> = "title: a\n  b: [\n".into();
        Document::all("r.yml", &broken, &mut problems);
        assert_eq!(problems.len(), 1);
    }
}
