//! Takes a backup that was written here to a place, and reads it back from there.

use places::{Error as PlaceError, Write};
use privacy::keys::RawKey;
use store::backup::Which;

use super::check::{self, AHEAD};
use super::manifest::Manifest;
use super::set::{Set, beginning};
use super::spool::Spooled;
use crate::places::{Failed, Placed};
use domain::Timestamp;

/// Writes what is missing there; says whether all of it is there, read back and opened. To be repeated as often as one likes.
pub(crate) async fn send(placed: &Placed, spooled: &Spooled, root: &RawKey) -> Result<Manifest, Failed> {
    placed.check().await?;
    let set = &spooled.set;
    let here = |error: crate::Error| placed.failed(PlaceError::Away(format!("the copy on this machine: {error}")));
    let list = spooled.file("manifest").await.map_err(here)?;
    let manifest = Manifest::open(set, root, &list).map_err(|why| check::refused(placed, &set.manifest(), why))?;
    for (index, told) in manifest.parts.iter().enumerate() {
        let (name, leaf) = (set.part(index + 1), format!("{:04}.part", index + 1));
        create(placed, &name, spooled.file(&leaf).await.map_err(here)?).await?;
        check::part(placed, set, index + 1, told, root).await?;
    }
    create(placed, &set.manifest(), list).await?;
    let found = check::manifest(placed, set, root).await?;
    if found == manifest { Ok(manifest) } else { Err(check::refused(placed, &set.manifest(), "it was changed")) }
}

/// What lies there already is not written again; whether it is the same is seen when it is read back.
async fn create(placed: &Placed, name: &str, file: Vec<u8>) -> Result<(), Failed> {
    match placed.put(name, file, Write::Create).await {
        Err(Failed { error: PlaceError::Exists, .. }) => Ok(()),
        other => other,
    }
}

/// Deletes backups from before a time, and what was begun before it and never completed. The last complete one stays, however
/// old it is; one that a wrong clock made is none. Says which went.
pub(crate) async fn tidy(
    placed: &Placed,
    which: Which,
    (before, now): (Timestamp, Timestamp),
) -> Result<Vec<Set>, Failed> {
    let sets = check::sets(placed, which).await?;
    let last =
        sets.iter().rev().find(|(set, complete)| *complete && set.at <= now.plus(AHEAD)).map(|(set, _)| set.clone());
    let mut gone = Vec::new();
    for (set, _) in sets.into_iter().filter(|(set, _)| set.at < before && Some(set) != last.as_ref()) {
        // The list first: without it, nobody takes the rest for a backup.
        placed.delete(&set.manifest()).await?;
        for object in placed.list(&format!("{}{}/", beginning(which), set.leaf())).await? {
            placed.delete(&object.name).await?;
        }
        gone.push(set);
    }
    Ok(gone)
}
