//! PostgreSQL's messages, as far as commits go: a type, a length that counts itself, and what follows.
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What clients may ask before anything else; a server without it answers `N`.
const SSL: i32 = 80_877_103;
const GSS: i32 = 80_877_104;
/// A message that is longer is none.
const MOST: usize = 1 << 28;

/// One message: its type (0 for the first one, which has none) and all its bytes.
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) bytes: Vec<u8>,
}

impl Message {
    /// Reads one; `None` at the end.
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut kind = [0];
        if from.read(&mut kind).await? == 0 {
            return Ok(None);
        }
        Self::rest(from, kind[0], vec![kind[0]]).await.map(Some)
    }

    /// Reads the first one of a connection, which has no type.
    pub(super) async fn first(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        Self::rest(from, 0, Vec::new()).await
    }

    async fn rest(from: &mut (impl AsyncRead + Unpin), kind: u8, mut bytes: Vec<u8>) -> io::Result<Self> {
        let length = from.read_u32().await?;
        bytes.extend(length.to_be_bytes());
        let length = usize::try_from(length).ok().and_then(|length| length.checked_sub(4)).filter(|it| *it <= MOST);
        let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        let start = bytes.len();
        bytes.resize(start + length, 0);
        from.read_exact(&mut bytes[start..]).await?;
        Ok(Self { kind, bytes })
    }

    /// Whether this first message asks for encryption.
    pub(super) fn asks_for_encryption(&self) -> bool {
        let code = self.bytes.get(4..8).and_then(|code| code.try_into().ok()).map(i32::from_be_bytes);
        matches!(code, Some(SSL | GSS))
    }

    /// The texts that a message with a type begins with, each of which ends with a zero.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        let payload = self.bytes.get(5..).unwrap_or_default();
        payload.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned())
    }
}

/// The answer of a server that takes no more connections.
pub(super) fn too_many_connections() -> Vec<u8> {
    let fields = b"SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0";
    let length = u32::try_from(fields.len() + 4).expect("a short message");
    [b"E", &length.to_be_bytes()[..], fields].concat()
}
