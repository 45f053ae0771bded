//! The power goes at any commit of a restore, or of a backup, and it is done again: the end is the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use diskret_app::backup::Which;
use diskret_app::backup::restore::{Order, is_half_restored, restore};
use diskret_app::{App, Options};
use domain::PublicId;
use futures_util::future::BoxFuture;
use store::{KeyStore, Location, Pace, Settings, Store};
use testkit::{Break, PostgresProxy};

use crate::restore::{Machine, back_up, conversation, erase, key, order, texts};
use crate::{House, SECOND, Two};

/// A disk that stands still for ever at the so-manieth time that it is used.
#[derive(Debug)]
struct Killer {
    left: AtomicUsize,
    is_dead: AtomicBool,
    died: tokio::sync::Notify,
}

impl Killer {
    fn at(use_number: usize) -> &'static Self {
        Box::leak(Box::new(Self {
            left: AtomicUsize::new(use_number),
            is_dead: AtomicBool::default(),
            died: tokio::sync::Notify::new(),
        }))
    }

    fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }
}

impl Pace for Killer {
    fn take(&self) -> BoxFuture<'static, ()> {
        if self.is_dead() || self.left.fetch_sub(1, Ordering::SeqCst) <= 1 {
            self.is_dead.store(true, Ordering::SeqCst);
            self.died.notify_one();
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}

struct Scene {
    house: House,
    _two: Two,
    kept: PublicId,
    gone: PublicId,
}

impl Scene {
    async fn new(on_postgres: bool) -> Self {
        let house = House::new(on_postgres).await;
        let two = Two::of(&house);
        let [kept, gone] = [conversation(&house, 3).await, conversation(&house, 2).await];
        back_up(&house).await;
        erase(&house, &[gone]).await;
        Self { house, _two: two, kept, gone }
    }

    /// All is there as it should be.
    async fn is_restored(&self, machine: &Machine, number: usize) {
        assert!(!is_half_restored(machine.path()), "after {number}");
        let app = machine.serve(&self.house).await;
        app.ready().await.unwrap();
        assert_eq!(texts(&app, &self.house, self.kept).await.unwrap().len(), 3, "after {number}");
        assert!(texts(&app, &self.house, self.gone).await.is_err(), "after {number}");
        app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_of_a_restore_it_ends_the_same_on_sqlite() {
    let scene = Scene::new(false).await;
    let (house, key) = (&scene.house, key(&scene.house));
    let mut died_at = 0;
    for number in 1.. {
        let (killer, machine) = (Killer::at(number), Machine::new(false));
        let dying = Order {
            settings: Settings { inline: Some(killer), ..Settings::default() },
            ..order(house, &machine, house.app.places(), &key)
        };
        tokio::select! {
            done = restore(&dying, &*house.clock, |_| {}) => drop(done.unwrap()),
            () = killer.died.notified() => {}
        }
        if !killer.is_dead() {
            scene.is_restored(&machine, number).await;
            break;
        }
        assert!(is_half_restored(machine.path()), "after {number}");
        restore(&order(house, &machine, house.app.places(), &key), &*house.clock, |_| {}).await.unwrap();
        scene.is_restored(&machine, number).await;
        died_at = number;
    }
    assert!(died_at > 60, "{died_at} times the disk was used: the restore was watched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_at_commits_of_a_restore_it_ends_the_same_on_postgres() {
    let every = if std::env::var("DISKRET_KILL").is_ok_and(|kill| kill == "all") { 1 } else { 3 };
    let scene = Scene::new(true).await;
    let (house, key) = (&scene.house, key(&scene.house));
    for kind in [Break::BeforeCommit, Break::AfterCommit] {
        for broken in 0..2 {
            let mut broken_at = 0;
            for number in (1..).step_by(every) {
                let machine = Machine::new(true);
                let url = |location: &Location| match location {
                    Location::Postgres(url) => url.clone(),
                    Location::File(_) => unreachable!("a file"),
                };
                let mut urls = [url(&machine.locations.0), url(&machine.locations.1)];
                let proxy = PostgresProxy::before(&urls[broken]);
                urls[broken] = proxy.url().to_owned();
                proxy.break_at(kind, number);
                let [data, keys] = urls.map(Location::Postgres);
                let dying = Order { locations: (data, keys), ..order(house, &machine, house.app.places(), &key) };
                let done = restore(&dying, &*house.clock, |_| {}).await;
                if proxy.broken() == 0 {
                    done.unwrap();
                    scene.is_restored(&machine, number).await;
                    // The end of a function in a migration looks like a commit, and breaks nothing.
                    if proxy.commits() >= number {
                        continue;
                    }
                    break;
                }
                broken_at = number;
                if is_half_restored(machine.path()) {
                    let whole = order(house, &machine, house.app.places(), &key);
                    restore(&whole, &*house.clock, |_| {}).await.unwrap();
                }
                scene.is_restored(&machine, number).await;
            }
            assert!(broken_at > 5, "{kind:?} {broken}: {broken_at} commits were seen");
        }
    }
}

/// Makes backups until one is not killed; each time all that lies at the places is whole afterwards, and nothing is left here.
async fn whole_after(house: &House, two: &Two, number: usize) {
    let app = house.node(house.secrets()).await;
    two.used_by(&app, house.folder.path());
    for which in [Which::Data, Which::Keys] {
        house.clock.advance(SECOND);
        app.finish_backups(which).await.unwrap();
        let made = app.back_up(which, None).await.unwrap();
        assert_eq!(made.verified.len(), 2, "after {number}");
        for placed in app.places() {
            for lying in app.backups_at(placed, which).await.unwrap().iter().filter(|lying| lying.is_complete) {
                app.verify_backup(placed, &lying.set).await.unwrap();
            }
        }
    }
    let left = std::fs::read_dir(house.folder.path().join("spool")).unwrap().count();
    assert_eq!(left, 0, "after {number}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_of_a_backup_the_next_one_is_whole_on_sqlite() {
    let house = House::new(false).await;
    let two = Two::of(&house);
    conversation(&house, 3).await;
    let mut died_at = 0;
    for number in 1.. {
        let killer = Killer::at(number);
        let settings = Settings { inline: Some(killer), ..Settings::default() };
        let dying = backing_up(&house, &two, house.locations.clone(), settings).await;
        let all = async {
            if let Some(dying) = dying {
                for which in [Which::Data, Which::Keys] {
                    let _ = dying.back_up(which, None).await;
                }
            }
        };
        tokio::select! { () = all => {}, () = killer.died.notified() => {} }
        whole_after(&house, &two, number).await;
        if !killer.is_dead() {
            break;
        }
        died_at = number;
    }
    assert!(died_at > 20, "{died_at} times the disk was used");
}

async fn backing_up(
    house: &House,
    two: &Two,
    (data, keys): (Location, Location),
    settings: Settings,
) -> Option<Arc<App>> {
    house.clock.advance(SECOND);
    let store = Store::open(&data, settings).await.ok()?;
    let keys = KeyStore::open(&keys, settings).await.ok()?;
    let app = App::new(store, keys, Arc::clone(&house.clock) as Arc<_>, house.secrets(), Options::default());
    two.used_by(&app, house.folder.path());
    Some(app)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_at_commits_of_a_backup_the_next_one_is_whole_on_postgres() {
    let house = House::new(true).await;
    let two = Two::of(&house);
    conversation(&house, 3).await;
    for kind in [Break::BeforeCommit, Break::AfterCommit] {
        let mut broken_at = 0;
        for number in 1.. {
            let (Location::Postgres(data), keys) = house.locations.clone() else { unreachable!("a file") };
            let proxy = PostgresProxy::before(&data);
            let data = Location::Postgres(proxy.url().to_owned());
            let dying = backing_up(&house, &two, (data, keys), Settings::default()).await.unwrap();
            proxy.break_at(kind, number);
            for which in [Which::Data, Which::Keys] {
                let _ = tokio::time::timeout(Duration::from_secs(60), dying.back_up(which, None)).await;
            }
            let is_broken = proxy.broken() > 0;
            drop(dying);
            whole_after(&house, &two, number).await;
            if !is_broken {
                break;
            }
            broken_at = number;
        }
        assert!(broken_at > 4, "{kind:?}: {broken_at} commits were seen");
    }
}
