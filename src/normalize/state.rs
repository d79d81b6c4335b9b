//! What the room remembers, as rows of the store.

use super::Normalize;
use super::attempt::Attempts;
use super::set::Tally;
use super::table::Columns;
use crate::schema::{StateRow, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

const ROOM: &str = "normalize";
const ATTEMPTS: &str = "attempts";
const GENERATION: &str = "generation:";

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
}

/// The stored shape of a [`Generation`].
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watermark: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lines: Option<usize>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    votes: BTreeMap<String, (u32, usize)>,
    #[serde(default, skip_serializing_if = "Columns::is_empty")]
    columns: Columns,
}

impl Normalize {
    /// Takes back what [`Normalize::drain`] gave; rows of other rooms and of other shapes are passed over.
    pub fn restore(&mut self, rows: &[StateRow]) {
        for row in rows.iter().filter(|row| row.room == ROOM) {
            let Some(body) = &row.body else { continue };
            if &*row.key == ATTEMPTS {
                self.attempts = Attempts::load(body);
            } else if let Some(id) = row.key.strip_prefix(GENERATION).and_then(|id| id.parse().ok())
                && let Ok(row) = serde_json::from_slice::<Row>(body)
            {
                self.generations.insert(id, row.into());
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
        if self.attempts.is_dirty() {
            let body = Some(self.attempts.save().into());
            rows.push(StateRow { room: ROOM, key: ATTEMPTS.into(), body });
            self.attempts.saved();
        }
        rows
    }
}

impl From<Row> for Generation {
    fn from(row: Row) -> Generation {
        Generation {
            watermark: row.watermark.map(Timestamp),
            format: row.format.map(Arc::from),
            tally: row.lines.map(|lines| Tally { lines, votes: row.votes }),
            columns: row.columns,
        }
    }
}

impl From<&Generation> for Row {
    fn from(known: &Generation) -> Row {
        Row {
            watermark: known.watermark.map(|at| at.0),
            format: known.format.as_deref().map(str::to_owned),
            lines: known.tally.as_ref().map(|tally| tally.lines),
            votes: known.tally.as_ref().map(|tally| tally.votes.clone()).unwrap_or_default(),
            columns: known.columns.clone(),
        }
    }
}
