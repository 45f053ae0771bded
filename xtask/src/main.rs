//! The everyday recipes behind `./run` and `./test`, one to a file: `cargo xtask` lists them.
#![expect(clippy::print_stdout, reason = "a recipe talks to the person who called it")]

mod bench;
mod budgets;
mod check;
mod doctor;
mod node;
mod regenerate;
mod shell;
mod soak;
mod test;
mod walls;
mod web;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Usage: cargo xtask RECIPE

  web                    install and build the front ends, where something changed
  check                  formatting, Clippy, walls, front-end checks
  walls                  who may depend on whom, and which library belongs where
  regenerate [--check]   write what is generated from the code, or say what is stale
  budgets                sizes of what browsers load and of the program
  test [--fast]          everything behind ./test; --fast leaves out release build, budgets and browser
  bench …                passes everything on to the benchmarks
  soak kill|load …       kills, or a day's load, at length: [--rounds 1000], [--minutes 10]
  doctor                 the tools that are found here, and what each is for
";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match recipe(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn recipe(words: &[&str]) -> Result<()> {
    match words {
        ["web"] => web::build(),
        ["check"] => check::all(),
        ["walls"] => walls::check(),
        ["regenerate"] => regenerate::write(),
        ["regenerate", "--check"] => regenerate::check(),
        ["budgets"] => budgets::check(),
        ["test"] => test::run(test::Extent::Everything),
        ["test", "--fast"] => test::run(test::Extent::Fast),
        ["bench", rest @ ..] => bench::run(rest),
        ["soak", rest @ ..] => soak::run(rest),
        ["doctor"] => doctor::tell(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("There is no recipe `{}`.\n\n{HELP}", other.join(" ")),
    }
}
