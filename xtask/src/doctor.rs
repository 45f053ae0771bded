//! `cargo xtask doctor`: what is found on this machine, and what it is for. Installs nothing: `./run` and `./test` do.

use std::env;
use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::shell;

/// Shows one line for each tool.
pub(crate) fn tell() -> Result<()> {
    let browser = env::var("DISKRET_BROWSER").unwrap_or_else(|_| "chromium".to_owned());
    let mut postgres: Vec<_> = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
    postgres.sort_by_key(|entry| entry.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    let postgres = postgres.last().map_or_else(|| "postgres".into(), |entry| entry.path().join("bin/postgres"));
    for (what, mut command) in [
        ("building", shell::cargo(&["--version"])),
        ("building", version("rustc")),
        ("building (C parts of libraries)", version("cc")),
        ("checks", shell::cargo(&["clippy", "--version"])),
        ("checks", shell::cargo(&["fmt", "--version"])),
        ("installing the front ends", shell::npm(&["--version"])),
        ("building the front ends", {
            let mut node = shell::node();
            node.arg("--version");
            node
        }),
        ("tests on PostgreSQL", version(&postgres.to_string_lossy())),
        ("tests on NATS", version("nats-server")),
        ("tests with slow clients", {
            // It has no --version, and calls its help a failure.
            let mut path = Command::new("sh");
            path.args(["-c", "command -v slowhttptest"]);
            path
        }),
        ("tests of the WebSocket", suite("kosoku")),
        ("tests of the API", suite("schemathesis")),
        ("tests in the browser", version(&browser)),
    ] {
        let name = command.get_program().to_string_lossy().into_owned();
        let answer = command.output().ok().filter(|answer| answer.status.success());
        let text = answer.map(|answer| String::from_utf8_lossy(&answer.stdout).lines().next().unwrap_or("").to_owned());
        println!("{what:32} {}", text.unwrap_or_else(|| format!("MISSING: {name}")));
    }
    Ok(())
}

fn version(program: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("--version");
    command
}

/// A suite of PyPI, in its environment.
fn suite(name: &str) -> Command {
    let mut python = shell::program(shell::root().join("target").join(name).join("bin/python"), "");
    python.args(["-c", &format!("import importlib.metadata as all; print('{name}', all.version('{name}'))")]);
    python
}
