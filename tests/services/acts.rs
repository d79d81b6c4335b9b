//! What was done to a service, and what gatewatch reads of it.

use crate::gate::{BINARY, objects, text};
use crate::machine::{Running, program, reached};
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Classes that tell of a person's act; the rest is talk of the service about itself.
const ACTS: [&str; 8] =
    ["authentication", "tunnel", "session", "http", "user-management", "file", "datastore", "process"];

/// Starts a service with its output in `NAME.out` of the folder.
pub fn start(folder: &Path, name: &str, mut command: Command) -> Running {
    let output = File::create(folder.join(format!("{name}.out"))).unwrap();
    command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
    Running::start(name, command)
}

/// A command of an installed program.
pub fn tool(name: &str) -> Command {
    let mut command = Command::new(program(name).unwrap());
    command.stdin(Stdio::null());
    command
}

/// Whether a client's command succeeded; what it says is of no interest.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// The first line that a program says about its version.
pub fn version(name: &str, argument: &str) -> String {
    let output = tool(name).arg(argument).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    said.lines()
        .find(|line| line.contains(|c: char| c.is_ascii_digit()))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Events of a log, by `parse`.
fn events(format: &str, log: &Path) -> Vec<Value> {
    let output = Command::new(BINARY)
        .args(["parse", "--format", format])
        .arg(log)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "parse {}: {}", log.display(), text(&output.stderr));
    objects(&text(&output.stdout))
}

/// `class activity outcome user address` of an event, `-` for what it does not say; the status of a request in
/// place of its method. An end that names nobody is of whom its opening names.
fn told(event: &Value, all: &[Value]) -> String {
    let opening = all.iter().find(|other| !event["opened"].is_null() && other["line"] == event["opened"]);
    let word = |key: &str| {
        let said = event[key].as_str().or_else(|| opening.and_then(|opening| opening[key].as_str()));
        said.unwrap_or("-").to_owned()
    };
    let activity =
        event["http_status"].as_u64().map_or_else(|| word("activity"), |status| status.to_string());
    format!("{} {activity} {} {} {}", word("class"), word("outcome"), word("user"), word("src_ip"))
}

/// A session that opens or closes is a connection: who logs in by it and out of it has lines of its own.
fn is_act(event: &Value) -> bool {
    let connection =
        event["class"] == "session" && (event["activity"] == "open" || event["activity"] == "close");
    ACTS.iter().any(|class| event["class"] == *class) && event["part_of"].is_null() && !connection
}

/// Waits until the log tells as many acts as were done, then compares: the same acts, at their time, and every
/// line understood. `service` names it with its version.
pub fn compare(service: &str, format: &str, log: &Path, wanted: &[&str]) {
    let (acts, _) = compare_some(service, format, log, &|_| true, wanted);
    let now = jiff::Timestamp::now();
    for act in acts {
        let time = act["time"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let recent = time.is_some_and(|time| (now - time).total(jiff::Unit::Second).unwrap().abs() < 300.0);
        assert!(recent, "{service}: not the time of the act: {act:#}");
    }
}

/// As [`compare`], for the acts that `mine` picks in a log that others share, whatever their time. Gives the acts and
/// all events.
pub fn compare_some(
    service: &str,
    format: &str,
    log: &Path,
    mine: &dyn Fn(&Value) -> bool,
    wanted: &[&str],
) -> (Vec<Value>, Vec<Value>) {
    let (mut all, mut acts) = (Vec::new(), Vec::new());
    reached(Duration::from_secs(6), || {
        all = if log.exists() { events(format, log) } else { Vec::new() };
        acts = all.iter().filter(|event| is_act(event) && mine(event)).cloned().collect();
        acts.len() >= wanted.len()
    });
    let mut got: Vec<String> = acts.iter().map(|event| told(event, &all)).collect();
    let mut wanted: Vec<String> = wanted.iter().map(|&act| act.to_owned()).collect();
    got.sort();
    wanted.sort();
    let listed = || -> String {
        all.iter()
            .map(|event| format!("  {} | {}\n", told(event, &all), event["raw"].as_str().unwrap_or("?")))
            .collect()
    };
    assert!(!all.is_empty(), "{service} wrote no {}", log.display());
    assert_eq!(got, wanted, "{service}: told and done differ\n{}", listed());
    let unread: Vec<&Value> =
        all.iter().filter(|event| event["class"] == "unparsed" || is_guessed(event)).collect();
    assert!(unread.is_empty(), "{service}: not understood: {unread:#?}");
    eprintln!("{service}: {} acts in {} events of {format}", got.len(), all.len());
    (acts, all)
}

fn is_guessed(event: &Value) -> bool {
    event["flags"].as_array().is_some_and(|flags| flags.iter().any(|flag| flag == "guessed"))
}

/// What the service's output file says, for a message.
pub fn said(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(format!("{name}.out"))).unwrap_or_default()
}
