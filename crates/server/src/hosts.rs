//! One port, several origins: which one a request is for stands in its Host header.

use http::header;

use crate::config::Config;

/// The origins of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// The dashboard and its API.
    App,
    /// The widget.
    Widget,
    /// The demonstration shop.
    Shop,
}

/// Why a request is for none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misdirected {
    /// It names something that is not served here.
    Unknown,
    /// It names no host, or more than one.
    Unclear,
}

/// Which origin a request is for; unknown names are answered with a misdirection, so that no other name can be made to
/// point here and be trusted. A whole address in the first line counts more than the Host header (RFC 9112, section 3.2.2).
pub(crate) fn of<B>(request: &http::Request<B>, config: &Config) -> Result<Host, Misdirected> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(Misdirected::Unclear);
    };
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => host.to_str().map_err(|_| Misdirected::Unknown)?,
    };
    let is = |origin: &str| origin.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host));
    if is(&config.app_origin) {
        Ok(Host::App)
    } else if is(&config.widget_origin) {
        Ok(Host::Widget)
    } else if config.shop_origin.as_deref().is_some_and(is) {
        Ok(Host::Shop)
    } else {
        Err(Misdirected::Unknown)
    }
}
