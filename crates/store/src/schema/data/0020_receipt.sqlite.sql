-- The final receipt, as it was signed: what it is made of is forgotten in time.
ALTER TABLE erasure ADD COLUMN receipt TEXT;
