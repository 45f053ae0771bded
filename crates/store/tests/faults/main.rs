//! The store on a bad disk (SQLite only: PostgreSQL has its own). A program of its own, because the bad disk becomes the file
//! system of the whole process.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

#[expect(dead_code, unused_imports, reason = "shared with the contract's tests, which need more of it")]
#[path = "../contract/fixture/mod.rs"]
mod fixture;

mod checkpoint;
mod crash;
mod panic;
mod reads;
mod stall;
mod sweep;
mod workload;
