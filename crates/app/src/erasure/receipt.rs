//! The receipts of a deletion (C6): an acknowledgement at once, and the final one when nobody can read it any more.

use domain::erasure::State;
use domain::{Principal, PublicId, Timestamp};
use privacy::receipt::{At, Hex, Limit, NodeSays, Opening, Outcome, PlaceSays, Receipt, Statement};
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
        let whose = self.whose(&erasure, &evidence).await?;
        let statement = self.statement(&erasure, whose, opening.commitment(), None);
        Ok(Receipt::sign(statement, Some(opening), &self.secrets.signing_key()).to_text())
    }

    /// What is signed once nobody holds a key any more that opens any copy of it.
    pub(super) async fn final_receipt(&self, erasure: &Erasure, now: Timestamp) -> Result<Receipt> {
        let number = erasure.journal_number.ok_or(Error::Internal)?;
        let hash = self.store.journal_hash(number).await?.ok_or(Error::Internal)?;
        let epoch = erasure.epoch.ok_or(Error::Internal)?;
        let copies = self.keyring.store().epoch_copies(epoch, epoch).await?;
        let destroyed =
            |holder: &str| copies.iter().find(|copy| copy.holder == holder).and_then(|copy| copy.destroyed_at);
        let nodes = copies.iter().filter_map(|copy| {
            let node = copy.holder.strip_prefix("node:")?.parse().ok()?;
            Some(NodeSays { node, medium: copy.medium.clone(), epoch_destroyed_at: At(copy.destroyed_at?) })
        });
        let places = self.places().iter().map(|placed| PlaceSays {
            place: placed.name.clone(),
            country: placed.within.country.clone(),
            site: placed.within.site.clone(),
            company: placed.within.company.clone(),
            journal_at: At(erasure.placed_at.unwrap_or(now)),
            epoch_destroyed_at: At(destroyed(&format!("place:{}", placed.name)).unwrap_or(now)),
        });
        let outcome = Outcome {
            journal_number: number,
            journal_hash: Hex(hash),
            keys_destroyed_at: At(erasure.shredded_at.ok_or(Error::Internal)?),
            rows_deleted_at: At(erasure.purged_at.ok_or(Error::Internal)?),
            epoch,
            epoch_destroyed_at: At(copies.iter().filter_map(|copy| copy.destroyed_at).max().unwrap_or(now)),
            nodes: nodes.collect(),
            places: places.collect(),
            told: Vec::new(),
        };
        let evidence = self.store.erasure_evidence(erasure.organisation, erasure.id).await?;
        let bound = evidence.commitment.ok_or(Error::Internal)?;
        let whose = self.whose(erasure, &evidence).await?;
        let statement = self.statement(erasure, whose, bound, Some(outcome));
        Ok(Receipt::sign(statement, None, &self.secrets.signing_key()))
    }

    /// Where the organisation itself goes, it is no longer there to be asked.
    async fn whose(&self, erasure: &Erasure, evidence: &Evidence) -> Result<PublicId> {
        match evidence.organisation {
            Some(name) => Ok(name),
            None => self.organisation_name(erasure.organisation).await,
        }
    }

    fn statement(
        &self,
        erasure: &Erasure,
        organisation: PublicId,
        bound: [u8; 32],
        outcome: Option<Outcome>,
    ) -> Statement {
        let mut limits = vec![Limit::NoProofOfNoCopy, Limit::MediumMayKeep];
        if self.places().is_empty() {
            limits.push(Limit::NoPlaces);
        }
        Statement {
            number: erasure.name,
            organisation,
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
        }
    }
}

/// Shows what the commitment binds, as long as the single things that go are known.
fn opening(evidence: &Evidence, items: &[Item]) -> Opening {
    let keys = keys(items).into_iter().map(|key| key.0).collect();
    Opening { salt: Hex(evidence.salt.unwrap_or_default()), keys }
}
