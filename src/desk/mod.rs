//! Room 8, Acknowledge: the control socket, by which people act on a running daemon.
//!
//! The socket is `control.sock` in the state directory, 0660: the directory's group may connect. Who
//! speaks is not claimed but asked of the kernel (SO_PEERCRED); what a user id may do, the caller of
//! [`act`] decides by its person.
//!
//! # The wire
//!
//! One JSON object per line, UTF-8, a request and its answer in turn; a client may ask again on the same
//! connection. At most 64 KiB a request, 16 clients, 10 s for a request to arrive, 30 s for its answer.
//!
//! ```text
//! -> {"ask":"ping"}
//! <- {"ok":true,"text":"gatewatch is running"}
//! -> {"ask":"status"}
//! <- {"ok":true,"data":{"status":"healthy", ...}}
//! -> {"ask":"reload"}
//! <- {"ok":true,"text":"reloaded: 60 rules in force, 3 of them idle; rules added 1: own-rule"}
//! -> {"ask":"act","verb":"acknowledge","incident":"42","note":"on it"}
//! <- {"ok":false,"text":"uid 1001 belongs to no person of the configuration ..."}
//! -> {"ask":"act","verb":"resolve","incident":"42","false_positive":true}
//! -> {"ask":"act","verb":"reopen"|"escalate"|"note","incident":"42","note":"..."}
//! -> {"ask":"act","verb":"assign","incident":"42","person":"ben"}
//! -> {"ask":"act","verb":"silence","silence":{"reason":"...","seconds":3600,"owner":"ana","rule":"...","entity":"user=x","source":"..."}}
//! -> {"ask":"act","verb":"end-silence","id":"S3"}
//! -> {"ask":"act","verb":"exception","silence":{"reason":"...","seconds":864000,"owner":"ana","ticket":"CHG-1","rule":"...","network":"192.0.2.0/24"}}
//! -> {"ask":"act","verb":"end-exception","id":"E4"}
//! -> {"ask":"act","verb":"mail-test","address":"ana@example.org"}
//! ```
//!
//! An unknown key or verb is an error, and no part of such a request is done.

mod ask;
mod client;
pub mod reply;
mod server;

pub use ask::{Answer, Ask, Deed, SilenceTerms, Word, act, actor};
pub use client::{CallError, call};
pub use server::{Desk, DeskError, Request};

/// The socket's name in the state directory.
pub const SOCKET_NAME: &str = "control.sock";
/// How long a client waits for an answer: the daemon's turn, with a slow disk, many times over.
const ANSWER_SECONDS_MAX: u64 = 30;
