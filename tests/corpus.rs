//! Real SSH logs against episodes that are defined, not judged: `gatewatch replay` over
//! `../shared/corpora/dev/sshd/*.log` must find what the `.behaviour.jsonl` files say, the same kinds and
//! sources, none missed, none invented. Skips visibly where the folder is absent.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may panic and print; the test runs the real binary"
)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rule that stands for a kind of episode.
fn rule(kind: &str) -> &'static str {
    match kind {
        "brute_force" => "auth-brute-force-source",
        "password_spray" => "auth-password-spray",
        "success_after_failures" => "auth-success-after-failures",
        other => panic!("a kind of episode that nobody defined: {other}"),
    }
}

/// How often each (rule, source address) was found or is to be found.
type Episodes = BTreeMap<(String, String), usize>;

#[test]
fn replay_finds_the_episodes_of_real_ssh_logs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/dev/sshd");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no corpus at {}", folder.display());
        return;
    }
    let mut compared = 0;
    for entry in folder.read_dir().unwrap() {
        let answers = entry.unwrap().path();
        let name = answers.file_name().unwrap().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".behaviour.jsonl") else { continue };
        let expected = episodes(&objects(&std::fs::read_to_string(&answers).unwrap()));
        let findings = replay(&folder.join(format!("{stem}.log")));
        let found = found(&findings);
        assert_eq!(found, expected, "{stem}: found and defined episodes differ");
        staged_success_is_gravest(&findings, &expected);
        compared += expected.values().sum::<usize>();
        eprintln!("{stem}: {} episodes, none missed, none invented", expected.values().sum::<usize>());
    }
    assert!(compared > 0, "no behaviour file in {}", folder.display());
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn word(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}

fn episodes(rows: &[Value]) -> Episodes {
    let mut episodes = Episodes::new();
    for row in rows {
        *episodes.entry((rule(&word(row, "kind")).to_owned(), word(row, "src"))).or_default() += 1;
    }
    episodes
}

fn found(findings: &[Value]) -> Episodes {
    let mut episodes = Episodes::new();
    for finding in findings {
        let rule = word(finding, "rule");
        if ["auth-brute-force-source", "auth-password-spray", "auth-success-after-failures"]
            .contains(&rule.as_str())
        {
            *episodes.entry((rule, word(&finding["group"], "src_ip"))).or_default() += 1;
        }
    }
    episodes
}

/// Where a success after failures was staged, nothing else is graver.
fn staged_success_is_gravest(findings: &[Value], expected: &Episodes) {
    if !expected.keys().any(|(rule, _)| rule == "auth-success-after-failures") {
        return;
    }
    for finding in findings {
        let success = word(finding, "rule") == "auth-success-after-failures";
        assert_eq!(word(finding, "severity") == "critical", success, "{finding}");
    }
}

fn replay(log: &Path) -> Vec<Value> {
    let source = format!("sshd={}", log.display());
    let output = Command::new(env!("CARGO_BIN_EXE_gatewatch"))
        .args(["replay", "--config"])
        .arg(empty_config())
        .args(["--source", &source, "--assume-now", "2018-01-01T00:00:00Z"])
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "findings exit with 1: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    objects(&String::from_utf8(output.stdout).unwrap())
}

/// The machine's own configuration must not change what the test sees.
fn empty_config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/gatewatch.minimal.toml")
}
