CREATE VIEW drills AS SELECT
  json_extract(body, '$.id') AS id, json_extract(body, '$.scenario') AS scenario, json_extract(body, '$.source') AS source,
  json_extract(body, '$.rule') AS rule, json_extract(body, '$.incident_type') AS incident_type,
  CASE WHEN json_extract(body, '$.id') LIKE 'open-%' THEN 'announced' ELSE 'blind' END AS kind,
  json_extract(body, '$.planned_by') AS planned_by, json_extract(body, '$.approvers') AS approvers,
  @T(json_extract(body, '$.planned_at')) AS planned_at,
  @T(json_extract(body, '$.planned_at') + json_extract(body, '$.window_seconds') * 1000000) AS closes_at,
  json_array_length(body, '$.marks') AS lines,
  (SELECT count(*) FROM json_each(body, '$.marks') m WHERE json_extract(m.value, '$.event') IS NOT NULL) AS lines_read,
  json_extract(body, '$.path') AS path, json_extract(body, '$.rules') AS found_by,
  json_extract(body, '$.incident') AS incident, @T(json_extract(body, '$.real_at')) AS real_at,
  @T(coalesce(json_extract(body, '$.line_times[' || json_extract(body, '$.deciding_line') || ']'), json_extract(body, '$.written_at'))) AS written_at, @T(json_extract(body, '$.read_at')) AS read_at,
  @T(json_extract(body, '$.parsed_at')) AS parsed_at, @T(json_extract(body, '$.detected_at')) AS detected_at,
  @T(json_extract(body, '$.committed_at')) AS committed_at, @T(json_extract(body, '$.claimed_at')) AS claimed_at
  FROM (SELECT CAST(body AS TEXT) AS body FROM state WHERE room = 'triage' AND key LIKE 'drill' || char(31) || '%');
