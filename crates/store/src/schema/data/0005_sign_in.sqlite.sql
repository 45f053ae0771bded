-- What somebody needs to tell their own sign-ins apart: the families of browser and system, and whether the browser was new.
ALTER TABLE session ADD COLUMN browser TEXT NOT NULL DEFAULT 'other';
ALTER TABLE session ADD COLUMN platform TEXT NOT NULL DEFAULT 'other';
ALTER TABLE session ADD COLUMN is_new INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN device_hash BLOB;

-- Browsers in which somebody has signed in before: whoever guesses elsewhere does not slow these down.
CREATE TABLE known_device (
    device_hash BLOB NOT NULL,
    operator_id INTEGER NOT NULL REFERENCES operator,
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (device_hash, operator_id)
) WITHOUT ROWID;
CREATE INDEX known_device_of_operator ON known_device (organisation_id, operator_id);

-- The second factor: a secret that is sealed like the profile, and the last step whose code was taken.
ALTER TABLE operator ADD COLUMN factor_sealed BLOB;
ALTER TABLE operator ADD COLUMN factor_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE operator ADD COLUMN factor_reset_at INTEGER;
CREATE TABLE recovery_code (
    code_hash BLOB PRIMARY KEY,
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    operator_id INTEGER NOT NULL REFERENCES operator
) WITHOUT ROWID;
CREATE INDEX recovery_code_of_operator ON recovery_code (organisation_id, operator_id);

-- What a program may do: two bits for each capability; without any, what its operator may.
ALTER TABLE api_token ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE api_token ADD COLUMN level_bits INTEGER;
ALTER TABLE api_token ADD COLUMN used_day INTEGER;
