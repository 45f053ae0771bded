//! Somebody on the bus who is no node: shows nobody anything, breaks nothing.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{connect, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Two;
use crate::harness::{Caller, run};

const SUBJECT: &str = "diskret.v1";

/// A client of the bus that no node knows of.
struct Forger {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Forger {
    async fn at(two: &Two) -> Self {
        let mut forger = Self { stream: connect(two.nats.address()).await, heard: Vec::new() };
        let hello = format!("CONNECT {{\"verbose\":false}}\r\nSUB {SUBJECT} 1\r\n");
        forger.stream.write_all(hello.as_bytes()).await.unwrap();
        forger.settle().await;
        forger
    }

    /// Waits until the bus has taken everything.
    async fn settle(&mut self) {
        self.stream.write_all(b"PING\r\n").await.unwrap();
        let from = self.heard.len();
        while !String::from_utf8_lossy(&self.heard[from..]).contains("PONG\r\n") {
            assert!(self.stream.read_buf(&mut self.heard).await.unwrap() > 0, "the bus hung up");
        }
    }

    async fn say(&mut self, payload: &[u8]) {
        self.stream.write_all(format!("PUB {SUBJECT} {}\r\n", payload.len()).as_bytes()).await.unwrap();
        self.stream.write_all(payload).await.unwrap();
        self.stream.write_all(b"\r\n").await.unwrap();
    }

    async fn forge(&mut self, notices: &Value) {
        self.say(notices.to_string().as_bytes()).await;
    }

    /// Everything the nodes have told each other.
    fn notices(&self) -> Vec<Value> {
        let text = String::from_utf8_lossy(&self.heard);
        let arrays = text.lines().filter(|line| line.starts_with('['));
        arrays.filter_map(|line| serde_json::from_str::<Vec<Value>>(line).ok()).flatten().collect()
    }

    /// The next conversation of which a change is told that is none of these: its organisation and itself, as nodes name them.
    async fn overhear(&mut self, known: &[i64]) -> (i64, i64) {
        loop {
            self.settle().await;
            let changed = self.notices().into_iter().filter_map(|notice| notice.get("Changed").cloned());
            let mut named = changed.map(|pair| (pair[0].as_i64().unwrap(), pair[1].as_i64().unwrap()));
            if let Some(found) = named.find(|(_, conversation)| !known.contains(conversation)) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[test]
fn forged_notices_show_nobody_anything_and_break_nothing() {
    run(async {
        let two = Two::of(2);
        let mut forger = Forger::at(&two).await;
        let (ours, theirs) = (two.a.ours(), two.a.theirs());
        let owner = Caller::Program(ours.token.clone());
        let colleague = two.a.id_of(&owner, &ours.colleague).await;
        let agent = two.b.sign_in(&ours.agent).await;

        // Theirs; ours that the agent may not see; ours that the agent follows.
        let (mut stranger, _) = two.a.conversation(theirs, "Geheim bei den anderen").await;
        let (their_organisation, their_chat) = forger.overhear(&[]).await;
        let (mut hidden, hidden_name) = two.a.conversation(ours, "Geheim bei der Kollegin").await;
        two.a.assign(&owner, &hidden_name, Some(&colleague)).await.is(200);
        let (our_organisation, hidden_chat) = forger.overhear(&[their_chat]).await;
        let (mut visitor, name) = two.a.conversation(ours, "Hallo").await;
        let (_, chat) = forger.overhear(&[their_chat, hidden_chat]).await;
        assert!(their_organisation != our_organisation && hidden_chat != chat, "the forger knows what is what");
        let heard = String::from_utf8_lossy(&forger.heard).into_owned();
        assert!(!heard.contains("Geheim") && !heard.contains("Hallo"), "and not a word of what was said");

        let mut operator = two.b.follower(&agent, &name).await;
        eventually(Duration::from_secs(5), "it is quiet", async || operator.drain().await.is_empty()).await;
        let operators_number = {
            forger.settle().await;
            let came = forger.notices().into_iter().filter_map(|notice| notice.get("Came").cloned());
            came.filter_map(|came| came[1]["Operator"][1].as_i64()).next_back().unwrap()
        };

        for (organisation, conversation) in [
            (our_organisation, their_chat),
            (their_organisation, chat),
            (their_organisation, their_chat),
            (our_organisation, hidden_chat),
            (our_organisation, chat),
            (0, 0),
            (i64::MIN, i64::MAX),
        ] {
            forger.forge(&json!([{ "Changed": [organisation, conversation] }])).await;
            for other in [their_chat, hidden_chat] {
                forger
                    .forge(&json!([
                        { "Signal": [{ "Conversation": chat }, { "VisitorTyping": [other, true] }] },
                        { "Signal": [{ "Operator": operators_number }, { "VisitorSeen": [other, 9] }] },
                        { "Signal": [{ "Unassigned": organisation }, { "VisitorPresence": [other, true] }] },
                        { "Signal": [{ "Conversation": chat }, { "OperatorTyping": [other, 4711, true] }] },
                    ]))
                    .await;
            }
        }
        // While something true happens there too.
        stranger.write("Noch ein Geheimnis").await;
        hidden.write("Und noch eines").await;
        forger.settle().await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let shown = operator.drain().await;
        // Rows that are not theirs to see they may be told to drop; nothing else.
        let foreign: Vec<_> = shown
            .iter()
            .filter(|frame| {
                let about = frame["conversation"].as_str().or(frame["id"].as_str());
                about.is_some_and(|about| about != name) && frame["type"] != "removed"
            })
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        assert!(!format!("{shown:?}").contains("Geheim"), "{shown:?}");
        let again: Vec<_> = shown.iter().filter(|frame| frame["type"] == "message").collect();
        assert!(again.is_empty(), "what was told is not told again: {again:?}");

        // Garbage of every size, and notices that no node would send.
        forger.say(b"").await;
        forger.say(b"\xff\xfe\x00garbage").await;
        forger.say("[".repeat(100_000).as_bytes()).await;
        forger.say(&vec![b'x'; 1_000_000]).await;
        forger.forge(&json!([{ "Changed": ["ours", null] }, { "Unheard": 1 }])).await;
        let crowd: Vec<Value> = (0..20_000).map(|number| json!({ "Visitor": number })).collect();
        forger.forge(&json!([{ "Here": { "node": 1, "part": 9, "parts": 0, "who": crowd } }])).await;
        forger.forge(&json!([{ "Here": { "node": 2, "part": u64::MAX, "parts": u64::MAX, "who": [] } }])).await;
        let nodes: Vec<Value> = (0..5_000).map(|node| json!({ "Came": [node, { "Visitor": node }] })).collect();
        forger.forge(&json!(nodes)).await;
        forger.forge(&json!((0..200).map(|node| json!({ "Ask": node })).collect::<Vec<_>>())).await;
        let changed: Vec<Value> = (0..20_000).map(|chat| json!({ "Changed": [our_organisation, chat] })).collect();
        forger.forge(&json!(changed)).await;
        forger.forge(&json!((0..50).map(|_| json!({ "Widget": "a".repeat(26) })).collect::<Vec<_>>())).await;
        forger.settle().await;

        visitor.send("Immer noch da?").await;
        operator.expect_where("message", |message| message["text"] == "Immer noch da?").await;
        operator.say(json!({ "type": "message", "conversation": name, "counter": 1, "text": "Ja." })).await;
        visitor.socket.expect_where("message", |message| message["text"] == "Ja.").await;
        for house in [&two.a, &two.b] {
            house.ask("GET", "/ready").send().await.is(200);
        }

        // Somebody can seem to have gone, for a moment: the nodes tell each other again.
        let node = forger.notices().iter().find_map(|notice| {
            let came = notice.get("Came")?;
            (came[1]["Operator"][1] == operators_number).then(|| came[0].clone())
        });
        visitor.socket.drain().await;
        forger.forge(&json!([{ "Gone": node.unwrap() }])).await;
        assert_eq!(visitor.socket.expect("presence").await["online"], false);
        let back = tokio::time::timeout(Duration::from_secs(7), visitor.socket.expect("presence"));
        assert_eq!(back.await.expect("within one telling")["online"], true);
    });
}
