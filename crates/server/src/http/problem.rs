//! Errors, turned into problem details (RFC 9457) in one place.

use app::Error;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::wire::problem::Problem;

/// Why an operation did nothing.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    detail: String,
    field: Option<&'static str>,
    retry_after: bool,
}

impl Failure {
    const fn new(status: StatusCode, detail: String) -> Self {
        Self { status, detail, field: None, retry_after: false }
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
                return Self { retry_after: true, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) };
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

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            field: self.field.map(str::to_owned),
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// What every unknown address of the API answers.
pub(crate) async fn not_found() -> Failure {
    Error::NotFound.into()
}
