//! The same frames over plain HTTP, for networks that let no WebSocket through (A12): a request brings the client's frames,
//! its answer the server's. Such a request is a short connection of its own. Nothing is remembered between two of them, so
//! each can be served by any node, and what is missed is asked for by sequence as after any other reconnect.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use super::connection::{Came, Gone, WRITE_WITHIN, parse};
use crate::http::Failure;
use crate::wire::frames::ServerFrame;

/// The media type of frames, one per line.
const MEDIA_TYPE: &str = "application/x-ndjson";
/// A stream ends after so long and is opened anew: proxies dislike answers without an end.
const STREAM_FOR: Duration = Duration::from_secs(300);
/// A poll without news is answered after so long.
const POLL_FOR: Duration = Duration::from_secs(25);
/// News that come together are answered together.
const TOGETHER: Duration = Duration::from_millis(50);
/// An empty line is sent so often, for proxies that cut what is silent.
const KEPT_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Frames in one request.
const FRAMES: usize = 64;
/// Bytes put together before they are passed on.
const BUFFER: usize = 16 * 1024;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Answers what it brings, then ends.
    Send,
    /// Stays open and tells what comes.
    Stream,
    /// Ends with the first news, for proxies that pass nothing on before the end.
    Poll,
}

/// The address's query.
#[derive(Deserialize)]
pub(crate) struct Query {
    pub(crate) mode: Mode,
}

/// One request with its answer.
pub(super) struct Request {
    mode: Mode,
    frames: VecDeque<String>,
    answer: mpsc::Sender<Bytes>,
    buffer: Vec<u8>,
    ends: Pin<Box<Sleep>>,
    kept_alive: Pin<Box<Sleep>>,
    /// Its own frames were read: what comes now comes by itself.
    is_settled: bool,
    has_news: bool,
}

impl Request {
    /// Takes the frames of a request and begins its answer.
    pub(super) fn accept(mode: Mode, headers: &HeaderMap, body: &[u8]) -> Result<(Self, Response), Failure> {
        if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes() != MEDIA_TYPE.as_bytes()) {
            return Err(Failure::not_frames());
        }
        let text = std::str::from_utf8(body).map_err(|_| Failure::not_frames())?;
        let frames: VecDeque<String> =
            text.lines().filter(|line| !line.trim().is_empty()).take(FRAMES + 1).map(str::to_owned).collect();
        if frames.len() > FRAMES {
            return Err(Failure::too_many_frames());
        }
        let (answer, chunks) = mpsc::channel(4);
        let chunks = stream::unfold(chunks, |mut chunks| async {
            chunks.recv().await.map(|chunk| (Ok::<Bytes, Infallible>(chunk), chunks))
        });
        let ends = match mode {
            Mode::Send | Mode::Stream => STREAM_FOR,
            Mode::Poll => POLL_FOR,
        };
        let request = Self {
            mode,
            frames,
            answer,
            buffer: Vec::new(),
            ends: Box::pin(tokio::time::sleep(ends)),
            kept_alive: Box::pin(tokio::time::sleep(KEPT_ALIVE_EVERY)),
            is_settled: false,
            has_news: false,
        };
        let mut response = Body::from_stream(chunks).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
        // Known to several proxies: pass on what comes as it comes.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        Ok((request, response))
    }

    pub(super) const fn mode(&self) -> Mode {
        self.mode
    }

    /// Waits for what comes next; can be given up and begun again.
    pub(super) async fn next(&mut self) -> Came {
        // Nobody waits for the answer any more: what is left of the request is not done.
        if self.answer.is_closed() {
            return Came::End;
        }
        if let Some(line) = self.frames.pop_front() {
            return parse(&line);
        }
        self.is_settled = true;
        if self.mode == Mode::Send {
            return Came::Done;
        }
        tokio::select! {
            biased;
            () = self.answer.closed() => Came::End,
            () = self.ends.as_mut() => Came::Done,
            () = self.kept_alive.as_mut() => {
                self.kept_alive.as_mut().reset(Instant::now() + KEPT_ALIVE_EVERY);
                self.buffer.push(b'\n');
                Came::Nothing
            }
        }
    }

    pub(super) async fn feed(&mut self, frame: &ServerFrame<'_>) -> Result<(), Gone> {
        serde_json::to_writer(&mut self.buffer, frame).map_err(|_| Gone)?;
        self.buffer.push(b'\n');
        if self.mode == Mode::Poll && !self.has_news && is_news(frame, self.is_settled) {
            self.has_news = true;
            self.ends.as_mut().reset(Instant::now() + TOGETHER);
        }
        if self.buffer.len() >= BUFFER { self.flush().await } else { Ok(()) }
    }

    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::take(&mut self.buffer));
        match tokio::time::timeout(WRITE_WITHIN, self.answer.send(chunk)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

/// Whether a poll ends with it. What answers the request's own frames is none, or every poll would end at once.
const fn is_news(frame: &ServerFrame<'_>, is_settled: bool) -> bool {
    match frame {
        // What is refused of the request's own frames is its answer.
        ServerFrame::Problem { fatal, .. } => is_settled || *fatal,
        ServerFrame::Welcome { .. } | ServerFrame::Current { .. } | ServerFrame::Pong {} => false,
        ServerFrame::Counts(_) | ServerFrame::Presence { .. } | ServerFrame::Seen { .. } => is_settled,
        ServerFrame::Message(_)
        | ServerFrame::Event(_)
        | ServerFrame::Accepted { .. }
        | ServerFrame::Typing { .. }
        | ServerFrame::Conversation(_)
        | ServerFrame::Called { .. }
        | ServerFrame::Removed { .. }
        | ServerFrame::Erased { .. }
        | ServerFrame::SignedIn {} => true,
    }
}
