//! A place that was away when the installation was restored from the other one, and has deletions that nobody here knows.

use diskret_app::Error;

use crate::restore::{Machine, back_up, conversation, erase, key, order, restored, texts};
use crate::{House, Two, on_both};

on_both! {
    deletions_that_only_the_place_has_that_was_away_are_told_of_and_done_again
}

async fn deletions_that_only_the_place_has_that_was_away_are_told_of_and_done_again(house: House) {
    let two = Two::of(&house);
    let (first, second, third) =
        (conversation(&house, 1).await, conversation(&house, 1).await, conversation(&house, 1).await);
    back_up(&house).await;
    erase(&house, &[first]).await;
    two.a.set_away(true);
    let offered = erase(&house, &[second]).await;
    assert_eq!((offered.places[0].upto, offered.places[1].upto), (1, 2));
    // The house burns down on the day on which b is away.
    two.a.set_away(false);
    let machine = Machine::new(house.databases.is_some());
    let key = key(&house);
    let from = &house.app.places()[..1];
    restored(&house, &order(&house, &machine, from, &key)).await.0.unwrap();
    let app = machine.serve(&house).await;
    two.used_by(&app, machine.path());
    assert!(texts(&app, &house, second).await.is_ok(), "nobody here knows that it was deleted");
    assert!(matches!(texts(&app, &house, first).await, Err(Error::NotFound)));

    // Another deletion takes the number that the unknown one has at b.
    let [a, b] = app.places() else { panic!("two places") };
    assert!(!app.has_unknown_deletions(a).await.unwrap());
    let entry = house.store.journal_after(1, 1).await.unwrap().remove(0);
    let (_, entry) = store::journal::Entry::read(&entry.bytes).unwrap();
    let organisation = (house.done.principal.organisation, house.done.organisation);
    let entry = store::journal::Entry { organisation, conversations: vec![third], keys: Vec::new(), ..entry };
    machine.append(entry).await;
    let offered = app.journal_offer().await.unwrap();
    assert_eq!((offered.places[0].upto, offered.places[1].upto), (2, 1));
    let why = offered.places[1].failed.as_deref().unwrap();
    assert!(why.contains("does not know") && why.contains("take-in --place place_b"), "{why}");
    assert!(app.has_unknown_deletions(b).await.unwrap(), "it is told of");
    let unknown = app.unknown_deletions(b).await.unwrap();
    assert_eq!((unknown.len(), unknown[0].0, &unknown[0].1.conversations), (1, 2, &vec![second]));
    assert!(texts(&app, &house, second).await.is_ok(), "and nothing is destroyed before somebody says so");

    assert_eq!(app.take_in_deletions(b).await.unwrap().conversations, 1);
    assert!(matches!(texts(&app, &house, second).await, Err(Error::NotFound)));
    assert_eq!(app.unknown_deletions(b).await.unwrap(), []);
    let offered = app.journal_offer().await.unwrap();
    assert_eq!((offered.number, offered.places[0].upto, offered.places[1].upto), (3, 3, 3), "it goes on");
    assert_eq!(app.take_in_deletions(b).await.unwrap().conversations, 0, "once");
    // From either place alone the same comes back now.
    for place in app.places() {
        let another = Machine::new(false);
        restored(&house, &order(&house, &another, std::slice::from_ref(place), &key)).await.0.unwrap();
        let app = another.serve(&house).await;
        assert!(matches!(texts(&app, &house, second).await, Err(Error::NotFound)), "{}", place.name);
        app.close().await;
    }
    app.close().await;
}
