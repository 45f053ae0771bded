-- What moves with every message, apart from what stays: an update of an indexed column rewrites the row's place in every
-- index of its table, so this one has few.
CREATE TABLE head (
    conversation_id BIGINT PRIMARY KEY REFERENCES conversation,
    organisation_id BIGINT NOT NULL,
    state BIGINT NOT NULL,
    assignee BIGINT REFERENCES operator,
    assigned_from BIGINT REFERENCES operator,
    assigned_position BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL,
    last_visible BIGINT NOT NULL,
    last_message BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    waiting_since BIGINT,
    visitor_seen BIGINT NOT NULL,
    team_seen BIGINT NOT NULL,
    team_seen_visible BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    position BIGINT NOT NULL
);
INSERT INTO head
SELECT conversation_id, organisation_id, state, assignee, assigned_from, 0, last_sequence, last_visible, last_message, unread,
    waiting_since, visitor_seen, team_seen, team_seen_visible, last_at, position
FROM conversation;
CREATE INDEX head_by_position ON head (organisation_id, position);
-- For lists and counts: an operator's conversations that are not ended, without looking at those that are.
CREATE INDEX head_by_state ON head (organisation_id, state, assignee);
ALTER TABLE head SET (fillfactor = 70);

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
ALTER TABLE conversation RESET (fillfactor);
