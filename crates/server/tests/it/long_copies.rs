//! A copy that takes long, while whoever asked for it is signed out: no more of it is sent (SA3).

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::harness::{Caller, House, On, Plan, run};

/// More than what lies between two programs on the way.
const NOTES: usize = 300;
const CHARACTERS: usize = 10_000;
/// How often a copy looks whether it may go on, and a little more.
const LOOKED: Duration = Duration::from_millis(2_500);
const END: &[u8] = b"\"type\":\"end\"";

/// Much of it, so that most of a copy is still to be sent when the reader has seen its beginning.
async fn write_much(house: &House, owner: &Caller) {
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut socket = house.operator(owner).await;
    let text = "😀".repeat(CHARACTERS);
    for counter in 1..=NOTES {
        let note = json!({ "type": "message", "counter": counter, "conversation": id, "text": text, "note": true });
        socket.say(note).await;
        socket.expect("accepted").await;
    }
}

/// Asks for it and reads its first bytes.
async fn begun(house: &House, by: &Caller) -> (TcpStream, Vec<u8>) {
    let mut stream = house.ask("GET", "/api/organisation/export?format=jsonl").by(by).sent().await.unwrap();
    let mut bytes = vec![0; 4_096];
    stream.read_exact(&mut bytes).await.unwrap();
    assert!(bytes.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&bytes));
    (stream, bytes)
}

async fn rest(mut stream: TcpStream, mut bytes: Vec<u8>) -> Vec<u8> {
    // Whoever is cut off may be told so by a reset.
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

fn has_end(bytes: &[u8]) -> bool {
    bytes.windows(END.len()).any(|window| window == END)
}

#[test]
fn a_copy_ends_with_the_session_or_the_token_that_asked_for_it() {
    run(async {
        let house = House::new(&Plan::on(On::Sqlite));
        let owner = house.sign_in(&house.ours().owner).await;
        write_much(&house, &owner).await;
        let (stream, bytes) = begun(&house, &owner).await;
        tokio::time::sleep(LOOKED).await;
        let whole = rest(stream, bytes).await;
        assert!(has_end(&whole), "whoever stays gets all of it: {} bytes", whole.len());

        let leaving = house.sign_in(&house.ours().owner).await;
        let (stream, bytes) = begun(&house, &leaving).await;
        house.ask("DELETE", "/api/session").by(&leaving).send().await.is(204);
        tokio::time::sleep(LOOKED).await;
        let part = rest(stream, bytes).await;
        assert!(!has_end(&part), "{} of {}", part.len(), whole.len());

        // A program whose token is taken back.
        let areas = ["privacy", "team", "widgets", "snippets", "conversations"];
        let rights = areas.map(|capability| json!({ "capability": capability, "level": "read" }));
        let body = json!({ "name": "Import", "days": 30, "password": crate::harness::PASSWORD, "rights": rights });
        let made = house.ask("POST", "/api/programs").by(&owner).json(&body).send().await.is(201).json();
        let program = Caller::Program(made["token"].as_str().unwrap().to_owned());
        let (stream, bytes) = begun(&house, &program).await;
        let path = format!("/api/programs/{}", made["program"]["id"].as_str().unwrap());
        house.ask("DELETE", &path).by(&owner).send().await.is(204);
        tokio::time::sleep(LOOKED).await;
        assert!(!has_end(&rest(stream, bytes).await));
    });
}
