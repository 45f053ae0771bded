//! A socket with its frames.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::{SinkExt as _, StreamExt as _};

use super::problem::Problem;
use crate::wire::frames::{ClientFrame, ProblemCode, ServerFrame};

/// A reader that takes nothing for so long is cut off.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// The other side has gone, or was sent away.
#[derive(Debug)]
pub(super) struct Gone;

/// A socket that speaks frames.
pub(super) struct Connection {
    socket: WebSocket,
}

/// What came from the other side.
pub(super) enum Came {
    /// A frame.
    Frame(ClientFrame),
    /// Something of the protocol below; nothing to do.
    Nothing,
    /// No frame of ours: the connection ends after telling so.
    Problem(Problem),
    /// The end.
    End,
}

impl Connection {
    pub(super) const fn new(socket: WebSocket) -> Self {
        Self { socket }
    }

    /// Waits for what comes next. Can be given up and begun again without losing anything.
    pub(super) async fn next(&mut self) -> Came {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(text.as_str()) {
                Ok(frame) => Came::Frame(frame),
                Err(_) => Came::Problem(Problem::malformed()),
            },
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
        let json = serde_json::to_string(frame).map_err(|_| Gone)?;
        match tokio::time::timeout(WRITE_WITHIN, self.socket.feed(Message::Text(json.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        match tokio::time::timeout(WRITE_WITHIN, self.socket.flush()).await {
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
        let code = match code {
            ProblemCode::TooLarge => close_code::SIZE,
            ProblemCode::Restarting => close_code::RESTART,
            _ => close_code::POLICY,
        };
        let close = Message::Close(Some(CloseFrame { code, reason: "".into() }));
        let _ = tokio::time::timeout(Duration::from_secs(1), self.socket.send(close)).await;
        Err(Gone)
    }
}
