-- Shows that this installation made the recovery key: whoever can write here only cannot put theirs in its place.
ALTER TABLE installation ADD COLUMN recovery_tag BLOB;
-- The recovery key that what lies at a place is sealed to.
ALTER TABLE place_state ADD COLUMN sealed_for BLOB;
-- When the newest backups there were read once more, and which file was not as it was written.
ALTER TABLE place_state ADD COLUMN read_at INTEGER;
ALTER TABLE place_state ADD COLUMN broken TEXT;
-- What concerns keys does not stand behind a backup of the data.
UPDATE job SET lane = 3 WHERE kind IN ('turn', 'backup_keys');
