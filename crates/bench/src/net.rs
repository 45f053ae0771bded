//! The loopback as cheaply as a load generator can have it: HTTP requests one at a time, and WebSockets that take frames
//! apart without copying or parsing what nobody asks for.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PATIENCE: Duration = Duration::from_secs(10);

/// Connects to the server under test, and to nothing else.
#[expect(clippy::disallowed_methods, reason = "benchmarks speak to the loopback only, and ask until somebody listens")]
pub(crate) fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    assert!(to.ip().is_loopback(), "benchmarks speak to the loopback only, not to {to}");
    TcpStream::connect(to)
}

/// Where a socket is opened, and as whom.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) to: SocketAddr,
    pub(crate) host: String,
    /// Further header lines, each with its line end.
    pub(crate) head: String,
}

impl Place {
    fn request(&self) -> String {
        let Self { host, head, .. } = self;
        format!(
            "GET /socket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{head}\r\n"
        )
    }

    /// Opens a socket under the runtime; an error where nobody listens or no socket is to be had, as in a browser.
    pub(crate) async fn open(&self) -> io::Result<(tokio::net::TcpStream, Frames)> {
        let mut stream = testkit::try_connect(self.to).await?;
        stream.set_nodelay(true)?;
        stream.write_all(self.request().as_bytes()).await?;
        let mut bytes = Vec::with_capacity(512);
        let end = loop {
            if let Some(end) = end_of_head(&bytes) {
                break end;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        if !bytes.starts_with(SWITCHED) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok((stream, Frames { bytes, start: end }))
    }
}

const SWITCHED: &[u8] = b"HTTP/1.1 101";

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|at| at + 4)
}

/// An HTTP answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// Asks and waits for the whole answer. `head` holds further header lines, each with its line end.
pub(crate) fn request(to: SocketAddr, line: &str, host: &str, head: &str, body: &str) -> Result<Answer> {
    let mut stream = connect(to)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    let request =
        format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n{body}");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = end_of_head(&answer).context("an answer has a head")?;
    let status = std::str::from_utf8(answer.get(9..12).unwrap_or_default())?.parse()?;
    let body = answer.split_off(end);
    Ok(Answer { status, head: String::from_utf8_lossy(&answer).to_ascii_lowercase(), body })
}

/// Bytes that came and frames that can be taken from them.
#[derive(Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    start: usize,
}

impl Frames {
    /// The next whole frame's content.
    pub(crate) fn take(&mut self) -> Result<Option<&[u8]>> {
        let rest = &self.bytes[self.start..];
        let (head, length) = match *rest {
            [_, length @ 0..=125, ..] => (2, usize::from(length)),
            [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
            [_, 127, ..] => bail!("no frame of ours is larger than 64 KiB"),
            _ => return Ok(None),
        };
        if rest.len() < head + length {
            return Ok(None);
        }
        let (opcode, start) = (rest[0] & 15, self.start + head);
        if opcode != 1 {
            bail!("the server ended the connection");
        }
        self.start = start + length;
        Ok(Some(&self.bytes[start..start + length]))
    }

    /// Room for what comes next: what was taken is forgotten.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.reserve(2048);
        &mut self.bytes
    }
}

/// Adds a text frame. Its mask is zero, which leaves the text as it is and costs the generator nothing.
pub(crate) fn put(text: &str, into: &mut Vec<u8>) {
    into.push(0x81);
    match u16::try_from(text.len()) {
        Ok(length @ 0..=125) => into.push(0x80 | length as u8),
        length => {
            into.push(0x80 | 126);
            into.extend_from_slice(&length.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    into.extend_from_slice(&[0; 4]);
    into.extend_from_slice(text.as_bytes());
}

/// A WebSocket that waits for what it asked: for preparing.
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    pub(crate) frames: Frames,
}

impl Socket {
    pub(crate) fn open(place: &Place) -> Result<Self> {
        let mut stream = connect(place.to)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(place.request().as_bytes())?;
        let mut bytes = Vec::with_capacity(2048);
        let end = loop {
            if let Some(end) = end_of_head(&bytes) {
                break end;
            }
            read(&mut stream, &mut bytes)?;
        };
        if !bytes.starts_with(SWITCHED) {
            bail!("no socket: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(Self { stream, frames: Frames { bytes, start: end } })
    }

    pub(crate) fn say(&mut self, text: &str) -> Result<()> {
        let mut frame = Vec::with_capacity(text.len() + 8);
        put(text, &mut frame);
        Ok(self.stream.write_all(&frame)?)
    }

    /// Waits for a frame of this type and gives its text back; others are passed over.
    pub(crate) fn expect(&mut self, kind: &str) -> Result<String> {
        let wanted = format!("{{\"type\":\"{kind}\"");
        loop {
            while let Some(frame) = self.frames.take()? {
                let frame = std::str::from_utf8(frame)?;
                if frame.starts_with(&wanted) {
                    return Ok(frame.to_owned());
                }
                if frame.starts_with("{\"type\":\"problem\"") {
                    bail!("waited for {kind}: {frame}");
                }
            }
            read(&mut self.stream, self.frames.room())?;
        }
    }

    /// For the load itself: reads without waiting, under the runtime.
    pub(crate) fn into_async(self) -> Result<(tokio::net::TcpStream, Frames)> {
        self.stream.set_nonblocking(true)?;
        Ok((tokio::net::TcpStream::from_std(self.stream)?, self.frames))
    }
}

fn read(stream: &mut TcpStream, into: &mut Vec<u8>) -> Result<()> {
    let mut bytes = [0; 4096];
    let length = stream.read(&mut bytes)?;
    if length == 0 {
        bail!("the server closed the connection");
    }
    into.extend_from_slice(&bytes[..length]);
    Ok(())
}

/// The number that follows `name` in a JSON text, without taking the text apart.
pub(crate) fn number(json: &[u8], name: &[u8]) -> Option<i64> {
    let start = json.windows(name.len()).position(|bytes| bytes == name)? + name.len();
    let digits = json[start..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_whole_and_in_order() {
        let mut frames = Frames::default();
        frames.room().extend_from_slice(b"\x81\x02hi\x81\x7e\x00\x7e");
        assert_eq!(frames.take().unwrap(), Some(&b"hi"[..]));
        assert_eq!(frames.take().unwrap(), None);
        frames.room().extend_from_slice(&[b'x'; 126]);
        assert_eq!(frames.take().unwrap(), Some(&[b'x'; 126][..]));
        frames.room().extend_from_slice(b"\x88\x00");
        assert!(frames.take().is_err(), "a close frame is no text");
    }

    #[test]
    fn a_number_is_found_by_its_name() {
        assert_eq!(number(br#"{"sequence":42,"visible":7}"#, b"\"visible\":"), Some(7));
        assert_eq!(number(b"{}", b"\"visible\":"), None);
    }
}
