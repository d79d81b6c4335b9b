//! The clocks. This is the one place that reads them; everybody else is told the time.

use crate::ports::Clock;
use crate::schema::{Reading, Span, Timestamp};
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the kernel tells which boot this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The machine's clocks.
#[derive(Clone, Debug)]
pub struct SystemClock {
    boot_id: Arc<str>,
}

impl SystemClock {
    /// Reads the boot id, which does not change while we run.
    ///
    /// # Errors
    /// The file cannot be read. Boot times of two boots could then not be told apart, so this is no default.
    pub fn new() -> io::Result<SystemClock> {
        let text = std::fs::read_to_string(BOOT_ID);
        let text = text.map_err(|e| io::Error::new(e.kind(), format!("{BOOT_ID}: {e}")))?;
        Ok(SystemClock { boot_id: text.trim().into() })
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Reading {
        Reading { utc: utc(), boottime: boottime(), boot_id: Arc::clone(&self.boot_id) }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one reading of the wall clock")]
fn utc() -> Timestamp {
    let micros = |d: std::time::Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp(micros(since)),
        Err(before) => Timestamp(-micros(before.duration())),
    }
}

fn boottime() -> Span {
    span_of(rustix::time::clock_gettime(rustix::time::ClockId::Boottime))
}

/// CLOCK_MONOTONIC: what the service manager wants with RELOADING, and how long something took. Never for deadlines, it
/// stands still in suspend.
pub fn monotonic() -> Span {
    span_of(rustix::time::clock_gettime(rustix::time::ClockId::Monotonic))
}

fn span_of(time: rustix::time::Timespec) -> Span {
    Span(time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_run_and_agree() {
        let clock = SystemClock::new().unwrap();
        let (a, b) = (clock.now(), clock.now());
        assert!(a.utc > Timestamp::parse_rfc3339("2025-01-01T00:00:00Z").unwrap());
        assert!(b.boottime >= a.boottime && a.boottime > Span::ZERO);
        assert_eq!((a.boot_id.len(), &a.boot_id), (36, &b.boot_id));
        // The kernel's own word for the time since boot.
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        assert!((b.boottime.as_seconds() - uptime).abs() < 5.0, "{} {uptime}", b.boottime.as_seconds());
    }
}
