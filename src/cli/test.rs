//! `test`: the sample lines that grammars and rules carry, through the real rooms 2 and 3.

use super::args::{Global, TestArgs};
use super::junit::{self, Case};
use super::out::{Out, Tone};
use super::{Done, Failure, exit, parse, setup};
use crate::config::params::{Request, Setup};
use crate::config::report::{Grade, Problem};
use crate::config::{grammars, rules};
use crate::host::clock::monotonic;
use crate::schema::{Event, Printable, Span};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Runs the tests; exit 1 when one fails.
///
/// # Errors
/// A [`Failure`]: a path that does not exist (2), a grammar or rule that cannot be loaded (3), an unwritable report (4).
pub fn run(global: &Global, args: &TestArgs, out: &mut Out) -> Done {
    if let Some(missing) = args.paths.iter().find(|path| !path.exists()) {
        return Err(Failure::usage(format!("{}: no such file or folder", missing.display())));
    }
    let rule_paths = args.paths.iter().filter(|path| !holds_only(path, "toml")).cloned().collect();
    let setup = setup::read(&Request {
        rules: rule_paths,
        formats: Some(vec!["auto".to_owned()]),
        ..setup::request(global)
    })?;
    let mut ran = grammar_tests(&setup, &args.paths)?;
    let untested = rule_tests(&setup, &args.paths, &mut ran)?;
    for case in &ran {
        show(out, case)?;
    }
    if !out.json {
        summary(out, &ran, &untested)?;
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, junit::report(&ran))
            .map_err(|error| Failure::runtime(format!("cannot write {}: {error}", path.display())))?;
    }
    let failed = ran.iter().any(|case| case.failure.is_some());
    Ok(if failed { exit::FOUND } else { exit::OK })
}

fn show(out: &mut Out, case: &Case) -> Result<(), Failure> {
    let name = [case.class.as_str(), &case.name].join(" ");
    if out.json {
        let mut row =
            json!({"group": case.suite.trim_end_matches('s'), "name": name, "ok": case.failure.is_none()});
        if let Some(message) = case.failure.as_ref().or(case.skipped.as_ref()) {
            row["message"] = json!(message);
        }
        if case.skipped.is_some() {
            row["skipped"] = json!(true);
        }
        return out.object(&row);
    }
    let Some(failure) = &case.failure else { return Ok(()) };
    out.line(format!(
        "{} {}",
        out.tone(Tone::Bad, "FAILED"),
        out.tone(Tone::Strong, &Printable(&name).cut(200))
    ))?;
    // Its lines are made for people, and harmless already.
    failure.lines().try_for_each(|line| out.line(format!("  {}", Printable(line))))
}

/// What was tested, what is not, and the one line that counts.
fn summary(out: &mut Out, ran: &[Case], untested: &[String]) -> Result<(), Failure> {
    const NAMED: usize = 6;
    let skipped: Vec<&Case> = ran.iter().filter(|case| case.skipped.is_some()).collect();
    if let Some(first) = skipped.first() {
        let why = first.skipped.as_deref().unwrap_or_default();
        out.line(out.tone(
            Tone::Dim,
            &format!("{} skipped, such as {} {}: {}", skipped.len(), first.class, first.name, Printable(why)),
        ))?;
    }
    if !untested.is_empty() {
        let named: Vec<String> = untested.iter().take(NAMED).map(|id| Printable(id).cut(80)).collect();
        let more = match untested.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!("{} rule(s) carry no tests: {}{more}", untested.len(), named.join(", "));
        out.line(out.tone(Tone::Dim, &text))?;
    }
    for suite in ["grammars", "rules"] {
        let of: Vec<&Case> = ran.iter().filter(|case| case.suite == suite).collect();
        let subjects: BTreeSet<&str> = of.iter().map(|case| case.class.as_str()).collect();
        let time: Duration = of.iter().map(|case| case.time).sum();
        if of.len() > 1 {
            let tests = if suite == "rules" { format!(", {} tests", of.len()) } else { String::new() };
            out.line(format!("{suite}: {}{tests}, {} ms", subjects.len(), time.as_millis()))?;
        }
    }
    let failed = ran.iter().filter(|case| case.failure.is_some()).count();
    let tone = if failed > 0 { Tone::Bad } else { Tone::Good };
    let passed = ran.len() - failed - skipped.len();
    out.line(out.tone(tone, &format!("{passed} passed, {failed} failed, {} skipped", skipped.len())))
}

/// A file of this kind, or a folder with nothing but files of it at its top.
fn holds_only(path: &Path, extension: &str) -> bool {
    let is = |path: &Path| path.extension().is_some_and(|found| found == extension);
    match path.read_dir() {
        Ok(entries) => {
            let files: Vec<PathBuf> =
                entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
            !files.is_empty() && files.iter().all(|file| is(file))
        }
        Err(_) => is(path),
    }
}

fn grammar_tests(setup: &Setup, paths: &[PathBuf]) -> Result<Vec<Case>, Failure> {
    let (set, specs) = if paths.is_empty() {
        (setup.grammars.clone(), setup.grammars.iter().map(|grammar| grammar.spec().clone()).collect())
    } else {
        let mut all = Vec::new();
        for path in paths.iter().filter(|path| holds_only(path, "toml")) {
            all.extend(grammars::load_only(path).map_err(|problems| setup::config_failure(&problems))?);
        }
        let beside = setup
            .grammars
            .iter()
            .map(|grammar| grammar.spec().clone())
            .filter(|spec| all.iter().all(|own| own.name != spec.name));
        let set = grammars::compile_all(beside.chain(all.iter().cloned()).collect())
            .map_err(|problems| setup::config_failure(&problems))?;
        (Arc::new(set), all)
    };
    let mut ran = Vec::new();
    for spec in &specs {
        let begun = monotonic();
        let failures = grammars::run_samples(&set, spec);
        let failures: Vec<String> = failures.iter().map(ToString::to_string).collect();
        ran.push(Case {
            suite: "grammars",
            class: spec.name.clone(),
            name: format!("({} samples)", spec.samples.len()),
            time: since(begun),
            failure: (!failures.is_empty()).then(|| failures.join("\n")),
            ..Case::default()
        });
    }
    Ok(ran)
}

/// Adds the tests of the rules; returns the rules that have none.
fn rule_tests(setup: &Setup, paths: &[PathBuf], ran: &mut Vec<Case>) -> Result<Vec<String>, Failure> {
    let mut folders = setup.config.detect.rules.clone();
    folders.extend(paths.iter().filter(|path| !holds_only(path, "toml")).cloned());
    let (specs, _) = rules::load(&folders, setup.config.detect.builtin, &setup.config.detect.disable);
    let wanted: Vec<_> =
        specs.into_iter().filter(|spec| paths.is_empty() || given(paths, spec.file())).collect();
    let now = setup::now()?;
    let mut untested = Vec::new();
    for spec in wanted.iter().filter(|spec| !spec.disabled) {
        let mut begun = monotonic();
        let outcomes = rules::run_tests(std::slice::from_ref(spec), &setup.rules, |format, lines| {
            match parse::source(&setup.grammars, format, Path::new("test"), None) {
                Ok(source) => parse::events_of_text(&setup.grammars, source, lines, now),
                Err(_) => Vec::<Event>::new(),
            }
        });
        // What only feeds a correlation is tested by the tests of that one.
        let found = setup.rules.find(&spec.id).and_then(|at| setup.rules.rule(at));
        if outcomes.is_empty() && found.is_none_or(|rule| rule.meta.generates) {
            untested.push(spec.id.to_string());
        }
        for outcome in outcomes {
            let said = |grade: Grade| {
                outcome.problem.as_ref().filter(|problem| problem.grade == grade).map(Problem::to_string)
            };
            ran.push(Case {
                suite: "rules",
                class: outcome.rule.to_string(),
                name: named(&outcome),
                file: Some(spec.file().to_owned()),
                // The tests of a rule run together; the first one carries their time.
                time: since(std::mem::replace(&mut begun, monotonic())),
                skipped: said(Grade::Warning),
                failure: said(Grade::Error),
            });
        }
    }
    Ok(untested)
}

/// `test 2 (boundary): four failures`.
fn named(outcome: &rules::Outcome) -> String {
    let kind = outcome.name.map_or(String::new(), |name| format!(" ({name})"));
    let about = outcome.about.as_deref().map_or(String::new(), |about| format!(": {about}"));
    format!("test {}{kind}{about}", outcome.test)
}

fn since(begun: Span) -> Duration {
    Duration::from_micros((monotonic().0 - begun.0).unsigned_abs())
}

fn given(paths: &[PathBuf], file: &str) -> bool {
    paths.iter().any(|path| Path::new(file).starts_with(path))
}
