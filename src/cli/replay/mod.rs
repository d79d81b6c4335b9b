//! `replay`: history through the same driver in event time. No mail; without `--store` nothing is written.

mod compare;
mod history;

use super::args::{Global, ReplayArgs};
use super::out::Out;
use super::progress::Progress;
use super::query::failure;
use super::{Done, Failure, exit, render, setup};
use crate::config::params::{self, Request, Setup};
use crate::daemon::Daemon;
use crate::ledger::read::Reader;
use crate::ledger::stored::FoundRow;
use crate::ledger::{FILE_NAME, Store};
use crate::limits;
use crate::normalize::SourceParams;
use crate::pipeline::{self, Pipeline};
use crate::schema::{Changes, Finding, Reading, Timestamp};
use crate::{detect, escalate};
use history::{History, Merged, NoCourier, files};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Prints the findings of a history, or how they differ from others.
///
/// # Errors
/// A [`Failure`]: usage (2), rules or config (3), files or store (4).
pub fn run(global: &Global, args: &ReplayArgs, out: &mut Out) -> Done {
    if args.sources.is_empty() && !args.from_store {
        return Err(Failure::usage(
            "nothing to replay: give --source FORMAT=FILE, for example --source sshd=/var/log/auth.log, or --from-store",
        ));
    }
    let now = setup::moment_or_now(args.assume_now.as_deref(), "--assume-now")?;
    let limits = (limit(args.since.as_deref(), "--since")?, limit(args.until.as_deref(), "--until")?);
    let replay = Replay { global, args, now, limits };
    match &args.compare {
        None => replay.print(out),
        Some(with) => replay.compare(with.as_deref(), out),
    }
}

fn limit(text: Option<&str>, flag: &str) -> Result<Timestamp, Failure> {
    match text {
        Some(_) => setup::moment_or_now(text, flag),
        None if flag == "--since" => Ok(Timestamp(i64::MIN)),
        None => Ok(Timestamp(i64::MAX)),
    }
}

/// What the command line asks for.
struct Replay<'a> {
    global: &'a Global,
    args: &'a ReplayArgs,
    now: Timestamp,
    /// From this event time on, and before that.
    limits: (Timestamp, Timestamp),
}

/// The first and the last event time of a history.
type Times = (Timestamp, Timestamp);

/// Hears each finding, with where its evidence stands.
type Told<'a> = &'a mut dyn FnMut(&Finding, &History, &mut Progress) -> Result<(), Failure>;

impl Replay<'_> {
    fn print(&self, out: &mut Out) -> Done {
        let setup = self.setup(&self.args.rules)?;
        let mut found = 0u64;
        self.walk("replay", &setup, self.args.store.as_deref(), &mut |finding, history, progress| {
            found += 1;
            progress.hide();
            print(out, finding, history)
        })?;
        out.flush()?;
        Ok(if found > 0 { exit::FOUND } else { exit::OK })
    }

    fn compare(&self, with: Option<&Path>, out: &mut Out) -> Done {
        let rules = with.filter(|path| !is_store(path));
        let what = if rules.is_some() { "A" } else { "replay" };
        let (a, span) = self.collect(what, &self.args.rules, self.args.store.as_deref())?;
        let (b, name) = match rules {
            Some(path) if path.exists() => {
                (self.collect("B", &[path.to_owned()], None)?.0, format!("the rules of {}", path.display()))
            }
            Some(path) => {
                return Err(Failure::usage(format!("{}: no such store, file or folder", path.display())));
            }
            None => self.stored(with, span)?,
        };
        let mine = match self.args.rules.as_slice() {
            [] => "this replay".to_owned(),
            folders => {
                let shown: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
                format!("this replay with the rules of {}", shown.join(", "))
            }
        };
        let comparison = compare::compare(a, b);
        comparison.print(out, &mine, &name)?;
        out.flush()?;
        Ok(if comparison.differs() { exit::FOUND } else { exit::OK })
    }

    /// The findings of a walk, and the span of event time that it went through.
    fn collect(
        &self,
        what: &str,
        rules: &[PathBuf],
        store: Option<&Path>,
    ) -> Result<(Vec<FoundRow>, Option<Times>), Failure> {
        let setup = self.setup(rules)?;
        let mut found = Vec::new();
        let span = self.walk(what, &setup, store, &mut |finding, _, _| {
            found.push(compare::row(finding));
            Ok(())
        })?;
        Ok((found, span))
    }

    /// What a store's daemon found in the same time. It alone sees a source fall silent.
    fn stored(&self, with: Option<&Path>, span: Option<Times>) -> Result<(Vec<FoundRow>, String), Failure> {
        let path = match with {
            Some(path) if path.is_dir() => path.join(FILE_NAME),
            Some(path) => path.to_owned(),
            None => setup::state(self.global)?.join(FILE_NAME),
        };
        let name = format!("the findings of {}", path.display());
        let Some((first, last)) = span else { return Ok((Vec::new(), name)) };
        let reader = Reader::open_file(&path).map_err(|error| failure(&error))?;
        let (since, until) =
            (self.limits.0.max(first), self.limits.1.min(Timestamp(last.0.saturating_add(1))));
        let mut found = reader.found(since, until).map_err(|error| failure(&error))?;
        found.retain(|found| found.rule != detect::SILENT_RULE);
        Ok((found, name))
    }

    fn setup(&self, rules: &[PathBuf]) -> Result<Setup, Failure> {
        let named = self.args.sources.iter().filter_map(|text| Some(text.split_once('=')?.0.to_owned()));
        let formats = if self.args.from_store { vec!["auto".to_owned()] } else { named.collect() };
        setup::read(&Request {
            rules: rules.to_vec(),
            no_builtin: self.args.no_builtin,
            formats: Some(formats),
            ..setup::request(self.global)
        })
    }

    fn walk(
        &self,
        what: &str,
        setup: &Setup,
        store: Option<&Path>,
        told: Told<'_>,
    ) -> Result<Option<Times>, Failure> {
        let mut walk = Walk { limits: self.limits, span: None, progress: Progress::begin(what), told };
        if self.args.from_store {
            self.walk_store(setup, store, &mut walk)?
        } else {
            self.walk_files(setup, store, &mut walk)?
        }
        Ok(walk.span)
    }

    fn walk_files(&self, setup: &Setup, store: Option<&Path>, walk: &mut Walk<'_>) -> Result<(), Failure> {
        let files = files(setup, self.args, self.now)?;
        let params = replay_params(setup, files.iter().map(|file| file.params.clone()).collect());
        let reading = Reading { utc: self.now, ..Reading::default() };
        let store = store.map(|path| new_store(path, &reading)).transpose()?;
        let ledger = History::kept(store);
        let source = Merged::new(files, setup.grammars.clone(), self.now)?;
        let mut daemon = Daemon::new(source, ledger, NoCourier, Pipeline::new(params).of_history());
        let mut lines = 0;
        loop {
            let turn = daemon.turn(&[], &reading);
            if let Some(error) = turn.stalled {
                return Err(Failure::runtime(error));
            }
            if let Some(error) = daemon.source.failed.take() {
                return Err(error);
            }
            lines += turn.changes.events.len() as u64;
            walk.step(&turn.changes, &daemon.ledger)?;
            walk.progress.tell(lines, daemon.source.progress());
            if !turn.more {
                break;
            }
        }
        match daemon.ledger.store.take() {
            Some(store) => store.close().map_err(Failure::runtime),
            None => Ok(()),
        }
    }

    /// Stored events were normalized when they came: they go to Detect and on.
    fn walk_store(&self, setup: &Setup, store: Option<&Path>, walk: &mut Walk<'_>) -> Result<(), Failure> {
        if store.is_some() {
            return Err(Failure::usage(
                "--store keeps the events of files: with --from-store they are in a store already",
            ));
        }
        let reader = Reader::open(&setup::state(self.global)?).map_err(|error| failure(&error))?;
        let total = reader.stored_count().map_err(|error| failure(&error))?;
        let mut pipeline = Pipeline::new(replay_params(setup, Vec::new())).of_history();
        let reading = Reading { utc: self.now, ..Reading::default() };
        let (mut history, mut last) = (History::default(), 0);
        loop {
            let events =
                reader.stored_events(last, limits::BATCH_LINES_MAX).map_err(|error| failure(&error))?;
            let Some(end) = events.last().map(|event| event.id) else { return Ok(()) };
            last = end;
            let mut changes = Changes::default();
            for event in events {
                history.learn_stored(&event);
                pipeline.observe(&event, &reading, &mut changes);
                changes.events.push(event);
            }
            pipeline.finish(&reading, &mut changes);
            walk.step(&changes, &history)?;
            walk.progress.tell(last, Some((last, total)));
        }
    }
}

/// A walk under way.
struct Walk<'a> {
    limits: (Timestamp, Timestamp),
    /// First and last event time so far.
    span: Option<Times>,
    progress: Progress,
    told: Told<'a>,
}

impl Walk<'_> {
    fn step(&mut self, changes: &Changes, history: &History) -> Result<(), Failure> {
        for at in changes.events.iter().map(|event| event.counted_at) {
            let (first, last) = self.span.unwrap_or((at, at));
            self.span = Some((first.min(at), last.max(at)));
        }
        let wanted = |finding: &&Finding| finding.time >= self.limits.0 && finding.time < self.limits.1;
        changes
            .findings
            .iter()
            .filter(wanted)
            .try_for_each(|finding| (self.told)(finding, history, &mut self.progress))
    }
}

/// A file that begins as SQLite's do, or a state directory.
fn is_store(path: &Path) -> bool {
    use std::io::Read;
    let begins = || {
        let mut head = [0; 15];
        std::fs::File::open(path).ok()?.read_exact(&mut head).ok()?;
        Some(&head == b"SQLite format 3")
    };
    path.join(FILE_NAME).is_file() || begins() == Some(true)
}

/// The rooms over a history; nobody is told, so there are no people and no policies.
fn replay_params(setup: &Setup, sources: Vec<SourceParams>) -> pipeline::Params {
    let live = params::pipeline_params(setup);
    pipeline::Params {
        sources,
        detect: detect::Params { sources: Vec::new(), ..live.detect.clone() },
        escalate: escalate::Params::default(),
        ..live
    }
}

fn new_store(path: &Path, now: &Reading) -> Result<Store, Failure> {
    Store::open_file(path, now).map_err(|error| Failure::new(error.exit_code(), error.to_string()))
}

fn print(out: &mut Out, finding: &Finding, history: &History) -> Result<(), Failure> {
    let mut row = render::finding(finding);
    let evidence: Vec<Value> = finding.evidence.iter().filter_map(|id| history.place(*id)).collect();
    row.insert("evidence".into(), Value::Array(evidence));
    out.object(&Value::Object(row))
}
