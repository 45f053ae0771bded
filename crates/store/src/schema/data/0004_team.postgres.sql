-- Groups have a number below 63 within their organisation; an operator's groups are bits.
CREATE TABLE team_group (
    organisation_id BIGINT NOT NULL REFERENCES organisation,
    number BIGINT NOT NULL,
    public_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, number)
);

ALTER TABLE operator ADD COLUMN group_bits BIGINT NOT NULL DEFAULT 0;
-- Whoever has left signs in no more; what they wrote stays theirs.
ALTER TABLE operator ADD COLUMN deactivated_at BIGINT;
-- Which group a conversation is for, and which one a chat surface's conversations are for from the beginning.
ALTER TABLE head ADD COLUMN group_number BIGINT;
ALTER TABLE head ADD COLUMN group_from BIGINT;
ALTER TABLE widget ADD COLUMN group_number BIGINT;

-- A way to set a password: for whoever is new, and for whoever has forgotten theirs. Works once, for half an hour.
CREATE TABLE sign_in_link (
    token_hash BYTEA PRIMARY KEY,
    organisation_id BIGINT NOT NULL REFERENCES organisation,
    operator_id BIGINT NOT NULL REFERENCES operator,
    created_by BIGINT NOT NULL REFERENCES operator,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_link_of_operator ON sign_in_link (organisation_id, operator_id);
