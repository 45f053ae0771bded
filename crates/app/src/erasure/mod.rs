//! Deletions (requirement C1): asking for one, taking it back, and the steps that make it true (`steps`); and the end of an
//! organisation (`closing`, and its steps in `ending`).

mod closing;
mod decide;
mod ending;
mod holders;
mod read;
mod receipt;
mod request;
mod reseal;
mod steps;

use std::sync::Arc;

use domain::ConversationId;
use domain::conversation::Change;

pub use self::closing::{Standing, ToClose};
pub use self::read::{Listed, Pending};
pub use self::request::{Passage, Wanted};
use crate::App;

impl App {
    /// Forgets everything that is at hand of conversations that are gone, or back: what it was before must not be shown.
    pub(crate) fn forget_conversations(&self, gone: &[ConversationId]) {
        self.opened.remove_conversations(gone);
        gone.iter().for_each(|id| self.conversations.forget(*id));
    }

    /// What is done right after a deletion's commit, before anybody is told.
    fn forgetting(self: &Arc<Self>) -> impl FnOnce(&[Change]) + Send + 'static {
        let app = Arc::clone(self);
        move |changes| {
            let gone: Vec<ConversationId> = changes.iter().map(|change| change.conversation).collect();
            app.forget_conversations(&gone);
        }
    }
}
