//! Loads what a batch works on: begins the conversations that are new, locks the others, finds where their senders stand.

use std::collections::{BTreeSet, HashMap};

use domain::conversation::{Progress, State};
use domain::{
    ConversationId, GroupNumber, KeyId, Language, OperatorId, OrganisationId, PublicId, SenderId, Timestamp, Topics,
    WidgetId,
};

use super::{Append, Desk, Known, Loaded, Outcome, Pending, Target};
use crate::conversation::guest;
use crate::conversation::head::TAKE_POSITIONS_POSTGRES;
use crate::engine::{Connection, Row, Step, Value, statements};
use crate::{Error, Result};

statements! {
    // An organisation that is being closed begins none, nor one that a node still believes to be there. Asked row by row: a join
    // would take the rows in another order, and of several with one token the first begins the conversation.
    BEGIN_CONVERSATION(organisation_id int, public_id bytes, widget_id int, token_hash bytes, key_id int, language int,
        at int) =
        "INSERT INTO conversation (organisation_id, public_id, widget_id, token_hash, key_id, language, started_at)
        SELECT input.organisation_id, input.public_id, input.widget_id, input.token_hash, input.key_id,
            CASE input.language WHEN 1 THEN 'en' ELSE 'de' END, input.at
        {from_input} WHERE 1 = (
            SELECT CASE WHEN o.closing_at IS NULL THEN 1 ELSE 0 END FROM organisation o
            WHERE o.organisation_id = input.organisation_id
        )
        ON CONFLICT (token_hash) DO NOTHING
        RETURNING conversation_id, public_id";
    // Asked here and not of whoever opened the chat, perhaps hours ago: its group may be gone, and its number another's. Held
    // until the conversation stands, so that the group is not removed under it.
    GROUPS_OF_WIDGETS(widget_id int) =
        "SELECT h.widget_id, h.group_number FROM widget h {and_input}
        WHERE h.widget_id = input.widget_id AND h.group_number IS NOT NULL ORDER BY h.widget_id {for_share}";
    LOAD(conversation_id int) =
        "SELECT h.organisation_id, h.conversation_id, h.state, h.assignee, h.last_sequence, h.last_visible,
            h.last_message, h.unread, h.waiting_since, h.group_number, h.topic_bits,
            h.snoozed_until, h.returned_at, h.guests
        FROM head h {and_input}
        WHERE h.conversation_id = input.conversation_id
        ORDER BY h.conversation_id {for_update}";
    LOAD_SENDERS(conversation_id int, author int, sender int) =
        "SELECT c.conversation_id, c.public_id, c.widget_id, c.key_id, input.author, input.sender,
            (SELECT s.counter FROM sender s WHERE s.conversation_id = input.conversation_id
                AND s.author = input.author AND s.sender = input.sender)
        FROM conversation c {and_input} WHERE c.conversation_id = input.conversation_id";
}

/// Begins the conversations whose first message is here. A token that has one already is answered, not begun again.
pub(super) async fn begin(connection: &mut Connection, items: &mut [Pending], desk: &mut Desk) -> Result<()> {
    let mut inputs = Vec::new();
    let mut firsts = HashMap::new();
    let mut widgets = BTreeSet::new();
    for item in items.iter() {
        if let Target::New(new) = &item.append.target {
            let name = item.append.message.identity().conversation;
            let skips = item.append.message.identity().counter != 1;
            let input = vec![
                item.append.organisation.into(),
                name.into(),
                new.widget.into(),
                new.token_hash.into(),
                item.append.key.into(),
                i64::from(new.language == Language::En).into(),
                item.append.at.into(),
            ];
            inputs.push(((new.token_hash, skips), input));
            let Append { organisation, key, idle_at, at, .. } = item.append;
            firsts.insert(name, (organisation, new.widget, key, idle_at, at));
            widgets.insert(new.widget);
        }
    }
    if inputs.is_empty() {
        return Ok(());
    }
    // In the order of their tokens, so that two nodes that begin the same conversations cannot wait for each other; of one
    // token, the message that will be refused for its counter last. Where there is one writer, in the order of their coming:
    // that is the same in each run of a simulation, and tokens are not.
    let is_shared = connection.is_postgres();
    inputs.sort_by_key(|((token, skips), _)| (is_shared.then_some(*token), *skips));
    let inputs: Vec<Vec<Value>> = inputs.into_iter().map(|(_, input)| input).collect();
    let widgets: Vec<Vec<Value>> = widgets.into_iter().map(|widget| vec![widget.into()]).collect();
    let mut groups = HashMap::new();
    for row in connection.query_each(&GROUPS_OF_WIDGETS, &widgets).await? {
        if let Some(group) = GroupNumber::new(row.int(1)?) {
            groups.insert(WidgetId(row.int(0)?), group);
        }
    }
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
        let (organisation, widget, key, idle_at, at) = firsts[&name];
        let group = groups.get(&widget).copied();
        desk.watched.insert(id, (organisation, idle_at, at));
        let known = Known { name, widget, key };
        let loaded = Loaded::new(organisation, id, known, Progress { group, ..Progress::default() }, at, true);
        desk.conversations.insert(id, loaded);
    }
    Ok(())
}

pub(super) async fn load(connection: &mut Connection, items: &[Pending], desk: &mut Desk) -> Result<()> {
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
    if ids.is_empty() {
        return Ok(());
    }
    // Locked in the order of their numbers, so that two nodes that lock the same ones cannot wait for each other.
    let ids: Vec<Vec<Value>> = ids.into_iter().map(|id| vec![id.into()]).collect();
    let senders: Vec<Vec<Value>> =
        senders.iter().map(|(id, author, sender)| vec![(*id).into(), (*author).into(), (*sender).into()]).collect();
    // Counters and keys by a statement of their own, begun behind the locks: PostgreSQL reads a joined table as it was
    // before it had to wait for them. A retry that reached two nodes at once would be stored twice, and a message that waited
    // while its conversation got another key would be stored under the old one.
    let mut steps = vec![Step::Each(&LOAD, &ids), Step::Each(&LOAD_SENDERS, &senders)];
    // Positions likewise behind the locks, and in the same breath: those that are not needed are never seen.
    let wanted = [Value::from((ids.len() + desk.conversations.len()) as i64)];
    if connection.is_postgres() {
        steps.push(Step::One(&TAKE_POSITIONS_POSTGRES, &wanted));
    }
    let mut found = connection.query_all(&steps).await?.into_iter();
    for row in found.next().unwrap_or_default() {
        let loaded = loaded(&row)?;
        desk.conversations.insert(loaded.change.conversation, loaded);
    }
    for row in found.next().unwrap_or_default() {
        let id = ConversationId(row.int(0)?);
        let Some(loaded) = desk.conversations.get_mut(&id) else { continue };
        loaded.known = Known { name: row.public_id(1)?, widget: WidgetId(row.int(2)?), key: KeyId(row.int(3)?) };
        if let Some(counter) = row.int_or_null(6)? {
            desk.counters.insert((id, row.int(4)?, SenderId(row.int(5)?)), counter);
        }
    }
    for row in found.next().unwrap_or_default() {
        desk.positions.push(row.int(0)?);
    }
    Ok(())
}

fn loaded(row: &Row) -> Result<Loaded> {
    let state = State::from_code(row.int(2)?)
        .ok_or_else(|| Error::Broken("a conversation's state cannot be read".to_owned()))?;
    let progress = Progress {
        state,
        assignee: row.int_or_null(3)?.map(OperatorId),
        last_sequence: row.int(4)?,
        last_visible: row.int(5)?,
        last_message: row.int(6)?,
        unread: row.int(7)?,
        waiting_since: row.int_or_null(8)?.map(Timestamp),
        group: row.int_or_null(9)?.and_then(GroupNumber::new),
        guests: guest::read(row, 13)?,
        topics: Topics::from_bits(row.int(10)?),
        snoozed_until: row.int_or_null(11)?.map(Timestamp),
        returned_at: row.int_or_null(12)?.map(Timestamp),
    };
    let (organisation, id) = (OrganisationId(row.int(0)?), ConversationId(row.int(1)?));
    // The rest follows, read behind the lock.
    let unread = Known { name: PublicId::from_bytes([0; 16]), widget: WidgetId(0), key: KeyId(0) };
    Ok(Loaded::new(organisation, id, unread, progress, Timestamp(0), false))
}
