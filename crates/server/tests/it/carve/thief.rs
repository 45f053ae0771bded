//! A thief who has every file of a deployment and every key that it still has, knows how it seals, and tries each key on every
//! place in every file that could hold a wrapped key or a sealed text.

use std::fs;
use std::path::{Path, PathBuf};

use domain::{KeyId, OrganisationId, PublicId};
use privacy::keys::{DataKey, EpochKey, OrganisationKey, RawKey};
use privacy::message::{Identity, Message};
use privacy::seal::OVERHEAD;
use privacy::{digest, recovery, stream};
use testkit::{random_looking, written_in_digits};

/// Bytes of a wrapped key.
const WRAPPED: usize = 32 + OVERHEAD;
/// Versions of organisations' keys that are tried.
const VERSIONS: std::ops::RangeInclusive<i64> = 1..=6;

/// A text that was planted, and all that the thief might know of it but its key.
#[derive(Clone, Debug)]
pub(super) struct Planted {
    pub(super) text: String,
    pub(super) identity: Identity,
    pub(super) key: KeyId,
}

/// What the thief took.
pub(super) struct Thief {
    pub(super) organisation: (OrganisationId, PublicId),
    pub(super) epochs: Vec<EpochKey>,
    /// What backups are sealed with: those of the data by a key that stays, generations of keys by one for each epoch.
    roots: Vec<RawKey>,
    /// Everything that was found in files, and what their readable parts decode to.
    loot: Vec<Vec<u8>>,
}

/// What a search brought to light.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Organisations' keys that opened.
    pub(super) organisation_keys: usize,
    /// Data keys of planted texts that opened.
    pub(super) data_keys: usize,
    /// Planted texts that opened, by their place in the list.
    pub(super) texts: Vec<usize>,
}

impl Thief {
    /// Takes every file below these folders.
    pub(super) fn taking(organisation: (OrganisationId, PublicId), folders: &[&Path]) -> Self {
        let mut thief = Self { organisation, epochs: Vec::new(), roots: Vec::new(), loot: Vec::new() };
        for folder in folders {
            for file in files(folder) {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let Ok(bytes) = fs::read(&file) else { continue };
                let key = bytes.as_slice().try_into().ok();
                match (epoch(&name), key) {
                    (Some(epoch), Some(key)) => thief.knows(epoch, key),
                    (None, Some(key)) if name == "blind-index.key" => {
                        thief.roots.push(RawKey::from_bytes(digest::keyed(&key, "backups", &[])));
                    }
                    _ => {}
                }
                thief.takes(bytes);
            }
        }
        thief
    }

    fn knows(&mut self, epoch: i64, key: [u8; 32]) {
        self.epochs.push(EpochKey::new(epoch, &RawKey::from_bytes(key)));
        self.roots.push(RawKey::from_bytes(digest::keyed(&key, "generations of keys", &[])));
    }

    /// Opens with the officer's own key what lies at a place for the day on which every machine is lost.
    pub(super) fn opens_with(&mut self, recovery_key: &str, place: &Path) {
        let sealed = fs::read(place.join("keys/epoch")).expect("the epochs' keys lie there");
        let key = recovery::private(recovery_key).expect("it is a recovery key");
        let opened = key.open("epoch keys for recovery", &sealed).expect("it opens");
        for one in opened.chunks_exact(40) {
            let (epoch, key) = one.split_at(8);
            self.knows(i64::from_be_bytes(epoch.try_into().expect("8 bytes")), key.try_into().expect("32 bytes"));
        }
    }

    /// Tries every key on every file of the backups at a place; says how many opened.
    pub(super) fn opens_backups(&mut self, place: &Path) -> usize {
        let mut opened = Vec::new();
        for file in files(place) {
            let name = file.strip_prefix(place).expect("it is below").to_string_lossy().into_owned();
            let sealed = fs::read(&file).unwrap_or_default();
            opened.extend(self.roots.iter().find_map(|root| stream::open(root, &name, &sealed).ok()));
        }
        let count = opened.len();
        opened.into_iter().for_each(|plain| self.takes(plain));
        count
    }

    /// Something else that fell into their hands, such as a backup that a key opened.
    pub(super) fn takes(&mut self, bytes: Vec<u8>) {
        self.loot.extend(written_in_digits(&bytes, OVERHEAD + 1));
        self.loot.push(bytes);
    }

    /// Tries everything.
    pub(super) fn search(&self, planted: &[Planted]) -> Found {
        let mut found = Found::default();
        let (number, name) = self.organisation;
        let wrapped: Vec<&[u8]> = self.boxes(WRAPPED).collect();
        let mut organisation_keys: Vec<OrganisationKey> = Vec::new();
        for piece in &wrapped {
            for (epoch, version) in self.epochs.iter().flat_map(|epoch| VERSIONS.map(move |version| (epoch, version))) {
                if let Ok(key) = epoch.unwrap(name, version, piece) {
                    organisation_keys.push(OrganisationKey::new(number, version, &key));
                }
            }
        }
        // The same key lies in many places: once is enough.
        organisation_keys.sort_by_key(OrganisationKey::version);
        organisation_keys.dedup_by_key(|key| key.version());
        found.organisation_keys = organisation_keys.len();
        let mut opened: Vec<Option<DataKey>> = planted.iter().map(|_| None).collect();
        for piece in &wrapped {
            for (one, open) in planted.iter().zip(&mut opened).filter(|(_, open)| open.is_none()) {
                *open = organisation_keys
                    .iter()
                    .find_map(|key| key.unwrap(one.key, piece).ok())
                    .map(|key| DataKey::new(one.key, &key));
            }
        }
        found.data_keys = opened.iter().flatten().count();
        for (index, (one, key)) in planted.iter().zip(&opened).enumerate() {
            let Some(key) = key else { continue };
            let opens = |piece: &[u8]| {
                let opened = Message::from_store(one.identity, piece.to_vec()).open(key);
                opened.is_ok_and(|text| text.reveal() == one.text)
            };
            if self.boxes(one.text.len() + OVERHEAD).any(opens) {
                found.texts.push(index);
            }
        }
        found
    }

    /// Every place that could hold a box of this length.
    fn boxes(&self, length: usize) -> impl Iterator<Item = &[u8]> {
        self.loot.iter().flat_map(move |bytes| {
            random_looking(bytes, length).into_iter().map(move |start| &bytes[start..start + length])
        })
    }
}

/// Which epoch's key a file of this name holds.
fn epoch(name: &str) -> Option<i64> {
    name.strip_prefix("epoch-")?.strip_suffix(".key")?.parse().ok()
}

/// Every file below a folder; one that goes meanwhile is gone.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(path) = ahead.pop() {
        match fs::symlink_metadata(&path) {
            Ok(kind) if kind.is_dir() => {
                ahead.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
            }
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    assert!(!found.is_empty(), "{}: a thief who took nothing has shown nothing", folder.display());
    found
}
