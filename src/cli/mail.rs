//! `mail test`: the daemon sends a message through its own path, and we wait for the relay's answer.

use super::args::{Global, MailCommand};
use super::out::Out;
use super::query::failure;
use super::{Done, Failure, act, exit, setup};
use crate::desk::{Ask, Deed, Word};
use crate::ledger::read::Reader;
use crate::schema::Printable;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How long to wait for the relay's first answer, in quarters of a second.
const QUARTERS: u32 = 4 * 70;
/// How long to wait for a report of delivery, in quarters of a second.
const REPORT_QUARTERS: u32 = 4 * 20;

/// Sends a test message and prints what came of it.
///
/// # Errors
/// A [`Failure`]: no daemon, refused, or not accepted (4).
pub fn run(global: &Global, command: &MailCommand, out: &mut Out) -> Done {
    let MailCommand::Test { to } = command;
    let state = setup::state(global)?;
    let config =
        crate::config::params::setup(&setup::request(global), setup::now()?).map(|setup| setup.config);
    let maildir = config.ok().and_then(|config| config.mail.reply_maildir);
    let before =
        newest(&Reader::open(&state).map_err(|error| failure(&error))?, to)?.map_or(0, |row| number(&row));
    let deed = Deed { verb: Word::MailTest, address: Some(to.clone()), ..Deed::default() };
    let answer = act::ask(global, &Ask::Act(Box::new(deed)))?.map_err(Failure::runtime)?;
    if !answer.ok {
        return Err(Failure::runtime(Printable(&answer.text)));
    }
    for _ in 0..QUARTERS {
        wait();
        let reader = Reader::open(&state).map_err(|error| failure(&error))?;
        let Some(row) = newest(&reader, to)?.filter(|row| number(row) > before) else { continue };
        let word = |key: &str| {
            row.get(key).and_then(Value::as_str).map(|text| Printable(text).cut(300)).unwrap_or_default()
        };
        let tried =
            row.get("attempts").and_then(Value::as_i64).unwrap_or(0) > 0 && word("state") != "sending";
        if !tried {
            continue;
        }
        let accepted = word("state") == "accepted";
        let back = maildir.as_ref().filter(|_| accepted);
        if !out.json {
            out.line(format!("{}: {} answered: {}", word("state"), word("relay"), word("relay_reply")))?;
        }
        let report = match back {
            Some(maildir) => Some(report(&state, number(&row), maildir, out)?),
            None => None,
        };
        if out.json {
            let mut row = row.clone();
            row.extend(report.clone().flatten().map(|told| ("report".to_owned(), Value::String(told))));
            out.object(&Value::Object(row))?;
        }
        let bounced = report.flatten().is_some_and(|told| told.starts_with("bounce"));
        return if accepted && !bounced { Ok(exit::OK) } else { Err(Failure::new(exit::RUNTIME, "")) };
    }
    Err(Failure::runtime("no answer of a relay within 70 s; the message stays owed, see `gatewatch status`"))
}

/// Waits a while for what mail systems say of the message; whoever asked is told where that comes to.
fn report(state: &Path, notification: i64, maildir: &Path, out: &mut Out) -> Result<Option<String>, Failure> {
    if !out.json {
        out.line(format!(
            "replies and reports come to {}; waiting for a report of delivery",
            maildir.display()
        ))?;
        out.flush()?;
    }
    let sql = "SELECT kind, detail FROM journal WHERE subject = ?1 AND kind IN ('report', 'bounce') ORDER BY seq DESC LIMIT 1";
    for _ in 0..REPORT_QUARTERS {
        let reader = Reader::open(state).map_err(|error| failure(&error))?;
        let subject = format!("notification {notification}");
        let told = reader.rows(sql, [subject.as_str()]).map_err(|error| failure(&error))?.into_iter().next();
        if let Some(row) = told {
            let word = |key: &str| {
                row.get(key).and_then(Value::as_str).map(|text| Printable(text).cut(300)).unwrap_or_default()
            };
            let told = format!("{}: {}", word("kind"), word("detail"));
            if !out.json {
                out.line(&told)?;
            }
            return Ok(Some(told));
        }
        wait();
    }
    if !out.json {
        out.line("no report came within 20 s; not every relay gives one, and a reply to an alert shows the way as well")?;
    }
    Ok(None)
}

fn newest(reader: &Reader, to: &str) -> Result<Option<crate::ledger::read::Object>, Failure> {
    let sql = "SELECT * FROM notifications WHERE kind = 'test' AND address = ?1 ORDER BY id DESC LIMIT 1";
    Ok(reader.rows(sql, [to]).map_err(|error| failure(&error))?.into_iter().next())
}

fn number(row: &crate::ledger::read::Object) -> i64 {
    row.get("id").and_then(Value::as_i64).unwrap_or(0)
}

#[expect(clippy::disallowed_methods, reason = "a command waits for the daemon beside it")]
fn wait() {
    std::thread::sleep(Duration::from_millis(250));
}
