//! Checks a log from its first entry to its last, and against signed states of it. What is wrong first is named.

use domain::audit::KEPT;
use domain::{OrganisationId, PublicId, Timestamp};
use privacy::chain::{BEGINNING, Statement};

use super::chain::{Entry, Head};
use super::read::Filter;
use crate::{Result, Store};

/// A signed state that a log is compared with.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What was signed.
    pub said: Statement,
    /// The signature.
    pub signature: Vec<u8>,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries that are there.
    pub entries: i64,
    /// Signed states that it was compared with.
    pub checkpoints: usize,
    /// What is wrong first; nothing where all is well.
    pub broken: Option<Broken>,
}

/// What is wrong, and with which entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The entry's number.
    pub number: i64,
    /// What.
    pub fault: Fault,
}

/// What can be wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not say what it said when it was written.
    Altered,
    /// It was taken out.
    Missing,
    /// It stands in another one's place: its own number was this.
    Moved(i64),
    /// What it said was taken away before its time.
    Emptied,
    /// It and all behind it were cut off.
    Truncated,
    /// From it on this is not the log that was signed: an older state was put back and went on, or it was written anew.
    RolledBack,
    /// Where the log says that it ends is not where it ends.
    End,
    /// A signed state that nobody signed with this installation's key, or of another log.
    Checkpoint,
}

impl Fault {
    /// As sent and as recorded.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Moved(_) => "moved",
            Self::Emptied => "emptied",
            Self::Truncated => "truncated",
            Self::RolledBack => "rolled_back",
            Self::End => "end",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// Somebody who walks along the log.
struct Walker {
    now: Timestamp,
    last: i64,
    hash: [u8; 32],
    /// Every hash as it stands: whose place an entry has taken is found by them.
    stored: Vec<(i64, [u8; 32])>,
    broken: Option<(Broken, Option<Entry>)>,
}

impl Walker {
    const fn new(now: Timestamp) -> Self {
        Self { now, last: 0, hash: BEGINNING, stored: Vec::new(), broken: None }
    }

    fn see(&mut self, entry: Entry) {
        self.stored.push((entry.number, entry.hash.as_slice().try_into().unwrap_or(BEGINNING)));
        if self.broken.is_some() {
            return;
        }
        let expected = self.last + 1;
        let break_at = |number, fault, entry| Some((Broken { number, fault }, entry));
        self.broken = match entry.number {
            number if number > expected => break_at(expected, Fault::Missing, None),
            number if number < expected => break_at(number, Fault::Altered, None),
            number => match self.check(&entry) {
                Ok(hash) => {
                    (self.last, self.hash) = (number, hash);
                    None
                }
                Err(fault) => break_at(number, fault, Some(entry)),
            },
        };
    }

    /// The entry's hash, where everything about it is as it was.
    fn check(&self, entry: &Entry) -> std::result::Result<[u8; 32], Fault> {
        let commitment: [u8; 32] = entry.commitment.as_slice().try_into().map_err(|_| Fault::Altered)?;
        let hash = entry.link(&commitment).hash(&self.hash);
        if entry.hash != hash {
            return Err(Fault::Altered);
        }
        match &entry.salt {
            None if !entry.content.is_gone() => Err(Fault::Altered),
            None if entry.at > self.now.minus(KEPT) => Err(Fault::Emptied),
            None => Ok(hash),
            Some(salt) => {
                let salt = salt.as_slice().try_into().map_err(|_| Fault::Altered)?;
                if entry.content.commitment(&salt) == commitment { Ok(hash) } else { Err(Fault::Altered) }
            }
        }
    }

    /// What is wrong with the chain itself.
    fn chain(&self, end: Option<Head>) -> Option<Broken> {
        if let Some((broken, entry)) = &self.broken {
            let moved = entry.as_ref().and_then(|entry| self.place_of(entry));
            return Some(moved.map_or(*broken, |from| Broken { fault: Fault::Moved(from), ..*broken }));
        }
        let fault = match end {
            Some(end) if end.number > self.last => {
                return Some(Broken { number: self.last + 1, fault: Fault::Truncated });
            }
            Some(end) if (end.number, end.hash) == (self.last, self.hash) => return None,
            _ => Fault::End,
        };
        Some(Broken { number: self.last, fault })
    }

    /// The number under which an entry that does not fit here would fit.
    fn place_of(&self, entry: &Entry) -> Option<i64> {
        let commitment: [u8; 32] = entry.commitment.as_slice().try_into().ok()?;
        let hash_at = |number: i64| match number {
            0 => Some(BEGINNING),
            _ => self.stored.iter().find(|(at, _)| *at == number).map(|(_, hash)| *hash),
        };
        // Sorted by number, so the one before is at hand; where that is the entry's own place, what was there stands in its.
        let mut before = Some(BEGINNING);
        for (number, hash) in &self.stored {
            let previous = if *number == entry.number + 1 { hash_at(*number) } else { before };
            let there = Entry { number: *number, ..entry.clone() };
            if *number != entry.number && previous.is_some_and(|one| entry.hash == there.link(&commitment).hash(&one)) {
                return Some(*number);
            }
            before = Some(*hash);
        }
        None
    }

    /// What signed states show: the first entry that is not what was signed.
    fn compare(&self, mut claims: Vec<Claim>) -> Option<Broken> {
        claims.sort_by_key(|claim| claim.said.number);
        let mut good = 0;
        for claim in claims {
            let number = claim.said.number;
            match self.stored.binary_search_by_key(&number, |(number, _)| *number) {
                Ok(at) if self.stored[at].1 == claim.said.hash => good = number,
                Ok(_) => return Some(Broken { number: good + 1, fault: Fault::RolledBack }),
                Err(_) if self.stored.last().is_none_or(|(last, _)| *last < number) => {
                    let last = self.stored.last().map_or(0, |(last, _)| *last);
                    return Some(Broken { number: last + 1, fault: Fault::Truncated });
                }
                Err(_) => return Some(Broken { number, fault: Fault::Missing }),
            }
        }
        None
    }
}

impl Store {
    /// Checks what was added to a log since a state that is known to be good, the whole of it where there is none, and says
    /// how far it goes: what may be signed next.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn verify_audit_since(
        &self,
        organisation: OrganisationId,
        since: Option<Head>,
        now: Timestamp,
    ) -> Result<std::result::Result<Head, Broken>> {
        let since = since.unwrap_or(Head { number: 0, hash: BEGINNING });
        // The last entry that was signed is to be there still, or somebody went on from an older state.
        if since.number > 0 {
            let page = self.audit_after(organisation, since.number - 1, Filter::default(), 1).await?;
            let signed = page.first().filter(|entry| entry.number == since.number);
            let fault = match signed {
                None => Some(Fault::Missing),
                Some(signed) => (signed.hash != since.hash).then_some(Fault::RolledBack),
            };
            if let Some(fault) = fault {
                return Ok(Err(Broken { number: since.number, fault }));
            }
        }
        let walker = Walker { last: since.number, hash: since.hash, ..Walker::new(now) };
        let (end, walker) = self.audit_walk(organisation, since.number, walker, Walker::see).await?;
        let good = Head { number: walker.last, hash: walker.hash };
        Ok(walker.chain(end).map_or(Ok(good), Err))
    }

    /// Checks a log as it stands at one moment, against the signed states that are kept beside it and `others`. `key` is
    /// the one that must have signed, `name` what the organisation is called outside.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn verify_audit(
        &self,
        (organisation, name): (OrganisationId, PublicId),
        now: Timestamp,
        key: [u8; 32],
        others: Vec<Claim>,
    ) -> Result<Verified> {
        let mut claims = others;
        for signed in self.checkpoints(organisation).await? {
            let hash = signed.hash.try_into().unwrap_or(BEGINNING);
            let said = Statement { organisation: name, number: signed.number, hash, at: signed.at };
            claims.push(Claim { said, signature: signed.signature });
        }
        let (end, walker) = self.audit_walk(organisation, i64::MIN, Walker::new(now), Walker::see).await?;
        let forged = claims
            .iter()
            .find(|claim| claim.said.organisation != name || !claim.said.is_signed(&key, &claim.signature))
            .map(|claim| Broken { number: claim.said.number, fault: Fault::Checkpoint });
        let checkpoints = claims.len();
        let compared = forged.or_else(|| walker.compare(claims));
        let broken = walker.chain(end).into_iter().chain(compared).min_by_key(|broken| broken.number);
        Ok(Verified { entries: walker.stored.len() as i64, checkpoints, broken })
    }
}
