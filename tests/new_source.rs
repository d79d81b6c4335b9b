//! A source type that nobody knows takes one file: a grammar in a folder that the configuration names, and every
//! command and the daemon read it. No code, no build.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic; it waits for the real daemon"
)]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;

const GRAMMAR: &str = r#"
name = "turnstile"
description = "Turnstile, a door controller of this test"
framing = "plain"
set = { app = "turnstile" }

[[message]]
name = "passed"
literal = "^DOOR "
pattern = '^DOOR (?<time>\S+) badge=(?<user>\S+) reader=(?<src>\S+) result=(?<outcome>\w+)$'
map.outcome = { open = "success", denied = "failure" }
class = "authentication"
activity = "logon"

[[sample]]
lines = ["DOOR 2026-11-23T09:00:00Z badge=ana reader=192.0.2.7 result=open"]
expect = [{ user = "ana", src_ip = "192.0.2.7", outcome = "success", time = "2026-11-23T09:00:00.000Z" }]
"#;

/// Ended when it goes out of scope.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatewatch"));
    command.arg("--config").arg(folder.join("gatewatch.toml")).args(args);
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_source_type_is_added_by_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (log, grammar) = (folder.join("door.log"), folder.join("grammars/turnstile.toml"));
    fs::create_dir(folder.join("grammars")).unwrap();
    fs::write(&grammar, GRAMMAR).unwrap();
    fs::write(
        folder.join("gatewatch.toml"),
        "[store]\ndirectory = \"state\"\n[normalize]\ngrammars = \"grammars\"\n\
         [[source]]\nname = \"door\"\nformat = \"turnstile\"\npaths = [\"door.log\"]\n",
    )
    .unwrap();
    let lines = "DOOR 2026-11-23T09:00:00Z badge=ana reader=192.0.2.7 result=open\n\
                 DOOR 2026-11-23T09:00:01Z badge=eve reader=192.0.2.8 result=denied\n";
    fs::write(&log, lines).unwrap();
    let (log, grammar) = (log.display().to_string(), grammar.display().to_string());

    for args in [&["check"][..], &["test", &grammar], &["formats"]] {
        let ran = run(folder, args);
        assert!(ran.status.success(), "{args:?}: {}{}", text(&ran.stdout), text(&ran.stderr));
    }
    for format in ["turnstile", "auto"] {
        let parsed = run(folder, &["parse", "--format", format, &log]);
        let events: Vec<Value> =
            text(&parsed.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), 2, "{}", text(&parsed.stderr));
        for (event, (user, outcome)) in events.iter().zip([("ana", "success"), ("eve", "failure")]) {
            assert_eq!(
                (&event["format"], &event["user"], &event["outcome"]),
                (&"turnstile".into(), &user.into(), &outcome.into()),
                "{format}"
            );
        }
    }

    let _daemon = Daemon(command(folder, &["run"]).spawn().unwrap());
    let question = "SELECT user, outcome, src_ip, app FROM events WHERE format = 'turnstile' ORDER BY id";
    let mut told = String::new();
    for _ in 0..100 {
        told = text(&run(folder, &["query", "--format", "csv", question]).stdout);
        if told.lines().count() == 3 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let rows: Vec<&str> = told.lines().skip(1).collect();
    assert_eq!(rows, ["ana,success,192.0.2.7,turnstile", "eve,failure,192.0.2.8,turnstile"]);
}
