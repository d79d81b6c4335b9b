//! Room 6, Record: one SQLite file and one writer. A commit is one transaction that is durable when it
//! returns; what is in it happened, and nothing else did.
//!
//! * `open` finds everything that can be wrong before a byte changes; `lock` keeps second daemons and
//!   foreign WALs out; `migrate` holds the schema and the views that people read.
//! * `commit` writes one [`Changes`] (`events` the wide rows, `rows` all others), and knows a repeat.
//! * `load` gives back what the rooms need at the start, `evidence` what a letter shows.
//! * [`query`] and [`read`] are the read side: their own read-only connection, with or without a daemon.

mod ballast;
mod commit;
mod decode;
mod delivered;
mod events;
mod evidence;
mod fault;
mod history;
mod load;
mod lock;
mod migrate;
mod open;
pub mod query;
pub mod read;
mod rows;
pub mod saved;
pub mod stored;
pub mod yardstick;

pub use delivered::Delivered;
pub use load::Loaded;
pub use migrate::{APPLICATION_ID, VERSION};
pub use open::OpenError;

use crate::limits;
use crate::ports::LedgerError;
use crate::schema::{Changes, Evidence, Incident, Reading};
use ballast::{Ballast, free_bytes};
use fault::Fault;
use lock::{Lock, Note, WalHead, wal_head};
use open::Paths;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Name of the database in the store's directory.
pub const FILE_NAME: &str = "gatewatch.db";

/// A WAL above so many bytes is cut back to nothing when the daemon is idle.
const WAL_IDLE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The one writer. Dropping it without [`Store::close`] is what a kill does: nothing committed is lost.
#[derive(Debug)]
pub struct Store {
    /// `None` between an I/O error and the next commit.
    connection: Option<Connection>,
    home: Option<Home>,
    clean: bool,
    /// The last error looked like damage.
    suspect: bool,
    notes: BTreeMap<Arc<str>, SourceNote>,
}

/// The store's place on disk; a store in memory has none.
#[derive(Debug)]
struct Home {
    paths: Paths,
    identity: (u64, u64),
    lock: Lock,
    ballast: Option<Ballast>,
}

/// What the daemon knows of a source and no event says: columns of the view `sources`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceNote {
    /// Source name.
    pub name: Arc<str>,
    /// Configured format.
    pub format: Arc<str>,
    /// `following`, `silent`, `waiting` ...
    pub state: Arc<str>,
    /// Bytes written and not yet read; `None` where unknown.
    pub lag_bytes: Option<u64>,
}

/// Figures of the store for `status` and the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Bytes of the `-wal` file.
    pub wal_bytes: u64,
    /// Bytes that may still be written to the disk.
    pub free_bytes: u64,
    /// Events ever stored.
    pub events: u64,
    /// The WAL is larger than is healthy: a reader holds it, or checkpoints fail.
    pub wal_large: bool,
    /// The last commit met an I/O error, and none has succeeded since.
    pub poisoned: bool,
    /// The file was deleted or replaced while it was open: nothing more can be stored.
    pub gone: bool,
}

impl Store {
    /// Opens the store of a directory, or makes one. Only one process at a time gets it.
    ///
    /// # Errors
    /// [`OpenError`]; not a byte of a refused store was changed.
    pub fn open(directory: &Path, now: &Reading) -> Result<Store, OpenError> {
        let mut store = Store::open_at(&Paths::new(directory), now)?;
        if let Some(home) = &mut store.home {
            let ballast = Ballast::new(directory.join("ballast"));
            ballast.restore();
            home.ballast = Some(ballast);
        }
        Ok(store)
    }

    /// The same for a store with a file name of its own (`replay --store DB`), without a reserve file.
    ///
    /// # Errors
    /// [`OpenError`]; not a byte of a refused store was changed.
    pub fn open_file(database: &Path, now: &Reading) -> Result<Store, OpenError> {
        Store::open_at(&Paths::of_file(database), now)
    }

    /// SQLite calls a read error of the disk damage, so damage has to be seen twice.
    fn open_at(paths: &Paths, now: &Reading) -> Result<Store, OpenError> {
        match Store::open_once(paths, now) {
            Err(OpenError::Damaged { .. }) => Store::open_once(paths, now),
            other => other,
        }
    }

    fn open_once(paths: &Paths, now: &Reading) -> Result<Store, OpenError> {
        let (connection, lock) = open::open(paths)?;
        let sqlite = |e: rusqlite::Error| OpenError::sqlite(&paths.database, &e);
        let clean = commit::marker(&connection).map_err(sqlite)?;
        let identity = open::identity(&paths.database).map_err(|e| OpenError::io(&paths.database, &e))?;
        let mut home = Home { identity, lock, ballast: None, paths: paths.clone() };
        commit::set_marker(&connection, false, Some(now)).map_err(sqlite)?;
        home.note(true).map_err(|e| OpenError::io(&paths.lock, &e))?;
        let mut store = Store {
            connection: Some(connection),
            home: Some(home),
            clean,
            suspect: false,
            notes: BTreeMap::new(),
        };
        store.settle();
        Ok(store)
    }

    /// A store that lives as long as the value: for replay and the simulator.
    ///
    /// # Errors
    /// [`OpenError`] where SQLite is too old or memory is short.
    pub fn in_memory() -> Result<Store, OpenError> {
        let make = || -> rusqlite::Result<Connection> {
            let mut connection = Connection::open_in_memory()?;
            open::configure(&connection)?;
            open::begin(&mut connection)?;
            Ok(connection)
        };
        let connection = make().map_err(|e| OpenError::sqlite(Path::new(":memory:"), &e))?;
        Ok(Store {
            connection: Some(connection),
            home: None,
            clean: true,
            suspect: false,
            notes: BTreeMap::new(),
        })
    }

    /// How many gaps each source has.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn gaps(&mut self) -> Result<BTreeMap<String, u64>, LedgerError> {
        self.reading(|connection| {
            let mut select = connection.prepare("SELECT source, count(*) FROM gap GROUP BY source")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
            Ok(rows.collect::<rusqlite::Result<BTreeMap<_, _>>>()?)
        })
    }

    /// The version of each rule that was in force at last, by id.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn rule_versions(&mut self) -> Result<BTreeMap<Arc<str>, Arc<str>>, LedgerError> {
        self.reading(|connection| {
            let mut select =
                connection.prepare("SELECT rule, version FROM rule_version WHERE replaced_at IS NULL")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<BTreeMap<_, _>>>()?)
        })
    }

    /// What went out before.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn delivered(&mut self) -> Result<Delivered, LedgerError> {
        self.reading(|connection| Ok(delivered::delivered(connection)?))
    }

    /// Everything that the pipeline and the tail need at the start.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn load(&mut self) -> Result<Loaded, LedgerError> {
        let clean = self.clean;
        self.reading(|connection| load::load(connection, clean))
    }

    /// One incident by its id or number, also one that [`Store::load`] leaves out.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn incident(&mut self, id_or_number: &str) -> Result<Option<Incident>, LedgerError> {
        self.reading(|connection| load::incident(connection, id_or_number))
    }

    /// Tells what no event says about the sources; written with the next commit.
    pub fn note_sources(&mut self, notes: impl IntoIterator<Item = SourceNote>) {
        self.notes.extend(notes.into_iter().map(|note| (note.name.clone(), note)));
    }

    /// Ends well: everything in the database, the WAL empty, the marker set, the sidecars left for readers.
    ///
    /// # Errors
    /// [`LedgerError`]: the store is whole, but not marked as cleanly stopped (a reader may hold the WAL).
    pub fn close(mut self) -> Result<(), LedgerError> {
        self.revive()?;
        let Some(connection) = self.connection.take() else { return Ok(()) };
        let Some(home) = self.home.as_mut() else {
            commit::truncate_wal(&connection).map_err(Fault::from)?;
            return connection.close().map_err(|(_, error)| Fault::from(error).into());
        };
        let io = |e: std::io::Error| LedgerError::Transient(format!("{}: {e}", home.paths.lock.display()));
        let held =
            || LedgerError::Transient("a reader holds the WAL: stopped without the clean marker".to_owned());
        if !commit::truncate_wal(&connection).map_err(Fault::from)? {
            return Err(held());
        }
        home.lock.write(Note::UNKNOWN).map_err(io)?;
        commit::set_marker(&connection, true, None).map_err(Fault::from)?;
        if !commit::truncate_wal(&connection).map_err(Fault::from)? {
            return Err(held());
        }
        home.lock.write(Note { changing: false, salt: None }).map_err(io)?;
        connection.close().map_err(|(_, error)| Fault::from(error).into())
    }

    /// Figures of the store; cheap enough for every second.
    pub fn health(&self) -> Health {
        let mut health = Health { poisoned: self.connection.is_none(), ..Health::default() };
        if let Some(home) = &self.home {
            health.wal_bytes = std::fs::metadata(&home.paths.wal).map_or(0, |m| m.len());
            health.free_bytes = free_bytes(&home.paths.directory).unwrap_or(0);
            health.gone = self.still_there().is_err();
            health.wal_large = health.wal_bytes > limits::WAL_BYTES_MAX;
        }
        let count = |c: &Connection| {
            c.query_row("SELECT coalesce(sum(events), 0) FROM source", [], |row| row.get::<_, i64>(0))
        };
        health.events = self.connection.as_ref().and_then(|c| count(c).ok()).unwrap_or(0).unsigned_abs();
        health
    }

    /// Housekeeping for a moment without work: a checkpoint that waits for nobody, and the reserve file.
    pub fn idle(&mut self) {
        self.settle();
        let (Some(connection), Some(home)) = (&self.connection, &mut self.home) else { return };
        if let Some(ballast) = &home.ballast {
            ballast.restore();
        }
        let bytes = std::fs::metadata(&home.paths.wal).map_or(0, |m| m.len());
        if bytes > WAL_IDLE_BYTES_MAX {
            let _ = commit::truncate_wal_now(connection);
        }
    }

    /// Tries to bring the cleared `clean` marker into the database file, after which a WAL beside a store
    /// that is marked clean is certainly foreign.
    fn settle(&mut self) {
        let (Some(connection), Some(home)) = (&self.connection, &mut self.home) else { return };
        if home.lock.note().is_some_and(|note| !note.changing) {
            return;
        }
        if matches!(commit::checkpoint_passive(connection), Ok(true)) {
            let _ = home.note(false);
        }
    }

    /// Opens the connection again after an I/O error. What the page cache still holds may never reach the
    /// disk after a failed fsync, so the WAL is written into the database and synced before anything goes on.
    fn revive(&mut self) -> Result<(), Fault> {
        if self.connection.is_some() {
            return Ok(());
        }
        let Some(home) = &mut self.home else { return Err(Fault::permanent("the store in memory is lost")) };
        let connection = open::connect(&home.paths.database)?;
        if !commit::checkpoint_passive(&connection)? {
            return Err(Fault::transient(
                "a reader holds the WAL, which must be made durable after an I/O error",
            ));
        }
        let unknown = home.lock.write(Note::UNKNOWN);
        unknown.map_err(|e| Fault::transient(format!("{}: {e}", home.paths.lock.display())))?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Notices a store whose file was deleted or replaced: writing on would be writing into nothing.
    fn still_there(&self) -> Result<(), Fault> {
        let Some(home) = &self.home else { return Ok(()) };
        match open::identity(&home.paths.database) {
            Ok(identity) if identity == home.identity => Ok(()),
            Ok(_) => {
                Err(Fault::permanent("the file was replaced while running; stop, and restore the store"))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(Fault::permanent("the file was deleted while running; stop, and restore the store"))
            }
            Err(error) => Err(Fault::transient(error.to_string())),
        }
    }

    fn reading<T>(&mut self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, LedgerError> {
        self.with_connection(|connection, _| read(connection)).map_err(|fault| self.named(fault))
    }

    /// Works on a connection that can be trusted, and decides what an error means for the next time.
    fn with_connection<T>(
        &mut self,
        work: impl FnOnce(&mut Connection, &BTreeMap<Arc<str>, SourceNote>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let result = self.revive().and_then(|()| match &mut self.connection {
            Some(connection) => work(connection, &self.notes),
            None => Err(Fault::transient("no connection")),
        });
        let fault = match result {
            Ok(done) => {
                self.suspect = false;
                return Ok(done);
            }
            Err(fault) => fault,
        };
        if fault.poisoned && self.home.is_some() {
            self.connection = None;
        }
        if fault.damaged && self.home.is_some() && !self.suspect {
            // A read error of the disk looks the same. Only a second look through a new connection is believed.
            self.suspect = true;
            return Err(Fault::transient(format!("{}; it is opened and read again first", fault.error)));
        }
        Err(fault)
    }

    /// The error with the store's path, which is what the reader of a log line needs first.
    fn named(&self, fault: Fault) -> LedgerError {
        let Some(home) = &self.home else { return fault.error };
        let path = home.paths.database.display();
        match fault.error {
            LedgerError::Transient(why) => LedgerError::Transient(format!("{path}: {why}")),
            LedgerError::Permanent(why) => LedgerError::Permanent(format!("{path}: {why}")),
        }
    }

    fn try_commit(&mut self, changes: &Changes) -> Result<(), Fault> {
        self.still_there()?;
        let result = self.with_connection(|connection, notes| commit::commit(connection, changes, notes));
        if result.is_ok() {
            self.notes.clear();
        }
        if let (Ok(()), Some(home)) = (&result, &mut self.home) {
            let changing = home.lock.note().is_none_or(|note| note.changing);
            // The commit is durable; a note that cannot be written now is written with the next one.
            let _ = home.note(changing);
        }
        result
    }
}

impl Home {
    /// Writes down which WAL is ours, where that changed.
    fn note(&mut self, changing: bool) -> std::io::Result<()> {
        let salt = match wal_head(&self.paths.wal)? {
            WalHead::Valid { salt, .. } => Some(salt),
            WalHead::Empty | WalHead::Broken => None,
        };
        // An empty WAL gets the next salt of the old line, or, in a new process, any.
        let kept = if changing { None } else { self.lock.note().and_then(|note| note.salt) };
        let salt = salt.or(kept);
        // Without a salt nothing is settled: the next write of this connection may take any.
        self.lock.write(Note { changing: changing || salt.is_none(), salt })
    }
}

impl crate::ports::Ledger for Store {
    fn commit(&mut self, changes: &Changes) -> Result<(), LedgerError> {
        if changes.is_empty() && self.notes.is_empty() {
            return Ok(());
        }
        let Err(fault) = self.try_commit(changes) else { return Ok(()) };
        // The reserve is for alerts and what people did, never for more lines.
        let released = fault.full
            && commit::is_urgent(changes)
            && self.home.as_ref().and_then(|home| home.ballast.as_ref()).is_some_and(Ballast::release);
        let last = if released { self.try_commit(changes) } else { Err(fault) };
        last.map_err(|fault| self.named(fault))
    }

    fn evidence(&mut self, incident: &str) -> Result<Evidence, LedgerError> {
        self.reading(|connection| evidence::evidence(connection, incident))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Ledger;
    use crate::schema::{JournalEntry, Timestamp};

    #[test]
    fn after_an_io_error_the_store_is_opened_again_and_a_retry_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), &Reading::default()).unwrap();
        let entry = JournalEntry {
            at: Timestamp(1),
            kind: "start",
            actor: "x".into(),
            subject: "y".into(),
            detail: "z".into(),
        };
        let changes = Changes { journal: vec![entry], ..Changes::default() };
        store.commit(&changes).unwrap();
        store.connection = None; // As `try_commit` does when the answer was an I/O error.
        assert!(store.health().poisoned);
        store.commit(&changes).unwrap();
        let rows = store.reading(|c| {
            Ok(c.query_row("SELECT count(*) FROM journal_entry", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(rows.unwrap(), 1);
        assert!(!store.health().poisoned);
    }

    #[test]
    fn the_note_follows_the_wal_over_resets() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), &Reading::default()).unwrap();
        let salt = |store: &Store| match wal_head(&store.home.as_ref().unwrap().paths.wal).unwrap() {
            WalHead::Valid { salt, .. } => Some(salt),
            _ => None,
        };
        for at in 0..5 {
            let entry = JournalEntry {
                at: Timestamp(at),
                kind: "start",
                actor: "x".into(),
                subject: "y".into(),
                detail: "z".into(),
            };
            store.commit(&Changes { journal: vec![entry], ..Changes::default() }).unwrap();
            let note = store.home.as_ref().unwrap().lock.note().unwrap();
            assert_eq!((note.changing, note.salt), (false, salt(&store)));
            assert!(commit::truncate_wal(store.connection.as_ref().unwrap()).unwrap());
        }
    }
}
