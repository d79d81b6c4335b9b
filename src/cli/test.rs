//! `test`: the sample lines that grammars and rules carry, through the real rooms 2 and 3.

use super::args::{Global, TestArgs};
use super::out::{Out, Tone};
use super::{Done, Failure, exit, parse, setup};
use crate::config::params::{Request, Setup};
use crate::config::report::{Grade, Problem};
use crate::config::{grammars, rules};
use crate::schema::{Event, Printable};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One test that ran.
struct Ran {
    group: &'static str,
    name: String,
    /// It could not run: no grammar reads its lines.
    skipped: bool,
    /// What went wrong; `None` = passed.
    failure: Option<String>,
}

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
    ran.extend(rule_tests(&setup, &args.paths, out)?);
    for test in &ran {
        show(out, test)?;
    }
    let failed = ran.iter().filter(|test| test.failure.is_some()).count();
    let skipped = ran.iter().filter(|test| test.skipped).count();
    if !out.json {
        let tone = if failed > 0 { Tone::Bad } else { Tone::Good };
        out.line(out.tone(
            tone,
            &format!("{} passed, {failed} failed, {skipped} skipped", ran.len() - failed - skipped),
        ))?;
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, junit(&ran))
            .map_err(|error| Failure::runtime(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(if failed > 0 { exit::FOUND } else { exit::OK })
}

fn show(out: &mut Out, test: &Ran) -> Result<(), Failure> {
    if out.json {
        let mut row = json!({"group": test.group, "name": test.name, "ok": test.failure.is_none()});
        if let Some(failure) = &test.failure {
            row["message"] = json!(failure);
        }
        return out.object(&row);
    }
    match &test.failure {
        Some(failure) => {
            let failed = out.tone(Tone::Bad, "FAILED");
            // Its lines are made for people, and harmless already.
            let failure: String = failure.lines().map(|line| format!("\n{}", Printable(line))).collect();
            out.line(format!("{failed} {} {}:{failure}", test.group, test.name))
        }
        None => Ok(()),
    }
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

fn grammar_tests(setup: &Setup, paths: &[PathBuf]) -> Result<Vec<Ran>, Failure> {
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
        let failures = grammars::run_samples(&set, spec);
        let failures: Vec<String> = failures.iter().map(ToString::to_string).collect();
        let failure = (!failures.is_empty()).then(|| failures.join("\n"));
        ran.push(Ran {
            group: "grammar",
            name: format!("{} ({} samples)", spec.name, spec.samples.len()),
            skipped: false,
            failure,
        });
    }
    Ok(ran)
}

fn rule_tests(setup: &Setup, paths: &[PathBuf], out: &mut Out) -> Result<Vec<Ran>, Failure> {
    let mut folders = setup.config.detect.rules.clone();
    folders.extend(paths.iter().filter(|path| !holds_only(path, "toml")).cloned());
    let (specs, _) = rules::load(&folders, setup.config.detect.builtin, &setup.config.detect.disable);
    let wanted: Vec<_> =
        specs.into_iter().filter(|spec| paths.is_empty() || given(paths, spec.file())).collect();
    let now = setup::now()?;
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    let outcomes = rules::run_tests(&wanted, &setup.rules, |format, lines| {
        match parse::source(&setup.grammars, format, Path::new("test"), None) {
            Ok(source) => parse::events_of_text(&setup.grammars, source, lines, now),
            Err(_) => {
                unknown.insert(format.to_owned());
                Vec::<Event>::new()
            }
        }
    });
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().map(|name| Printable(name).to_string()).collect();
        out.remark(&format!("no grammar reads {}: the tests of these formats are skipped", names.join(", ")));
    }
    let ran = |outcome: rules::Outcome| Ran {
        group: "rule",
        name: match outcome.name {
            Some(name) => format!("{} test {} ({name})", outcome.rule, outcome.test),
            None => format!("{} test {}", outcome.rule, outcome.test),
        },
        skipped: outcome.problem.as_ref().is_some_and(|problem| problem.grade == Grade::Warning),
        failure: outcome
            .problem
            .as_ref()
            .filter(|problem| problem.grade == Grade::Error)
            .map(Problem::to_string),
    };
    Ok(outcomes.into_iter().map(ran).collect())
}

fn given(paths: &[PathBuf], file: &str) -> bool {
    paths.iter().any(|path| Path::new(file).starts_with(path))
}

/// JUnit XML as continuous integration reads it.
fn junit(ran: &[Ran]) -> String {
    let failed = ran.iter().filter(|test| test.failure.is_some()).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"gatewatch\" tests=\"{}\" failures=\"{failed}\">\n",
        ran.len()
    );
    for test in ran {
        text.push_str(&format!("  <testcase classname=\"{}\" name=\"{}\"", test.group, xml(&test.name)));
        match &test.failure {
            None if test.skipped => text.push_str("><skipped/></testcase>\n"),
            Some(failure) => text.push_str(&format!("><failure message=\"{}\"/></testcase>\n", xml(failure))),
            None => text.push_str("/>\n"),
        }
    }
    text.push_str("</testsuite>\n");
    text
}

fn xml(text: &str) -> String {
    Printable(text)
        .to_string()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
