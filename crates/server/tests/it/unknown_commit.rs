//! The database has committed, and the line broke before it could say so: nobody is told that it is stored, asking again is
//! safe, and everybody hears of it once (L1, SR8).

use serde_json::{Value, json};
use testkit::{Break, PostgresProxy};

use crate::harness::{House, On, Plan, run};

/// Runs in every transaction that stores a message or an event of a conversation, and in no other.
const STORES: &str = "INSERT INTO message";

/// A house whose data are reached through a proxy.
fn house() -> (PostgresProxy, House) {
    let mut house = House::closed(&Plan::on(On::Postgres));
    let (data, _) = std::sync::Arc::get_mut(house.databases.as_mut().unwrap()).unwrap();
    let proxy = PostgresProxy::before(&data.url);
    data.url = proxy.url().to_owned();
    house.start();
    (proxy, house)
}

fn texts(frames: &[Value]) -> Vec<&str> {
    let messages = frames.iter().filter(|frame| frame["type"] == "message");
    messages.map(|frame| frame["text"].as_str().unwrap()).collect()
}

async fn lost_message(kind: Break, is_stored: bool) {
    let (proxy, house) = house();
    let owner = house.sign_in(&house.ours().owner).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Guten Tag").await;
    let mut operator = house.follower(&owner, &id).await;
    assert_eq!(texts(&operator.drain().await), ["Guten Tag"]);

    proxy.break_at_touching(kind, 1, STORES);
    let counter = visitor.send("Wo bleibt mein Paket?").await;
    let problem = visitor.socket.expect("problem").await;
    assert_eq!((&problem["code"], &problem["counter"]), (&json!("unavailable"), &json!(counter)), "{problem}");
    assert_eq!(problem["fatal"], false, "{problem}");
    let wait = problem["retry_after_ms"].as_u64().unwrap_or_else(|| panic!("it says when to try again: {problem}"));
    assert_eq!(proxy.broken(), 1);
    assert_eq!(house.entries(&owner, &id).await.len(), 1 + usize::from(is_stored), "{kind:?}");
    assert_eq!(texts(&operator.drain().await), [""; 0], "nobody was told of what is not known");

    tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
    let again = json!({ "type": "message", "counter": counter, "text": "Wo bleibt mein Paket?" });
    visitor.socket.say(again.clone()).await;
    let accepted = visitor.socket.expect("accepted").await;
    assert_eq!((&accepted["counter"], &accepted["sequence"]), (&json!(counter), &json!(2)), "{accepted}");
    let heard = operator.expect("message").await;
    assert_eq!((&heard["text"], &heard["sequence"]), (&json!("Wo bleibt mein Paket?"), &json!(2)));

    // Once more, as a client does that missed this acknowledgement too.
    visitor.socket.say(again).await;
    assert_eq!(visitor.socket.expect("accepted").await["sequence"], 2);
    visitor.write("Hallo?").await;
    assert_eq!(operator.expect("message").await["text"], "Hallo?", "the one before was heard once");
    assert_eq!(texts(&operator.drain().await), [""; 0]);
    let entries = house.entries(&owner, &id).await;
    assert_eq!(texts(&entries), ["Guten Tag", "Wo bleibt mein Paket?", "Hallo?"]);
}

#[test]
fn a_message_whose_commit_was_not_confirmed_is_sent_again_stored_once_and_heard_once() {
    run(lost_message(Break::AfterCommit, true));
}

#[test]
fn so_is_one_whose_commit_never_arrived() {
    run(lost_message(Break::BeforeCommit, false));
}

#[test]
fn a_first_message_whose_commit_was_not_confirmed_begins_one_conversation_that_is_heard_of() {
    run(async {
        let (proxy, house) = house();
        let owner = house.sign_in(&house.ours().owner).await;
        let mut operator = house.operator(&owner).await;
        let mut visitor = house.visitor(house.ours()).await;
        proxy.break_at_touching(Break::AfterCommit, 1, STORES);
        visitor.send("Guten Tag").await;
        let problem = visitor.socket.expect("problem").await;
        assert_eq!((&problem["code"], &problem["counter"]), (&json!("unavailable"), &json!(1)), "{problem}");
        visitor.socket.say(json!({ "type": "message", "counter": 1, "text": "Guten Tag" })).await;
        let accepted = visitor.socket.expect("accepted").await;
        assert_eq!(accepted["sequence"], 1, "{accepted}");
        let row = operator.expect_where("conversation", |row| row["id"] == accepted["conversation"]).await;
        assert_eq!((&row["preview"], &row["unread"]), (&json!("Guten Tag"), &json!(1)));
        let all = house.ask("GET", "/api/conversations?list=all").by(&owner).send().await.is(200).json();
        assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "{all}");
    });
}

#[test]
fn an_assignment_whose_commit_was_not_confirmed_is_a_problem_and_the_list_tells_what_is_so() {
    run(async {
        for (kind, is_done) in [(Break::AfterCommit, true), (Break::BeforeCommit, false)] {
            let (proxy, house) = house();
            let owner = house.sign_in(&house.ours().owner).await;
            let (_visitor, id) = house.conversation(house.ours(), "Guten Tag").await;
            let agent = house.id_of(&owner, &house.ours().agent).await;
            proxy.break_at_touching(kind, 1, STORES);
            let answer = house.assign(&owner, &id, Some(&agent)).await.is(503);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert_eq!((answer.header("retry-after"), &answer.json()["status"]), (Some("1"), &json!(503)));
            assert_eq!(proxy.broken(), 1);

            let assignee = async || {
                let all = house.ask("GET", "/api/conversations?list=all").by(&owner).send().await.is(200).json();
                let row = all["items"].as_array().unwrap().iter().find(|row| row["id"] == id.as_str()).cloned();
                row.unwrap_or_else(|| panic!("it is in the list: {all}"))["assignee"]["name"].clone()
            };
            let expected = if is_done { json!("Ben Agent") } else { Value::Null };
            assert_eq!(assignee().await, expected, "{kind:?}");
            let answer = house.assign(&owner, &id, Some(&agent)).await;
            assert!((200..300).contains(&answer.status), "asking again is safe: {}", answer.text());
            assert_eq!(assignee().await, json!("Ben Agent"));
            let entries = house.entries(&owner, &id).await;
            let events = entries.iter().filter(|entry| entry["event"] == "assigned").count();
            assert_eq!(events, 1, "{kind:?}: it happened once: {entries:?}");
        }
    });
}
