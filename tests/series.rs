//! `gatewatch series score`: the statistic behind the baselines, over files of numbers.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the program itself, run as people run it"
)]
fn score(arg: &str, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gatewatch"))
        .args(["series", "score", arg])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

fn rows(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Eight weeks of half hours with a day's rhythm and some noise; at row `at` it is night where there should be day.
fn weeks(at: usize) -> String {
    let mut text = "timestamp,value\n".to_owned();
    for n in 0..56 * 48usize {
        let (day, half) = (n / 48, n % 48);
        let noise = (n * 7_919 % 97) as f64 / 97.0;
        let busy = if (16..36).contains(&half) { 100.0 } else { 5.0 };
        let value = if (at..at + 4).contains(&n) { 1.0 } else { busy } + noise * 4.0;
        let (month, day) = if day < 31 { (3, day + 1) } else { (4, day - 30) };
        let _ = writeln!(text, "2026-{month:02}-{day:02} {:02}:{:02}:00,{value}", half / 2, half % 2 * 30);
    }
    text
}

#[test]
fn a_quiet_noon_is_found_and_ordinary_days_are_not() {
    let at = 50 * 48 + 24;
    let scored = rows(&score("-", &weeks(at)));
    assert_eq!(scored[0], "timestamp,value,anomaly_score,label");
    let alarms: Vec<usize> =
        scored.iter().skip(1).enumerate().filter(|(_, row)| row.ends_with(",1")).map(|(n, _)| n).collect();
    assert!(!alarms.is_empty() && alarms.iter().all(|n| (at..at + 4).contains(n)), "{alarms:?}");
    let calm = rows(&score("-", &weeks(usize::MAX - 9)));
    assert!(calm.iter().all(|row| !row.ends_with(",1")), "no alarm in ordinary weeks");
    assert!(calm.iter().skip(1).all(|row| {
        let score: f64 = row.rsplit(',').nth(1).unwrap().parse().unwrap();
        (0.0..=1.0).contains(&score)
    }));
}

#[test]
fn a_row_is_judged_by_those_before_it_alone_and_told_as_it_was_written() {
    let text = weeks(50 * 48 + 24);
    let whole = rows(&score("-", &text));
    for cut in [2, 100, 700] {
        let part: String = text.lines().take(cut).flat_map(|line| [line, "\n"]).collect();
        assert_eq!(rows(&score("-", &part)), whole[..cut]);
    }
    let (one, odd) = ("2026-03-01 00:00:00, 1.50e0", "2026-03-01T00:05:00.000000,-0");
    let told = rows(&score("-", &format!("timestamp,value\r\n{one}\r\n{odd}\r\n")));
    assert_eq!(told[1..], [format!("{one},0.000000,0"), format!("{odd},0.000000,0")]);
}

#[test]
fn what_is_no_series_is_told_with_its_place() {
    for (text, place, what) in [
        ("", ":1:", "no rows"),
        ("timestamp,value\n", ":2:", "no rows"),
        ("time,number\n", ":1:", "the header must be `timestamp,value`"),
        ("timestamp,value\n2026-03-01 00:00:00,1\nsoon,2\n", ":3:", "`soon,2` is not a time and a number"),
        ("timestamp,value\n2026-03-01 00:00:00,NaN\n", ":2:", "is not a time and a number"),
        ("timestamp,value\n2026-03-01 00:00:00,\u{1b}[31m1\n", ":2:", "is not a time and a number"),
    ] {
        let output = score("-", text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{text:?}");
        assert!(said.contains(place) && said.contains(what) && !said.contains('\u{1b}'), "{said}");
    }
    assert_eq!(score("/nowhere/at-all.csv", "").status.code(), Some(4));
}

/// Real series with known windows: how many windows hold an alarm, and how many alarms stand outside of them.
#[test]
fn real_series_with_known_answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/dev/series-nab");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: {} is not there", folder.display());
        return;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "csv"));
    assert!(!files.is_empty(), "{} holds no series", folder.display());
    files.sort();
    let (mut hit, mut windows, mut outside) = (0, 0, 0);
    for path in &files {
        let scored = rows(&score(path.to_str().unwrap(), ""));
        let answers = std::fs::read_to_string(path.with_extension("windows.json")).unwrap();
        let answers: Vec<(String, String)> = serde_json::from_str(&answers).unwrap();
        let cut = |text: &str| text.get(..19).unwrap_or(text).to_owned();
        let answers: Vec<(String, String)> = answers.iter().map(|(from, to)| (cut(from), cut(to))).collect();
        // The first seventh is for learning.
        let first = (scored.len() * 15 / 100).min(750);
        let alarms: Vec<String> =
            scored.iter().skip(1 + first).filter(|row| row.ends_with(",1")).map(|row| cut(row)).collect();
        let held = |at: &String| answers.iter().any(|(from, to)| from <= at && at <= to);
        let found =
            answers.iter().filter(|(from, to)| alarms.iter().any(|at| from <= at && at <= to)).count();
        let wrong = alarms.iter().filter(|at| !held(at)).count();
        eprintln!(
            "{found} of {} windows, {wrong} alarms outside: {}",
            answers.len(),
            path.file_name().unwrap().display()
        );
        (hit, windows, outside) = (hit + found, windows + answers.len(), outside + wrong);
    }
    eprintln!("all: {hit} of {windows} windows, {outside} alarms outside of them");
    // What ARCHITECTURE.md claims: 15 of 19, and 56 elsewhere.
    assert!(
        hit * 19 >= windows * 15 && outside * 19 <= windows * 56,
        "{hit} of {windows}, {outside} outside"
    );
}
