//! The service: it owns the threads, waits for the bell or the next deadline, and feeds the driver.
//! No decision about lines, incidents or letters is made here.

pub mod alive;
pub mod couriers;
pub mod emergency;
pub mod inbox;
pub mod metrics;
pub mod monitor;
pub mod own_log;
pub mod parts;
pub mod reload;
pub mod requests;
pub mod status;
pub mod wake;
pub mod writer;

use crate::config::params::Setup;
use crate::config::report::Problem;
use crate::daemon::Turn;
use crate::desk::{self, Desk};
use crate::host::clock::SystemClock;
use crate::host::signals::{Signal, Signals};
use crate::host::systemd::Notifier;
use crate::ledger::{OpenError, Store};
use crate::limits;
use crate::ports::{Clock, LedgerError};
use crate::schema::{Reading, Span};
use crate::tail::Watch;
use alive::Alive;
use emergency::Emergency;
use inbox::Inbox;
use monitor::Monitor;
use parts::Running;
use reload::Versions;
use requests::Requests;
use status::Troubles;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wake::{Bell, Waiter};

/// What the command line asks of the service.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Configuration file; `None` = the usual place, else built-in defaults.
    pub config: Option<PathBuf>,
    /// Overrides `store.directory`.
    pub state: Option<PathBuf>,
    /// Letters go to the log instead of out.
    pub dry_run: bool,
}

/// Why the service did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The configuration, a rule or a grammar is wrong.
    #[error("{}", listed(.0))]
    Config(Vec<Problem>),
    /// The store cannot be opened.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The store stopped working for good.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// Something of the machine is not to be had: socket, thread, signal.
    #[error("{0}")]
    Host(String),
}

fn host(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::Host(error.to_string())
}

fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    format!("{}\n{} problem(s); nothing was started", lines.join("\n"), problems.len())
}

/// At most one commit in this time when lines trickle: a group commit, so that a line a millisecond does
/// not cost a disk flush a millisecond.
const REST: Duration = Duration::from_millis(20);
/// How long a clean stop waits for letters that are under way.
const DRAIN: Span = Span::seconds(8);
/// Time between two tries while the store does not take the changes.
const STALL: Duration = Duration::from_millis(500);

/// The running service.
pub struct Service {
    options: Options,
    setup: Setup,
    clock: SystemClock,
    daemon: Running,
    requests: Requests,
    inbox: Inbox,
    watch: Option<Watch>,
    troubles: Troubles,
    emergency: Emergency,
    alive: Alive,
    /// The rules that the journal knows to be in force.
    versions: Versions,
    monitor: Monitor,
    notifier: Notifier,
    bell: Bell,
    waiter: Waiter,
    stop: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
    /// The last ping of the watchdog (boot clock) with the courier's beat at the time.
    pinged: Option<(Span, u64)>,
    _signals: Option<Signals>,
}

/// Ends a service from another thread.
#[derive(Clone)]
pub struct Stopper {
    stop: Arc<AtomicBool>,
    bell: Bell,
}

impl Stopper {
    /// Whether the service is stopping.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Asks for a clean stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.bell.ring();
    }
}

impl Service {
    /// Loads the configuration, opens the store and everything else, and is ready to serve.
    ///
    /// # Errors
    /// [`ServiceError`]: nothing was changed then, except that the state directory may have been made.
    pub fn open(options: Options) -> Result<Service, ServiceError> {
        crate::host::disk::set_umask();
        let clock = SystemClock::new().map_err(host)?;
        let setup = parts::read(&options, &clock.now())?;
        for warning in &setup.warnings {
            tracing::warn!("{warning}");
        }
        let (bell, waiter) = wake::bell();
        let directory = &setup.config.store.directory;
        let mut store = Store::open(directory, &clock.now())?;
        let (gaps, versions, delivered) = (store.gaps()?, store.rule_versions()?, store.delivered()?);
        let desk_bell = bell.clone();
        let desk = Desk::open(&directory.join(desk::SOCKET_NAME), move || desk_bell.ring()).map_err(host)?;
        let couriers = parts::couriers(&setup.config, &options, &bell)?;
        let daemon = parts::daemon(&setup, store, couriers)?;
        let monitor = Monitor::open(&setup.config, daemon.ledger.times(), &clock)?;
        let emergency = Emergency::new(directory);
        let alive = Alive::begin(&setup.config, &delivered, &clock.now());
        let inbox = Inbox::open(&setup.config, &options, &bell)?;
        let mut troubles = Troubles::default();
        troubles.begin(gaps);
        troubles.rules(&setup, &clock.now());
        Ok(Service {
            requests: Requests::new(desk, &setup.config),
            inbox,
            options,
            setup,
            clock,
            daemon,
            watch: None,
            emergency,
            alive,
            troubles,
            versions,
            monitor,
            notifier: Notifier::from_environment().map_err(host)?,
            bell,
            waiter,
            stop: Arc::default(),
            reload: Arc::default(),
            pinged: None,
            _signals: None,
        })
    }

    /// A handle that ends the service from another thread.
    pub fn stopper(&self) -> Stopper {
        Stopper { stop: self.stop.clone(), bell: self.bell.clone() }
    }

    /// Stops on SIGTERM and SIGINT, reloads on SIGHUP.
    ///
    /// # Errors
    /// [`ServiceError::Host`] when the signals cannot be taken.
    pub fn obey_signals(&mut self) -> Result<(), ServiceError> {
        let (stop, reload, bell) = (self.stop.clone(), self.reload.clone(), self.bell.clone());
        let signals = Signals::listen(move |signal| {
            match signal {
                Signal::Terminate | Signal::Interrupt => stop.store(true, Ordering::SeqCst),
                Signal::Reload => reload.store(true, Ordering::SeqCst),
            }
            bell.ring();
        })
        .map_err(|error| ServiceError::Host(format!("cannot take signals: {error}")))?;
        self._signals = Some(signals);
        Ok(())
    }

    /// Serves until it is told to stop; `seen` is shown every turn.
    ///
    /// # Errors
    /// [`ServiceError::Ledger`] when the store stopped working for good; nothing is lost: what was not
    /// committed is read again by the next start.
    pub fn serve(&mut self, seen: &mut dyn FnMut(&Turn, &Reading)) -> Result<(), ServiceError> {
        let now = self.clock.now();
        self.daemon.recover(&now)?;
        self.emergency.begin(self.daemon.pipeline.book(), &now);
        self.record("start", &now);
        self.rewatch();
        self.notifier.ready();
        tracing::info!(sources = self.setup.config.sources.len(), store = %self.setup.config.store.directory.display(), "ready");
        while !self.stop.load(Ordering::SeqCst) {
            if self.reload.swap(false, Ordering::SeqCst) {
                self.reload();
            }
            let pause = self.turn(seen)?;
            if !self.reload.load(Ordering::SeqCst) {
                self.waiter.wait(pause);
            }
        }
        self.drain(seen)
    }

    /// One turn with what surrounds it; returns how long to wait.
    fn turn(&mut self, seen: &mut dyn FnMut(&Turn, &Reading)) -> Result<Duration, ServiceError> {
        let now = self.clock.now();
        let acts =
            self.requests.take(&self.daemon, &mut self.troubles, &self.setup.config, &now, &self.reload);
        self.daemon.arrived(self.inbox.mails());
        let turn = self.daemon.turn(&acts, &now);
        self.committed(&turn, &now)?;
        seen(&turn, &now);
        match turn.stalled {
            Some(LedgerError::Permanent(why)) => return Err(LedgerError::Permanent(why).into()),
            Some(LedgerError::Transient(_)) => return Ok(STALL),
            None => {}
        }
        self.watchdog(&now);
        if turn.more {
            return Ok(Duration::ZERO);
        }
        if !turn.changes.is_empty() {
            self.waiter.rest(REST);
        }
        let look = Duration::from_micros(limits::LOOK_EVERY.0.unsigned_abs());
        let until =
            turn.wake.map_or(look, |wake| Duration::from_micros((wake - now.utc).0.max(0).unsigned_abs()));
        Ok(until.min(look))
    }

    /// What follows a commit: mails are filed, people answered, stages noted, and the last resort cries.
    fn committed(&mut self, turn: &Turn, now: &Reading) -> Result<(), ServiceError> {
        self.daemon.filed(self.inbox.file(turn));
        self.requests.answer(turn);
        self.daemon.pipeline.stored(&turn.changes, self.clock.now().utc);
        self.monitor.turned(turn, now, &self.clock);
        self.note(turn, now)
    }

    /// Tells the service manager that every part has progressed: this loop, which reads, decides and writes,
    /// by being here, and the courier's threads by their beat.
    fn watchdog(&mut self, now: &Reading) {
        let Some(interval) = self.notifier.watchdog_interval() else { return };
        let interval = Span(i64::try_from(interval.as_micros()).unwrap_or(i64::MAX));
        if self.pinged.is_some_and(|(at, _)| now.boottime.0 - at.0 < interval.0) {
            return;
        }
        let beat = self.daemon.courier.beat();
        if self.pinged.is_none_or(|(_, last)| beat != last || beat == 0) {
            self.notifier.watchdog();
        }
        self.pinged = Some((now.boottime, beat));
    }

    /// What a turn says about the machine's health.
    fn note(&mut self, turn: &Turn, now: &Reading) -> Result<(), ServiceError> {
        let why = turn.stalled.as_ref().map(ToString::to_string);
        if let Some(why) = &why
            && self.troubles.is_new("store")
        {
            tracing::error!("the store does not take the changes: {why}; nothing is read until it does");
        }
        self.emergency.stalled(why.as_deref(), now);
        self.troubles.set("store", why, now);
        self.troubles.count(turn);
        let book = self.daemon.pipeline.book();
        self.emergency.note(turn, book, now);
        self.alive.note(turn, book, &self.setup.config, &mut self.troubles, now);
        if self.troubles.due_for_look(now) {
            let directories = self.daemon.source.directories();
            if let Some(watch) = &mut self.watch
                && let Err(error) = watch.update(&directories)
            {
                self.troubles.set("watch", Some(error.to_string()), now);
            }
            let replies = self.inbox.look();
            self.troubles.set("replies", replies, now);
            self.look(now)?;
            self.monitor.look(&self.daemon, &self.setup.config, &self.troubles, now);
        }
        Ok(())
    }

    /// The look at what costs more than a turn. A store that is writing at the moment is looked at next time.
    fn look(&mut self, now: &Reading) -> Result<(), ServiceError> {
        let notes = self.troubles.source_notes(&self.daemon, &self.setup.config);
        let Some(store) = self.daemon.ledger.store() else { return Ok(()) };
        let health = store.health();
        if health.gone {
            let path = self.setup.config.store.directory.join(crate::ledger::FILE_NAME);
            let what = format!("{} was removed or replaced while the daemon runs", path.display());
            return Err(LedgerError::Permanent(what).into());
        }
        store.note_sources(notes);
        store.idle();
        self.troubles.look(&self.daemon, &self.setup.config, health, now);
        self.notifier.status(&self.troubles.line());
        Ok(())
    }

    /// The rules in force, and since when, belong to the record. Returns the sentence that says so.
    fn record(&mut self, kind: &'static str, now: &Reading) -> String {
        let (changes, said) = reload::record(kind, &self.setup, &self.versions, now);
        self.daemon.record(changes);
        self.versions = reload::versions(&self.setup.rules);
        said
    }

    /// File system notifications shorten the wait; without them the scan alone finds everything.
    fn rewatch(&mut self) {
        let bell = self.bell.clone();
        let now = self.clock.now();
        match Watch::start(&self.daemon.source.directories(), move || bell.ring()) {
            Ok(watch) => {
                self.watch = Some(watch);
                self.troubles.set("watch", None, &now);
            }
            Err(error) => {
                tracing::warn!("no file notifications, logs are looked at every second: {error}");
                self.troubles.set("watch", Some(error.to_string()), &now);
            }
        }
    }

    /// SIGHUP: the new configuration whole, or the old one stays. The store and letters under way are kept.
    fn reload(&mut self) {
        let now = self.clock.now();
        self.notifier.reloading();
        let settled = self.daemon.settle(&now);
        if let Err(error) = self.committed(&settled, &now) {
            tracing::error!("{error}");
        }
        let result = match reload::reload(&mut self.daemon, &self.setup, &self.options, &self.bell, &now) {
            Ok(setup) => {
                for warning in &setup.warnings {
                    tracing::warn!("{warning}");
                }
                self.requests.learn(&setup.config);
                self.monitor.relisten(&setup.config, &self.clock, &mut self.troubles, &now);
                if let Err(error) = self.inbox.reopen(&setup.config, &self.options, &self.bell) {
                    tracing::error!("{error}");
                }
                let before = std::mem::replace(&mut self.setup, setup);
                if reload::files_changed(&before.config, &self.setup.config) {
                    self.rewatch();
                }
                let said = self.record("reload", &now);
                self.troubles.rules(&self.setup, &now);
                self.troubles.set("reload", None, &now);
                tracing::info!(rules = %said, "reloaded");
                Ok(said)
            }
            Err(error) => {
                tracing::error!("reload refused, the old configuration stays in force:\n{error}");
                let (changes, why) = reload::refusal(&error, &now);
                self.daemon.record(changes);
                self.troubles.set("reload", Some(format!("refused, the old rules stay: {why}")), &now);
                Err(error)
            }
        };
        self.notifier.status(&self.troubles.line());
        self.notifier.ready();
        self.requests.answer_reload(&result);
    }

    /// A clean stop: no new lines, letters under way may finish.
    fn drain(&mut self, seen: &mut dyn FnMut(&Turn, &Reading)) -> Result<(), ServiceError> {
        self.notifier.stopping();
        let begun = self.clock.now();
        loop {
            let now = self.clock.now();
            let turn = self.daemon.wind_down(&now);
            self.requests.answer(&turn);
            // What was filed is forgotten with the next commit.
            let filed = self.inbox.file(&turn);
            let forgets = !filed.is_empty();
            self.daemon.filed(filed);
            seen(&turn, &now);
            let waited = now.boottime.0 - begun.boottime.0 > DRAIN.0;
            if waited || (!forgets && self.daemon.courier.is_idle() && turn.stalled.is_none()) {
                break;
            }
            self.waiter.wait(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Leaves the store marked as cleanly closed.
    ///
    /// # Errors
    /// [`ServiceError::Ledger`]: the next start recovers from the write-ahead log instead.
    pub fn close(self) -> Result<(), ServiceError> {
        self.daemon.ledger.into_store()?.close()?;
        tracing::info!("stopped");
        Ok(())
    }
}
