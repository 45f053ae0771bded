//! Reads a backup at a place: what is there, and whether each file is what was written. What is not is refused by its name.

use std::time::Duration;

use places::Error as PlaceError;
use privacy::keys::RawKey;
use privacy::stream;
use store::backup::Which;

use super::manifest::{Manifest, Part};
use super::set::{Set, beginning};
use crate::places::{Failed, Placed};

/// A backup that says it was made so much later than now was made by a clock that was wrong.
pub(crate) const AHEAD: Duration = Duration::from_secs(3600);

/// All backups at a place, the oldest first, and whether each is complete: its list is written last.
pub(crate) async fn sets(placed: &Placed, which: Which) -> Result<Vec<(Set, bool)>, Failed> {
    let mut found: Vec<(Set, bool)> = Vec::new();
    for object in placed.list(beginning(which)).await? {
        let Some((set, file)) = Set::of_file(which, &object.name) else { continue };
        let is_list = file == "manifest";
        match found.last_mut() {
            Some((last, complete)) if *last == set => *complete |= is_list,
            _ => found.push((set, is_list)),
        }
    }
    Ok(found)
}

/// The list of a backup.
pub(crate) async fn manifest(placed: &Placed, set: &Set, root: &RawKey) -> Result<Manifest, Failed> {
    let name = set.manifest();
    let file = placed.get(&name).await?.ok_or_else(|| refused(placed, &name, "it is missing"))?;
    Manifest::open(set, root, &file).map_err(|why| refused(placed, &name, why))
}

/// What is in one of its parts.
pub(crate) async fn part(
    placed: &Placed,
    set: &Set,
    number: usize,
    told: &Part,
    root: &RawKey,
) -> Result<Vec<u8>, Failed> {
    let name = set.part(number);
    let file = placed.get(&name).await?.ok_or_else(|| refused(placed, &name, "it is missing"))?;
    if Part::of(&file) != *told {
        return Err(refused(placed, &name, "it was changed"));
    }
    stream::open(root, &name, &file).map_err(|_| refused(placed, &name, "it does not open"))
}

/// Reads all of a backup.
pub(crate) async fn all(placed: &Placed, set: &Set, root: &RawKey) -> Result<Manifest, Failed> {
    let manifest = manifest(placed, set, root).await?;
    for (index, told) in manifest.parts.iter().enumerate() {
        part(placed, set, index + 1, told, root).await?;
    }
    Ok(manifest)
}

pub(crate) fn refused(placed: &Placed, file: &str, why: &str) -> Failed {
    placed.failed(PlaceError::Unfit(format!("{file}: {why}")))
}
