//! A WebSocket as RFC 6455 has it, below our vocabulary: what is said on it, and how it ends. The frames of visitors and
//! operators travel on it, and in tests the public suite's echo.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use futures_util::{SinkExt as _, StreamExt as _};

use super::connection::WRITE_WITHIN;

/// A goodbye is nothing to wait long for.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// The other side has gone, or was sent away.
#[derive(Debug)]
pub(super) struct Gone;

/// A WebSocket.
pub(super) struct Line(WebSocket);

/// What was said.
pub(super) enum Said {
    /// A text, whole.
    Text(Utf8Bytes),
    /// Something else than text, whole.
    Binary(
        #[cfg_attr(not(test), expect(dead_code, reason = "our vocabulary is text; the public suite's echo is not"))]
        Bytes,
    ),
    /// Something of the protocol, which answers it by itself.
    Nothing,
    /// More than a frame or a message may be. The line still takes an answer, and has to be closed.
    TooLarge,
    /// The end; whoever broke the protocol was told so.
    End,
}

impl Line {
    pub(super) const fn over(socket: WebSocket) -> Self {
        Self(socket)
    }

    /// Waits for what is said next. Can be given up and begun again without losing anything.
    pub(super) async fn next(&mut self) -> Said {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Said::Text(text),
            Some(Ok(Message::Binary(bytes))) => Said::Binary(bytes),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Said::Nothing,
            Some(Ok(Message::Close(_))) => {
                // The answer to it lies ready and waits to be sent (RFC 6455, section 5.5.1).
                let _ = tokio::time::timeout(CLOSE_WITHIN, self.0.flush()).await;
                Said::End
            }
            None => Said::End,
            Some(Err(error)) => {
                // tungstenite's errors have no other face here than their words; it tells a frame over the limit as a
                // lack of capacity.
                let error = error.to_string();
                if error.contains("too long") {
                    return Said::TooLarge;
                }
                // RFC 6455, section 7.1.7: whoever breaks the protocol is told so, where they still listen.
                if error.contains("UTF-8") {
                    self.close(close_code::INVALID).await;
                } else if error.contains("protocol error") {
                    self.close(close_code::PROTOCOL).await;
                }
                Said::End
            }
        }
    }

    /// Puts something among what is to be sent.
    pub(super) async fn feed(&mut self, message: Message) -> Result<(), Gone> {
        match tokio::time::timeout(WRITE_WITHIN, self.0.feed(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        match tokio::time::timeout(WRITE_WITHIN, self.0.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Says goodbye with this code.
    pub(super) async fn close(&mut self, code: u16) {
        let close = Message::Close(Some(CloseFrame { code, reason: "".into() }));
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.0.send(close)).await;
    }
}
