//! The conversations that an operator's socket follows, and their entries.

use std::sync::Arc;

use app::conversation::{Reference, Summary};
use bus::{Subscription, Topic};
use domain::conversation::Author;
use domain::limits::FOLLOWED;
use domain::{ConversationId, PublicId};

use super::Desk;
use crate::socket::connection::Gone;
use crate::socket::entries::{self, Reader};
use crate::socket::problem::Problem;
use crate::wire::conversations::ConversationSummary;
use crate::wire::frames::{ServerFrame, Viewer};

/// A conversation whose entries are sent as they come.
pub(super) struct Followed {
    pub(super) reference: Arc<Reference>,
    pub(super) delivered: i64,
    pub(super) first_counter: i64,
    /// The last counter of this page load that was acknowledged on this socket.
    pub(super) acknowledged: i64,
    /// How far the visitor has seen it, as this operator was told: a row from this node may know of less.
    pub(super) visitor_seen: i64,
    _subscription: Subscription,
}

impl Desk {
    pub(super) async fn follow(&mut self, name: PublicId, after: i64) -> Result<app::Result<()>, Gone> {
        // Subscribed before it is read how far it has come, so that nothing falls between.
        let found = match self.app.find(self.principal, name).await {
            Ok((reference, _)) => {
                let subscription = self.app.bus().subscribe(Topic::Conversation(reference.id), &self.mailbox);
                let found = self.app.summary(self.principal, name).await;
                let found = match found {
                    // Recorded before any of it is shown.
                    Ok(found) => {
                        let noted = self.app.note_reading(self.principal, &found.conversation, &found.progress).await;
                        noted.map(|()| found)
                    }
                    found => found,
                };
                found.map(|found| (found, subscription))
            }
            Err(error) => Err(error),
        };
        let (found, subscription) = match found {
            Ok(found) => found,
            // Whoever believes to follow what they do not would miss what comes: they reconnect and ask again.
            Err(error @ (app::Error::Busy | app::Error::Unavailable | app::Error::Internal)) => {
                let problem = Problem { fatal: true, ..Problem::from(error).on(Some(name.into())) };
                return self.connection.refuse(problem).await.map(Ok);
            }
            Err(error) => return Ok(Err(error)),
        };
        let reference = found.conversation;
        let id = reference.id;
        if self.followed.len() >= FOLLOWED && !self.followed.contains_key(&id) {
            let detail = format!("at most {FOLLOWED} conversations can be followed at once");
            return Ok(Err(app::Error::Invalid { field: "conversation", detail }));
        }
        let followed = Followed {
            reference,
            delivered: after.max(0),
            first_counter: i64::MAX,
            acknowledged: 0,
            visitor_seen: 0,
            _subscription: subscription,
        };
        self.followed.insert(id, followed);
        // As far as it was theirs to read just now: whether what comes after is, is asked when it is told (SZ5).
        self.deliver(id, found.progress.last_sequence, false).await?;
        let last_sequence = self.followed.get(&id).map_or(after, |followed| followed.delivered);
        self.connection.feed(&ServerFrame::Current { conversation: name.into(), last_sequence }).await?;
        let online = found.visitor_online;
        self.connection.feed(&ServerFrame::Presence { online, conversation: Some(name.into()) }).await?;
        // Told as it passes, but whoever comes back with request after request is away in between.
        let seen = self.followed.get(&id).map_or(0, |followed| followed.reference.visitor_seen());
        self.visitor_saw(id, seen);
        if seen > 0 {
            let conversation = name.into();
            self.connection.feed(&ServerFrame::Seen { conversation, who: Viewer::Visitor, sequence: seen }).await?;
        }
        self.connection.flush().await?;
        Ok(Ok(()))
    }

    /// Keeps how far the visitor has seen a followed conversation.
    pub(super) fn visitor_saw(&mut self, id: ConversationId, visible: i64) {
        if let Some(followed) = self.followed.get_mut(&id) {
            followed.visitor_seen = followed.visitor_seen.max(visible);
        }
    }

    /// A row as it is told here: of what the visitor was said to have seen, nothing is taken back.
    pub(super) async fn row(&mut self, row: Summary) -> app::Result<ConversationSummary> {
        let id = row.conversation.id;
        let mut told = entries::summary(&self.app, row).await?;
        told.visitor_seen = self.followed.get(&id).map_or(0, |followed| followed.visitor_seen).max(told.visitor_seen);
        Ok(told)
    }

    /// Sends entries of a followed conversation that were not sent yet, up to `last`. Where one of our own is met whose
    /// receipt is still to come and `waits` is set, nothing behind it goes first: the answer is `false` then.
    pub(super) async fn deliver(&mut self, id: ConversationId, last: i64, waits: bool) -> Result<bool, Gone> {
        let Some(followed) = self.followed.get_mut(&id) else { return Ok(true) };
        while followed.delivered < last {
            let found = match self.app.entries_after(&followed.reference, followed.delivered, last).await {
                Ok(found) => found,
                Err(error) => {
                    return self.connection.refuse(Problem { fatal: true, ..error.into() }).await.map(|()| true);
                }
            };
            if found.is_empty() {
                return Ok(true);
            }
            for entry in found {
                if entry.numbers.sequence > last {
                    return Ok(true);
                }
                let ours = entry.author == Author::Operator(self.principal.operator)
                    && entry.sender == self.sender
                    && entry.counter >= followed.first_counter;
                let acknowledged = ours && entry.counter <= followed.acknowledged;
                if ours && !acknowledged && waits {
                    return Ok(false);
                }
                followed.delivered = entry.numbers.sequence;
                if acknowledged {
                    continue;
                }
                let people = match entries::people(&self.app, &followed.reference, &entry).await {
                    Ok(people) => people,
                    Err(error) => {
                        return self.connection.refuse(Problem { fatal: true, ..error.into() }).await.map(|()| true);
                    }
                };
                let reader = Reader::Operator(self.principal);
                if let Some(shown) = entries::entry(reader, None, followed.reference.name(), &entry, &people) {
                    self.connection.feed(&entries::frame(shown)).await?;
                }
            }
        }
        Ok(true)
    }
}
