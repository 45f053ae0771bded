//! The three levels of keys (design section 5): a data key per thing that can be deleted alone, wrapped by the
//! organisation's key, wrapped by the installation's epoch key.

use domain::{KeyId, OrganisationId, PublicId};
use zeroize::Zeroizing;

use crate::random;
use crate::seal::{SealKey, Unopenable};

/// 32 random bytes: a key in the open. Wiped on drop, never printed.
pub struct RawKey(Zeroizing<[u8; 32]>);

impl RawKey {
    /// A new one.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random::bytes()))
    }

    /// From bytes that were just unwrapped or read from a key file.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the key file and for wrapping.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    fn from_vec(bytes: Vec<u8>) -> Result<Self, Unopenable> {
        let bytes = Zeroizing::new(bytes);
        bytes.as_slice().try_into().map(Self::from_bytes).map_err(|_| Unopenable)
    }
}

impl std::fmt::Debug for RawKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawKey(…)")
    }
}

/// The installation's key of this epoch. Lives outside both databases.
pub struct EpochKey {
    version: i64,
    key: SealKey,
}

impl EpochKey {
    /// From the key file.
    pub fn new(version: i64, key: &RawKey) -> Self {
        Self { version, key: SealKey::new(key.expose()) }
    }

    /// Which epoch.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Wraps an organisation's key, bound to the organisation and both versions.
    pub fn wrap(&self, organisation: PublicId, version: i64, key: &RawKey) -> Vec<u8> {
        self.key.seal(&self.place(organisation, version), key.expose())
    }

    /// Unwraps one.
    ///
    /// # Errors
    /// [`Unopenable`] for a key of another organisation, version or epoch.
    pub fn unwrap(&self, organisation: PublicId, version: i64, wrapped: &[u8]) -> Result<RawKey, Unopenable> {
        RawKey::from_vec(self.key.open(&self.place(organisation, version), wrapped)?)
    }

    fn place(&self, organisation: PublicId, version: i64) -> Vec<u8> {
        place(b"organisation key", &[organisation.as_bytes(), &version.to_be_bytes(), &self.version.to_be_bytes()])
    }
}

/// An organisation's key, of one version.
pub struct OrganisationKey {
    organisation: OrganisationId,
    version: i64,
    key: SealKey,
}

impl OrganisationKey {
    /// From an unwrapped key.
    pub fn new(organisation: OrganisationId, version: i64, key: &RawKey) -> Self {
        Self { organisation, version, key: SealKey::new(key.expose()) }
    }

    /// Which version: named by every insert of a key, so that the fence can refuse an old one.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Wraps a data key, bound to its number, its organisation and the version.
    pub fn wrap(&self, id: KeyId, key: &RawKey) -> Vec<u8> {
        self.key.seal(&self.place(id), key.expose())
    }

    /// Unwraps one.
    ///
    /// # Errors
    /// [`Unopenable`] for a key of another number, organisation or version.
    pub fn unwrap(&self, id: KeyId, wrapped: &[u8]) -> Result<RawKey, Unopenable> {
        RawKey::from_vec(self.key.open(&self.place(id), wrapped)?)
    }

    fn place(&self, id: KeyId) -> Vec<u8> {
        place(b"data key", &[&self.organisation.0.to_be_bytes(), &id.0.to_be_bytes(), &self.version.to_be_bytes()])
    }
}

/// A data key: seals one thing that can be deleted alone.
pub struct DataKey {
    id: KeyId,
    pub(crate) key: SealKey,
}

impl DataKey {
    /// From an unwrapped key.
    pub fn new(id: KeyId, key: &RawKey) -> Self {
        Self { id, key: SealKey::new(key.expose()) }
    }

    /// Its number in the key database.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Seals a value that is no message, such as an operator's profile: bound to what it is and whose.
    pub fn seal_value(&self, what: &str, owner: PublicId, value: &[u8]) -> Vec<u8> {
        self.key.seal(&place(what.as_bytes(), &[owner.as_bytes()]), value)
    }

    /// Opens such a value.
    ///
    /// # Errors
    /// [`Unopenable`] where key, kind or owner differ.
    pub fn open_value(&self, what: &str, owner: PublicId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
        self.key.open(&place(what.as_bytes(), &[owner.as_bytes()]), sealed).map(Zeroizing::new)
    }
}

/// Associated data without ambiguity: each part is preceded by its length.
pub(crate) fn place(what: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut place = Vec::with_capacity(1 + what.len() + parts.iter().map(|part| part.len() + 1).sum::<usize>());
    for part in std::iter::once(&what).chain(parts) {
        place.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        place.extend_from_slice(part);
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_cannot_be_moved_to_another_organisation_version_or_number() {
        let (ours, theirs) = (PublicId::from_bytes([1; 16]), PublicId::from_bytes([2; 16]));
        let (epoch, key) = (EpochKey::new(1, &RawKey::generate()), RawKey::generate());
        let wrapped = epoch.wrap(ours, 1, &key);
        assert_eq!(epoch.unwrap(ours, 1, &wrapped).unwrap().expose(), key.expose());
        assert!(epoch.unwrap(theirs, 1, &wrapped).is_err());
        assert!(epoch.unwrap(ours, 2, &wrapped).is_err());

        let organisation = OrganisationKey::new(OrganisationId(1), 1, &key);
        let wrapped = organisation.wrap(KeyId(5), &key);
        assert!(organisation.unwrap(KeyId(5), &wrapped).is_ok());
        assert!(organisation.unwrap(KeyId(6), &wrapped).is_err());
        assert!(OrganisationKey::new(OrganisationId(2), 1, &key).unwrap(KeyId(5), &wrapped).is_err());
        assert!(OrganisationKey::new(OrganisationId(1), 2, &key).unwrap(KeyId(5), &wrapped).is_err());
    }
}
