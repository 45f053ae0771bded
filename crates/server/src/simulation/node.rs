//! A node: the real application on the shared files, with the tasks that `serve` gives it. Can be killed at any moment.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::nodes::{PRESENCE_EVERY, SWEEP_EVERY};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use store::Pace;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::chance::Chance;
use super::house;
use super::plant::Plant;
use super::world::World;
use crate::config::Layers;
use crate::door::Door;
use crate::http::Shared;

/// Rarer than in the program, where it costs nothing to ask each second.
const WORK_EVERY: Duration = Duration::from_secs(10);
const WIPE_EVERY: Duration = Duration::from_secs(10);

/// A running node.
pub(super) struct Node {
    pub(super) number: usize,
    pub(super) shared: Shared,
    /// Cancelled when it is killed: everything of it is dropped where it stands.
    life: CancellationToken,
    tasks: TaskTracker,
    disk: &'static NodeDisk,
}

/// How fast a node's disk answers.
#[derive(Debug)]
pub(super) struct NodeDisk(Arc<Mutex<Speed>>);

#[derive(Debug)]
struct Speed {
    chance: Chance,
    stalled_until: Instant,
    is_dead: bool,
}

impl Pace for NodeDisk {
    fn take(&self) -> BoxFuture<'static, ()> {
        let speed = Arc::clone(&self.0);
        Box::pin(async move {
            let until = {
                let speed = speed.lock();
                let wait = match speed.chance.within(0..20) {
                    0..14 => 0,
                    14..19 => speed.chance.within(1..8),
                    _ => speed.chance.within(8..150),
                };
                (Instant::now() + Duration::from_millis(wait)).max(speed.stalled_until)
            };
            if until > Instant::now() {
                tokio::time::sleep_until(until).await;
            }
            let is_dead = speed.lock().is_dead;
            if is_dead {
                std::future::pending::<()>().await;
            }
        })
    }
}

impl Node {
    /// Starts one. Fails where the disk does.
    pub(super) async fn start(world: &World, number: usize, life: u64) -> app::Result<Rc<Self>> {
        let speed = Speed {
            chance: world.chance(&format!("disk {number} {life}")),
            stalled_until: Instant::now(),
            is_dead: false,
        };
        // One per start of a node; a run has a handful.
        let disk: &'static NodeDisk = Box::leak(Box::new(NodeDisk(Arc::new(Mutex::new(speed)))));
        let app = house::open(&world.folder, world.clock.clone(), disk, false).await?;
        world.hub.join(app.bus());
        let config = Layers::defaults().check().map_err(|_| app::Error::Internal)?;
        let shared = Shared {
            app,
            door: Door::new(&config.door),
            config: Arc::new(config),
            ending: CancellationToken::new(),
            sockets: TaskTracker::new(),
            readiness: Arc::default(),
        };
        let node = Self { number, shared, life: CancellationToken::new(), tasks: TaskTracker::new(), disk };
        node.keep_going(world.plant != Some(Plant::NoSweep));
        Ok(Rc::new(node))
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.shared.app
    }

    pub(super) fn is_ending(&self) -> bool {
        self.shared.ending.is_cancelled()
    }

    /// Runs something of this node until it is killed.
    pub(super) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let life = self.life.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = life.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// A socket: an orderly end waits for it.
    pub(super) fn serve(&self, socket: impl Future<Output = ()> + Send + 'static) {
        self.run(self.shared.sockets.track_future(socket));
    }

    /// Asks the application something that a killed node never answers.
    pub(super) async fn ask<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.life.cancelled() => None,
            answer = answer => Some(answer),
        }
    }

    /// What `serve` does beside serving.
    fn keep_going(&self, sweeps: bool) {
        let app = self.app();
        self.run(Arc::clone(app).hear_others());
        let every = |span: Duration, task: fn(Arc<App>) -> BoxFuture<'static, ()>| {
            let (app, ending) = (Arc::clone(app), self.shared.ending.clone());
            self.run(async move {
                loop {
                    tokio::select! {
                        biased;
                        () = ending.cancelled() => return,
                        () = tokio::time::sleep(span) => {}
                    }
                    task(Arc::clone(&app)).await;
                }
            });
        };
        if sweeps {
            every(SWEEP_EVERY, |app| Box::pin(async move { drop(app.sweep().await) }));
        }
        every(PRESENCE_EVERY, |app| Box::pin(async move { app.keep_in_touch() }));
        every(WORK_EVERY, |app| Box::pin(async move { drop(app.work().await) }));
        every(WIPE_EVERY, |app| Box::pin(async move { app.wipe_expired() }));
    }

    /// Its disk answers nothing for so long.
    pub(super) fn stall(&self, span: Duration) {
        self.disk.0.lock().stalled_until = Instant::now() + span;
    }

    /// Dies in the middle of whatever it does: tells nobody, answers nothing, stores nothing more.
    pub(super) async fn kill(&self, world: &World) {
        self.disk.0.lock().is_dead = true;
        world.hub.cut(self.app().bus());
        self.life.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends in order, as the program does when it is asked to.
    pub(super) async fn drain(&self) {
        self.shared.ending.cancel();
        self.shared.sockets.close();
        let ended = tokio::time::timeout(Duration::from_secs(10), self.shared.sockets.wait());
        let _ = self.ask(ended).await;
        let _ = self.ask(self.app().close()).await;
        self.life.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
