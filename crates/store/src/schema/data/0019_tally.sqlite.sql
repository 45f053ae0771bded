-- Counts without anybody's identity, written when things happen; each node has rows of its own, so that none waits for another.
CREATE TABLE tally (
    organisation_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    widget_id INTEGER NOT NULL,
    what INTEGER NOT NULL,
    node INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, day, widget_id, what, node)
) WITHOUT ROWID;
