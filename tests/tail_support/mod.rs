//! A tail over real files, with a ledger that is as strict as the real one and a clock that stands still.
#![allow(dead_code, missing_docs, reason = "each test file uses its part of the rig")]

use gatewatch::limits::{BATCH_BYTES_MAX, BATCH_LINES_MAX, LINE_BYTES_MAX};
use gatewatch::ports::{Batch, LogSource};
use gatewatch::schema::{Gap, GapReason, Generation, Position, RawLine, Reading, Span, Timestamp};
use gatewatch::tail::{Params, SourceParams, Tail};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

pub struct Rig {
    pub dir: TempDir,
    pub params: Params,
    pub tail: Tail,
    pub generations: BTreeMap<u64, Generation>,
    pub positions: BTreeMap<u64, Position>,
    pub lines: BTreeMap<(u64, u64), RawLine>,
    /// In storing order.
    pub told: Vec<RawLine>,
    pub gaps: Vec<Gap>,
    pub boottime: Span,
    /// Lets the file system's clock tick after each commit, whose births of files tell a new file from an old
    /// one: histories that take microseconds are too fast for it.
    pub ticks: bool,
}

impl Rig {
    /// One source per list of patterns, relative to the rig's directory.
    pub fn new(sources: &[&[&str]]) -> Rig {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("log")).unwrap();
        let source = |(index, globs): (usize, &&[&str])| SourceParams {
            name: format!("source{index}").into(),
            globs: globs.iter().map(|glob| dir.path().join("log").join(glob).display().to_string()).collect(),
        };
        let params = Params { sources: sources.iter().enumerate().map(source).collect(), never: vec![] };
        let tail = Tail::new(params.clone(), vec![], 1);
        let (generations, positions, lines) = Default::default();
        Rig {
            dir,
            params,
            tail,
            generations,
            positions,
            lines,
            told: vec![],
            gaps: vec![],
            boottime: Span::seconds(100),
            ticks: false,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("log").join(name)
    }

    /// The file system's own time, so that births of files compare with the time of reading.
    pub fn now(&self) -> Reading {
        let stamp = self.dir.path().join("stamp");
        fs::write(&stamp, "x").unwrap();
        let born = File::open(&stamp).unwrap().metadata().unwrap().modified().unwrap();
        let micros = born.duration_since(UNIX_EPOCH).unwrap().as_micros();
        Reading { utc: Timestamp(micros as i64), boottime: self.boottime, boot_id: "boot".into() }
    }

    /// Polls once, without committing.
    pub fn poll(&mut self) -> Batch {
        let now = self.now();
        self.tail.poll(&now)
    }

    pub fn commit(&mut self, batch: Batch) {
        if self.ticks {
            #[expect(clippy::disallowed_methods, reason = "the kernel's clock cannot be moved")]
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(batch.lines.len() <= BATCH_LINES_MAX);
        assert!(batch.lines.iter().map(|l| l.bytes.len()).sum::<usize>() <= BATCH_BYTES_MAX + LINE_BYTES_MAX);
        for generation in batch.generations {
            self.generations.insert(generation.id, generation);
        }
        for line in batch.lines {
            assert!(self.generations.contains_key(&line.generation), "a line without generation: {line:?}");
            assert!(!line.bytes.contains(&0) && line.bytes.len() <= LINE_BYTES_MAX);
            let old = self.lines.insert((line.generation, line.offset), line.clone());
            assert_eq!(old, None, "UNIQUE(generation, offset)");
            self.told.push(line);
        }
        for position in batch.positions {
            let generation =
                self.generations.get(&position.generation).expect("a position without generation");
            assert!(generation.head_length <= position.offset, "{generation:?} {position:?}");
            assert!(position.markers.len() <= gatewatch::limits::MARKERS_MAX);
            let before = self.positions.insert(position.generation, position.clone());
            assert!(
                before.is_none_or(|before| before.offset < position.offset && before.lines <= position.lines)
            );
        }
        for gap in batch.gaps {
            assert!(self.generations.contains_key(&gap.generation), "a gap without generation: {gap:?}");
            assert!(!self.gaps.contains(&gap));
            self.gaps.push(gap);
        }
    }

    /// Looks, and reads until there is nothing more.
    pub fn drain(&mut self) {
        self.boottime = Span(self.boottime.0 + Span::seconds(1).0);
        for _ in 0..10_000 {
            let batch = self.poll();
            let more = batch.more;
            self.commit(batch);
            if !more {
                return;
            }
        }
        panic!("the tail does not come to rest");
    }

    /// Time passes, with a look at its end.
    pub fn wait(&mut self, seconds: i64) {
        self.drain();
        self.boottime = Span(self.boottime.0 + Span::seconds(seconds).0);
        self.drain();
    }

    /// The daemon stops (or is killed) and comes back with what is committed.
    pub fn restart(&mut self) {
        let known =
            self.generations.values().map(|g| (g.clone(), self.positions.get(&g.id).cloned())).collect();
        let next = self.generations.keys().last().map_or(1, |id| id + 1);
        self.tail = Tail::new(self.params.clone(), known, next);
        self.boottime = Span::seconds(50);
    }

    /// The lines as text, in storing order.
    pub fn texts(&self) -> Vec<String> {
        self.told.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect()
    }

    pub fn reasons(&self) -> Vec<GapReason> {
        self.gaps.iter().map(|gap| gap.reason).collect()
    }

    pub fn trouble(&self) -> Vec<(String, String)> {
        let name = |path: &str| Path::new(path).file_name().unwrap().to_string_lossy().into_owned();
        self.tail.trouble().iter().map(|r| (name(&r.path), r.why.to_string())).collect()
    }

    pub fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        append(&self.path(name), bytes);
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    pub fn truncate(&self, name: &str, size: u64) {
        OpenOptions::new().write(true).open(self.path(name)).unwrap().set_len(size).unwrap();
    }

    pub fn gzip(&self, from: &str, to: &str) {
        let bytes = fs::read(self.path(from)).unwrap();
        fs::write(self.path(to), packed(&bytes)).unwrap();
        self.remove(from);
    }

    pub fn inode(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).unwrap().ino()
    }
}

pub fn append(path: &Path, bytes: impl AsRef<[u8]>) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes.as_ref()).unwrap();
}

pub fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `n` lines that say their number.
pub fn numbered(from: usize, to: usize) -> String {
    (from..to).map(|n| format!("line {n} of this test, long enough to be like one\n")).collect()
}

pub fn numbers(from: usize, to: usize) -> Vec<String> {
    numbered(from, to).lines().map(str::to_owned).collect()
}
