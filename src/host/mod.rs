//! The machine that the program runs on: its clocks, service manager, signals, accounts and disk.
//! Nothing here knows what the program is for.

pub mod account;
pub mod clock;
pub mod disk;
pub mod key;
pub mod signals;
pub mod systemd;

pub use clock::SystemClock;
pub use signals::{Signal, Signals};
pub use systemd::Notifier;
