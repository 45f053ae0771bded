//! Founds an organisation with its owner and its first widget: in the browser's first run, or from the command line.

use std::sync::Arc;

use domain::audit::{Actor, Origin};
use domain::limits::{NAME_CHARACTERS, RETENTION_DEFAULT};
use domain::{Capability, Groups, Language, Level, Principal, PublicId, Role, text};
use privacy::{random, recovery};
use store::audit::By;
use store::widget::Widget;
use zeroize::Zeroizing;

use crate::team::{NewOperator, Person};
use crate::widget::WidgetChange;
use crate::{App, Error, Result};

/// An organisation to be founded.
pub struct NewOrganisation {
    /// What it is called.
    pub title: String,
    /// Who owns it; the role is always owner.
    pub owner: NewOperator,
    /// Wishes for the first widget; what is `None` gets a sane default.
    pub widget: WidgetChange,
}

/// What was founded.
pub struct SetUp {
    /// The organisation's name outside.
    pub organisation: PublicId,
    /// The owner.
    pub owner: Arc<Person>,
    /// Who acts as the owner.
    pub principal: Principal,
    /// The first widget's name outside.
    pub widget: PublicId,
    /// The private recovery key, when this was the installation's first organisation: shown once, stored nowhere.
    pub recovery_key: Option<Zeroizing<String>>,
}

impl App {
    /// Whether nobody has set this installation up yet. Public. The owner is stored last, so a set-up that was broken
    /// off can be begun again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn needs_set_up(&self) -> Result<bool> {
        Ok(!self.store.has_operators().await?)
    }

    /// The one-time code of the first set-up, for the terminal that started the program.
    pub fn setup_code(&self) -> Option<&str> {
        self.secrets.setup_code()
    }

    /// Sets the installation up from a browser: allowed once, with the code that its machine printed.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a wrong code, [`Error::Conflict`] where it is set up already, [`Error::Invalid`] by field.
    pub async fn first_set_up(&self, code: &str, new: NewOrganisation) -> Result<SetUp> {
        let _turn = TURN.lock().await;
        if !self.needs_set_up().await? {
            return Err(Error::Conflict("this installation is set up already: sign in"));
        }
        if !self.secrets.is_setup_code(code) {
            return Err(Error::Forbidden);
        }
        // Nobody is signed in yet: whoever holds the code.
        let done = self.found(new, self.by_whom(Actor::Anybody, Origin::Browser)).await?;
        self.secrets.spend_setup_code();
        Ok(done)
    }

    /// Founds an organisation. Called from the command line, by whoever runs the machine.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field, [`Error::Conflict`] where the owner's address is taken.
    pub async fn set_up(&self, new: NewOrganisation) -> Result<SetUp> {
        self.found(new, self.by_command_line()).await
    }

    async fn found(&self, new: NewOrganisation, by: By) -> Result<SetUp> {
        // Everything is checked before anything is stored.
        let title = text::line(&new.title, NAME_CHARACTERS)
            .map_err(|error| Error::Invalid { field: "organisation", detail: error.to_string() })?;
        let language = new.owner.language;
        let email_index = self.secrets.email_index(&text::email(&new.owner.email).unwrap_or_default());
        let owner = NewOperator { role: Role::Owner, ..new.owner }.check(&self.passwords, &title).await?;
        match self.store.operator_by_email(email_index).await {
            Err(store::Error::NotFound) => {}
            Ok(_) => return Err(Error::Conflict("somebody with this e-mail address works here already")),
            Err(error) => return Err(error.into()),
        }
        let mut widget = first_widget(language);
        new.widget.apply(&mut widget)?;

        let (recovery_key, public) = recovery::generate();
        let is_first = self.needs_set_up().await?;
        self.name_secrets().await?;
        if is_first {
            self.store.audited(by).install(public, self.secrets.recovery_tag(&public), Vec::new()).await?;
        }
        let organisation = self.store.insert_organisation(random::public_id(), title, self.now()).await?;
        self.keyring.found(organisation.id, organisation.name).await?;
        widget.organisation = organisation.id;
        let widget = self.store.insert_widget(widget, self.now()).await?;
        // Nothing is kept for ever because nobody thought of it.
        self.store.begin_retention(organisation.id, RETENTION_DEFAULT, self.now()).await?;
        let owner = self.store_operator(organisation.id, owner, by).await?;
        Ok(SetUp {
            organisation: organisation.name,
            principal: Principal::new(organisation.id, owner.id, owner.role, Groups::default()),
            owner,
            widget: widget.name,
            recovery_key: is_first.then_some(recovery_key),
        })
    }

    /// All organisations, for the command line.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn organisations(&self) -> Result<Vec<store::organisation::Organisation>> {
        Ok(self.store.organisations().await?)
    }

    /// Whether somebody showed that they hold the recovery key. For everybody who may change the installation.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn is_recovery_confirmed(&self, principal: Principal) -> Result<bool> {
        if principal.require(Capability::Installation, Level::Read).is_err() {
            return Ok(true);
        }
        Ok(self.store.installation().await?.is_some_and(|found| found.recovery_confirmed_at.is_some()))
    }
}

/// Two browsers that set up at once must not both succeed.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn first_widget(language: Language) -> Widget {
    let (title, greeting) = match language {
        Language::De => ("Website", "Guten Tag, womit können wir helfen?"),
        Language::En => ("Website", "Hello, how can we help?"),
    };
    Widget {
        organisation: domain::OrganisationId(0),
        id: domain::WidgetId(0),
        name: random::public_id(),
        title: title.to_owned(),
        greeting: greeting.to_owned(),
        colour: "#0b6e5d".to_owned(),
        language,
        sites: Vec::new(),
        group: None,
        ask_after: None,
        end_after: None,
        closes: false,
    }
}
