//! Conversations in which nobody writes any more: asks whether the visitor is still there, where the widget wants that, and
//! ends them. The first durable process (law L8): each step is one transaction with what becomes of the job.

use std::time::Duration;

use domain::conversation::{Author, State};
use domain::{ConversationId, Language, OrganisationId, SenderId, WidgetId};
use privacy::message::Identity;
use privacy::{Message, Plaintext};
use store::conversation::{Quiet, Written};
use store::job::Claimed;
use store::mention::Named;
use store::widget::Widget;

use crate::{App, Result};

/// In the visitor's language; the widget shows it as said by the organisation.
const fn question(language: Language) -> &'static str {
    match language {
        Language::De => "Sind Sie noch da? Schreiben Sie uns gern, wenn noch etwas offen ist.",
        Language::En => "Are you still there? Write to us if anything is still open.",
    }
}

const fn minutes(minutes: i64) -> Duration {
    Duration::from_secs(minutes.unsigned_abs() * 60)
}

impl App {
    /// After how long without a word something is done in a widget's conversations.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], those of the store.
    pub async fn quiet_of(&self, organisation: OrganisationId, widget: WidgetId) -> Result<Quiet> {
        let (name, _) = self.widget_title(organisation, widget).await?;
        Ok(self.quiet(&*self.widget(name).await?))
    }

    pub(crate) fn quiet(&self, widget: &Widget) -> Quiet {
        let end = widget.end_after.map_or(self.options.end_idle_after, minutes);
        Quiet { ask: widget.ask_after.map(minutes), end, keep: None }
    }

    pub(crate) async fn end_idle(&self, job: Claimed) -> Result<()> {
        let found = match self.store.conversation(job.organisation, ConversationId(job.subject)).await {
            Ok(found) => Some(found),
            Err(store::Error::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        let (quiet, question) = match &found {
            // It is gone: the step finds that, too, and finishes the job.
            None => (Quiet::ends(self.options.end_idle_after), None),
            Some(found) => {
                let keep = self.kept_for(found).await?;
                let quiet = Quiet { keep, ..self.quiet_of(found.organisation, found.widget).await? };
                let may_be_asked = quiet.ask.is_some() && found.progress.state == State::Pending;
                let question = if may_be_asked { Some(self.sealed_question(found).await?) } else { None };
                (quiet, question)
            }
        };
        self.store.end_if_idle(job, quiet, question, self.now()).await?;
        Ok(())
    }

    /// Prepared before it is known whether it is asked: sealing does not belong into the store's transaction.
    async fn sealed_question(&self, found: &store::conversation::Conversation) -> Result<Written> {
        let conversation = self.refer(found).await?;
        let identity = Identity {
            organisation: conversation.names.organisation,
            conversation: conversation.names.conversation,
            author: Author::System,
            sender: SenderId(0),
            // The house counts by the conversation: a question for another moment has another number.
            counter: found.progress.last_sequence + 1,
            note: false,
            revision: 0,
        };
        // As it was read just now: what is at hand may be older.
        let key = self.keyring.data_key(conversation.organisation, found.key).await?;
        let text = Plaintext::new(question(conversation.language).to_owned());
        let (message, _) = Message::receive(identity, text).redact().seal(&key);
        Ok(Written { message, key: key.id(), named: Named::new() })
    }
}
