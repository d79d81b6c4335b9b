//! The store on its own thread while lines wait to be read: the commit of one step runs beside the reading
//! and judging of the next. The store itself travels to the thread and back, so nobody can touch it meanwhile.

use super::metrics::histogram::{Histogram, SECONDS};
use crate::host::clock::monotonic;
use crate::ledger::Store;
use crate::ports::{Ledger, LedgerError};
use crate::schema::{Changes, Evidence};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// A store and what it shall write.
type Job = (Box<Store>, Arc<Changes>);
/// The store and what came of it.
type Done = (Box<Store>, Result<(), LedgerError>);

/// The writing thread with the store.
pub struct Writer {
    /// `None` while a commit is under way.
    store: Option<Box<Store>>,
    jobs: SyncSender<Job>,
    done: Receiver<Done>,
    times: Arc<Histogram>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system's, when there is no thread to be had.
    pub fn start(store: Store) -> io::Result<Writer> {
        let (jobs, to_do) = sync_channel::<Job>(1);
        let (finished, done) = sync_channel::<Done>(1);
        let times = Arc::new(Histogram::new(&SECONDS));
        let counted = Arc::clone(&times);
        std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            while let Ok((mut store, changes)) = to_do.recv() {
                let result = timed(&counted, || store.commit(&changes));
                // Before the answer, so that the driver holds the only copy again.
                drop(changes);
                if finished.send((store, result)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Writer { store: Some(Box::new(store)), jobs, done, times })
    }

    /// The store, unless a commit is under way.
    pub fn store(&mut self) -> Option<&mut Store> {
        self.store.as_deref_mut()
    }

    /// How long commits took.
    pub fn times(&self) -> Arc<Histogram> {
        Arc::clone(&self.times)
    }

    /// The store, for good.
    ///
    /// # Errors
    /// [`LedgerError`] of a commit that was still under way.
    pub fn into_store(mut self) -> Result<Store, LedgerError> {
        if self.store.is_none() {
            self.finish()?;
        }
        self.store.take().map(|store| *store).ok_or_else(ended)
    }
}

fn timed<T>(times: &Histogram, work: impl FnOnce() -> T) -> T {
    let begun = monotonic();
    let result = work();
    times.add_micros((monotonic().0 - begun.0).max(0).unsigned_abs());
    result
}

fn ended() -> LedgerError {
    LedgerError::Permanent("the writing thread ended by itself; start the daemon again".to_owned())
}

impl Ledger for Writer {
    fn commit(&mut self, changes: &Changes) -> Result<(), LedgerError> {
        let store = self.store.as_mut().ok_or_else(ended)?;
        timed(&self.times, || store.commit(changes))
    }

    fn begin(&mut self, changes: &Arc<Changes>) -> Option<Result<(), LedgerError>> {
        let Some(store) = self.store.take() else { return Some(Err(ended())) };
        match self.jobs.send((store, changes.clone())) {
            Ok(()) => None,
            Err(_) => Some(Err(ended())),
        }
    }

    fn finish(&mut self) -> Result<(), LedgerError> {
        let (store, result) = self.done.recv().map_err(|_| ended())?;
        self.store = Some(store);
        result
    }

    fn evidence(&mut self, incident: &str) -> Result<Evidence, LedgerError> {
        self.store.as_mut().ok_or_else(ended)?.evidence(incident)
    }
}
