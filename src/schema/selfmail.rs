//! The program's mails about itself: canary, alive, proof. They have no incident and leave the book when they are over;
//! what is remembered of them is when each was decided and taken last.

use super::mail::{Notification, NotificationKind};
use super::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The last mail of one kind to one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelfMark {
    /// The number of the last one's row: a clock that was set back does not change which one is the last.
    pub last: u64,
    /// When the last one was decided.
    pub decided_at: Timestamp,
    /// When a relay took one last.
    pub accepted_at: Option<Timestamp>,
    /// Whether the last one is still owed.
    pub owed: bool,
}

/// All of them, by kind and address. The same after a restart: the store knows each row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelfMarks(BTreeMap<(NotificationKind, Arc<str>), SelfMark>);

/// Whether a message is the program's own, about itself.
pub fn is_self(kind: NotificationKind) -> bool {
    matches!(kind, NotificationKind::Canary | NotificationKind::Alive | NotificationKind::Proof)
}

impl SelfMarks {
    /// What the store remembers of one.
    pub fn remember(&mut self, kind: NotificationKind, address: Arc<str>, mark: SelfMark) {
        self.0.insert((kind, address), mark);
    }

    /// The last mail of this kind to this address.
    pub fn get(&self, kind: NotificationKind, address: &Arc<str>) -> Option<SelfMark> {
        self.0.get(&(kind, address.clone())).copied()
    }

    /// When a relay took a mail of this kind last.
    pub fn accepted(&self, kind: NotificationKind) -> Option<Timestamp> {
        self.0.iter().filter(|((of, _), _)| *of == kind).filter_map(|(_, mark)| mark.accepted_at).max()
    }

    /// Takes note of a row that was made or changed.
    pub(super) fn note(&mut self, row: &Notification) {
        if !is_self(row.kind) {
            return;
        }
        let mark = self.0.entry((row.kind, row.address.clone())).or_default();
        mark.accepted_at = mark.accepted_at.max(row.accepted_at);
        if row.id >= mark.last {
            (mark.last, mark.decided_at) = (row.id, row.created_at);
            mark.owed = !row.state.is_final();
        }
    }
}
