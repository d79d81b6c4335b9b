//! The one driver: live, replay and simulation all run [`Daemon::turn`]. A turn takes in what came,
//! walks it through the pipeline, commits once, and only after the commit lets anything out.

use crate::pipeline::{Answer, Pipeline};
use crate::ports::{Courier, Ledger, LedgerError, LogSource};
use crate::schema::{Act, Changes, Evidence, JournalEntry, Reading, RuleRow, Timestamp};

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
    unwritten: Option<Unwritten>,
}

/// A step that the ledger has not taken yet. Nothing new is read before it is written.
struct Unwritten {
    changes: Changes,
    claimed: Vec<u64>,
    answers: Vec<Answer>,
    more: bool,
}

/// What a turn came to.
#[derive(Debug, Default)]
pub struct Turn {
    /// Answers to the acts, in their order; empty while the ledger does not take the changes.
    pub answers: Vec<Answer>,
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
        Daemon { source, ledger, courier, pipeline, unwritten: None }
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
        let step = match self.unwritten.take() {
            Some(step) => step,
            None => self.step(acts, now),
        };
        if !step.changes.is_empty()
            && let Err(error) = self.ledger.commit(&step.changes)
        {
            self.unwritten = Some(step);
            return Turn { stalled: Some(error), ..Turn::default() };
        }
        self.send(&step.claimed, now);
        let wake = self.pipeline.next_wake(now).map(|(at, _)| at);
        Turn { answers: step.answers, changes: step.changes, more: step.more, wake, stalled: None }
    }

    /// Whether a step waits for the ledger: acts given to the next turn would be left unread.
    pub fn is_stalled(&self) -> bool {
        self.unwritten.is_some()
    }

    /// A turn of a clean stop: answers of relays are recorded, nothing new is read or sent.
    pub fn wind_down(&mut self, now: &Reading) -> Turn {
        let step = match self.unwritten.take() {
            Some(step) => step,
            None => {
                let mut changes = Changes::default();
                for receipt in self.courier.receipts() {
                    self.pipeline.receipt(&receipt, now, &mut changes);
                }
                self.pipeline.finish(&mut changes);
                Unwritten { changes, claimed: Vec::new(), answers: Vec::new(), more: false }
            }
        };
        if !step.changes.is_empty()
            && let Err(error) = self.ledger.commit(&step.changes)
        {
            self.unwritten = Some(step);
            return Turn { stalled: Some(error), ..Turn::default() };
        }
        Turn { answers: step.answers, changes: step.changes, ..Turn::default() }
    }

    /// Records the rules in force, with the journal's word for why.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn record_rules(&mut self, entry: JournalEntry, rules: Vec<RuleRow>) -> Result<(), LedgerError> {
        self.ledger.commit(&Changes { journal: vec![entry], rules, ..Changes::default() })
    }

    fn step(&mut self, acts: &[Act], now: &Reading) -> Unwritten {
        let mut changes = Changes::default();
        for receipt in self.courier.receipts() {
            self.pipeline.receipt(&receipt, now, &mut changes);
        }
        let answers = acts.iter().map(|act| self.pipeline.act(act, now, &mut changes)).collect();
        let batch = self.source.poll(now);
        let more = batch.more;
        self.pipeline.lines(batch, now, &mut changes);
        self.pipeline.tick(now, &mut changes);
        let claimed = self.pipeline.claim(self.courier.free(), now, &mut changes);
        self.pipeline.finish(&mut changes);
        Unwritten { changes, claimed, answers, more }
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
