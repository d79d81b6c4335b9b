//! Keeps the tree as ARCHITECTURE.md says it is: who may import whom, how long things get, nothing
//! forgotten. Each complaint names file and line, and what to do.

#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/states.rs"]
mod states;

use source::{code, functions, imports, line_of, without_tests, words};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file of code.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function.
const FUNCTION_LINES_MAX: usize = 70;

const WORDS: &[&str] = &["schema", "limits"];
const PURE: &[&str] = &["normalize", "detect", "identity", "triage", "escalate"];
const EDGES: &[&str] = &["tail", "ledger", "courier", "desk", "console", "host"];

/// What a module may import; `None` = it is none of the house's.
fn allowed(module: &str) -> Option<Vec<&'static str>> {
    let mut names: Vec<&'static str> = match module {
        "schema" => return Some(Vec::new()),
        "limits" => return Some(vec!["schema"]),
        _ => WORDS.to_vec(),
    };
    match module {
        "ports" => {}
        room if PURE.contains(&room) => {}
        edge if EDGES.contains(&edge) => names.push("ports"),
        "pipeline" => names.extend(PURE),
        "config" => names.extend(PURE.iter().chain(EDGES).chain(&["pipeline"])),
        "daemon" => names.extend(PURE.iter().chain(&["ports", "pipeline"])),
        "shell" => names.extend(PURE.iter().chain(EDGES).chain(&["ports", "pipeline", "config", "daemon"])),
        "cli" => {
            names.extend(PURE.iter().chain(EDGES).chain(&["ports", "pipeline", "config", "daemon", "shell"]))
        }
        _ => return None,
    }
    Some(names)
}

/// Crates that drive one thing, and the modules that drive it.
const DRIVERS: &[(&str, &[&str])] = &[
    ("rusqlite", &["ledger"]),
    ("lettre", &["courier"]),
    ("mail_parser", &["desk"]),
    ("notify", &["tail", "shell"]),
    ("toml", &["config"]),
    ("toml_edit", &["config"]),
    ("yaml_serde", &["config"]),
    ("clap", &["cli"]),
    ("tokio", &["console", "courier", "desk", "host", "shell", "cli"]),
];

/// What pure code must not touch.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "std::time",
    "std::io::stdin",
    "TcpStream",
    "UnixStream",
    "rustix",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the tree with one of the endings, in order, with their text.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        if endings.iter().any(|ending| name.ends_with(ending))
            && let Ok(text) = fs::read_to_string(&path)
        {
            files.push((name, text));
        }
    }
    files
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, paths) } else { paths.push(path) }
    }
}

/// Fails with all complaints.
fn settle(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Files of tests beside the code: they may look at anything.
fn is_test(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/") || name.ends_with("_tests.rs")
}

/// The module that a file of `src` belongs to, and how deep its own module lies.
fn module_of(name: &str) -> (String, usize) {
    let path = name.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    (path.split('/').next().unwrap_or_default().to_owned(), path.split('/').count())
}

fn judge_layers(name: &str, text: &str) -> Vec<String> {
    let (module, depth) = module_of(name);
    if ["lib", "main"].contains(&module.as_str()) || is_test(name) {
        return Vec::new();
    }
    let code = without_tests(&code(text));
    let Some(allowed) = allowed(&module) else {
        return vec![format!(
            "{name}:1: the module {module} has no layer; give it one in tests/tidy.rs and ARCHITECTURE.md"
        )];
    };
    let mut complaints = Vec::new();
    for (import, at) in imports(&code, depth) {
        let line = line_of(&code, at);
        if import != module && !allowed.contains(&import.as_str()) {
            complaints.push(format!(
                "{name}:{line}: {module} imports {import}; it may import {}: move what both need down, or hand it in",
                if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") }
            ));
        }
    }
    for (driver, owners) in DRIVERS.iter().filter(|(_, owners)| !owners.contains(&module.as_str())) {
        for at in words(&code, driver).filter(|at| code[at + driver.len()..].starts_with("::")) {
            let line = line_of(&code, at);
            complaints.push(format!(
                "{name}:{line}: {driver} is driven by {} alone; go through it",
                owners.join(", ")
            ));
        }
    }
    if PURE.contains(&module.as_str())
        || ["schema", "limits", "pipeline", "daemon"].contains(&module.as_str())
    {
        for thing in IMPURE {
            for at in words(&code, thing) {
                let line = line_of(&code, at);
                complaints
                    .push(format!("{name}:{line}: {thing} in pure code; take what it gives as an argument"));
            }
        }
    }
    complaints
}

#[test]
fn modules_import_only_lower_layers() {
    settle(files("src", &[".rs"]).iter().flat_map(|(name, text)| judge_layers(name, text)).collect());
}

#[test]
fn the_judge_of_layers_can_complain() {
    let judge = |name: &str, text: &str| judge_layers(name, text).len();
    assert_eq!(judge("src/detect/window.rs", "use crate::schema::Event;\nuse super::rule::Rule;"), 0);
    assert_eq!(judge("src/detect/window.rs", "use crate::{schema::Event, triage};"), 1);
    assert_eq!(judge("src/detect/window.rs", "use super::super::ledger;"), 1);
    assert_eq!(judge("src/detect/mod.rs", "use super::escalate::Params;"), 1);
    assert_eq!(judge("src/detect/mod.rs", "// use crate::triage;\nconst A: &str = \"crate::triage\";"), 0);
    assert_eq!(judge("src/detect/mod.rs", "#[cfg(test)]\nmod tests { use crate::config::rules; }"), 0);
    assert_eq!(judge("src/detect/mod.rs", "fn f() { let _ = std::fs::read(p); rusqlite::open(); }"), 2);
    assert_eq!(judge("src/gadget.rs", ""), 1);
    let told = judge_layers("src/pipeline.rs", "\nuse crate::ledger::Store;").join("");
    assert!(
        told.starts_with(
            "src/pipeline.rs:2: pipeline imports ledger; it may import schema, limits, normalize"
        ),
        "{told}"
    );
}

fn judge_sizes(name: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        complaints.push(format!(
            "{name}:{lines}: {lines} lines; split it by what it is about (at most {FILE_LINES_MAX})"
        ));
    }
    if is_test(name) || name.starts_with("tests/") {
        return complaints;
    }
    for (function, line, lines) in functions(&without_tests(&code(text))) {
        if lines > FUNCTION_LINES_MAX {
            complaints.push(format!(
                "{name}:{line}: {function} has {lines} lines; give its parts names (at most {FUNCTION_LINES_MAX})"
            ));
        }
    }
    complaints
}

#[test]
fn files_and_functions_stay_readable() {
    let all = files("src", &[".rs"]).into_iter().chain(files("tests", &[".rs"]));
    settle(all.flat_map(|(name, text)| judge_sizes(&name, &text)).collect());
}

#[test]
fn the_judge_of_sizes_can_complain() {
    let long =
        format!("fn short() {{}}\nfn long(a: [u8; 3]) -> u8 {{\n{}}}\n", "    f('{', \"}\");\n".repeat(70));
    assert_eq!(
        judge_sizes("src/a.rs", &long),
        ["src/a.rs:2: long has 72 lines; give its parts names (at most 70)"]
    );
    assert!(judge_sizes("src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{long}}}\n")).is_empty());
    assert_eq!(judge_sizes("src/a.rs", &"\n".repeat(501)).len(), 1);
}

/// Files below `src` that no `mod` line leads to.
fn dead_files(files: &[(String, String)]) -> Vec<String> {
    let texts: BTreeMap<&str, String> =
        files.iter().map(|(name, text)| (name.as_str(), code(text))).collect();
    let declares = |parent: &str, module: &str| {
        let code = texts.get(parent).map_or("", String::as_str);
        words(code, "mod").any(|at| {
            let rest = code[at + 3..].trim_start();
            rest.strip_prefix(module).is_some_and(|rest| rest.trim_start().starts_with(';'))
        })
    };
    let mut complaints = Vec::new();
    for (name, _) in files.iter().filter(|(name, _)| !["src/lib.rs", "src/main.rs"].contains(&name.as_str()))
    {
        let own = name.trim_end_matches(".rs").trim_end_matches("/mod");
        let Some((folder, module)) = own.rsplit_once('/') else { continue };
        let parents = match folder {
            "src" => vec!["src/lib.rs".to_owned(), "src/main.rs".to_owned()],
            folder => vec![format!("{folder}/mod.rs"), format!("{folder}.rs")],
        };
        if !parents.iter().any(|parent| declares(parent, module)) {
            complaints.push(format!(
                "{name}:1: nothing declares it; add `mod {module};` to {} or delete it",
                parents[0]
            ));
        }
    }
    complaints
}

#[test]
fn every_file_is_part_of_the_program() {
    settle(dead_files(&files("src", &[".rs"])));
    let made_up = [
        ("src/lib.rs", "mod a;"),
        ("src/a/mod.rs", "// mod c;\nmod b;"),
        ("src/a/b.rs", ""),
        ("src/a/c.rs", ""),
    ];
    let made_up = made_up.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(
        dead_files(&made_up),
        ["src/a/c.rs:1: nothing declares it; add `mod c;` to src/a/mod.rs or delete it"]
    );
}

/// Ids that two rules share.
fn twins(files: &[(String, String)]) -> Vec<String> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut complaints = Vec::new();
    for (name, text) in files {
        for (at, line) in text.lines().enumerate() {
            let Some(id) = line.strip_prefix("id:") else { continue };
            let place = format!("{name}:{}", at + 1);
            if let Some(first) = seen.insert(id.trim().trim_matches(['"', '\'']).to_owned(), place.clone()) {
                complaints.push(format!("{place}: the id {} is taken at {first}; ids are unique", id.trim()));
            }
        }
    }
    complaints
}

#[test]
fn rule_ids_are_unique() {
    settle(twins(&files("rules", &[".yml"])));
    let made_up = [("rules/a.yml", "title: A\nid: x\n---\nid: y\n"), ("rules/b.yml", "id: 'x'\n")];
    let made_up = made_up.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(twins(&made_up), ["rules/b.yml:1: the id 'x' is taken at rules/a.yml:2; ids are unique"]);
}

/// Marks of unfinished work, put together here so that this file holds none.
fn marks() -> Vec<String> {
    [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["unimple", "mented!"], ["to", "do!"], ["To be wri", "tten"]]
        .map(|parts| parts.concat())
        .to_vec()
}

fn unfinished(name: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for mark in marks() {
        for at in words(text, &mark) {
            let line = line_of(text, at);
            complaints
                .push(format!("{name}:{line}: {mark}: finish it, or say in the docs that it is not built"));
        }
    }
    complaints
}

#[test]
fn nothing_is_left_unfinished() {
    let folders = ["src", "tests", "config", "rules", "packaging", ".ci"];
    let all =
        folders.iter().flat_map(|folder| files(folder, &[".rs", ".toml", ".yml", ".md", ".service", "run"]));
    settle(all.flat_map(|(name, text)| unfinished(&name, &text)).collect());
    assert_eq!(unfinished("a.rs", &format!("\n// {}: later", marks()[0])).len(), 1);
    assert!(unfinished("a.rs", &format!("let un{} = 1;", marks()[0])).is_empty());
}

/// Attributes that silence a lint and do not say why.
fn silent_lints(name: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let mut complaints = Vec::new();
    for (at, _) in code.match_indices("#[").chain(code.match_indices("#![")) {
        let attribute = code[at..].split(']').next().unwrap_or_default();
        let silences = ["allow(", "expect("]
            .iter()
            .any(|word| attribute.trim_start_matches(['#', '!', '[']).starts_with(word));
        if silences && !attribute.contains("reason") {
            let line = line_of(&code, at);
            complaints.push(format!(
                "{name}:{line}: silences a lint without `reason = \"...\"`; say why, or mend the code"
            ));
        }
    }
    complaints
}

#[test]
fn lints_are_silenced_with_a_reason() {
    let all = files("src", &[".rs"]).into_iter().chain(files("tests", &[".rs"]));
    settle(all.flat_map(|(name, text)| silent_lints(&name, &text)).collect());
    assert_eq!(silent_lints("a.rs", "#[allow(dead_code)]\nfn f() {}").len(), 1);
    assert_eq!(silent_lints("a.rs", "#![expect(dead_code)]").len(), 1);
    assert!(
        silent_lints("a.rs", "#[expect(dead_code, reason = \"why\")]\nfn f() { x.expect(\"\") }").is_empty()
    );
}

#[test]
fn the_bans_are_in_force() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap_or_default();
    let (clippy, cargo) = (read("clippy.toml"), read("Cargo.toml"));
    let mut complaints = Vec::new();
    for ban in [
        "std::time::SystemTime::now",
        "std::time::Instant::now",
        "std::thread::sleep",
        "std::process::exit",
        "std::process::Command::new",
        "tokio::time::sleep",
        "std::collections::HashMap",
        "std::collections::HashSet",
    ] {
        let line = clippy.lines().find(|line| line.contains(&format!("\"{ban}\"")));
        if !line.is_some_and(|line| line.contains("reason = \"")) {
            complaints.push(format!(
                "clippy.toml:1: does not ban {ban} with a reason; pure code and the sandbox rest on it"
            ));
        }
    }
    for lint in [
        "unsafe_code = \"forbid\"",
        "missing_docs = \"deny\"",
        "unwrap_used = \"deny\"",
        "disallowed_methods = \"deny\"",
    ] {
        if !cargo.lines().any(|line| line == lint) {
            complaints.push(format!("Cargo.toml:1: [lints] lacks {lint}"));
        }
    }
    settle(complaints);
}

#[test]
fn limits_are_documented_and_kept_by_somebody() {
    let limits = fs::read_to_string(root().join("src/limits.rs")).unwrap_or_default();
    let users: String = files("src", &[".rs"])
        .iter()
        .filter(|(name, _)| name != "src/limits.rs")
        .map(|(_, text)| without_tests(&code(text)))
        .collect();
    let mut complaints = Vec::new();
    let mut above = "";
    for (at, line) in limits.lines().enumerate() {
        if let Some(name) = line.strip_prefix("pub const ").and_then(|rest| rest.split(':').next()) {
            if !above.starts_with("///") {
                complaints.push(format!("src/limits.rs:{}: {name} does not say its unit and why", at + 1));
            }
            if words(&users, name).next().is_none() {
                complaints.push(format!(
                    "src/limits.rs:{}: nothing keeps {name}; use it where it binds, or delete it",
                    at + 1
                ));
            }
        }
        above = line;
    }
    settle(complaints);
}

/// Links of a page to files that are not there.
fn broken_links(name: &str, text: &str) -> Vec<String> {
    let folder = root().join(name).parent().map(Path::to_path_buf).unwrap_or_default();
    let mut complaints = Vec::new();
    for (at, _) in text.match_indices("](") {
        let target = text[at + 2..].split([')', ' ', '\n']).next().unwrap_or_default();
        let path = target.split('#').next().unwrap_or_default();
        if !path.is_empty() && !path.contains(':') && !folder.join(path).exists() {
            complaints.push(format!("{name}:{}: links to {path}, which is not there", line_of(text, at)));
        }
    }
    complaints
}

#[test]
fn the_pages_are_there_and_their_links_lead_somewhere() {
    let mut complaints = Vec::new();
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        match fs::read_to_string(root().join(page)) {
            Ok(text) => complaints.extend(broken_links(page, &text)),
            Err(error) => complaints.push(format!("{page}:1: {error}; the house needs it")),
        }
    }
    settle(complaints);
    assert_eq!(
        broken_links("README.md", "[a](nowhere.md#b) [c](https://example.org) [d](Cargo.toml)").len(),
        1
    );
}
