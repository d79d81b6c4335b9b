//! The reminder that an exception ends.

use super::Desk;
use super::defang::defang;
use super::page::{Block, Page};
use super::times;
use crate::schema::Severity;

impl Desk<'_> {
    /// What it allows, why, until when, how often it was used, and what to do.
    pub(super) fn reminder(&self) -> (String, Page) {
        let Some(exception) = self.room.reminded_of(self.book, self.row) else {
            let blocks = vec![
                Block::Text("An exception that you own ends soon, or has ended.".into()),
                Block::Command("gatewatch exception list".into()),
            ];
            let heading = "An exception ends".to_owned();
            return (
                "[gatewatch] an exception ends".to_owned(),
                Page { severity: Severity::Info, heading, blocks },
            );
        };
        let mut facts = vec![
            ("Exception", exception.id.to_string()),
            ("Ends", times::both(exception.ends_at, &self.zone)),
            ("Since", times::both(exception.starts_at, &self.zone)),
            ("Reason", defang(&exception.reason, 400)),
        ];
        let scope = [
            ("Ticket", &exception.ticket),
            ("Rule", &exception.rule),
            ("Entity", &exception.entity),
            ("Source", &exception.source),
            ("Network", &exception.network),
        ];
        facts.extend(
            scope.into_iter().filter_map(|(name, value)| Some((name, defang(value.as_deref()?, 200)))),
        );
        facts.push(("Covered", format!("{} findings", exception.matches)));
        let what = "You own an exception that ends soon. From then on, what it covers opens incidents again. Have it \
                    approved again and add a new one if it is still needed; otherwise nothing is to do.";
        let blocks = vec![
            Block::Text(what.into()),
            Block::Facts(facts),
            Block::Text("What it covered:".into()),
            Block::Command(format!(
                "gatewatch query \"SELECT time, rule, entity FROM findings WHERE reason LIKE 'exception {} %'\"",
                exception.id
            )),
        ];
        let heading = format!("Exception {} ends soon", exception.id);
        (
            format!("[gatewatch] exception {} ends soon", exception.id),
            Page { severity: Severity::Info, heading, blocks },
        )
    }
}
