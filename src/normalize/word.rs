//! The words that tests on fields look for.

/// A word that a test looks for.
#[derive(Debug)]
pub struct Word {
    text: Box<str>,
    any_start: bool,
    any_end: bool,
}

impl Word {
    /// As written, with `*` at its ends for whatever else.
    pub fn new(written: &str) -> Word {
        let (text, any_end) = written.strip_suffix('*').map_or((written, false), |text| (text, true));
        let (text, any_start) = text.strip_prefix('*').map_or((text, false), |text| (text, true));
        Word { text: text.into(), any_start, any_end }
    }

    /// Whether a text is what was written.
    pub fn fits(&self, text: &str) -> bool {
        let (word, text) = (self.text.as_bytes(), text.as_bytes());
        let same = |part: Option<&[u8]>| part.is_some_and(|part| part.eq_ignore_ascii_case(word));
        let rest = text.len().checked_sub(word.len());
        match (self.any_start, self.any_end) {
            (false, false) => same(Some(text)),
            (false, true) => same(text.get(..word.len())),
            (true, false) => same(rest.and_then(|at| text.get(at..))),
            (true, true) => word.is_empty() || text.windows(word.len()).any(|part| same(Some(part))),
        }
    }
}
