//! `diskret admin`: what whoever runs the machine may do without a browser.

use anyhow::Context as _;
use app::App;
use app::team::NewOperator;
use clap::{Arg, ArgMatches, Command};
use domain::{Language, OrganisationId, Role};
use privacy::{Plaintext, token};

use super::{configured, open, say, value};
use crate::config::Config;

pub(super) fn command() -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    Command::new("admin")
        .about("Administers the installation")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            configured(Command::new("add-operator").about("Adds somebody to an organisation's team"))
                .arg(text("organisation", "The organisation's id; may be left out where there is only one"))
                .arg(text("name", "What they are called").required(true))
                .arg(text("email", "What they sign in with").required(true))
                .arg(
                    text("role", "What they may do")
                        .default_value("agent")
                        .value_parser(Role::OPERATORS.map(Role::code)),
                )
                .arg(text("language", "Language of their screens").default_value("de").value_parser(["de", "en"]))
                .arg(text("password-file", "File with their password; without it one is made and printed")),
        )
        .subcommand(configured(
            Command::new("confirm-recovery-key")
                .about("Notes that you hold the recovery key: reads it from standard input and compares"),
        ))
        .subcommand(
            configured(
                Command::new("set-password")
                    .about("Gives an operator a new password, removes their passkeys and signs them out everywhere"),
            )
            .arg(text("email", "What they sign in with").required(true))
            .arg(text("password-file", "File with the password; without it one is made and printed")),
        )
        .subcommand(
            configured(
                Command::new("reset-second-factor")
                    .about("Turns off an operator's second factor and removes their passkeys, who has lost phone and recovery codes"),
            )
            .arg(text("email", "What they sign in with").required(true)),
        )
        .subcommand(configured(
            Command::new("new-recovery-key")
                .about("Makes a new recovery key in the place of a lost one and prints it once"),
        ))
}

pub(super) fn run(config: Config, name: &str, matches: &ArgMatches) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let app = open::existing(&config).await?;
        let result = match name {
            "add-operator" => add_operator(&app, matches).await,
            "set-password" => set_password(&app, matches).await,
            "reset-second-factor" => reset_second_factor(&app, matches).await,
            "new-recovery-key" => renew(&app).await,
            _ => confirm(&app).await,
        };
        app.close().await;
        result
    })
}

async fn add_operator(app: &App, matches: &ArgMatches) -> anyhow::Result<()> {
    let organisation = organisation(app, matches).await?;
    let (password, made) = password(matches)?;
    let person = app
        .add_operator(
            organisation,
            NewOperator {
                name: value(matches, "name").to_owned(),
                email: value(matches, "email").to_owned(),
                password: Plaintext::new(password.clone()),
                role: Role::from_code(value(matches, "role")).unwrap_or(Role::Agent),
                language: Language::from_code(value(matches, "language")).unwrap_or_default(),
            },
        )
        .await?;
    say(&format!("operator        {}", person.name));
    if made {
        say(&format!("password        {password}"));
    }
    Ok(())
}

/// The organisation that is meant.
pub(super) async fn organisation(app: &App, matches: &ArgMatches) -> anyhow::Result<OrganisationId> {
    let all = app.organisations().await?;
    let named = matches.get_one::<String>("organisation");
    let found = match (named, all.as_slice()) {
        (Some(id), _) => all.iter().find(|one| one.name.to_string() == *id),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.map(|found| found.id).ok_or_else(|| {
        let list: Vec<String> = all.iter().map(|one| format!("{}  {}", one.name, one.title)).collect();
        anyhow::anyhow!("`organisation`: name one of these by its id\n{}", list.join("\n"))
    })
}

/// Gives an operator a new password and ends their sessions.
async fn set_password(app: &App, matches: &ArgMatches) -> anyhow::Result<()> {
    let (password, made) = password(matches)?;
    app.set_password(value(matches, "email"), Plaintext::new(password.clone())).await.map_err(|error| match error {
        app::Error::NotFound => anyhow::anyhow!("`email`: nobody works here under this address"),
        other => other.into(),
    })?;
    say("the password is set; they are signed out everywhere");
    if made {
        say(&format!("password        {password}"));
    }
    Ok(())
}

/// Turns a second factor off and removes passkeys; they are told so at their next sign-in.
async fn reset_second_factor(app: &App, matches: &ArgMatches) -> anyhow::Result<()> {
    app.clear_second_factor(value(matches, "email")).await.map_err(|error| match error {
        app::Error::NotFound => anyhow::anyhow!("`email`: nobody works here under this address"),
        other => other.into(),
    })?;
    say("the second factor is off and the passkeys are removed: their password alone lets them in");
    Ok(())
}

/// A password from a file, or a new one; says whether it is new.
fn password(matches: &ArgMatches) -> anyhow::Result<(String, bool)> {
    Ok(match matches.get_one::<String>("password-file") {
        Some(file) => (std::fs::read_to_string(file)?.trim_end_matches(['\r', '\n']).to_owned(), false),
        None => (token::bearer(), true),
    })
}

async fn renew(app: &App) -> anyhow::Result<()> {
    anyhow::ensure!(!app.needs_set_up().await?, "nobody has set this installation up yet");
    let key = app.new_recovery_key().await?;
    say(&format!("recovery_key    {}", *key));
    say("Keep it in a safe: it is shown only now. `diskret admin confirm-recovery-key` notes that you did.");
    seal_anew(app).await
}

async fn confirm(app: &App) -> anyhow::Result<()> {
    let key = Plaintext::new(std::io::read_to_string(std::io::stdin())?);
    app.confirm_recovery_key(&key).await?;
    say("confirmed: this is the recovery key of this installation");
    seal_anew(app).await
}

/// What lies at the places may still open with a key that was lost.
async fn seal_anew(app: &App) -> anyhow::Result<()> {
    app.seal_for_recovery_anew().await.context(
        "a backup place could not be reached: what lies there opens with the recovery key before this one; run \
         `diskret admin confirm-recovery-key` once it answers",
    )
}
