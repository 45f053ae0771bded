//! Tests of the whole server, in one binary.

mod generated;
