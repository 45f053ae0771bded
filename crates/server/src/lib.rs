//! The only application HTTP: operations, sockets, configuration, command line.
//!
//! `wire` says what is sent, `http` and `socket` receive and answer it, `cli` is the program. Everything they do, they do
//! through [`app`].

pub mod cli;
pub mod config;
pub mod door;
pub mod http;
pub mod listen;
pub mod socket;
pub mod wire;

mod assets;
mod demo;
mod hosts;
#[cfg(test)]
mod simulation;
