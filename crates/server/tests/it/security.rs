//! Attacks on the doors: forged origins, stolen secrets, oversized and malformed input, floods (SA, SI, SO).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::harness::{
    Answer, Caller, Heard, House, On, PASSWORD, Plan, Server, Socket, hello_operator, hello_visitor, on_both, sender,
};

on_both! {
    a_session_is_new_with_every_sign_in_and_its_cookie_is_closed_to_all_but_the_browser
    no_token_stands_in_a_log_or_in_an_address
    a_visitors_token_opens_nothing_elsewhere
    signing_out_ends_an_open_socket_within_five_seconds
    a_flood_does_not_keep_a_socket_alive_whose_session_has_ended
    known_and_unknown_accounts_answer_alike
    set_up_works_once_and_only_with_the_code
    requests_from_foreign_pages_are_refused
    sockets_open_only_for_our_own_pages_and_for_programs
    whatever_is_no_frame_is_answered_with_a_typed_problem
    oversized_input_is_refused_and_takes_no_memory
    visitors_who_write_too_fast_are_slowed_down_and_lose_nothing
    a_reader_that_does_not_read_is_cut_off_and_comes_back
}

fn program(house: &House) -> Caller {
    Caller::Program(house.ours().token.clone())
}

async fn session(house: &House, caller: &Caller) -> Answer {
    house.ask("GET", "/api/session").by(caller).send().await
}

async fn a_session_is_new_with_every_sign_in_and_its_cookie_is_closed_to_all_but_the_browser(on: On) {
    let house = House::shared(on);
    let body = json!({ "email": house.ours().agent.email, "password": PASSWORD });
    let sign_in = || house.ask("POST", "/api/session").with_own_origin().json(&body);
    let answer = sign_in().send().await.is(200);
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("__Host-diskret="), "{cookie}");
    for flag in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.split("; ").any(|part| part == flag), "{flag} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let first = answer.session();
    assert!(!answer.text().contains(&first), "the secret stands in the cookie only");
    assert!(first.len() >= 43, "256 bits");

    // Planted: a secret that the attacker knows, in the victim's browser before they sign in.
    let planted = "A".repeat(first.len());
    let second = sign_in().cookie(&planted).send().await.is(200).session();
    assert_ne!(second, planted);
    assert_ne!(second, first);
    session(house, &Caller::Browser(second.clone())).await.is(200);
    session(house, &Caller::Browser(planted)).await.is(401);
    let third = sign_in().cookie(&second).send().await.is(200).session();
    assert_ne!(third, second, "a session that is there is not taken over either");

    let answer = house.ask("DELETE", "/api/session").by(&Caller::Browser(third.clone())).send().await.is(204);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    session(house, &Caller::Browser(third)).await.is(401);
    session(house, &Caller::Browser(second)).await.is(200);
    // A session is no program's token, and the other way round.
    session(house, &Caller::Program(first.clone())).await.is(401);
    session(house, &Caller::Browser(house.ours().token.clone())).await.is(401);
}

async fn no_token_stands_in_a_log_or_in_an_address(on: On) {
    let house = House::new(&Plan { options: &["--log", "trace"], ..Plan::on(on) });
    let agent = house.sign_in(&house.ours().agent).await;
    let Caller::Browser(secret) = agent.clone() else { unreachable!() };
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut operator = house.follower(&agent, &id).await;
    let _program = house.operator(&program(&house)).await;
    let mut answers = Vec::new();
    for caller in [&agent, &program(&house)] {
        for path in
            ["/api/session", "/api/conversations?list=mine", "/", "/conversations", "/nothing.js", "/api/nothing"]
        {
            answers.push(house.ask("GET", path).by(caller).send().await);
        }
        answers.push(house.set_state(caller, &id, "ended").await);
    }
    answers.push(house.ask("DELETE", "/api/session").by(&agent).send().await);
    assert!(!format!("{:?}", visitor.socket.drain().await).contains(&visitor.token), "told once, in the welcome");
    let _ = operator.until_the_end().await;
    assert!(house.terminate().success());
    let issued =
        [secret.as_str(), &visitor.token, &house.ours().token, PASSWORD, house.ours().recovery_key.as_ref().unwrap()];
    fs::write(house.folder.join("planted"), format!("x{secret}x")).unwrap();
    let hits = testkit::search(&house.folder, &issued);
    let hits: Vec<_> = hits.iter().filter(|hit| !hit.file.ends_with("password")).collect();
    assert_eq!(hits.len(), 1, "nothing but what was planted: {hits:?}");
    assert!(hits[0].file.ends_with("planted"));
    for answer in answers {
        let shown = format!("{}\n{}", answer.head, answer.text());
        assert!(issued.iter().all(|token| !shown.contains(token)), "{}", answer.head);
        assert_eq!(answer.header("location"), None);
    }
}

async fn a_visitors_token_opens_nothing_elsewhere(on: On) {
    let house = House::shared(on);
    let (visitor, _) = house.conversation(house.ours(), "Geheim").await;
    let back = house.again(&visitor, 0).await;
    assert!(back.welcome["conversation"].is_object(), "it opens its own conversation");
    assert!(visitor.token.len() >= 64, "48 bytes, 32 of them random");
    let flipped = {
        let mut bytes = visitor.token.clone().into_bytes();
        bytes[3] = if bytes[3] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let ours = &house.ours().widget;
    for (widget, token) in [
        (&house.theirs().widget, visitor.token.as_str()),
        (ours, &flipped),
        (ours, ""),
        (ours, "erfunden"),
        (ours, &"A".repeat(64)),
        (ours, &house.ours().token),
        (ours, &format!("{} ", visitor.token)),
    ] {
        let mut hello = hello_visitor(widget, &sender());
        hello["token"] = token.into();
        let mut socket = house.visitors_socket().await;
        socket.say(hello).await;
        let (frames, code) = socket.until_the_end().await;
        assert_eq!(frames.len(), 1, "one problem and nothing of the conversation: {frames:?}");
        assert_eq!((&frames[0]["code"], code), (&json!("token_invalid"), Some(1008)));
    }
    // Nor does it open the operators' side; nor their token the visitors'.
    assert_eq!(house.operators_socket(&Caller::Program(visitor.token.clone())).await.err(), Some(401));
    assert_eq!(house.operators_socket(&Caller::Browser(visitor.token.clone())).await.err(), Some(401));
    // An unknown widget, and what is none.
    let mut socket = house.visitors_socket().await;
    socket.say(hello_visitor("aaaaaaaaaaaaaaaaaaaaaaaaaa", &sender())).await;
    assert_eq!(socket.fatal().await.0["code"], "not_found");
}

async fn signing_out_ends_an_open_socket_within_five_seconds(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (mut socket, mut other) =
        (house.operator(&agent).await, house.operator(&house.sign_in(&house.ours().agent).await).await);
    let mut programs = house.operator(&program(house)).await;
    house.ask("DELETE", "/api/session").by(&agent).send().await.is(204);
    let since = Instant::now();
    let (problem, code) = socket.fatal().await;
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    assert_eq!((&problem["code"], code), (&json!("unauthorised"), Some(1008)));
    assert_eq!(house.operators_socket(&agent).await.err(), Some(401), "and no new one opens");
    other.drain().await;
    programs.drain().await;
}

async fn a_flood_does_not_keep_a_socket_alive_whose_session_has_ended(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let socket = house.operator(&agent).await;
    let (mut writing, mut reading) = socket.web.split();
    house.ask("DELETE", "/api/session").by(&agent).send().await.is(204);
    let since = Instant::now();
    let flood = async {
        // Frames that are answered by nothing, so that nothing holds the flood up.
        let frame = json!({ "type": "unfollow", "conversation": "aaaaaaaaaaaaaaaaaaaaaaaaaa" }).to_string();
        while since.elapsed() < Duration::from_secs(8) {
            for _ in 0..256 {
                if writing.feed(Message::text(frame.clone())).await.is_err() {
                    return;
                }
            }
            if writing.flush().await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let listen = async {
        while let Some(Ok(message)) = reading.next().await {
            if message.to_text().is_ok_and(|text| text.contains("unauthorised")) {
                return since.elapsed();
            }
        }
        since.elapsed()
    };
    let ((), ended) = tokio::join!(flood, listen);
    assert!(ended < Duration::from_secs(6), "it went on for {ended:?}");
}

async fn known_and_unknown_accounts_answer_alike(on: On) {
    let house = House::shared(on);
    let ask = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        let answer = house.ask("POST", "/api/session").with_own_origin().json(&body).send().await.is(401);
        let head: Vec<&str> = answer.head.lines().filter(|line| !line.starts_with("date:")).collect();
        (head.join("\n"), answer.body.clone())
    };
    let unknown = ask("niemand@nordlicht.example", "falsches Passwort").await;
    assert_eq!(ask(&house.ours().agent.email, "falsches Passwort").await, unknown, "same bytes");
    // What is no address, and a password beyond all measure.
    for email in ["", "kein @", "x"] {
        assert_eq!(ask(email, PASSWORD).await, unknown);
    }
    for email in [&house.ours().agent.email, "niemand@x.de"] {
        assert_eq!(ask(email, &"x".repeat(600)).await, unknown);
    }
}

async fn set_up_works_once_and_only_with_the_code(on: On) {
    let house = House::new(&Plan { tenants: 0, ..Plan::on(on) });
    let greeting = house.greeting();
    let (address, code) = greeting.split_once("#code=").expect("the code is in the fragment, which no server sees");
    assert!(address.ends_with(&format!("{}/setup", house.app_origin())), "{greeting}");
    assert!(code.len() >= 22, "128 bits");
    let body = |code: &str| {
        json!({ "code": code, "organisation": "Neu", "name": "Nina Neu", "email": "nina@neu.example",
            "password": PASSWORD, "language": "de" })
    };
    let ask = async |code: &str| house.ask("POST", "/api/setup").with_own_origin().json(&body(code)).send().await;
    let needed = async || house.ask("GET", "/api/setup").send().await.is(200).json()["needed"].clone();
    assert_eq!(needed().await, true);
    for wrong in ["", "raten", &code[1..], &code.to_uppercase()] {
        ask(wrong).await.is(403);
    }
    // A body that breaks a rule does not spend the code.
    let mut short = body(code);
    short["password"] = "kurz".into();
    let answer = house.ask("POST", "/api/setup").with_own_origin().json(&short).send().await.is(422);
    assert_eq!(answer.json()["field"], "password");
    assert_eq!(needed().await, true);
    // Two browsers at once: one of them.
    let (one, other) = tokio::join!(ask(code), ask(code));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let done = if one.status == 201 { one } else { other };
    assert!(done.json()["recovery_key"].as_str().is_some_and(|key| key.len() > 40));
    session(&house, &Caller::Browser(done.session())).await.is(200);
    ask(code).await.is(409);
    assert_eq!(needed().await, false);
    let spent = || !house.data().join("secrets/setup-code").exists();
    assert!(spent(), "a code that was used is deleted");
    assert!(house.terminate().success());
    house.start();
    assert!(spent(), "and not made anew");
    assert!(!house.greeting().contains("code"), "no code is told any more: {}", house.greeting());
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

async fn whatever_is_no_frame_is_answered_with_a_typed_problem(on: On) {
    let house = House::shared(on);
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let deep_field =
        format!(r#"{{"type":"message","counter":1,"text":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    let bad = [
        "",
        "{",
        "null",
        "[]",
        "0",
        r#""hello""#,
        r#"{"type":"unknown"}"#,
        r#"{"type":null}"#,
        r#"{"typ":"ping"}"#,
        r#"{"type":"ping","x":1}"#,
        r#"{"type":"ping","type":"ping"}"#,
        r#"{"type":"message"}"#,
        r#"{"type":"message","counter":"1","text":"x"}"#,
        r#"{"type":"message","counter":1.5,"text":"x"}"#,
        r#"{"type":"message","counter":99999999999999999999,"text":"x"}"#,
        r#"{"type":"message","counter":1,"text":null}"#,
        r#"{"type":"message","counter":1,"text":"\ud800"}"#,
        r#"{"type":"message","counter":1,"text":"x","conversation":"../../x"}"#,
        r#"{"type":"typing","on":"yes"}"#,
        r#"{"type":"watch","list":"everything"}"#,
        r#"{"type":"ping"} {"type":"ping"}"#,
        &deep,
        &deep_field,
    ];
    // Well-formed frames in the same place are taken.
    let (visitor, _) = house.conversation(house.ours(), "Hallo").await;
    for text in bad {
        let mut greeted = house.again(&visitor, 1).await.socket;
        greeted.raw(Message::text(text)).await;
        let (problem, code) = greeted.fatal().await;
        assert_eq!((&problem["code"], code), (&json!("malformed"), Some(1008)), "{}", &text[..text.len().min(80)]);
        assert!(text.is_empty() || text.len() < 3 || !problem["detail"].as_str().unwrap().contains(text));
        let mut first = house.visitors_socket().await;
        first.raw(Message::text(text)).await;
        let (problem, _) = first.fatal().await;
        assert!(["malformed", "hello_expected"].contains(&problem["code"].as_str().unwrap()), "{problem}");
    }
    for socket in [house.visitors_socket().await, house.operators_socket(&program(house)).await.unwrap()] {
        let mut socket = socket;
        socket.raw(Message::binary(br#"{"type":"ping"}"#.to_vec())).await;
        assert_eq!(socket.fatal().await.0["code"], "malformed", "binary");
    }
    // The order of things.
    let hello = hello_visitor(&house.ours().widget, &sender());
    for (name, frames, code) in [
        ("no hello", vec![json!({ "type": "ping" })], "hello_expected"),
        ("a message first", vec![json!({ "type": "message", "counter": 1, "text": "x" })], "hello_expected"),
        (
            "another version",
            vec![json!({ "type": "hello", "protocol": 2, "sender": sender(), "widget": house.ours().widget })],
            "unsupported",
        ),
        ("no widget", vec![hello_operator()], "malformed"),
        ("no sender", vec![hello_visitor(&house.ours().widget, "keiner")], "malformed"),
        ("two hellos", vec![hello.clone(), hello.clone()], "forbidden"),
    ] {
        let mut socket = house.visitors_socket().await;
        for frame in frames {
            socket.say(frame).await;
        }
        assert_eq!(socket.expect("problem").await["code"], code, "{name}");
    }
    for (name, frames, code) in [
        ("no hello", vec![json!({ "type": "ping" })], "hello_expected"),
        ("another version", vec![json!({ "type": "hello", "protocol": 0, "sender": sender() })], "unsupported"),
        ("two hellos", vec![hello_operator(), hello_operator()], "malformed"),
    ] {
        let mut socket = house.operators_socket(&program(house)).await.unwrap();
        for frame in frames {
            socket.say(frame).await;
        }
        assert_eq!(socket.expect("problem").await["code"], code, "{name}");
    }
    // Texts as odd as they come return as they were.
    let mut visitor = house.visitor(house.ours()).await;
    for text in
        ["\u{0}", "\u{202e}abc\u{feff}", "' OR 1=1; --", "<script>alert(1)</script>", "🏳️‍🌈 ﷽ Z̮̞̠͙͔ͅ", "${7*7} {{7*7}} %s %n"]
    {
        let accepted = visitor.write(text).await;
        let id = accepted["conversation"].as_str().unwrap();
        assert_eq!(house.entries(&program(house), id).await.last().unwrap()["text"], text);
    }
}

/// Sends a request head by hand and tells the status of what comes back, 0 where nothing does.
async fn by_hand(house: &House, head: &str) -> u16 {
    let mut stream = testkit::connect(house.address()).await;
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = [0; 64];
    match tokio::time::timeout(Duration::from_secs(15), stream.read(&mut answer)).await.expect("an answer in time") {
        Ok(count) if count > 12 => String::from_utf8_lossy(&answer[9..12]).parse().unwrap_or(0),
        _ => 0,
    }
}

async fn oversized_input_is_refused_and_takes_no_memory(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = program(&house);
    let mut visitor = house.visitor(house.ours()).await;
    visitor.write("Hallo").await;
    house.sign_in(&house.ours().owner).await;
    let before = house.memory();
    let change = |length: usize| {
        let body = json!({ "greeting": "x".repeat(length) }).to_string();
        house
            .ask("PATCH", &format!("/api/widgets/{}", house.ours().widget))
            .by(&owner)
            .body("application/json", body.as_bytes())
    };
    change(200).send().await.is(200);
    change(60_000).send().await.is(422);
    for length in [65_536, 1 << 20, 16 << 20] {
        let answer = change(length).send().await.is(413);
        assert_eq!(answer.json()["status"], 413);
    }
    // Announced and never sent; nested beyond reason; headers without end.
    let head = format!(
        "PATCH /api/session HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n",
        house.app_host(),
        house.ours().token
    );
    assert_eq!(by_hand(&house, &format!("{head}content-length: 99999999999\r\n\r\n")).await, 413);
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let answer = house.ask("PATCH", "/api/session").by(&owner).body("application/json", deep.as_bytes()).send().await;
    assert!(matches!(answer.status, 400 | 422), "{}", answer.head);
    assert_eq!(by_hand(&house, &format!("{head}x: {}\r\n\r\n", "x".repeat(8_000))).await, 400, "this much is read");
    for size in [17_000, 1 << 20] {
        let status = by_hand(&house, &format!("{head}x: {}\r\n\r\n", "x".repeat(size))).await;
        assert!(matches!(status, 431 | 0), "{size}: {status}");
    }
    assert!(matches!(by_hand(&house, &format!("{head}{}\r\n", "x: y\r\n".repeat(300))).await, 431 | 0));
    assert!(matches!(by_hand(&house, &format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000))).await, 414 | 431 | 0));
    for garbage in
        ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET / HTTP/1.1\r\nhost : x\r\n\r\n"]
    {
        assert!(matches!(by_hand(&house, garbage).await, 400 | 505 | 0), "{garbage:?}");
    }

    // Frames: one byte under the limit is read, one over it is not, in one piece or in many.
    let wide = |length: usize| format!(r#"{{"type":"message","counter":2,"text":"{}"}}"#, "x".repeat(length - 40));
    visitor.socket.raw(Message::text(wide(65_000))).await;
    assert_eq!(visitor.socket.expect("problem").await["code"], "text_too_long");
    for size in [65_600, 1 << 20, 8 << 20] {
        for mut socket in
            [house.again(&visitor, 1).await.socket, house.operator(&owner).await, house.visitors_socket().await]
        {
            socket.raw(Message::text(wide(size))).await;
            let (problem, code) = socket.fatal().await;
            assert_eq!((&problem["code"], code), (&json!("too_large"), Some(1009)), "{size}");
        }
    }
    let mut socket = house.again(&visitor, 1).await.socket;
    let piece = vec![b'x'; 4096];
    for number in 0..2048 {
        let kind = if number == 0 { OpCode::Data(Data::Text) } else { OpCode::Data(Data::Continue) };
        let frame = Frame::message(piece.clone(), kind, false);
        if socket.web.send(Message::Frame(frame)).await.is_err() {
            break;
        }
    }
    let (problem, code) = socket.fatal().await;
    assert_eq!((&problem["code"], code), (&json!("too_large"), Some(1009)), "in pieces");
    // Many who begin a message and never end it.
    let mut unfinished = Vec::new();
    for _ in 0..50 {
        let mut socket = house.again(&visitor, 1).await.socket;
        let frame = Frame::message(vec![b'x'; 60_000], OpCode::Data(Data::Text), false);
        let _ = socket.web.send(Message::Frame(frame)).await;
        unfinished.push(socket);
    }
    let grown = house.memory().saturating_sub(before);
    assert!(grown < 64 << 20, "it grew by {grown} bytes");
    visitor.counter = 1;
    visitor.write("Noch da?").await;
}

async fn visitors_who_write_too_fast_are_slowed_down_and_lose_nothing(on: On) {
    let house = House::shared(on);
    let mut visitor = house.visitor(house.ours()).await;
    for number in 1..=30 {
        visitor.send(&format!("Nachricht {number}")).await;
    }
    let (mut accepted, mut limited) = (Vec::new(), Vec::new());
    while accepted.len() + limited.len() < 30 {
        let Heard::Frame(frame) = visitor.socket.hear().await else { panic!("the end") };
        match (frame["type"].as_str(), frame["code"].as_str()) {
            (Some("accepted"), _) => accepted.push(frame["counter"].as_i64().unwrap()),
            (_, Some("rate_limited")) => {
                assert_eq!(frame["fatal"], false);
                assert!((50..=200).contains(&frame["retry_after_ms"].as_i64().unwrap()), "{frame}");
                limited.push(frame["counter"].as_i64().unwrap());
            }
            // A token came free for a later one.
            (_, Some("counter_gap")) => limited.push(frame["counter"].as_i64().unwrap()),
            _ => {}
        }
    }
    assert!((20..=22).contains(&accepted.len()), "a burst of 20: {accepted:?}");
    limited.sort_unstable();
    let mut ahead = accepted.len() as i64 + 1;
    let since = Instant::now();
    while ahead <= 30 {
        visitor.counter = ahead - 1;
        visitor.send(&format!("Nachricht {ahead}")).await;
        loop {
            let Heard::Frame(frame) = visitor.socket.hear().await else { panic!("the end") };
            if frame["type"] == "accepted" && frame["counter"] == ahead {
                ahead += 1;
                break;
            }
            if let Some(wait) = frame["retry_after_ms"].as_u64() {
                tokio::time::sleep(Duration::from_millis(wait)).await;
                break;
            }
        }
    }
    assert!(since.elapsed() >= Duration::from_millis(1200), "five a second: {:?}", since.elapsed());
    let back = house.again(&visitor, 0).await;
    assert_eq!(back.welcome["conversation"]["last_sequence"], 30);
}

async fn a_reader_that_does_not_read_is_cut_off_and_comes_back(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = program(&house);
    let (visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut operator = house.follower(&owner, &id).await;
    let mut reader = house.visitor(house.ours()).await;
    reader.write("Ich lese").await;
    let text = "😀".repeat(10_000);
    const MESSAGES: i64 = 160;
    for counter in 1..=MESSAGES {
        operator.say(json!({ "type": "message", "conversation": id, "counter": counter, "text": text })).await;
        if counter % 16 == 0 {
            operator.expect_where("accepted", |frame| frame["counter"] == counter).await;
        }
    }
    // Nobody else waits for the one who does not read.
    reader.write("Und ich?").await;
    let online = async || house.row(&owner, &id).await["visitor_online"] == true;
    let since = Instant::now();
    testkit::eventually(Duration::from_secs(30), "the reader is cut off", async || !online().await).await;
    assert!(since.elapsed() > Duration::from_secs(1), "they were given time: {:?}", since.elapsed());
    let mut held = 1;
    let mut back = visitor;
    loop {
        match back.socket.hear().await {
            Heard::Frame(frame) => {
                if let Some(sequence) = frame["sequence"].as_i64() {
                    assert_eq!(sequence, held + 1);
                    held = sequence;
                }
            }
            Heard::End(_) if held < MESSAGES + 2 => back = house.again(&back, held).await,
            Heard::End(code) => panic!("{code:?}"),
        }
        if held == MESSAGES + 2 {
            break;
        }
    }
}

/// On PostgreSQL, where a lock can hold the store up.
#[test]
fn at_most_32_messages_wait_for_their_acknowledgement() {
    crate::harness::run(async {
        let house = Arc::new(House::new(&Plan::on(On::Postgres)));
        let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
        let mut operator = house.operator(&program(&house)).await;
        let write = |counter: i64| json!({ "type": "message", "conversation": id, "counter": counter, "text": "Text" });
        operator.say(write(1)).await;
        operator.expect("accepted").await;
        let lock = tokio::task::spawn_blocking({
            let house = Arc::clone(&house);
            move || {
                let lock = "BEGIN; LOCK TABLE head IN EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT";
                house.databases.as_ref().unwrap().0.run(lock);
            }
        });
        tokio::time::sleep(Duration::from_millis(700)).await;
        for counter in 2..=32 {
            operator.say(write(counter)).await;
        }
        let heard = operator.drain().await;
        assert!(
            !heard.iter().any(|frame| frame["type"] == "accepted"),
            "31 wait, and the server still listens: {heard:?}"
        );
        operator.say(write(33)).await;
        operator.say(json!({ "type": "ping" })).await;
        let answer =
            async { while !matches!(operator.hear().await, Heard::Frame(frame) if frame["type"] == "pong") {} };
        let answered = tokio::time::timeout(Duration::from_secs(1), answer).await;
        assert!(answered.is_err(), "32 wait, and the server reads no further");
        assert!(!lock.is_finished(), "the lock held as long");
        for counter in 2..=33 {
            assert_eq!(operator.expect("accepted").await["counter"], counter);
        }
        operator.expect("pong").await;
        lock.await.unwrap();
    });
}

/// Whoever begins and does not go on holds a connection for ten seconds: heads, bodies and greetings alike.
#[test]
fn nobody_is_waited_for_for_ever() {
    crate::harness::run(async {
        let house = House::shared(On::Sqlite);
        let (owner, since) = (program(house), Instant::now());
        let head = format!("PATCH /api/session HTTP/1.1\r\nhost: {}\r\n", house.app_host());
        let token = format!("authorization: Bearer {}\r\ncontent-type: application/json\r\n", house.ours().token);
        let body = format!("{head}{token}content-length: 17\r\n\r\n");
        assert_eq!(by_hand(house, &format!("{body}{{\"language\":\"de\"}}")).await, 200, "in one go it is done");
        let begun = format!("{body}{{");
        let mut silent = [house.visitors_socket().await, house.operators_socket(&owner).await.unwrap()];
        let [visitor, operator] = &mut silent;
        // Alive below, and silent above.
        visitor.raw(Message::Ping(Vec::new().into())).await;
        let (body, head, visitor, operator) = tokio::join!(
            by_hand(house, &begun),
            by_hand(house, &head),
            visitor.until_the_end(),
            operator.until_the_end()
        );
        assert_eq!((body, head), (408, 0));
        assert!(visitor.0.is_empty() && operator.0.is_empty(), "{visitor:?}, {operator:?}");
        assert!((8..15).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
    });
}

#[test]
fn secrets_are_made_and_never_guessed() {
    let new = || House::closed(&Plan { tenants: 1, ..Plan::on(On::Sqlite) });
    let bare = [(); 2].map(|()| House::new(&Plan { tenants: 0, ..Plan::on(On::Sqlite) }));
    let names = ["epoch-1.key", "visitor-tokens.key", "blind-index.key", "setup-code"];
    for name in names {
        let [one, other] = bare.each_ref().map(|house| fs::read(house.data().join("secrets").join(name)).unwrap());
        assert_ne!(one, other, "{name} is this installation's own");
        let mode = fs::metadata(bare[0].data().join("secrets").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(bare[0].data()).unwrap().permissions().mode() & 0o777, 0o700);
    let started = |house: &House| Server::start(&house.folder, &house.flags(), "");
    assert!(started(&new()).is_ok(), "untouched it starts");
    for name in &names[..3] {
        for placeholder in ["", "changeme", "changemechangemechangemechangeme", &"\0".repeat(32), &"x".repeat(64)] {
            let house = new();
            fs::write(house.data().join("secrets").join(name), placeholder).unwrap();
            let said = started(&house).map(|_| ()).unwrap_err();
            assert!(said.contains(name), "{placeholder:?}: {said}");
        }
        let house = new();
        let path = house.data().join("secrets").join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let said = started(&house).map(|_| ()).unwrap_err();
        assert!(said.contains(name) && said.contains("chmod 600"), "{said}");
        fs::remove_file(&path).unwrap();
        let said = started(&house).map(|_| ()).unwrap_err();
        assert!(said.contains(name), "a missing key is not made anew beside old data: {said}");
    }
}

#[test]
fn a_wrong_setting_is_named() {
    let house = House::closed(&Plan::on(On::Sqlite));
    let with = |flags: &[&str]| {
        let flags = [house.flags(), flags.iter().map(|&flag| flag.to_owned()).collect()].concat();
        Server::start(&house.folder, &flags, "")
    };
    assert!(with(&["--log", "debug"]).is_ok());
    let file = house.folder.join("diskret.toml");
    let file = file.display().to_string();
    for (key, flag, value) in [
        ("end_idle_after", "--end-idle-after", "soon"),
        ("visitor_rate", "--visitor-rate", "0"),
        ("visitor_burst", "--visitor-burst", "x"),
        ("workers", "--workers", "0"),
        ("log", "--log", "loud"),
        ("log_format", "--log-format", "xml"),
        ("demo", "--demo", "perhaps"),
        ("key_database", "--database", "postgres://nobody@127.0.0.1:1/x"),
    ] {
        let said = with(&[flag, value]).map(|_| ()).unwrap_err();
        assert!(said.contains(&format!("`{key}`")), "{key}: {said}");
        fs::write(&file, format!("{key} = \"{value}\"")).unwrap();
        let said = with(&["--config", &file]).map(|_| ()).unwrap_err();
        assert!(said.contains(&format!("`{key}`")) || key == "key_database", "{key}: {said}");
    }
    fs::write(&file, "wrokers = 3").unwrap();
    let said = with(&["--config", &file]).map(|_| ()).unwrap_err();
    assert!(said.contains("`wrokers`") && said.contains(&file), "{said}");
    let said = with(&["--config", "/does/not/exist"]).map(|_| ()).unwrap_err();
    assert!(said.contains("/does/not/exist"), "{said}");
}

/// Keys beside data that are not theirs would all look unused, and be swept within minutes.
#[test]
fn keys_and_data_that_do_not_belong_together_refuse_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |what: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_diskret"))
            .args(what)
            .args(["--data".as_ref(), data.as_os_str()])
            .output()
            .unwrap()
    };
    let organisation = ["setup", "--organisation", "A", "--owner-name", "B", "--owner-email", "b@example.de"];
    assert!(run(&organisation).status.success());
    let another = ["setup", "--organisation", "C", "--owner-name", "D", "--owner-email", "d@example.de"];
    assert!(run(&another).status.success(), "together they do start");
    for (moved, named) in [("diskret.db", "is empty: put the data back"), ("keys.db", "is empty: put the keys back")] {
        let (here, away) = (data.join(moved), folder.path().join(moved));
        for end in ["", "-wal", "-shm"] {
            let with = |path: &std::path::Path| std::path::PathBuf::from(format!("{}{end}", path.display()));
            let _ = std::fs::rename(with(&here), with(&away));
        }
        let refused = run(&["setup", "--organisation", "E", "--owner-name", "F", "--owner-email", "f@example.de"]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(named), "{moved}: {said}");
        for end in ["", "-wal", "-shm"] {
            let with = |path: &std::path::Path| std::path::PathBuf::from(format!("{}{end}", path.display()));
            let _ = std::fs::remove_file(with(&here));
            let _ = std::fs::rename(with(&away), with(&here));
        }
    }
    assert!(
        run(&["setup", "--organisation", "G", "--owner-name", "H", "--owner-email", "h@example.de"]).status.success()
    );
}
