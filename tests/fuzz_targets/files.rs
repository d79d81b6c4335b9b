//! Files that people write: any text gives a value or problems with their places, never a panic.

use super::room::{Script, check};
use gatewatch::config::grammars::{parse, run_samples};
use gatewatch::config::report::{Grade, Problem};
use gatewatch::config::rules;
use gatewatch::config::{Given, read};
use gatewatch::normalize::GrammarSet;
use gatewatch::normalize::grammar::Grammar;
use gatewatch::schema::Timestamp;
use std::path::Path;
use std::sync::Arc;

/// A problem stands in the file.
fn judge(text: &str, problems: &[Problem]) {
    for problem in problems {
        let lines = text.split('\n').count();
        assert!(problem.line <= lines, "{problem:?} of {lines} lines");
        let cited = text.split('\n').nth(problem.line.saturating_sub(1)).unwrap_or("");
        assert!(problem.column <= cited.chars().count() + 1, "{problem:?}");
        assert!(!problem.message.is_empty());
    }
}

/// A grammar file; where it is right, its own samples run through it.
pub fn grammar(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut problems = Vec::new();
    let spec = parse("own.toml", text, &mut problems);
    judge(text, &problems);
    assert!(
        spec.is_some() || problems.iter().any(|problem| problem.grade == Grade::Error),
        "refused, and why"
    );
    let Some(spec) = spec else { return };
    let Ok(grammar) = Grammar::compile(spec.clone()) else { return };
    let set = GrammarSet::new(vec![grammar]);
    assert!(set.is_ok(), "one goes together");
    let Ok(set) = set.map(Arc::new) else { return };
    let _ = run_samples(&set, &spec);
    let lines: Vec<&str> = spec.samples.iter().flat_map(|sample| &sample.lines).map(String::as_str).collect();
    check(&set, &spec.name, &Script::of(lines.join("\n").as_bytes()));
}

/// A configuration. Slashes are taken out, so that no file of this machine is looked at.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace('/', "%");
    let given = Given {
        formats: &["sshd", "openvpn", "nginx"],
        state: None,
        credentials: None,
        starting: true,
        now: Timestamp(1_795_435_200_000_000),
    };
    let folder = Path::new("/nowhere");
    match read("gatewatch.toml", &text, folder, &given) {
        Ok((_, warnings)) => judge(&text, &warnings),
        Err(problems) => {
            judge(&text, &problems);
            assert!(problems.iter().any(|problem| problem.grade == Grade::Error), "refused, and why");
        }
    }
}

/// Documents of rules.
pub fn rules(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (specs, problems) = rules::read(&[("own.yml".to_owned(), Arc::from(text))], &[]);
    judge(text, &problems);
    let (_, problems) = rules::compile(specs, &[]);
    judge(text, &problems);
}
