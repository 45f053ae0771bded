//! Puts an installation back onto an empty machine: secrets from the recovery key, the data of one backup, the newest keys, and
//! then what the journal says was deleted since. Nobody is served before that is through, here or at another node.

mod find;
mod folder;
mod replay;

use std::io;
use std::path::{Path, PathBuf};

use domain::audit::{Actor, Detail, Kind, Origin};
use domain::{Clock, Timestamp};
use privacy::envelope::OpenKey;
use privacy::keys::RawKey;
use store::backup::{Filling, Replayed, Which};
use store::{KeyStore, Location, Settings, Store};

use self::find::Chosen;
pub use self::folder::{MARKER, is_half_restored};
use super::check;
use super::manifest::root_of_epoch;
use super::set::Set;
use crate::places::{Failed, Placed};
use crate::secrets::{Secrets, SecretsError};

/// What is to be restored, and whereto.
pub struct Order<'o> {
    /// The places, the one that is asked first before the others.
    pub from: &'o [Placed],
    /// The officer's key.
    pub recovery: &'o OpenKey,
    /// The names of the backups to be taken, of the data or of the keys; the newest one where none is given.
    pub named: &'o [domain::PublicId],
    /// The last entry of the journal of deletions, where it is known that those behind it are lost with a place.
    pub journal: Option<i64>,
    /// The installation's public key, where somebody knows it from elsewhere.
    pub evidence: Option<[u8; 32]>,
    /// The installation's folder, which must be empty.
    pub folder: &'o Path,
    /// The databases, which must be empty.
    pub locations: (Location, Location),
    /// How they are used.
    pub settings: Settings,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// This backup was chosen, of keys or of data: bytes and rows.
    Chosen(Set, u64, u64),
    /// So many of so many bytes are through.
    Bytes(u64, u64),
    /// A file was refused; another place is asked.
    Refused(Failed),
    /// So many entries of the journal are done again.
    Journal(u64),
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup of the data: what happened after it is lost.
    pub data: Set,
    /// The backup of the keys.
    pub keys: Set,
    /// Rows of the data.
    pub rows: u64,
    /// The public half of the key that signed them, to be compared.
    pub signed_by: [u8; 32],
    /// Entries of the journal that were done again.
    pub journal: u64,
    /// What went by them.
    pub replayed: Replayed,
    /// Organisations that were founded after the backup of the data: their keys open nothing, and were deleted.
    pub strangers: u64,
}

/// Why nothing was restored, or not all.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// A place refused, or what lies there is not what was written.
    #[error("{0}")]
    Place(Failed),
    /// Nothing that can be restored lies at any place.
    #[error("no place has {0}")]
    Nothing(&'static str),
    /// The newest backup cannot be restored.
    #[error("{0}; where an older backup will do, name it: `--backup NAME`")]
    Newest(Failed),
    /// A newer backup was made than lies at these places.
    #[error(
        "a newer backup of the data was made than {}, of {}: {}, of {}; where the older one will do, name it: `--backup {}`",
        taken.name, taken.at, newest.name, newest.at, taken.name
    )]
    Older {
        /// The newest one that lies there.
        taken: Set,
        /// The newest one.
        newest: Set,
    },
    /// The journal at the places lacks its end.
    #[error(
        "the journal of deletions ends at entry {ends}, and there were {there_were}: what the others deleted would come back; \
         where they are lost for good, say so: `--journal {ends}`"
    )]
    JournalEnds {
        /// Its last entry at the places.
        ends: i64,
        /// The last entry that a place had when the keys were backed up.
        there_were: i64,
    },
    /// The recovery key is that of another installation.
    #[error(
        "this recovery key does not open what lies at the places: it is that of another installation, or an older one"
    )]
    WrongKey,
    /// The backup was signed by another key than was asked for.
    #[error("the backup is signed by {0}, and not by the key that you named")]
    OtherSignature(String),
    /// The folder is not empty.
    #[error("{0} is not empty: a restore needs an empty folder")]
    NotEmpty(PathBuf),
    /// What was written differs from what the backup says.
    #[error("what was restored is not what the backup says of itself: {0}")]
    Differs(&'static str),
    /// The folder cannot be written.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// The secrets cannot be written.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A database.
    #[error("{0}")]
    Store(#[from] store::Error),
}

impl From<Failed> for NotRestored {
    fn from(failed: Failed) -> Self {
        Self::Place(failed)
    }
}

type Outcome<T> = Result<T, NotRestored>;

/// Restores. One that was broken off is begun anew by the same order. Nothing where it was through before, and only its marks
/// were still there.
///
/// # Errors
/// [`NotRestored`]; the folder says that it is half restored then.
pub async fn restore(
    order: &Order<'_>,
    clock: &dyn Clock,
    mut tell: impl FnMut(Progress) + Send,
) -> Outcome<Option<Restored>> {
    let begun = folder::begin(order.folder)?;
    if begun.is_through {
        let (store, key_store) = open(order).await?;
        end(order, &store, &key_store, clock.now()).await?;
        return Ok(None);
    }
    let (packed, epochs) = find::secrets(order, &mut tell).await?;
    let roots: Vec<(i64, RawKey)> = epochs.iter().map(|(epoch, key)| (*epoch, root_of_epoch(key))).collect();
    let keys = find::newest(order, Which::Keys, Timestamp(i64::MAX), (&roots, clock.now()), &mut tell).await?;
    // Older epochs are over: a place that was away may still have their keys.
    let living: Vec<(i64, RawKey)> = epochs.into_iter().filter(|(epoch, _)| Some(*epoch) >= keys.set.epoch).collect();
    let folder = order.folder.join("secrets");
    Secrets::unpack(&folder, &packed, &living)?;
    let secrets = Secrets::load(&folder, false)?;
    // Those keys are from after the data: they open all of them.
    let root = [(0, secrets.backup_key())];
    let data = find::newest(order, Which::Data, keys.set.at, (&root, clock.now()), &mut tell).await?;
    find::is_newest(order, &keys, &data)?;
    let signed_by = find::signed_by(order, &[&keys.manifest, &data.manifest], &secrets.signing_key())?;
    let filling =
        Filling::open((&order.locations.0, order.settings), Which::Data, &data.manifest.migrations, &begun.id).await?;
    // Both are found empty before anything is written to either.
    let key_filling =
        Filling::open((&order.locations.1, order.settings), Which::Keys, &keys.manifest.migrations, &begun.id).await;
    let key_filling = match key_filling {
        Ok(key_filling) => key_filling,
        Err(error) => {
            filling.give_up().await?;
            return Err(error.into());
        }
    };
    // Keys last: without their data they would look unused.
    fill(order, &data, filling, &mut tell).await?;
    fill(order, &keys, key_filling, &mut tell).await?;

    let (store, key_store) = open(order).await?;
    key_store.begin_anew(clock.now()).await?;
    let done = replay::replay(order, &store, &key_store, &secrets.backup_key(), clock.now(), &mut tell).await?;
    let (ends, there_were) = (done.head.number, keys.manifest.journal);
    if ends < there_were && order.journal != Some(ends) {
        return Err(NotRestored::JournalEnds { ends, there_were });
    }
    // It opened what lay there.
    let public = order.recovery.public();
    store.tag_recovery(public, secrets.recovery_tag(&public)).await?;
    let known = store.organisations().await?.into_iter().map(|organisation| organisation.id).collect();
    let strangers = key_store.forget_all_but(known).await?;
    tell_logs(&store, (&data, &keys, ends), clock.now()).await?;
    folder::through(order.folder)?;
    end(order, &store, &key_store, clock.now()).await?;
    Ok(Some(Restored {
        rows: data.manifest.rows(),
        data: data.set,
        keys: keys.set,
        signed_by,
        journal: done.entries,
        replayed: done.replayed,
        strangers,
    }))
}

async fn open(order: &Order<'_>) -> Outcome<(Store, KeyStore)> {
    let settings = Settings { for_restore: true, ..order.settings };
    Ok((Store::open(&order.locations.0, settings).await?, KeyStore::open(&order.locations.1, settings).await?))
}

/// Takes the marks away: from here on it is served.
async fn end(order: &Order<'_>, store: &Store, keys: &KeyStore, now: Timestamp) -> Outcome<()> {
    keys.end_restore(now).await?;
    store.end_restore(now).await?;
    store.close().await;
    keys.close().await;
    folder::end(order.folder)
}

type Tell<'t> = &'t mut (dyn FnMut(Progress) + Send);

/// Fills a database, each part from the first place that has it as it was written.
async fn fill(order: &Order<'_>, chosen: &Chosen, mut filling: Filling, tell: Tell<'_>) -> Outcome<()> {
    let Chosen { set, manifest, root } = chosen;
    let mut through = 0;
    for (index, told) in manifest.parts.iter().enumerate() {
        let mut refused = None;
        let mut found = None;
        for placed in order.from {
            match check::part(placed, set, index + 1, told, root).await {
                Ok(part) => {
                    found = Some(part);
                    break;
                }
                Err(failed) => {
                    tell(Progress::Refused(failed.clone()));
                    refused = Some(failed);
                }
            }
        }
        match (found, refused) {
            (Some(part), _) => filling.feed(&part).await?,
            (None, Some(failed)) => return Err(failed.into()),
            (None, None) => return Err(NotRestored::Nothing("anything")),
        }
        through += told.bytes;
        tell(Progress::Bytes(through, manifest.bytes()));
    }
    if manifest.counts(&filling.finish().await?) { Ok(()) } else { Err(NotRestored::Differs("rows or their digests")) }
}

/// In every organisation's log: what state it is, and that rights are those of then.
async fn tell_logs(store: &Store, (data, keys, journal): (&Chosen, &Chosen, i64), now: Timestamp) -> Outcome<()> {
    let details =
        vec![Detail::is("data_of", data.set.at), Detail::is("keys_of", keys.set.at), Detail::is("journal", journal)];
    for organisation in store.organisations().await? {
        #[expect(clippy::disallowed_methods, reason = "there is no application yet that would say who acts")]
        let by = store::audit::By::new(Actor::CommandLine, Origin::CommandLine, now);
        store.audited(by).note(organisation.id, Kind::BackupRestored, None, details.clone()).await?;
    }
    Ok(())
}
