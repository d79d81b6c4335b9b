//! JUnit XML, as continuous integration reads it.

use crate::schema::Printable;
use std::fmt::Write;
use std::time::Duration;

/// One test case.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The suite that it belongs to: `grammars`, `rules`.
    pub suite: &'static str,
    /// What was tested: a rule, a grammar.
    pub class: String,
    /// Which test of it.
    pub name: String,
    /// The file that holds the test, where it stands in one.
    pub file: Option<String>,
    /// How long it took.
    pub time: Duration,
    /// Why it did not run.
    pub skipped: Option<String>,
    /// What went wrong, for people; its first line says most.
    pub failure: Option<String>,
}

/// The report. Suites come in the order of their first case.
pub fn report(cases: &[Case]) -> String {
    let mut suites: Vec<&str> = Vec::new();
    for case in cases {
        if !suites.contains(&case.suite) {
            suites.push(case.suite);
        }
    }
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gatewatch\" {}>\n",
        totals(cases.iter())
    );
    for suite in suites {
        let of = || cases.iter().filter(|case| case.suite == suite);
        let _ = writeln!(text, "  <testsuite name=\"{suite}\" {}>", totals(of()));
        of().for_each(|case| put(&mut text, case));
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn totals<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let (mut tests, mut failures, mut skipped, mut time) = (0, 0, 0, Duration::ZERO);
    for case in cases {
        tests += 1;
        failures += usize::from(case.failure.is_some());
        skipped += usize::from(case.skipped.is_some());
        time += case.time;
    }
    let seconds = time.as_secs_f64();
    format!(
        "tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"{seconds:.3}\""
    )
}

fn put(text: &mut String, case: &Case) {
    let (class, name, seconds) = (attribute(&case.class), attribute(&case.name), case.time.as_secs_f64());
    let file = case.file.as_deref().map_or(String::new(), |file| format!(" file=\"{}\"", attribute(file)));
    let _ = write!(
        text,
        "    <testcase classname=\"{}.{class}\" name=\"{name}\"{file} time=\"{seconds:.3}\"",
        case.suite
    );
    match (&case.failure, &case.skipped) {
        (Some(failure), _) => {
            let first = failure.lines().next().unwrap_or_default();
            let body: Vec<String> = failure.lines().map(attribute).collect();
            let _ = writeln!(
                text,
                ">\n      <failure type=\"failed\" message=\"{}\">{}</failure>\n    </testcase>",
                attribute(first),
                body.join("\n")
            );
        }
        (None, Some(why)) => {
            let _ = writeln!(text, "><skipped message=\"{}\"/></testcase>", attribute(why));
        }
        (None, None) => text.push_str("/>\n"),
    }
}

/// Text that means itself, in an attribute as in an element. What XML 1.0 cannot hold (control characters,
/// U+FFFE, U+FFFF) leaves as a visible escape.
fn attribute(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in Printable(text).text().chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(safe, "\\u{{{:x}}}", c as u32);
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let evil = "a\"/><failure message='x'>&amp;]]>\u{0}\u{1b}[2J\u{ffff}\u{202e}\n\t<![CDATA[";
        let case = |failure: Option<&str>, skipped: Option<&str>| Case {
            suite: "rules",
            class: evil.to_owned(),
            name: evil.to_owned(),
            failure: failure.map(str::to_owned),
            skipped: skipped.map(str::to_owned),
            ..Case::default()
        };
        let report = report(&[case(Some(evil), None), case(None, Some(evil)), case(None, None)]);
        assert_eq!(report.matches("<failure").count(), 1, "{report}");
        assert_eq!(report.matches("<testcase").count(), 3, "{report}");
        assert!(report.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{report}");
        let allowed = |c: char| c == '\n' || !crate::schema::printable::is_hostile(c) && c != '\u{ffff}';
        assert!(report.chars().all(allowed), "{report:?}");
    }
}
