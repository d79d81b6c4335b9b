//! What new files may be read by, and how much room there is.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// New files: the owner writes, the group reads, others nothing (INTERFACE.md section 9).
const UMASK: u32 = 0o027;

/// Sets the umask of the whole process. Call it first thing, before any thread and any file.
pub fn set_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(UMASK));
}

/// Bytes that we may still write on the file system of a path.
///
/// # Errors
/// The path is not there, or its file system does not tell.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let told = rustix::fs::statvfs(path)?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Writes a file whole: whoever reads it sees the old text or the new one, also after a loss of power. Its draft
/// stands beside it under a name with a dot in front, which no pattern like `*.json` finds.
///
/// # Errors
/// The operating system's; the old file is as it was.
pub fn write_whole(folder: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!(".{name}.new"));
    let written =
        OpenOptions::new().write(true).create(true).truncate(true).open(&draft).and_then(|mut file| {
            file.write_all(text)?;
            file.sync_all()
        });
    let moved = written.and_then(|()| std::fs::rename(&draft, folder.join(name)));
    if moved.is_err() {
        // What it is worth is the error before.
        std::fs::remove_file(&draft).ok();
        return moved;
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_told_and_a_missing_path_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        assert!(free_bytes(home.path()).unwrap() > 0);
        assert_eq!(free_bytes(&home.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_replaced_whole_and_its_draft_goes() {
        let home = tempfile::tempdir().unwrap();
        write_whole(home.path(), "a.json", b"1").unwrap();
        write_whole(home.path(), "a.json", b"22").unwrap();
        assert_eq!(std::fs::read(home.path().join("a.json")).unwrap(), b"22");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
        std::fs::create_dir(home.path().join("b.json")).unwrap();
        assert!(write_whole(home.path(), "b.json", b"1").is_err());
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 2, "the draft is gone");
    }
}
