-- Lookups by user and by address, by segment: the ids of 131,072 events in a row are one segment, and each index begins
-- with it. An index over all events makes every batch write to pages all over it, and its cost grows with the store
-- (10,000 users that are all awake: 33,000 lines/s at 10^6 events, 7,400 at 5 * 10^6, most of it WAL of index pages);
-- by segment a batch only touches the newest part, about 5 MiB, at any size.
-- The price is one step into the index for each segment (76 for 10^7 events, about a millisecond). SQLite takes them by
-- itself ("skip-scan", `ANY(<expr>) AND user=?` in a plan) for every client and every plain `WHERE user = ...`, because the
-- statistics say that a segment holds many events. They are written here by hand, for a large store, so that no plan
-- depends on the moment of an ANALYZE.
DROP INDEX event_user;
DROP INDEX event_src_ip;
CREATE INDEX event_user ON event ((id >> 17), user) WHERE user IS NOT NULL;
CREATE INDEX event_src_ip ON event ((id >> 17), src_ip) WHERE src_ip IS NOT NULL;
-- Makes the table of statistics, reads no rows.
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1 WHERE tbl = 'event';
-- (rows, rows of one segment, rows of one segment and user): users and addresses seen alike.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('event', 'event_user', '10000000 131072 13'), ('event', 'event_src_ip', '10000000 131072 13'),
  ('event', 'event_at', '10000000 2'), ('event', 'event_place', '10000000 100000 1'), ('event', 'event_tunnel', '100000 20000 20');
ANALYZE sqlite_schema;
