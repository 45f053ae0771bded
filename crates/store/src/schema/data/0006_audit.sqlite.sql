-- Who did what: a chain of hashes for each organisation, numbered from 1 without a gap. What an entry says (salt, who, from
-- where, details) goes after a year; what proves the chain stays. No references: what an entry names may be gone long since,
-- and a reference would lock the organisation's row, which whoever waits for the log may hold.
CREATE TABLE audit_entry (
    organisation_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    commitment BLOB NOT NULL,
    hash BLOB NOT NULL,
    salt BLOB,
    actor_kind TEXT,
    actor INTEGER,
    subject INTEGER,
    origin TEXT,
    details TEXT,
    PRIMARY KEY (organisation_id, number)
) WITHOUT ROWID;

-- How far each log has come. Whoever adds to a log holds its row until the commit.
CREATE TABLE audit_head (
    organisation_id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
);
INSERT INTO audit_head SELECT organisation_id, 0, zeroblob(32) FROM organisation;

CREATE TABLE audit_checkpoint (
    organisation_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (organisation_id, number)
) WITHOUT ROWID;

-- What is recorded once an hour, and how often it was done in it.
CREATE TABLE audit_once (
    organisation_id INTEGER NOT NULL,
    operator_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, operator_id, kind, subject, hour)
) WITHOUT ROWID;

ALTER TABLE installation ADD COLUMN audit_public BLOB;
-- For finding what has had its time.
CREATE INDEX audit_entry_by_time ON audit_entry (at) WHERE salt IS NOT NULL;
