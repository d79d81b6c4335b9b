//! The program's own log: text on a terminal, JSON otherwise, to stderr. What it prints of others' text
//! went through `Printable`; the subscriber escapes control characters besides.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts the log; `GATEWATCH_LOG` filters it (`info` by default). A second start changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env("GATEWATCH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that a log runs already, as in tests.
    if std::io::stderr().is_terminal() {
        let _ = builder.with_target(false).try_init();
    } else {
        let _ = builder.json().flatten_event(true).with_ansi(false).try_init();
    }
}
