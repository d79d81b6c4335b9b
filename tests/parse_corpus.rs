//! The shipped grammars against real lines with known answers: `../shared/corpora/dev/<type>/*.log` and
//! `*.expected.jsonl`. Only what an answer asserts is compared. Prints a table per type; a wrong user, address or
//! outcome that `tests/parse_disagreements.txt` does not list with its reason fails the test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may panic and print")]

use gatewatch::config::grammars::{compile_all, load};
use gatewatch::normalize::grammar::GrammarSet;
use gatewatch::normalize::stamp::{self, Stamp};
use gatewatch::normalize::{Normalize, SourceParams};
use gatewatch::schema::{Class, Event, Flag, Flags, Outcome, RawLine, Span, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Share of the asserted answers that must be given, per type.
const RECALL_MIN: f64 = 0.97;
const DISAGREEMENTS: &str = include_str!("parse_disagreements.txt");

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/dev");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no corpus at {}", folder.display());
    None
}

fn grammars() -> Arc<GrammarSet> {
    let specs = load(None).unwrap_or_else(|problems| panic!("{}", problems[0]));
    Arc::new(compile_all(specs).unwrap_or_else(|problems| panic!("{}", problems[0])))
}

/// The events of a file, one per line that is not empty, by line number.
fn read(set: &Arc<GrammarSet>, format: &str, path: &Path) -> BTreeMap<u64, Event> {
    let name: Arc<str> = Arc::from("corpus");
    let source = SourceParams {
        name: Arc::clone(&name),
        format: Arc::from(format),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    let mut normalize = Normalize::new(Arc::clone(set), vec![source]);
    let bytes = std::fs::read(path).unwrap();
    let (mut events, mut made, mut offset) = (BTreeMap::new(), Vec::new(), 0);
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let length = text.len() as u64 + 1;
        let raw = RawLine {
            source: Arc::clone(&name),
            generation: 1,
            offset,
            length,
            line,
            bytes: text.into(),
            flags: Flags::default(),
            read_at: Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap(),
        };
        offset += length;
        if !text.is_empty() {
            normalize.line(raw, line, &mut made);
        }
        events.extend(made.drain(..).map(|event| (event.line, event)));
    }
    normalize.flush(0, &mut made);
    events.extend(made.drain(..).map(|event| (event.line, event)));
    events
}

#[derive(Default)]
struct Score {
    asserted: usize,
    right: usize,
    wrong: usize,
    accepted: usize,
}

enum Answer {
    Right,
    Missing,
    Wrong(String),
}

/// What an event says about an asserted field; a part speaks through the event that it is part of, too.
fn answer(event: &Event, main: &Event, field: &str, wanted: &str) -> Option<Answer> {
    let text = |pick: fn(&Event) -> Option<String>| compare(pick(event).or_else(|| pick(main)), wanted);
    Some(match field {
        "user" => text(|e| e.user.as_deref().map(str::to_owned)),
        "target_user" => text(|e| e.target_user.as_deref().map(str::to_owned)),
        "src_host" => text(|e| e.src_host.as_deref().map(str::to_owned)),
        "host" => text(|e| e.host.as_deref().map(str::to_owned)),
        "http_method" => text(|e| e.http_method.as_deref().map(str::to_owned)),
        "http_path" => text(|e| e.resource.as_deref().map(str::to_owned)),
        "http_status" => text(|e| e.http_status.map(|status| status.to_string())),
        "repeat" => text(|e| Some(e.count.to_string())),
        "src_ip" => {
            let wanted: IpAddr = wanted.parse().ok()?;
            compare(event.src_ip.or(main.src_ip).map(|ip| ip.to_string()), &wanted.to_canonical().to_string())
        }
        "outcome" => {
            let said = Some(main.outcome).filter(|outcome| *outcome != Outcome::Unknown);
            compare(said.map(|outcome| outcome.name().to_owned()), wanted)
        }
        "action" => match action(main) {
            "" => Answer::Missing,
            said => compare(Some(said.to_owned()), wanted),
        },
        _ => return None,
    })
}

fn compare(said: Option<String>, wanted: &str) -> Answer {
    match said {
        None => Answer::Missing,
        Some(said) if said == wanted => Answer::Right,
        Some(said) => Answer::Wrong(said),
    }
}

/// The corpus' word for a class and activity.
fn action(event: &Event) -> &'static str {
    match (event.class, event.activity) {
        (Class::Authentication, "logon") => "logon",
        (Class::Authentication, "logoff") => "logoff",
        (Class::Authentication, "account-switch") | (Class::Session, "assign-privileges") => "privilege",
        (Class::Http | Class::WebResource | Class::Api, _) => "access",
        (
            Class::UserManagement | Class::GroupManagement | Class::RoleManagement | Class::EntityManagement,
            _,
        ) => "change",
        (Class::Process, _) => "process",
        (Class::File, _) => "file",
        (Class::Network | Class::Tunnel, _) => "network",
        _ => "",
    }
}

/// Time answers: without year any year is right, without zone any offset of whole quarter hours.
fn time_answer(event: &Event, expected: &Value) -> Option<Answer> {
    let text = |key: &str| expected.get(key).and_then(Value::as_str);
    let said = |key: &str| expected.get(key).and_then(Value::as_bool).unwrap_or(false);
    let wanted = text("time").or(text("time_local")).or(text("time_text"))?;
    let zoneless = text("time").is_none() || said("time_zone_assumed") || event.flags.has(Flag::ZoneAssumed);
    let (wanted, year) = match stamp::read_whole(wanted)? {
        Stamp::Instant(at) => (at, true),
        Stamp::Civil(civil) => {
            let year = civil.year.unwrap_or(2000);
            (
                Timestamp::from_civil((year, civil.month, civil.day), civil.clock, civil.micros)?,
                civil.year.is_some(),
            )
        }
    };
    let Some(time) = event.time else { return Some(Answer::Missing) };
    let yearless = !year || said("time_year_assumed") || event.flags.has(Flag::YearAssumed);
    let apart = |wanted: Timestamp| (time - wanted).0.abs();
    let close = |apart: i64| {
        let (second, quarter) = (Span::seconds(1).0, Span::minutes(15).0);
        if zoneless {
            apart <= Span::hours(14).0 + second && (apart + second) % quarter < 2 * second
        } else {
            apart < second
        }
    };
    let right = if yearless {
        let (_, month, day) = wanted.date();
        let within = wanted.0.rem_euclid(Span::days(1).0);
        let years = time.date().0 - 1..=time.date().0 + 1;
        years.into_iter().any(|year| {
            Timestamp::from_civil((year, month, day), (0, 0, 0), 0)
                .is_some_and(|at| close(apart(at + Span(within))))
        })
    } else {
        close(apart(wanted))
    };
    Some(if right { Answer::Right } else { Answer::Wrong(time.to_string()) })
}

/// Reads the list of disagreements: `type/file:line field reason`.
fn accepted() -> BTreeSet<(String, String)> {
    let lines = DISAGREEMENTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let (place, field, reason) =
                (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or(""));
            assert!(reason.len() > 10, "a disagreement needs its reason: {line}");
            (place.to_owned(), field.to_owned())
        })
        .collect()
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut logs: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
    logs.sort();
    logs
}

/// Scores one type; gives the table's rows and what must not be.
fn score(
    set: &Arc<GrammarSet>,
    folder: &Path,
    kind: &str,
    accepted: &mut BTreeSet<(String, String)>,
) -> (String, Vec<String>) {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let (mut bad, mut unparsed, mut lines) = (Vec::new(), 0, 0);
    for log in logs(folder) {
        let events = read(set, kind.trim_start_matches("gpl/"), &log);
        lines += events.len();
        unparsed += events.values().filter(|event| event.class == Class::Unparsed).count();
        let Ok(answers) = std::fs::read_to_string(log.with_extension("expected.jsonl")) else { continue };
        for row in answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let line = row["line"].as_u64().unwrap();
            let Some(event) = events.get(&line) else { continue };
            let main = event.part_of_line.and_then(|line| events.get(&line)).unwrap_or(event);
            let place = format!("{kind}/{}:{line}", log.file_name().unwrap().to_string_lossy());
            let asserted = row["expected"].as_object().unwrap().iter().filter_map(|(field, wanted)| {
                let text = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
                Some((field.as_str(), answer(event, main, field, &text)?, text))
            });
            let time = time_answer(event, &row["expected"]).map(|answer| ("time", answer, String::new()));
            for (field, answer, wanted) in asserted.chain(time) {
                let score = scores.entry(field.to_owned()).or_default();
                score.asserted += 1;
                match answer {
                    Answer::Right => score.right += 1,
                    Answer::Missing => {}
                    Answer::Wrong(_) if accepted.remove(&(place.clone(), field.to_owned())) => {
                        score.accepted += 1
                    }
                    Answer::Wrong(said) => {
                        score.wrong += 1;
                        bad.push(format!("{place} {field}: \"{said}\", the answer is \"{wanted}\""));
                    }
                }
            }
        }
    }
    let mut table = format!("{kind}: {lines} lines, {unparsed} unparsed\n");
    for (field, s) in &scores {
        let missing = s.asserted - s.right - s.wrong - s.accepted;
        let recall = s.right as f64 / s.asserted as f64;
        writeln!(table, "  {field:<12} {:>6} asserted {:>6} right {:>3} wrong {:>3} accepted {missing:>4} missing  {recall:.4}", s.asserted, s.right, s.wrong, s.accepted).unwrap();
    }
    let (asserted, right) =
        scores.values().fold((0, 0), |(a, r), s| (a + s.asserted, r + s.right + s.accepted));
    if (right as f64) < RECALL_MIN * asserted as f64 {
        bad.push(format!("{kind}: only {right} of {asserted} answers are given"));
    }
    (table, bad)
}

#[test]
fn the_grammars_give_the_answers_of_the_corpus() {
    let Some(corpus) = corpus() else { return };
    let set = grammars();
    let mut accepted = accepted();
    let mut bad = Vec::new();
    let kinds = ["sshd", "openvpn", "nginx", "apache", "linux-auth"];
    let more = [
        "gpl/sshd",
        "gpl/openvpn",
        "gpl/nginx",
        "gpl/apache",
        "gpl/linux-auth",
        "gpl/su",
        "gpl/sudo",
        "gpl/dropbear",
    ];
    for kind in kinds.into_iter().chain(more) {
        let (table, wrong) = score(&set, &corpus.join(kind), kind, &mut accepted);
        eprintln!("{table}");
        bad.extend(wrong);
    }
    bad.extend(
        accepted
            .into_iter()
            .map(|(place, field)| format!("{place} {field}: listed as a disagreement, but it agrees")),
    );
    assert!(bad.is_empty(), "{} disagreements:\n{}", bad.len(), bad[..bad.len().min(60)].join("\n"));
}

/// One failure a `Failed` line: what several lines tell is one event, and nothing else is a refused password.
/// (The episodes that follow from it are held by `tests/corpus.rs`.)
#[test]
fn each_source_of_a_real_host_fails_as_often_as_its_failed_lines_say() {
    let Some(corpus) = corpus() else { return };
    let events = read(&grammars(), "sshd", &corpus.join("sshd/elastic-suspicious-login-auth.log"));
    let is_failed_line =
        |e: &Event| e.raw_text().contains("]: Failed ") || e.raw_text().contains("[ Failed ");
    let told_with_password: BTreeSet<u64> =
        events.values().filter(|e| is_failed_line(e)).map(|e| e.part_of_line.unwrap_or(e.line)).collect();
    let mut failed_lines: BTreeMap<IpAddr, i64> = BTreeMap::new();
    for event in events.values().filter(|e| is_failed_line(e)) {
        *failed_lines.entry(event.src_ip.unwrap()).or_default() += i64::from(event.count);
    }
    let logon =
        |e: &&Event| (e.class, e.activity) == (Class::Authentication, "logon") && &*e.format == "sshd";
    let mut own: BTreeMap<IpAddr, i64> = BTreeMap::new();
    for event in events.values().filter(logon).filter(|event| event.outcome == Outcome::Failure) {
        if told_with_password.contains(&event.line) {
            *own.entry(event.src_ip.unwrap()).or_default() += i64::from(event.count);
        } else {
            let text = event.raw_text();
            assert!(text.contains("Invalid user "), "no password was refused: {text}");
        }
    }
    assert_eq!(own, failed_lines, "failures of each source against its `Failed` lines");
}
