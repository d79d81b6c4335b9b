//! Against SQL made by pySigma's SQLite backend, over a store that gatewatch wrote.
//!
//! The events stand in a store, as the daemon writes it. Beside its view `events` a table has a column for each field
//! that the rules of the sample name, so that SQL can name them; the line itself comes from the store.

use crate::differences::{Explained, Seen};
use crate::{events, near, rules};
use anyhow::{Context, Result, ensure};
use gatewatch::detect::RuleSet;
use gatewatch::detect::eval::{Facts, fits};
use gatewatch::detect::logsource::Facet;
use gatewatch::detect::rule::{Body, Rule};
use gatewatch::ledger::{FILE_NAME, Store};
use gatewatch::ports::Ledger;
use gatewatch::schema::{Changes, Event, Generation, Reading, Span, Timestamp};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

/// Rules of the public set in the sample, beside those of this crate.
const SAMPLE: usize = 225;
/// Generated events of each rule that are asked.
const NEAR_MAX: usize = 4_000;

/// One rule as SQL.
struct Query {
    id: String,
    fields: Vec<String>,
    sql: Vec<String>,
}

/// Compares all; `python` is an interpreter that has pySigma.
pub fn run(python: Option<String>) -> Result<()> {
    let python = python.context("usage: gatewatch-oracle sql PYTHON")?;
    let files = sample(rules::files()?);
    let set = rules::unrouted(&rules::ours(&files)?);
    let queries = queries(&python, &files, &set)?;
    let mut all = events::development()?;
    let generated = near::events(&set);
    let step = generated.len().div_ceil(NEAR_MAX).max(1);
    all.extend(generated.into_iter().step_by(step));
    for (number, event) in (1..).zip(&mut all) {
        (event.id, event.generation, event.offset, event.part_of, event.opened) =
            (number, 1, number * 10, None, None);
    }
    let folder = std::env::temp_dir().join(format!("gatewatch-oracle-{}", std::process::id()));
    let judged = store(&folder, &all).and_then(|db| judge(&db, &set, &queries, &all));
    std::fs::remove_dir_all(&folder).ok();
    Explained::read()?.judge("sqlite", &judged?)
}

fn sample(files: Vec<rules::File>) -> Vec<rules::File> {
    let step = (files.len() - 1).div_ceil(SAMPLE).max(1);
    files.into_iter().enumerate().filter(|(at, _)| *at == 0 || at % step == 1).map(|(_, file)| file).collect()
}

fn queries(python: &str, files: &[rules::File], set: &RuleSet) -> Result<Vec<Query>> {
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/sql.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {python}"))?;
    let filters = rules::own_filters();
    let line = |rule: &Rule| {
        let text =
            format!("{}{}", rule.meta.text, if rule.meta.id.starts_with("oracle-") { &*filters } else { "" });
        json!({"id": &*rule.meta.id, "text": text}).to_string() + "\n"
    };
    let lines: String = set.rules().iter().map(line).collect();
    let mut input = child.stdin.take().context("no input")?;
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().ok();
    ensure!(output.status.success(), "{python} failed: is pysigma-backend-sqlite installed?");
    let mut queries = Vec::new();
    let mut refused = 0;
    for line in String::from_utf8(output.stdout)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        if let Some(error) = row["error"].as_str() {
            refused += 1;
            println!("pySigma has no SQL for {}: {error}", text(&row["id"]));
            continue;
        }
        queries.push(Query { id: text(&row["id"]), fields: texts(&row["fields"]), sql: texts(&row["sql"]) });
    }
    println!("{} rules of {} files as SQL, {refused} refused by pySigma", queries.len(), files.len());
    Ok(queries)
}

/// A store with these events, opened for reading.
fn store(folder: &std::path::Path, events: &[Event]) -> Result<Connection> {
    let now = Reading { utc: Timestamp(0), boottime: Span::seconds(1), boot_id: "oracle".into() };
    let mut store = Store::open(folder, &now)?;
    let generation = Generation {
        id: 1,
        source: "oracle".into(),
        path: "/oracle".into(),
        device: 1,
        inode: 1,
        head_length: 0,
        head_hash: [0; 32],
        format: "".into(),
        finished: true,
        seen_at: Timestamp(0),
    };
    store.commit(&Changes { generations: vec![generation], ..Changes::default() })?;
    for part in events.chunks(1_000) {
        store.commit(&Changes { events: part.to_vec(), ..Changes::default() })?;
    }
    store.close()?;
    Ok(Connection::open(folder.join(FILE_NAME))?)
}

/// A quoted name.
fn column(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn judge(db: &Connection, set: &RuleSet, queries: &[Query], all: &[Event]) -> Result<Seen> {
    db.create_scalar_function("regexp", 2, FunctionFlags::SQLITE_DETERMINISTIC, |context| {
        let (expression, text) = (context.get::<String>(0)?, context.get::<Option<String>>(1)?);
        let regex =
            regex::Regex::new(&expression).map_err(|e| rusqlite::Error::UserFunctionError(e.into()))?;
        Ok(text.is_some_and(|text| regex.is_match(&text)))
    })?;
    // A column's name is the same in any case. Where rules mean two fields by it, they cannot be told apart there.
    let mut columns: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    for field in queries.iter().flat_map(|query| &query.fields).filter(|field| *field != "raw") {
        columns.entry(field.to_ascii_lowercase()).or_default().insert(field);
    }
    let alone = |field: &String| columns.get(&field.to_ascii_lowercase()).is_none_or(|names| names.len() == 1);
    let (queries, left): (Vec<&Query>, Vec<&Query>) =
        queries.iter().partition(|query| query.fields.iter().all(alone));
    println!("{} rules left out: fields that differ in case only are one column in SQLite", left.len());
    // A number that is compared as one needs a column of numbers; for equality, "42" is 42.
    let kind = |names: &BTreeSet<&String>| {
        let signs = |name: &&String| ["<", ">"].map(|sign| format!("{name} {sign}"));
        let ordered: Vec<String> = names.iter().flat_map(signs).collect();
        let mut sql = queries.iter().flat_map(|query| &query.sql);
        if sql.any(|sql| ordered.iter().any(|words| sql.contains(words))) { "NUMERIC" } else { "TEXT" }
    };
    let names: Vec<String> = columns
        .iter()
        .map(|(name, names)| format!("{} {} COLLATE NOCASE", column(name), kind(names)))
        .collect();
    db.execute_batch(&format!("CREATE TEMP TABLE named (event INTEGER PRIMARY KEY, {})", names.join(", ")))?;
    let marks = vec!["?"; columns.len() + 1].join(", ");
    let mut insert = db.prepare(&format!("INSERT INTO named VALUES ({marks})"))?;
    for event in all {
        let object = events::object(set, event);
        let cell = |names: &BTreeSet<&String>| {
            names.iter().find_map(|name| object.get(*name)).map_or(Cell::Null, cell)
        };
        let id = i64::try_from(event.id)?;
        insert.execute(params_from_iter(
            std::iter::once(Cell::Integer(id)).chain(columns.values().map(cell)),
        ))?;
    }
    db.execute_batch(
        "CREATE TEMP VIEW compared AS SELECT e.raw, named.* FROM events e JOIN named ON named.event = e.id",
    )?;
    let mut seen = Seen::new();
    let mut matches = 0;
    for query in &queries {
        let mut theirs = BTreeSet::new();
        for sql in &query.sql {
            let sql = sql.replacen("SELECT *", "SELECT event", 1);
            let mut ask = db.prepare(&sql).with_context(|| format!("{}: {sql}", query.id))?;
            for id in ask.query_map([], |row| row.get::<_, i64>(0))? {
                theirs.insert(u64::try_from(id?)?);
            }
        }
        let ours = ours(set, &query.id, all)?;
        matches += ours.len();
        let differs = ours.difference(&theirs).map(|id| ("ours", *id));
        for (who, id) in differs.chain(theirs.difference(&ours).map(|id| ("theirs", *id))) {
            let event = all.get(usize::try_from(id - 1)?).context("an event of no number")?;
            let example = || {
                let mut object = events::object(set, event);
                object.retain(|key, _| query.fields.contains(key));
                (
                    0,
                    format!("{} {}", Value::Object(object), query.sql.join(" / "))
                        .chars()
                        .take(1_500)
                        .collect(),
                )
            };
            seen.entry(("sqlite".into(), who, query.id.clone())).or_insert_with(example).0 += 1;
        }
    }
    println!("{} rules over {} events of a store; {matches} matches", queries.len(), all.len());
    Ok(seen)
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Bool(truth) => Cell::Text(truth.to_string()),
        Value::Number(number) => number.as_i64().map_or(Cell::Null, Cell::Integer),
        Value::String(text) => Cell::Text(text.clone()),
        list => Cell::Text(list.to_string()),
    }
}

fn ours(set: &RuleSet, id: &str, all: &[Event]) -> Result<BTreeSet<u64>> {
    let rule =
        set.rules().iter().find(|rule| *rule.meta.id == *id).with_context(|| format!("no rule {id}"))?;
    let Body::Detection(detection) = &rule.body else { return Ok(BTreeSet::new()) };
    let fit = |event: &&Event| fits(detection, &mut Facts::new(event, set, &Facet::of(event, None)));
    Ok(all.iter().filter(fit).map(|event| event.id).collect())
}
