//! `mail test`: the daemon sends a message through its own path, and we wait for the relay's answer.

use super::args::{Global, MailCommand};
use super::out::Out;
use super::query::failure;
use super::{Done, Failure, act, exit, setup};
use crate::desk::{Ask, Deed, Word};
use crate::ledger::read::Reader;
use crate::schema::Printable;
use serde_json::Value;
use std::time::Duration;

/// How long to wait for the relay's first answer, in quarters of a second.
const QUARTERS: u32 = 4 * 70;

/// Sends a test message and prints what came of it.
///
/// # Errors
/// A [`Failure`]: no daemon, refused, or not accepted (4).
pub fn run(global: &Global, command: &MailCommand, out: &mut Out) -> Done {
    let MailCommand::Test { to } = command;
    let state = setup::state(global)?;
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
        if out.json {
            out.object(&Value::Object(row.clone()))?;
        } else {
            out.line(format!("{}: {} answered: {}", word("state"), word("relay"), word("relay_reply")))?;
        }
        return if word("state") == "accepted" { Ok(exit::OK) } else { Err(Failure::new(exit::RUNTIME, "")) };
    }
    Err(Failure::runtime("no answer of a relay within 70 s; the message stays owed, see `gatewatch status`"))
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
