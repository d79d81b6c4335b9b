//! The yardstick of `gatewatch bench`: the same rows into the same table with the same indexes, the same
//! page, cache and durability, prepared once, in batches of the same size. Only the inserts are timed.

use crate::limits;
use crate::schema::Span;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Result, params_from_iter};
use std::path::Path;

/// Copies every event of a store into a bare table; returns how long the inserts took by `boottime`.
///
/// # Errors
/// SQLite's.
pub fn bare_inserts(from: &Path, to: &Path, boottime: &dyn Fn() -> Span) -> Result<Span> {
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let target = bare_table(&source, to)?;
    let mut select = source.prepare("SELECT * FROM event ORDER BY id")?;
    let columns = select.column_count();
    let marks = vec!["?"; columns].join(",");
    let mut insert = target.prepare(&format!("INSERT INTO event VALUES ({marks})"))?;
    let mut rows = select.query([])?;
    let mut took = Span::ZERO;
    loop {
        let mut batch: Vec<Vec<Value>> = Vec::with_capacity(limits::BATCH_LINES_MAX);
        while batch.len() < limits::BATCH_LINES_MAX {
            let Some(row) = rows.next()? else { break };
            batch.push((0..columns).map(|i| row.get(i)).collect::<Result<_>>()?);
        }
        if batch.is_empty() {
            return Ok(took);
        }
        let begun = boottime();
        target.execute_batch("BEGIN IMMEDIATE")?;
        for row in &batch {
            insert.execute(params_from_iter(row))?;
        }
        target.execute_batch("COMMIT")?;
        took.0 += boottime().0 - begun.0;
    }
}

/// A database with nothing but the table of events and its indexes.
fn bare_table(source: &Connection, to: &Path) -> Result<Connection> {
    let target = Connection::open(to)?;
    let page: i64 = source.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    target.execute_batch(&format!(
        "PRAGMA page_size = {page}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 2048;"
    ))?;
    let mut schema =
        source.prepare("SELECT sql FROM sqlite_master WHERE tbl_name = 'event' AND sql IS NOT NULL")?;
    for sql in schema.query_map([], |row| row.get::<_, String>(0))? {
        target.execute_batch(&sql?)?;
    }
    drop(schema);
    Ok(target)
}
