-- What conversations are about. Topics have a number below 63 within their organisation; a conversation's topics are bits.
CREATE TABLE topic (
    organisation_id INTEGER NOT NULL REFERENCES organisation,
    number INTEGER NOT NULL,
    public_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    colour INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    used INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, number)
) WITHOUT ROWID;
ALTER TABLE head ADD COLUMN topic_bits INTEGER NOT NULL DEFAULT 0;

-- Until when a conversation is put off, and since when it is back.
ALTER TABLE head ADD COLUMN snoozed_until INTEGER;
ALTER TABLE head ADD COLUMN returned_at INTEGER;

-- After how many minutes without the visitor's answer the house asks whether they are still there, and after how many without
-- a word it ends the conversation: never, and as the installation has it, where there is none.
ALTER TABLE widget ADD COLUMN ask_after INTEGER;
ALTER TABLE widget ADD COLUMN end_after INTEGER;
