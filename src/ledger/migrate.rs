//! From an empty file to the newest schema, one step per transaction: a kill leaves the old schema or
//! the new one, never half of one.

use rusqlite::{Connection, TransactionBehavior};
use std::fmt::Write;

/// `PRAGMA application_id` of a store: "gwat".
pub const APPLICATION_ID: i32 = 0x6777_6174;
/// `PRAGMA user_version` that this program writes and reads.
pub const VERSION: i32 = STEPS.len() as i32;

/// Each step's tables and the views that stand after it ("" where they stay).
const STEPS: [(&str, &str); 8] = [
    (include_str!("migrations/0001.sql"), include_str!("migrations/views.sql")),
    (include_str!("migrations/0002.sql"), ""),
    (include_str!("migrations/0003.sql"), ""),
    (include_str!("migrations/0004.sql"), include_str!("migrations/0004-views.sql")),
    (include_str!("migrations/0005.sql"), include_str!("migrations/0005-views.sql")),
    (include_str!("migrations/0006.sql"), include_str!("migrations/0006-views.sql")),
    (include_str!("migrations/0007.sql"), ""),
    (include_str!("migrations/0008.sql"), include_str!("migrations/0008-views.sql")),
];

/// Brings a store to [`VERSION`]. The version number changes in the same transaction as the tables.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let from: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(from).unwrap_or(0);
    for (at, (tables, views)) in STEPS.iter().enumerate().skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(tables)?;
        transaction.execute_batch(&expand_times(views))?;
        transaction.pragma_update(None, "user_version", at as i32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Replaces each `@T(expression)` by SQL that spells microseconds as RFC 3339 with milliseconds. Integers
/// only: `strftime('%f')` rounds, and would show a moment that is not yet there.
fn expand_times(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() * 2);
    let mut rest = sql;
    while let Some(at) = rest.find("@T(") {
        let (before, after) = (&rest[..at], &rest[at + 3..]);
        let end = closing(after);
        let time = &after[..end];
        out.push_str(before);
        let floor = format!("((({time}) % 1000000) + 1000000) % 1000000");
        let _ = write!(
            out,
            "(strftime('%Y-%m-%dT%H:%M:%S', (({time}) - {floor}) / 1000000, 'unixepoch') || printf('.%03dZ', {floor} / 1000))"
        );
        rest = after.get(end + 1..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Where the bracket that is open before `text` closes.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => return at,
            b')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Timestamp;

    #[test]
    fn times_in_sql_are_spelled_as_in_rust() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = expand_times("SELECT @T(coalesce(NULL, ?1))");
        for micros in [
            0,
            1,
            999,
            1_000,
            999_999,
            -1,
            -1_000_001,
            1_763_888_400_123_999,
            1_763_888_399_999_999,
            -62_135_596_800_000_000,
        ] {
            let text: String = connection.query_row(&sql, [micros], |row| row.get(0)).unwrap();
            assert_eq!(text, Timestamp(micros).to_string());
        }
        let none: Option<String> = connection.query_row(&sql, [None::<i64>], |row| row.get(0)).unwrap();
        assert_eq!(none, None);
    }

    #[test]
    fn a_store_of_the_first_schema_gets_its_lookups_by_segment() {
        let mut connection = Connection::open_in_memory().unwrap();
        let (tables, views) = STEPS[0];
        connection.execute_batch(tables).unwrap();
        connection.execute_batch(&expand_times(views)).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let insert = "INSERT INTO event (id, generation, \"offset\", length, line, lines, source, format, parser, counted_at,
            observed_at, class, outcome, class_uid, activity_id, status_id, count, flags, user)
            VALUES (?1, 1, ?1, 1, 1, 1, 's', 'f', 1, 0, 0, 'base', 'unknown', 0, 0, 0, 1, 0, 'ana')";
        for id in [1, 131_071, 131_072, 1_000_000] {
            connection.execute(insert, [id]).unwrap();
        }
        migrate(&mut connection).unwrap();
        let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, VERSION);
        let sql = "SELECT group_concat(id) FROM (SELECT id FROM events WHERE user = 'ana' ORDER BY id)";
        let ids: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(ids, "1,131071,131072,1000000");
        let plan: String = connection
            .query_row("EXPLAIN QUERY PLAN SELECT * FROM events WHERE user = 'ana'", [], |row| row.get(3))
            .unwrap();
        assert!(plan.contains("event_user (ANY(<expr>) AND user=?)"), "{plan}");
    }

    /// Tunnels that were paired by the view of the third schema stay paired.
    #[test]
    fn tunnels_of_an_older_store_keep_their_end() {
        let mut connection = Connection::open_in_memory().unwrap();
        for (tables, views) in &STEPS[..3] {
            connection.execute_batch(tables).unwrap();
            connection.execute_batch(&expand_times(views)).unwrap();
        }
        connection.pragma_update(None, "user_version", 3).unwrap();
        let insert = "INSERT INTO event (id, generation, \"offset\", length, line, lines, source, format, parser, counted_at,
            observed_at, class, activity, outcome, class_uid, activity_id, status_id, count, flags, user, src_ip, session)
            VALUES (?1, 1, ?1, 1, 1, 1, 's', 'f', 1, 0, ?1 * 1000000, 'tunnel', ?2, 'unknown', 0, 0, 0, 1, 0, 'ana', '::1', ?3)";
        let lines = [
            (1, "open", Some("a")),
            (2, "open", None),
            (3, "open", Some("b")),
            (4, "close", Some("a")),
            (5, "close", None),
            (6, "close", Some("a")),
            (7, "open", Some("b")),
            (8, "close", Some("b")),
            (9, "close", Some("c")),
        ];
        for line in lines {
            connection.execute(insert, line).unwrap();
        }
        let sql = "SELECT group_concat(opened_event || '-' || coalesce(closed_event, '') || '-' || coalesce(seconds, ''), ' ')
            FROM (SELECT * FROM vpn_sessions ORDER BY opened_event)";
        let before: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        migrate(&mut connection).unwrap();
        let after: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(after, "1-4-3 2-5-3 3-- 7-8-1");
        assert_eq!(after, before);
    }
}
