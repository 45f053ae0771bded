//! A deletion from its asking to its final receipt, and parts of conversations that go while people write on.

use std::sync::Arc;
use std::time::Duration;

use diskret_app::conversation::{Incoming, ListName};
use diskret_app::erasure::{Passage, Wanted};
use diskret_app::{App, Error};
use domain::Clock as _;
use domain::conversation::{Event, Kind, Of};
use domain::erasure::{Cause, State, Stub};
use domain::limits::{UNDO_MANY, UNDO_ONE};
use domain::{KeyId, PublicId, SenderId};
use privacy::Plaintext;
use privacy::receipt::Receipt;

use crate::epoch::turned;
use crate::{House, SECOND, message, on_both, write};

on_both! {
    a_deletion_goes_its_way_to_the_final_receipt
    a_visitor_deletes_at_once_and_has_the_receipt
    a_message_sealed_with_the_old_key_is_sealed_again_and_not_lost
    two_nodes_write_while_a_passage_goes
    two_parts_of_one_conversation_go_one_after_the_other
    another_node_shows_nothing_of_it_and_begins_nothing
    a_conversation_may_go_while_a_part_of_it_is_going
}

/// Longer than any key is at hand.
const OUTLIVED: Duration = Duration::from_secs(80);

async fn texts(house: &House, app: &App, name: PublicId) -> Vec<Option<String>> {
    let (_, entries) = app.entries_before(house.done.principal, name, i64::MAX, 200).await.unwrap();
    let said = entries.iter().filter(|entry| !matches!(entry.kind, Kind::Event(_)));
    said.map(|entry| entry.text.as_ref().map(|text| text.reveal().to_owned())).collect()
}

pub(crate) async fn state(house: &House, name: PublicId) -> State {
    house.app.erasure(house.done.principal, name).await.unwrap().erasure.state
}

pub(crate) async fn key_of(house: &House, name: PublicId) -> KeyId {
    house.store.conversation_named(house.done.principal.organisation, name).await.unwrap().key
}

async fn key_is_there(house: &House, key: KeyId) -> bool {
    house.keys.data_key(house.done.principal.organisation, key).await.is_ok()
}

/// Everything that is due, until nothing is any more.
pub(crate) async fn destroy(house: &House) {
    house.work().await;
    house.clock.advance(OUTLIVED);
    house.work().await;
}

async fn a_deletion_goes_its_way_to_the_final_receipt(house: House) {
    let ada = house.done.principal;
    let (mut visitor, mut other) = (house.visitor().await, house.visitor().await);
    let gone = write(&house, &mut visitor, 1).await.conversation.name();
    let stays = write(&house, &mut other, 1).await.conversation.name();
    let key = key_of(&house, gone).await;
    let erasure = house.app.request_erasure(ada, Wanted::Conversations(vec![gone])).await.unwrap().name;
    assert!(matches!(house.app.summary(ada, gone).await, Err(Error::NotFound)));
    assert_eq!(house.app.list(ada, ListName::All, true, i64::MAX, 10).await.unwrap().len(), 1);
    assert_eq!(house.app.stubs(ada).await.unwrap()[0].gone.stub, Stub::Hidden);

    // The acknowledgement says what goes and opens its commitment; its signature holds.
    let first = house.app.erasure_receipt(ada, erasure).await.unwrap();
    let first = Receipt::verify(&first, None).unwrap();
    assert_eq!((first.statement.number, first.statement.conversations, first.statement.keys), (erasure, 1, 1));
    assert!(first.statement.outcome.is_none());
    assert_eq!(first.opening.as_ref().unwrap().keys, [key.0]);

    house.clock.advance(UNDO_ONE - SECOND);
    house.work().await;
    assert_eq!((state(&house, erasure).await, key_is_there(&house, key).await), (State::Waiting, true));
    house.clock.advance(SECOND);
    house.work().await;
    assert!(!key_is_there(&house, key).await, "keys go first");
    assert_eq!(state(&house, erasure).await, State::Working);
    assert!(
        house.store.keys_of(ada.organisation, domain::ConversationId(1)).await.is_ok(),
        "rows when it outlived them"
    );
    destroy(&house).await;
    assert_eq!(state(&house, erasure).await, State::Destroyed);
    assert!(house.store.keys_of(ada.organisation, domain::ConversationId(1)).await.is_err());
    assert_eq!(house.app.stubs(ada).await.unwrap()[0].gone.stub, Stub::Erased);
    let (journalled, listed) =
        (house.store.journal_head().await.unwrap(), house.app.erasure(ada, erasure).await.unwrap());
    assert_eq!((journalled.number, listed.erasure.journal_number), (1, Some(1)));
    let again = Receipt::verify(&house.app.erasure_receipt(ada, erasure).await.unwrap(), None).unwrap();
    assert_eq!((again.statement.commitment, again.opening), (first.statement.commitment, None), "shown once");

    // Whoever copied the key database can still undo it: not done before the epoch's key is destroyed.
    house.clock.advance(Duration::from_secs(3600));
    house.work().await;
    assert_eq!(state(&house, erasure).await, State::Destroyed);
    turned(&house, &[]).await;
    house.work().await;
    assert_eq!(state(&house, erasure).await, State::Done);
    let last = house.app.erasure_receipt(ada, erasure).await.unwrap();
    let receipt = Receipt::verify(&last, Some(&first.key.0)).unwrap();
    let outcome = receipt.statement.outcome.as_ref().unwrap();
    assert_eq!((outcome.journal_number, outcome.journal_hash.0), (1, journalled.hash));
    assert!(
        outcome.keys_destroyed_at.0 <= outcome.rows_deleted_at.0
            && outcome.rows_deleted_at.0 <= outcome.epoch_destroyed_at.0
    );
    assert_eq!(outcome.nodes.len(), 1);
    assert_eq!(receipt.statement.commitment, first.statement.commitment, "the keys that were promised");
    assert!(receipt.opening.is_none());
    house.clock.advance(SECOND);
    assert_eq!(house.app.erasure_receipt(ada, erasure).await.unwrap(), last, "the same file for ever");

    assert_eq!(texts(&house, &house.app, stays).await, [Some("Nachricht 1".to_owned())]);
    assert!(matches!(house.app.undo_erasure(ada, erasure).await, Err(Error::Conflict(_))));
}

async fn a_visitor_deletes_at_once_and_has_the_receipt(house: House) {
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    let key = key_of(&house, name).await;
    let erasure = house.app.erase_own(&visitor).await.unwrap();
    assert_eq!((erasure.cause, erasure.destroy_at), (Cause::Visitor, house.clock.now()));
    let receipt = Receipt::verify(&house.app.receipt_of(&erasure).await.unwrap(), None).unwrap();
    assert_eq!(receipt.statement.cause, Cause::Visitor);
    assert_eq!(house.app.erase_own(&visitor).await.unwrap().name, erasure.name, "once");
    house.work().await;
    assert!(!key_is_there(&house, key).await);
    // Whoever deleted theirs begins anew with the same token, and that one is another conversation.
    visitor.conversation = None;
    let begun = write(&house, &mut visitor, 1).await.conversation.name();
    destroy(&house).await;
    assert_eq!(state(&house, erasure.name).await, State::Destroyed);
    assert_eq!(texts(&house, &house.app, begun).await.len(), 1);
    let stub = &house.app.stubs(house.done.principal).await.unwrap()[0];
    assert_eq!((stub.gone.name, stub.gone.cause), (name, Cause::Visitor));
}

/// Deletes characters of an entry.
pub(crate) async fn cut(house: &House, name: PublicId, sequence: i64, from: usize, to: usize) -> PublicId {
    let wanted = Wanted::Passages(name, sequence, vec![Passage { from, to }]);
    house.app.request_erasure(house.done.principal, wanted).await.unwrap().name
}

async fn a_message_sealed_with_the_old_key_is_sealed_again_and_not_lost(house: House) {
    let ada = house.done.principal;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    let old = key_of(&house, name).await;
    // The other node holds the conversation and its key as they are.
    let other = house.node(house.secrets()).await;
    let operator = |counter, text: &str| Incoming {
        sender: SenderId(70),
        counter,
        text: Plaintext::new(text.to_owned()),
        note: false,
    };
    other.receive_from_operator(ada, name, operator(1, "vorher")).await.unwrap().await.result.unwrap();
    let erasure = cut(&house, name, 1, 0, 9).await;
    let event = house.events(name).await.pop().unwrap();
    assert_eq!(event, Event::Edited(Of { sequence: 1, note: false }));
    house.clock.advance(UNDO_ONE);
    // Just as the key has been replaced, before the rest is sealed anew.
    while key_of(&house, name).await == old {
        house.app.work().await.unwrap();
    }
    let said = other.receive_from_operator(ada, name, operator(2, "nachher")).await.unwrap().await.result;
    said.unwrap();
    write(&house, &mut visitor, 2).await;
    destroy(&house).await;
    assert_eq!(state(&house, erasure).await, State::Destroyed);
    assert!(!key_is_there(&house, old).await);
    let expected = ["▇▇▇ 1", "vorher", "nachher", "Nachricht 2"].map(|text| Some(text.to_owned()));
    let third = house.node(house.secrets()).await;
    for app in [&house.app, &other, &third] {
        assert_eq!(texts(&house, app, name).await, expected);
    }
    let new = key_of(&house, name).await;
    assert!(new != old && key_is_there(&house, new).await);
    assert_eq!(house.store.keys_of(ada.organisation, domain::ConversationId(1)).await.unwrap(), (new, None));
}

async fn two_nodes_write_while_a_passage_goes(house: House) {
    let ada = house.done.principal;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    for counter in 2..=10 {
        write(&house, &mut visitor, counter).await;
    }
    let other = house.node(house.secrets()).await;
    cut(&house, name, 1, 0, 4).await;
    house.clock.advance(UNDO_ONE);
    let writes = async {
        for counter in 1..=40 {
            let text = Plaintext::new(format!("Antwort {counter}"));
            let incoming = Incoming { sender: SenderId(80), counter, text, note: false };
            other.receive_from_operator(ada, name, incoming).await.unwrap().await.result.unwrap();
        }
    };
    let visitor_writes = async {
        for counter in 11..=50 {
            write(&house, &mut visitor, counter).await;
        }
    };
    let works = async {
        for _ in 0..60 {
            house.app.work().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(writes, visitor_writes, works);
    destroy(&house).await;
    let found = texts(&house, &house.app, name).await;
    assert_eq!(found.len(), 90);
    assert!(found.iter().all(Option::is_some), "{found:?}");
    assert_eq!(found[0].as_deref(), Some("▇▇▇richt 1"));
    assert_eq!(texts(&house, &other, name).await, found);
}

async fn two_parts_of_one_conversation_go_one_after_the_other(house: House) {
    let ada = house.done.principal;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    for counter in 2..=4 {
        write(&house, &mut visitor, counter).await;
    }
    let first_key = key_of(&house, name).await;
    let first = cut(&house, name, 1, 0, 9).await;
    let second = house.app.request_erasure(ada, Wanted::Entries(name, vec![2, 3])).await.unwrap().name;
    house.clock.advance(UNDO_ONE / 2);
    let undone = house.app.request_erasure(ada, Wanted::Entries(name, vec![4])).await.unwrap().name;
    house.clock.advance(UNDO_ONE / 2);
    for _ in 0..3 {
        destroy(&house).await;
    }
    for erasure in [first, second] {
        assert_eq!(state(&house, erasure).await, State::Destroyed);
    }
    // What another deletion hides was sealed anew with the rest: it can still be taken back.
    house.app.undo_erasure(ada, undone).await.unwrap();
    let expected = [Some("▇▇▇ 1"), None, None, Some("Nachricht 4")].map(|text| text.map(str::to_owned));
    assert_eq!(texts(&house, &house.app, name).await, expected);
    let other = house.node(house.secrets()).await;
    assert_eq!(texts(&house, &other, name).await, expected);
    assert!(!key_is_there(&house, first_key).await);
    write(&house, &mut visitor, 5).await;
}

async fn another_node_shows_nothing_of_it_and_begins_nothing(house: House) {
    let ada = house.done.principal;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    let reference = Arc::clone(visitor.conversation.as_ref().unwrap());
    let other = house.node(house.secrets()).await;
    assert_eq!(texts(&house, &other, name).await.len(), 1, "it has it at hand");
    let mailbox = Arc::new(bus::Mailbox::default());
    let _subscription = other.bus().subscribe(bus::Topic::Unassigned(ada.organisation), &mailbox);
    other.sweep().await.unwrap();
    house.app.request_erasure(ada, Wanted::Conversations(vec![name])).await.unwrap();
    // Nobody told it: the sweep does, within a second.
    assert_eq!(other.sweep().await.unwrap(), 1);
    let told = mailbox.take().changes.into_values().next().unwrap();
    assert_eq!(told.gone.unwrap().name, name);
    assert!(matches!(other.summary(ada, name).await, Err(Error::NotFound)));
    assert!(other.entries_after(&reference, 0, 1).await.unwrap().is_empty(), "nothing at hand either");
    let late = house.app.receive_from_visitor(&visitor, &reference, message(2)).await.unwrap().await.result;
    assert!(late.is_err());
    assert_eq!(house.app.list(ada, ListName::All, true, i64::MAX, 10).await.unwrap().len(), 0);
}

async fn a_conversation_may_go_while_a_part_of_it_is_going(house: House) {
    let ada = house.done.principal;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    write(&house, &mut visitor, 2).await;
    let old = key_of(&house, name).await;
    let part = cut(&house, name, 1, 0, 9).await;
    house.clock.advance(UNDO_ONE);
    while key_of(&house, name).await == old {
        house.app.work().await.unwrap();
    }
    let new = key_of(&house, name).await;
    let undone = house.app.request_erasure(ada, Wanted::Conversations(vec![name])).await.unwrap();
    assert_eq!(undone.keys, 2, "the one before has not gone yet");
    house.app.undo_erasure(ada, undone.name).await.unwrap();
    assert_eq!(texts(&house, &house.app, name).await.len(), 2, "it is there once");
    let whole = house.app.request_erasure(ada, Wanted::Conversations(vec![name])).await.unwrap();
    house.clock.advance(UNDO_MANY);
    for _ in 0..3 {
        destroy(&house).await;
    }
    for erasure in [part, whole.name] {
        assert_eq!(state(&house, erasure).await, State::Destroyed);
    }
    assert!(!key_is_there(&house, old).await && !key_is_there(&house, new).await);
}
