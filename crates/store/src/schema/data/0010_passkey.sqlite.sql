-- Passkeys: found by a hash of their number; number, key and name are sealed with the key of their operator's profile.
CREATE TABLE passkey (
    credential_hash BLOB PRIMARY KEY,
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    operator_id INTEGER NOT NULL REFERENCES operator,
    content_sealed BLOB NOT NULL,
    counter INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_day INTEGER,
    copied_at INTEGER,
    new_in BLOB
) WITHOUT ROWID;
CREATE INDEX passkey_of_operator ON passkey (organisation_id, operator_id);

-- Challenges that were answered: none is answered twice.
CREATE TABLE spent_challenge (
    challenge_hash BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX spent_challenge_by_end ON spent_challenge (expires_at);
