//! Every shipped pattern, read by the machine and by the `regex` crate: the same groups, on the shipped sample lines
//! and on what becomes of them when pieces are cut, doubled and exchanged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use gatewatch::config::grammars::load;
use gatewatch::normalize::scan::{NOWHERE, Scan, Verdict, Workspace};
use gatewatch::normalize::syslog;
use proptest::prelude::*;
use regex::bytes::{Regex, RegexBuilder};
use std::sync::LazyLock;

struct Known {
    pattern: String,
    scan: Scan,
    regex: Regex,
}

static PATTERNS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let specs = load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    let patterns = specs.iter().flat_map(|spec| &spec.messages).map(|message| &message.pattern);
    let compiled = patterns.filter(|pattern| !pattern.is_empty()).filter_map(|pattern| {
        let regex = RegexBuilder::new(pattern).unicode(false).build().unwrap();
        Some(Known { pattern: pattern.clone(), scan: Scan::compile(pattern)?, regex })
    });
    compiled.collect()
});

/// The sample lines, each also without the parts of its header, as forms see them.
static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let specs = load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    let lines = specs.iter().flat_map(|spec| &spec.samples).flat_map(|sample| &sample.lines);
    let mut all = Vec::new();
    for line in lines.filter(|line| line.len() < 600) {
        all.push(line.clone());
        let header = syslog::read(line);
        let mut known = line.as_str();
        for rest in [header.after_stamp, header.after_host, header.message] {
            if rest.len() < known.len() {
                all.push(rest.to_owned());
                known = rest;
            }
        }
    }
    all
});

fn agree(known: &Known, text: &[u8], work: &mut Workspace) -> Result<bool, String> {
    let verdict = known.scan.read(text, work);
    let groups = known.regex.captures(text);
    let told = || format!("{} on {}", known.pattern, String::from_utf8_lossy(text));
    match (verdict, groups) {
        (Verdict::GaveUp, _) | (Verdict::Misfits, None) => Ok(false),
        (Verdict::Misfits, Some(_)) => Err(format!("missed: {}", told())),
        (Verdict::Fits, None) => Err(format!("taken: {}", told())),
        (Verdict::Fits, Some(groups)) => {
            for group in 0..groups.len() {
                let theirs = groups.get(group).map(|m| (m.start(), m.end()));
                let (start, end) = (work.slots[2 * group], work.slots[2 * group + 1]);
                let ours = (start != NOWHERE && end != NOWHERE).then_some((start, end));
                if ours != theirs {
                    return Err(format!("group {group} is {ours:?}, not {theirs:?}: {}", told()));
                }
            }
            Ok(true)
        }
    }
}

#[test]
fn nearly_every_shipped_pattern_is_held_by_the_machine() {
    let specs = load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    let patterns = specs.iter().flat_map(|spec| &spec.messages).filter(|m| !m.pattern.is_empty()).count();
    assert!(PATTERNS.len() * 100 >= patterns * 98, "only {} of {patterns}", PATTERNS.len());
}

#[test]
fn the_machine_reads_the_samples_as_the_regex_crate_does() {
    let (mut work, mut fits) = (Workspace::default(), 0);
    for line in LINES.iter().step_by(5) {
        for known in PATTERNS.iter().filter(|known| shares_a_word(&known.pattern, line)) {
            fits += usize::from(agree(known, line.as_bytes(), &mut work).unwrap());
        }
    }
    assert!(fits > PATTERNS.len() / 10, "only {fits} fits");
}

/// Most pairs of pattern and line have nothing in common; a few hundred thousand have.
fn shares_a_word(pattern: &str, line: &str) -> bool {
    let words = pattern.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 4);
    words.filter(|word| line.contains(*word)).count() > 1
}

/// A line with a piece of another one in place of a piece of it.
fn spliced() -> impl Strategy<Value = Vec<u8>> {
    let place = || any::<prop::sample::Index>();
    (place(), place(), place(), place(), place(), place(), any::<Option<u8>>()).prop_map(
        |(one, other, a, b, c, d, byte)| {
            let (one, other) = (one.get(&LINES).as_bytes(), other.get(&LINES).as_bytes());
            let (a, b) = (a.index(one.len() + 1), b.index(one.len() + 1));
            let (c, d) = (c.index(other.len() + 1), d.index(other.len() + 1));
            let piece = &other[c.min(d)..c.max(d)];
            [&one[..a.min(b)], piece, byte.as_slice(), &one[a.max(b)..]].concat()
        },
    )
}

/// The second run looks over the rest of the text at each way that the first one leaves: quick steps, and few, but
/// together the square of the text.
#[test]
fn looking_over_the_text_again_and_again_counts_as_steps() {
    let mut work = Workspace::default();
    let text = " from ".repeat(10_000);
    for pattern in
        ["^(?<a>.*) from (?<b>.*)zzz", "^(?<a>.*?) from (?<b>[^z]*)zzz", "^(?<a>.*) from (?<b>[ a-z]*)!"]
    {
        let scan = Scan::compile(pattern).unwrap();
        assert_eq!(scan.read(text.as_bytes(), &mut work), Verdict::GaveUp, "{pattern}");
        assert_eq!(scan.read(b"one from two!", &mut work) == Verdict::Fits, pattern.ends_with('!'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_machine_reads_what_is_made_of_pieces_as_the_regex_crate_does(text in spliced()) {
        let line = String::from_utf8_lossy(&text).into_owned();
        let mut work = Workspace::default();
        for known in PATTERNS.iter().filter(|known| shares_a_word(&known.pattern, &line)) {
            agree(known, &text, &mut work).map_err(TestCaseError::fail)?;
        }
    }
}
