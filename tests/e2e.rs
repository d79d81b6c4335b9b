//! Real services on loopback: sshd, rsyslog, postfix, logrotate, OpenVPN and nginx write their own logs
//! and take real mail, and gatewatch is the real program with a real configuration.
//!
//! Each test has its own folder, ports and namespaces, says SKIPPED where a program or a privilege is
//! missing, and ends what it started. Nothing of the machine is changed: accounts, PAM and /dev/log are
//! the service's own, in a mount namespace that ends with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper that cannot help is a failed test, and a skipped test says so"
)]
#![allow(clippy::disallowed_methods, reason = "tests run on the machine's own clock and programs")]
#![allow(dead_code, reason = "the helpers are shared with tests/cli.rs")]

#[path = "e2e/apart.rs"]
mod apart;
#[path = "e2e/gate.rs"]
mod gate;
#[path = "e2e/logins.rs"]
mod logins;
#[path = "e2e/machine.rs"]
mod machine;
#[path = "e2e/nginx.rs"]
mod nginx;
#[path = "e2e/openvpn.rs"]
mod openvpn;
#[path = "e2e/postfix.rs"]
mod postfix;
#[path = "e2e/rotation.rs"]
mod rotation;
#[path = "e2e/sshd.rs"]
mod sshd;
#[path = "e2e/tunnel.rs"]
mod tunnel;
#[path = "e2e/web.rs"]
mod web;
