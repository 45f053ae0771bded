//! Foreign pages (SI8, SI10): every operation that the server describes, asked as a page of another origin would ask. A new
//! operation has no place in this table yet, and fails.

use std::collections::BTreeSet;

use diskret_server::http::openapi;
use serde_json::{Value, json};

use crate::harness::{Caller, House, On, run};

/// What an operation does, and so what a foreign page must not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Tells something: a foreign page may cause the request and read nothing of its answer.
    Tells,
    /// Changes something, with a body.
    Changes,
    /// Changes something, without one.
    ChangesByItself,
}

use Kind::{Changes, ChangesByItself, Tells};

const OPERATIONS: &[(&str, &str, Kind)] = &[
    ("get", "/api/session", Tells),
    ("post", "/api/session", Changes),
    ("patch", "/api/session", Changes),
    ("delete", "/api/session", ChangesByItself),
    ("post", "/api/session/code", Changes),
    ("post", "/api/session/passkey/question", ChangesByItself),
    ("post", "/api/session/passkey", Changes),
    ("get", "/api/passkeys", Tells),
    ("post", "/api/passkeys", Changes),
    ("post", "/api/passkeys/draft", Changes),
    ("patch", "/api/passkeys/{id}", Changes),
    ("delete", "/api/passkeys/{id}", ChangesByItself),
    ("get", "/api/sessions", Tells),
    ("delete", "/api/sessions", ChangesByItself),
    ("delete", "/api/sessions/{id}", ChangesByItself),
    ("patch", "/api/sessions/{id}", Changes),
    ("put", "/api/password", Changes),
    ("get", "/api/second-factor", Tells),
    ("put", "/api/second-factor", Changes),
    ("post", "/api/second-factor/draft", ChangesByItself),
    ("post", "/api/second-factor/removal", Changes),
    ("post", "/api/second-factor/recovery-codes", Changes),
    ("delete", "/api/operators/{id}/second-factor", ChangesByItself),
    ("get", "/api/programs", Tells),
    ("post", "/api/programs", Changes),
    ("delete", "/api/programs/{id}", ChangesByItself),
    ("get", "/api/setup", Tells),
    ("post", "/api/setup", Changes),
    ("post", "/api/recovery-key/confirmation", Changes),
    ("get", "/api/retention", Tells),
    ("put", "/api/retention/rules", Changes),
    ("post", "/api/retention/preview", Changes),
    ("get", "/api/conversations/{id}/retention", Tells),
    ("post", "/api/erasures", Changes),
    ("get", "/api/erasures", Tells),
    ("get", "/api/erasures/{id}", Tells),
    ("get", "/api/erasures/{id}/receipt", Tells),
    ("post", "/api/erasures/{id}/undo", ChangesByItself),
    ("post", "/api/erasures/{id}/release", ChangesByItself),
    ("post", "/api/erasures/{id}/now", ChangesByItself),
    ("get", "/api/stubs", Tells),
    ("get", "/api/holds", Tells),
    ("post", "/api/holds", Changes),
    ("delete", "/api/holds/{id}", ChangesByItself),
    ("get", "/api/conversations/{id}/export", Tells),
    ("get", "/api/organisation/export", Tells),
    ("get", "/api/organisation/closing", Tells),
    ("post", "/api/organisation/closing", Changes),
    ("delete", "/api/organisation/closing", ChangesByItself),
    ("post", "/api/closing/receipt", Changes),
    ("get", "/api/counters.csv", Tells),
    ("get", "/api/conversations", Tells),
    ("get", "/api/conversations/{id}", Tells),
    ("get", "/api/conversations/{id}/entries", Tells),
    ("get", "/api/conversations/{id}/readers", Tells),
    ("patch", "/api/conversations/{id}/entries/{sequence}", Changes),
    ("delete", "/api/conversations/{id}/entries/{sequence}", ChangesByItself),
    ("put", "/api/conversations/{id}/assignment", Changes),
    ("put", "/api/conversations/{id}/state", Changes),
    ("get", "/api/operators", Tells),
    ("post", "/api/operators", Changes),
    ("patch", "/api/operators/{id}", Changes),
    ("post", "/api/operators/{id}/link", ChangesByItself),
    ("post", "/api/link", Changes),
    ("post", "/api/link/holder", Changes),
    ("get", "/api/roles", Tells),
    ("get", "/api/groups", Tells),
    ("post", "/api/groups", Changes),
    ("patch", "/api/groups/{id}", Changes),
    ("delete", "/api/groups/{id}", ChangesByItself),
    ("get", "/api/snippets", Tells),
    ("post", "/api/snippets", Changes),
    ("patch", "/api/snippets/{id}", Changes),
    ("delete", "/api/snippets/{id}", ChangesByItself),
    ("put", "/api/conversations/{id}/snooze", Changes),
    ("patch", "/api/conversations/{id}/topics", Changes),
    ("put", "/api/conversations/{id}/guests/{operator}", ChangesByItself),
    ("delete", "/api/conversations/{id}/guests/{operator}", ChangesByItself),
    ("get", "/api/topics", Tells),
    ("post", "/api/topics", Changes),
    ("patch", "/api/topics/{id}", Changes),
    ("delete", "/api/topics/{id}", ChangesByItself),
    ("get", "/api/widgets", Tells),
    ("patch", "/api/widgets/{id}", Changes),
    ("get", "/api/audit", Tells),
    ("get", "/api/audit/export", Tells),
    ("get", "/api/backups", Tells),
    ("post", "/api/backups", ChangesByItself),
    ("get", "/api/epoch", Tells),
    ("post", "/api/epoch/turn", ChangesByItself),
    ("put", "/api/epoch/freeze", Changes),
    ("get", "/api/countries", Tells),
    ("put", "/api/countries", Changes),
    ("post", "/api/audit/verify", Changes),
    ("get", "/api/audit/checkpoints", Tells),
    ("get", "/api/audit/mine", Tells),
];

/// Reading addresses that take words behind the question mark: they refuse those that they do not know. The others ignore them.
const KNOW_WORDS: &[&str] = &["/api/erasures"];

/// What is not described: frames over plain HTTP, on both origins.
const FRAMES: &[&str] = &["/frames?mode=send", "/frames?mode=poll", "/frames?mode=stream"];

#[test]
fn every_operation_has_its_place_in_the_table() {
    let document = serde_json::to_value(openapi::description()).unwrap();
    let offered: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone())))
        .collect();
    let here = OPERATIONS.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(offered, here, "left: offered, right: expected here");
}

/// Bodies that the operations would take.
fn body(path: &str) -> Value {
    match path {
        "/api/conversations/{id}/state" => json!({ "state": "ended" }),
        "/api/conversations/{id}/entries/{sequence}" => json!({ "text": "Von nebenan" }),
        "/api/conversations/{id}/assignment" => json!({ "operator": null }),
        "/api/widgets/{id}" => json!({ "greeting": "Von nebenan" }),
        _ => json!({ "language": "de" }),
    }
}

fn no_grant(what: &str, answer: &crate::harness::Answer) {
    let head = answer.head.to_lowercase();
    assert!(!head.contains("access-control-allow-"), "{what}: {head}");
}

#[test]
fn a_foreign_a_null_and_a_missing_origin_change_nothing_and_read_nothing() {
    run(async {
        let house = House::shared(On::Sqlite);
        let agent = house.sign_in(&house.ours().agent).await;
        let owner = house.sign_in(&house.ours().owner).await;
        let Caller::Browser(secret) = &owner else { unreachable!() };
        let (_visitor, conversation) = house.conversation(house.ours(), "Hallo").await;
        let greeting = house.ask("GET", "/api/widgets").by(&owner).send().await.is(200).json()[0]["greeting"].clone();
        let shop = format!("http://shop.localhost:{}", house.port);
        let mut refused = 0;
        for (method, pattern, kind) in OPERATIONS {
            let id = if pattern.starts_with("/api/widgets") { &house.ours().widget } else { &conversation };
            let query = if *pattern == "/api/conversations" { "?list=all" } else { "" };
            let path =
                format!("{}{query}", pattern.replace("{id}", id).replace("{operator}", id).replace("{sequence}", "1"));
            let method = method.to_uppercase();
            let (widget_origin, app_origin) = (house.widget_origin(), house.app_origin());
            for origin in
                [Some("http://evil.example"), Some("null"), Some(""), Some(&*widget_origin), Some(&*shop), None]
            {
                let what = format!("{method} {path} from {origin:?}");
                let ask = || {
                    let ask = house.ask(&method, &path).cookie(secret);
                    origin.into_iter().fold(ask, |ask, origin| ask.header("origin", origin))
                };
                let sent = match kind {
                    Changes => ask().json(&body(pattern)),
                    Tells | ChangesByItself => ask(),
                };
                let answer = sent.send().await;
                no_grant(&what, &answer);
                if *kind != Tells {
                    assert_eq!(answer.status, 403, "{what}: {}", answer.head);
                    refused += 1;
                    // An empty token is none, and makes no program of a page.
                    for token in ["Bearer ", "Bearer", "Bearer  ", ""] {
                        let answer = ask().header("authorization", token).json(&body(pattern)).send().await;
                        assert!(matches!(answer.status, 401 | 403), "{what} with {token:?}: {}", answer.head);
                    }
                }
                let asked = ask().header("access-control-request-headers", "content-type");
                let asked = asked.header("access-control-request-method", &method);
                no_grant(&what, &asked.send().await);
                let asked = house.ask("OPTIONS", &path).header("origin", origin.unwrap_or("null"));
                let answer = asked.header("access-control-request-method", &method).send().await;
                no_grant(&format!("OPTIONS for {what}"), &answer);
                assert!(answer.status >= 400, "{what}: {}", answer.head);
            }
            // From our own page too: nothing that a form can send is taken, and no reading address changes anything.
            if *kind == Changes {
                for form in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
                    let ask = house.ask(&method, &path).cookie(secret).header("origin", &app_origin);
                    let answer = ask.body(form, body(pattern).to_string().as_bytes()).send().await;
                    assert_eq!(answer.status, 415, "{method} {path} as {form:?}");
                }
            }
            if *kind != Tells {
                let by_address = format!("{path}?_method={method}&state=ended&language=de");
                let ask = house.ask("GET", &by_address).cookie(secret).header("x-http-method-override", &method);
                let answer = ask.send().await;
                let tells = OPERATIONS.iter().any(|(other, same, _)| *other == "get" && same == pattern);
                let expected = if !tells {
                    405
                } else if KNOW_WORDS.contains(pattern) {
                    400
                } else {
                    200
                };
                assert_eq!(answer.status, expected, "GET {by_address}: {}", answer.head);
            }
        }
        assert!(refused >= 6 * 8, "{refused}");
        // Nothing came of it.
        assert_eq!(house.row(&agent, &conversation).await["state"], "new");
        let widgets = house.ask("GET", "/api/widgets").by(&owner).send().await.is(200).json();
        assert_eq!(widgets[0]["greeting"], greeting);
    });
}

#[test]
fn frames_over_plain_http_are_taken_from_our_own_pages_only() {
    run(async {
        let house = House::shared(On::Sqlite);
        let owner = house.sign_in(&house.ours().owner).await;
        let Caller::Browser(secret) = &owner else { unreachable!() };
        for path in FRAMES {
            for (host, own, other) in [
                (house.app_host(), house.app_origin(), house.widget_origin()),
                (house.widget_host(), house.widget_origin(), house.app_origin()),
            ] {
                for origin in [Some("http://evil.example"), Some("null"), Some(""), Some(other.as_str()), None] {
                    let ask = house.ask("POST", path).host(&host).cookie(secret);
                    let ask = origin.into_iter().fold(ask, |ask, origin| ask.header("origin", origin));
                    let answer = ask.body("application/x-ndjson", b"{\"type\":\"ping\"}\n").send().await;
                    no_grant(path, &answer);
                    assert_eq!(answer.status, 403, "{host}{path} from {origin:?}");
                }
                for kind in ["text/plain", "application/json", "application/x-www-form-urlencoded"] {
                    let ask = house.ask("POST", path).host(&host).cookie(secret).header("origin", &own);
                    let answer = ask.body(kind, b"{\"type\":\"ping\"}\n").send().await;
                    assert_eq!(answer.status, 415, "{host}{path} as {kind}");
                }
                house.ask("GET", path).host(&host).cookie(secret).header("origin", &own).send().await.is(405);
            }
        }
    });
}

/// A widget stands on foreign pages, so what it shows there is for every page, and goes without cookies.
#[test]
fn what_the_widget_publishes_is_for_every_page_and_for_no_cookie() {
    run(async {
        let house = House::shared(On::Sqlite);
        let widget = &house.ours().widget;
        for (path, open) in [
            (format!("/config/{widget}.json"), true),
            ("/config/unknown.json".to_owned(), true),
            (format!("/messenger/{widget}"), false),
            ("/socket".to_owned(), false),
            ("/unknown".to_owned(), false),
        ] {
            for origin in ["http://evil.example", "null"] {
                let ask = house.ask("GET", &path).host(&house.widget_host()).header("origin", origin);
                let answer = ask.send().await;
                let granted = answer.header("access-control-allow-origin");
                assert_eq!(granted, open.then_some("*"), "{path} for {origin}");
                assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
                assert_eq!(answer.header("set-cookie"), None, "{path}");
            }
        }
    });
}
