-- Wrapped keys, apart from the data they open (design section 5).

CREATE TABLE organisation_key (
    organisation_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    is_current INTEGER NOT NULL,
    key_wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, version)
) WITHOUT ROWID;
CREATE UNIQUE INDEX organisation_key_current ON organisation_key (organisation_id) WHERE is_current = 1;

CREATE TABLE data_key (
    organisation_id INTEGER NOT NULL,
    key_id INTEGER PRIMARY KEY,
    organisation_key_version INTEGER NOT NULL,
    key_wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (organisation_id, organisation_key_version) REFERENCES organisation_key (organisation_id, version)
);
CREATE INDEX data_key_of_organisation ON data_key (organisation_id, organisation_key_version);
CREATE INDEX data_key_by_age ON data_key (created_at);

-- The fence: no key may be wrapped with an organisation key that is no longer the current one.
CREATE TRIGGER data_key_fence_insert BEFORE INSERT ON data_key
WHEN NOT EXISTS (
    SELECT 1 FROM organisation_key
    WHERE organisation_id = NEW.organisation_id AND version = NEW.organisation_key_version AND is_current = 1
)
BEGIN
    SELECT RAISE(ABORT, 'fence: the organisation key is not the current one');
END;
CREATE TRIGGER data_key_fence_update BEFORE UPDATE ON data_key
WHEN NOT EXISTS (
    SELECT 1 FROM organisation_key
    WHERE organisation_id = NEW.organisation_id AND version = NEW.organisation_key_version AND is_current = 1
)
BEGIN
    SELECT RAISE(ABORT, 'fence: the organisation key is not the current one');
END;
