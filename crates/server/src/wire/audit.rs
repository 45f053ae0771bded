//! The audit log.

use domain::audit::{Actor, Area, Kind, Origin};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::session::OperatorRef;
use super::words::words;

words! {
    /// What happened.
    KindName as AuditKind of Kind {
        /// Somebody signed in.
        SignedIn,
        /// Somebody tried to sign in to a known account, and could not.
        SignInFailed,
        /// Somebody signed out.
        SignedOut,
        /// Somebody knew a password, but not the second factor's code.
        CodeRefused,
        /// Somebody who is signed in could not show that it is them, where that is asked for once more.
        ProofRefused,
        /// A password was set from the command line.
        PasswordSet,
        /// Somebody changed their own password.
        PasswordChanged,
        /// Somebody turned their second factor on.
        SecondFactorOn,
        /// Somebody added a passkey.
        PasskeyAdded,
        /// A passkey was used whose count went back: there are two of it, and it is taken no more.
        PasskeyCopied,
        /// Somebody removed a passkey of theirs.
        PasskeyRemoved,
        /// Somebody turned their second factor off.
        SecondFactorOff,
        /// Somebody turned a colleague's second factor off.
        SecondFactorReset,
        /// A recovery code was used instead of the second factor.
        RecoveryCodeUsed,
        /// Recovery codes were made in the place of those before.
        RecoveryCodesRenewed,
        /// Somebody ended sessions of theirs from elsewhere.
        SessionEnded,
        /// A link was made with which somebody sets a password.
        LinkMade,
        /// Such a link was used.
        LinkUsed,
        /// Somebody was added to the team.
        OperatorAdded,
        /// What somebody may do was changed, or whether they work here.
        OperatorChanged,
        /// A group was made.
        GroupAdded,
        /// A group was given another name.
        GroupRenamed,
        /// A group was removed.
        GroupRemoved,
        /// Settings of a chat surface were changed.
        WidgetChanged,
        /// A snippet was written.
        SnippetAdded,
        /// A snippet was changed.
        SnippetChanged,
        /// A snippet was deleted.
        SnippetRemoved,
        /// A topic was made.
        TopicAdded,
        /// A topic was changed.
        TopicChanged,
        /// A topic was deleted.
        TopicRemoved,
        /// A conversation was given to somebody, or to nobody.
        ConversationAssigned,
        /// A conversation was handed to a group, or to everybody.
        ConversationGrouped,
        /// A colleague was asked into a conversation.
        ConversationInvited,
        /// Somebody who was asked into a conversation is no longer.
        ConversationLeft,
        /// An operator said what a conversation is about.
        ConversationTopics,
        /// An operator ended a conversation.
        ConversationEnded,
        /// An operator took an ended conversation up again.
        ConversationReopened,
        /// Somebody saw what was said in a conversation that has ended, or that they are not on.
        ConversationOpened,
        /// Somebody showed that they hold the recovery key.
        RecoveryKeyConfirmed,
        /// The recovery key was replaced.
        RecoveryKeyRenewed,
        /// A program was given a token.
        ProgramMade,
        /// A program's token was taken back.
        ProgramRemoved,
        /// Somebody asked for a deletion.
        ErasureAsked,
        /// Somebody took a deletion back while it could be.
        ErasureUndone,
        /// A deletion was held up because it is implausibly large.
        ErasureBraked,
        /// Somebody let a deletion go on that was held up.
        ErasureReleased,
        /// Somebody ended the time in which a deletion could be taken back.
        ErasureHastened,
        /// What was to be deleted is destroyed.
        ErasureDone,
        /// How long things are kept was changed.
        RetentionChanged,
        /// It was said that something must not be deleted until a day.
        HoldSet,
        /// That was taken back.
        HoldEnded,
        /// Somebody took a copy of conversations.
        CopyTaken,
        /// The epoch key was replaced, and the one before destroyed.
        EpochTurned,
        /// Somebody put off destroying the epoch key before, or no longer does.
        EpochFrozen,
        /// A node or a place that held epoch keys left: they were destroyed there, or given up as lost.
        EpochHolderGone,
        /// A backup was made.
        BackupMade,
        /// A backup could not be made.
        BackupFailed,
        /// The installation was restored from a backup.
        BackupRestored,
        /// The countries in which data may lie were changed.
        CountriesChanged,
        /// Somebody gave notice that the organisation ends.
        OrganisationClosing,
        /// That was taken back.
        OrganisationKept,
        /// Somebody looked at this log.
        AuditViewed,
        /// Somebody took a copy of this log.
        AuditExported,
        /// Somebody had this log checked.
        AuditVerified,
    }
}

words! {
    /// The part of the product that an entry is about.
    AreaName as AuditArea of Area {
        /// Signing in and out.
        Access,
        /// Operators and groups.
        Team,
        /// Chat surfaces.
        Widgets,
        /// Conversations.
        Conversations,
        /// Texts for answering, and topics.
        Snippets,
        /// Deletion, how long things are kept, backups.
        Privacy,
        /// The installation and its programs.
        Installation,
        /// The log itself.
        Audit,
    }
}

words! {
    /// From where, coarsely: never an address.
    OriginName as AuditOrigin of Origin {
        /// A computer with Windows.
        Windows,
        /// A Mac.
        Mac,
        /// A computer with Linux.
        Linux,
        /// A phone or tablet with Android.
        Android,
        /// An iPhone or iPad.
        Ios,
        /// A browser that says nothing of these.
        Browser,
        /// A program with a token.
        Program,
        /// The command line of the machine.
        CommandLine,
        /// The house itself.
        House,
    }
}

/// What kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditActorKind)]
pub enum ActorKind {
    /// Somebody who was signed in.
    Operator,
    /// A program with a token of theirs.
    Program,
    /// The house itself.
    House,
    /// Whoever runs the machine.
    CommandLine,
    /// Somebody who was not signed in.
    Anybody,
}

impl From<Actor> for ActorKind {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Operator(_) => Self::Operator,
            Actor::Program(_) => Self::Program,
            Actor::House => Self::House,
            Actor::CommandLine => Self::CommandLine,
            Actor::Anybody => Self::Anybody,
        }
    }
}

/// Who acted.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditActor {
    /// What kind.
    pub kind: ActorKind,
    /// The operator, where it is one or a program of theirs.
    #[schema(required)]
    pub operator: Option<OperatorRef>,
}

/// One thing of an entry, before and after.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditDetail {
    /// What, such as `role`.
    pub what: String,
    /// What it was.
    #[schema(required)]
    pub before: Option<String>,
    /// What it is now.
    #[schema(required)]
    pub after: Option<String>,
}

/// An entry of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its number, from 1 without a gap.
    pub number: i64,
    /// When, in microseconds of UTC.
    pub at: i64,
    /// What happened; a newer program may write kinds that this one does not know.
    pub kind: String,
    /// In which part of the product.
    #[schema(required)]
    pub area: Option<AreaName>,
    /// Who acted; null once what the entry said has expired.
    #[schema(required)]
    pub actor: Option<AuditActor>,
    /// The operator whom it is about.
    #[schema(required)]
    pub subject: Option<OperatorRef>,
    /// From where.
    #[schema(required)]
    pub origin: Option<OriginName>,
    /// Before and after; never what was said in a chat.
    pub details: Vec<AuditDetail>,
    /// Whether what it said has expired.
    pub expired: bool,
    /// What binds it to those before, in hex.
    pub hash: String,
}

/// A page of the log, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditEntry>,
    /// The number before which the next page is asked for.
    #[schema(required)]
    pub next: Option<i64>,
}

/// A signed state of a log, to be kept elsewhere: a small file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuditCheckpoint)]
pub struct Checkpoint {
    /// `diskret-audit-checkpoint-1`.
    pub format: String,
    /// Whose log.
    pub organisation: Id,
    /// Its last entry then.
    pub number: i64,
    /// The hash of that, in hex.
    pub hash: String,
    /// When it was signed, in microseconds of UTC.
    pub at: i64,
    /// The public half of the key, in hex (Ed25519).
    pub key: String,
    /// The signature, in hex.
    pub signature: String,
}

impl From<app::audit::Checkpoint> for Checkpoint {
    fn from(made: app::audit::Checkpoint) -> Self {
        let app::audit::Checkpoint { format, organisation, number, hash, at, key, signature } = made;
        Self { format, organisation: organisation.into(), number, hash, at, key, signature }
    }
}

impl From<Checkpoint> for app::audit::Checkpoint {
    fn from(sent: Checkpoint) -> Self {
        let Checkpoint { format, organisation, number, hash, at, key, signature } = sent;
        Self { format, organisation: organisation.0, number, hash, at, key, signature }
    }
}

/// What a check compares with besides what the server has.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditCheck {
    /// Checkpoints that were kept elsewhere.
    #[serde(default)]
    pub checkpoints: Vec<Checkpoint>,
}

/// What can be wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditFault)]
pub enum FaultName {
    /// It does not say what it said when it was written.
    Altered,
    /// It was taken out.
    Missing,
    /// It stands in another one's place.
    Moved,
    /// What it said was taken away before its time.
    Emptied,
    /// It and all behind it were cut off.
    Truncated,
    /// From it on this is not the log that was signed.
    RolledBack,
    /// The log does not end where it says it does.
    End,
    /// A checkpoint is not signed with this installation's key, or is another log's.
    Checkpoint,
}

/// What is wrong, and with which entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditBreak {
    /// The entry's number.
    pub number: i64,
    /// What.
    pub fault: FaultName,
}

/// How a check ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditVerification {
    /// Entries that are there.
    pub entries: i64,
    /// Checkpoints that it was compared with.
    pub checkpoints: i64,
    /// What is wrong first; null where all is well.
    #[schema(required)]
    pub broken: Option<AuditBreak>,
    /// The state that was found, signed, where all is well.
    #[schema(required)]
    pub checkpoint: Option<Checkpoint>,
}
