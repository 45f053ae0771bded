//! Groups: whose conversations are whose, and who may see what of others.

use std::collections::BTreeSet;

use diskret_store::append::Outcome;
use diskret_store::conversation::{List, To};
use diskret_store::group::{IN_USE_STILL, TITLE_TAKEN};
use diskret_store::operator::OperatorChange;
use diskret_store::widget::Widget;
use diskret_store::{Error, Settings, Store};
use domain::conversation::{Event, Kind};
use domain::{GroupNumber, Groups, Hands, Role};
use futures_util::future::join_all;
use privacy::random;

use crate::fixture::{Fixture, START, access, all, assert_gapless, somebody, stored};

on_both![
    groups_are_numbered_and_a_number_is_given_again,
    groups_made_at_once_get_different_numbers,
    a_group_that_is_removed_leaves_nobody_in_it,
    no_two_groups_are_called_alike,
    a_group_with_conversations_stays,
    a_chat_opened_before_its_group_was_removed_begins_for_everybody,
    a_group_is_removed_or_has_conversations_whatever_comes_at_once,
    whoever_joins_a_group_that_is_removed_is_in_none,
    a_conversation_is_handed_to_a_group_and_nobody_is_on_it,
    lists_and_counts_show_what_a_groups_operator_reaches,
    a_group_of_another_organisation_is_not_found,
    a_hand_over_among_groups_is_found_by_the_sweep,
];

async fn group(at: &Fixture, title: &str) -> GroupNumber {
    at.store
        .audited(somebody())
        .insert_group(at.ours.id, random::public_id(), title.to_owned(), START)
        .await
        .unwrap()
        .number
}

async fn groups_are_numbered_and_a_number_is_given_again(at: Fixture) {
    let (returns, press) = (group(&at, "Returns").await, group(&at, "Press").await);
    assert_eq!((returns.number(), press.number()), (0, 1));
    at.store.audited(somebody()).rename_group(at.ours.id, press, "Presse".to_owned()).await.unwrap();
    let titles: Vec<String> = at.store.groups(at.ours.id).await.unwrap().into_iter().map(|group| group.title).collect();
    assert_eq!(titles, ["Returns", "Presse"]);
    at.store.audited(somebody()).delete_group(at.ours.id, returns).await.unwrap();
    assert_eq!(group(&at, "Spare parts").await, returns);
    for number in 2..Groups::MOST {
        assert_eq!(group(&at, &format!("Group {number}")).await.number(), number);
    }
    let full =
        at.store.audited(somebody()).insert_group(at.ours.id, random::public_id(), "One more".to_owned(), START).await;
    assert!(matches!(full, Err(Error::Conflict(_))), "{full:?}");
}

async fn groups_made_at_once_get_different_numbers(at: Fixture) {
    let other = at.node(Settings::default()).await;
    let made = join_all((0..20).map(|index| {
        let store = if index % 2 == 0 { &at.store } else { &other };
        store.audited(somebody()).insert_group(at.ours.id, random::public_id(), format!("Group {index}"), START)
    }));
    let numbers: BTreeSet<i64> = made.await.into_iter().map(|made| made.unwrap().number.number()).collect();
    assert_eq!(numbers, (0..20).collect());
}

async fn a_group_that_is_removed_leaves_nobody_in_it(at: Fixture) {
    let (returns, press) = (group(&at, "Returns").await, group(&at, "Press").await);
    let both: Groups = [returns, press].into_iter().collect();
    let to = OperatorChange { role: Some(Role::Staff), groups: Some(both), active: None };
    at.store.audited(somebody()).change_operator(at.owner(), at.ours.ben, to, START).await.unwrap();
    assert_eq!(at.store.operator(at.ours.id, at.ours.ben).await.unwrap().groups, both);
    at.store.audited(somebody()).delete_group(at.ours.id, returns).await.unwrap();
    let left = at.store.operator(at.ours.id, at.ours.ben).await.unwrap().groups;
    assert_eq!(left, [press].into_iter().collect());
}

async fn no_two_groups_are_called_alike(at: Fixture) {
    let (returns, press) = (group(&at, "Returns").await, group(&at, "Press").await);
    let again =
        at.store.audited(somebody()).insert_group(at.ours.id, random::public_id(), "returns".to_owned(), START).await;
    assert_eq!(again, Err(TITLE_TAKEN));
    assert_eq!(
        at.store.audited(somebody()).rename_group(at.ours.id, press, "RETURNS".to_owned()).await,
        Err(TITLE_TAKEN)
    );
    at.store.audited(somebody()).rename_group(at.ours.id, returns, "RETURNS".to_owned()).await.unwrap();
    at.store
        .audited(somebody())
        .insert_group(at.theirs.id, random::public_id(), "Returns".to_owned(), START)
        .await
        .unwrap();
}

/// Has the chat surface's conversations be for a group.
async fn lead_to(at: &Fixture, group: GroupNumber) -> Result<(), Error> {
    let widget = at.store.widgets(at.ours.id).await?.remove(0);
    at.store.audited(somebody()).update_widget(Widget { group: Some(group), ..widget }).await
}

/// The group of a conversation that begins now.
async fn begun(at: &Fixture, store: &Store) -> Option<GroupNumber> {
    let Outcome::Stored(new) = store.append(at.ours.first(random::bytes(), 1, 1)).await.unwrap() else {
        panic!("a first message is stored")
    };
    at.store.conversation(at.ours.id, new.change.conversation).await.unwrap().progress.group
}

async fn a_chat_opened_before_its_group_was_removed_begins_for_everybody(at: Fixture) {
    let returns = group(&at, "Returns").await;
    lead_to(&at, returns).await.unwrap();
    let spare = group(&at, "Spare parts").await;
    at.store.audited(somebody()).delete_group(at.ours.id, spare).await.unwrap();
    assert_eq!(lead_to(&at, spare).await, Err(Error::NotFound), "the widget stays as it is");
    at.store.audited(somebody()).delete_group(at.ours.id, returns).await.unwrap();
    assert_eq!(begun(&at, &at.store).await, None);
    assert_eq!(group(&at, "Press").await, returns, "its number is another's now");
    assert_eq!(begun(&at, &at.store).await, None);
    lead_to(&at, returns).await.unwrap();
    assert_eq!(begun(&at, &at.store).await, Some(returns));
}

async fn a_group_is_removed_or_has_conversations_whatever_comes_at_once(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for round in 0..20 {
        let returns = group(&at, &format!("Group {round}")).await;
        lead_to(&at, returns).await.unwrap();
        let (removed, for_it) =
            tokio::join!(at.store.audited(somebody()).delete_group(at.ours.id, returns), begun(&at, &other));
        assert_eq!(removed.is_ok(), for_it.is_none(), "{removed:?}, {for_it:?}");
        assert!(matches!(removed, Ok(()) | Err(IN_USE_STILL)), "{removed:?}");
    }
}

async fn whoever_joins_a_group_that_is_removed_is_in_none(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for round in 0..20 {
        let returns = group(&at, &format!("Group {round}")).await;
        let groups = Some([returns].into_iter().collect());
        let joins = OperatorChange { groups, ..OperatorChange::default() };
        let (removed, joined) = tokio::join!(
            at.store.audited(somebody()).delete_group(at.ours.id, returns),
            other.audited(somebody()).change_operator(at.owner(), at.ours.ben, joins, START)
        );
        removed.unwrap();
        assert!(matches!(joined, Ok(()) | Err(Error::NotFound)), "{joined:?}");
        let groups = at.store.operator(at.ours.id, at.ours.ben).await.unwrap().groups;
        assert_eq!(groups, Groups::default());
    }
}

async fn a_group_with_conversations_stays(at: Fixture) {
    let returns = group(&at, "Returns").await;
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    at.store
        .audited(somebody())
        .hand_over(at.ours.id, chat.id, by, To::Group(Some(returns)), None, START)
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(at.store.audited(somebody()).delete_group(at.ours.id, returns).await, Err(Error::Conflict(_))));
    at.store
        .audited(somebody())
        .hand_over(at.ours.id, chat.id, by, To::Group(None), None, START)
        .await
        .unwrap()
        .unwrap();
    at.store.audited(somebody()).delete_group(at.ours.id, returns).await.unwrap();
}

async fn a_conversation_is_handed_to_a_group_and_nobody_is_on_it(at: Fixture) {
    let returns = group(&at, "Returns").await;
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    at.store.audited(somebody()).assign(at.ours.id, chat.id, by, Some(at.ours.ben), START).await.unwrap().unwrap();
    let change = at
        .store
        .audited(somebody())
        .hand_over(at.ours.id, chat.id, by, To::Group(Some(returns)), None, START)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(change.previous, Hands { assignee: Some(at.ours.ben), group: None, ..Hands::default() });
    assert_eq!(change.progress.hands(), Hands { assignee: None, group: Some(returns), ..Hands::default() });
    assert_eq!(
        at.store.audited(somebody()).hand_over(at.ours.id, chat.id, by, To::Group(Some(returns)), None, START).await,
        Ok(None),
        "it is so"
    );
    stored(at.store.append(chat.visitor(1, 2)).await);
    assert_eq!(at.head(&chat).await.progress.group, Some(returns), "what is said changes nothing of it");
    let entries = at.entries(&chat).await;
    let events: Vec<Kind> =
        entries.iter().map(|entry| entry.kind).filter(|kind| matches!(kind, Kind::Event(_))).collect();
    let wanted = [Event::Assigned(Some(at.ours.ben)), Event::Assigned(None), Event::Grouped(Some(returns))];
    assert_eq!(events, wanted.map(Kind::Event));
    assert_gapless(&entries);
}

async fn lists_and_counts_show_what_a_groups_operator_reaches(at: Fixture) {
    let (returns, press) = (group(&at, "Returns").await, group(&at, "Press").await);
    let by = (at.ours.ada, all());
    let mut chats = Vec::new();
    for (group, assignee) in [
        (None, None),
        (None, Some(at.ours.ada)),
        (Some(returns), None),
        (Some(returns), Some(at.ours.ada)),
        (Some(press), None),
        (Some(press), Some(at.ours.ben)),
    ] {
        let chat = at.chat().await;
        if group.is_some() {
            at.store
                .audited(somebody())
                .hand_over(at.ours.id, chat.id, by, To::Group(group), None, START)
                .await
                .unwrap()
                .unwrap();
        }
        if assignee.is_some() {
            at.store.audited(somebody()).assign(at.ours.id, chat.id, by, assignee, START).await.unwrap().unwrap();
        }
        chats.push((chat.id, Hands { assignee, group, ..Hands::default() }));
    }
    let mine: Groups = [returns].into_iter().collect();
    let staff = access(Role::Staff, mine);
    let reached: Vec<_> =
        chats.iter().filter(|(_, hands)| staff.reaches(at.ours.ben, *hands)).map(|(id, _)| *id).collect();
    assert_eq!(reached.len(), 4, "everybody's and nobody's, both of the group, their own");
    let list = async |list| {
        let found = at.store.conversations(at.ours.id, list, false, i64::MAX, 50).await.unwrap();
        let mut ids: Vec<_> = found.into_iter().map(|found| found.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(list(List::Groups(at.ours.ben, mine)).await, reached, "the list is what the rule says");
    assert_eq!(list(List::Unassigned(at.ours.ben, mine)).await, [chats[0].0, chats[2].0]);
    assert_eq!(list(List::Unassigned(at.ours.ben, Groups::default())).await, [chats[0].0]);
    assert_eq!(
        list(List::Unassigned(at.ours.ben, Groups::from_bits(i64::MAX))).await,
        [chats[0].0, chats[2].0, chats[4].0]
    );
    assert_eq!(list(List::All).await.len(), 6);
    let counts = at.store.counts(at.ours.id).await.unwrap();
    let count: i64 = counts.iter().filter(|(hands, _)| staff.reaches(at.ours.ben, *hands)).map(|(_, n)| n).sum();
    assert_eq!(count, 4);
    // The same rule inside the transaction.
    let denied = at.store.audited(somebody()).assign(at.ours.id, chats[4].0, (at.ours.ben, staff), None, START).await;
    assert_eq!(denied, Err(Error::OutOfReach));
    at.store
        .audited(somebody())
        .assign(at.ours.id, chats[3].0, (at.ours.ben, staff), None, START)
        .await
        .unwrap()
        .unwrap();
}

async fn a_group_of_another_organisation_is_not_found(at: Fixture) {
    let chat = at.chat().await;
    let theirs = at
        .store
        .audited(somebody())
        .insert_group(at.theirs.id, random::public_id(), "Theirs".to_owned(), START)
        .await
        .unwrap();
    assert_eq!(at.store.groups(at.ours.id).await.unwrap(), []);
    let handed = at
        .store
        .audited(somebody())
        .hand_over(at.ours.id, chat.id, (at.ours.ada, all()), To::Group(Some(theirs.number)), None, START)
        .await;
    assert_eq!(handed, Err(Error::NotFound));
    assert!(at.store.audited(somebody()).rename_group(at.ours.id, theirs.number, "Ours".to_owned()).await.is_err());
    assert!(at.store.audited(somebody()).delete_group(at.ours.id, theirs.number).await.is_err());
    assert_eq!(at.store.groups(at.theirs.id).await.unwrap(), [theirs]);
}

async fn a_hand_over_among_groups_is_found_by_the_sweep(at: Fixture) {
    let (returns, press) = (group(&at, "Returns").await, group(&at, "Press").await);
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    at.store
        .audited(somebody())
        .hand_over(at.ours.id, chat.id, by, To::Group(Some(returns)), None, START)
        .await
        .unwrap()
        .unwrap();
    let before = at.head(&chat).await.position;
    at.store
        .audited(somebody())
        .hand_over(at.ours.id, chat.id, by, To::Group(Some(press)), None, START)
        .await
        .unwrap()
        .unwrap();
    stored(at.store.append(chat.visitor(1, 2)).await);
    let found = at.store.changes_of(vec![(at.ours.id, chat.id)]).await.unwrap().remove(0);
    assert_eq!(found.clone().told_past(before).previous.group, Some(returns), "who loses it must hear");
    assert_eq!(found.clone().told_past(found.change.position).previous.group, Some(press));
}
