-- Backups that were made, and where they lie.
CREATE TABLE backup (
    backup_id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    done_at INTEGER,
    bytes INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    journal_number INTEGER NOT NULL,
    epoch INTEGER,
    digest BLOB,
    asked_by INTEGER,
    failure TEXT
);

CREATE TABLE backup_place (
    backup_id INTEGER NOT NULL,
    place TEXT NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (backup_id, place)
) WITHOUT ROWID;

CREATE TABLE place_state (
    place TEXT PRIMARY KEY,
    country TEXT NOT NULL,
    site TEXT NOT NULL,
    company TEXT NOT NULL,
    seen_at INTEGER,
    failed_at INTEGER,
    failure TEXT
) WITHOUT ROWID;
