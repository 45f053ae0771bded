-- Conversations that have ended, by when the last word was said: how long they are kept counts from there.
CREATE TABLE ended (
    conversation_id INTEGER PRIMARY KEY,
    organisation_id INTEGER NOT NULL,
    said_at INTEGER NOT NULL
);
CREATE INDEX ended_by_time ON ended (organisation_id, said_at);
INSERT INTO ended
SELECT h.conversation_id, h.organisation_id, COALESCE(
    (SELECT m.created_at FROM message m WHERE m.conversation_id = h.conversation_id AND m.sequence = h.last_message),
    h.last_at
)
FROM head h WHERE h.state = 3;

CREATE TABLE retention_rule (
    organisation_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    widget_id INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    days INTEGER NOT NULL,
    set_by INTEGER,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, kind, widget_id, topic)
) WITHOUT ROWID;

CREATE TABLE hold (
    organisation_id INTEGER NOT NULL,
    hold_id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    conversation_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    until INTEGER NOT NULL,
    set_by INTEGER,
    set_at INTEGER NOT NULL
);
CREATE INDEX hold_of_conversation ON hold (conversation_id);
CREATE INDEX hold_of_organisation ON hold (organisation_id, until);

-- Where data of the organisation may lie, as country codes with commas between; and since when it is given notice.
ALTER TABLE organisation ADD COLUMN countries TEXT NOT NULL DEFAULT 'DE';
ALTER TABLE organisation ADD COLUMN closing_at INTEGER;
