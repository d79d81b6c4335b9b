-- Incidents with the number of the one that they were joined to.
DROP VIEW incidents;
CREATE VIEW incidents AS SELECT
  i.id, i.number, i.title, i.severity, i.status, i.entity, i.policy, @T(i.opened_at) AS opened_at,
  @T(i.occurred_at) AS occurred_at, @T(i.detected_at) AS detected_at, @T(n.due_at) AS notify_due,
  @T(i.notified_at) AS notified_at, n.state AS notify_state, @T(a.due_at) AS ack_due,
  @T(i.acknowledged_at) AS acknowledged_at, i.acknowledged_by, i.ack_via, @T(i.resolved_at) AS resolved_at,
  i.resolution, i.findings, i.drill, i.incident_type, i.assignee, a.state AS ack_state, @T(i.read_at) AS read_at,
  @T(i.last_event_at) AS last_event_at,
  (SELECT t.number FROM incident t WHERE t.id = i.merged_into) AS merged_into
FROM incident i
LEFT JOIN clock n ON n.incident = i.id AND n.kind = 'notify'
  AND n.round = (SELECT max(round) FROM clock x WHERE x.incident = i.id AND x.kind = 'notify')
LEFT JOIN clock a ON a.incident = i.id AND a.kind = 'acknowledge'
  AND a.round = (SELECT max(round) FROM clock x WHERE x.incident = i.id AND x.kind = 'acknowledge');

-- Every promise of every incident: `clock` is the kind or the duty's id, times are seconds. A near miss used three
-- quarters of its time. The lower bound of the elapsed time is certain, the upper one possible.
CREATE VIEW clocks AS SELECT
  c.incident, i.number, coalesce(c.name, c.kind) AS clock, c.kind, c.round, c.state, c.allowed / 1000000 AS allowed,
  @T(c.armed_utc) AS armed_at, @T(c.due_at) AS due_at, c.elapsed_lo / 1000000 AS elapsed_lo,
  c.elapsed_hi / 1000000 AS elapsed_hi, @T(c.ended_at) AS ended_at, c.elapsed_hi >= c.allowed / 4 * 3 AS near_miss,
  printf('%d to %d s of %d s', c.elapsed_lo / 1000000, c.elapsed_hi / 1000000, c.allowed / 1000000) AS elapsed
FROM clock c JOIN incident i ON i.id = c.incident WHERE c.kind NOT IN ('ladder', 'hold');
