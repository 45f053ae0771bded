//! What is restored: the secrets that the recovery key opens, and which backup. An older state than the newest is never taken
//! in silence: whoever wants one names it.

use data_encoding::HEXLOWER;
use domain::Timestamp;
use privacy::chain::SigningKey;
use privacy::keys::RawKey;
use store::backup::Which;

use super::{NotRestored, Order, Outcome, Progress, Tell};
use crate::backup::check::{self, AHEAD};
use crate::backup::manifest::Manifest;
use crate::backup::recovery::{EPOCHS, PURPOSE, SECRETS};
use crate::backup::set::Set;
use crate::epoch::{RECOVERY, unpack};
use crate::places::{Failed, Placed};

/// What the recovery key opens: the installation's secrets, and the keys of all epochs that any place still has.
pub(super) async fn secrets(
    order: &Order<'_>,
    tell: Tell<'_>,
) -> Outcome<(zeroize::Zeroizing<Vec<u8>>, Vec<(i64, RawKey)>)> {
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
pub(super) struct Chosen {
    pub(super) set: Set,
    pub(super) manifest: Manifest,
    pub(super) root: RawKey,
}

/// The newest complete backup, or the one that was asked for. Where its list can be read at no place, another one is taken only
/// by its name.
pub(super) async fn newest(
    order: &Order<'_>,
    which: Which,
    latest: Timestamp,
    (roots, now): (&[(i64, RawKey)], Timestamp),
    tell: Tell<'_>,
) -> Outcome<Chosen> {
    let mut sets: Vec<(Set, &Placed)> = Vec::new();
    for placed in order.from {
        match check::sets(placed, which).await {
            Ok(found) => {
                sets.extend(found.into_iter().filter(|(_, complete)| *complete).map(|(set, _)| (set, placed)));
            }
            Err(failed) => tell(Progress::Refused(failed)),
        }
    }
    sets.sort_by(|(a, _), (b, _)| b.cmp(a));
    let is_named = sets.iter().any(|(set, _)| order.named.contains(&set.name));
    let mut refused = None;
    for (set, placed) in sets {
        if set.at > latest || is_named && !order.named.contains(&set.name) {
            continue;
        }
        if !is_named && set.at > now.plus(AHEAD) {
            let ahead = "it says that it was made in the future: whoever wants it names it";
            tell(Progress::Refused(check::refused(placed, &set.manifest(), ahead)));
            continue;
        }
        // Places may hold the same one.
        if refused.as_ref().is_some_and(|(other, _)| *other != set) {
            break;
        }
        let Some((_, root)) = roots.iter().find(|(epoch, _)| set.epoch.is_none_or(|of| of == *epoch)) else {
            // Of an epoch that is over, it opens for nobody; of a newer one than any key here, something was kept back.
            if roots.iter().all(|(epoch, _)| set.epoch.is_some_and(|of| *epoch < of)) {
                let lacking = check::refused(placed, &set.manifest(), "no place has the key of its epoch");
                tell(Progress::Refused(lacking.clone()));
                refused = Some((set, lacking));
            }
            continue;
        };
        match check::manifest(placed, &set, root).await {
            Ok(manifest) => {
                tell(Progress::Chosen(set.clone(), manifest.bytes(), manifest.rows()));
                return Ok(Chosen { set, manifest, root: RawKey::from_bytes(*root.expose()) });
            }
            Err(failed) => {
                tell(Progress::Refused(failed.clone()));
                refused = Some((set, failed));
            }
        }
    }
    Err(match (refused, which) {
        (Some((_, failed)), _) => NotRestored::Newest(failed),
        (None, Which::Data) => {
            NotRestored::Nothing("a backup of the data that can be read, and is no newer than its keys")
        }
        (None, Which::Keys) => NotRestored::Nothing("a backup of the keys that can be opened"),
    })
}

/// The keys say which backup of the data was there when they were backed up: an older one is taken only by its name.
pub(super) fn is_newest(order: &Order<'_>, keys: &Chosen, data: &Chosen) -> Outcome<()> {
    let told = keys.manifest.data.as_deref().and_then(|leaf| Set::from_leaf(Which::Data, leaf));
    match told {
        Some(told) if told.at > data.set.at && !order.named.contains(&data.set.name) => {
            Err(NotRestored::Older { taken: data.set.clone(), newest: told })
        }
        _ => Ok(()),
    }
}

/// Both are signed by one key, which is the installation's and, where somebody named it, theirs.
pub(super) fn signed_by(order: &Order<'_>, manifests: &[&Manifest], key: &SigningKey) -> Outcome<[u8; 32]> {
    let public = key.public();
    let expected = HEXLOWER.encode(&order.evidence.unwrap_or(public));
    for manifest in manifests {
        if manifest.key != expected {
            return Err(NotRestored::OtherSignature(manifest.key.clone()));
        }
    }
    Ok(public)
}
