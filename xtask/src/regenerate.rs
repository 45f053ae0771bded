//! `cargo xtask regenerate`: what is written from the code, so that code and page can't drift apart.
//!
//! The generators are tests of the server (`cargo test -p diskret-server --test it -- generated:: access::page::
//! access::api_page::`): they compare, and with `REGENERATE=1` they write. The types of the front ends follow from what they wrote.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use crate::shell::{self, root};

/// Every generated file that is kept in the repository.
const GENERATED: &[&str] = &[
    "docs/api/openapi.json",
    "docs/api/index.html",
    "docs/api/docs.css",
    "docs/protocol.md",
    "docs/configuration.md",
    "docs/access.md",
    "web/api/src/openapi.ts",
];

/// The tests that write them.
const GENERATORS: &[&str] = &["generated::", "access::page::", "access::api_page::"];

/// Writes them.
pub(crate) fn write() -> Result<()> {
    for file in GENERATED {
        if let Some(folder) = root().join(file).parent() {
            fs::create_dir_all(folder)?;
        }
    }
    let mut words = vec!["test", "--quiet", "--locked", "--package", "diskret-server", "--test", "it", "--"];
    words.extend(GENERATORS);
    let mut passed = 0;
    let ended_well = shell::listen(shell::cargo(&words).env("REGENERATE", "1"), |line| {
        passed += crate::test::rust(line).map_or(0, |count| count.passed);
    })?;
    ensure!(ended_well, "the generators failed");
    ensure!(passed > 0, "there are no generators: no test of diskret-server's `it` is named as one");
    crate::web::install()?;
    shell::run(&mut shell::npm(&["run", "--silent", "api"]))
}

/// Says which of them are stale, and leaves every file as it was.
pub(crate) fn check() -> Result<()> {
    let files: Vec<PathBuf> = GENERATED.iter().map(|file| root().join(file)).collect();
    let before: Vec<Option<Vec<u8>>> = files.iter().map(|file| fs::read(file).ok()).collect();
    let written = write();
    let mut stale = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let (before, after) = (&before[index], fs::read(file).ok());
        if *before != after {
            stale.push(GENERATED[index]);
            match before {
                Some(content) => fs::write(file, content)?,
                None => fs::remove_file(file)?,
            }
        } else if after.is_none() {
            stale.push(GENERATED[index]);
        }
    }
    written?;
    if !stale.is_empty() {
        bail!("Stale: {}.\nMend it with `cargo xtask regenerate` and commit the result.", stale.join(", "));
    }
    println!("{} generated files are fresh.", GENERATED.len());
    Ok(())
}
