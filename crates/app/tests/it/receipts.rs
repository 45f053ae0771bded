//! What acknowledgements and receipts say, and to whom; and what is asked for more than once.

use std::time::Duration;

use diskret_app::Error;
use diskret_app::erasure::{Passage, Wanted};
use domain::erasure::{Cause, HoldReason, State};
use domain::limits::{UNDO_MANY, UNDO_ONE};
use domain::{Clock as _, KeyId, OperatorId, Principal, PublicId, Timestamp};
use privacy::receipt::Receipt;

use crate::epoch::turned;
use crate::erasure::{cut, destroy, key_of, state};
use crate::{House, SECOND, on_both, write};

on_both! {
    an_acknowledgement_says_what_must_be_kept_and_shows_its_keys_once
    two_parts_of_a_conversation_have_receipts_that_belong_to_their_acknowledgements
    what_is_asked_for_again_under_the_same_name_is_done_once
    a_part_of_what_is_hidden_for_long_makes_no_keys
    a_visitor_ends_the_time_of_what_an_operator_deleted
}

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn receipt(house: &House, name: PublicId) -> Receipt {
    Receipt::verify(&house.app.erasure_receipt(house.done.principal, name).await.unwrap(), None).unwrap()
}

async fn an_acknowledgement_says_what_must_be_kept_and_shows_its_keys_once(house: House) {
    let ada = house.done.principal;
    let (mut held, mut free) = (house.visitor().await, house.visitor().await);
    let name = write(&house, &mut held, 1).await.conversation.name();
    write(&house, &mut free, 1).await;
    let until = house.clock.now().plus(DAY * 2_000);
    house.app.set_hold(ada, name, HoldReason::Authority, until).await.unwrap();
    for (visitor, expected) in [(&held, Some((1, until))), (&free, None)] {
        let erasure = house.app.erase_own(visitor).await.unwrap();
        let texts = [
            house.app.receipt_for_visitor(&erasure).await.unwrap(),
            house.app.erasure_receipt(ada, erasure.name).await.unwrap(),
        ];
        let [first, second] = texts.map(|text| Receipt::verify(&text, None).unwrap());
        let kept = first.statement.held.map(|held| (held.conversations, held.until.0));
        assert_eq!(kept, expected, "nobody is promised what is not done");
        assert_eq!((first.statement.acknowledged, first.statement.held_up), (None, false));
        assert_eq!((first.opening.is_some(), second.opening), (true, None), "shown once");
        assert_eq!(first.statement, second.statement);
    }
    destroy(&house).await;
    house.clock.advance(DAY * 2_000);
    destroy(&house).await;
    turned(&house, &[]).await;
    house.clock.advance(DAY);
    house.work().await;
    let done = house.app.erasures(ada, domain::ErasureId(i64::MAX), None, 10).await.unwrap();
    for one in done {
        let last = receipt(&house, one.erasure.name).await;
        assert!(last.statement.outcome.is_some() && last.statement.held.is_none(), "{last:?}");
    }
}

async fn two_parts_of_a_conversation_have_receipts_that_belong_to_their_acknowledgements(house: House) {
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    for counter in 2..=4 {
        write(&house, &mut visitor, counter).await;
    }
    let key = key_of(&house, name).await;
    let [first, second] = [cut(&house, name, 1, 0, 9).await, cut(&house, name, 2, 0, 9).await];
    let acknowledged = [receipt(&house, first).await, receipt(&house, second).await];
    for one in &acknowledged {
        assert_eq!(one.opening.as_ref().unwrap().keys, [key.0]);
    }
    house.clock.advance(UNDO_ONE);
    for _ in 0..6 {
        destroy(&house).await;
    }
    for erasure in [first, second] {
        assert_eq!(state(&house, erasure).await, State::Destroyed);
    }
    turned(&house, &[]).await;
    house.clock.advance(DAY);
    house.work().await;
    let mut others = 0;
    for (name, before) in [first, second].into_iter().zip(acknowledged) {
        let last = receipt(&house, name).await.statement;
        assert!(last.outcome.is_some());
        // The later one went with another key than was shown; what was shown stands beside it.
        let said = last.acknowledged.unwrap_or(last.commitment);
        assert_eq!(said, before.statement.commitment);
        others += i32::from(last.acknowledged.is_some());
    }
    assert_eq!(others, 1);
}

async fn what_is_asked_for_again_under_the_same_name_is_done_once(house: House) {
    let ada = house.done.principal;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    write(&house, &mut visitor, 2).await;
    for (byte, wanted) in [
        (1, Wanted::Passages(name, 1, vec![Passage { from: 4, to: 9 }])),
        (2, Wanted::Entries(name, vec![2])),
        (3, Wanted::Conversations(vec![name])),
    ] {
        let own = PublicId::from_bytes([byte; 16]);
        let (one, two) = tokio::join!(
            house.app.request_erasure_as(ada, own, wanted.clone()),
            house.app.request_erasure_as(ada, own, wanted.clone())
        );
        assert_eq!((one.unwrap().name, two.unwrap().name), (own, own), "{wanted:?}");
        house.app.request_erasure_as(ada, own, wanted.clone()).await.unwrap();
        let other = Principal { operator: OperatorId(ada.operator.0 + 1), ..ada };
        let others = house.app.request_erasure_as(other, own, wanted).await;
        assert!(matches!(others, Err(Error::Conflict(_))), "{others:?}");
    }
    let all = house.app.erasures(ada, domain::ErasureId(i64::MAX), None, 10).await.unwrap();
    assert_eq!(all.len(), 3);
}

async fn a_part_of_what_is_hidden_for_long_makes_no_keys(house: House) {
    let ada = house.done.principal;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    let part = cut(&house, name, 1, 0, 9).await;
    let whole = house.app.request_erasure(ada, Wanted::Conversations(vec![name])).await.unwrap().name;
    house.app.set_hold(ada, name, HoldReason::Claim, house.clock.now().plus(DAY * 300)).await.unwrap();
    house.app.end_hold(ada, house.app.holds(ada).await.unwrap()[0].name).await.unwrap();
    house.clock.advance(UNDO_ONE - SECOND);
    house.app.set_hold(ada, name, HoldReason::Claim, house.clock.now().plus(DAY)).await.unwrap();
    house.clock.advance(SECOND);
    house.work().await;
    assert_eq!((state(&house, part).await, state(&house, whole).await), (State::Held, State::Held));
    house.app.end_hold(ada, house.app.holds(ada).await.unwrap()[0].name).await.unwrap();
    // The part is looked at first, while the whole is still hidden.
    let far = Timestamp(i64::MAX);
    let keys = async || house.keys.keys_before(far, (Timestamp(i64::MIN), KeyId(i64::MIN)), 5_000).await.unwrap().len();
    let before = keys().await;
    for _ in 0..40 {
        house.work().await;
        assert!(keys().await <= before, "a key was made for nothing");
        house.clock.advance(SECOND * 5);
    }
    for _ in 0..3 {
        destroy(&house).await;
    }
    assert_eq!((state(&house, part).await, state(&house, whole).await), (State::Destroyed, State::Destroyed));
}

async fn a_visitor_ends_the_time_of_what_an_operator_deleted(house: House) {
    let ada = house.done.principal;
    let (mut visitor, mut other) = (house.visitor().await, house.visitor().await);
    let mine = write(&house, &mut visitor, 1).await.conversation.name();
    let theirs = write(&house, &mut other, 1).await.conversation.name();
    let many = house.app.request_erasure(ada, Wanted::Conversations(vec![mine, theirs])).await.unwrap();
    assert_eq!(many.destroy_at, house.clock.now().plus(UNDO_MANY));
    let items = house.store.erasure(ada.organisation, many.id).await.unwrap().1;
    let key = items.iter().find(|item| item.name == mine).unwrap().key.unwrap();
    let gone = house.app.erase_own(&visitor).await.unwrap();
    assert_eq!((gone.cause, gone.conversations, gone.destroy_at), (Cause::Visitor, 1, house.clock.now()));
    let acknowledged = Receipt::verify(&house.app.receipt_for_visitor(&gone).await.unwrap(), None).unwrap();
    assert_eq!((acknowledged.statement.cause, acknowledged.statement.keys), (Cause::Visitor, 1));
    destroy(&house).await;
    assert_eq!((state(&house, gone.name).await, state(&house, many.name).await), (State::Destroyed, State::Waiting));
    assert!(house.keys.data_key(ada.organisation, key).await.is_err());
    house.app.undo_erasure(ada, many.name).await.unwrap();
    assert!(house.app.summary(ada, theirs).await.is_ok());
    assert!(matches!(house.app.summary(ada, mine).await, Err(Error::NotFound)));
}
