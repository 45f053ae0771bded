-- What moves with every message, apart from what stays: an update of an indexed column rewrites the row's place in every
-- index of its table, so this one has few.
CREATE TABLE head (
    conversation_id INTEGER PRIMARY KEY REFERENCES conversation,
    organisation_id INTEGER NOT NULL,
    state INTEGER NOT NULL,
    assignee INTEGER REFERENCES operator,
    assigned_from INTEGER REFERENCES operator,
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
    position INTEGER NOT NULL
);
INSERT INTO head
SELECT conversation_id, organisation_id, state, assignee, assigned_from, 0, last_sequence, last_visible, last_message, unread,
    waiting_since, visitor_seen, team_seen, team_seen_visible, last_at, position
FROM conversation;
CREATE INDEX head_by_position ON head (organisation_id, position);
-- For lists and counts: an operator's conversations that are not ended, without looking at those that are.
CREATE INDEX head_by_state ON head (organisation_id, state, assignee);

DROP INDEX conversation_by_position;
DROP INDEX conversation_by_assignee;
ALTER TABLE conversation DROP COLUMN state;
ALTER TABLE conversation DROP COLUMN assignee;
ALTER TABLE conversation DROP COLUMN assigned_from;
ALTER TABLE conversation DROP COLUMN last_sequence;
ALTER TABLE conversation DROP COLUMN last_visible;
ALTER TABLE conversation DROP COLUMN last_message;
ALTER TABLE conversation DROP COLUMN unread;
ALTER TABLE conversation DROP COLUMN waiting_since;
ALTER TABLE conversation DROP COLUMN visitor_seen;
ALTER TABLE conversation DROP COLUMN team_seen;
ALTER TABLE conversation DROP COLUMN team_seen_visible;
ALTER TABLE conversation DROP COLUMN last_at;
ALTER TABLE conversation DROP COLUMN position;
