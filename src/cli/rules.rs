//! `rules`: what is in force, how often it hit, and how often that was a false alarm.

use super::args::{Global, RulesArgs};
use super::out::{Out, Tone};
use super::query::failure;
use super::{Done, Failure, exit, setup};
use crate::config::report::nearest;
use crate::ledger::read::{Object, Reader};
use crate::schema::Printable;
use serde_json::{Value, json};

/// Lists the rules, or shows one with its versions.
///
/// # Errors
/// A [`Failure`]: an unknown rule (2), no store (4).
pub fn run(global: &Global, args: &RulesArgs, out: &mut Out) -> Done {
    let reader = Reader::open(&setup::state(global)?).map_err(|error| failure(&error))?;
    match &args.rule {
        None => list(&reader, args.hit, out),
        Some(rule) => show(&reader, rule, out),
    }
}

fn list(reader: &Reader, hit: bool, out: &mut Out) -> Done {
    let sql = "SELECT * FROM rules ORDER BY hits DESC, id";
    let mut rows = reader.rows(sql, []).map_err(|error| failure(&error))?;
    rows.retain(|row| !hit || row.get("hits").and_then(Value::as_u64) > Some(0));
    if out.json {
        for mut row in rows {
            row.remove("text");
            out.object(&Value::Object(row))?;
        }
        return Ok(exit::OK);
    }
    let body: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let head = [
        "RULE",
        "SEVERITY",
        "FINDINGS",
        "HITS",
        "EXCEPTED",
        "INCIDENTS",
        "RESOLVED",
        "FALSE",
        "LAST",
        "STATE",
    ];
    out.table(&head, &body)?;
    Ok(exit::OK)
}

fn cells(row: &Object) -> Vec<String> {
    let share = match row.get("false_positive_share").and_then(Value::as_f64) {
        Some(share) => format!("{:.0} %", share * 100.0),
        None => "-".to_owned(),
    };
    let state = if row.get("enabled") == Some(&json!(true)) { "" } else { "idle" };
    let keys = ["id", "severity", "findings", "hits", "excepted", "incidents", "resolved"];
    let mut cells: Vec<String> = keys.iter().map(|key| text(row, key)).collect();
    cells.extend([share, text(row, "last_finding_at"), state.to_owned()]);
    cells
}

/// What is told of one rule.
const FACTS: [&str; 13] = [
    "kind",
    "severity",
    "owner",
    "control",
    "findings",
    "hits",
    "suppressed",
    "excepted",
    "incidents",
    "resolved",
    "false_positives",
    "false_positive_share",
    "last_finding_at",
];

fn show(reader: &Reader, rule: &str, out: &mut Out) -> Done {
    let read = |sql: &'static str| reader.rows(sql, [rule]).map_err(|error| failure(&error));
    let current = read("SELECT * FROM rules WHERE id = ?1")?.into_iter().next();
    let versions = read("SELECT * FROM rule_versions WHERE id = ?1 ORDER BY seq")?;
    let Some(last) = versions.last() else { return Err(unknown(reader, rule)?) };
    if out.json {
        let mut row = current.unwrap_or_else(|| last.clone());
        row.insert("versions".to_owned(), json!(versions));
        out.object(&Value::Object(row))?;
        return Ok(exit::OK);
    }
    let head = format!("{}: {}", Printable(rule).cut(120), text(last, "title"));
    out.line(out.tone(Tone::Strong, &head))?;
    let Some(row) = &current else {
        out.line(out.tone(Tone::Bad, "  not in force any more"))?;
        return history(&versions, out);
    };
    for key in FACTS.iter().filter(|key| row.contains_key(**key)) {
        out.line(format!("  {key:20} {}", text(row, key)))?;
    }
    history(&versions, out)
}

fn history(versions: &[Object], out: &mut Out) -> Done {
    for version in versions {
        let time = |key: &str, without: &str| match text(version, key) {
            time if time.is_empty() => without.to_owned(),
            time => time,
        };
        let (from, until) = (time("loaded_at", "before versions were kept"), time("replaced_at", "now"));
        let (name, findings) = (text(version, "version"), text(version, "findings"));
        out.line("")?;
        let head = format!("version {name} from {from} to {until}, {findings} findings");
        out.line(out.tone(Tone::Strong, &head))?;
        let lines = version.get("text").and_then(Value::as_str).unwrap_or_default().lines();
        lines.map(|line| format!("  {}", Printable(line))).try_for_each(|line| out.line(line))?;
    }
    Ok(exit::OK)
}

fn unknown(reader: &Reader, rule: &str) -> Result<Failure, Failure> {
    let known = reader.rows("SELECT DISTINCT id FROM rule_versions", []).map_err(|error| failure(&error))?;
    let ids: Vec<&str> = known.iter().filter_map(|row| row.get("id")?.as_str()).collect();
    let near = nearest(rule, ids);
    let hint =
        near.map_or("`gatewatch rules` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    Ok(Failure::usage(format!("no rule {}; {hint}", Printable(rule))))
}

fn text(row: &Object, key: &str) -> String {
    match row.get(key) {
        Some(Value::String(text)) => Printable(text).cut(160),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}
