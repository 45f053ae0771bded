//! Deletions that a place has and this database does not know: it was restored while that place was away, or from before them. They
//! are done again where somebody says so, and not by themselves: what lies there may also be of a copy of this installation
//! that somebody tries out beside it.

use domain::audit::{Detail, Kind};
use domain::erasure::What;
use places::{Error as PlaceError, Write};
use store::backup::Replayed;
use store::journal::Entry;

use super::{last, name, read, sealed};
use crate::backup::refused;
use crate::places::{Failed, Placed};
use crate::{App, Error};

type Outcome<T> = std::result::Result<T, Failed>;

impl App {
    /// Whether a place goes on otherwise than the journal here where the two part. Reads one entry at most.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn has_unknown_deletions(&self, placed: &Placed) -> Outcome<bool> {
        let next = self.reached(placed).await? + 1;
        let Some(theirs) = read(placed, &self.secrets.backup_key(), next).await? else { return Ok(false) };
        Ok(self.line(placed, next).await? != Some(theirs))
    }

    /// What a place has of deletions that this database does not know, with their numbers there.
    ///
    /// # Errors
    /// [`Failed`], also where the database does not answer.
    pub async fn unknown_deletions(&self, placed: &Placed) -> Outcome<Vec<(i64, Entry)>> {
        let root = self.secrets.backup_key();
        let mut unknown = Vec::new();
        for number in self.reached(placed).await? + 1..=last(placed).await? {
            let Some(theirs) = read(placed, &root, number).await? else { continue };
            if self.line(placed, number).await?.as_ref() == Some(&theirs) {
                continue;
            }
            let entry = Entry::read(&theirs.bytes).filter(|(told, _)| *told == number);
            let (_, entry) = entry.ok_or_else(|| refused(placed, &name(number), "it is no entry of a journal"))?;
            unknown.push((number, entry));
        }
        Ok(unknown)
    }

    /// Does them again: destroys their keys, deletes what is left of them, adds them to the journal here, and puts that in the
    /// place of theirs. To be repeated where it was broken off: what was done is found done.
    ///
    /// # Errors
    /// As [`Self::unknown_deletions`].
    pub async fn take_in_deletions(&self, placed: &Placed) -> Outcome<Replayed> {
        let unknown = self.unknown_deletions(placed).await?;
        let here = |error: Error| here(placed, &error);
        for (_, entry) in &unknown {
            self.may_be_taken_in(entry).await.map_err(here)?;
        }
        let mut replayed = Replayed::default();
        for (_, entry) in &unknown {
            let went = self.take_in(entry).await.map_err(here)?;
            replayed.conversations += went.conversations;
            replayed.rest_lost += went.rest_lost;
        }
        // From here on they stand in the journal behind its other entries, so theirs may give way.
        let root = self.secrets.backup_key();
        for (number, _) in &unknown {
            let Some(line) = self.line(placed, *number).await? else { continue };
            placed.put(&name(*number), sealed(&root, &line), Write::Replace).await?;
            if read(placed, &root, *number).await?.as_ref() != Some(&line) {
                return Err(refused(placed, &name(*number), "it is not there as it was written"));
            }
        }
        let count = i64::try_from(unknown.len()).unwrap_or(i64::MAX);
        let details = [Detail::is("place", placed.name.clone()), Detail::is("entries", count)];
        for organisation in self.store.organisations().await.map_err(|error| here(error.into()))? {
            let store = self.store.audited(self.by_command_line());
            let told = store.note(organisation.id, Kind::BackupRestored, None, details.to_vec()).await;
            told.map_err(|error| here(error.into()))?;
        }
        Ok(replayed)
    }

    /// Whether an entry can be done again without more ado. An organisation that stands here, and whose day has not come, may have
    /// ended in a copy of this installation only: nobody loses all of it by a command that names none.
    async fn may_be_taken_in(&self, entry: &Entry) -> crate::Result<()> {
        let number = self.store.organisation_number(entry.organisation.1).await?;
        let (What::Organisation, Some(organisation)) = (entry.what, number) else { return Ok(()) };
        let standing = self.store.closing(organisation, self.now()).await?;
        let has_come =
            |closing: &store::erasure::Erasure| closing.name == entry.erasure && closing.destroy_at <= self.now();
        if standing.held == 0 && standing.closing.as_ref().is_some_and(has_come) {
            return Ok(());
        }
        Err(Error::Conflict(
            "an organisation ended there that stands here: close it with `diskret organisation close` first",
        ))
    }

    async fn take_in(&self, entry: &Entry) -> crate::Result<Replayed> {
        let (_, named) = entry.organisation;
        let organisation = self.store.organisation_number(named).await?;
        if let Some(organisation) = organisation {
            self.keyring.shred(organisation, &entry.keys).await?;
            for portion in entry.keys.chunks(500) {
                self.bus.tell_others(&bus::Notice::Shred(portion.to_vec()));
            }
            if entry.what == What::Organisation {
                while !self.keyring.store().delete_organisation_keys(organisation).await?.0 {}
                self.keyring.forget_organisation(organisation);
                self.store.replay_organisation(organisation).await?;
            }
        }
        let organisation = (organisation.unwrap_or(domain::OrganisationId(0)), named);
        // First, so that the deletion goes on to its receipt under the number that it has here.
        let head = self.store.append_journal(Entry { organisation, at: self.now(), ..entry.clone() }).await?;
        Ok(self.store.replay(head.number, entry.clone(), self.now()).await?)
    }

    async fn reached(&self, placed: &Placed) -> Outcome<i64> {
        let reached = self.journal_reached().await.map_err(|error| here(placed, &error))?;
        Ok(reached.places.iter().find(|reached| reached.place == placed.name).map_or(0, |reached| reached.upto))
    }

    /// The line here that has this number.
    async fn line(&self, placed: &Placed, number: i64) -> Outcome<Option<store::journal::Line>> {
        let lines = self.store.journal_after(number - 1, 1).await.map_err(|error| here(placed, &error.into()))?;
        Ok(lines.into_iter().find(|line| line.number == number))
    }
}

fn here(placed: &Placed, error: &Error) -> Failed {
    placed.failed(PlaceError::Away(format!("this database: {error}")))
}
