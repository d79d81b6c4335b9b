//! The companion that copies the journal into a file, over a real journald: killed at any moment it loses nothing,
//! and what it writes is read as the lines were meant.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may panic, tells what it skips, and runs the real programs"
)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

#[test]
fn a_copied_journal_is_read_whole_over_kills_and_rotations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(root.join("tests/journal/machine.sh"))
        .arg(root.join("packaging/journal/gatewatch-journal"))
        .arg(folder.path())
        .output();
    let ran = match ran {
        Ok(ran) if ran.status.code() != Some(77) => ran,
        _ => return eprintln!("SKIPPED: no journald, or no right to start one"),
    };
    let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
    if complaint.contains("unshare failed") {
        return eprintln!("SKIPPED: {complaint}");
    }
    assert!(ran.status.success(), "{complaint}");
    let mut files: Vec<_> =
        folder.path().join("log").read_dir().unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 1, "nothing was rotated: {files:?}");
    let mut failures: BTreeMap<String, Value> = BTreeMap::new();
    for file in &files {
        let parse = Command::new(env!("CARGO_BIN_EXE_gatewatch"))
            .args(["parse", "--format", "linux-auth"])
            .arg(file)
            .output()
            .unwrap();
        assert!(parse.status.success(), "{}", String::from_utf8_lossy(&parse.stderr));
        for line in String::from_utf8(parse.stdout).unwrap().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["format"] == "sshd" && event["outcome"] == "failure" {
                failures.insert(event["user"].as_str().unwrap().to_owned(), event);
            }
        }
    }
    for n in 0..120 {
        let odd = if n % 7 == 0 { "\u{FFFD}" } else { "" };
        let event =
            failures.get(&format!("u{n}{odd}")).unwrap_or_else(|| panic!("u{n} is lost: {complaint}"));
        assert_eq!((&event["src_ip"], &event["extra"]["pid"]), (&"192.0.2.7".into(), &(1_000 + n).into()));
        assert!(event["time"].is_string() && event["host"].is_string(), "{event}");
    }
}
