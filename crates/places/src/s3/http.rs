//! One request, one connection: backups have few of them. Connects to the registered endpoint and nowhere else (law L6).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

use crate::{Error, LARGEST, Result};

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A whole request, with 16 MiB on a slow line.
const WITHIN: Duration = Duration::from_secs(100);

/// Where a store answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) has_tls: bool,
}

/// What it answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Endpoint {
    /// From its origin. Without TLS only on this machine: what is sent is sealed, but who may write there is not.
    pub(super) fn parse(origin: &str) -> Result<Self> {
        let bad = || {
            Error::Unfit(
                "`endpoint` must be an origin such as https://s3.example.de; http only on 127.0.0.1".to_owned(),
            )
        };
        let (has_tls, rest) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(bad()),
        };
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| bad())?),
            None => (rest, if has_tls { 443 } else { 80 }),
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_plain) || !has_tls && !["127.0.0.1", "localhost"].contains(&host) {
            return Err(bad());
        }
        Ok(Self { host: host.to_ascii_lowercase(), port, has_tls })
    }

    /// As the header `host` names it.
    pub(super) fn authority(&self) -> String {
        match (self.has_tls, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let within = tokio::time::timeout(WITHIN, self.connected(request)).await;
        within.unwrap_or_else(|_| Err(self.away("no answer in time")))
    }

    async fn connected(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        #[expect(clippy::disallowed_methods, reason = "law L6: a place that is registered, with its country")]
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        let connected = tokio::time::timeout(CONNECT_WITHIN, connecting).await;
        let stream = connected.map_err(|_| self.away("no connection in time"))?.map_err(|error| self.away(error))?;
        if !self.has_tls {
            return self.ask(stream, request).await;
        }
        let name = ServerName::try_from(self.host.clone()).map_err(|error| self.away(error))?;
        let stream = tls()?.connect(name, stream).await.map_err(|error| self.away(error))?;
        self.ask(stream, request).await
    }

    async fn ask(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer> {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.away(error))?;
        let asked = async {
            let answer: Response<Incoming> = sender.send_request(request).await.map_err(|error| self.away(error))?;
            let status = answer.status().as_u16();
            // A little more than the largest object, so that one that is too large is told from one that fits.
            let body = Limited::new(answer.into_body(), LARGEST + 1).collect().await;
            Ok(Answer { status, body: body.map_err(|error| self.away(error))?.to_bytes() })
        };
        tokio::pin!(asked);
        tokio::select! {
            answer = &mut asked => answer,
            ended = connection => match ended {
                // What came is still to be read.
                Ok(()) => asked.await,
                Err(error) => Err(self.away(error)),
            }
        }
    }

    fn away(&self, why: impl std::fmt::Display) -> Error {
        Error::Away(format!("{}: {why}", self.authority()))
    }
}

/// Trusts whom the machine trusts.
fn tls() -> Result<TlsConnector> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the library has a version of TLS");
        Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
    });
    Ok(TlsConnector::from(Arc::clone(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_spoken_to() {
        let parsed = |origin: &str| Endpoint::parse(origin).map(|endpoint| endpoint.authority()).ok();
        assert_eq!(parsed("https://S3.example.de").as_deref(), Some("s3.example.de"));
        assert_eq!(parsed("https://s3.example.de:9000").as_deref(), Some("s3.example.de:9000"));
        assert_eq!(parsed("http://127.0.0.1:8333").as_deref(), Some("127.0.0.1:8333"));
        for bad in ["", "s3.example.de", "http://s3.example.de", "https://", "https://a/b", "https://a@b", "ftp://a"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
