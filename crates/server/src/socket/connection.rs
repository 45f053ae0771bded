//! A connection that speaks frames: a WebSocket, or a request over plain HTTP where no WebSocket comes through.

use std::time::Duration;

use app::rate::{Rate, Turns};
use axum::extract::ws::{Message, WebSocket, close_code};
use domain::limits::{FRAMES_AT_ONCE_SECONDS, FRAMES_EACH_SECOND};
use tokio::time::Instant;

use super::line::{Line, Said};
#[cfg(test)]
use super::pipe::Pipe;
use super::problem::Problem;
use super::request::{Mode, Request};
use crate::wire::frames::{ClientFrame, ProblemCode, ServerFrame};

/// A reader that takes nothing for so long is cut off.
pub(super) const WRITE_WITHIN: Duration = Duration::from_secs(10);

pub(super) use super::line::Gone;

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
    Socket(Box<Line>),
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
        Self::over(Wire::Socket(Box::new(Line::over(socket))))
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
            Wire::Socket(line) => next_of(line).await,
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

    /// Reads nothing for a while: what comes waits on the wire.
    pub(super) fn rest(&mut self, span: Duration) {
        self.rests = Some(Instant::now() + span);
    }

    fn count(&mut self) {
        if let Err(wait) = self.turns.take() {
            self.rests = Some(Instant::now() + wait);
        }
    }

    /// Puts a frame among those to be sent.
    pub(super) async fn feed(&mut self, frame: &ServerFrame<'_>) -> Result<(), Gone> {
        let line = match &mut self.wire {
            Wire::Socket(line) => line,
            Wire::Request(request) => return request.feed(frame).await,
            #[cfg(test)]
            Wire::Pipe(pipe) => return pipe.feed(frame),
        };
        let json = serde_json::to_string(frame).map_err(|_| Gone)?;
        line.feed(Message::Text(json.into())).await
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        match &mut self.wire {
            Wire::Socket(line) => line.flush().await,
            Wire::Request(request) => request.flush().await,
            #[cfg(test)]
            Wire::Pipe(pipe) => pipe.flush().await,
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
        let Wire::Socket(line) = &mut self.wire else {
            return Err(Gone);
        };
        let code = match code {
            ProblemCode::TooLarge => close_code::SIZE,
            ProblemCode::Restarting => close_code::RESTART,
            _ => close_code::POLICY,
        };
        line.close(code).await;
        Err(Gone)
    }
}

async fn next_of(line: &mut Line) -> Came {
    match line.next().await {
        Said::Text(text) => parse(text.as_str()),
        Said::Binary(_) => Came::Problem(Problem::malformed()),
        Said::Nothing => Came::Nothing,
        Said::TooLarge => Came::Problem(Problem::fatal(ProblemCode::TooLarge, "the frame is larger than 64 KiB")),
        Said::End => Came::End,
    }
}
