//! What every test starts from: an open store of either kind, two tenants in it, and ways around the store to look at it,
//! to tamper with it and to make it wait.

use std::sync::OnceLock;
use std::time::Duration;

use diskret_store::api_token::{Given, Program};
use diskret_store::append::{Append, Beginning, Outcome, Stored, Target};
use diskret_store::audit::By;
use diskret_store::conversation::Conversation;
use diskret_store::message::{Entry, Names};
use diskret_store::operator::Operator;
use diskret_store::session::{Means, Proved};
use diskret_store::widget::Widget;
use diskret_store::{Error, KeyStore, Location, Result, Settings, Store, files_in};
use domain::audit::{Actor, Origin};
use domain::conversation::{Author, Kind, Numbers};
use domain::{
    Access, Capability, ConversationId, Groups, KeyId, Language, Level, OperatorId, OrganisationId, Principal,
    PublicId, Role, SenderId, Timestamp, WidgetId,
};
use futures_util::future::join_all;
use privacy::message::Identity;
use privacy::{Message, random};
use tempfile::TempDir;
use testkit::Database;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// When tests begin.
pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000_000);
/// How long nobody may write before a conversation ends by itself.
pub(crate) const IDLE: Duration = Duration::from_secs(3600);
/// More than any test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The hash of every operator's password.
pub(crate) const PASSWORD: &str = "$argon2id$";

/// So many microseconds after the start.
pub(crate) fn moment(micros: i64) -> Timestamp {
    Timestamp(START.0 + micros)
}

/// An owner's access to conversations: all.
pub(crate) fn all() -> Access {
    access(Role::Owner, Groups::default())
}

/// An agent's access to conversations: their own and those nobody has taken.
pub(crate) fn own() -> Access {
    access(Role::Agent, Groups::default())
}

/// The access to conversations of somebody with this role in these groups.
pub(crate) fn access(role: Role, groups: Groups) -> Access {
    Principal::new(OrganisationId(1), OperatorId(1), role, groups)
        .require(Capability::Conversations, Level::Read)
        .unwrap()
}

/// Who does what tests have done, where it is no matter who.
pub(crate) fn somebody() -> By {
    somebody_at(START)
}

/// The same at another time.
#[expect(clippy::disallowed_methods, reason = "tests of the store have no application that would say who acts")]
pub(crate) fn somebody_at(at: Timestamp) -> By {
    By::new(Actor::CommandLine, Origin::CommandLine, at)
}

/// An operator who does something.
#[expect(clippy::disallowed_methods, reason = "tests of the store have no application that would say who acts")]
pub(crate) fn acting(who: OperatorId) -> By {
    By::new(Actor::Operator(who), Origin::Linux, START)
}

/// An organisation with a widget and two operators.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: OrganisationId,
    pub(crate) name: PublicId,
    pub(crate) widget: WidgetId,
    pub(crate) ada: OperatorId,
    pub(crate) ben: OperatorId,
}

impl Tenant {
    async fn found(store: &Store, title: &str) -> Self {
        let organisation = store.insert_organisation(random::public_id(), title.to_owned(), START).await.unwrap();
        let id = organisation.id;
        let widget = store.insert_widget(widget(id), START).await.unwrap();
        let ada = store.audited(somebody()).insert_operator(operator(id, Role::Owner), START).await.unwrap();
        let ben = store.audited(somebody()).insert_operator(operator(id, Role::Agent), START).await.unwrap();
        Self { id, name: organisation.name, widget: widget.id, ada: ada.id, ben: ben.id }
    }

    /// A visitor's first message, with a new name for the conversation that it may begin.
    pub(crate) fn first(&self, token: [u8; 32], sender: i64, counter: i64) -> Append {
        let identity = Identity {
            organisation: self.name,
            conversation: random::public_id(),
            author: Author::Visitor,
            sender: SenderId(sender),
            counter,
            note: false,
            revision: 0,
        };
        Append {
            organisation: self.id,
            target: Target::New(Beginning {
                widget: self.widget,
                token_hash: token,
                key: KeyId(random::number()),
                language: Language::En,
            }),
            message: Message::from_store(identity, content(sender, counter)),
            access: None,
            named: Vec::new(),
            at: START,
            idle_at: START.plus(IDLE),
            ask_at: None,
        }
    }
}

pub(crate) fn widget(organisation: OrganisationId) -> Widget {
    Widget {
        organisation,
        id: WidgetId(0),
        name: random::public_id(),
        title: "Shop".to_owned(),
        greeting: "Grüß Gott 👋".to_owned(),
        colour: "#336699".to_owned(),
        language: Language::De,
        sites: vec!["https://shop.example".to_owned(), "https://www.shop.example".to_owned()],
        group: None,
        ask_after: None,
        end_after: None,
    }
}

/// What somebody has proved who signs in with the password alone.
pub(crate) fn proved(organisation: OrganisationId, operator: OperatorId) -> Proved {
    let by = Means::Password { hash: PASSWORD.to_owned(), second_factor: false };
    Proved { organisation, operator, by }
}

pub(crate) fn operator(organisation: OrganisationId, role: Role) -> Operator {
    Operator {
        organisation,
        id: OperatorId(0),
        name: random::public_id(),
        email_index: random::bytes(),
        profile_sealed: vec![1, 2, 3],
        key: KeyId(random::number()),
        password_hash: PASSWORD.to_owned(),
        role,
        language: Language::De,
        groups: Groups::default(),
        deactivated_at: None,
    }
}

/// What stands for the sealed text of a message.
pub(crate) fn content(sender: i64, counter: i64) -> Vec<u8> {
    format!("sealed {sender}/{counter}").into_bytes()
}

/// A conversation that has begun.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    pub(crate) tenant: Tenant,
    pub(crate) id: ConversationId,
    pub(crate) name: PublicId,
    pub(crate) token: [u8; 32],
}

impl Chat {
    pub(crate) const fn names(&self) -> Names {
        Names { organisation: self.tenant.name, conversation: self.name }
    }

    fn message(&self, author: Author, sender: i64, counter: i64, note: bool) -> Append {
        let identity = Identity {
            organisation: self.tenant.name,
            conversation: self.name,
            author,
            sender: SenderId(sender),
            counter,
            note,
            revision: 0,
        };
        Append {
            organisation: self.tenant.id,
            target: Target::Conversation(self.id),
            message: Message::from_store(identity, content(sender, counter)),
            access: matches!(author, Author::Operator(_)).then(all),
            named: Vec::new(),
            at: START,
            idle_at: START.plus(IDLE),
            ask_at: None,
        }
    }

    /// The visitor writes.
    pub(crate) fn visitor(&self, sender: i64, counter: i64) -> Append {
        self.message(Author::Visitor, sender, counter, false)
    }

    /// An operator who reaches everything writes.
    pub(crate) fn operator(&self, operator: OperatorId, sender: i64, counter: i64) -> Append {
        self.message(Author::Operator(operator), sender, counter, false)
    }

    /// An operator writes for colleagues only.
    pub(crate) fn note(&self, operator: OperatorId, sender: i64, counter: i64) -> Append {
        self.message(Author::Operator(operator), sender, counter, true)
    }
}

/// The numbers of a stored message.
#[track_caller]
pub(crate) fn stored(outcome: Result<Outcome>) -> Stored {
    match outcome {
        Ok(Outcome::Stored(stored)) => stored,
        other => panic!("not stored: {other:?}"),
    }
}

pub(crate) const fn numbers(sequence: i64, visible: i64) -> Numbers {
    Numbers { sequence, visible }
}

/// Where the databases are; they go with it.
pub(crate) enum Place {
    Files(TempDir),
    /// The keys' database is made when first asked for: most tests have no keys, and making one is what takes longest.
    Postgres(Box<(Database, OnceLock<Database>)>),
}

impl Place {
    pub(crate) fn files() -> Self {
        Self::Files(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Box::new((testkit::postgres().database(), OnceLock::new())))
    }

    /// On a server of one's own.
    pub(crate) fn on(server: &testkit::Postgres) -> Self {
        let (data, keys) = server.pair();
        Self::Postgres(Box::new((data, OnceLock::from(keys))))
    }

    /// Of the data.
    pub(crate) fn data_location(&self) -> Location {
        match self {
            Self::Files(folder) => files_in(folder.path()).0,
            Self::Postgres(pair) => Location::Postgres(pair.0.url.clone()),
        }
    }

    /// Of the keys.
    pub(crate) fn keys_location(&self) -> Location {
        match self {
            Self::Files(folder) => files_in(folder.path()).1,
            Self::Postgres(pair) => {
                Location::Postgres(pair.1.get_or_init(|| testkit::postgres().database()).url.clone())
            }
        }
    }

    /// A way around the store into the data.
    pub(crate) async fn data(&self) -> Raw {
        Raw::open(&self.data_location()).await
    }

    /// A way around the store into the keys.
    pub(crate) async fn keys(&self) -> Raw {
        Raw::open(&self.keys_location()).await
    }
}

/// An open store with two tenants.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) ours: Tenant,
    pub(crate) theirs: Tenant,
    // Last, so that the store is closed before its place goes.
    pub(crate) place: Place,
}

impl Fixture {
    /// Ada as whoever asks.
    pub(crate) fn owner(&self) -> Principal {
        Principal::new(self.ours.id, self.ours.ada, Role::Owner, Groups::default())
    }

    /// Ben, the agent.
    pub(crate) fn agent(&self) -> Principal {
        Principal::new(self.ours.id, self.ours.ben, Role::Agent, Groups::default())
    }

    pub(crate) async fn sqlite() -> Self {
        Self::at(Place::files()).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::at(Place::postgres()).await
    }

    pub(crate) async fn at(place: Place) -> Self {
        let store = Store::open(&place.data_location(), Settings::default()).await.unwrap();
        let ours = Tenant::found(&store, "Ours").await;
        let theirs = Tenant::found(&store, "Theirs").await;
        Self { store, ours, theirs, place }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Postgres(_))
    }

    /// Another node on the same data.
    pub(crate) async fn node(&self, settings: Settings) -> Store {
        Store::open(&self.place.data_location(), settings).await.unwrap()
    }

    pub(crate) async fn keys(&self) -> KeyStore {
        KeyStore::open(&self.place.keys_location(), Settings::default()).await.unwrap()
    }

    /// Ends the store and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.store.close().await;
        let late = self.store.append(self.ours.first([0xfe; 32], 1, 1)).await;
        assert!(matches!(late, Err(Error::Unavailable(_))), "a closed store takes nothing: {late:?}");
        self.store = self.node(Settings::default()).await;
    }

    /// A conversation of our organisation with one message in it, from sender 1.
    pub(crate) async fn chat(&self) -> Chat {
        self.chat_of(&self.ours).await
    }

    pub(crate) async fn chat_of(&self, tenant: &Tenant) -> Chat {
        let token: [u8; 32] = random::bytes();
        let first = tenant.first(token, 1, 1);
        let name = first.message.identity().conversation;
        let stored = stored(self.store.append(first).await);
        assert_eq!(stored.numbers, numbers(1, 1));
        Chat { tenant: tenant.clone(), id: stored.change.conversation, name, token }
    }

    pub(crate) async fn head(&self, chat: &Chat) -> Conversation {
        self.store.conversation(chat.tenant.id, chat.id).await.unwrap()
    }

    /// Everything that stands in a conversation.
    pub(crate) async fn entries(&self, chat: &Chat) -> Vec<Entry> {
        entries(&self.store, chat).await
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.place.data().await.number(&format!("SELECT COUNT(*) FROM {table}")).await
    }

    /// Makes whatever writes wait until the hold is let go.
    pub(crate) async fn hold(&self) -> Hold {
        let raw = self.place.data().await;
        raw.run(match &raw {
            Raw::Sqlite(_) => "BEGIN IMMEDIATE",
            Raw::Postgres(_) => {
                "BEGIN; LOCK TABLE organisation, operator, session, conversation, head, message IN ACCESS EXCLUSIVE MODE"
            }
        })
        .await;
        Hold(raw)
    }

    /// Makes the writer wait in a transaction of its own, so that whatever it is given until the hold is let go goes into
    /// the next one, together.
    pub(crate) async fn plug(&self, store: &Store) -> Hold {
        let hold = self.hold().await;
        let store = store.clone();
        tokio::spawn(async move { store.use_session([0xff; 32], START).await });
        hold.until_somebody_waits(1).await;
        hold
    }

    /// Appends all in one transaction.
    pub(crate) async fn append_together(&self, appends: Vec<Append>) -> Vec<Result<Outcome>> {
        let hold = self.plug(&self.store).await;
        let outcomes: Vec<_> = appends.into_iter().map(|append| self.store.append(append)).collect();
        hold.release().await;
        join_all(outcomes).await
    }
}

pub(crate) async fn entries(store: &Store, chat: &Chat) -> Vec<Entry> {
    store.entries_after(chat.tenant.id, chat.id, chat.names(), 0, 1_000_000).await.unwrap()
}

/// Asserts that everything is numbered without a gap, and that each sender's messages stand in the order of their
/// counters, each once.
#[track_caller]
pub(crate) fn assert_gapless(entries: &[Entry]) {
    let mut last = std::collections::HashMap::new();
    let (mut sequence, mut visible) = (0, 0);
    for entry in entries {
        sequence += 1;
        visible += i64::from(entry.kind.is_visible());
        assert_eq!(entry.numbers, numbers(sequence, visible));
        if !matches!(entry.kind, Kind::Event(_)) {
            let last = last.entry((entry.author, entry.sender)).or_insert(0);
            *last += 1;
            assert_eq!(entry.counter, *last, "of {:?} {} at {sequence}", entry.author, entry.sender);
            let stored = entry.message.as_ref().unwrap().sealed();
            assert!(stored.starts_with(&content(entry.sender.0, entry.counter)), "another's content");
        }
    }
}

/// Something waits for it.
pub(crate) struct Hold(Raw);

impl Hold {
    pub(crate) const fn new(raw: Raw) -> Self {
        Self(raw)
    }

    /// Waits until so many writers wait. SQLite does not tell; a writer that has something to do tries at once.
    pub(crate) async fn until_somebody_waits(&self, writers: i64) {
        if let Raw::Sqlite(_) = self.0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            return;
        }
        let waiting =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        testkit::eventually(PATIENCE, "a writer waits for the lock", async || self.0.number(waiting).await >= writers)
            .await;
    }

    pub(crate) async fn release(self) {
        self.0.run("COMMIT").await;
    }

    pub(crate) const fn raw(&self) -> &Raw {
        &self.0
    }
}

/// A connection around the store.
pub(crate) enum Raw {
    Sqlite(std::sync::Mutex<rusqlite::Connection>),
    Postgres(tokio_postgres::Client),
}

impl Raw {
    pub(crate) async fn open(location: &Location) -> Self {
        match location {
            Location::File(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(Duration::from_secs(5)).unwrap();
                Self::Sqlite(connection.into())
            }
            Location::Postgres(url) => {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
                tokio::spawn(connection);
                Self::Postgres(client)
            }
        }
    }

    pub(crate) async fn run(&self, text: &str) {
        match self {
            Self::Sqlite(connection) => connection.lock().unwrap().execute_batch(text).unwrap(),
            Self::Postgres(client) => client.batch_execute(text).await.unwrap(),
        }
    }

    /// Rows as text; what is not there is empty.
    pub(crate) async fn rows(&self, text: &str) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(connection) => {
                let connection = connection.lock().unwrap();
                let mut step = connection.prepare(text).unwrap();
                let columns = step.column_count();
                let read = |row: &rusqlite::Row<'_>| {
                    (0..columns)
                        .map(|index| {
                            Ok(match row.get::<_, rusqlite::types::Value>(index)? {
                                rusqlite::types::Value::Null => String::new(),
                                rusqlite::types::Value::Integer(value) => value.to_string(),
                                rusqlite::types::Value::Text(value) => value,
                                other => panic!("{other:?}"),
                            })
                        })
                        .collect()
                };
                step.query_map([], read).unwrap().collect::<rusqlite::Result<_>>().unwrap()
            }
            Self::Postgres(client) => {
                let found = client.simple_query(text).await.unwrap();
                let rows = found.iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                });
                rows.map(|row| (0..row.len()).map(|index| row.get(index).unwrap_or_default().to_owned()).collect())
                    .collect()
            }
        }
    }

    pub(crate) async fn number(&self, text: &str) -> i64 {
        self.rows(text).await[0][0].parse().unwrap()
    }
}

/// A program's token with all that its operator may.
pub(crate) fn token(hash: [u8; 32], operator: OperatorId, expires_at: Timestamp) -> Program {
    Program {
        hash,
        operator,
        title: "Import".to_owned(),
        given: Given::default(),
        created_at: START,
        expires_at,
        used_day: None,
    }
}
