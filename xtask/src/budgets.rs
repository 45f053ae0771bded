//! `cargo xtask budgets`: what may be loaded and how large it may be. A budget is raised in a commit of its own, with the
//! reason; never on the way.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell::{self, root};

/// What every page of a customer's site loads.
const LOADER: u64 = 1_536;
/// What opening the chat loads, the loader included.
const MESSENGER: u64 = 12_288;
/// What is loaded besides where a network lets no WebSocket through.
const DETOUR: u64 = 3_072;
/// What signing in to the dashboard loads: scripts and styles.
const DASHBOARD: u64 = 80_000;
/// The program with both front ends in it.
const PROGRAM: u64 = 16_000_000;

const WIDGET: &str = "web/widget/dist";
const WIDGET_FILES: &[&str] = &["loader.js", "messenger.html", "messenger.js", "messenger.css"];

struct Line {
    what: String,
    size: u64,
    budget: Option<u64>,
}

/// Measures, shows a table and fails where something is too large.
pub(crate) fn check() -> Result<()> {
    let mut table = Vec::new();
    let widget: Vec<String> = WIDGET_FILES.iter().map(|file| format!("{WIDGET}/{file}")).collect();
    let sizes = compressed("brotliCompressSync", &widget)?;
    for (file, size) in WIDGET_FILES.iter().zip(&sizes) {
        let budget = (*file == "loader.js").then_some(LOADER);
        table.push(Line { what: format!("widget: {file} (brotli)"), size: *size, budget });
    }
    table.push(line("widget: all of these", sizes.iter().sum(), MESSENGER));

    let detour = compressed("brotliCompressSync", &[format!("{WIDGET}/frames-over-http.js")])?;
    table.push(line("widget: frames-over-http.js (brotli)", detour.iter().sum(), DETOUR));

    let page = fs::read_to_string(root().join("web/dashboard/dist/index.html"));
    let page = page.context("the dashboard is not built: `cargo xtask web`")?;
    let first: Vec<String> = loaded(&page).into_iter().map(|file| format!("web/dashboard/dist/{file}")).collect();
    if first.is_empty() {
        bail!("the dashboard's page names no script: has its form changed?");
    }
    table.push(line(
        "dashboard: first scripts and styles (gzip)",
        compressed("gzipSync", &first)?.iter().sum(),
        DASHBOARD,
    ));

    let program = root().join("target/release/diskret");
    match fs::metadata(&program) {
        Ok(file) => table.push(line("program: target/release/diskret", file.len(), PROGRAM)),
        Err(_) => println!("The program is not measured: there is no release build yet."),
    }
    tell(&table)
}

fn line(what: &str, size: u64, budget: u64) -> Line {
    Line { what: what.to_owned(), size, budget: Some(budget) }
}

fn tell(table: &[Line]) -> Result<()> {
    println!("{:44} {:>12} {:>12}", "", "bytes", "at most");
    let mut over = Vec::new();
    for Line { what, size, budget } in table {
        let limit = budget.map_or(String::new(), |budget| budget.to_string());
        let too_large = budget.is_some_and(|budget| *size > budget);
        println!("{what:44} {size:>12} {limit:>12}{}", if too_large { "  too large" } else { "" });
        if too_large {
            over.push(what.as_str());
        }
    }
    if !over.is_empty() {
        bail!("Over budget: {}.", over.join(", "));
    }
    Ok(())
}

/// The sizes of files as they travel; Node has both compressions.
fn compressed(how: &str, files: &[String]) -> Result<Vec<u64>> {
    for file in files {
        if !Path::new(&root().join(file)).is_file() {
            bail!("{file} is missing: build the front ends first with `cargo xtask web`");
        }
    }
    let script = format!(
        "const {{readFileSync}} = require('fs'), zlib = require('zlib');\
         console.log(process.argv.slice(1).map(f => zlib.{how}(readFileSync(f), {{level: 9}}).length).join(' '))"
    );
    let answer = shell::ask(shell::node().args(["-e", &script]).args(files))?;
    answer.split_whitespace().map(|size| size.parse().context("a size")).collect()
}

/// The scripts and styles that a page built by Vite names: the first ones, and what they import at once.
fn loaded(page: &str) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for attribute in ["src=\"", "href=\""] {
        for rest in page.split(attribute).skip(1) {
            let Some((address, _)) = rest.split_once('"') else { continue };
            let is_code = Path::new(address).extension().is_some_and(|end| end == "js" || end == "css");
            if is_code && !address.contains("://") {
                files.insert(address.trim_start_matches(['.', '/']).to_owned());
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::{Line, loaded, tell};

    #[test]
    fn reads_what_the_page_loads_first() {
        let page = r#"<link rel="icon" href="/icon.svg"><script type="module" crossorigin src="/assets/index-a1.js">
            </script><link rel="modulepreload" href="./assets/base-b2.js"><link rel="stylesheet" href="/assets/c.css">"#;
        let files: Vec<_> = loaded(page).into_iter().collect();
        assert_eq!(files, ["assets/base-b2.js", "assets/c.css", "assets/index-a1.js"]);
    }

    #[test]
    fn a_byte_too_many_fails() {
        let line = |size| Line { what: "x".to_owned(), size, budget: Some(10) };
        tell(&[line(10)]).unwrap();
        assert_eq!(tell(&[line(11)]).unwrap_err().to_string(), "Over budget: x.");
    }
}
