//! The words of a deletion (requirement C1): what goes, who caused it, how far it is.

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
        /// It is implausibly large, and waits for a second person.
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
