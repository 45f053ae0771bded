-- Texts for answering: shared ones belong to nobody.
CREATE TABLE snippet (
    public_id BYTEA PRIMARY KEY,
    organisation_id BIGINT NOT NULL REFERENCES organisation,
    operator_id BIGINT REFERENCES operator,
    key_id BIGINT NOT NULL,
    content_sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX snippet_of_operator ON snippet (organisation_id, operator_id);
CREATE INDEX snippet_of_key ON snippet (key_id);
