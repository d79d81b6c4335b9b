-- The event that opened the session which this event closes or tells more of: one column says which lines are one
-- session, and nobody has to guess it from names.
ALTER TABLE event ADD COLUMN opened INTEGER;
-- Tunnels that are stored get what the view said of them so far: of each open, the next event of its session, if that one
-- is a close.
DROP VIEW vpn_sessions;
UPDATE event SET opened = (
  SELECT iif(o.activity = 'open', o.id, NULL) FROM event o
  WHERE o.class = 'tunnel' AND o.source = event.source
    AND coalesce(o.session, o.src_ip || ' ' || o.user) = coalesce(event.session, event.src_ip || ' ' || event.user)
    AND o.id < event.id AND o.activity IN ('open', 'close') ORDER BY o.id DESC LIMIT 1)
WHERE class = 'tunnel' AND activity = 'close';
DROP INDEX event_tunnel;
-- From a session to what else is told of it; and the lines that opened a tunnel, one for each session.
CREATE INDEX event_opened ON event (opened) WHERE opened IS NOT NULL;
CREATE INDEX event_tunnel ON event (source) WHERE class = 'tunnel' AND activity = 'open' AND opened IS NULL;
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1 WHERE tbl = 'event' AND idx IN ('event_tunnel', 'event_opened');
-- By hand, as in 0002.sql: a session has few further lines, and tunnels are few among events.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('event', 'event_opened', '1000000 3'), ('event', 'event_tunnel', '100000 20000');
ANALYZE sqlite_schema;
