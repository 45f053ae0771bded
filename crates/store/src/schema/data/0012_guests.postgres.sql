-- Who was asked into a conversation besides: the numbers of operators, as in ",12,34,". Beside whose it is, because every
-- look at one judges by both.
ALTER TABLE head ADD COLUMN guests TEXT;
ALTER TABLE head ADD COLUMN guests_from TEXT;
-- Few conversations have any.
CREATE INDEX head_with_guests ON head (organisation_id, position) WHERE guests IS NOT NULL;
