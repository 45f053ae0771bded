-- Sealed columns end in _sealed, hashes of secrets in _hash, blind indexes in _index. Times are microseconds of UTC.

CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    recovery_public BLOB NOT NULL,
    recovery_confirmed_at INTEGER,
    created_at INTEGER NOT NULL
);

CREATE TABLE organisation (
    organisation_id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE operator (
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    operator_id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    email_index BLOB NOT NULL UNIQUE,
    profile_sealed BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    language TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX operator_of_organisation ON operator (organisation_id, operator_id);

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    operator_id INTEGER NOT NULL REFERENCES operator,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_of_operator ON session (organisation_id, operator_id);

CREATE TABLE api_token (
    token_hash BLOB PRIMARY KEY,
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    operator_id INTEGER NOT NULL REFERENCES operator,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE widget (
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    widget_id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    greeting TEXT NOT NULL,
    colour TEXT NOT NULL,
    language TEXT NOT NULL,
    sites TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX widget_of_organisation ON widget (organisation_id, widget_id);

CREATE TABLE conversation (
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    conversation_id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    widget_id INTEGER NOT NULL REFERENCES widget,
    token_hash BLOB NOT NULL UNIQUE,
    key_id INTEGER NOT NULL,
    language TEXT NOT NULL,
    state INTEGER NOT NULL,
    assignee INTEGER REFERENCES operator,
    last_sequence INTEGER NOT NULL,
    last_visible INTEGER NOT NULL,
    last_message INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    waiting_since INTEGER,
    visitor_seen INTEGER NOT NULL,
    team_seen INTEGER NOT NULL,
    team_seen_visible INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    position INTEGER NOT NULL
);
-- Moves with every message.
CREATE INDEX conversation_by_position ON conversation (organisation_id, position);
CREATE INDEX conversation_by_assignee ON conversation (organisation_id, assignee);
CREATE INDEX conversation_by_key ON conversation (key_id);

-- No foreign keys in these two: every insert holds its conversation's row, and a check per row would cost more than the row.
CREATE TABLE message (
    conversation_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL,
    visible INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    author INTEGER NOT NULL,
    subject INTEGER,
    sender INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    text_sealed BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, sequence)
) WITHOUT ROWID;

CREATE TABLE sender (
    conversation_id INTEGER NOT NULL,
    author INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, author, sender)
) WITHOUT ROWID;

CREATE TABLE job (
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    step INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (kind, subject)
);
CREATE INDEX job_by_time ON job (run_at);

-- Where the next change position comes from (a sequence on PostgreSQL).
CREATE TABLE change_position (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL);
INSERT INTO change_position VALUES (1, 0);
