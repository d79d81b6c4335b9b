-- The tables. Times are microseconds since 1970-01-01T00:00:00Z; people read the views (views.sql).
-- Every table is STRICT: a value of a wrong type is an error, not a surprise.

CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- One file as the tail knows it, over all its names. Device and inode are 64 bits, kept in two's complement.
CREATE TABLE generation (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, path TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,
  head_length INTEGER NOT NULL, head_hash BLOB NOT NULL CHECK (length(head_hash) = 32), format TEXT NOT NULL,
  finished INTEGER NOT NULL, seen_at INTEGER NOT NULL) STRICT;

-- How far it is read. `markers` is a row of (offset as 8 bytes big endian, 32 bytes of hash).
CREATE TABLE position (
  generation INTEGER PRIMARY KEY REFERENCES generation (id) DEFERRABLE INITIALLY DEFERRED,
  "offset" INTEGER NOT NULL, lines INTEGER NOT NULL, tail_hash BLOB NOT NULL CHECK (length(tail_hash) = 32),
  markers BLOB NOT NULL CHECK (length(markers) % 40 = 0), watermark INTEGER) STRICT;

CREATE TABLE gap (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, generation INTEGER NOT NULL, path TEXT NOT NULL, at INTEGER NOT NULL,
  from_offset INTEGER NOT NULL, to_offset INTEGER, bytes INTEGER, reason TEXT NOT NULL) STRICT;

-- One event per row, plain text where the view shows text: a dictionary would make rows smaller and views
-- unreadable for other clients. `raw_bytes` is set only where the bytes are not what `raw` says (bad UTF-8, NUL).
CREATE TABLE event (
  id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, "offset" INTEGER NOT NULL, length INTEGER NOT NULL,
  line INTEGER NOT NULL, lines INTEGER NOT NULL, source TEXT NOT NULL, format TEXT NOT NULL, parser INTEGER NOT NULL,
  time INTEGER, at TEXT, counted_at INTEGER NOT NULL, observed_at INTEGER NOT NULL, time_text TEXT,
  class TEXT NOT NULL, activity TEXT, outcome TEXT NOT NULL,
  class_uid INTEGER NOT NULL, activity_id INTEGER NOT NULL, status_id INTEGER NOT NULL,
  count INTEGER NOT NULL, flags INTEGER NOT NULL, raw TEXT,
  user TEXT, src_ip TEXT, src_port INTEGER, host TEXT, app TEXT, service TEXT, session TEXT, auth_method TEXT,
  action TEXT, resource TEXT, status_detail TEXT, severity TEXT, user_domain TEXT, user_uid TEXT, target_user TEXT,
  "group" TEXT, role TEXT, src_host TEXT, src_country TEXT, src_asn INTEGER, dst_ip TEXT, dst_port INTEGER,
  assigned_ip TEXT, mfa INTEGER, logon_type TEXT, device TEXT, user_agent TEXT, http_method TEXT, http_status INTEGER,
  bytes_in INTEGER, bytes_out INTEGER, part_of INTEGER, part_of_line INTEGER, extra TEXT, reason TEXT,
  raw_bytes BLOB) STRICT;
-- Indexes are the cost, not rows. CPU per event of a commit of 4,096 sshd events (tests/ledger_bench.rs, two runs each,
--   good to about 15 %):
--   rows alone 3.3 us, + place 0.6, + user 1.6, + src_ip 2.0, + at 1.2 (half of it for the text); together 8.6;
--   for comparison 15 plain text columns with two indexes (user, time), (src_ip, time): 12.7 us.
-- A line is stored once: a repeat is an error. Nearly an append for each file.
CREATE UNIQUE INDEX event_place ON event (generation, "offset");
-- Who and from where: ids rise with the read time, so (user) is (user, read time) without its eight bytes. (0002.sql
-- makes these two by segment.)
CREATE INDEX event_user ON event (user) WHERE user IS NOT NULL;
CREATE INDEX event_src_ip ON event (src_ip) WHERE src_ip IS NOT NULL;
-- When: `at` is `time` as the views spell it, so that a comparison of text finds the hour. Nearly an append. An
-- expression index on the integer costs more (2.0 us), and an integer index is of no use to the views.
CREATE INDEX event_at ON event (at);
-- Tunnels are few; the view vpn_sessions pairs them.
CREATE INDEX event_tunnel ON event (source, coalesce(session, src_ip || ' ' || user)) WHERE class = 'tunnel';

-- What the view `sources` counts, kept with each batch, so that nobody has to scan events for it.
CREATE TABLE source (
  name TEXT PRIMARY KEY, format TEXT, state TEXT, events INTEGER NOT NULL DEFAULT 0, unparsed INTEGER NOT NULL DEFAULT 0,
  last_event_at INTEGER, last_read_at INTEGER, lag_bytes INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE state (room TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (room, key)) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
  id TEXT PRIMARY KEY, time INTEGER NOT NULL, rule TEXT NOT NULL, rule_version TEXT NOT NULL, title TEXT NOT NULL,
  kind TEXT NOT NULL, severity TEXT NOT NULL, gravity INTEGER NOT NULL, incident_type TEXT, entity TEXT NOT NULL,
  "group" TEXT NOT NULL, first_event_at INTEGER NOT NULL, last_event_at INTEGER NOT NULL, observed REAL NOT NULL,
  expected REAL, threshold REAL, score REAL, explanation TEXT NOT NULL, advice TEXT, folded INTEGER NOT NULL,
  verdict TEXT NOT NULL, reason TEXT NOT NULL, incident TEXT) STRICT;
CREATE INDEX finding_incident ON finding (incident) WHERE incident IS NOT NULL;
CREATE INDEX finding_rule ON finding (rule);
CREATE INDEX finding_time ON finding (time);
CREATE TABLE finding_event (
  finding TEXT NOT NULL REFERENCES finding (id) DEFERRABLE INITIALLY DEFERRED, n INTEGER NOT NULL, event INTEGER NOT NULL,
  PRIMARY KEY (finding, n)) STRICT, WITHOUT ROWID;
CREATE INDEX finding_event_event ON finding_event (event);

CREATE TABLE incident (
  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, title TEXT NOT NULL, severity TEXT NOT NULL, status TEXT NOT NULL,
  entity TEXT NOT NULL, incident_type TEXT, policy TEXT NOT NULL, opened_at INTEGER NOT NULL, occurred_at INTEGER NOT NULL,
  read_at INTEGER NOT NULL, detected_at INTEGER NOT NULL, started_utc INTEGER NOT NULL, started_boottime INTEGER NOT NULL,
  started_boot_id TEXT NOT NULL, next_step INTEGER NOT NULL, round INTEGER NOT NULL, notified_at INTEGER,
  acknowledged_at INTEGER, acknowledged_by TEXT, ack_via TEXT, resolved_at INTEGER, resolution TEXT,
  findings INTEGER NOT NULL, assignee TEXT, last_event_at INTEGER NOT NULL, drill TEXT) STRICT;
CREATE INDEX incident_status ON incident (status);

CREATE TABLE clock (
  incident TEXT NOT NULL REFERENCES incident (id) DEFERRABLE INITIALLY DEFERRED, kind TEXT NOT NULL, round INTEGER NOT NULL,
  state TEXT NOT NULL, allowed INTEGER NOT NULL,
  armed_utc INTEGER NOT NULL, armed_boottime INTEGER NOT NULL, armed_boot_id TEXT NOT NULL,
  elapsed_lo INTEGER NOT NULL, elapsed_hi INTEGER NOT NULL,
  ticked_utc INTEGER NOT NULL, ticked_boottime INTEGER NOT NULL, ticked_boot_id TEXT NOT NULL,
  due_at INTEGER NOT NULL, ended_at INTEGER, PRIMARY KEY (incident, kind, round)) STRICT, WITHOUT ROWID;

CREATE TABLE notification (
  id INTEGER PRIMARY KEY, incident TEXT, step INTEGER NOT NULL, round INTEGER NOT NULL, recipient TEXT NOT NULL,
  address TEXT NOT NULL, kind TEXT NOT NULL, message_id TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL, accepted_at INTEGER, delivery_level TEXT, relay TEXT, relay_reply TEXT,
  attempts INTEGER NOT NULL, may_repeat INTEGER NOT NULL, date INTEGER, digest INTEGER) STRICT;
CREATE INDEX notification_incident ON notification (incident, recipient);
-- What is still owed, few rows at any time.
CREATE INDEX notification_owed ON notification (state) WHERE state IN ('pending', 'sending', 'uncertain');

CREATE TABLE attempt (
  notification INTEGER NOT NULL REFERENCES notification (id) DEFERRABLE INITIALLY DEFERRED, n INTEGER NOT NULL,
  at INTEGER NOT NULL, relay TEXT NOT NULL, phase TEXT NOT NULL, reply TEXT NOT NULL, result TEXT NOT NULL,
  PRIMARY KEY (notification, n)) STRICT, WITHOUT ROWID;

CREATE TABLE journal_entry (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, subject TEXT NOT NULL,
  detail TEXT NOT NULL) STRICT;
CREATE INDEX journal_subject ON journal_entry (subject);

CREATE TABLE silence (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, reason TEXT NOT NULL, rule TEXT, entity TEXT, source TEXT,
  starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, matches INTEGER NOT NULL) STRICT;

CREATE TABLE rule (
  id TEXT PRIMARY KEY, version TEXT NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL, owner TEXT,
  control TEXT, enabled INTEGER NOT NULL, text TEXT NOT NULL, loaded INTEGER NOT NULL DEFAULT 1) STRICT;
