//! Lines that tell of no failed login: banners, scans, noise of TLS, challenges, ends of connections. Our own, and those
//! of the corpus.

use super::{GRAMMARS, read_all};
use gatewatch::schema::{Class, Event, Outcome};
use serde_json::Value;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// `format | line`.
const LINES: &str = include_str!("quiet.txt");

/// What is a failed login all the same (the corpus' DECISIONS-hosts.md 2 and 5): its filters count them only when no success
/// follows, or leave them to other lines.
const DECIDED: [&str; 3] =
    ["Failed publickey for ", "pam_unix(sshd:auth): authentication failure", " not allowed because "];

fn is_failed_login(event: &Event) -> bool {
    event.class == Class::Authentication && event.outcome == Outcome::Failure
}

#[test]
fn noise_is_no_failed_login() {
    let lines = LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut count, mut bad) = (0, Vec::new());
    for (format, line) in lines.filter_map(|line| line.split_once(" | ")) {
        assert!(GRAMMARS.has(format), "no grammar is named {format}");
        let events = read_all(format, &[line.to_owned()]);
        assert!(!events.is_empty(), "{line}");
        count += 1;
        if events
            .iter()
            .any(|event| is_failed_login(event) || event.outcome == Outcome::Success && is_login(event))
        {
            bad.push(format!("{format}: {line}"));
        }
    }
    eprintln!("{count} lines of noise");
    assert!(count >= 60 && bad.is_empty(), "told as logins:\n{}", bad.join("\n"));
}

fn is_login(event: &Event) -> bool {
    matches!(event.class, Class::Authentication | Class::Tunnel)
}

/// Logs with answers below a folder.
fn answered(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            answered(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "log") {
            found.push(path);
        }
    }
}

/// What the corpus says is no failure is none, or one of the address that the corpus names.
#[test]
fn what_the_corpus_calls_no_failure_blames_nobody() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/dev");
    if !corpus.is_dir() {
        eprintln!("SKIPPED: no corpus at {}", corpus.display());
        return;
    }
    let (mut logs, mut count, mut bad) = (Vec::new(), 0, Vec::new());
    answered(&corpus, &mut logs);
    for log in logs {
        let Ok(answers) = std::fs::read_to_string(log.with_extension("expected.jsonl")) else { continue };
        let quiet: Vec<Value> =
            answers.lines().map(|line| serde_json::from_str(line).unwrap()).filter(is_quiet).collect();
        if quiet.is_empty() {
            continue;
        }
        let kind = log.parent().unwrap().file_name().unwrap().to_string_lossy();
        let format = if GRAMMARS.has(&kind) { &*kind } else { "auto" };
        let bytes = std::fs::read(&log).unwrap();
        let lines: Vec<String> = String::from_utf8_lossy(&bytes).split('\n').map(str::to_owned).collect();
        let events = read_all(format, &lines);
        for answer in &quiet {
            let line = answer["line"].as_u64().unwrap();
            let text = &lines[line as usize - 1];
            if DECIDED.iter().any(|part| text.contains(part)) {
                continue;
            }
            count += 1;
            let blames = events.iter().filter(|event| event.line == line && is_failed_login(event));
            bad.extend(
                blames
                    .filter(|event| !is_answered(event, answer))
                    .map(|event| format!("{}:{line} {:?} {:?}", log.display(), event.user, event.src_ip)),
            );
        }
    }
    eprintln!("{count} lines of the corpus that are no failure");
    assert!(bad.is_empty(), "{} blame somebody:\n{}", bad.len(), bad.join("\n"));
}

/// Labelled as no attack or no match of a filter for failed logins, and no answer asserts a failure.
fn is_quiet(answer: &Value) -> bool {
    let labels = &answer["labels"];
    let filtered = labels["match"] == false && labels["filter"].is_string();
    (filtered || labels["attack"] == false) && answer["expected"]["outcome"] != "failure"
}

/// The answer names the address that the failure is told of.
fn is_answered(event: &Event, answer: &Value) -> bool {
    let named = answer["expected"]["src_ip"].as_str().and_then(|text| text.parse::<IpAddr>().ok());
    named.is_some() && named.map(|ip| ip.to_canonical()) == event.src_ip
}
