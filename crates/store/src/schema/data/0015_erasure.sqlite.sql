-- Deletions. Nothing here refers to an organisation or an operator: evidence outlives what it is about, as the audit log does.
CREATE TABLE erasure (
    organisation_id INTEGER NOT NULL,
    erasure_id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    what TEXT NOT NULL,
    cause TEXT NOT NULL,
    requested_by INTEGER,
    requested_at INTEGER NOT NULL,
    destroy_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    braked INTEGER NOT NULL,
    released_by INTEGER,
    conversations INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    keys INTEGER NOT NULL,
    salt BLOB,
    commitment BLOB,
    journal_number INTEGER,
    shredded_at INTEGER,
    epoch INTEGER,
    purged_at INTEGER,
    placed_at INTEGER,
    done_at INTEGER
);
CREATE INDEX erasure_of_organisation ON erasure (organisation_id, erasure_id);
-- Those that wait for an epoch key's end.
CREATE INDEX erasure_open ON erasure (epoch) WHERE done_at IS NULL AND epoch IS NOT NULL;

CREATE TABLE erasure_item (
    erasure_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    name BLOB NOT NULL,
    sequence INTEGER,
    key_id INTEGER,
    next_key_id INTEGER,
    upto INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (erasure_id, number)
) WITHOUT ROWID;
CREATE INDEX erasure_item_of ON erasure_item (kind, subject);

-- A conversation that is hidden has its head here instead of there: every list, count and message goes by the head, so that
-- hidden means not there. A test holds the two tables' columns together.
CREATE TABLE hidden_head (
    conversation_id INTEGER PRIMARY KEY,
    organisation_id INTEGER NOT NULL,
    state INTEGER NOT NULL,
    assignee INTEGER,
    assigned_from INTEGER,
    assigned_position INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_visible INTEGER NOT NULL,
    last_message INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    waiting_since INTEGER,
    visitor_seen INTEGER NOT NULL,
    team_seen INTEGER NOT NULL,
    team_seen_visible INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    group_number INTEGER,
    group_from INTEGER,
    topic_bits INTEGER NOT NULL,
    snoozed_until INTEGER,
    returned_at INTEGER,
    guests TEXT,
    guests_from TEXT,
    erasure_id INTEGER NOT NULL,
    token_hash BLOB NOT NULL,
    hidden_at INTEGER NOT NULL
);

CREATE TABLE hidden_message (
    conversation_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL,
    erasure_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    text_sealed BLOB NOT NULL,
    PRIMARY KEY (conversation_id, sequence)
) WITHOUT ROWID;

-- What operators see in the place of a conversation that was deleted. It takes change positions, as the head did.
CREATE TABLE stub (
    organisation_id INTEGER NOT NULL,
    conversation_id INTEGER PRIMARY KEY,
    public_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    state INTEGER NOT NULL,
    cause TEXT NOT NULL,
    at INTEGER NOT NULL,
    erasure_id INTEGER NOT NULL,
    assignee INTEGER,
    group_number INTEGER,
    guests TEXT
);
CREATE INDEX stub_by_position ON stub (organisation_id, position);

-- While a part of a conversation goes, the rest is sealed anew: what is not yet is sealed with the key before.
ALTER TABLE conversation ADD COLUMN old_key_id INTEGER;
CREATE INDEX conversation_by_old_key ON conversation (old_key_id) WHERE old_key_id IS NOT NULL;
