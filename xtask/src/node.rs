//! A Node that is new enough. The tools of the front ends want a newer one than Debian 12 brings, and npm leaves out,
//! without a word, those parts of them that its own Node is too old for. So where the machine's Node is too old, a current
//! one is installed into `scripts/node`, together with its npm, both pinned by a lock file, and comes first from then on.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::shell::{self, root};

/// The oldest that all tools of the front ends take.
const OLDEST: (u32, u32) = (22, 12);

/// Has a Node that is new enough where there wasn't one.
pub(crate) fn provide() -> Result<()> {
    if own().is_some() || found().is_some_and(|version| version >= OLDEST) {
        return Ok(());
    }
    println!("Installing a current Node into scripts/node …");
    let words = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
    shell::run(shell::program("npm", "scripts/node").args(words))?;
    ensure!(
        own().is_some(),
        "npm installed no Node for this machine: please install Node {}.{} or later",
        OLDEST.0,
        OLDEST.1
    );
    Ok(())
}

/// Lets a command find the Node and npm of `scripts/node` first, where they are installed.
pub(crate) fn outfit(mut command: Command) -> Command {
    if let Some(folders) = own() {
        let before = env::var_os("PATH").unwrap_or_default();
        let all = env::join_paths(folders.into_iter().chain(env::split_paths(&before)));
        command.env("PATH", all.expect("a checkout's path holds no colon: Cargo couldn't run there"));
    }
    command
}

/// The folders with our own Node and npm.
fn own() -> Option<[PathBuf; 2]> {
    let modules = root().join("scripts/node/node_modules");
    let system = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let folders = [modules.join(format!("node-linux-{system}/bin")), modules.join(".bin")];
    (folders[0].join("node").exists() && folders[1].join("npm").exists()).then_some(folders)
}

/// The version of the machine's Node.
fn found() -> Option<(u32, u32)> {
    let answer = Command::new("node").arg("--version").output().ok()?;
    version(&String::from_utf8(answer.stdout).ok()?)
}

/// Reads `v24.21.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, version};

    #[test]
    fn compares_versions_by_number() {
        assert!(version("v24.2.0\n").unwrap() > OLDEST);
        assert!(version("v22.9.0").unwrap() < OLDEST);
        assert!(version("v18.20.4").unwrap() < OLDEST);
        assert_eq!(version("nonsense"), None);
    }
}
