//! Opening: everything that can be wrong with a store is found before its first byte changes.

use super::fault::describe;
use super::lock::{Lock, Note, WalHead, wal_head};
use super::migrate::{APPLICATION_ID, VERSION, migrate};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of a page: rows of log lines are wide, and 16 KiB cost a third less per row than 4 KiB.
const PAGE_BYTES: u32 = 16 * 1024;
/// Stores up to this size are checked whole at the start; of larger ones only the header is looked at.
const CHECK_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// SQLite before 3.51.3 can lose committed pages when two connections reset the WAL at once.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// How long another process may hold the write lock before a commit is given back as transient.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Why a store was not opened. Nothing of it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another daemon has it, or another program holds its lock.
    #[error("{path}: {why}; stop the other process, or use another --state directory")]
    Locked {
        /// The store's file.
        path: PathBuf,
        /// Who or what.
        why: String,
    },
    /// A newer gatewatch wrote it.
    #[error(
        "{path}: written by a newer gatewatch (schema {found}, this one knows {VERSION}); install that version again"
    )]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// Its schema version.
        found: i32,
    },
    /// It is another program's database.
    #[error(
        "{path}: an SQLite database of another program (application_id {found:#x}); use another --state directory"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id.
        found: i32,
    },
    /// It cannot be read or written at all.
    #[error("{path}: {why}; check the disk, the permissions and the path")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// It is damaged, not a database, or has a WAL that is not its own.
    #[error(
        "{path}: {why}; nothing was changed: keep the files, restore a backup, or move them away to begin a new store"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The program was built with an SQLite that loses data.
    #[error("SQLite {0} can lose committed rows; gatewatch needs 3.51.3 or newer")]
    OldSqlite(&'static str),
}

impl OpenError {
    /// The exit code of INTERFACE.md: 5 for a damaged store, else 4.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, OpenError::Damaged { .. }) { 5 } else { 4 }
    }
    pub(super) fn io(path: &Path, error: &io::Error) -> OpenError {
        OpenError::Io { path: path.to_owned(), why: error.to_string() }
    }
    pub(super) fn damaged(path: &Path, why: impl Into<String>) -> OpenError {
        OpenError::Damaged { path: path.to_owned(), why: why.into() }
    }
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> OpenError {
        let (path, why) = (path.to_owned(), describe(error));
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Damaged { path, why },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path, why },
            _ => OpenError::Io { path, why },
        }
    }
}

/// The files of a store.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) directory: PathBuf,
    pub(super) database: PathBuf,
    pub(super) wal: PathBuf,
    pub(super) lock: PathBuf,
}

impl Paths {
    pub(super) fn new(directory: &Path) -> Paths {
        Paths::of_file(&directory.join(super::FILE_NAME))
    }

    /// The files of a store with a name of its own (`replay --store DB`).
    pub(super) fn of_file(database: &Path) -> Paths {
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
        let directory = folder.unwrap_or(Path::new("."));
        Paths {
            directory: directory.to_owned(),
            wal: sidecar(database, "-wal"),
            lock: database.with_extension("lock"),
            database: database.to_owned(),
        }
    }
}

/// The name of a file that SQLite keeps beside the database.
pub(super) fn sidecar(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens or creates. The lock is taken first where its file exists, so that a store in use is never read
/// half-way; where it does not, the store is looked at before the lock's file is made beside it.
pub(super) fn open(paths: &Paths) -> Result<(Connection, Lock), OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    make_directory(&paths.directory)?;
    if !paths.lock.exists() {
        inspect(paths, None)?;
    }
    let taken = Lock::take(&paths.lock).map_err(|e| OpenError::io(&paths.lock, &e))?;
    let why = || "another gatewatch daemon uses this store".to_owned();
    let mut lock = taken.ok_or_else(|| OpenError::Locked { path: paths.database.clone(), why: why() })?;
    if !inspect(paths, lock.note())? {
        create(paths)?;
    }
    let mut connection = connect(&paths.database).map_err(|e| OpenError::sqlite(&paths.database, &e))?;
    if wal_head(&paths.wal).map_err(|e| OpenError::io(&paths.wal, &e))? != WalHead::Empty {
        check_small(&connection, &paths.database)?;
    }
    refuse_triggers(&connection, &paths.database)?;
    // The first write of a connection, here or behind, gives a WAL without whole frames a salt by chance: until it is
    // known and noted, any is our own.
    lock.write(Note::UNKNOWN).map_err(|e| OpenError::io(&paths.lock, &e))?;
    migrate(&mut connection).map_err(|e| OpenError::sqlite(&paths.database, &e))?;
    Ok((connection, lock))
}

fn make_directory(directory: &Path) -> Result<(), OpenError> {
    if directory.is_dir() {
        return Ok(());
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o750).create(directory);
    // mkdir ignores the set-group-id bit, by which files made inside get the directory's group.
    made.and_then(|()| fs::set_permissions(directory, fs::Permissions::from_mode(0o2750)))
        .map_err(|e| OpenError::io(directory, &e))
}

/// Looks at the files without changing a byte. Whether there is a store; an error where it must not be used.
fn inspect(paths: &Paths, note: Option<Note>) -> Result<bool, OpenError> {
    let database = &paths.database;
    let journal = sidecar(database, "-journal");
    let size = match fs::metadata(database) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let left = [&paths.wal, &sidecar(database, "-shm"), &journal]
                .into_iter()
                .find(|path| path.exists())
                .cloned();
            return match left {
                Some(left) => Err(OpenError::damaged(
                    &left,
                    format!("it belongs to a store that is gone ({})", database.display()),
                )),
                None => Ok(false),
            };
        }
        Err(error) => return Err(OpenError::io(database, &error)),
    };
    let page_bytes = inspect_head(database, size)?;
    if fs::metadata(&journal).is_ok_and(|m| m.len() > 0) {
        return Err(OpenError::damaged(
            &journal,
            "a rollback journal stands beside the store, and a store never has one",
        ));
    }
    match wal_head(&paths.wal).map_err(|e| OpenError::io(&paths.wal, &e))? {
        WalHead::Empty => inspect_settled(database, size)?,
        WalHead::Broken => return Err(OpenError::damaged(&paths.wal, "it is not a valid WAL")),
        WalHead::Valid { page_size, .. } if page_size != page_bytes => {
            return Err(OpenError::damaged(
                &paths.wal,
                "the WAL is not this store's own: its page size is another",
            ));
        }
        WalHead::Valid { salt, .. } => inspect_wal(paths, note, salt)?,
    }
    Ok(true)
}

/// The database header (<https://www.sqlite.org/fileformat2.html#the_database_header>); the bytes of a page.
fn inspect_head(database: &Path, size: u64) -> Result<u32, OpenError> {
    if size == 0 {
        return Err(OpenError::damaged(database, "the file is empty"));
    }
    let mut head = [0u8; 100];
    let mut file = File::open(database).map_err(|e| OpenError::io(database, &e))?;
    if let Err(error) = file.read_exact(&mut head) {
        let short = error.kind() == io::ErrorKind::UnexpectedEof;
        return Err(if short {
            OpenError::damaged(database, "not a database: too short")
        } else {
            OpenError::io(database, &error)
        });
    }
    if !head.starts_with(b"SQLite format 3\0") {
        return Err(OpenError::damaged(database, "not a database"));
    }
    let word = |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, i32::from_be_bytes);
    let (found, version) = (word(68), word(60));
    if found != APPLICATION_ID {
        return Err(OpenError::Foreign { path: database.to_owned(), found });
    }
    if version > VERSION {
        return Err(OpenError::Newer { path: database.to_owned(), found: version });
    }
    if version < 1 || head.get(18..20) != Some(&[2, 2]) {
        return Err(OpenError::damaged(database, "the header is not one that gatewatch writes"));
    }
    let page_bytes = match head.get(16..18) {
        Some([0, 1]) => 65_536,
        Some([high, low]) => u32::from(*high) << 8 | u32::from(*low),
        _ => 0,
    };
    if page_bytes.is_power_of_two() && page_bytes >= 512 {
        Ok(page_bytes)
    } else {
        Err(OpenError::damaged(database, "the page size is nonsense"))
    }
}

/// With an empty WAL the file alone must be whole.
fn inspect_settled(database: &Path, size: u64) -> Result<(), OpenError> {
    let connection = immutable(database).map_err(|e| OpenError::sqlite(database, &e))?;
    let pages: (u64, u64) = connection
        .query_row(
            "SELECT (SELECT page_count FROM pragma_page_count), (SELECT page_size FROM pragma_page_size)",
            [],
            |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs())),
        )
        .map_err(|e| OpenError::sqlite(database, &e))?;
    let mut head = [0u8; 32];
    let read = File::open(database).and_then(|mut file| file.read_exact(&mut head));
    read.map_err(|e| OpenError::io(database, &e))?;
    let promised = head.get(28..32).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    if u64::from(promised) * pages.1 > size {
        return Err(OpenError::damaged(
            database,
            format!("the file is cut: {size} bytes of {}", u64::from(promised) * pages.1),
        ));
    }
    check_small(&connection, database)
}

/// A WAL with content: it must be the store's own.
fn inspect_wal(paths: &Paths, note: Option<Note>, salt: u32) -> Result<(), OpenError> {
    if note.is_some_and(|note| !note.owns(salt)) {
        return Err(OpenError::damaged(&paths.wal, "the WAL is not this store's own: its salt is another"));
    }
    // A kill inside a checkpoint leaves pages that only the WAL makes whole, so an error says nothing here.
    let marked = immutable(&paths.database).and_then(|c| {
        c.query_row("SELECT value FROM meta WHERE key = 'clean'", [], |row| row.get::<_, i64>(0))
    });
    if marked == Ok(1) && !note.is_some_and(|note| note.changing) {
        return Err(OpenError::damaged(
            &paths.wal,
            "the store was stopped cleanly, so a WAL with content is not its own",
        ));
    }
    Ok(())
}

/// Only the file itself, without locks, WAL or any write.
fn immutable(database: &Path) -> rusqlite::Result<Connection> {
    let mut uri = String::from("file:");
    for byte in
        std::path::absolute(database).unwrap_or_else(|_| database.to_owned()).as_os_str().as_encoded_bytes()
    {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(*byte as char),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
}

/// `quick_check` of a store that is small enough for it not to delay the start.
fn check_small(connection: &Connection, database: &Path) -> Result<(), OpenError> {
    let size = fs::metadata(database).map_or(0, |m| m.len());
    if size > CHECK_BYTES_MAX {
        return Ok(());
    }
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|e| OpenError::sqlite(database, &e))?;
    if found == "ok" { Ok(()) } else { Err(OpenError::damaged(database, found.replace('\n', " "))) }
}

/// A store has no triggers; a planted one would act with every commit.
fn refuse_triggers(connection: &Connection, database: &Path) -> Result<(), OpenError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'";
    let triggers: i64 =
        connection.query_row(sql, [], |row| row.get(0)).map_err(|e| OpenError::sqlite(database, &e))?;
    if triggers == 0 { Ok(()) } else { Err(OpenError::damaged(database, "somebody added a trigger to it")) }
}

/// Makes a whole store under another name and moves it into place: it exists entirely or not at all.
fn create(paths: &Paths) -> Result<(), OpenError> {
    let draft = sidecar(&paths.database, ".new");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(sidecar(&draft, suffix));
    }
    let io = |e: io::Error| OpenError::io(&paths.database, &e);
    fs::OpenOptions::new().write(true).create_new(true).mode(0o640).open(&draft).map_err(io)?;
    build(&draft).map_err(|e| OpenError::sqlite(&paths.database, &e))?;
    File::open(&draft).and_then(|file| file.sync_all()).map_err(io)?;
    fs::rename(&draft, &paths.database).map_err(io)?;
    File::open(&paths.directory).and_then(|folder| folder.sync_all()).map_err(io)
}

fn build(draft: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open_with_flags(
        draft,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    begin(&mut connection)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)
}

/// The first bytes of a store, on disk or in memory.
pub(super) fn begin(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(connection)?;
    connection.execute_batch("INSERT INTO meta VALUES ('store_id', lower(hex(randomblob(16)))), ('clean', 1), ('last_commit', x'')")
}

/// The one writing connection.
pub(super) fn connect(database: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        database,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    configure(&connection)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    Ok(connection)
}

/// Durability and hardening (<https://www.sqlite.org/security.html>).
pub(super) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;",
    )?;
    // 32 MiB between checkpoints: each page that many commits change is written back once.
    connection.query_row("PRAGMA wal_autocheckpoint = 2048", [], |_| Ok(()))?;
    connection.query_row("PRAGMA journal_size_limit = 67108864", [], |_| Ok(()))?;
    connection.query_row("PRAGMA mmap_size = 0", [], |_| Ok(())).or_else(|e| match e {
        rusqlite::Error::QueryReturnedNoRows => Ok(()),
        other => Err(other),
    })
}

/// Device and inode of a file: what "the same file" means.
pub(super) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::super::{Store, commit};
    use super::*;
    use crate::schema::Reading;

    /// What a kill leaves: the files as they are, without the lock.
    fn killed(from: &Path) -> tempfile::TempDir {
        let to = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
        }
        to
    }

    /// The first write of a start gives an empty WAL a salt that nobody can foretell: a migration, or the marker. A kill
    /// right after it must leave a store that opens.
    #[test]
    fn a_store_that_was_killed_at_the_first_write_of_a_start_opens() {
        let folder = tempfile::tempdir().unwrap();
        let running = Store::open(folder.path(), &Reading::default()).unwrap();
        // One with a WAL in which no frame is whole, one that was stopped cleanly.
        let headed = killed(folder.path());
        let wal = headed.path().join("gatewatch.db-wal");
        fs::OpenOptions::new().write(true).open(&wal).unwrap().set_len(32).unwrap();
        running.close().unwrap();
        for folder in [headed.path(), folder.path()] {
            let (connection, lock) = open(&Paths::new(folder)).unwrap();
            commit::set_marker(&connection, false, Some(&Reading::default())).unwrap();
            let left = killed(folder);
            drop((connection, lock));
            Store::open(left.path(), &Reading::default()).unwrap();
        }
    }

    /// A start at the very moment of the former one has nothing to write, and its first commit takes a salt by chance.
    #[test]
    fn a_start_that_wrote_nothing_settles_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let start = || Store::open(folder.path(), &Reading::default()).unwrap();
        drop(start());
        fs::write(folder.path().join("gatewatch.db-wal"), "").unwrap();
        drop(start());
        let note = Lock::take(&Paths::new(folder.path()).lock).unwrap().unwrap().note().unwrap();
        assert!(
            note.owns(7) || note.salt.is_some(),
            "{note:?} calls the WAL of the next commit somebody else's"
        );
    }
}
