//! One's own passkeys: added with the password, renamed, removed. What happens to them is told to one's other windows.

use bus::{Signal, Topic};
use data_encoding::BASE64URL_NOPAD;
use domain::limits::{NAME_CHARACTERS, PASSKEYS};
use domain::{OperatorId, PublicId, Timestamp, text};
use privacy::keys::DataKey;
use privacy::passkey::{self, Place};
use serde::{Deserialize, Serialize};
use store::operator::Operator;
use store::passkey::Passkey;
use zeroize::Zeroizing;

use super::challenge::Purpose;
use super::directory::{PROFILE, Profile};
use super::prove::wrong;
use super::sessions::name_of;
use super::{Proof, SignedInBrowser};
use crate::{App, Error, Result};

/// What binds the seal to its purpose.
const PASSKEY: &str = "passkey";
const TOO_MANY: Error = Error::Conflict("you have ten passkeys: remove one first");

/// What is sealed of a passkey.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    title: String,
    id: String,
    key: String,
}

impl Content {
    pub(super) fn open(key: &DataKey, one: &Passkey) -> Result<Self> {
        let content = key.open_value(PASSKEY, name_of(&one.hash), &one.content_sealed)?;
        serde_json::from_slice(&content).map_err(|_| Error::Internal)
    }

    fn seal(&self, key: &DataKey, hash: &[u8; 32]) -> Result<Vec<u8>> {
        let content = Zeroizing::new(serde_json::to_vec(self).map_err(|_| Error::Internal)?);
        Ok(key.seal_value(PASSKEY, name_of(hash), &content))
    }

    pub(super) fn public_key(&self) -> Result<Vec<u8>> {
        BASE64URL_NOPAD.decode(self.key.as_bytes()).map_err(|_| Error::Internal)
    }
}

/// What a browser needs to make a passkey.
pub struct PasskeyDraft {
    /// To be signed.
    pub challenge: String,
    /// The site it is for.
    pub place: String,
    /// By what its device knows its owner: random, and nobody else's.
    pub user: String,
    /// What its device calls its owner: their address.
    pub email: String,
    /// And their name.
    pub display: String,
    /// The numbers of those there are: none is made on a device that has one.
    pub known: Vec<String>,
}

/// A passkey that was made.
pub struct NewPasskey {
    /// What it is to be called.
    pub title: String,
    /// What the browser says.
    pub client_data: Vec<u8>,
    /// What the device says.
    pub attestation: Vec<u8>,
}

/// One of one's passkeys.
#[derive(Clone, Debug)]
pub struct PasskeyInfo {
    /// Its name outside.
    pub name: PublicId,
    /// What it is called.
    pub title: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// The day it was last used.
    pub used_day: Option<Timestamp>,
    /// Whether there seem to be two of it, so that it is taken no more.
    pub is_copied: bool,
    /// Whether it was added in another session, and nobody has said since that it was them.
    pub is_new: bool,
}

impl App {
    /// One's own passkeys, the oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn passkeys(&self, by: &SignedInBrowser) -> Result<Vec<PasskeyInfo>> {
        let operator = self.store.operator(by.principal.organisation, by.principal.operator).await?;
        let key = self.keyring.data_key(operator.organisation, operator.key).await?;
        let info = |one: &Passkey| {
            Ok(PasskeyInfo {
                name: name_of(&one.hash),
                title: Content::open(&key, one)?.title,
                created_at: one.created_at,
                used_day: one.used_day,
                is_copied: one.copied_at.is_some(),
                is_new: one.new_in.is_some_and(|session| session != by.hash),
            })
        };
        self.store.passkeys(operator.organisation, operator.id).await?.iter().map(info).collect()
    }

    /// Begins to add a passkey: with the password, and a code where there is a second factor, or a stolen session could stay
    /// for good.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field; [`Error::RateLimited`]; [`Error::Conflict`] where there are as many as there may be.
    pub async fn draft_passkey(&self, by: &SignedInBrowser, place: &Place, proof: Proof) -> Result<PasskeyDraft> {
        let principal = by.principal;
        let operator = self.prove_fully(principal, proof).await?;
        let all = self.store.passkeys(operator.organisation, operator.id).await?;
        if all.len() >= PASSKEYS {
            return Err(TOO_MANY);
        }
        let key = self.keyring.data_key(operator.organisation, operator.key).await?;
        let known = all.iter().map(|one| Ok(Content::open(&key, one)?.id)).collect::<Result<_>>()?;
        let profile = key.open_value(PROFILE, operator.name, &operator.profile_sealed)?;
        let profile: Profile = serde_json::from_slice(&profile).map_err(|_| Error::Internal)?;
        let user = self.passkey_user(&operator);
        let challenge = self.make_challenge(&Purpose::Add(by.hash, operator.password_hash));
        Ok(PasskeyDraft {
            challenge: BASE64URL_NOPAD.encode(&challenge),
            place: place.id().to_owned(),
            user: BASE64URL_NOPAD.encode(&user),
            email: profile.email.clone(),
            display: profile.name.clone(),
            known,
        })
    }

    /// Adds the passkey that was made. Nothing else changes; one's other windows are told.
    ///
    /// # Errors
    /// [`Error::Invalid`] for its name (`name`) and for what does not answer a challenge of this session (`challenge`);
    /// [`Error::Conflict`] where there are as many as there may be, or it is known.
    pub async fn add_passkey(&self, by: &SignedInBrowser, place: &Place, new: NewPasskey) -> Result<PasskeyInfo> {
        let title = title(&new.title)?;
        let operator = self.store.operator(by.principal.organisation, by.principal.operator).await?;
        let purpose = Purpose::Add(by.hash, operator.password_hash.clone());
        let refused = |why| {
            tracing::info!(operator = %operator.id, %why, "a passkey was not added");
            wrong("challenge", "this is no answer to a question of ours, or it is too late: begin anew")
        };
        let challenge = passkey::challenge(&new.client_data).map_err(refused)?;
        let spent = self.read_challenge(&challenge, &purpose).ok_or_else(|| refused(passkey::Refused::Challenge))?;
        let made = place.register(&challenge, &new.client_data, &new.attestation).map_err(refused)?;
        let hash = self.secrets.passkey_index(&made.id);
        let key = self.keyring.data_key(operator.organisation, operator.key).await?;
        let content = Content { title, id: BASE64URL_NOPAD.encode(&made.id), key: BASE64URL_NOPAD.encode(&made.key) };
        let one = Passkey {
            organisation: operator.organisation,
            operator: operator.id,
            hash,
            content_sealed: content.seal(&key, &hash)?,
            counter: i64::from(made.counter),
            created_at: self.now(),
            used_day: None,
            copied_at: None,
            new_in: Some(by.hash),
        };
        let created_at = one.created_at;
        match self.store.audited(self.by(by.principal)).insert_passkey(one, operator.password_hash.clone(), spent).await
        {
            Err(store::Error::NotFound) => return Err(refused(passkey::Refused::Challenge)),
            stored => stored?,
        }
        self.tell_own_windows(operator.id);
        let title = content.title;
        Ok(PasskeyInfo { name: name_of(&hash), title, created_at, used_day: None, is_copied: false, is_new: false })
    }

    /// Calls a passkey something else.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the name; [`Error::NotFound`].
    pub async fn rename_passkey(&self, by: &SignedInBrowser, name: PublicId, new: &str) -> Result<()> {
        let title = title(new)?;
        let one = self.own_passkey(by, name).await?;
        let operator = self.store.operator(one.organisation, one.operator).await?;
        let key = self.keyring.data_key(operator.organisation, operator.key).await?;
        let content = Content { title, ..Content::open(&key, &one)? };
        let sealed = content.seal(&key, &one.hash)?;
        self.store.change_passkey(one.organisation, one.operator, one.hash, sealed).await?;
        self.tell_own_windows(operator.id);
        Ok(())
    }

    /// Says that it was oneself who added a passkey. Not in the session that it was added in, nor in a new browser: whoever
    /// sits there may be anybody.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] from where it cannot be said.
    pub async fn recognise_passkey(&self, by: &SignedInBrowser, name: PublicId) -> Result<()> {
        let one = self.own_passkey(by, name).await?;
        if one.new_in.is_none() {
            return Ok(());
        }
        if self.sessions(by).await?.iter().any(|session| session.is_current && session.is_new) {
            return Err(Error::Conflict("this browser is new itself: say so in one that you have used before"));
        }
        match self.store.recognise_passkey(one.organisation, one.operator, one.hash, by.hash).await {
            Err(store::Error::NotFound) => Err(Error::Conflict("it was added here: say so in another browser")),
            done => Ok(done?),
        }
    }

    /// Removes a passkey. The password stays: nobody loses their last way in. Sessions stay, too.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove_passkey(&self, by: &SignedInBrowser, name: PublicId) -> Result<()> {
        let one = self.own_passkey(by, name).await?;
        self.store.audited(self.by(by.principal)).delete_passkey(one.organisation, one.operator, one.hash).await?;
        self.tell_own_windows(one.operator);
        Ok(())
    }

    async fn own_passkey(&self, by: &SignedInBrowser, name: PublicId) -> Result<Passkey> {
        let all = self.store.passkeys(by.principal.organisation, by.principal.operator).await?;
        all.into_iter().find(|one| name_of(&one.hash) == name).ok_or(Error::NotFound)
    }

    /// By what devices know an operator: the same for all of their passkeys, so that a device replaces and does not pile up.
    pub(super) fn passkey_user(&self, operator: &Operator) -> [u8; 32] {
        self.secrets.passkey_user(operator.name)
    }

    pub(super) fn tell_own_windows(&self, operator: OperatorId) {
        self.bus.signal(Topic::Operator(operator), Signal::SignedIn);
    }
}

fn title(title: &str) -> Result<String> {
    text::line(title, NAME_CHARACTERS).map_err(|error| wrong("name", &error.to_string()))
}
