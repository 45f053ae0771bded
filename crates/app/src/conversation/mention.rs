//! Whom a note names: `@[id]`, by the public id of an operator. In a message to the visitor it is text like any other.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use bus::{Signal, Topic};
use domain::conversation::Call;
use domain::{Capability, ConversationId, Hands, Level, OperatorId, Principal, PublicId};
use privacy::Plaintext;
use store::mention::Named;
use store::operator::Operator;

use crate::{App, Result};

/// More than these are not called.
const MOST: usize = 20;

/// A colleague, and whether they may read a conversation.
#[derive(Debug)]
pub struct Reader {
    /// Their name outside.
    pub name: PublicId,
    /// What they are called.
    pub display: Plaintext,
    /// Whether they may read it.
    pub reads: bool,
    /// Whether they could if they were asked in.
    pub can_be_asked_in: bool,
}

impl App {
    /// The colleagues who could be named in a note, and who of them may read it.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`].
    pub async fn readers(&self, principal: Principal, name: PublicId) -> Result<Vec<Reader>> {
        let (_, found) = self.find_in_reach(principal, name).await?;
        let mut readers = Vec::new();
        for operator in self.store.operators(principal.organisation).await? {
            if operator.id == principal.operator || operator.deactivated_at.is_some() {
                continue;
            }
            let person = self.person(principal.organisation, operator.id).await?;
            let access = access(&operator);
            let reads = access.is_some_and(|access| access.reaches(operator.id, found.progress.hands()));
            let can_be_asked_in = access.is_some();
            readers.push(Reader { name: operator.name, display: person.display.clone(), reads, can_be_asked_in });
        }
        Ok(readers)
    }

    /// Those whom a note names, with what they may read; whether they may read it where it is, the store judges.
    pub(super) async fn named(&self, principal: Principal, note: &Plaintext) -> Result<Named> {
        let names = names(note.reveal());
        if names.is_empty() {
            return Ok(Named::new());
        }
        let everybody = self.store.operators(principal.organisation).await?;
        let called = everybody
            .iter()
            .filter(|one| names.contains(&one.name) && one.id != principal.operator && one.deactivated_at.is_none());
        Ok(called.filter_map(|one| Some((one.id, access(one)?))).collect())
    }

    /// Calls those who may read it.
    pub(super) fn call(&self, conversation: ConversationId, by: OperatorId, named: &Named, hands: Hands) {
        for (operator, _) in named.iter().filter(|(operator, access)| access.reaches(*operator, hands)) {
            self.bus.signal(Topic::Operator(*operator), Signal::Called(conversation, by, Call::Mentioned));
        }
    }
}

fn access(operator: &Operator) -> Option<domain::Access> {
    Principal::new(operator.organisation, operator.id, operator.role, operator.groups)
        .require(Capability::Conversations, Level::Read)
        .ok()
}

/// The ids in `@[…]`, each once.
fn names(text: &str) -> BTreeSet<PublicId> {
    let parts = text.split("@[").skip(1);
    parts.filter_map(|part| PublicId::from_str(part.split_once(']')?.0).ok()).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_and_nothing_else() {
        let (one, other) = (PublicId::from_bytes([1; 16]), PublicId::from_bytes([2; 16]));
        let text = format!("@[{one}] and @[{other}], @[{one}] again; @[nobody] @[ @[] {other} @[{other}");
        assert_eq!(names(&text), BTreeSet::from([one, other]));
        assert_eq!(names("@Ada [x] @["), BTreeSet::new());
        assert_eq!(names(&format!("@[@[{one}]")), BTreeSet::from([one]));
    }

    #[test]
    fn a_note_full_of_ids_calls_only_so_many() {
        let text: String = (0..100).map(|byte| format!("@[{}]", PublicId::from_bytes([byte; 16]))).collect();
        assert_eq!(names(&text).len(), MOST);
    }
}
