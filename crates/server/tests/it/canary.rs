//! What is said stays sealed: marked texts put in at every door are found in no file afterwards (C3, SP5, SP14, L3), keys
//! lie apart from what they open, and a sealed text cannot be moved (SK1).

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use testkit::{Canary, Postgres, search};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Caller, House, On, PASSWORD, Plan, Socket, hello_operator, hello_visitor, sender};

/// Numbers that the card companies publish for tests.
const CARDS: [&str; 8] = [
    "4111111111111111",
    "4012888888881881",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    "4917610000000000",
];

#[test]
fn nothing_that_was_said_or_sent_along_stands_in_a_file_on_sqlite() {
    nothing_stands_in_a_file(On::Sqlite, None);
}

#[test]
fn nothing_that_was_said_or_sent_along_stands_in_a_file_on_postgres() {
    nothing_stands_in_a_file(On::Postgres, Some(Postgres::talkative()));
}

fn nothing_stands_in_a_file(on: On, server: Option<Postgres>) {
    let server = server.as_ref();
    let options = ["--log", "trace", "--trusted-proxies", "127.0.0.1", "--address-sockets", "8"];
    let house = House::new(&Plan { options: &options, server, ..Plan::on(on) });
    let mut sown = Vec::new();
    crate::harness::run(async {
        sow(&house, &mut sown).await;
        sow_addresses(&house, &mut sown).await;
    });
    let needles: Vec<&str> = sown.iter().map(String::as_str).chain(CARDS).collect();
    look(&house, server, &needles);
    // Once more after an orderly end, which moves everything from the logs of the databases into their files.
    assert!(house.terminate().success());
    assert!(house.log().contains("INFO"), "there is a log");
    look(&house, server, &needles);
    keys_lie_apart(&house, server);
}

/// Network addresses, of those who are served and of those who are turned away: from the connection, and from the proxy.
async fn sow_addresses(house: &House, sown: &mut Vec<String>) {
    let (direct, behind, beyond) = (Ipv4Addr::new(127, 77, 31, 209), "203.0.113.177", "2001:db8:7a3f:91c2::5e1d");
    let (host, origin) = (house.widget_host(), house.widget_origin());
    for (from, forwarded) in [(direct, ""), (Ipv4Addr::LOCALHOST, behind), (Ipv4Addr::LOCALHOST, beyond)] {
        let headers = [("origin", origin.as_str()), ("x-forwarded-for", forwarded)];
        let mut turned_away = 0;
        for number in 0..150 {
            match Socket::open_from(from, house, &host, "/socket", &headers).await {
                Ok(mut socket) if number == 0 => {
                    socket.say(hello_visitor(&house.ours().widget, &sender())).await;
                    socket.say(json!({ "type": "message", "counter": 1, "text": "Hallo" })).await;
                    socket.expect("accepted").await;
                }
                Ok(_) => {}
                Err(status) => turned_away += i32::from(status == 429),
            }
        }
        assert!(turned_away > 0, "they were counted by {from} {forwarded}");
    }
    sown.extend([direct.to_string(), behind.to_owned(), beyond.to_owned()]);
}

/// Puts marked texts in wherever text can be put in, and shows that those arrive that should.
async fn sow(house: &House, sown: &mut Vec<String>) {
    let mark = |sown: &mut Vec<String>| {
        let canary = Canary::new().as_str().to_owned();
        sown.push(canary.clone());
        canary
    };
    let ours = house.ours();
    let owner = house.sign_in(&ours.owner).await;

    // Somebody's name and address.
    let (name, mail) = (mark(sown), mark(sown));
    let person = house.hire(&ours.organisation, "agent", &name, &format!("{mail}@nordlicht.example"));
    let agent = house.sign_in(&person).await;
    let colleagues = house.ask("GET", "/api/operators").by(&owner).send().await.is(200);
    assert!(colleagues.text().contains(&name), "the colleagues know them");

    // What was written once for many answers.
    let (word, title, german, english) = (mark(sown), mark(sown), mark(sown), mark(sown));
    let snippet =
        json!({ "shared": false, "shortcut": word, "title": title, "wording": { "de": german, "en": english } });
    house.ask("POST", "/api/snippets").by(&agent).json(&snippet).send().await.is(201);
    let listed = house.ask("GET", "/api/snippets").by(&agent).send().await.is(200).text();
    assert!([&title, &german, &english].iter().all(|text| listed.contains(*text)), "whoever wrote it reads it");

    // What a browser sends along.
    let (browser, page, place, query) = (mark(sown), mark(sown), mark(sown), mark(sown));
    let along = [
        ("origin", house.widget_origin()),
        ("user-agent", browser.clone()),
        ("referer", format!("https://shop.example/{page}")),
        ("x-forwarded-for", place.clone()),
        ("forwarded", format!("for={place}")),
        ("accept-language", browser.clone()),
        ("cookie", format!("shop={page}")),
    ];
    let along: Vec<(&str, &str)> = along.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = format!("/socket?page={query}");
    let mut socket = Socket::open(house, &house.widget_host(), &path, &along).await.unwrap();

    // What both sides write: messages, notes, what is refused, what is masked.
    let (said, answered, noted, refused) = (mark(sown), mark(sown), mark(sown), mark(sown));
    socket.say(hello_visitor(&ours.widget, &sender())).await;
    let token = socket.expect("welcome").await["token"].as_str().unwrap().to_owned();
    socket.say(json!({ "type": "message", "counter": 1, "text": format!("Ich heiße {said} äöü") })).await;
    let id = socket.expect("accepted").await["conversation"].as_str().unwrap().to_owned();
    socket.say(json!({ "type": "message", "counter": 9, "text": refused })).await;
    assert_eq!(socket.expect("problem").await["code"], "counter_gap");
    let mut operator = house.follower(&agent, &id).await;
    for (counter, text, note) in [(1, &answered, false), (2, &noted, true)] {
        let frame = json!({ "type": "message", "conversation": id, "counter": counter, "text": text, "note": note });
        operator.say(frame).await;
        operator.expect("accepted").await;
    }
    for (index, card) in CARDS.iter().enumerate() {
        let counter = index + 2;
        socket.say(json!({ "type": "message", "counter": counter, "text": format!("Karte {card}.") })).await;
        let masked = socket.expect("accepted").await["text"].as_str().expect("it was masked").to_owned();
        assert!(!masked.contains(card) && masked.contains(&card[card.len() - 4..]), "the last four stay: {masked}");
        let frame = json!({ "type": "message", "conversation": id, "counter": counter + 1, "text": card });
        operator.say(frame).await;
        assert!(operator.expect("accepted").await["text"].is_string());
    }
    for (_, grouped) in CARDS.iter().map(|card| (card, [&card[..4], &card[4..8], &card[8..12], &card[12..]].join(" ")))
    {
        // Groups are masked too; where a number was cut is nobody's business.
        operator.say(json!({ "type": "typing", "conversation": id, "on": true })).await;
        let mut visitor = house.visitor(ours).await;
        assert!(visitor.write(&grouped).await["text"].is_string(), "{grouped}");
    }

    // What is no frame and no request.
    let odd = mark(sown);
    for frame in [
        odd.clone(),
        format!(r#"{{"type":"{odd}"}}"#),
        format!(r#"{{"type":"message","counter":1,"text":"x","{odd}":1}}"#),
        format!(r#"{{"type":"hello","protocol":1,"sender":"{odd}","widget":"{odd}","language":"{odd}"}}"#),
    ] {
        for mut socket in [house.visitors_socket().await, house.operators_socket(&owner).await.unwrap()] {
            socket.raw(Message::text(frame.clone())).await;
            socket.fatal().await;
            let mut socket = house.operator(&owner).await;
            socket.raw(Message::text(frame.clone())).await;
            socket.fatal().await;
        }
    }
    let mut socket = house.visitors_socket().await;
    let mut hello = hello_visitor(&ours.widget, &sender());
    hello["token"] = odd.as_str().into();
    socket.say(hello).await;
    assert_eq!(socket.fatal().await.0["code"], "token_invalid");
    assert!(house.operators_socket(&Caller::Program(odd.clone())).await.is_err());
    let (address, password) = (mark(sown), mark(sown));
    let body = json!({ "email": format!("{address}@x.example"), "password": password });
    house.ask("POST", "/api/session").with_own_origin().json(&body).send().await.is(401);
    for (method, path, text) in [
        ("GET", format!("/api/conversations/{odd}"), ""),
        ("GET", format!("/api/conversations?list={odd}"), ""),
        ("GET", format!("/api/conversations?list=mine&{odd}={odd}"), ""),
        ("GET", format!("/{odd}?{odd}"), ""),
        ("GET", format!("/{odd}.js"), ""),
        ("PATCH", "/api/session".to_owned(), odd.as_str()),
        ("PATCH", "/api/session".to_owned(), &format!(r#"{{"language":"{odd}"}}"#)),
        ("PATCH", "/api/session".to_owned(), &format!(r#"{{"{odd}":1}}"#)),
        (odd.as_str(), "/".to_owned(), ""),
    ] {
        let ask = house.ask(method, &path).by(&owner).header("user-agent", &browser).header("referer", &page);
        let ask = ask.header("x-forwarded-for", &place).header("x-request-id", &odd);
        let ask = if text.is_empty() { ask } else { ask.body("application/json", text.as_bytes()) };
        let status = ask.send().await.status;
        assert!(status < 500, "{method} {path}: {status}");
    }
    house.ask("GET", &format!("/config/{odd}.json?{odd}")).host(&house.widget_host()).send().await.is(404);
    house.ask("GET", "/").host(&odd).send().await.is(421);
    let setup = json!({ "code": odd, "organisation": odd, "name": odd, "email": format!("{odd}@x.example"),
        "password": PASSWORD, "language": "de" });
    house.ask("POST", "/api/setup").with_own_origin().json(&setup).send().await.is(409);
    house.ask("POST", "/api/recovery-key/confirmation").by(&owner).json(&json!({ "key": odd })).send().await.is(422);

    // What is audited: by a browser that says a lot, to a conversation in which something was said, with a wrong password.
    let path = format!("/api/widgets/{}", ours.widget);
    let changed = house.ask("PATCH", &path).by(&owner).json(&json!({ "colour": "#123456" }));
    changed.send().await.is(200);
    for (word, status) in [(password.as_str(), 401), (PASSWORD, 200)] {
        let body = json!({ "email": ours.agent.email, "password": word });
        let ask =
            house.ask("POST", "/api/session").with_own_origin().header("user-agent", &format!("Windows {browser}"));
        ask.json(&body).send().await.is(status);
    }
    house.set_state(&agent, &id, "ended").await.is(200);
    house.entries(&agent, &id).await;
    house.set_state(&agent, &id, "open").await.is(200);
    let log = house.ask("GET", "/api/audit/export?format=jsonl").by(&owner).send().await.is(200).text();
    assert!(log.contains("conversation_opened") && log.contains("windows") && log.contains("#123456"), "{log}");
    // Names are looked up for those who read it; everything else that was sown is nowhere.
    let told = log.replace(&name, "");
    assert!(!sown.iter().any(|sown| told.contains(sown)), "{log}");

    // It is there for those who may read it, from memory and, after a restart, from the files that are searched next.
    house.kill();
    house.start();
    let entries = format!("{:?}", house.entries(&agent, &id).await);
    for text in [&said, &answered, &noted, &name] {
        assert!(entries.contains(text), "what was written is read");
    }
    assert!(!entries.contains(&refused));
    let mut back = house.visitors_socket().await;
    let mut hello = hello_visitor(&ours.widget, &sender());
    hello["token"] = token.as_str().into();
    back.say(hello).await;
    back.expect("current").await;
    let told = format!("{:?}", back.drain().await);
    assert!(told.contains(&said) && told.contains(&answered) && told.contains(&name) && !told.contains(&noted));
    let mut operator = house.operators_socket(&agent).await.unwrap();
    operator.say(hello_operator()).await;
    operator.expect("welcome").await;
    // Secrets of those who may: they are nowhere either.
    sown.extend([token, PASSWORD.to_owned(), ours.token.clone(), ours.recovery_key.clone().unwrap()]);
    for caller in [owner, agent] {
        let Caller::Browser(secret) = caller else { unreachable!() };
        sown.push(secret);
    }
}

/// Searches everything that the program and its databases wrote.
fn look(house: &House, server: Option<&Postgres>, needles: &[&str]) {
    // The harness's own file, not the program's.
    let _ = fs::remove_file(house.folder.join("password"));
    let planted = house.folder.join("planted");
    fs::write(&planted, format!("before {} after", needles[0])).unwrap();
    let hits = search(&house.folder, needles);
    assert!(hits.len() == 1 && hits[0].file == planted, "nothing but what was planted: {hits:?}");
    fs::remove_file(planted).unwrap();
    if let Some(server) = server {
        server.checkpoint();
        let hits = search(server.folder(), needles);
        assert!(hits.is_empty(), "{hits:?}");
        // The search sees what stands there in plain: ids of the protocol do not, but a widget's greeting does.
        assert!(
            !search(server.folder(), &["womit können wir helfen"]).is_empty(),
            "settings are found, so texts would be"
        );
        assert!(
            !search(server.folder().join("log/server"), &["INSERT INTO message"]).is_empty(),
            "statements are logged"
        );
    } else {
        assert!(
            !search(house.data(), &["womit können wir helfen"]).is_empty(),
            "settings are found, so texts would be"
        );
    }
}

/// No database holds a key of the secrets' folder, in the form in which it lies there or in hexadecimal digits.
fn keys_lie_apart(house: &House, server: Option<&Postgres>) {
    let mut places = Vec::new();
    for entry in fs::read_dir(house.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            places.push(path);
        }
    }
    places.extend(server.map(|server| server.folder().to_owned()));
    assert!(!places.is_empty());
    for name in ["epoch-1.key", "visitor-tokens.key", "blind-index.key", "audit-checkpoints.key"] {
        let key = fs::read(house.data().join("secrets").join(name)).unwrap();
        assert_eq!(key.len(), 32);
        assert!(holds(&house.data().join("secrets"), &key), "the search finds it where it is");
        for place in &places {
            assert!(!holds(place, &key), "{name} stands in {}", place.display());
            let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(search(place, &[digits]).is_empty(), "{name} in digits in {}", place.display());
        }
    }
}

/// Whether these bytes stand in a file at or below a place. grep works by lines, so the longest run without a line's end
/// is looked for.
fn holds(place: &Path, bytes: &[u8]) -> bool {
    let run = bytes.split(|byte| matches!(byte, 0 | b'\n')).max_by_key(|run| run.len()).unwrap();
    assert!(run.len() >= 7, "a run long enough not to be found by accident");
    let pattern: String = run.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    let found = Command::new("grep").env("LC_ALL", "C").args(["-rqaP", &pattern]).arg(place).status().expect("grep");
    assert!(found.code().is_some_and(|code| code < 2), "grep could look");
    found.success()
}

#[test]
fn a_sealed_text_that_was_moved_does_not_open() {
    crate::harness::run(async {
        let house = House::new(&Plan::on(On::Postgres));
        let owner = house.program();
        let (mut visitor, id) = house.conversation(house.ours(), "Die eine Wahrheit").await;
        visitor.write("Die andere Wahrheit").await;
        let (mut other, second) = house.conversation(house.ours(), "Ein anderes Gespräch").await;
        other.write("Und sein Ende").await;
        let (untouched, third) = house.conversation(house.ours(), "Unberührt").await;
        assert_eq!(house.entries(&owner, &id).await.len(), 2, "untouched it opens");
        house.terminate();
        let data = &house.databases.as_ref().unwrap().0;
        // Within a conversation, and from one conversation to another.
        data.run(
            "UPDATE message SET text_sealed = (SELECT text_sealed FROM message WHERE conversation_id = 1 AND sequence = 2) \
             WHERE conversation_id = 1 AND sequence = 1; \
             UPDATE message SET text_sealed = (SELECT text_sealed FROM message WHERE conversation_id = 1 AND sequence = 2) \
             WHERE conversation_id = 2 AND sequence = 2",
        );
        house.start();
        for id in [&id, &second] {
            let answer = house.ask("GET", &format!("/api/conversations/{id}/entries")).by(&owner).send().await.is(500);
            assert!(!answer.text().contains("Wahrheit") && !answer.text().contains("Ende"), "{}", answer.text());
            let mut operator = house.operator(&owner).await;
            operator.say(json!({ "type": "follow", "conversation": id, "after": 0 })).await;
            assert_eq!(operator.expect("problem").await["code"], "unavailable");
        }
        for visitor in [&visitor, &other] {
            let mut socket = house.visitors_socket().await;
            let mut hello = hello_visitor(&visitor.widget, &visitor.sender);
            hello["token"] = visitor.token.as_str().into();
            socket.say(hello).await;
            let (frames, _) = socket.until_the_end().await;
            assert_eq!(frames.last().unwrap()["code"], "unavailable");
            assert!(!format!("{frames:?}").contains("Die andere Wahrheit"), "no text under a false number: {frames:?}");
        }
        assert!(house.log().contains("sealed content does not open"), "the log says what is wrong");
        assert!(!house.log().contains("Wahrheit"));
        assert_eq!(house.entries(&owner, &third).await.len(), 1, "the others are not touched");
        drop(untouched);
    });
}
