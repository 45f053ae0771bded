//! `diskret setup`: founds an organisation without a browser.

use std::time::Duration;

use app::installation::NewOrganisation;
use app::team::NewOperator;
use app::widget::WidgetChange;
use clap::{Arg, ArgAction, ArgMatches, Command};
use domain::audit::Origin;
use domain::{Language, Role};
use privacy::{Plaintext, token};

use super::{configured, open, say, value};
use crate::config::Config;

const TOKEN_GOOD_FOR: Duration = Duration::from_secs(365 * 24 * 3600);

pub(super) fn command() -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    configured(
        Command::new("setup").about("Founds an organisation with owner, widget and API token, and prints their ids"),
    )
    .arg(text("organisation", "What the organisation is called").required(true))
    .arg(text("owner-name", "What the owner is called").required(true))
    .arg(text("owner-email", "What the owner signs in with").required(true))
    .arg(text("owner-password-file", "File with the owner's password; without it one is made and printed"))
    .arg(text("language", "Language of screens and widget: de or en").default_value("de").value_parser(["de", "en"]))
    .arg(text("site", "Origin that may embed the widget; may be given again; none means any").action(ArgAction::Append))
    .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Prints JSON"))
}

pub(super) fn run(config: Config, matches: &ArgMatches) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let language = Language::from_code(value(matches, "language")).unwrap_or_default();
        let (password, made) = match matches.get_one::<String>("owner-password-file") {
            Some(file) => (std::fs::read_to_string(file)?.trim_end_matches(['\r', '\n']).to_owned(), false),
            None => (token::bearer(), true),
        };
        let sites: Option<Vec<String>> = matches.get_many::<String>("site").map(|sites| sites.cloned().collect());
        let app = open::installation(&config).await?;
        let done = app
            .set_up(NewOrganisation {
                title: value(matches, "organisation").to_owned(),
                owner: NewOperator {
                    name: value(matches, "owner-name").to_owned(),
                    email: value(matches, "owner-email").to_owned(),
                    password: Plaintext::new(password.clone()),
                    role: Role::Owner,
                    language,
                },
                widget: WidgetChange { sites, ..WidgetChange::default() },
            })
            .await?;
        let api_token = app.issue_api_token(done.principal.from(Origin::CommandLine), TOKEN_GOOD_FOR).await?;
        app.close().await;
        let mut facts = vec![
            ("organisation", done.organisation.to_string()),
            ("owner", done.owner.name.to_string()),
            ("widget", done.widget.to_string()),
            ("api_token", api_token.expose().to_owned()),
        ];
        if made {
            facts.push(("owner_password", password));
        }
        let shows_key = done.recovery_key.is_some();
        if let Some(key) = done.recovery_key {
            facts.push(("recovery_key", key.to_string()));
        }
        if matches.get_flag("json") {
            let facts: serde_json::Map<String, serde_json::Value> =
                facts.into_iter().map(|(name, fact)| (name.to_owned(), fact.into())).collect();
            say(&serde_json::to_string_pretty(&facts)?);
        } else {
            for (name, fact) in facts {
                say(&format!("{name:<15} {fact}"));
            }
            if shows_key {
                say("Keep the recovery key in a safe: it is shown only now. `diskret admin confirm-recovery-key` notes that you did.");
            }
        }
        Ok(())
    })
}
