//! The way back: the address that a reply goes to, the return path of reports, and the answer to a reply.

use super::super::replies::takes_replies;
use super::page::{Block, Page};
use super::{Desk, defang::defang, subject};
use crate::schema::tag::tagged;
use crate::schema::{Envelope, Incident, Severity};

/// Characters shown of an answer's words.
const WORDS_CHARS: usize = 600;
/// The words that act.
const VERBS: &str = "ack, resolve, escalate, or false-positive and the reason";

impl Desk<'_> {
    /// The address by which a reply to this very message acts; `None` where replies to it do nothing.
    pub(super) fn reply_to(&self) -> Option<String> {
        let replies = self.room.params.replies.as_ref().filter(|_| takes_replies(self.row))?;
        Some(tagged(&replies.address, &replies.token(self.row)))
    }

    /// Where reports about this try go.
    pub(super) fn envelope(&self) -> Option<Envelope> {
        let replies = self.room.params.replies.as_ref()?;
        let tag = replies.bounce_tag(self.row);
        Some(Envelope { sender: tagged(&replies.address, &tag).into(), id: tag.into() })
    }

    /// How to act by a reply, for the part about acknowledging.
    pub(super) fn by_reply(&self) -> Option<Block> {
        let words = "Reply to this mail and begin with ack (or with resolve, escalate, false-positive and why); each mail takes \
             one such reply. Or, on the machine that runs gatewatch:";
        self.reply_to().map(|_| Block::Text(words.into()))
    }

    /// Why a reply was not acted on, and what to do instead.
    pub(super) fn answer(&self, incident: Option<&Incident>) -> (String, Page) {
        let why = defang(self.row.words.as_deref().unwrap_or("it could not be read"), WORDS_CHARS);
        let mut blocks = vec![
            Block::Text("Your reply was not acted on; nothing was changed.".into()),
            Block::Facts(vec![("Why", why)]),
        ];
        let Some(incident) = incident else {
            blocks.push(Block::Text(
                "Reply to the mail of one incident, or look at what is open on the machine that runs gatewatch:".into(),
            ));
            blocks.push(Block::Command("gatewatch incident list".into()));
            let heading = "Your reply was not acted on".to_owned();
            return (
                "[gatewatch] your reply was not acted on".into(),
                Page { severity: Severity::Info, heading, blocks },
            );
        };
        let status = incident.status.name();
        let by =
            incident.acknowledged_by.as_ref().map_or(String::new(), |who| format!(", acknowledged by {who}"));
        blocks.push(Block::Facts(vec![(
            "Incident",
            defang(&format!("{}: {status}{by}", incident.number), WORDS_CHARS),
        )]));
        if self.reply_to().is_some() {
            blocks.push(Block::Text(format!(
                "To act, reply to this mail. The first word of your reply acts: {VERBS}."
            )));
        }
        blocks.push(Block::Text("On the machine that runs gatewatch:".into()));
        blocks.push(Block::Command(format!("gatewatch incident show {}", incident.number)));
        let heading = format!("Your reply about #{} was not acted on", incident.number);
        (subject(incident), Page { severity: incident.severity, heading, blocks })
    }
}
