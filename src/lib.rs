//! gatewatch watches who gets in: it tails access logs, turns each line into one event in SQLite,
//! detects what is wrong, and mails an explained alert until a person acknowledges.
//!
//! Eight rooms in one direction; the modules stand here in layer order, and a module imports only
//! from the layers above its own line (`tests/tidy.rs` keeps it so):
//!
//! ```text
//! 1 Tail -> 2 Normalize -> 3 Detect -> 4 Triage -> 5 Escalate -> 6 Record -> 7 Deliver -> 8 Acknowledge
//!   tail      normalize      detect      triage      escalate      ledger     courier     desk
//!   edge        pure          pure        pure         pure         edge       edge       edge
//! ```
//!
//! [`pipeline`] is the page that tells the story of rooms 2 to 5; [`daemon`] is the one driver.

// Layer 0: numbers and words.
pub mod limits;
pub mod schema;
// Layer 1: the four ports through which the driver reaches the world.
pub mod ports;
// Layer 2, pure rooms: no clock, no file, no randomness.
pub mod detect;
pub mod escalate;
pub mod identity;
pub mod normalize;
pub mod triage;
// Layer 2, edges: each owns one piece of the outside world.
pub mod console;
pub mod courier;
pub mod desk;
pub mod host;
pub mod ledger;
pub mod tail;
// Layer 3: the page.
pub mod pipeline;
// Layer 4: from files that people write to parameters that cannot be wrong.
pub mod config;
// Layer 5: one synchronous turn.
pub mod daemon;
// Layer 6: threads, signals, commands.
pub mod cli;
pub mod shell;
