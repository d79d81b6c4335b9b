//! What the store knew of a user or of an address before an incident: plain counts, no judgement.

use super::time::Timestamp;

/// Somebody, or some address, of an incident's evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// A user's name, as the source wrote it.
    User(Box<str>),
    /// A client's address.
    Address(Box<str>),
}

/// What the store holds of one of them, up to the incident's first evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Of whom.
    pub whom: Whom,
    /// Successful logins.
    pub logins: u64,
    /// Failed ones.
    pub failures: u64,
    /// Different addresses of the user's logins; of an address, different users who logged in from it.
    pub others: u64,
    /// Logins of the user from the incident's addresses; of an address, by the incident's users.
    pub together: u64,
    /// The last login, and the address or user of it.
    pub last: Option<(Timestamp, Option<Box<str>>)>,
    /// The earliest event that was looked at; `None` = there is none at all.
    pub since: Option<Timestamp>,
    /// Whether every event before the incident was looked at; otherwise only the newest ones were.
    pub whole: bool,
}
