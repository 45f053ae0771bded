//! What only the clock brings about: quiet conversations end, sessions and unused keys go. Tests own the clock, so days
//! pass at once. On both databases.
#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod audit;
mod away;
mod backup;
mod backup_again;
mod branch;
mod clocks;
mod closing;
mod closing_kill;
mod epoch;
mod erasure;
mod erasure_kill;
mod journal;
mod model;
mod nodes;
mod passkey;
mod quiet;
mod receipts;
mod restore;
mod restore_kill;
mod restore_safe;
mod retention;
mod rules;
mod sign_in;
mod small_disk;
mod snooze;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use diskret_app::conversation::{Accepted, Incoming, ListName, Visitor};
use diskret_app::installation::{NewOrganisation, SetUp};
use diskret_app::places::{Placed, Places};
use diskret_app::rate::{Source, Whereabouts};
use diskret_app::secrets::Secrets;
use diskret_app::team::{NewOperator, SignedIn, Step, Visit};
use diskret_app::widget::WidgetChange;
use diskret_app::{App, Error, Options};
use domain::audit::Origin;
use domain::clock::{ManualClock, Timestamp};
use domain::conversation::{Event, Kind, State};
use domain::limits::{POOLED_KEY_LIFE, SESSION_IDLE, SESSION_LONGEST};
use domain::{Browser, Clock, KeyId, Language, Platform, PublicId, Role, SenderId};
use places::{Memory, Where};
use privacy::Plaintext;
use store::{KeyStore, Location, Settings, Store};
use testkit::{Database, postgres};

const IDLE: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const SECOND: Duration = Duration::from_secs(1);
const HERE: Whereabouts = Whereabouts { address: Source::new(0), network: None };
const PASSWORD: &str = "correct horse battery staple";

/// An installation with one organisation, in this process.
struct House {
    app: Arc<App>,
    clock: Arc<ManualClock>,
    store: Store,
    keys: KeyStore,
    done: SetUp,
    locations: (Location, Location),
    databases: Option<(Database, Database)>,
    folder: tempfile::TempDir,
}

impl House {
    async fn new(on_postgres: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let databases = on_postgres.then(|| postgres().pair());
        let (data, keys_at) = match &databases {
            Some((data, keys)) => (Location::Postgres(data.url.clone()), Location::Postgres(keys.url.clone())),
            None => store::files_in(folder.path()),
        };
        let store = Store::open(&data, Settings::default()).await.unwrap();
        let keys = KeyStore::open(&keys_at, Settings::default()).await.unwrap();
        // 2026-01-01: the clock stands until a test moves it.
        let clock = Arc::new(ManualClock::at(Timestamp(1_767_225_600_000_000)));
        // No test here is about floods: a fast machine must not be taken for one.
        let options = Options { end_idle_after: IDLE, address_messages: 100_000, ..Options::default() };
        let secrets = Secrets::load(&secrets_in(folder.path()), true).unwrap();
        let app = App::new(store.clone(), keys.clone(), Arc::clone(&clock) as Arc<_>, secrets, options);
        let owner = NewOperator {
            name: "Ada".to_owned(),
            email: "ada@example.de".to_owned(),
            password: Plaintext::new(PASSWORD.to_owned()),
            role: Role::Owner,
            language: Language::De,
        };
        let new = NewOrganisation { title: "Nordlicht".to_owned(), owner, widget: WidgetChange::default() };
        let done = app.set_up(new).await.unwrap();
        Self { app, clock, store, keys, done, locations: (data, keys_at), databases, folder }
    }

    /// Another node of the same installation, with these secrets.
    async fn node(&self, secrets: Secrets) -> Arc<App> {
        self.node_at(secrets, Arc::clone(&self.clock)).await
    }

    /// The same with a clock of its own.
    async fn node_at(&self, secrets: Secrets, clock: Arc<impl Clock>) -> Arc<App> {
        let store = Store::open(&self.locations.0, Settings::default()).await.unwrap();
        let keys = KeyStore::open(&self.locations.1, Settings::default()).await.unwrap();
        App::new(store, keys, clock, secrets, self.app.options().to_owned())
    }

    fn secrets(&self) -> Secrets {
        Secrets::load(&secrets_in(self.folder.path()), false).unwrap()
    }

    fn is_on_postgres(&self) -> bool {
        self.databases.is_some()
    }

    /// Whoever can write to the database writes this.
    fn raw_data(&self, text: &str) {
        self.raw(text, 0);
    }

    /// The same in the key database.
    fn raw_keys(&self, text: &str) {
        self.raw(text, 1);
    }

    fn raw(&self, text: &str, which: usize) {
        match (&self.databases, &self.locations) {
            (Some((data, keys)), _) => [data, keys][which].run(text),
            (None, (Location::File(data), Location::File(keys))) => {
                faults::run([data, keys][which], text);
            }
            (None, _) => unreachable!("a file"),
        }
    }

    /// Another organisation here.
    async fn found(&self, email: &str) -> SetUp {
        let owner = NewOperator {
            name: "Ben".to_owned(),
            email: email.to_owned(),
            password: Plaintext::new(PASSWORD.to_owned()),
            role: Role::Owner,
            language: Language::De,
        };
        let new = NewOrganisation { title: "Südlicht".to_owned(), owner, widget: WidgetChange::default() };
        self.app.set_up(new).await.unwrap()
    }

    /// Does what is due, as the worker does.
    async fn work(&self) {
        while self.app.work().await.unwrap() > 0 {}
    }

    async fn visitor(&self) -> Visitor {
        self.app.visit(self.done.widget, None, None, HERE).await.unwrap().0
    }

    async fn state(&self, name: PublicId) -> State {
        self.app.summary(self.done.principal, name).await.unwrap().progress.state
    }

    /// What happened in a conversation besides messages.
    async fn events(&self, name: PublicId) -> Vec<Event> {
        let (_, entries) = self.app.entries_before(self.done.principal, name, i64::MAX, 200).await.unwrap();
        let event = |kind: Kind| if let Kind::Event(event) = kind { Some(event) } else { None };
        entries.iter().filter_map(|entry| event(entry.kind)).collect()
    }
}

/// Two places in memory.
struct Two {
    a: Arc<Memory>,
    b: Arc<Memory>,
}

impl Two {
    /// Named as the places of this house.
    fn of(house: &House) -> Self {
        let two = Self { a: Arc::default(), b: Arc::default() };
        two.used_by(&house.app, house.folder.path());
        two
    }

    fn used_by(&self, app: &Arc<App>, folder: &Path) {
        let within = |site| Where::new("DE", site, "Nordlicht").unwrap();
        let all = vec![
            Placed::new("place_a", within("Kiel"), Arc::clone(&self.a) as Arc<_>),
            Placed::new("place_b", within("Bonn"), Arc::clone(&self.b) as Arc<_>),
        ];
        let (spool, keep, daily_at) = (folder.join("spool"), DAY * 30, Duration::from_secs(3 * 3600));
        app.use_places(Places { all, spool, keep, daily_at });
    }
}

/// The owner, with a browser that nobody has seen before.
async fn signed_in(app: &App) -> SignedIn {
    let visit = Visit { from: HERE, device: None, browser: Browser::Firefox, platform: Platform::Linux };
    match app.sign_in("ada@example.de", Plaintext::new(PASSWORD.to_owned()), &visit).await.unwrap() {
        Step::Done(signed_in) => signed_in,
        Step::Code(_) => panic!("a code is asked for"),
    }
}

fn secrets_in(folder: &Path) -> std::path::PathBuf {
    folder.join("secrets")
}

fn message(counter: i64) -> Incoming {
    Incoming { sender: SenderId(7), counter, text: Plaintext::new(format!("Nachricht {counter}")), note: false }
}

async fn write(house: &House, visitor: &mut Visitor, counter: i64) -> Accepted {
    let accepted = match visitor.conversation.clone() {
        None => house.app.receive_first(visitor, message(counter)).await,
        Some(found) => house.app.receive_from_visitor(visitor, &found, message(counter)).await.unwrap().await.result,
    };
    let accepted = accepted.unwrap();
    visitor.conversation = Some(Arc::clone(&accepted.conversation));
    accepted
}

macro_rules! on_both {
    ($($name:ident)+) => {$(
        mod $name {
            #[tokio::test]
            async fn on_sqlite() {
                super::$name(crate::House::new(false).await).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                super::$name(crate::House::new(true).await).await;
            }
        }
    )+};
}
pub(crate) use on_both;

on_both! {
    a_conversation_in_which_nobody_writes_ends_by_itself
    a_worker_that_died_leaves_its_work_to_the_next
    a_session_ends_when_nobody_uses_it_and_after_a_week_at_the_latest
    keys_that_were_never_used_are_swept_and_no_other
}

async fn a_conversation_in_which_nobody_writes_ends_by_itself(house: House) {
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    let (mut other, started) = (house.visitor().await, house.clock.now());
    let busy = write(&house, &mut other, 1).await.conversation.name();
    house.clock.advance(IDLE - SECOND);
    house.work().await;
    assert_eq!(house.state(id).await, State::New, "one second before");
    write(&house, &mut other, 2).await;
    house.clock.advance(SECOND);
    house.work().await;
    assert_eq!(house.state(id).await, State::Ended, "one second after");
    assert_eq!(house.events(id).await, [Event::EndedIdle]);
    assert_eq!(house.state(busy).await, State::New, "somebody wrote there");
    assert_eq!(house.app.counts(house.done.principal).await.unwrap().all, 1);

    // An operator's word counts as well, and ending is done once, however often it is tried.
    house.clock.advance(IDLE - SECOND * 2);
    house.app.set_ended(house.done.principal, busy, true).await.unwrap();
    house.app.set_ended(house.done.principal, busy, false).await.unwrap();
    house.clock.advance(SECOND * 60);
    house.work().await;
    assert_eq!(house.state(busy).await, State::Open, "taken up again a minute ago");
    house.clock.advance(IDLE);
    house.work().await;
    house.work().await;
    assert_eq!(house.events(busy).await, [Event::Ended, Event::Reopened, Event::EndedIdle]);

    // A message takes it up again, and then it ends again.
    write(&house, &mut visitor, 2).await;
    assert_eq!(house.state(id).await, State::Open);
    house.clock.advance(IDLE);
    house.work().await;
    assert_eq!(house.events(id).await, [Event::EndedIdle, Event::EndedIdle]);
    assert_eq!(house.app.list(house.done.principal, ListName::All, false, i64::MAX, 10).await.unwrap().len(), 0);
    assert!(house.clock.now() > started);
}

async fn a_worker_that_died_leaves_its_work_to_the_next(house: House) {
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    house.clock.advance(IDLE);
    let lease = Duration::from_secs(60);
    let claimed = house.store.claim_jobs(store::job::Lane::Quick, house.clock.now(), lease, 10).await.unwrap();
    assert_eq!(claimed.len(), 1, "and then the worker dies");
    house.work().await;
    assert_eq!(house.state(id).await, State::New, "it is still leased");
    house.clock.advance(lease + SECOND);
    house.work().await;
    assert_eq!(house.events(id).await, [Event::EndedIdle]);
}

async fn a_session_ends_when_nobody_uses_it_and_after_a_week_at_the_latest(house: House) {
    let (unused, used) = (signed_in(&house.app).await.secret, signed_in(&house.app).await.secret);
    let token = house.app.issue_api_token(house.done.principal, SESSION_LONGEST * 2).await.unwrap();
    let (begun, owner) = (house.clock.now(), house.done.principal.from(Origin::Linux));
    for _ in 0..13 {
        house.clock.advance(SESSION_IDLE - SECOND);
        assert_eq!(house.app.session(&used).await.unwrap(), owner, "used in time");
    }
    assert!(matches!(house.app.session(&unused).await, Err(Error::Unauthorised)));
    house.clock.advance(SESSION_IDLE - SECOND);
    assert!(house.app.session(&used).await.is_ok());
    assert!(house.clock.now() < begun.plus(SESSION_LONGEST));
    house.clock.advance(SECOND * 15);
    assert!(matches!(house.app.session(&used).await, Err(Error::Unauthorised)), "a week is over");
    assert!(house.app.api_token(&token).await.is_ok());
    house.app.tidy().await.unwrap();
    house.clock.advance(SESSION_LONGEST);
    assert!(matches!(house.app.api_token(&token).await, Err(Error::Unauthorised)), "its time is over");
    signed_in(&house.app).await;
}

async fn keys_that_were_never_used_are_swept_and_no_other(house: House) {
    let count = async || {
        let soon = house.clock.now().plus(SECOND);
        house.keys.keys_before(soon, (Timestamp(i64::MIN), KeyId(0)), 500).await.unwrap().len()
    };
    let before = count().await;
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    let pooled = count().await - before;
    assert!(pooled > 1, "more were made than the one in use");
    house.clock.advance(POOLED_KEY_LIFE - SECOND);
    house.app.tidy().await.unwrap();
    assert_eq!(count().await, before + pooled, "not yet");
    house.clock.advance(SECOND * 2);
    house.app.tidy().await.unwrap();
    assert_eq!(count().await, before + 1, "only what is in use stays");
    house.app.tidy().await.unwrap();
    let (_, entries) = house.app.entries_before(house.done.principal, id, i64::MAX, 10).await.unwrap();
    assert_eq!(entries[0].text.as_ref().unwrap().reveal(), "Nachricht 1");
    let mut later = house.visitor().await;
    write(&house, &mut later, 1).await;
}
