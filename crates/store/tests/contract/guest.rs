//! Colleagues are asked into a conversation that is out of their reach, find it, write in it, and go.

use diskret_store::append::Outcome;
use diskret_store::conversation::{List, To};
use diskret_store::operator::OperatorChange;
use diskret_store::{Error, Result};
use domain::conversation::{Author, Change, Event, Kind};
use domain::{ConversationId, Groups, Guests, OperatorId, Role, Timestamp};
use futures_util::future::join_all;
use privacy::random;

use crate::fixture::{Chat, Fixture, START, all, assert_gapless, operator, own, somebody, stored};

on_both![
    whoever_is_asked_in_finds_it_among_theirs_and_may_write,
    whoever_goes_finds_it_no_more_and_the_sweep_tells_them,
    whoever_it_is_given_to_stays_a_guest_and_reads_on_when_it_is_given_back,
    an_agent_asks_nobody_and_not_themselves_into_what_they_do_not_reach,
    an_agent_keeps_nothing_by_asking_themselves_in_while_it_is_nobodys,
    a_guest_finds_among_what_nobody_has_taken_what_is_for_another_group,
    nobody_of_another_organisation_and_nobody_who_left_is_asked_in,
    there_is_room_for_a_handful_however_many_ask_at_once,
    a_page_of_ones_own_is_in_the_order_of_changes_whatever_made_them_ones_own,
    what_is_so_already_is_no_change,
];

async fn ask(at: &Fixture, chat: &Chat, guest: OperatorId) -> Result<Option<Change>> {
    let by = (at.ours.ada, all());
    at.store.audited(somebody()).invite(at.ours.id, chat.id, by, guest, START).await
}

async fn leave(at: &Fixture, chat: &Chat, guest: OperatorId) -> Result<Option<Change>> {
    let by = (guest, own());
    at.store.audited(somebody()).leave(at.ours.id, chat.id, by, guest, START).await
}

/// A conversation that is Ada's.
async fn adas(at: &Fixture) -> Chat {
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    at.store.audited(somebody()).assign(at.ours.id, chat.id, by, Some(at.ours.ada), START).await.unwrap().unwrap();
    chat
}

async fn mine(at: &Fixture, who: OperatorId) -> Vec<ConversationId> {
    let found = at.store.conversations(at.ours.id, List::Mine(who), false, i64::MAX, 50).await.unwrap();
    found.iter().map(|found| found.id).collect()
}

fn only(guest: OperatorId) -> Guests {
    [guest].into_iter().collect()
}

async fn whoever_is_asked_in_finds_it_among_theirs_and_may_write(at: Fixture) {
    let (chat, ben) = (adas(&at).await, at.ours.ben);
    let from_ben = |counter| {
        let mut append = chat.operator(ben, 7, counter);
        append.access = Some(own());
        append
    };
    assert_eq!(at.store.append(from_ben(1)).await, Ok(Outcome::OutOfReach));
    let change = ask(&at, &chat, ben).await.unwrap().unwrap();
    assert_eq!((change.progress.guests, change.progress.assignee), (only(ben), Some(at.ours.ada)));
    assert_eq!(change.previous.guests, Guests::default());
    assert_eq!(mine(&at, ben).await, [chat.id]);
    assert_eq!(at.head(&chat).await.progress, change.progress);
    stored(at.store.append(from_ben(1)).await);
    let head = at.head(&chat).await.progress;
    assert_eq!((head.guests, head.assignee), (only(ben), Some(at.ours.ada)), "it stays Ada's");
    let staff = List::Groups(ben, Groups::default());
    let wide = at.store.conversations(at.ours.id, staff, false, i64::MAX, 50).await.unwrap();
    assert_eq!(wide.iter().map(|found| found.id).collect::<Vec<_>>(), [chat.id]);
    let counts = at.store.counts(at.ours.id).await.unwrap();
    assert_eq!(counts.iter().filter(|(hands, _)| own().reaches(ben, *hands)).map(|(_, n)| n).sum::<i64>(), 1);
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    assert!(
        entries.iter().any(
            |entry| (entry.author, entry.kind) == (Author::Operator(at.ours.ada), Kind::Event(Event::Invited(ben)))
        )
    );
}

async fn whoever_goes_finds_it_no_more_and_the_sweep_tells_them(at: Fixture) {
    let (chat, ben) = (adas(&at).await, at.ours.ben);
    ask(&at, &chat, ben).await.unwrap().unwrap();
    let before = at.head(&chat).await.position;
    let change = leave(&at, &chat, ben).await.unwrap().unwrap();
    assert_eq!((change.progress.guests, change.previous.guests), (Guests::default(), only(ben)));
    stored(at.store.append(chat.visitor(1, 2)).await);
    let found = at.store.changes_of(vec![(at.ours.id, chat.id)]).await.unwrap().remove(0);
    assert_eq!(found.clone().told_past(before).previous.guests, only(ben), "who loses it must hear");
    assert_eq!(found.clone().told_past(found.change.position).previous.guests, Guests::default());
    assert_eq!(mine(&at, ben).await, []);
    let again = leave(&at, &chat, ben).await;
    assert_eq!(again, Err(Error::OutOfReach), "it is not theirs to touch any more");
}

async fn whoever_it_is_given_to_stays_a_guest_and_reads_on_when_it_is_given_back(at: Fixture) {
    let (chat, ben) = (adas(&at).await, at.ours.ben);
    ask(&at, &chat, ben).await.unwrap().unwrap();
    let by = (at.ours.ada, all());
    let hand = |to| at.store.audited(somebody()).hand_over(at.ours.id, chat.id, by, to, None, START);
    hand(To::Group(None)).await.unwrap().unwrap();
    assert_eq!(at.head(&chat).await.progress.guests, only(ben), "whose it is makes no difference to who was asked");
    hand(To::Operator(Some(ben))).await.unwrap().unwrap();
    let head = at.head(&chat).await.progress;
    assert_eq!((head.assignee, head.guests), (Some(ben), only(ben)));
    assert_eq!(ask(&at, &chat, ben).await, Ok(None), "it is theirs");
    assert_eq!(mine(&at, ben).await, [chat.id], "once");
    hand(To::Operator(Some(at.ours.ada))).await.unwrap().unwrap();
    assert_eq!(mine(&at, ben).await, [chat.id]);
}

async fn an_agent_asks_nobody_and_not_themselves_into_what_they_do_not_reach(at: Fixture) {
    let chat = adas(&at).await;
    for guest in [at.ours.ben, at.ours.ada] {
        let by = (at.ours.ben, own());
        let asked = at.store.audited(somebody()).invite(at.ours.id, chat.id, by, guest, START).await;
        assert_eq!(asked, Err(Error::OutOfReach));
        let sent_away = at.store.audited(somebody()).leave(at.ours.id, chat.id, by, guest, START).await;
        assert_eq!(sent_away, Err(Error::OutOfReach));
    }
    assert_eq!(at.head(&chat).await.progress.guests, Guests::default());
}

async fn an_agent_keeps_nothing_by_asking_themselves_in_while_it_is_nobodys(at: Fixture) {
    let (chat, ben) = (at.chat().await, at.ours.ben);
    let ask = |by, guest| at.store.audited(somebody()).invite(at.ours.id, chat.id, by, guest, START);
    assert_eq!(ask((ben, own()), ben).await, Err(Error::OutOfReach), "they reach it, but not for good");
    assert!(ask((ben, own()), at.ours.ada).await.unwrap().is_some(), "a colleague they may ask");
    let (other, chat) = (at.ours.ada, at.chat().await);
    let ask = |by, guest| at.store.audited(somebody()).invite(at.ours.id, chat.id, by, guest, START);
    assert!(ask((other, all()), other).await.unwrap().is_some(), "whoever reaches all gains nothing by it");
}

async fn a_guest_finds_among_what_nobody_has_taken_what_is_for_another_group(at: Fixture) {
    let (chat, ben) = (at.chat().await, at.ours.ben);
    let by = (at.ours.ada, all());
    let group = at.store.audited(somebody()).insert_group(at.ours.id, random::public_id(), "Press".to_owned(), START);
    let to = To::Group(Some(group.await.unwrap().number));
    at.store.audited(somebody()).hand_over(at.ours.id, chat.id, by, to, None, START).await.unwrap().unwrap();
    let unassigned = async || {
        let list = List::Unassigned(ben, Groups::default());
        let found = at.store.conversations(at.ours.id, list, false, i64::MAX, 50).await.unwrap();
        found.iter().map(|found| found.id).collect::<Vec<_>>()
    };
    assert_eq!(unassigned().await, []);
    ask(&at, &chat, ben).await.unwrap().unwrap();
    assert_eq!(unassigned().await, [chat.id]);
    let counts = at.store.counts(at.ours.id).await.unwrap();
    let free = counts.iter().filter(|(hands, _)| hands.assignee.is_none() && own().reaches(ben, *hands));
    assert_eq!(free.map(|(_, count)| count).sum::<i64>(), 1, "counted as it is listed");
}

async fn nobody_of_another_organisation_and_nobody_who_left_is_asked_in(at: Fixture) {
    let chat = adas(&at).await;
    assert_eq!(ask(&at, &chat, at.theirs.ada).await, Err(Error::NotFound));
    assert_eq!(ask(&at, &chat, OperatorId(i64::MAX)).await, Err(Error::NotFound));
    let left = at.store.audited(somebody()).insert_operator(operator(at.ours.id, Role::Agent), START).await.unwrap();
    let gone = OperatorChange { active: Some(false), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(at.owner(), left.id, gone, START).await.unwrap();
    assert_eq!(ask(&at, &chat, left.id).await, Err(Error::NotFound));
    let by = (at.theirs.ada, all());
    let asked = at.store.audited(somebody()).invite(at.theirs.id, chat.id, by, at.theirs.ada, START).await;
    assert_eq!(asked, Err(Error::NotFound), "nor does another organisation ask into ours");
    assert_eq!(at.head(&chat).await.progress.guests, Guests::default());
}

async fn there_is_room_for_a_handful_however_many_ask_at_once(at: Fixture) {
    let chat = adas(&at).await;
    let mut many = Vec::new();
    for _ in 0..Guests::MOST + 3 {
        let new = operator(at.ours.id, Role::Agent);
        many.push(at.store.audited(somebody()).insert_operator(new, START).await.unwrap());
    }
    let asked = join_all(many.iter().map(|guest| ask(&at, &chat, guest.id))).await;
    let (came, refused): (Vec<_>, Vec<_>) = asked.into_iter().partition(Result::is_ok);
    assert_eq!((came.len(), refused.len()), (Guests::MOST, 3));
    assert!(refused.iter().all(|one| matches!(one, Err(Error::Conflict(_)))), "{refused:?}");
    let head = at.head(&chat).await.progress.guests;
    assert!(head.are_full());
    for guest in head.iter() {
        assert_eq!(mine(&at, guest).await, [chat.id]);
    }
    let gone = head.iter().next().unwrap();
    leave(&at, &chat, gone).await.unwrap().unwrap();
    ask(&at, &chat, at.ours.ben).await.unwrap().unwrap();
}

async fn a_page_of_ones_own_is_in_the_order_of_changes_whatever_made_them_ones_own(at: Fixture) {
    let ben = at.ours.ben;
    let by = (at.ours.ada, all());
    let mut wanted = Vec::new();
    for turn in 0..6 {
        let chat = adas(&at).await;
        match turn % 2 {
            0 => ask(&at, &chat, ben).await.unwrap().unwrap(),
            _ => at.store.audited(somebody()).assign(at.ours.id, chat.id, by, Some(ben), START).await.unwrap().unwrap(),
        };
        wanted.insert(0, chat.id);
    }
    assert_eq!(mine(&at, ben).await, wanted);
    let (mut paged, mut before) = (Vec::new(), i64::MAX);
    loop {
        let page = at.store.conversations(at.ours.id, List::Mine(ben), false, before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        before = last.position;
        paged.extend(page.iter().map(|found| found.id));
    }
    assert_eq!(paged, wanted);
}

async fn what_is_so_already_is_no_change(at: Fixture) {
    let (chat, ben) = (adas(&at).await, at.ours.ben);
    let by = (at.ours.ada, all());
    let nobody = at.store.audited(somebody()).leave(at.ours.id, chat.id, by, ben, Timestamp(1)).await;
    assert_eq!(nobody, Ok(None), "who was not asked does not go");
    ask(&at, &chat, ben).await.unwrap().unwrap();
    let before = at.head(&chat).await;
    assert_eq!(ask(&at, &chat, ben).await, Ok(None));
    assert_eq!(ask(&at, &chat, at.ours.ada).await, Ok(None), "it is hers");
    assert_eq!(at.head(&chat).await, before);
}
