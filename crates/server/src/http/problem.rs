//! Errors, turned into problem details (RFC 9457) in one place.

use std::time::Duration;

use app::Error;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::door::Full;
use crate::wire::problem::Problem;

/// Why an operation did nothing.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    detail: String,
    field: Option<&'static str>,
    /// Seconds.
    retry_after: Option<u64>,
}

impl Failure {
    const fn new(status: StatusCode, detail: String) -> Self {
        Self { status, detail, field: None, retry_after: None }
    }

    /// The request came from a page of another origin.
    pub(crate) fn foreign_origin() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "requests that change something must come from the dashboard's own pages".into(),
        )
    }

    /// The name in the Host header is none of this installation's.
    pub(crate) fn misdirected() -> Self {
        let detail = "this name is not served here: check app_origin and widget_origin in the configuration";
        Self::new(StatusCode::MISDIRECTED_REQUEST, detail.into())
    }

    /// A request names no host, or more than one (RFC 9112, section 3.2).
    pub(crate) fn which_host() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "a request must have exactly one Host header".into())
    }

    /// More connections than there may be.
    fn full(full: Full) -> Self {
        let (status, detail) = match full {
            Full::Everybody => (StatusCode::SERVICE_UNAVAILABLE, "there are too many connections right now"),
            Full::Address => (StatusCode::TOO_MANY_REQUESTS, "your address has too many connections open"),
        };
        Self { retry_after: Some(10), ..Self::new(status, detail.into()) }
    }

    /// More requests than one address may send.
    pub(crate) fn too_often(wait: Duration) -> Self {
        Error::RateLimited(wait).into()
    }

    /// The body is over the limit.
    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the body must be at most 64 KiB".into())
    }

    /// The body did not come.
    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time".into())
    }

    /// Another method is meant.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this address takes another method".into())
    }

    /// No frames, or not said to be.
    pub(crate) fn not_frames() -> Self {
        let detail = "the body must be application/x-ndjson: frames, one per line (docs/protocol.md)";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail.into())
    }

    /// More frames in one request than may be.
    pub(crate) fn too_many_frames() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "a request brings at most 64 frames".into())
    }

    /// A header that the socket needs is missing.
    pub(crate) fn no_upgrade() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "this address takes WebSocket connections (RFC 6455) only".into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let status = match error {
            Error::Unauthorised => StatusCode::UNAUTHORIZED,
            Error::Forbidden => StatusCode::FORBIDDEN,
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::Invalid { field, detail } => {
                return Self { field: Some(field), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) };
            }
            Error::Busy | Error::Unavailable => {
                return Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) };
            }
            Error::RateLimited(wait) => {
                let retry_after = Some(wait.as_secs() + 1);
                return Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) };
            }
            Error::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, detail)
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        // The parser's own words could quote what was sent; the place of the fault is enough.
        let detail = match rejection.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "the body must be application/json",
            StatusCode::PAYLOAD_TOO_LARGE => "the body must be at most 64 KiB",
            StatusCode::UNPROCESSABLE_ENTITY => "the body lacks a field, has one too many, or one of another kind",
            _ => "the body is not JSON",
        };
        Self::new(rejection.status(), detail.to_owned())
    }
}

impl From<PathRejection> for Failure {
    fn from(_: PathRejection) -> Self {
        // An id that cannot be one of ours answers like one that is not there.
        Error::NotFound.into()
    }
}

impl From<QueryRejection> for Failure {
    fn from(_: QueryRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "a parameter of the address is unknown or of another kind".to_owned())
    }
}

impl Failure {
    fn problem(&self) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            field: self.field.map(str::to_owned),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A whole answer for a connection that is not taken: there is nothing yet that could write one.
pub(crate) fn turned_away(full: Full) -> Vec<u8> {
    let failure = Failure::full(full);
    let body = serde_json::to_string(&failure.problem()).unwrap_or_default();
    let mut headers = http::HeaderMap::new();
    super::headers::everywhere(&mut headers);
    let policy: String =
        headers.iter().filter_map(|(name, value)| Some(format!("{name}: {}\r\n", value.to_str().ok()?))).collect();
    format!(
        "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\nretry-after: {}\r\n\
         {policy}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        failure.status,
        failure.retry_after.unwrap_or(1),
        body.len()
    )
    .into_bytes()
}

/// What every unknown address of the API answers.
pub(crate) async fn not_found() -> Failure {
    Error::NotFound.into()
}
