//! Frames in requests, for networks without WebSocket: `POST /frames`, whose answer is read as it comes.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Heard, House};

/// A request with its answer.
pub(crate) struct Frames {
    stream: TcpStream,
    /// What came and was not taken apart yet.
    bytes: Vec<u8>,
    /// What came of the body.
    body: Vec<u8>,
}

impl House {
    /// A visitor's request, or the status of the refusal; 0 stands for a server that is not there.
    pub(crate) async fn visitors_frames(&self, mode: &str, frames: &[Value]) -> Result<Frames, u16> {
        let body: String = frames.iter().map(|frame| format!("{frame}\n")).collect();
        let head = format!(
            "POST /frames?mode={mode} HTTP/1.1\r\nhost: {}\r\norigin: {}\r\nconnection: close\r\n\
             content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n",
            self.widget_host(),
            self.widget_origin(),
            body.len(),
        );
        let mut stream = testkit::try_connect(self.address()).await.map_err(|_| 0_u16)?;
        stream.write_all((head + &body).as_bytes()).await.map_err(|_| 0_u16)?;
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
        assert!(head.contains("transfer-encoding: chunked"), "it comes piece by piece: {head}");
        Ok(answer)
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
