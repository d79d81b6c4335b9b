-- The exact lines of an event whose records stood among others.

DROP VIEW events;
CREATE VIEW events AS SELECT
  id, source, format, parser, line, lines, line_list, generation, "offset", length, part_of,
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
