//! Groups of operators: whose conversations are whose.

use domain::limits::NAME_CHARACTERS;
use domain::{Capability, GroupNumber, Groups, Level, Principal, PublicId, text};
use privacy::random;
use store::group::{Group, IN_USE_STILL, TITLE_TAKEN};

use crate::{App, Error, Result};

impl App {
    /// The groups of the organisation.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn groups(&self, principal: Principal) -> Result<Vec<Group>> {
        principal.require(Capability::Team, Level::Read)?;
        Ok(self.store.groups(principal.organisation).await?)
    }

    /// Makes a group.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`] by field, [`Error::Conflict`] where there are 63 already.
    pub async fn add_group(&self, principal: Principal, title: &str) -> Result<Group> {
        principal.require(Capability::Team, Level::Write)?;
        let title = check_title(title)?;
        self.store
            .audited(self.by(principal))
            .insert_group(principal.organisation, random::public_id(), title, self.now())
            .await
            .map_err(refused)
    }

    /// Gives a group another title.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`].
    pub async fn rename_group(&self, principal: Principal, name: PublicId, title: &str) -> Result<Group> {
        principal.require(Capability::Team, Level::Write)?;
        let title = check_title(title)?;
        let group = self.find_group(principal, name).await?;
        self.store
            .audited(self.by(principal))
            .rename_group(principal.organisation, group.number, title.clone())
            .await
            .map_err(refused)?;
        self.team.forget_group(principal.organisation, group.number);
        Ok(Group { title, ..group })
    }

    /// Removes a group that no conversation is for.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Conflict`].
    pub async fn remove_group(&self, principal: Principal, name: PublicId) -> Result<()> {
        principal.require(Capability::Team, Level::Write)?;
        let group = self.find_group(principal, name).await?;
        let widgets = self.store.widgets(principal.organisation).await?;
        self.store
            .audited(self.by(principal))
            .delete_group(principal.organisation, group.number)
            .await
            .map_err(refused)?;
        self.team.forget_group(principal.organisation, group.number);
        for widget in widgets.iter().filter(|widget| widget.group == Some(group.number)) {
            self.forget_widget(widget);
        }
        Ok(())
    }

    async fn find_group(&self, principal: Principal, name: PublicId) -> Result<Group> {
        let groups = self.store.groups(principal.organisation).await?;
        groups.into_iter().find(|group| group.name == name).ok_or(Error::NotFound)
    }

    /// Groups by their names outside, all of which must be there.
    pub(crate) async fn groups_named(&self, principal: Principal, names: &[PublicId]) -> Result<Groups> {
        let groups = self.store.groups(principal.organisation).await?;
        let number = |name: &PublicId| groups.iter().find(|group| group.name == *name).map(|group| group.number);
        names.iter().map(|name| number(name).ok_or_else(unknown)).collect()
    }

    /// The same for the one group of a widget or a conversation.
    pub(crate) async fn group_named(&self, principal: Principal, name: PublicId) -> Result<GroupNumber> {
        self.groups_named(principal, &[name]).await?.iter().next().ok_or_else(unknown)
    }
}

fn refused(error: store::Error) -> Error {
    match error {
        TITLE_TAKEN => Error::Invalid { field: "name", detail: "there is a group of this name".to_owned() },
        IN_USE_STILL => Error::Conflict(
            "conversations are for this group: hand them to another one first, or give this one another name",
        ),
        other => other.into(),
    }
}

fn unknown() -> Error {
    Error::Invalid { field: "group", detail: "there is no such group in your organisation".to_owned() }
}

fn check_title(title: &str) -> Result<String> {
    text::line(title, NAME_CHARACTERS).map_err(|error| Error::Invalid { field: "name", detail: error.to_string() })
}
