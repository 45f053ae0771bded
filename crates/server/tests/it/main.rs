//! Tests of the whole server, in one binary.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may be blunt, and tells what helps to repeat it")]

mod access;
mod account;
mod audit;
mod away;
mod canary;
mod carve;
mod conformance;
mod conversation;
mod corrections;
mod desync;
mod fairness;
mod flood;
mod foreign_pages;
mod frames;
mod generated;
mod guests;
mod handover;
mod harness;
mod idle;
mod kill;
mod kill_on_postgres;
mod malformed;
mod mentions;
mod naughty;
mod nodes;
mod passkey;
mod receipt;
mod schemathesis;
mod security;
mod slow;
mod slowhttptest;
mod snippets;
mod snooze;
mod topics;
mod unknown_commit;
