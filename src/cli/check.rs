//! `check`: configuration, grammars and rules, every problem with its place.

use super::args::{CheckArgs, Global};
use super::out::{Out, Tone};
use super::{Done, Failure, exit, setup};
use crate::config::params::{Counts, Request, Setup, survey};
use crate::config::report::{Grade, Problem};
use serde_json::{Value, json};

/// Prints every problem; exit 3 when one is an error.
///
/// # Errors
/// A [`Failure`] when stdout cannot be written.
pub fn run(global: &Global, args: &CheckArgs, out: &mut Out) -> Done {
    let request = Request { strict: args.strict, ..setup::request(global) };
    let (problems, setup, counts) = survey(&request, setup::now()?);
    let bad = |problem: &Problem| problem.grade == Grade::Error || args.strict;
    let errors = problems.iter().filter(|problem| bad(problem)).count();
    for problem in &problems {
        if out.json { out.object(&object(problem, bad(problem)))? } else { out.line(problem)? }
    }
    match &setup {
        _ if out.json => out.object(&summary(&counts, errors))?,
        Some(setup) => good(out, setup, problems.len(), errors)?,
        None => out.line(
            out.tone(Tone::Bad, &format!("{errors} error(s), {} warning(s)", problems.len() - errors)),
        )?,
    }
    out.flush()?;
    Ok(if errors > 0 { exit::CONFIG } else { exit::OK })
}

fn object(problem: &Problem, error: bool) -> Value {
    let mut row = json!({
        "severity": if error { "error" } else { "warning" },
        "file": problem.file,
        "message": problem.message,
    });
    if problem.line > 0 {
        row["line"] = json!(problem.line);
    }
    if problem.column > 0 {
        row["column"] = json!(problem.column);
    }
    row
}

fn summary(counts: &Counts, errors: usize) -> Value {
    let grammars = counts.grammars.saturating_sub(counts.grammars_failed);
    json!({"summary": {
        "rules": {"files": counts.rule_files, "loaded": counts.rules, "failed": counts.rules_failed},
        "grammars": {"files": counts.grammars, "loaded": grammars, "failed": counts.grammars_failed},
        "errors": errors,
    }})
}

fn good(out: &mut Out, setup: &Setup, problems: usize, errors: usize) -> Result<(), Failure> {
    let file =
        setup.config.file.as_ref().map_or("built-in defaults".to_owned(), |file| file.display().to_string());
    let tone = if errors > 0 { Tone::Bad } else { Tone::Good };
    let text = format!(
        "{file}: {} source(s), {} rule(s) of which {} idle, {} grammars, {problems} warning(s)",
        setup.config.sources.len(),
        setup.rules.loaded(),
        setup.rules.idle(),
        setup.counts.grammars
    );
    out.line(out.tone(tone, &text))
}
