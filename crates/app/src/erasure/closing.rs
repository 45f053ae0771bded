//! Closes an organisation (C5): its owner gives notice, and can take that back for thirty days. A copy of everything comes
//! first.

use std::sync::Arc;

use domain::erasure::{Cause, What};
use domain::{Capability, Level, OrganisationId, Principal, PublicId};
use privacy::random;
use privacy::receipt::Receipt;
use store::audit::By;
use store::erasure::Erasure;
use store::erasure::closing::Request;
pub use store::erasure::closing::Standing;

use crate::team::{Proof, SignedInBrowser};
use crate::{App, Error, Result};

/// What an owner says who closes their organisation.
pub struct ToClose {
    /// What it is called, typed by them.
    pub title: String,
    /// Whether they want no copy of it.
    pub without_copy: bool,
    /// That it is them.
    pub proof: Proof,
}

impl App {
    /// Where the organisation stands: whether it is being closed, and what of it must be kept for longer.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn closing(&self, principal: Principal) -> Result<Standing> {
        principal.require(Capability::Privacy, Level::Read)?;
        Ok(self.store.closing(principal.organisation, self.now()).await?)
    }

    /// The day on which the organisation ends, where it is being closed: for everybody in it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn closing_at(&self, organisation: OrganisationId) -> Result<Option<domain::Timestamp>> {
        Ok(self.store.closing_at(organisation).await?)
    }

    /// Gives notice for an organisation: somebody at a browser who shows once more that it is them. Conversations that are
    /// under way go on; no new one begins from here on.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] for another name or a wrong proof; [`Error::Conflict`] where it is being closed
    /// already, or where the copy is missing.
    pub async fn close_organisation(self: &Arc<Self>, by: &SignedInBrowser, wanted: ToClose) -> Result<Erasure> {
        let principal = by.principal;
        principal.require(Capability::Installation, Level::Write)?;
        let (_, title) = self.organisation(principal.organisation).await?;
        if wanted.title.trim() != &*title {
            let detail = "type the name of the organisation as it stands here".to_owned();
            return Err(Error::Invalid { field: "name", detail });
        }
        self.prove_fully(principal, wanted.proof).await?;
        let request = Request {
            name: random::public_id(),
            cause: Cause::Closing,
            by: Some(principal.operator),
            without_copy: wanted.without_copy,
            at: self.now(),
        };
        self.give_notice(principal.organisation, request, self.by(principal)).await
    }

    /// Takes that back.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Conflict`] where nobody closes it, or its day has come.
    pub async fn keep_organisation(&self, by: &SignedInBrowser) -> Result<()> {
        let principal = by.principal;
        principal.require(Capability::Installation, Level::Write)?;
        self.store.audited(self.by(principal)).keep_organisation(principal.organisation).await?;
        self.forget_widgets(principal.organisation).await
    }

    /// The same from the command line, by whoever runs the machine: for a customer who wrote, and cannot sign in any more.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`].
    pub async fn close_organisation_here(self: &Arc<Self>, name: PublicId, without_copy: bool) -> Result<Erasure> {
        let organisation = self.store.organisation_number(name).await?.ok_or(Error::NotFound)?;
        let (name, at) = (random::public_id(), self.now());
        let request = Request { name, cause: Cause::CommandLine, by: None, without_copy, at };
        self.give_notice(organisation, request, self.by_command_line()).await
    }

    /// Takes that back from the command line.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`].
    pub async fn keep_organisation_here(&self, name: PublicId) -> Result<()> {
        let organisation = self.store.organisation_number(name).await?.ok_or(Error::NotFound)?;
        self.store.audited(self.by_command_line()).keep_organisation(organisation).await?;
        self.forget_widgets(organisation).await
    }

    async fn give_notice(&self, organisation: OrganisationId, request: Request, who: By) -> Result<Erasure> {
        let closing = self.store.audited(who).close_organisation(organisation, request).await?;
        self.forget_widgets(organisation).await?;
        Ok(closing)
    }

    /// Widgets say that no conversation begins. That none does is seen to by the store, whatever a node still shows.
    async fn forget_widgets(&self, organisation: OrganisationId) -> Result<()> {
        for widget in self.store.widgets(organisation).await? {
            self.forget_widget(&widget);
        }
        Ok(())
    }

    /// Notes that a copy of the whole organisation was sent to its end.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn end_copy_of_all(&self, principal: Principal) -> Result<()> {
        Ok(self.store.note_copied(principal.organisation, self.now()).await?)
    }

    /// The final receipt of an organisation that ended, for whoever shows its acknowledgement: nobody of it can sign in any
    /// more.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what was not signed here; [`Error::NotFound`]; [`Error::Conflict`] until it is there.
    pub async fn closing_receipt(&self, acknowledgement: &str) -> Result<String> {
        let key = self.secrets.signing_key().public();
        let shown = Receipt::verify(acknowledgement, Some(&key));
        let shown = shown.map_err(|invalid| Error::Invalid { field: "receipt", detail: invalid.to_string() })?;
        if shown.statement.what != What::Organisation {
            let detail = "this is not the receipt of an organisation that was closed".to_owned();
            return Err(Error::Invalid { field: "receipt", detail });
        }
        self.closing_receipt_numbered(shown.statement.number).await
    }

    /// The same by its number, for whoever runs the machine.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] until it is there.
    pub async fn closing_receipt_numbered(&self, number: PublicId) -> Result<String> {
        let receipt = self.store.receipt_of_closing(number).await?;
        receipt.ok_or(Error::Conflict("the final receipt is not there yet: backups and old keys come first"))
    }
}
