//! Static delivery of the widget: loader, messenger and published configuration, on an origin of its own. Sees no store,
//! no key, no bus; sets no cookie and writes no log (E1).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/widget/dist"]
#[allow_missing = true]
struct Files;

/// An answer without content negotiation left to do.
pub type Answer = Response<Bytes>;

/// What a browser may be sent compressed.
fn encodings(request: &HeaderMap) -> impl Iterator<Item = (&'static str, &'static str)> {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |name: &str| accepted.split(',').any(|part| part.split(';').next().is_some_and(|p| p.trim() == name));
    [("br", ".br", takes("br")), ("gzip", ".gz", takes("gzip"))]
        .into_iter()
        .filter_map(|(encoding, suffix, takes)| takes.then_some((encoding, suffix)))
}

/// Answers with an embedded file, compressed where the browser takes it; not modified where it has it. A file may lie there
/// as gzip only.
pub fn file<E: RustEmbed>(path: &str, request: &HeaderMap, caching: &'static str) -> Option<Answer> {
    let (plain, gzip) = (E::get(path), E::get(&format!("{path}.gz")));
    let metadata = &plain.as_ref().or(gzip.as_ref())?.metadata;
    let tag = format!("\"{}\"", metadata.sha256_hash().iter().take(12).map(|b| format!("{b:02x}")).collect::<String>());
    let mut answer = Response::builder()
        .header(header::CONTENT_TYPE, kind(path))
        .header(header::CACHE_CONTROL, caching)
        .header(header::ETAG, &tag)
        .header(header::VARY, "accept-encoding");
    if request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return answer.status(StatusCode::NOT_MODIFIED).body(Bytes::new()).ok();
    }
    for (encoding, suffix) in encodings(request) {
        if let Some(compressed) = E::get(&format!("{path}{suffix}")) {
            answer = answer.header(header::CONTENT_ENCODING, encoding);
            return answer.body(bytes(compressed.data)).ok();
        }
    }
    let body = match plain {
        Some(plain) => bytes(plain.data),
        None => match gzip?.data {
            Cow::Borrowed(gzip) => unpacked(gzip)?,
            // A build for development reads its files from the disk.
            Cow::Owned(gzip) => unpack(&gzip)?,
        },
    };
    answer.body(body).ok()
}

/// Answers with what the program carries as gzip only.
pub fn packed(name: &str, gzip: &'static [u8], request: &HeaderMap) -> Option<Answer> {
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, kind(name))
        .header(header::CACHE_CONTROL, "no-cache")
        .header(header::VARY, "accept-encoding");
    if encodings(request).any(|(encoding, _)| encoding == "gzip") {
        return answer.header(header::CONTENT_ENCODING, "gzip").body(Bytes::from_static(gzip)).ok();
    }
    answer.body(unpacked(gzip)?).ok()
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

/// What was packed, for the few that take no compression. It is unpacked once and kept: a thousand slow readers of a file hold
/// it once, as they would if it lay in the program plain.
fn unpacked(gzip: &'static [u8]) -> Option<Bytes> {
    static KEPT: Mutex<BTreeMap<(usize, usize), Bytes>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let place = (gzip.as_ptr().addr(), gzip.len());
    if let Some(plain) = kept.get(&place) {
        return Some(plain.clone());
    }
    let plain = unpack(gzip)?;
    kept.insert(place, plain.clone());
    Some(plain)
}

fn unpack(gzip: &[u8]) -> Option<Bytes> {
    let mut plain = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut plain).ok()?;
    Some(Bytes::from(plain))
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// A script or style of the widget.
pub fn asset(path: &str, request: &HeaderMap) -> Option<Answer> {
    matches!(path, "loader.js" | "messenger.js" | "messenger.css" | "frames-over-http.js")
        .then(|| file::<Files>(path, request, "public, max-age=300, stale-while-revalidate=86400"))
        .flatten()
        .map(|mut answer| {
            // Pages of any site load the loader; without this their `crossorigin integrity=` pins would fail.
            answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            answer.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
            answer
        })
}

/// The page inside the iframe. Only the widget's own sites may embed it; none named means any.
pub fn messenger(sites: &[String], origin: &str, request: &HeaderMap) -> Option<Answer> {
    let mut answer = file::<Files>("messenger.html", request, "no-cache")?;
    let ancestors = if sites.is_empty() { "http: https:".to_owned() } else { sites.join(" ") };
    let policy = HeaderValue::from_str(&policy(&ancestors, origin)).ok()?;
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    answer.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Some(answer)
}

/// The policy of every answer of the widget's origin: its own scripts and styles, its own socket, nothing else.
pub fn policy(ancestors: &str, origin: &str) -> String {
    let socket = origin.replacen("http", "ws", 1);
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {socket}; \
         base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// The published configuration as JSON, readable from any page, without credentials.
pub fn configuration(json: Vec<u8>) -> Option<Answer> {
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "public, max-age=5")
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .header("cross-origin-resource-policy", "cross-origin")
        .body(Bytes::from(json))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_takes_is_sent_compressed() {
        let mut request = HeaderMap::new();
        assert_eq!(encodings(&request).count(), 0);
        request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate, br;q=1.0"));
        assert_eq!(encodings(&request).map(|(name, _)| name).collect::<Vec<_>>(), ["br", "gzip"]);
        request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity, xbr"));
        assert_eq!(encodings(&request).count(), 0);
    }

    /// One file, as gzip only: "plain" and a line's end.
    struct OnlyPacked;

    const GZIP: &[u8] = &[
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff, 0x2b, 0xc8, 0x49, 0xcc, 0xcc, 0xe3, 2, 0, 0xd0, 0xf9, 0x15, 0x39, 6, 0,
        0, 0,
    ];

    impl RustEmbed for OnlyPacked {
        fn get(path: &str) -> Option<rust_embed::EmbeddedFile> {
            let metadata = rust_embed::Metadata::__rust_embed_new([7; 32], None, None);
            (path == "a.js.gz").then_some(rust_embed::EmbeddedFile { data: Cow::Borrowed(GZIP), metadata })
        }

        fn iter() -> impl Iterator<Item = Cow<'static, str>> + 'static {
            std::iter::once(Cow::Borrowed("a.js.gz"))
        }
    }

    #[test]
    fn what_lies_there_packed_is_unpacked_for_whoever_takes_no_compression_and_for_nobody_else() {
        let mut request = HeaderMap::new();
        let plain = [file::<OnlyPacked>("a.js", &request, "no-cache"), packed("a.js", GZIP, &request)];
        request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        let zipped = [file::<OnlyPacked>("a.js", &request, "no-cache"), packed("a.js", GZIP, &request)];
        for (plain, zipped) in plain.into_iter().zip(zipped) {
            let (plain, zipped) = (plain.unwrap(), zipped.unwrap());
            assert_eq!(plain.body().as_ref(), b"plain\n");
            assert_eq!(plain.headers().get(header::CONTENT_ENCODING), None);
            assert_eq!(zipped.body(), GZIP);
            assert_eq!(zipped.headers()[header::CONTENT_ENCODING], "gzip");
            for answer in [plain, zipped] {
                assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
                assert_eq!(answer.headers()[header::VARY], "accept-encoding");
            }
        }
        assert!(file::<OnlyPacked>("b.js", &request, "no-cache").is_none());
        assert!(packed("a.js", &GZIP[..20], &HeaderMap::new()).is_none(), "cut");
    }

    #[test]
    fn a_path_outside_the_named_files_is_not_served() {
        let request = HeaderMap::new();
        for path in ["../Cargo.toml", "messenger.html", "loader.js.br", ""] {
            assert!(asset(path, &request).is_none(), "{path}");
        }
    }

    #[test]
    fn the_policy_allows_nothing_inline_and_no_other_origin() {
        let policy = policy("https://a.example", "https://w.example");
        assert!(policy.contains("connect-src 'self' wss://w.example;"));
        assert!(policy.contains("frame-ancestors https://a.example;"));
        assert!(!policy.contains("unsafe"));
    }
}
