//! The `diskret` program.

use std::process::ExitCode;

// Smaller at rest than the system's allocator with many threads, and faster under load (docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    diskret_server::cli::main()
}
