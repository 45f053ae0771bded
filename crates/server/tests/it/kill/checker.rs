//! Compares what each client saw with what is stored, and names what does not fit.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What one client (a page load) knows of one conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    /// Texts by counter, from 1, in the order in which they were first sent.
    pub(super) sent: Vec<String>,
    /// Counter to number, as acknowledged; every time.
    pub(super) acknowledged: Vec<(i64, i64)>,
    /// Numbers and texts (none for events) as they came from the server, own ones that were acknowledged included.
    pub(super) received: Vec<(i64, Option<String>)>,
    /// The same of what came a second time by another connection.
    pub(super) again: Vec<(i64, Option<String>)>,
    /// Whether numbers are the visitor's.
    pub(super) is_visitor: bool,
}

/// An entry in the store.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) sequence: i64,
    pub(super) visible: i64,
    pub(super) text: Option<String>,
    /// To whom it was given, where that is what happened.
    pub(super) assigned: Option<String>,
}

/// Everything that both sides know.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    /// By client and conversation.
    pub(super) sides: BTreeMap<(String, String), Side>,
    /// By conversation.
    pub(super) stored: BTreeMap<String, Vec<Stored>>,
    /// To whom each conversation was given with success, in order. Nobody else gives these people anything.
    pub(super) assigned: BTreeMap<String, Vec<String>>,
    /// Per operator with a list on the screen: conversations with their last entries, as the frames told them and as the list
    /// is when it is read anew.
    pub(super) lists: BTreeMap<String, [BTreeMap<String, i64>; 2]>,
    /// What clients noticed themselves: nothing that the server says may contradict what it said before.
    pub(super) contradictions: Vec<String>,
    /// Conversations that nobody of these began.
    pub(super) strangers: BTreeSet<String>,
}

/// Everything that is wrong with a story.
pub(super) fn faults(story: &Story) -> Vec<String> {
    let mut faults = story.contradictions.clone();
    let mut written: HashMap<(&str, &str), usize> = HashMap::new();
    for (id, entries) in &story.stored {
        let (mut sequence, mut visible) = (0, 0);
        for entry in entries {
            sequence += 1;
            // These conversations have no notes, so every entry counts for the visitor.
            visible += 1;
            if (entry.sequence, entry.visible) != (sequence, visible) {
                faults.push(format!("{id}: entry {sequence} has the numbers {}, {}", entry.sequence, entry.visible));
            }
            if let Some(text) = &entry.text {
                *written.entry((id, text)).or_default() += 1;
            }
        }
    }
    let mut sent = HashSet::new();
    for ((client, id), side) in &story.sides {
        let empty = Vec::new();
        let entries = story.stored.get(id).unwrap_or(&empty);
        let at = |number: i64| {
            entries.iter().find(|entry| number == if side.is_visitor { entry.visible } else { entry.sequence })
        };
        sent.extend(side.sent.iter().map(|text| (id.as_str(), text.as_str())));
        let mut first = HashMap::new();
        for (counter, number) in &side.acknowledged {
            let text = usize::try_from(counter - 1).ok().and_then(|index| side.sent.get(index));
            match (at(*number), text) {
                (Some(entry), Some(text)) if entry.text.as_ref() == Some(text) => {}
                _ => faults.push(format!("{client}: message {counter} was acknowledged as {number} and is not there")),
            }
            if *first.entry(counter).or_insert(number) != number {
                faults.push(format!("{client}: message {counter} was acknowledged under two numbers"));
            }
        }
        for (number, text) in side.received.iter().chain(&side.again) {
            if at(*number).is_none_or(|entry| entry.text != *text) {
                faults.push(format!("{client}: what came as {number} is not what is stored"));
            }
        }
        for pair in side.received.windows(2) {
            if pair[1].0 != pair[0].0 + 1 {
                faults.push(format!("{client}: {} came after {}", pair[1].0, pair[0].0));
            }
        }
        if side.received.first().is_some_and(|(number, _)| *number != 1) {
            faults.push(format!("{client}: what came first was not the first"));
        }
        let heard = side.received.last().map_or(0, |(number, _)| *number);
        let last = entries.last().map_or(0, |entry| if side.is_visitor { entry.visible } else { entry.sequence });
        if heard < last {
            faults.push(format!("{client}: did not hear what came after {heard} in {id}, up to {last}"));
        }
        let own: Vec<&String> =
            entries.iter().filter_map(|entry| entry.text.as_ref()).filter(|text| side.sent.contains(text)).collect();
        if own.iter().zip(&side.sent).any(|(stored, sent)| *stored != sent) {
            faults.push(format!("{client}: the order of their messages changed"));
        }
        if own.len() < side.acknowledged.iter().map(|(counter, _)| *counter).max().unwrap_or(0) as usize {
            faults.push(format!("{client}: an acknowledged message, or one before it, is missing"));
        }
    }
    for (id, assigned) in &story.assigned {
        let entries = story.stored.get(id).into_iter().flatten();
        let people: HashSet<&String> = story.assigned.values().flatten().collect();
        let stored: Vec<&String> =
            entries.filter_map(|entry| entry.assigned.as_ref()).filter(|name| people.contains(name)).collect();
        if !stored.iter().copied().eq(assigned) {
            faults.push(format!("{id}: given to {assigned:?}, stored is {stored:?}"));
        }
    }
    for (operator, [told, read]) in &story.lists {
        for id in told.keys().chain(read.keys()).collect::<BTreeSet<_>>() {
            if told.get(id) != read.get(id) {
                let (told, read) = (told.get(id), read.get(id));
                faults.push(format!("{operator}'s list: {id} was told as {told:?} and is {read:?}"));
            }
        }
    }
    faults.extend(story.strangers.iter().map(|id| format!("{id}: nobody began it")));
    for ((id, text), count) in written {
        if count > 1 {
            faults.push(format!("{id}: `{text}` is stored {count} times"));
        }
        if !sent.contains(&(id, text)) {
            faults.push(format!("{id}: `{text}` was never sent"));
        }
    }
    faults
}
