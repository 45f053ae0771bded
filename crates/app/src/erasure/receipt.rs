//! The receipts of a deletion (C6): an acknowledgement at once, and the final one when nobody can read it any more.

use domain::erasure::State;
use domain::{Principal, PublicId};
use privacy::receipt::{At, Hex, Limit, Opening, Outcome, Receipt, Statement};
use store::erasure::{Erasure, Evidence, Item};

use super::steps::keys;
use crate::{App, Error, Result};

impl App {
    /// The receipt of a deletion, as a file: the final one where there is one, else an acknowledgement.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`]; [`Error::Conflict`] for one that was taken back.
    pub async fn erasure_receipt(&self, principal: Principal, name: PublicId) -> Result<String> {
        let erasure = self.erasure(principal, name).await?.erasure;
        self.receipt_of(&erasure).await
    }

    /// The same without asking whose it is: for whoever asked for it.
    ///
    /// # Errors
    /// [`Error::Conflict`] for one that was taken back.
    pub async fn receipt_of(&self, erasure: &Erasure) -> Result<String> {
        let evidence = self.store.erasure_evidence(erasure.organisation, erasure.id).await?;
        if let Some(receipt) = evidence.receipt {
            return Ok(receipt);
        }
        if erasure.state == State::Undone {
            return Err(Error::Conflict("this deletion was taken back: nothing was destroyed"));
        }
        let (erasure, items) = self.store.erasure(erasure.organisation, erasure.id).await?;
        let opening = opening(&evidence, &items);
        let statement = self.statement(&erasure, opening.commitment(), None).await?;
        Ok(Receipt::sign(statement, Some(opening), &self.secrets.signing_key()).to_text())
    }

    /// What is signed once nobody holds a key any more that opens any copy of it.
    pub(super) async fn final_receipt(&self, erasure: &Erasure) -> Result<Receipt> {
        let number = erasure.journal_number.ok_or(Error::Internal)?;
        let hash = self.store.journal_hash(number).await?.ok_or(Error::Internal)?;
        let epoch = erasure.epoch.ok_or(Error::Internal)?;
        let shredded_at = erasure.shredded_at.ok_or(Error::Internal)?;
        let held = self.holders(epoch, shredded_at, number).await?;
        let outcome = Outcome {
            journal_number: number,
            journal_hash: Hex(hash),
            keys_destroyed_at: At(shredded_at),
            rows_deleted_at: At(erasure.purged_at.ok_or(Error::Internal)?),
            epoch,
            epoch_destroyed_at: At(self.keyring.store().settled_at(epoch).await?.ok_or(Error::Internal)?),
            frozen: self.frozen_since(shredded_at).await?,
            nodes: held.nodes,
            places: held.places,
            told: Vec::new(),
        };
        let evidence = self.store.erasure_evidence(erasure.organisation, erasure.id).await?;
        let bound = evidence.commitment.ok_or(Error::Internal)?;
        let statement = self.statement(erasure, bound, Some(outcome)).await?;
        Ok(Receipt::sign(statement, None, &self.secrets.signing_key()))
    }

    async fn statement(&self, erasure: &Erasure, bound: [u8; 32], outcome: Option<Outcome>) -> Result<Statement> {
        let mut limits = vec![Limit::NoProofOfNoCopy, Limit::MediumMayKeep];
        if self.places().is_empty() {
            limits.push(Limit::NoPlaces);
        }
        let said = outcome.iter().flat_map(|said| {
            let nodes = said.nodes.iter().map(|node| node.lost_at);
            nodes.chain(said.places.iter().map(|place| place.lost_at))
        });
        if said.flatten().next().is_some() {
            limits.push(Limit::CopyNotDestroyed);
        }
        Ok(Statement {
            number: erasure.name,
            organisation: self.organisation_name(erasure.organisation).await?,
            what: erasure.what,
            cause: erasure.cause,
            requested_at: At(erasure.requested_at),
            destroyed_from: At(erasure.destroy_at),
            conversations: erasure.conversations,
            messages: erasure.messages,
            keys: erasure.keys,
            commitment: Hex(bound),
            outcome,
            limits,
        })
    }
}

/// Shows what the commitment binds, as long as the single things that go are known.
fn opening(evidence: &Evidence, items: &[Item]) -> Opening {
    let keys = keys(items).into_iter().map(|key| key.0).collect();
    Opening { salt: Hex(evidence.salt.unwrap_or_default()), keys }
}
