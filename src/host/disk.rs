//! What new files may be read by, and how much room there is.

use std::io;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_told_and_a_missing_path_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        assert!(free_bytes(home.path()).unwrap() > 0);
        assert_eq!(free_bytes(&home.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
