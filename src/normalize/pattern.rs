//! The pattern of a message form: the machine of [`scan`](super::scan) where it can hold it, and the `regex` crate as
//! the judge where the machine gives up. Both give the same groups.

use super::scan::{NOWHERE, Scan, Verdict, Workspace};
use crate::limits::REGEX_BYTES_MAX;
use regex::bytes::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// A machine of this weight (operations and counted copies) surely fits into `REGEX_BYTES_MAX` as a regex too, so that
/// the regex is only built when it is needed: most never are, and all of them together cost a second of the start.
const LAZY_WEIGHT_MAX: usize = 512;

/// A compiled pattern on bytes: classes mean ASCII, `.` is any byte but a line feed, the compiled size is bounded.
///
/// It is checked when it is made, and made ready when it is first needed: a host's lines need few of the thousands of
/// shipped patterns, and the tables of all of them take 25 MiB.
#[derive(Debug)]
pub struct Pattern {
    text: Box<str>,
    scan: OnceLock<Option<Box<Scan>>>,
    regex: OnceLock<Option<Regex>>,
    names: Vec<Option<Box<str>>>,
}

/// Memory that is used again for each match.
#[derive(Debug, Default)]
pub struct Groups {
    /// Start and end of each group of the pattern that fitted last.
    places: Vec<usize>,
    work: Workspace,
}

impl Groups {
    /// Where a group of the pattern that fitted last stands; `None` = it took no part.
    pub fn get(&self, number: usize) -> Option<(usize, usize)> {
        let place = |at: usize| self.places.get(at).copied().filter(|at| *at != NOWHERE);
        place(2 * number).zip(place(2 * number + 1))
    }
}

impl Pattern {
    /// Checks it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let pattern = |regex, names| Pattern { text: text.into(), scan: OnceLock::new(), regex, names };
        if let Some(scan) = Scan::compile(text).filter(|scan| scan.weight() <= LAZY_WEIGHT_MAX) {
            return Ok(pattern(OnceLock::new(), scan.names().to_vec()));
        }
        let regex = build(text).map_err(|error| {
            let text = error.to_string();
            // Syntax errors are drawn over several lines; the last one says what is wrong.
            text.rsplit("error: ").next().unwrap_or(&text).trim().to_owned()
        })?;
        let names = regex.capture_names().map(|name| name.map(Into::into)).collect();
        Ok(pattern(OnceLock::from(Some(regex)), names))
    }

    /// Names of the groups, the whole match first.
    pub fn names(&self) -> &[Option<Box<str>>] {
        &self.names
    }

    /// Whether a text fits; then its groups are kept, else the former ones.
    pub fn fits(&self, text: &[u8], groups: &mut Groups) -> bool {
        let scan = self.scan.get_or_init(|| Scan::compile(&self.text).map(Box::new));
        let verdict = scan.as_ref().map_or(Verdict::GaveUp, |scan| scan.read(text, &mut groups.work));
        match verdict {
            Verdict::Fits => {
                std::mem::swap(&mut groups.places, &mut groups.work.slots);
                true
            }
            Verdict::Misfits => false,
            Verdict::GaveUp => self.judge(text, groups),
        }
    }

    fn judge(&self, text: &[u8], groups: &mut Groups) -> bool {
        let Some(regex) = self.regex.get_or_init(|| build(&self.text).ok()) else { return false };
        // Rare, so that its memory is made each time.
        let mut locations = regex.capture_locations();
        let fits = regex.captures_read(&mut locations, text).is_some();
        if fits {
            groups.places.clear();
            for group in (0..locations.len()).map(|group| locations.get(group)) {
                let (start, end) = group.unwrap_or((NOWHERE, NOWHERE));
                groups.places.extend([start, end]);
            }
        }
        fits
    }
}

fn build(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(false).size_limit(REGEX_BYTES_MAX).dfa_size_limit(REGEX_BYTES_MAX).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_gives_up_the_regex_judges() {
        let pattern = Pattern::new(r"^(?<a>(?:a|ab|b)*)(?:b|ba|a)*c(?<rest>.*)$").unwrap();
        let text = format!("{}c!", "ab".repeat(4_000));
        let mut groups = Groups::default();
        assert!(pattern.fits(text.as_bytes(), &mut groups));
        assert_eq!(groups.get(2), Some((8_001, 8_002)));
        assert!(!pattern.fits("ab".repeat(4_000).as_bytes(), &mut groups), "nothing follows");
        assert_eq!(groups.get(2), Some((8_001, 8_002)), "a misfit keeps the former groups");
        assert_eq!(pattern.names()[2].as_deref(), Some("rest"));
    }

    #[test]
    fn a_wrong_pattern_says_why() {
        assert!(Pattern::new("^(?<a>x").unwrap_err().contains("unclosed group"));
        assert!(Pattern::new(r"^(?:[a-z]{1000}){1000}$").unwrap_err().contains("size"));
    }
}
