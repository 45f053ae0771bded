-- What the acknowledgement of a deletion bound, and since when nobody is shown any more what that was.
ALTER TABLE erasure ADD COLUMN acknowledged BYTEA;
ALTER TABLE erasure ADD COLUMN opened_at BIGINT;
-- A visitor whose conversation is hidden by somebody else may want it gone for good.
CREATE INDEX hidden_head_by_token ON hidden_head (token_hash);
