//! `exception`: what a rule finds is allowed somewhere, for a time, by somebody. Findings are stored and counted all the
//! same, and the owner is reminded before it ends.

use super::args::{ExceptionCommand, ExceptionTerms, Global};
use super::out::Out;
use super::query::failure;
use super::{Done, Failure, act, exit, setup};
use crate::desk::{Deed, SilenceTerms, Word};
use crate::ledger::read::{Object, Reader};
use crate::schema::{Network, Printable, Span, Timestamp};
use serde_json::Value;

/// Runs one of the exception commands.
///
/// # Errors
/// A [`Failure`]: no scope or end (2), no store, no daemon, refused (4).
pub fn run(global: &Global, command: &ExceptionCommand, out: &mut Out) -> Done {
    match command {
        ExceptionCommand::Add(terms) => {
            let silence = Some(read(terms, setup::now()?)?);
            act::act(global, Deed { verb: Word::Exception, silence, ..Deed::default() }, out)
        }
        ExceptionCommand::List { all } => list(global, *all, out),
        ExceptionCommand::End { id } => {
            act::act(global, Deed { verb: Word::EndException, id: Some(id.clone()), ..Deed::default() }, out)
        }
    }
}

fn read(terms: &ExceptionTerms, now: Timestamp) -> Result<SilenceTerms, Failure> {
    let ExceptionTerms { owner, reason, ticket, rule, entity, source, network, .. } = terms;
    if [rule, entity, source, network].iter().all(|scope| scope.is_none()) {
        return Err(Failure::usage("an exception needs a scope: --rule, --entity, --source or --network"));
    }
    if let Some(text) = network.as_deref().filter(|text| Network::parse(text).is_none()) {
        return Err(Failure::usage(format!(
            "--network {}: write it like 192.0.2.0/24 or 2001:db8::/32",
            Printable(text)
        )));
    }
    if let Some(text) = entity.as_deref().filter(|text| !text.contains('=')) {
        return Err(Failure::usage(format!("--entity {}: write it like user=backup", Printable(text))));
    }
    Ok(SilenceTerms {
        reason: reason.clone(),
        seconds: length(terms, now)?.0 / 1_000_000,
        owner: Some(owner.clone()),
        rule: rule.clone(),
        entity: entity.clone(),
        source: source.clone(),
        network: network.clone(),
        ticket: Some(ticket.clone()),
    })
}

/// From now to its end. A day is meant to its end.
fn length(terms: &ExceptionTerms, now: Timestamp) -> Result<Span, Failure> {
    let span = match (&terms.span, &terms.until) {
        (Some(text), _) => Span::parse(text)
            .ok_or_else(|| Failure::usage(format!("--for {}: write it like 8h or 90d", Printable(text))))?,
        (None, Some(text)) => {
            let day = (text.len() == 10).then(|| format!("{text}T23:59:59Z"));
            let end = Timestamp::parse_rfc3339(day.as_deref().unwrap_or(text)).ok_or_else(|| {
                let how = "write it like 2026-12-31 or 2026-12-31T18:00:00Z";
                Failure::usage(format!("--until {}: {how}", Printable(text)))
            })?;
            end - now
        }
        (None, None) => return Err(Failure::usage("an exception needs an end: --until DATE or --for SPAN")),
    };
    if span <= Span::ZERO {
        return Err(Failure::usage("the end of the exception has passed already"));
    }
    Ok(span)
}

fn list(global: &Global, all: bool, out: &mut Out) -> Done {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    let now = setup::now()?.to_string();
    let mut rows =
        reader.rows("SELECT * FROM exceptions ORDER BY ends_at, id", []).map_err(|error| failure(&error))?;
    rows.retain(|row| all || row.get("ends_at").and_then(Value::as_str).is_some_and(|end| *end > *now));
    if out.json {
        for row in rows {
            out.object(&Value::Object(row))?;
        }
        return Ok(exit::OK);
    }
    if rows.is_empty() {
        out.line(if all {
            "no exception yet"
        } else {
            "no exception in force; --all shows those that have ended"
        })?;
        return Ok(exit::OK);
    }
    let body: Vec<Vec<String>> = rows.iter().map(cells).collect();
    out.table(&["ID", "OWNER", "TICKET", "UNTIL", "MATCHES", "SCOPE", "REASON"], &body)?;
    Ok(exit::OK)
}

fn cells(row: &Object) -> Vec<String> {
    let cell = |key: &str| match row.get(key) {
        Some(Value::String(text)) => Printable(text).cut(80),
        Some(value) => value.to_string(),
        None => String::new(),
    };
    let part = |key: &&str| row.contains_key(*key).then(|| format!("{key} {}", cell(key)));
    let scope: Vec<String> = ["rule", "entity", "source", "network"].iter().filter_map(part).collect();
    let mut cells: Vec<String> = ["id", "owner", "ticket", "ends_at", "matches"].map(cell).to_vec();
    cells.extend([scope.join(", "), cell("reason")]);
    cells
}
