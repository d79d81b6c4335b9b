//! Real services on loopback against the grammars: each service is started with a configuration, data and
//! log of its own, a script of acts is played (who, from where, let in or not, and the end), and what
//! gatewatch reads in the service's log must be exactly those acts, with every line understood.
//!
//! A service that is not installed, or a right that is missing, is told as SKIPPED. Nothing of the machine
//! is changed: accounts, PAM and /dev/log are the service's own, in a mount namespace that ends with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper that cannot help is a failed test, and a skipped test says so"
)]
#![allow(clippy::disallowed_methods, reason = "tests run on the machine's own clock and programs")]
#![allow(dead_code, reason = "the helpers are shared with tests/e2e.rs")]

#[path = "services/acts.rs"]
mod acts;
#[path = "e2e/apart.rs"]
mod apart;
#[path = "services/audit.rs"]
mod audit;
#[path = "services/databases.rs"]
mod databases;
#[path = "services/directory.rs"]
mod directory;
#[path = "e2e/gate.rs"]
mod gate;
#[path = "services/gateways.rs"]
mod gateways;
#[path = "e2e/machine.rs"]
mod machine;
#[path = "services/mail.rs"]
mod mail;
#[path = "e2e/nginx.rs"]
mod nginx;
#[path = "e2e/openvpn.rs"]
mod openvpn;
#[path = "e2e/postfix.rs"]
mod postfix;
#[path = "services/shells.rs"]
mod shells;
#[path = "e2e/sshd.rs"]
mod sshd;
#[path = "services/websites.rs"]
mod websites;
