//! A little of everything that a store is asked to write, on a disk of its own, with a client that asks again until it is
//! answered; and what must be there afterwards.

use diskret_store::append::{Append, Outcome};
use diskret_store::conversation::Seen;
use diskret_store::key::{WrappedDataKey, WrappedOrganisationKey};
use diskret_store::{Error, KeyStore, Result, Settings, Store};
use domain::conversation::{Event, Kind, State};
use domain::{KeyId, OrganisationId};
use faults::{Disk, Rule, Setup};
use futures_util::future::join_all;
use tokio::sync::OnceCell;

use crate::fixture::{Chat, Fixture, Place, START, Tenant, all, assert_gapless, entries, somebody};

const TOKEN: [u8; 32] = [7; 32];
const KEYS: std::ops::Range<i64> = 100..108;
/// More troubles than one fault may make.
const PATIENCE: u32 = 20;

/// What is done when there is trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing: the client asks again.
    Again,
    /// The fault goes after a few more attempts.
    Heal,
    /// The machine crashes, and the program is started again.
    Crash,
}

/// Two new databases: migrated, with tenants and an organisation's key.
struct Template {
    data: Vec<u8>,
    keys: Vec<u8>,
    ours: Tenant,
}

async fn template() -> &'static Template {
    static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            faults::install();
            let at = Fixture::sqlite().await;
            let keys = at.keys().await;
            let wrapped =
                WrappedOrganisationKey { organisation: at.ours.id, version: 1, epoch: 1, wrapped: vec![1; 60] };
            keys.insert_organisation_key(wrapped, START).await.unwrap();
            keys.close().await;
            at.store.close().await;
            at.place.data().await.rows("PRAGMA wal_checkpoint(TRUNCATE)").await;
            at.place.keys().await.rows("PRAGMA wal_checkpoint(TRUNCATE)").await;
            let Place::Files(folder) = &at.place else { panic!("files") };
            let read = |name| std::fs::read(folder.path().join(name)).unwrap();
            Template { data: read("diskret.db"), keys: read("keys.db"), ours: at.ours.clone() }
        })
        .await
}

/// The program, as long as it runs.
struct Node {
    store: Store,
    keys: KeyStore,
}

/// A run of the workload.
pub(crate) struct Run {
    pub(crate) disk: Disk,
    place: Place,
    node: Node,
    ours: Tenant,
    then: Then,
    /// How often the client was told of trouble.
    pub(crate) troubles: u32,
    /// Sender and counter of what was acknowledged.
    acknowledged: Vec<(i64, i64)>,
}

impl Run {
    /// New databases on a disk on which nothing goes wrong yet.
    pub(crate) async fn new(seed: u64, then: Then) -> Self {
        let template = template().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("diskret.db"), &template.data).unwrap();
        std::fs::write(folder.path().join("keys.db"), &template.keys).unwrap();
        let disk = faults::disk(folder.path()).unwrap();
        disk.set(&Setup { seed, flush: false, ..Setup::default() });
        let place = Place::Files(folder);
        let node = open(&place).await.unwrap();
        Self { disk, place, node, ours: template.ours.clone(), then, troubles: 0, acknowledged: Vec::new() }
    }

    /// The whole of it under a rule: the workload, what is there, a crash, and what is there then. Says how often the rule
    /// struck the workload.
    pub(crate) async fn under(mut self, rule: Rule) -> (u64, u32) {
        self.disk.fail(rule);
        self.work().await;
        let struck = self.disk.struck();
        self.disk.heal();
        self.assert_done().await;
        self.crash().await;
        self.assert_done().await;
        (struck, self.troubles)
    }

    /// Everything that the workload asks for, each until it is answered.
    pub(crate) async fn work(&mut self) {
        self.send(|run| vec![(1, 1, run.ours.first(TOKEN, 1, 1))]).await;
        let chat = self.chat().await;
        let visitor = |sender, counter| (sender, counter, chat.visitor(sender, counter));
        self.send(|_| vec![visitor(1, 2), visitor(1, 3), visitor(2, 1), visitor(2, 2)]).await;
        let (ada, ben) = (self.ours.ada, self.ours.ben);
        self.send(|_| vec![(9, 1, chat.operator(ada, 9, 1)), (9, 2, chat.note(ada, 9, 2))]).await;
        let (ours, id) = (self.ours.id, chat.id);
        self.insist(async |node| node.store.see(ours, id, Seen::Team(3)).await).await;
        self.insist(async |node| node.store.see(ours, id, Seen::Visitor(2)).await).await;
        self.insist(async |node| node.store.audited(somebody()).assign(ours, id, (ada, all()), Some(ben), START).await)
            .await;
        self.insert_keys().await;
        self.insist(async |node| {
            node.store.audited(somebody()).set_ended(ours, id, (ada, all()), true, START, START).await
        })
        .await;
        self.send(|_| vec![visitor(1, 4)]).await;
    }

    /// Sends messages together, and whatever was not acknowledged again under the same counter.
    async fn send(&mut self, messages: impl Fn(&Self) -> Vec<(i64, i64, Append)>) {
        loop {
            let mut waiting = messages(self);
            waiting.retain(|(sender, counter, _)| !self.acknowledged.contains(&(*sender, *counter)));
            if waiting.is_empty() {
                return;
            }
            let given = waiting.into_iter().map(|(sender, counter, append)| {
                let outcome = self.node.store.append(append);
                async move { (sender, counter, outcome.await) }
            });
            let mut trouble = None;
            for (sender, counter, outcome) in join_all(given.collect::<Vec<_>>()).await {
                match outcome {
                    Ok(Outcome::Stored(_) | Outcome::Retried { .. }) => self.acknowledged.push((sender, counter)),
                    // So the first one was stored, and nobody heard of it.
                    Ok(Outcome::AlreadyBegun) => self.ask_again_in_it(sender, counter).await,
                    // Its forerunner went with a transaction that failed.
                    Ok(Outcome::Gap { .. }) if trouble.is_some() => {}
                    Err(error) => trouble = Some(error),
                    other => panic!("{sender}/{counter}: {other:?}"),
                }
            }
            if let Some(error) = trouble {
                self.hear(&error).await;
            }
        }
    }

    /// A conversation has begun already: its first message is asked for in there, and must be known.
    async fn ask_again_in_it(&mut self, sender: i64, counter: i64) {
        let chat = self.chat().await;
        let asked = async |node: &Node| node.store.append(chat.visitor(sender, counter)).await;
        let outcome = self.insist(asked).await;
        assert!(matches!(outcome, Outcome::Retried { .. }), "{outcome:?}");
        self.acknowledged.push((sender, counter));
    }

    /// Asks until it is done.
    async fn insist<T>(&mut self, ask: impl AsyncFn(&Node) -> Result<T>) -> T {
        loop {
            match ask(&self.node).await {
                Ok(done) => return done,
                Err(error) => self.hear(&error).await,
            }
        }
    }

    async fn insert_keys(&mut self) {
        let keys = |organisation| KEYS.map(|id| data_key(organisation, id)).collect::<Vec<_>>();
        let mut unknown = false;
        loop {
            match self.node.keys.insert_keys(keys(self.ours.id), START).await {
                Ok(()) => return,
                Err(Error::Conflict(_)) if unknown => return,
                Err(error) => {
                    unknown |= matches!(error, Error::Unknown(_));
                    self.hear(&error).await;
                }
            }
        }
    }

    async fn chat(&mut self) -> Chat {
        let ours = self.ours.id;
        let head = self.insist(async |node| node.store.conversation_of_token(ours, TOKEN).await).await;
        Chat { tenant: self.ours.clone(), id: head.id, name: head.name, token: TOKEN, key: head.key }
    }

    /// Trouble is told as such, and has an end.
    async fn hear(&mut self, error: &Error) {
        assert!(matches!(error, Error::Unavailable(_) | Error::Unknown(_)), "{error:?}");
        self.troubles += 1;
        assert!(self.troubles < PATIENCE, "no way out of it: {error:?}");
        match self.then {
            Then::Again => {}
            Then::Heal if self.troubles < 3 => {}
            Then::Heal => self.disk.heal(),
            Then::Crash => self.crash().await,
        }
    }

    /// Crashes and starts again. What was acknowledged must be there.
    pub(crate) async fn crash(&mut self) {
        self.disk.crash().unwrap();
        self.disk.restart();
        self.node = open(&self.place).await.unwrap();
        self.assert_kept().await;
    }

    async fn assert_kept(&mut self) {
        for raw in [self.place.data().await, self.place.keys().await] {
            assert_eq!(raw.rows("PRAGMA integrity_check").await, [["ok"]]);
        }
        let entries = match self.node.store.conversation_of_token(self.ours.id, TOKEN).await {
            Ok(head) => {
                let chat =
                    Chat { tenant: self.ours.clone(), id: head.id, name: head.name, token: TOKEN, key: head.key };
                entries(&self.node.store, &chat).await
            }
            Err(Error::NotFound) => Vec::new(),
            other => panic!("{other:?}"),
        };
        // Each sender's in order, each once.
        assert_gapless(&entries);
        for (sender, counter) in &self.acknowledged {
            let is_it = |entry: &&_| is(entry, *sender, *counter);
            assert_eq!(entries.iter().filter(is_it).count(), 1, "{sender}/{counter} was acknowledged");
        }
    }

    /// Everything is there, once, in order.
    async fn assert_done(&mut self) {
        self.assert_kept().await;
        let chat = self.chat().await;
        let entries = entries(&self.node.store, &chat).await;
        let messages: Vec<_> = entries
            .iter()
            .filter(|entry| !matches!(entry.kind, Kind::Event(_)))
            .map(|entry| (entry.sender.0, entry.counter))
            .collect();
        assert_eq!(
            (messages.len(), messages.first(), messages.last()),
            (8, Some(&(1, 1)), Some(&(1, 4))),
            "{messages:?}"
        );
        let events: Vec<_> = entries
            .iter()
            .filter_map(|entry| match entry.kind {
                Kind::Event(event) => Some(event),
                _ => None,
            })
            .collect();
        let expected = [Event::Assigned(Some(self.ours.ada)), Event::Assigned(Some(self.ours.ben)), Event::Ended];
        assert_eq!(events, expected);
        let head = self.node.store.conversation(self.ours.id, chat.id).await.unwrap();
        assert_ne!(head.progress.state, State::Ended, "taken up by the last message");
        assert_eq!((head.progress.assignee, head.progress.last_sequence), (Some(self.ours.ben), 11));
        assert_eq!(self.place.data().await.number("SELECT COUNT(*) FROM job").await, 1);
        for id in KEYS {
            let found = self.node.keys.data_key(self.ours.id, KeyId(id)).await;
            assert_eq!(found, Ok(data_key(self.ours.id, id)));
        }
    }
}

fn is(entry: &diskret_store::message::Entry, sender: i64, counter: i64) -> bool {
    (entry.sender.0, entry.counter) == (sender, counter)
}

fn data_key(organisation: OrganisationId, id: i64) -> WrappedDataKey {
    WrappedDataKey { organisation, id: KeyId(id), version: 1, wrapped: format!("wrapped {id}").into_bytes() }
}

async fn open(place: &Place) -> Result<Node> {
    let store = Store::open(&place.data_location(), Settings::default()).await?;
    Ok(Node { store, keys: KeyStore::open(&place.keys_location(), Settings::default()).await? })
}
