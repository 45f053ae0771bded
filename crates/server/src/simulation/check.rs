//! The promises, held against what is stored. Knows neither time nor chance: a story, a truth, and what is wrong with them.

use std::collections::BTreeMap;

use domain::conversation::{Author, Event, Kind, State};
use serde_json::Value;

use super::house::Member;
use super::story::{Sender, Story};
use super::truth::{Chat, Kept, Truth};

/// Everything that is wrong, whatever has happened.
pub(super) fn safety(story: &Story, truth: &Truth, team: &[Member]) -> Vec<String> {
    let mut faults = story.foreign.clone();
    for (id, chat) in &truth.chats {
        numbers(id, chat, &mut faults);
        recount(id, chat, &mut faults);
    }
    let mut stored: BTreeMap<&str, Vec<(&str, &Kept)>> = BTreeMap::new();
    for (id, chat) in &truth.chats {
        for entry in chat.entries.iter().filter(|entry| matches!(entry.kind, Kind::Message | Kind::Note)) {
            stored.entry(entry.what.as_str()).or_default().push((id.as_str(), entry));
        }
    }
    for (text, places) in &stored {
        if places.len() > 1 {
            faults.push(format!("`{text}` is stored {} times", places.len()));
        }
        if !story.senders.values().any(|sender| sender.said.iter().any(|said| said == text)) {
            faults.push(format!("`{text}` was never written"));
        }
    }
    for (name, sender) in &story.senders {
        acknowledged(name, sender, truth, &mut faults);
        order(name, sender, &stored, &mut faults);
    }
    for (token, conversations) in &story.tokens {
        if conversations.len() > 1 {
            faults.push(format!("one token has {} conversations: {token}", conversations.len()));
        }
    }
    if truth.chats.len() > story.tokens.len() + story.senders.values().filter(|sender| sender.is_visitor).count() {
        faults.push(format!("{} conversations are stored, more than visitors began", truth.chats.len()));
    }
    reach(story, truth, team, &mut faults);
    faults
}

fn numbers(id: &str, chat: &Chat, faults: &mut Vec<String>) {
    let (mut sequence, mut visible) = (0, 0);
    for entry in &chat.entries {
        sequence += 1;
        visible += i64::from(entry.kind != Kind::Note);
        if (entry.sequence, entry.visible) != (sequence, visible) {
            faults.push(format!("{id}: entry {sequence} has the numbers {}, {}", entry.sequence, entry.visible));
        }
    }
}

/// Counts by hand what the conversation's row says.
fn recount(id: &str, chat: &Chat, faults: &mut Vec<String>) {
    let (mut waiting, mut answered, mut ended, mut assignee) = (None, false, false, None);
    // Whose turn it is, once it is no longer new.
    let mut turn = State::New;
    for entry in &chat.entries {
        match (entry.kind, entry.author) {
            (Kind::Message, Author::Visitor) => {
                waiting = waiting.or(Some(entry.at));
                if answered || ended {
                    turn = State::Open;
                }
            }
            (Kind::Message, _) => (waiting, answered, turn) = (None, true, State::Pending),
            (Kind::Event(Event::Ended | Event::EndedIdle), _) => (waiting, ended, turn) = (None, true, State::Ended),
            (Kind::Event(Event::Reopened), _) => (ended, turn) = (true, State::Open),
            (Kind::Event(Event::Assigned(to)), _) => assignee = to,
            // Nobody is on it then; where there are groups, the store's contract tests count them.
            (Kind::Event(Event::Grouped(_)), _) => assignee = None,
            // Nobody here corrects anything; the store's contract tests do.
            (Kind::Note | Kind::Event(_), _) => {}
        }
    }
    let said = |entry: &&Kept| entry.kind == Kind::Message && entry.author == Author::Visitor;
    let unread =
        chat.entries.iter().filter(said).filter(|entry| entry.visible > chat.standing.team_seen).count() as i64;
    let found = &chat.standing;
    if found.unread != unread {
        faults.push(format!("{id}: {} are unread, counted {unread}", found.unread));
    }
    if (found.waiting_since, found.state, found.assignee) != (waiting, turn, assignee) {
        let is = (found.waiting_since, found.state, found.assignee);
        faults.push(format!("{id}: stands at {is:?}, which should be {:?}", (waiting, turn, assignee)));
    }
}

fn acknowledged(name: &str, sender: &Sender, truth: &Truth, faults: &mut Vec<String>) {
    for told in &sender.acknowledged {
        let entries = truth.chats.get(&told.conversation).map(|chat| chat.entries.as_slice()).unwrap_or_default();
        let number = |entry: &&Kept| match sender.is_visitor {
            true => entry.visible == told.number && entry.kind != Kind::Note,
            false => entry.sequence == told.number,
        };
        if entries.iter().find(number).is_none_or(|entry| entry.what != told.text) {
            faults.push(format!("{name}: `{}` was acknowledged as {} and is not there", told.text, told.number));
        }
    }
}

fn order(name: &str, sender: &Sender, stored: &BTreeMap<&str, Vec<(&str, &Kept)>>, faults: &mut Vec<String>) {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for text in &sender.said {
        for (id, entry) in stored.get(text.as_str()).into_iter().flatten() {
            let before = last.insert(id, entry.sequence).unwrap_or(0);
            if before > entry.sequence {
                faults.push(format!("{name}: `{text}` is stored before what was written before it"));
            }
        }
    }
}

/// An entry may be shown to an agent who had the conversation, or could take it, at some moment since it was stored.
fn reach(story: &Story, truth: &Truth, team: &[Member], faults: &mut Vec<String>) {
    for shown in &story.shown {
        let Some(member) = team.iter().find(|member| member.name == shown.to) else { continue };
        let chat = truth.chats.get(&shown.conversation);
        let entry = chat.and_then(|chat| chat.entries.iter().find(|entry| entry.sequence == shown.sequence));
        if entry.is_none_or(|entry| entry.what != shown.what) {
            faults.push(format!("an operator was shown `{}` as {}, which is not stored", shown.what, shown.sequence));
        }
        let (false, Some(chat)) = (member.sees_all(), chat) else { continue };
        let since = chat.assignees().range(shown.sequence..).map(|(_, assignee)| *assignee).collect::<Vec<_>>();
        if !since.iter().any(|assignee| assignee.is_none_or(|assignee| assignee == member.principal.operator)) {
            faults.push(format!(
                "{} was shown {} of {}, `{}`, which was a colleague's ever since",
                member.name, shown.sequence, shown.conversation, shown.what
            ));
        }
    }
}

/// What a page of a visitor shows, against what is stored.
pub(super) fn page(name: &str, conversation: &str, entries: &[(i64, String)], truth: &Truth, faults: &mut Vec<String>) {
    let Some(chat) = truth.chats.get(conversation) else {
        if !entries.is_empty() {
            faults.push(format!("{name} shows a conversation that is not stored"));
        }
        return;
    };
    let stored = chat.entries.iter().filter_map(|entry| Some((entry.visible, entry.to_visitor.clone()?)));
    differ(name, entries, &stored.collect::<Vec<_>>(), faults);
}

/// What a dashboard shows of a conversation, against what is stored.
pub(super) fn thread(name: &str, entries: &[String], chat: &Chat, faults: &mut Vec<String>) {
    let shown: Vec<(i64, String)> = (1..).zip(entries.iter().cloned()).collect();
    let stored: Vec<(i64, String)> = chat.entries.iter().map(|entry| (entry.sequence, entry.what.clone())).collect();
    differ(name, &shown, &stored, faults);
}

fn differ(name: &str, shown: &[(i64, String)], stored: &[(i64, String)], faults: &mut Vec<String>) {
    if shown != stored {
        let first = shown.iter().zip(stored).take_while(|(shown, stored)| shown == stored).count();
        let (here, there) = (shown.get(first), stored.get(first));
        let (many, of) = (shown.len(), stored.len());
        faults
            .push(format!("{name} shows {many} of {of} entries; first other than stored: {here:?}, stored {there:?}"));
    }
}

/// What of a row must be as stored. Who is there passes, and what was seen moves no position (decision 6).
const OF_A_ROW: &[&str] =
    &["state", "assignee", "last_at", "last_sequence", "waiting_since", "preview", "position", "started_at"];

/// What a dashboard shows of lists.
#[derive(Clone, Copy)]
pub(super) struct Lists<'a> {
    pub(super) rows: &'a BTreeMap<String, Value>,
    pub(super) counts: &'a Value,
    /// What was seen moves no position, so unread counts come with the next message only (decision 6).
    pub(super) with_unread: bool,
}

/// A dashboard's rows and counts, against what is stored.
///
/// With `may_be_stale`, a row that an agent lost may still stand there: where a hand-over at another node was not heard of
/// and the next change of that conversation is committed here, the sweep finds that change known and the hand-over gone.
pub(super) fn rows(
    name: &str,
    member: &Member,
    shown: Lists<'_>,
    may_be_stale: bool,
    truth: &Truth,
    faults: &mut Vec<String>,
) {
    let Lists { rows: shown, counts, with_unread } = shown;
    let me = member.principal.operator;
    let within = |chat: &Chat| member.sees_all() || chat.standing.assignee.is_none_or(|assignee| assignee == me);
    let mut stale = shown.keys().filter(|id| !truth.chats.get(*id).is_some_and(within)).peekable();
    let is_stale = stale.peek().is_some();
    if !may_be_stale {
        faults.extend(stale.map(|id| format!("{name} shows a row that is not theirs to see: {id}")));
    }
    let (mut mine, mut unassigned, mut all) = (0, 0, 0);
    for (id, chat) in truth.chats.iter().filter(|(_, chat)| within(chat)) {
        if chat.standing.state != State::Ended {
            all += 1;
            mine += i64::from(chat.standing.assignee == Some(me));
            unassigned += i64::from(chat.standing.assignee.is_none());
        }
        let Some(row) = shown.get(id) else {
            faults.push(format!("{name} lacks the row of {id}"));
            continue;
        };
        let unread = with_unread.then_some(&"unread");
        for field in OF_A_ROW.iter().chain(unread) {
            if row[field] != chat.row[field] {
                faults.push(format!("{name}: {field} of {id} is {}, stored {}", row[field], chat.row[field]));
            }
        }
    }
    let told = ["mine", "unassigned", "all"].map(|list| counts[list].as_i64().unwrap_or_default());
    if told != [mine, unassigned, all] && !(is_stale && may_be_stale) {
        faults.push(format!("{name} counts {told:?}, stored are {:?}", [mine, unassigned, all]));
    }
}
