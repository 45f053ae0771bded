//! Who is there, known at every node.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::eventually;

use super::Two;
use crate::harness::run;

/// A node that was killed is forgotten within.
const FORGOTTEN: Duration = Duration::from_secs(20);

#[test]
fn each_side_hears_of_the_other_at_another_node_until_that_node_dies() {
    let [one, other] = [(); 2].map(|()| Two::new());
    run(async {
        tokio::join!(an_operators_node_dies(one), a_visitors_node_dies(other));
    });
}

async fn an_operators_node_dies(two: Two) {
    let agent = two.b.sign_in(&two.ours().agent).await;
    let mut visitor = two.a.visitor(two.ours()).await;
    assert_eq!(visitor.welcome["presence"], false);
    let operator = two.b.operator(&agent).await;
    assert_eq!(visitor.socket.expect("presence").await["online"], true);
    drop(operator);
    assert_eq!(visitor.socket.expect("presence").await["online"], false);
    let _operator = two.b.operator(&agent).await;
    assert_eq!(visitor.socket.expect("presence").await["online"], true);
    let since = Instant::now();
    two.b.kill();
    assert_eq!(visitor.socket.expect("presence").await["online"], false);
    eprintln!("the dead node's operator was forgotten after {:?}", since.elapsed());
    assert!(since.elapsed() < FORGOTTEN, "{:?}", since.elapsed());
    // It comes back with nobody, and then with somebody.
    two.b.start();
    let _operator = two.b.operator(&agent).await;
    assert_eq!(visitor.socket.expect("presence").await["online"], true);
}

async fn a_visitors_node_dies(two: Two) {
    let agent = two.b.sign_in(&two.ours().agent).await;
    let mut operator = two.b.operator(&agent).await;
    let (visitor, id) = two.a.conversation(two.ours(), "Hallo").await;
    eventually(Duration::from_secs(2), "the row says that the visitor is there", async || {
        two.b.row(&agent, &id).await["visitor_online"] == true
    })
    .await;
    operator.say(json!({ "type": "follow", "conversation": id, "after": 0 })).await;
    assert_eq!(operator.expect("presence").await["online"], true);
    drop(visitor.socket);
    assert_eq!(operator.expect("presence").await["online"], false);
    let back = two.a.again(&crate::harness::Visitor { socket: two.a.visitors_socket().await, ..visitor }, 1).await;
    assert_eq!(operator.expect("presence").await["online"], true);
    let since = Instant::now();
    two.a.kill();
    assert_eq!(operator.expect("presence").await["online"], false);
    eprintln!("the dead node's visitor was forgotten after {:?}", since.elapsed());
    assert!(since.elapsed() < FORGOTTEN, "{:?}", since.elapsed());
    assert_eq!(two.b.row(&agent, &id).await["visitor_online"], false);
    drop(back);
}

#[test]
fn a_node_that_ends_in_order_takes_its_people_with_it_at_once() {
    run(async {
        let two = Two::new();
        let agent = two.b.sign_in(&two.ours().agent).await;
        let mut visitor = two.a.visitor(two.ours()).await;
        let _operator = two.b.operator(&agent).await;
        assert_eq!(visitor.socket.expect("presence").await["online"], true);
        let since = Instant::now();
        two.b.ask_to_end();
        assert_eq!(visitor.socket.expect("presence").await["online"], false);
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    });
}
