//! What an error of SQLite means for the caller: again later, or never.

use crate::ports::LedgerError;
use rusqlite::{Error, ErrorCode, ffi};

/// An error with what has to be done about it.
#[derive(Debug)]
pub(super) struct Fault {
    /// What the caller is told.
    pub(super) error: LedgerError,
    /// The disk is full: the ballast may help.
    pub(super) full: bool,
    /// The connection cannot be trusted any more (fsync or other I/O error): close and open it again.
    pub(super) poisoned: bool,
    /// SQLite says that the file is damaged, which it also says after a read error.
    pub(super) damaged: bool,
}

impl Fault {
    /// A fault that no retry mends.
    pub(super) fn permanent(message: impl Into<String>) -> Fault {
        Fault { error: LedgerError::Permanent(message.into()), full: false, poisoned: false, damaged: false }
    }
    /// A fault that may pass.
    pub(super) fn transient(message: impl Into<String>) -> Fault {
        Fault { error: LedgerError::Transient(message.into()), full: false, poisoned: false, damaged: false }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        let text = describe(&error);
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                Fault { full: true, ..Fault::transient(format!("the disk of the store is full ({text})")) }
            }
            Some(ErrorCode::SystemIoFailure) => Fault {
                poisoned: true,
                ..Fault::transient(format!("I/O error in the store ({text}); it is opened again and checked"))
            },
            Some(
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed,
            ) => Fault::transient(format!("the store is locked by another process ({text})")),
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
                | ErrorCode::OperationAborted,
            ) => Fault {
                poisoned: true,
                ..Fault::transient(format!("the store could not be written ({text})"))
            },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault {
                poisoned: true,
                damaged: true,
                ..Fault::permanent(format!(
                    "the store is damaged ({text}); keep the file, and restore a backup"
                ))
            },
            Some(ErrorCode::ReadOnly) => Fault::permanent(format!(
                "the store can no longer be written: the file was moved or made read-only ({text})"
            )),
            _ => Fault::permanent(format!("the store refused the changes ({text})")),
        }
    }
}

impl From<Fault> for LedgerError {
    fn from(fault: Fault) -> LedgerError {
        fault.error
    }
}

/// SQLite's words with the extended code, which is what one searches for.
pub(super) fn describe(error: &Error) -> String {
    match error {
        Error::SqliteFailure(code, message) => {
            let words = message.clone().unwrap_or_else(|| ffi::code_to_str(code.extended_code).to_owned());
            format!("{words}, SQLite code {}", code.extended_code)
        }
        other => other.to_string(),
    }
}
