//! The installation's own secrets: generated at the first start into the data folder with tight mode, never in a
//! database, never in a snapshot of one (SO1: there is no default).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use privacy::chain::SigningKey;
use privacy::keys::RawKey;
use privacy::token::TokenKey;
use privacy::{digest, random};
use zeroize::Zeroizing;

use crate::epoch::EpochKeys;

/// What can be wrong with the folder of secrets.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// It cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is not what this program wrote.
    #[error("{0}: this is not a key file of this program; restore it from your copy, its content cannot be guessed")]
    NotAKey(PathBuf),
    /// Others could read it.
    #[error("{path} can be read by others (mode {mode:o}): run `chmod 600 {path}`")]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

/// All secrets of the installation.
pub struct Secrets {
    epochs: Arc<EpochKeys>,
    node: i64,
    token_key: RawKey,
    index_key: RawKey,
    audit_key: RawKey,
    setup_code: Option<Zeroizing<String>>,
    folder: PathBuf,
}

const TOKENS: &str = "visitor-tokens.key";
const INDEX: &str = "blind-index.key";
const AUDIT: &str = "audit-checkpoints.key";
const NODE: &str = "node";
const CODE: &str = "setup-code";

impl Secrets {
    /// Reads them from `folder`, or makes them where they are missing. Only a folder in which nothing was ever stored
    /// may lack its keys: a new key beside an old database would look like lost data, so `fresh` says which it is.
    ///
    /// # Errors
    /// [`SecretsError`], naming the file.
    pub fn load(folder: &Path, fresh: bool) -> Result<Self, SecretsError> {
        let error = |error| SecretsError::Io { path: folder.to_owned(), error };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(error)?;
        Ok(Self {
            epochs: Arc::new(EpochKeys::load(folder, fresh)?),
            node: node(&folder.join(NODE))?,
            token_key: key(&folder.join(TOKENS), fresh)?,
            index_key: key(&folder.join(INDEX), fresh)?,
            // Made where it is missing, also beside an old database: nothing is sealed with it. That all nodes have the same
            // one is seen to by its public half, which the database names (`App::name_secrets`).
            audit_key: key(&folder.join(AUDIT), true)?,
            setup_code: None,
            folder: folder.to_owned(),
        })
    }

    /// Reads the one-time code of the first set-up, or makes it. Only for an installation that nobody has set up yet.
    ///
    /// # Errors
    /// [`SecretsError`], naming the file.
    pub fn with_setup_code(self) -> Result<Self, SecretsError> {
        let setup_code = Some(code(&self.folder.join(CODE))?);
        Ok(Self { setup_code, ..self })
    }

    /// The keys of the epochs.
    pub(crate) fn epochs(&self) -> &Arc<EpochKeys> {
        &self.epochs
    }

    /// This node's number, the same after every start.
    pub const fn node(&self) -> i64 {
        self.node
    }

    /// What all nodes of an installation must have alike, without saying anything about it: the keys are random. Epochs come
    /// and go, so they are not in it.
    pub fn digest(&self) -> [u8; 32] {
        digest_of(&[&self.token_key, &self.index_key])
    }

    /// The same as it was named before there was more than one epoch, where this node has the first one's key.
    pub(crate) fn first_digest(&self) -> Option<[u8; 32]> {
        let (_, first) = self.epochs.exposed().into_iter().find(|(epoch, _)| *epoch == 1)?;
        Some(digest_of(&[&first, &self.token_key, &self.index_key]))
    }

    /// The root of the keys that seal backups: the same at every node, since it follows from what all have alike.
    pub fn backup_key(&self) -> RawKey {
        RawKey::from_bytes(digest::keyed(self.index_key.expose(), "backups", &[]))
    }

    /// Gives this node another number, where a copy of its folder runs elsewhere under the same.
    pub(crate) fn renumber(&self) -> Result<i64, SecretsError> {
        let path = self.folder.join(NODE);
        fs::remove_file(&path).map_err(|error| SecretsError::Io { path: path.clone(), error })?;
        node(&path)
    }

    /// Destroys all that is in the folder, for a node that does not come back.
    pub(crate) fn destroy(&self) -> Result<(), SecretsError> {
        let error = |error| SecretsError::Io { path: self.folder.clone(), error };
        for entry in fs::read_dir(&self.folder).map_err(error)? {
            let path = entry.map_err(error)?.path();
            crate::epoch::overwrite(&path).and_then(|()| fs::remove_file(&path)).map_err(error)?;
        }
        fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(error)
    }

    /// What shows nodes of this installation to each other, to whom the database belongs but not these secrets.
    pub(crate) fn node_tag(&self, what: &str, value: &[u8]) -> [u8; 32] {
        digest::keyed(self.index_key.expose(), what, value)
    }

    /// Shows that this installation made a recovery key.
    pub(crate) fn recovery_tag(&self, public: &[u8; 32]) -> [u8; 32] {
        self.node_tag("recovery key", public)
    }

    /// All that a machine needs which takes this one's place, but the epochs' keys: to be sealed to the recovery key.
    pub(crate) fn packed(&self) -> Zeroizing<Vec<u8>> {
        // In one piece: what grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(96));
        for key in [&self.token_key, &self.index_key, &self.audit_key] {
            bytes.extend_from_slice(key.expose());
        }
        bytes
    }

    /// Writes what another machine packed, and the epochs' keys, into a folder that has none yet.
    ///
    /// # Errors
    /// [`SecretsError`], naming the file; where others are there already, too.
    pub fn unpack(folder: &Path, packed: &[u8], epochs: &[(i64, RawKey)]) -> Result<(), SecretsError> {
        let error = |error| SecretsError::Io { path: folder.to_owned(), error };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(error)?;
        let (keys, rest) = packed.as_chunks::<32>();
        if keys.len() != 3 || !rest.is_empty() {
            return Err(SecretsError::NotAKey(folder.to_owned()));
        }
        let named = [TOKENS, INDEX, AUDIT].map(|name| folder.join(name)).into_iter().zip(keys);
        let epochs = epochs.iter().map(|(epoch, key)| (folder.join(format!("epoch-{epoch}.key")), key.expose()));
        for (path, key) in named.chain(epochs) {
            let there = write_once(&path, Zeroizing::new(key.to_vec()))?;
            if there.as_slice() != key {
                return Err(SecretsError::NotAKey(path));
            }
        }
        Ok(())
    }

    /// The key that signs the states of audit logs.
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::new(&self.audit_key)
    }

    /// The key that tags visitors' tokens.
    pub fn token_key(&self) -> TokenKey {
        TokenKey::new(*self.token_key.expose())
    }

    /// The blind index of an operator's lower-cased address.
    pub fn email_index(&self, email: &str) -> [u8; 32] {
        digest::keyed(self.index_key.expose(), "operator email", email.as_bytes())
    }

    /// What makes the token of a sign-in's second step one of ours.
    pub(crate) fn step_tag(&self, payload: &[u8]) -> [u8; 32] {
        digest::keyed(self.index_key.expose(), "sign-in step", payload)
    }

    /// What is stored of an operator's recovery code.
    pub(crate) fn recovery_code(&self, operator: domain::PublicId, code: &str) -> [u8; 32] {
        let value = zeroize::Zeroizing::new([operator.as_bytes(), code.as_bytes()].concat());
        digest::keyed(self.index_key.expose(), "recovery code", &value)
    }

    /// What makes a challenge for a passkey one of ours.
    pub(crate) fn challenge_tag(&self, payload: &[u8]) -> [u8; 32] {
        digest::keyed(self.index_key.expose(), "passkey challenge", payload)
    }

    /// The blind index of a passkey's number.
    pub(crate) fn passkey_index(&self, id: &[u8]) -> [u8; 32] {
        digest::keyed(self.index_key.expose(), "passkey", id)
    }

    /// By what the devices of an operator know them: it says nothing about who they are here, nor to another site.
    pub(crate) fn passkey_user(&self, operator: domain::PublicId) -> [u8; 32] {
        digest::keyed(self.index_key.expose(), "passkey user", operator.as_bytes())
    }

    /// The one-time code that allows the first set-up in a browser, where it was asked for.
    pub fn setup_code(&self) -> Option<&str> {
        self.setup_code.as_deref().map(String::as_str)
    }

    /// Whether `code` is the one.
    pub fn is_setup_code(&self, code: &str) -> bool {
        self.setup_code().is_some_and(|known| {
            digest::equal(&digest::sha256(code.trim().as_bytes()), &digest::sha256(known.as_bytes()))
        })
    }

    /// Deletes the code after its use.
    pub fn spend_setup_code(&self) {
        // A code that stays is useless: set-up is refused once there is an organisation.
        let _ = fs::remove_file(self.folder.join(CODE));
    }
}

fn digest_of(keys: &[&RawKey]) -> [u8; 32] {
    digest::sha256(&keys.iter().flat_map(|key| digest::of_secret(key.expose())).collect::<Vec<u8>>())
}

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, SecretsError> {
    let error = |error| SecretsError::Io { path: path.to_owned(), error };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(other) => return Err(error(other)),
    };
    let mode = file.metadata().map_err(error)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretsError::Open { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes).map_err(error)?;
    Ok(Some(bytes))
}

/// Writes a new file so that after a crash there is all of it or none, and gives back what stands there: of two programs
/// that start at once, one wins, and the other takes the winner's. A secret that is in no file must never be used.
pub(crate) fn write_once(path: &Path, bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
    let error = |error| SecretsError::Io { path: path.to_owned(), error };
    let temporary = path.with_extension(format!("{:x}.new", random::number()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(error)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(error)?;
    // A link, unlike a rename, does not replace what is there.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary).map_err(error)?;
    match linked {
        Ok(()) => {
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(error)?;
            Ok(bytes)
        }
        Err(there) if there.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| SecretsError::NotAKey(path.to_owned()))
        }
        Err(other) => Err(error(other)),
    }
}

pub(crate) fn key(path: &Path, fresh: bool) -> Result<RawKey, SecretsError> {
    let bytes = match read(path)? {
        Some(bytes) => bytes,
        None if fresh => write_once(path, Zeroizing::new(random::bytes::<32>().to_vec()))?,
        None => return Err(SecretsError::NotAKey(path.to_owned())),
    };
    if is_placeholder(&bytes) {
        return Err(SecretsError::NotAKey(path.to_owned()));
    }
    let bytes = bytes.as_slice().try_into().map_err(|_| SecretsError::NotAKey(path.to_owned()))?;
    Ok(RawKey::from_bytes(bytes))
}

/// Whether somebody wrote this and not chance: text, or the same byte again and again. Chance makes fewer than one key in
/// 10^13 look so.
fn is_placeholder(bytes: &[u8]) -> bool {
    bytes.is_ascii() && bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
        || bytes.iter().all(|byte| Some(byte) == bytes.first())
}

/// A random number is no secret, but a folder that was copied would bring its number along.
fn node(path: &Path) -> Result<i64, SecretsError> {
    let bytes = match read(path)? {
        Some(bytes) => bytes,
        None => write_once(path, Zeroizing::new((random::number() >> 16).to_string().into_bytes()))?,
    };
    let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok()).filter(|node| *node > 0);
    number.ok_or_else(|| SecretsError::NotAKey(path.to_owned()))
}

fn code(path: &Path) -> Result<Zeroizing<String>, SecretsError> {
    let bytes = match read(path)? {
        Some(bytes) => bytes,
        None => write_once(path, Zeroizing::new(BASE64URL_NOPAD.encode(&random::bytes::<16>()).into_bytes()))?,
    };
    let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
    // Shorter than what is made here: somebody else wrote it, and it could be guessed.
    if text.len() < 22 { Err(SecretsError::NotAKey(path.to_owned())) } else { Ok(Zeroizing::new(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: &str = "epoch-1.key";

    #[test]
    fn secrets_are_made_once_with_tight_mode() {
        let folder = tempfile::tempdir().unwrap();
        let first = Secrets::load(folder.path(), true).unwrap().with_setup_code().unwrap();
        let second = Secrets::load(folder.path(), false).unwrap().with_setup_code().unwrap();
        assert_eq!(first.epochs.exposed()[0].1.expose(), second.epochs.exposed()[0].1.expose());
        assert_eq!((first.node(), first.digest()), (second.node(), second.digest()));
        assert_eq!(first.backup_key().expose(), second.backup_key().expose());
        assert_eq!(first.setup_code(), second.setup_code());
        for name in [EPOCH, TOKENS, INDEX, AUDIT, NODE, CODE] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name}");
        }
        assert!(first.is_setup_code(second.setup_code().unwrap()));
        assert!(!first.is_setup_code("") && !first.is_setup_code("guess"));
        assert!(!Secrets::load(folder.path(), false).unwrap().is_setup_code(""), "no code, no set-up");
    }

    #[test]
    fn of_programs_that_start_at_once_all_hold_the_same_keys() {
        let folder = tempfile::tempdir().unwrap();
        let start = std::sync::Barrier::new(8);
        let keys: Vec<([u8; 32], [u8; 32], i64)> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                let made = Secrets::load(folder.path(), true).unwrap();
                (*made.epochs.exposed()[0].1.expose(), made.digest(), made.node())
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let kept = Secrets::load(folder.path(), false).unwrap();
        let kept = (*kept.epochs.exposed()[0].1.expose(), kept.digest(), kept.node());
        assert!(keys.iter().all(|key| *key == kept));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5, "nothing is left behind");
    }

    #[test]
    fn a_key_missing_beside_an_old_database_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        Secrets::load(folder.path(), true).unwrap();
        // A node that was away while the epoch turned has none: it is handed the current one by another.
        fs::remove_file(folder.path().join(EPOCH)).unwrap();
        assert!(Secrets::load(folder.path(), false).unwrap().epochs.held().is_empty());
        assert!(!folder.path().join(EPOCH).exists());
        fs::remove_file(folder.path().join(INDEX)).unwrap();
        assert!(matches!(Secrets::load(folder.path(), false), Err(SecretsError::NotAKey(_))));
    }

    #[test]
    fn a_placeholder_or_a_readable_key_refuses_the_start() {
        let folder = tempfile::tempdir().unwrap();
        Secrets::load(folder.path(), true).unwrap();
        let path = folder.path().join(EPOCH);
        for placeholder in ["changeme", "changemechangemechangemechangeme", &"\0".repeat(32), &"\u{7f}".repeat(32)] {
            fs::write(&path, placeholder).unwrap();
            assert!(matches!(Secrets::load(folder.path(), true), Err(SecretsError::NotAKey(_))), "{placeholder:?}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Secrets::load(folder.path(), true), Err(SecretsError::Open { .. })));
    }
}
