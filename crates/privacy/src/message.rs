//! A message on its way: received, redacted, sealed (law L2). Each step consumes the one before, and only this crate can
//! make the next, so a text that was not masked cannot be sealed and a text that was not sealed cannot be stored.

use domain::conversation::Author;
use domain::{PublicId, SenderId};

use crate::keys::{DataKey, place};
use crate::plaintext::Plaintext;
use crate::redact;
use crate::seal::Unopenable;

/// What names a message for good, before it has a sequence: bound into its seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The organisation's name outside.
    pub organisation: PublicId,
    /// The conversation's name outside.
    pub conversation: PublicId,
    /// Who wrote it.
    pub author: Author,
    /// From which page load.
    pub sender: SenderId,
    /// The how-manieth of that sender in this conversation, from 1.
    pub counter: i64,
    /// A note, which the visitor must never be shown: bound, so that a row cannot be turned into a message.
    pub note: bool,
    /// 0, and one more with each change of the text.
    pub revision: i64,
}

impl Identity {
    fn place(&self) -> Vec<u8> {
        place(
            b"message",
            &[
                self.organisation.as_bytes(),
                self.conversation.as_bytes(),
                &self.author.code().to_be_bytes(),
                &self.sender.0.to_be_bytes(),
                &self.counter.to_be_bytes(),
                &[u8::from(self.note)],
                &self.revision.to_be_bytes(),
            ],
        )
    }
}

/// A message in one of its states.
#[derive(Debug)]
pub struct Message<S> {
    identity: Identity,
    state: S,
}

/// As it came from outside.
#[derive(Debug)]
pub struct Received(Plaintext);

/// With masked card numbers (requirement A6).
#[derive(Debug)]
pub struct Redacted {
    text: Plaintext,
    masked: usize,
}

/// Unreadable without its key.
#[derive(Debug)]
pub struct Sealed(Vec<u8>);

impl<S> Message<S> {
    /// What names it.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Message<Received> {
    /// Takes a text from outside.
    pub const fn receive(identity: Identity, text: Plaintext) -> Self {
        Self { identity, state: Received(text) }
    }

    /// Masks what must never be stored. The server decides; what the browser masked before is left as it is.
    pub fn redact(self) -> Message<Redacted> {
        let masked = redact::mask(self.state.0.reveal());
        let count = masked.spans.len();
        let changed = (count > 0).then(|| Plaintext::new(masked.text.into_owned()));
        let text = changed.unwrap_or(self.state.0);
        Message { identity: self.identity, state: Redacted { text, masked: count } }
    }
}

impl Message<Redacted> {
    /// Seals it. Gives back the masked text beside the sealed message, for those who may read it now.
    pub fn seal(self, key: &DataKey) -> (Message<Sealed>, Plaintext) {
        let sealed = key.key.seal(&self.identity.place(), self.state.text.reveal().as_bytes());
        (Message { identity: self.identity, state: Sealed(sealed) }, self.state.text)
    }

    /// How many things were masked.
    pub const fn masked(&self) -> usize {
        self.state.masked
    }

    /// Names it anew: a first message whose conversation turned out to exist already.
    #[must_use]
    pub fn renamed(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }

    /// A copy to seal a second time, for the same reason.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { identity: self.identity, state: Redacted { text: self.state.text.clone(), masked: self.state.masked } }
    }
}

impl Message<Sealed> {
    /// A stored box, for the store alone. What is not genuine will not open.
    pub const fn from_store(identity: Identity, sealed: Vec<u8>) -> Self {
        Self { identity, state: Sealed(sealed) }
    }

    /// The box, to be stored.
    pub fn sealed(&self) -> &[u8] {
        &self.state.0
    }

    /// Seals it with another key, as it is: what was masked before it was sealed stays masked.
    ///
    /// # Errors
    /// [`Unopenable`], as [`Self::open`].
    pub fn reseal(&self, from: &DataKey, to: &DataKey) -> Result<Self, Unopenable> {
        let place = self.identity.place();
        let bytes = zeroize::Zeroizing::new(from.key.open(&place, &self.state.0)?);
        Ok(Self { identity: self.identity, state: Sealed(to.key.seal(&place, &bytes)) })
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`Unopenable`] where the box was moved, changed or sealed with another key, or holds no UTF-8.
    pub fn open(&self, key: &DataKey) -> Result<Plaintext, Unopenable> {
        let bytes = key.key.open(&self.identity.place(), &self.state.0)?;
        String::from_utf8(bytes).map(Plaintext::new).map_err(|_| Unopenable)
    }
}

#[cfg(test)]
mod tests {
    use domain::{KeyId, OperatorId};

    use super::*;
    use crate::keys::RawKey;

    fn identity() -> Identity {
        Identity {
            organisation: PublicId::from_bytes([1; 16]),
            conversation: PublicId::from_bytes([2; 16]),
            author: Author::Visitor,
            sender: SenderId(3),
            counter: 4,
            note: false,
            revision: 0,
        }
    }

    fn sealed(key: &DataKey, text: &str) -> Message<Sealed> {
        Message::receive(identity(), Plaintext::new(text.to_owned())).redact().seal(key).0
    }

    #[test]
    fn a_message_opens_as_it_was_written() {
        let key = DataKey::new(KeyId(1), &RawKey::generate());
        assert_eq!(sealed(&key, "Grüße 👋").open(&key).unwrap().reveal(), "Grüße 👋");
    }

    #[test]
    fn a_row_swapped_into_any_other_place_does_not_open() {
        let key = DataKey::new(KeyId(1), &RawKey::generate());
        let message = sealed(&key, "canary");
        let here = identity();
        let elsewhere = [
            Identity { organisation: PublicId::from_bytes([9; 16]), ..here },
            Identity { conversation: PublicId::from_bytes([9; 16]), ..here },
            Identity { author: Author::Operator(OperatorId(9)), ..here },
            Identity { sender: SenderId(9), ..here },
            Identity { counter: 9, ..here },
            Identity { note: true, ..here },
            Identity { revision: 9, ..here },
        ];
        assert!(message.open(&key).is_ok());
        for place in elsewhere {
            assert!(Message::from_store(place, message.sealed().to_vec()).open(&key).is_err(), "{place:?}");
        }
    }

    #[test]
    fn a_card_number_is_masked_before_it_is_sealed() {
        let key = DataKey::new(KeyId(1), &RawKey::generate());
        let opened = sealed(&key, "card 4242 4242 4242 4242 please").open(&key).unwrap();
        assert_eq!(opened.reveal(), "card •••• 4242 please");
    }
}
