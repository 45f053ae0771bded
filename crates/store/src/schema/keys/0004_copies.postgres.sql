-- Of a place: where in the world it was, also when nothing names it any more. And that somebody declared a copy lost: nobody saw it
-- destroyed.
ALTER TABLE epoch_copy ADD COLUMN country TEXT;
ALTER TABLE epoch_copy ADD COLUMN site TEXT;
ALTER TABLE epoch_copy ADD COLUMN company TEXT;
ALTER TABLE epoch_copy ADD COLUMN lost_at BIGINT;
