//! Counts without anybody's identity: written with what they count, once, and not changed when it goes.

use std::time::Duration;

use diskret_store::append::{Append, Outcome};
use diskret_store::tally::Day;
use domain::Timestamp;

use crate::fixture::{Fixture, START, all, somebody, stored};

on_both![
    what_happens_is_counted_by_day_and_chat_surface,
    the_first_answer_is_counted_once_and_by_how_long_it_took,
    what_is_sent_again_or_refused_is_not_counted_again,
    what_happens_in_one_batch_and_on_two_nodes_is_counted_together,
    counts_stay_when_what_they_count_goes,
];

const DAY: i64 = 24 * 3600 * 1_000_000;
const TODAY: i64 = START.0 / DAY;

fn day(at: &Fixture, day: i64) -> Day {
    Day { day, widget: at.ours.widget.0, ..Day::default() }
}

async fn counted(at: &Fixture) -> Vec<Day> {
    at.store.tallies(at.ours.id, i64::MIN, i64::MAX).await.unwrap()
}

async fn what_happens_is_counted_by_day_and_chat_surface(at: Fixture) {
    assert_eq!((counted(&at).await, at.store.tallied_days(at.ours.id).await.unwrap()), (Vec::new(), None));
    let chat = at.chat().await;
    let midnight = Timestamp((TODAY + 1) * DAY);
    stored(at.store.append(Append { at: midnight.minus(Duration::from_micros(1)), ..chat.visitor(1, 2) }).await);
    stored(at.store.append(Append { at: midnight, ..chat.visitor(1, 3) }).await);
    stored(at.store.append(Append { at: midnight, ..chat.note(at.ours.ada, 2, 1) }).await);
    at.chat_of(&at.theirs).await;
    assert_eq!(
        counted(&at).await,
        [Day { begun: 1, visitors: 2, ..day(&at, TODAY) }, Day { visitors: 1, ..day(&at, TODAY + 1) },]
    );
    assert_eq!(at.store.tallied_days(at.ours.id).await.unwrap(), Some((TODAY, TODAY + 1)));
    let theirs = at.store.tallies(at.theirs.id, i64::MIN, i64::MAX).await.unwrap();
    assert_eq!(theirs.iter().map(|day| (day.widget, day.begun)).collect::<Vec<_>>(), [(at.theirs.widget.0, 1)]);
}

async fn the_first_answer_is_counted_once_and_by_how_long_it_took(at: Fixture) {
    let seconds = [0, 30, 31, 60, 61, 300, 900, 901, 3_600, 3_601, 40_000];
    for after in seconds {
        let chat = at.chat().await;
        let when = START.plus(Duration::from_secs(after));
        // Who waits has waited since the first of their messages.
        stored(at.store.append(Append { at: when, ..chat.visitor(1, 2) }).await);
        stored(at.store.append(Append { at: when, ..chat.operator(at.ours.ada, 2, 1) }).await);
        stored(at.store.append(Append { at: when, ..chat.visitor(1, 3) }).await);
        stored(at.store.append(Append { at: when, ..chat.operator(at.ours.ada, 2, 2) }).await);
        let by = (at.ours.ada, all());
        for ended in [true, false] {
            at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, ended, when, when).await.unwrap();
        }
        stored(at.store.append(Append { at: when, ..chat.operator(at.ours.ada, 2, 3) }).await);
    }
    let count = seconds.len() as i64;
    assert_eq!(
        counted(&at).await,
        [Day {
            begun: count,
            visitors: 3 * count,
            teams: 3 * count,
            answered: count,
            seconds: seconds.iter().sum::<u64>().cast_signed(),
            within: [2, 2, 2, 1, 2, 2],
            ..day(&at, TODAY)
        }]
    );
}

async fn what_is_sent_again_or_refused_is_not_counted_again(at: Fixture) {
    let chat = at.chat().await;
    for _ in 0..3 {
        let outcome = at.store.append(chat.visitor(1, 1)).await.unwrap();
        assert!(matches!(outcome, Outcome::Retried { .. }));
    }
    assert!(matches!(at.store.append(chat.visitor(1, 9)).await.unwrap(), Outcome::Gap { .. }));
    assert!(
        matches!(at.store.append(at.ours.first([9; 32], 1, 2)).await.unwrap(), Outcome::Gap { .. }),
        "begins nothing"
    );
    assert!(matches!(at.store.append(at.ours.first(chat.token, 1, 1)).await.unwrap(), Outcome::AlreadyBegun));
    let refused = Append { access: Some(crate::fixture::own()), ..chat.operator(at.ours.ben, 3, 1) };
    at.store.append(chat.operator(at.ours.ada, 2, 1)).await.unwrap();
    assert!(matches!(at.store.append(refused).await.unwrap(), Outcome::OutOfReach));
    assert_eq!(
        counted(&at).await,
        [Day { begun: 1, visitors: 1, teams: 1, answered: 1, within: [1, 0, 0, 0, 0, 0], ..day(&at, TODAY) }]
    );
}

async fn what_happens_in_one_batch_and_on_two_nodes_is_counted_together(at: Fixture) {
    let chats = [at.chat().await, at.chat().await];
    let mut batch = Vec::new();
    for counter in 2..12 {
        batch.extend(chats.iter().map(|chat| chat.visitor(1, counter)));
    }
    let outcomes = at.append_together(batch).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Outcome::Stored(_)))));
    if at.is_postgres() {
        let other = at.node(diskret_store::Settings::default()).await;
        let each = async |store: &diskret_store::Store, chat: &crate::fixture::Chat| {
            for counter in 12..32 {
                stored(store.append(chat.visitor(1, counter)).await);
            }
        };
        tokio::join!(each(&at.store, &chats[0]), each(&other, &chats[1]));
    }
    let visitors = if at.is_postgres() { 22 + 40 } else { 22 };
    assert_eq!(counted(&at).await, [Day { begun: 2, visitors, ..day(&at, TODAY) }]);
}

async fn counts_stay_when_what_they_count_goes(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(chat.operator(at.ours.ada, 2, 1)).await);
    let before = counted(&at).await;
    let raw = at.place.data().await;
    for table in ["mention", "sender", "message", "ended", "head", "conversation"] {
        raw.run(&format!("DELETE FROM {table}")).await;
    }
    assert_eq!(at.count("conversation").await, 0);
    assert_eq!(counted(&at).await, before);
    assert_eq!(before.len(), 1);
}
