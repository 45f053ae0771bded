//! The bus is killed, held up or cut: chat goes on by the sweep, and nobody seems to have gone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Proxy, eventually};

use super::Two;
use crate::harness::{Socket, run};

/// With the bus away, news come by the sweep within.
const BY_THE_SWEEP: Duration = Duration::from_secs(2);
/// Longer than a node may be silent before it is forgotten.
const AWAY_FOR: Duration = Duration::from_secs(19);
/// The bus is noticed to be back, and everybody told who is there, within.
const RIGHT_AGAIN: Duration = Duration::from_secs(12);

/// All four beside each other: most of it is waiting.
#[test]
fn chat_goes_on_while_the_bus_is_dead_held_up_cut_or_swallowing() {
    // Built before anybody waits: building holds everything up.
    let [dead, held_up, cut, swallowing] = [(); 4].map(|()| Two::new());
    run(async {
        tokio::join!(
            chat_goes_on(dead, "dead", |two| two.nats.kill(), |two| two.nats.revive()),
            chat_goes_on(held_up, "held up", |two| two.nats.stop(), |two| two.nats.resume()),
            chat_goes_on(
                cut,
                "cut",
                |two| two.lines.iter().for_each(Proxy::cut),
                |two| two.lines.iter().for_each(Proxy::mend)
            ),
            chat_goes_on(
                swallowing,
                "swallowing",
                |two| two.lines.iter().for_each(Proxy::blackhole),
                |two| two.lines.iter().for_each(Proxy::mend)
            ),
        );
    });
}

#[test]
fn what_is_said_right_after_a_node_has_started_is_heard_without_the_bus() {
    run(async {
        let two = Two::new();
        let agent = two.a.sign_in(&two.ours().agent).await;
        let (mut visitor, id) = two.a.conversation(two.ours(), "Hallo").await;
        two.lines.iter().for_each(Proxy::cut);
        for turn in 1..=3 {
            two.b.kill();
            two.b.start();
            let mut operator = two.b.follower(&agent, &id).await;
            let text = format!("Frage {turn}");
            visitor.write(&text).await;
            let since = Instant::now();
            operator.expect_where("message", |message| message["text"] == text.as_str()).await;
            assert!(since.elapsed() < BY_THE_SWEEP, "{:?}", since.elapsed());
        }
    });
}

/// One node alone without the bus cannot be told from a dead one: it is forgotten as such, and known again when it is back.
#[test]
fn a_node_that_alone_is_cut_off_chats_on_and_its_people_are_known_again_when_it_is_back() {
    run(async {
        let two = Two::new();
        let agent = two.b.sign_in(&two.ours().agent).await;
        let (mut visitor, id) = two.a.conversation(two.ours(), "Hallo").await;
        let mut operator = two.b.follower(&agent, &id).await;
        eventually(Duration::from_secs(5), "the visitor is known", async || {
            two.b.row(&agent, &id).await["visitor_online"] == true
        })
        .await;
        presence(&mut operator).await;
        two.lines[0].cut();
        visitor.write("Noch da?").await;
        let since = Instant::now();
        operator.expect_where("message", |message| message["text"] == "Noch da?").await;
        assert!(since.elapsed() < BY_THE_SWEEP, "{:?}", since.elapsed());
        assert_eq!(operator.expect("presence").await["online"], false);
        two.lines[0].mend();
        assert_eq!(operator.expect("presence").await["online"], true);
    });
}

/// What came of presence since the last time.
async fn presence(socket: &mut Socket) -> Vec<Value> {
    socket.drain().await.into_iter().filter(|frame| frame["type"] == "presence").collect()
}

async fn chat_goes_on(two: Two, how: &str, goes: impl Fn(&Two), comes_back: impl Fn(&Two)) {
    let (agent, colleague) = (two.b.sign_in(&two.ours().agent).await, two.b.sign_in(&two.ours().colleague).await);
    let (mut visitor, id) = two.a.conversation(two.ours(), "Hallo").await;
    let mut operator = two.b.follower(&agent, &id).await;
    let mut list = two.b.operator(&colleague).await;
    eventually(Duration::from_secs(5), "everybody knows of everybody", async || {
        two.a.visitor(two.ours()).await.welcome["presence"] == true
            && two.b.row(&agent, &id).await["visitor_online"] == true
    })
    .await;
    presence(&mut visitor.socket).await;
    presence(&mut operator).await;

    goes(&two);
    let away = Instant::now();
    let (mut delays, mut turn) = (Vec::new(), 0);
    while away.elapsed() < AWAY_FOR {
        turn += 1;
        let since = Instant::now();
        visitor.send(&format!("Frage {turn}")).await;
        operator.expect_where("message", |message| message["text"] == format!("Frage {turn}").as_str()).await;
        delays.push(since.elapsed());
        let since = Instant::now();
        let text = format!("Antwort {turn}");
        operator.say(json!({ "type": "message", "conversation": id, "counter": turn, "text": text })).await;
        visitor.socket.expect_where("message", |message| message["text"] == text.as_str()).await;
        delays.push(since.elapsed());
    }
    delays.sort_unstable();
    let (median, worst) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    eprintln!("the bus is {how}: {median:?} in the median, {worst:?} at most");
    assert!(worst < BY_THE_SWEEP, "{worst:?}");
    let since = Instant::now();
    let (_other, new) = two.a.conversation(two.ours(), "Ist noch jemand da?").await;
    list.expect_where("conversation", |row| row["id"] == new.as_str()).await;
    assert!(since.elapsed() < BY_THE_SWEEP, "a new row comes as soon: {:?}", since.elapsed());
    assert_eq!(presence(&mut visitor.socket).await, Vec::<Value>::new(), "nobody seems to have gone");
    assert_eq!(presence(&mut operator).await, Vec::<Value>::new(), "nobody seems to have gone");
    assert_eq!(two.a.visitor(two.ours()).await.welcome["presence"], true);

    // One goes and one comes while nobody can tell it.
    drop(visitor);
    comes_back(&two);
    let since = Instant::now();
    let gone = operator.expect("presence").await;
    assert_eq!(gone, json!({ "type": "presence", "online": false, "conversation": id }));
    eventually(RIGHT_AGAIN, "who came meanwhile is there", async || {
        two.b.row(&agent, &new).await["visitor_online"] == true
    })
    .await;
    assert!(since.elapsed() < RIGHT_AGAIN, "{:?}", since.elapsed());
    assert_eq!(two.b.row(&agent, &id).await["visitor_online"], false);
    eprintln!("the bus was {how}: who is there was right {:?} after it was back", since.elapsed());
}
