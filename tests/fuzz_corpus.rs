//! The kept corpus of the fuzzers, and what they found, run through the targets on a stable toolchain: whoever
//! changes a reader need not have a fuzzer. `tests/fuzz/run` searches on.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may panic and print")]

mod fuzz_targets;

use fuzz_targets::{TARGETS, Target, by_name, corpus, seeds};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

/// Runs inputs, and tells each that fails.
fn run(target: &Target, inputs: &[Vec<u8>]) -> Vec<String> {
    let failed = inputs.iter().enumerate().filter(|(_, input)| catch_unwind(|| (target.run)(input)).is_err());
    failed.map(|(at, input)| format!("{} {}: {}", target.name, at + 1, corpus::escape(input))).collect()
}

#[test]
fn the_kept_corpus_holds() {
    if !kept().exists() {
        eprintln!("SKIPPED: {} is not there (a packaged crate has none)", kept().display());
        return;
    }
    let mut failed = Vec::new();
    for target in TARGETS {
        let inputs = corpus::load(&kept(), target.name).unwrap();
        assert!(!inputs.is_empty(), "{} keeps no corpus: tests/fuzz/run keep {0}", target.name);
        let longest = inputs.iter().map(Vec::len).max().unwrap_or(0);
        assert!(longest <= target.bytes_max, "{}: an input of {longest} bytes", target.name);
        failed.extend(run(target, &inputs));
    }
    assert!(failed.is_empty(), "{} inputs fail:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn what_is_shipped_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut failed = Vec::new();
    for target in TARGETS {
        let inputs = seeds::seeds(target.name, root);
        assert!(!inputs.is_empty(), "{} has no first inputs", target.name);
        assert_eq!(
            by_name(target.name).map(|found| found.bytes_max),
            Some(target.bytes_max),
            "names are unique"
        );
        failed.extend(run(target, &inputs));
    }
    assert!(failed.is_empty(), "{} inputs fail:\n{}", failed.len(), failed.join("\n"));
}

/// Lines of full length, which a search through short inputs does not reach: each holds a name that every field
/// repeats, and what comes of it must not be a multiple of it.
#[test]
fn long_names_are_not_repeated_whole_by_every_field() {
    let name = "n".repeat(20_000);
    let many = |text: &str, count: usize| text.repeat(count);
    let cases = [
        ("kv", format!("{name}=a {name}2=b user=ana")),
        ("cef", format!("CEF:0|a|b|1|2|c|3|cs1Label={name} cs1=x")),
        (
            "syslog",
            format!("<38>1 2026-11-23T09:00:00Z gate app - - [{name} {}] text", many("a=\"b\" ", 1_000)),
        ),
        ("json", format!("{{\"{name}\":{{\"b\":1{}}}}}", many(",\"a\":1", 1_000))),
        (
            "json",
            format!(
                "{{\"k\":\"{name}\",\"records\":[{}{{\"user\":\"u\"}}]}}",
                many("{\"user\":\"ana\",\"n\":123},", 900)
            ),
        ),
        (
            "json",
            format!(
                "{{\"{name}\":\"a\",\"records\":[{}{{\"user\":\"u\"}}]}}",
                many("{\"user\":\"ana\",\"n\":123},", 900)
            ),
        ),
        ("csv", format!("{name},user\n{}", many("a,b\n", 200))),
        ("iis", format!("#Fields: {name} cs-username\n{}", many("a b\n", 200))),
        ("windows-security", format!("<Event><{name}>{}</{name}></Event>", many("<b>1</b>", 1_000))),
        ("auditd", format!("type=USER_LOGIN msg=audit(1.1:1): {name}=a {}", many("b=c ", 1_000))),
    ];
    let grammar = by_name("grammar").unwrap();
    let inputs: Vec<Vec<u8>> =
        cases.iter().map(|(format, text)| format!("{format}\n{text}").into_bytes()).collect();
    let failed = run(grammar, &inputs);
    let told: Vec<&str> = failed.iter().map(|text| text.get(..80).unwrap_or(text)).collect();
    assert!(told.is_empty(), "{} of {}:\n{}", told.len(), cases.len(), told.join("\n"));
}

#[test]
fn an_input_is_kept_as_it_was() {
    let all: Vec<u8> = (0..=255).chain("é\u{85}\u{2028}\\x\n".bytes()).collect();
    let inputs: Vec<Vec<u8>> = [&b""[..], &b"\\"[..], &b"\xff\n\xfe"[..], &all].map(<[u8]>::to_vec).into();
    let folder = tempfile::tempdir().unwrap();
    corpus::save(folder.path(), "t", inputs.clone()).unwrap();
    assert_eq!(corpus::load(folder.path(), "t").unwrap(), inputs);
    let text = std::fs::read_to_string(corpus::path(folder.path(), "t")).unwrap();
    assert_eq!(text.lines().count(), inputs.len(), "one a line: {text}");
    assert_eq!(corpus::unescape("\\q"), None);
}
