//! What machines ask of a running daemon over HTTP: `/metrics` (Prometheus text), `/healthz`, `/readyz`.
//!
//! The answers stand ready on a [`Panel`] that the main loop writes; the server only copies them out, on a thread
//! of its own. So a scrape, or ten thousand of them, never waits for the store, and never makes it wait. There is
//! nothing to change here: GET and HEAD are answered, anything else is refused, and no request has a body.
//!
//! - `/healthz`: 200 while the main loop moves; 503 when it stood still for [`STILL_MAX`].
//! - `/readyz`: 200 once the store is open and every file was looked at; 503 with the reason before, and while the
//!   store takes no changes.

pub mod exposition;
mod server;
#[cfg(test)]
mod tests;

pub use exposition::{Family, Kind};
pub use server::{Console, ConsoleError};

use crate::schema::Span;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The main loop looks at deadlines every half second. A slow disk may hold it for some time; what lasts longer
/// than this delays notices.
pub const STILL_MAX: Span = Span::seconds(30);

/// What is shown; written by the main loop, read by the server.
#[derive(Debug)]
pub struct Panel {
    page: Mutex<Arc<str>>,
    /// Boot clock of the last turn, in microseconds.
    beat: AtomicI64,
    /// Why it is not ready; `None` = it is.
    unready: Mutex<Option<String>>,
}

impl Panel {
    /// A panel of a program that starts.
    pub fn new(boottime: Span) -> Panel {
        Panel {
            page: Mutex::new(Arc::from("")),
            beat: AtomicI64::new(boottime.0),
            unready: Mutex::new(Some("starting".to_owned())),
        }
    }

    /// The main loop has moved.
    pub fn beat(&self, boottime: Span) {
        self.beat.store(boottime.0, Ordering::Relaxed);
    }

    /// Shows other metrics.
    pub fn publish(&self, page: &str) {
        *self.page.lock().unwrap_or_else(PoisonError::into_inner) = Arc::from(page);
    }

    /// Ready, or why not.
    pub fn set_ready(&self, unready: Option<String>) {
        *self.unready.lock().unwrap_or_else(PoisonError::into_inner) = unready;
    }

    fn page(&self) -> Arc<str> {
        Arc::clone(&self.page.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn unready(&self) -> Option<String> {
        self.unready.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long the main loop has stood still, when that is too long.
    fn stuck(&self, now: Span) -> Option<Span> {
        let still = Span(now.0.saturating_sub(self.beat.load(Ordering::Relaxed)));
        (still > STILL_MAX).then_some(still)
    }
}
