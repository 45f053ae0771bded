//! The receipt of a deletion (requirement C6): what was destroyed and when, signed, without content and without a name. It is a
//! small file of JSON that anybody can check who has the installation's public key, without asking anybody.
//!
//! There are two under one number: an acknowledgement at once, and the final one when nobody can read it any more who holds every
//! file and every key that the system still has.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::HEXLOWER;
use domain::erasure::{Cause, What};
use domain::{PublicId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::chain::{self, Salt, SigningKey};
use crate::digest;

/// What the file says it is.
const FORMAT: &str = "diskret-receipt-1";

/// Bytes that are written in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| de::Error::custom("not hex in lower case"))?;
        bytes.try_into().map(Self).map_err(|_| de::Error::custom(format_args!("not {N} bytes")))
    }
}

/// A time, written as in RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(pub Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(de::Error::custom)
    }
}

/// What the signature covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The deletion's number, the same on both receipts.
    pub number: PublicId,
    /// Whose data it was.
    pub organisation: PublicId,
    /// What was deleted.
    pub what: What,
    /// Who caused it: never which person.
    pub cause: Cause,
    /// When it was asked for.
    pub requested_at: At,
    /// Until when it can be taken back. What is held is destroyed later than that.
    pub destroyed_from: At,
    /// How many conversations.
    pub conversations: i64,
    /// How many messages and notes.
    pub messages: i64,
    /// How many keys.
    pub keys: i64,
    /// Binds the numbers of those keys without telling them: see [`Opening`].
    pub commitment: Hex<32>,
    /// What the acknowledgement bound, where that was something else: the rest of a conversation may have got another key
    /// before a part of it went, and of many one may have gone by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Hex<32>>,
    /// What of it must not be destroyed yet, where anything must not: it is hidden until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldBack>,
    /// That it is held up because it is implausibly large: it is hidden, and not destroyed before somebody lets it go on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_up: bool,
    /// What was done; only in the final receipt.
    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What no receipt can prove.
    pub limits: Vec<Limit>,
}

/// What must not be destroyed yet (Art. 18 GDPR).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldBack {
    /// How many conversations, or the one of which a part is to go.
    pub conversations: i64,
    /// Until when the last of them.
    pub until: At,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Its place in the journal of deletions, which a restored backup has done again.
    pub journal_number: i64,
    /// The hash of the journal up to there.
    pub journal_hash: Hex<32>,
    /// When the keys were destroyed: from then on, the running system could not read it.
    pub keys_destroyed_at: At,
    /// When the rows were deleted.
    pub rows_deleted_at: At,
    /// Under which epoch key copies of the destroyed keys may still lie in backups, logs and free pages.
    pub epoch: i64,
    /// When that and all before it were destroyed everywhere: from then on, nothing opens those copies.
    pub epoch_destroyed_at: At,
    /// Nothing was destroyed meanwhile: somebody had frozen the epochs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Frozen>,
    /// What became of each node's copies of those epoch keys.
    pub nodes: Vec<NodeSays>,
    /// What each backup place had, and what became of its copies.
    pub places: Vec<PlaceSays>,
    /// Recipients who were told (Art. 19 GDPR).
    pub told: Vec<String>,
}

/// A time in which no epoch key was destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// Since when.
    pub from: At,
    /// Until when.
    pub until: At,
}

/// What a node says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSays {
    /// Which node.
    pub node: i64,
    /// On what kind of file system the keys lay: what a medium really forgets differs.
    pub medium: String,
    /// When it destroyed its last copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch_destroyed_at: Option<At>,
    /// When somebody declared a copy of its lost: nobody saw it destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<At>,
}

/// What a backup place says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceSays {
    /// Its name in the configuration, or what it is known by where it has none there any more.
    pub place: String,
    /// What kind of thing it is.
    pub medium: String,
    /// Country, as ISO 3166 code.
    pub country: String,
    /// Site.
    pub site: String,
    /// Company.
    pub company: String,
    /// When the journal's entry was read back there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_at: Option<At>,
    /// When its last copy of an epoch key was overwritten; nothing where it never had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch_destroyed_at: Option<At>,
    /// When somebody declared a copy of its lost: nobody saw it overwritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<At>,
}

/// What no receipt can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// That nobody made a copy before, on paper or on a screen.
    NoProofOfNoCopy,
    /// That a medium forgot what was overwritten on it.
    MediumMayKeep,
    /// That there was a backup place: none is configured.
    NoPlaces,
    /// That every copy of the epoch key is gone: one was lost before anybody saw it destroyed.
    CopyNotDestroyed,
}

/// Shows what the commitment binds. It is given out once; the installation forgets it when the keys are destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The random value in it.
    pub salt: Hex<32>,
    /// The numbers of the keys, ascending.
    pub keys: Vec<i64>,
}

impl Opening {
    /// What binds it.
    pub fn commitment(&self) -> [u8; 32] {
        commitment(&self.salt.0, &self.keys)
    }
}

/// Binds the numbers of keys, which are to be ascending.
pub fn commitment(salt: &Salt, keys: &[i64]) -> [u8; 32] {
    let bytes: Vec<u8> = keys.iter().flat_map(|key| key.to_be_bytes()).collect();
    chain::commitment(salt, &[Some(b"keys"), Some(&bytes)])
}

/// A receipt, as it is given out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    format: String,
    /// What it says.
    pub statement: Statement,
    /// Shows what the commitment binds; not signed, since it is checked against that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
    /// The public half of the key that signed (Ed25519).
    pub key: Hex<32>,
    /// The signature.
    pub signature: Hex<64>,
}

/// Why a file is no receipt that can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is something else, or was changed so that it reads otherwise than it was written.
    #[error("this is not a receipt as it was given out")]
    NotAReceipt,
    /// Somebody else signed it.
    #[error("this was signed by another key than the one you named")]
    OtherKey,
    /// What it says is not what was signed.
    #[error("this is not what was signed")]
    NotSigned,
    /// The opening does not belong to the commitment.
    #[error("the list of keys is not the one that was signed for")]
    OtherKeys,
}

impl Receipt {
    /// Signs a statement.
    pub fn sign(statement: Statement, opening: Option<Opening>, key: &SigningKey) -> Self {
        let signature = Hex(key.sign_bytes(&signed(&statement)));
        Self { format: FORMAT.to_owned(), statement, opening, key: Hex(key.public()), signature }
    }

    /// The file's text.
    ///
    /// # Panics
    /// Never: nothing in it can fail to be written.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a receipt can be written") + "\n"
    }

    /// Reads a file and checks it: against the key that must have signed, where one is named, else against the one it
    /// names itself, which then has to be compared with the published one.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn verify(text: &str, key: Option<&[u8; 32]>) -> Result<Self, Invalid> {
        let receipt: Self = serde_json::from_str(text).map_err(|_| Invalid::NotAReceipt)?;
        // One spelling for each receipt, so that no byte can be changed without a trace.
        if receipt.format != FORMAT || receipt.to_text() != text {
            return Err(Invalid::NotAReceipt);
        }
        if key.is_some_and(|key| !digest::equal(key, &receipt.key.0)) {
            return Err(Invalid::OtherKey);
        }
        UnparsedPublicKey::new(&ED25519, receipt.key.0)
            .verify(&signed(&receipt.statement), &receipt.signature.0)
            .map_err(|_| Invalid::NotSigned)?;
        match &receipt.opening {
            Some(opening) if opening.commitment() != receipt.statement.commitment.0 => Err(Invalid::OtherKeys),
            _ => Ok(receipt),
        }
    }
}

/// The signed bytes: the statement without blanks, in a domain of its own.
fn signed(statement: &Statement) -> Vec<u8> {
    let mut bytes = b"diskret receipt 1\0".to_vec();
    serde_json::to_writer(&mut bytes, statement).expect("a statement can be written");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::RawKey;

    fn key(seed: u8) -> SigningKey {
        SigningKey::new(&RawKey::from_bytes([seed; 32]))
    }

    fn at(seconds: i64) -> At {
        At(Timestamp(1_805_016_413_000_000 + seconds * 1_000_000))
    }

    fn statement() -> (Statement, Opening) {
        let opening = Opening { salt: Hex([5; 32]), keys: vec![3, 7, 1 << 40] };
        let outcome = Outcome {
            journal_number: 7,
            journal_hash: Hex([6; 32]),
            keys_destroyed_at: at(600),
            rows_deleted_at: at(670),
            epoch: 12,
            epoch_destroyed_at: at(30_000),
            frozen: Some(Frozen { from: at(700), until: at(20_000) }),
            nodes: vec![NodeSays {
                node: 1,
                medium: "ext4".to_owned(),
                epoch_destroyed_at: Some(at(30_000)),
                lost_at: None,
            }],
            places: vec![PlaceSays {
                place: "a".to_owned(),
                medium: "folder on ext4".to_owned(),
                country: "DE".to_owned(),
                site: "Falkenstein".to_owned(),
                company: "Example GmbH".to_owned(),
                journal_at: Some(at(601)),
                epoch_destroyed_at: None,
                lost_at: Some(at(29_000)),
            }],
            told: Vec::new(),
        };
        let statement = Statement {
            number: PublicId::from_bytes([1; 16]),
            organisation: PublicId::from_bytes([2; 16]),
            what: What::Conversation,
            cause: Cause::Operator,
            requested_at: at(0),
            destroyed_from: at(600),
            conversations: 1,
            messages: 14,
            keys: 3,
            commitment: Hex(opening.commitment()),
            acknowledged: Some(Hex([8; 32])),
            held: Some(HeldBack { conversations: 1, until: at(600) }),
            held_up: true,
            outcome: Some(outcome),
            limits: vec![Limit::NoProofOfNoCopy, Limit::MediumMayKeep, Limit::CopyNotDestroyed],
        };
        (statement, opening)
    }

    fn both() -> [Receipt; 2] {
        let (statement, opening) = statement();
        let at_once = Statement { acknowledged: None, held: None, held_up: false, outcome: None, ..statement.clone() };
        [Receipt::sign(at_once, Some(opening), &key(1)), Receipt::sign(statement, None, &key(1))]
    }

    #[test]
    fn both_receipts_verify_offline_with_the_key_alone() {
        for receipt in both() {
            let text = receipt.to_text();
            assert_eq!(Receipt::verify(&text, Some(&key(1).public())), Ok(receipt.clone()));
            assert_eq!(Receipt::verify(&text, None), Ok(receipt));
        }
    }

    #[test]
    fn a_changed_byte_of_a_receipt_fails() {
        for receipt in both() {
            let text = receipt.to_text();
            for place in 0..text.len() {
                for flip in [1, 2, 4, 8, 16, 32, 64] {
                    let mut bytes = text.clone().into_bytes();
                    bytes[place] ^= flip;
                    let Ok(changed) = String::from_utf8(bytes) else { continue };
                    assert!(Receipt::verify(&changed, Some(&key(1).public())).is_err(), "byte {place}: {changed}");
                    assert!(Receipt::verify(&changed, None).is_err(), "byte {place}: {changed}");
                }
                let mut cut = text.clone();
                cut.remove(place);
                assert!(Receipt::verify(&cut, None).is_err(), "without byte {place}");
            }
            assert!(Receipt::verify(&format!("{text} "), None).is_err());
        }
    }

    #[test]
    fn a_receipt_of_another_house_fails() {
        let [receipt, _] = both();
        let (statement, opening) = statement();
        let forged = Receipt::sign(Statement { outcome: None, ..statement }, Some(opening), &key(2)).to_text();
        assert!(Receipt::verify(&forged, None).is_ok(), "whoever does not name the key is told whose it is");
        assert_eq!(Receipt::verify(&forged, Some(&key(1).public())), Err(Invalid::OtherKey));
        let lent = Receipt { signature: both()[1].signature, ..receipt };
        assert_eq!(Receipt::verify(&lent.to_text(), None), Err(Invalid::NotSigned));
    }

    #[test]
    fn whoever_holds_an_acknowledgement_cannot_claim_other_keys() {
        let [mut receipt, _] = both();
        receipt.opening.as_mut().unwrap().keys[1] = 8;
        assert_eq!(Receipt::verify(&receipt.to_text(), None), Err(Invalid::OtherKeys));
        receipt.opening = None;
        assert!(Receipt::verify(&receipt.to_text(), None).is_ok(), "it may be kept to oneself");
    }
}
