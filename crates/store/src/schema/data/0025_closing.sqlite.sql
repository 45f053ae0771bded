-- The end of an organisation: when a copy of all of it was last taken to its end, and whose the receipt is once its row is gone.
ALTER TABLE organisation ADD COLUMN copied_at INTEGER;
ALTER TABLE erasure ADD COLUMN organisation_name BLOB;
CREATE INDEX hidden_head_of_organisation ON hidden_head (organisation_id);
