//! Room 1: bytes from files into bounded lines, each exactly once.
//!
//! A *generation* is one file over all its names: what rotation renames, copies and packs stays one
//! generation; what is written anew is another. The identity is device and inode **and** content: the hash
//! of the head and of the bytes before the position. Nothing here is durable: each [`Batch`] carries the
//! lines together with the identities, positions and gaps that belong to them, and the caller commits it
//! whole before the next poll, or throws the tail away and makes a new one from what is committed.
//!
//! Looking (`look`) is slow and seldom: every glob, every name. Reading is quick and often: files that are
//! open are asked for their size at every poll.

mod book;
mod cursor;
mod fingerprint;
mod follower;
mod glob;
mod gzip;
mod judge;
mod look;
mod open;
mod packed;
mod queue;
mod scan;
mod serve;
mod settle;
pub mod siblings;
mod splitter;
pub mod watch;
mod wide;

pub use splitter::{Out, Splitter};
pub use watch::{Watch, WatchError};
pub use wide::Encoding;

use crate::limits::SCAN_EVERY;
use crate::ports::{Batch, LogSource};
use crate::schema::{GapReason, Generation, Position, Reading, Refusal, Span, Timestamp};
use book::Book;
use follower::{Follower, Role};
use gzip::Phase;
use queue::Queue;
use scan::{Key, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// One source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceParams {
    /// Its name.
    pub name: Arc<str>,
    /// Where its files are: `*`, `?`, `[a-z]`, `**`, or plain paths. Rotated siblings are found by themselves.
    pub globs: Vec<String>,
}

/// What the tail follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// The sources; a file that two of them name belongs to the first.
    pub sources: Vec<SourceParams>,
    /// Own state directory and log: never read.
    pub never: Vec<PathBuf>,
}

/// One file, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// Source name.
    pub source: Arc<str>,
    /// Where it was found.
    pub path: Arc<str>,
    /// Its generation, once something of it was read.
    pub generation: Option<u64>,
    /// First byte not yet stored, in the unpacked file.
    pub offset: u64,
    /// Bytes of the file; for a packed one as far as known.
    pub size: u64,
    /// Bytes not yet stored.
    pub lag_bytes: u64,
    /// `current`, `reading`, `rotated`, `deleted`, `copy`, `waiting` (packed and not whole yet), `proving`,
    /// `empty`, `unreadable`.
    pub state: &'static str,
    /// When something was last read from it.
    pub last_read_at: Option<Timestamp>,
}

/// A generation that has lost its file.
struct Loss {
    generation: u64,
    reason: GapReason,
}

/// The followed set.
pub struct Tail {
    sources: Vec<Source>,
    never: Vec<PathBuf>,
    book: Book,
    followers: BTreeMap<Key, Follower>,
    open: BTreeSet<Key>,
    ready: Queue,
    lost: Vec<Loss>,
    refused: Vec<Refusal>,
    unreadable: Vec<PathBuf>,
    directories: BTreeSet<PathBuf>,
    last_look: Option<Span>,
    hinted: bool,
    must_look: bool,
    buffer: Vec<u8>,
}

impl Tail {
    /// A tail that goes on where the ledger's rows end.
    pub fn new(params: Params, known: Vec<(Generation, Option<Position>)>, next_generation: u64) -> Tail {
        let mut sources = Vec::new();
        for source in params.sources {
            let (mut globs, mut refused) = (Vec::new(), Vec::new());
            for text in &source.globs {
                match glob::Glob::parse(text) {
                    Some(glob) => globs.push(glob),
                    None => refused.push(Refusal {
                        source: Arc::clone(&source.name),
                        path: text.as_str().into(),
                        why: "it names no file".into(),
                    }),
                }
            }
            sources.push(Source { name: source.name, globs, encoding: Encoding::default(), refused });
        }
        Tail {
            sources,
            never: params.never,
            book: Book::new(known, next_generation),
            followers: BTreeMap::new(),
            open: BTreeSet::new(),
            ready: Queue::default(),
            lost: Vec::new(),
            refused: Vec::new(),
            unreadable: Vec::new(),
            directories: BTreeSet::new(),
            last_look: None,
            hinted: false,
            must_look: false,
            buffer: vec![0; serve::BUFFER_BYTES],
        }
    }

    /// Says what a source's bytes are; to be called before the first poll. A byte order mark says it, too.
    pub fn set_encoding(&mut self, source: &str, encoding: Encoding) {
        for source in self.sources.iter_mut().filter(|known| &*known.name == source) {
            source.encoding = encoding;
        }
    }

    /// Something happened in a watched directory: look soon, not at the next turn of the second.
    pub fn hint(&mut self) {
        self.hinted = true;
    }

    /// The directories that a watcher should watch.
    pub fn directories(&self) -> Vec<PathBuf> {
        self.directories.iter().cloned().collect()
    }

    /// Every followed file, for `status`.
    pub fn files(&self) -> Vec<FileStatus> {
        self.followers.values().filter_map(|follower| self.status(follower)).collect()
    }

    fn status(&self, follower: &Follower) -> Option<FileStatus> {
        let (generation, offset) = match follower.role {
            Role::Carrier(id) => (Some(id), self.book.get(id).map_or(0, |entry| entry.position.offset)),
            Role::New | Role::Copy(_) => (None, 0),
        };
        let size = match &follower.gzip {
            Some(Phase::Reading(_, content) | Phase::Proven(content)) => content.total,
            _ => follower.found.stat.size,
        };
        let finished =
            generation.and_then(|id| self.book.get(id)).is_some_and(|entry| entry.generation.finished);
        let state = match (follower.role, &follower.gzip) {
            _ if follower.trouble.is_some() => "unreadable",
            (Role::Copy(_), _) => "copy",
            (Role::New, Some(Phase::Waiting)) => "waiting",
            (Role::New, Some(_)) => "proving",
            (Role::New, None) => "empty",
            _ if follower.departed.is_some() => "deleted",
            _ if follower.unread() => "reading",
            _ if follower.rotated() => "rotated",
            _ => "current",
        };
        let lag_bytes = match follower.role {
            Role::Carrier(_) if !finished || follower.unread() => size.saturating_sub(offset),
            _ => 0,
        };
        Some(FileStatus {
            source: Arc::clone(&self.sources.get(follower.found.source)?.name),
            path: follower.found.path.to_string_lossy().into(),
            generation,
            offset,
            size,
            lag_bytes,
            state,
            last_read_at: follower.last_read_at,
        })
    }

    /// A look is due once a second; a hint brings it forward, but not so often that looking is all we do.
    fn look_is_due(&self, now: &Reading) -> bool {
        let Some(last) = self.last_look else { return true };
        let since = Span(now.boottime.0.saturating_sub(last.0));
        let hint_every = Span(20_000 + 10 * i64::try_from(self.followers.len()).unwrap_or(i64::MAX / 10));
        since >= SCAN_EVERY || since < Span::ZERO || self.must_look || (self.hinted && since >= hint_every)
    }
}

impl LogSource for Tail {
    fn poll(&mut self, now: &Reading) -> Batch {
        let mut batch = Batch::default();
        self.refresh(now);
        let looked = self.look_is_due(now);
        if looked {
            (self.hinted, self.must_look) = (false, false);
            self.last_look = Some(now.boottime);
            self.look(now);
        }
        self.serve(now, &mut batch);
        if looked {
            self.settle(now, &mut batch);
        }
        self.book.flush(&mut batch);
        batch.more = !self.ready.is_empty() || self.must_look;
        batch
    }

    fn trouble(&self) -> Vec<Refusal> {
        let mut trouble = self.refused.clone();
        for follower in self.followers.values() {
            let why: Option<Box<str>> = match (follower.role, &follower.trouble) {
                (_, Some(why)) => Some(why.clone()),
                (Role::Copy(id), None) => self
                    .book
                    .get(id)
                    .map(|entry| format!("it repeats {}, which is read", entry.generation.path).into()),
                _ => None,
            };
            let source = self.sources.get(follower.found.source);
            if let (Some(why), Some(source)) = (why, source) {
                let path = follower.found.path.to_string_lossy().into();
                trouble.push(Refusal { source: Arc::clone(&source.name), path, why });
            }
        }
        trouble
    }
}
