//! A key of this store: 32 random bytes in a file that only its owner may read, made when it is first needed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Somebody else may read it, or wrote it.
    #[error("{path}: {why}")]
    NotSecret {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The key of this name in the folder; made where it is missing.
///
/// # Errors
/// [`KeyError`]. A file that is too short or open to others is never replaced: what was signed with it would be worth
/// nothing, and somebody should look why.
pub fn key(folder: &Path, name: &str) -> Result<[u8; KEY_BYTES], KeyError> {
    let path = folder.join(name);
    let io = |source| KeyError::Io { path: path.clone(), source };
    if !fs::exists(&path).map_err(io)? {
        make(folder, &path).map_err(io)?;
    }
    let file = File::open(&path).map_err(io)?;
    let data = file.metadata().map_err(io)?;
    let not_secret = |why: String| KeyError::NotSecret { path: path.clone(), why };
    let (mode, owner) = (data.permissions().mode() & 0o7777, data.uid());
    if mode & 0o077 != 0 {
        return Err(not_secret(format!("others may read this key (mode {mode:04o}); chmod 0600 it")));
    }
    if owner != rustix::process::geteuid().as_raw() {
        return Err(not_secret(format!("it belongs to the user id {owner}; chown it to the daemon's user")));
    }
    let mut bytes = Vec::new();
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    let wrong = |bytes: Vec<u8>| {
        not_secret(format!(
            "it has {} bytes in place of {KEY_BYTES}; restore it, or remove it to have a new one",
            bytes.len()
        ))
    };
    bytes.try_into().map_err(wrong)
}

/// Bytes that nobody can guess, from the system's source of randomness.
///
/// # Errors
/// The operating system's.
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    let (mut bytes, mut filled) = ([0; N], 0);
    while filled < N {
        let rest = bytes.get_mut(filled..).unwrap_or(&mut []);
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(bytes)
}

/// Writes a new key under another name, and links it to its own: whoever looks finds a whole key or none.
fn make(folder: &Path, path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let bytes: [u8; KEY_BYTES] = random()?;
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    fs::remove_file(&draft).ok();
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            // Another start was faster: its key counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    })();
    fs::remove_file(&draft).ok();
    written?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_never_replaced() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("keys");
        let first = key(&folder, "a.key").unwrap();
        assert_eq!(key(&folder, "a.key").unwrap(), first);
        assert_ne!(key(&folder, "b.key").unwrap(), first);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("a.key"))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::set_permissions(folder.join("a.key"), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(key(&folder, "a.key").unwrap_err().to_string().contains("mode 0640"));
        fs::write(folder.join("b.key"), "short").unwrap();
        assert!(key(&folder, "b.key").unwrap_err().to_string().contains("5 bytes"));
        assert_eq!(fs::read(folder.join("b.key")).unwrap(), b"short");
    }
}
