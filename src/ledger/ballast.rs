//! A file that is given up when the disk is full, so that alerts can still be committed.

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Bytes kept in reserve: room for several full commits.
const BALLAST_BYTES: u64 = 4 * 1024 * 1024;
/// The ballast takes at most this part of what is free, and is made again only when there is so much room.
const SHARE_OF_FREE: u64 = 8;

/// A smaller reserve would not hold one commit.
const USEFUL_BYTES_MIN: u64 = 256 * 1024;

/// The reserve of one store.
#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// Names the reserve; [`Ballast::restore`] makes it.
    pub(super) fn new(path: PathBuf) -> Ballast {
        Ballast { path }
    }

    /// Gives the reserve up; whether there was one.
    pub(super) fn release(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }

    /// Makes the reserve where it is missing and there is room. Best effort: a store without it works.
    pub(super) fn restore(&self) {
        let Some(folder) = self.path.parent() else { return };
        if self.path.exists() {
            return;
        }
        let bytes = BALLAST_BYTES.min(free_bytes(folder).unwrap_or(0) / SHARE_OF_FREE) / 4096 * 4096;
        if bytes < USEFUL_BYTES_MIN {
            return;
        }
        if reserve(&self.path, bytes).is_err() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn reserve(path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(path)?;
    if fallocate(&file, FallocateFlags::empty(), 0, bytes).is_ok() {
        return Ok(());
    }
    let block = [0x5au8; 4096];
    for _ in 0..bytes / 4096 {
        file.write_all(&block)?;
    }
    file.sync_data()
}

/// Bytes that an ordinary process may still write on a file system.
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    statvfs(folder).ok().map(|fs| fs.f_bavail.saturating_mul(fs.f_frsize))
}
