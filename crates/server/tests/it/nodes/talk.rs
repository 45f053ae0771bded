//! A visitor at one node, an operator at another.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::eventually;

use super::Two;
use crate::harness::{Caller, House, hello_visitor, run, sender};

/// News that the bus brings take no second.
const AT_ONCE: Duration = Duration::from_millis(700);

#[test]
fn a_visitor_at_one_node_and_an_operator_at_another_talk() {
    run(async {
        let two = Two::new();
        let agent = two.b.sign_in(&two.ours().agent).await;
        let mut visitor = two.a.visitor(two.ours()).await;
        let mut window = two.b.again(&visitor, 0).await;
        let mut operator = two.b.operator(&agent).await;

        let accepted = visitor.write("Guten Tag!").await;
        let id = accepted["conversation"].as_str().unwrap().to_owned();
        let first = window.socket.expect("message").await;
        assert_eq!(
            (&first["text"], &first["sequence"]),
            (&json!("Guten Tag!"), &json!(1)),
            "the other window hears it"
        );
        let row = operator.expect_where("conversation", |row| row["id"] == id.as_str()).await;
        assert_eq!((&row["state"], &row["preview"], &row["unread"]), (&json!("new"), &json!("Guten Tag!"), &json!(1)));
        assert_eq!(operator.expect_where("counts", |counts| counts["unassigned"] == 1).await["mine"], 0);

        operator.say(json!({ "type": "follow", "conversation": id, "after": 0 })).await;
        assert_eq!(operator.expect("message").await["text"], "Guten Tag!");
        operator.say(json!({ "type": "seen", "conversation": id, "sequence": 1 })).await;
        let seen = visitor.socket.expect("seen").await;
        assert_eq!((&seen["who"], &seen["sequence"]), (&json!("team"), &json!(1)));
        visitor.socket.say(json!({ "type": "typing", "on": true })).await;
        let typing = operator.expect("typing").await;
        assert_eq!((&typing["who"], &typing["on"]), (&json!("visitor"), &json!(true)));
        operator.say(json!({ "type": "typing", "conversation": id, "on": true })).await;
        let typing = visitor.socket.expect("typing").await;
        assert_eq!((&typing["who"], &typing["name"]), (&json!("operator"), &json!("Ben Agent")));

        let mut delays = Vec::new();
        for turn in 1..=50 {
            let text = format!("Frage {turn}");
            let since = Instant::now();
            visitor.send(&text).await;
            operator.expect_where("message", |message| message["text"] == text.as_str()).await;
            delays.push(since.elapsed());
            let text = format!("Antwort {turn}");
            let since = Instant::now();
            operator.say(json!({ "type": "message", "conversation": id, "counter": turn, "text": text })).await;
            visitor.socket.expect_where("message", |message| message["text"] == text.as_str()).await;
            delays.push(since.elapsed());
        }
        delays.sort_unstable();
        let (median, worst) = (delays[delays.len() / 2], delays[delays.len() - 1]);
        eprintln!("from node to node: {median:?} in the median, {worst:?} at most");
        assert!(median < AT_ONCE, "the bus brings it, not the sweep: {median:?}");

        visitor.socket.say(json!({ "type": "seen", "sequence": 102 })).await;
        let seen = operator.expect_where("seen", |seen| seen["who"] == "visitor" && seen["sequence"] == 102).await;
        assert_eq!(seen["conversation"], id.as_str());
        // Both windows and the operator hold the same, at both nodes.
        let stored = two.a.entries(&agent, &id).await;
        assert_eq!(stored.len(), 102, "50 questions, 50 answers, the first word and who took it");
        for house in [&two.a, &two.b] {
            let mut back = house.again(&visitor, 0).await;
            back.socket.expect("current").await;
            assert_eq!(numbers(&back.socket.drain().await), (1..=102).collect::<Vec<_>>());
        }
        assert_eq!(numbers(&window.socket.drain().await), (2..=102).collect::<Vec<_>>());
    });
}

#[test]
fn what_a_visitor_saw_at_one_node_is_not_taken_back_by_a_row_from_another() {
    run(async {
        let two = Two::new();
        let agent = two.b.sign_in(&two.ours().agent).await;
        let (mut visitor, id) = two.a.conversation(two.ours(), "Guten Tag!").await;
        let mut operator = two.b.follower(&agent, &id).await;
        for counter in [1, 2] {
            operator.say(json!({ "type": "message", "conversation": id, "counter": counter, "text": "Hallo" })).await;
            let last = visitor.socket.expect("message").await["sequence"].as_i64().unwrap();
            visitor.socket.say(json!({ "type": "seen", "sequence": last })).await;
            operator.expect_where("seen", |seen| seen["who"] == "visitor" && seen["sequence"] == last).await;
            operator.drain().await;
            let text = format!("Danke {counter}");
            visitor.send(&text).await;
            let row = operator.expect_where("conversation", |row| row["preview"] == text.as_str()).await;
            assert_eq!(row["visitor_seen"], last);
        }
    });
}

fn numbers(frames: &[Value]) -> Vec<i64> {
    let entries = frames.iter().filter(|frame| frame["type"] == "message" || frame["type"] == "event");
    entries.map(|frame| frame["sequence"].as_i64().unwrap()).collect()
}

#[test]
fn what_is_given_away_at_one_node_leaves_the_list_at_another() {
    run(async {
        let two = Two::new();
        let owner = two.a.sign_in(&two.ours().owner).await;
        let (agent, colleague) = (two.b.sign_in(&two.ours().agent).await, two.b.sign_in(&two.ours().colleague).await);
        let (first, second) =
            (two.a.id_of(&owner, &two.ours().agent).await, two.a.id_of(&owner, &two.ours().colleague).await);
        // By the bus, and by the sweep where the bus is away.
        for line in [None, Some(&two.lines[1])] {
            let (_visitor, id) = two.a.conversation(two.ours(), "Wer hilft mir?").await;
            let (mut mine, mut theirs) = (two.b.operator(&agent).await, two.b.operator(&colleague).await);
            if let Some(line) = line {
                line.cut();
            }
            two.a.assign(&owner, &id, Some(&first)).await.is(200);
            let is_mine = |row: &Value| row["id"] == id.as_str() && row["assignee"]["name"] == "Ben Agent";
            mine.expect_where("conversation", is_mine).await;
            theirs.expect_where("removed", |removed| removed["conversation"] == id.as_str()).await;
            mine.expect_where("counts", |counts| counts["mine"] == 1).await;
            two.a.assign(&owner, &id, Some(&second)).await.is(200);
            let since = Instant::now();
            mine.expect_where("removed", |removed| removed["conversation"] == id.as_str()).await;
            eprintln!("gone from the list after {:?}", since.elapsed());
            let is_theirs = |row: &Value| row["id"] == id.as_str() && row["assignee"]["name"] == "Cem Agent";
            theirs.expect_where("conversation", is_theirs).await;
            mine.expect_where("counts", |counts| counts["mine"] == 0).await;
            let rows = two.b.ask("GET", "/api/conversations?list=mine").by(&agent).send().await.is(200).json();
            assert_eq!(rows["items"].as_array().unwrap().len(), 0);
        }
    });
}

#[test]
fn whoever_is_asked_in_and_sent_away_at_one_node_hears_of_it_at_another() {
    run(async {
        let two = Two::new();
        let owner = two.a.sign_in(&two.ours().owner).await;
        let agent = two.b.sign_in(&two.ours().agent).await;
        let me = two.a.id_of(&owner, &two.ours().owner).await;
        let guest = two.a.id_of(&owner, &two.ours().agent).await;
        // By the bus, and by the sweep where the bus is away.
        for line in [None, Some(&two.lines[1])] {
            let (mut visitor, id) = two.a.conversation(two.ours(), "Wer hilft mir?").await;
            two.a.assign(&owner, &id, Some(&me)).await.is(200);
            let mut desk = two.b.operator(&agent).await;
            if let Some(line) = line {
                line.cut();
            }
            let path = format!("/api/conversations/{id}/guests/{guest}");
            two.a.ask("PUT", &path).by(&owner).send().await.is(200);
            desk.expect_where("conversation", |row| row["id"] == id.as_str() && row["guests"][0]["id"] == guest).await;
            desk.say(json!({ "type": "follow", "conversation": id, "after": 0 })).await;
            visitor.write("Noch jemand da?").await;
            desk.expect_where("message", |frame| frame["text"] == "Noch jemand da?").await;
            two.a.ask("DELETE", &path).by(&owner).send().await.is(200);
            desk.expect_where("removed", |removed| removed["conversation"] == id.as_str()).await;
            visitor.write("Und jetzt?").await;
            let heard = desk.drain().await;
            assert!(!heard.iter().any(|frame| frame.to_string().contains("Und jetzt?")), "{heard:?}");
        }
    });
}

/// What a page is told of a widget.
async fn published(house: &House) -> Value {
    let path = format!("/config/{}.json", house.ours().widget);
    house.ask("GET", &path).host(&house.widget_host()).send().await.is(200).json()
}

#[test]
fn settings_changed_at_one_node_show_at_another_at_once() {
    run(async {
        let two = Two::new();
        let owner = two.a.sign_in(&two.ours().owner).await;
        let watching = two.b.sign_in(&two.ours().agent).await;
        // Everything is at hand at B before it changes: the settings, and the name in a row of the list.
        let before = published(&two.b).await;
        let (mut visitor, id) = two.b.conversation(two.ours(), "Hallo").await;
        let mut operator = two.b.operator(&watching).await;
        let path = format!("/api/widgets/{}", two.ours().widget);
        let change = json!({ "greeting": "Moin!", "name": "Startseite" });
        two.a.ask("PATCH", &path).by(&owner).json(&change).send().await.is(200);
        let since = Instant::now();
        eventually(Duration::from_secs(2), "the greeting is the new one", async || {
            published(&two.b).await["greeting"] == "Moin!"
        })
        .await;
        assert!(since.elapsed() < AT_ONCE, "at once, not with the end of a lease: {:?}", since.elapsed());
        assert_ne!(before["greeting"], "Moin!");
        visitor.write("Noch da?").await;
        let row = operator.expect_where("conversation", |row| row["id"] == id.as_str()).await;
        assert_eq!(row["widget"]["name"], "Startseite");
    });
}

#[test]
fn a_widgets_new_name_shows_at_a_node_that_no_visitor_has_come_to() {
    run(async {
        let two = Two::new();
        let owner = two.a.sign_in(&two.ours().owner).await;
        let (mut visitor, id) = two.a.conversation(two.ours(), "Hallo").await;
        // B knows the widget by a row of the list alone.
        let before = two.b.row(&owner, &id).await["widget"]["name"].clone();
        let path = format!("/api/widgets/{}", two.ours().widget);
        two.a.ask("PATCH", &path).by(&owner).json(&json!({ "name": "Startseite" })).send().await.is(200);
        assert_ne!(before, "Startseite");
        visitor.write("Noch da?").await;
        eventually(Duration::from_secs(2), "the name is the new one", async || {
            two.b.row(&owner, &id).await["widget"]["name"] == "Startseite"
        })
        .await;
    });
}

#[test]
fn a_session_signed_out_at_one_node_ends_its_socket_at_another_within_five_seconds() {
    run(async {
        let two = Two::new();
        let agent = two.a.sign_in(&two.ours().agent).await;
        let mut operator = two.b.operator(&agent).await;
        let mut other = two.b.operator(&two.b.sign_in(&two.ours().agent).await).await;
        two.a.ask("DELETE", "/api/session").by(&agent).send().await.is(204);
        let since = Instant::now();
        let (problem, code) = operator.fatal().await;
        eprintln!("signed out after {:?}", since.elapsed());
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
        assert_eq!((&problem["code"], code), (&json!("unauthorised"), Some(1008)));
        other.drain().await;
        assert_eq!(two.b.ask("GET", "/api/session").by(&agent).send().await.status, 401);
    });
}

#[test]
fn parallel_first_messages_at_two_nodes_begin_one_conversation() {
    run(async {
        let two = Two::new();
        let owner = Caller::Program(two.ours().token.clone());
        for _ in 0..10 {
            let visitor = two.a.visitor(two.ours()).await;
            // Three windows at two nodes, and each says its first word twice: a retry that overtakes its answer.
            let windows = [(&two.a, sender()), (&two.b, sender()), (&two.b, visitor.sender.clone())];
            let mut sockets = Vec::new();
            for (house, sender) in &windows {
                let mut socket = house.visitors_socket().await;
                let mut hello = hello_visitor(&visitor.widget, sender);
                hello["token"] = visitor.token.as_str().into();
                socket.say(hello).await;
                socket.expect("welcome").await;
                sockets.push(socket);
            }
            for (socket, (_, sender)) in sockets.iter_mut().zip(&windows) {
                let frame = json!({ "type": "message", "counter": 1, "text": format!("Hallo von {sender}") });
                socket.say(frame.clone()).await;
                socket.say(frame).await;
            }
            let mut names = Vec::new();
            for socket in &mut sockets {
                let (first, again) = (socket.expect("accepted").await, socket.expect("accepted").await);
                assert_eq!((&first["sequence"], &first["at"]), (&again["sequence"], &again["at"]), "stored once");
                names.push(first["conversation"].as_str().unwrap().to_owned());
            }
            names.dedup();
            assert_eq!(names.len(), 1, "one conversation: {names:?}");
            let stored = two.b.entries(&owner, &names[0]).await;
            let mut texts: Vec<&str> = stored.iter().filter_map(|entry| entry["text"].as_str()).collect();
            texts.sort_unstable();
            let mut expected: Vec<String> = windows.iter().map(|(_, sender)| format!("Hallo von {sender}")).collect();
            expected.sort_unstable();
            assert_eq!(texts, expected);
        }
        let all = two.b.ask("GET", "/api/conversations?list=all&limit=200").by(&owner).send().await.is(200).json();
        assert_eq!(all["items"].as_array().unwrap().len(), 10);
    });
}

#[test]
fn a_client_that_was_away_while_much_was_said_elsewhere_resumes_without_a_gap() {
    run(async {
        let two = Two::new();
        let agent = two.b.sign_in(&two.ours().agent).await;
        let (mut visitor, id) = two.a.conversation(two.ours(), "Ich komme morgen wieder").await;
        visitor.socket.drain().await;
        drop(std::mem::replace(&mut visitor.socket, two.a.visitors_socket().await));
        let mut operator = two.b.follower(&agent, &id).await;
        for counter in 1..=230 {
            let text = format!("Zeile {counter}");
            operator.say(json!({ "type": "message", "conversation": id, "counter": counter, "text": text })).await;
            operator.expect("accepted").await;
        }
        let mut back = two.a.again(&visitor, 1).await;
        assert_eq!(back.socket.expect("current").await["last_sequence"], 232);
        let frames = back.socket.drain().await;
        assert_eq!(numbers(&frames), (2..=232).collect::<Vec<_>>());
        let texts = frames.iter().filter_map(|frame| frame["text"].as_str());
        assert!(texts.eq((1..=230).map(|counter| format!("Zeile {counter}"))));
    });
}
