//! An installation put back onto an empty machine, from either place, on either kind of database.

use std::path::Path;
use std::sync::Arc;

use diskret_app::backup::Which;
use diskret_app::backup::restore::{NotRestored, Order, Progress, Restored, is_half_restored, restore};
use diskret_app::erasure::Wanted;
use diskret_app::journal::Offered;
use diskret_app::places::Placed;
use diskret_app::secrets::Secrets;
use diskret_app::{App, Error};
use domain::erasure::{HoldReason, State, What};
use domain::limits::UNDO_MANY;
use domain::{Clock as _, ErasureId, KeyId, PublicId, Timestamp};
use privacy::recovery;
use store::journal::Entry;
use store::{KeyStore, Location, Settings, Store};
use testkit::Database;

use crate::closing::{another, its_day};
use crate::erasure::destroy;
use crate::{HERE, House, SECOND, Two, on_both, secrets_in, signed_in, write};

on_both! {
    from_either_place_it_comes_back_on_either_kind_of_database
    what_was_deleted_after_the_backup_does_not_come_back
    what_was_hidden_in_the_backup_and_destroyed_since_is_destroyed_and_not_stuck
    an_organisation_that_ended_after_the_backup_does_not_come_back
    broken_off_at_any_moment_it_is_begun_anew
    what_was_changed_at_one_place_is_taken_from_the_other_and_told
    the_wrong_key_and_the_wrong_signature_restore_nothing
    an_entry_of_the_journal_that_was_taken_away_is_noticed
    a_folder_or_a_database_that_is_not_empty_is_left_alone
}

/// An empty machine.
pub(crate) struct Machine {
    pub(crate) folder: tempfile::TempDir,
    _databases: Option<(Database, Database)>,
    pub(crate) locations: (Location, Location),
}

impl Machine {
    pub(crate) fn new(on_postgres: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let databases = on_postgres.then(|| testkit::postgres().pair());
        let locations = match &databases {
            Some((data, keys)) => (Location::Postgres(data.url.clone()), Location::Postgres(keys.url.clone())),
            None => store::files_in(folder.path()),
        };
        Self { folder, _databases: databases, locations }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// An entry of the journal, as a deletion there adds it.
    pub(crate) async fn append(&self, entry: Entry) {
        let store = Store::open(&self.locations.0, Settings::default()).await.unwrap();
        store.append_journal(entry).await.unwrap();
        store.close().await;
    }

    pub(crate) async fn serve(&self, house: &House) -> Arc<App> {
        let store = Store::open(&self.locations.0, Settings::default()).await.unwrap();
        let keys = KeyStore::open(&self.locations.1, Settings::default()).await.unwrap();
        let secrets = Secrets::load(&secrets_in(self.path()), false).unwrap();
        let app = App::new(store, keys, Arc::clone(&house.clock) as Arc<_>, secrets, house.app.options().to_owned());
        app.check_secrets().await.unwrap();
        app.name_secrets().await.unwrap();
        app
    }
}

pub(crate) fn order<'o>(
    house: &House,
    machine: &'o Machine,
    from: &'o [Placed],
    key: &'o privacy::envelope::OpenKey,
) -> Order<'o> {
    let _ = house;
    Order {
        from,
        recovery: key,
        named: &[],
        journal: None,
        evidence: None,
        folder: machine.path(),
        locations: machine.locations.clone(),
        settings: Settings::default(),
    }
}

pub(crate) fn key(house: &House) -> privacy::envelope::OpenKey {
    recovery::private(house.done.recovery_key.as_ref().unwrap()).unwrap()
}

/// What was restored, and what was told on the way.
pub(crate) async fn restored(house: &House, order: &Order<'_>) -> (Result<Restored, NotRestored>, Vec<Progress>) {
    let mut told = Vec::new();
    let restored = restore(order, &*house.clock, |progress| told.push(progress)).await;
    (restored.map(|done| done.expect("it was not through before")), told)
}

/// A conversation with so many messages.
pub(crate) async fn conversation(house: &House, messages: i64) -> PublicId {
    let mut visitor = house.visitor().await;
    let mut name = None;
    for counter in 1..=messages {
        name = Some(write(house, &mut visitor, counter).await.conversation.name());
    }
    name.unwrap()
}

pub(crate) async fn texts(app: &App, house: &House, name: PublicId) -> Result<Vec<String>, Error> {
    let (_, entries) = app.entries_before(house.done.principal, name, i64::MAX, 200).await?;
    Ok(entries.iter().filter_map(|entry| Some(entry.text.as_ref()?.reveal().to_owned())).collect())
}

pub(crate) async fn back_up(house: &House) {
    for which in [Which::Data, Which::Keys] {
        house.clock.advance(SECOND);
        assert!(house.app.back_up(which, None).await.unwrap().pending.is_empty());
    }
}

/// Destroys a conversation's keys as a deletion does, and notes it in the journal at both places.
pub(crate) async fn erase(house: &House, names: &[PublicId]) -> Offered {
    let organisation = house.done.principal.organisation;
    for name in names {
        let id = house.app.summary(house.done.principal, *name).await.unwrap().conversation.id;
        let reference = house.store.conversation(organisation, id).await.unwrap();
        let entry = Entry {
            organisation: (organisation, house.done.organisation),
            at: house.clock.now(),
            erasure: PublicId::from_bytes([9; 16]),
            what: What::Conversation,
            conversations: vec![*name],
            entries: Vec::new(),
            keys: vec![reference.key],
        };
        house.store.append_journal(entry).await.unwrap();
        house.keys.delete_keys(organisation, vec![reference.key], house.clock.now()).await.unwrap();
    }
    house.app.journal_offer().await.unwrap()
}

async fn from_either_place_it_comes_back_on_either_kind_of_database(house: House) {
    let _two = Two::of(&house);
    let name = conversation(&house, 30).await;
    let expected = texts(&house.app, &house, name).await.unwrap();
    assert_eq!(expected.len(), 30);
    back_up(&house).await;
    // What comes later is lost, and nothing else.
    let later = conversation(&house, 1).await;
    let key = key(&house);
    for (on_postgres, place) in [(false, 0), (true, 1), (true, 0), (false, 1)] {
        let (machine, from) = (Machine::new(on_postgres), [house.app.places()[place].clone()]);
        let (done, told) = restored(&house, &order(&house, &machine, &from, &key)).await;
        let done = done.unwrap();
        assert_eq!((done.signed_by, done.journal), (house.app.audit_key(), 0));
        let through = told.iter().filter(|told| matches!(told, Progress::Bytes(done, all) if done == all)).count();
        assert_eq!(through, 2, "data and keys: {told:?}");
        assert!(!is_half_restored(machine.path()));
        let app = machine.serve(&house).await;
        assert_eq!(texts(&app, &house, name).await.unwrap(), expected);
        assert!(matches!(texts(&app, &house, later).await, Err(Error::NotFound)));
        signed_in(&app).await;
        // It goes on: a visitor writes, and the next backup is made.
        let visitor = app.visit(house.done.widget, None, None, crate::HERE).await.unwrap().0;
        app.receive_first(&visitor, crate::message(1)).await.unwrap();
        app.close().await;
    }
}

async fn what_was_deleted_after_the_backup_does_not_come_back(house: House) {
    let _two = Two::of(&house);
    let [kept, gone, also] =
        [conversation(&house, 3).await, conversation(&house, 3).await, conversation(&house, 3).await];
    back_up(&house).await;
    let unknown = conversation(&house, 1).await;
    let offered = erase(&house, &[gone, also, unknown]).await;
    assert!(offered.is_everywhere(3));
    let key = key(&house);
    for on_postgres in [false, true] {
        let machine = Machine::new(on_postgres);
        let (done, _) = restored(&house, &order(&house, &machine, house.app.places(), &key)).await;
        let done = done.unwrap();
        assert_eq!((done.journal, done.replayed.conversations, done.replayed.rest_lost), (3, 2, 0));
        let app = machine.serve(&house).await;
        assert_eq!(texts(&app, &house, kept).await.unwrap().len(), 3);
        for name in [gone, also, unknown] {
            assert!(matches!(texts(&app, &house, name).await, Err(Error::NotFound)));
        }
        app.close().await;
        let store = Store::open(&machine.locations.0, Settings::default()).await.unwrap();
        assert_eq!(store.journal_head().await, house.store.journal_head().await, "and the journal goes on");
        let keys = KeyStore::open(&machine.locations.1, Settings::default()).await.unwrap();
        let soon = house.clock.now().plus(SECOND);
        let there = keys.keys_before(soon, (Timestamp(i64::MIN), KeyId(0)), 5_000).await.unwrap();
        for line in store.journal_after(0, 10).await.unwrap() {
            let (_, entry) = Entry::read(&line.bytes).unwrap();
            assert!(there.iter().all(|(_, (_, id))| !entry.keys.contains(id)), "not even as a wrapped key");
        }
    }
}

async fn what_was_hidden_in_the_backup_and_destroyed_since_is_destroyed_and_not_stuck(house: House) {
    let _two = Two::of(&house);
    let ada = house.done.principal;
    let [first, second, kept, cut] = [
        conversation(&house, 2).await,
        conversation(&house, 2).await,
        conversation(&house, 2).await,
        conversation(&house, 2).await,
    ];
    let many = Wanted::Conversations(vec![first, second, kept]);
    let many = house.app.request_erasure(ada, many).await.unwrap().name;
    let part = house.app.request_erasure(ada, Wanted::Entries(cut, vec![1])).await.unwrap().name;
    back_up(&house).await;
    // One of them is kept after all, which the backup does not know.
    house.app.set_hold(ada, kept, HoldReason::Claim, house.clock.now().plus(UNDO_MANY * 99)).await.unwrap();
    house.clock.advance(UNDO_MANY);
    for _ in 0..3 {
        destroy(&house).await;
    }
    house.app.journal_offer().await.unwrap();
    let mut numbers = Vec::new();
    for erasure in [many, part] {
        let found = house.app.erasure(ada, erasure).await.unwrap().erasure;
        assert_eq!(found.state, State::Destroyed);
        numbers.push((found.journal_number, erasure));
    }
    let key = key(&house);
    for on_postgres in [false, true] {
        let machine = Machine::new(on_postgres);
        let (done, _) = restored(&house, &order(&house, &machine, house.app.places(), &key)).await;
        let replayed = done.unwrap().replayed;
        assert_eq!((replayed.conversations, replayed.rest_lost), (2, 1));
        let app = machine.serve(&house).await;
        for erasure in [many, part] {
            let undone = app.undo_erasure(ada, erasure).await;
            assert!(matches!(undone, Err(Error::Conflict(_))), "{undone:?}");
        }
        for _ in 0..3 {
            while app.work().await.unwrap() > 0 {}
            house.clock.advance(SECOND * 80);
        }
        for (number, erasure) in &numbers {
            let found = app.erasure(ada, *erasure).await.unwrap().erasure;
            assert_eq!((found.state, found.journal_number), (State::Destroyed, *number), "{found:?}");
        }
        // What had gone apart from it was not destroyed with it, and goes by itself.
        let all = app.erasures(ada, ErasureId(i64::MAX), None, 10).await.unwrap();
        let own = all.iter().find(|one| ![many, part].contains(&one.erasure.name)).unwrap();
        assert_eq!((own.erasure.conversations, own.erasure.state), (1, State::Destroyed));
        assert!(app.erasures(ada, ErasureId(i64::MAX), None, 10).await.unwrap().len() == 3);
        app.close().await;
    }
}

async fn an_organisation_that_ended_after_the_backup_does_not_come_back(house: House) {
    let _two = Two::of(&house);
    let other = another(&house).await;
    conversation(&house, 5).await;
    let (mut theirs, _) = house.app.visit(other.widget, None, None, HERE).await.unwrap();
    let kept = write(&house, &mut theirs, 1).await.conversation.name();
    back_up(&house).await;
    let closing = house.app.close_organisation_here(house.done.organisation, true).await.unwrap();
    its_day(&house).await;
    let key = key(&house);
    for (on_postgres, place) in [(false, 0), (true, 1)] {
        let (machine, from) = (Machine::new(on_postgres), [house.app.places()[place].clone()]);
        let (done, _) = restored(&house, &order(&house, &machine, &from, &key)).await;
        assert!(done.unwrap().journal >= 2, "its conversations, and itself");
        let app = machine.serve(&house).await;
        let there: Vec<PublicId> = app.organisations().await.unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(there, [other.organisation]);
        let (_, entries) = app.entries_before(other.principal, kept, i64::MAX, 10).await.unwrap();
        assert_eq!(entries.len(), 1);
        assert!(matches!(app.visit(house.done.widget, None, None, HERE).await, Err(Error::NotFound)));
        // The backup is of a moment before anybody asked for it: that machine has no receipt to give.
        assert!(matches!(app.closing_receipt_numbered(closing.name).await, Err(Error::NotFound)));
    }
}

async fn broken_off_at_any_moment_it_is_begun_anew(house: House) {
    let two = Two::of(&house);
    let [kept, gone] = [conversation(&house, 3).await, conversation(&house, 3).await];
    back_up(&house).await;
    erase(&house, &[gone]).await;
    let (key, from) = (key(&house), [house.app.places()[0].clone()]);
    let before = two.a.operations();
    restored(&house, &order(&house, &Machine::new(false), &from, &key)).await.0.unwrap();
    let whole = two.a.operations() - before;
    assert!(whole > 8, "{whole}");
    for operations in 0..whole {
        let machine = Machine::new(operations % 4 == 3);
        let order = order(&house, &machine, &from, &key);
        two.a.away_after(operations);
        restored(&house, &order).await.0.unwrap_err();
        assert!(is_half_restored(machine.path()), "and nobody is served");
        two.a.set_away(false);
        restored(&house, &order).await.0.unwrap();
        assert!(!is_half_restored(machine.path()));
        let app = machine.serve(&house).await;
        assert_eq!(texts(&app, &house, kept).await.unwrap().len(), 3, "after {operations}");
        assert!(matches!(texts(&app, &house, gone).await, Err(Error::NotFound)), "after {operations}");
        app.close().await;
    }
}

async fn what_was_changed_at_one_place_is_taken_from_the_other_and_told(house: House) {
    let two = Two::of(&house);
    let name = conversation(&house, 3).await;
    back_up(&house).await;
    erase(&house, &[conversation(&house, 1).await]).await;
    let key = key(&house);
    let whole = two.a.objects();
    let secrets = ["keys/secrets", "keys/epoch"];
    for file in whole.keys().filter(|file| !secrets.contains(&file.as_str())) {
        let mut changed = whole.clone();
        let mut bytes = whole[file].to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        changed.insert(file.clone(), bytes.into());
        two.a.set_objects(changed);
        let machine = Machine::new(false);
        let both = order(&house, &machine, house.app.places(), &key);
        let (done, told) = restored(&house, &both).await;
        done.unwrap();
        let refused = |told: &Progress| matches!(told, Progress::Refused(failed) if failed.to_string().contains(file));
        assert!(told.iter().any(refused), "{file}: {told:?}");
        let app = machine.serve(&house).await;
        assert_eq!(texts(&app, &house, name).await.unwrap().len(), 3);
        app.close().await;
        // Where there is no other place, nothing is restored from it.
        if file.ends_with(".part") || file.starts_with("journal/") {
            let (machine, from) = (Machine::new(false), [house.app.places()[0].clone()]);
            let refused = restored(&house, &order(&house, &machine, &from, &key)).await.0.unwrap_err().to_string();
            assert!(refused.contains(file), "{refused}");
            assert!(is_half_restored(machine.path()));
        }
    }
}

async fn the_wrong_key_and_the_wrong_signature_restore_nothing(house: House) {
    let _two = Two::of(&house);
    back_up(&house).await;
    let (right, wrong) = (key(&house), privacy::envelope::OpenKey::generate());
    let machine = Machine::new(false);
    let refused = restored(&house, &order(&house, &machine, house.app.places(), &wrong)).await.0;
    assert!(matches!(refused, Err(NotRestored::WrongKey)), "{refused:?}");
    let with = |evidence| Order { evidence: Some(evidence), ..order(&house, &machine, house.app.places(), &right) };
    let refused = restored(&house, &with([7; 32])).await.0;
    assert!(matches!(refused, Err(NotRestored::OtherSignature(_))), "{refused:?}");
    restored(&house, &with(house.app.audit_key())).await.0.unwrap();
    let bare = House::new(false).await;
    let two = Two::of(&bare);
    let refused = restored(&bare, &order(&bare, &Machine::new(false), bare.app.places(), &right)).await.0;
    assert!(matches!(refused, Err(NotRestored::Nothing(_))), "{refused:?}");
    assert!(two.a.objects().is_empty());
}

async fn an_entry_of_the_journal_that_was_taken_away_is_noticed(house: House) {
    let two = Two::of(&house);
    let [one, other] = [conversation(&house, 1).await, conversation(&house, 1).await];
    back_up(&house).await;
    erase(&house, &[one, other]).await;
    let key = key(&house);
    for place in [&two.a, &two.b] {
        let mut objects = place.objects();
        objects.remove("journal/00000000000000000001").unwrap();
        place.set_objects(objects);
        let machine = Machine::new(false);
        let (done, _) = restored(&house, &order(&house, &machine, house.app.places(), &key)).await;
        assert_eq!(done.is_ok(), Arc::ptr_eq(place, &two.a), "the other place has it: {done:?}");
    }
}

async fn a_folder_or_a_database_that_is_not_empty_is_left_alone(house: House) {
    let _two = Two::of(&house);
    let name = conversation(&house, 2).await;
    back_up(&house).await;
    let key = key(&house);
    let machine = Machine::new(false);
    std::fs::write(machine.path().join("mine"), "mine").unwrap();
    let refused = restored(&house, &order(&house, &machine, house.app.places(), &key)).await.0;
    assert!(matches!(refused, Err(NotRestored::NotEmpty(_))), "{refused:?}");
    let machine = Machine::new(false);
    let into_ours = Order { locations: house.locations.clone(), ..order(&house, &machine, house.app.places(), &key) };
    // Also when it is tried again: the first time must not have made it its own.
    for _ in 0..2 {
        let refused = restored(&house, &into_ours).await.0;
        assert!(matches!(refused, Err(NotRestored::Store(store::Error::Conflict(_)))), "{refused:?}");
        assert_eq!(texts(&house.app, &house, name).await.unwrap().len(), 2);
    }
}
