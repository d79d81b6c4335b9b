//! The sign of life for those who watch from outside: the file `<store.directory>/alive`, written whole each minute while
//! the store takes changes. Its age is the alarm. And the self mails, where they stop coming back accepted.

use super::status::Troubles;
use crate::config::file::Config;
use crate::courier::WEBHOOK;
use crate::daemon::Turn;
use crate::host::disk::write_whole;
use crate::ledger::Delivered;
use crate::schema::{Book, NotificationKind, Printable, Reading, Span, Timestamp};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// The file's name.
pub const FILE: &str = "alive";
/// Time between two writes.
const EVERY: Span = Span::minutes(1);
/// The same after a relay has taken a mail.
const WITH_NEWS: Span = Span::seconds(5);
/// Addresses that a start names.
const NAMED_MAX: usize = 20;

/// The watcher of ourselves.
pub struct Alive {
    folder: PathBuf,
    started: Reading,
    written: Option<Span>,
    last_accepted: Option<Timestamp>,
    /// Something was accepted since the last write.
    news: bool,
}

impl Alive {
    /// Begins. Says which addresses of people no relay has ever taken a mail for.
    pub fn begin(config: &Config, delivered: &Delivered, now: &Reading) -> Alive {
        let unproven = unproven(config, delivered);
        if !unproven.is_empty() {
            let named: Vec<&str> = unproven.iter().take(NAMED_MAX).copied().collect();
            tracing::warn!(
                "{} address(es) were never proven, no relay has taken a mail for them: {}; `gatewatch mail test --to ADDRESS` \
                 proves one, [mail.proof] in the configuration proves all of them",
                unproven.len(),
                named.join(", ")
            );
        }
        Alive {
            folder: config.store.directory.clone(),
            started: now.clone(),
            written: None,
            last_accepted: delivered.last_accepted,
            news: false,
        }
    }

    /// After a turn.
    pub fn note(
        &mut self,
        turn: &Turn,
        book: &Book,
        config: &Config,
        troubles: &mut Troubles,
        now: &Reading,
    ) {
        let accepted = turn.changes.notifications.iter().filter_map(|row| row.accepted_at).max();
        self.news |= accepted > self.last_accepted;
        self.last_accepted = self.last_accepted.max(accepted);
        let every = if self.news { WITH_NEWS } else { EVERY };
        if turn.stalled.is_some() || self.written.is_some_and(|at| now.boottime.0 - at.0 < every.0) {
            return;
        }
        self.news = false;
        self.written = Some(now.boottime);
        troubles.set("canary", self.canary_is_late(book, config, now), now);
        let text = format!("{}\n", self.file(book, &troubles.line(), now));
        let written = write_whole(&self.folder, FILE, text.as_bytes());
        troubles.set("alive", written.err().map(|error| format!("{FILE}: cannot be written: {error}")), now);
    }

    fn canary_is_late(&self, book: &Book, config: &Config, now: &Reading) -> Option<String> {
        let (to, every) = config.mail.own.canary.as_ref()?;
        let last = book.self_mails().accepted(NotificationKind::Canary);
        let since = last.max(Some(self.started.utc))?;
        let waited = now.utc - since;
        let said = last.map_or("none was".to_owned(), |at| format!("the last one was at {at}"));
        (waited > Span(every.0.saturating_mul(2))).then(|| {
            format!(
                "no canary was accepted for {}, one is due every {}; to {to}, {said}",
                waited.in_words(),
                every.in_words()
            )
        })
    }

    /// One JSON object; absent values are left out.
    fn file(&self, book: &Book, status: &str, now: &Reading) -> Value {
        let mut file = Map::new();
        let time = |at: Timestamp| json!(at.to_string());
        let marks = book.self_mails();
        let parts = [
            ("version", Some(json!(1))),
            ("at", Some(time(now.utc))),
            ("started_at", Some(time(self.started.utc))),
            ("pid", Some(json!(std::process::id()))),
            ("status", Some(json!(Printable(status).cut(500)))),
            ("last_accepted", self.last_accepted.map(time)),
            ("last_canary", marks.accepted(NotificationKind::Canary).map(time)),
            ("last_alive_mail", marks.accepted(NotificationKind::Alive).map(time)),
            ("unsent", Some(json!(book.unfinished().count()))),
        ];
        file.extend(parts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        Value::Object(file)
    }
}

/// Addresses of people that nothing was ever taken for; without a relay there is nothing to prove.
fn unproven<'c>(config: &'c Config, delivered: &Delivered) -> Vec<&'c str> {
    if config.mail.relays.is_empty() {
        return Vec::new();
    }
    let addresses = config.persons.iter().flat_map(|person| &person.email).map(String::as_str);
    // A webhook among them is no address of mail; whatever it answers is in its own rows.
    let mail = addresses.filter(|address| !address.starts_with(WEBHOOK));
    mail.filter(|address| !delivered.addresses.contains(*address)).collect()
}
