//! Organisations and their people, as an administrator founds them: with the command line.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use super::house::{House, On, Plan};
use super::server::PROGRAM;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Somebody who works there.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// An organisation with its people. `agent` and `colleague` have the same role.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) organisation: String,
    pub(crate) widget: String,
    pub(crate) token: String,
    pub(crate) recovery_key: Option<String>,
    pub(crate) owner: Person,
    pub(crate) agent: Person,
    pub(crate) colleague: Person,
    pub(crate) officer: Person,
}

impl House {
    /// Runs the program with these words and where the data are.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(words).args(self.place()).stdin(Stdio::null()).output().expect("the program")
    }

    fn said(&self, words: &[&str]) -> String {
        let output = self.command(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it says text")
    }

    /// Adds somebody with [`PASSWORD`].
    pub(crate) fn hire(&self, organisation: &str, role: &str, name: &str, email: &str) -> Person {
        let file = self.folder.join("password");
        fs::write(&file, PASSWORD).expect("a file");
        let words =
            ["admin", "add-operator", "--organisation", organisation, "--role", role, "--name", name, "--email"];
        let file = file.display().to_string();
        let words = [&words[..], &[email, "--password-file", &file]].concat();
        self.said(&words);
        Person { name: name.to_owned(), email: email.to_owned() }
    }

    /// Founds an organisation as an administrator would: with the command line.
    pub(super) fn found(&mut self, number: usize) {
        let (title, names, domain) = [
            ("Nordlicht", ["Ada Owner", "Ben Agent", "Cem Agent", "Dora Officer"], "nordlicht.example"),
            ("Südwind", ["Ole Owner", "Pia Agent", "Quin Agent", "Rosa Officer"], "suedwind.example"),
        ][number];
        let file = self.folder.join("password");
        fs::write(&file, PASSWORD).expect("a file");
        let email = format!("owner@{domain}");
        let said = self.said(&[
            "setup",
            "--json",
            "--organisation",
            title,
            "--owner-name",
            names[0],
            "--owner-email",
            &email,
            "--owner-password-file",
            &file.display().to_string(),
        ]);
        let said: Value = serde_json::from_str(&said).expect("it says JSON");
        let fact = |name: &str| said[name].as_str().map(str::to_owned);
        let organisation = fact("organisation").expect("an id");
        let hire =
            |role: &str, title: &str, name: &str| self.hire(&organisation, role, name, &format!("{title}@{domain}"));
        let (agent, colleague) = (hire("agent", "agent", names[1]), hire("agent", "colleague", names[2]));
        let officer = hire("officer", "officer", names[3]);
        let tenant = Tenant {
            widget: fact("widget").expect("an id"),
            token: fact("api_token").expect("a token"),
            recovery_key: fact("recovery_key"),
            owner: Person { name: names[0].to_owned(), email },
            organisation,
            agent,
            colleague,
            officer,
        };
        self.tenants.push(tenant);
    }
}

pub(super) fn template() -> &'static House {
    static TEMPLATE: OnceLock<House> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let mut house = House::closed(&Plan { tenants: 0, ..Plan::on(On::Sqlite) });
        (0..2).for_each(|number| house.found(number));
        house.leave_to_a_broom();
        house
    })
}
