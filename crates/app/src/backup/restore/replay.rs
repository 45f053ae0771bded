//! Does again what was deleted since the backup.

use domain::erasure::What;
use domain::{OrganisationId, Timestamp};
use privacy::keys::RawKey;
use store::backup::Replayed;
use store::journal::{Entry, Head, Line};
use store::{KeyStore, Store};

use super::{NotRestored, Order, Outcome, Progress, Tell};
use crate::backup::check;
use crate::journal;
use crate::places::Placed;

/// What was done again.
pub(super) struct Done {
    /// Entries.
    pub(super) entries: u64,
    /// What went by them.
    pub(super) replayed: Replayed,
    /// Where the journal ends.
    pub(super) head: Head,
}

/// Does again what was deleted since the backup, and goes on with the journal where the places have it.
pub(super) async fn replay(
    order: &Order<'_>,
    store: &Store,
    keys: &KeyStore,
    root: &RawKey,
    now: Timestamp,
    tell: Tell<'_>,
) -> Outcome<Done> {
    let (mut done, mut replayed) = (0, Replayed::default());
    let mut head = store.journal_head().await?;
    while let Some((placed, line)) = line(order, root, head.number + 1, tell).await? {
        let changed = || NotRestored::Place(check::refused(placed, "journal", "it does not follow from the backup"));
        let Some((_, entry)) = Entry::read(&line.bytes).filter(|(number, _)| *number == line.number) else {
            return Err(changed());
        };
        if !line.follows(&head.hash) {
            return Err(changed());
        }
        let organisation = store.organisation_number(entry.organisation.1).await?;
        if let Some(organisation) = organisation {
            keys.delete_keys(organisation, entry.keys.clone(), now).await?;
            if entry.what == What::Organisation {
                while !keys.delete_organisation_keys(organisation).await?.0 {}
                store.replay_organisation(organisation).await?;
            }
        }
        let at = entry.at;
        let went = store.replay(line.number, entry, now).await?;
        replayed.conversations += went.conversations;
        replayed.rest_lost += went.rest_lost;
        head = Head { number: line.number, hash: line.hash };
        // Last: what is in the journal here was done here.
        store.continue_journal(vec![(line, organisation.unwrap_or(OrganisationId(0)), at)]).await?;
        done += 1;
        tell(Progress::Journal(done));
    }
    Ok(Done { entries: done, replayed, head })
}

/// A line from the first place that has it. A gap is an error: somebody took a line away.
async fn line<'o>(
    order: &'o Order<'_>,
    root: &RawKey,
    number: i64,
    tell: Tell<'_>,
) -> Outcome<Option<(&'o Placed, Line)>> {
    let (mut refused, mut last) = (None, 0);
    for placed in order.from {
        let found = async {
            match journal::read(placed, root, number).await? {
                Some(line) => Ok(Ok(line)),
                None => journal::last(placed).await.map(Err),
            }
        };
        match found.await {
            Ok(Ok(line)) => return Ok(Some((placed, line))),
            Ok(Err(here)) => last = last.max(here),
            Err(failed) => {
                tell(Progress::Refused(failed.clone()));
                refused = Some(failed);
            }
        }
    }
    match refused {
        // A place that does not answer may have it: whoever has lost that place leaves it out of the order.
        Some(failed) => Err(failed.into()),
        None if last >= number => Err(NotRestored::Nothing("an entry of the journal of deletions that must be there")),
        None => Ok(None),
    }
}
