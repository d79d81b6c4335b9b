//! How the daemon is: the object of `status --json`, and the list of what is degraded since when.

use super::parts::Running;
use crate::config::file::Config;
use crate::config::params::Setup;
use crate::daemon::Turn;
use crate::ledger::{Health, SourceNote};
use crate::ports::LogSource;
use crate::schema::{AttemptResult, ClockState, IncidentStatus, NotificationState, Reading, Span, Timestamp};
use crate::tail::FileStatus;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Time between two looks at what costs more than a turn: directories, disk, silent sources.
const LOOK_EVERY: Span = Span::seconds(1);
/// So many failed tries in a row, whatever the letter, mean that the relay is down.
const RELAY_FAILURES: u32 = 3;

/// What is degraded, and the counters that say so.
#[derive(Default)]
pub struct Troubles {
    /// By name: why, and since when.
    open: BTreeMap<String, (String, Timestamp)>,
    looked: Option<Span>,
    gaps: BTreeMap<String, u64>,
    health: Health,
    relay_failures: u32,
    relay_said: String,
    /// Rules in force, rules that no source feeds, and when they were read.
    rules: (usize, usize, Timestamp),
}

impl Troubles {
    /// The counters that the store holds.
    pub fn begin(&mut self, gaps: BTreeMap<String, u64>) {
        self.gaps = gaps;
    }

    /// The rules that came into force.
    pub fn rules(&mut self, setup: &Setup, now: &Reading) {
        self.rules = (setup.rules.loaded(), setup.rules.idle(), now.utc);
    }

    /// Sets or clears one.
    pub fn set(&mut self, what: &str, why: Option<String>, now: &Reading) {
        match why {
            Some(why) => {
                let since = self.open.get(what).map_or(now.utc, |(_, since)| *since);
                self.open.insert(what.to_owned(), (why, since));
            }
            None => {
                self.open.remove(what);
            }
        }
    }

    /// Whether this one is not known yet.
    pub fn is_new(&self, what: &str) -> bool {
        !self.open.contains_key(what)
    }

    /// What a committed turn tells.
    pub fn count(&mut self, turn: &Turn) {
        for gap in &turn.changes.gaps {
            *self.gaps.entry(gap.source.to_string()).or_default() += 1;
        }
        for attempt in &turn.changes.attempts {
            match attempt.result {
                AttemptResult::Accepted | AttemptResult::Refused => self.relay_failures = 0,
                AttemptResult::Deferred | AttemptResult::Uncertain => {
                    self.relay_failures = self.relay_failures.saturating_add(1);
                    self.relay_said = format!("{}: {}", attempt.relay, attempt.reply);
                }
            }
        }
    }

    /// Whether the costlier look is due; says so once per due time.
    pub fn due_for_look(&mut self, now: &Reading) -> bool {
        let due = self.looked.is_none_or(|last| now.boottime.0 - last.0 >= LOOK_EVERY.0);
        if due {
            self.looked = Some(now.boottime);
        }
        due
    }

    /// The costlier look.
    pub fn look(&mut self, daemon: &Running, config: &Config, health: Health, now: &Reading) {
        self.health = health;
        let large = health
            .wal_large
            .then(|| format!("{} bytes wait in the write-ahead log: a reader holds it", health.wal_bytes));
        self.set("wal", large, now);
        let down = (self.relay_failures >= RELAY_FAILURES)
            .then(|| format!("{} tries in a row failed; last: {}", self.relay_failures, self.relay_said));
        self.set("relay", down, now);
        for source in config.sources.iter().filter(|source| source.required) {
            let key = format!("source {}", source.name);
            let silent = daemon.pipeline.silent_since(&source.name, now);
            self.set(&key, silent.map(|span| format!("no line for {}", span.in_words())), now);
        }
    }

    /// The names of what is degraded, each once.
    pub fn names(&self) -> std::collections::BTreeSet<&str> {
        self.open.keys().map(|what| what.split(' ').next().unwrap_or(what)).collect()
    }

    /// The store as it was last looked at.
    pub fn health(&self) -> Health {
        self.health
    }

    /// One line for `systemctl status`.
    pub fn line(&self) -> String {
        match self.open.iter().next() {
            Some((what, (why, _))) => format!("degraded: {what}: {why}"),
            None => format!("healthy, {} events", self.health.events),
        }
    }

    /// The object of `status --json`.
    pub fn status(&self, daemon: &Running, config: &Config, now: &Reading) -> Value {
        let health = self.health;
        let degraded: Vec<Value> = self
            .open
            .iter()
            .map(|(what, (why, since))| {
                let what = what.split(' ').next().unwrap_or(what);
                json!({"what": what, "why": why, "since": since.to_string()})
            })
            .collect();
        json!({
            "status": if degraded.is_empty() { "healthy" } else { "degraded" },
            "degraded": degraded,
            "sources": self.sources(daemon, config),
            "store": {"wal_bytes": health.wal_bytes, "free_bytes": health.free_bytes, "events": health.events},
            "outbox": outbox(daemon),
            "clocks": clocks(daemon, now),
            "rules": {"loaded": self.rules.0, "idle": self.rules.1, "since": self.rules.2.to_string()},
        })
    }

    /// What the store's view of the sources cannot know from events.
    pub fn source_notes(&self, daemon: &Running, config: &Config) -> Vec<SourceNote> {
        let files = daemon.source.files();
        let note = |source: &crate::config::file::Source| {
            let own = files.iter().filter(|file| *file.source == *source.name);
            let lag = own.clone().map(|file| file.lag_bytes).sum();
            SourceNote {
                name: Arc::from(source.name.as_str()),
                format: Arc::from(source.format.as_str()),
                state: Arc::from(self.state_of(&source.name, own.count() == 0)),
                lag_bytes: Some(lag),
            }
        };
        config.sources.iter().map(note).collect()
    }

    fn state_of(&self, source: &str, without_files: bool) -> &'static str {
        match (self.is_new(&format!("source {source}")), without_files) {
            (false, _) => "silent",
            (true, true) => "waiting",
            (true, false) => "following",
        }
    }

    fn sources(&self, daemon: &Running, config: &Config) -> Vec<Value> {
        let (files, refused) = (daemon.source.files(), daemon.source.trouble());
        config.sources.iter().map(|source| {
            let of_file = |file: &FileStatus| {
                let chosen = file.generation.and_then(|generation| daemon.pipeline.chosen_format(generation));
                let format = if source.format == "auto" { chosen } else { Some(source.format.as_str()) };
                json!({"path": &*file.path, "offset": file.offset, "lag_bytes": file.lag_bytes, "format": format})
            };
            let of_source: Vec<Value> =
                files.iter().filter(|file| *file.source == *source.name).map(of_file).collect();
            let of_refused: Vec<Value> = refused.iter().filter(|refusal| *refusal.source == *source.name)
                .map(|refusal| json!({"path": &*refusal.path, "why": &*refusal.why})).collect();
                let state = self.state_of(&source.name, of_source.is_empty());
            let gaps = self.gaps.get(&source.name).copied().unwrap_or(0);
            json!({"name": source.name, "state": state, "files": of_source, "refused": of_refused, "gaps": gaps})
        }).collect()
    }
}

fn outbox(daemon: &Running) -> Value {
    let count = |state: NotificationState| {
        daemon.pipeline.book().notifications().filter(|n| n.state == state).count()
    };
    json!({
        "pending": count(NotificationState::Pending),
        "sending": count(NotificationState::Sending),
        "uncertain": count(NotificationState::Uncertain),
        "refused": count(NotificationState::Refused),
    })
}

/// The running clock that ends next.
fn clocks(daemon: &Running, now: &Reading) -> Value {
    let book = daemon.pipeline.book();
    let open = book.incidents().filter(|i| matches!(i.status, IncidentStatus::New | IncidentStatus::Open));
    let running = open.flat_map(|i| book.clocks_of(&i.id)).filter(|c| c.state == ClockState::Running);
    match running.min_by_key(|clock| clock.due_at) {
        Some(clock) => json!({"next_due": clock.due_at.to_string(), "incident": &*clock.incident,
            "left_seconds": ((clock.due_at - now.utc).0 / 1_000_000)}),
        None => json!({}),
    }
}
