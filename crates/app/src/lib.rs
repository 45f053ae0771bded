//! Every verb once, with its check.
