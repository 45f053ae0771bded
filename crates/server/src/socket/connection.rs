//! A connection that speaks frames: a WebSocket, or a request over plain HTTP where no WebSocket comes through.

use std::time::Duration;

use app::rate::{Rate, Turns};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use domain::limits::{FRAMES_AT_ONCE_SECONDS, FRAMES_EACH_SECOND};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::Instant;

#[cfg(test)]
use super::pipe::Pipe;
use super::problem::Problem;
use super::request::{Mode, Request};
use crate::wire::frames::{ClientFrame, ProblemCode, ServerFrame};

/// A reader that takes nothing for so long is cut off.
pub(super) const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// The other side has gone, or was sent away.
#[derive(Debug)]
pub(super) struct Gone;

/// A connection that speaks frames.
pub(super) struct Connection {
    wire: Wire,
    /// How many frames it is read; messages have a rate of their own.
    turns: Turns,
    /// Until then nothing is read: what comes too fast waits on the wire, and nothing is lost.
    rests: Option<Instant>,
}

/// What carries the frames.
enum Wire {
    /// Both ways at once.
    Socket(Box<WebSocket>),
    /// One request and its answer.
    Request(Box<Request>),
    /// Frames handed over within the process.
    #[cfg(test)]
    Pipe(Pipe),
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
    pub(super) fn socket(socket: WebSocket) -> Self {
        Self::over(Wire::Socket(Box::new(socket)))
    }

    pub(super) fn request(request: Request) -> Self {
        Self::over(Wire::Request(Box::new(request)))
    }

    #[cfg(test)]
    pub(super) fn pipe(pipe: Pipe) -> Self {
        Self::over(Wire::Pipe(pipe))
    }

    fn over(wire: Wire) -> Self {
        let turns = Turns::alone(Rate::each_second(FRAMES_EACH_SECOND, FRAMES_AT_ONCE_SECONDS));
        Self { wire, turns, rests: None }
    }

    /// Whether it only answers what it brought: nobody listens for what comes later.
    pub(super) fn is_brief(&self) -> bool {
        matches!(&self.wire, Wire::Request(request) if request.mode() == Mode::Send)
    }

    /// Whether the other side will be back in a moment, with a connection of its own.
    pub(super) const fn comes_again(&self) -> bool {
        matches!(self.wire, Wire::Request(_))
    }

    /// Waits for what comes next. Can be given up and begun again without losing anything.
    pub(super) async fn next(&mut self) -> Came {
        if let Some(until) = self.rests {
            // Boxed like all that is rare here: whoever only waits carries the room for the largest step.
            Box::pin(tokio::time::sleep_until(until)).await;
            self.rests = None;
            // What was read on credit is paid for.
            let _ = self.turns.take();
        }
        let came = match &mut self.wire {
            Wire::Socket(socket) => next_of(socket).await,
            Wire::Request(request) => Box::pin(request.next()).await,
            #[cfg(test)]
            Wire::Pipe(pipe) => pipe.next().await,
        };
        let is_counted = match &came {
            Came::Frame(frame) => !matches!(frame, ClientFrame::Message { .. }),
            Came::Nothing => matches!(self.wire, Wire::Socket(_)),
            Came::Problem(_) | Came::Done | Came::End => false,
        };
        if is_counted {
            self.count();
        }
        came
    }

    fn count(&mut self) {
        if let Err(wait) = self.turns.take() {
            self.rests = Some(Instant::now() + wait);
        }
    }

    /// Puts a frame among those to be sent.
    pub(super) async fn feed(&mut self, frame: &ServerFrame<'_>) -> Result<(), Gone> {
        let socket = match &mut self.wire {
            Wire::Socket(socket) => socket,
            Wire::Request(request) => return request.feed(frame).await,
            #[cfg(test)]
            Wire::Pipe(pipe) => return pipe.feed(frame),
        };
        let json = serde_json::to_string(frame).map_err(|_| Gone)?;
        match tokio::time::timeout(WRITE_WITHIN, socket.feed(Message::Text(json.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        let socket = match &mut self.wire {
            Wire::Socket(socket) => socket,
            Wire::Request(request) => return request.flush().await,
            #[cfg(test)]
            Wire::Pipe(pipe) => return pipe.flush().await,
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
            // Refusing is work too: a flood of messages that are refused waits on the wire like any other.
            self.count();
            return Ok(());
        }
        let Wire::Socket(socket) = &mut self.wire else {
            return Err(Gone);
        };
        let code = match code {
            ProblemCode::TooLarge => close_code::SIZE,
            ProblemCode::Restarting => close_code::RESTART,
            _ => close_code::POLICY,
        };
        close(socket, code).await;
        Err(Gone)
    }
}

async fn next_of(socket: &mut WebSocket) -> Came {
    let last = match socket.next().await {
        Some(Ok(Message::Text(text))) => return parse(text.as_str()),
        Some(Ok(Message::Binary(_))) => return Came::Problem(Problem::malformed()),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Came::Nothing,
        None => return Came::End,
        Some(last) => Box::pin(part(socket, last)),
    };
    last.await
}

/// The last that is read: the other side ends, or breaks the rules.
async fn part(socket: &mut WebSocket, last: Result<Message, axum::Error>) -> Came {
    let Err(error) = last else {
        // The answer to it lies ready and waits to be sent (RFC 6455, section 5.5.1).
        let _ = tokio::time::timeout(Duration::from_secs(1), socket.flush()).await;
        return Came::End;
    };
    // tungstenite's errors have no other face here than their words; it tells a frame over the limit as a lack of capacity.
    let error = error.to_string();
    if error.contains("too long") {
        return Came::Problem(Problem::fatal(ProblemCode::TooLarge, "the frame is larger than 64 KiB"));
    }
    // RFC 6455, section 7.1.7: whoever breaks the protocol is told so, where they still listen.
    if error.contains("UTF-8") {
        close(socket, close_code::INVALID).await;
    } else if error.contains("protocol error") {
        close(socket, close_code::PROTOCOL).await;
    }
    Came::End
}

async fn close(socket: &mut WebSocket, code: u16) {
    let close = Message::Close(Some(CloseFrame { code, reason: "".into() }));
    let _ = tokio::time::timeout(Duration::from_secs(1), socket.send(close)).await;
}
