//! Real files and the hostile hand that writes, rotates, packs, copies, truncates and deletes them, with a
//! model of every line that each file ever held.
//!
//! The tail's order follows inode numbers, so every file of a world comes out of a pool that was made and
//! sorted by inode at the beginning: which world is seen does not depend on the file system's choices.

use super::clock::Clock;
use super::lines::{Kind, line};
use super::plan::SOURCES;
use super::rng::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use gatewatch::tail;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Files that one world may make.
const POOL: usize = 200;
/// Rotated siblings that are looked for.
const SIBLINGS: usize = 60;

/// One file from its making to its emptying.
#[derive(Default)]
pub struct Life {
    /// Serials of its lines, in order.
    pub lines: Vec<u64>,
    /// Addresses of whole attacks that stand in it.
    pub attacks: Vec<String>,
    /// Its lines may be lost: it was deleted, or emptied without a copy.
    pub forfeit: bool,
}

pub struct LogFile {
    path: PathBuf,
    pub source: &'static str,
    pub lives: Vec<Life>,
    /// The last line has no terminator yet.
    pub partial: bool,
    /// Truncations, of a file of which something was stored, that a committed turn could see.
    pub truncations: usize,
    unseen: bool,
    emptied_at: u64,
}

pub struct Disk {
    dir: TempDir,
    pool: Vec<PathBuf>,
    pub files: Vec<LogFile>,
    pub serial: u64,
    /// A packed sibling that is only half written: (its path, the rest of its bytes, the original).
    half_packed: Option<(PathBuf, Vec<u8>, PathBuf)>,
    attacks: u32,
}

impl Disk {
    pub fn new() -> Disk {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join("log")).expect("folder");
        fs::create_dir(dir.path().join("pool")).expect("folder");
        let make = |n: usize| {
            let path = dir.path().join("pool").join(n.to_string());
            fs::write(&path, "").expect("pool");
            (fs::metadata(&path).expect("pool").ino(), path)
        };
        let mut pool: Vec<(u64, PathBuf)> = (0..POOL).map(make).collect();
        pool.sort();
        let pool = pool.into_iter().rev().map(|(_, path)| path).collect();
        let file = |source: &&'static str| LogFile {
            path: dir.path().join("log").join(format!("{source}.log")),
            source,
            lives: vec![Life::default()],
            partial: false,
            truncations: 0,
            unseen: false,
            emptied_at: 0,
        };
        let files = SOURCES.iter().map(file).collect();
        Disk { dir, pool, files, serial: 1_000_000, half_packed: None, attacks: 0 }
    }

    pub fn tail_params(&self) -> tail::Params {
        let source = |name: &&str| tail::SourceParams {
            name: (*name).into(),
            globs: vec![self.dir.path().join("log").join(format!("{name}.log")).display().to_string()],
        };
        tail::Params { sources: SOURCES.iter().map(source).collect(), never: vec![] }
    }

    /// How many files may still be made.
    pub fn room(&self) -> usize {
        self.pool.len()
    }

    /// A new file with this content, all of it at once.
    fn make(&mut self, path: &Path, content: &[u8]) {
        let Some(blank) = self.pool.pop() else { return };
        fs::write(&blank, content).expect("write");
        fs::rename(&blank, path).expect("rename");
    }

    fn write(&mut self, n: usize, bytes: &[u8]) {
        let path = self.files[n].path.clone();
        if path.exists() {
            OpenOptions::new().append(true).open(path).expect("open").write_all(bytes).expect("append");
        } else {
            self.make(&path, bytes);
        }
        let file = &self.files[n];
        if file.unseen && fs::metadata(&file.path).is_ok_and(|m| m.len() == file.emptied_at) {
            // As long as before, perhaps within the same tick of the file system's clock: no reader could see it.
            self.append(n, &[Kind::Close], &Clock::new(0), &mut Rng::new(0));
        }
    }

    fn next_serial(&mut self, n: usize) -> u64 {
        self.serial += 1;
        if let Some(life) = self.files[n].lives.last_mut() {
            life.lines.push(self.serial);
        }
        self.serial
    }

    /// Lines at once; an incomplete one gets its end first.
    pub fn append(&mut self, n: usize, kinds: &[Kind], clock: &Clock, rng: &mut Rng) {
        let mut bytes = Vec::new();
        if std::mem::take(&mut self.files[n].partial) {
            bytes.extend_from_slice(b" port 22 ssh2\n");
        }
        for kind in kinds {
            let serial = self.next_serial(n);
            bytes.extend(line(kind, serial, clock, rng));
            bytes.push(b'\n');
        }
        self.write(n, &bytes);
    }

    /// Half a line.
    pub fn half(&mut self, n: usize, clock: &Clock, rng: &mut Rng) {
        if self.files[n].partial {
            return;
        }
        let serial = self.next_serial(n);
        let bytes = line(&Kind::Half, serial, clock, rng);
        self.files[n].partial = true;
        self.write(n, &bytes);
    }

    /// A guessing of passwords from an address that nobody else has: more than any rule wants; at times with
    /// a success at its end.
    pub fn attack(&mut self, n: usize, clock: &Clock, rng: &mut Rng) -> String {
        self.attacks += 1;
        let address = format!("198.18.{}.{}", self.attacks / 200, self.attacks % 200 + 1);
        let mut kinds: Vec<Kind> =
            (0..12).map(|n| Kind::Failed(format!("u{}", n % 3), address.clone())).collect();
        if rng.percent(30) {
            kinds.push(Kind::Accepted("u1".into(), address.clone()));
        }
        self.append(n, &kinds, clock, rng);
        if let Some(life) = self.files[n].lives.last_mut() {
            life.attacks.push(address.clone());
        }
        address
    }

    fn shift(&self, n: usize) {
        let name = |k: usize, end: &str| PathBuf::from(format!("{}.{k}{end}", self.files[n].path.display()));
        for k in (1..SIBLINGS).rev() {
            for end in ["", ".gz"] {
                if name(k, end).exists() {
                    fs::rename(name(k, end), name(k + 1, end)).expect("rename");
                }
            }
        }
    }

    fn sibling(&self, n: usize, k: usize) -> PathBuf {
        PathBuf::from(format!("{}.{k}", self.files[n].path.display()))
    }

    fn next_life(&mut self, n: usize, forfeit: bool) {
        let file = &mut self.files[n];
        file.partial = false;
        if let Some(life) = file.lives.last_mut() {
            life.forfeit |= forfeit;
        }
        file.lives.push(Life::default());
    }

    /// Whether something that the file holds now is stored.
    fn told_of_live(&self, n: usize, stored: &BTreeSet<u64>) -> bool {
        self.files[n].lives.last().is_some_and(|life| life.lines.iter().any(|serial| stored.contains(serial)))
    }

    pub fn rotate(&mut self, n: usize) {
        if self.files[n].path.exists() && self.half_packed.is_none() {
            self.shift(n);
            fs::rename(&self.files[n].path, self.sibling(n, 1)).expect("rename");
            self.files[n].unseen = false;
            self.next_life(n, false);
        }
    }

    pub fn copytruncate(&mut self, n: usize, stored: &BTreeSet<u64>) {
        if !self.files[n].path.exists() || self.half_packed.is_some() || self.room() == 0 {
            return;
        }
        self.shift(n);
        let content = fs::read(&self.files[n].path).expect("read");
        let copy = self.sibling(n, 1);
        self.make(&copy, &content);
        self.empty(n, stored, false);
    }

    pub fn truncate(&mut self, n: usize, stored: &BTreeSet<u64>) {
        if self.files[n].path.exists() {
            self.empty(n, stored, true);
        }
    }

    fn empty(&mut self, n: usize, stored: &BTreeSet<u64>, forfeit: bool) {
        let told = self.told_of_live(n, stored);
        let file = OpenOptions::new().write(true).open(&self.files[n].path).expect("open");
        self.files[n].emptied_at = file.metadata().expect("metadata").len();
        file.set_len(0).expect("truncate");
        self.files[n].unseen |= told;
        self.next_life(n, forfeit);
    }

    /// Other lines in the same file, as an editor or a restored copy would leave them.
    pub fn rewrite(&mut self, n: usize, clock: &Clock, rng: &mut Rng, stored: &BTreeSet<u64>) {
        if self.files[n].path.exists() {
            self.empty(n, stored, true);
            let kinds: Vec<Kind> = (0..rng.below(30) + 1).map(|_| Kind::Forged).collect();
            self.append(n, &kinds, clock, rng);
        }
    }

    pub fn delete(&mut self, n: usize) {
        if self.files[n].path.exists() {
            fs::remove_file(&self.files[n].path).expect("remove");
            self.files[n].unseen = false;
            self.next_life(n, true);
        }
    }

    /// Packs a sibling: at once, or half of it now and the rest later.
    pub fn pack(&mut self, n: usize, k: usize, slowly: bool) {
        let plain = self.sibling(n, k);
        if !plain.exists() || self.half_packed.is_some() || self.room() == 0 {
            return;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&fs::read(&plain).expect("read")).expect("pack");
        let packed = encoder.finish().expect("pack");
        let path = PathBuf::from(format!("{}.gz", plain.display()));
        let now = if slowly { packed.len() / 2 } else { packed.len() };
        self.make(&path, &packed[..now]);
        if slowly {
            self.half_packed = Some((path, packed[now..].to_vec(), plain));
        } else {
            fs::remove_file(plain).expect("remove");
        }
    }

    pub fn finish_packing(&mut self) {
        if let Some((path, rest, plain)) = self.half_packed.take() {
            OpenOptions::new().append(true).open(path).expect("open").write_all(&rest).expect("append");
            fs::remove_file(plain).expect("remove");
        }
    }

    /// A turn that read was committed: what was emptied before it can have been seen.
    pub fn looked(&mut self) {
        for file in &mut self.files {
            file.truncations += usize::from(std::mem::take(&mut file.unseen));
        }
    }

    /// Serials that must be stored, with their source: all that were never forfeited, without a line that
    /// still has no end.
    pub fn must_be_stored(&self) -> impl Iterator<Item = (u64, &'static str)> {
        self.files.iter().flat_map(|file| {
            let open = if file.partial { file.lives.last().and_then(|life| life.lines.last()) } else { None };
            let kept = file.lives.iter().filter(|life| !life.forfeit).flat_map(|life| &life.lines);
            kept.filter(move |serial| Some(*serial) != open).map(|serial| (*serial, file.source))
        })
    }

    /// Addresses of the attacks that must have been found.
    pub fn must_be_found(&self) -> impl Iterator<Item = &String> {
        self.files
            .iter()
            .flat_map(|file| &file.lives)
            .filter(|life| !life.forfeit)
            .flat_map(|life| &life.attacks)
    }
}
