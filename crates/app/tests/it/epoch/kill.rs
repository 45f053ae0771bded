//! A turn is killed at each of its commits, before and after, and goes on when the program starts again: the end is the same,
//! and nothing is done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use diskret_app::audit::Query;
use diskret_app::installation::NewOrganisation;
use diskret_app::team::NewOperator;
use diskret_app::widget::WidgetChange;
use diskret_app::{App, Options};
use domain::audit::Detail;
use domain::limits::PAGE_MOST;
use domain::{Clock, KeyId, Language, OrganisationId, Role};
use futures_util::future::BoxFuture;
use privacy::Plaintext;
use privacy::keys::{EpochKey, OrganisationKey, RawKey};
use store::epoch::Step;
use store::key::WrappedDataKey;
use store::{KeyStore, Location, Pace, Settings, Store};
use testkit::{Break, PostgresProxy};

use super::{Stolen, epoch_keys, finished};
use crate::{House, PASSWORD, SECOND};

/// A disk that stands still for ever at the so-manieth time that it is used.
#[derive(Debug)]
struct Killer {
    left: AtomicUsize,
    is_dead: AtomicBool,
}

impl Killer {
    fn at(use_number: usize) -> &'static Self {
        Box::leak(Box::new(Self { left: AtomicUsize::new(use_number), is_dead: AtomicBool::default() }))
    }
}

impl Pace for Killer {
    fn take(&self) -> BoxFuture<'static, ()> {
        if self.is_dead.load(Ordering::SeqCst) || self.left.fetch_sub(1, Ordering::SeqCst) <= 1 {
            self.is_dead.store(true, Ordering::SeqCst);
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}

/// An installation in which one organisation deletes something before each turn, and another nothing.
struct Story {
    house: House,
    idle: OrganisationId,
    rounds: i64,
}

impl Story {
    async fn of(house: House, keys: i64) -> Self {
        let owner = NewOperator {
            name: "Ben".to_owned(),
            email: "ben@example.de".to_owned(),
            password: Plaintext::new(PASSWORD.to_owned()),
            role: Role::Owner,
            language: Language::De,
        };
        let new = NewOrganisation { title: "Südlicht".to_owned(), owner, widget: WidgetChange::default() };
        let idle = house.app.set_up(new).await.unwrap().principal.organisation;
        let story = Self { house, idle, rounds: 0 };
        story.plant(story.house.done.principal.organisation, 1..=keys).await;
        story.plant(story.idle, 10_001..=10_003).await;
        story
    }

    /// The organisation's current key, opened with what lies in the folder.
    async fn organisation_key(&self, organisation: OrganisationId) -> OrganisationKey {
        let found = self.house.keys.organisation_key(organisation, None).await.unwrap();
        let name = self.house.store.organisation(organisation).await.unwrap().name;
        let keys = epoch_keys(self.house.folder.path());
        let epoch = EpochKey::new(found.epoch, &keys[&found.epoch]);
        OrganisationKey::new(organisation, found.version, &epoch.unwrap(name, found.version, &found.wrapped).unwrap())
    }

    async fn plant(&self, organisation: OrganisationId, ids: impl Iterator<Item = i64>) {
        let key = self.organisation_key(organisation).await;
        let wrap = |id| WrappedDataKey {
            organisation,
            id: KeyId(id),
            version: key.version(),
            wrapped: key.wrap(KeyId(id), &RawKey::generate()),
        };
        self.house.keys.insert_keys(ids.map(wrap).collect(), self.house.clock.now()).await.unwrap();
    }

    /// How often the log says that this epoch began.
    async fn told(&self, node: &App, epoch: i64) -> usize {
        let (query, principal) = (Query::default(), self.house.done.principal);
        let page = node.audit(principal, query, i64::MAX, PAGE_MOST).await.unwrap();
        let turns = page.records.iter().filter(|entry| entry.kind == "epoch_turned");
        turns.filter(|entry| entry.details.contains(&Detail::is("epoch", epoch))).count()
    }

    /// Deletes something, has `dying` turn the epoch until `is_dead` says so, starts anew, and looks at the end.
    async fn round(&mut self, dying: Arc<App>, is_dead: impl Fn() -> bool) {
        self.rounds += 1;
        let (house, ours) = (&self.house, self.house.done.principal.organisation);
        let gone = KeyId(20_000 + self.rounds);
        self.plant(ours, [gone.0].into_iter()).await;
        let stolen = Stolen::take(house, gone).await;
        house.keys.delete_keys(ours, vec![gone], house.clock.now()).await.unwrap();
        let before = house.app.status_of_epochs().await.unwrap();
        let versions = [ours, self.idle].map(|organisation| house.keys.organisation_key(organisation, None));
        let [our_version, idle_version] = futures_util::future::join_all(versions)
            .await
            .try_into()
            .map(|found: [_; 2]| found.map(|key| key.unwrap().version))
            .unwrap();
        let keys = house.keys.data_keys(KeyId(i64::MIN), 100_000).await.unwrap();
        let our_keys = keys.iter().filter(|key| key.organisation == ours).count();

        let turning = async {
            // In the program others begin and end it; here every failure is one of the break.
            if dying.keep_epochs().await.is_ok() && dying.ask_for_turn().await.is_ok() {
                for _ in 0..50 {
                    while dying.work().await.is_ok_and(|done| done > 0) {}
                    house.clock.advance(SECOND);
                }
            }
        };
        let death = async {
            while !is_dead() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! { biased; () = death => {}, () = turning => {} }
        drop(dying);

        house.clock.advance(Duration::from_secs(700));
        let node = house.node(house.secrets()).await;
        node.join_epochs(Duration::ZERO).await.unwrap();
        // Where it died before it began, somebody asks again.
        let found = node.status_of_epochs().await.unwrap();
        if found.current == before.current && found.turn.step == Step::None {
            node.ask_for_turn().await.unwrap();
        }
        finished(house, &node, &[]).await;

        let after = node.status_of_epochs().await.unwrap();
        assert_eq!(after.current, after.turn.to);
        assert_eq!((after.settled, after.left), (after.current - 1, Vec::new()));
        let left = epoch_keys(house.folder.path());
        assert_eq!(left.keys().copied().collect::<Vec<_>>(), [after.current]);
        assert_eq!(
            std::fs::read_dir(house.folder.path().join("secrets")).unwrap().count(),
            5,
            "nothing is left behind"
        );
        assert!(!stolen.opens(&left), "what was deleted opens");
        // Once, and not once for each start.
        assert_eq!(after.current, before.current + 1);
        assert_eq!(self.told(&node, after.current).await, 1);
        assert_eq!((after.turn.organisations, after.turn.rewrapped), (1, our_keys as i64));
        let (our_key, idle_key) = (self.organisation_key(ours).await, self.organisation_key(self.idle).await);
        assert_eq!((our_key.version(), idle_key.version()), (our_version + 1, idle_version));
        assert_eq!(house.keys.old_versions().await, Ok(Vec::new()));
        let there = house.keys.data_keys(KeyId(i64::MIN), 100_000).await.unwrap();
        assert!(there.iter().map(|key| key.id).eq(keys.iter().map(|key| key.id)), "all that was there is there");
        for key in there {
            let organisation = if key.organisation == ours { &our_key } else { &idle_key };
            assert!(organisation.unwrap(key.id, &key.wrapped).is_ok(), "{}", key.id);
        }
        node.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_of_a_turn_it_ends_the_same_on_sqlite() {
    let mut story = Story::of(House::new(false).await, 1_100).await;
    let (data, keys) = store::files_in(story.house.folder.path());
    let mut died_at = 0;
    for number in 1.. {
        let killer = Killer::at(number);
        let settings = Settings { inline: Some(killer), ..Settings::default() };
        let store = Store::open(&data, settings).await.unwrap();
        let key_store = KeyStore::open(&keys, settings).await.unwrap();
        let clock = Arc::clone(&story.house.clock) as Arc<_>;
        let app = App::new(store, key_store, clock, story.house.secrets(), Options::default());
        story.round(app, || killer.is_dead.load(Ordering::SeqCst)).await;
        if !killer.is_dead.load(Ordering::SeqCst) {
            break;
        }
        died_at = number;
    }
    assert!(died_at > 60, "{died_at} times the disk was used: the turn was watched");
}

/// Breaks the line to one of two databases at each commit, and has the program die of it, or live on and try again.
async fn breaks(kind: Break, is_deadly: bool, every: usize) {
    let mut story = Story::of(House::new(true).await, 30).await;
    let url = |location: &Location| match location {
        Location::Postgres(url) => url.clone(),
        Location::File(_) => panic!("a file"),
    };
    let (data, keys) = (url(&story.house.locations.0), url(&story.house.locations.1));
    for (broken, least) in [(&keys, 15), (&data, 5)] {
        let mut broken_at = 0;
        for number in (1..).step_by(every) {
            let proxy = PostgresProxy::before(broken);
            let at =
                |url: &String| Location::Postgres(if url == broken { proxy.url().to_owned() } else { url.clone() });
            let store = Store::open(&at(&data), Settings::default()).await.unwrap();
            let key_store = KeyStore::open(&at(&keys), Settings::default()).await.unwrap();
            let clock = Arc::clone(&story.house.clock) as Arc<_>;
            let app = App::new(store, key_store, clock, story.house.secrets(), Options::default());
            proxy.break_at(kind, number);
            story.round(app, || is_deadly && proxy.broken() > 0).await;
            if proxy.broken() == 0 {
                break;
            }
            broken_at = number;
        }
        assert!(broken_at >= least, "{kind:?}: {broken_at} commits were seen");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_commits_of_a_turn_it_ends_the_same_on_postgres() {
    // Each commit is SQLite's test above; here each second one, or each with DISKRET_KILL=all.
    let every = if std::env::var("DISKRET_KILL").is_ok_and(|kill| kill == "all") { 1 } else { 2 };
    breaks(Break::BeforeCommit, true, every).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_whose_commits_go_unanswered_does_nothing_twice() {
    breaks(Break::AfterCommit, false, 3).await;
}
