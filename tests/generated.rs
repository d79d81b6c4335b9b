//! Man pages and completions are generated from the command line's definition and kept in `packaging/`, the list of
//! sources from the grammar files: they must be what the program would write today.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic; it runs the real binary"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging")
}

fn gatewatch(args: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_gatewatch")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn man_pages_are_those_of_the_command_line() {
    let fresh = tempfile::tempdir().unwrap();
    gatewatch(&["man", &fresh.path().display().to_string()]);
    let names = |folder: &Path| {
        let mut names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let kept = packaging().join("man");
    let hint = "write them again: gatewatch man packaging/man";
    assert_eq!(names(fresh.path()), names(&kept), "{hint}");
    for name in names(&kept) {
        let (now, then) = (fs::read(fresh.path().join(&name)).unwrap(), fs::read(kept.join(&name)).unwrap());
        assert!(now == then, "{}: {hint}", name.to_string_lossy());
    }
}

#[test]
fn completions_are_those_of_the_command_line() {
    for shell in ["bash", "zsh", "fish"] {
        let kept = packaging().join(format!("completions/gatewatch.{shell}"));
        let hint = format!("write it again: gatewatch completions {shell} > {}", kept.display());
        assert!(gatewatch(&["completions", shell]) == fs::read(&kept).unwrap(), "{hint}");
    }
}

#[test]
fn the_list_of_sources_is_that_of_the_grammar_files() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/grammars/SOURCES.md");
    let hint = "write it again: gatewatch formats --markdown > config/grammars/SOURCES.md";
    assert!(gatewatch(&["formats", "--markdown"]) == fs::read(&kept).unwrap(), "{hint}");
}
