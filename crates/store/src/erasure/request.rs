//! Asks for a deletion: hides what is to go, in one transaction with the deletion and its job.

use std::collections::HashMap;

use domain::audit::{Detail, Kind as Did};
use domain::conversation::{Author, Change, State as Standing};
use domain::erasure::{Cause, State, What};
use domain::limits::{BRAKE_WAIT, UNDO_MANY, UNDO_ONE};
use domain::{Access, ConversationId, ErasureId, KeyId, OperatorId, OrganisationId, PublicId, Timestamp};
use privacy::random;
use privacy::receipt::commitment;

use super::item_state::WAITS;
use super::{BY_ID, Erasure, ItemKind, beside, brake, erasure};
use crate::audit::{Audited, Fact};
use crate::conversation::{Conversation, Written, conversation, has_key, locked, select};
use crate::engine::{Connection, statements};
use crate::hidden::{hide, hide_texts, ids};
use crate::{Error, Result, job, stub};

/// What somebody wants gone.
#[derive(Debug)]
pub enum Subject {
    /// Conversations.
    Conversations(Vec<ConversationId>),
    /// Messages and notes of a conversation, by their sequences.
    Entries(ConversationId, Vec<i64>),
    /// A part of one: what is to stand there instead, sealed for its next revision.
    Passage(ConversationId, i64, Written),
}

/// A deletion to be.
#[derive(Debug)]
pub struct Request {
    /// Its name outside.
    pub name: PublicId,
    /// Who or what caused it.
    pub cause: Cause,
    /// The operator who asks, and what they reach; everything where there is none.
    pub by: Option<(OperatorId, Access)>,
    /// What is to go.
    pub subject: Subject,
    /// Held up, however small it is.
    pub braked: bool,
    /// When.
    pub at: Timestamp,
}

statements! {
    // In the order of their numbers, so that two who hide the same ones cannot wait for each other.
    LOCK_THEM(conversation_id int) =
        select!("{and_input} WHERE h.conversation_id = input.conversation_id ORDER BY h.conversation_id {for_update}");
    SAID(conversation_id int) =
        "SELECT COUNT(*) FROM message m {and_input}
        WHERE m.conversation_id = input.conversation_id AND m.kind IN (0, 1) AND m.text_sealed IS NOT NULL";
    ARE_HELD(conversation_id int, at int) =
        "SELECT d.conversation_id FROM hold d {and_input}
        WHERE d.conversation_id = input.conversation_id AND d.until > input.at";
    KEYS(conversation_id int) =
        "SELECT c.conversation_id, c.key_id, c.old_key_id FROM conversation c {and_input}
        WHERE c.conversation_id = input.conversation_id";
    INSERT =
        "INSERT INTO erasure (organisation_id, public_id, what, cause, requested_by, requested_at, destroy_at, state,
            braked, conversations, messages, keys, salt, acknowledged)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING organisation_id, erasure_id";
    INSERT_ITEMS(erasure_id int, number int, organisation_id int, kind int, subject int, name bytes, sequence int,
        key_id int, upto int, state int) =
        "INSERT INTO erasure_item (erasure_id, number, organisation_id, kind, subject, name, sequence, key_id, upto, state)
        {rows}";
}

/// The others would wait with it.
pub const ONE_IS_HELD: Error =
    Error::Conflict("one of these must not be deleted yet: delete it by itself, and it is hidden until it may be");

/// What goes, once it is locked.
struct Plan {
    what: What,
    kind: ItemKind,
    found: Vec<Conversation>,
    sequences: Vec<i64>,
    instead: Option<Written>,
}

async fn plan(
    connection: &mut Connection,
    organisation: OrganisationId,
    request: Subject,
    (cause, by): (Cause, Option<(OperatorId, Access)>),
    at: Timestamp,
) -> Result<Plan> {
    match request {
        Subject::Conversations(wanted) => {
            let mut found = Vec::with_capacity(wanted.len());
            for row in connection.query_each(&LOCK_THEM, &ids(&wanted)).await? {
                let one = conversation(&row)?;
                if one.organisation != organisation {
                    return Err(Error::NotFound);
                }
                if by.is_some_and(|(operator, access)| !access.reaches(operator, one.progress.hands())) {
                    return Err(Error::OutOfReach);
                }
                // Somebody may have written again since the rule was asked: then its time begins anew.
                if cause == Cause::Retention && one.progress.state != Standing::Ended {
                    continue;
                }
                found.push(one);
            }
            // Whoever named them means all of them; a rule means those that are left.
            if found.is_empty() || (by.is_some() && found.len() < wanted.len()) {
                return Err(Error::NotFound);
            }
            if by.is_some() && found.len() > 1 {
                let each: Vec<_> = found.iter().map(|one| vec![one.id.into(), at.into()]).collect();
                if !connection.query_each(&ARE_HELD, &each).await?.is_empty() {
                    return Err(ONE_IS_HELD);
                }
            }
            let what = if found.len() == 1 { What::Conversation } else { What::Many };
            Ok(Plan { what, kind: ItemKind::Conversation, found, sequences: Vec::new(), instead: None })
        }
        Subject::Entries(id, sequences) => {
            let found = vec![locked(connection, organisation, id, by).await?];
            Ok(Plan { what: What::Message, kind: ItemKind::Message, found, sequences, instead: None })
        }
        Subject::Passage(id, sequence, instead) => {
            let found = locked(connection, organisation, id, by).await?;
            if !has_key(connection, &found, instead.key).await? {
                return Err(Error::Rekeyed);
            }
            let (found, sequences) = (vec![found], vec![sequence]);
            Ok(Plan { what: What::Passage, kind: ItemKind::Passage, found, sequences, instead: Some(instead) })
        }
    }
}

/// Which keys go with it. Nobody gives something that is hidden another one; of what is being sealed anew just now, both go.
async fn keys_of<'p>(connection: &mut Connection, plan: &'p Plan) -> Result<Vec<(&'p Conversation, KeyId)>> {
    let numbers: Vec<ConversationId> = plan.found.iter().map(|found| found.id).collect();
    let by_number: HashMap<ConversationId, &Conversation> = plan.found.iter().map(|found| (found.id, found)).collect();
    let mut keys = Vec::with_capacity(numbers.len());
    for row in connection.query_each(&KEYS, &ids(&numbers)).await? {
        let found = *by_number.get(&ConversationId(row.int(0)?)).ok_or(Error::NotFound)?;
        keys.push((found, KeyId(row.int(1)?)));
        if let (ItemKind::Conversation, Some(before)) = (plan.kind, row.int_or_null(2)?) {
            keys.push((found, KeyId(before)));
        }
    }
    Ok(keys)
}

async fn insert(
    connection: &mut Connection,
    organisation: OrganisationId,
    request: (PublicId, Cause, Option<OperatorId>, Timestamp),
    plan: &Plan,
    (destroy_at, braked): (Timestamp, bool),
) -> Result<ErasureId> {
    let (name, cause, by, at) = request;
    let numbers: Vec<ConversationId> = plan.found.iter().map(|found| found.id).collect();
    let messages = match plan.kind {
        ItemKind::Conversation => {
            let said = connection.query_each(&SAID, &ids(&numbers)).await?;
            said.iter().try_fold(0, |sum, row| Ok::<_, Error>(sum + row.int(0)?))?
        }
        ItemKind::Message | ItemKind::Passage => plan.sequences.len() as i64,
    };
    let keys = keys_of(connection, plan).await?;
    let conversations = if plan.kind == ItemKind::Conversation { numbers.len() as i64 } else { 0 };
    let state = if braked { State::Braked } else { State::Waiting };
    let salt = random::bytes::<32>();
    let mut bound: Vec<i64> = keys.iter().map(|(_, key)| key.0).collect();
    bound.sort_unstable();
    bound.dedup();
    let values = [
        organisation.into(),
        name.into(),
        plan.what.code().into(),
        cause.code().into(),
        by.into(),
        at.into(),
        destroy_at.into(),
        state.code().into(),
        braked.into(),
        conversations.into(),
        messages.into(),
        (keys.len() as i64).into(),
        salt.into(),
        commitment(&salt, &bound).into(),
    ];
    let rows = connection.query_in(organisation.into(), &INSERT, &values).await?;
    let id = ErasureId(rows.first().ok_or_else(|| Error::Broken("a deletion has no number".to_owned()))?.int(1)?);
    let mut items = Vec::new();
    for (found, key) in &keys {
        let sequences: Vec<Option<i64>> = match plan.kind {
            ItemKind::Conversation => vec![None],
            ItemKind::Message | ItemKind::Passage => plan.sequences.iter().copied().map(Some).collect(),
        };
        for sequence in sequences {
            items.push(vec![
                id.into(),
                (items.len() as i64 + 1).into(),
                organisation.into(),
                plan.kind.code().into(),
                found.id.into(),
                found.name.into(),
                sequence.into(),
                (*key).into(),
                0_i64.into(),
                WAITS.into(),
            ]);
        }
    }
    connection.execute_each(&INSERT_ITEMS, &items).await?;
    Ok(id)
}

impl Audited<'_> {
    /// Hides what is to go and has it destroyed, once it cannot be taken back any more. Does something right after the commit,
    /// before anybody is told.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none of it, or not all that an operator named; [`Error::OutOfReach`];
    /// [`Error::Conflict`] for a message of which a part is being deleted; [`Error::Rekeyed`].
    pub async fn request_erasure(
        self,
        organisation: OrganisationId,
        request: Request,
        then: impl FnOnce(&[Change]) + Send + 'static,
    ) -> Result<Erasure> {
        let listener = self.store().listener.clone();
        let asked = self.write_then(
            move |connection| {
                Box::pin(async move {
                    let Request { name, cause, by, subject, braked, at } = request;
                    if cause.can_be_undone() {
                        brake::lock(connection, organisation).await?;
                    }
                    let plan = plan(connection, organisation, subject, (cause, by), at).await?;
                    let part_of =
                        plan.found.first().map(|found| found.id).filter(|_| plan.kind != ItemKind::Conversation);
                    let more = plan.found.len() as i64;
                    let braked = braked
                        || (cause.can_be_undone() && brake::is_on(connection, organisation, more, part_of, at).await?);
                    let window = match (cause.can_be_undone(), plan.what) {
                        (false, _) => std::time::Duration::ZERO,
                        (true, What::Many) => UNDO_MANY,
                        (true, _) => UNDO_ONE,
                    };
                    let destroy_at = at.plus(window).plus(if braked { BRAKE_WAIT } else { Default::default() });
                    let who = (name, cause, by.map(|(operator, _)| operator), at);
                    let id = insert(connection, organisation, who, &plan, (destroy_at, braked)).await?;
                    if braked && cause == Cause::Retention {
                        beside::stand(connection, organisation, id, at).await?;
                    }
                    let named = (plan.found.len() == 1).then(|| Detail::is("conversation", plan.found[0].name));
                    let changes = take(connection, (id, name), cause, by, plan, at).await?;
                    job::enqueue(connection, organisation, job::Kind::Erase, id.0, destroy_at, at).await?;
                    let rows =
                        connection.query_in(organisation.into(), &BY_ID, &[organisation.into(), id.into()]).await?;
                    let asked = erasure(rows.first().ok_or(Error::NotFound)?)?;
                    let details = [
                        Detail::is("erasure", name),
                        Detail::is("what", asked.what.code()),
                        Detail::is("cause", cause.code()),
                        Detail::is("conversations", asked.conversations),
                        Detail::is("messages", asked.messages),
                    ];
                    let mut facts = vec![Fact::new(organisation, Did::ErasureAsked, details.into_iter().chain(named))];
                    if braked {
                        facts.push(Fact::new(organisation, Did::ErasureBraked, [Detail::is("erasure", name)]));
                    }
                    Ok(((asked, changes), facts))
                })
            },
            move |(_, changes): &(Erasure, Vec<Change>)| {
                then(changes);
                changes.iter().for_each(|change| listener.tell(change));
            },
        );
        Ok(asked.await?.0)
    }
}

/// Takes what is to go out of everybody's sight.
async fn take(
    connection: &mut Connection,
    erasure: (ErasureId, PublicId),
    cause: Cause,
    by: Option<(OperatorId, Access)>,
    plan: Plan,
    at: Timestamp,
) -> Result<Vec<Change>> {
    if plan.kind == ItemKind::Conversation {
        let numbers: Vec<ConversationId> = plan.found.iter().map(|found| found.id).collect();
        hide(connection, erasure.0, &numbers, at).await?;
        let gone = plan.found.iter().map(|found| (found.organisation, found.id, found.name, found.progress.hands()));
        let stubs = stub::put(connection, erasure, cause, gone.collect(), at).await?;
        return Ok(stubs.iter().map(stub::Stub::change).collect());
    }
    let author = by.map_or(Author::System, |(operator, _)| Author::Operator(operator));
    let found = plan.found.into_iter().next().ok_or(Error::NotFound)?;
    let instead = plan.instead.as_ref().map(|written| &written.message);
    let change = hide_texts(connection, erasure.0, found, author, &plan.sequences, instead, at).await?;
    Ok(vec![change])
}
