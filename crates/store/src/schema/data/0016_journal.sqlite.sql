-- Deletions in the order in which they became certain, numbered for the installation without a gap: a backup that is older
-- than one of them has it done again before it serves anybody.
CREATE TABLE journal_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
);
INSERT INTO journal_head VALUES (1, 0, zeroblob(32));

CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    organisation_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    entry BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE journal_place (
    place TEXT PRIMARY KEY,
    upto INTEGER NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
