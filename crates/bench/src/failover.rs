//! One of two nodes is killed under a modest load: how long until those who were there talk on.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use testkit::{Balancer, Nats};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::house::{Engine, House, Server};
use crate::machine::quantile;
use crate::play::{Arrival, Habits, Moment, Play, counter_of, lock};
use crate::proof::{is_stored_once, prove};
use crate::returning::Returning;
use crate::watching::Watching;

pub(crate) const VISITORS: usize = 100;
pub(crate) const OPERATORS: usize = 10;
/// All of them together.
pub(crate) const MESSAGES_A_SECOND: u32 = 200;
const BEFORE: Duration = Duration::from_secs(3);
const AFTER: Duration = Duration::from_secs(2);
/// Whoever lost a connection knows it by then.
const NOTICED_WITHIN: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of one kill. Times count from the kill.
pub(crate) struct Failover {
    pub(crate) moved: usize,
    /// Until visitors of the killed node have their next message acknowledged.
    pub(crate) acknowledged: Vec<Duration>,
    /// Until operators of the other node hear these visitors again, by conversation.
    pub(crate) heard: Vec<Duration>,
    /// Until operators of the killed node hear their visitors again, by conversation.
    pub(crate) heard_by_moved: Vec<Duration>,
}

/// Everybody of a play, and who is on stage.
struct Scene {
    play: Arc<Play>,
    visitors: Vec<JoinHandle<Result<Returning>>>,
    operators: Vec<JoinHandle<Result<()>>>,
}

/// Kills the first of two nodes once; proves that nothing acknowledged was lost, doubled or reordered.
pub(crate) async fn failover(program: &Path, engine: &Engine<'_>) -> Result<Failover> {
    let bus = Nats::start();
    let mut house = House::found(program, engine)?;
    house.join(&bus)?;
    let balancer = Balancer::before(&house.nodes());
    house.move_behind(balancer.address());
    let mut nodes = vec![house.open_node(0)?.0, house.open_node(1)?.0];
    testkit::eventually(PATIENCE, "both nodes are up", async || balancer.is_up(0) && balancer.is_up(1)).await;
    let habits = Habits {
        come_within: Duration::from_secs(1),
        write_every: Duration::from_secs(1) * VISITORS as u32 / MESSAGES_A_SECOND,
        write_when_lost: true,
    };
    let mut scene = begin(Arc::new(Play::new(&house, habits)), &house, &nodes[1]).await?;
    sleep(BEFORE).await;
    ensure!(lock(&scene.play.moved).is_empty() && scene.play.lost.load(Ordering::Relaxed) == 0, "lost before the kill");
    let killed = Instant::now();
    nodes.remove(0).kill()?;
    sleep(NOTICED_WITHIN).await;
    scene
        .until("everybody who lost the node talks on", |play| {
            lock(&play.spoken).len() == play.lost.load(Ordering::Relaxed)
        })
        .await?;
    sleep(AFTER).await;
    let play = Arc::clone(&scene.play);
    let written = scene.end(&nodes[0]).await?;
    prove(&house, nodes, &written)?;
    measure(&play, killed, &written)
}

/// Every visitor begins a conversation that is given to a colleague; ten each are followed by one operator's socket.
async fn begin(play: Arc<Play>, house: &House<'_>, node: &Server<'_>) -> Result<Scene> {
    let visitors = (0..VISITORS).map(|number| tokio::spawn(Returning::new(&play, number).visit())).collect();
    let mut scene = Scene { play, visitors, operators: Vec::new() };
    scene.until("everybody is there", |play| play.begun.load(Ordering::Relaxed) == VISITORS).await?;
    let colleague = house.add_operator()?;
    let rows: serde_json::Value =
        serde_json::from_slice(&node.api("GET /api/conversations?list=all&limit=200", "")?.body)?;
    let rows = rows["items"].as_array().context("a list has rows")?;
    let conversations: Vec<String> = rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect();
    ensure!(conversations.len() == VISITORS, "{} conversations of {VISITORS} visitors", conversations.len());
    for conversation in &conversations {
        node.assign(conversation, &colleague)?;
    }
    for (number, followed) in conversations.chunks(VISITORS / OPERATORS).enumerate() {
        let operator = Watching { play: Arc::clone(&scene.play), number, conversations: followed.to_vec() };
        scene.operators.push(tokio::spawn(operator.watch()));
    }
    scene.until("every operator follows", |play| lock(&play.heard).len() == VISITORS).await?;
    Ok(scene)
}

impl Scene {
    /// Waits until it is so. Whoever fails meanwhile is the failure.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Play) -> bool) -> Result<()> {
        let since = Instant::now();
        while !is_so(&self.play) {
            if let Some(at) = self.visitors.iter().position(JoinHandle::is_finished) {
                self.visitors.swap_remove(at).await??;
                bail!("a visitor went too soon");
            }
            if let Some(at) = self.operators.iter().position(JoinHandle::is_finished) {
                self.operators.swap_remove(at).await??;
            }
            ensure!(since.elapsed() < PATIENCE, "waited in vain: {what}");
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Lets everybody come to an end and compares what they saw with what the node has stored. Gives the last entry of
    /// each conversation back, by visitor.
    async fn end(mut self, node: &Server<'_>) -> Result<Vec<(String, u64)>> {
        self.play.end();
        let mut written = Vec::new();
        for visitor in self.visitors.drain(..) {
            let visitor = tokio::time::timeout(PATIENCE, visitor).await.context("a visitor is never done")???;
            let conversation = visitor.conversation.context("everybody has one")?;
            is_stored_once(node, &conversation, &visitor.numbers, counter_of)?;
            // The one assignment is an entry too.
            written.push((conversation, visitor.numbers.len() as u64 + 1));
        }
        let last: HashMap<_, _> = written.iter().cloned().collect();
        self.until("operators hear everything", |play| {
            let heard = lock(&play.heard);
            last.iter()
                .all(|(conversation, last)| heard.get(conversation).is_some_and(|held| held.unsigned_abs() == *last))
        })
        .await?;
        self.operators.iter().for_each(JoinHandle::abort);
        Ok(written)
    }
}

/// `written` names the conversation of each visitor.
fn measure(play: &Play, killed: Instant, written: &[(String, u64)]) -> Result<Failover> {
    let spoken = lock(&play.spoken);
    let acknowledged = spoken.iter().map(|Moment { at, .. }| *at - killed).collect();
    let theirs: HashSet<&str> = spoken
        .iter()
        .filter_map(|moment| written.get(moment.visitor))
        .map(|(conversation, _)| &**conversation)
        .collect();
    let (moved, mut first) = (lock(&play.moved), [HashMap::new(), HashMap::new()]);
    // They lie in the order in which they came.
    for Arrival { operator, conversation, at, .. } in lock(&play.arrivals).iter().filter(|one| one.written >= killed) {
        let is_moved = moved.contains(operator);
        if is_moved || theirs.contains(&**conversation) {
            first[usize::from(is_moved)].entry(conversation.clone()).or_insert(*at - killed);
        }
    }
    let [heard, heard_by_moved] = first.map(|first| first.into_values().collect());
    let all = Failover { moved: spoken.len(), acknowledged, heard, heard_by_moved };
    ensure!(all.moved > 0 && !all.heard.is_empty(), "nobody was at the node that was killed");
    Ok(all)
}

/// Median, p99 and longest, in milliseconds.
pub(crate) fn spread(times: &[Duration]) -> [f64; 3] {
    let mut times = times.to_vec();
    [0.5, 0.99, 1.0].map(|share| quantile(&mut times, share).as_secs_f64() * 1e3)
}
