//! The rules that are compared: the public rule set, and `rules.yml` of this crate for what it does not use.

use crate::root;
use anyhow::{Context, Result, ensure};
use gatewatch::config::rules;
use gatewatch::detect::RuleSet;
use gatewatch::detect::logsource::Logsource;
use gatewatch::detect::rule::Body;
use rsigma_parser::{SigmaCollection, parse_sigma_yaml};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rules of our own, for the modifiers that the public set does not use.
const OWN: &str = include_str!("../rules.yml");

/// A file of rules.
pub struct File {
    pub name: String,
    pub text: Arc<str>,
}

/// All files of the public rule set, if it is there, and the own ones.
pub fn files() -> Result<Vec<File>> {
    let folder = root().join("../shared/corpora/sigma/rules");
    let mut paths = Vec::new();
    collect(&folder, &mut paths);
    paths.sort();
    if paths.is_empty() {
        println!(
            "MISSING: no public rules at {}; only the rules of this crate are compared",
            folder.display()
        );
    }
    let mut files = vec![File { name: "rules.yml".into(), text: OWN.into() }];
    for path in paths {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        files.push(File { name: path.display().to_string(), text: text.into() });
    }
    Ok(files)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|end| end == "yml") {
            paths.push(path);
        }
    }
}

/// The filter documents of this crate, each behind a mark.
pub fn own_filters() -> String {
    OWN.split("\n---\n")
        .filter(|text| text.contains("\nfilter:"))
        .map(|text| format!("\n---\n{text}"))
        .collect()
}

/// Our rule set.
pub fn ours(files: &[File]) -> Result<RuleSet> {
    let texts: Vec<(String, Arc<str>)> =
        files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    let (specs, mut problems) = rules::read(&texts, &[]);
    let (set, more) = rules::compile_with(specs, &[], &placeholders());
    problems.extend(more);
    for problem in &problems {
        println!("{}:{}: {}", problem.file, problem.line, problem.message);
    }
    ensure!(problems.is_empty(), "gatewatch refuses {} documents", problems.len());
    Ok(set)
}

/// The placeholders of `rules.yml`. The other engine fills them in from the event's fields of these names.
pub fn placeholders() -> rules::Placeholders {
    BTreeMap::from([("oracle_user".to_owned(), vec!["ana".to_owned()])])
}

/// Their collection.
pub fn theirs(files: &[File]) -> Result<SigmaCollection> {
    let mut all = SigmaCollection::new();
    for file in files {
        let one = parse_sigma_yaml(&file.text).with_context(|| file.name.clone())?;
        ensure!(one.errors.is_empty(), "{}: {:?}", file.name, one.errors);
        all.rules.extend(one.rules);
        all.filters.extend(one.filters);
    }
    Ok(all)
}

/// The same set with every rule seeing every event: routing has its own comparison.
pub fn unrouted(set: &RuleSet) -> RuleSet {
    let any = Logsource { category: Some("application".into()), ..Logsource::default() };
    let mut rules = set.rules().to_vec();
    for rule in &mut rules {
        if let Body::Detection(detection) = &mut rule.body {
            detection.logsource = any.clone();
        }
    }
    RuleSet::new(rules, set.fields().to_vec(), BTreeMap::new())
}
