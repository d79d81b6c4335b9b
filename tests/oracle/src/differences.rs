//! The explained differences: `differences.txt`.
//!
//! A paragraph begins with `[key]`, says what the specification says, and lists what it explains in lines
//! `ENGINE WHO RULE`: the other engine, which of the two finds a match (`ours`, `theirs`), and the rule's id.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};

const TEXT: &str = include_str!("../differences.txt");

/// What was seen: engine, who finds, rule; with an example.
pub type Seen = BTreeMap<(String, &'static str, String), (usize, String)>;

/// Explanation by engine, who, rule.
pub struct Explained(BTreeMap<(String, String, String), String>);

impl Explained {
    /// Reads the file of this crate.
    pub fn read() -> Result<Explained> {
        let mut all = BTreeMap::new();
        let mut key = None;
        for (number, line) in (1..).zip(TEXT.lines()) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                key = Some(name.to_owned());
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [engine @ ("rsigma" | "sqlite"), who @ ("ours" | "theirs"), rule, ..] = words.as_slice() {
                let key = key.clone().with_context(|| format!("differences.txt:{number}: no [key] above"))?;
                all.insert(((*engine).into(), (*who).into(), (*rule).into()), key);
            }
        }
        Ok(Explained(all))
    }

    /// Prints what was seen; fails when something has no explanation, or an explanation of this engine explains nothing.
    pub fn judge(&self, engine: &str, seen: &Seen) -> Result<()> {
        let mut by_key: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let (mut used, mut unexplained) = (BTreeSet::new(), 0);
        for ((engine, who, rule), (count, example)) in seen {
            let known = (engine.clone(), (*who).to_owned(), rule.clone());
            match self.0.get(&known) {
                Some(key) => {
                    let entry = by_key.entry(key).or_default();
                    *entry = (entry.0 + 1, entry.1 + count);
                    used.insert(known);
                }
                None => {
                    unexplained += 1;
                    println!("UNEXPLAINED {engine} {who} {rule} ({count} events)\n    {example}");
                }
            }
        }
        for (key, (rules, events)) in &by_key {
            println!("explained by [{key}]: {rules} rules, {events} verdicts");
        }
        let stale: Vec<_> =
            self.0.keys().filter(|known| known.0 == engine && !used.contains(*known)).collect();
        for (engine, who, rule) in &stale {
            println!("STALE differences.txt: {engine} {who} {rule} explains nothing");
        }
        if unexplained > 0 || !stale.is_empty() {
            bail!("{unexplained} differences without explanation, {} explanations of nothing", stale.len());
        }
        Ok(())
    }
}
