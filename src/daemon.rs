//! The one driver: live, replay and simulation all run [`Daemon::turn`]. A turn takes in what came,
//! walks it through the pipeline, commits once, and only after the commit lets anything out. While lines
//! wait to be read, the commit of one turn may run beside the reading of the next; letters and answers wait
//! for it all the same.

use crate::pipeline::{Answer, Pipeline};
use crate::ports::{Courier, Ledger, LedgerError, LogSource};
use crate::schema::{Act, Changes, Evidence, Inbound, Reading, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;

/// The pipeline with its ports. The clock is an argument of each turn.
pub struct Daemon<S, L, C> {
    /// Where lines come from.
    pub source: S,
    /// Where everything is recorded.
    pub ledger: L,
    /// Who carries letters.
    pub courier: C,
    /// Rooms 2 to 5.
    pub pipeline: Pipeline,
    /// Mails that came back, for the next step.
    arrived: Vec<Inbound>,
    /// Mails that were filed, to be forgotten by the next step.
    filed: Vec<Arc<str>>,
    /// Steps that the ledger has not taken yet, oldest first. After a refusal nothing new is read.
    unwritten: VecDeque<Step>,
    /// The oldest of them is being committed beside us.
    flying: bool,
    /// The last try was refused.
    refused: bool,
}

/// What one walk through the pipeline changes, and what shall happen once that is stored.
struct Step {
    changes: Arc<Changes>,
    claimed: Vec<u64>,
    answers: Vec<Answer>,
    taken: Vec<Arc<str>>,
    more: bool,
}

/// What a turn came to.
#[derive(Debug, Default)]
pub struct Turn {
    /// Answers to the acts, in their order; empty while the ledger does not take the changes.
    pub answers: Vec<Answer>,
    /// Mails whose effect was committed: they can be filed.
    pub taken: Vec<Arc<str>>,
    /// What was committed.
    pub changes: Changes,
    /// Whether another turn right away would bring more lines.
    pub more: bool,
    /// When the next deadline falls due.
    pub wake: Option<Timestamp>,
    /// Why nothing was committed; the changes are kept and tried again by the next turn.
    pub stalled: Option<LedgerError>,
}

impl<S: LogSource, L: Ledger, C: Courier> Daemon<S, L, C> {
    /// A driver over a pipeline that was restored from the same ledger.
    pub fn new(source: S, ledger: L, courier: C, pipeline: Pipeline) -> Self {
        Daemon {
            source,
            ledger,
            courier,
            pipeline,
            arrived: Vec::new(),
            filed: Vec::new(),
            unwritten: VecDeque::new(),
            flying: false,
            refused: false,
        }
    }

    /// Puts right what the last end left open. Call once, before the first turn.
    ///
    /// # Errors
    /// [`LedgerError`]: the store did not take the correction.
    pub fn recover(&mut self, now: &Reading) -> Result<(), LedgerError> {
        let changes = self.pipeline.recover(now);
        if changes.is_empty() { Ok(()) } else { self.ledger.commit(&changes) }
    }

    /// One turn: receipts, acts, lines, the passing of time; one commit; then letters.
    pub fn turn(&mut self, acts: &[Act], now: &Reading) -> Turn {
        let mut turn = Turn::default();
        if !self.refused {
            let step = self.step(acts, now);
            turn.more = step.more;
            self.unwritten.push_back(step);
        }
        self.write(turn.more, now, &mut turn);
        turn.wake = self.pipeline.next_wake(now).map(|(at, _)| at);
        turn
    }

    /// A turn of a clean stop: answers of relays are recorded, nothing new is read or sent.
    pub fn wind_down(&mut self, now: &Reading) -> Turn {
        let mut turn = Turn::default();
        if !self.refused {
            let mut changes = Changes::default();
            for receipt in self.courier.receipts() {
                self.pipeline.receipt(&receipt, now, &mut changes);
            }
            self.pipeline.filed(&std::mem::take(&mut self.filed), &mut changes);
            self.pipeline.finish(now, &mut changes);
            self.unwritten.push_back(Step::of(changes));
        }
        self.write(false, now, &mut turn);
        turn
    }

    /// Waits for a commit that runs beside us, so that the ledger can be asked other things.
    pub fn settle(&mut self, now: &Reading) -> Turn {
        let mut turn = Turn::default();
        self.write(false, now, &mut turn);
        turn
    }

    /// Whether a step waits for the ledger after a refusal: acts given to the next turn would be left unread.
    pub fn is_stalled(&self) -> bool {
        self.refused
    }

    /// Commits what waits, in order. With `beside`, the newest step may be left under way.
    fn write(&mut self, beside: bool, now: &Reading, turn: &mut Turn) {
        while !self.unwritten.is_empty() {
            if !self.flying {
                let begin = |step: &Step| match step.changes.is_empty() {
                    true => Some(Ok(())),
                    false => self.ledger.begin(&step.changes),
                };
                let begun = self.unwritten.front().map(begin);
                self.flying = matches!(begun, Some(None));
                if let Some(Some(result)) = begun
                    && !self.written(result, now, turn)
                {
                    return;
                }
            }
            if self.flying && beside && self.unwritten.len() == 1 {
                return;
            }
            if self.flying {
                self.flying = false;
                let result = self.ledger.finish();
                if !self.written(result, now, turn) {
                    return;
                }
            }
        }
    }

    /// The oldest step was committed, or was not: then it stays the oldest.
    fn written(&mut self, result: Result<(), LedgerError>, now: &Reading, turn: &mut Turn) -> bool {
        self.refused = result.is_err();
        if let Err(error) = result {
            turn.stalled = Some(error);
            return false;
        }
        if let Some(step) = self.unwritten.pop_front() {
            self.send(&step.claimed, now);
            turn.answers.extend(step.answers);
            turn.taken.extend(step.taken);
            turn.changes.absorb(Arc::unwrap_or_clone(step.changes));
        }
        true
    }

    /// Records something of the program itself, such as the rules in force: the next commit has it, before
    /// anything that the pipeline decides later.
    pub fn record(&mut self, changes: Changes) {
        self.unwritten.push_back(Step::of(changes));
    }

    /// Mails that came back; the next step acts on them.
    pub fn arrived(&mut self, mails: Vec<Inbound>) {
        self.arrived.extend(mails);
    }

    /// Mails of [`Turn::taken`] that were filed; the next step forgets them.
    pub fn filed(&mut self, identities: Vec<Arc<str>>) {
        self.filed.extend(identities);
    }

    fn step(&mut self, acts: &[Act], now: &Reading) -> Step {
        let mut changes = Changes::default();
        for receipt in self.courier.receipts() {
            self.pipeline.receipt(&receipt, now, &mut changes);
        }
        let answers = acts.iter().map(|act| self.pipeline.act(act, now, &mut changes)).collect();
        let mails = std::mem::take(&mut self.arrived);
        mails.iter().for_each(|mail| self.pipeline.inbound(mail, now, &mut changes));
        let taken = mails.into_iter().map(|mail| mail.identity).collect();
        self.pipeline.filed(&std::mem::take(&mut self.filed), &mut changes);
        let batch = self.source.poll(now);
        let more = batch.more;
        self.pipeline.lines(batch, now, &mut changes);
        self.pipeline.tick(now, &mut changes);
        let claimed = self.pipeline.claim(self.courier.free(), now, &mut changes);
        self.pipeline.finish(now, &mut changes);
        Step { claimed, answers, taken, more, ..Step::of(changes) }
    }

    /// Letters go out after the commit of their claim, with what the ledger holds as evidence. A claim whose
    /// letter cannot be written stays `sending` and is taken up again by the next start as uncertain.
    fn send(&mut self, claimed: &[u64], now: &Reading) {
        for &id in claimed {
            let incident = self.pipeline.book().notification(id).and_then(|row| row.incident.clone());
            let evidence = match &incident {
                Some(incident) => self.ledger.evidence(incident).unwrap_or_default(),
                None => Evidence::default(),
            };
            if let Some(letter) = self.pipeline.letter(id, &evidence, now) {
                self.courier.send(letter);
            }
        }
    }
}

impl Step {
    /// A step that lets nothing out.
    fn of(changes: Changes) -> Step {
        Step {
            changes: Arc::new(changes),
            claimed: Vec::new(),
            answers: Vec::new(),
            taken: Vec::new(),
            more: false,
        }
    }
}
