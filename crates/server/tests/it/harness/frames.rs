//! Frames in requests, for networks without WebSocket: `POST /frames`, whose answer is read as it comes.

use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::{Ask, Heard, House, PATIENCE};

/// An answer that comes bit by bit.
pub(crate) struct Frames {
    stream: TcpStream,
    /// What came and was not taken apart yet.
    bytes: Vec<u8>,
    /// What came of the body.
    body: Vec<u8>,
}

impl Ask {
    /// Sends it and reads the answer as it comes, or gives the status of the refusal; 0 stands for a server that is not there.
    pub(crate) async fn try_open(self) -> Result<Frames, u16> {
        let stream = self.sent().await.ok_or(0_u16)?;
        let mut answer = Frames { stream, bytes: Vec::new(), body: Vec::new() };
        let end = loop {
            if let Some(end) = position(&answer.bytes, b"\r\n\r\n") {
                break end;
            }
            if !answer.read().await {
                return Err(0);
            }
        };
        let head = String::from_utf8_lossy(&answer.bytes[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        answer.bytes.drain(..end + 4);
        if status != 200 {
            return Err(status);
        }
        assert!(head.contains("transfer-encoding: chunked"), "it comes bit by bit: {head}");
        Ok(answer)
    }

    /// The same where nothing is refused.
    pub(crate) async fn open(self) -> Frames {
        self.try_open().await.expect("frames")
    }
}

impl House {
    /// A visitor's request with these frames.
    pub(crate) fn visitors_frames(&self, mode: &str, frames: &[Value]) -> Ask {
        let ask = self.ask("POST", &format!("/frames?mode={mode}")).host(&self.widget_host());
        ask.header("origin", &self.widget_origin()).frames(frames)
    }
}

impl Frames {
    /// What comes next. Can be given up and begun again.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            self.take_chunks();
            while let Some(end) = position(&self.body, b"\n") {
                let line: Vec<u8> = self.body.drain(..=end).collect();
                if line.len() > 1 {
                    return Heard::Frame(serde_json::from_slice(&line).expect("a line is a frame"));
                }
            }
            if !self.read().await {
                return Heard::End(None);
            }
        }
    }

    /// The next frame, whatever it is; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        match tokio::time::timeout(PATIENCE, self.hear()).await.expect("a frame or the end") {
            Heard::Frame(frame) => Some(frame),
            Heard::End(_) => None,
        }
    }

    /// The next frame of this kind; others are passed over.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await.unwrap_or_else(|| panic!("the end, before {kind}"));
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    async fn read(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.bytes).await, Ok(1..))
    }

    /// Moves whole chunks into the body.
    fn take_chunks(&mut self) {
        while let Some(end) = position(&self.bytes, b"\r\n") {
            let size =
                std::str::from_utf8(&self.bytes[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.expect("a chunk has a size");
            let (from, to) = (end + 2, end + 2 + size);
            if self.bytes.len() < to + 2 {
                return;
            }
            self.body.extend_from_slice(&self.bytes[from..to]);
            self.bytes.drain(..to + 2);
        }
    }
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
