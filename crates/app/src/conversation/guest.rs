//! Asks a colleague into a conversation, who need not reach it otherwise, and lets them go again.

use bus::{Signal, Topic};
use domain::conversation::Call;
use domain::{Capability, Level, OperatorId, Principal, PublicId};

use crate::{App, Error, Result};

impl App {
    /// Asks an operator in: they may read it from now on, and answer where their role answers at all. They are called.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for somebody who may read no conversations,
    /// [`Error::Conflict`] where there is no room.
    pub async fn ask_in(&self, principal: Principal, name: PublicId, guest: PublicId) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let conversation = self.store.conversation_named(principal.organisation, name).await?.id;
        let guest = self.colleague(principal, guest, Level::Read).await?;
        let by = (principal.operator, access);
        let store = self.store.audited(self.by(principal));
        let change = store.invite(principal.organisation, conversation, by, guest, self.now()).await?;
        if change.is_some() && guest != principal.operator {
            self.bus.signal(Topic::Operator(guest), Signal::Called(conversation, principal.operator, Call::Invited));
        }
        Ok(())
    }

    /// Lets a guest go. Whoever was asked in may go by themselves, also where they only read.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn let_go(&self, principal: Principal, name: PublicId, guest: PublicId) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Read)?;
        let conversation = self.store.conversation_named(principal.organisation, name).await?.id;
        let everybody = self.store.operators(principal.organisation).await?;
        // Also whoever does not work here any more.
        let guest = everybody.iter().find(|one| one.name == guest).ok_or(Error::NotFound)?.id;
        if guest != principal.operator {
            principal.require(Capability::Conversations, Level::Write)?;
        }
        let by = (principal.operator, access);
        let store = self.store.audited(self.by(principal));
        store.leave(principal.organisation, conversation, by, guest, self.now()).await?;
        Ok(())
    }

    /// Somebody who works here and has conversations at least at this level.
    pub(super) async fn colleague(&self, principal: Principal, name: PublicId, level: Level) -> Result<OperatorId> {
        let cannot = |why: &str| Error::Invalid { field: "operator", detail: why.to_owned() };
        let everybody = self.store.operators(principal.organisation).await?;
        let operator = everybody
            .iter()
            .find(|operator| operator.name == name && operator.deactivated_at.is_none())
            .ok_or_else(|| cannot("there is nobody of this name in your organisation"))?;
        if operator.role.rights().of(Capability::Conversations).0 < level {
            return Err(cannot(match level {
                Level::Write => "their role does not allow them to answer conversations",
                _ => "their role does not allow them to read conversations",
            }));
        }
        Ok(operator.id)
    }
}
