//! Who asks, and from where (SA4, SI10).

use std::time::Duration;

use app::Error;
use app::team::{Secret, SignedInBrowser, Visit};
use axum::extract::FromRequestParts;
use domain::{Browser, Platform, Principal};
use http::request::Parts;
use http::{HeaderMap, header};
use tokio::time::Instant;

use super::{Failure, Shared};
use crate::door::Client;

/// The session's cookie. `__Host-` has browsers refuse it from a subdomain, without TLS or with another path.
pub(crate) const COOKIE: &str = "__Host-diskret";
/// The cookie by which a browser is known again at sign-in. It opens nothing.
pub(crate) const DEVICE_COOKIE: &str = "__Host-diskret-device";

/// The caller of an operation: what it may do is asked by the verb it calls (law L5).
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        own_origin(&parts.method, &parts.headers, shared)?;
        Ok(Self(bearer_or_cookie(&parts.headers, shared).await?))
    }
}

/// How often whoever is sent a long answer is looked at again.
const LOOKED_EVERY: Duration = Duration::from_secs(2);

/// A caller whose answer takes long. A session that ends, a token that is taken back and a role that changes break it off.
pub(crate) struct Lasting {
    /// Who asked.
    pub(crate) principal: Principal,
    headers: HeaderMap,
    shared: Shared,
    looked_at: Instant,
}

impl FromRequestParts<Shared> for Lasting {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        let Caller(principal) = Caller::from_request_parts(parts, shared).await?;
        Ok(Self { principal, headers: parts.headers.clone(), shared: shared.clone(), looked_at: Instant::now() })
    }
}

impl Lasting {
    /// Before the next part of the answer: whether they still are who they were when they asked.
    ///
    /// # Errors
    /// [`Error::Unauthorised`], where they are not. A database that is away signs nobody out.
    pub(crate) async fn still(&mut self) -> Result<Principal, Error> {
        if self.looked_at.elapsed() >= LOOKED_EVERY {
            match peek(&self.headers, &self.shared).await {
                Ok(principal) if principal != self.principal => return Err(Error::Unauthorised),
                Err(Error::Unauthorised) => return Err(Error::Unauthorised),
                Ok(_) | Err(_) => self.looked_at = Instant::now(),
            }
        }
        Ok(self.principal)
    }
}

/// Somebody who need not be signed in, but whose request must not come from a foreign page.
pub(crate) struct Anybody;

impl FromRequestParts<Shared> for Anybody {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        own_origin(&parts.method, &parts.headers, shared).map(|()| Self)
    }
}

/// Somebody at a browser of their own: a program is refused, whatever its operator may.
pub(crate) struct AtBrowser(pub(crate) SignedInBrowser);

impl FromRequestParts<Shared> for AtBrowser {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        own_origin(&parts.method, &parts.headers, shared)?;
        if let Some(secret) = bearer(&parts.headers) {
            shared.app.api_token(&secret).await?;
            return Err(Error::Forbidden.into());
        }
        Ok(Self(shared.app.browser(&cookie(&parts.headers).ok_or(Error::Unauthorised)?).await?))
    }
}

/// Where somebody signs in.
pub(crate) struct Visiting(pub(crate) Visit);

impl FromRequestParts<Shared> for Visiting {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        own_origin(&parts.method, &parts.headers, shared)?;
        let client = parts.extensions.get::<Client>().ok_or(Error::Internal)?;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Ok(Self(Visit {
            from: client.from,
            device: cookie_named(&parts.headers, DEVICE_COOKIE),
            browser: Browser::of(agent),
            platform: Platform::of(agent),
        }))
    }
}

/// A request that changes something must name the dashboard as its origin. Browsers always do; a program that names
/// none must bring a token, which no browser sends by itself.
fn own_origin(method: &http::Method, headers: &HeaderMap, shared: &Shared) -> Result<(), Failure> {
    if method.is_safe() {
        return Ok(());
    }
    match headers.get(header::ORIGIN) {
        Some(origin) if origin.as_bytes() == shared.config.app_origin.as_bytes() => Ok(()),
        None if bearer(headers).is_some() => Ok(()),
        _ => Err(Failure::foreign_origin()),
    }
}

/// Who a request's token or cookie speaks for.
pub(crate) async fn bearer_or_cookie(headers: &HeaderMap, shared: &Shared) -> Result<Principal, Error> {
    match bearer(headers) {
        Some(secret) => shared.app.api_token(&secret).await,
        None => shared.app.session(&cookie(headers).ok_or(Error::Unauthorised)?).await,
    }
}

/// The same for a socket that asks again: an open window is no use of its session.
pub(crate) async fn peek(headers: &HeaderMap, shared: &Shared) -> Result<Principal, Error> {
    match bearer(headers) {
        Some(secret) => shared.app.api_token(&secret).await,
        None => shared.app.peek_session(&cookie(headers).ok_or(Error::Unauthorised)?).await,
    }
}

/// A program's token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|secret| Secret::new(secret.trim().to_owned()))
}

/// The session's secret.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<Secret> {
    cookie_named(headers, COOKIE)
}

fn cookie_named(headers: &HeaderMap, wanted: &str) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, secret)| Secret::new(secret.to_owned()))
}
