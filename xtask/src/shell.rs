//! Calling other programs.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The checkout.
pub(crate) fn root() -> PathBuf {
    // Cargo says so when it runs us; the folder we were called in is the answer otherwise.
    let crate_folder = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    crate_folder.and_then(|folder| folder.parent().map(Path::to_owned)).unwrap_or_else(|| PathBuf::from("."))
}

/// A program that works in a folder of the checkout.
pub(crate) fn program(name: impl AsRef<OsStr>, folder: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root().join(folder));
    command
}

/// Cargo, the one that runs us.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), "");
    // What Cargo says of this crate is not meant for what we call; build scripts would be run again for it.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_")
            || name == "CARGO_MANIFEST_DIR"
            || name == "CARGO_MANIFEST_PATH"
        {
            command.env_remove(name);
        }
    }
    command.args(words);
    command
}

/// npm, in the folder of the front ends.
pub(crate) fn npm(words: &[&str]) -> Command {
    let mut command = crate::node::outfit(program("npm", "web"));
    command.args(words);
    command
}

/// Node, in the checkout.
pub(crate) fn node() -> Command {
    crate::node::outfit(program("node", ""))
}

/// Runs it, showing what it says.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{} can't be called", name(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// Runs it and takes what it says.
pub(crate) fn ask(command: &mut Command) -> Result<String> {
    let answer = command.stderr(Stdio::inherit()).output();
    let answer = answer.with_context(|| format!("{} can't be called", name(command)))?;
    if !answer.status.success() {
        bail!("{} failed ({})", name(command), answer.status);
    }
    Ok(String::from_utf8(answer.stdout)?)
}

/// Runs it, shows what it says and hands each line on. Tells whether it ended well.
pub(crate) fn listen(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool> {
    let child = command.stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("{} can't be called", name(command)))?;
    let mut lines = BufReader::new(child.stdout.take().context("it was asked for")?);
    let (mut line, mut out) = (Vec::new(), std::io::stdout());
    while lines.read_until(b'\n', &mut line)? > 0 {
        out.write_all(&line)?;
        out.flush()?;
        each(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(child.wait()?.success())
}

fn name(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
