//! The first frame of every socket.

use std::time::Duration;

use domain::SenderId;

use super::connection::{Came, Connection};
use super::problem::Problem;
use crate::wire::frames::{ClientFrame, PROTOCOL, ProblemCode};

/// It must come within.
pub(super) const WITHIN: Duration = Duration::from_secs(10);

/// What a visitor says first.
pub(super) struct Hello {
    pub(super) widget: domain::PublicId,
    pub(super) token: Option<String>,
    pub(super) sender: SenderId,
    pub(super) language: Option<domain::Language>,
    pub(super) after: i64,
}

/// Waits for a visitor's hello.
pub(super) async fn of_visitor(connection: &mut Connection) -> Result<Hello, Problem> {
    loop {
        match connection.next().await {
            Came::Frame(ClientFrame::Hello { protocol, sender, language, widget, token, after, .. }) => {
                if protocol != PROTOCOL {
                    return Err(Problem::fatal(ProblemCode::Unsupported, "reload: this page is older than the server"));
                }
                let widget = widget.ok_or_else(Problem::malformed)?.0;
                let sender = sender.parse().map_err(|_| Problem::malformed())?;
                let after = after.unwrap_or(0).max(0);
                return Ok(Hello { widget, token, sender, language: language.map(Into::into), after });
            }
            Came::Frame(_) => {
                return Err(Problem::fatal(ProblemCode::HelloExpected, "the first frame must be hello"));
            }
            Came::Problem(problem) => return Err(problem),
            Came::Nothing => {}
            Came::Done | Came::End => return Err(Problem::malformed()),
        }
    }
}

/// What an operator says first.
pub(super) struct OperatorHello {
    pub(super) sender: SenderId,
    pub(super) position: Option<i64>,
    pub(super) away: bool,
}

/// Waits for an operator's hello.
pub(super) async fn of_operator(connection: &mut Connection) -> Result<OperatorHello, Problem> {
    loop {
        match connection.next().await {
            Came::Frame(ClientFrame::Hello { protocol, sender, position, away, .. }) => {
                if protocol != PROTOCOL {
                    return Err(Problem::fatal(ProblemCode::Unsupported, "reload: this page is older than the server"));
                }
                let sender = sender.parse().map_err(|_| Problem::malformed())?;
                return Ok(OperatorHello { sender, position, away: away.unwrap_or(false) });
            }
            Came::Frame(_) => {
                return Err(Problem::fatal(ProblemCode::HelloExpected, "the first frame must be hello"));
            }
            Came::Problem(problem) => return Err(problem),
            Came::Nothing => {}
            Came::Done | Came::End => return Err(Problem::malformed()),
        }
    }
}
