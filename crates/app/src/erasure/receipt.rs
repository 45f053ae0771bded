//! The receipts of a deletion (C6): an acknowledgement at once, and the final one when nobody can read it any more.

use std::time::Duration;

use domain::erasure::{State, What};
use domain::{Principal, PublicId};
use privacy::receipt::{At, HeldBack, Hex, Limit, Opening, Outcome, Receipt, Statement, commitment};
use store::erasure::{Erasure, Evidence};

use super::steps::keys;
use crate::{App, Error, Result};

/// How often, and how soon, a receipt is made again that could not be.
const TRIES: usize = 5;
const AGAIN: Duration = Duration::from_millis(500);

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
        let (organisation, now) = (erasure.organisation, self.now());
        let evidence = self.store.erasure_evidence(organisation, erasure.id, now).await?;
        if let Some(receipt) = evidence.receipt {
            return Ok(receipt);
        }
        let erasure = self.store.erasure_named(organisation, erasure.name).await?;
        if erasure.state == State::Undone {
            return Err(Error::Conflict("this deletion was taken back: nothing was destroyed"));
        }
        let keys: Vec<i64> = keys(&evidence.items).into_iter().map(|key| key.0).collect();
        let bound = match (evidence.commitment, evidence.salt) {
            (Some(bound), _) => bound,
            (None, salt) => commitment(&salt.ok_or(Error::Internal)?, &keys),
        };
        let statement = self.statement(&erasure, bound, &evidence, None).await?;
        // Once, and to whoever asks first.
        let opening = match evidence.salt {
            // Of an organisation no key is bound yet: they are counted on its day.
            Some(salt)
                if erasure.what != What::Organisation
                    && self.store.open_evidence(organisation, erasure.id, now).await? =>
            {
                Some(Opening { salt: Hex(salt), keys })
            }
            _ => None,
        };
        Ok(Receipt::sign(statement, opening, &self.secrets.signing_key()).to_text())
    }

    /// The same for the visitor whose conversation it is. The deletion is stored: a database that is away for a moment must not
    /// cost its receipt.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn receipt_for_visitor(&self, erasure: &Erasure) -> Result<String> {
        for _ in 0..TRIES {
            match self.receipt_of(erasure).await {
                Err(Error::Unavailable | Error::Busy) => tokio::time::sleep(AGAIN).await,
                receipt => return receipt,
            }
        }
        self.receipt_of(erasure).await
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
        let evidence = self.store.erasure_evidence(erasure.organisation, erasure.id, self.now()).await?;
        let bound = evidence.commitment.ok_or(Error::Internal)?;
        let statement = self.statement(erasure, bound, &evidence, Some(outcome)).await?;
        Ok(Receipt::sign(statement, None, &self.secrets.signing_key()))
    }

    /// Where the organisation itself goes, it is no longer there to be asked.
    async fn whose(&self, erasure: &Erasure, evidence: &Evidence) -> Result<PublicId> {
        match evidence.organisation {
            Some(name) => Ok(name),
            None => self.organisation_name(erasure.organisation).await,
        }
    }

    async fn statement(
        &self,
        erasure: &Erasure,
        bound: [u8; 32],
        evidence: &Evidence,
        outcome: Option<Outcome>,
    ) -> Result<Statement> {
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
        let is_open = outcome.is_none() && erasure.shredded_at.is_none();
        let held = evidence.held.filter(|_| is_open);
        Ok(Statement {
            number: erasure.name,
            organisation: self.whose(erasure, evidence).await?,
            what: erasure.what,
            cause: erasure.cause,
            requested_at: At(erasure.requested_at),
            destroyed_from: At(erasure.destroy_at),
            conversations: erasure.conversations,
            messages: erasure.messages,
            keys: erasure.keys,
            commitment: Hex(bound),
            acknowledged: evidence.acknowledged.filter(|before| *before != bound).map(Hex),
            held: held.map(|held| HeldBack { conversations: held.conversations, until: At(held.until) }),
            held_up: erasure.state == State::Braked,
            outcome,
            limits,
        })
    }
}
