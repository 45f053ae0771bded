//! Attacks by texts that trip programs up (SI4): the lists that the browser tests show (`web/e2e/payloads`), put where texts,
//! ids and words of an address are taken. They come back unchanged or are refused, and nothing falls over.

use serde_json::{Value, json};

use crate::harness::{Ask, House, On, Plan, on_both};

on_both! {
    hostile_texts_in_requests_come_back_unchanged_or_are_refused
    hostile_texts_in_frames_come_back_unchanged_or_are_refused
}

const NAUGHTY: &str = include_str!("../../../../web/e2e/payloads/naughty.txt");
const MARKUP: &str = include_str!("../../../../web/e2e/payloads/xss.txt");

/// A JSON text, and what it says where it says anything.
struct Hostile {
    json: String,
    text: Option<String>,
}

fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

fn naughty() -> Vec<Hostile> {
    let all: Vec<_> =
        lines(NAUGHTY).map(|line| Hostile { json: line.to_owned(), text: serde_json::from_str(line).ok() }).collect();
    let halves = all.iter().filter(|one| one.text.is_none()).count();
    assert!(all.len() > 60 && halves == 4, "{} texts, {halves} of them none", all.len());
    all
}

fn markup() -> impl Iterator<Item = Hostile> {
    lines(MARKUP).map(|line| Hostile { json: json!(line).to_string(), text: Some(line.to_owned()) })
}

/// A body with a text in a place, as a client would write it that has never heard of Unicode.
fn body(pattern: &str, hostile: &Hostile) -> Vec<u8> {
    pattern.replace("TEXT", &hostile.json).into_bytes()
}

async fn refused_or(what: &str, hostile: &Hostile, ask: Ask) -> Option<Value> {
    let answer = ask.send().await;
    let what = format!("{what} with {}: {}", hostile.json, answer.head);
    assert!((200..500).contains(&answer.status), "{what}");
    if answer.status >= 400 {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
        return None;
    }
    assert!(hostile.text.is_some(), "{what}: half of a character was taken for one");
    Some(if answer.body.is_empty() { Value::Null } else { answer.json() })
}

async fn hostile_texts_in_requests_come_back_unchanged_or_are_refused(on: On) {
    let house = House::new(&Plan { options: &["--address-requests", "100000"], ..Plan::on(on) });
    let owner = house.program();
    let browser = house.sign_in(&house.ours().owner).await;
    let (_visitor, conversation) = house.conversation(house.ours(), "Hallo").await;
    let ask = |method: &str, path: &str| house.ask(method, path).by(&owner);
    let json = |ask: Ask, pattern: &str, hostile: &Hostile| ask.body("application/json", &body(pattern, hostile));
    let widget = format!("/api/widgets/{}", house.ours().widget);
    let (mut taken, mut refused) = (0, 0);
    for (number, hostile) in naughty().iter().enumerate() {
        // What is stored is told as it was typed, but for white space around it.
        for (method, path, pattern, field) in [
            ("PATCH", widget.as_str(), r#"{"name":TEXT}"#, "/name"),
            ("PATCH", &widget, r#"{"greeting":TEXT}"#, "/greeting"),
            ("POST", "/api/snippets", r#"{"shared":true,"shortcut":"x","title":TEXT,"wording":{"de":"x"}}"#, "/title"),
            (
                "POST",
                "/api/snippets",
                r#"{"shared":false,"shortcut":"x","title":"x","wording":{"de":TEXT}}"#,
                "/wording/de",
            ),
            (
                "POST",
                "/api/operators",
                &format!(r#"{{"name":TEXT,"email":"n{number}@x.example","role":"agent","language":"de"}}"#),
                "/operator/name",
            ),
            ("POST", "/api/groups", r#"{"name":TEXT}"#, "/name"),
        ] {
            let request = json(ask(method, path), pattern, hostile);
            // A program's token has no snippets of its own.
            let request = if pattern.contains("false") {
                json(house.ask(method, path).by(&browser), pattern, hostile)
            } else {
                request
            };
            let Some(answer) = refused_or(path, hostile, request).await else {
                refused += 1;
                continue;
            };
            taken += 1;
            let expected = hostile.text.as_deref().unwrap_or_default().trim();
            assert_eq!(answer.pointer(field).and_then(Value::as_str), Some(expected), "{path} with {}", hostile.json);
        }
        // What is one of a few words, an id, a code or an address of the kind that none of these is.
        for (method, path, pattern) in [
            ("PATCH", "/api/session", r#"{"language":TEXT}"#),
            ("PATCH", &widget, r#"{"sites":[TEXT]}"#),
            ("PATCH", &widget, r#"{"colour":TEXT}"#),
            ("PATCH", &widget, r#"{"group":TEXT}"#),
            ("PATCH", &widget, r#"{TEXT:1}"#),
            ("POST", "/api/link", r#"{"secret":TEXT,"password":"correct horse battery"}"#),
            ("POST", "/api/link/holder", r#"{"secret":TEXT}"#),
            ("POST", "/api/operators", r#"{"name":"x","email":TEXT,"role":"agent","language":"de"}"#),
            (
                "POST",
                "/api/setup",
                r#"{"code":TEXT,"organisation":TEXT,"name":TEXT,"email":TEXT,"password":TEXT,"language":"de"}"#,
            ),
            ("PUT", &format!("/api/conversations/{conversation}/state"), r#"{"state":TEXT}"#),
            ("PUT", &format!("/api/conversations/{conversation}/assignment"), r#"{"operator":TEXT}"#),
            ("POST", "/api/recovery-key/confirmation", r#"{"recovery_key":TEXT}"#),
        ] {
            let request = json(house.ask(method, path).by(&browser), pattern, hostile);
            let answer = refused_or(path, hostile, request).await;
            // A null is no group, a null is nobody.
            assert!(answer.is_none(), "{method} {path} with {}", hostile.json);
        }
        let Some(text) = &hostile.text else { continue };
        let coded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for path in [
            format!("/api/conversations?list={coded}"),
            format!("/api/conversations?list=all&before={coded}"),
            format!("/api/conversations?list=all&{coded}={coded}"),
            format!("/api/conversations/{coded}"),
            format!("/api/conversations/{conversation}/entries?before={coded}"),
            format!("/api/{coded}"),
        ] {
            refused_or(&path, hostile, ask("GET", &path)).await;
        }
        refused_or("a path", hostile, ask("DELETE", &format!("/api/groups/{coded}"))).await;
        refused_or("a path", hostile, json(ask("PATCH", &format!("/api/snippets/{coded}")), "{}", hostile)).await;
        let path = format!("/{coded}?{coded}");
        assert!(house.ask("GET", &path).send().await.status < 500, "{path}");
        let on_widgets = house.ask("GET", &format!("/config/{coded}.json")).host(&house.widget_host());
        on_widgets.send().await.is(404);
        house.ask("GET", &format!("/messenger/{coded}")).host(&house.widget_host()).send().await.is(404);
    }
    assert!(taken > 150 && refused > 100, "{taken} taken, {refused} refused");
    // Bytes that are no text at all.
    for bytes in
        [&b"\"\xff\xfe\""[..], b"\"\xc0\x80\"", b"\"\xed\xa0\x80\"", b"\"\xf5\x80\x80\x80\"", b"\"a\0b\"", b"\"\x01\""]
    {
        let body = [b"{\"name\":", bytes, b"}"].concat();
        let answer = ask("PATCH", &widget).body("application/json", &body).send().await;
        assert_eq!(answer.status, 400, "{bytes:?}: {}", answer.head);
    }
    for path in [
        "/api/conversations?list=%ff%fe",
        "/api/conversations/%ff",
        "/api/groups/%c0%80",
        "/%ff",
        "/api/conversations?list=%",
    ] {
        let answer = ask("GET", path).send().await;
        assert!(answer.status < 500, "{path}: {}", answer.head);
    }
}

async fn hostile_texts_in_frames_come_back_unchanged_or_are_refused(on: On) {
    let house = House::new(&Plan {
        options: &["--visitor-rate", "10000", "--visitor-burst", "10000", "--address-messages", "100000"],
        ..Plan::on(on)
    });
    let agent = house.sign_in(&house.ours().agent).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut said = vec!["Hallo".to_owned()];
    let (texts, halves): (Vec<_>, Vec<_>) = naughty().into_iter().chain(markup()).partition(|one| one.text.is_some());
    for hostile in texts {
        let text = hostile.text.unwrap_or_default();
        visitor.send(&text).await;
        let counter = visitor.counter;
        let answer = loop {
            let crate::harness::Heard::Frame(frame) = visitor.socket.hear().await else {
                panic!("the end at {text:?}")
            };
            if frame["counter"] == counter {
                break frame;
            }
        };
        if text.trim().is_empty() {
            assert_eq!(answer["code"], "text_empty", "{text:?}: {answer}");
            visitor.counter -= 1;
            continue;
        }
        assert_eq!(answer["type"], "accepted", "{text:?}: {answer}");
        said.push(text);
    }
    assert!(said.len() > 250, "{}", said.len());
    let mut follower = house.follower(&agent, &id).await;
    follower.drain().await;
    let found: Vec<_> =
        house.entries(&agent, &id).await.iter().map(|entry| entry["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found, said);
    // To the visitor who comes back, too.
    let mut again = house.again(&visitor, 0).await;
    let replayed = again.socket.drain().await;
    let replayed: Vec<_> = replayed
        .iter()
        .filter(|frame| frame["type"] == "message")
        .map(|frame| frame["text"].as_str().unwrap())
        .collect();
    assert_eq!(replayed, said);

    for (number, hostile) in halves.iter().enumerate() {
        let frames = [
            format!(r#"{{"type":"message","counter":1,"text":{}}}"#, hostile.json),
            format!(r#"{{"type":{}}}"#, hostile.json),
            format!(r#"{{"type":"seen","sequence":{}}}"#, hostile.json),
        ];
        let mut other = house.visitor(house.ours()).await;
        other.socket.raw(frames[number % frames.len()].clone().into()).await;
        let problem = other.socket.expect("problem").await;
        assert_eq!(problem["code"], "malformed", "{}", hostile.json);
    }
    visitor.write("und weiter").await;
}
