//! Each check, seen to find what is planted in a small story.

use std::collections::BTreeMap;

use domain::conversation::{Author, Event, Kind, State};
use domain::{Groups, OperatorId, OrganisationId, Principal, PublicId, Role, Timestamp};
use serde_json::{Value, json};

use super::check::{self, Lists};
use super::house::Member;
use super::story::Story;
use super::truth::{Chat, Kept, Standing, Truth};

const BEN: OperatorId = OperatorId(7);
const CHAT: &str = "chat";

/// An agent who must not see what is another's.
fn ben() -> Member {
    let principal = Principal::new(OrganisationId(1), BEN, Role::Agent, Groups::default());
    Member { name: PublicId::from_bytes([7; 16]), principal, token: String::new() }
}

fn kept(sequence: i64, visible: i64, author: Author, kind: Kind, what: &str) -> Kept {
    let to_visitor = kind.is_visible().then(|| what.to_owned());
    Kept { sequence, visible, author, kind, at: Timestamp(sequence), what: what.to_owned(), to_visitor }
}

/// A visitor asks twice, Ben takes it, notes and answers; then it is given to a colleague, and the visitor writes again.
fn scene() -> (Story, Truth) {
    let operator = Author::Operator(BEN);
    let entries = vec![
        kept(1, 1, Author::Visitor, Kind::Message, "a1"),
        kept(2, 2, Author::Visitor, Kind::Message, "a2"),
        kept(3, 3, operator, Kind::Event(Event::Assigned(Some(BEN))), "assigned Ben"),
        kept(4, 3, operator, Kind::Note, "n1"),
        kept(5, 4, operator, Kind::Message, "b1"),
        kept(6, 5, operator, Kind::Event(Event::Assigned(Some(OperatorId(8)))), "assigned Ada"),
        kept(7, 6, Author::Visitor, Kind::Message, "a3"),
    ];
    let standing = Standing {
        state: State::Open,
        assignee: Some(OperatorId(8)),
        unread: 1,
        waiting_since: Some(Timestamp(7)),
        team_seen: 2,
    };
    let row = json!({ "position": 9, "state": "open", "unread": 1, "assignee": { "id": "ada" } });
    let chats = BTreeMap::from([(CHAT.to_owned(), Chat { entries, standing, row })]);
    let mut story = Story::default();
    for (sender, is_visitor, text, number) in
        [("a", true, "a1", 1), ("a", true, "a2", 2), ("b", false, "n1", 4), ("b", false, "b1", 5), ("a", true, "a3", 6)]
    {
        story.said(sender, is_visitor, text);
        story.acknowledged(sender, CHAT, number, text);
    }
    story.begun("token", CHAT);
    story.shown(&ben().name, CHAT, &json!({ "sequence": 5, "text": "b1" }));
    (story, Truth { chats })
}

fn found(change: impl FnOnce(&mut Story, &mut Vec<Kept>, &mut Standing)) -> Vec<String> {
    let (mut story, mut truth) = scene();
    let chat = truth.chats.get_mut(CHAT).unwrap();
    change(&mut story, &mut chat.entries, &mut chat.standing);
    check::safety(&story, &truth, &[ben()])
}

#[test]
fn a_sound_story_has_no_faults_and_each_planted_one_is_found() {
    assert_eq!(found(|_, _, _| {}), Vec::<String>::new());
    let plant = |what: &str, told: &str, change: &dyn Fn(&mut Story, &mut Vec<Kept>, &mut Standing)| {
        let faults = found(change);
        assert!(faults.iter().any(|fault| fault.contains(told)), "{what}: {faults:?}");
    };
    plant("the last one lost", "`a3` was acknowledged as 6 and is not there", &|_, entries, _| drop(entries.pop()));
    plant("one lost in the middle", "has the numbers", &|_, entries, _| drop(entries.remove(1)));
    plant("a note that counts for the visitor", "entry 4 has the numbers 4, 4", &|_, entries, _| {
        entries[3].visible = 4
    });
    plant("stored twice", "`a1` is stored 2 times", &|_, entries, _| entries[6].what = "a1".to_owned());
    plant("never written", "`x` was never written", &|_, entries, _| entries[6].what = "x".to_owned());
    plant("two change places", "before what was written before it", &|_, entries, _| {
        (entries[0].what, entries[1].what) = ("a2".to_owned(), "a1".to_owned());
    });
    plant("another number told", "`a2` was acknowledged as 9", &|story, _, _| {
        story.acknowledged("a", CHAT, 9, "a2");
    });
    plant("two conversations of one token", "one token has 2", &|story, _, _| story.begun("token", "other"));
    plant("unread miscounted", "2 are unread, counted 1", &|_, _, standing| standing.unread = 2);
    plant("nobody seems to wait", "stands at", &|_, _, standing| standing.waiting_since = None);
    plant("the wrong turn", "stands at", &|_, _, standing| standing.state = State::Pending);
    plant("the wrong assignee", "stands at", &|_, _, standing| standing.assignee = Some(BEN));
    plant("shown what is a colleague's", "a colleague's ever since", &|story, _, _| {
        story.shown(&ben().name, CHAT, &json!({ "sequence": 7, "text": "a3" }));
    });
    plant("shown what is not stored", "which is not stored", &|story, _, _| {
        story.shown(&ben().name, CHAT, &json!({ "sequence": 5, "text": "b2" }));
    });
    plant("a colleague's row", "was shown the row", &|story, _, _| {
        story.listed(&ben(), &json!({ "id": CHAT, "assignee": { "id": "ada" } }));
    });
}

#[test]
fn a_screen_other_than_the_store_is_found() {
    let (_, truth) = scene();
    let visible: Vec<(i64, String)> =
        [(1, "a1"), (2, "a2"), (3, "assigned Ben"), (4, "b1"), (5, "assigned Ada"), (6, "a3")]
            .map(|(number, what)| (number, what.to_owned()))
            .to_vec();
    let page = |entries: &[(i64, String)]| {
        let mut faults = Vec::new();
        check::page("v", CHAT, entries, &truth, &mut faults);
        faults.len()
    };
    assert_eq!((page(&visible), page(&visible[..5]), page(&visible[1..])), (0, 1, 1));
    let twice: Vec<_> = visible.iter().chain(&visible[5..]).cloned().collect();
    assert_eq!(page(&twice), 1);
}

#[test]
fn a_list_other_than_the_store_is_found() {
    let (_, mut truth) = scene();
    let row = truth.chats[CHAT].row.clone();
    let faults = |rows: &[(&str, &Value)], counts: [i64; 3], truth: &Truth, may_be_stale: bool| {
        let rows = rows.iter().map(|(id, row)| ((*id).to_owned(), (*row).clone())).collect();
        let counts = json!({ "mine": counts[0], "unassigned": counts[1], "all": counts[2] });
        let mut faults = Vec::new();
        let shown = Lists { rows: &rows, counts: &counts, with_unread: true };
        check::rows("o", &ben(), shown, may_be_stale, truth, &mut faults);
        faults.len()
    };
    assert_eq!(faults(&[], [0, 0, 0], &truth, false), 0, "a colleague's is not Ben's to list");
    assert_eq!(faults(&[(CHAT, &row)], [0, 0, 0], &truth, false), 1, "a row that should have gone");
    truth.chats.get_mut(CHAT).unwrap().standing.assignee = Some(BEN);
    assert_eq!(faults(&[(CHAT, &row)], [1, 0, 1], &truth, false), 0);
    assert_eq!(faults(&[], [1, 0, 1], &truth, true), 1, "a row that is missing");
    assert_eq!(faults(&[(CHAT, &row)], [1, 1, 1], &truth, true), 1, "counts");
    for field in ["position", "state", "unread", "assignee"] {
        let mut other = row.clone();
        other[field] = Value::Null;
        assert_eq!(faults(&[(CHAT, &other)], [1, 0, 1], &truth, true), 1, "{field}");
    }
}
