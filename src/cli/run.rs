//! `run`: the daemon in the foreground.

use super::args::{Global, RunArgs};
use super::{Done, Failure, exit};
use crate::ports::LedgerError;
use crate::shell::{Options, Service, ServiceError, own_log};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// A [`Failure`] with the exit code of its cause: 3 configuration, 4 machine or store, 5 damaged store.
pub fn run(global: &Global, args: &RunArgs) -> Done {
    own_log::start();
    let options =
        Options { config: global.config.clone(), state: global.state.clone(), dry_run: args.dry_run };
    let mut service = Service::open(options).map_err(failure)?;
    service.obey_signals().map_err(failure)?;
    service.serve(&mut |_, _| {}).map_err(failure)?;
    service.close().map_err(failure)?;
    Ok(exit::OK)
}

/// A service's error as a failure.
pub fn failure(error: ServiceError) -> Failure {
    let code = match &error {
        ServiceError::Config(_) => exit::CONFIG,
        ServiceError::Open(open) => open.exit_code(),
        ServiceError::Ledger(LedgerError::Transient(_) | LedgerError::Permanent(_))
        | ServiceError::Host(_) => exit::RUNTIME,
    };
    Failure::new(code, error.to_string())
}
