-- Who did what: a chain of hashes for each organisation, numbered from 1 without a gap. What an entry says (salt, who, from
-- where, details) goes after a year; what proves the chain stays. No references: what an entry names may be gone long since,
-- and a reference would lock the organisation's row, which whoever waits for the log may hold.
CREATE TABLE audit_entry (
    organisation_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    commitment BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    salt BYTEA,
    actor_kind TEXT,
    actor BIGINT,
    subject BIGINT,
    origin TEXT,
    details TEXT,
    PRIMARY KEY (organisation_id, number)
);

-- How far each log has come. Whoever adds to a log holds its row until the commit.
CREATE TABLE audit_head (
    organisation_id BIGINT PRIMARY KEY,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
INSERT INTO audit_head SELECT organisation_id, 0, decode(repeat('00', 32), 'hex') FROM organisation;

CREATE TABLE audit_checkpoint (
    organisation_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (organisation_id, number)
);

-- What is recorded once an hour, and how often it was done in it.
CREATE TABLE audit_once (
    organisation_id BIGINT NOT NULL,
    operator_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, operator_id, kind, subject, hour)
);

ALTER TABLE installation ADD COLUMN audit_public BYTEA;
-- For finding what has had its time.
CREATE INDEX audit_entry_by_time ON audit_entry (at) WHERE salt IS NOT NULL;
