//! What only the clock brings about in the audit log: what entries say goes after a year, and states are signed daily.

use std::time::Duration;

use diskret_app::Error;
use diskret_app::audit::Query;
use domain::audit::{CHECKPOINT_EVERY, KEPT};
use domain::limits::PAGE_MOST;
use store::audit::Signed;

use crate::{House, SECOND, on_both, signed_in};

on_both! {
    what_an_entry_says_goes_after_a_year_and_the_log_is_still_whole
    states_are_signed_once_a_day_where_something_was_added
    nodes_with_another_signing_key_do_not_start
    a_log_behind_a_forged_state_is_signed_no_more
}

async fn what_an_entry_says_goes_after_a_year_and_the_log_is_still_whole(house: House) {
    let principal = house.done.principal;
    let entries = async || house.app.audit(principal, Query::default(), i64::MAX, PAGE_MOST).await.unwrap().records;
    let first = entries().await.pop().unwrap();
    assert_eq!((first.number, first.expired, first.actor.is_some()), (1, false, true));
    house.clock.advance(KEPT - SECOND);
    house.app.tidy().await.unwrap();
    assert!(!entries().await.pop().unwrap().expired, "a second too early");
    house.clock.advance(SECOND);
    house.app.tidy().await.unwrap();
    let first = entries().await.pop().unwrap();
    assert!(first.expired && first.actor.is_none() && first.subject.is_none() && first.details.is_empty());
    assert_eq!((first.kind.as_str(), first.number), ("operator_added", 1), "that something was done stays");
    let (verified, checkpoint) = house.app.verify_audit(principal, &[]).await.unwrap();
    assert_eq!(verified.broken, None);
    let kept = checkpoint.unwrap();
    house.clock.advance(KEPT);
    house.app.tidy().await.unwrap();
    let (verified, _) = house.app.verify_audit(principal, &[kept]).await.unwrap();
    assert_eq!(verified.broken, None);
}

async fn states_are_signed_once_a_day_where_something_was_added(house: House) {
    let principal = house.done.principal;
    let numbers = async || {
        let all = house.app.checkpoints(principal).await.unwrap();
        all.into_iter().map(|checkpoint| checkpoint.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers().await, [] as [i64; 0]);
    house.app.tidy().await.unwrap();
    assert_eq!(numbers().await, [1]);
    signed_in(&house.app).await;
    house.clock.advance(CHECKPOINT_EVERY - SECOND);
    house.app.tidy().await.unwrap();
    assert_eq!(numbers().await, [1], "a second too early");
    house.clock.advance(SECOND);
    house.app.tidy().await.unwrap();
    assert_eq!(numbers().await, [1, 2]);
    house.clock.advance(CHECKPOINT_EVERY + Duration::from_secs(600));
    house.app.tidy().await.unwrap();
    assert_eq!(numbers().await, [1, 2], "nothing was added");
}

async fn nodes_with_another_signing_key_do_not_start(house: House) {
    house.app.name_secrets().await.unwrap();
    let same = house.node(house.secrets()).await;
    same.name_secrets().await.unwrap();
    let file = crate::secrets_in(house.folder.path()).join("audit-checkpoints.key");
    std::fs::remove_file(&file).unwrap();
    let other = house.node(house.secrets()).await;
    assert!(file.exists(), "it is made where it is missing");
    assert!(other.name_secrets().await.is_err(), "but it is another one");
}

async fn a_log_behind_a_forged_state_is_signed_no_more(house: House) {
    let (principal, organisation) = (house.done.principal, house.done.principal.organisation);
    house.app.tidy().await.unwrap();
    signed_in(&house.app).await;
    let grown = house.app.make_checkpoint(organisation).await.unwrap().unwrap();
    assert_eq!(grown.number, 2);
    signed_in(&house.app).await;
    // Whoever can write the database puts a state there that nobody signed.
    let last = house.store.last_checkpoint(organisation).await.unwrap().unwrap();
    let forged = Signed { number: 3, hash: house.store.audit_head(organisation).await.unwrap().hash.to_vec(), ..last };
    house.store.insert_checkpoint(organisation, forged).await.unwrap();
    signed_in(&house.app).await;
    let refused = house.app.make_checkpoint(organisation).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    house.clock.advance(CHECKPOINT_EVERY);
    house.app.tidy().await.unwrap();
    let signed = house.app.checkpoints(principal).await.unwrap();
    assert_eq!(signed.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3], "nor by the house itself");
}
