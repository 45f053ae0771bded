-- Texts for answering: shared ones belong to nobody.
CREATE TABLE snippet (
    public_id BLOB PRIMARY KEY,
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    operator_id INTEGER REFERENCES operator,
    key_id INTEGER NOT NULL,
    content_sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX snippet_of_operator ON snippet (organisation_id, operator_id);
CREATE INDEX snippet_of_key ON snippet (key_id);
