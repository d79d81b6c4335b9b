//! What the store knows of the users and addresses of an incident from before it: what a letter can say of what
//! is normal. Counts of login events, newest first and bounded, so that a letter about a name that a million
//! lines hold is as quick as any other.

use super::rows::int;
use crate::schema::{EvidenceLine, History, Timestamp, Whom};
use rusqlite::{Connection, OptionalExtension, Result, params};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Users, and addresses, that a letter has the history of.
const EACH_MAX: usize = 2;
/// Events looked at for one of them: some milliseconds.
const EVENTS_MAX: usize = 1_000;
/// Segments of the index (131,072 events each) looked into for one of them.
const SEGMENTS_MAX: i64 = 512;
/// Bits of an event's id inside a segment (migrations/0002.sql).
const SEGMENT_BITS: u32 = 17;

/// When the store read its first line.
pub(super) fn known_since(connection: &Connection) -> Result<Option<Timestamp>> {
    let sql = "SELECT observed_at FROM event ORDER BY id LIMIT 1";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0).map(Timestamp)).optional()
}

/// The histories of the users and addresses of these lines, from the events before `before`.
pub(super) fn of(connection: &Connection, lines: &[EvidenceLine], before: u64) -> Result<Vec<History>> {
    let users = distinct(lines.iter().filter_map(|line| line.user.as_deref()));
    let is_address = |from: &&str| from.parse::<IpAddr>().is_ok();
    let addresses = distinct(lines.iter().filter_map(|line| line.from.as_deref()).filter(is_address));
    let mut histories = Vec::new();
    for user in users.iter().take(EACH_MAX) {
        histories.push(one(connection, Whom::User((*user).into()), &addresses, before)?);
    }
    for address in addresses.iter().take(EACH_MAX) {
        histories.push(one(connection, Whom::Address((*address).into()), &users, before)?);
    }
    Ok(histories)
}

/// Each once, in the order of the lines.
fn distinct<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}

/// One event of somebody.
struct Deed {
    at: Timestamp,
    login: bool,
    failure: bool,
    count: u64,
    other: Option<Box<str>>,
}

/// Walks from segment to segment, the newest first: the index of each is in the order of ids.
fn one(connection: &Connection, whom: Whom, with: &[&str], before: u64) -> Result<History> {
    let (column, other, value) = match &whom {
        Whom::User(user) => ("user", "src_ip", &**user),
        Whom::Address(address) => ("src_ip", "user", &**address),
    };
    let mut statement = connection.prepare_cached(&deeds_of(column, other))?;
    let newest = int(before) >> SEGMENT_BITS;
    let oldest = (newest - SEGMENTS_MAX + 1).max(0);
    let (mut tally, mut left) = (Tally::default(), EVENTS_MAX);
    for segment in (oldest..=newest).rev() {
        let values = params![segment, value, int(before), int(left as u64)];
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            left -= 1;
            tally.take(
                Deed {
                    at: Timestamp(row.get(0)?),
                    login: row.get::<_, Option<bool>>(1)?.unwrap_or(false),
                    failure: row.get(2)?,
                    count: row.get::<_, i64>(3)?.max(1).cast_unsigned(),
                    other: row.get(4)?,
                },
                with,
            );
        }
        if left == 0 {
            break;
        }
    }
    Ok(tally.history(whom, left > 0 && oldest == 0))
}

/// What the views `logins` and `failed_logins` count, of one segment.
fn deeds_of(column: &str, other: &str) -> String {
    format!(
        "SELECT coalesce(time, observed_at), class = 'authentication' AND activity = 'logon' AND outcome = 'success',
            class = 'authentication' AND outcome = 'failure', count, {other}
        FROM event WHERE (id >> {SEGMENT_BITS}) = ?1 AND {column} = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4"
    )
}

#[derive(Default)]
struct Tally {
    logins: u64,
    failures: u64,
    together: u64,
    others: BTreeSet<Box<str>>,
    last: Option<(Timestamp, Option<Box<str>>)>,
    since: Option<Timestamp>,
}

impl Tally {
    fn take(&mut self, deed: Deed, with: &[&str]) {
        self.since = Some(self.since.map_or(deed.at, |since| since.min(deed.at)));
        if deed.failure {
            self.failures += deed.count;
        }
        if !deed.login {
            return;
        }
        self.logins += deed.count;
        if deed.other.as_deref().is_some_and(|other| with.contains(&other)) {
            self.together += deed.count;
        }
        self.others.extend(deed.other.clone());
        if self.last.as_ref().is_none_or(|(at, _)| *at < deed.at) {
            self.last = Some((deed.at, deed.other));
        }
    }

    fn history(self, whom: Whom, whole: bool) -> History {
        let Tally { logins, failures, together, others, last, since } = self;
        History { whom, logins, failures, others: others.len() as u64, together, last, since, whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_segment_is_one_walk_of_its_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::migrate::migrate(&mut connection).unwrap();
        for (column, other) in [("user", "src_ip"), ("src_ip", "user")] {
            let sql = format!("EXPLAIN QUERY PLAN {}", deeds_of(column, other));
            let mut statement = connection.prepare(&sql).unwrap();
            let rows = statement.query_map(params![0, "x", 5, 10], |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<String> = rows.map(Result::unwrap).collect();
            let wanted =
                format!("SEARCH event USING INDEX event_{column} (<expr>=? AND {column}=? AND rowid<?)");
            assert_eq!(plan, [wanted]);
        }
    }
}
