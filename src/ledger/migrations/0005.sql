-- What each rule said, and from when to when: a finding names the version that made it. A version that comes back gets
-- another row. Of the rules that an older store knows, the beginning is not known.
CREATE TABLE rule_version (
  seq INTEGER PRIMARY KEY, rule TEXT NOT NULL, version TEXT NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL,
  severity TEXT NOT NULL, owner TEXT, control TEXT, text TEXT NOT NULL, loaded_at INTEGER, replaced_at INTEGER) STRICT;
CREATE INDEX rule_version_rule ON rule_version (rule, version);
-- The versions in force, one for each rule.
CREATE UNIQUE INDEX rule_version_current ON rule_version (rule) WHERE replaced_at IS NULL;
INSERT INTO rule_version (rule, version, title, kind, severity, owner, control, text, replaced_at)
  SELECT id, version, title, kind, severity, owner, control, text,
    iif(loaded, NULL, (SELECT coalesce(max(value), 0) FROM meta WHERE key = 'opened_at')) FROM rule ORDER BY id;

-- Exceptions are kept beside silences: approved, with a ticket, and told to their owner before they end.
ALTER TABLE silence ADD COLUMN kind TEXT NOT NULL DEFAULT 'silence';
ALTER TABLE silence ADD COLUMN ticket TEXT;
ALTER TABLE silence ADD COLUMN network TEXT;
ALTER TABLE silence ADD COLUMN reminded_at INTEGER;
