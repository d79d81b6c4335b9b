-- Rules with how often they hit and how often that was a false alarm; their versions; exceptions.

DROP VIEW rules;
DROP VIEW silences;

-- `hits` are findings and what was folded into them. An incident counts for each rule that has a finding in it, a drill for
-- none; the share is that of the incidents which a person resolved.
CREATE VIEW rules AS SELECT
  r.id, r.version, r.title, r.kind, r.severity, r.owner, r.control, r.enabled, coalesce(f.findings, 0) AS findings, r.text,
  coalesce(f.hits, 0) AS hits, coalesce(f.suppressed, 0) AS suppressed, coalesce(f.excepted, 0) AS excepted,
  @T(f.last_finding_at) AS last_finding_at, coalesce(i.incidents, 0) AS incidents, coalesce(i.resolved, 0) AS resolved,
  coalesce(i.false_positives, 0) AS false_positives,
  iif(i.resolved > 0, round(1.0 * i.false_positives / i.resolved, 3), NULL) AS false_positive_share,
  @T(v.loaded_at) AS loaded_at
FROM rule r
LEFT JOIN (SELECT rule, count(*) AS findings, sum(1 + folded) AS hits, sum(verdict = 'suppressed') AS suppressed,
    sum(verdict = 'excepted') AS excepted, max(time) AS last_finding_at FROM finding GROUP BY rule) f ON f.rule = r.id
LEFT JOIN (SELECT rule, count(*) AS incidents, count(resolution) AS resolved,
    sum(resolution IS 'false-positive') AS false_positives
  FROM (SELECT DISTINCT f.rule, i.id, i.resolution FROM finding f JOIN incident i ON i.id = f.incident WHERE i.drill IS NULL)
  GROUP BY rule) i ON i.rule = r.id
LEFT JOIN rule_version v ON v.rule = r.id AND v.replaced_at IS NULL
WHERE r.loaded;

CREATE VIEW rule_versions AS SELECT
  rule AS id, version, title, kind, severity, owner, control, @T(loaded_at) AS loaded_at, @T(replaced_at) AS replaced_at,
  (SELECT count(*) FROM finding f WHERE f.rule = v.rule AND f.rule_version = v.version) AS findings, text, seq
FROM rule_version v;

CREATE VIEW silences AS SELECT
  id, owner, reason, rule, entity, source, @T(starts_at) AS starts_at, @T(ends_at) AS ends_at, matches
FROM silence WHERE kind = 'silence';

CREATE VIEW exceptions AS SELECT
  id, owner, reason, ticket, rule, entity, source, network, @T(starts_at) AS starts_at, @T(ends_at) AS ends_at, matches,
  @T(reminded_at) AS reminded_at
FROM silence WHERE kind = 'exception';
