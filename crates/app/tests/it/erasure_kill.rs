//! The power goes at any moment of a deletion, and it ends the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use diskret_app::App;
use diskret_app::erasure::{Passage, Wanted};
use diskret_app::secrets::Secrets;
use domain::erasure::State;
use domain::limits::UNDO_ONE;
use domain::{KeyId, PublicId};
use futures_util::future::BoxFuture;
use store::{KeyStore, Location, Pace, Settings, Store};
use testkit::{Break, PostgresProxy};

use crate::epoch::turned;
use crate::erasure::destroy;
use crate::{House, Two, secrets_in, write};

/// So many commits and readings, and then the machine stands still for ever.
#[derive(Debug)]
pub(crate) struct Fuse {
    pub(crate) turns: AtomicI64,
    blown: tokio::sync::Notify,
}

impl Pace for Fuse {
    fn take(&self) -> BoxFuture<'static, ()> {
        if self.turns.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Box::pin(std::future::ready(()));
        }
        self.blown.notify_one();
        Box::pin(std::future::pending())
    }
}

impl House {
    /// A node on the same files whose disk stands still after so many turns; what is left of them.
    pub(crate) async fn doomed(&self, turns: i64, two: Option<&Two>) -> (Arc<App>, &'static Fuse) {
        // One per attempt; there are a few hundred.
        let fuse: &'static Fuse =
            Box::leak(Box::new(Fuse { turns: AtomicI64::new(i64::MAX / 2), blown: tokio::sync::Notify::new() }));
        let settings = Settings { inline: Some(fuse), ..Settings::default() };
        let (data, keys) = store::files_in(self.folder.path());
        let store = Store::open(&data, settings).await.unwrap();
        let keys = KeyStore::open(&keys, settings).await.unwrap();
        let secrets = Secrets::load(&secrets_in(self.folder.path()), false).unwrap();
        let app = App::new(store, keys, Arc::clone(&self.clock) as Arc<_>, secrets, self.app.options().to_owned());
        if let Some(two) = two {
            two.used_by(&app, self.folder.path());
        }
        fuse.turns.store(turns, Ordering::SeqCst);
        (app, fuse)
    }

    /// What is left of everything, but for when it was.
    async fn left(&self, names: [PublicId; 3], erasures: [PublicId; 2]) -> String {
        let ada = self.done.principal;
        let mut left = String::new();
        for name in names {
            let said = match self.app.entries_before(ada, name, i64::MAX, 200).await {
                Ok((_, entries)) => {
                    entries.iter().map(|entry| entry.text.as_ref().map(|text| text.reveal().to_owned())).collect()
                }
                Err(error) => vec![Some(error.to_string())],
            };
            left += &format!("{said:?}\n");
        }
        let mut journal = Vec::new();
        for erasure in erasures {
            let found = self.app.erasure(ada, erasure).await.unwrap().erasure;
            assert_eq!(found.state, State::Done);
            let counts = (found.conversations, found.messages, found.keys, found.epoch);
            journal.push(found.journal_number.unwrap());
            left += &format!("{:?} {counts:?}\n", found.what);
            let receipt = self.app.erasure_receipt(ada, erasure).await.unwrap();
            let receipt = privacy::receipt::Receipt::verify(&receipt, None).unwrap();
            assert!(receipt.statement.outcome.is_some());
        }
        // Which of them comes first is chance, where one of them had to be begun again.
        journal.sort_unstable();
        let head = self.store.journal_head().await.unwrap().number;
        left + &format!("journal {journal:?} of {head}, stubs {:?}", self.app.stubs(ada).await.unwrap().len())
    }
}

struct Scene {
    house: House,
    names: [PublicId; 3],
    keys: [KeyId; 2],
    erasures: [PublicId; 2],
    two: Option<Two>,
}

/// One conversation that goes, one of which a passage goes, one that stays.
async fn scene(on_postgres: bool, has_places: bool) -> Scene {
    let house = House::new(on_postgres).await;
    let two = has_places.then(|| Two::of(&house));
    let ada = house.done.principal;
    let mut names = Vec::new();
    for _ in 0..3 {
        let mut visitor = house.visitor().await;
        names.push(write(&house, &mut visitor, 1).await.conversation.name());
        write(&house, &mut visitor, 2).await;
    }
    let names: [PublicId; 3] = names.try_into().unwrap();
    let key = async |name| house.store.conversation_named(ada.organisation, name).await.unwrap().key;
    let keys = [key(names[0]).await, key(names[1]).await];
    let whole = house.app.request_erasure(ada, Wanted::Conversations(vec![names[0]])).await.unwrap().name;
    let wanted = Wanted::Passages(names[1], 1, vec![Passage { from: 0, to: 9 }]);
    let part = house.app.request_erasure(ada, wanted).await.unwrap().name;
    house.clock.advance(UNDO_ONE);
    Scene { house, names, keys, erasures: [whole, part], two }
}

/// Works as a node would, until it stands still; says whether it came to the end.
pub(crate) async fn work(house: &House, (app, fuse): (&Arc<App>, &Fuse)) -> bool {
    let all = async {
        for _ in 0..40 {
            while app.work().await.unwrap() > 0 {}
            house.clock.advance(Duration::from_secs(10));
        }
    };
    tokio::select! {
        () = all => true,
        () = fuse.blown.notified() => false,
    }
}

async fn ends(scene: &Scene) -> String {
    let Scene { house, names, keys, erasures, two } = scene;
    if let Some(two) = two {
        two.b.set_away(false);
    }
    // Leases of whoever died run out.
    house.clock.advance(Duration::from_secs(90));
    for _ in 0..4 {
        destroy(house).await;
    }
    turned(house, &[]).await;
    destroy(house).await;
    for key in keys {
        assert!(house.keys.data_key(house.done.principal.organisation, *key).await.is_err(), "its key is there");
    }
    house.left(*names, *erasures).await
}

#[tokio::test]
async fn killed_at_every_commit_of_an_erasure_it_ends_the_same() {
    let plain = scene(false, false).await;
    let (app, fuse) = plain.house.doomed(i64::MAX / 4, None).await;
    let begun = fuse.turns.load(Ordering::SeqCst);
    assert!(work(&plain.house, (&app, fuse)).await, "nothing stops it");
    let turns = begun - fuse.turns.load(Ordering::SeqCst);
    let expected = ends(&plain).await;
    assert!(expected.contains("▇▇▇ 1") && turns > 60, "{turns} {expected}");
    // Before or after a commit, or at a reading, in whichever step. All of them take a minute.
    let step = if std::env::var_os("DISKRET_KILLS").is_some_and(|kills| kills == "all") { 1 } else { 5 };
    for turn in (1..turns).step_by(step) {
        let scene = scene(false, false).await;
        let (app, fuse) = scene.house.doomed(turn, None).await;
        assert!(!work(&scene.house, (&app, fuse)).await, "it was not killed");
        drop(app);
        assert_eq!(ends(&scene).await, expected, "killed at turn {turn} of {turns}");
    }
}

impl House {
    /// A node behind proxies before both databases.
    async fn behind(&self, [data, keys]: [&PostgresProxy; 2]) -> Arc<App> {
        let at = |proxy: &PostgresProxy| Location::Postgres(proxy.url().to_owned());
        let store = Store::open(&at(data), Settings::default()).await.unwrap();
        let keys = KeyStore::open(&at(keys), Settings::default()).await.unwrap();
        App::new(store, keys, Arc::clone(&self.clock) as Arc<_>, self.secrets(), self.app.options().to_owned())
    }

    fn proxies(&self) -> [PostgresProxy; 2] {
        [&self.locations.0, &self.locations.1].map(|at| match at {
            Location::Postgres(url) => PostgresProxy::before(url),
            Location::File(path) => panic!("{} is no server", path.display()),
        })
    }
}

/// Works as a node would, until one of the connections was broken; says whether it came to the end.
async fn work_behind(house: &House, app: &Arc<App>, proxies: &[PostgresProxy; 2]) -> bool {
    for _ in 0..40 {
        // What fails with the broken connection is what the machine died of.
        while app.work().await.is_ok_and(|done| done > 0) {
            if proxies.iter().any(|proxy| proxy.broken() > 0) {
                return false;
            }
        }
        if proxies.iter().any(|proxy| proxy.broken() > 0) {
            return false;
        }
        house.clock.advance(Duration::from_secs(10));
    }
    true
}

/// The connection breaks before a commit reaches the server, or after it is done: nobody there knows which.
#[tokio::test]
async fn broken_around_every_commit_of_an_erasure_on_postgres_it_ends_the_same() {
    let plain = scene(true, false).await;
    let proxies = plain.house.proxies();
    let app = plain.house.behind([&proxies[0], &proxies[1]]).await;
    let begun = [proxies[0].commits(), proxies[1].commits()];
    assert!(work_behind(&plain.house, &app, &proxies).await, "nothing stops it");
    let commits = [proxies[0].commits() - begun[0], proxies[1].commits() - begun[1]];
    let expected = ends(&plain).await;
    assert!(expected.contains("▇▇▇ 1") && commits[0] > 20 && commits[1] > 2, "{commits:?} {expected}");
    let is_all = std::env::var_os("DISKRET_KILLS").is_some_and(|kills| kills == "all");
    for (which, step) in [(0, 11), (1, 1)] {
        for commit in (1..=commits[which]).step_by(if is_all { 1 } else { step }) {
            for kind in [Break::BeforeCommit, Break::AfterCommit] {
                let scene = scene(true, false).await;
                let proxies = scene.house.proxies();
                let app = scene.house.behind([&proxies[0], &proxies[1]]).await;
                proxies[which].break_at(kind, commit);
                assert!(!work_behind(&scene.house, &app, &proxies).await, "it was not broken");
                drop(app);
                let left = ends(&scene).await;
                assert_eq!(left, expected, "{kind:?} {commit} of {commits:?} at database {which}");
            }
        }
    }
}

#[tokio::test]
async fn killed_at_every_commit_while_a_place_fails_it_ends_the_same() {
    let plain = scene(false, true).await;
    let (app, fuse) = plain.house.doomed(i64::MAX / 4, plain.two.as_ref()).await;
    let begun = fuse.turns.load(Ordering::SeqCst);
    plain.two.as_ref().unwrap().b.set_away(true);
    assert!(work(&plain.house, (&app, fuse)).await, "nothing stops it");
    let turns = begun - fuse.turns.load(Ordering::SeqCst);
    let expected = ends(&plain).await;
    assert!(expected.contains("▇▇▇ 1") && turns > 60, "{turns} {expected}");
    let step = if std::env::var_os("DISKRET_KILLS").is_some_and(|kills| kills == "all") { 1 } else { 11 };
    for turn in (1..turns.min(200)).step_by(step) {
        let scene = scene(false, true).await;
        // It is cut off before, in the midst of, or behind what is written to it.
        scene.two.as_ref().unwrap().b.away_after(turn as u64 % 6);
        let (app, fuse) = scene.house.doomed(turn, scene.two.as_ref()).await;
        work(&scene.house, (&app, fuse)).await;
        drop(app);
        assert_eq!(ends(&scene).await, expected, "killed at turn {turn} of {turns}");
        let there = scene.two.as_ref().unwrap();
        let journal = |place: &places::Memory| {
            place.objects().into_keys().filter(|name| name.starts_with("journal/")).collect::<Vec<_>>()
        };
        assert_eq!((journal(&there.a).len(), journal(&there.a)), (2, journal(&there.b)), "both have all of it");
    }
}
