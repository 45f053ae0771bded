//! Backups: made from one state of each database, sealed, taken to two places and read back there (requirement E4). Data and
//! keys are apart: those of the data never hold a key, and those of the keys die with their epoch.

mod check;
mod due;
mod look;
mod manifest;
mod read;
pub mod recovery;
pub mod restore;
mod room;
mod send;
mod set;
mod spool;
mod standing;

use std::time::Duration;

use domain::audit::Kind;
use domain::limits::{BACKUP_EVERY, KEYS_KEPT};
use domain::{OperatorId, OrganisationId};
use futures_util::future::join_all;
use privacy::keys::RawKey;
use privacy::random;
use store::audit::Occasion;
pub use store::backup::Which;
use store::backup::{Copying, Noted, Size};

pub(crate) use self::check::refused;
pub use self::look::Overview;
use self::manifest::Known;
pub use self::manifest::{Manifest, Part, Table};
pub use self::set::Set;
use self::spool::{Making, Spooled};
pub(crate) use self::standing::Standing;
use crate::places::{Failed, Placed, Places};
use crate::{App, Error, Result};

/// A backup that one place lacks is kept here for so long, in case that comes back.
const KEPT_HERE: Duration = BACKUP_EVERY;

/// What is said while the keys are being wrapped anew.
const TURNING: &str = "the keys are being wrapped anew: try again a little later";

/// What became of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Which one.
    pub set: Set,
    /// Bytes of its parts.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// The places that have it, read back.
    pub verified: Vec<String>,
    /// The places that do not, and why.
    pub pending: Vec<Failed>,
}

/// A backup as it lies at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lying {
    /// The place's name.
    pub place: String,
    /// Which one.
    pub set: Set,
    /// Whether its list is there. Without, it is none.
    pub is_complete: bool,
}

impl App {
    /// Makes a backup of the data or of the keys, takes it to all places and reads it back there.
    ///
    /// # Errors
    /// [`Error::Conflict`] where no place is named, those of the stores, and where this machine's disk is full. A place that
    /// fails is told in the answer.
    pub async fn back_up(&self, which: Which, asked_by: Option<OperatorId>) -> Result<Made> {
        let places = self.named_places()?;
        if which == Which::Keys {
            // Nothing is noted of one that cannot be made yet.
            drop(self.copying_keys().await?);
        }
        let name = random::public_id();
        self.store.begin_backup(name, which, asked_by, self.now()).await?;
        let made = self.make(places, name, which).await;
        let failure = match &made {
            Err(error) => Some(error.to_string()),
            Ok(made) if made.verified.is_empty() => {
                Some(made.pending.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
            Ok(_) => None,
        };
        match &failure {
            Some(failure) => {
                tracing::error!(?which, failure, "a backup was not made");
                self.store.fail_backup(name, failure.clone()).await?;
                self.tell_of_failure(which).await?;
            }
            None if which == Which::Data => self.tell_of_backup(Kind::BackupMade).await?,
            None => {}
        }
        made
    }

    async fn make(&self, places: &Places, name: domain::PublicId, which: Which) -> Result<Made> {
        let (set, root, copying, known) = match which {
            Which::Data => {
                let mut copying = self.store.copying().await?;
                let journal = copying.journal_number().await?;
                // Behind the state, as that of keys is before it: keys that are not older than data open all of them.
                let at = self.now();
                (Set { at, name, epoch: None }, self.secrets.backup_key(), copying, Known { journal, data: None })
            }
            Which::Keys => {
                // Before the state is held: a place may take its time.
                self.see_to_recovery().await;
                let (known, at) = (self.known_at_places().await?, self.now());
                let mut copying = self.copying_keys().await?;
                let epoch = copying.epoch().await?;
                (Set { at, name, epoch: Some(epoch) }, self.root(Some(epoch))?, copying, known)
            }
        };
        let (key, journal) = (self.secrets.signing_key(), known.journal);
        let making = Making { root: &root, key: &key, known, expected: self.expected(which).await? };
        let (spooled, manifest) = spool::write(&places.spool, set, making, copying).await?;
        let size =
            Size { bytes: manifest.bytes() as i64, rows: manifest.rows() as i64, journal, epoch: spooled.set.epoch };
        self.store.end_backup(name, size, self.now()).await?;
        let (verified, pending) = self.send(places, &spooled, &root).await?;
        let made = Made { set: spooled.set.clone(), bytes: manifest.bytes(), rows: manifest.rows(), verified, pending };
        if made.pending.is_empty() {
            spooled.remove()?;
        }
        Ok(made)
    }

    /// The bytes that a backup is going to take, as far as can be said before.
    async fn expected(&self, which: Which) -> Result<u64> {
        let latest = self.store.backups(which, 50).await?;
        let last = latest.into_iter().find(|noted| noted.done_at.is_some()).map(|noted| noted.bytes);
        let database = match which {
            Which::Data => self.store.size().await?,
            Which::Keys => self.keyring.store().size().await?,
        };
        Ok(room::expected(last, database))
    }

    /// What a restore must find at the places, or be told that it is lost.
    async fn known_at_places(&self) -> Result<Known> {
        let journal = self.store.journal_places().await?.into_iter().map(|(_, upto, _)| upto).max().unwrap_or(0);
        let data = self.store.backups(Which::Data, 50).await?.into_iter().find(|noted| !noted.places.is_empty());
        let leaf = |noted: Noted| Set { at: noted.begun_at, name: noted.name, epoch: None }.leaf();
        Ok(Known { journal, data: data.map(leaf) })
    }

    async fn copying_keys(&self) -> Result<Copying> {
        match self.keyring.store().copying().await {
            Err(store::Error::Fence) => Err(Error::Conflict(TURNING)),
            other => Ok(other?),
        }
    }

    /// Takes what a place still lacks to it. Says what is left.
    ///
    /// # Errors
    /// Those of the store and of this machine's disk.
    pub async fn finish_backups(&self, which: Which) -> Result<Vec<Made>> {
        let places = self.named_places()?;
        let mut left = Vec::new();
        for spooled in spool::left(&places.spool, which).map_err(|_| Error::Unavailable)? {
            let Ok(root) = self.root(spooled.set.epoch) else {
                // Of an epoch that has gone: it opens for nobody.
                spooled.remove()?;
                continue;
            };
            let (verified, pending) = self.send(places, &spooled, &root).await?;
            let is_old = spooled.set.at.plus(KEPT_HERE) <= self.now();
            if pending.is_empty() || is_old {
                for failed in &pending {
                    tracing::error!(%failed, backup = spooled.set.leaf(), "a place goes without a backup");
                }
                spooled.remove()?;
            } else {
                left.push(Made { set: spooled.set.clone(), bytes: 0, rows: 0, verified, pending });
            }
        }
        Ok(left)
    }

    /// Takes to the places what lies on this machine, whichever node makes the backups now, and reads there what it is time to
    /// read.
    ///
    /// # Errors
    /// As [`Self::finish_backups`] and [`Self::read_backups`].
    pub async fn finish_spooled(&self) -> Result<()> {
        if !self.places().is_empty() {
            for which in [Which::Keys, Which::Data] {
                self.finish_backups(which).await?;
            }
        }
        self.read_backups().await
    }

    /// To all places at once; each is tidied up once it has it.
    async fn send(&self, places: &Places, spooled: &Spooled, root: &RawKey) -> Result<(Vec<String>, Vec<Failed>)> {
        let (set, which) = (&spooled.set, spooled.set.which());
        let kept = match which {
            Which::Data => places.keep,
            Which::Keys => KEYS_KEPT,
        };
        let before = (self.now().minus(kept), self.now());
        let sent = join_all(places.all.iter().map(async |placed| {
            let sent = send::send(placed, spooled, root).await;
            let gone = match &sent {
                Ok(_) => send::tidy(placed, which, before).await.unwrap_or_else(|failed| {
                    tracing::warn!(%failed, "old backups could not be deleted");
                    Vec::new()
                }),
                Err(_) => Vec::new(),
            };
            (placed, sent, gone)
        }));
        let (mut verified, mut pending) = (Vec::new(), Vec::new());
        for (placed, sent, gone) in sent.await {
            for old in gone {
                self.store.note_backup_place(old.name, placed.name.clone(), None).await?;
            }
            self.note(placed, sent.as_ref().err()).await?;
            match sent {
                Ok(_) => {
                    self.store.note_backup_place(set.name, placed.name.clone(), Some(self.now())).await?;
                    verified.push(placed.name.clone());
                }
                Err(failed) => {
                    tracing::warn!(%failed, backup = set.leaf(), "a place lacks a backup");
                    pending.push(failed);
                }
            }
        }
        if which == Which::Data {
            self.expire_journal().await?;
        }
        Ok((verified, pending))
    }

    /// Notes how a place was when it was asked.
    pub(crate) async fn note(&self, placed: &Placed, failed: Option<&Failed>) -> Result<()> {
        let within = [&placed.within.country, &placed.within.site, &placed.within.company].map(Clone::clone);
        let why = failed.map(|failed| failed.error.to_string());
        Ok(self.store.note_place(placed.name.clone(), within, why, self.now()).await?)
    }

    /// The latest backups, the last one first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn latest_backups(&self, which: Which, most: i64) -> Result<Vec<Noted>> {
        Ok(self.store.backups(which, most).await?)
    }

    /// What lies at a place.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn backups_at(&self, placed: &Placed, which: Which) -> std::result::Result<Vec<Lying>, Failed> {
        let sets = check::sets(placed, which).await?;
        let lying = |(set, is_complete)| Lying { place: placed.name.clone(), set, is_complete };
        Ok(sets.into_iter().map(lying).collect())
    }

    /// Reads all of a backup at a place. What was changed is refused by the file's name.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn verify_backup(&self, placed: &Placed, set: &Set) -> std::result::Result<Manifest, Failed> {
        let gone = || check::refused(placed, &set.manifest(), "the key of its epoch is gone");
        let manifest = check::all(placed, set, &self.root(set.epoch).map_err(|_| gone())?).await?;
        if manifest.key != data_encoding::HEXLOWER.encode(&self.audit_key()) {
            return Err(check::refused(placed, &set.manifest(), "another installation signed it"));
        }
        Ok(manifest)
    }

    /// What seals backups of the data, or of the keys of an epoch.
    fn root(&self, epoch: Option<i64>) -> Result<RawKey> {
        let Some(epoch) = epoch else { return Ok(self.secrets.backup_key()) };
        let held = self.secrets.epochs().exposed();
        let (_, key) = held.iter().find(|(held, _)| *held == epoch).ok_or(Error::NotFound)?;
        Ok(manifest::root_of_epoch(key))
    }

    fn named_places(&self) -> Result<&Places> {
        let none = Error::Conflict("no place for backups is named: set `place_a` and `place_b`");
        self.places.get().filter(|places| !places.all.is_empty()).ok_or(none)
    }

    /// In every organisation's log, once an hour: it is tried again and again.
    async fn tell_of_failure(&self, which: Which) -> Result<()> {
        for organisation in self.store.organisations().await? {
            let occasion = Occasion {
                organisation: organisation.id,
                operator: OperatorId(0),
                kind: Kind::BackupFailed,
                subject: which as i64,
                about: None,
                details: Vec::new(),
            };
            self.store.audited(self.by_house()).once(occasion).await?;
        }
        Ok(())
    }

    /// In every organisation's log: it is their data.
    async fn tell_of_backup(&self, kind: Kind) -> Result<()> {
        let all: Vec<OrganisationId> = self.store.organisations().await?.iter().map(|found| found.id).collect();
        for organisation in all {
            self.store.audited(self.by_house()).note(organisation, kind, None, Vec::new()).await?;
        }
        Ok(())
    }
}
