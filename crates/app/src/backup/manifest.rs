//! What a backup consists of. Sealed like its other files, and signed, so that whoever knows the installation's public key sees
//! whose backup it is. Without it there is no backup.

use data_encoding::HEXLOWER;
use privacy::backup::{is_manifest_signed, sign_manifest};
use privacy::chain::SigningKey;
use privacy::digest;
use privacy::keys::RawKey;
use privacy::stream::{self, Sealer};
use serde::{Deserialize, Serialize};
use store::backup::Counted;
use store::backup::tables::left_out;

use super::set::Set;

const FORMAT: &str = "diskret-backup-1";

/// The list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    /// The last part of the backup's name.
    pub backup: String,
    /// The program that made it.
    pub program: String,
    /// The migrations of its tables.
    pub migrations: Vec<String>,
    /// When its state was that of the database, in microseconds of UTC.
    pub at: i64,
    /// The last entry of the journal of deletions in it; of keys, the last one that a place had.
    pub journal: i64,
    /// Of keys: the last backup of the data that a place had, so that a place that keeps it back is found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Its tables.
    pub tables: Vec<Table>,
    /// The tables that are not in it, each with the reason.
    pub left_out: Vec<(String, String)>,
    /// Its files, in order.
    pub parts: Vec<Part>,
    /// The public half of the key that signs it, in hex.
    pub key: String,
}

/// A table in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of them, in hex.
    pub sha256: String,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it as it lies there, in hex.
    pub sha256: String,
}

impl Part {
    pub(crate) fn of(file: &[u8]) -> Self {
        Self { bytes: file.len() as u64, sha256: HEXLOWER.encode(&digest::sha256(file)) }
    }
}

/// What was there when a backup was made.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The journal's last entry: in it, or of keys, at a place.
    pub(crate) journal: i64,
    /// Of keys: the last backup of the data at a place.
    pub(crate) data: Option<String>,
}

impl Manifest {
    pub(crate) fn new(set: &Set, known: Known, counted: &[Counted], parts: Vec<Part>) -> Self {
        let table = |table: &Counted| Table {
            name: table.table.clone(),
            rows: table.rows,
            sha256: HEXLOWER.encode(&table.digest),
        };
        let left_out = left_out(set.which()).iter();
        Self {
            format: FORMAT.to_owned(),
            backup: set.leaf(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            migrations: set.which().migrations().into_iter().map(str::to_owned).collect(),
            at: set.at.0,
            journal: known.journal,
            data: known.data,
            tables: counted.iter().map(table).collect(),
            left_out: left_out.map(|(name, why)| ((*name).to_owned(), (*why).to_owned())).collect(),
            parts,
            key: String::new(),
        }
    }

    /// Bytes of all its parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// Rows of all its tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Whether the tables are those.
    pub fn counts(&self, counted: &[Counted]) -> bool {
        let same = |(told, found): (&Table, &Counted)| {
            (told.name.as_str(), told.rows, told.sha256.as_str())
                == (found.table.as_str(), found.rows, HEXLOWER.encode(&found.digest).as_str())
        };
        self.tables.len() == counted.len() && self.tables.iter().zip(counted).all(same)
    }

    pub(crate) fn seal(&self, set: &Set, root: &RawKey, key: &SigningKey) -> Result<Vec<u8>, serde_json::Error> {
        let signed = Self { key: HEXLOWER.encode(&key.public()), ..self.clone() };
        let text = serde_json::to_vec_pretty(&signed)?;
        let mut sealer = Sealer::new(root, &set.manifest());
        sealer.push(&sign_manifest(key, &text));
        sealer.push(&text);
        Ok(sealer.finish())
    }

    /// Opens it. The reason where it does not open, or is not what it should be.
    pub(crate) fn open(set: &Set, root: &RawKey, file: &[u8]) -> Result<Self, &'static str> {
        let content =
            stream::open(root, &set.manifest(), file).map_err(|_| "it was changed, or this key does not open it")?;
        let (signature, text) = content.split_first_chunk::<64>().ok_or("it is too short")?;
        let manifest: Self = serde_json::from_slice(text).map_err(|_| "another version of this program wrote it")?;
        let public: Option<[u8; 32]> =
            HEXLOWER.decode(manifest.key.as_bytes()).ok().and_then(|key| key.try_into().ok());
        if !public.is_some_and(|public| is_manifest_signed(&public, text, signature)) {
            return Err("it is not signed by the key that it names");
        }
        if manifest.format != FORMAT {
            return Err("another version of this program wrote it");
        }
        if manifest.backup != set.leaf() {
            return Err("it is that of another backup");
        }
        Ok(manifest)
    }
}

/// What seals generations of keys: it goes with the key of their epoch, and takes every one of them along.
pub(crate) fn root_of_epoch(key: &RawKey) -> RawKey {
    RawKey::from_bytes(digest::keyed(key.expose(), "generations of keys", &[]))
}
