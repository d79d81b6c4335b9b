//! Room 7, Deliver: takes a claimed letter, sends it once, and yields a receipt.
//!
//! One letter = one SMTP session = one recipient = one relay. The courier decides nothing about a
//! retry: it says how far the session came ([`crate::schema::MailPhase`]) and `escalate` does the rest.
//! A failure before the body began is a safe retry (`deferred`); after it nobody knows (`uncertain`).
//!
//! ```text
//! Post::send -> post (8 side by side) -> letter::mime -> session (phases, deadlines) -> verdict -> Receipt
//!                                                     \-> maildir (no relay configured)
//! ```

mod gate;
mod hook;
mod letter;
mod line;
mod maildir;
mod post;
mod report;
mod session;
mod verdict;
mod wire;

pub use hook::{HookKind, PREFIX as WEBHOOK, Webhook, is_safe_url};
pub use letter::{MimeError, mime};
pub use post::Post;

use crate::limits::{SMTP_AFTER_BODY_MAX, SMTP_COMMAND_MAX, SMTP_UNTIL_BODY_MAX};
use crate::schema::{Reading, Span};
use std::path::PathBuf;
use std::sync::Arc;

/// How the courier reads the clock: handed in, so that this room owns none.
pub type Now = Arc<dyn Fn() -> Reading + Send + Sync>;

/// A password. It can be shown to a relay, and to nobody else: `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }
    /// The password itself, for the login only.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How a session is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Plain greeting, then STARTTLS, which the relay must offer (port 587).
    Starttls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// None at all: only to a loopback address.
    None,
}

/// One mail relay.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Name or address; with TLS the certificate must carry it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the session is kept secret.
    pub tls: Tls,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// Certificates in PEM, trusted beside the system's roots.
    pub ca_file: Option<Vec<u8>>,
}

/// How long a session may take. They are hard: a relay that sends one byte a minute does not stretch them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For one command and its whole answer.
    pub command: Span,
    /// From the start until the body begins.
    pub until_body: Span,
    /// For the body and the answer to its final dot.
    pub after_body: Span,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            command: SMTP_COMMAND_MAX,
            until_body: SMTP_UNTIL_BODY_MAX,
            after_body: SMTP_AFTER_BODY_MAX,
        }
    }
}

/// The way letters go.
#[derive(Clone, Debug)]
pub enum Params {
    /// Into a Maildir; a durable write counts as accepted.
    Maildir {
        /// The Maildir; made when it is missing.
        directory: PathBuf,
        /// Sender address.
        from: String,
    },
    /// To relays.
    Relays {
        /// At least one; a letter's `relay` chooses, modulo their number.
        relays: Vec<Relay>,
        /// Sender address, also of the envelope.
        from: String,
        /// The name told in EHLO.
        helo: String,
        /// How long a session may take.
        deadlines: Deadlines,
    },
}

/// Why the courier cannot start. All are permanent: the configuration or the machine must change.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// A list of relays without a relay.
    #[error("no mail relay is given")]
    NoRelay,
    /// The sender address is none.
    #[error("mail.from: {0:?} is not a mail address")]
    From(String),
    /// The EHLO name would not be one word of printable ASCII.
    #[error("mail: {0:?} cannot be the name told to relays (EHLO)")]
    Helo(String),
    /// `tls = "none"` to a machine that is not this one.
    #[error(
        "relay {0}: tls = \"none\" is allowed only to a loopback address; use \"starttls\" or \"implicit\""
    )]
    PlainToNetwork(String),
    /// The certificates cannot be read.
    #[error("relay {relay}: ca_file: {why}")]
    CaFile {
        /// `host:port`.
        relay: String,
        /// What is wrong.
        why: String,
    },
    /// The Maildir cannot be made or written.
    #[error("maildir {path}: {source}")]
    Maildir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A webhook that cannot work.
    #[error("webhook {id}: {why}")]
    Webhook {
        /// Its id.
        id: String,
        /// What is wrong.
        why: String,
    },
    /// No threads.
    #[error("the courier's threads cannot start: {0}")]
    Threads(std::io::Error),
}
