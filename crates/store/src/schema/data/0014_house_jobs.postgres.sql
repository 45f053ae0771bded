-- Work of the house itself and work that outlives its organisation, so without a reference to one; and lanes, so that long work
-- does not stand before short: 0 quick, 1 erasing, 2 house.
ALTER TABLE job DROP CONSTRAINT job_organisation_id_fkey;
ALTER TABLE job ADD COLUMN lane BIGINT NOT NULL DEFAULT 0;
DROP INDEX job_by_time;
CREATE INDEX job_by_time ON job (lane, run_at);
