//! A connection that speaks frames: a WebSocket, or a request over plain HTTP where no WebSocket comes through.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::{SinkExt as _, StreamExt as _};

use super::problem::Problem;
use super::request::{Mode, Request};
use crate::wire::frames::{ClientFrame, ProblemCode, ServerFrame};

/// A reader that takes nothing for so long is cut off.
pub(super) const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// The other side has gone, or was sent away.
#[derive(Debug)]
pub(super) struct Gone;

/// A connection that speaks frames.
pub(super) enum Connection {
    /// Both ways at once.
    Socket(Box<WebSocket>),
    /// One request and its answer.
    Request(Box<Request>),
}

/// What came from the other side.
pub(super) enum Came {
    /// A frame.
    Frame(ClientFrame),
    /// Something of the protocol below; nothing to do.
    Nothing,
    /// No frame of ours: the connection ends after telling so.
    Problem(Problem),
    /// Nothing more will come, but the other side still reads: what is under way is answered, then the connection ends.
    Done,
    /// The end.
    End,
}

/// Reads a frame.
pub(super) fn parse(text: &str) -> Came {
    serde_json::from_str(text).map_or_else(|_| Came::Problem(Problem::malformed()), Came::Frame)
}

impl Connection {
    /// Whether it only answers what it brought: nobody listens for what comes later.
    pub(super) fn is_brief(&self) -> bool {
        matches!(self, Self::Request(request) if request.mode() == Mode::Send)
    }

    /// Whether the other side will be back in a moment, with a connection of its own.
    pub(super) const fn comes_again(&self) -> bool {
        matches!(self, Self::Request(_))
    }

    /// Waits for what comes next. Can be given up and begun again without losing anything.
    pub(super) async fn next(&mut self) -> Came {
        let socket = match self {
            Self::Socket(socket) => socket,
            Self::Request(request) => return request.next().await,
        };
        match socket.next().await {
            Some(Ok(Message::Text(text))) => parse(text.as_str()),
            Some(Ok(Message::Binary(_))) => Came::Problem(Problem::malformed()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Came::Nothing,
            Some(Ok(Message::Close(_))) | None => Came::End,
            Some(Err(error)) => {
                // tungstenite tells a frame over the limit as a lack of capacity.
                if error.to_string().contains("too long") {
                    Came::Problem(Problem::fatal(ProblemCode::TooLarge, "the frame is larger than 64 KiB"))
                } else {
                    Came::End
                }
            }
        }
    }

    /// Puts a frame among those to be sent.
    pub(super) async fn feed(&mut self, frame: &ServerFrame<'_>) -> Result<(), Gone> {
        let socket = match self {
            Self::Socket(socket) => socket,
            Self::Request(request) => return request.feed(frame).await,
        };
        let json = serde_json::to_string(frame).map_err(|_| Gone)?;
        match tokio::time::timeout(WRITE_WITHIN, socket.feed(Message::Text(json.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        let socket = match self {
            Self::Socket(socket) => socket,
            Self::Request(request) => return request.flush().await,
        };
        match tokio::time::timeout(WRITE_WITHIN, socket.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    pub(super) async fn send(&mut self, frame: &ServerFrame<'_>) -> Result<(), Gone> {
        self.feed(frame).await?;
        self.flush().await
    }

    /// Tells a problem; says whether the connection goes on.
    pub(super) async fn refuse(&mut self, problem: Problem) -> Result<(), Gone> {
        let (fatal, code) = (problem.fatal, problem.code);
        self.send(&problem.frame()).await?;
        if !fatal {
            return Ok(());
        }
        let Self::Socket(socket) = self else {
            return Err(Gone);
        };
        let code = match code {
            ProblemCode::TooLarge => close_code::SIZE,
            ProblemCode::Restarting => close_code::RESTART,
            _ => close_code::POLICY,
        };
        let close = Message::Close(Some(CloseFrame { code, reason: "".into() }));
        let _ = tokio::time::timeout(Duration::from_secs(1), socket.send(close)).await;
        Err(Gone)
    }
}
