//! Acts on the running daemon, over its control socket.

use super::args::Global;
use super::out::Out;
use super::{Done, Failure, exit, setup};
use crate::desk::{self, Ask, CallError, Deed};
use crate::schema::Printable;
use serde_json::json;

/// Asks the daemon for an act and prints its sentence.
///
/// # Errors
/// A [`Failure`]: no daemon, or refused (4).
pub fn act(global: &Global, deed: Deed, out: &mut Out) -> Done {
    let answer = ask(global, &Ask::Act(Box::new(deed)))?.map_err(Failure::runtime)?;
    if !answer.ok {
        return Err(Failure::runtime(Printable(&answer.text)));
    }
    if out.json {
        out.object(&json!({"ok": true, "message": answer.text}))?;
    } else {
        out.line(Printable(&answer.text))?;
    }
    Ok(exit::OK)
}

/// Asks the daemon of the command line's state directory.
///
/// # Errors
/// A [`Failure`] of the configuration; the inner error is the daemon's silence.
pub fn ask(global: &Global, ask: &Ask) -> Result<Result<desk::Answer, CallError>, Failure> {
    let socket = setup::state(global)?.join(desk::SOCKET_NAME);
    Ok(desk::call(&socket, ask))
}
