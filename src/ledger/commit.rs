//! One transaction for one [`Changes`], and the knowledge that it was there before.

use super::fault::Fault;
use super::{SourceNote, events, rows};
use crate::schema::{Changes, Reading};
use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Writes all changes, durable when it returns. The fingerprint of the last commit tells a repeat of it,
/// as the retry after an I/O error is one where nobody knows whether the first try was stored.
pub(super) fn commit(
    connection: &mut Connection,
    changes: &Changes,
    notes: &BTreeMap<Arc<str>, SourceNote>,
) -> Result<(), Fault> {
    let print = fingerprint(changes);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last: Vec<u8> = transaction
        .prepare_cached("SELECT value FROM meta WHERE key = 'last_commit'")?
        .query_row([], |row| row.get(0))?;
    if !changes.is_empty() && last != print {
        rows::tail(&transaction, changes)?;
        events::events(&transaction, &changes.events)?;
        rows::states(&transaction, changes)?;
        rows::findings(&transaction, changes)?;
        rows::incidents(&transaction, changes)?;
        rows::notifications(&transaction, changes)?;
        rows::registers(&transaction, changes)?;
        transaction
            .prepare_cached("UPDATE meta SET value = ?1 WHERE key = 'last_commit'")?
            .execute([print.as_slice()])?;
    }
    rows::source_notes(&transaction, notes)?;
    Ok(transaction.commit()?)
}

/// Whether the changes hold something that a person waits for.
pub(super) fn is_urgent(changes: &Changes) -> bool {
    let alerts =
        changes.incidents.len() + changes.clocks.len() + changes.notifications.len() + changes.attempts.len();
    let acts = changes.silences.len() + changes.journal.len();
    alerts + acts > 0
}

/// A hash by which two commits in a row differ if anything in them does. Of an event it takes id and
/// place: those two decide about a repeat.
fn fingerprint(changes: &Changes) -> [u8; 32] {
    let mut hash = Sink(Sha256::new());
    for event in &changes.events {
        hash.number(event.id);
        hash.number(event.generation);
        hash.number(event.offset);
    }
    for state in &changes.states {
        hash.bytes(state.room.as_bytes());
        hash.bytes(state.key.as_bytes());
        hash.bytes(state.body.as_deref().unwrap_or(b"-"));
        hash.number(u64::from(state.body.is_some()));
    }
    let c = changes;
    // Writing into a hash cannot fail.
    let _ = write!(hash, "{:?}{:?}{:?}{:?}{:?}", c.generations, c.positions, c.gaps, c.findings, c.folds);
    let _ = write!(hash, "{:?}{:?}{:?}{:?}", c.incidents, c.clocks, c.notifications, c.attempts);
    let _ = write!(hash, "{:?}{:?}{:?}", c.silences, c.journal, c.rules);
    hash.0.finalize().into()
}

struct Sink(Sha256);

impl Sink {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }
}

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

/// Whether the store was stopped cleanly.
pub(super) fn marker(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT value FROM meta WHERE key = 'clean'", [], |row| row.get(0))
}

/// Sets or clears the marker, and remembers when and in which boot the store was opened.
pub(super) fn set_marker(
    connection: &Connection,
    clean: bool,
    opened: Option<&Reading>,
) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let write = || -> rusqlite::Result<()> {
        connection.execute("UPDATE meta SET value = ?1 WHERE key = 'clean'", [clean])?;
        if let Some(now) = opened {
            connection.execute(
                "INSERT OR REPLACE INTO meta VALUES ('opened_at', ?1), ('opened_boot', ?2)",
                params![now.utc.0, &*now.boot_id],
            )?;
        }
        connection.execute_batch("COMMIT")
    };
    write().inspect_err(|_| {
        let _ = connection.execute_batch("ROLLBACK");
    })
}

/// Copies the WAL into the database without waiting; whether all of it is there now.
pub(super) fn checkpoint_passive(connection: &Connection) -> rusqlite::Result<bool> {
    let (busy, in_wal, done) = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    Ok(busy == 0 && in_wal == done)
}

/// Copies the WAL and cuts it to nothing; whether that succeeded.
pub(super) fn truncate_wal(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")?.0 == 0)
}

/// The same, without waiting for readers.
pub(super) fn truncate_wal_now(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let result = truncate_wal(connection);
    connection.busy_timeout(super::open::BUSY)?;
    result
}

fn checkpoint(connection: &Connection, sql: &str) -> rusqlite::Result<(i64, i64, i64)> {
    connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}
