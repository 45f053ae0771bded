//! The frames of the socket: one vocabulary for visitors and operators.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::conversations::{ConversationSummary, Counts, EventEntry, ListName, MessageEntry, State};
use super::session::Language;

/// The version of this vocabulary.
pub const PROTOCOL: u32 = 1;

/// What a client sends.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame of every socket: who is there, and what they already hold.
    Hello {
        /// The version of the vocabulary: 1.
        protocol: u32,
        /// Names this page load: 16 hex digits, fresh each time.
        sender: String,
        /// The language of the page.
        language: Option<Language>,
        /// Visitors: the widget.
        widget: Option<Id>,
        /// Visitors: the token of an earlier `welcome`, if any.
        token: Option<String>,
        /// Visitors: the last `sequence` they hold.
        after: Option<i64>,
        /// Operators: the last `position` they hold.
        position: Option<i64>,
        /// Operators: whether they are away.
        away: Option<bool>,
    },
    /// Something said. The same counter again is a retry and stored once.
    Message {
        /// Counts from 1 per sender and conversation, without gaps.
        counter: i64,
        /// What is said, at most 10,000 characters.
        text: String,
        /// Operators: in which conversation.
        conversation: Option<Id>,
        /// Operators: for operators only.
        note: Option<bool>,
    },
    /// Somebody types, or stopped. Never what they type.
    Typing {
        /// Types.
        on: bool,
        /// Operators: in which conversation.
        conversation: Option<Id>,
    },
    /// Everything up to here was seen.
    Seen {
        /// The `sequence` of the last entry seen.
        sequence: i64,
        /// Operators: of which conversation.
        conversation: Option<Id>,
    },
    /// Operators: send the entries of a conversation after this one, and what comes.
    Follow {
        /// Which conversation.
        conversation: Id,
        /// The last `sequence` they hold.
        after: i64,
    },
    /// Operators: no more of this conversation.
    Unfollow {
        /// Which conversation.
        conversation: Id,
    },
    /// Operators: which list is on the screen. Rows of `mine` and `unassigned` come anyway.
    Watch {
        /// Which list.
        list: ListName,
    },
    /// Operators: they go away from an open dashboard, or are back. Whoever is away does not make the team look present.
    Away {
        /// Away.
        on: bool,
    },
    /// Visitors: delete the conversation, now and for good. Answered with `erased`; then every window of theirs is told that
    /// its token is no more.
    Erase {},
    /// Answered with `pong`. A client that is silent for 90 seconds is disconnected.
    Ping {},
}

/// What a visitor who comes back is told about their conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitorConversation {
    /// Where it stands.
    pub state: State,
    /// Number of its last entry.
    pub last_sequence: i64,
    /// Up to which number the team has seen it.
    pub team_seen: i64,
    /// The name of who is on it.
    #[schema(required)]
    pub assignee: Option<String>,
}

/// Why a conversation is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemovedWhy {
    /// Its visitor deleted it.
    ErasedByVisitor,
    /// It was deleted for good.
    Erased,
    /// It was deleted; that can still be taken back.
    Hidden,
    /// It was deleted, and is kept because it must be.
    Restricted,
}

impl From<domain::conversation::Gone> for RemovedWhy {
    fn from(gone: domain::conversation::Gone) -> Self {
        use domain::erasure::{Cause, Stub};
        match (gone.stub, gone.cause) {
            (Stub::Restricted, _) => Self::Restricted,
            (_, Cause::Visitor) => Self::ErasedByVisitor,
            (Stub::Hidden, _) => Self::Hidden,
            (Stub::Erased, _) => Self::Erased,
        }
    }
}

/// What the server puts up with.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Longest text, in characters.
    pub text_characters: usize,
    /// Largest frame, in bytes.
    pub frame_bytes: usize,
    /// Messages that may wait for their acknowledgement.
    pub in_flight: usize,
}

impl Limits {
    /// Those of [`domain::limits`].
    pub const OURS: Self = Self {
        text_characters: domain::limits::TEXT_CHARACTERS,
        frame_bytes: domain::limits::FRAME_BYTES,
        in_flight: domain::limits::IN_FLIGHT,
    };
}

/// Which side.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The visitor.
    Visitor,
    /// An operator.
    Operator,
}

/// Why an operator is called.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallReason {
    /// It was given to them.
    Handed,
    /// A note names them.
    Mentioned,
    /// They were asked into it.
    Invited,
}

impl From<domain::conversation::Call> for CallReason {
    fn from(call: domain::conversation::Call) -> Self {
        match call {
            domain::conversation::Call::Handed => Self::Handed,
            domain::conversation::Call::Mentioned => Self::Mentioned,
            domain::conversation::Call::Invited => Self::Invited,
        }
    }
}

/// Who has seen something.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Viewer {
    /// The visitor.
    Visitor,
    /// Somebody of the team.
    Team,
}

/// Declares the codes with their explanations, and keeps both for the protocol page: the schema drops what is said of
/// single values.
macro_rules! problem_codes {
    ($($(#[doc = $line:literal])+ $name:ident,)*) => {
        /// What is wrong, in a word that programs can act on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ProblemCode {
            $($(#[doc = $line])+ $name,)*
        }

        impl ProblemCode {
            /// Every code and what it means.
            pub const EXPLAINED: &[(Self, &str)] = &[$((Self::$name, concat!($($line),+))),*];
        }
    };
}

problem_codes! {
    /// Not a frame of this vocabulary.
    Malformed,
    /// A frame over the limit.
    TooLarge,
    /// Another version of the vocabulary: reload.
    Unsupported,
    /// The first frame was no hello.
    HelloExpected,
    /// Nobody is signed in, or no longer.
    Unauthorised,
    /// The role does not allow it.
    Forbidden,
    /// No such conversation or widget; another organisation's answers the same.
    NotFound,
    /// The token was not issued here for this widget: forget it and say hello without one.
    TokenInvalid,
    /// Nothing but white space.
    TextEmpty,
    /// Over the limit.
    TextTooLong,
    /// Too many messages; not stored: send it again after `retry_after_ms`.
    RateLimited,
    /// Too much at once; not stored: send it again after `retry_after_ms`.
    Busy,
    /// The store cannot take it now; not acknowledged: send it again after `retry_after_ms`.
    Unavailable,
    /// The message with the counter `expected` must come first.
    CounterGap,
    /// The client does not read: reconnect and resume.
    Slow,
    /// Orderly shutdown: reconnect after `retry_after_ms` and resume.
    Restarting,
}

/// What the server sends.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// The answer to hello.
    Welcome {
        /// The version of the vocabulary.
        protocol: u32,
        /// The server's time, in microseconds of UTC.
        at: i64,
        /// What the server puts up with.
        limits: Limits,
        /// Visitors: whether somebody is there to answer.
        presence: bool,
        /// Operators: the last position there is.
        position: i64,
        /// Visitors without a valid one: their token from now on.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        token: Option<String>,
        /// Visitors who have one: their conversation.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        conversation: Option<VisitorConversation>,
    },
    /// Something that was said.
    Message(MessageEntry<'a>),
    /// Something that happened.
    Event(EventEntry),
    /// After hello or follow: everything up to here was sent.
    Current {
        /// Which conversation.
        conversation: Id,
        /// The number of its last entry.
        last_sequence: i64,
    },
    /// A message is on stable storage.
    Accepted {
        /// The sender's counter.
        counter: i64,
        /// Its number.
        sequence: i64,
        /// When it was stored, in microseconds of UTC.
        at: i64,
        /// Its conversation.
        conversation: Id,
        /// Operators: its number for the visitor.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        visible: Option<i64>,
        /// What is stored, where the server masked more than the sender did.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, nullable = false)]
        text: Option<Cow<'a, str>>,
    },
    /// Somebody types, or stopped.
    Typing {
        /// In which conversation.
        conversation: Id,
        /// Which side.
        who: Side,
        /// An operator's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, nullable = false)]
        name: Option<Cow<'a, str>>,
        /// Types.
        on: bool,
    },
    /// Somebody has seen everything up to here.
    Seen {
        /// Of which conversation.
        conversation: Id,
        /// Who.
        who: Viewer,
        /// The visible number.
        sequence: i64,
    },
    /// To visitors: whether somebody is there to answer. To operators: whether that visitor is there.
    Presence {
        /// There.
        online: bool,
        /// Operators: which conversation's visitor.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        conversation: Option<Id>,
    },
    /// Operators: a row of a list changed.
    Conversation(ConversationSummary),
    /// Operators: a conversation left what they may see.
    Removed {
        /// Which conversation.
        conversation: Id,
        /// Why, where it was deleted.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        why: Option<RemovedWhy>,
        /// When that was, in microseconds of UTC.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        at: Option<i64>,
    },
    /// Visitors: their conversation is deleted, and this is the receipt: a small signed file.
    Erased {
        /// The file's text.
        receipt: String,
    },
    /// Operators: the counts beside the lists.
    Counts(Counts),
    /// Operators: somebody signed in as them with a browser that is new to them, or something changed about their passkeys; the
    /// lists of both say what.
    SignedIn {},
    /// Operators: a colleague calls them to a conversation, whose row came just before.
    Called {
        /// To which.
        conversation: Id,
        /// Why.
        why: CallReason,
        /// The colleague's name.
        #[schema(value_type = String)]
        name: Cow<'a, str>,
    },
    /// Something was refused and changed nothing.
    Problem {
        /// What.
        code: ProblemCode,
        /// What happened and what to do, in English.
        detail: String,
        /// The socket is closed after it.
        fatal: bool,
        /// The message it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        counter: Option<i64>,
        /// The conversation it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        conversation: Option<Id>,
        /// The counter that must come first.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        expected: Option<i64>,
        /// When to try again, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        retry_after_ms: Option<u64>,
    },
    /// The answer to ping.
    Pong {},
}
