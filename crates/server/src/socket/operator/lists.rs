//! The lists of the message centre on an operator's socket: rows that changed, rows that were missed, counts.

use std::time::Duration;

use domain::conversation::{Call, Change};
use domain::{Capability, ConversationId, OperatorId, Reach};
use tokio::time::Instant;

use super::Desk;
use crate::socket::connection::Gone;
use crate::socket::entries;
use crate::wire::frames::ServerFrame;

/// Counts are asked of the database, so less often than rows are told.
const COUNTS_EVERY: Duration = Duration::from_secs(1);
/// Rows that an operator who comes back is told; beyond them the client reads its list anew.
const MISSED: i64 = 200;

impl Desk {
    /// Rows that changed while the operator was away, newest last.
    pub(super) async fn tell_missed(&mut self, position: i64, reach: Reach) -> Result<(), Gone> {
        use app::conversation::ListName as List;
        let lists: &[List] = if reach == Reach::Own { &[List::Mine, List::Unassigned] } else { &[List::All] };
        for list in lists {
            let found = match self.app.list(self.principal, *list, true, i64::MAX, MISSED).await {
                Ok(found) => found,
                Err(error) => return self.connection.refuse(error.into()).await,
            };
            for row in found.into_iter().rev().filter(|row| row.position > position) {
                match self.row(row).await {
                    Ok(row) => self.connection.feed(&ServerFrame::Conversation(row)).await?,
                    Err(error) => self.connection.refuse(error.into()).await?,
                }
            }
        }
        Ok(())
    }

    /// Sends the rows that changed; says when to come again.
    pub(super) async fn tell_rows(&mut self) -> Result<Option<Duration>, Gone> {
        let mut rows: Vec<Change> = std::mem::take(&mut self.rows).into_values().collect();
        rows.sort_unstable_by_key(|change| change.position);
        let watches = self.watched.is_some() && self.principal.rights.of(Capability::Conversations).1 == Reach::Group;
        for change in rows {
            if let Some(gone) = change.gone {
                // Whoever could not read it need not learn that it was there.
                if self.app.could_read(self.principal, &change) {
                    let (conversation, why) = (gone.name.into(), Some(gone.into()));
                    self.connection.feed(&ServerFrame::Removed { conversation, why, at: Some(change.at.0) }).await?;
                }
                continue;
            }
            let row = match self.app.changed_row(self.principal, &change).await {
                Ok(row) => row,
                // Deleted since: that is told by itself.
                Err(app::Error::NotFound) => continue,
                Err(error) => {
                    self.connection.refuse(error.into()).await?;
                    continue;
                }
            };
            let frame = match row {
                Some(row) => match self.row(row).await {
                    Ok(row) => ServerFrame::Conversation(row),
                    Err(_) => continue,
                },
                // Whoever watches for their groups hears of every change, and need not learn which other conversations there
                // are. Everybody else is told because they had it: also where who had it in between is not known any more.
                None if watches && !self.app.could_read(self.principal, &change) => continue,
                None => match self.app.name_of(self.principal, change.conversation).await {
                    Ok(name) => ServerFrame::Removed { conversation: name.into(), why: None, at: None },
                    Err(_) => continue,
                },
            };
            self.connection.feed(&frame).await?;
        }
        let wait = match self.counted_at.map(|at| at.elapsed()) {
            Some(since) if since < COUNTS_EVERY => Some(COUNTS_EVERY - since),
            _ => {
                self.tell_counts().await?;
                None
            }
        };
        self.connection.flush().await?;
        Ok(wait)
    }

    /// Tells that a colleague calls, where it is theirs to read: what came over the bus is not believed.
    pub(super) async fn called(&mut self, id: ConversationId, by: OperatorId, why: Call) -> Result<(), Gone> {
        let Ok(name) = self.app.name_of(self.principal, id).await else { return Ok(()) };
        let Ok(row) = self.app.summary(self.principal, name).await else { return Ok(()) };
        let Ok(person) = self.app.person(self.principal.organisation, by).await else { return Ok(()) };
        if let Ok(row) = self.row(row).await {
            let conversation = row.id;
            self.connection.feed(&ServerFrame::Conversation(row)).await?;
            let name = person.display.reveal().into();
            let called = ServerFrame::Called { conversation, why: why.into(), name };
            self.connection.feed(&called).await?;
        }
        Ok(())
    }

    pub(super) async fn tell_counts(&mut self) -> Result<(), Gone> {
        self.counted_at = Some(Instant::now());
        match entries::counts(&self.app, self.principal).await {
            Ok(counts) if self.counts != Some(counts) => {
                self.counts = Some(counts);
                self.connection.feed(&ServerFrame::Counts(counts)).await
            }
            // Counts that cannot be had now come with the next change.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
