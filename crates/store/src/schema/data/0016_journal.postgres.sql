-- Deletions in the order in which they became certain, numbered for the installation without a gap: a backup that is older
-- than one of them has it done again before it serves anybody.
CREATE TABLE journal_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
INSERT INTO journal_head VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE journal (
    number BIGINT PRIMARY KEY,
    organisation_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    entry BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE journal_place (
    place TEXT PRIMARY KEY,
    upto BIGINT NOT NULL,
    at BIGINT NOT NULL
);
