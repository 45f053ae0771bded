//! What is recorded of who did what (law L9): kinds of entries, who acted, and from where. Never what was said: an entry
//! holds numbers, ids and settings.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::words::words;
use crate::{OperatorId, Platform};

/// How long an entry says who, what and from where. Then its content goes, and only what proves the chain stays.
pub const KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// What is looked at again and again is recorded once in so long.
pub const ONCE_IN: Duration = Duration::from_secs(3600);
/// How often the state of a log is signed by itself, where something was added.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(24 * 3600);

words! {
    /// What happened.
    Kind {
        /// Somebody signed in.
        SignedIn = "signed_in",
        /// Somebody tried to sign in to a known account, and could not.
        SignInFailed = "sign_in_failed",
        /// Somebody signed out.
        SignedOut = "signed_out",
        /// Somebody knew a password, but not the second factor's code.
        CodeRefused = "code_refused",
        /// Somebody who is signed in could not show that it is them, where that is asked for once more.
        ProofRefused = "proof_refused",
        /// A password was set from the command line.
        PasswordSet = "password_set",
        /// Somebody changed their own password.
        PasswordChanged = "password_changed",
        /// Somebody turned their second factor on.
        SecondFactorOn = "second_factor_on",
        /// Somebody turned their second factor off.
        SecondFactorOff = "second_factor_off",
        /// Somebody turned a colleague's second factor off.
        SecondFactorReset = "second_factor_reset",
        /// A recovery code was used instead of the second factor.
        RecoveryCodeUsed = "recovery_code_used",
        /// Recovery codes were made in the place of those before.
        RecoveryCodesRenewed = "recovery_codes_renewed",
        /// Somebody added a passkey.
        PasskeyAdded = "passkey_added",
        /// A passkey was used whose count went back: there are two of it, and it is taken no more.
        PasskeyCopied = "passkey_copied",
        /// Somebody removed a passkey of theirs.
        PasskeyRemoved = "passkey_removed",
        /// Somebody ended sessions of theirs from elsewhere.
        SessionEnded = "session_ended",
        /// A link was made with which somebody sets a password.
        LinkMade = "link_made",
        /// Such a link was used: a password was set.
        LinkUsed = "link_used",
        /// Somebody was added to the team.
        OperatorAdded = "operator_added",
        /// What somebody may do was changed, or whether they work here.
        OperatorChanged = "operator_changed",
        /// A group was made.
        GroupAdded = "group_added",
        /// A group was given another name.
        GroupRenamed = "group_renamed",
        /// A group was removed.
        GroupRemoved = "group_removed",
        /// Settings of a chat surface were changed.
        WidgetChanged = "widget_changed",
        /// A snippet was written.
        SnippetAdded = "snippet_added",
        /// A snippet was changed.
        SnippetChanged = "snippet_changed",
        /// A snippet was deleted.
        SnippetRemoved = "snippet_removed",
        /// A topic was made.
        TopicAdded = "topic_added",
        /// A topic was changed.
        TopicChanged = "topic_changed",
        /// A topic was deleted.
        TopicRemoved = "topic_removed",
        /// A conversation was given to somebody, or to nobody.
        ConversationAssigned = "conversation_assigned",
        /// A conversation was handed to a group, or to everybody.
        ConversationGrouped = "conversation_grouped",
        /// A colleague was asked into a conversation.
        ConversationInvited = "conversation_invited",
        /// Somebody who was asked into a conversation is no longer.
        ConversationLeft = "conversation_left",
        /// An operator said what a conversation is about.
        ConversationTopics = "conversation_topics",
        /// An operator ended a conversation.
        ConversationEnded = "conversation_ended",
        /// An operator took an ended conversation up again.
        ConversationReopened = "conversation_reopened",
        /// Somebody saw what was said in a conversation that has ended, or that they are not on.
        ConversationOpened = "conversation_opened",
        /// Somebody showed that they hold the recovery key.
        RecoveryKeyConfirmed = "recovery_key_confirmed",
        /// The recovery key was replaced.
        RecoveryKeyRenewed = "recovery_key_renewed",
        /// A program was given a token.
        ProgramMade = "program_made",
        /// A program's token was taken back.
        ProgramRemoved = "program_removed",
        /// Somebody asked for a deletion.
        ErasureAsked = "erasure_asked",
        /// Somebody took a deletion back while it could be.
        ErasureUndone = "erasure_undone",
        /// A deletion was held up because it is implausibly large.
        ErasureBraked = "erasure_braked",
        /// Somebody let a deletion go on that was held up.
        ErasureReleased = "erasure_released",
        /// Somebody ended the time in which a deletion could be taken back.
        ErasureHastened = "erasure_hastened",
        /// What was to be deleted is destroyed.
        ErasureDone = "erasure_done",
        /// How long things are kept was changed.
        RetentionChanged = "retention_changed",
        /// It was said that something must not be deleted until a day.
        HoldSet = "hold_set",
        /// That was taken back.
        HoldEnded = "hold_ended",
        /// Somebody took a copy of conversations.
        CopyTaken = "copy_taken",
        /// The epoch key was replaced, and the one before destroyed.
        EpochTurned = "epoch_turned",
        /// Somebody put off destroying the epoch key before, or no longer does.
        EpochFrozen = "epoch_frozen",
        /// A node or a place that held epoch keys left: they were destroyed there, or given up as lost.
        EpochHolderGone = "epoch_holder_gone",
        /// A backup was made.
        BackupMade = "backup_made",
        /// A backup could not be made.
        BackupFailed = "backup_failed",
        /// The installation was restored from a backup.
        BackupRestored = "backup_restored",
        /// The countries in which data may lie were changed.
        CountriesChanged = "countries_changed",
        /// Somebody gave notice that the organisation ends.
        OrganisationClosing = "organisation_closing",
        /// That was taken back.
        OrganisationKept = "organisation_kept",
        /// Somebody looked at this log.
        AuditViewed = "audit_viewed",
        /// Somebody took a copy of this log.
        AuditExported = "audit_exported",
        /// Somebody had this log checked.
        AuditVerified = "audit_verified",
    }
}

words! {
    /// The part of the product that an entry is about.
    Area {
        /// Signing in and out.
        Access = "access",
        /// Operators and groups.
        Team = "team",
        /// Chat surfaces.
        Widgets = "widgets",
        /// Conversations.
        Conversations = "conversations",
        /// Texts for answering, and topics.
        Snippets = "snippets",
        /// Deletion, how long things are kept, backups.
        Privacy = "privacy",
        /// The installation and its programs.
        Installation = "installation",
        /// The log itself.
        Audit = "audit",
    }
}

impl Kind {
    /// The part of the product it is about.
    pub const fn area(self) -> Area {
        match self {
            Self::SignedIn
            | Self::SignInFailed
            | Self::SignedOut
            | Self::CodeRefused
            | Self::ProofRefused
            | Self::PasswordSet
            | Self::PasswordChanged
            | Self::SecondFactorOn
            | Self::SecondFactorOff
            | Self::SecondFactorReset
            | Self::RecoveryCodeUsed
            | Self::RecoveryCodesRenewed
            | Self::PasskeyAdded
            | Self::PasskeyCopied
            | Self::PasskeyRemoved
            | Self::SessionEnded
            | Self::LinkMade
            | Self::LinkUsed => Area::Access,
            Self::OperatorAdded
            | Self::OperatorChanged
            | Self::GroupAdded
            | Self::GroupRenamed
            | Self::GroupRemoved => Area::Team,
            Self::WidgetChanged => Area::Widgets,
            Self::ConversationAssigned
            | Self::ConversationGrouped
            | Self::ConversationInvited
            | Self::ConversationLeft
            | Self::ConversationTopics
            | Self::ConversationEnded
            | Self::ConversationReopened
            | Self::ConversationOpened => Area::Conversations,
            Self::SnippetAdded
            | Self::SnippetChanged
            | Self::SnippetRemoved
            | Self::TopicAdded
            | Self::TopicChanged
            | Self::TopicRemoved => Area::Snippets,
            Self::RecoveryKeyConfirmed | Self::RecoveryKeyRenewed | Self::ProgramMade | Self::ProgramRemoved => {
                Area::Installation
            }
            Self::ErasureAsked
            | Self::ErasureUndone
            | Self::ErasureBraked
            | Self::ErasureReleased
            | Self::ErasureHastened
            | Self::ErasureDone
            | Self::RetentionChanged
            | Self::HoldSet
            | Self::HoldEnded
            | Self::CopyTaken
            | Self::EpochTurned
            | Self::EpochFrozen
            | Self::EpochHolderGone
            | Self::BackupMade
            | Self::BackupFailed
            | Self::BackupRestored
            | Self::CountriesChanged
            | Self::OrganisationClosing
            | Self::OrganisationKept => Area::Privacy,
            Self::AuditViewed | Self::AuditExported | Self::AuditVerified => Area::Audit,
        }
    }

    /// Whether it is counted, and recorded once an hour.
    pub const fn is_counted(self) -> bool {
        matches!(self, Self::SignInFailed | Self::CodeRefused | Self::ProofRefused)
    }
}

words! {
    /// From where, as coarsely as helps to say "that was not me": never an address, never a browser's name.
    Origin {
        /// A computer with Windows.
        Windows = "windows",
        /// A Mac.
        Mac = "mac",
        /// A computer with Linux.
        Linux = "linux",
        /// A phone or tablet with Android.
        Android = "android",
        /// An iPhone or iPad.
        Ios = "ios",
        /// A browser that says nothing of these.
        Browser = "browser",
        /// A program with a token.
        Program = "program",
        /// The command line of the machine.
        CommandLine = "command_line",
        /// The house itself.
        House = "house",
    }
}

impl From<Platform> for Origin {
    fn from(platform: Platform) -> Self {
        match platform {
            Platform::Android => Self::Android,
            Platform::Ios => Self::Ios,
            Platform::Linux => Self::Linux,
            Platform::Mac => Self::Mac,
            Platform::Windows => Self::Windows,
            Platform::Other => Self::Browser,
        }
    }
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who is signed in.
    Operator(OperatorId),
    /// A program with a token of theirs.
    Program(OperatorId),
    /// The house itself.
    House,
    /// Whoever runs the machine.
    CommandLine,
    /// Nobody knows: somebody who was not signed in.
    Anybody,
}

impl Actor {
    /// As stored: a word and, for people, their number.
    pub const fn parts(self) -> (&'static str, Option<OperatorId>) {
        match self {
            Self::Operator(operator) => ("operator", Some(operator)),
            Self::Program(operator) => ("program", Some(operator)),
            Self::House => ("house", None),
            Self::CommandLine => ("command_line", None),
            Self::Anybody => ("anybody", None),
        }
    }

    /// From what is stored.
    pub fn from_parts(code: &str, operator: Option<OperatorId>) -> Option<Self> {
        match (code, operator) {
            ("operator", Some(operator)) => Some(Self::Operator(operator)),
            ("program", Some(operator)) => Some(Self::Program(operator)),
            ("house", None) => Some(Self::House),
            ("command_line", None) => Some(Self::CommandLine),
            ("anybody", None) => Some(Self::Anybody),
            _ => None,
        }
    }

    /// The person behind it.
    pub const fn operator(self) -> Option<OperatorId> {
        self.parts().1
    }
}

/// One thing of an entry: what it was before and what it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// What, such as `role`.
    pub what: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<String>,
    /// What it is now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<String>,
}

impl Detail {
    /// Something that is so.
    pub fn is(what: &str, value: impl ToString) -> Self {
        Self { what: what.to_owned(), before: None, after: Some(value.to_string()) }
    }

    /// Something that became something else; nothing where it is the same.
    pub fn became(what: &str, before: Option<String>, after: Option<String>) -> Option<Self> {
        (before != after).then(|| Self { what: what.to_owned(), before, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written_and_no_two_are_alike() {
        let codes: std::collections::BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        assert!(Kind::ALL.iter().all(|kind| Kind::from_code(kind.code()) == Some(*kind)));
        assert!(Origin::ALL.iter().all(|origin| Origin::from_code(origin.code()) == Some(*origin)));
        let me = OperatorId(7);
        for actor in [Actor::Operator(me), Actor::Program(me), Actor::House, Actor::CommandLine, Actor::Anybody] {
            let (code, operator) = actor.parts();
            assert_eq!(Actor::from_parts(code, operator), Some(actor));
        }
        assert_eq!(Actor::from_parts("operator", None), None);
    }
}
