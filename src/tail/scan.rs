//! One look at every glob: which files there are, which of them belong together, which are refused.

use super::glob::{Glob, Step};
use super::siblings::{Age, Packing, packing, rotated};
use super::wide::Encoding;
use crate::limits::{FILES_MAX, GLOB_DEPTH_MAX};
use crate::schema::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Device and inode.
pub type Key = (u64, u64);

/// What the file system says about a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Which file.
    pub key: Key,
    /// Bytes.
    pub size: u64,
    /// Names that it has.
    pub links: u64,
    /// Time of its last change, content or attributes, in nanoseconds.
    pub changed: i128,
}

impl Stat {
    /// From the system's answer.
    pub fn of(metadata: &Metadata) -> Stat {
        Stat {
            key: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            links: metadata.nlink(),
            changed: i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec()),
        }
    }
}

/// Files that rotate into each other: source, directory, name of the live file.
pub type Group = Arc<(usize, PathBuf, Vec<u8>)>;

/// A file that a glob names, itself or by its live file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Index of the source.
    pub source: usize,
    /// The path under which it was found.
    pub path: PathBuf,
    /// The same without links.
    pub real: PathBuf,
    /// The directory that it must be below.
    pub root: PathBuf,
    /// Its siblings.
    pub group: Group,
    /// Its age among them.
    pub age: Age,
    /// Whether it is the one that is written.
    pub live: bool,
    /// Whether it is gzip.
    pub packed: bool,
    /// What the file system says.
    pub stat: Stat,
}

/// The result of a look.
#[derive(Debug, Default)]
pub struct Scan {
    /// Each file once, by the first source that names it.
    pub found: BTreeMap<Key, Found>,
    /// What is not read, and why.
    pub refused: Vec<Refusal>,
    /// Directories that exist but cannot be listed: nothing is known about files below them.
    pub unreadable: Vec<PathBuf>,
    /// Directories that were looked into.
    pub directories: BTreeSet<PathBuf>,
}

/// One source as the scan needs it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// Its globs.
    pub globs: Vec<Glob>,
    /// How its bytes are cut.
    pub encoding: Encoding,
    /// Its paths that cannot be globs.
    pub refused: Vec<Refusal>,
}

/// Looks at all globs of all sources.
pub fn scan(sources: &[Source], never: &[PathBuf]) -> Scan {
    let mut scan = Scan::default();
    let never: Vec<PathBuf> =
        never.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect();
    for (index, source) in sources.iter().enumerate() {
        scan.refused.extend(source.refused.iter().cloned());
        let roots = source.globs.iter().filter_map(|glob| glob.fixed.canonicalize().ok()).collect();
        let mut look = Look { scan: &mut scan, index, source, roots, never: &never };
        for glob in &source.globs {
            look.descend(glob, &glob.fixed, &glob.steps, 0);
        }
    }
    scan
}

/// A name that a glob fits, itself or by the file that it was rotated from.
struct Name<'a> {
    name: &'a [u8],
    kind: std::fs::FileType,
    base: Vec<u8>,
    age: Age,
    packing: Packing,
    may_be_live: bool,
}

impl<'a> Name<'a> {
    fn of(name: &'a [u8], kind: std::fs::FileType, glob: &Glob, names: &BTreeSet<&[u8]>) -> Option<Name<'a>> {
        let (packing, stem) = packing(name);
        let fits = glob.name.fits(name);
        let sibling = rotated(stem).into_iter().find(|way| glob.name.fits(&way.base) && way.base != *name);
        let (base, age, may_be_live) = match sibling {
            Some(way) if names.contains(&*way.base) || packing != Packing::Plain || !fits => {
                (way.base, way.age, false)
            }
            Some(way) if matches!(way.age, Age::Dated(_)) => (way.base, way.age, true),
            _ if packing == Packing::Gzip && (fits || glob.name.fits(stem)) => {
                (stem.to_vec(), Age::Numbered(std::cmp::Reverse(0)), false)
            }
            _ if fits => (name.to_vec(), Age::Live, true),
            _ => return None,
        };
        Some(Name { name, kind, base, age, packing, may_be_live })
    }
}

struct Look<'a> {
    scan: &'a mut Scan,
    index: usize,
    source: &'a Source,
    /// The fixed parts of the source's globs, without links.
    roots: Vec<PathBuf>,
    never: &'a [PathBuf],
}

impl Look<'_> {
    fn descend(&mut self, glob: &Glob, directory: &Path, steps: &[Step], depth: usize) {
        let Some((step, rest)) = steps.split_first() else { return self.list(glob, directory) };
        if let Step::Literal(name) = step {
            let below = directory.join(OsStr::from_bytes(name));
            // A directory that is a link is followed where it stays below a fixed part.
            if below.canonicalize().is_ok_and(|real| self.root_of(&real).is_some()) {
                self.descend(glob, &below, rest, depth + 1);
            }
            return;
        }
        if *step == Step::AnyDepth {
            self.descend(glob, directory, rest, depth);
        }
        if depth > GLOB_DEPTH_MAX {
            return;
        }
        for (name, kind) in self.entries(directory) {
            let below = directory.join(OsStr::from_bytes(&name));
            let link = kind.is_symlink() && *step != Step::AnyDepth;
            let enters = kind.is_dir()
                || (link && below.canonicalize().is_ok_and(|real| self.root_of(&real).is_some()));
            if enters && step.fits(&name) {
                let steps = if *step == Step::AnyDepth { steps } else { rest };
                self.descend(glob, &below, steps, depth + 1);
            }
        }
    }

    fn entries(&mut self, directory: &Path) -> Vec<(Vec<u8>, std::fs::FileType)> {
        let mut entries = Vec::new();
        match std::fs::read_dir(directory) {
            Ok(list) => {
                let kinds =
                    list.flatten().filter_map(|entry| Some((entry.file_name(), entry.file_type().ok()?)));
                entries.extend(kinds.map(|(name, kind)| (name.as_bytes().to_vec(), kind)));
                self.scan.directories.insert(directory.to_path_buf());
            }
            // It may come later; the nearest directory that exists is watched for it.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                let nearest = directory.ancestors().find(|path| path.is_dir());
                self.scan.directories.extend(nearest.map(Path::to_path_buf));
            }
            Err(error) => {
                self.scan.unreadable.push(directory.to_path_buf());
                self.refuse(directory, &format!("the directory cannot be listed: {error}"));
            }
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries
    }

    fn list(&mut self, glob: &Glob, directory: &Path) {
        let entries = self.entries(directory);
        let names: BTreeSet<&[u8]> = entries.iter().map(|(name, _)| &**name).collect();
        let fitting: Vec<Name<'_>> =
            entries.iter().filter_map(|(name, kind)| Name::of(name, *kind, glob, &names)).collect();
        // Writers that date their files (`app-2026-11-24.log`) have no base: the newest is the live one.
        let mut newest: BTreeMap<&[u8], &Age> = BTreeMap::new();
        for name in fitting.iter().filter(|name| name.age != Age::Live) {
            let held = newest.entry(&name.base).or_insert(&name.age);
            *held = (*held).max(&name.age);
        }
        let Ok(real) = directory.canonicalize() else { return };
        for name in &fitting {
            let path = directory.join(OsStr::from_bytes(name.name));
            let newest =
                name.may_be_live && newest.get(&*name.base).is_none_or(|newest| **newest == name.age);
            let live = name.age == Age::Live || newest;
            if name.kind.is_dir() {
                if matches!(glob.name, Step::Literal(_)) {
                    self.refuse(&path, "it is a directory");
                }
            } else if name.packing == Packing::Unreadable {
                self.refuse(&path, "its compression is not read; only gzip is");
            } else if !name.kind.is_file() && !name.kind.is_symlink() {
                self.refuse(&path, "it is not a regular file");
            } else {
                let group = Arc::new((self.index, directory.to_path_buf(), name.base.clone()));
                let packed = name.packing == Packing::Gzip;
                self.file(
                    path,
                    (!name.kind.is_symlink()).then_some(&real),
                    (group, name.age.clone(), live, packed),
                );
            }
        }
    }

    /// `directory` is where the file really is, unless it is a link.
    fn file(&mut self, path: PathBuf, directory: Option<&PathBuf>, sort: (Group, Age, bool, bool)) {
        let (group, age, live, packed) = sort;
        let real = match (directory, path.file_name()) {
            (Some(directory), Some(name)) => directory.join(name),
            _ => match path.canonicalize() {
                Ok(real) => real,
                Err(error) => return self.refuse(&path, &format!("the link leads nowhere: {error}")),
            },
        };
        if self.never.iter().any(|never| real.starts_with(never)) {
            return self.refuse(&path, "it is gatewatch's own: reading it would feed on itself");
        }
        let Some(root) = self.root_of(&real) else {
            return self.refuse(&path, "the link leads out of the directories that this source's paths name");
        };
        let metadata = match std::fs::symlink_metadata(&real) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return, // Rotated away at this moment.
            Err(error) => return self.refuse(&path, &error.to_string()),
        };
        if !metadata.is_file() {
            return self.refuse(&path, "it is not a regular file");
        }
        let stat = Stat::of(&metadata);
        if let Some(first) = self.scan.found.get(&stat.key) {
            if first.source != self.index {
                let why = format!("it is already read as {}, by an earlier source", first.path.display());
                self.refuse(&path, &why);
            }
            return;
        }
        if self.scan.found.len() >= FILES_MAX {
            return self.refuse(&path, "more files than are followed");
        }
        let found = Found { source: self.index, path, real, root, group, age, live, packed, stat };
        self.scan.found.insert(stat.key, found);
    }

    fn root_of(&self, real: &Path) -> Option<PathBuf> {
        self.roots.iter().find(|root| real.starts_with(root)).cloned()
    }

    fn refuse(&mut self, path: &Path, why: &str) {
        if self.scan.refused.len() < FILES_MAX {
            let path = Arc::from(path.to_string_lossy());
            self.scan.refused.push(Refusal { source: Arc::clone(&self.source.name), path, why: why.into() });
        }
    }
}
