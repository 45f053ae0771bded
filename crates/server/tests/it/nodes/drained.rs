//! Nodes that are taken down in order, one after the other: their clients go over to the other through a balancer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use testkit::{Balancer, Nats, eventually};

use crate::harness::{House, On, Plan, run};
use crate::kill::{FLAGS, Schedule, Stage, Victim, play};

/// Two nodes behind a balancer, which is their address.
fn behind_a_balancer() -> (Arc<Stage>, Arc<Balancer>) {
    let bus = Nats::start();
    let url = bus.url();
    let first = House::closed(&Plan { options: FLAGS, ..Plan::on(On::Postgres) });
    let second = first.join().with(&["--bus", &url]);
    let mut nodes = vec![first.with(&["--bus", &url]), second];
    let balancer = Arc::new(Balancer::before(&[nodes[0].address(), nodes[1].address()]));
    let door = nodes[0].door(balancer.address());
    for node in &mut nodes {
        node.public = balancer.address().port();
        node.start();
    }
    testkit::wait_until(Duration::from_secs(10), "both are up", || balancer.is_up(0) && balancer.is_up(1));
    (Arc::new(Stage { nodes, door: Some(door), database: None, bus: Some(bus) }), balancer)
}

#[test]
fn whoever_was_at_a_node_that_ends_goes_on_at_the_other() {
    let (stage, balancer) = behind_a_balancer();
    run(async {
        let door = stage.door.as_ref().unwrap();
        let agent = door.sign_in(&door.ours().agent).await;
        let mut visitors = Vec::new();
        for number in 0..10 {
            visitors.push(door.conversation(door.ours(), &format!("Hallo {number}")).await);
        }
        assert!(balancer.given(0) > 3 && balancer.given(1) > 3, "both have visitors");
        let node = &stage.nodes[0];
        node.ask_to_end();
        let (mut moved, mut stayed) = (0, 0);
        for (visitor, id) in &mut visitors {
            let frames = tokio::time::timeout(Duration::from_secs(1), visitor.socket.expect("problem")).await;
            let mut back = match frames {
                Ok(problem) => {
                    assert_eq!((&problem["code"], &problem["fatal"]), (&json!("restarting"), &json!(true)));
                    assert!(problem["retry_after_ms"].as_i64().is_some(), "{problem}");
                    moved += 1;
                    door.again(visitor, 0).await
                }
                Err(_) => {
                    stayed += 1;
                    door.again(visitor, 0).await
                }
            };
            back.socket.expect("current").await;
            assert_eq!(back.write("Noch da?").await["sequence"], 2);
            assert_eq!(door.entries(&agent, id).await.len(), 2);
        }
        eprintln!("{moved} were sent over, {stayed} stayed");
        assert!(moved > 0 && stayed > 0);
        assert!(node.terminate().success());
        node.start();
        eventually(Duration::from_secs(5), "it is given visitors again", async || balancer.is_up(0)).await;
    });
}

#[test]
fn a_rolling_restart_under_load_loses_nothing() {
    let (stage, _balancer) = behind_a_balancer();
    play(&stage, &Schedule::new(6, &[Victim::Restart])).is_good(6);
}
