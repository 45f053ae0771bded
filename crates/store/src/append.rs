//! The way of a message into the store: load → decide → write, for everything that waits, in one transaction.
//!
//! Deciding is done by the pure rules of [`domain::conversation`]; both databases run the same code over the same
//! statements.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::conversation::{Author, Change, Counted, Event, Kind, Numbers, Progress, State, count};
use domain::{
    Access, ConversationId, KeyId, Language, OperatorId, OrganisationId, PublicId, SenderId, Timestamp, WidgetId,
};
use privacy::{Message, Sealed};
use tokio::sync::oneshot;

use crate::conversation::write_changes;
use crate::engine::{Batch, BoxFuture, Connection, Value, statements};
use crate::{Error, Listener, Result, Store, job};

/// A conversation that begins with this message.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The chat surface it begins on.
    pub widget: WidgetId,
    /// Hash of the visitor's token: names the conversation to the visitor, and makes parallel first messages one.
    pub token_hash: [u8; 32],
    /// The pooled key that the message is sealed with.
    pub key: KeyId,
    /// The visitor's language.
    pub language: Language,
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// Into a conversation that is there.
    Conversation(ConversationId),
    /// Into a new one.
    New(Beginning),
}

/// A message to be stored.
#[derive(Debug)]
pub struct Append {
    /// For whom (law L4).
    pub organisation: OrganisationId,
    /// Where it goes.
    pub target: Target,
    /// What is stored; who wrote it and how it is counted stand in its identity.
    pub message: Message<Sealed>,
    /// An operator's access to conversations, judged against the assignee inside the transaction.
    pub access: Option<Access>,
    /// When it arrived.
    pub at: Timestamp,
    /// When the conversation ends by itself if nobody writes again.
    pub idle_at: Timestamp,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, on stable storage.
    Stored(Stored),
    /// Stored before: the sender did not hear of it.
    Retried {
        /// Its conversation.
        conversation: ConversationId,
        /// Its numbers.
        numbers: Numbers,
        /// When it was stored.
        at: Timestamp,
    },
    /// The sender's message before it is missing.
    Gap {
        /// The counter that must come first.
        expected: i64,
    },
    /// A conversation with this token is there already: seal with its key and send there.
    AlreadyBegun,
    /// No such conversation in this organisation.
    NotFound,
    /// The operator's role does not reach it.
    OutOfReach,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its numbers.
    pub numbers: Numbers,
    /// What changed about the conversation, to be told to others. Describes the state after the whole batch.
    pub change: Change,
}

/// An [`Append`] on its way through the writer.
pub(crate) struct Pending {
    append: Append,
    /// Where it goes, once that is known. Not kept in the target: a rollback takes a new conversation's number back.
    place: Option<ConversationId>,
    outcome: Option<Outcome>,
    /// Done when it is stored, before anybody is told.
    then: Box<dyn FnOnce(&Stored) + Send + Sync>,
    /// The last one of its conversation in the batch tells of the change for all.
    tells: bool,
    listener: Listener,
    reply: oneshot::Sender<Result<Outcome>>,
}

statements! {
    BEGIN_CONVERSATION(organisation_id int, public_id bytes, widget_id int, token_hash bytes, key_id int, language int,
        at int) =
        "INSERT INTO conversation (organisation_id, public_id, widget_id, token_hash, key_id, language, state, assignee,
            last_sequence, last_visible, last_message, unread, waiting_since, visitor_seen, team_seen,
            team_seen_visible, started_at, last_at, position)
        SELECT organisation_id, public_id, widget_id, token_hash, key_id,
            CASE input.language WHEN 1 THEN 'en' ELSE 'de' END, 0, CAST(NULL AS BIGINT),
            0, 0, 0, 0, CAST(NULL AS BIGINT), 0, 0, 0, at, at, 0
        FROM {input} WHERE 1 = 1
        ON CONFLICT (token_hash) DO NOTHING
        RETURNING conversation_id, public_id";
    UNBEGIN_CONVERSATION = "DELETE FROM conversation WHERE conversation_id = $1 AND last_sequence = 0";
    LOAD(conversation_id int) =
        "SELECT c.organisation_id, c.conversation_id, c.state, c.assignee, c.last_sequence, c.last_visible,
            c.last_message, c.unread, c.waiting_since, c.public_id
        FROM {input} JOIN conversation c ON c.conversation_id = input.conversation_id
        ORDER BY c.conversation_id {for_update}";
    LOAD_COUNTERS(conversation_id int, author int, sender int) =
        "SELECT s.conversation_id, s.author, s.sender, s.counter
        FROM {input} JOIN sender s ON s.conversation_id = input.conversation_id AND s.author = input.author
            AND s.sender = input.sender";
    INSERT_MESSAGES(conversation_id int, sequence int, organisation_id int, visible int, kind int, author int,
        subject int, sender int, counter int, revision int, text_sealed bytes, created_at int) =
        "INSERT INTO message (conversation_id, sequence, organisation_id, visible, kind, author, subject, sender,
            counter, revision, text_sealed, created_at)
        SELECT conversation_id, sequence, organisation_id, visible, kind, author, subject, sender, counter, revision,
            text_sealed, created_at FROM {input}";
    COUNT_SENDERS(conversation_id int, author int, sender int, organisation_id int, counter int) =
        "INSERT INTO sender (conversation_id, author, sender, organisation_id, counter)
        SELECT conversation_id, author, sender, organisation_id, counter FROM {input} WHERE 1 = 1
        ON CONFLICT (conversation_id, author, sender) DO UPDATE SET counter = excluded.counter";
    FIND_RETRIED =
        "SELECT organisation_id, sequence, visible, created_at FROM message
        WHERE conversation_id = $1 AND author = $2 AND sender = $3 AND counter = $4";
}

impl Store {
    /// Stores a message. Answers after the commit; messages given in order by one task are stored in order.
    ///
    /// # Errors
    /// [`Error::Busy`] at once where the queue is full; [`Error::Unavailable`] where nothing was stored;
    /// [`Error::Unknown`] where the commit was not confirmed (send it again under the same counter).
    pub fn append(&self, append: Append) -> BoxFuture<'static, Result<Outcome>> {
        self.append_then(append, |_| {})
    }

    /// The same, and does something right after the commit, before the listener is told of the change and even where the
    /// caller has gone meanwhile.
    pub fn append_then(
        &self,
        append: Append,
        then: impl FnOnce(&Stored) + Send + Sync + 'static,
    ) -> BoxFuture<'static, Result<Outcome>> {
        let (reply, answer) = oneshot::channel();
        let (then, listener) = (Box::new(then), self.listener.clone());
        let queued =
            self.data.enqueue(Pending { append, place: None, outcome: None, then, tells: false, listener, reply });
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or_else(|_| Err(Error::Unavailable("the database is being closed".to_owned())))
        })
    }
}

impl Batch for Pending {
    fn run<'c>(connection: &'c mut Connection, items: &'c mut [Self]) -> BoxFuture<'c, Result<()>> {
        Box::pin(run(connection, items))
    }

    fn finish(self, result: Result<()>) {
        let outcome = result.and_then(|()| {
            self.outcome.ok_or_else(|| Error::Broken("a message was neither stored nor refused".to_owned()))
        });
        if let Ok(Outcome::Stored(stored)) = &outcome {
            (self.then)(stored);
            if self.tells {
                self.listener.tell(&stored.change);
            }
        }
        // The sender may have gone; what was stored stays stored, and it will ask again under the same counter.
        let _ = self.reply.send(outcome);
    }
}

/// A conversation while a batch works on it.
struct Loaded {
    name: PublicId,
    change: Change,
    touched: bool,
}

impl Loaded {
    const fn new(
        organisation: OrganisationId,
        conversation: ConversationId,
        name: PublicId,
        progress: Progress,
        at: Timestamp,
        began: bool,
    ) -> Self {
        let previous_assignee = progress.assignee;
        let change = Change { organisation, conversation, progress, previous_assignee, began, at, position: 0 };
        Self { name, change, touched: false }
    }
}

/// Everything a batch works on.
#[derive(Default)]
struct Desk {
    conversations: BTreeMap<ConversationId, Loaded>,
    counters: HashMap<(ConversationId, i64, SenderId), i64>,
    messages: Vec<Vec<Value>>,
    counted: BTreeMap<(ConversationId, i64, SenderId), (OrganisationId, i64)>,
    /// Conversations that begin or are taken up again: their end when nobody writes becomes a job.
    watched: BTreeMap<ConversationId, (OrganisationId, Timestamp, Timestamp)>,
}

async fn run(connection: &mut Connection, items: &mut [Pending]) -> Result<()> {
    for item in items.iter_mut() {
        item.outcome = None;
        item.place = match item.append.target {
            Target::Conversation(id) => Some(id),
            Target::New(_) => None,
        };
    }
    let mut desk = Desk::default();
    begin(connection, items, &mut desk).await?;
    load(connection, items, &mut desk).await?;
    for item in items.iter_mut() {
        if item.outcome.is_none() {
            item.outcome = Some(decide(connection, item.place, &item.append, &mut desk).await?);
        }
    }
    let changes = write(connection, desk).await?;
    let mut told = HashSet::new();
    for item in items.iter_mut().rev() {
        item.tells = false;
        if let Some(Outcome::Stored(stored)) = &mut item.outcome {
            // After the batch, so that whoever is told asks for everything that is there.
            if let Some(change) = changes.get(&stored.change.conversation) {
                stored.change = change.clone();
            }
            item.tells = told.insert(stored.change.conversation);
        }
    }
    Ok(())
}

/// Begins the conversations whose first message is here. A token that has one already is answered, not begun again.
async fn begin(connection: &mut Connection, items: &mut [Pending], desk: &mut Desk) -> Result<()> {
    let mut inputs = Vec::new();
    let mut firsts = HashMap::new();
    for item in items.iter() {
        if let Target::New(new) = &item.append.target {
            let name = item.append.message.identity().conversation;
            let skips = item.append.message.identity().counter != 1;
            let input = vec![
                item.append.organisation.into(),
                name.into(),
                new.widget.into(),
                new.token_hash.into(),
                new.key.into(),
                i64::from(new.language == Language::En).into(),
                item.append.at.into(),
            ];
            inputs.push(((new.token_hash, skips), input));
            firsts.insert(name, (item.append.organisation, item.append.idle_at, item.append.at));
        }
    }
    if inputs.is_empty() {
        return Ok(());
    }
    // In the order of their tokens, so that two nodes that begin the same conversations cannot wait for each other; of one
    // token, the message that will be refused for its counter last.
    inputs.sort_by_key(|(order, _)| *order);
    let inputs: Vec<Vec<Value>> = inputs.into_iter().map(|(_, input)| input).collect();
    let mut begun = HashMap::new();
    for row in connection.query_each(&BEGIN_CONVERSATION, &inputs).await? {
        begun.insert(row.public_id(1)?, ConversationId(row.int(0)?));
    }
    for item in items.iter_mut() {
        if let Target::New(_) = item.append.target {
            let name = item.append.message.identity().conversation;
            match begun.get(&name) {
                Some(id) => item.place = Some(*id),
                None => item.outcome = Some(Outcome::AlreadyBegun),
            }
        }
    }
    for (name, id) in begun {
        let (organisation, idle_at, at) = firsts[&name];
        desk.watched.insert(id, (organisation, idle_at, at));
        let loaded = Loaded::new(organisation, id, name, Progress::default(), at, true);
        desk.conversations.insert(id, loaded);
    }
    Ok(())
}

async fn load(connection: &mut Connection, items: &[Pending], desk: &mut Desk) -> Result<()> {
    let mut senders: Vec<(ConversationId, i64, SenderId)> = items
        .iter()
        .filter_map(|item| {
            let id = item.place.filter(|id| !desk.conversations.contains_key(id))?;
            let identity = item.append.message.identity();
            Some((id, identity.author.code(), identity.sender))
        })
        .collect();
    senders.sort_unstable();
    senders.dedup();
    let mut ids: Vec<ConversationId> = senders.iter().map(|(id, _, _)| *id).collect();
    ids.dedup();
    // Locked in the order of their numbers, so that two nodes that lock the same ones cannot wait for each other.
    let inputs: Vec<Vec<Value>> = ids.into_iter().map(|id| vec![id.into()]).collect();
    for row in connection.query_each(&LOAD, &inputs).await? {
        let broken = || Error::Broken("a conversation's state cannot be read".to_owned());
        let id = ConversationId(row.int(1)?);
        let progress = Progress {
            state: State::from_code(row.int(2)?).ok_or_else(broken)?,
            assignee: row.int_or_null(3)?.map(OperatorId),
            last_sequence: row.int(4)?,
            last_visible: row.int(5)?,
            last_message: row.int(6)?,
            unread: row.int(7)?,
            waiting_since: row.int_or_null(8)?.map(Timestamp),
        };
        let organisation = OrganisationId(row.int(0)?);
        let name = row.public_id(9)?;
        let loaded = Loaded::new(organisation, id, name, progress, Timestamp(0), false);
        desk.conversations.insert(id, loaded);
    }
    // A statement of its own, begun behind the locks: PostgreSQL reads a joined table as it was before it had to wait for
    // them, and a retry that reached two nodes at once would be stored twice.
    let inputs: Vec<Vec<Value>> =
        senders.iter().map(|(id, author, sender)| vec![(*id).into(), (*author).into(), (*sender).into()]).collect();
    for row in connection.query_each(&LOAD_COUNTERS, &inputs).await? {
        desk.counters.insert((ConversationId(row.int(0)?), row.int(1)?, SenderId(row.int(2)?)), row.int(3)?);
    }
    Ok(())
}

async fn decide(
    connection: &mut Connection,
    place: Option<ConversationId>,
    append: &Append,
    desk: &mut Desk,
) -> Result<Outcome> {
    let Some(id) = place else {
        return Ok(Outcome::NotFound);
    };
    let identity = *append.message.identity();
    let Some(conversation) = desk.conversations.get_mut(&id) else {
        return Ok(Outcome::NotFound);
    };
    // Law L4: what belongs to another organisation is not there. A seal made for another name would never open.
    if conversation.change.organisation != append.organisation || conversation.name != identity.conversation {
        return Ok(Outcome::NotFound);
    }
    if let Author::Operator(operator) = identity.author
        && !append.access.is_some_and(|access| access.reaches(operator, conversation.change.progress.assignee))
    {
        return Ok(Outcome::OutOfReach);
    }
    let key = (id, identity.author.code(), identity.sender);
    let last = desk.counters.get(&key).copied().unwrap_or(0);
    if identity.counter < 1 {
        // No message has such a counter: it is no retry of one, and an event (counter 0) is nobody's.
        return Ok(Outcome::Gap { expected: last + 1 });
    }
    match count(last, identity.counter) {
        Counted::Gap { expected } => return Ok(Outcome::Gap { expected }),
        Counted::Retry => return retried(connection, id, append, desk).await,
        Counted::Next => {}
    }
    let kind = if identity.note { Kind::Note } else { Kind::Message };
    let progress = &mut conversation.change.progress;
    if progress.state == State::Ended && kind == Kind::Message {
        desk.watched.insert(id, (append.organisation, append.idle_at, append.at));
    }
    if let Author::Operator(operator) = identity.author
        && progress.is_taken_by_writing(identity.author, kind)
    {
        let taken = Kind::Event(Event::Assigned(Some(operator)));
        let numbers = progress.advance(identity.author, taken, append.at);
        desk.messages.push(event(id, append.organisation, identity.author, taken, numbers, append.at));
    }
    let numbers = progress.advance(identity.author, kind, append.at);
    desk.messages.push(vec![
        id.into(),
        numbers.sequence.into(),
        append.organisation.into(),
        numbers.visible.into(),
        kind.code().0.into(),
        identity.author.code().into(),
        Value::Null,
        identity.sender.into(),
        identity.counter.into(),
        identity.revision.into(),
        append.message.sealed().into(),
        append.at.into(),
    ]);
    conversation.touched = true;
    conversation.change.at = append.at;
    desk.counters.insert(key, identity.counter);
    desk.counted.insert(key, (append.organisation, identity.counter));
    Ok(Outcome::Stored(Stored { numbers, change: conversation.change.clone() }))
}

/// An event's row, as [`INSERT_MESSAGES`] takes it.
pub(crate) fn event(
    id: ConversationId,
    organisation: OrganisationId,
    author: Author,
    kind: Kind,
    numbers: Numbers,
    at: Timestamp,
) -> Vec<Value> {
    let (code, subject) = kind.code();
    vec![
        id.into(),
        numbers.sequence.into(),
        organisation.into(),
        numbers.visible.into(),
        code.into(),
        author.code().into(),
        subject.into(),
        0_i64.into(),
        0_i64.into(),
        0_i64.into(),
        Value::Null,
        at.into(),
    ]
}

pub(crate) async fn insert_messages(connection: &mut Connection, rows: &[Vec<Value>]) -> Result<()> {
    connection.execute_each(&INSERT_MESSAGES, rows).await
}

async fn retried(connection: &mut Connection, id: ConversationId, append: &Append, desk: &Desk) -> Result<Outcome> {
    let identity = append.message.identity();
    // It may stand in this very batch.
    let same = |row: &&Vec<Value>| {
        row[0] == id.into()
            && row[5] == identity.author.code().into()
            && row[7] == identity.sender.into()
            && row[8] == identity.counter.into()
    };
    if let Some(row) = desk.messages.iter().find(same) {
        let row = crate::engine::Row(row.clone());
        let numbers = Numbers { sequence: row.int(1)?, visible: row.int(3)? };
        return Ok(Outcome::Retried { conversation: id, numbers, at: Timestamp(row.int(11)?) });
    }
    let values = [id.into(), identity.author.code().into(), identity.sender.into(), identity.counter.into()];
    let rows = connection.query_in(append.organisation.into(), &FIND_RETRIED, &values).await?;
    let row = rows.first().ok_or_else(|| Error::Broken("a counted message is not there".to_owned()))?;
    let numbers = Numbers { sequence: row.int(1)?, visible: row.int(2)? };
    Ok(Outcome::Retried { conversation: id, numbers, at: Timestamp(row.int(3)?) })
}

async fn write(connection: &mut Connection, mut desk: Desk) -> Result<HashMap<ConversationId, Change>> {
    // Where the message that should have begun it was refused, nothing has begun.
    for (id, loaded) in &desk.conversations {
        if loaded.change.began && !loaded.touched {
            connection.execute(&UNBEGIN_CONVERSATION, &[(*id).into()], 1).await?;
            desk.watched.remove(id);
        }
    }
    insert_messages(connection, &desk.messages).await?;
    let counted: Vec<Vec<Value>> = desk
        .counted
        .into_iter()
        .map(|((id, author, sender), (organisation, counter))| {
            vec![id.into(), author.into(), sender.into(), organisation.into(), counter.into()]
        })
        .collect();
    connection.execute_each(&COUNT_SENDERS, &counted).await?;
    for (id, (organisation, idle_at, at)) in desk.watched {
        job::enqueue(connection, organisation, job::Kind::EndIdle, id.0, idle_at, at).await?;
    }
    let touched = desk.conversations.into_values().filter(|loaded| loaded.touched).map(|loaded| loaded.change);
    let changes = write_changes(connection, touched.collect()).await?;
    Ok(changes.into_iter().map(|change| (change.conversation, change)).collect())
}
