//! `reload`: the running daemon reads its configuration, grammars and rules again, and says what came of it.

use super::args::Global;
use super::out::Out;
use super::{Done, Failure, act, exit};
use crate::desk::Ask;
use crate::schema::Printable;
use serde_json::json;

/// Asks for a reload and waits for it.
///
/// # Errors
/// A [`Failure`]: it was refused because something is wrong with the files (3); no daemon, or it cannot at the moment (4).
pub fn run(global: &Global, out: &mut Out) -> Done {
    let answer = act::ask(global, &Ask::Reload)?.map_err(Failure::runtime)?;
    // Its lines are made for people, and harmless already.
    let lines: Vec<String> = answer.text.lines().map(|line| Printable(line).to_string()).collect();
    if !answer.ok {
        let wrong = answer.data.is_some_and(|data| data["what"] == "config");
        let code = if wrong { exit::CONFIG } else { exit::RUNTIME };
        return Err(Failure::new(
            code,
            format!("{}\nreload refused: everything stays as it was", lines.join("\n")),
        ));
    }
    match out.json {
        true => out.object(&json!({"ok": true, "message": answer.text}))?,
        false => out.line(lines.join("\n"))?,
    }
    Ok(exit::OK)
}
