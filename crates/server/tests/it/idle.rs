//! Ten thousand sockets that do nothing (SB2).

use std::time::{Duration, Instant};

use crate::harness::{House, On, Plan, run};

const SOCKETS: usize = 10_000;
/// Opened at a time.
const TOGETHER: usize = 50;

#[test]
fn ten_thousand_idle_sockets_leave_the_service_answering() {
    run(async {
        let wide = ["--address-connections", "20000", "--address-sockets", "20000", "--address-requests", "20000"];
        let house = House::new(&Plan { options: &wide, ..Plan::on(On::Sqlite) });
        let (before, since) = (house.memory(), Instant::now());
        let mut idle = Vec::with_capacity(SOCKETS);
        while idle.len() < SOCKETS {
            let some = (0..TOGETHER).map(|_| house.visitor(house.ours()));
            idle.extend(futures_util::future::join_all(some).await);
        }
        let (opened, held) = (since.elapsed(), house.memory().saturating_sub(before));
        eprintln!("{SOCKETS} sockets in {opened:?}, {} bytes each", held / SOCKETS as u64);
        let owner = house.sign_in(&house.ours().owner).await;
        for _ in 0..5 {
            let asked = Instant::now();
            house.ask("GET", "/health").send().await.is(200);
            assert!(asked.elapsed() < Duration::from_secs(1), "health: {:?}", asked.elapsed());
            // A turn: the visitor writes, the operator hears it and answers, the visitor hears that.
            let asked = Instant::now();
            let (mut visitor, id) = house.conversation(house.ours(), "Ist jemand da?").await;
            let mut operator = house.follower(&owner, &id).await;
            operator
                .say(serde_json::json!({ "type": "message", "conversation": id, "counter": 1, "text": "Ja!" }))
                .await;
            assert_eq!(visitor.socket.expect("message").await["text"], "Ja!");
            assert!(asked.elapsed() < Duration::from_secs(1), "a turn: {:?}", asked.elapsed());
        }
        assert!(house.open_files() > SOCKETS, "they are still there");
        // Those who were idle wake up one by one, and find everything as it was.
        for visitor in idle.iter_mut().step_by(SOCKETS / 10) {
            visitor.write("Jetzt schreibe ich doch").await;
        }
        assert!(held < 1 << 30, "{held} bytes");
    });
}
