//! SIGHUP: the whole new setup or none of it, and the word for it in the journal.
//!
//! Whatever is wrong (configuration, a grammar, a rule) leaves everything as it is, and the reason goes to the journal,
//! the log, `status` and whoever asked. A good setup takes over between two commits: the rooms' memory is made anew from
//! the store, which holds all of it, so that a rule that did not change goes on counting where it stood and one that
//! did begins with nothing. Files, letters under way and the budgets of recipients stay as they are.

use super::parts::{self, Running};
use super::wake::Bell;
use super::{Options, ServiceError};
use crate::config::file::Config;
use crate::config::params::Setup;
use crate::detect::RuleSet;
use crate::limits::RULES_TOLD_MAX;
use crate::schema::{Changes, JournalEntry, Printable, Reading, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Characters of a refusal's reason in the journal and in `status`.
const REASON_CHARS: usize = 2_000;

/// The version of each rule that was in force, by id.
pub type Versions = BTreeMap<Arc<str>, Arc<str>>;

/// What became other rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Id and version.
    pub added: Vec<(Arc<str>, Arc<str>)>,
    /// Id and version.
    pub removed: Vec<(Arc<str>, Arc<str>)>,
    /// Id, old and new version.
    pub changed: Vec<(Arc<str>, Arc<str>, Arc<str>)>,
}

/// The versions of a rule set.
pub fn versions(rules: &RuleSet) -> Versions {
    rules.rules().iter().map(|rule| (rule.meta.id.clone(), rule.meta.version.clone())).collect()
}

impl Difference {
    /// From one rule set to another.
    pub fn between(before: &Versions, now: &Versions) -> Difference {
        let mut difference = Difference::default();
        for (id, version) in now {
            match before.get(id) {
                None => difference.added.push((id.clone(), version.clone())),
                Some(old) if old != version => {
                    difference.changed.push((id.clone(), old.clone(), version.clone()));
                }
                Some(_) => {}
            }
        }
        let gone = before.iter().filter(|(id, _)| !now.contains_key(*id));
        difference.removed = gone.map(|(id, version)| (id.clone(), version.clone())).collect();
        difference
    }

    /// In one sentence: `2 rules added (a, b), 1 changed (c)`; `no rule changed`.
    pub fn in_words(&self) -> String {
        let added = self.added.iter().map(|(id, _)| id).collect();
        let removed = self.removed.iter().map(|(id, _)| id).collect();
        let changed = self.changed.iter().map(|(id, _, _)| id).collect();
        let parts = [part("added", added), part("removed", removed), part("changed", changed)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "no rule changed".to_owned() } else { format!("rules {}", parts.join("; ")) }
    }

    /// One journal entry for each rule, so that the history of a rule is found under its id.
    fn entries(&self, at: Timestamp) -> Vec<JournalEntry> {
        let entry = |id: &Arc<str>, detail: String| JournalEntry {
            kind: "rule",
            subject: id.clone(),
            ..word(at, detail)
        };
        let added = self.added.iter().map(|(id, version)| entry(id, format!("added, version {version}")));
        let removed =
            self.removed.iter().map(|(id, version)| entry(id, format!("removed, was version {version}")));
        let changed = self.changed.iter().map(|(id, old, new)| {
            entry(id, format!("changed from version {old} to {new}; its window begins anew"))
        });
        added.chain(removed).chain(changed).take(RULES_TOLD_MAX).collect()
    }
}

fn part(what: &str, ids: Vec<&Arc<str>>) -> Option<String> {
    const NAMED: usize = 8;
    let named: Vec<String> = ids.iter().take(NAMED).map(|id| Printable(id).cut(80)).collect();
    let more = match ids.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!ids.is_empty()).then(|| format!("{what} {}: {}{more}", ids.len(), named.join(", ")))
}

fn word(at: Timestamp, detail: String) -> JournalEntry {
    let us: Arc<str> = Arc::from("gatewatch");
    JournalEntry { at, kind: "reload", actor: us.clone(), subject: us, detail: detail.into() }
}

/// The record of a start or a reload: the rules in force, and what is other than before. `before` is empty at the
/// first start of a store, where every rule is new and none is told.
pub fn record(kind: &'static str, setup: &Setup, before: &Versions, now: &Reading) -> (Changes, String) {
    let difference = Difference::between(before, &versions(&setup.rules));
    let words = match before.is_empty() {
        true => "the first rules of this store".to_owned(),
        false => difference.in_words(),
    };
    let (loaded, idle) = (setup.rules.loaded(), setup.rules.idle());
    let said = format!("{loaded} rules in force, {idle} of them idle; {words}");
    let entry = JournalEntry {
        kind,
        subject: Arc::from(setup.config.store.directory.display().to_string().as_str()),
        ..word(now.utc, format!("version {}; {said}", env!("CARGO_PKG_VERSION")))
    };
    let mut journal = vec![entry];
    if !before.is_empty() {
        journal.extend(difference.entries(now.utc));
    }
    (Changes { journal, rules: setup.rules.rows(now.utc), ..Changes::default() }, said)
}

/// The record of a reload that was refused, and its reason.
pub fn refusal(error: &ServiceError, now: &Reading) -> (Changes, String) {
    let why = match error {
        ServiceError::Config(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            lines.join("\n")
        }
        other => other.to_string(),
    };
    let why: String = why.chars().take(REASON_CHARS).collect();
    let detail = format!("refused, everything stays as it was: {}", Printable(&why));
    let entry = JournalEntry { kind: "reload-refused", ..word(now.utc, detail) };
    (Changes { journal: vec![entry], ..Changes::default() }, why)
}

/// Reads everything anew and lets it take over.
///
/// # Errors
/// [`ServiceError`]; the daemon is as it was.
pub fn reload(
    daemon: &mut Running,
    current: &Setup,
    options: &Options,
    bell: &Bell,
    now: &Reading,
) -> Result<Setup, ServiceError> {
    let host = |why: &str| ServiceError::Host(why.to_owned());
    if daemon.is_stalled() {
        return Err(host("the store does not take changes at the moment; reload again when it does"));
    }
    let next = parts::read(options, now)?;
    if next.config.store.directory != current.config.store.directory {
        return Err(host("store.directory cannot change while the daemon runs; restart it"));
    }
    let same_relays = !courier_changed(&current.config, &next.config);
    let post = if same_relays { None } else { Some(parts::post(&next.config, options, bell)?) };
    let key = parts::tag_key(&next.config)?;
    let store = daemon.ledger.store().ok_or_else(|| host("the store is busy; reload again"))?;
    let loaded = store.load()?;
    let (mut pipeline, tail) = parts::rooms(&next, loaded, key);
    pipeline.take_over(&daemon.pipeline, same_relays);
    daemon.pipeline = pipeline;
    // A tail that follows the same files keeps them open: what was deleted meanwhile is still read to its end.
    if files_changed(&current.config, &next.config) {
        daemon.source = tail;
    }
    if let Some(post) = post {
        daemon.courier.replace(post);
    }
    Ok(next)
}

fn courier_changed(a: &Config, b: &Config) -> bool {
    let way = |config: &Config| (config.mail.clone(), config.webhooks.clone());
    let ((a, a_hooks), (b, b_hooks)) = (way(a), way(b));
    (a.from, a.domain, a.relays, a_hooks) != (b.from, b.domain, b.relays, b_hooks)
}

/// Whether other files are followed, or read in another encoding.
pub fn files_changed(a: &Config, b: &Config) -> bool {
    let encodings = |config: &Config| config.sources.iter().map(|source| source.encoding).collect::<Vec<_>>();
    parts::tail_params(a) != parts::tail_params(b) || encodings(a) != encodings(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rules: &[(&str, &str)]) -> Versions {
        rules.iter().map(|(id, version)| (Arc::from(*id), Arc::from(*version))).collect()
    }

    #[test]
    fn a_difference_names_what_is_new_gone_and_other() {
        let before = set(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let now = set(&[("a", "1"), ("b", "2"), ("d\u{1b}", "1")]);
        let difference = Difference::between(&before, &now);
        assert_eq!(difference.in_words(), "rules added 1: d\\x1b; removed 1: c; changed 1: b");
        let entries = difference.entries(Timestamp(0));
        let told: Vec<(&str, &str)> = entries.iter().map(|e| (&*e.subject, &*e.detail)).collect();
        assert_eq!(told[1], ("c", "removed, was version 1"));
        assert_eq!(told[2].1, "changed from version 1 to 2; its window begins anew");
        assert_eq!(Difference::between(&now, &now).in_words(), "no rule changed");
        let many: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|id| (id.as_str(), "1")).collect();
        let flood = Difference::between(&set(&[("x", "1")]), &set(&many));
        assert_eq!(flood.entries(Timestamp(0)).len(), RULES_TOLD_MAX);
        assert!(flood.in_words().contains("added 500: ") && flood.in_words().contains(" and 492 more"));
    }
}
