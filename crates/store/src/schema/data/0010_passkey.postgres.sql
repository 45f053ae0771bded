-- Passkeys: found by a hash of their number; number, key and name are sealed with the key of their operator's profile.
CREATE TABLE passkey (
    credential_hash BYTEA PRIMARY KEY,
    organisation_id BIGINT NOT NULL REFERENCES organisation,
    operator_id BIGINT NOT NULL REFERENCES operator,
    content_sealed BYTEA NOT NULL,
    counter BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_day BIGINT,
    copied_at BIGINT,
    new_in BYTEA
);
CREATE INDEX passkey_of_operator ON passkey (organisation_id, operator_id);

-- Challenges that were answered: none is answered twice.
CREATE TABLE spent_challenge (
    challenge_hash BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_challenge_by_end ON spent_challenge (expires_at);
