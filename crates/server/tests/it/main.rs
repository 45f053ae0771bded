//! Tests of the whole server, in one binary.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may be blunt, and tells what helps to repeat it")]

mod access;
mod canary;
mod conversation;
mod generated;
mod harness;
mod kill;
mod nodes;
mod security;
