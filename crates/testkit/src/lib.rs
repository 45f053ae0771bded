//! Starts what tests need: databases, browsers' fixtures, canaries.
