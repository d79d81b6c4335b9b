//! One world: clocks, files, store, relays, an operator, and the daemon in the middle of them, driven turn by
//! turn on one thread. Everything is chosen by the seed.

use super::actions;
use super::clock::Clock;
use super::disk::Disk;
use super::invariants::Watch;
use super::monitor::{Monitor, Violation, names};
use super::mutants::Mutant;
use super::relay::{Relay, RelayPort};
use super::rng::Rng;
use super::source::{LastBatch, SourcePort};
use super::twin::{Twin, rebuilt, stranger_changes_nothing};
use super::vault::{Vault, VaultPort};
use gatewatch::daemon::{Daemon, Turn};
use gatewatch::schema::{Act, Changes, Reading, Span};
use gatewatch::tail::Tail;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

/// Turns in a row while there is more to read.
const MORE_MAX: usize = 50;
/// Turns in a row while messages move.
const DELIVER_MAX: usize = 25;

pub struct World {
    pub rng: Rng,
    pub clock: Clock,
    pub disk: Disk,
    pub vault: Rc<RefCell<Vault>>,
    pub relay: Rc<RefCell<Relay>>,
    pub monitor: Monitor,
    pub mutant: Option<Mutant>,
    pub transcript: Vec<String>,
    daemon: Option<Daemon<SourcePort, VaultPort, RelayPort>>,
    last: LastBatch,
    twin: Option<Twin>,
    watch: Watch,
    frozen: Option<Reading>,
    /// The last turn moved no message.
    quiet: bool,
}

/// What came of a seed.
pub struct Outcome {
    pub violations: Vec<Violation>,
    pub transcript: Vec<String>,
    pub figures: String,
}

/// Lives through a seed. With a mutant, an outcome says what was noticed; it ends early when `only` was.
pub fn run(seed: u64, actions: usize, mutant: Option<Mutant>, only: Option<&str>) -> Outcome {
    let mut world = World::new(seed, mutant);
    let done = |world: &World| match only {
        Some(name) => world.monitor.violations().iter().any(|v| v.invariant == name),
        None => world.monitor.is_broken(),
    };
    let style = actions::Style::of(seed);
    for step in 0..actions {
        world.monitor.step(step);
        actions::act(&mut world, style);
        if done(&world) {
            return world.outcome();
        }
    }
    world.monitor.step(actions);
    world.rest();
    world.outcome()
}

impl World {
    fn new(seed: u64, mutant: Option<Mutant>) -> World {
        let mut rng = Rng::new(seed);
        let monitor = Monitor::default();
        let clock = Clock::new(rng.between(-50, 50));
        let relay = Relay::new(Rng::new(seed ^ 0x5eed), monitor.clone(), mutant);
        let mut world = World {
            clock,
            disk: Disk::new(),
            vault: Rc::new(RefCell::new(Vault::new(monitor.clone(), mutant))),
            relay: Rc::new(RefCell::new(relay)),
            monitor,
            mutant,
            transcript: Vec::new(),
            daemon: None,
            last: LastBatch::default(),
            twin: None,
            watch: Watch::default(),
            frozen: None,
            quiet: false,
            rng,
        };
        world.start();
        world
    }

    /// The clocks as the daemon sees them.
    fn reading(&mut self) -> Reading {
        let mut reading = self.clock.read();
        match self.mutant {
            Some(Mutant::FrozenClock) => {
                let frozen = self.frozen.get_or_insert_with(|| reading.clone());
                frozen.utc = frozen.utc + Span(1_000);
                frozen.boottime = Span(frozen.boottime.0 + 1_000);
                reading = frozen.clone();
            }
            Some(Mutant::FastClock) => reading.boottime = Span(reading.boottime.0 * 3),
            _ => {}
        }
        self.clock.note(&reading);
        let mut relay = self.relay.borrow_mut();
        (relay.now, relay.utc) = (self.clock.truth(), reading.utc);
        relay.new_turn();
        reading
    }

    /// Starts the daemon from what the store holds, and puts right what the last end left open.
    pub fn start(&mut self) {
        let now = self.reading();
        let loaded = self.vault.borrow_mut().store.load();
        self.monitor.check(loaded.is_ok(), names::STORE, || format!("no start: {loaded:?}"));
        let Ok(loaded) = loaded else { return };
        let events = self.vault.borrow().shadow.events;
        let health = self.vault.borrow().store.health().events;
        self.monitor.check(events == health && loaded.next_event == events + 1, names::STORE, || {
            format!(
                "{events} events were committed, the store counts {health} and goes on at {}",
                loaded.next_event
            )
        });
        let pipeline = rebuilt(&loaded);
        let tail = Tail::new(self.disk.tail_params(), loaded.generations, loaded.next_generation);
        let source = SourcePort { tail, last: self.last.clone(), mutant: self.mutant };
        let courier = RelayPort { relay: self.relay.clone(), vault: self.vault.clone() };
        let mut daemon = Daemon::new(source, VaultPort(self.vault.clone()), courier, pipeline);
        let recovered = daemon.recover(&now);
        if recovered.is_err() || self.vault.borrow().dead {
            return self.die();
        }
        self.daemon = Some(daemon);
    }

    pub fn is_up(&self) -> bool {
        self.daemon.is_some()
    }

    /// The process is gone: memory, sessions, what was read and not committed.
    pub fn die(&mut self) {
        (self.daemon, self.twin) = (None, None);
        let mut relay = self.relay.borrow_mut();
        relay.now = self.clock.truth();
        let claimed = self.vault.borrow().sending();
        relay.cut(&claimed, &self.vault.borrow());
        self.vault.borrow_mut().buried();
    }

    /// A clean stop: answers of relays are taken in, then the process ends.
    pub fn stop(&mut self) {
        for _ in 0..5 {
            let now = self.reading();
            let Some(daemon) = &mut self.daemon else { break };
            if daemon.wind_down(&now).stalled.is_none() {
                break;
            }
        }
        self.die();
    }

    /// Turns until nothing more is to be read.
    pub fn turn(&mut self, acts: &[Act]) {
        let mut acts = acts;
        for _ in 0..MORE_MAX {
            let more = self.turn_once(acts);
            acts = &[];
            if !more {
                return;
            }
        }
    }

    fn turn_once(&mut self, acts: &[Act]) -> bool {
        let truly = self.clock.read();
        let now = self.reading();
        let Some(daemon) = &mut self.daemon else { return false };
        let fresh = !daemon.is_stalled();
        if fresh && self.twin.is_none() && self.rng.percent(4) {
            self.twin =
                Twin::new(&mut self.vault.borrow_mut(), daemon.pipeline.book(), now.utc, &self.monitor);
        }
        let stranger = acts.iter().find(|act| !act.actor.known).filter(|_| fresh);
        if let Some(act) = stranger {
            stranger_changes_nothing(&mut self.vault.borrow_mut(), act, &now, &self.monitor);
        }
        let given: Vec<Act> = acts.iter().cloned().map(|act| self.trusting(act)).collect();
        let Some(daemon) = &mut self.daemon else { return false };
        let turn = daemon.turn(&given, &now);
        if fresh && let (Some(twin), Some(batch)) = (&mut self.twin, &*self.last.borrow()) {
            twin.step(&given, batch, &now);
        }
        let dead = self.vault.borrow().dead;
        self.note(&turn, dead);
        if dead {
            self.die();
            return false;
        }
        if turn.stalled.is_some() {
            return false;
        }
        if stranger.is_some() {
            let refused = turn.answers.iter().any(Result::is_err);
            self.monitor.check(refused, names::STRANGER, || format!("{:?}", turn.answers));
        }
        if let Some(twin) = &mut self.twin {
            twin.compare(&turn.changes, &self.monitor);
        }
        if self.rng.percent(2) {
            self.twin = None;
        }
        self.disk.looked();
        self.clock.committed();
        // A step that waited for the ledger was made at its own time: only the next one looks at this moment.
        let more = turn.more || !fresh;
        let (vault, relay) = (&mut *self.vault.borrow_mut(), &*self.relay.borrow());
        self.watch.after_turn(vault, relay, &self.clock, &truly, more, &self.monitor);
        more
    }

    fn trusting(&self, mut act: Act) -> Act {
        act.actor.known |= self.mutant == Some(Mutant::TrustAnyone);
        act
    }

    /// One line of the transcript for a turn: everything it changed, as a hash, without the names that the
    /// file system chose.
    fn note(&mut self, turn: &Turn, dead: bool) {
        let mut text = String::new();
        let c = &turn.changes;
        self.quiet = c.notifications.is_empty();
        let parts = [
            c.events.len(),
            c.findings.len(),
            c.incidents.len(),
            c.clocks.len(),
            c.notifications.len(),
            c.attempts.len(),
        ];
        let _ = write!(text, "  turn at {}: {parts:?}", self.clock.truth());
        let hash = Sha256::digest(format!("{:?}{:?}{:?}", masked(c), turn.answers, turn.wake));
        let _ = write!(text, " {:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]);
        for answer in &turn.answers {
            let _ = write!(text, " {answer:?}");
        }
        if let Some(error) = &turn.stalled {
            let _ = write!(text, " stalled: {error}");
        }
        if dead {
            text.push_str(" dead");
        }
        self.transcript.push(text);
    }

    pub fn say(&mut self, text: String) {
        self.transcript.push(text);
    }

    /// Turns a few seconds apart until no message moves any more.
    fn deliver(&mut self) {
        for _ in 0..DELIVER_MAX {
            self.turn(&[]);
            self.clock.advance(Span::seconds(4));
            if self.quiet {
                return;
            }
        }
    }

    /// The faults end, time passes, and everything that is owed must come to its end.
    fn rest(&mut self) {
        actions::calm_down(self);
        for _ in 0..24 {
            self.clock.advance(Span::seconds(5));
            self.turn(&[]);
        }
        self.watch.all_is_read(&self.vault.borrow(), &self.disk, &self.monitor);
        self.watch.all_is_kept(&mut self.vault.borrow_mut(), &self.monitor);
        for _ in 0..90 {
            if self.watch.untold(&self.vault.borrow(), &self.relay.borrow()).is_none() {
                break;
            }
            self.clock.advance(Span::minutes(1));
            self.deliver();
        }
        self.watch.all_is_told(&self.vault.borrow(), &self.relay.borrow(), &self.monitor);
        for _ in 0..130 {
            let acts = actions::resolve_everything(&self.vault.borrow());
            let owed =
                self.vault.borrow().shadow.notifications.values().any(|n| !super::shadow::is_final(n.state));
            if acts.is_empty() && !owed {
                break;
            }
            self.turn(&acts);
            self.clock.advance(Span::minutes(2));
            self.deliver();
        }
        self.watch.nothing_is_owed(&self.vault.borrow(), &self.monitor);
        self.stop();
        self.start();
        self.monitor.check(self.is_up(), names::STORE, || "the last start failed".into());
    }

    fn outcome(self) -> Outcome {
        let shadow = &self.vault.borrow().shadow;
        let copies: u32 = self.relay.borrow().copies.values().sum();
        let figures = format!(
            "{} events, {} gaps, {} incidents, {} notifications, {copies} copies, {} commits",
            shadow.events,
            shadow.gaps.len(),
            shadow.incidents.len(),
            shadow.notifications.len(),
            self.vault.borrow().commits,
        );
        Outcome { violations: self.monitor.violations(), transcript: self.transcript, figures }
    }
}

fn masked(changes: &Changes) -> Changes {
    let mut changes = changes.clone();
    let name = |path: &str| -> Arc<str> { path.rsplit('/').next().unwrap_or_default().into() };
    for generation in &mut changes.generations {
        (generation.device, generation.inode) = (0, 0);
        generation.path = name(&generation.path);
    }
    for gap in &mut changes.gaps {
        gap.path = name(&gap.path);
    }
    changes
}
