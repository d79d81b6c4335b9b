//! `status`: how the running daemon is. Without one, that is the answer.

use super::args::Global;
use super::out::{Out, Tone};
use super::{Done, act, exit, setup};
use crate::desk::Ask;
use crate::ledger::read::Reader;
use crate::schema::Printable;
use serde_json::{Value, json};

/// Prints the status; exit 0 healthy, 1 degraded.
///
/// # Errors
/// A [`super::Failure`] of the configuration.
pub fn run(global: &Global, out: &mut Out) -> Done {
    let status = match act::ask(global, &Ask::Status)? {
        Ok(answer) => answer.data.unwrap_or_else(|| json!({"status": "degraded"})),
        Err(error) => without_daemon(global, &error.to_string())?,
    };
    let healthy = status["status"] == "healthy";
    if out.json {
        out.object(&status)?;
    } else {
        show(out, &status)?;
    }
    Ok(if healthy { exit::OK } else { exit::FOUND })
}

/// What the store alone can tell, under the one word that matters.
fn without_daemon(global: &Global, why: &str) -> Result<Value, super::Failure> {
    let state = setup::state(global)?;
    let mut status = Reader::open(&state).and_then(|reader| reader.status()).unwrap_or_default();
    status.insert("status".into(), json!("degraded"));
    status.insert("degraded".into(), json!([{"what": "daemon", "why": why}]));
    Ok(Value::Object(status))
}

fn show(out: &mut Out, status: &Value) -> Result<(), super::Failure> {
    let word = status["status"].as_str().unwrap_or("degraded");
    out.line(out.tone(if word == "healthy" { Tone::Good } else { Tone::Bad }, word))?;
    for trouble in list(&status["degraded"]) {
        let since = trouble["since"].as_str().map_or(String::new(), |since| format!(" since {since}"));
        out.line(format!("  {}{since}: {}", text(&trouble["what"]), text(&trouble["why"])))?;
    }
    for source in list(&status["sources"]) {
        out.line(format!(
            "source {}: {}, {} gap(s)",
            text(&source["name"]),
            text(&source["state"]),
            source["gaps"]
        ))?;
        for file in list(&source["files"]) {
            out.line(format!(
                "  {} ({}) at {}, {} bytes behind",
                text(&file["path"]),
                file["format"].as_str().map_or("format not known yet".into(), |_| text(&file["format"])),
                file["offset"],
                file["lag_bytes"]
            ))?;
        }
        for refused in list(&source["refused"]) {
            out.line(format!("  refused {}: {}", text(&refused["path"]), text(&refused["why"])))?;
        }
    }
    for key in ["store", "outbox", "clocks", "rules"] {
        if let Some(object) = status[key].as_object().filter(|object| !object.is_empty()) {
            let pairs: Vec<String> = object.iter().map(|(k, v)| format!("{k} {}", text(v))).collect();
            out.line(format!("{key}: {}", pairs.join(", ")))?;
        }
    }
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => Printable(text).cut(200),
        other => other.to_string(),
    }
}
