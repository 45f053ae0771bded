//! The demonstration shop: a page of a customer's, with the first widget on it.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/shop"]
#[allow_missing = true]
struct Files;

/// Where the shop finds what is not its own.
pub(crate) struct Around<'a> {
    /// Where the widget comes from.
    pub(crate) widget_origin: &'a str,
    /// Where the dashboard is, and before it the set-up.
    pub(crate) app_origin: &'a str,
    /// The first widget's id.
    pub(crate) widget: Option<String>,
    /// Whether there is no widget because nothing was set up yet.
    pub(crate) is_new: bool,
}

/// A page or file of the shop, with the widget's place filled in.
pub(crate) fn shop(path: &str, around: &Around<'_>) -> Option<Response> {
    let Around { widget_origin, widget, .. } = around;
    let path = match path.trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let mut answer = edge::file::<Files>(path, &HeaderMap::new(), "no-cache")?;
    if path.ends_with(".html") {
        let page = String::from_utf8_lossy(answer.body());
        let id = widget.as_deref().unwrap_or_default();
        let mut page = page.replace("{{WIDGET_ORIGIN}}", widget_origin).replace("{{WIDGET_ID}}", id);
        if around.is_new {
            page = page.replacen("<body>\n", &format!("<body>\n{}\n", first(&page, around.app_origin)), 1);
        }
        *answer.body_mut() = Bytes::from(page);
        // As strict as a careful customer's: the widget must work under it (A13).
        let policy = format!(
            "default-src 'self'; script-src 'self' {widget_origin}; connect-src 'self' {widget_origin}; \
             frame-src {widget_origin}; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        );
        answer.headers_mut().remove(header::ETAG);
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).ok()?);
    }
    Some(answer.map(Body::from))
}

/// What to do first, above a page that promises a chat.
fn first(page: &str, app_origin: &str) -> String {
    let (text, link) = if page.contains("<html lang=\"de\">") {
        (
            "Noch gibt es hier keinen Chat: Er erscheint, sobald Diskret eingerichtet ist. Der Einrichtungscode steht im Terminal.",
            "Diskret einrichten",
        )
    } else {
        (
            "There is no chat here yet: it appears once Diskret is set up. The set-up code is in the terminal.",
            "Set up Diskret",
        )
    };
    format!("<p class=\"first\" role=\"note\">{text} <a href=\"{app_origin}\">{link}</a></p>")
}

/// What the shop says of a page that it does not have.
pub(crate) fn not_found() -> Response {
    let mut response = Response::new(Body::from("There is no such page in this shop."));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn before_the_set_up_each_page_says_what_to_do_first() {
        let said = async |path: &str, is_new: bool| {
            let widget = (!is_new).then(|| "w".to_owned());
            let (widget_origin, app_origin) = ("http://widget.localhost", "http://app.localhost");
            let page = shop(path, &Around { widget_origin, app_origin, widget, is_new }).expect("a page");
            let page = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
            String::from_utf8(page.to_vec()).unwrap()
        };
        for (path, link) in [
            ("/", "Diskret einrichten"),
            ("/retoure.html", "Diskret einrichten"),
            ("/en.html", "Set up Diskret"),
            ("/returns.html", "Set up Diskret"),
        ] {
            let link = format!("<a href=\"http://app.localhost\">{link}</a>");
            assert!(said(path, true).await.contains(&link), "{path}");
            assert!(!said(path, false).await.contains("class=\"first\""), "{path}");
        }
    }
}
