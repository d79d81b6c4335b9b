-- Sessions by the column `opened`.

DROP VIEW events;
DROP VIEW logins;

CREATE VIEW events AS SELECT
  id, source, format, parser, line, lines, line_list, generation, "offset", length, part_of, opened,
  at AS time, @T(observed_at) AS observed_at, time_text,
  class, activity, outcome, class_uid, activity_id, status_id,
  user, user_domain, user_uid, target_user, "group", role,
  src_ip, src_port, src_host, src_country, src_asn, dst_ip, dst_port, assigned_ip, host, app, service,
  session, auth_method, mfa, logon_type, device, user_agent,
  action, resource, http_method, http_status, bytes_in, bytes_out, status_detail, severity, count,
  CASE flags WHEN 0 THEN '[]' ELSE '[' || rtrim(
    iif(flags & 1, '"year-assumed",', '') || iif(flags & 2, '"zone-assumed",', '') ||
    iif(flags & 4, '"time-missing",', '') || iif(flags & 8, '"time-future",', '') ||
    iif(flags & 16, '"time-late",', '') || iif(flags & 32, '"truncated",', '') ||
    iif(flags & 64, '"unterminated",', '') || iif(flags & 128, '"bad-encoding",', '') ||
    iif(flags & 256, '"nul",', '') || iif(flags & 512, '"duplicate-key",', '') ||
    iif(flags & 1024, '"mixed-script",', '') || iif(flags & 2048, '"guessed",', ''), ',') || ']' END AS flags,
  raw, extra, reason, @T(counted_at) AS counted_at, time AS time_us, observed_at AS observed_us
FROM event;

-- A logon ends with the last line that its session shows, if that is an end; one that told the same login again has its
-- end. Ends of connections come in several lines.
CREATE VIEW logins AS SELECT
  e.*, @T(coalesce(c.time, c.observed_at)) AS closed_at,
  max(0, coalesce(c.time, c.observed_at) - coalesce(e.time_us, e.observed_us)) / 1000000 AS seconds, c.id AS closed_event
FROM events e LEFT JOIN event c ON c.id = (
  SELECT max(d.id) FROM event d WHERE d.opened = coalesce(e.opened, e.id) AND d.activity IN ('logoff', 'close', 'reset', 'disconnect'))
WHERE e.class = 'authentication' AND e.activity = 'logon' AND e.outcome = 'success';

-- One row for each session: the line that opened it, and what its other lines say. It is closed if the last of them
-- that opens, renews or closes is a close; counts of bytes rise, and often an earlier or later line than that has them.
CREATE VIEW vpn_sessions AS SELECT
  coalesce(o.user, c.user, (SELECT d.user FROM event d WHERE d.opened = o.id AND d.user IS NOT NULL LIMIT 1)) AS user,
  coalesce(o.src_ip, c.src_ip) AS src_ip,
  coalesce(o.assigned_ip, (SELECT d.assigned_ip FROM event d WHERE d.opened = o.id AND d.assigned_ip IS NOT NULL LIMIT 1))
    AS assigned_ip,
  @T(coalesce(o.time, o.observed_at)) AS opened_at, @T(coalesce(c.time, c.observed_at)) AS closed_at,
  max(0, coalesce(c.time, c.observed_at) - coalesce(o.time, o.observed_at)) / 1000000 AS seconds,
  coalesce((SELECT max(d.bytes_in) FROM event d WHERE d.opened = o.id), o.bytes_in) AS bytes_in,
  coalesce((SELECT max(d.bytes_out) FROM event d WHERE d.opened = o.id), o.bytes_out) AS bytes_out,
  o.source, o.id AS opened_event, c.id AS closed_event
FROM event o LEFT JOIN event c ON c.activity = 'close' AND c.id = (
  SELECT max(d.id) FROM event d WHERE d.opened = o.id AND d.activity IN ('open', 'renew', 'close'))
WHERE o.class = 'tunnel' AND o.activity = 'open' AND o.opened IS NULL AND o.outcome <> 'failure';
