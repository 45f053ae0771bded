//! A store that speaks S3. Only what a place needs: objects are small, so there is no upload in parts; nothing is kept of older
//! versions, so that what was replaced is gone ([decision 15](../../../docs/decisions/0015-own-client-for-object-stores.md)).

mod http;
mod sign;

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use domain::Clock;
use http_body_util::Full;
use hyper::Request;
use privacy::digest::sha256;
use privacy::random;

use self::http::{Answer, Endpoint};
pub use self::sign::Credentials;
use crate::{BoxFuture, Error, LARGEST, Object, Place, Result, Write, name, too_large};

/// Written twice to see whether the second time is refused; each time under a name of its own, so that two who look do not take
/// each other's for theirs.
const PROBE: &str = "probe/";

/// A bucket, or a part of one.
pub struct S3 {
    endpoint: Endpoint,
    region: String,
    bucket: String,
    /// Before the names of all objects; empty, or ending in `/`.
    prefix: String,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S3({}/{}/{})", self.endpoint.authority(), self.bucket, self.prefix)
    }
}

impl S3 {
    /// The bucket at an endpoint such as `https://s3.example.de`.
    ///
    /// # Errors
    /// [`Error::Unfit`] where something of it is not written as it must be.
    pub fn new(
        endpoint: &str,
        region: &str,
        bucket: &str,
        prefix: &str,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let is_word = |word: &str| !word.is_empty() && !word.contains('/') && name::check(word).is_ok();
        if !is_word(bucket) || !is_word(region) {
            return Err(Error::Unfit("bucket and `region` must be small letters, digits, dashes and dots".to_owned()));
        }
        let prefix = prefix.trim_matches('/');
        if !prefix.is_empty() {
            name::check(prefix)?;
        }
        Ok(Self {
            endpoint: Endpoint::parse(endpoint)?,
            region: region.to_owned(),
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            credentials,
            clock,
        })
    }

    /// Asks. `object` is a name below the prefix, `query` is sorted and written as it is sent.
    async fn ask(&self, method: &str, object: &str, query: &str, body: Bytes, create: bool) -> Result<Answer> {
        let key = if object.is_empty() { String::new() } else { format!("/{}{object}", self.prefix) };
        let path = format!("/{}{key}", self.bucket);
        let (host, hash) = (self.endpoint.authority(), HEXLOWER.encode(&sha256(&body)));
        let time = time(&self.clock.now().to_string());
        let mut headers = vec![("host", host.as_str())];
        if create {
            headers.push(("if-none-match", "*"));
        }
        headers.extend([("x-amz-content-sha256", hash.as_str()), ("x-amz-date", time.as_str())]);
        let signed = sign::Request {
            method,
            path: &path,
            query,
            headers: &headers,
            body: &hash,
            time: &time,
            region: &self.region,
        };
        let authorization = signed.sign(&self.credentials);
        let target = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
        let mut request = Request::builder().method(method).uri(target).header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(|error| Error::Unfit(error.to_string()))?;
        self.endpoint.send(request).await
    }

    /// Whether an answer is one of those that were counted on.
    fn expect(&self, answer: Answer, good: &[u16]) -> Result<Answer> {
        if good.contains(&answer.status) {
            return Ok(answer);
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let code = between(&text, "<Code>", "</Code>").map_or_else(String::new, |code| format!(" ({code})"));
        let told = format!("{}: answered {}{code}", self.endpoint.authority(), answer.status);
        // Busy, or broken for a while; everything else somebody has to mend.
        if answer.status >= 500 || [408, 409, 429].contains(&answer.status) {
            Err(Error::Away(told))
        } else {
            Err(Error::Unfit(told))
        }
    }

    async fn write(&self, name: &str, bytes: Bytes, how: Write) -> Result<()> {
        name::check(name)?;
        if bytes.len() > LARGEST {
            return Err(too_large(name, bytes.len() as u64));
        }
        let answer = self.ask("PUT", name, "", bytes, how == Write::Create).await?;
        if answer.status == 412 && how == Write::Create {
            return Err(Error::Exists);
        }
        self.expect(answer, &[200, 201, 204]).map(drop)
    }

    async fn remove(&self, name: &str) -> Result<()> {
        name::check(name)?;
        let answer = self.ask("DELETE", name, "", Bytes::new(), false).await?;
        if is_missing(&answer) { Ok(()) } else { self.expect(answer, &[200, 204]).map(drop) }
    }

    /// Makes the bucket: for tests. Whoever runs an installation makes it with its country in view.
    ///
    /// # Errors
    /// As [`Place::put`].
    pub async fn make_bucket(&self) -> Result<()> {
        let answer = self.ask("PUT", "", "", Bytes::new(), false).await?;
        self.expect(answer, &[200]).map(drop)
    }

    /// Has the bucket keep versions, or no longer: for tests.
    ///
    /// # Errors
    /// As [`Place::put`].
    pub async fn set_versioning(&self, status: &str) -> Result<()> {
        let wanted = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        let answer = self.ask("PUT", "", "versioning=", wanted.into(), false).await?;
        self.expect(answer, &[200]).map(drop)
    }

    /// A bucket that keeps versions keeps what was replaced, and so the keys of epochs that are over.
    async fn keeps_no_versions(&self) -> Result<()> {
        let answer = self.expect(self.ask("GET", "", "versioning=", Bytes::new(), false).await?, &[200])?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        match between(&text, "<Status>", "</Status>") {
            None | Some("") => Ok(()),
            Some(status) => Err(Error::Unfit(format!(
                "the bucket {} keeps versions of its objects (versioning is {status}): what is deleted there stays; take a \
                 bucket on which versioning was never switched on",
                self.bucket
            ))),
        }
    }

    async fn creates_once(&self) -> Result<()> {
        let probe = format!("{PROBE}{:x}", random::number());
        self.write(&probe, Bytes::from_static(b"1"), Write::Create).await?;
        let second = self.write(&probe, Bytes::from_static(b"2"), Write::Create).await;
        self.remove(&probe).await?;
        match second {
            Err(Error::Exists) => Ok(()),
            Ok(()) => Err(Error::Unfit(format!(
                "{} writes over objects that are there (it does not know `If-None-Match: *`): take another store",
                self.endpoint.authority()
            ))),
            Err(error) => Err(error),
        }
    }
}

fn is_missing(answer: &Answer) -> bool {
    answer.status == 404 && !String::from_utf8_lossy(&answer.body).contains("NoSuchBucket")
}

/// `2026-01-01T00:00:00.000000Z` as a signature has it: `20260101T000000Z`.
fn time(rfc3339: &str) -> String {
    let digits: String = rfc3339.chars().take(19).filter(|letter| letter.is_ascii_digit()).collect();
    let (day, time) = digits.split_at_checked(8).unwrap_or((&digits, ""));
    format!("{day}T{time}Z")
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(begin)?;
    Some(rest.split_once(end)?.0)
}

/// As a query has it.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

impl Place for S3 {
    fn medium(&self) -> String {
        "object store".to_owned()
    }

    fn identity(&self) -> String {
        format!("bucket {}/{}/{}", self.endpoint.authority(), self.bucket, self.prefix)
    }

    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            self.keeps_no_versions().await?;
            self.creates_once().await
        })
    }

    fn put<'a>(&'a self, name: &'a str, bytes: Bytes, how: Write) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.write(name, bytes, how))
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(async move {
            name::check(name)?;
            let answer = self.ask("GET", name, "", Bytes::new(), false).await?;
            if is_missing(&answer) {
                return Ok(None);
            }
            let body = self.expect(answer, &[200])?.body;
            if body.len() > LARGEST { Err(too_large(name, body.len() as u64)) } else { Ok(Some(body)) }
        })
    }

    fn list<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<Object>>> {
        Box::pin(async move {
            let (mut found, mut more) = (Vec::new(), String::new());
            loop {
                let prefix = escaped(&format!("{}{beginning}", self.prefix));
                let query = format!("{more}list-type=2&prefix={prefix}");
                let answer = self.expect(self.ask("GET", "", &query, Bytes::new(), false).await?, &[200])?;
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                for entry in text.split("<Contents>").skip(1) {
                    let (Some(key), Some(size)) =
                        (between(entry, "<Key>", "</Key>"), between(entry, "<Size>", "</Size>"))
                    else {
                        continue;
                    };
                    // What has another name is not an object of ours.
                    if let (Some(name), Ok(bytes)) = (key.strip_prefix(&self.prefix), size.parse())
                        && name::check(name).is_ok()
                    {
                        found.push(Object { name: name.to_owned(), bytes });
                    }
                }
                match between(&text, "<NextContinuationToken>", "</NextContinuationToken>") {
                    Some(token) if text.contains("<IsTruncated>true<") => {
                        let next = format!("continuation-token={}&", escaped(&token.replace("&amp;", "&")));
                        if next == more {
                            return Err(Error::Away("the store lists the same objects again and again".to_owned()));
                        }
                        more = next;
                    }
                    _ => break,
                }
            }
            found.sort();
            found.dedup();
            Ok(found)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.remove(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_queries_are_written_as_they_are_signed() {
        assert_eq!(time("2026-01-01T00:00:05.123456Z"), "20260101T000005Z");
        assert_eq!(time("2026-01-01T00:00:05Z"), "20260101T000005Z");
        assert_eq!(escaped("a/b=c d~e"), "a%2Fb%3Dc%20d~e");
    }
}
