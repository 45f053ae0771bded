//! What a bus between nodes promises, on the hub of one process and on NATS. It may lose anything; what it does tell must be
//! true, in order, and told to the others only.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

use std::sync::Arc;
use std::time::Duration;

use diskret_bus::hub::{Fate, Hub};
use diskret_bus::{Bus, Mailbox, News, NodeId, Notice, Signal, Subscription, Topic, Who, nats};
use domain::conversation::{Change, Progress};
use domain::{ConversationId, Hands, OperatorId, OrganisationId, PublicId, Timestamp};
use testkit::{Nats, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PATIENCE: Duration = Duration::from_secs(20);
const OURS: OrganisationId = OrganisationId(1);
const CHAT: ConversationId = ConversationId(5);

/// What joins the nodes.
enum Joint {
    Hub(Arc<Hub>),
    Nats(Nats),
}

impl Joint {
    /// So many nodes that hear each other.
    async fn nodes<const N: usize>(&self) -> [Arc<Bus>; N] {
        let nodes: [Arc<Bus>; N] = std::array::from_fn(|_| self.node("diskret"));
        for node in &nodes {
            eventually(PATIENCE, "the bus is there", async || node.is_up()).await;
        }
        // A subscription may be under way when the connection is there: until each hears the other.
        for (at, node) in nodes.iter().enumerate() {
            for other in nodes.iter().skip(at + 1) {
                hears(node, other).await;
                hears(other, node).await;
            }
        }
        nodes.iter().for_each(|node| drop(node.inbox().take()));
        nodes
    }

    fn node(&self, subject: &str) -> Arc<Bus> {
        let bus = Arc::new(Bus::default());
        match self {
            Self::Hub(hub) => hub.join(&bus),
            Self::Nats(server) => nats::join(&bus, &server.url(), subject).unwrap(),
        }
        bus
    }
}

/// Waits until `to` hears what `from` tells.
async fn hears(from: &Bus, to: &Bus) {
    let question = Notice::Ask(NodeId(u64::MAX));
    eventually(PATIENCE, "a node hears another", async || {
        from.tell_others(&question);
        tokio::time::sleep(Duration::from_millis(5)).await;
        to.inbox().take().notices.contains(&question)
    })
    .await;
    // What was told too often arrives before the next is told.
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(to.inbox().take());
}

fn change(conversation: ConversationId, position: i64) -> Change {
    Change {
        organisation: OURS,
        conversation,
        progress: Progress::default(),
        previous: Hands::default(),
        began: false,
        at: Timestamp(0),
        position,
        gone: None,
    }
}

fn listens(bus: &Arc<Bus>, topic: Topic) -> (Arc<Mailbox>, Subscription) {
    let mailbox = Arc::default();
    let held = bus.subscribe(topic, &mailbox);
    (mailbox, held)
}

/// Everything that came within the time it takes for something told afterwards to come too.
async fn news(from: &Bus, to: &Bus) -> News {
    let last = Notice::Ask(NodeId(7));
    from.tell_others(&last);
    let mut all = News::default();
    eventually(PATIENCE, "the last notice arrives", async || {
        let part = to.inbox().take();
        all.changed.extend(part.changed);
        all.notices.extend(part.notices);
        all.notices.contains(&last)
    })
    .await;
    all.notices.retain(|notice| *notice != last);
    all
}

macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_the_hub {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Joint::Hub(std::sync::Arc::default())).await;
            })*
        }
        mod on_nats {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Joint::Nats(testkit::Nats::start())).await;
            })*
        }
    };
}

on_both![
    a_change_is_told_where_somebody_listens_and_only_there,
    a_change_is_told_as_a_number_and_nothing_else,
    something_passing_reaches_the_listeners_of_every_node_once,
    what_one_node_tells_arrives_in_order,
    everybody_who_is_there_fits_through,
];

async fn a_change_is_told_where_somebody_listens_and_only_there(joint: Joint) {
    let [a, b, c] = joint.nodes().await;
    let (_visitor, _held) = listens(&b, Topic::Conversation(CHAT));
    a.publish(&change(CHAT, 1));
    assert_eq!(news(&a, &b).await.changed.into_iter().collect::<Vec<_>>(), [(OURS, CHAT)]);
    assert!(news(&a, &c).await.changed.is_empty(), "nobody there listens");
    assert!(a.inbox().take().changed.is_empty(), "the teller knows");
    // An operator listens to the whole organisation.
    let (_operator, _held) = listens(&c, Topic::Unassigned(OURS));
    a.publish(&change(ConversationId(9), 2));
    assert_eq!(news(&a, &c).await.changed.len(), 1);
}

/// What is told is not believed: nobody's mailbox is touched before the store was asked.
async fn a_change_is_told_as_a_number_and_nothing_else(joint: Joint) {
    let [a, b] = joint.nodes().await;
    let (mailbox, _held) = listens(&b, Topic::Conversation(CHAT));
    a.publish(&change(CHAT, 1));
    assert_eq!(news(&a, &b).await.changed.len(), 1);
    assert!(mailbox.take().changes.is_empty());
}

async fn something_passing_reaches_the_listeners_of_every_node_once(joint: Joint) {
    let [a, b] = joint.nodes().await;
    let topic = Topic::Conversation(CHAT);
    let ((here, _one), (there, _two)) = (listens(&a, topic), listens(&b, topic));
    let signal = Signal::VisitorSeen(CHAT, 3);
    a.signal(topic, signal);
    news(&a, &b).await;
    assert_eq!(here.take().signals, [signal]);
    assert_eq!(there.take().signals, [signal]);
    news(&b, &a).await;
    assert!(here.take().signals.is_empty(), "it did not come back");
}

async fn what_one_node_tells_arrives_in_order(joint: Joint) {
    let [a, b] = joint.nodes().await;
    let who = |id| Who::Visitor(ConversationId(id));
    let told: Vec<Notice> = (0..2_000)
        .flat_map(|id| [Notice::Came(NodeId(1), who(id)), Notice::Went(NodeId(1), who(id))])
        .chain([Notice::Widget(PublicId::from_bytes([3; 16]))])
        .collect();
    told.iter().for_each(|notice| a.tell_others(notice));
    assert!(news(&a, &b).await.notices == told, "all, once, in order");
}

async fn everybody_who_is_there_fits_through(joint: Joint) {
    let [a, b] = joint.nodes().await;
    let who: Vec<Who> = (0..2_000).map(|id| Who::Operator(OURS, OperatorId(i64::MAX - id))).collect();
    let parts: Vec<Notice> =
        (0..20).map(|part| Notice::Here { node: NodeId(1), part, parts: 20, who: who.clone() }).collect();
    parts.iter().for_each(|part| a.tell_others(part));
    assert!(news(&a, &b).await.notices == parts);
}

#[tokio::test]
async fn a_hub_can_lose_and_double_and_hold() {
    let hub = Arc::new(Hub::default());
    let joint = Joint::Hub(Arc::clone(&hub));
    let [a, b] = joint.nodes().await;
    let notice = Notice::Gone(NodeId(3));
    for (fate, times) in [(Fate::IsLost, 0), (Fate::ArrivesTwice, 2), (Fate::IsHeld, 0)] {
        hub.decide(move |_| fate);
        a.tell_others(&notice);
        assert_eq!(b.inbox().take().notices.len(), times, "{fate:?}");
    }
    hub.release(|_| ());
    assert_eq!(b.inbox().take().notices, [notice]);
}

#[tokio::test]
async fn installations_on_one_server_do_not_hear_each_other() {
    let joint = Joint::Nats(Nats::start());
    let [a, b] = joint.nodes().await;
    let stranger = joint.node("diskret.other");
    eventually(PATIENCE, "the bus is there", async || stranger.is_up()).await;
    stranger.tell_others(&Notice::Gone(NodeId(3)));
    stranger.flush().await;
    assert!(news(&a, &b).await.notices.is_empty());
}

#[tokio::test]
async fn a_killed_server_is_noticed_and_after_its_return_everything_goes_on() {
    let server = Nats::start();
    let joint = Joint::Nats(server);
    let [a, b] = joint.nodes().await;
    let Joint::Nats(server) = &joint else { unreachable!() };
    server.kill();
    eventually(PATIENCE, "the loss is noticed", async || !a.is_up() && !b.is_up()).await;
    a.tell_others(&Notice::Gone(NodeId(3)));
    server.revive();
    eventually(PATIENCE, "both know that it is back", async || b.inbox().take().is_back).await;
    hears(&a, &b).await;
    hears(&b, &a).await;
}

/// A server that hangs takes nothing and answers nothing. Whoever tells must not notice.
#[tokio::test]
async fn a_hung_server_blocks_nobody_and_is_noticed() {
    let joint = Joint::Nats(Nats::start());
    let [a, b] = joint.nodes().await;
    let Joint::Nats(server) = &joint else { unreachable!() };
    server.stop();
    let begun = std::time::Instant::now();
    for id in 0..200_000 {
        a.publish(&change(ConversationId(id), id));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    eventually(PATIENCE, "the silence is noticed", async || !a.is_up()).await;
    server.resume();
    hears(&a, &b).await;
}

#[tokio::test]
async fn garbage_on_the_bus_is_passed_over() {
    let joint = Joint::Nats(Nats::start());
    let [a, b] = joint.nodes().await;
    let Joint::Nats(server) = &joint else { unreachable!() };
    let mut forger = testkit::connect(server.address()).await;
    for payload in ["no json", "[]", "[{\"Changed\":[1]}]", "[{\"Gone\":-1}]", "\u{0}", "{\"Gone\":5}"] {
        let said = format!("PUB diskret.v1 {}\r\n{payload}\r\n", payload.len());
        forger.write_all(said.as_bytes()).await.unwrap();
    }
    // A well-formed one, to show that the forger is heard at all.
    let said = "[{\"Gone\":77}]";
    forger.write_all(format!("PUB diskret.v1 {}\r\n{said}\r\nPING\r\n", said.len()).as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    assert!(forger.read(&mut answer).await.unwrap() > 0);
    eventually(PATIENCE, "the well-formed one arrives", async || {
        b.inbox().take().notices.contains(&Notice::Gone(NodeId(77)))
    })
    .await;
    hears(&a, &b).await;
}
