-- When each place had an entry of the journal that a receipt is still to tell of.
CREATE TABLE journal_seen (
    number BIGINT NOT NULL,
    place TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (number, place)
);
-- Whom the places are waited for.
CREATE INDEX erasure_by_journal ON erasure (journal_number) WHERE done_at IS NULL;
