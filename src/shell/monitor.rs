//! What is shown to machines that watch this one: the counters, and the console that serves them.

use super::ServiceError;
use super::metrics::Meters;
use super::metrics::histogram::Histogram;
use super::parts::Running;
use super::status::Troubles;
use crate::config::file::Config;
use crate::console::{Console, Panel};
use crate::daemon::Turn;
use crate::host::clock::SystemClock;
use crate::ports::Clock;
use crate::schema::{Reading, Span};
use std::net::SocketAddr;
use std::sync::Arc;

/// Counters, panel and console.
pub struct Monitor {
    meters: Meters,
    panel: Arc<Panel>,
    /// `None` without `[metrics] listen`.
    console: Option<(SocketAddr, Console)>,
    /// Every file was read to its end once.
    scanned: bool,
}

impl Monitor {
    /// Listens where the configuration says so.
    ///
    /// # Errors
    /// [`ServiceError::Host`]: the address is not to be had.
    pub fn open(
        config: &Config,
        commits: Arc<Histogram>,
        clock: &SystemClock,
    ) -> Result<Monitor, ServiceError> {
        let now = clock.now();
        let panel = Arc::new(Panel::new(now.boottime));
        let console = config.metrics.map(|address| listen(address, &panel, clock)).transpose()?;
        let started_at = now.utc.0 as f64 / 1e6;
        Ok(Monitor { meters: Meters::new(commits, started_at), panel, console, scanned: false })
    }

    /// After a reload: another address, or none. One that is not to be had leaves nothing listening, and is told in
    /// the log and by `status`; a reload is not refused for it, since everything else of it is in force already.
    pub fn relisten(&mut self, config: &Config, clock: &SystemClock, troubles: &mut Troubles, now: &Reading) {
        if self.console.as_ref().map(|(address, _)| *address) == config.metrics {
            return;
        }
        self.console = None;
        let mut wrong = None;
        if let Some(address) = config.metrics {
            match listen(address, &self.panel, clock) {
                Ok(console) => self.console = Some(console),
                Err(error) => {
                    tracing::error!("{error}");
                    wrong = Some(error.to_string());
                }
            }
        }
        troubles.set("metrics", wrong, now);
    }

    /// A turn has ended.
    pub fn turned(&mut self, turn: &Turn, began: &Reading, clock: &SystemClock) {
        let now = clock.now().boottime;
        self.panel.beat(now);
        self.meters.count(turn, Span(now.0.saturating_sub(began.boottime.0)));
        let unready = match &turn.stalled {
            Some(error) => Some(format!("the store does not take changes: {error}")),
            None if turn.more && !self.scanned => {
                Some("files are read to their end for the first time".to_owned())
            }
            None => {
                self.scanned = true;
                None
            }
        };
        self.panel.set_ready(unready);
    }

    /// Once a second.
    pub fn look(&mut self, daemon: &Running, config: &Config, troubles: &Troubles, now: &Reading) {
        self.meters.look(daemon, config, now);
        if self.console.is_some() {
            self.panel.publish(&self.meters.page(daemon, troubles, now));
        }
    }
}

fn listen(
    address: SocketAddr,
    panel: &Arc<Panel>,
    clock: &SystemClock,
) -> Result<(SocketAddr, Console), ServiceError> {
    let clock = clock.clone();
    let console = Console::open(address, Arc::clone(panel), Arc::new(move || clock.now().boottime))
        .map_err(|error| ServiceError::Host(error.to_string()))?;
    tracing::info!(address = %console.address(), "metrics are served");
    Ok((address, console))
}
