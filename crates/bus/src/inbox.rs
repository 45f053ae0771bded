//! What other nodes told that the application has to look at. Merged and bounded: the bus may lose anything.

use std::collections::BTreeSet;

use domain::{ConversationId, OrganisationId};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Notice;

/// Changed conversations beyond this number are left to the sweep.
const CHANGED: usize = 65_536;
/// Notices of other kinds beyond this number are dropped: they are told again.
const NOTICES: usize = 16_384;

/// What came from other nodes.
#[derive(Debug, Default)]
pub struct Inbox {
    news: Mutex<News>,
    bell: Notify,
}

/// The contents of an inbox.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Conversations that changed at other nodes.
    pub changed: BTreeSet<(OrganisationId, ConversationId)>,
    /// Who came and went, and settings that changed, in order.
    pub notices: Vec<Notice>,
    /// The bus was away and is back: what was told meanwhile is lost.
    pub is_back: bool,
}

impl Inbox {
    /// Waits until something is there. May return without anything.
    pub async fn wait(&self) {
        self.bell.notified().await;
    }

    /// Takes everything that is there.
    pub fn take(&self) -> News {
        std::mem::take(&mut *self.news.lock())
    }

    pub(crate) fn changed(&self, organisation: OrganisationId, conversation: ConversationId) {
        {
            let mut news = self.news.lock();
            if news.changed.len() < CHANGED {
                news.changed.insert((organisation, conversation));
            }
        }
        self.bell.notify_one();
    }

    pub(crate) fn notice(&self, notice: Notice) {
        {
            let mut news = self.news.lock();
            if news.notices.len() < NOTICES {
                news.notices.push(notice);
            }
        }
        self.bell.notify_one();
    }

    pub(crate) fn back(&self) {
        self.news.lock().is_back = true;
        self.bell.notify_one();
    }
}
