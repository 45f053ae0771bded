//! The chat where no WebSocket comes through: the same frames in requests (A12).

use serde_json::{Value, json};

use crate::harness::{Ask, Caller, House, On, Plan, hello_operator, hello_visitor, on_both, sender};

on_both! {
    a_visitor_and_an_operator_talk_over_requests_alone
    a_stream_tells_what_comes_as_it_comes
    a_poll_ends_with_the_first_news
    a_request_that_is_sent_again_stores_nothing_twice
    whoever_polls_is_there_in_between
    a_second_window_hears_the_first_message_of_the_first
    a_stream_is_told_of_the_end_and_goes_on_behind_it
    a_page_of_another_origin_gets_no_frame
    whoever_is_not_signed_in_gets_no_frame
    an_agent_reaches_no_more_over_requests_than_over_a_socket
    what_is_no_frame_changes_nothing
}

fn ask(house: &House, mode: &str) -> Ask {
    house.ask("POST", &format!("/frames?mode={mode}"))
}

fn message(counter: i64, text: &str) -> Value {
    json!({ "type": "message", "counter": counter, "text": text })
}

/// A visitor who has only requests.
struct Requests<'h> {
    house: &'h House,
    hello: Value,
}

impl<'h> Requests<'h> {
    async fn come(house: &'h House) -> Self {
        let hello = hello_visitor(&house.ours().widget, &sender());
        let welcome = house.visitors_frames("send", std::slice::from_ref(&hello)).send().await.is(200).frame("welcome");
        let mut requests = Self { house, hello };
        requests.hello["token"] = welcome["token"].clone();
        requests
    }

    fn after(&self, sequence: i64) -> Value {
        let mut hello = self.hello.clone();
        hello["after"] = sequence.into();
        hello
    }

    async fn write(&self, counter: i64, text: &str) -> Value {
        let frames = [self.after(counter - 1), message(counter, text)];
        self.house.visitors_frames("send", &frames).send().await.is(200).frame("accepted")
    }
}

async fn a_visitor_and_an_operator_talk_over_requests_alone(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let visitor = Requests::come(&house).await;
    let accepted = visitor.write(1, "Guten Tag").await;
    assert_eq!((&accepted["counter"], &accepted["sequence"]), (&json!(1), &json!(1)));
    let id = &accepted["conversation"];

    let follow = json!({ "type": "follow", "conversation": id, "after": 0 });
    let seen = ask(&house, "poll").by(&owner).frames(&[hello_operator(), follow]).send().await.is(200);
    assert_eq!(seen.frame("message")["text"], "Guten Tag");
    let answer = json!({ "type": "message", "conversation": id, "counter": 1, "text": "Was kann ich tun?" });
    let answered = ask(&house, "send").by(&owner).frames(&[hello_operator(), answer]).send().await.is(200);
    assert_eq!(answered.frame("accepted")["conversation"], *id);

    // Two at once, in order; the answer says what came meanwhile too.
    let both = [visitor.after(1), message(2, "zwei"), message(3, "drei")];
    let answer = house.visitors_frames("send", &both).send().await.is(200);
    let said: Vec<String> = answer.frames().iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(said.iter().filter(|kind| *kind == "accepted").count(), 2, "{said:?}");
    assert_eq!(answer.frame("message")["text"], "Was kann ich tun?");
    let stored = house.entries(&owner, id.as_str().unwrap()).await;
    let texts: Vec<&str> = stored.iter().filter_map(|entry| entry["text"].as_str()).collect();
    assert_eq!(texts, ["Guten Tag", "Was kann ich tun?", "zwei", "drei"]);
}

async fn a_stream_tells_what_comes_as_it_comes(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let visitor = Requests::come(&house).await;
    let id = visitor.write(1, "hier").await["conversation"].as_str().unwrap().to_owned();
    let mut stream = house.visitors_frames("stream", &[visitor.after(1)]).open().await;
    stream.expect("current").await;
    let mut operator = house.follower(&owner, &id).await;
    for counter in 1..=3 {
        operator.say(json!({ "type": "typing", "conversation": id, "on": true })).await;
        assert_eq!(stream.expect("typing").await["on"], true);
        let text = format!("Antwort {counter}");
        operator.say(json!({ "type": "message", "conversation": id, "counter": counter, "text": text })).await;
        // The answer has not ended: it is heard while it is under way.
        assert_eq!(stream.expect("message").await["text"], text);
    }
}

async fn a_poll_ends_with_the_first_news(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let visitor = Requests::come(&house).await;
    let id = visitor.write(1, "hier").await["conversation"].as_str().unwrap().to_owned();
    // What was missed ends it at once.
    assert_eq!(
        house.visitors_frames("poll", &[visitor.after(0)]).send().await.is(200).frame("message")["text"],
        "hier"
    );
    let mut operator = house.follower(&owner, &id).await;
    let waiting = tokio::spawn(house.visitors_frames("poll", &[visitor.after(1)]).send());
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!waiting.is_finished(), "without news it waits");
    operator.say(json!({ "type": "message", "conversation": id, "counter": 1, "text": "Neues" })).await;
    let answer = tokio::time::timeout(std::time::Duration::from_secs(5), waiting).await.unwrap().unwrap().is(200);
    assert_eq!(answer.frames().iter().filter(|frame| frame["type"] == "message").count(), 1);
    assert_eq!(answer.frame("message")["text"], "Neues");
}

async fn a_request_that_is_sent_again_stores_nothing_twice(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let visitor = Requests::come(&house).await;
    let first = visitor.write(1, "einmal").await;
    let again = visitor.write(1, "einmal").await;
    assert_eq!((&first["sequence"], &first["at"]), (&again["sequence"], &again["at"]));
    let stored = house.entries(&owner, first["conversation"].as_str().unwrap()).await;
    assert_eq!(stored.len(), 1);
    // One that is missing is named, and nothing behind it is stored.
    let gap =
        house.visitors_frames("send", &[visitor.after(1), message(3, "zu früh")]).send().await.is(200).frame("problem");
    assert_eq!((&gap["code"], &gap["expected"]), (&json!("counter_gap"), &json!(2)));
}

async fn whoever_polls_is_there_in_between(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let visitor = Requests::come(&house).await;
    let id = visitor.write(1, "hier").await["conversation"].as_str().unwrap().to_owned();
    house.visitors_frames("poll", &[visitor.after(0)]).send().await.is(200).frame("message");
    assert_eq!(house.row(&owner, &id).await["visitor_online"], true, "the poll has ended a moment ago");
    house.operator(&owner).await;
    let mut socket = house.follower(&owner, &id).await;
    house.visitors_frames("poll", &[visitor.after(0)]).send().await.is(200).frame("message");
    let heard = socket.drain().await;
    assert!(heard.iter().all(|frame| frame["type"] != "presence" || frame["online"] == true), "{heard:?}");
}

async fn a_second_window_hears_the_first_message_of_the_first(on: On) {
    let house = House::new(&Plan::on(on));
    let visitor = Requests::come(&house).await;
    let mut stream = house.visitors_frames("stream", std::slice::from_ref(&visitor.hello)).open().await;
    stream.expect("welcome").await;
    let mut other = house.visitors_socket().await;
    let mut hello = visitor.hello.clone();
    hello["sender"] = sender().into();
    other.say(hello).await;
    other.expect("welcome").await;
    visitor.write(1, "aus dem ersten Fenster").await;
    assert_eq!(stream.expect("message").await["text"], "aus dem ersten Fenster");
    assert_eq!(other.expect("message").await["text"], "aus dem ersten Fenster");
    assert_eq!(other.expect("current").await["last_sequence"], 1);
    // And what comes next, as any window does.
    visitor.write(2, "noch etwas").await;
    assert_eq!(other.expect("message").await["text"], "noch etwas");
}

async fn a_stream_is_told_of_the_end_and_goes_on_behind_it(on: On) {
    let house = House::new(&Plan::on(on));
    let visitor = Requests::come(&house).await;
    visitor.write(1, "vorher").await;
    let mut stream = house.visitors_frames("stream", &[visitor.after(1)]).open().await;
    stream.expect("current").await;
    assert!(house.terminate().success());
    let problem = stream.expect("problem").await;
    assert_eq!((&problem["code"], &problem["fatal"]), (&json!("restarting"), &json!(true)));
    assert!(stream.next().await.is_none());
    house.start();
    visitor.write(2, "nachher").await;
    let missed = house.visitors_frames("poll", &[visitor.after(1)]).send().await.is(200);
    assert_eq!(missed.frame("message")["text"], "nachher");
}

async fn a_page_of_another_origin_gets_no_frame(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let hello = hello_visitor(&house.ours().widget, &sender());
    let own = || ask(house, "send").host(&house.widget_host()).frames(std::slice::from_ref(&hello));
    own().header("origin", &house.widget_origin()).send().await.is(200).frame("welcome");
    for origin in ["https://evil.example", "null", "", &house.app_origin()] {
        let refused = own().header("origin", origin).send().await.is(403);
        assert!(refused.header("access-control-allow-origin").is_none());
    }
    own().send().await.is(403);
    let Caller::Browser(secret) = &owner else { unreachable!("a person signs in with a browser") };
    let operators = || ask(house, "send").cookie(secret).frames(&[hello_operator()]);
    operators().with_own_origin().send().await.is(200).frame("welcome");
    for origin in ["https://evil.example", "null", &house.widget_origin()] {
        operators().header("origin", origin).send().await.is(403);
    }
    operators().send().await.is(403);
}

async fn whoever_is_not_signed_in_gets_no_frame(on: On) {
    let house = House::shared(on);
    ask(house, "send").by(&house.program()).frames(&[hello_operator()]).send().await.is(200).frame("welcome");
    for nobody in [Caller::Nobody, Caller::Program("made-up".to_owned()), Caller::Browser("made-up".to_owned())] {
        ask(house, "send").by(&nobody).frames(&[hello_operator()]).send().await.is(401);
    }
    // A visitor's token is no operator's.
    let visitor = Requests::come(house).await;
    let token = visitor.hello["token"].as_str().unwrap().to_owned();
    ask(house, "send").by(&Caller::Program(token)).frames(&[hello_operator()]).send().await.is(401);
    // And a token that was made up opens no conversation.
    let mut forged = visitor.hello.clone();
    forged["token"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
    let problem = house.visitors_frames("send", &[forged]).send().await.is(200).frame("problem");
    assert_eq!(problem["code"], "token_invalid");
}

async fn an_agent_reaches_no_more_over_requests_than_over_a_socket(on: On) {
    let house = House::new(&Plan::on(on));
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let visitor = Requests::come(&house).await;
    let id = visitor.write(1, "vertraulich").await["conversation"].as_str().unwrap().to_owned();
    let follow = json!({ "type": "follow", "conversation": id, "after": 0 });
    let look = || ask(&house, "send").by(&agent).frames(&[hello_operator(), follow.clone()]);
    assert_eq!(look().send().await.is(200).frame("message")["text"], "vertraulich", "nobody has taken it yet");
    let colleague = house.id_of(&owner, &house.ours().colleague).await;
    house.assign(&owner, &id, Some(&colleague)).await.is(200);
    let refused = look().send().await.is(200);
    assert_eq!(refused.frame("problem")["code"], "forbidden");
    assert!(!refused.text().contains("vertraulich"));
    // And a poll does not end with it, or whoever polls would ask again at once, for ever.
    let poll = ask(&house, "poll").by(&agent).frames(&[hello_operator(), follow.clone()]).send();
    tokio::time::timeout(std::time::Duration::from_secs(2), poll).await.expect_err("it waits for news");
    let write = json!({ "type": "message", "conversation": id, "counter": 1, "text": "darf ich nicht" });
    let refused = ask(&house, "send").by(&agent).frames(&[hello_operator(), write]).send().await.is(200);
    assert_eq!(refused.frame("problem")["code"], "forbidden");
    assert!(house.entries(&owner, &id).await.iter().all(|entry| entry["text"] != "darf ich nicht"));
}

async fn what_is_no_frame_changes_nothing(on: On) {
    let house = House::shared(on);
    let hello = hello_visitor(&house.ours().widget, &sender());
    let page = |mode: &str| ask(house, mode).host(&house.widget_host()).header("origin", &house.widget_origin());
    for kind in ["text/plain", "application/json", "application/x-www-form-urlencoded"] {
        page("send").body(kind, hello.to_string().as_bytes()).send().await.is(415);
    }
    for mode in ["", "SEND", "all", "send&mode=poll"] {
        page(mode).frames(std::slice::from_ref(&hello)).send().await.is(400);
    }
    page("send").body("application/x-ndjson", &[0xff, 0xfe]).send().await.is(415);
    page("send").body("application/x-ndjson", &vec![b'\n'; 70_000]).send().await.is(413);
    let flood = vec![json!({ "type": "typing", "on": true }); 65];
    page("send").frames(&[std::slice::from_ref(&hello), &flood[..]].concat()).send().await.is(413);
    for (body, code) in [
        ("", "malformed"),
        ("{}", "malformed"),
        ("[[[[", "malformed"),
        ("{\"type\":\"ping\"}", "hello_expected"),
        ("not json at all", "malformed"),
    ] {
        let answer = page("send").body("application/x-ndjson", body.as_bytes()).send().await.is(200);
        assert_eq!(answer.frames().len(), 1, "{body}");
        assert_eq!(answer.frame("problem")["code"], code, "{body}");
        assert_eq!(answer.frame("problem")["fatal"], true, "{body}");
    }
    // Bad frames behind a good hello end the request; those before them count.
    let frames = format!("{hello}\n{}\n{{}}\n{}\n", message(1, "gilt"), message(2, "gilt nicht"));
    let answer = page("send").body("application/x-ndjson", frames.as_bytes()).send().await.is(200);
    assert_eq!(answer.frame("accepted")["counter"], 1);
    assert_eq!(answer.frame("problem")["code"], "malformed");
    assert!(answer.frames().iter().filter(|frame| frame["type"] == "accepted").count() == 1);
    for method in ["GET", "PUT", "DELETE"] {
        let status = house.ask(method, "/frames?mode=send").host(&house.widget_host()).send().await.status;
        assert!((400..500).contains(&status), "{method}: {status}");
    }
}
