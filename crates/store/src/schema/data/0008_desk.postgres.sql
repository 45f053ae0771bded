-- What conversations are about. Topics have a number below 63 within their organisation; a conversation's topics are bits.
CREATE TABLE topic (
    organisation_id BIGINT NOT NULL REFERENCES organisation,
    number BIGINT NOT NULL,
    public_id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    colour BIGINT NOT NULL,
    archived BIGINT NOT NULL,
    used BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, number)
);
ALTER TABLE head ADD COLUMN topic_bits BIGINT NOT NULL DEFAULT 0;

-- Until when a conversation is put off, and since when it is back.
ALTER TABLE head ADD COLUMN snoozed_until BIGINT;
ALTER TABLE head ADD COLUMN returned_at BIGINT;

-- After how many minutes without the visitor's answer the house asks whether they are still there, and after how many without
-- a word it ends the conversation: never, and as the installation has it, where there is none.
ALTER TABLE widget ADD COLUMN ask_after BIGINT;
ALTER TABLE widget ADD COLUMN end_after BIGINT;
