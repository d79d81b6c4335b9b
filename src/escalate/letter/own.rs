//! The letters about the program itself.

use super::page::{Block, Page};
use super::{Desk, defang::defang, times};
use crate::schema::{IncidentStatus, NotificationKind, NotificationState, Severity};

impl Desk<'_> {
    /// A canary: read by nobody, or by a program.
    pub(super) fn canary(&self) -> (String, Page) {
        let what = "This is a canary: it went the way that alerts take, up to this mailbox. Nobody needs to read it. If \
                    it stops coming, the way is broken.";
        self.about_itself("canary", what, Vec::new())
    }

    /// The proof that an address works.
    pub(super) fn proof(&self) -> (String, Page) {
        let what = format!(
            "This address works: alerts for {} reach it. Nothing happened, and nothing is to do. If you should not get \
             alerts here, tell whoever runs gatewatch.",
            self.name_of(&self.row.recipient)
        );
        self.about_itself("this address works", &what, Vec::new())
    }

    /// The sign of life, with what is open.
    pub(super) fn alive(&self) -> (String, Page) {
        let count = |status| self.book.incidents().filter(|incident| incident.status == status).count();
        let waiting = |row: &&crate::schema::Notification| {
            row.id != self.row.id && row.state != NotificationState::Sending
        };
        let marks = self.book.self_mails();
        let canary = match marks.accepted(NotificationKind::Canary) {
            Some(at) => format!("accepted {}", times::both(at, &self.zone)),
            None => "none was accepted yet, or none is configured".to_owned(),
        };
        let facts = vec![
            ("Open", (count(IncidentStatus::Open) + count(IncidentStatus::New)).to_string()),
            ("Taken", count(IncidentStatus::Acknowledged).to_string()),
            ("Unsent", self.book.unfinished().filter(waiting).count().to_string()),
            ("Canary", canary),
        ];
        let what = "gatewatch lives, and its mail gets through. If this message stops coming, look at the machine that \
                    runs it.";
        self.about_itself("alive", what, facts)
    }

    fn about_itself(
        &self,
        what: &str,
        words: &str,
        mut facts: Vec<(&'static str, String)>,
    ) -> (String, Page) {
        facts.push(("At", times::both(self.row.created_at, &self.zone)));
        facts.push(("Number", format!("notification {}", self.row.id)));
        let mut blocks = vec![Block::Text(words.to_owned())];
        blocks.extend(self.repeat_warning().map(Block::Text));
        blocks.push(Block::Facts(facts));
        let from = defang(&self.room.params.domain, 80);
        let heading = format!("gatewatch at {from}: {what}");
        (format!("[gatewatch] {what}"), Page { severity: Severity::Info, heading, blocks })
    }
}
