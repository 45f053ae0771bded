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
use store::{KeyStore, Pace, Settings, Store};

use crate::epoch::turned;
use crate::erasure::destroy;
use crate::{House, secrets_in, write};

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
    pub(crate) async fn doomed(&self, turns: i64) -> (Arc<App>, &'static Fuse) {
        // One per attempt; there are a few hundred.
        let fuse: &'static Fuse =
            Box::leak(Box::new(Fuse { turns: AtomicI64::new(i64::MAX / 2), blown: tokio::sync::Notify::new() }));
        let settings = Settings { inline: Some(fuse), ..Settings::default() };
        let (data, keys) = store::files_in(self.folder.path());
        let store = Store::open(&data, settings).await.unwrap();
        let keys = KeyStore::open(&keys, settings).await.unwrap();
        let secrets = Secrets::load(&secrets_in(self.folder.path()), false).unwrap();
        let app = App::new(store, keys, Arc::clone(&self.clock) as Arc<_>, secrets, self.app.options().to_owned());
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
        for erasure in erasures {
            let found = self.app.erasure(ada, erasure).await.unwrap().erasure;
            assert_eq!(found.state, State::Done);
            let counts = (found.conversations, found.messages, found.keys, found.journal_number, found.epoch);
            left += &format!("{:?} {counts:?}\n", found.what);
            let receipt = self.app.erasure_receipt(ada, erasure).await.unwrap();
            let receipt = privacy::receipt::Receipt::verify(&receipt, None).unwrap();
            assert!(receipt.statement.outcome.is_some());
        }
        let head = self.store.journal_head().await.unwrap().number;
        left + &format!("journal {head}, stubs {:?}", self.app.stubs(ada).await.unwrap().len())
    }
}

struct Scene {
    house: House,
    names: [PublicId; 3],
    keys: [KeyId; 2],
    erasures: [PublicId; 2],
}

/// One conversation that goes, one of which a passage goes, one that stays.
async fn scene() -> Scene {
    let house = House::new(false).await;
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
    Scene { house, names, keys, erasures: [whole, part] }
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
    let Scene { house, names, keys, erasures } = scene;
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
    let plain = scene().await;
    let (app, fuse) = plain.house.doomed(i64::MAX / 4).await;
    let begun = fuse.turns.load(Ordering::SeqCst);
    assert!(work(&plain.house, (&app, fuse)).await, "nothing stops it");
    let turns = begun - fuse.turns.load(Ordering::SeqCst);
    let expected = ends(&plain).await;
    assert!(expected.contains("▇▇▇ 1") && turns > 60, "{turns} {expected}");
    // Before or after a commit, or at a reading, in whichever step. All of them take a minute.
    let step = if std::env::var_os("DISKRET_KILLS").is_some_and(|kills| kills == "all") { 1 } else { 5 };
    for turn in (1..turns).step_by(step) {
        let scene = scene().await;
        let (app, fuse) = scene.house.doomed(turn).await;
        assert!(!work(&scene.house, (&app, fuse)).await, "it was not killed");
        drop(app);
        assert_eq!(ends(&scene).await, expected, "killed at turn {turn} of {turns}");
    }
}
