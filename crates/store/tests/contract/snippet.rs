//! Snippets: shared ones are everybody's in the organisation, somebody's own are nobody else's.

use diskret_store::snippet::Snippet;
use diskret_store::{Error, Settings};
use domain::limits::{SNIPPET_BYTES, SNIPPETS};
use domain::{KeyId, OperatorId, OrganisationId};
use futures_util::future::join_all;
use privacy::random;

use crate::fixture::{Fixture, moment, somebody};

on_both![
    shared_ones_are_everybodys_and_own_ones_are_nobody_elses,
    another_organisations_are_not_found,
    there_are_so_many_and_no_more_however_many_are_added_at_once,
    what_they_say_together_is_limited,
    the_key_of_a_snippet_is_in_use_until_it_is_deleted,
];

fn snippet(organisation: OrganisationId, operator: Option<OperatorId>) -> Snippet {
    let key = KeyId(random::number());
    Snippet { organisation, name: random::public_id(), operator, key, content_sealed: vec![1, 2, 3] }
}

async fn shared_ones_are_everybodys_and_own_ones_are_nobody_elses(at: Fixture) {
    let ours = at.ours.id;
    let [shared, adas, bens] = [None, Some(at.ours.ada), Some(at.ours.ben)].map(|whose| snippet(ours, whose));
    for (index, one) in [&shared, &adas, &bens].into_iter().enumerate() {
        at.store.audited(somebody()).insert_snippet(one.clone(), moment(index as i64)).await.unwrap();
    }
    assert_eq!(at.store.snippets(ours, at.ours.ada).await.unwrap(), [shared.clone(), adas.clone()]);
    assert_eq!(at.store.snippets(ours, at.ours.ben).await.unwrap(), [shared.clone(), bens.clone()]);
    assert_eq!(at.store.snippet(ours, at.ours.ben, shared.name).await, Ok(shared.clone()));
    assert_eq!(at.store.snippet(ours, at.ours.ben, adas.name).await, Err(Error::NotFound));

    at.store.audited(somebody()).change_snippet(ours, adas.name, vec![9], vec!["title"]).await.unwrap();
    assert_eq!(at.store.snippet(ours, at.ours.ada, adas.name).await.unwrap().content_sealed, [9]);
    at.store.audited(somebody()).delete_snippet(ours, adas.name).await.unwrap();
    assert_eq!(at.store.snippets(ours, at.ours.ada).await.unwrap(), [shared]);
    assert_eq!(at.store.audited(somebody()).delete_snippet(ours, adas.name).await, Err(Error::NotFound));
    assert_eq!(
        at.store.audited(somebody()).change_snippet(ours, adas.name, vec![9], vec!["title"]).await,
        Err(Error::NotFound)
    );
}

async fn another_organisations_are_not_found(at: Fixture) {
    let theirs = snippet(at.theirs.id, None);
    at.store.audited(somebody()).insert_snippet(theirs.clone(), moment(0)).await.unwrap();
    assert_eq!(at.store.snippets(at.ours.id, at.ours.ada).await.unwrap(), []);
    assert_eq!(at.store.snippet(at.ours.id, at.ours.ada, theirs.name).await, Err(Error::NotFound));
    assert_eq!(
        at.store.audited(somebody()).change_snippet(at.ours.id, theirs.name, vec![9], vec!["title"]).await,
        Err(Error::NotFound)
    );
    assert_eq!(at.store.audited(somebody()).delete_snippet(at.ours.id, theirs.name).await, Err(Error::NotFound));
    assert_eq!(at.store.snippets(at.theirs.id, at.theirs.ada).await.unwrap(), [theirs]);
}

async fn there_are_so_many_and_no_more_however_many_are_added_at_once(at: Fixture) {
    let other = at.node(Settings::default()).await;
    let added = join_all((0..SNIPPETS + 5).map(|index| {
        let store = if index % 2 == 0 { &at.store } else { &other };
        store.audited(somebody()).insert_snippet(snippet(at.ours.id, None), moment(index as i64))
    }));
    let refused = added.await.into_iter().filter(|added| matches!(added, Err(Error::Conflict(_)))).count();
    assert_eq!(refused, 5);
    assert_eq!(at.store.snippets(at.ours.id, at.ours.ada).await.unwrap().len(), SNIPPETS);
    // Somebody's own are counted apart.
    at.store.audited(somebody()).insert_snippet(snippet(at.ours.id, Some(at.ours.ada)), moment(0)).await.unwrap();
}

async fn what_they_say_together_is_limited(at: Fixture) {
    let (ours, ada) = (at.ours.id, at.ours.ada);
    let half = Snippet { content_sealed: vec![7; SNIPPET_BYTES / 2 + 1], ..snippet(ours, Some(ada)) };
    at.store.audited(somebody()).insert_snippet(half.clone(), moment(0)).await.unwrap();
    let small = snippet(ours, Some(ada));
    at.store.audited(somebody()).insert_snippet(small.clone(), moment(1)).await.unwrap();
    let another = Snippet { name: random::public_id(), ..half };
    assert!(matches!(
        at.store.audited(somebody()).insert_snippet(another.clone(), moment(2)).await,
        Err(Error::Conflict(_))
    ));
    let grown = at
        .store
        .audited(somebody())
        .change_snippet(ours, small.name, another.content_sealed.clone(), vec!["wording"])
        .await;
    assert!(matches!(grown, Err(Error::Conflict(_))), "{grown:?}");
    assert_eq!(at.store.snippet(ours, ada, small.name).await.unwrap(), small, "it says what it said");
    // The shared ones are counted apart.
    at.store.audited(somebody()).insert_snippet(Snippet { operator: None, ..another }, moment(3)).await.unwrap();
}

async fn the_key_of_a_snippet_is_in_use_until_it_is_deleted(at: Fixture) {
    let one = snippet(at.ours.id, None);
    at.store.audited(somebody()).insert_snippet(one.clone(), moment(0)).await.unwrap();
    assert_eq!(at.store.used_keys(vec![one.key, KeyId(3)]).await, Ok(vec![one.key]), "the sweep spares it");
    at.store.audited(somebody()).delete_snippet(at.ours.id, one.name).await.unwrap();
    assert_eq!(at.store.used_keys(vec![one.key]).await, Ok(Vec::new()));
}
