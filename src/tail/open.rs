//! Opening a file that a hostile machine may swap under us: regular files only, without blocking, without
//! following a link, and not out of the directory that the glob allows.

use super::scan::{Key, Stat};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use std::fs::File;
use std::io;
use std::path::Path;

/// Opens `real`, whose links were resolved, beneath `root`.
///
/// # Errors
/// What the file system says; `Unsupported` for anything but a regular file.
pub fn open_regular(root: &Path, real: &Path) -> io::Result<(File, Stat)> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    let beneath = real.strip_prefix(root).map_err(|_| io::Error::from(io::ErrorKind::PermissionDenied))?;
    let directory =
        rustix::fs::openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let opened = match rustix::fs::openat2(&directory, beneath, flags, Mode::empty(), resolve) {
        // Kernels before 5.6 and some sandboxes do not have it; the last component is still not followed.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
            rustix::fs::openat(&directory, beneath, flags, Mode::empty())
        }
        other => other,
    };
    let file = File::from(opened?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "not a regular file"));
    }
    Ok((file, Stat::of(&metadata)))
}

/// Opens it and makes sure that it is the file that the scan saw. `None`: another file has the name now.
///
/// # Errors
/// As [`open_regular`].
pub fn open_same(root: &Path, real: &Path, key: Key) -> io::Result<Option<(File, Stat)>> {
    let (file, stat) = open_regular(root, real)?;
    Ok((stat.key == key).then_some((file, stat)))
}
