//! The files of a replay as one source, and the ledger that remembers where their events stand.

use crate::cli::args::ReplayArgs;
use crate::cli::files::LineReader;
use crate::cli::{Failure, parse};
use crate::config::params::{self, Setup};
use crate::ledger::Store;
use crate::limits;
use crate::normalize::{GrammarSet, Normalize, SourceParams};
use crate::ports::{Batch, Courier, Ledger, LedgerError, LogSource};
use crate::schema::{
    Changes, Event, Evidence, Generation, Letter, Position, RawLine, Reading, Receipt, Refusal, Timestamp,
};
use crate::shell::parts;
use crate::tail;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// One file of the history with its settings.
pub struct HistoryFile {
    path: PathBuf,
    /// How its lines are read.
    pub params: SourceParams,
    reader: LineReader,
}

/// `FORMAT=FILE`, or the name of a configured source in place of the format.
///
/// # Errors
/// A [`Failure`]: not of that form, an unknown format (2), a file that cannot be read (4).
pub fn files(setup: &Setup, args: &ReplayArgs, now: Timestamp) -> Result<Vec<HistoryFile>, Failure> {
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
pub struct Merged {
    files: Vec<HistoryFile>,
    /// Next line of each file with the time that it counts at.
    next: Vec<Option<(Timestamp, RawLine)>>,
    /// Looks at lines ahead of the pipeline to learn their time; used only with several files.
    peek: Option<Normalize>,
    seen: Vec<Event>,
    /// What a file could not be read for.
    pub failed: Option<Failure>,
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
    /// Bytes read so far and bytes in all, as they lie on the disk; `None` where that is not known.
    pub fn progress(&self) -> Option<(u64, u64)> {
        self.files.iter().try_fold((0, 0), |(done, total), file| {
            file.reader.progress().map(|(of_it, all)| (done + of_it, total + all))
        })
    }

    /// Over opened files.
    ///
    /// # Errors
    /// A [`Failure`] of a file.
    pub fn new(
        files: Vec<HistoryFile>,
        grammars: Arc<GrammarSet>,
        now: Timestamp,
    ) -> Result<Merged, Failure> {
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
pub struct History {
    /// Where it is kept, if it is.
    pub store: Option<Store>,
    sources: Vec<Arc<str>>,
    /// (source, line) of event 1, 2, 3 ...; (0, 0) where there is none.
    places: Vec<(u32, u32)>,
}

impl History {
    /// One that is kept in a store, too.
    pub fn kept(store: Option<Store>) -> History {
        History { store, ..History::default() }
    }

    /// Source and line of an event.
    pub fn place(&self, event: u64) -> Option<Value> {
        let place = self.places.get(usize::try_from(event).ok()?.checked_sub(1)?);
        let (source, line) = place.filter(|(_, line)| *line > 0)?;
        Some(json!({"source": self.sources.get(*source as usize)?, "line": line}))
    }
}

impl History {
    /// Remembers where a stored event stands: its number may be any beyond the last one's.
    pub fn learn_stored(&mut self, event: &Event) {
        let before = usize::try_from(event.id.saturating_sub(1)).unwrap_or(usize::MAX);
        self.places.resize(before.min(self.places.len() + limits::BATCH_LINES_MAX), (0, 0));
        self.learn(event);
    }

    /// Remembers where an event stands.
    fn learn(&mut self, event: &Event) {
        let known = self.sources.iter().rposition(|source| *source == event.source);
        let source = known.unwrap_or_else(|| {
            self.sources.push(event.source.clone());
            self.sources.len() - 1
        });
        self.places.push((source as u32, u32::try_from(event.line).unwrap_or(u32::MAX)));
    }
}

impl Ledger for History {
    fn commit(&mut self, changes: &Changes) -> Result<(), LedgerError> {
        changes.events.iter().for_each(|event| self.learn(event));
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
pub struct NoCourier;

impl Courier for NoCourier {
    fn free(&self) -> usize {
        0
    }
    fn send(&mut self, _letter: Letter) {}
    fn receipts(&mut self) -> Vec<Receipt> {
        Vec::new()
    }
}
