//! Passwords: argon2id (RFC 9106) with the parameters that OWASP names first (19 MiB, two passes), off the runtime's
//! threads, a few at a time so that a flood of sign-ins cannot take the memory.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier as _};
use domain::limits::{PASSWORD_BYTES, PASSWORD_CHARACTERS};
use privacy::{Plaintext, random};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::guessable::is_guessable;
use super::leaked::Leaked;
use crate::{Error, Result};

static TURNS: Semaphore = Semaphore::const_new(4);
/// Who gets no turn within this is told that too much is going on.
const TURN_WITHIN: Duration = Duration::from_secs(5);

/// A turn to hash. It goes along with the work, which nobody can stop: who hangs up must not make room for more.
async fn turn() -> Result<SemaphorePermit<'static>> {
    match tokio::time::timeout(TURN_WITHIN, TURNS.acquire()).await {
        Ok(turn) => turn.map_err(|_| Error::Internal),
        Err(_) => Err(Error::Busy),
    }
}

/// What a new password must be.
#[derive(Default)]
pub(crate) struct Rules {
    leaked: OnceLock<Arc<Leaked>>,
}

impl Rules {
    /// Names a list of leaked passwords; the first one named stays.
    pub(crate) fn refuse_leaked(&self, leaked: Leaked) {
        let _ = self.leaked.set(Arc::new(leaked));
    }

    /// Checks a new password and hashes it. `known` is what somebody who guesses knows: organisation, name, address.
    pub(super) async fn hash(&self, password: Plaintext, known: &[&str]) -> Result<String> {
        if password.reveal().chars().count() < PASSWORD_CHARACTERS {
            return Err(invalid(format!("must be at least {PASSWORD_CHARACTERS} characters long")));
        }
        if password.len() > PASSWORD_BYTES {
            return Err(invalid(format!("must be at most {PASSWORD_BYTES} bytes long")));
        }
        if is_guessable(password.reveal(), known) {
            return Err(invalid(GUESSED.to_owned()));
        }
        let (turn, leaked) = (turn().await?, self.leaked.get().cloned());
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let is_leaked = leaked.map_or(Ok(false), |leaked| leaked.contains(password.reveal()));
            match is_leaked {
                Ok(false) => hash(&password),
                Ok(true) => Err(invalid(LEAKED.to_owned())),
                Err(error) => {
                    tracing::error!(%error, "the list of leaked passwords cannot be read");
                    Err(Error::Unavailable)
                }
            }
        })
        .await
        .map_err(|_| Error::Internal)?
    }
}

const GUESSED: &str = "is among the first that somebody would try: choose several unrelated words, and none of names, \
                       addresses, years or rows of keys";
const LEAKED: &str = "stands in a list of leaked passwords, which are tried first: choose several unrelated words";

fn hash(password: &Plaintext) -> Result<String> {
    use argon2::PasswordHasher as _;
    let salt: [u8; 16] = random::bytes();
    Argon2::default()
        .hash_password_with_salt(password.reveal().as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|_| Error::Internal)
}

/// What is stored for somebody who has set no password yet: no password fits it.
pub(super) const NONE: &str = "";

/// Whether a password fits a hash. Without a hash, as for an unknown address, the same work is done for nothing, so that
/// both answers take the same time (SA1).
pub(super) async fn verify(password: Plaintext, hash: Option<String>) -> Result<bool> {
    if password.len() > PASSWORD_BYTES {
        return Ok(false);
    }
    let turn = turn().await?;
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let hash = hash.filter(|hash| hash != NONE);
        let known = hash.is_some();
        let text = hash.unwrap_or_else(|| NOBODY.to_owned());
        let parsed = PasswordHash::new(&text).map_err(|_| Error::Internal)?;
        Ok(Argon2::default().verify_password(password.reveal().as_bytes(), &parsed).is_ok() && known)
    })
    .await
    .map_err(|_| Error::Internal)?
}

/// The hash of a password that nobody has: same parameters, so the same work.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn invalid(detail: String) -> Error {
    Error::Invalid { field: "password", detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Plaintext {
        Plaintext::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let hashed = Rules::default().hash(text("a long enough secret"), &[]).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(text("a long enough secret"), Some(hashed.clone())).await.unwrap());
        assert!(!verify(text("a long enough secre"), Some(hashed)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_address_does_the_work_and_never_fits() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(!verify(text("whatever it may be"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_short_or_endless_password_is_refused() {
        let hash = async |password: &str| Rules::default().hash(text(password), &["Nordlicht"]).await;
        for refused in ["elf zeichen", &"x".repeat(513), "Password1234", "Nordlicht2024!"] {
            assert!(matches!(hash(refused).await, Err(Error::Invalid { field: "password", .. })), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_leaked_password_is_refused_where_a_list_is_named() {
        let leaked = "gelbe Gabel im Regen";
        let mut list = tempfile::NamedTempFile::new().unwrap();
        let line = format!("{}:3\r\n", privacy::digest::sha1_hex(leaked.as_bytes()));
        std::io::Write::write_all(&mut list, line.as_bytes()).unwrap();
        let rules = Rules::default();
        assert!(rules.hash(text(leaked), &[]).await.is_ok());
        rules.refuse_leaked(Leaked::open(list.path()).unwrap());
        assert!(matches!(rules.hash(text(leaked), &[]).await, Err(Error::Invalid { field: "password", .. })));
        assert!(rules.hash(text("gelbe Gabel im Schnee"), &[]).await.is_ok());
    }
}
