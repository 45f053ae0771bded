-- When each place had an entry of the journal that a receipt is still to tell of.
CREATE TABLE journal_seen (
    number INTEGER NOT NULL,
    place TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (number, place)
) WITHOUT ROWID;
-- Whom the places are waited for.
CREATE INDEX erasure_by_journal ON erasure (journal_number) WHERE done_at IS NULL;
