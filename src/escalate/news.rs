//! Who had been told of an incident hears what became of it.

use super::Escalate;
use super::rows::{Draft, is_telling};
use crate::schema::{Act, Book, Incident, Notification, NotificationKind, NotificationState, Reading};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Escalate {
    /// Owes everyone who was, or may have been, told of the incident a word on what the actor did.
    pub(super) fn tell_others(
        &self,
        book: &mut Book,
        incident: &Incident,
        act: &Act,
        kind: NotificationKind,
        now: &Reading,
    ) -> String {
        let heard = |n: &&Notification| {
            let reached =
                matches!(n.state, NotificationState::Accepted | NotificationState::Sending) || n.may_repeat;
            // A channel hears of it also where its person acted: it would go on calling.
            is_telling(n.kind) && reached && (n.recipient != act.actor.name || is_channel(&n.address))
        };
        // Of several addresses one hears of it, and every channel.
        let place = |n: &Notification| {
            let channel = is_channel(&n.address).then(|| n.address.clone());
            ((n.recipient.clone(), channel), (n.address.clone(), n.step))
        };
        let told: BTreeMap<_, (Arc<str>, u32)> =
            book.notifications_of(&incident.id).filter(heard).map(place).collect();
        for ((recipient, _), (address, step)) in &told {
            let round = book.incident(&incident.id).map_or(incident.round, |i| i.round);
            let (incident, step) = (Some(&incident.id), *step);
            self.owe(book, &Draft { incident, step, round, recipient, address, kind, salt: "" }, now);
        }
        if told.is_empty() {
            return "nobody else had been told".to_owned();
        }
        let mut names: Vec<&str> = told.keys().map(|(person, _)| &**person).collect();
        names.dedup();
        format!("{} will be told so", names.join(", "))
    }
}

/// Whether an address is no mail address: a webhook's.
fn is_channel(address: &str) -> bool {
    !address.contains('@')
}
