//! The command line.

mod admin;
mod audit;
mod backup;
mod doctor;
mod epoch;
mod migrate;
mod node;
mod open;
mod organisation;
mod receipt;
mod redact;
mod restore;
mod serve;
mod setup;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::{Config, Layers, OPTIONS, variable};

#[cfg(test)]
pub(crate) use open::installation;

/// Runs the program; errors go to standard error in one line each, and make the exit code 1.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    match run(&matches) {
        Ok(code) => code,
        Err(error) => {
            say_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let done = |result: anyhow::Result<()>| result.map(|()| ExitCode::SUCCESS);
    match matches.subcommand() {
        Some(("serve", matches)) => done(serve::run(configure(matches)?)),
        Some(("setup", matches)) => done(setup::run(configure(matches)?, matches)),
        Some(("migrate", matches)) => done(migrate::run(configure(matches)?)),
        Some(("admin", matches)) => match matches.subcommand() {
            Some((name, matches)) => done(admin::run(configure(matches)?, name, matches)),
            None => Ok(ExitCode::FAILURE),
        },
        Some(("audit", matches)) => match matches.subcommand() {
            Some((name, matches)) => audit::run(&configure(matches)?, name, matches),
            None => Ok(ExitCode::FAILURE),
        },
        Some(("epoch", matches)) => match matches.subcommand() {
            Some((name, matches)) => done(epoch::run(&configure(matches)?, name, matches)),
            None => Ok(ExitCode::FAILURE),
        },
        Some(("node", matches)) => match matches.subcommand() {
            Some((_, matches)) => done(node::run(&configure(matches)?, matches)),
            None => Ok(ExitCode::FAILURE),
        },
        Some(("organisation", matches)) => match matches.subcommand() {
            Some((name, matches)) => done(organisation::run(&configure(matches)?, name, matches)),
            None => Ok(ExitCode::FAILURE),
        },
        Some(("receipt", matches)) => match matches.subcommand() {
            Some((_, matches)) => receipt::run(matches),
            None => Ok(ExitCode::FAILURE),
        },
        Some(("backup", matches)) => match matches.subcommand() {
            Some((name, matches)) => backup::run(&configure(matches)?, name, matches),
            None => Ok(ExitCode::FAILURE),
        },
        Some(("restore", matches)) => done(restore::run(&configure(matches)?, matches)),
        Some(("redact", _)) => done(redact::run()),
        Some(("doctor", matches)) => doctor::run(&configure(matches)?),
        _ => {
            say(&format!("diskret {}", env!("CARGO_PKG_VERSION")));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn command() -> Command {
    Command::new("diskret")
        .about("Customer messaging whose privacy promises anyone can check")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(configured(Command::new("serve").about("Serves widget, dashboard and API")))
        .subcommand(setup::command())
        .subcommand(configured(
            Command::new("migrate").about("Brings the databases' schemas up to date, and does nothing else"),
        ))
        .subcommand(admin::command())
        .subcommand(audit::command())
        .subcommand(epoch::command())
        .subcommand(node::command())
        .subcommand(organisation::command())
        .subcommand(receipt::command())
        .subcommand(backup::command())
        .subcommand(restore::command())
        .subcommand(Command::new("redact").about("Masks card numbers in the lines of standard input"))
        .subcommand(configured(Command::new("doctor").about("Says what is misconfigured, and how to mend it")))
        .subcommand(Command::new("version").about("Prints the version"))
}

/// Adds the flags of every option.
fn configured(command: Command) -> Command {
    let file = Arg::new("config").long("config").value_name("FILE").help("Configuration file (TOML)");
    OPTIONS.iter().fold(command.arg(file), |command, option| {
        let help = match option.default {
            "" => format!("{} [env: {}]", option.help, variable(option.key)),
            default => format!("{} [env: {}] [default: {default}]", option.help, variable(option.key)),
        };
        let arg = Arg::new(option.key).long(option.flag).value_name("VALUE").help(help);
        let arg = arg.help_heading("The installation's options").display_order(1000);
        command.arg(match option.key {
            // A switch may be given without a value.
            "demo" => arg.num_args(0..=1).default_missing_value("true"),
            _ => arg.action(ArgAction::Set),
        })
    })
}

fn configure(matches: &ArgMatches) -> anyhow::Result<Config> {
    let mut layers = Layers::defaults();
    if let Some(file) = matches.get_one::<String>("config") {
        layers.file(&PathBuf::from(file))?;
    }
    layers.environment(|name| std::env::var(name).ok());
    for option in OPTIONS {
        if let Some(value) = matches.get_one::<String>(option.key) {
            layers.flag(option.key, value.clone());
        }
    }
    Ok(layers.check()?)
}

/// Prints a line for whoever called.
fn say(line: &str) {
    // Whoever closed the pipe has read enough.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn say_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "diskret: {line}");
}

/// The value of an argument that clap made sure of.
fn value<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    matches.get_one::<String>(name).map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::command;

    const GUIDES: [&str; 6] = [
        include_str!("../../../../docs/guide/administrators.md"),
        include_str!("../../../../docs/guide/administrators.de.md"),
        include_str!("../../../../docs/guide/officers.md"),
        include_str!("../../../../docs/guide/deletion.md"),
        include_str!("../../../../docs/guide/deletion.de.md"),
        include_str!("../../../../README.md"),
    ];

    #[test]
    fn what_the_program_does_stands_in_a_guide_and_nothing_there_is_said_to_be_missing() {
        for verb in command().get_subcommands().map(|verb| verb.get_name().to_owned()) {
            let called = format!("diskret {verb}");
            let is_told = GUIDES.iter().any(|guide| guide.contains(&called));
            assert!(is_told || ["redact", "version"].contains(&verb.as_str()), "{called} stands in no guide");
        }
        for guide in GUIDES {
            for word in ["not built yet", "Not built yet", "noch nicht gebaut"] {
                assert!(!guide.contains(word), "{word}");
            }
        }
    }
}
