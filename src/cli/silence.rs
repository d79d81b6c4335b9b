//! `silence`: findings that are stored and counted, and tell nobody, until an end.

use super::args::{Global, SilenceCommand};
use super::out::Out;
use super::query::failure;
use super::{Done, Failure, act, exit, setup};
use crate::desk::{Deed, SilenceTerms, Word};
use crate::ledger::read::Reader;
use crate::schema::{Printable, Span};
use serde_json::Value;

/// Runs one of the silence commands.
///
/// # Errors
/// A [`Failure`]: no scope or end (2), no store, no daemon, refused (4).
pub fn run(global: &Global, command: &SilenceCommand, out: &mut Out) -> Done {
    match command {
        SilenceCommand::Add { owner, reason, rule, entity, source, span } => {
            if rule.is_none() && entity.is_none() && source.is_none() {
                return Err(Failure::usage("a silence needs a scope: --rule, --entity or --source"));
            }
            let span = Span::parse(span).ok_or_else(|| {
                Failure::usage(format!("--for {}: write it like 90m, 8h or 7d", Printable(span)))
            })?;
            let terms = SilenceTerms {
                reason: reason.clone(),
                seconds: span.0 / 1_000_000,
                owner: Some(owner.clone()),
                rule: rule.clone(),
                entity: entity.clone(),
                source: source.clone(),
                ..SilenceTerms::default()
            };
            act::act(global, Deed { verb: Word::Silence, silence: Some(terms), ..Deed::default() }, out)
        }
        SilenceCommand::List => list(global, out),
        SilenceCommand::End { id } => {
            act::act(global, Deed { verb: Word::EndSilence, id: Some(id.clone()), ..Deed::default() }, out)
        }
    }
}

fn list(global: &Global, out: &mut Out) -> Done {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    let rows = reader.silences().map_err(|error| failure(&error))?;
    if out.json {
        for row in rows {
            out.object(&Value::Object(row))?;
        }
        return Ok(exit::OK);
    }
    let keys = ["id", "owner", "rule", "entity", "source", "starts_at", "ends_at", "matches", "reason"];
    let cell = |value: Option<&Value>| match value {
        Some(Value::String(text)) => Printable(text).cut(80),
        Some(value) => value.to_string(),
        None => String::new(),
    };
    let body: Vec<Vec<String>> =
        rows.iter().map(|row| keys.iter().map(|key| cell(row.get(*key))).collect()).collect();
    out.table(&["ID", "OWNER", "RULE", "ENTITY", "SOURCE", "FROM", "UNTIL", "MATCHES", "REASON"], &body)?;
    Ok(exit::OK)
}
