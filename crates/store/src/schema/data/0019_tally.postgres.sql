-- Counts without anybody's identity, written when things happen; each node has rows of its own, so that none waits for another.
CREATE TABLE tally (
    organisation_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    widget_id BIGINT NOT NULL,
    what BIGINT NOT NULL,
    node BIGINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, day, widget_id, what, node)
);
