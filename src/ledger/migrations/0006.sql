-- Merged incidents know the one that they were joined to; clocks of duties have names.
ALTER TABLE incident ADD COLUMN merged_into TEXT;
ALTER TABLE clock ADD COLUMN name TEXT;
