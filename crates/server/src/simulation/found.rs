//! What the simulation has found, each made small.

use app::conversation::assign::To;
use std::time::Duration;

use domain::conversation::{Change, Progress};
use domain::{ConversationId, Hands, OperatorId, Timestamp};
use http::HeaderMap;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::house::{Member, START};
use super::node::Node;
use super::world::World;
use super::{empty, folder};
use crate::socket::pipe::{self, Far};

/// A node with a conversation of nobody's, and an agent who is told of it.
struct Scene {
    node: std::rc::Rc<Node>,
    owner: Member,
    agent: Member,
    dashboard: Far,
    conversation: ConversationId,
    name: domain::PublicId,
    _visitor: Far,
}

impl Scene {
    async fn set(world: &World) -> Self {
        let node = Node::start(world, 0, 1).await.unwrap();
        let (serving, mut visitor) = pipe::visitor(node.shared.clone(), app::rate::Source::new(1));
        node.serve(serving);
        let hello = serde_json::json!({
            "type": "hello", "protocol": 1, "sender": "00000000000000aa", "widget": world.house.widget.to_string(),
        });
        let message = serde_json::json!({ "type": "message", "counter": 1, "text": "hello" });
        visitor.to.send(hello.to_string()).unwrap();
        visitor.to.send(message.to_string()).unwrap();
        while !visitor.from.recv().await.unwrap().contains("accepted") {}
        let (owner, agent) = (world.house.team[0].clone(), world.house.team[1].clone());
        let list = app::conversation::ListName::All;
        let begun = node.app().list(owner.principal, list, true, i64::MAX, 1).await.unwrap();
        let (conversation, name) = (begun[0].conversation.id, begun[0].conversation.name());
        let mut headers = HeaderMap::new();
        headers.insert(http::header::AUTHORIZATION, format!("Bearer {}", agent.token).parse().unwrap());
        let (serving, dashboard) = pipe::operator(node.shared.clone(), agent.principal, headers);
        node.serve(serving);
        let hello = r#"{"type":"hello","protocol":1,"sender":"00000000000000bb"}"#;
        dashboard.to.send(hello.to_owned()).unwrap();
        let mut scene = Self { node, owner, agent, dashboard, conversation, name, _visitor: visitor };
        scene.heard().await;
        scene
    }

    /// News of the conversation, of which only place and assignee matter here.
    fn tell(&self, position: i64, assignee: Option<OperatorId>) {
        let progress = Progress { assignee, last_sequence: 1, last_visible: 1, last_message: 1, ..Progress::default() };
        self.node.app().bus().tell_here(&Change {
            organisation: self.agent.principal.organisation,
            conversation: self.conversation,
            progress,
            previous: Hands::default(),
            began: false,
            at: Timestamp(START.0 + position),
            position,
            gone: None,
        });
    }

    /// What the agent is told until nothing more comes.
    async fn frames(&mut self) -> Vec<Value> {
        let mut frames = Vec::new();
        while let Ok(Some(frame)) = timeout(Duration::from_secs(2), self.dashboard.from.recv()).await {
            frames.push(serde_json::from_str(&frame).unwrap());
        }
        frames
    }

    /// What of it is about lists, as kind and position.
    async fn heard(&mut self) -> Vec<(String, Option<i64>)> {
        let frames = self.frames().await;
        let of_lists = frames.iter().filter(|frame| frame["type"] == "conversation" || frame["type"] == "removed");
        of_lists.map(|frame| (frame["type"].as_str().unwrap().to_owned(), frame["position"].as_i64())).collect()
    }
}

fn on_stage(act: impl AsyncFnOnce(Scene)) {
    let folder = folder();
    empty(folder.path(), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::new(1, None, folder.path().to_owned());
        act(Scene::set(&world).await).await;
    });
}

/// A node that reads what another committed may tell it before its own commit from just before. The older news took the
/// newer one's place among the rows to be told, and the list stood still until somebody wrote again.
#[test]
fn news_that_were_overtaken_do_not_take_the_place_of_newer_ones() {
    on_stage(async |mut scene| {
        scene.tell(1000, None);
        // Taken up one by one, told together.
        sleep(Duration::from_millis(20)).await;
        scene.tell(999, None);
        assert_eq!(scene.heard().await, [("conversation".to_owned(), Some(1000))]);
    });
}

/// The same a moment later: the row was told, and the older news – that it was a colleague's – removed it.
#[test]
fn news_that_were_overtaken_remove_no_row_that_came_after() {
    on_stage(async |mut scene| {
        scene.tell(1000, None);
        assert_eq!(scene.heard().await, [("conversation".to_owned(), Some(1000))]);
        scene.tell(999, Some(OperatorId(9_999)));
        assert_eq!(scene.heard().await, []);
    });
}

/// Between the question whether a conversation may be followed and the reading of its entries somebody may take it; what came
/// after that was read along.
#[test]
fn who_follows_is_sent_nothing_that_came_after_a_colleague_took_it() {
    on_stage(async |mut scene| {
        let (app, owner) = (std::sync::Arc::clone(scene.node.app()), scene.owner.clone());
        let name = scene.name.to_string();
        // As slow as it takes: the disk holds every step up, and the colleague comes in between.
        for wait in (0..120).step_by(3) {
            let follow = serde_json::json!({ "type": "follow", "conversation": name, "after": 0 });
            app.assign(owner.principal, scene.name, To::Operator(None), None).await.unwrap();
            sleep(Duration::from_secs(1)).await;
            scene.node.stall(Duration::from_millis(40));
            scene.dashboard.to.send(follow.to_string()).unwrap();
            sleep(Duration::from_millis(wait)).await;
            app.assign(owner.principal, scene.name, To::Operator(Some(owner.name)), None).await.unwrap();
            let frames = scene.frames().await;
            let taken = |frame: &&Value| frame["event"] == "assigned" && !frame["operator"].is_null();
            let last = frames.iter().filter(taken).filter_map(|frame| frame["sequence"].as_i64()).max();
            let stored = app.summary(owner.principal, scene.name).await.unwrap().progress.last_sequence;
            assert!(last < Some(stored), "after {wait} ms: {last:?} of {stored}");
        }
    });
}
