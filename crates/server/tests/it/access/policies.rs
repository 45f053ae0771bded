//! What every answer carries (SI7, SI8, SI19): a policy without `unsafe-…` and with Trusted Types, no sniffing, no referrer, a
//! word about caches; no grant for other origins but where something is published; no way to another place. Every route is
//! asked, well and in each way badly; a route that the source has and this table has not fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use testkit::Postgres;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::expectations::{OPERATIONS, Role, Whose};
use super::world::World;
use crate::harness::{Answer, Ask, Caller, House, On, Plan, on_both, run_within};

on_both! {
    every_answer_of_every_operation_carries_its_policy
    every_other_route_carries_its_policy
}

/// Routes beside the operations, as the source writes them: of the dashboard's origin, of the widget's, of any.
const APP: &[&str] = &["/api/openapi.json", "/api/docs", "/api/docs.css", "/api/{*unknown}", "/socket", "/frames"];
const WIDGET: &[&str] = &["/config/{file}", "/messenger/{widget}", "/socket", "/frames"];
const CHECKS: &[&str] = &["/health", "/ready"];
/// What browsers load.
const SCRIPTS: &[&str] = &["/loader.js", "/messenger.js", "/messenger.css", "/frames-over-http.js"];
const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "CONNECTED"];
/// Where other programs look for a place to go next.
const LEADING: &str = "to=//evil.example&next=https://evil.example&url=//evil.example&return=/%5cevil.example&\
                       redirect_uri=javascript:1&continue=//evil.example&goto=%2f%2fevil.example";

#[test]
fn every_route_of_the_source_stands_in_the_table() {
    let routes = |source: &str| -> BTreeSet<String> {
        let parts = source.split(".route(\"").skip(1).filter_map(|part| part.split_once('"'));
        parts.map(|(path, _)| path.to_owned()).filter(|path| !path.starts_with("/echo")).collect()
    };
    let here = |table: &[&str]| table.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(routes(include_str!("../../../src/http/mod.rs")), here(APP));
    assert_eq!(routes(include_str!("../../../src/http/edge_routes.rs")), here(WIDGET));
    assert_eq!(routes(include_str!("../../../src/http/health.rs")), here(CHECKS));
    for script in SCRIPTS {
        assert!(include_str!("../../../../edge/src/lib.rs").contains(&script[1..]), "{script}");
    }
}

/// The words of a policy's directive.
fn directive<'p>(policy: &'p str, name: &str) -> Option<&'p str> {
    policy.split(';').map(str::trim).find_map(|part| part.strip_prefix(name)).map(str::trim)
}

/// Fails where an answer lacks something; `ancestors` may embed it, `open` says that it is published for every page.
fn judge(what: &str, answer: &Answer, ancestors: &str, open: bool) {
    let what = format!("{what}: {}", answer.head);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{what}");
    let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("no policy: {what}"));
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("blob:"), "{what}");
    assert!(matches!(directive(policy, "default-src"), Some("'none'" | "'self'")), "{what}");
    assert_eq!(directive(policy, "base-uri"), Some("'none'"), "{what}");
    assert!(matches!(directive(policy, "form-action"), Some("'none'" | "'self'")), "{what}");
    assert_eq!(directive(policy, "require-trusted-types-for"), Some("'script'"), "{what}");
    assert!(matches!(directive(policy, "trusted-types"), Some("'none'" | "svelte-trusted-html")), "{what}");
    assert_eq!(directive(policy, "frame-ancestors"), Some(ancestors), "{what}");
    assert!(directive(policy, "script-src").is_none_or(|words| words.starts_with("'self'")), "{what}");
    // Caches guess where nothing is said, also about a refusal.
    let caching = answer.header("cache-control").unwrap_or_else(|| panic!("nothing about caches: {what}"));
    assert!(answer.status < 400 || caching == "no-store", "{what}");
    assert_eq!(answer.header("server"), None, "what runs here is nobody's business: {what}");
    // A grant to other pages is for all of them and without cookies, or there is none.
    let granted = answer.header("access-control-allow-origin");
    assert!(granted.is_none() || open && granted == Some("*"), "{what}");
    for name in ["credentials", "methods", "headers", "private-network"] {
        assert_eq!(answer.header(&format!("access-control-allow-{name}")), None, "{what}");
    }
    // Nobody is sent anywhere, whatever an address says.
    assert!(!(300..400).contains(&answer.status) || answer.status == 304, "{what}");
    assert_eq!((answer.header("location"), answer.header("refresh")), (None, None), "{what}");
    let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    assert!(!is_page || answer.status == 200, "a page for an error: {what}");
    let kind = answer.header("content-type").unwrap_or("none");
    let tells = kind == "application/problem+json" || kind.starts_with("text/plain");
    assert!(answer.body.is_empty() || answer.status < 400 || tells, "{what}");
}

#[test]
#[should_panic(expected = "no policy")]
fn an_answer_without_a_policy_is_found() {
    let head = "HTTP/1.1 200 OK\r\nx-content-type-options: nosniff\r\nreferrer-policy: no-referrer";
    judge("planted", &Answer { status: 200, head: head.to_owned(), body: Vec::new() }, "'none'", false);
}

/// The same request in each way that it may not be asked; the answers' statuses are counted.
async fn badly(what: &str, ask: impl Fn(&str) -> Ask, path: &str, ancestors: &str, open: bool) -> BTreeMap<u16, usize> {
    let mut seen = BTreeMap::new();
    let mut take = |way: &str, answer: &Answer| {
        judge(&format!("{what}, {way}"), answer, ancestors, open);
        *seen.entry(answer.status).or_default() += 1;
    };
    for method in METHODS {
        take(method, &ask(method).send().await);
        for origin in ["http://evil.example", "null"] {
            take(method, &ask(method).header("origin", origin).send().await);
            let asks = ask(method).header("origin", origin).header("access-control-request-method", "PUT");
            take(method, &asks.header("access-control-request-private-network", "true").send().await);
        }
        take("no JSON", &ask(method).body("application/json", b"{").send().await);
        take("empty", &ask(method).body("application/json", b"{}").send().await);
        take("a text", &ask(method).body("text/plain", b"{}").send().await);
        take("a form", &ask(method).body("application/x-www-form-urlencoded", b"a=b").send().await);
        take("too large", &ask(method).body("application/json", &vec![b' '; 70_000]).send().await);
    }
    // Checks come from machines that know no name.
    let expected = if CHECKS.iter().any(|check| path.starts_with(check)) { 200 } else { 421 };
    let elsewhere = ask("GET").host("evil.example").send().await.is(expected);
    judge(&format!("{path} elsewhere"), &elsewhere, "'none'", false);
    seen
}

fn add(all: &mut BTreeMap<u16, usize>, some: BTreeMap<u16, usize>) {
    some.into_iter().for_each(|(status, count)| *all.entry(status).or_default() += count);
}

async fn every_answer_of_every_operation_carries_its_policy(on: On) {
    let world = World::new(on).await;
    let mut seen = BTreeMap::new();
    for operation in OPERATIONS {
        let whose = operation.expected[0].0;
        let (leaves, what) = (operation.path == "/api/session", format!("{} {}", operation.method, operation.path));
        let asks = world.caller_for(operation, Role::Owner).await;
        for caller in [&asks, &Caller::Nobody] {
            if leaves && operation.method == "delete" && matches!(caller, Caller::Browser(_)) {
                continue; // it would end the session that the others need
            }
            let answer = world.ask(operation, whose, caller).await;
            judge(&what, &answer, "'none'", false);
            add(&mut seen, BTreeMap::from([(answer.status, 1)]));
        }
        if operation.path.contains("{id}") {
            judge(&what, &world.ask(operation, Whose::Unknown, &world.owner).await, "'none'", false);
        }
        let id = world.names(operation, Whose::Unknown, &world.owner).await;
        let path = format!("{}?{LEADING}", operation.path.replace("{id}", &id));
        let owner = Caller::Program(world.house.ours().token.clone());
        for caller in [&owner, &Caller::Nobody] {
            let ask = |method: &str| world.house.ask(method, &path).by(caller);
            add(&mut seen, badly(&what, ask, &path, "'none'", false).await);
        }
    }
    for status in [200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422] {
        // Where it is set up already nothing is in conflict but that.
        assert!(seen.contains_key(&status), "{status} did not come: {seen:?}");
    }
    assert!(seen.keys().all(|status| *status < 500), "{seen:?}");
}

async fn every_other_route_carries_its_policy(on: On) {
    let house = House::closed(&Plan { options: &["--address-requests", "100000"], ..Plan::on(on) });
    let shop = format!("shop.localhost:{}", house.port);
    let house = house.with(&["--demo", "--shop-origin", &format!("http://{shop}")]);
    house.start();
    let owner = house.sign_in(&house.ours().owner).await;
    let widget = house.ours().widget.clone();
    let mut seen = BTreeMap::new();

    let screens =
        ["/", "/index.html", "/api/docs", "/conversations/x", "/settings/team", "/sign-in", "/link", "/setup"];
    let nothing = ["/none.js", "/assets/none.js", "/favicon.ico", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"];
    let others = [
        "/api/docs.css",
        "/health",
        "/ready",
        "/socket",
        "/frames?mode=send",
        "/api/openapi.json",
        "/api/none",
        "//evil.example/",
    ];
    for path in screens.iter().chain(&nothing).chain(&others) {
        for caller in [&owner, &Caller::Nobody] {
            let path = if path.contains('?') { (*path).to_owned() } else { format!("{path}?{LEADING}") };
            let ask = |method: &str| house.ask(method, &path).by(caller);
            add(&mut seen, badly(&path, ask, &path, "'none'", false).await);
        }
        let answer = house.ask("GET", path).send().await;
        let kind = answer.header("content-type").unwrap_or_default();
        // A path without a dot is a screen of the single page.
        let is_screen = screens.contains(path) || path.starts_with("/%2e");
        assert_eq!(kind.starts_with("text/html"), is_screen, "{path}: {kind}");
        assert!(!answer.text().contains("root:"), "{path}");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
    }

    // On the widget's origin: the messenger's frame may stand on its sites and on the shop, nothing else anywhere.
    let sites = json!({ "sites": ["https://www.nordlicht.example", "http://b.example:8080"] });
    let path = format!("/api/widgets/{widget}");
    let frame = format!("/messenger/{widget}");
    let on_widget = |method: &str, path: &str| house.ask(method, path).host(&house.widget_host());
    judge(&frame, &on_widget("GET", &frame).send().await.is(200), "http: https:", false);
    house.ask("PATCH", &path).by(&owner).json(&sites).send().await.is(200);
    let answer = on_widget("GET", &frame).send().await.is(200);
    judge(&frame, &answer, &format!("https://www.nordlicht.example http://b.example:8080 http://{shop}"), false);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    for path in WIDGET.iter().chain(SCRIPTS).chain(&["/", "/none", "/messenger/x", "/config/x.json", "/api/session"]) {
        let path = path.replace("{file}", &format!("{widget}.json")).replace("{widget}", "aaaaaaaaaaaaaaaaaaaaaaaaaa");
        let path = format!("{path}?{LEADING}");
        let open = path.starts_with("/config/") || SCRIPTS.iter().any(|script| path.starts_with(script));
        add(&mut seen, badly(&path, |method| on_widget(method, &path), &path, "'none'", open).await);
        let answer = on_widget("GET", &path).cookie("x").send().await;
        assert_eq!(answer.header("set-cookie"), None, "{path}");
        assert!(!answer.header("content-type").unwrap_or_default().starts_with("text/html"), "{path}");
    }

    for path in ["/", "/en.html", "/returns.html", "/style.css", "/none", "/../x"] {
        let path = format!("{path}?{LEADING}");
        let answer = house.ask("GET", &path).host(&shop).send().await;
        judge(&path, &answer, "'none'", false);
    }
    for status in [200, 400, 403, 404, 405, 413, 415] {
        assert!(seen.contains_key(&status), "{status} did not come: {seen:?}");
    }
    assert!(seen.keys().all(|status| *status < 500), "{seen:?}");
    // A whole address and a name that is none.
    for host in ["", "evil.example", "app.localhost", "x@y"] {
        judge(host, &house.ask("GET", "/").host(host).send().await.is(421), "'none'", false);
    }
}

/// Whoever comes too often is told so with the same policy.
#[test]
fn whoever_asks_too_often_is_told_with_a_policy() {
    run_within(std::time::Duration::from_secs(60), async {
        let house = House::new(&Plan { options: &["--address-requests", "1"], ..Plan::on(On::Sqlite) });
        let mut refused = 0;
        for _ in 0..30 {
            for (host, path) in [(house.app_host(), "/api/setup"), (house.widget_host(), "/loader.js")] {
                let answer = house.ask("GET", path).host(&host).send().await;
                judge(path, &answer, "'none'", path == "/loader.js");
                refused += usize::from(answer.status == 429);
            }
        }
        assert!(refused > 20, "{refused}");
    });
}

/// With its databases gone every operation says so, and with the same policy.
#[test]
fn a_server_without_its_databases_answers_with_a_policy() {
    run_within(std::time::Duration::from_secs(150), async {
        let postgres = Postgres::durable();
        let house = House::new(&Plan { server: Some(&postgres), ..Plan::on(On::Postgres) });
        let owner = house.sign_in(&house.ours().owner).await;
        house.ask("GET", "/api/session").by(&owner).send().await.is(200);
        postgres.kill();
        let mut unavailable = 0;
        for (method, path) in [
            ("GET", "/api/session"),
            ("GET", "/api/setup"),
            ("GET", "/api/conversations?list=all"),
            ("GET", "/api/widgets"),
            ("POST", "/api/groups"),
            ("GET", "/ready"),
        ] {
            let ask = house.ask(method, path).by(&owner);
            let ask = if method == "POST" { ask.json(&json!({ "name": "x" })) } else { ask };
            let answer = ask.send().await;
            let is_check = path == "/ready";
            if !is_check {
                judge(path, &answer, "'none'", false);
                assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.head);
            }
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            unavailable += usize::from(answer.status == 503);
        }
        let path = format!("/messenger/{}", house.ours().widget);
        judge(&path, &house.ask("GET", &path).host(&house.widget_host()).send().await, "'none'", false);
        assert!(unavailable >= 4, "{unavailable}");
    });
}

/// What is no HTTP, or more of it than is read, is answered before any of our code: by a head alone, without a body that a
/// browser could make something of, and by the connection's end.
#[test]
fn what_the_library_answers_by_itself_has_no_body() {
    run_within(std::time::Duration::from_secs(60), async {
        let house = House::shared(On::Sqlite);
        let host = house.app_host();
        for (status, sent) in [
            ("431", format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: {}\r\n\r\n", "x".repeat(40_000))),
            ("431", format!("GET / HTTP/1.1\r\nhost: {host}\r\n{}\r\n", "x: y\r\n".repeat(300))),
            ("400", format!("GET / HTTP/1.1\r\nhost: {host}\r\n<script>: y\r\n\r\n")),
            ("400", format!("GET /<script> HTTP/9\r\nhost: {host}\r\n\r\n")),
        ] {
            let mut stream = testkit::connect(house.address()).await;
            let _ = stream.write_all(sent.as_bytes()).await;
            let mut came = Vec::new();
            let _ = stream.read_to_end(&mut came).await;
            let text = String::from_utf8_lossy(&came);
            let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{status}: {text:?}"));
            assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
            assert!(body.is_empty() && head.contains("content-length: 0") && !head.contains("content-type"), "{text}");
            assert!(head.contains("connection: close"), "{head}");
        }
    });
}
