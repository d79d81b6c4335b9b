//! One state of the modelled world, and every step that leads on from it.
//!
//! Time is counted in units of five minutes. Every input is one turn of the daemon: the input, a look, claims,
//! one commit; turns without input follow until nothing changes, so whatever a state leaves undone waits for
//! somebody else. A crash can come between any two commits, between a claim and the relay's hearing of it, and
//! between the relay's answer and its receipt.

use super::mutants::{Kind, Spell};
use super::plan::{finding, params, units};
use super::scope::{Budget, Scope};
use super::truth::{Broken, Truth};
use gatewatch::escalate::Escalate;
use gatewatch::schema::book::Rows;
use gatewatch::schema::*;
use gatewatch::triage::{self, Triage};
use std::sync::Arc;

/// Units that a silence lasts.
const SILENCE: i64 = 2;
const PAUSE: i64 = 3;
const JUMP: i64 = 4;
/// Who has the turn before and after the change of the roster.
pub const TURN: [&str; 2] = ["ana", "ben"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The next line is read, and its position committed.
    Read,
    /// What was read and not yet judged (only a mutant leaves anything).
    Judge,
    Tick,
    Relay(u64, Answer),
    Receipt(u64),
    Crash,
    Reboot,
    Start,
    OutageBegins,
    OutageEnds,
    SetUtc(i64),
    Pause,
    Suspend,
    Acknowledge(u64),
    Resolve(u64),
    Reopen(u64),
    /// The second incident is joined to the first.
    Merge,
    Split,
    Silence,
    NewRoster,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    Takes,
    Defers,
    /// It took the message, and the answer was lost.
    Cut,
    Refuses,
}

/// A letter with the courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    pub row: u64,
    pub attempt: u32,
    pub answer: Option<Answer>,
}

/// The rooms, with either roster.
pub struct Rooms {
    escalate: [Escalate; 2],
    triage: Triage,
    pub spell: Spell,
}

impl Rooms {
    pub fn new(scope: &Scope, mutant: Option<Kind>) -> Rooms {
        let room = |turn: &str| Escalate::new(params(scope, turn));
        Rooms {
            escalate: [room(TURN[0]), room(TURN[1])],
            triage: Triage::new(triage::Params::default()),
            spell: Spell(mutant),
        }
    }

    fn escalate(&self, roster: usize) -> &Escalate {
        &self.escalate[roster]
    }
}

#[derive(Clone)]
pub struct State {
    /// Memory, and what is committed: the same after every turn. While the program is down, what is stored.
    pub book: Book,
    pub up: bool,
    /// True time.
    pub time: i64,
    /// How wrong UTC is.
    pub error: i64,
    pub boot: u32,
    /// True time at which the boot clock would have said zero.
    pub booted: i64,
    pub outage: bool,
    pub roster: usize,
    pub flights: Vec<Flight>,
    /// Lines whose position is committed.
    pub read: usize,
    pub unjudged: Vec<usize>,
    pub left: Budget,
    pub truth: Truth,
    scope: Arc<Scope>,
}

impl State {
    pub fn new(scope: &Scope) -> State {
        State {
            book: Book::default(),
            up: true,
            time: 0,
            error: 0,
            boot: 1,
            booted: -10,
            outage: false,
            roster: 0,
            flights: Vec::new(),
            read: 0,
            unjudged: Vec::new(),
            left: scope.budget.clone(),
            truth: Truth::default(),
            scope: Arc::new(scope.clone()),
        }
    }

    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The machine's clocks.
    pub fn now(&self) -> Reading {
        Reading {
            utc: Timestamp::from_civil((2026, 11, 23), (9, 0, 0), 0).expect("a date")
                + units(self.time + self.error),
            boottime: units(self.time - self.booted),
            boot_id: self.boot.to_string().into(),
        }
    }

    /// Everything that can happen next.
    pub fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut may = |possible: bool, action: Action| {
            if possible {
                actions.push(action);
            }
        };
        for flight in &self.flights {
            let (open, row) = (flight.answer.is_none(), flight.row);
            may(open && self.outage, Action::Relay(row, Answer::Defers));
            may(open && !self.outage, Action::Relay(row, Answer::Takes));
            may(open && !self.outage && self.left.cuts > 0, Action::Relay(row, Answer::Cut));
            may(open && !self.outage && self.left.refusals > 0, Action::Relay(row, Answer::Refuses));
            may(!open, Action::Receipt(row));
        }
        let up = self.up;
        // The courier's deadline is far below a unit: no session is under way when time passes.
        let quiet = self.flights.is_empty();
        let room = |length: i64| quiet && self.time + length <= self.scope.horizon;
        may(room(1), Action::Tick);
        may(!up, Action::Start);
        may(up && !self.unjudged.is_empty(), Action::Judge);
        may(up && self.read < self.scope.lines.len(), Action::Read);
        may(up && self.left.crashes > 0, Action::Crash);
        may(up && self.left.reboots > 0, Action::Reboot);
        may(!self.outage && self.left.outages > 0, Action::OutageBegins);
        may(self.outage, Action::OutageEnds);
        may(up && quiet && self.left.jumps > 0, Action::SetUtc(JUMP));
        may(up && quiet && self.left.jumps > 0, Action::SetUtc(-JUMP));
        may(up && room(PAUSE) && self.left.pauses > 0, Action::Pause);
        may(up && room(PAUSE) && self.left.suspends > 0, Action::Suspend);
        may(up && self.left.silences > 0, Action::Silence);
        may(up && self.left.rosters > 0, Action::NewRoster);
        for incident in self.book.incidents().filter(|_| up) {
            use IncidentStatus::{Acknowledged, Open, Resolved};
            let (status, number) = (incident.status, incident.number);
            may(status == Open && self.left.acks > 0, Action::Acknowledge(number));
            may(matches!(status, Open | Acknowledged) && self.left.resolves > 0, Action::Resolve(number));
            may(status == Resolved && self.left.reopens > 0, Action::Reopen(number));
            let (second, mergeable) = (number == 2, matches!(status, Open | Acknowledged));
            let host =
                self.book.incident_named("1").is_some_and(|host| matches!(host.status, Open | Acknowledged));
            may(second && mergeable && host && self.left.merges > 0, Action::Merge);
            may(status == IncidentStatus::Merged && self.left.splits > 0, Action::Split);
        }
        actions
    }

    /// The state after an action, with every invariant checked on the way.
    pub fn step(&self, rooms: &Rooms, action: Action) -> Result<State, Broken> {
        let mut state = self.clone();
        state.spend(action);
        state.happens(rooms, action)?;
        state.truth.clone().check(&state)?;
        Ok(state)
    }

    fn spend(&mut self, action: Action) {
        let left = &mut self.left;
        let spent = match action {
            Action::Crash => &mut left.crashes,
            Action::Reboot => &mut left.reboots,
            Action::OutageBegins => &mut left.outages,
            Action::Relay(_, Answer::Cut) => &mut left.cuts,
            Action::Relay(_, Answer::Refuses) => &mut left.refusals,
            Action::SetUtc(_) => &mut left.jumps,
            Action::Pause => &mut left.pauses,
            Action::Suspend => &mut left.suspends,
            Action::Acknowledge(_) => &mut left.acks,
            Action::Resolve(_) => &mut left.resolves,
            Action::Reopen(_) => &mut left.reopens,
            Action::Merge => &mut left.merges,
            Action::Split => &mut left.splits,
            Action::Silence => &mut left.silences,
            Action::NewRoster => &mut left.rosters,
            _ => return,
        };
        *spent -= 1;
    }

    fn happens(&mut self, rooms: &Rooms, action: Action) -> Result<(), Broken> {
        match action {
            Action::Read => self.read(rooms),
            Action::Judge => self.judge(rooms),
            Action::Tick => self.pass(rooms, 1),
            Action::Suspend => self.pass(rooms, PAUSE),
            Action::Pause => {
                (self.booted, self.truth.clocks_lied) = (self.booted + PAUSE, true);
                self.truth.paused += PAUSE;
                self.pass(rooms, PAUSE)
            }
            Action::SetUtc(by) => {
                (self.error, self.truth.clocks_lied) = (self.error + by, true);
                self.turn(rooms, |_, _, _| ())
            }
            Action::Relay(row, answer) => self.relay(row, answer),
            Action::Receipt(row) => self.receipt(rooms, row),
            Action::Crash => self.die(),
            Action::Reboot => {
                (self.boot, self.booted, self.truth.clocks_lied) = (self.boot + 1, self.time, true);
                self.die()
            }
            Action::Start => self.start(rooms),
            Action::OutageBegins | Action::OutageEnds => {
                self.outage = action == Action::OutageBegins;
                self.truth.quiet = 0;
                Ok(())
            }
            Action::Acknowledge(number) => self.act(rooms, number, Verb::Acknowledge),
            Action::Resolve(number) => self.act(rooms, number, Verb::Resolve { false_positive: false }),
            Action::Reopen(number) => self.act(rooms, number, Verb::Reopen),
            Action::Merge => self.act(rooms, 2, Verb::Merge("1".into())),
            Action::Split => self.act(rooms, 2, Verb::Split),
            Action::Silence => self.silence(rooms),
            Action::NewRoster => {
                self.roster = 1 - self.roster;
                self.turn(rooms, |_, _, _| ())
            }
        }
    }

    fn pass(&mut self, rooms: &Rooms, length: i64) -> Result<(), Broken> {
        self.time += length;
        if !self.up {
            return Ok(());
        }
        self.truth.quiet = if self.outage { 0 } else { (self.truth.quiet + 1).min(2) };
        self.turn(rooms, |_, _, _| ())
    }

    fn read(&mut self, rooms: &Rooms) -> Result<(), Broken> {
        self.unjudged.push(self.read);
        self.read += 1;
        if rooms.spell.is(Kind::CursorFirst) {
            return Ok(());
        }
        self.judge(rooms)
    }

    fn judge(&mut self, rooms: &Rooms) -> Result<(), Broken> {
        let now = self.seen(rooms);
        for line in std::mem::take(&mut self.unjudged) {
            let (user, severity) = self.scope.lines[line];
            let found = finding(line, user, severity, now.utc);
            let judged = rooms.triage.judge(&mut self.book, found, None, now.utc, &now);
            rooms.spell.judged(&mut self.book, &judged);
            if !rooms.spell.deletes(&judged) {
                self.truth.findings.push((line, judged.verdict));
            }
            self.truth.judged(line, judged.verdict, self.time + self.error)?;
        }
        self.turn(rooms, |_, _, _| ())
    }

    fn act(&mut self, rooms: &Rooms, number: u64, verb: Verb) -> Result<(), Broken> {
        let room = rooms.escalate(self.roster);
        let kept = rooms.spell.before_act(&self.book, &verb);
        self.turn(rooms, |book, now, changes| {
            let actor = Actor { name: "ana".into(), known: true, channel: Channel::Cli };
            let act =
                Act { actor, verb: verb.clone(), incident: Some(number.to_string().into()), note: None };
            room.act(book, &act, now, changes).expect("possible in this state");
            rooms.spell.after_act(book, &verb, number, kept);
        })
    }

    fn silence(&mut self, rooms: &Rooms) -> Result<(), Broken> {
        let room = rooms.escalate(self.roster);
        let silence = Silence {
            owner: "ana".into(),
            reason: "a migration".into(),
            rule: Some("rule".into()),
            ..Silence::default()
        };
        self.truth.silent_until = Some(self.time + self.error + SILENCE);
        self.turn(rooms, |book, now, changes| {
            let actor = Actor { name: "ana".into(), known: true, channel: Channel::Cli };
            let verb = Verb::Silence(silence, units(SILENCE));
            let act = Act { actor, verb, incident: None, note: None };
            room.act(book, &act, now, changes).expect("a silence");
        })
    }

    /// One turn of the daemon with an input, and then turns without one until nothing changes.
    fn turn(
        &mut self,
        rooms: &Rooms,
        input: impl FnOnce(&mut Book, &Reading, &mut Changes),
    ) -> Result<(), Broken> {
        let now = self.seen(rooms);
        let mut input = Some(input);
        for _ in 0..8 {
            let before = self.book.clone();
            let mut changes = Changes::default();
            if let Some(input) = input.take() {
                input(&mut self.book, &now, &mut changes);
            }
            let room = rooms.escalate(self.roster);
            rooms.spell.look(room, &mut self.book, &now, &mut changes);
            let claiming = if rooms.spell.is(Kind::RosterAtOwing) { rooms.escalate(0) } else { room };
            let claimed = rooms.spell.claim(claiming, &mut self.book, &now, &mut changes);
            self.book.drain(&mut changes);
            self.truth.committed(&before, &self.book, &changes, &claimed, self.roster, self.time)?;
            if claimed.is_empty() && changes.is_empty() {
                return Ok(());
            }
            for row in claimed {
                let attempt = self.book.notification(row).map_or(0, |n| n.attempts);
                self.flights.push(Flight { row, attempt, answer: None });
            }
        }
        // A mutant that undoes what the program does has no end to it.
        let endless = Broken::new("REST", "turn after turn changes something");
        if rooms.spell.0.is_some() { Ok(()) } else { Err(endless) }
    }

    /// The clocks as the program sees them.
    fn seen(&self, rooms: &Rooms) -> Reading {
        rooms.spell.reading(self.now(), self.truth.paused)
    }

    fn relay(&mut self, row: u64, answer: Answer) -> Result<(), Broken> {
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.row == row) {
            flight.answer = Some(answer);
        }
        if answer != Answer::Takes {
            self.truth.quiet = 0;
        }
        self.truth.answered(&self.book, row, answer)
    }

    fn receipt(&mut self, rooms: &Rooms, row: u64) -> Result<(), Broken> {
        let Some(at) = self.flights.iter().position(|flight| flight.row == row) else { return Ok(()) };
        let flight = self.flights.remove(at);
        let (phase, code, result) = match flight.answer {
            Some(Answer::Takes) => (MailPhase::Done, Some(250), AttemptResult::Accepted),
            Some(Answer::Refuses) => (MailPhase::Rcpt, Some(550), AttemptResult::Refused),
            Some(Answer::Defers) => (MailPhase::Connect, None, AttemptResult::Deferred),
            Some(Answer::Cut) | None => (MailPhase::Body, None, AttemptResult::Uncertain),
        };
        let receipt = Receipt {
            notification: row,
            attempt: flight.attempt,
            at: self.seen(rooms).utc,
            relay: "relay:25".into(),
            phase,
            code,
            reply: "so".into(),
            result,
        };
        let room = rooms.escalate(self.roster);
        self.turn(rooms, |book, now, changes| rooms.spell.receipt(room, book, &receipt, now, changes))
    }

    fn die(&mut self) -> Result<(), Broken> {
        (self.up, self.truth.quiet) = (false, 0);
        self.unjudged.clear();
        for row in self.book.unfinished().filter(|n| n.state == NotificationState::Sending) {
            *self.truth.causes.entry(row.id).or_default() += 1;
        }
        self.flights.clear();
        self.book.hints = Default::default();
        Ok(())
    }

    fn start(&mut self, rooms: &Rooms) -> Result<(), Broken> {
        let over = |i: &&Incident| i.status != IncidentStatus::Closed;
        let incidents: Vec<Incident> = self.book.incidents().filter(over).cloned().collect();
        let clocks = incidents.iter().flat_map(|i| self.book.clocks_of(&i.id).to_vec()).collect();
        let kept = |n: &&Notification| n.incident.is_some() || !n.state.is_final();
        let rows = Rows {
            clocks,
            notifications: self.book.notifications().filter(kept).cloned().collect(),
            silences: self.book.silences().cloned().collect(),
            last_incident_number: incidents.iter().map(|i| i.number).max().unwrap_or(0),
            last_notification: self.truth.last_row,
            last_silence: self.book.silences().count() as u64,
            incidents,
        };
        (self.book, self.up) = (Book::load(rooms.spell.stored(rows)), true);
        let room = rooms.escalate(self.roster);
        self.turn(rooms, |book, now, changes| {
            room.recover(book, now, changes);
            rooms.spell.recovered(book);
        })
    }
}
