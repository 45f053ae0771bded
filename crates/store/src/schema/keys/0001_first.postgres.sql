-- Wrapped keys, apart from the data they open (design section 5).

CREATE TABLE organisation_key (
    organisation_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    is_current BIGINT NOT NULL,
    key_wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, version)
);
CREATE UNIQUE INDEX organisation_key_current ON organisation_key (organisation_id) WHERE is_current = 1;

CREATE TABLE data_key (
    organisation_id BIGINT NOT NULL,
    key_id BIGINT PRIMARY KEY,
    organisation_key_version BIGINT NOT NULL,
    key_wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (organisation_id, organisation_key_version) REFERENCES organisation_key (organisation_id, version)
);
CREATE INDEX data_key_of_organisation ON data_key (organisation_id, organisation_key_version);
CREATE INDEX data_key_by_age ON data_key (created_at);

-- The fence: no key may be wrapped with an organisation key that is no longer the current one. FOR SHARE makes an insert
-- wait for a turn that is under way, and then see it.
CREATE FUNCTION data_key_fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM organisation_key
    WHERE organisation_id = NEW.organisation_id AND version = NEW.organisation_key_version AND is_current = 1
    FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fence: the organisation key is not the current one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER data_key_fence BEFORE INSERT OR UPDATE ON data_key FOR EACH ROW EXECUTE FUNCTION data_key_fence();
