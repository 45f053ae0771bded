//! A page of somebody else's in the browser of somebody who is signed in.

use serde_json::json;

use super::session;
use crate::harness::{Caller, House, On, Socket, on_both};

on_both! {
    requests_from_foreign_pages_are_refused
    sockets_open_only_for_our_own_pages_and_for_programs
}

async fn requests_from_foreign_pages_are_refused(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let Caller::Browser(secret) = &agent else { unreachable!() };
    let body = json!({ "language": "de" });
    let change = || house.ask("PATCH", "/api/session").cookie(secret);
    change().with_own_origin().json(&body).send().await.is(200);
    let shop = format!("http://shop.localhost:{}", house.port);
    for origin in [
        "null",
        "http://evil.example",
        &shop,
        &house.widget_origin(),
        &house.app_origin().to_uppercase(),
        &format!("{}.evil.example", house.app_origin()),
        &format!("{}/", house.app_origin()),
        "",
    ] {
        change().header("origin", origin).json(&body).send().await.is(403);
    }
    change().json(&body).send().await.is(403);
    // A header that is no token does not make a program of a browser, and a token does not excuse a foreign page.
    change().header("authorization", "Basic x").json(&body).send().await.is(403);
    let token = format!("Bearer {}", house.ours().token);
    house.ask("PATCH", "/api/session").header("authorization", &token).json(&body).send().await.is(200);
    let foreign =
        house.ask("PATCH", "/api/session").header("authorization", &token).header("origin", "http://evil.example");
    foreign.json(&body).send().await.is(403);
    // What a form of a foreign page can send without asking.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let answer = change().with_own_origin().body(kind, body.to_string().as_bytes()).send().await;
        assert_eq!(answer.status, 415, "{kind}");
    }
    for (method, path) in [("POST", "/api/session"), ("DELETE", "/api/session"), ("POST", "/api/setup")] {
        house.ask(method, path).cookie(secret).json(&json!({})).send().await.is(403);
    }
    // Reading changes nothing, and no foreign page is let in on what is read.
    let id = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    for path in
        [format!("/api/conversations/{id}/state?state=ended"), "/api/recovery-key/confirmation?key=x".to_owned()]
    {
        house.ask("GET", &path).by(&agent).send().await.is(405);
    }
    for origin in ["null", "http://evil.example"] {
        let answer = house.ask("GET", "/api/session").cookie(secret).header("origin", origin).send().await;
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let asked = house.ask("OPTIONS", "/api/session").header("origin", origin);
        let answer = asked.header("access-control-request-method", "PATCH").send().await;
        assert!(answer.header("access-control-allow-origin").is_none() && answer.status >= 400, "{}", answer.head);
    }
    session(house, &agent).await.is(200);
    // Names that are none of ours.
    for host in ["evil.example", "localhost", "127.0.0.1", &format!("127.0.0.1:{}", house.port), "app.localhost", ""] {
        let answer = house.ask("GET", "/api/session").host(host).cookie(secret).send().await.is(421);
        assert_eq!(answer.json()["status"], 421);
        house.ask("GET", "/loader.js").host(host).send().await.is(421);
    }
    house.ask("GET", "http://evil.example/api/session").cookie(secret).send().await.is(421);
}

async fn sockets_open_only_for_our_own_pages_and_for_programs(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let Caller::Browser(secret) = &agent else { unreachable!() };
    let cookie = format!("__Host-diskret={secret}");
    let token = format!("Bearer {}", house.ours().token);
    let (app, widget) = (house.app_host(), house.widget_host());
    let (ours, theirs) = (house.app_origin(), house.widget_origin());
    let open = async |host: &str, headers: &[(&str, &str)]| Socket::open(house, host, "/socket", headers).await.err();
    assert_eq!(open(&widget, &[("origin", &theirs)]).await, None, "the messenger's page");
    assert_eq!(open(&app, &[("origin", &ours), ("cookie", &cookie)]).await, None, "the dashboard's page");
    assert_eq!(open(&app, &[("authorization", &token)]).await, None, "a program");
    let shop = format!("http://shop.localhost:{}", house.port);
    for hostile in
        ["null", "http://evil.example", &shop, "", &format!("{theirs}.evil.example"), &theirs.replace("http", "https")]
    {
        assert_eq!(open(&widget, &[("origin", hostile)]).await, Some(403), "{hostile}");
        assert_eq!(open(&app, &[("origin", hostile), ("cookie", &cookie)]).await, Some(403), "{hostile}");
        assert_eq!(open(&app, &[("origin", hostile), ("authorization", &token)]).await, Some(403), "{hostile}");
    }
    assert_eq!(open(&widget, &[]).await, Some(403));
    assert_eq!(open(&widget, &[("origin", &ours)]).await, Some(403), "the dashboard is no website");
    assert_eq!(open(&widget, &[("authorization", &token)]).await, Some(403), "visitors are no programs");
    assert_eq!(open(&app, &[("cookie", &cookie)]).await, Some(403));
    assert_eq!(open(&app, &[("origin", &theirs), ("cookie", &cookie)]).await, Some(403));
    assert_eq!(open(&app, &[("authorization", "Basic x"), ("cookie", &cookie)]).await, Some(403), "no program");
    assert_eq!(open(&app, &[("authorization", "Bearer x"), ("cookie", &cookie)]).await, Some(401));
    assert_eq!(open(&app, &[("origin", &ours)]).await, Some(401));
    assert_eq!(open("evil.example", &[("origin", &theirs)]).await, Some(421));
    // A token in the address opens nothing.
    let path = format!("/socket?token={}", house.ours().token);
    assert_eq!(Socket::open(house, &app, &path, &[("origin", &ours)]).await.err(), Some(401));
    // Not a WebSocket at all.
    house.ask("GET", "/socket").by(&agent).send().await.is(400);
    house.ask("GET", "/socket").host(&widget).header("origin", &theirs).send().await.is(400);
}
