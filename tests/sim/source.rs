//! The source port: the real tail over real files, with a copy of each batch for the twin, and the mutants
//! that break reading.

use super::lines::FORGED_ADDRESS;
use super::mutants::Mutant;
use gatewatch::limits::LINE_BYTES_MAX;
use gatewatch::ports::{Batch, LogSource};
use gatewatch::schema::{Reading, Refusal};
use gatewatch::tail::Tail;
use std::cell::RefCell;
use std::rc::Rc;

/// The last batch that was read.
pub type LastBatch = Rc<RefCell<Option<Batch>>>;

pub struct SourcePort {
    pub tail: Tail,
    pub last: LastBatch,
    pub mutant: Option<Mutant>,
}

impl LogSource for SourcePort {
    fn poll(&mut self, now: &Reading) -> Batch {
        let mut batch = self.tail.poll(now);
        match self.mutant {
            Some(Mutant::LoseLines) if batch.lines.len() > 4 => batch.lines.truncate(2),
            Some(Mutant::DoubleLine) => {
                if let Some(mut line) = batch.lines.last().cloned() {
                    line.offset += line.length;
                    batch.lines.push(line);
                }
            }
            Some(Mutant::UncutLine) => {
                for line in batch.lines.iter_mut().filter(|line| line.bytes.len() == LINE_BYTES_MAX) {
                    line.bytes = [&line.bytes[..], b"more"].concat().into();
                }
            }
            Some(Mutant::TrustNames) => {
                let mark = format!("from {FORGED_ADDRESS} port 22 ssh2");
                for line in &mut batch.lines {
                    let at = line.bytes.windows(mark.len()).position(|window| window == mark.as_bytes());
                    line.bytes = at.map_or(line.bytes.clone(), |at| line.bytes[..at + mark.len()].into());
                }
            }
            _ => {}
        }
        *self.last.borrow_mut() = Some(batch.clone());
        batch
    }

    fn trouble(&self) -> Vec<Refusal> {
        self.tail.trouble()
    }
}
