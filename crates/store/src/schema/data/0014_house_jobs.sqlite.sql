-- Work of the house itself and work that outlives its organisation, so without a reference to one; and lanes, so that long work
-- does not stand before short: 0 quick, 1 erasing, 2 house.
CREATE TABLE job_next (
    organisation_id INTEGER NOT NULL,
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    step INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (kind, subject)
);
INSERT INTO job_next
SELECT organisation_id, job_id, kind, subject, 0, step, run_at, leased_until, attempts, created_at FROM job;
DROP TABLE job;
ALTER TABLE job_next RENAME TO job;
CREATE INDEX job_by_time ON job (lane, run_at);
