//! What went out, as far as a start must know it: the last mails of the program about itself, and which addresses a
//! mail ever reached.

use super::decode::{named, some_time, text, time};
use crate::schema::selfmail::{SelfMark, SelfMarks};
use crate::schema::{NotificationKind, Timestamp};
use rusqlite::{Connection, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The past of the outbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivered {
    /// The last self mail of each kind and address.
    pub self_mails: SelfMarks,
    /// When a relay took anything last.
    pub last_accepted: Option<Timestamp>,
    /// Addresses for which a relay ever took anything.
    pub addresses: BTreeSet<Arc<str>>,
}

pub(super) fn delivered(connection: &Connection) -> Result<Delivered> {
    let mut delivered = Delivered::default();
    let sql = "SELECT n.kind, n.address, n.id, n.created_at AS decided_at, own.accepted_at,
            n.state IN ('pending', 'sending', 'uncertain') AS owed
        FROM (SELECT max(id) AS id, max(accepted_at) AS accepted_at FROM notification
            WHERE kind IN ('canary', 'alive', 'proof') GROUP BY kind, address) AS own
        JOIN notification AS n ON n.id = own.id";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mark = SelfMark {
            last: row.get::<_, i64>("id")?.cast_unsigned(),
            decided_at: time(row, "decided_at")?,
            accepted_at: some_time(row, "accepted_at")?,
            owed: row.get("owed")?,
        };
        let kind = named(row, "kind", NotificationKind::from_name)?;
        delivered.self_mails.remember(kind, text(row, "address")?, mark);
    }
    let sql = "SELECT address, max(accepted_at) AS at FROM notification WHERE accepted_at IS NOT NULL GROUP BY address";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        delivered.last_accepted = delivered.last_accepted.max(Some(time(row, "at")?));
        delivered.addresses.insert(text(row, "address")?);
    }
    Ok(delivered)
}
