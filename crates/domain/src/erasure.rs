//! The words of a deletion (requirement C1): what goes, who caused it, how far it is.

use crate::limits::{BRAKE_FROM, BRAKE_LEAST, BRAKE_SHARE};
use crate::words::words;

words! {
    /// What is deleted.
    What {
        /// A part of a message; the rest of it stays.
        Passage = "passage",
        /// One value, such as a name.
        Value = "value",
        /// One message or note, or a few of one conversation.
        Message = "message",
        /// One conversation.
        Conversation = "conversation",
        /// Several conversations at once.
        Many = "many",
        /// Somebody, with everything of theirs.
        Contact = "contact",
        /// An organisation, with everything in it.
        Organisation = "organisation",
        /// A customer, with all their organisations.
        Account = "account",
    }
}

words! {
    /// Who or what caused it.
    Cause {
        /// The visitor whose conversation it is.
        Visitor = "visitor",
        /// An operator, or a program of theirs.
        Operator = "operator",
        /// The end of the time that it is kept for.
        Retention = "retention",
        /// The end of the contract.
        Closing = "closing",
        /// Whoever runs the machine.
        CommandLine = "command_line",
    }
}

impl Cause {
    /// Whether it waits for somebody to take it back. Visitors and the rules of an organisation mean it at once (C1); an
    /// organisation that ends had its time before.
    pub const fn can_be_undone(self) -> bool {
        matches!(self, Self::Operator)
    }
}

words! {
    /// How far a deletion is.
    State {
        /// Everything is hidden; it can be taken back.
        Waiting = "waiting",
        /// It is implausibly large, and waits for a second person; what a rule deletes, for a day at most.
        Braked = "braked",
        /// It was taken back.
        Undone = "undone",
        /// Keys and rows are being destroyed.
        Working = "working",
        /// Something of it must not be deleted yet: it stays hidden until then.
        Held = "held",
        /// The running system cannot read it any more; backups still could.
        Destroyed = "destroyed",
        /// Nobody can, who holds every file and every key that the system still has.
        Done = "done",
    }
}

words! {
    /// What operators see in the place of a conversation.
    Stub {
        /// Hidden: it can be taken back.
        Hidden = "hidden",
        /// Gone.
        Erased = "erased",
        /// Hidden, and kept because it must be.
        Restricted = "restricted",
    }
}

words! {
    /// Why something must not be deleted yet (C2; Art. 18 GDPR).
    HoldReason {
        /// A business letter: six years from the end of the year (§ 257 HGB, § 147 AO).
        BusinessLetter = "business_letter",
        /// A claim is raised or expected.
        Claim = "claim",
        /// Another law says so.
        LegalDuty = "legal_duty",
        /// An authority asked for it.
        Authority = "authority",
    }
}

/// Whether so many conversations are so large a part of all that a day does not explain it.
pub const fn is_large_part(conversations: i64, of_all: i64) -> bool {
    conversations >= BRAKE_LEAST && conversations * BRAKE_SHARE >= of_all
}

/// Whether so many conversations within a day are more than people plausibly delete.
pub const fn is_flood(conversations: i64, of_all: i64) -> bool {
    conversations >= BRAKE_FROM || is_large_part(conversations, of_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_thousand_or_fifty_that_are_a_tenth() {
        assert!(is_flood(1_000, 1_000_000) && !is_flood(999, 1_000_000));
        assert!(is_flood(100, 1_000) && !is_flood(100, 1_001), "a tenth");
        assert!(is_flood(50, 50) && !is_flood(49, 49), "what a small organisation does in a day is no flood");
        assert!(is_large_part(100_000, 1_000_000) && !is_large_part(99_999, 1_000_000));
    }
}
