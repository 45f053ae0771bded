-- What the secrets of every node must look like: a digest of random keys, which says nothing about them.
CREATE TABLE secrets (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    digest BYTEA NOT NULL
);
