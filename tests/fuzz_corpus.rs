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
