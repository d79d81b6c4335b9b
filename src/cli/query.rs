//! `query`: an auditor's SQL, read-only, in three spellings.

use super::args::{Global, QueryArgs, QueryFormat};
use super::csv;
use super::out::Out;
use super::{Done, Failure, exit, setup};
use crate::ledger::query::{Cell, QueryError, QueryLimits, Rows, query};
use crate::ledger::saved;
use crate::schema::Printable;
use serde_json::{Map, Value, json};

/// Runs one query.
///
/// # Errors
/// A [`Failure`]: not one SELECT (2), too long or no store (4), a damaged store (5).
pub fn run(global: &Global, args: &QueryArgs, out: &mut Out) -> Done {
    if args.list {
        return list(out);
    }
    let sql = match (&args.saved, &args.sql) {
        (Some(name), _) => {
            saved::find(name)
                .ok_or_else(|| {
                    Failure::usage(format!(
                        "no saved question `{}`; `gatewatch query --list` names them",
                        Printable(name)
                    ))
                })?
                .sql
        }
        (None, Some(sql)) => sql.as_str(),
        (None, None) => return Err(Failure::usage("give one SELECT, or --saved NAME, or --list")),
    };
    let limits = QueryLimits { seconds: args.timeout, rows: args.limit };
    let rows = query(&setup::state(global)?, sql, limits).map_err(|error| failure(&error))?;
    match if out.json { QueryFormat::Jsonl } else { args.format } {
        QueryFormat::Table => table(out, &rows)?,
        QueryFormat::Csv => csv(out, &rows)?,
        QueryFormat::Jsonl => jsonl(out, &rows)?,
    }
    if rows.more {
        out.remark(&format!("more than {} rows; allow more with --limit", args.limit));
    }
    Ok(exit::OK)
}

/// A refusal of the read side with its exit code.
pub fn failure(error: &QueryError) -> Failure {
    Failure::new(error.exit_code(), error.to_string())
}

fn list(out: &mut Out) -> Done {
    let rows: Vec<Vec<String>> =
        saved::SAVED.iter().map(|s| vec![s.name.to_owned(), s.question.to_owned()]).collect();
    if out.json {
        for question in saved::SAVED {
            out.object(&json!({"name": question.name, "question": question.question, "sql": question.sql}))?;
        }
    } else {
        out.table(&["NAME", "QUESTION"], &rows)?;
    }
    Ok(exit::OK)
}

fn table(out: &mut Out, rows: &Rows) -> Result<(), Failure> {
    let head: Vec<&str> = rows.columns.iter().map(String::as_str).collect();
    let cell = |cell: &Cell| Printable(&text(cell)).cut(120);
    let body: Vec<Vec<String>> = rows.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    out.table(&head, &body)
}

fn csv(out: &mut Out, rows: &Rows) -> Result<(), Failure> {
    out.line(csv::line(&rows.columns))?;
    for row in &rows.rows {
        out.line(csv::line(&row.iter().map(csv_cell).collect::<Vec<_>>()))?;
    }
    Ok(())
}

/// Numbers as they are, `-5` too; texts come from outside.
fn csv_cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(_) => csv::text(&text(cell)),
        _ => text(cell),
    }
}

/// The lossless spelling; an absent value is left out.
fn jsonl(out: &mut Out, rows: &Rows) -> Result<(), Failure> {
    for row in &rows.rows {
        let pairs =
            rows.columns.iter().zip(row).filter_map(|(name, cell)| Some((name.clone(), value(cell)?)));
        out.object(&Value::Object(pairs.collect::<Map<_, _>>()))?;
    }
    Ok(())
}

fn value(cell: &Cell) -> Option<Value> {
    match cell {
        Cell::Null => None,
        Cell::Int(n) => Some(json!(n)),
        Cell::Real(x) => Some(json!(x)),
        Cell::Text(text) => Some(json!(text)),
        Cell::Blob(_) => Some(json!(text(cell))),
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Int(n) => n.to_string(),
        Cell::Real(x) => x.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_in_a_user_name_is_no_formula_in_a_spreadsheet() {
        for evil in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"] {
            assert!(csv_cell(&Cell::Text(evil.to_owned())).starts_with('\''), "{evil:?}");
        }
        assert_eq!(csv_cell(&Cell::Int(-5)), "-5");
        assert_eq!(csv::line(&["a,\"b\"".to_owned()]), "\"a,\"\"b\"\"\"");
    }
}
