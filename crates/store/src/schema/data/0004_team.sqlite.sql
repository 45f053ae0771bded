-- Groups have a number below 63 within their organisation; an operator's groups are bits.
CREATE TABLE team_group (
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    number INTEGER NOT NULL,
    public_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, number)
) WITHOUT ROWID;

ALTER TABLE operator ADD COLUMN group_bits INTEGER NOT NULL DEFAULT 0;
-- Whoever has left signs in no more; what they wrote stays theirs.
ALTER TABLE operator ADD COLUMN deactivated_at INTEGER;
-- Which group a conversation is for, and which one a chat surface's conversations are for from the beginning.
ALTER TABLE head ADD COLUMN group_number INTEGER;
ALTER TABLE head ADD COLUMN group_from INTEGER;
ALTER TABLE widget ADD COLUMN group_number INTEGER;

-- A way to set a password: for whoever is new, and for whoever has forgotten theirs. Works once, for half an hour.
CREATE TABLE sign_in_link (
    token_hash BLOB PRIMARY KEY,
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    operator_id INTEGER NOT NULL REFERENCES operator,
    created_by INTEGER NOT NULL REFERENCES operator,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sign_in_link_of_operator ON sign_in_link (organisation_id, operator_id);
