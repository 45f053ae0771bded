//! What a receipt says of nodes and places: only what was noted when it was seen.

use std::collections::BTreeMap;

use domain::Timestamp;
use privacy::receipt::{At, Frozen, NodeSays, PlaceSays};
use store::epoch::Copy;

use crate::epoch::holder;
use crate::{App, Error, Result};

/// Whoever had a key that opened copies of what was destroyed, and whoever has the journal.
pub(super) struct Holders {
    pub(super) nodes: Vec<NodeSays>,
    pub(super) places: Vec<PlaceSays>,
}

/// What became of a holder's copies.
struct Held {
    medium: String,
    within: Option<[String; 3]>,
    destroyed_at: Option<At>,
    lost_at: Option<At>,
}

impl Held {
    fn of(copies: Vec<Copy>) -> BTreeMap<String, Self> {
        let mut held = BTreeMap::<String, Self>::new();
        for Copy { holder, medium, within, destroyed_at, lost_at, .. } in copies {
            let last = |one: Option<At>, other: Option<Timestamp>| one.map(|at| at.0).max(other).map(At);
            let (before, lost_before) =
                held.get(&holder).map_or((None, None), |held| (held.destroyed_at, held.lost_at));
            // One that was declared lost and came back was destroyed after all.
            let lost_at = lost_at.filter(|_| destroyed_at.is_none());
            let now =
                Self { medium, within, destroyed_at: last(before, destroyed_at), lost_at: last(lost_before, lost_at) };
            held.insert(holder, now);
        }
        held
    }
}

impl App {
    /// Who held the key of this epoch, or of one before it, when keys were destroyed or later: the same keys may lie in old copies
    /// under each of them. And when the places had the journal's entry.
    pub(super) async fn holders(&self, epoch: i64, since: Timestamp, number: i64) -> Result<Holders> {
        let copies = self.keyring.store().epoch_copies_since(epoch, since).await?;
        if copies.iter().any(|copy| copy.destroyed_at.is_none() && copy.lost_at.is_none()) {
            // One that came back behind everybody's back: nothing is signed before it is gone.
            return Err(Error::Unavailable);
        }
        let mut held = Held::of(copies);
        let mut seen: BTreeMap<String, At> =
            self.store.journal_seen(number).await?.into_iter().map(|(place, at)| (place, At(at))).collect();
        let mut places = Vec::new();
        for placed in self.places() {
            let (known, within) = (held.remove(&holder(&placed.id)), &placed.within);
            places.push(PlaceSays {
                place: placed.name.clone(),
                medium: known.as_ref().map_or_else(|| placed.medium(), |held| held.medium.clone()),
                country: within.country.clone(),
                site: within.site.clone(),
                company: within.company.clone(),
                journal_at: seen.remove(&placed.id),
                epoch_destroyed_at: known.as_ref().and_then(|held| held.destroyed_at),
                lost_at: known.and_then(|held| held.lost_at),
            });
        }
        let mut nodes = Vec::new();
        for (holder, Held { medium, within, destroyed_at, lost_at }) in held {
            if let Some(node) = holder.strip_prefix("node:").and_then(|node| node.parse().ok()) {
                nodes.push(NodeSays { node, medium, epoch_destroyed_at: destroyed_at, lost_at });
            } else {
                // Nothing names it any more.
                let place = holder.strip_prefix("place:").unwrap_or(&holder).to_owned();
                let journal_at = seen.remove(&place);
                let [country, site, company] = within.unwrap_or_default();
                let epoch_destroyed_at = destroyed_at;
                places.push(PlaceSays {
                    place,
                    medium,
                    country,
                    site,
                    company,
                    journal_at,
                    epoch_destroyed_at,
                    lost_at,
                });
            }
        }
        Ok(Holders { nodes, places })
    }

    /// In which time nothing was destroyed because somebody had frozen the epochs, where that was after a moment.
    pub(super) async fn frozen_since(&self, since: Timestamp) -> Result<Option<Frozen>> {
        let frozen = self.keyring.store().turn().await?.frozen;
        let frozen = frozen.filter(|(from, until)| *until > since && until > from);
        Ok(frozen.map(|(from, until)| Frozen { from: At(from), until: At(until) }))
    }
}
