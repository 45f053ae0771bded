//! Errors, turned into problem frames in one place.

use app::Error;
use app::conversation::ReceiveError;

use crate::wire::Id;
use crate::wire::frames::{ProblemCode, ServerFrame};

/// How long a client waits before it tries again, in milliseconds.
const SOON: u64 = 1000;

/// A problem about a message or about nothing in particular.
pub(super) struct Problem {
    pub(super) code: ProblemCode,
    pub(super) detail: String,
    pub(super) fatal: bool,
    pub(super) counter: Option<i64>,
    pub(super) conversation: Option<Id>,
    pub(super) expected: Option<i64>,
    pub(super) retry_after_ms: Option<u64>,
}

impl Problem {
    pub(super) fn new(code: ProblemCode, detail: &str) -> Self {
        Self {
            code,
            detail: detail.to_owned(),
            fatal: false,
            counter: None,
            conversation: None,
            expected: None,
            retry_after_ms: None,
        }
    }

    pub(super) fn fatal(code: ProblemCode, detail: &str) -> Self {
        Self { fatal: true, ..Self::new(code, detail) }
    }

    pub(super) fn malformed() -> Self {
        Self::fatal(ProblemCode::Malformed, "this is no frame of the vocabulary: see docs/protocol.md")
    }

    /// The visitor's conversation is deleted: whoever hears this forgets what they hold, and may begin anew.
    pub(super) fn conversation_gone() -> Self {
        Self::fatal(ProblemCode::TokenInvalid, "your conversation was deleted: say hello without a token")
    }

    /// Sent when the program ends; clients spread their return over two seconds.
    pub(super) fn restarting() -> Self {
        let wait = 250 + u64::from(privacy::random::bytes::<1>()[0]) * 7;
        let detail = "the server restarts: reconnect and go on, nothing is lost";
        Self { retry_after_ms: Some(wait), ..Self::fatal(ProblemCode::Restarting, detail) }
    }

    pub(super) fn about(self, counter: i64, conversation: Option<Id>) -> Self {
        Self { counter: Some(counter), conversation, ..self }
    }

    pub(super) fn on(self, conversation: Option<Id>) -> Self {
        Self { conversation, ..self }
    }

    pub(super) fn retry_after(self, milliseconds: u64) -> Self {
        Self { retry_after_ms: Some(milliseconds), ..self }
    }

    pub(super) fn frame(self) -> ServerFrame<'static> {
        ServerFrame::Problem {
            code: self.code,
            detail: self.detail,
            fatal: self.fatal,
            counter: self.counter,
            conversation: self.conversation,
            expected: self.expected,
            retry_after_ms: self.retry_after_ms,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let code = match error {
            Error::Unauthorised => return Self::fatal(ProblemCode::Unauthorised, &detail),
            Error::Forbidden => ProblemCode::Forbidden,
            Error::NotFound => ProblemCode::NotFound,
            Error::Invalid { .. } | Error::Conflict(_) => ProblemCode::Malformed,
            Error::RateLimited(wait) => {
                let wait = u64::try_from(wait.as_millis()).unwrap_or(SOON).max(50);
                return Self::new(ProblemCode::RateLimited, &detail).retry_after(wait);
            }
            Error::Busy => return Self::new(ProblemCode::Busy, &detail).retry_after(SOON),
            Error::Unavailable | Error::Internal => {
                return Self::new(ProblemCode::Unavailable, &detail).retry_after(SOON);
            }
        };
        Self::new(code, &detail)
    }
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Empty => Self::new(ProblemCode::TextEmpty, "the message is empty"),
            ReceiveError::TooLong => Self::new(
                ProblemCode::TextTooLong,
                &format!("the message is longer than {} characters", domain::limits::TEXT_CHARACTERS),
            ),
            ReceiveError::NotACounter => Self::new(ProblemCode::Malformed, "counters begin at 1"),
            ReceiveError::Gap { expected } => Self {
                expected: Some(expected),
                ..Self::new(ProblemCode::CounterGap, "a message before this one is missing: send that first")
            },
            ReceiveError::Closes => {
                Self::new(ProblemCode::Forbidden, "this organisation begins no new conversations any more")
            }
            ReceiveError::Other(error) => error.into(),
        }
    }
}
