//! The four ports through which the driver reaches the world. The real ones are the edges; the
//! simulator and the replay have their own.

pub use crate::schema::Batch;
use crate::schema::{Changes, Evidence, Letter, Reading, Receipt, Refusal};
use std::sync::Arc;

/// Where lines come from. It remembers nothing durable: it is told the committed positions at its making.
pub trait LogSource {
    /// Reads at most one batch. Never blocks on a file; never fails as a whole: what cannot be read is in
    /// [`LogSource::trouble`] and is tried again.
    fn poll(&mut self, now: &Reading) -> Batch;
    /// Files that are refused or cannot be read at the moment.
    fn trouble(&self) -> Vec<Refusal>;
}

/// Why the ledger did not take the changes.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Try again later: disk full, locked, I/O error once.
    #[error("{0}")]
    Transient(String),
    /// The store cannot be used: damaged, gone, of another program.
    #[error("{0}")]
    Permanent(String),
}

/// Where everything is recorded.
pub trait Ledger {
    /// Writes all changes in one transaction that is durable when it returns. Idempotent: the same changes
    /// again are no error and change nothing.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing of the changes is stored then (or all of it was, and a retry finds so).
    fn commit(&mut self, changes: &Changes) -> Result<(), LedgerError>;

    /// Begins to commit, perhaps beside the caller. `None`: it is under way, and nothing else may be asked
    /// before [`Ledger::finish`] has told its result. The default commits at once.
    fn begin(&mut self, changes: &Arc<Changes>) -> Option<Result<(), LedgerError>> {
        Some(self.commit(changes))
    }

    /// Waits for the commit that is under way.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    fn finish(&mut self) -> Result<(), LedgerError> {
        Ok(())
    }

    /// What a letter about this incident shows; empty for an unknown id.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn evidence(&mut self, incident: &str) -> Result<Evidence, LedgerError>;
}

/// Who carries letters.
pub trait Courier {
    /// Free places for letters; `send` more than that and they wait inside.
    fn free(&self) -> usize;
    /// Starts to send; the receipt comes later. Failure is a receipt, not an error.
    fn send(&mut self, letter: Letter);
    /// Receipts that came since the last call.
    fn receipts(&mut self) -> Vec<Receipt>;
}

/// Who tells the time.
pub trait Clock {
    /// Reads all clocks.
    fn now(&self) -> Reading;
}
