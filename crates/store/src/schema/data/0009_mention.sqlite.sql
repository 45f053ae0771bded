-- Whom a note names and who has not looked since.
CREATE TABLE mention (
    conversation_id INTEGER NOT NULL,
    operator_id INTEGER NOT NULL REFERENCES operator,
    sequence INTEGER NOT NULL,
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    PRIMARY KEY (conversation_id, operator_id, sequence)
) WITHOUT ROWID;
CREATE INDEX mention_of_operator ON mention (operator_id);
