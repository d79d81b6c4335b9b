-- Replies by mail: when the token of a message was used, and by which reply; and the words of an answer to a reply that was
-- not acted on.
ALTER TABLE notification ADD COLUMN answered_at INTEGER;
ALTER TABLE notification ADD COLUMN answered_by TEXT;
ALTER TABLE notification ADD COLUMN words TEXT;
