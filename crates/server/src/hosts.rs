//! One port, several origins: which one a request is for stands in its Host header.

use http::{HeaderMap, header};

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

/// Which origin a request is for; unknown names are answered with a misdirection, so that no other name can be made to
/// point here and be trusted.
pub(crate) fn of(headers: &HeaderMap, config: &Config) -> Option<Host> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let is = |origin: &str| origin.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host));
    if is(&config.app_origin) {
        Some(Host::App)
    } else if is(&config.widget_origin) {
        Some(Host::Widget)
    } else if config.shop_origin.as_deref().is_some_and(is) {
        Some(Host::Shop)
    } else {
        None
    }
}
