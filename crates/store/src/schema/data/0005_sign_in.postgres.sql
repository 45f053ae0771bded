-- What somebody needs to tell their own sign-ins apart: the families of browser and system, and whether the browser was new.
ALTER TABLE session ADD COLUMN browser TEXT NOT NULL DEFAULT 'other';
ALTER TABLE session ADD COLUMN platform TEXT NOT NULL DEFAULT 'other';
ALTER TABLE session ADD COLUMN is_new BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN device_hash BYTEA;

-- Browsers in which somebody has signed in before: whoever guesses elsewhere does not slow these down.
CREATE TABLE known_device (
    device_hash BYTEA NOT NULL,
    operator_id BIGINT NOT NULL REFERENCES operator,
    organisation_id BIGINT NOT NULL REFERENCES organisation,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (device_hash, operator_id)
);
CREATE INDEX known_device_of_operator ON known_device (organisation_id, operator_id);

-- The second factor: a secret that is sealed like the profile, and the last step whose code was taken.
ALTER TABLE operator ADD COLUMN factor_sealed BYTEA;
ALTER TABLE operator ADD COLUMN factor_step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE operator ADD COLUMN factor_reset_at BIGINT;
CREATE TABLE recovery_code (
    code_hash BYTEA PRIMARY KEY,
    organisation_id BIGINT NOT NULL REFERENCES organisation,
    operator_id BIGINT NOT NULL REFERENCES operator
);
CREATE INDEX recovery_code_of_operator ON recovery_code (organisation_id, operator_id);

-- What a program may do: two bits for each capability; without any, what its operator may.
ALTER TABLE api_token ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE api_token ADD COLUMN level_bits BIGINT;
ALTER TABLE api_token ADD COLUMN used_day BIGINT;
