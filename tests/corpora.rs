//! The shipped grammars against real lines with known answers: `../shared/corpora/dev/<type>/*.log` and
//! `*.expected.jsonl`. Only what an answer asserts is compared. Prints a table per type; a wrong user, address or
//! outcome counts against precision unless `tests/corpora/disagreements.txt` lists it with its reason.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may panic and print")]

#[path = "corpora/answers.rs"]
mod answers;

use answers::{Answer, answer, time_answer};
use gatewatch::config::grammars::{compile_all, load};
use gatewatch::normalize::grammar::GrammarSet;
use gatewatch::normalize::{Normalize, SourceParams};
use gatewatch::schema::{Class, Event, Flags, Outcome, RawLine, Span, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The columns of the table, each with the precision and the share of the asserted answers that all types together
/// must reach.
const GOALS: [(&str, f64, f64); 8] = [
    ("user", 0.998, 0.97),
    ("src_ip", 0.998, 0.97),
    ("outcome", 0.995, 0.97),
    ("action", 0.995, 0.97),
    ("time", 0.995, 0.995),
    ("target_user", 0.995, 0.97),
    ("host", 0.995, 0.97),
    ("repeat", 0.995, 0.97),
];
/// Of the files that have a grammar so many must be told by `auto`.
const AUTO_MIN: f64 = 0.99;
const AUTO: &str = include_str!("corpora/auto.txt");
const DISAGREEMENTS: &str = include_str!("corpora/disagreements.txt");

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

/// The events of a file by the number of each line that they were made of.
fn read(set: &Arc<GrammarSet>, format: &str, path: &Path) -> BTreeMap<u64, Event> {
    read_and_choose(set, format, path).0
}

/// The same, and what `auto` took the file for in the end.
fn read_and_choose(
    set: &Arc<GrammarSet>,
    format: &str,
    path: &Path,
) -> (BTreeMap<u64, Event>, Option<String>) {
    let name: Arc<str> = Arc::from("corpus");
    let source = SourceParams {
        name: Arc::clone(&name),
        format: Arc::from(format),
        timezone: jiff::tz::TimeZone::UTC,
        lateness: Span::minutes(2),
    };
    let mut normalize = Normalize::new(Arc::clone(set), vec![source]);
    let bytes = std::fs::read(path).unwrap();
    let (mut made, mut offset) = (Vec::new(), 0);
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
            let next_id = made.len() as u64 + 1;
            normalize.line(raw, next_id, &mut made);
        }
    }
    let next_id = made.len() as u64 + 1;
    normalize.flush(next_id, &mut made);
    let mut events = BTreeMap::new();
    for event in made {
        for line in lines_of(&event) {
            events.entry(line).or_insert_with(|| event.clone());
        }
    }
    (events, normalize.chosen(1).map(str::to_owned))
}

fn lines_of(event: &Event) -> Vec<u64> {
    if event.line_list.is_empty() {
        (event.line..event.line + u64::from(event.lines)).collect()
    } else {
        event.line_list.to_vec()
    }
}

/// Counts of one field, of one type or of all.
#[derive(Clone, Copy, Default)]
struct Score {
    asserted: usize,
    right: usize,
    wrong: usize,
    accepted: usize,
}

impl Score {
    fn add(&mut self, other: Score) {
        self.asserted += other.asserted;
        self.right += other.right;
        self.wrong += other.wrong;
        self.accepted += other.accepted;
    }
    fn recall(&self) -> f64 {
        (self.right + self.accepted) as f64 / self.asserted.max(1) as f64
    }
    fn precision(&self) -> f64 {
        let right = self.right + self.accepted;
        right as f64 / (right + self.wrong).max(1) as f64
    }
}

/// One type's row.
#[derive(Default)]
struct Row {
    kind: String,
    format: String,
    events: usize,
    unparsed: usize,
    scores: BTreeMap<String, Score>,
    bad: Vec<String>,
    missing: Vec<String>,
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

/// The types with logs, those of `gpl/` too.
fn kinds(corpus: &Path) -> Vec<String> {
    let mut kinds = Vec::new();
    for (folder, prefix) in [(corpus.to_owned(), ""), (corpus.join("gpl"), "gpl/")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !logs(&path).is_empty() {
                kinds.push(format!("{prefix}{}", path.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    kinds.sort();
    kinds
}

/// The format that a user would name for a type; `auto` where no grammar has its name.
fn format_of(set: &GrammarSet, kind: &str) -> String {
    let name = kind.trim_start_matches("gpl/");
    if set.has(name) { name.to_owned() } else { "auto".to_owned() }
}

/// Scores one type.
fn score(set: &Arc<GrammarSet>, corpus: &Path, kind: &str, accepted: &mut BTreeSet<(String, String)>) -> Row {
    let mut row = Row { kind: kind.to_owned(), format: format_of(set, kind), ..Row::default() };
    for log in logs(&corpus.join(kind)) {
        let events = read(set, &row.format, &log);
        row.events += events.len();
        row.unparsed += events.values().filter(|event| event.class == Class::Unparsed).count();
        let Ok(answers) = std::fs::read_to_string(log.with_extension("expected.jsonl")) else { continue };
        for expected in answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let line = expected["line"].as_u64().unwrap();
            let place = format!("{kind}/{}:{line}", log.file_name().unwrap().to_string_lossy());
            let event = events.get(&line).unwrap_or_else(|| panic!("{place}: no event"));
            let main = event.part_of_line.and_then(|line| events.get(&line)).unwrap_or(event);
            row.compare(&place, (event, main), &expected["expected"], accepted);
        }
    }
    row
}

impl Row {
    fn compare(
        &mut self,
        place: &str,
        (event, main): (&Event, &Event),
        expected: &Value,
        accepted: &mut BTreeSet<(String, String)>,
    ) {
        let asserted = expected.as_object().unwrap().iter().filter_map(|(field, wanted)| {
            let text = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
            Some((field.as_str(), answer(event, main, field, &text)?, text))
        });
        let time = time_answer(event, expected).map(|answer| ("time", answer, String::new()));
        for (field, answer, wanted) in asserted.chain(time) {
            let score = self.scores.entry(field.to_owned()).or_default();
            score.asserted += 1;
            match answer {
                Answer::Right => score.right += 1,
                _ if accepted.remove(&(place.to_owned(), field.to_owned())) => score.accepted += 1,
                Answer::Missing => self.missing.push(format!("{place} {field}: the answer is \"{wanted}\"")),
                Answer::Wrong(said) => {
                    score.wrong += 1;
                    self.bad.push(format!("{place} {field}: \"{said}\", the answer is \"{wanted}\""));
                }
            }
        }
    }

    /// One line of the table: recall, and precision where it is not 1.
    fn print(&self) {
        let mut cells = String::new();
        for (field, ..) in GOALS {
            let Some(score) = self.scores.get(field) else { continue };
            cells.push_str(&format!("  {field} {}/{}", score.right + score.accepted, score.asserted));
            if score.wrong > 0 {
                cells.push_str(&format!(" ({} wrong)", score.wrong));
            }
        }
        let read = 100.0 * (self.events - self.unparsed) as f64 / self.events.max(1) as f64;
        eprintln!("{:<24} {:<18} {:>5} lines {read:>5.1} % read{cells}", self.kind, self.format, self.events);
    }
}

#[test]
fn the_grammars_give_the_answers_of_the_corpus() {
    let Some(corpus) = corpus() else { return };
    let set = grammars();
    let mut accepted = accepted();
    let rows: Vec<Row> =
        kinds(&corpus).iter().map(|kind| score(&set, &corpus, kind, &mut accepted)).collect();
    let mut total = Row { kind: "all types".to_owned(), format: String::new(), ..Row::default() };
    for row in &rows {
        row.print();
        total.events += row.events;
        total.unparsed += row.unparsed;
        for (field, score) in &row.scores {
            total.scores.entry(field.clone()).or_default().add(*score);
        }
    }
    total.print();
    for line in rows.iter().flat_map(|row| row.bad.iter().chain(&row.missing)) {
        eprintln!("  {line}");
    }
    let stale: Vec<_> = accepted.iter().collect();
    assert!(stale.is_empty(), "listed as disagreements, but they agree: {stale:?}");
    for (field, precision, recall) in GOALS {
        let score = total.scores[field];
        eprintln!("{field:<12} precision {:.4}  recall {:.4}", score.precision(), score.recall());
        assert!(score.precision() >= precision, "precision of {field}: {} < {precision}", score.precision());
        assert!(score.recall() >= recall, "recall of {field}: {} < {recall}", score.recall());
    }
}

/// `auto` names the grammar of the file's type, or a member of its family; of the files in `auto.txt` what that says.
#[test]
fn auto_tells_the_grammar_of_a_file_from_its_first_lines() {
    let Some(corpus) = corpus() else { return };
    let set = grammars();
    let (mut files, mut told, mut lines, mut bad) = (0, 0, 0, Vec::new());
    let mut other_truth = other_truth();
    for kind in kinds(&corpus) {
        let name = kind.trim_start_matches("gpl/");
        if !set.has(name) {
            continue;
        }
        for log in logs(&corpus.join(&kind)) {
            let place = format!("{kind}/{}", log.file_name().unwrap().to_string_lossy());
            let truth = other_truth.remove(&place).unwrap_or_else(|| name.to_owned());
            let (events, said) = read_and_choose(&set, "auto", &log);
            let is_right = |said: &str| are_kin(&set, said, &truth);
            files += 1;
            lines += events.len();
            told += events.values().filter(|event| is_right(&event.format)).count();
            if !said.as_deref().is_some_and(is_right) {
                bad.push(format!("{place}: {said:?} instead of {truth}"));
            }
        }
    }
    eprintln!("auto: {} of {files} files, {told} of {lines} lines", files - bad.len());
    assert!(other_truth.is_empty(), "listed in auto.txt, but there is no such file: {other_truth:?}");
    let share = (files - bad.len()) as f64 / files as f64;
    assert!(share >= AUTO_MIN, "{share:.4} of {files} files:\n{}", bad.join("\n"));
}

/// Files that hold other lines than their folder says: `type/file grammar reason`.
fn other_truth() -> BTreeMap<String, String> {
    let lines = AUTO.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let (place, format) = (words.next().unwrap(), words.next().unwrap());
            assert!(words.next().is_some_and(|reason| reason.len() > 10), "a file needs its reason: {line}");
            (place.to_owned(), format.to_owned())
        })
        .collect()
}

/// The same grammar, or two of one family.
fn are_kin(set: &GrammarSet, one: &str, other: &str) -> bool {
    let family = |name: &str| {
        let own = set.get(name).and_then(|grammar| grammar.spec().family.clone());
        own.unwrap_or_else(|| name.to_owned())
    };
    one == other || family(one) == family(other)
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
