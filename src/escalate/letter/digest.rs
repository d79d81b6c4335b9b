//! Several messages in one: exact counts, first and last, and the gravest incidents by name.

use super::defang::defang;
use super::page::{Block, Page};
use super::{Desk, loud, times};
use crate::schema::{Incident, Notification, NotificationKind, Severity};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Incidents named; the others are counted.
const NAMED_MAX: usize = 20;
/// Characters of one incident's line.
const LINE_CHARS: usize = 140;

impl Desk<'_> {
    /// The rows that this digest tells: those not taken back since.
    pub(super) fn members(&self) -> impl Iterator<Item = &Notification> {
        let state = self.row.state;
        self.book.members_of(self.row.id).filter(move |n| n.state == state)
    }

    /// The gravest severity in the digest.
    pub(super) fn gravest(&self) -> Severity {
        let incidents = self.members().filter_map(|n| self.book.incident(n.incident.as_ref()?));
        incidents.map(|incident| incident.severity).max().unwrap_or_default()
    }

    /// The digest.
    pub(super) fn digest(&self) -> (String, Page) {
        let total = self.members().count();
        let mut kinds: BTreeMap<NotificationKind, u64> = BTreeMap::new();
        let mut incidents: BTreeMap<Arc<str>, (&Incident, &Notification)> = BTreeMap::new();
        for member in self.members() {
            *kinds.entry(member.kind).or_default() += 1;
            if let Some(incident) = member.incident.as_ref().and_then(|id| self.book.incident(id)) {
                incidents.insert(incident.id.clone(), (incident, member));
            }
        }
        let times = || self.members().map(|n| n.created_at);
        let when = |at: Option<_>| at.map_or("-".to_owned(), |at| times::both(at, &self.zone));
        let by_kind: Vec<String> =
            kinds.iter().map(|(kind, count)| format!("{count} {}", kind.name())).collect();
        let mut blocks = vec![
            Block::Text(
                "More came for you than one mailbox should take alone; here is all of it in one.".into(),
            ),
            Block::Facts(vec![
                ("Messages", format!("{total} ({})", by_kind.join(", "))),
                (
                    "Incidents",
                    format!("{} ({})", incidents.len(), by_severity(incidents.values().map(|(i, _)| *i))),
                ),
                ("First", when(times().min())),
                ("Last", when(times().max())),
            ]),
        ];
        if self.row.may_repeat && self.row.attempts > 1 {
            blocks.push(Block::Text(
                "This may repeat an earlier message: the relay's answer to that one was lost.".into(),
            ));
        }
        let mut sorted: Vec<(&Incident, &Notification)> = incidents.into_values().collect();
        sorted.sort_by_key(|(incident, _)| (Reverse(incident.severity), incident.number));
        blocks.push(Block::Title("The gravest".into()));
        for (incident, member) in sorted.iter().take(NAMED_MAX) {
            let text = format!(
                "#{} {} {}: {}: {}",
                incident.number,
                loud(incident.severity),
                member.kind.name(),
                incident.title,
                incident.entity
            );
            blocks.push(Block::Text(defang(&text, LINE_CHARS)));
        }
        if let Some(more) = sorted.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
            blocks.push(Block::Text(format!("and {more} more.")));
        }
        blocks.push(Block::Title("Acknowledge".into()));
        blocks.push(Block::Text(
            "One by one, on the machine that runs gatewatch; the list shows all that is open:".into(),
        ));
        blocks.push(Block::Command("gatewatch incident list".into()));
        blocks.push(Block::Command("gatewatch incident ack NUMBER".into()));
        let heading = format!("{total} messages in one");
        (format!("[gatewatch] {heading}"), Page { severity: self.gravest(), heading, blocks })
    }
}

fn by_severity<'a>(incidents: impl Iterator<Item = &'a Incident>) -> String {
    let mut counts: BTreeMap<Reverse<Severity>, u64> = BTreeMap::new();
    for incident in incidents {
        *counts.entry(Reverse(incident.severity)).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(Reverse(s), n)| format!("{n} {}", s.name())).collect();
    parts.join(", ")
}
