//! `cargo xtask web`: the front ends, installed and built where something changed.
//!
//! Two stamps in `web/node_modules` remember what it was done for; they go where the installation goes.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::node;
use crate::shell::{self, root};

/// What has to be there after a build.
const BUILT: &[&str] = &["web/widget/dist", "web/dashboard/dist/packed"];
/// Folders that a build doesn't read.
const UNREAD: &[&str] = &["node_modules", "dist", "e2e", "test-results"];

/// Installs and builds.
pub(crate) fn build() -> Result<()> {
    install()?;
    let stamp = root().join("web/node_modules/.diskret-built");
    let now = hash(&sources(&root().join("web"))?)?;
    if read(&stamp) == now && BUILT.iter().all(|folder| holds_something(&root().join(folder))) {
        println!("The front ends are built and unchanged.");
        return Ok(());
    }
    remove(&stamp)?;
    shell::run(&mut shell::npm(&["run", "--silent", "build"]))?;
    for folder in BUILT {
        ensure!(holds_something(&root().join(folder)), "the build left nothing in {folder}");
    }
    Ok(fs::write(stamp, now)?)
}

/// Installs what the lock file names, where it isn't yet.
pub(crate) fn install() -> Result<()> {
    node::provide()?;
    let web = root().join("web");
    let stamp = web.join("node_modules/.diskret-installed");
    let mut manifests = BTreeSet::from([web.join("package.json"), web.join("package-lock.json")]);
    for entry in fs::read_dir(&web)? {
        manifests.insert(entry?.path().join("package.json"));
    }
    // Another Node may need other parts of the same libraries.
    manifests.insert(root().join("scripts/node/node_modules/.package-lock.json"));
    manifests.retain(|file| file.is_file() && !file.starts_with(web.join("node_modules")));
    let now = hash(&manifests)?;
    if read(&stamp) == now {
        println!("The front ends' libraries are installed and unchanged.");
        return Ok(());
    }
    remove(&stamp)?;
    println!("Installing the front ends' libraries …");
    shell::run(&mut shell::npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    Ok(fs::write(stamp, now)?)
}

/// All files a build reads.
fn sources(web: &Path) -> Result<BTreeSet<PathBuf>> {
    let (mut files, mut ahead) = (BTreeSet::new(), vec![web.to_owned()]);
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            if UNREAD.iter().any(|unread| entry.file_name() == *unread) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                ahead.push(entry.path());
            } else if kind.is_file() {
                files.insert(entry.path());
            }
        }
    }
    Ok(files)
}

/// One value for the names and contents of files. Only ever compared with itself on the same machine.
fn hash(files: &BTreeSet<PathBuf>) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(file).with_context(|| file.display().to_string())?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn read(stamp: &Path) -> String {
    fs::read_to_string(stamp).unwrap_or_default()
}

/// A stamp goes before the work begins: work that was broken off is done again.
fn remove(stamp: &Path) -> Result<()> {
    if stamp.exists() {
        fs::remove_file(stamp)?;
    }
    Ok(())
}

fn holds_something(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
