//! `replay`: history through the same driver in event time. No mail; without `--store` nothing is written.

use super::args::{Global, ReplayArgs};
use super::files::LineReader;
use super::out::Out;
use super::{Done, Failure, exit, parse, render, setup};
use crate::config::params::{self, Request, Setup};
use crate::daemon::Daemon;
use crate::ledger::Store;
use crate::limits;
use crate::normalize::{GrammarSet, Normalize, SourceParams};
use crate::pipeline::{self, Pipeline};
use crate::ports::{Batch, Courier, Ledger, LedgerError, LogSource};
use crate::schema::{
    Changes, Event, Evidence, Finding, Generation, Letter, Position, RawLine, Reading, Receipt, Refusal,
    Timestamp,
};
use crate::shell::parts;
use crate::{detect, escalate, tail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Prints the findings of a history.
///
/// # Errors
/// A [`Failure`]: usage (2), rules or config (3), files or store (4).
pub fn run(global: &Global, args: &ReplayArgs, out: &mut Out) -> Done {
    if args.sources.is_empty() {
        return Err(Failure::usage(
            "nothing to replay: give --source FORMAT=FILE, for example --source sshd=/var/log/auth.log",
        ));
    }
    let now = setup::moment_or_now(args.assume_now.as_deref(), "--assume-now")?;
    let (since, until) = (limit(args.since.as_deref(), "--since")?, limit(args.until.as_deref(), "--until")?);
    let setup = configuration(global, args)?;
    let files = files(&setup, args, now)?;
    let params = replay_params(&setup, &files);
    let reading = Reading { utc: now, ..Reading::default() };
    let ledger = match &args.store {
        None => History::default(),
        Some(path) => History { store: Some(new_store(path, &reading)?), ..History::default() },
    };
    let source = Merged::new(files, setup.grammars.clone(), now)?;
    let mut daemon = Daemon::new(source, ledger, NoCourier, Pipeline::new(params).of_history());
    let mut found = 0u64;
    loop {
        let turn = daemon.turn(&[], &reading);
        if let Some(error) = turn.stalled {
            return Err(Failure::runtime(error));
        }
        if let Some(error) = daemon.source.failed.take() {
            return Err(error);
        }
        for finding in turn.changes.findings.iter().filter(|f| f.time >= since && f.time < until) {
            found += 1;
            print(out, finding, &daemon.ledger)?;
        }
        if !turn.more {
            break;
        }
    }
    if let Some(store) = daemon.ledger.store.take() {
        store.close().map_err(Failure::runtime)?;
    }
    out.flush()?;
    Ok(if found > 0 { exit::FOUND } else { exit::OK })
}

fn limit(text: Option<&str>, flag: &str) -> Result<Timestamp, Failure> {
    match text {
        Some(_) => setup::moment_or_now(text, flag),
        None if flag == "--since" => Ok(Timestamp(i64::MIN)),
        None => Ok(Timestamp(i64::MAX)),
    }
}

fn configuration(global: &Global, args: &ReplayArgs) -> Result<Setup, Failure> {
    let formats = args.sources.iter().filter_map(|text| Some(text.split_once('=')?.0.to_owned())).collect();
    setup::read(&Request {
        rules: args.rules.clone(),
        no_builtin: args.no_builtin,
        formats: Some(formats),
        ..setup::request(global)
    })
}

/// The rooms over the files of the history; nobody is told, so there are no people and no policies.
fn replay_params(setup: &Setup, files: &[HistoryFile]) -> pipeline::Params {
    let live = params::pipeline_params(setup);
    pipeline::Params {
        sources: files.iter().map(|file| file.params.clone()).collect(),
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

/// One file of the history with its settings.
struct HistoryFile {
    path: PathBuf,
    params: SourceParams,
    reader: LineReader,
}

/// `FORMAT=FILE`, or the name of a configured source in place of the format.
fn files(setup: &Setup, args: &ReplayArgs, now: Timestamp) -> Result<Vec<HistoryFile>, Failure> {
    let mut files = Vec::new();
    for (index, text) in args.sources.iter().enumerate() {
        let Some((format, path)) = text.split_once('=') else {
            return Err(Failure::usage(format!(
                "--source {text}: write FORMAT=FILE, for example sshd=/var/log/auth.log"
            )));
        };
        let path = PathBuf::from(path);
        let (params, encoding) = match setup.config.sources.iter().find(|source| source.name == format) {
            Some(source) => (params::source_params(source), parts::encoding(source.encoding)),
            None => {
                let params = parse::source(&setup.grammars, format, &path, args.timezone.as_deref())?;
                (params, tail::Encoding::Bytes)
            }
        };
        let reader = parse::open(&path, &params.name, index as u64 + 1, now, encoding)?;
        files.push(HistoryFile { path, params, reader });
    }
    Ok(files)
}

/// Several files as one source, merged by event time, so that windows move as they did when it happened.
struct Merged {
    files: Vec<HistoryFile>,
    /// Next line of each file with the time that it counts at.
    next: Vec<Option<(Timestamp, RawLine)>>,
    /// Looks at lines ahead of the pipeline to learn their time; used only with several files.
    peek: Option<Normalize>,
    seen: Vec<Event>,
    failed: Option<Failure>,
    /// Identities of the files, told with the first batch, and with the last one, after which they are finished.
    generations: Vec<Generation>,
    told: bool,
}

/// A file of history as a generation: its path is all that identifies it.
fn generation(file: &HistoryFile, id: u64, now: Timestamp) -> Generation {
    Generation {
        id,
        source: file.params.name.clone(),
        path: Arc::from(file.path.display().to_string().as_str()),
        device: 0,
        inode: 0,
        head_length: 0,
        head_hash: [0; 32],
        format: file.params.format.clone(),
        finished: false,
        seen_at: now,
    }
}

impl Merged {
    fn new(files: Vec<HistoryFile>, grammars: Arc<GrammarSet>, now: Timestamp) -> Result<Merged, Failure> {
        let peek = (files.len() > 1)
            .then(|| Normalize::new(grammars, files.iter().map(|file| file.params.clone()).collect()));
        let generations = (1..).zip(&files).map(|(id, file)| generation(file, id, now)).collect();
        let mut merged = Merged {
            next: Vec::new(),
            files,
            peek,
            seen: Vec::new(),
            failed: None,
            generations,
            told: false,
        };
        for index in 0..merged.files.len() {
            let line = merged.ahead(index)?;
            merged.next.push(line);
        }
        Ok(merged)
    }

    fn ahead(&mut self, index: usize) -> Result<Option<(Timestamp, RawLine)>, Failure> {
        let file = &mut self.files[index];
        let Some(line) = parse::next(&mut file.reader, &file.path)? else { return Ok(None) };
        let at = match &mut self.peek {
            Some(normalize) => {
                self.seen.clear();
                normalize.line(line.clone(), 0, &mut self.seen);
                // A line that is held back comes with the one before it.
                let last = self.seen.last().map(|event| event.counted_at);
                last.or(normalize.watermark(line.generation)).unwrap_or(Timestamp(i64::MIN))
            }
            None => Timestamp(0),
        };
        Ok(Some((at, line)))
    }

    /// The earliest of the next lines; of equal ones the first file's.
    fn take(&mut self) -> Option<RawLine> {
        let waiting = self.next.iter().enumerate();
        let (index, _) = waiting
            .filter_map(|(i, n)| n.as_ref().map(|(at, _)| (i, *at)))
            .min_by_key(|(i, at)| (*at, *i))?;
        let following = self.ahead(index).unwrap_or_else(|failure| {
            self.failed = Some(failure);
            None
        });
        std::mem::replace(&mut self.next[index], following).map(|(_, line)| line)
    }
}

impl LogSource for Merged {
    fn poll(&mut self, _now: &Reading) -> Batch {
        let mut batch = Batch { more: true, ..Batch::default() };
        if !std::mem::replace(&mut self.told, true) {
            batch.generations.clone_from(&self.generations);
        }
        while batch.lines.len() < limits::BATCH_LINES_MAX {
            let Some(line) = self.take() else {
                batch.more = false;
                batch.generations = std::mem::take(&mut self.generations);
                batch.generations.iter_mut().for_each(|file| file.finished = true);
                break;
            };
            let (generation, offset, lines) = (line.generation, line.offset + line.length, line.line);
            batch.lines.push(line);
            let fresh = Position {
                generation,
                offset,
                lines,
                tail_hash: [0; 32],
                markers: Vec::new(),
                watermark: None,
            };
            match batch.positions.iter_mut().find(|position| position.generation == generation) {
                Some(position) => *position = fresh,
                None => batch.positions.push(fresh),
            }
        }
        batch
    }

    fn trouble(&self) -> Vec<Refusal> {
        Vec::new()
    }
}

/// Where a replay records: the places of the events, and perhaps a store.
#[derive(Default)]
struct History {
    store: Option<Store>,
    sources: Vec<Arc<str>>,
    /// (source, line) of event 1, 2, 3 ...
    places: Vec<(u32, u32)>,
}

impl History {
    fn place(&self, event: u64) -> Option<Value> {
        let (source, line) = self.places.get(usize::try_from(event).ok()?.checked_sub(1)?)?;
        Some(json!({"source": self.sources.get(*source as usize)?, "line": line}))
    }
}

impl Ledger for History {
    fn commit(&mut self, changes: &Changes) -> Result<(), LedgerError> {
        for event in &changes.events {
            let known = self.sources.iter().rposition(|source| *source == event.source);
            let source = known.unwrap_or_else(|| {
                self.sources.push(event.source.clone());
                self.sources.len() - 1
            });
            self.places.push((source as u32, u32::try_from(event.line).unwrap_or(u32::MAX)));
        }
        match &mut self.store {
            Some(store) => store.commit(changes),
            None => Ok(()),
        }
    }

    fn evidence(&mut self, _incident: &str) -> Result<Evidence, LedgerError> {
        Ok(Evidence::default())
    }
}

/// A replay mails nothing: there is never a free place for a letter.
struct NoCourier;

impl Courier for NoCourier {
    fn free(&self) -> usize {
        0
    }
    fn send(&mut self, _letter: Letter) {}
    fn receipts(&mut self) -> Vec<Receipt> {
        Vec::new()
    }
}
