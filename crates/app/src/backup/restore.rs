//! Puts an installation back onto an empty machine: secrets from the recovery key, the newest keys, the data of one backup, and
//! then what the journal says was deleted since. Nobody is served before that is through.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use domain::audit::{Actor, Kind, Origin};
use domain::erasure::What;
use domain::{Clock, OrganisationId, Timestamp};
use privacy::chain::SigningKey;
use privacy::envelope::OpenKey;
use privacy::keys::RawKey;
use store::backup::{Filling, Replayed, Which};
use store::journal::{Entry, Line};
use store::{KeyStore, Location, Settings, Store};

use super::check;
use super::manifest::{Manifest, root_of_epoch};
use super::recovery::{EPOCHS, PURPOSE, SECRETS};
use super::set::Set;
use crate::epoch::{RECOVERY, unpack};
use crate::journal;
use crate::places::{Failed, Placed};
use crate::secrets::{Secrets, SecretsError};

/// While this file is there, the installation is half restored, and nobody may be served.
pub const MARKER: &str = "restoring";

/// What is to be restored, and whereto.
pub struct Order<'o> {
    /// The places, the one that is asked first before the others.
    pub from: &'o [Placed],
    /// The officer's key.
    pub recovery: &'o OpenKey,
    /// The name of the backup of the data; the newest one where none is given.
    pub backup: Option<domain::PublicId>,
    /// The installation's public key, where somebody knows it from elsewhere.
    pub evidence: Option<[u8; 32]>,
    /// The installation's folder, which must be empty.
    pub folder: &'o Path,
    /// The databases, which must be empty.
    pub locations: (Location, Location),
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

/// Restores. One that was broken off is begun anew by the same order.
///
/// # Errors
/// [`NotRestored`]; the folder says that it is half restored then.
pub async fn restore(order: &Order<'_>, clock: &dyn Clock, mut tell: impl FnMut(Progress) + Send) -> Outcome<Restored> {
    begin(order.folder)?;
    let (packed, epochs) = secrets(order, &mut tell).await?;
    let roots: Vec<(i64, RawKey)> = epochs.iter().map(|(epoch, key)| (*epoch, root_of_epoch(key))).collect();
    let keys = newest(order, Which::Keys, Timestamp(i64::MAX), &roots, &mut tell).await?;
    // Older epochs are over: a place that was away may still have their keys.
    let living: Vec<(i64, RawKey)> = epochs.into_iter().filter(|(epoch, _)| Some(*epoch) >= keys.set.epoch).collect();
    let folder = order.folder.join("secrets");
    Secrets::unpack(&folder, &packed, &living)?;
    let secrets = Secrets::load(&folder, false)?;
    // Keys are there before anything is sealed with them: those from after the data open all of them.
    let data = newest(order, Which::Data, keys.set.at, &[(0, secrets.backup_key())], &mut tell).await?;
    let signed_by = signed_by(order, &[&keys.manifest, &data.manifest], &secrets.signing_key())?;
    fill(order, &keys, &order.locations.1, &mut tell).await?;
    fill(order, &data, &order.locations.0, &mut tell).await?;

    let store = Store::open(&order.locations.0, Settings::default()).await?;
    let key_store = KeyStore::open(&order.locations.1, Settings::default()).await?;
    key_store.forget_nodes().await?;
    let (journal, replayed) = replay(order, &store, &key_store, &secrets.backup_key(), clock.now(), &mut tell).await?;
    tell_logs(&store, clock.now()).await?;
    store.close().await;
    key_store.close().await;
    end(order.folder)?;
    Ok(Restored { rows: data.manifest.rows(), data: data.set, keys: keys.set, signed_by, journal, replayed })
}

/// Marks the folder, where it is not marked yet.
fn begin(folder: &Path) -> Outcome<()> {
    let io = |error| NotRestored::Io(folder.to_owned(), error);
    let marker = folder.join(MARKER);
    if marker.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(io)?;
    if fs::read_dir(folder).map_err(io)?.next().is_some() {
        return Err(NotRestored::NotEmpty(folder.to_owned()));
    }
    let file = fs::File::create(&marker).map_err(io)?;
    file.sync_all().and_then(|()| fs::File::open(folder)?.sync_all()).map_err(io)
}

/// By what the marker names a database, without telling its password.
fn mark(location: &Location) -> String {
    let which = match location {
        Location::File(path) => path.display().to_string(),
        Location::Postgres(url) => url.clone(),
    };
    HEXLOWER.encode(&privacy::digest::sha256(which.as_bytes()))
}

/// Whether this restore found the database empty and began to fill it. One that it was refused for, or that it is pointed at
/// only now, is somebody's: nothing in it may be thrown away.
fn is_ours(folder: &Path, location: &Location) -> Outcome<bool> {
    let noted = fs::read_to_string(folder.join(MARKER)).map_err(|error| NotRestored::Io(folder.to_owned(), error))?;
    let mark = mark(location);
    Ok(noted.lines().any(|line| line == mark))
}

/// Notes that the database was found empty, before anything is written to it.
fn note_ours(folder: &Path, location: &Location) -> Outcome<()> {
    use io::Write as _;
    let noted = fs::OpenOptions::new().append(true).open(folder.join(MARKER)).and_then(|mut file| {
        writeln!(file, "{}", mark(location))?;
        file.sync_all()
    });
    noted.map_err(|error| NotRestored::Io(folder.to_owned(), error))
}

fn end(folder: &Path) -> Outcome<()> {
    let gone = fs::remove_file(folder.join(MARKER)).and_then(|()| fs::File::open(folder)?.sync_all());
    gone.map_err(|error| NotRestored::Io(folder.to_owned(), error))
}

type Tell<'t> = &'t mut (dyn FnMut(Progress) + Send);

/// What the recovery key opens: the installation's secrets, and the keys of all epochs that any place still has.
async fn secrets(order: &Order<'_>, tell: Tell<'_>) -> Outcome<(zeroize::Zeroizing<Vec<u8>>, Vec<(i64, RawKey)>)> {
    let (mut packed, mut epochs, mut was_there) = (None, Vec::<(i64, RawKey)>::new(), false);
    for placed in order.from {
        let found = async { Ok::<_, Failed>((placed.get(SECRETS).await?, placed.get(EPOCHS).await?)) };
        let (sealed_secrets, sealed_epochs) = match found.await {
            Ok(found) => found,
            Err(failed) => {
                tell(Progress::Refused(failed));
                continue;
            }
        };
        was_there |= sealed_secrets.is_some();
        let opened = sealed_secrets.and_then(|sealed| order.recovery.open(PURPOSE, &sealed).ok());
        packed = packed.or(opened);
        let opened = sealed_epochs.and_then(|sealed| order.recovery.open(RECOVERY, &sealed).ok());
        for (epoch, key) in opened.and_then(|packed| unpack(&packed)).unwrap_or_default() {
            if epochs.iter().all(|(known, _)| *known != epoch) {
                epochs.push((epoch, key));
            }
        }
    }
    match packed {
        Some(packed) if !epochs.is_empty() => Ok((packed, epochs)),
        _ if was_there => Err(NotRestored::WrongKey),
        _ => Err(NotRestored::Nothing("the secrets of an installation")),
    }
}

/// A backup that was chosen.
struct Chosen {
    set: Set,
    manifest: Manifest,
    root: RawKey,
}

/// The newest complete backup whose list can be read; of the data, the one that was asked for.
async fn newest(
    order: &Order<'_>,
    which: Which,
    latest: Timestamp,
    roots: &[(i64, RawKey)],
    tell: Tell<'_>,
) -> Outcome<Chosen> {
    let mut sets = Vec::new();
    for placed in order.from {
        match check::sets(placed, which).await {
            Ok(found) => sets.extend(found.into_iter().filter(|(_, complete)| *complete).map(|(set, _)| set)),
            Err(failed) => tell(Progress::Refused(failed)),
        }
    }
    sets.sort();
    sets.dedup();
    let is_wanted =
        |set: &Set| set.at <= latest && (which == Which::Keys || order.backup.is_none_or(|name| set.name == name));
    for set in sets.into_iter().rev().filter(is_wanted) {
        // Of an epoch that is over: it opens for nobody.
        let Some((_, root)) = roots.iter().find(|(epoch, _)| set.epoch.is_none_or(|of| of == *epoch)) else { continue };
        for placed in order.from {
            match check::manifest(placed, &set, root).await {
                Ok(manifest) => {
                    tell(Progress::Chosen(set.clone(), manifest.bytes(), manifest.rows()));
                    return Ok(Chosen { set, manifest, root: RawKey::from_bytes(*root.expose()) });
                }
                Err(failed) => tell(Progress::Refused(failed)),
            }
        }
    }
    Err(NotRestored::Nothing(match which {
        Which::Data => "a backup of the data that can be read, and is no newer than its keys",
        Which::Keys => "a backup of the keys that can be opened",
    }))
}

/// Both are signed by one key, which is the installation's and, where somebody named it, theirs.
fn signed_by(order: &Order<'_>, manifests: &[&Manifest], key: &SigningKey) -> Outcome<[u8; 32]> {
    let public = key.public();
    let expected = HEXLOWER.encode(&order.evidence.unwrap_or(public));
    for manifest in manifests {
        if manifest.key != expected {
            return Err(NotRestored::OtherSignature(manifest.key.clone()));
        }
    }
    Ok(public)
}

/// Fills a database, each part from the first place that has it as it was written.
async fn fill(order: &Order<'_>, chosen: &Chosen, location: &Location, tell: Tell<'_>) -> Outcome<()> {
    let Chosen { set, manifest, root } = chosen;
    let again = is_ours(order.folder, location)?;
    let mut filling = Filling::open(location, set.which(), &manifest.migrations, again).await?;
    if !again {
        note_ours(order.folder, location)?;
    }
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

/// Does again what was deleted since the backup, and goes on with the journal where the places have it.
async fn replay(
    order: &Order<'_>,
    store: &Store,
    keys: &KeyStore,
    root: &RawKey,
    now: Timestamp,
    tell: Tell<'_>,
) -> Outcome<(u64, Replayed)> {
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
        let went = store.replay(entry).await?;
        replayed.conversations += went.conversations;
        replayed.rest_lost += went.rest_lost;
        head = store::journal::Head { number: line.number, hash: line.hash };
        // Last: what is in the journal here was done here.
        store.continue_journal(vec![(line, organisation.unwrap_or(OrganisationId(0)), at)]).await?;
        done += 1;
        tell(Progress::Journal(done));
    }
    Ok((done, replayed))
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

/// In every organisation's log.
async fn tell_logs(store: &Store, now: Timestamp) -> Outcome<()> {
    for organisation in store.organisations().await? {
        #[expect(clippy::disallowed_methods, reason = "there is no application yet that would say who acts")]
        let by = store::audit::By::new(Actor::CommandLine, Origin::CommandLine, now);
        store.audited(by).note(organisation.id, Kind::BackupRestored, None, Vec::new()).await?;
    }
    Ok(())
}

/// Whether a folder is half restored.
pub fn is_half_restored(folder: &Path) -> bool {
    folder.join(MARKER).exists()
}
