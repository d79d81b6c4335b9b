//! What the room remembers, as rows of the store.

use super::Normalize;
use super::attempt::Attempts;
use super::auto::Tally;
use super::join::Joiner;
use super::repeat::LastMessages;
use super::split::Reads;
use super::table::Columns;
use crate::schema::{StateRow, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const ROOM: &str = "normalize";
const ATTEMPTS: &str = "attempts";
const GENERATION: &str = "generation:";
/// What a file holds back stands in a row of its own: it may be large, and seldom is anything.
const HELD: &str = "held:";
/// Sessions stand in pages, by the ids of the events that opened them.
const SESSION: &str = "sessions:";

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Generation {
    pub(super) watermark: Option<Timestamp>,
    /// What `auto` chose, for now or for good.
    pub(super) format: Option<Arc<str>>,
    /// What `auto` has seen; `None` when it has decided for good.
    pub(super) tally: Option<Tally>,
    /// What the head of the file says of its columns.
    pub(super) columns: Columns,
    /// The last messages of its machines.
    pub(super) last: LastMessages,
    /// Lines of records that are not complete.
    pub(super) joiner: Joiner,
    /// Whether the store has a row of these lines.
    pub(super) is_held_stored: bool,
    /// What its lines may be, once that cannot change.
    pub(super) reads: Option<Reads>,
}

impl Generation {
    /// Nothing is known, and nothing is to be learned.
    pub(super) fn nothing() -> Generation {
        Generation {
            watermark: None,
            format: None,
            tally: None,
            last: LastMessages::default(),
            joiner: Joiner::default(),
            is_held_stored: false,
            reads: None,
            columns: Columns::default(),
        }
    }
}

/// The stored shape of a [`Generation`].
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watermark: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tally: Option<Tally>,
    #[serde(default, skip_serializing_if = "Columns::is_empty")]
    columns: Columns,
    #[serde(default, skip_serializing_if = "LastMessages::is_empty")]
    last: LastMessages,
}

impl Normalize {
    /// Takes back what [`Normalize::drain`] gave; rows of other rooms and of other shapes are passed over.
    pub fn restore(&mut self, rows: &[StateRow]) {
        for row in rows.iter().filter(|row| row.room == ROOM) {
            let Some(body) = &row.body else { continue };
            let id = |prefix| row.key.strip_prefix(prefix).and_then(|id| id.parse::<u64>().ok());
            if &*row.key == ATTEMPTS {
                self.attempts = Attempts::load(body);
            } else if let Some(id) = id(SESSION) {
                self.sessions.restore(id, body);
            } else if let Some(id) = id(GENERATION)
                && let Ok(row) = serde_json::from_slice::<Row>(body)
            {
                self.generations.entry(id).or_default().learn(row);
            } else if let Some(id) = id(HELD)
                && let Ok(joiner) = serde_json::from_slice(body)
            {
                let generation = self.generations.entry(id).or_default();
                (generation.joiner, generation.is_held_stored) = (joiner, true);
                self.note_held(id);
                self.dirty_held.remove(&id);
            }
        }
    }

    /// The rows that changed since the last call.
    pub fn drain(&mut self) -> Vec<StateRow> {
        let mut rows = Vec::new();
        for id in std::mem::take(&mut self.dirty) {
            let body = self.generations.get(&id).and_then(|known| serde_json::to_vec(&Row::from(known)).ok());
            rows.push(StateRow {
                room: ROOM,
                key: format!("{GENERATION}{id}").into(),
                body: body.map(Into::into),
            });
        }
        for id in std::mem::take(&mut self.forgotten) {
            rows.push(StateRow { room: ROOM, key: format!("{GENERATION}{id}").into(), body: None });
        }
        for id in std::mem::take(&mut self.dirty_held) {
            let known = self.generations.get_mut(&id);
            let body = known.as_ref().filter(|known| !known.joiner.is_idle());
            let body = body.and_then(|known| serde_json::to_vec(&known.joiner).ok());
            // A file that is gone is here only because its row was stored.
            let stored =
                known.is_none_or(|known| std::mem::replace(&mut known.is_held_stored, body.is_some()));
            if stored || body.is_some() {
                rows.push(StateRow {
                    room: ROOM,
                    key: format!("{HELD}{id}").into(),
                    body: body.map(Into::into),
                });
            }
        }
        if self.attempts.is_dirty() {
            let body = Some(self.attempts.save().into());
            rows.push(StateRow { room: ROOM, key: ATTEMPTS.into(), body });
            self.attempts.saved();
        }
        let row = |(id, body): (u64, Option<Vec<u8>>)| StateRow {
            room: ROOM,
            key: format!("{SESSION}{id}").into(),
            body: body.map(Into::into),
        };
        rows.extend(self.sessions.drain().into_iter().map(row));
        rows
    }
}

impl Generation {
    fn learn(&mut self, row: Row) {
        self.watermark = row.watermark.map(Timestamp);
        self.format = row.format.map(Arc::from);
        self.tally = row.tally;
        self.last = row.last;
        self.columns = row.columns;
    }
}

impl From<&Generation> for Row {
    fn from(known: &Generation) -> Row {
        Row {
            watermark: known.watermark.map(|at| at.0),
            format: known.format.as_deref().map(str::to_owned),
            tally: known.tally.clone(),
            columns: known.columns.clone(),
            last: known.last.clone(),
        }
    }
}
