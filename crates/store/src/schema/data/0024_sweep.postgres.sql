-- What has ended and is in sight, by what decides how long it is kept: a sweep reads what is over and nothing beside it.
DELETE FROM ended WHERE NOT EXISTS (SELECT 1 FROM head h WHERE h.conversation_id = ended.conversation_id);
ALTER TABLE ended ADD COLUMN widget_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ended ADD COLUMN topic_bits BIGINT NOT NULL DEFAULT 0;
UPDATE ended SET
    widget_id = (SELECT c.widget_id FROM conversation c WHERE c.conversation_id = ended.conversation_id),
    topic_bits = (SELECT h.topic_bits FROM head h WHERE h.conversation_id = ended.conversation_id);
DROP INDEX ended_by_time;
CREATE INDEX ended_by_class ON ended (organisation_id, widget_id, topic_bits, said_at, conversation_id);

-- What is asked of deletions again and again: how many there were lately, which are through long since, which lie.
CREATE INDEX erasure_lately ON erasure (organisation_id, requested_at);
CREATE INDEX erasure_by_time ON erasure (requested_at);
CREATE INDEX erasure_unshredded ON erasure (organisation_id, destroy_at) WHERE shredded_at IS NULL;
CREATE INDEX erasure_journalled ON erasure (journal_number) WHERE done_at IS NULL AND journal_number IS NOT NULL;
CREATE INDEX stub_by_time ON stub (at) WHERE state = 1;

-- What was taken back needs no list of what would have gone.
DELETE FROM erasure_item WHERE erasure_id IN (SELECT erasure_id FROM erasure WHERE state = 'undone');
