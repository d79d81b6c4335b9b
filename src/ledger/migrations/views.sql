-- What people and their tools read. Only what SQLite 3.40 offers. `@T(column)` stands for the RFC 3339 text
-- of a time in microseconds, exact to the millisecond (no floating point, floor before 1970 as well).

CREATE VIEW events AS SELECT
  id, source, format, parser, line, lines, NULL AS line_list, generation, "offset", length, part_of,
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

CREATE VIEW logins AS SELECT * FROM events WHERE class = 'authentication' AND activity = 'logon' AND outcome = 'success';

CREATE VIEW failed_logins AS SELECT * FROM events WHERE class = 'authentication' AND outcome = 'failure';

-- An `open` and the next event of the same session that opens or closes, if that one is a `close`. Where the
-- source tells no session, user and address stand for it.
CREATE VIEW vpn_sessions AS SELECT
  coalesce(o.user, c.user) AS user, coalesce(o.src_ip, c.src_ip) AS src_ip,
  coalesce(c.assigned_ip, o.assigned_ip) AS assigned_ip,
  @T(coalesce(o.time, o.observed_at)) AS opened_at, @T(coalesce(c.time, c.observed_at)) AS closed_at,
  (coalesce(c.time, c.observed_at) - coalesce(o.time, o.observed_at)) / 1000000 AS seconds,
  c.bytes_in, c.bytes_out, o.source, o.id AS opened_event, c.id AS closed_event
FROM event o LEFT JOIN event c ON c.activity = 'close' AND c.id = (
  SELECT min(n.id) FROM event n WHERE n.class = 'tunnel' AND n.source = o.source
    AND coalesce(n.session, n.src_ip || ' ' || n.user) = coalesce(o.session, o.src_ip || ' ' || o.user)
    AND n.id > o.id AND n.activity IN ('open', 'close'))
WHERE o.class = 'tunnel' AND o.activity = 'open';

CREATE VIEW privilege_use AS SELECT * FROM events
WHERE (class = 'session' AND activity IN ('assign-privileges', 'assign-groups', 'assign-roles'))
   OR (class = 'authentication' AND activity = 'account-switch') OR (class = 'process' AND activity = 'set-user-id');

CREATE VIEW admin_changes AS SELECT * FROM events
WHERE class IN ('user-management', 'group-management', 'role-management', 'entity-management', 'event-log')
  AND activity IS NOT 'read';

-- Elastic Common Schema names for people who know them.
CREATE VIEW ecs AS SELECT
  coalesce(at, @T(observed_at)) AS "@timestamp", id AS "event.id", source AS "event.dataset",
  format AS "event.module", @T(observed_at) AS "event.ingested", class AS "event.category",
  coalesce(action, activity) AS "event.action", activity AS "event.type", outcome AS "event.outcome",
  status_detail AS "event.reason", severity AS "log.level", raw AS "event.original",
  user AS "user.name", user_domain AS "user.domain", user_uid AS "user.id", target_user AS "user.target.name",
  "group" AS "group.name", role AS "user.roles", src_ip AS "source.ip", src_port AS "source.port",
  src_host AS "source.domain", src_country AS "source.geo.country_iso_code", src_asn AS "source.as.number",
  assigned_ip AS "client.nat.ip", dst_ip AS "destination.ip", dst_port AS "destination.port",
  bytes_in AS "source.bytes", bytes_out AS "destination.bytes", host AS "host.name", app AS "process.name",
  service AS "service.name", user_agent AS "user_agent.original", device AS "device.id",
  http_method AS "http.request.method", http_status AS "http.response.status_code", resource AS "url.original"
FROM event;

CREATE VIEW findings AS SELECT
  f.id, @T(f.time) AS time, f.rule, f.title, f.kind, f.severity, f.entity, @T(f.first_event_at) AS first_event_at,
  @T(f.last_event_at) AS last_event_at, f.observed, f.expected, f.threshold, f.score, f.explanation, f.incident,
  f.verdict, f.reason, f.rule_version, i.drill, f.incident_type, f."group", f.folded, f.advice
FROM finding f LEFT JOIN incident i ON i.id = f.incident;

CREATE VIEW finding_events AS SELECT finding, event, n FROM finding_event;

CREATE VIEW incidents AS SELECT
  i.id, i.number, i.title, i.severity, i.status, i.entity, i.policy, @T(i.opened_at) AS opened_at,
  @T(i.occurred_at) AS occurred_at, @T(i.detected_at) AS detected_at, @T(n.due_at) AS notify_due,
  @T(i.notified_at) AS notified_at, n.state AS notify_state, @T(a.due_at) AS ack_due,
  @T(i.acknowledged_at) AS acknowledged_at, i.acknowledged_by, i.ack_via, @T(i.resolved_at) AS resolved_at,
  i.resolution, i.findings, i.drill, i.incident_type, i.assignee, a.state AS ack_state, @T(i.read_at) AS read_at,
  @T(i.last_event_at) AS last_event_at
FROM incident i
LEFT JOIN clock n ON n.incident = i.id AND n.kind = 'notify'
  AND n.round = (SELECT max(round) FROM clock x WHERE x.incident = i.id AND x.kind = 'notify')
LEFT JOIN clock a ON a.incident = i.id AND a.kind = 'acknowledge'
  AND a.round = (SELECT max(round) FROM clock x WHERE x.incident = i.id AND x.kind = 'acknowledge');

CREATE VIEW notifications AS SELECT
  id, incident, step, recipient, address, kind, message_id, state, @T(due_at) AS due_at, @T(accepted_at) AS accepted_at,
  delivery_level, relay, relay_reply, attempts, round, @T(created_at) AS created_at, digest
FROM notification;

CREATE VIEW attempts AS SELECT notification, n, @T(at) AS at, relay, phase, reply, result FROM attempt;

CREATE VIEW journal AS SELECT seq, @T(at) AS at, kind, actor, subject, detail FROM journal_entry;

CREATE VIEW gaps AS SELECT source, path, @T(at) AS at, from_offset, to_offset, bytes, reason, generation FROM gap;

CREATE VIEW sources AS SELECT
  s.name, s.format, s.state, @T(s.last_event_at) AS last_event_at, @T(s.last_read_at) AS last_read_at, s.lag_bytes,
  (SELECT coalesce(sum(p.lines), 0) FROM generation g JOIN position p ON p.generation = g.id WHERE g.source = s.name) AS lines,
  s.unparsed, (SELECT count(*) FROM gap g WHERE g.source = s.name) AS gaps, s.events
FROM source s;

CREATE VIEW rules AS SELECT
  id, version, title, kind, severity, owner, control, enabled,
  (SELECT count(*) FROM finding f WHERE f.rule = rule.id) AS findings, text
FROM rule WHERE loaded;

CREATE VIEW controls AS SELECT
  control AS id, count(*) AS rules, sum(enabled) AS enabled, group_concat(DISTINCT owner) AS owners,
  (SELECT count(*) FROM finding f JOIN rule r ON r.id = f.rule WHERE r.control = rule.control) AS findings
FROM rule WHERE loaded AND control IS NOT NULL GROUP BY control;

CREATE VIEW silences AS SELECT
  id, owner, reason, rule, entity, source, @T(starts_at) AS starts_at, @T(ends_at) AS ends_at, matches FROM silence;

-- Registers that this version does not keep yet: the columns are there, no row is.
CREATE VIEW people AS SELECT NULL AS id, NULL AS name, NULL AS email, NULL AS employer, NULL AS manager, NULL AS joined_at,
  NULL AS left_at, NULL AS valid_from, NULL AS valid_to WHERE 0;
CREATE VIEW accounts AS SELECT NULL AS account, NULL AS source, NULL AS person, NULL AS kind, NULL AS owner,
  NULL AS valid_from, NULL AS valid_to WHERE 0;
CREATE VIEW entitlements AS SELECT NULL AS account, NULL AS entitlement, NULL AS source, NULL AS valid_from,
  NULL AS valid_to WHERE 0;
CREATE VIEW approvals AS SELECT NULL AS id, NULL AS account, NULL AS entitlement, NULL AS requested_by, NULL AS approved_by,
  NULL AS approved_at, NULL AS valid_from, NULL AS valid_to WHERE 0;
CREATE VIEW leaves AS SELECT NULL AS "index", NULL AS kind, NULL AS subject, NULL AS hash WHERE 0;
CREATE VIEW checkpoints AS SELECT NULL AS size, NULL AS root, NULL AS at, NULL AS note WHERE 0;
