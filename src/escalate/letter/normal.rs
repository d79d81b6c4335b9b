//! What is normal for the people and addresses of an incident, as far as the store knows: counts of what was
//! before, in words. It never says that something is unusual; it says what there was.

use super::defang::defang;
use super::page::Block;
use super::{Desk, times};
use crate::schema::{Evidence, History, Whom};

/// Characters shown of a name.
const NAME_CHARS: usize = 80;

impl Desk<'_> {
    /// A sentence or two for each user and address. A learned baseline and its chart have their place behind
    /// these; nothing is learned yet, so nothing of it is said.
    pub(super) fn normal(&self, evidence: &Evidence, blocks: &mut Vec<Block>) {
        let histories = &evidence.histories;
        if histories.is_empty() {
            return;
        }
        blocks.push(Block::Title("What was normal before".into()));
        let users = histories.iter().any(|history| matches!(history.whom, Whom::User(_)));
        let addresses = histories.iter().any(|history| matches!(history.whom, Whom::Address(_)));
        blocks.extend(histories.iter().map(|history| Block::Text(self.history(history, users && addresses))));
        if let Some(since) = evidence.known_since {
            let since = times::both(since, &self.zone);
            blocks.push(Block::Text(format!(
                "The store reads these logs since {since}; before that is unknown."
            )));
        }
    }

    /// `both`: the incident has users and addresses, so it can be said whether they were together before.
    fn history(&self, history: &History, both: bool) -> String {
        let (name, other, by, whose) = match &history.whom {
            Whom::User(name) => (name, "address", "from", "from the address of this incident"),
            Whom::Address(name) => (name, "user", "by", "by the user of this incident"),
        };
        let name = defang(name, NAME_CHARS);
        let failed = match history.failures {
            0 => "none failed".to_owned(),
            n => format!("{n} failed"),
        };
        let mut said = match &history.last {
            None if history.since.is_none() => format!("{name}: no history, not seen before this."),
            None => format!("{name}: no login before this, {failed}."),
            Some((at, last)) => {
                let last = last.as_deref().map(|last| format!(" {by} {}", defang(last, NAME_CHARS)));
                format!(
                    "{name}: {} {by} {} before this, {failed}. Last login {}{}.",
                    counted(history.logins, "login"),
                    counted(history.others, other),
                    times::both(*at, &self.zone),
                    last.unwrap_or_default()
                )
            }
        };
        if both && history.logins > 0 {
            said.push_str(&match history.together {
                0 => format!(" None {whose}."),
                n => format!(" {n} {whose}."),
            });
        }
        if !history.whole {
            said.push_str(" Only the newest lines were counted.");
        }
        said
    }
}

fn counted(n: u64, what: &str) -> String {
    match (n, what) {
        (1, what) => format!("1 {what}"),
        (n, "address") => format!("{n} addresses"),
        (n, what) => format!("{n} {what}s"),
    }
}
