-- An event may be made of lines that do not follow one upon the other: their numbers as a JSON array, else NULL.
ALTER TABLE event ADD COLUMN line_list TEXT;
