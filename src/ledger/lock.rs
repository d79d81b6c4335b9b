//! The lock that makes the store one daemon's, and the note in it that says which WAL is the store's own.
//!
//! SQLite replays any well-formed `-wal` beside a database, also one of another database or of an older
//! life of the same one. So the lock file keeps a note: the first salt of the WAL (it counts up by one
//! at each reset; a new connection that finds no whole frame takes one by chance), and whether the `clean`
//! marker in the database is just being changed, because then marker and WAL may disagree.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How far the salt may have run ahead of the note: resets between a commit and its note.
const SALT_AHEAD_MAX: u32 = 1_000;

/// What is known of the WAL that belongs to the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Note {
    /// The `clean` marker is being set or cleared.
    pub(super) changing: bool,
    /// First salt of the WAL; `None` while the WAL is empty.
    pub(super) salt: Option<u32>,
}

/// The header of a `-wal` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WalHead {
    /// No file, no bytes, or only zeros (power was cut before the header reached the disk).
    Empty,
    /// A valid header with its page size and first salt.
    Valid {
        /// Bytes of a page.
        page_size: u32,
        /// First salt.
        salt: u32,
    },
    /// Not a WAL, or its checksum fails.
    Broken,
}

/// The held lock; dropping it lets go.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    note: Option<Note>,
}

impl Lock {
    /// Takes the lock. `Ok(None)` when another process holds it.
    pub(super) fn take(path: &Path) -> io::Result<Option<Lock>> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o640).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut text = String::new();
        (&mut file).take(64).read_to_string(&mut text)?;
        Ok(Some(Lock { file, note: parse(&text) }))
    }

    /// The note as last written; `None` where there is none that can be read.
    pub(super) fn note(&self) -> Option<Note> {
        self.note
    }

    /// Writes the note, durably; nothing when it says so already.
    pub(super) fn write(&mut self, note: Note) -> io::Result<()> {
        if self.note == Some(note) {
            return Ok(());
        }
        let phase = if note.changing { "changing" } else { "settled " };
        let salt = note.salt.map_or_else(|| "--------".to_owned(), |salt| format!("{salt:08x}"));
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(format!("{phase} {salt}\n").as_bytes())?;
        self.file.sync_data()?;
        self.note = Some(note);
        Ok(())
    }
}

impl Note {
    /// A write is under way that may give the WAL any salt.
    pub(super) const UNKNOWN: Note = Note { changing: true, salt: None };

    /// Whether a WAL with this salt can be the store's own.
    pub(super) fn owns(self, salt: u32) -> bool {
        self.salt.map_or(self.changing, |noted| salt.wrapping_sub(noted) <= SALT_AHEAD_MAX)
    }
}

fn parse(text: &str) -> Option<Note> {
    let mut words = text.split_whitespace();
    let changing = match words.next()? {
        "changing" => true,
        "settled" => false,
        _ => return None,
    };
    let salt = match words.next()? {
        "--------" => None,
        hex => Some(u32::from_str_radix(hex, 16).ok()?),
    };
    Some(Note { changing, salt })
}

/// Reads the header of a `-wal` file (<https://www.sqlite.org/fileformat2.html#walformat>).
pub(super) fn wal_head(path: &Path) -> io::Result<WalHead> {
    let mut head = [0u8; 32];
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(WalHead::Empty),
        Err(error) => return Err(error),
    };
    if let Err(error) = file.read_exact(&mut head) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(WalHead::Empty) } else { Err(error) };
    }
    if head == [0u8; 32] {
        return Ok(WalHead::Empty);
    }
    let word = |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    let little = match word(0) {
        0x377f_0682 => true,
        0x377f_0683 => false,
        _ => return Ok(WalHead::Broken),
    };
    let (mut s0, mut s1) = (0u32, 0u32);
    for at in (0..24).step_by(8) {
        let (x, y) = (word(at), word(at + 4));
        let (x, y) = if little { (x.swap_bytes(), y.swap_bytes()) } else { (x, y) };
        s0 = s0.wrapping_add(x).wrapping_add(s1);
        s1 = s1.wrapping_add(y).wrapping_add(s0);
    }
    let sound = (s0, s1) == (word(24), word(28));
    Ok(if sound { WalHead::Valid { page_size: word(8), salt: word(16) } } else { WalHead::Broken })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_survive_and_tell_own_from_foreign() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let mut lock = Lock::take(&path).unwrap().unwrap();
        assert_eq!(lock.note(), None);
        lock.write(Note { changing: false, salt: Some(0xffff_ffff) }).unwrap();
        assert!(Lock::take(&path).unwrap().is_none(), "a second taker must not get it");
        drop(lock);
        let note = Lock::take(&path).unwrap().unwrap().note().unwrap();
        assert!(note.owns(0xffff_ffff) && note.owns(0) && !note.owns(0xffff_fffe) && !note.owns(5_000));
        assert!(!Note { changing: false, salt: None }.owns(7), "a settled store has no WAL");
        assert!(Note { changing: true, salt: None }.owns(7));
    }
}
