//! `gatewatch query`: an auditor's SQL on the store, over a connection that can only read.
//!
//! Four fences, each enough alone: the file is opened read-only, `query_only` is on, the authorizer allows
//! reading and nothing else, and the text must be one SELECT. Time, rows and sizes are limited.

use super::fault::describe;
use super::migrate::{APPLICATION_ID, VERSION};
use super::open::sidecar;
use crate::limits::QUERY_SECONDS_MAX;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Instructions of SQLite's machine between two looks at the time: about a millisecond.
const LOOK_EVERY_OPS: i32 = 20_000;
/// Longest value and row.
const VALUE_BYTES_MAX: i32 = 16 * 1024 * 1024;
/// An answer is cut after so many bytes.
const ANSWER_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Longest statement.
const SQL_BYTES_MAX: i32 = 64 * 1024;

/// Limits of one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Longest run.
    pub seconds: u64,
    /// Most rows.
    pub rows: usize,
}

impl Default for QueryLimits {
    fn default() -> QueryLimits {
        QueryLimits { seconds: QUERY_SECONDS_MAX, rows: 10_000 }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Any other number.
    Real(f64),
    /// Text; hostile, where it comes from a log.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// There were more rows than the limits allow.
    pub more: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Not one SELECT, not allowed, or not SQL.
    #[error("{0}; a query is one SELECT, or WITH ... SELECT, on the store's views")]
    Refused(String),
    /// It ran too long.
    #[error("stopped after {0} s; ask for less, or allow more with --timeout")]
    Timeout(u64),
    /// The store cannot be read.
    #[error("{path}: {why}")]
    Store {
        /// The store's file.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// The store is damaged.
    #[error("{path}: {why}; keep the file, and restore a backup")]
    Damaged {
        /// The store's file.
        path: PathBuf,
        /// SQLite's words.
        why: String,
    },
}

impl QueryError {
    /// The exit code of INTERFACE.md.
    pub fn exit_code(&self) -> u8 {
        match self {
            QueryError::Refused(_) => 2,
            QueryError::Timeout(_) | QueryError::Store { .. } => 4,
            QueryError::Damaged { .. } => 5,
        }
    }

    pub(super) fn read(path: &Path, error: &Error) -> QueryError {
        let (path, why) = (path.to_owned(), describe(error));
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => QueryError::Damaged { path, why },
            _ => QueryError::Store { path, why },
        }
    }
}

/// Runs one query on the store of a directory, with or without a running daemon.
///
/// # Errors
/// [`QueryError`].
pub fn query(directory: &Path, sql: &str, limits: QueryLimits) -> Result<Rows, QueryError> {
    check_is_select(sql)?;
    let path = directory.join(super::FILE_NAME);
    let mut connection = open_to_read(directory)?;
    fence(&mut connection, limits.seconds).map_err(|e| QueryError::read(&path, &e))?;
    run(&connection, sql, limits.rows).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => QueryError::Timeout(limits.seconds),
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory,
        )
        | Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ReadOnly) => {
            QueryError::read(&path, &error)
        }
        Some(ErrorCode::AuthorizationForStatementDenied) => {
            QueryError::Refused("not allowed: it does more than read".to_owned())
        }
        _ => QueryError::Refused(match error {
            Error::MultipleStatement => "several statements".to_owned(),
            other => describe(&other),
        }),
    })
}

/// A read-only connection to a store that this program knows; it changes nothing and holds no lock while idle.
pub(super) fn open_to_read(directory: &Path) -> Result<Connection, QueryError> {
    open_file_to_read(directory.join(super::FILE_NAME))
}

/// The same for a store with a file name of its own.
pub(super) fn open_file_to_read(path: PathBuf) -> Result<Connection, QueryError> {
    let store = |why: String| QueryError::Store { path: path.clone(), why };
    if !path.exists() {
        return Err(store("there is no store; name its directory with --state".to_owned()));
    }
    let open = || -> rusqlite::Result<(Connection, i32, i32)> {
        let connection = Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON;")?;
        let id = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        Ok((connection, id, version))
    };
    let (connection, id, version) = open().map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) if !sidecar(&path, "-shm").exists() => store(format!(
            "{}: the files -wal and -shm beside the store are missing, and a reader without write permission cannot make them; \
             start the daemon once",
            describe(&error)
        )),
        _ => QueryError::read(&path, &error),
    })?;
    if id != APPLICATION_ID {
        return Err(store(format!("an SQLite database of another program (application_id {id:#x})")));
    }
    if version > VERSION {
        return Err(store(format!(
            "written by a newer gatewatch (schema {version}, this one knows {VERSION})"
        )));
    }
    Ok(connection)
}

/// The first word, comments skipped: anything that reads only is still refused if it is no SELECT (EXPLAIN, PRAGMA).
fn check_is_select(sql: &str) -> Result<(), QueryError> {
    let mut rest = sql.trim_start();
    loop {
        let after = match (rest.strip_prefix("--"), rest.strip_prefix("/*")) {
            (Some(comment), _) => comment.split_once('\n').map_or("", |(_, after)| after),
            (_, Some(comment)) => comment.split_once("*/").map_or("", |(_, after)| after),
            _ => break,
        };
        rest = after.trim_start();
    }
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    match word.to_ascii_uppercase().as_str() {
        "SELECT" | "WITH" => Ok(()),
        "" => Err(QueryError::Refused("no statement".to_owned())),
        other => Err(QueryError::Refused(format!("{other} is not allowed"))),
    }
}

fn fence(connection: &mut Connection, seconds: u64) -> rusqlite::Result<()> {
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 300),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
        (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ];
    for (limit, value) in limits {
        connection.set_limit(limit, value)?;
    }
    let end = deadline(seconds);
    connection.progress_handler(LOOK_EVERY_OPS, Some(move || now() >= end))?;
    connection.authorizer(Some(judge))
}

/// Only reading, and no function that reaches out of the database.
fn judge(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } => {
            let outside = ["load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"];
            if outside.iter().any(|name| name.eq_ignore_ascii_case(function_name)) {
                Authorization::Deny
            } else {
                Authorization::Allow
            }
        }
        _ => Authorization::Deny,
    }
}

fn run(connection: &Connection, sql: &str, rows_max: usize) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare(sql)?;
    if !statement.readonly() || statement.parameter_count() > 0 {
        return Err(Error::InvalidQuery);
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut answer = Rows { columns, ..Rows::default() };
    let mut bytes = 0;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if answer.rows.len() == rows_max || bytes > ANSWER_BYTES_MAX {
            answer.more = true;
            break;
        }
        let cells = (0..answer.columns.len()).map(|at| row.get_ref(at).map(Cell::from));
        let cells = cells.collect::<rusqlite::Result<Vec<Cell>>>()?;
        bytes += cells.iter().map(Cell::bytes).sum::<usize>();
        answer.rows.push(cells);
    }
    Ok(answer)
}

impl Cell {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        let payload = match self {
            Cell::Text(text) => text.len(),
            Cell::Blob(bytes) => bytes.len(),
            Cell::Null | Cell::Int(_) | Cell::Real(_) => 0,
        };
        payload + size_of::<Cell>()
    }
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Cell {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Int(number),
            ValueRef::Real(number) => Cell::Real(number),
            ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
        }
    }
}

fn deadline(seconds: u64) -> Instant {
    now() + Duration::from_secs(seconds.min(24 * 3_600))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a limit on the run time of one query: not stored, not replayed, and suspend may stretch it"
)]
fn now() -> Instant {
    Instant::now()
}
