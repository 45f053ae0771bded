-- Epochs: which there were, whose disks hold their keys, and how far a turn is (design section 5).

CREATE TABLE epoch (
    epoch INTEGER PRIMARY KEY,
    state INTEGER NOT NULL,
    made_by INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    replaced_at INTEGER,
    destroyed_at INTEGER
);
-- The first one of every installation so far, and of every new one.
INSERT INTO epoch SELECT 1, 2, 0, COALESCE(MIN(created_at), 0), NULL, NULL FROM organisation_key;
CREATE UNIQUE INDEX epoch_current ON epoch (state) WHERE state = 2;

CREATE TABLE epoch_copy (
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL,
    medium TEXT NOT NULL,
    held_since INTEGER NOT NULL,
    destroyed_at INTEGER,
    PRIMARY KEY (epoch, holder)
) WITHOUT ROWID;

CREATE TABLE turn (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    step INTEGER NOT NULL,
    from_epoch INTEGER NOT NULL,
    to_epoch INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    step_at INTEGER NOT NULL,
    organisations INTEGER NOT NULL,
    rewrapped INTEGER NOT NULL,
    frozen_at INTEGER,
    frozen_until INTEGER,
    asked_at INTEGER
);
INSERT INTO turn VALUES (1, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);

CREATE TABLE node (
    node INTEGER PRIMARY KEY,
    transport_public BLOB NOT NULL,
    tag BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    sealed BLOB,
    seen_at INTEGER NOT NULL
);

ALTER TABLE organisation_key ADD COLUMN spent_at INTEGER;

-- In the order of numbers, so that what is wrapped anew in portions is walked once.
DROP INDEX data_key_of_organisation;
CREATE INDEX data_key_of_organisation ON data_key (organisation_id, organisation_key_version, key_id);
DROP INDEX data_key_by_age;
CREATE INDEX data_key_by_age ON data_key (created_at, key_id);

-- The fence for organisations' keys: none may be wrapped with an epoch key that is not the current one.
CREATE TRIGGER organisation_key_fence_insert BEFORE INSERT ON organisation_key
WHEN NOT EXISTS (SELECT 1 FROM epoch WHERE epoch = NEW.epoch AND state = 2)
BEGIN
    SELECT RAISE(ABORT, 'fence: the epoch is not the current one');
END;
CREATE TRIGGER organisation_key_fence_update BEFORE UPDATE OF epoch, key_wrapped ON organisation_key
WHEN NOT EXISTS (SELECT 1 FROM epoch WHERE epoch = NEW.epoch AND state = 2)
BEGIN
    SELECT RAISE(ABORT, 'fence: the epoch is not the current one');
END;
