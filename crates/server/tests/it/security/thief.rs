//! Whoever has stolen a session or a token, or looks where one might lie.

use std::fs;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::session;
use crate::harness::{Caller, House, On, PASSWORD, Plan, hello_visitor, on_both, sender};

on_both! {
    a_session_is_new_with_every_sign_in_and_its_cookie_is_closed_to_all_but_the_browser
    no_token_stands_in_a_log_or_in_an_address
    a_visitors_token_opens_nothing_elsewhere
    signing_out_ends_an_open_socket_within_five_seconds
    a_flood_does_not_keep_a_socket_alive_whose_session_has_ended
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
    let _program = house.operator(&house.program()).await;
    let mut answers = Vec::new();
    for caller in [&agent, &house.program()] {
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
    let mut programs = house.operator(&house.program()).await;
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
