//! The read side for commands: rows of the views as JSON objects, absent values left out. It works with
//! or without a running daemon and never writes.

use super::evidence::{events_of, lines};
use super::open::sidecar;
use super::query::{QueryError, open_to_read};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row};
use serde_json::{Map, Value, json};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A row of a view.
pub type Object = Map<String, Value>;

/// A reader of one store.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

/// Which rows of a listing are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Only this status (incidents) or verdict (findings).
    pub status: Option<&'a str>,
    /// Only rows at or after this RFC 3339 time.
    pub since: Option<&'a str>,
    /// Only rows before this RFC 3339 time.
    pub until: Option<&'a str>,
    /// Most rows, newest first; `None` = all.
    pub limit: Option<usize>,
}

impl Reader {
    /// Opens the store of a directory.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn open(directory: &Path) -> Result<Reader, QueryError> {
        let connection = open_to_read(directory)?;
        Ok(Reader { connection, path: directory.join(super::FILE_NAME) })
    }

    /// Opens a store with a file name of its own, such as `replay --store` makes.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn open_file(path: &Path) -> Result<Reader, QueryError> {
        let connection = super::query::open_file_to_read(path.to_owned())?;
        Ok(Reader { connection, path: path.to_owned() })
    }

    /// Rows of the view `incidents`, newest first; `since` and `until` go by `opened_at`.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn incidents(&self, filter: &Filter<'_>) -> Result<Vec<Object>, QueryError> {
        self.listing("incidents", "status", "opened_at", "number", filter)
    }

    /// Rows of the view `findings`, newest first; `since` and `until` go by `time`.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn findings(&self, filter: &Filter<'_>) -> Result<Vec<Object>, QueryError> {
        self.listing("findings", "verdict", "time", "time", filter)
    }

    /// One incident by id or number with its findings, notifications (each with its attempts), journal and
    /// evidence lines; `None` where there is none.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn incident(&self, id_or_number: &str) -> Result<Option<Object>, QueryError> {
        let number: Option<i64> = id_or_number.parse().ok();
        let found =
            self.rows("SELECT * FROM incidents WHERE id = ?1 OR number = ?2", (id_or_number, number))?;
        let Some(mut incident) = found.into_iter().next() else { return Ok(None) };
        let id = incident.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let findings = self.rows(
            "SELECT v.* FROM findings v JOIN finding f USING (id) WHERE v.incident = ?1 ORDER BY f.gravity DESC, f.time, f.id",
            [&id],
        )?;
        let mut notifications =
            self.rows("SELECT * FROM notifications WHERE incident = ?1 ORDER BY id", [&id])?;
        for notification in &mut notifications {
            let tries = self.rows(
                "SELECT * FROM attempts WHERE notification = ?1 ORDER BY n",
                [notification.get("id").and_then(Value::as_i64)],
            )?;
            // `attempts` of the view is their number; the rows stand beside it.
            notification.insert("tries".to_owned(), json!(tries));
        }
        let journal = self.rows("SELECT * FROM journal WHERE subject = ?1 ORDER BY seq", [&id])?;
        let clocks = self.rows("SELECT * FROM clocks WHERE incident = ?1 ORDER BY due_at, clock", [&id])?;
        let gravest = findings.first().and_then(|f| f.get("id")).and_then(Value::as_str);
        let evidence = gravest.map(|finding| self.evidence(finding)).transpose()?.unwrap_or_default();
        let parts = [
            ("finding_rows", json!(findings)),
            ("notifications", json!(notifications)),
            ("clocks", json!(clocks)),
            ("journal", json!(journal)),
            ("evidence", json!(evidence)),
        ];
        incident.extend(parts.map(|(key, value)| (key.to_owned(), value)));
        Ok(Some(incident))
    }

    /// One finding with all its events (rows of the view `events`, oldest first).
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn finding(&self, id: &str) -> Result<Option<Object>, QueryError> {
        let Some(mut finding) = self.rows("SELECT * FROM findings WHERE id = ?1", [id])?.into_iter().next()
        else {
            return Ok(None);
        };
        let sql = "SELECT e.* FROM finding_events x JOIN events e ON e.id = x.event WHERE x.finding = ?1 ORDER BY x.n";
        let events = self.rows(sql, [id])?;
        finding.insert("events".to_owned(), json!(events));
        Ok(Some(finding))
    }

    /// One event.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn event(&self, id: u64) -> Result<Option<Object>, QueryError> {
        Ok(self.rows("SELECT * FROM events WHERE id = ?1", [super::rows::int(id)])?.into_iter().next())
    }

    /// Any of the program's own listings: `sql` is never a user's text (that is [`super::query::query`]).
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn rows(&self, sql: &'static str, values: impl Params) -> Result<Vec<Object>, QueryError> {
        self.select(sql, values)
    }

    /// Every silence, the newest first.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn silences(&self) -> Result<Vec<Object>, QueryError> {
        self.rows("SELECT * FROM silences ORDER BY starts_at DESC", [])
    }

    /// What `status` can say without a daemon: `sources`, `store`, `outbox`, `clocks`, `rules` as in INTERFACE.md.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn status(&self) -> Result<Object, QueryError> {
        let mut sources =
            self.rows("SELECT name, state, gaps, unparsed, last_read_at FROM sources ORDER BY name", [])?;
        for source in &mut sources {
            let name = source.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            source.insert("files".to_owned(), Value::Array(self.files(&name)?));
            source.insert("refused".to_owned(), json!([]));
        }
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let wal_bytes = std::fs::metadata(sidecar(&self.path, "-wal")).map_or(0, |m| m.len());
        let free_bytes = super::ballast::free_bytes(directory).unwrap_or(0);
        let events = self.one("SELECT coalesce(sum(events), 0) AS n FROM source")?;
        let outbox = self.rows("SELECT state, count(*) AS n FROM notification WHERE state IN ('pending', 'sending', 'uncertain', 'refused') GROUP BY state", [])?;
        let held = |state: &str| {
            outbox
                .iter()
                .find(|row| row.get("state") == Some(&json!(state)))
                .and_then(|row| row.get("n").cloned())
        };
        let outbox: Map<String, Value> = ["pending", "sending", "uncertain", "refused"]
            .iter()
            .map(|s| ((*s).to_owned(), held(s).unwrap_or(json!(0))))
            .collect();
        let due = "SELECT due AS next_due, incident FROM (
            SELECT notify_due AS due, id AS incident FROM incidents WHERE notify_state = 'running'
            UNION ALL SELECT ack_due, id FROM incidents WHERE ack_state = 'running') ORDER BY due LIMIT 1";
        let clocks = self.rows(due, [])?.into_iter().next().unwrap_or_default();
        let (loaded, idle) = (
            self.one("SELECT count(*) AS n FROM rule WHERE loaded")?,
            self.one("SELECT count(*) AS n FROM rule WHERE loaded AND NOT enabled")?,
        );
        let parts = [
            ("sources", json!(sources)),
            ("store", json!({"wal_bytes": wal_bytes, "free_bytes": free_bytes, "events": events})),
            ("outbox", Value::Object(outbox)),
            ("clocks", Value::Object(clocks)),
            ("rules", json!({"loaded": loaded, "idle": idle})),
        ];
        Ok(parts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The files of a source that can still grow, each with its position, and its lag where the file can be seen.
    fn files(&self, source: &str) -> Result<Vec<Value>, QueryError> {
        let sql = "SELECT g.path, g.inode, coalesce(p.\"offset\", 0) AS \"offset\" FROM generation g
            LEFT JOIN position p ON p.generation = g.id WHERE g.source = ?1 AND NOT g.finished ORDER BY g.id";
        let mut files = self.rows(sql, [source])?;
        for file in &mut files {
            let inode = file.remove("inode").and_then(|inode| inode.as_i64()).unwrap_or(0);
            let offset = file.get("offset").and_then(Value::as_u64).unwrap_or(0);
            let same = std::fs::metadata(file.get("path").and_then(Value::as_str).unwrap_or_default())
                .ok()
                .filter(|m| m.ino().cast_signed() == inode);
            if let Some(metadata) = same {
                file.insert("lag_bytes".to_owned(), json!(metadata.len().saturating_sub(offset)));
            }
        }
        Ok(files.into_iter().map(Value::Object).collect())
    }

    fn evidence(&self, finding: &str) -> Result<Vec<Value>, QueryError> {
        let read = || lines(&self.connection, &events_of(&self.connection, finding)?);
        let shown = |line: crate::schema::EvidenceLine| {
            let mut object = Map::new();
            let some = |text: Option<Box<str>>| text.map(|text| json!(text));
            let parts = [
                ("event", Some(json!(line.event))),
                ("time", Some(json!(line.time.to_string()))),
                ("source", Some(json!(line.source))),
                ("user", some(line.user)),
                ("from", some(line.from)),
                ("host", some(line.host)),
                ("raw", Some(json!(line.raw))),
            ];
            object.extend(
                parts.into_iter().filter_map(|(key, value)| value.map(|value| (key.to_owned(), value))),
            );
            Value::Object(object)
        };
        Ok(read().map_err(|e| QueryError::read(&self.path, &e))?.into_iter().map(shown).collect())
    }

    fn one(&self, sql: &'static str) -> Result<Value, QueryError> {
        Ok(self.rows(sql, [])?.into_iter().next().and_then(|mut row| row.remove("n")).unwrap_or(Value::Null))
    }

    /// A view with the usual filter; the names are this module's own.
    fn listing(
        &self,
        view: &str,
        status: &str,
        time: &str,
        order: &str,
        filter: &Filter<'_>,
    ) -> Result<Vec<Object>, QueryError> {
        let sql = format!(
            "SELECT * FROM {view} WHERE (?1 IS NULL OR {status} = ?1) AND (?2 IS NULL OR {time} >= ?2)
             AND (?3 IS NULL OR {time} < ?3) ORDER BY {order} DESC LIMIT ?4"
        );
        let limit = filter.limit.map_or(-1, |limit| super::rows::int(limit as u64));
        self.select(&sql, (filter.status, filter.since, filter.until, limit))
    }

    /// Rows in the vocabulary of the program.
    pub(super) fn typed<T>(
        &self,
        sql: &'static str,
        values: impl Params,
        decode: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, QueryError> {
        let read = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(values, |row| decode(row))?.collect()
        };
        read().map_err(|error| QueryError::read(&self.path, &error))
    }

    fn select(&self, sql: &str, values: impl Params) -> Result<Vec<Object>, QueryError> {
        let read = || -> rusqlite::Result<Vec<Object>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            statement.query_map(values, |row| object(row, &names))?.collect()
        };
        read().map_err(|error| QueryError::read(&self.path, &error))
    }
}

/// A row as an object: what is NULL is left out, JSON columns are JSON, flags of yes and no are booleans.
fn object(row: &Row<'_>, names: &[String]) -> rusqlite::Result<Object> {
    let mut object = Map::new();
    // A finding's group is pairs in the rule's order; an event's group is a name that somebody else chose.
    let is_finding = names.iter().any(|name| name == "rule_version");
    for (at, name) in names.iter().enumerate() {
        let value = match (row.get_ref(at)?, name.as_str()) {
            (ValueRef::Null, _) => continue,
            (ValueRef::Integer(number), "mfa" | "enabled" | "may_repeat" | "finished") => json!(number != 0),
            (ValueRef::Integer(number), _) => json!(number),
            (ValueRef::Real(number), _) => json!(number),
            (ValueRef::Blob(bytes), _) => {
                json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
            (ValueRef::Text(bytes), "flags" | "extra" | "line_list") => {
                json_column(&String::from_utf8_lossy(bytes))
            }
            (ValueRef::Text(bytes), "group") if is_finding => group(&String::from_utf8_lossy(bytes)),
            (ValueRef::Text(bytes), _) => json!(String::from_utf8_lossy(bytes)),
        };
        object.insert(name.clone(), value);
    }
    Ok(object)
}

fn json_column(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn group(text: &str) -> Value {
    match serde_json::from_str::<Vec<(String, String)>>(text) {
        Ok(pairs) => Value::Object(pairs.into_iter().map(|(key, value)| (key, json!(value))).collect()),
        Err(_) => json!(text),
    }
}
