//! What never changes about a conversation, kept at hand under a lease so that a message need not ask for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{Access, Capability, ConversationId, Language, Level, OrganisationId, Principal, PublicId, Timestamp};
use parking_lot::Mutex;
use store::conversation::Conversation;
use store::message::Names;

use super::keys::Keys;
use crate::leased::Leased;
use crate::{App, Error, Result};

/// References held at once.
const REFERENCES: usize = 16_384;

/// A conversation as the house refers to it.
#[derive(Debug)]
pub struct Reference {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Its number inside.
    pub id: ConversationId,
    /// The names its seals are bound to.
    pub names: Names,
    pub(super) keys: Mutex<Keys>,
    /// The chat surface it began on.
    pub widget: domain::WidgetId,
    /// The visitor's language.
    pub language: Language,
    /// When it began.
    pub started_at: Timestamp,
    pub(super) visitor_seen: AtomicI64,
}

impl Reference {
    /// Its name outside.
    pub const fn name(&self) -> PublicId {
        self.names.conversation
    }

    /// Up to which visible number the visitor has seen it, as far as this node knows.
    pub fn visitor_seen(&self) -> i64 {
        self.visitor_seen.load(Ordering::Relaxed)
    }

    pub(super) fn visitor_saw(&self, visible: i64) {
        self.visitor_seen.fetch_max(visible, Ordering::Relaxed);
    }
}

/// Conversations by number and by name.
pub(crate) struct Directory {
    by_id: Leased<ConversationId, Arc<Reference>>,
    by_name: Leased<PublicId, Arc<Reference>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { by_id: Leased::new(REFERENCES), by_name: Leased::new(REFERENCES) }
    }
}

impl Directory {
    pub(crate) fn wipe_expired(&self) {
        self.by_id.wipe_expired();
        self.by_name.wipe_expired();
    }

    /// Forgets a conversation that is gone.
    pub(crate) fn forget(&self, id: ConversationId) {
        if let Some(known) = self.by_id.get(&id) {
            self.by_name.remove(&known.name());
        }
        self.by_id.remove(&id);
    }

    /// What is held of a conversation under a lease that has not run out.
    pub(super) fn at_hand(&self, id: ConversationId) -> Option<Arc<Reference>> {
        self.by_id.get(&id)
    }

    pub(super) fn insert(&self, reference: &Arc<Reference>) {
        self.by_id.insert(reference.id, Arc::clone(reference));
        self.by_name.insert(reference.name(), Arc::clone(reference));
    }
}

impl App {
    pub(crate) async fn refer(&self, found: &Conversation) -> Result<Arc<Reference>> {
        if let Some(known) = self.conversations.by_id.get(&found.id) {
            known.visitor_saw(found.visitor_seen);
            return Ok(known);
        }
        let organisation = self.organisation_name(found.organisation).await?;
        let reference = Arc::new(Reference {
            organisation: found.organisation,
            id: found.id,
            names: Names { organisation, conversation: found.name },
            keys: Mutex::new(Keys::only(found.key)),
            widget: found.widget,
            language: found.language,
            started_at: found.started_at,
            visitor_seen: AtomicI64::new(found.visitor_seen),
        });
        self.conversations.insert(&reference);
        Ok(reference)
    }

    pub(super) fn refer_to_new(&self, reference: Reference) -> Arc<Reference> {
        let reference = Arc::new(reference);
        self.conversations.insert(&reference);
        reference
    }

    /// A conversation by number; another organisation's is not found.
    pub(super) async fn by_id(&self, organisation: OrganisationId, id: ConversationId) -> Result<Arc<Reference>> {
        match self.conversations.by_id.get(&id) {
            Some(known) if known.organisation == organisation => Ok(known),
            Some(_) => Err(Error::NotFound),
            None => {
                let found = self.store.conversation(organisation, id).await?;
                self.refer(&found).await
            }
        }
    }

    /// A conversation by its name outside, for an operator who may at least read conversations. Whether this one is
    /// within reach is judged by whoever goes on with it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], and [`Error::NotFound`] alike for unknown ones and another organisation's.
    pub async fn find(&self, principal: Principal, name: PublicId) -> Result<(Arc<Reference>, Access)> {
        let access = principal.require(Capability::Conversations, Level::Read)?;
        match self.conversations.by_name.get(&name) {
            Some(known) if known.organisation == principal.organisation => Ok((known, access)),
            Some(_) => Err(Error::NotFound),
            None => {
                let found = self.store.conversation_named(principal.organisation, name).await?;
                Ok((self.refer(&found).await?, access))
            }
        }
    }

    /// A conversation with how far it has come, for an operator within whose reach it is.
    pub(crate) async fn find_in_reach(
        &self,
        principal: Principal,
        name: PublicId,
    ) -> Result<(Arc<Reference>, Conversation)> {
        let access = principal.require(Capability::Conversations, Level::Read)?;
        let found = self.store.conversation_named(principal.organisation, name).await?;
        if !access.reaches(principal.operator, found.progress.hands()) {
            return Err(Error::Forbidden);
        }
        Ok((self.refer(&found).await?, found))
    }
}
