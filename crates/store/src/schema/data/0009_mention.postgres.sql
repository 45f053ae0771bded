-- Whom a note names and who has not looked since.
CREATE TABLE mention (
    conversation_id BIGINT NOT NULL,
    operator_id BIGINT NOT NULL REFERENCES operator,
    sequence BIGINT NOT NULL,
    organisation_id BIGINT NOT NULL REFERENCES organisation,
    PRIMARY KEY (conversation_id, operator_id, sequence)
);
CREATE INDEX mention_of_operator ON mention (operator_id);
