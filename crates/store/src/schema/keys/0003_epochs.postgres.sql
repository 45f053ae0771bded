-- Epochs: which there were, whose disks hold their keys, and how far a turn is (design section 5).

CREATE TABLE epoch (
    epoch BIGINT PRIMARY KEY,
    state BIGINT NOT NULL,
    made_by BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    replaced_at BIGINT,
    destroyed_at BIGINT
);
-- The first one of every installation so far, and of every new one.
INSERT INTO epoch SELECT 1, 2, 0, COALESCE(MIN(created_at), 0), NULL, NULL FROM organisation_key;
CREATE UNIQUE INDEX epoch_current ON epoch (state) WHERE state = 2;

CREATE TABLE epoch_copy (
    epoch BIGINT NOT NULL,
    holder TEXT NOT NULL,
    medium TEXT NOT NULL,
    held_since BIGINT NOT NULL,
    destroyed_at BIGINT,
    PRIMARY KEY (epoch, holder)
);

CREATE TABLE turn (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    step BIGINT NOT NULL,
    from_epoch BIGINT NOT NULL,
    to_epoch BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    step_at BIGINT NOT NULL,
    organisations BIGINT NOT NULL,
    rewrapped BIGINT NOT NULL,
    frozen_at BIGINT,
    frozen_until BIGINT,
    asked_at BIGINT
);
INSERT INTO turn VALUES (1, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);

CREATE TABLE node (
    node BIGINT PRIMARY KEY,
    transport_public BYTEA NOT NULL,
    tag BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    sealed BYTEA,
    seen_at BIGINT NOT NULL
);

ALTER TABLE organisation_key ADD COLUMN spent_at BIGINT;

-- In the order of numbers, so that what is wrapped anew in portions is walked once.
DROP INDEX data_key_of_organisation;
CREATE INDEX data_key_of_organisation ON data_key (organisation_id, organisation_key_version, key_id);
DROP INDEX data_key_by_age;
CREATE INDEX data_key_by_age ON data_key (created_at, key_id);

-- The fence for organisations' keys: none may be wrapped with an epoch key that is not the current one.
-- FOR SHARE makes a key wait for a turn that is under way, and then see it.
CREATE FUNCTION organisation_key_fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM epoch WHERE epoch = NEW.epoch AND state = 2 FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fence: the epoch is not the current one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER organisation_key_fence BEFORE INSERT OR UPDATE OF epoch, key_wrapped ON organisation_key
FOR EACH ROW EXECUTE FUNCTION organisation_key_fence();

-- A turn wraps a thousand data keys with one statement: their fence asks once for all of them.
CREATE FUNCTION data_key_fence_together() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked BIGINT;
    allowed BIGINT;
BEGIN
    SELECT COUNT(*) INTO asked FROM (SELECT DISTINCT organisation_id, organisation_key_version FROM rewrapped) r;
    SELECT COUNT(*) INTO allowed FROM (
        SELECT 1 FROM organisation_key o
        JOIN (SELECT DISTINCT organisation_id, organisation_key_version FROM rewrapped) r
            ON r.organisation_id = o.organisation_id AND r.organisation_key_version = o.version
        WHERE o.is_current = 1
        FOR SHARE OF o
    ) found;
    IF allowed <> asked THEN
        RAISE EXCEPTION 'fence: the organisation key is not the current one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
DROP TRIGGER data_key_fence ON data_key;
CREATE TRIGGER data_key_fence BEFORE INSERT ON data_key FOR EACH ROW EXECUTE FUNCTION data_key_fence();
CREATE TRIGGER data_key_fence_together AFTER UPDATE ON data_key
REFERENCING NEW TABLE AS rewrapped FOR EACH STATEMENT EXECUTE FUNCTION data_key_fence_together();
