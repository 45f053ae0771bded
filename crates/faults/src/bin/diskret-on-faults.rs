//! The `diskret` program on a faulty file system. `DISKRET_FAULTS` says how faulty, in the words of [`diskret_faults::Setup`].

#![expect(clippy::print_stderr, reason = "a program says why it does not start")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let setup = std::env::var("DISKRET_FAULTS").unwrap_or_default();
    match setup.parse() {
        Ok(setup) => {
            diskret_faults::install().set(&setup);
            diskret_server::cli::main()
        }
        Err(error) => {
            eprintln!("DISKRET_FAULTS: {error}");
            ExitCode::FAILURE
        }
    }
}
